"""Connected parts of a graph, and its cores: what is left when nodes with few links are taken off."""

from typing import Any

import numpy as np
from numba import njit

from bioworkbench.records.arrays import Integers
from bioworkbench.topology.simple_graph import simple_graph

__all__ = ["components", "cores"]


def components(graph: Any) -> Integers:
    """Numbers of nodes of the connected parts of the plain graph of `graph`, largest first."""
    plain = simple_graph(graph).plain
    return np.sort(_part_sizes(plain.starts, plain.neighbors))[::-1]


@njit(cache=True, nogil=True)
def _part_sizes(starts, neighbors):
    """Numbers of nodes of the connected parts, found by searches from nodes that none has met yet."""
    n = starts.size - 1
    met, queue, sizes = np.zeros(n, np.bool_), np.empty(n + 1, np.int64), np.empty(n, np.int64)
    n_parts = 0
    for u in range(n):
        if not met[u]:
            sizes[n_parts] = _reach(starts, neighbors, u, met, queue)
            n_parts += 1
    return sizes[:n_parts].copy()


@njit(cache=True, nogil=True)
def _reach(starts, neighbors, u, met, queue):
    """Meet all nodes that are connected with u, and count them."""
    met[u], queue[0] = True, u
    done, size = 0, 1
    while done < size:
        z = queue[done]
        done += 1
        for k in range(starts[z], starts[z + 1]):
            v = neighbors[k]
            queue[size] = v  # is overwritten if it was met before
            size += not met[v]
            met[v] = True
    return size


def cores(graph: Any) -> Integers:
    """Core number of each node: the largest k for which it is among nodes with at least k links to each other.

    Parameters
    ----------
    graph : networkx graph, matrix or SimpleGraph
        Directions and weights are ignored.

    Returns
    -------
    int array (n_nodes,)

    References
    ----------
    V. Batagelj, M. Zaversnik (2003), https://arxiv.org/abs/cs/0310049
    """
    plain = simple_graph(graph).plain
    return plain.once("cores", lambda: _cores(plain.starts, plain.neighbors))


@njit(cache=True, nogil=True)
def _cores(starts, neighbors):
    """Take away a node of the lowest remaining degree again and again; its degree then is its core number.

    Nodes are kept sorted by remaining degree: `first` says where those of each degree begin, and a node whose degree falls by one
    changes places with the first of its degree.
    """
    n = starts.size - 1
    degree = starts[1:] - starts[:-1]
    first = np.zeros(n + 1, np.int64)
    for u in range(n):
        first[degree[u]] += 1
    total = 0
    for k in range(n + 1):
        first[k], total = total, total + first[k]
    order, place = np.empty(n, np.int64), np.empty(n, np.int64)
    for u in range(n):
        place[u] = first[degree[u]]
        order[place[u]] = u
        first[degree[u]] += 1
    for k in range(n, 0, -1):
        first[k] = first[k - 1]
    first[0] = 0
    for k in range(n):
        u = order[k]
        for l in range(starts[u], starts[u + 1]):  # noqa: E741
            v = neighbors[l]
            # u is peeled off: v loses a link, and moves to the front of its bin, where the bin of the next lower degree now ends
            if degree[v] > degree[u]:
                w = order[first[degree[v]]]
                order[place[v]], order[place[w]] = w, v
                place[v], place[w] = place[w], place[v]
                first[degree[v]] += 1
                degree[v] -= 1
    return degree
