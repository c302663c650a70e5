"""Scores of all absent links of a graph that is small enough for a matrix of its nodes, compiled: one addition per path.

For paths of length 3 (path convention and path form) the score of (u, v) is the sum over its paths u - a - b - v of
root(a; v) root(b; u), as in `row_kernels`. Where a and v are not linked, root(a; v) depends on two numbers alone: the degree of a, and
how many neighbors a and v share. These are counted once for the whole graph, and the paths are walked once, without a count of what
lies on them. Where a and v are linked, root(a; v) depends on u too and stands among the factors of u.
"""

import numpy as np
from numba import njit

from bioworkbench.topology.prediction.row_kernels import find_factors, root_of_term

__all__ = ["MOST_NODES", "fill_matrix_rows", "roots_of_nodes", "shared_neighbors"]

MOST_NODES = 4096
"""Nodes of a graph up to which the matrix saves more time than it takes to make."""

_LINKED = 2**16 - 1


@njit(nogil=True, cache=True)
def shared_neighbors(graph: np.ndarray) -> np.ndarray:
    """Number of neighbors that every two nodes share.

    Parameters
    ----------
    graph : int array
        From `kernels.flat_graph`; of fewer than 65 535 nodes.

    Returns
    -------
    uint16 array (n, n)
        65 535 for linked nodes, whose number of shared neighbors `row_kernels.common_of_entries` gives; degrees on the diagonal.
    """
    n = graph[0] - 1
    shared = np.zeros((n, n), np.uint16)
    for u in range(n):
        row = shared[u]
        for k in range(graph[u], graph[u + 1]):
            for l in range(graph[graph[k]], graph[graph[k] + 1]):  # noqa: E741
                row[graph[l]] += np.uint16(1)
        # last, since a linked pair was counted as any other; its number is in `common`
        for k in range(graph[u], graph[u + 1]):
            row[graph[k]] = _LINKED
    return shared


@njit(nogil=True, cache=True, error_model="numpy")
def roots_of_nodes(graph: np.ndarray, rule: np.ndarray) -> np.ndarray:
    """Factor of every node for every number of internal links.

    Parameters
    ----------
    graph : int array
        From `kernels.flat_graph`.
    rule : int array (4,)
        From `node_terms.checked_rule`, for paths of length 3 in the path convention and form.

    Returns
    -------
    float array
        Of the size of `graph`: ``[graph[a] + i - 1]`` for node a with i internal links.
    """
    roots = np.zeros(graph.size)
    for a in range(graph[0] - 1):
        degree = graph[a + 1] - graph[a]
        # with all of its links internal a node has none to u: on no path, as the node that a path comes back to, it gives 0
        for inside in range(1, degree):
            roots[graph[a] + inside - 1] = root_of_term(rule[0], degree, inside, 1)
    return roots


@njit(nogil=True, cache=True, error_model="numpy")
def fill_matrix_rows(
    graph: np.ndarray,
    lists: np.ndarray,
    rule: np.ndarray,
    common: np.ndarray,
    shared: np.ndarray,
    roots: np.ndarray,
    scores: np.ndarray,
    first: int,
) -> None:
    """Write the scores of the pairs u < v without a link of some nodes u; entries of links are not right.

    Parameters
    ----------
    graph, rule
        As in `roots_of_nodes`.
    lists : uint32 array
        `graph` once more: compiled code need not ask of an unsigned index whether it counts from the end.
    common : int array
        From `row_kernels.common_of_entries`.
    shared : uint16 array (n, n)
        From `shared_neighbors`.
    roots : float array
        From `roots_of_nodes`.
    scores : float array (n_rows, n)
        Filled: ``scores[u - first, v]``; of zeros before.
    first : int
        Node of the first row.
    """
    n = graph[0] - 1
    near, triples, factors = np.zeros(n, np.int64), np.zeros(n, np.int64), np.zeros(graph.size)
    places = np.zeros(n, np.uint32)
    # where the neighbors above u begin in the list of each node; rows come in ascending order, so these places only move on
    begin = lists[:n].copy()
    for z in range(n if first else 0):
        begin[z] += np.searchsorted(graph[graph[z] : graph[z + 1]], first)
    for u in range(first, first + scores.shape[0]):
        for k in range(graph[u], graph[u + 1]):
            near[graph[k]] = 1
            begin[graph[k]] += 1  # past u itself
        for k in range(graph[u], graph[u + 1]):
            find_factors(graph, rule, common, u, k, near, triples, factors)
        for k in range(lists[u], lists[u + 1]):
            a = lists[k]
            # places of other nodes are those of an earlier a: they are read for neighbors of this one only
            for l in range(lists[a], lists[a + np.uint32(1)]):  # noqa: E741
                places[lists[l]] = l
            _add_walks(lists, np.uint32(u), a, near, begin, (shared, roots, factors, places), scores[u - first])
        for k in range(graph[u], graph[u + 1]):
            near[graph[k]] = 0


@njit(nogil=True, cache=True, error_model="numpy")
def _add_walks(lists, u, a, near, begin, tables, row):
    """Add what the paths u - a - b - v to all v > u give."""
    shared, roots, factors, places = tables
    # rows of the matrix stand for columns, as it is symmetric: what the inner loop reads lies side by side
    with_a, with_u, before_a = shared[a], shared[u], lists[a] - np.uint32(1)
    for k in range(lists[a], lists[a + np.uint32(1)]):
        b = lists[k]
        if b == u:
            continue
        low, high = begin[b], lists[b + np.uint32(1)]
        # the two loops differ in the factor of b alone, which is kept out of them
        if near[b]:  # b is linked to u and to v: its factor is that of the entry
            for l in range(low, high):  # noqa: E741
                v = lists[l]
                of_a = factors[places[v]] if with_a[v] == _LINKED else roots[before_a + with_a[v]]
                row[v] += factors[l] * of_a
        else:
            of_b = roots[lists[b] - np.uint32(1) + with_u[b]]
            for l in range(low, high):  # noqa: E741
                v = lists[l]
                of_a = factors[places[v]] if with_a[v] == _LINKED else roots[before_a + with_a[v]]
                row[v] += of_b * of_a
