"""Distances between nodes, and what follows from their distribution: exact, or from a sample of the nodes of a large graph.

Distances are numbers of links of the plain graph: directions and weights are ignored. Only the numbers of pairs at every distance are
kept.
"""

from typing import Any, NamedTuple

import numpy as np

from bioworkbench.records.arrays import Floats, Integers
from bioworkbench.records.errors import TopologyError
from bioworkbench.topology.measures.estimates import (
    EXACT_LINKS,
    EXACT_NODES,
    N_BATCHES,
    Estimated,
    batch_estimate,
    drawn_batches,
)
from bioworkbench.topology.measures.searches import WORD, fill_distances, local_efficiencies, reached_pairs
from bioworkbench.topology.simple_graph import simple_graph

__all__ = [
    "DistanceCounts",
    "characteristic_path_length",
    "closeness",
    "diameter",
    "distance_counts",
    "distances",
    "global_efficiency",
    "link_betweenness",
    "local_efficiency",
    "node_betweenness",
    "radiality",
]

_MATRIX_NODES = 20_000  # whose matrix of distances still fits into memory
_LOCAL_SAMPLE = 400  # nodes in each batch of a sampled local efficiency


class DistanceCounts(NamedTuple):
    """Numbers of ordered pairs of nodes at every distance.

    Parameters
    ----------
    pairs : array (n_batches, longest distance + 1)
        ``pairs[b, d]`` pairs at distance d; none at 0. One batch if all nodes were searched from.
    sources : int array (n_batches,)
        Numbers of nodes searched from.
    n_nodes, n_links : int
        Of the graph.
    """

    pairs: Floats
    sources: Integers
    n_nodes: int
    n_links: int

    @property
    def is_exact(self) -> bool:
        """Whether every node was searched from."""
        return int(self.sources.sum()) == self.n_nodes


def distance_counts(graph: Any, rng: np.random.Generator | None = None) -> DistanceCounts:
    """Numbers of pairs at every distance; from 2048 random nodes if there are more than 20 000.

    Parameters
    ----------
    graph : networkx graph, matrix or SimpleGraph
        Directions and weights are ignored.
    rng : Generator, optional
        Needed for a sample.

    Returns
    -------
    DistanceCounts

    Raises
    ------
    TopologyError
        If the graph is too large to be measured exactly and no generator is given.
    """
    plain = simple_graph(graph).plain

    def count() -> DistanceCounts:
        if plain.n_nodes <= EXACT_NODES:
            batches = [np.arange(plain.n_nodes)]
        else:
            batches = list(drawn_batches(plain, "distances", plain.n_nodes, WORD, rng))
        found = [reached_pairs(plain.starts, plain.neighbors, batch.astype(np.int64)) for batch in batches]
        longest = max((len(row) for row in found), default=1)
        pairs = np.array([np.pad(row, (0, longest - len(row))) for row in found], dtype=float)
        return DistanceCounts(pairs, np.array([len(batch) for batch in batches]), plain.n_nodes, plain.n_links)

    return plain.once("distances", count)


def _estimate(graph: Any, rng: np.random.Generator | None, measure: Any) -> Estimated:
    """A measure ``f(pairs (n_distances,), n_sources, counts)`` of the counted distances, with its error if they were sampled."""
    counts = distance_counts(graph, rng)
    n_sources = int(counts.sources.sum())
    whole = measure(counts.pairs.sum(axis=0), n_sources, counts)
    if counts.is_exact:
        return Estimated(whole)
    batches = [measure(row, n, counts) for row, n in zip(counts.pairs, counts.sources.tolist(), strict=True)]
    return batch_estimate(whole, np.array(batches), n_sources / counts.n_nodes)


def _ratio(part: Any, whole: Any) -> float:
    return float(part) / float(whole) if whole else float("nan")


def characteristic_path_length(graph: Any, rng: np.random.Generator | None = None) -> Estimated:
    """Mean of the finite distances between different nodes; NaN without any. `graph` and `rng` as for `distance_counts`."""
    return _estimate(graph, rng, lambda pairs, n, counts: _ratio(pairs @ np.arange(pairs.size), pairs.sum()))


def diameter(graph: Any, rng: np.random.Generator | None = None) -> Estimated:
    """Largest finite distance. `graph` and `rng` as for `distance_counts`; a sample gives a lower bound, with an error of NaN."""
    counts = distance_counts(graph, rng)
    longest = float(np.flatnonzero(counts.pairs.sum(axis=0)).max(initial=0)) or float("nan")
    return Estimated(longest, 0.0 if counts.is_exact else float("nan"))


def global_efficiency(graph: Any, rng: np.random.Generator | None = None) -> Estimated:
    """Mean of 1 / distance over ordered pairs of nodes, 0 for pairs without a path.

    Parameters
    ----------
    graph, rng
        As for `distance_counts`.

    Returns
    -------
    Estimated

    References
    ----------
    V. Latora, M. Marchiori (2001), https://doi.org/10.1103/PhysRevLett.87.198701
    """
    return _estimate(graph, rng, lambda pairs, n, counts: _ratio(_inverse(pairs), n * (counts.n_nodes - 1)))


def closeness(graph: Any, rng: np.random.Generator | None = None) -> Estimated:
    """Mean over nodes of the sum of 1 / distance to all others. `graph` and `rng` as for `distance_counts`."""
    return _estimate(graph, rng, lambda pairs, n, counts: _ratio(_inverse(pairs), n))


def link_betweenness(graph: Any, rng: np.random.Generator | None = None) -> Estimated:
    """Mean over links of the number of shortest paths, of unordered pairs, that use it.

    A pair at distance d puts one path's worth on d links, so that the mean needs the distances alone.

    Parameters
    ----------
    graph, rng
        As for `distance_counts`.

    Returns
    -------
    Estimated
    """
    return _estimate(
        graph,
        rng,
        lambda pairs, n, counts: _ratio(pairs @ np.arange(pairs.size) * counts.n_nodes / max(n, 1) / 2, counts.n_links),
    )


def node_betweenness(graph: Any, rng: np.random.Generator | None = None) -> Estimated:
    """Mean over nodes of the number of shortest paths through it, of ordered pairs. `graph` and `rng` as for `distance_counts`."""
    return _estimate(graph, rng, lambda pairs, n, counts: _ratio(pairs @ (np.arange(pairs.size) - 1), n))


def radiality(graph: Any, rng: np.random.Generator | None = None) -> Estimated:
    """Mean of diameter + 1 - distance, 0 without a path, over ordered pairs. `graph` and `rng` as for `distance_counts`."""

    def measure(pairs: Floats, n: int, counts: DistanceCounts) -> float:
        longest = np.flatnonzero(counts.pairs.sum(axis=0)).max(initial=0)
        return longest + 1 - _ratio(pairs @ np.arange(pairs.size), n * (counts.n_nodes - 1))

    return _estimate(graph, rng, measure)


def _inverse(pairs: Floats) -> float:
    return float(pairs[1:] @ (1 / np.arange(1, pairs.size)))


def distances(graph: Any) -> Floats:
    """Numbers of links on the shortest paths of all pairs.

    Parameters
    ----------
    graph : networkx graph, matrix or SimpleGraph
        Directions and weights are ignored; at most 20 000 nodes.

    Returns
    -------
    float array (n_nodes, n_nodes)
        Infinite without a path.

    Raises
    ------
    TopologyError
        If there are more nodes.
    """
    plain = simple_graph(graph).plain
    if plain.n_nodes > _MATRIX_NODES:
        raise TopologyError(
            f"{plain} is too large for a matrix of distances, which are listed up to {_MATRIX_NODES} nodes; distance_counts samples them"
        )
    found = np.full((plain.n_nodes, plain.n_nodes), np.inf)
    fill_distances(plain.starts, plain.neighbors, found)
    return found


def local_efficiency(graph: Any, rng: np.random.Generator | None = None) -> Estimated:
    """Mean over nodes of the global efficiency among their neighbors; 0 for nodes with fewer than two.

    From 12 800 random nodes of a graph with more than 2 million links.

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
    V. Latora, M. Marchiori (2001), https://doi.org/10.1103/PhysRevLett.87.198701
    """
    plain = simple_graph(graph).plain
    if not plain.n_nodes:
        return Estimated(float("nan"))
    if plain.n_links <= EXACT_LINKS:
        return Estimated(float(local_efficiencies(plain.starts, plain.neighbors, np.arange(plain.n_nodes)).mean()))
    batches = drawn_batches(plain, "local efficiency", plain.n_nodes, _LOCAL_SAMPLE, rng)
    found = local_efficiencies(plain.starts, plain.neighbors, batches.ravel())
    return batch_estimate(float(found.mean()), found.reshape(N_BATCHES, -1).mean(axis=1), batches.size / plain.n_nodes)
