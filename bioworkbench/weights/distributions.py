"""Distributions of weights: how strong the synapses are that a topology allows.

Every distribution is ``f(mask, rng, *, ...) -> csr_array``: ``mask[i, j]`` is True where i may connect to j, and every such synapse
gets a stored weight, also when it is zero. Weights are plain numbers in the SI unit of what they add to.

``inhibitory`` gives the weights the signs of Dale's law: None leaves them as drawn; a fraction makes all outgoing weights
of that fraction of the source neurons (drawn at random) negative or zero, and those of the others positive or zero, by
replacing every weight by its magnitude with a sign. 0.0 makes a purely excitatory projection, 1.0 a purely inhibitory one.
"""

from collections.abc import Callable, Mapping

import numpy as np
import scipy
from scipy import sparse

from bioworkbench.records.annotations import AnyUnit
from bioworkbench.records.arrays import Floats, count, finite, fraction, non_negative, positive
from bioworkbench.records.distributions import Distribution
from bioworkbench.weights.spectrum import spectral_radius

__all__ = [
    "WEIGHT_DISTRIBUTIONS",
    "constant",
    "gaussian",
    "lognormal",
    "rescaled",
    "scaled_to_spectral_radius",
    "smooth_fields",
    "uniform",
    "uniform_fan_in",
]


def constant(
    mask: sparse.csr_array, rng: np.random.Generator, *, value: AnyUnit, inhibitory: float | None = None
) -> sparse.csr_array:
    """Equal weights.

    Parameters
    ----------
    mask : csr_array of bool (n_source, n_target)
    rng : Generator
        Draws the inhibitory neurons; unused without `inhibitory`.
    value : float, unit of the weights
        Of every weight.
    inhibitory : float, optional
        Fraction of inhibitory source neurons; see the module.

    Returns
    -------
    csr_array (n_source, n_target)

    Raises
    ------
    ValueError
        If the mask is not two-dimensional, a number is not finite, or the fraction lies outside [0, 1].
    """
    strength = float(finite("value", value))
    return _drawn(mask, rng, inhibitory, lambda n: np.full(n, strength))


def gaussian(
    mask: sparse.csr_array,
    rng: np.random.Generator,
    *,
    mean: AnyUnit,
    deviation: AnyUnit,
    low: AnyUnit | None = None,
    high: AnyUnit | None = None,
    inhibitory: float | None = None,
) -> sparse.csr_array:
    """Normally distributed weights.

    Parameters
    ----------
    mask : csr_array of bool (n_source, n_target)
    rng : Generator
    mean, deviation : float, unit of the weights
        Of the normal distribution.
    low, high : float, unit of the weights, optional
        Where the distribution is cut.
    inhibitory : float, optional
        Fraction of inhibitory source neurons; see the module. Magnitudes then follow the folded normal distribution.

    Returns
    -------
    csr_array (n_source, n_target)

    Raises
    ------
    ValueError
        As in `constant`, and if the deviation is negative or nothing is left between the cuts.
    """
    center, spread = float(finite("mean", mean)), non_negative("deviation", deviation)
    if low is not None or high is not None:
        return _cut(mask, rng, inhibitory, ("normal", center, spread), low, high)
    return _drawn(mask, rng, inhibitory, lambda n: rng.normal(center, spread, n))


def uniform(
    mask: sparse.csr_array, rng: np.random.Generator, *, low: AnyUnit, high: AnyUnit, inhibitory: float | None = None
) -> sparse.csr_array:
    """Weights that are equally likely anywhere between two numbers.

    Parameters
    ----------
    mask : csr_array of bool (n_source, n_target)
    rng : Generator
    low, high : float, unit of the weights
        The ends between which weights lie.
    inhibitory : float, optional
        Fraction of inhibitory source neurons; see the module.

    Returns
    -------
    csr_array (n_source, n_target)

    Raises
    ------
    ValueError
        As in `constant`, and if `low` is above `high`.
    """
    if finite("low", low) > finite("high", high):
        raise ValueError(f"low = {low} is above high = {high}")
    return _drawn(mask, rng, inhibitory, lambda n: rng.uniform(low, high, n))


def lognormal(
    mask: sparse.csr_array,
    rng: np.random.Generator,
    *,
    mean: AnyUnit,
    deviation: AnyUnit,
    low: AnyUnit | None = None,
    high: AnyUnit | None = None,
    inhibitory: float | None = None,
) -> sparse.csr_array:
    """Lognormally distributed weights, as cortical synapses have them.

    Parameters
    ----------
    mask : csr_array of bool (n_source, n_target)
    rng : Generator
    mean, deviation : float, unit of the weights
        Of the weights themselves, not of their logarithm. A negative mean gives negative weights.
    low, high : float, unit of the weights, optional
        Where the distribution is cut.
    inhibitory : float, optional
        Fraction of inhibitory source neurons; see the module.

    Returns
    -------
    csr_array (n_source, n_target)

    Raises
    ------
    ValueError
        As in `constant`, and if the mean is 0, the deviation negative or nothing is left between the cuts.

    References
    ----------
    Song et al. (2005), Highly nonrandom features of synaptic connectivity in local cortical circuits,
    doi:10.1371/journal.pbio.0030068.
    """
    size = positive("size of mean", abs(mean))
    variance = np.log1p((non_negative("deviation", deviation) / size) ** 2)
    location, sign = np.log(size) - variance / 2, np.sign(mean)
    if low is not None or high is not None:
        return _cut(mask, rng, inhibitory, ("lognormal", mean, deviation), low, high)
    return _drawn(mask, rng, inhibitory, lambda n: sign * rng.lognormal(location, np.sqrt(variance), n))


def uniform_fan_in(
    mask: sparse.csr_array, rng: np.random.Generator, *, gain: AnyUnit = 1.0, inhibitory: float | None = None
) -> sparse.csr_array:
    """Uniform weights between -gain / sqrt(k) and gain / sqrt(k), where k is the number of synapses of the target neuron.

    Their standard deviation is gain / sqrt(3 k), so that the summed drive does not grow with the number of inputs.

    Parameters
    ----------
    mask : csr_array of bool (n_source, n_target)
    rng : Generator
    gain : float, unit of the weights
        By which weights grow.
    inhibitory : float, optional
        Fraction of inhibitory source neurons; see the module.

    Returns
    -------
    csr_array (n_source, n_target)

    Raises
    ------
    ValueError
        As in `constant`, and if the gain is not above 0.

    References
    ----------
    LeCun, Bottou, Orr & Müller (2012), Efficient BackProp, doi:10.1007/978-3-642-35289-8_3.
    """
    scale = positive("gain", gain)
    unit = _drawn(mask, rng, inhibitory, lambda n: rng.uniform(-scale, scale, n))
    fan_in = np.bincount(unit.indices, minlength=unit.shape[1])
    unit.data /= np.sqrt(fan_in[unit.indices])
    return unit


def scaled_to_spectral_radius(
    mask: sparse.csr_array,
    rng: np.random.Generator,
    *,
    radius: AnyUnit,
    mean: float = 0.0,
    deviation: float = 1.0,
    inhibitory: float | None = None,
) -> sparse.csr_array:
    """Normally distributed weights, then multiplied by one number so that the largest eigenvalue has a given magnitude.

    Parameters
    ----------
    mask : csr_array of bool (n, n)
    rng : Generator
    radius : float, unit of the weights
        Spectral radius of the weights that are returned.
    mean, deviation : float
        Of the weights before scaling; only their ratio matters.
    inhibitory : float, optional
        Fraction of inhibitory source neurons; see the module.

    Returns
    -------
    csr_array (n, n)

    Raises
    ------
    ValueError
        As in `gaussian`, if the mask is not square, or if it has no cycle, so that all eigenvalues are 0.

    References
    ----------
    Jaeger (2001), The "echo state" approach to analyzing and training recurrent neural networks, GMD Report 148.
    """
    return rescaled(gaussian(mask, rng, mean=mean, deviation=deviation, inhibitory=inhibitory), radius)


def smooth_fields(
    mask: sparse.csr_array, rng: np.random.Generator, *, width: int, blur: float, gain: AnyUnit = 1.0
) -> sparse.csr_array:
    """Random receptive fields: weights that change smoothly from pixel to pixel, with mean 0 and one length for every target.

    The sources are the pixels of an image (channels of a filter bank: an image of one row). Every target draws a white Gaussian
    image, which is blurred; over its own synapses the mean is then subtracted and the Euclidean length set to `gain`.

    Parameters
    ----------
    mask : csr_array of bool (n_source, n_target)
    rng : Generator
    width : int
        Pixels in a row; the sources are numbered row by row.
    blur : float, pixels
        Standard deviation of the Gaussian; 0 leaves neighboring weights independent.
    gain : float, unit of the weights
        By which weights grow.

    Returns
    -------
    csr_array (n_source, n_target)

    Raises
    ------
    ValueError
        If the mask is not two-dimensional, the rows are not full, the blur is negative, the gain is not above 0, or a target
        has a single synapse, whose weight would be 0.

    References
    ----------
    Random local filters before a trained readout: McDonnell et al. (2015), doi:10.1371/journal.pone.0134254; Illing, Gerstner &
    Brea (2019), doi:10.1016/j.neunet.2019.06.001.
    """
    fields = _drawn(mask, rng, None, np.zeros)
    n_source, n_target = fields.shape[0], fields.shape[1]
    if n_source % count("width", width):
        raise ValueError(f"width = {width}: {n_source} sources do not fill rows of {width} pixels; give the width of the image")
    sigma, length = non_negative("blur", blur), positive("gain", gain)
    white = rng.standard_normal((n_target, n_source // width, width))
    images = scipy.ndimage.gaussian_filter(white, (0.0, sigma, sigma)).reshape(n_target, n_source)
    source = np.repeat(np.arange(n_source), np.diff(fields.indptr))
    fan_in = np.bincount(fields.indices, minlength=n_target)
    if (fan_in == 1).any():
        raise ValueError(f"target {int(np.argmax(fan_in == 1))} has 1 synapse; a field of mean 0 needs 2 or more")
    values = images[fields.indices, source]
    values -= (np.bincount(fields.indices, values, n_target) / np.maximum(fan_in, 1))[fields.indices]
    fields.data = values * length / np.sqrt(np.bincount(fields.indices, values**2, n_target))[fields.indices]
    return fields


def rescaled(weights: sparse.csr_array, radius: float) -> sparse.csr_array:
    """Weights (n, n) multiplied by one number, so that their spectral radius is `radius`.

    Parameters
    ----------
    weights : sparse array (n, n)
    radius : float
        In the unit of the weights.

    Returns
    -------
    csr_array (n, n)

    Raises
    ------
    ValueError
        If the weights are not square or have spectral radius 0.
    """
    positive("radius", radius)
    now = spectral_radius(weights)
    if now == 0:
        raise ValueError(f"weights with {weights.nnz} synapses have spectral radius {now:.3g}; without a cycle none can be set")
    scaled = sparse.csr_array(weights, dtype=float, copy=True)
    scaled.data *= radius / now
    return scaled


def _cut(
    mask: sparse.csr_array,
    rng: np.random.Generator,
    inhibitory: float | None,
    law: tuple[str, float, float],
    low: float | None,
    high: float | None,
) -> sparse.csr_array:
    """Weights of a distribution that ends at one side or both."""
    ends = -np.inf if low is None else low, np.inf if high is None else high
    return _drawn(mask, rng, inhibitory, lambda n: Distribution(*law, *ends).draw(rng, n))


def _drawn(
    mask: sparse.csr_array, rng: np.random.Generator, inhibitory: float | None, draw: Callable[[int], Floats]
) -> sparse.csr_array:
    """Weights drawn for every synapse of the mask, with the signs that `inhibitory` asks for."""
    given = sparse.csr_array(mask, dtype=bool, copy=True)  # the next two lines change arrays in place
    if given.ndim != 2:
        raise ValueError(f"mask has shape {given.shape}; it must be (n_source, n_target)")
    given.sum_duplicates()
    given.eliminate_zeros()
    values = draw(given.nnz)
    if inhibitory is not None:
        n_negative = round(fraction("inhibitory", inhibitory) * given.shape[0])
        sign = np.ones(given.shape[0])
        sign[rng.permutation(given.shape[0])[:n_negative]] = -1.0
        values = np.abs(values) * np.repeat(sign, np.diff(given.indptr))
    return sparse.csr_array((values, given.indices, given.indptr), shape=given.shape)


WEIGHT_DISTRIBUTIONS: Mapping[str, Callable[..., sparse.csr_array]] = {
    "constant": constant,
    "gaussian": gaussian,
    "lognormal": lognormal,
    "scaled_to_spectral_radius": scaled_to_spectral_radius,
    "smooth_fields": smooth_fields,
    "uniform": uniform,
    "uniform_fan_in": uniform_fan_in,
}
"""Distributions of weights by the name that a spec uses."""
