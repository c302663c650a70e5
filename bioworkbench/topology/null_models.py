"""Null models: random graphs that keep every node's degree, and lattices that do."""

from typing import TypeVar

import networkx as nx
import numpy as np
from numba import njit

from bioworkbench.arrays import Integers, count
from bioworkbench.errors import TopologyError
from bioworkbench.topology.masks import Mask, checked_mask, link_arrays, link_mask, mask_shape

__all__ = ["degree_preserving_graph", "degree_preserving_mask", "lattice_graph"]

AnyGraph = TypeVar("AnyGraph", nx.Graph, nx.DiGraph)


def degree_preserving_mask(mask: Mask, rng: np.random.Generator, *, swaps_per_link: int = 10, recurrent: bool = False) -> Mask:
    """Random mask with the same number of links in every row and every column.

    Links i-j and k-l become i-l and k-j where both are free; refused attempts count, so that every mask is equally likely in
    the long run. A map of all pairs takes ``n_source * n_target / 8`` bytes. With ``recurrent=True`` no self-link appears (then
    masks that differ by the direction of triangles may be out of reach).

    Parameters
    ----------
    mask : csr_array (n_source, n_target)
    rng : Generator
    swaps_per_link : int
        Attempts divided by the number of links.
    recurrent : bool
        Whether sources and targets are the same nodes.

    Raises
    ------
    TopologyError
        If `mask` is not a mask.

    References
    ----------
    A. R. Rao, R. Jana, S. Bandyopadhyay (1996), Sankhya A 58, 225; S. Maslov, K. Sneppen (2002),
    https://doi.org/10.1126/science.1065103
    """
    mask = checked_mask("mask", mask, recurrent=recurrent)
    sources, targets = link_arrays(mask)
    attempts = count("swaps_per_link", swaps_per_link, least=0) * sources.size
    _switch(sources, targets, mask_shape(mask)[1], attempts, rng, (not recurrent, False, False))
    return link_mask(sources, targets, mask_shape(mask))


def degree_preserving_graph(graph: AnyGraph, rng: np.random.Generator, *, swaps_per_link: int = 10) -> AnyGraph:
    """Random simple graph with the same degrees (in- and out-degrees if directed); link attributes are dropped.

    Unlike ``networkx.double_edge_swap`` it counts attempts, so it also ends on graphs without any possible swap, such as stars.

    Parameters
    ----------
    graph : networkx Graph or DiGraph
    rng : Generator
    swaps_per_link : int

    Raises
    ------
    TopologyError
        If the graph is a multigraph or has self-links.
    """
    return _switched(graph, rng, list(graph), swaps_per_link, ring=False)


def lattice_graph(graph: AnyGraph, rng: np.random.Generator, *, swaps_per_link: int = 10) -> AnyGraph:
    """Graph with the same degrees whose links are short on a ring of randomly ordered nodes.

    Links a-b and c-d become a-d and c-b where both are free and the sum of their ring distances does not grow.
    (``networkx.lattice_reference`` 3.6.1 compares other distances and stays far from a lattice.)

    Parameters
    ----------
    graph : networkx Graph or DiGraph
    rng : Generator
    swaps_per_link : int

    Raises
    ------
    TopologyError
        If the graph is a multigraph or has self-links.

    References
    ----------
    S. Maslov, K. Sneppen (2002), https://doi.org/10.1126/science.1065103;
    O. Sporns, J. D. Zwi (2004), https://doi.org/10.1385/NI:2:2:145
    """
    nodes = list(graph)
    return _switched(graph, rng, [nodes[k] for k in rng.permutation(len(nodes))], swaps_per_link, ring=True)


def _switched(graph: AnyGraph, rng: np.random.Generator, order: list, swaps_per_link: int, *, ring: bool) -> AnyGraph:
    if graph.is_multigraph() or nx.number_of_selfloops(graph):
        raise TopologyError(f"{graph} is a multigraph or has self-links; a null model needs a simple graph")
    position = {node: k for k, node in enumerate(order)}
    links = np.array([(position[u], position[v]) for u, v in graph.edges], dtype=np.int64).reshape(-1, 2)
    sources, targets = links[:, 0].copy(), links[:, 1].copy()
    attempts = count("swaps_per_link", swaps_per_link, least=0) * len(links)
    _switch(sources, targets, len(order), attempts, rng, (False, not graph.is_directed(), ring))
    result = graph.__class__()
    result.add_nodes_from(graph.nodes(data=True))
    result.add_edges_from((order[i], order[j]) for i, j in zip(sources, targets, strict=True))
    return result


def _switch(
    sources: Integers, targets: Integers, n: int, rounds: int, rng: np.random.Generator, kind: tuple[bool, bool, bool]
) -> None:
    """Swap the targets of random pairs of links in place; a round ends with a swap, or after 1 try (10 for a ring).

    `n` is the number of targets, `kind` says whether self-links are allowed, whether links have no direction, and whether the
    sum of ring distances must not grow.
    """
    if sources.size > 1:
        n_rows = n if kind[1] else int(sources.max()) + 1
        occupied = np.zeros(n_rows * n // 8 + 1, dtype=np.uint8)
        _switch_kernel(sources, targets, n, rounds, 10 if kind[2] else 1, rng, kind, occupied)


@njit(cache=True)
def _key(i, j, n, symmetric):
    return j * n + i if symmetric and j < i else i * n + j


@njit(cache=True)
def _ring_distance(i, j, n):
    return min(abs(i - j), n - abs(i - j))


@njit(cache=True)
def _flip(bits, key):
    bits[key >> 3] ^= 1 << (key & 7)


@njit(cache=True)
def _is_set(bits, key):
    return bits[key >> 3] >> (key & 7) & 1


@njit(cache=True)
def _swap(sources, targets, n, first, second, flip, kind, occupied):
    """Swap the targets of two links if both new links are allowed; whether that was done."""
    loops, symmetric, ring = kind
    a, b, c, d = sources[first], targets[first], sources[second], targets[second]
    if symmetric and flip:
        c, d = d, c
    if not loops and (a == d or c == b):
        return False
    ad, cb = _key(a, d, n, symmetric), _key(c, b, n, symmetric)
    if ad == cb or _is_set(occupied, ad) or _is_set(occupied, cb):
        return False
    now = _ring_distance(a, b, n) + _ring_distance(c, d, n)
    if ring and _ring_distance(a, d, n) + _ring_distance(c, b, n) > now:
        return False
    for key in (_key(a, b, n, symmetric), _key(c, d, n, symmetric), ad, cb):
        _flip(occupied, key)
    targets[first], sources[second], targets[second] = d, c, b
    return True


@njit(cache=True)
def _switch_kernel(sources, targets, n, rounds, tries, rng, kind, occupied):
    for k in range(sources.size):
        _flip(occupied, _key(sources[k], targets[k], n, kind[1]))
    for _ in range(rounds):
        for _ in range(tries):
            first, second = rng.integers(0, sources.size), rng.integers(0, sources.size)
            if _swap(sources, targets, n, first, second, rng.integers(0, 2) == 1, kind, occupied):
                break
