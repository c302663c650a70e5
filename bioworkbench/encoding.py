"""How values become a `Stimulus`: as currents, as rates of Poisson spikes, or as the time of one spike.

Every encoding is deterministic; Poisson spikes are drawn by ``simulate``, from its own seed.
"""

import numpy as np
from numpy.typing import ArrayLike

from bioworkbench.records.annotations import AnyUnit, Hertz, Seconds
from bioworkbench.records.arrays import Floats, count, finite, non_negative, positive, shaped
from bioworkbench.records.functions import Functions
from bioworkbench.records.stimulus import Stimulus

__all__ = ["ENCODINGS", "as_current", "as_latency", "as_rate"]


def as_current(values: ArrayLike, *, frame: Seconds, gain: AnyUnit = 1.0, offset: AnyUnit = 0.0, patch: int = 1) -> Stimulus:
    """Stimulus that input weights multiply: ``gain * values + offset``, constant during a frame.

    Parameters
    ----------
    values : array (n_trials, n_frames, n_channels)
    frame : float, seconds
        Of the stimulus; with patches, of a whole patch.
    gain, offset : float
        In the unit that makes gain * values * weight a drive of the target; weights usually carry the unit.
    patch : int
        So many frames of values become one frame of the stimulus, their channels side by side, the earliest first: a neuron then
        has weights of its own for each of them.

    Returns
    -------
    Stimulus
        Of kind "current": (n_trials, n_frames / patch, patch * n_channels).

    Raises
    ------
    ValueError
        If a number is not finite, the array has other than three axes, the frame is not above zero, or patches do not divide
        the frames.

    Examples
    --------
    >>> as_current([[[1.0], [2.0], [3.0], [4.0]]], frame=0.001, patch=2).values.tolist()
    [[[1.0, 2.0], [3.0, 4.0]]]
    """
    scale, shift, array = float(finite("gain", gain)), float(finite("offset", offset)), _values(values)
    n_trials, n_frames, n_channels = array.shape
    if n_frames % count("patch", patch):
        raise ValueError(f"patch = {patch} does not divide the {n_frames} frames of a trial; choose a divisor")
    patches = array.reshape(n_trials, n_frames // patch, patch * n_channels)
    return Stimulus(scale * patches + shift, frame, "current")


def as_rate(
    values: ArrayLike, *, frame: Seconds, maximum: Hertz, minimum: Hertz = 0.0, lowest: float = 0.0, highest: float = 1.0
) -> Stimulus:
    """Rates of Poisson spikes, linear in the values between `lowest` and `highest` and saturating outside.

    Parameters
    ----------
    values : array (n_trials, n_frames, n_channels)
    frame : float, seconds
        Duration of a frame.
    maximum, minimum : float, hertz
        Rates at `highest` and `lowest`. Onto neurons in discrete time, ``maximum = 1 / dt`` gives a spike in every step for a value
        of 1, and more is refused; onto other neurons spikes are Poisson at any rate.
    lowest, highest : float
        Ends of the range of values.

    Returns
    -------
    Stimulus
        Of kind "rate", in hertz, of the shape of the values.

    Raises
    ------
    ValueError
        If a number is not finite, a rate is negative, or a range is empty or reversed.

    Examples
    --------
    >>> as_rate([[[0.0, 0.25, 1.0]]], frame=0.025, maximum=1000.0).values.tolist()
    [[[0.0, 250.0, 1000.0]]]
    """
    non_negative("minimum", minimum)
    if positive("maximum", maximum) < minimum:
        raise ValueError(f"maximum = {maximum} Hz is below minimum = {minimum} Hz; the rate grows with the value")
    return Stimulus(minimum + (maximum - minimum) * _strength(values, lowest, highest), frame, "rate")


def as_latency(values: ArrayLike, *, frame: Seconds, n_levels: int = 25, lowest: float = 0.0, highest: float = 1.0) -> Stimulus:
    """One spike per frame and channel, the earlier the larger the value; none at `lowest` or below.

    Each frame is divided into `n_levels` equal parts. A value that lies a fraction s of the way from `lowest` to `highest`
    spikes at the start of part ``round((1 - s) * (n_levels - 1))``; values above `highest` spike in the first part.

    Parameters
    ----------
    values : array (n_trials, n_frames, n_channels)
    frame : float, seconds
        A whole number of simulation steps must fit into ``frame / n_levels``.
    n_levels : int
        Two or more.
    lowest, highest : float
        Ends of the range of values.

    Returns
    -------
    Stimulus
        Of kind "spikes", its frames ``frame / n_levels`` long.

    Raises
    ------
    ValueError
        If a number is not finite, the range is empty, or `n_levels` is below two.

    References
    ----------
    Thorpe, Delorme & Van Rullen (2001), Spike-based strategies for rapid processing, doi:10.1016/S0893-6080(01)00083-1.

    Examples
    --------
    >>> as_latency([[[1.0, 0.5, 0.0]]], frame=0.003, n_levels=3).values.tolist()
    [[[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 0.0]]]
    """
    levels = count("n_levels", n_levels, least=2)
    strength = _strength(values, lowest, highest)
    n_trials, n_frames, n_channels = strength.shape
    level = np.rint((1 - strength) * (levels - 1)).astype(int)
    spikes = np.zeros((n_trials, n_frames, levels, n_channels))
    np.put_along_axis(spikes, level[:, :, None, :], (strength > 0)[:, :, None, :], axis=2)
    return Stimulus(spikes.reshape(n_trials, n_frames * levels, n_channels), positive("frame", frame) / levels, "spikes")


def _values(values: ArrayLike) -> Floats:
    return shaped("values to encode", finite("values to encode", values), (None, None, None))


def _strength(values: ArrayLike, lowest: float, highest: float) -> Floats:
    """Where each value lies between lowest (0) and highest (1)."""
    low, high = float(finite("lowest", lowest)), float(finite("highest", highest))
    if low >= high:
        raise ValueError(f"lowest = {lowest}, highest = {highest}: lowest must be below highest")
    return np.clip((_values(values) - low) / (high - low), 0.0, 1.0)


ENCODINGS = Functions(
    "encodings",
    {
        "as_current": as_current,
        "as_latency": as_latency,
        "as_rate": as_rate,
    },
)
"""Encodings by the name that a spec uses."""
