"""Cannistraci-Hebb scores of pairs of nodes in any undirected graph, compiled.

A pair's paths are listed, its local community is read off them, and the score is summed. `score_rows` treats all pairs of one
node u together: one walk through the surroundings of u counts the paths to every other node, a second one lists them by their
end, so that nothing is done for pairs that no path connects. `score_pairs` is for chosen pairs: those of the same u share one walk.

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

from bioworkbench.topology.prediction.definition import CONVENTIONS, FORMS
from bioworkbench.topology.prediction.node_terms import node_term

__all__ = ["flat_graph", "mark_neighbors", "score_by_nodes", "score_pairs", "score_rows"]

# error_model="numpy" on what follows: Python's own would test every division for zero, in the innermost loops
_PATH, _INDUCED = CONVENTIONS.index("path"), CONVENTIONS.index("induced")
_NODE_FORM = FORMS.index("node")
_NEAR_U, _NEAR_V, _MEMBER, _ON_PATH, _LIST = range(5)
_MOST_PATHS = 2**22  # listed at a time, except for a single pair
_GROUP = 64  # pairs of one node whose paths are found in one walk: bits of a word


def flat_graph(adjacency: sparse.csr_array) -> np.ndarray:
    """Adjacency lists in one array, the first entries of which say where the neighbors of each node begin.

    Parameters
    ----------
    adjacency : csr_array (n, n)
        Symmetric; indices ascending.

    Returns
    -------
    int64 array (n + 1 + 2 * n_links,)

    Examples
    --------
    >>> flat_graph(sparse.csr_array([[0, 1], [1, 0]]))
    array([3, 4, 5, 1, 0])
    """
    return np.concatenate([adjacency.indptr + adjacency.indptr.size, adjacency.indices]).astype(np.int64)


@njit(nogil=True, cache=True, error_model="numpy")
def score_pairs(graph: np.ndarray, rule: np.ndarray, us: np.ndarray, vs: np.ndarray, scores: np.ndarray) -> None:
    """Write the scores of pairs of nodes; pairs of the same u that follow each other cost little more than one.

    Parameters
    ----------
    graph, rule
        See the module.
    us, vs : int array (n_pairs,)
        Ends of the pairs.
    scores : float array (n_pairs,)
        Filled.
    """
    n = graph[0] - 1
    marks, roots, near = np.zeros((5, n), np.int64), np.zeros(n), np.zeros(n, np.uint64)
    low = 0
    while low < us.size:
        u, high = us[low], low + 1
        while high < min(us.size, low + _GROUP) and us[high] == u:
            high += 1
        # marks are set and taken back around every pair: to clear whole rows would cost as much as the graph is large
        mark_neighbors(graph, marks, _NEAR_U, u, 1)
        if rule[3] == 2:
            for k in range(low, high):
                mark_neighbors(graph, marks, _NEAR_V, vs[k], 1)
                scores[k] = score_by_nodes(graph, rule, marks, u)
                mark_neighbors(graph, marks, _NEAR_V, vs[k], 0)
        else:
            _score_group(graph, rule, marks, roots, near, u, vs[low:high], scores[low:high])
        mark_neighbors(graph, marks, _NEAR_U, u, 0)
        low = high


@njit(nogil=True, cache=True, error_model="numpy")
def _score_group(graph, rule, marks, roots, near, u, vs, scores):
    """Scores of u with at most 64 nodes v by paths of length 3; `near` is 0 before and after."""
    # bit i of a node's word: it is adjacent to the i-th v. One walk then meets the paths to all of them
    for i in range(vs.size):
        for k in range(graph[vs[i]], graph[vs[i] + 1]):
            near[graph[k]] |= np.uint64(1) << np.uint64(i)
    near[u] = 0  # no path comes back to u
    steps, words = _walks(graph, near, u)
    # no pair has more paths than there are walks to all of them
    paths = np.empty_like(steps)
    for i in range(vs.size):
        n_paths = 0
        for k in range(words.size):
            if (words[k] >> np.uint64(i)) & np.uint64(1) and steps[0, k] != vs[i]:
                paths[0, n_paths], paths[1, n_paths] = steps[0, k], steps[1, k]
                n_paths += 1
        mark_neighbors(graph, marks, _NEAR_V, vs[i], 1)
        scores[i] = _score_by_paths(graph, rule, marks, roots, paths, 0, n_paths)
        mark_neighbors(graph, marks, _NEAR_V, vs[i], 0)
    # only what was set is cleared: the array is as long as the graph is large
    for v in vs:
        for k in range(graph[v], graph[v + 1]):
            near[graph[k]] = 0


@njit(nogil=True, cache=True)
def _walks(graph, near, u):
    """The walks u - a - b to nodes b with a word: their two nodes (2, n_walks) and their words."""
    steps, words = np.empty((2, 256), np.int32), np.empty(256, np.uint64)
    n = 0
    for k in range(graph[u], graph[u + 1]):
        a = graph[k]
        # room for all walks over a, so that the inner loop need not ask
        while n + graph[a + 1] - graph[a] > words.size:
            steps, words = np.concatenate((steps, steps), axis=1), np.append(words, words)
        for l in range(graph[a], graph[a + 1]):  # noqa: E741
            word = near[graph[l]]
            if word:
                steps[0, n], steps[1, n], words[n] = a, graph[l], word
                n += 1
    return steps[:, :n], words[:n]


@njit(nogil=True, cache=True, error_model="numpy")
def score_rows(graph: np.ndarray, rule: np.ndarray, scores: np.ndarray, first: int) -> None:
    """Write the scores of all pairs u < v of some nodes u.

    Parameters
    ----------
    graph, rule
        See the module.
    scores : float array (n_rows, n)
        Filled: ``scores[u - first, v]``.
    first : int
        Node of the first row.
    """
    n = graph[0] - 1
    marks, roots = np.zeros((5, n), np.int64), np.zeros(n)
    shared, n_paths = np.zeros(n, np.int64), np.zeros(n, np.int64)
    for u in range(first, first + scores.shape[0]):
        _count_shared(graph, u, shared)
        mark_neighbors(graph, marks, _NEAR_U, u, 1)
        if rule[3] == 2:
            _score_row_by_nodes(graph, rule, marks, u, shared, scores[u - first])
        else:
            _count_paths(graph, u, n_paths)
            _score_row_by_paths(graph, rule, marks, roots, u, shared, n_paths, scores[u - first])
        mark_neighbors(graph, marks, _NEAR_U, u, 0)


@njit(nogil=True, cache=True)
def mark_neighbors(graph: np.ndarray, marks: np.ndarray, kind: int, node: int, value: int) -> None:
    """Write `value` into row `kind` of `marks` at all neighbors of `node` in `graph`."""
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
    # links to u or to v are neither internal nor external; every node of a path of length 3 has one, whether marks say so or not
    degree = graph[z + 1] - graph[z]
    others = degree - max(1, marks[_NEAR_U, z] + marks[_NEAR_V, z])
    # path convention: what lies on no path is external, internal or not
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
    # the square root of every node's term is computed once, however many paths lead through the node
    n = _community(marks, paths, low, high)
    score = 0.0
    for k in range(n):
        z = marks[_LIST, k]
        term = _term(graph, rule, marks, z)
        roots[z] = np.sqrt(term)
        score += term
    # in the path form a path counts the geometric mean of its two nodes' terms
    if rule[2] != _NODE_FORM:
        score = 0.0
        for k in range(low, high):
            score += roots[paths[0, k]] * roots[paths[1, k]]
    # terms, and links on paths, are set anew for each member; membership alone has to be taken back
    for k in range(n):
        marks[_MEMBER, marks[_LIST, k]] = 0
    return score


@njit(nogil=True, cache=True, error_model="numpy")
def score_by_nodes(graph: np.ndarray, rule: np.ndarray, marks: np.ndarray, u: int) -> float:
    """Score of a pair of u by its paths of length 2.

    Parameters
    ----------
    graph, rule, marks
        See the module; the neighbors of v are marked.
    u : int
        The other node of the pair.

    Returns
    -------
    float
    """
    n = 0
    for k in range(graph[u], graph[u + 1]):
        if marks[_NEAR_V, graph[k]]:
            n = _include(marks, graph[k], n)
    score = 0.0
    for k in range(n):
        z: int = marks[_LIST, k]
        degree, inside = graph[z + 1] - graph[z], _members_linked_to(graph, marks, z)
        score += node_term(rule[0], degree, inside, degree - 2 - inside)
    for k in range(n):
        marks[_MEMBER, marks[_LIST, k]] = 0
    return score


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
    # neighbors ascend: from the last one down, the loop ends where pairs would be met a second time
    for k in range(graph[node + 1] - 1, graph[node] - 1, -1):
        if graph[k] <= least:
            break
        counts[graph[k]] += 1


@njit(nogil=True, cache=True, error_model="numpy")
def _score_row_by_nodes(graph, rule, marks, u, shared, row):
    for v in range(u + 1, row.size):
        if shared[v] > 0:
            mark_neighbors(graph, marks, _NEAR_V, v, 1)
            row[v] = score_by_nodes(graph, rule, marks, u)
            mark_neighbors(graph, marks, _NEAR_V, v, 0)


@njit(nogil=True, cache=True, error_model="numpy")
def _score_row_by_paths(graph, rule, marks, roots, u, shared, n_paths, row):
    """Scores of the pairs of u, for as many nodes v at a time as the memory for lists of paths admits."""
    low = u + 1
    while low < row.size:
        # the paths to these nodes fit into one list, sorted by their end like the buckets of a counting sort
        # a node with more paths than the limit has a list to itself
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
            # marks of v only matter for nodes adjacent to both, which are most often missing
            if shared[v] > 0:
                mark_neighbors(graph, marks, _NEAR_V, v, 1)
            row[v] = _score_by_paths(graph, rule, marks, roots, paths, end[v - low] - n_paths[v], end[v - low])
            if shared[v] > 0:
                mark_neighbors(graph, marks, _NEAR_V, v, 0)
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
    # neighbors ascend: a search leaves out those beyond this list, and the loop stops at those before it
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
