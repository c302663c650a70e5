"""Communities by Newman's spectral bisection, and the modularity that they reach."""

import networkx as nx
import numpy as np

from bioworkbench.arrays import Floats, Integers
from bioworkbench.topology.measures import plain_graph

__all__ = ["modularity", "spectral_communities"]

_GAIN = 1e-10  # smaller gains are round-off


def modularity(graph: nx.Graph, rng: np.random.Generator, *, n_runs: int = 10) -> float:
    """Mean modularity that `spectral_communities` reaches in `n_runs` runs, on the plain graph."""
    plain = plain_graph(graph)
    runs = [nx.community.modularity(plain, spectral_communities(plain, rng)) for _ in range(n_runs)]
    return float(np.mean(runs))


def spectral_communities(graph: nx.Graph, rng: np.random.Generator) -> list[set]:
    """Communities from repeated bisection by the leading eigenvector of the modularity matrix, with fine-tuning.

    After each bisection every node changes sides once, the one that gains most (or loses least) first, and the best of the
    intermediate divisions is kept. A group that no bisection improves is a community. Which of equally good moves comes first
    is random.

    Parameters
    ----------
    graph : networkx Graph
        Its plain graph is divided.
    rng : Generator

    References
    ----------
    M. E. J. Newman (2006), https://doi.org/10.1073/pnas.0601602103
    """
    plain = plain_graph(graph)
    nodes = list(plain)
    nodes = [nodes[k] for k in rng.permutation(len(nodes))]
    links = nx.to_numpy_array(plain, nodelist=nodes)
    degrees = links.sum(axis=1)
    matrix = links - np.outer(degrees, degrees) / degrees.sum()
    groups, waiting = [], [np.arange(len(nodes))]
    while waiting:
        group = waiting.pop()
        halves = _halves(matrix, group)
        waiting.extend(halves)
        if not halves:
            groups.append({nodes[k] for k in group})
    return groups


def _halves(matrix: Floats, group: Integers) -> list[Integers]:
    """The two parts of a group, or nothing if it is better left whole."""
    inside = matrix[np.ix_(group, group)]
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
