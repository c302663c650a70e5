"""Triangles: clustering, weighted clustering and the correlation of local communities, compiled.

Every link is followed from its end of lower degree, so that hubs cost no more than others.
"""

from typing import Any

import numpy as np
from numba import njit

from bioworkbench.records.arrays import Floats, Integers
from bioworkbench.records.errors import TopologyError
from bioworkbench.topology.measures.estimates import EXACT_LINKS, N_BATCHES, Estimated, batch_estimate, drawn_batches
from bioworkbench.topology.simple_graph import SimpleGraph, simple_graph

__all__ = [
    "clustering",
    "clustering_of_nodes",
    "local_communities",
    "local_community_correlation",
    "transitivity",
    "triangles_of_nodes",
    "weighted_clustering",
]

_LINK_SAMPLE = 2000  # links in each batch of a sampled correlation


def triangles_of_nodes(graph: Any) -> Integers:
    """Number of triangles that each node is part of.

    Parameters
    ----------
    graph : networkx graph, matrix or SimpleGraph
        Directions and weights are ignored.

    Returns
    -------
    int array (n_nodes,)

    Examples
    --------
    >>> triangles_of_nodes(np.ones((3, 3)))
    array([1, 1, 1])
    """
    plain = simple_graph(graph).plain
    return plain.once("triangles", lambda: _triangles(*upward(plain)[:2], plain.n_nodes))


def clustering_of_nodes(graph: Any) -> Floats:
    """Fraction of linked pairs among the neighbors of each node (n_nodes,) of `graph`; 0 for nodes with fewer than two."""
    plain = simple_graph(graph).plain
    pairs = plain.degrees * (plain.degrees - 1) / 2
    return triangles_of_nodes(plain) / np.maximum(pairs, 1)


def clustering(graph: Any) -> float:
    """Mean over nodes of the fraction of pairs of neighbors that are linked; 0 for nodes with fewer than two.

    Parameters
    ----------
    graph : networkx graph, matrix or SimpleGraph
        Directions and weights are ignored.

    Returns
    -------
    float
        NaN without nodes.

    References
    ----------
    D. J. Watts, S. H. Strogatz (1998), https://doi.org/10.1038/30918
    """
    found = clustering_of_nodes(graph)
    return float(found.mean()) if found.size else float("nan")


def transitivity(graph: Any) -> float:
    """Fraction of paths of two links in `graph` that close: three times the triangles over the paths; NaN without paths."""
    plain = simple_graph(graph).plain
    pairs = float((plain.degrees * (plain.degrees - 1) / 2).sum())
    return float(triangles_of_nodes(plain).sum()) / pairs if pairs else float("nan")


def weighted_clustering(graph: Any) -> float:
    """Mean over nodes of the mean, over pairs of neighbors, of the cube root of the product of a triangle's weights.

    Weights are taken by their size, relative to the largest; those of both directions are added.

    Parameters
    ----------
    graph : networkx graph, matrix or SimpleGraph
        NaN without weights.

    Returns
    -------
    float

    References
    ----------
    J.-P. Onnela et al. (2005), https://doi.org/10.1103/PhysRevE.71.065103
    """
    plain = simple_graph(graph).plain
    if plain.weights is None or not plain.weights.size or not plain.weights.any():
        return float("nan")
    starts, ends, places = upward(plain)
    roots = np.cbrt(np.abs(plain.weights) / np.abs(plain.weights).max())
    intensity = _intensities(starts, ends, roots[places], plain.n_nodes)
    return float((intensity / np.maximum(plain.degrees * (plain.degrees - 1) / 2, 1)).mean())


def local_communities(plain: SimpleGraph) -> tuple[Integers, Integers]:
    """Numbers of common neighbors of the two ends of every link, and of links among these.

    Parameters
    ----------
    plain : SimpleGraph
        Undirected.

    Returns
    -------
    common, among : int array (n_links,)
        In the order of ``plain.links()``.
    """
    sources, targets, _ = plain.links()
    return plain.once("local communities", lambda: _communities(plain.starts, plain.neighbors, sources, targets))


def local_community_correlation(graph: Any, rng: np.random.Generator | None = None) -> Estimated:
    """Correlation, over linked pairs with common neighbors, of their number and the links among them (LCP-corr); 0 if undefined.

    From 64 000 random links of a graph with more than 2 million.

    Parameters
    ----------
    graph : networkx graph, matrix or SimpleGraph
        Directions and weights are ignored.
    rng : Generator, optional
        Needed for a sample.

    Returns
    -------
    Estimated

    Raises
    ------
    TopologyError
        If the graph is too large to be measured exactly and no generator is given.

    References
    ----------
    C. V. Cannistraci, G. Alanis-Lobato, T. Ravasi (2013), https://doi.org/10.1038/srep01613
    """
    plain = simple_graph(graph).plain
    if plain.n_links <= EXACT_LINKS:
        return Estimated(_correlation(*local_communities(plain)))
    sources, targets, _ = plain.links()
    batches = drawn_batches(plain, "local communities", sources.size, _LINK_SAMPLE, rng)
    common, among = _communities(plain.starts, plain.neighbors, sources[batches.ravel()], targets[batches.ravel()])
    parts = zip(np.split(common, N_BATCHES), np.split(among, N_BATCHES), strict=True)
    found = np.array([_correlation(*part) for part in parts])
    return batch_estimate(_correlation(common, among), found, batches.size / sources.size)


def _correlation(common: Integers, among: Integers) -> float:
    counts = np.stack([common, among])[:, common > 0].astype(float)
    if counts.shape[1] < 2 or (np.ptp(counts, axis=1) == 0).any():
        return 0.0
    return float(np.corrcoef(counts)[0, 1])


def upward(plain: SimpleGraph) -> tuple[Integers, np.ndarray, Integers]:
    """The links of an undirected graph, each from its end of lower degree.

    Parameters
    ----------
    plain : SimpleGraph

    Returns
    -------
    starts : int array (n_nodes + 1,)
        Where the links of each node begin.
    ends : int array (n_links,)
    places : int array (n_links,)
        Of the links among ``plain.neighbors``.

    Raises
    ------
    TopologyError
        If the graph is directed.
    """
    if plain.directed:
        raise TopologyError(f"{plain} has directions; take its plain graph")

    def find() -> tuple[Integers, np.ndarray, Integers]:
        sources = np.repeat(np.arange(plain.n_nodes), plain.degrees)
        one, other = plain.degrees[sources], plain.degrees[plain.neighbors]
        places = np.flatnonzero((one < other) | ((one == other) & (sources < plain.neighbors)))
        starts = np.concatenate([[0], np.cumsum(np.bincount(sources[places], minlength=plain.n_nodes))])
        return starts, plain.neighbors[places], places

    return plain.once("upward", find)


@njit(cache=True, nogil=True)
def _triangles(starts, ends, n):
    # `mark` says which ends the links of u have; it need not be cleared, since the next node leaves a mark of its own
    found, mark = np.zeros(n, np.int64), np.full(n, -1, np.int32)
    for u in range(n):
        for k in range(starts[u], starts[u + 1]):
            mark[ends[k]] = u
        for k in range(starts[u], starts[u + 1]):
            v = ends[k]
            here = _close(ends, starts[v], starts[v + 1], mark, u, found)
            found[v] += here
            found[u] += here
    return found


@njit(cache=True, nogil=True)
def _close(ends, low, high, mark, u, found):
    """Count the triangles of u and one of its neighbors at their third nodes; returns how many there are."""
    here = 0
    for l in range(low, high):  # noqa: E741
        if mark[ends[l]] == u:
            found[ends[l]] += 1
            here += 1
    return here


@njit(cache=True, nogil=True)
def _intensities(starts, ends, roots, n):
    """Sum over the triangles of each node of the products of `roots` of their links."""
    found, mark, to = np.zeros(n), np.full(n, -1, np.int32), np.zeros(n)
    for u in range(n):
        for k in range(starts[u], starts[u + 1]):
            mark[ends[k]], to[ends[k]] = u, roots[k]
        for k in range(starts[u], starts[u + 1]):
            v = ends[k]
            total = 0.0
            for l in range(starts[v], starts[v + 1]):  # noqa: E741
                w = ends[l]
                product = roots[k] * roots[l] * to[w] if mark[w] == u else 0.0
                found[w] += product
                total += product
            found[u] += total
            found[v] += total
    return found


@njit(cache=True, nogil=True)
def _communities(starts, neighbors, sources, targets):
    """Numbers of common neighbors of linked pairs, and of links among them."""
    n = starts.size - 1
    common, among = np.zeros(sources.size, np.int64), np.zeros(sources.size, np.int64)
    near, member = np.full(n, -1), np.full(n, -1)
    last = -1
    members = np.empty(n, np.int64)
    for k in range(sources.size):
        u, v = sources[k], targets[k]
        if u != last:
            for l in range(starts[u], starts[u + 1]):  # noqa: E741
                near[neighbors[l]] = u
            last = u
        size = 0
        for l in range(starts[v], starts[v + 1]):  # noqa: E741
            if near[neighbors[l]] == u:
                members[size], member[neighbors[l]] = neighbors[l], k
                size += 1
        twice = 0
        for m in range(size if size > 1 else 0):
            z = members[m]
            for l in range(starts[z], starts[z + 1]):  # noqa: E741
                twice += member[neighbors[l]] == k
        common[k], among[k] = size, twice // 2
    return common, among
