"""First two stages of CH-SNN: links from correlations of the input (SSCTI), and weights that suit their number (SSWI)."""

from collections.abc import Sequence
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike
from scipy import sparse

from bioworkbench.gradients.layers import Layer
from bioworkbench.records.arrays import fraction, positive
from bioworkbench.records.counted import counted
from bioworkbench.records.errors import TopologyError
from bioworkbench.topology.generators.bipartite import layered
from bioworkbench.topology.generators.correlated import correlation_topology, spike_correlation_topology
from bioworkbench.topology.generators.plain import all_to_all
from bioworkbench.topology.masks import Mask, link_arrays, n_links_at
from bioworkbench.topology.rewiring.percolation import Skips, percolated

if TYPE_CHECKING:
    from bioworkbench.gradients.inputs import StepInputs

__all__ = [
    "HIDDEN_VARIANCE",
    "check_kernels",
    "check_links",
    "check_paths",
    "check_probabilities",
    "sparse_kernel",
    "sparse_links",
    "sparse_weights",
    "weight_deviations",
]

_N_OBSERVED = 5000  # trials that correlations are computed from
HIDDEN_VARIANCE = float(np.sqrt(np.pi) / (np.sqrt(2) * np.exp(-0.5)))
"""Variance of the weights onto a neuron behind other neurons, times the number of its links, for a threshold of 1."""


def sparse_links(
    inputs: "StepInputs", sizes: Sequence[int], sparsity: float, topology: str, sparse_output: bool, rng: np.random.Generator
) -> list[Mask]:
    """Links of every layer.

    Parameters
    ----------
    inputs : StepInputs
        Of training trials; the first layer links what correlates in them.
    sizes : sequence of int
        Channels, neurons of each population, outputs; without populations that convolutions drive.
    sparsity : float
        Fraction of absent links in each layer.
    topology : {"spike_correlation", "correlation", "uniform"}
        Of the first layer; all others are uniform, every node with the same number of links.
    sparse_output : bool
        Whether the output layer is sparse too.
    rng : Generator

    Returns
    -------
    list of masks (n_source, n_target)

    Raises
    ------
    TopologyError
        If currents that should serve as spike probabilities lie outside [0, 1].
    """
    fraction("sparsity", sparsity)
    masks = [_first(inputs, sizes[0], sizes[1], sparsity, topology, rng)] if len(sizes) > 2 else []
    masks += [layered(n_source, n_target, rng, sparsity=sparsity) for n_source, n_target in pairwise(sizes[1:-1])]
    last, n_outputs = sizes[-2], sizes[-1]
    masks.append(layered(last, n_outputs, rng, sparsity=sparsity) if sparse_output else all_to_all(last, n_outputs, rng))
    return masks


def _first(inputs: "StepInputs", n_source: int, n_target: int, sparsity: float, topology: str, rng: np.random.Generator) -> Mask:
    if sparsity == 0 or topology == "uniform":
        return layered(n_source, n_target, rng, sparsity=sparsity)
    if topology == "correlation":
        return correlation_topology(inputs.values[:_N_OBSERVED].reshape(-1, inputs.values.shape[2]), n_target, sparsity, rng)
    return spike_correlation_topology(_spikes(inputs, rng), n_target, sparsity, rng)


def check_probabilities(values: np.ndarray) -> None:
    """Refuse currents that cannot serve as probabilities of spikes.

    Parameters
    ----------
    values : array
        Of the first trials that links are drawn by; others are not looked at.

    Raises
    ------
    TopologyError
        If they do not lie between 0 and 1.
    """
    values = values[:_N_OBSERVED]
    if values.min() < 0 or values.max() > 1:
        raise TopologyError(
            f"topology = 'spike_correlation' with inputs from {values.min():.3g} to {values.max():.3g}: they must lie in [0, 1] "
            "to serve as spike probabilities; choose topology = 'correlation'"
        )


def _spikes(inputs: "StepInputs", rng: np.random.Generator) -> np.ndarray:
    """Spikes of the inputs; currents between 0 and 1 serve as probabilities."""
    values = inputs.values[:_N_OBSERVED]
    if inputs.random:
        return inputs.drawn(rng, _N_OBSERVED)
    check_probabilities(values)
    shape = (len(values), max(values.shape[1], inputs.n_steps), values.shape[2])
    return rng.random(shape, dtype=np.float32) < values


def weight_deviations(
    sizes: Sequence[int], sparsities: Sequence[float], thresholds: Sequence[float], spike_fraction: float
) -> list[float]:
    """Standard deviations of the weights of every layer (SSWI).

    With n sources, sparsity S and threshold theta: the first layer has variance ``spike_fraction / (n (1 - S))``, hidden layers
    ``theta ** 2 c / (n (1 - S))`` and the outputs ``theta ** 2 c / n`` with c = sqrt(pi / 2) exp(1 / 2) = 2.066.

    Parameters
    ----------
    sizes : sequence of int
        Channels, neurons of each population, outputs.
    sparsities : sequence of float
        Of each layer.
    thresholds : sequence of float
        Of each population; the outputs take that of the last.
    spike_fraction : float

    Returns
    -------
    list of float

    Examples
    --------
    >>> [round(value, 6) for value in weight_deviations((784, 784, 784, 10), (0.99, 0.99, 0.99), (1.0, 1.0), 0.1)]
    [0.112938, 0.513388, 0.051339]
    """
    first = positive("spike_fraction", spike_fraction) / (sizes[0] * (1 - sparsities[0]))
    hidden = [
        HIDDEN_VARIANCE * threshold**2 / (n * (1 - sparsity))
        for n, sparsity, threshold in zip(sizes[1:-2], sparsities[1:-1], thresholds[1:], strict=True)
    ]
    last = HIDDEN_VARIANCE * thresholds[-1] ** 2 / sizes[-2]
    return [float(np.sqrt(variance)) for variance in (first, *hidden, last)]


def sparse_weights(masks: Sequence[Mask], deviations: Sequence[float], rng: np.random.Generator) -> list[sparse.csr_array]:
    """Gaussian weights with mean 0 on the links of every layer.

    Parameters
    ----------
    masks : sequence of masks (n_source, n_target)
    deviations : sequence of float
        Of each layer, as `weight_deviations` gives them.
    rng : Generator

    Returns
    -------
    list of csr_array (n_source, n_target)
    """
    drawn = []
    for mask, deviation in zip(masks, deviations, strict=True):
        values = rng.normal(0.0, deviation, mask.nnz)
        drawn.append(sparse.csr_array((values, mask.indices, mask.indptr), shape=mask.shape))
    return drawn


def sparse_kernel(kernel: ArrayLike, sparsity: float, rng: np.random.Generator) -> sparse.csr_array:
    """Uniform links of a convolution from the inputs of a filter to the filters, every node with the same number.

    Parameters
    ----------
    kernel : array (size, size, channels, filters)
        Weights of the whole convolution; those on links are scaled, so that their variance times the number of links of a filter is
        what it was.
    sparsity : float
        Fraction of absent links.
    rng : Generator

    Returns
    -------
    csr_array (size * size * channels, filters)

    Examples
    --------
    >>> links = sparse_kernel(np.ones((3, 3, 2, 8)), 0.75, np.random.default_rng(1))
    >>> links.shape, links.nnz, float(links.data.max())
    ((18, 8), 36, 2.0)
    """
    given = np.asarray(kernel, dtype=float)
    every = given.reshape(-1, given.shape[-1])
    mask = layered(*every.shape, rng, sparsity=sparsity)
    values = every[link_arrays(mask)] * np.sqrt(every.size / max(1, mask.nnz))
    return sparse.csr_array((values, mask.indices, mask.indptr), shape=mask.shape)


def check_kernels(layers: Sequence[Layer], sparsities: Sequence[float]) -> None:
    """Raise TopologyError if a convolution is left without any link.

    Parameters
    ----------
    layers : sequence of layers
        The convolutions.
    sparsities : sequence of float
        Of each.
    """
    for number, (layer, sparsity) in enumerate(zip(layers, sparsities, strict=True)):
        n_filters = layer.weight_shape[-1]
        if not n_links_at(sparsity, layer.fan_in, n_filters):
            raise TopologyError(
                f"start.convolution_sparsity = {sparsity} leaves convolution {number}, of {counted(layer.fan_in, 'input')} and "
                f"{counted(n_filters, 'filter')}, without a link; lower it"
            )


def check_links(layers: Sequence[Layer], sparsity: float) -> None:
    """Raise TopologyError if a linear layer is left without any link.

    Parameters
    ----------
    layers : sequence of layers
        Those that are sparse.
    sparsity : float
        Of each.
    """
    for layer in layers:
        if not n_links_at(sparsity, layer.fan_in, layer.n_out):
            raise TopologyError(
                f"sparsity = {sparsity} leaves a layer from {layer.fan_in} to {counted(layer.n_out, 'neuron')} without a link, and no path "
                "from input to output; lower it"
            )


def check_paths(chain: Sequence[sparse.csr_array], sparsity: float, of_kernels: object, skips: Skips = ()) -> None:
    """Raise TopologyError if no path from input to output is left.

    Parameters
    ----------
    chain : sequence of csr_array (n_source, n_target)
        Layers from the first that has links.
    sparsity : float
        Of linear layers.
    of_kernels : object
        Sparsity of the convolutions, as it was given.
    skips : sequence of (int, int)
        As of `percolated`.
    """
    if not percolated(chain, skips, shared=True)[-1].nnz:
        raise TopologyError(
            f"sparsity = {sparsity} and start.convolution_sparsity = {of_kernels} leave no path from input to output through layers of "
            f"{[layer.nnz for layer in chain]} links; lower them"
        )
