"""Cannistraci-Hebb scores of pairs of nodes in any undirected graph, compiled.

A pair's paths are listed, its local community is read off them, and the score is summed. `score_rows` treats all pairs of one
node u together: one walk through the surroundings of u counts the paths to every other node, a second one lists them by their
end, so that nothing is done for pairs that no path connects. `score_pairs` lists the paths of one pair after the other.

Arrays that the functions share:

graph : int array (n + 1 + 2 * n_links,)
    The neighbors of node z, ascending, are ``graph[graph[z]:graph[z + 1]]``; see `flat_graph`.
rule : int array (4,)
    Model, convention and form as positions in ``MODELS``, ``CONVENTIONS`` and ``FORMS``, and the path length.
marks : int array (5, n)
    Scratch, 0 between pairs. By row: neighbors of u; neighbors of v; members of the community; number of links of a member
    that lie on a path; the list of members.
roots : float array (n,)
    Scratch: square roots of the members' terms.
paths : int array (2, n_paths)
    First and second nodes of paths of length 3.
"""

import numpy as np
from numba import njit
from scipy import sparse

from bioworkbench.topology.ch_definition import CONVENTIONS, FORMS
from bioworkbench.topology.node_terms import node_term

__all__ = ["flat_graph", "score_pairs", "score_rows"]

_PATH, _INDUCED = CONVENTIONS.index("path"), CONVENTIONS.index("induced")
_NODE_FORM = FORMS.index("node")
_NEAR_U, _NEAR_V, _MEMBER, _ON_PATH, _LIST = range(5)
_MOST_PATHS = 2**22  # listed at a time, except for a single pair


def flat_graph(adjacency: sparse.csr_array) -> np.ndarray:
    """Adjacency lists in one array, the first entries of which say where the neighbors of each node begin.

    Examples
    --------
    >>> flat_graph(sparse.csr_array([[0, 1], [1, 0]]))
    array([3, 4, 5, 1, 0])
    """
    return np.concatenate([adjacency.indptr + adjacency.indptr.size, adjacency.indices]).astype(np.int64)


@njit(nogil=True, cache=True, error_model="numpy")
def score_pairs(graph: np.ndarray, rule: np.ndarray, us: np.ndarray, vs: np.ndarray, scores: np.ndarray) -> None:
    """Write the scores (n_pairs,) of the pairs (us[k], vs[k])."""
    n = graph[0] - 1
    marks, roots = np.zeros((5, n), np.int64), np.zeros(n)
    for k in range(us.size):
        u, v = us[k], vs[k]
        _mark(graph, marks, _NEAR_U, u, 1)
        _mark(graph, marks, _NEAR_V, v, 1)
        if rule[3] == 2:
            scores[k] = _score_by_nodes(graph, rule, marks, u)
        else:
            paths = np.empty((2, _most_paths(graph, u)), np.int32)
            n_paths = _list_between(graph, marks, u, v, paths)
            scores[k] = _score_by_paths(graph, rule, marks, roots, paths, 0, n_paths)
        _mark(graph, marks, _NEAR_U, u, 0)
        _mark(graph, marks, _NEAR_V, v, 0)


@njit(nogil=True, cache=True, error_model="numpy")
def score_rows(graph: np.ndarray, rule: np.ndarray, scores: np.ndarray, first: int) -> None:
    """Write scores[u - first, v] for the pairs u < v of the rows that `scores` (n_rows, n) has, from node `first` on."""
    n = graph[0] - 1
    marks, roots = np.zeros((5, n), np.int64), np.zeros(n)
    shared, n_paths = np.zeros(n, np.int64), np.zeros(n, np.int64)
    for u in range(first, first + scores.shape[0]):
        _count_shared(graph, u, shared)
        _mark(graph, marks, _NEAR_U, u, 1)
        if rule[3] == 2:
            _score_row_by_nodes(graph, rule, marks, u, shared, scores[u - first])
        else:
            _count_paths(graph, u, n_paths)
            _score_row_by_paths(graph, rule, marks, roots, u, shared, n_paths, scores[u - first])
        _mark(graph, marks, _NEAR_U, u, 0)


@njit(nogil=True, cache=True)
def _mark(graph, marks, kind, node, value):
    for k in range(graph[node], graph[node + 1]):
        marks[kind, graph[k]] = value


@njit(nogil=True, cache=True)
def _include(marks, z, n):
    """Make z one of the n members of the community, if it is not yet; returns the number of members."""
    if marks[_MEMBER, z]:
        return n
    marks[_MEMBER, z] = 1
    marks[_ON_PATH, z] = 0
    marks[_LIST, n] = z
    return n + 1


@njit(nogil=True, cache=True)
def _members_linked_to(graph, marks, z):
    n = 0
    for k in range(graph[z], graph[z + 1]):
        n += marks[_MEMBER, graph[k]]
    return n


@njit(nogil=True, cache=True)
def _community(marks, paths, low, high):
    """List the nodes on the paths, and count their links that lie on a path; returns the number of nodes.

    Two nodes that are both adjacent to u and to v are linked on two paths, a - b and b - a; this link counts once.
    """
    n = 0
    for k in range(low, high):
        a, b = paths[0, k], paths[1, k]
        n = _include(marks, a, n)
        n = _include(marks, b, n)
        if not (a > b and marks[_NEAR_U, b] and marks[_NEAR_V, a]):
            marks[_ON_PATH, a] += 1
            marks[_ON_PATH, b] += 1
    return n


@njit(nogil=True, cache=True, error_model="numpy")
def _term(graph, rule, marks, z):
    """Term of community node z of a pair with paths of length 3."""
    degree = graph[z + 1] - graph[z]
    others = degree - max(1, marks[_NEAR_U, z] + marks[_NEAR_V, z])
    on_path = marks[_ON_PATH, z]
    if rule[1] == _PATH:
        return node_term(rule[0], degree, on_path, others - on_path)
    induced = _members_linked_to(graph, marks, z)
    return node_term(rule[0], degree, induced if rule[1] == _INDUCED else on_path, others - induced)


@njit(nogil=True, cache=True, error_model="numpy")
def _score_by_paths(graph, rule, marks, roots, paths, low, high):
    """Score of a pair whose paths of length 3 are the columns low to high - 1 of `paths`.

    The neighbors of u are marked, and those of v if the two have neighbors in common.
    """
    n = _community(marks, paths, low, high)
    score = 0.0
    for k in range(n):
        z = marks[_LIST, k]
        term = _term(graph, rule, marks, z)
        roots[z] = np.sqrt(term)
        score += term
    if rule[2] != _NODE_FORM:
        score = 0.0
        for k in range(low, high):
            score += roots[paths[0, k]] * roots[paths[1, k]]
    for k in range(n):
        marks[_MEMBER, marks[_LIST, k]] = 0
    return score


@njit(nogil=True, cache=True, error_model="numpy")
def _score_by_nodes(graph, rule, marks, u):
    """Score of a pair by its paths of length 2, with the neighbors of v marked."""
    n = 0
    for k in range(graph[u], graph[u + 1]):
        if marks[_NEAR_V, graph[k]]:
            n = _include(marks, graph[k], n)
    score = 0.0
    for k in range(n):
        z = marks[_LIST, k]
        degree, inside = graph[z + 1] - graph[z], _members_linked_to(graph, marks, z)
        score += node_term(rule[0], degree, inside, degree - 2 - inside)
    for k in range(n):
        marks[_MEMBER, marks[_LIST, k]] = 0
    return score


@njit(nogil=True, cache=True)
def _most_paths(graph, u):
    n = 0
    for k in range(graph[u], graph[u + 1]):
        n += graph[graph[k] + 1] - graph[graph[k]]
    return n


@njit(nogil=True, cache=True)
def _list_between(graph, marks, u, v, paths):
    """List the paths u - a - b - v, where the neighbors of v are marked; returns how many there are."""
    n = 0
    for k in range(graph[u], graph[u + 1]):
        a = graph[k]
        for l in range(graph[a], graph[a + 1]):  # noqa: E741
            b = graph[l]
            if a != v and b != u and marks[_NEAR_V, b]:
                paths[0, n], paths[1, n] = a, b
                n += 1
    return n


@njit(nogil=True, cache=True)
def _count_shared(graph, u, shared):
    """Number of neighbors that u shares with every node v > u."""
    shared[:] = 0
    for k in range(graph[u], graph[u + 1]):
        _count_beyond(graph, graph[k], u, shared)


@njit(nogil=True, cache=True)
def _count_paths(graph, u, n_paths):
    """Number of paths of length 3 from u to every node v > u."""
    n_paths[:] = 0
    for k in range(graph[u], graph[u + 1]):
        a = graph[k]
        for l in range(graph[a], graph[a + 1]):  # noqa: E741
            if graph[l] != u:
                _count_beyond(graph, graph[l], u, n_paths)
                n_paths[a] -= a > u  # back to where the path came from


@njit(nogil=True, cache=True)
def _count_beyond(graph, node, least, counts):
    for k in range(graph[node + 1] - 1, graph[node] - 1, -1):
        if graph[k] <= least:
            break
        counts[graph[k]] += 1


@njit(nogil=True, cache=True, error_model="numpy")
def _score_row_by_nodes(graph, rule, marks, u, shared, row):
    for v in range(u + 1, row.size):
        if shared[v] > 0:
            _mark(graph, marks, _NEAR_V, v, 1)
            row[v] = _score_by_nodes(graph, rule, marks, u)
            _mark(graph, marks, _NEAR_V, v, 0)


@njit(nogil=True, cache=True, error_model="numpy")
def _score_row_by_paths(graph, rule, marks, roots, u, shared, n_paths, row):
    """Scores of the pairs of u, for as many nodes v at a time as the memory for lists of paths admits."""
    low = u + 1
    while low < row.size:
        high, total = low + 1, n_paths[low]
        while high < row.size and total + n_paths[high] <= _MOST_PATHS:
            total += n_paths[high]
            high += 1
        paths, end = np.empty((2, total), np.int32), np.zeros(high - low, np.int64)
        end[1:] = np.cumsum(n_paths[low : high - 1])
        _list_paths(graph, u, low, end, paths)
        for v in range(low, high):
            if n_paths[v] == 0:
                continue
            if shared[v] > 0:
                _mark(graph, marks, _NEAR_V, v, 1)
            row[v] = _score_by_paths(graph, rule, marks, roots, paths, end[v - low] - n_paths[v], end[v - low])
            if shared[v] > 0:
                _mark(graph, marks, _NEAR_V, v, 0)
        low = high


@njit(nogil=True, cache=True)
def _list_paths(graph, u, low, end, paths):
    """List the paths from u to the nodes v = low, low + 1, ...: those to v up to ``end[v - low]``, which is moved on."""
    for k in range(graph[u], graph[u + 1]):
        a = graph[k]
        for l in range(graph[a], graph[a + 1]):  # noqa: E741
            if graph[l] != u:
                _list_ends(graph, a, graph[l], low, end, paths)


@njit(nogil=True, cache=True)
def _list_ends(graph, a, b, low, end, paths):
    last = graph[b + 1]
    if graph[last - 1] >= low + end.size:
        last = graph[b] + np.searchsorted(graph[graph[b] : last], low + end.size)
    for k in range(last - 1, graph[b] - 1, -1):
        v = graph[k]
        if v < low:
            break
        if v != a:
            paths[0, end[v - low]], paths[1, end[v - low]] = a, b
            end[v - low] += 1
