"""Chain removal: links that no longer lie on a path from the input to the output of a layered network."""

from collections.abc import Sequence
from functools import reduce
from itertools import pairwise
from typing import Any

import numpy as np

from bioworkbench.records.arrays import fraction
from bioworkbench.records.errors import TopologyError
from bioworkbench.topology.masks import Mask, checked_mask, link_arrays, link_mask, mask_shape

__all__ = ["active_node_fraction", "node_sparsity", "percolated"]


Skips = Sequence[tuple[int, int]]
"""Populations that one-to-one links lead from and to, besides the masks; 0 is the input."""


def percolated(masks: Sequence[Any], skips: Skips = (), *, shared: bool = False) -> tuple[Mask, ...]:
    """Masks of consecutive layers without useless links (network percolation, chain removal).

    One sweep backward deletes links into nodes without an outgoing link, one sweep forward links out of nodes without an
    incoming one; that is the fixed point. Input and output nodes are never judged. A neuron that loses its links on one side
    loses all of them and is dead.

    Parameters
    ----------
    masks : sequence of arrays or csr_arrays (n_l, n_{l+1})
        ``masks[l]`` leads from population l to population l + 1.
    skips : sequence of (int, int)
        Hidden populations, or the input, that one-to-one links lead from, and hidden ones that they lead to: what goes round a
        neuron that has no links. Those from the input reach every neuron.
    shared : bool
        Whether several sources may stand for one node: where a layer has k times as many sources as the layer before it has n
        targets, source i shows node ``i % n``. So do the inputs (row, column, channel) of a kernel, and pixels: a node is read where
        any of its sources has a link.

    Returns
    -------
    tuple of csr_array of bool
        Of the shapes that were given.

    Raises
    ------
    TopologyError
        If `masks` is empty, or the targets of one are not the sources of the next.

    References
    ----------
    Y. Zhang et al. (2024), https://openreview.net/forum?id=iayEcORsGd

    Examples
    --------
    >>> first, second = percolated([[[1, 1]], [[1], [0]]])
    >>> first.toarray().astype(int), second.toarray().astype(int)
    (array([[1, 0]]), array([[1],
           [0]]))

    A kernel of two taps, of which the second reads the first of two filters:

    >>> first, second = percolated([[[1, 1]], [[0], [0], [1], [0]]], shared=True)
    >>> first.toarray().astype(int)
    array([[1, 0]])
    """
    return _swept(masks, skips, shared)[0]


def _swept(masks: Sequence[Any], skips: Skips, shared: bool) -> tuple[tuple[Mask, ...], list[np.ndarray]]:
    """Masks without useless links, and which neurons of each hidden population lie on a path from input to output."""
    layers = _checked_layers(masks, shared)
    sizes = [mask_shape(layer)[1] for layer in layers]  # of population k + 1
    # backward first: what goes forward removes only links out of nodes that nothing reaches, so it leaves no new dead ends behind
    useful: dict[int, np.ndarray] = {}
    reached: dict[int, np.ndarray] = {}
    for k in range(len(layers) - 1, 0, -1):
        around = [_like(useful[target], sizes[k - 1]) for source, target in skips if source == k]
        useful[k] = reduce(np.logical_or, around, _sources(layers[k], sizes[k - 1]))
        layers[k - 1] = _restricted(layers[k - 1], targets=useful[k])
    for k in range(1, len(layers)):
        around = [_like(reached[source], sizes[k - 1]) if source else np.True_ for source, target in skips if target == k]
        reached[k] = reduce(np.logical_or, around, _targets(layers[k - 1]))
        layers[k] = _restricted(layers[k], sources=reached[k])
    return tuple(layers), [useful[k] & reached[k] for k in range(1, len(layers))]


def active_node_fraction(masks: Sequence[Any], *, shared: bool = False) -> float:
    """Fraction of active nodes (ANP): sources with an outgoing link in each mask, and targets of the last with an incoming one.

    Parameters
    ----------
    masks : sequence of arrays or csr_arrays (n_l, n_{l+1})
    shared : bool
        As of `percolated`; each source of the first mask is a node.

    Returns
    -------
    float

    References
    ----------
    Y. Zhang et al. (2024), https://openreview.net/forum?id=iayEcORsGd
    """
    layers = _checked_layers(masks, shared)
    read = [_sources(after, mask_shape(before)[1]) for before, after in pairwise(layers)]
    active = [_sources(layers[0]), *read, _targets(layers[-1])]
    return float(np.concatenate(active).mean())


def node_sparsity(masks: Sequence[Any], skips: Skips = (), *, shared: bool = False) -> float:
    """Fraction of the hidden neurons between `masks` that lie on no path; 0 without hidden neurons.

    Parameters
    ----------
    masks : sequence of arrays or csr_arrays (n_l, n_{l+1})
    skips, shared
        As of `percolated`.

    Returns
    -------
    float
    """
    _, live = _swept(masks, skips, shared)
    return fraction("node sparsity", float((~np.concatenate(live)).mean())) if live else 0.0


def _checked_layers(masks: Sequence[Any], shared: bool) -> list[Mask]:
    layers = [checked_mask(f"mask {k}", mask) for k, mask in enumerate(masks)]
    if not layers:
        raise TopologyError("masks = []: at least one layer is needed")
    for k, (one, other) in enumerate(pairwise(layers)):
        n_target, n_source = mask_shape(one)[1], mask_shape(other)[0]
        if n_source != n_target and not (shared and n_target and n_source % n_target == 0):
            raise TopologyError(
                f"mask {k} has shape {mask_shape(one)} and mask {k + 1} {mask_shape(other)}; the targets of a layer must be the "
                f"sources of the next{', or these a multiple of them' if shared else ''}"
            )
    return layers


def _sources(mask: Mask, n_nodes: int | None = None) -> np.ndarray:
    """Which sources have a link; or which of so many nodes, each shown by one source or by several."""
    linked = np.diff(mask.indptr) > 0
    return linked if n_nodes is None else np.logical_or.reduce(linked.reshape(-1, n_nodes))


def _like(flags: np.ndarray, n_nodes: int) -> np.ndarray:
    """Which of so many nodes have a neuron whose like in another population is marked.

    Neuron i shows node ``i % n`` in both; where these are not as many, a filter may be one to one with parts of several others.
    """
    neurons = np.arange(np.lcm(flags.size, n_nodes))
    return np.bincount(neurons[flags[neurons % flags.size]] % n_nodes, minlength=n_nodes) > 0


def _targets(mask: Mask) -> np.ndarray:
    """Which targets have a link."""
    return np.bincount(mask.indices, minlength=mask_shape(mask)[1]) > 0


def _restricted(mask: Mask, *, sources: np.ndarray | None = None, targets: np.ndarray | None = None) -> Mask:
    """The links from these nodes (source i shows node ``i % n``) and to these targets; None means all."""
    rows, columns = link_arrays(mask)
    kept = np.ones(rows.size, dtype=bool)
    if sources is not None:
        kept &= sources[rows % sources.size]
    if targets is not None:
        kept &= targets[columns]
    return link_mask(rows[kept], columns[kept], mask_shape(mask))
