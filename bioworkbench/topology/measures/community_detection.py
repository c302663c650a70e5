"""Communities of nodes with many links among them, and the modularity that they reach: Leiden's method and Newman's."""

import random
from typing import Any, Literal

import igraph
import numpy as np
from numba import njit

from bioworkbench.records.arrays import Floats, Integers, count, positive, shaped
from bioworkbench.records.errors import unknown_name
from bioworkbench.records.randomness import check_generator
from bioworkbench.topology.simple_graph import SimpleGraph, linked, simple_graph

__all__ = ["COMMUNITY_METHODS", "communities", "modularity", "modularity_of"]

COMMUNITY_METHODS = ("leiden", "newman")
_GAIN = 1e-10  # smaller gains are round-off

Method = Literal["leiden", "newman"]


def modularity(graph: Any, rng: np.random.Generator, *, method: Method = "leiden", n_runs: int = 10) -> float:
    """Largest modularity that `communities` reaches in several runs, on the plain graph.

    Parameters
    ----------
    graph : networkx graph, matrix or SimpleGraph
        Directions and weights are ignored.
    rng : Generator
    method : "leiden" or "newman"
        How communities are found.
    n_runs : int
        Each starts at random.

    Returns
    -------
    float
        NaN without links.

    Raises
    ------
    ValueError
        If the method is unknown or `n_runs` not an integer of at least 1.
    """
    own = simple_graph(graph)
    runs = [modularity_of(own, communities(own, rng, method=method)) for _ in range(count("n_runs", n_runs))]
    return max(runs)


def modularity_of(graph: Any, labels: Any, *, weighted: bool = False) -> float:
    """Modularity of a division: the fraction of links inside communities less what equal degrees would give at random.

    Parameters
    ----------
    graph : networkx graph, matrix or SimpleGraph
        Directions are ignored.
    labels : array (n_nodes,)
        Community of each node.
    weighted : bool
        Whether links count by the size of their weights.

    Returns
    -------
    float
        NaN without links.

    Raises
    ------
    ValueError
        If there is not a label for every node.

    References
    ----------
    M. E. J. Newman (2006), https://doi.org/10.1073/pnas.0601602103
    """
    plain = simple_graph(graph).plain
    # the kernel counts in an array of as many places as there are communities, so that labels must be numbered from 0
    _, labels = np.unique(shaped("labels", np.asarray(labels), (plain.n_nodes,)), return_inverse=True)
    sizes = np.ones(plain.neighbors.size) if plain.weights is None or not weighted else plain.weights
    inside, of_communities = _link_weights(plain.starts, plain.neighbors, sizes, labels)
    total = of_communities.sum()
    return float(inside / total - ((of_communities / total) ** 2).sum()) if total else float("nan")


@njit(cache=True, nogil=True)
def _link_weights(starts, neighbors, weights, labels):
    """Weight of the links inside communities, and of all ends of links in each community, by their sizes."""
    inside, total = 0.0, np.zeros(labels.max() + 1 if labels.size else 0)
    for u in range(starts.size - 1):
        for k in range(starts[u], starts[u + 1]):
            size = abs(weights[k])
            total[labels[u]] += size
            if labels[u] == labels[neighbors[k]]:
                inside += size
    return inside, total


def communities(
    graph: Any, rng: np.random.Generator, *, method: Method = "leiden", weighted: bool = False, resolution: float = 1.0
) -> Integers:
    """Community of each node, the largest community first.

    Parameters
    ----------
    graph : networkx graph, matrix or SimpleGraph
        Directions are ignored.
    rng : Generator
    method : "leiden" or "newman"
        Leiden's moves nodes between communities, checks that these are connected, and joins them, until nothing improves. Newman's
        bisects by the leading eigenvector of the modularity matrix; its time grows with the cube of the nodes.
    weighted : bool
        Whether links count by the size of their weights (Leiden's method alone).
    resolution : float
        Above 1 for more and smaller communities (Leiden's method alone).

    Returns
    -------
    int array (n_nodes,)

    Raises
    ------
    ValueError
        If the method is unknown or the resolution is not positive.

    References
    ----------
    V. A. Traag, L. Waltman, N. J. van Eck (2019), https://doi.org/10.1038/s41598-019-41695-z;
    M. E. J. Newman (2006), https://doi.org/10.1073/pnas.0601602103
    """
    check_generator(rng)
    if method not in COMMUNITY_METHODS:
        raise ValueError(unknown_name(str(method), "method for communities", COMMUNITY_METHODS))
    plain = simple_graph(graph).plain
    if not plain.n_links:
        return np.arange(plain.n_nodes)
    if method == "newman":
        labels = _spectral_communities(linked(plain).toarray().astype(float), rng)
    else:
        labels = _leiden(plain, weighted, positive("resolution", resolution), rng)
    sizes = np.bincount(labels)
    return np.argsort(np.argsort(-sizes, kind="stable"))[labels]


def _leiden(plain: SimpleGraph, weighted: bool, resolution: float, rng: np.random.Generator) -> Integers:
    """Two rounds of Leiden's method, each of which starts from the communities of the one before."""
    sources, targets, weights = plain.links()
    # pairs one by one: igraph takes ten times as long to read an array of them
    graph = plain.once("igraph", lambda: igraph.Graph(plain.n_nodes, zip(sources.data, targets.data, strict=True)))
    sizes = np.abs(weights).tolist() if weighted and weights is not None else None
    # igraph draws from one generator for the whole process: ours for this call, then the one that it had
    igraph.set_random_number_generator(random.Random(int(rng.integers(2**62))))
    try:
        found = graph.community_leiden("modularity", weights=sizes, resolution=resolution, n_iterations=2)
    finally:
        igraph.set_random_number_generator(random)
    return np.array(found.membership, dtype=np.int64)


def _spectral_communities(links: Floats, rng: np.random.Generator) -> Integers:
    """Communities of a matrix (n_nodes, n_nodes) of 0 and 1, by repeated bisection with fine-tuning.

    After each bisection every node changes sides once, the one that gains most (or loses least) first, and the best of the
    intermediate divisions is kept. A group that no bisection improves is a community. Which of equally good moves comes first
    is random.
    """
    # shuffled nodes: of equally good moves `argmax` takes the first, which is then a random one
    order = rng.permutation(len(links))
    links = links[np.ix_(order, order)]
    degrees = links.sum(axis=1)
    matrix = links - np.outer(degrees, degrees) / degrees.sum()
    labels, waiting = np.zeros(len(links), np.int64), [np.arange(len(links))]
    n_groups = 0
    while waiting:
        group = waiting.pop()
        halves = _halves(matrix, group)
        waiting.extend(halves)
        if not halves:
            labels[order[group]] = n_groups
            n_groups += 1
    return labels


def _halves(matrix: Floats, group: Integers) -> list[Integers]:
    """The two parts of a group, or nothing if it is better left whole."""
    inside = matrix[np.ix_(group, group)]
    # within a group, what its nodes have to do with the rest of the graph is taken off the diagonal (Newman 2006, equation 6)
    inside = inside - np.diag(inside.sum(axis=1))
    values, vectors = np.linalg.eigh(inside)
    if values[-1] <= _GAIN:
        return []
    sides = np.where(vectors[:, -1] >= 0, 1.0, -1.0)
    sides = _fine_tuned(inside, sides)
    if sides @ inside @ sides <= _GAIN or abs(sides.sum()) == sides.size:
        return []
    return [group[sides > 0], group[sides < 0]]


def _fine_tuned(matrix: Floats, sides: Floats) -> Floats:
    """Best division met while every node changes sides once, the most gainful move first."""
    free = matrix - np.diag(np.diag(matrix))
    now, best = sides.copy(), sides.copy()
    gain, best_gain = 0.0, 0.0
    movable = np.ones(sides.size, dtype=bool)
    for _ in range(sides.size):
        gains = np.where(movable, -4 * now * (free @ now), -np.inf)
        node = int(np.argmax(gains))
        gain += gains[node]
        now[node] *= -1
        movable[node] = False
        if gain > best_gain + _GAIN:
            best, best_gain = now.copy(), gain
    return best
