"""Best absent links of a graph of any size, compiled: the scores of one node's pairs at a time, and never all pairs.

For paths of length 3 (path convention and path form) the score of a pair (u, v) without a link is the sum over u's neighbors a of
root(a; v) times the sum over the b that a and v share of root(b; u), where root is the square root of a node's term. A node that is
adjacent to u alone has as many internal links as it shares neighbors with v: so the factor of b is known once u is, and that of a
when its walks a - b - v have been counted, which are the same walks that the inner sum is over. Two additions per walk are all that is
left. Nodes adjacent to both u and v have a factor of their own; one pass over the triangles of u finds it for each of them and v.

Arrays that the functions share are those of `kernels`: ``graph`` (flat) and ``rule``.
"""

from collections.abc import Callable

import numpy as np
from numba import njit

from bioworkbench.records.arrays import Floats, Integers
from bioworkbench.topology.prediction.kernels import mark_neighbors, score_by_nodes
from bioworkbench.topology.prediction.node_terms import node_term
from bioworkbench.topology.prediction.running_best import to_12_digits

__all__ = ["best_pairs", "common_of_entries", "fill_rows", "find_factors", "neighbor_rows", "path_rows", "root_of_term"]

_STRETCH = 256  # rows scored between two looks at the best

Rows = Callable[[int, int, float], tuple[Integers, Integers, Floats]]


def best_pairs(rows: Rows, n_rows: int, k: int) -> tuple[Integers, Integers, Floats]:
    """The `k` pairs with the largest positive scores, largest first; equal ones (to 12 digits) in the order of the nodes.

    Parameters
    ----------
    rows : callable (first row, last row, least score) -> (us, vs, scores)
        Scores of the pairs of some rows that are at least so large.
    n_rows : int
        Rows in all.
    k : int

    Returns
    -------
    us, vs : int array (k,) or shorter
    scores : array (k,) or shorter
    """
    us, vs, scores = np.zeros(0, np.int64), np.zeros(0, np.int64), np.zeros(0)
    least = np.finfo(float).tiny
    for first in range(0, n_rows, _STRETCH):
        more_us, more_vs, more_scores = rows(first, min(first + _STRETCH, n_rows), least)
        us, vs = np.concatenate([us, more_us]), np.concatenate([vs, more_vs])
        scores = np.concatenate([scores, more_scores])
        if scores.size > 2 * k or first + _STRETCH >= n_rows:
            # sorting is put off until twice as many are held; from then on rows leave out what cannot be among the best
            order = np.lexsort((vs, us, -to_12_digits(scores)))[:k]
            us, vs, scores = us[order], vs[order], scores[order]
            if scores.size == k:
                least = scores[-1] * (1 - 1e-11)  # a little less, so that scores that are equal to 12 digits are still seen
    return us, vs, scores


@njit(nogil=True, cache=True)
def common_of_entries(graph: np.ndarray) -> np.ndarray:
    """Number of common neighbors of the two ends of every entry of `graph`, at the entry's place."""
    n = graph[0] - 1
    common, mark = np.zeros(graph.size, np.int64), np.full(n, -1)
    for u in range(n):
        for k in range(graph[u], graph[u + 1]):
            # marks need not be cleared: the next u is another mark
            mark[graph[k]] = u
        for k in range(graph[u], graph[u + 1]):
            common[k] = _n_marked(graph, graph[k], mark, u)
    return common


@njit(nogil=True, cache=True)
def _n_marked(graph, z, mark, value):
    n = 0
    for k in range(graph[z], graph[z + 1]):
        n += mark[graph[k]] == value
    return n


@njit(nogil=True, cache=True, error_model="numpy")
def path_rows(
    graph: np.ndarray, rule: np.ndarray, common: np.ndarray, first: int, last: int, least: float
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Pairs u < v of rows `first` to `last` - 1 without a link, and their scores, where these are at least `least`.

    Parameters
    ----------
    graph, rule
        See the module. Paths of length 3 in the path convention and form, or of length 2.
    common : int array
        From `common_of_entries`; for length 2 it is not read.
    first, last : int
        Rows `first` to `last` - 1 are scored.
    least : float
        Smaller scores are left out.

    Returns
    -------
    us, vs : int array (n_found,)
    scores : float array (n_found,)
    """
    n = graph[0] - 1
    found = (np.empty(1024, np.int64), np.empty(1024, np.int64), np.empty(1024))
    size = 0
    floats, counts, marks = np.zeros((4, n)), np.zeros((6, n + 1), np.int64), np.zeros((5, n), np.int64)
    factors = np.zeros(graph.size)
    for u in range(first, last):
        if rule[3] == 2:
            n_touched = _row_of_two(graph, rule, marks, u, floats, counts)
        else:
            n_touched = _row_of_three(graph, rule, common, u, floats, counts, factors)
        found, size = _collect(graph, u, least, n_touched, floats[3], counts, found, size)
    return found[0][:size].copy(), found[1][:size].copy(), found[2][:size].copy()


@njit(nogil=True, cache=True, error_model="numpy")
def fill_rows(graph: np.ndarray, rule: np.ndarray, common: np.ndarray, scores: np.ndarray, first: int) -> None:
    """Write the scores of the pairs u < v without a link of some nodes u; entries of links are not right.

    Parameters
    ----------
    graph, rule, common
        As in `path_rows`, for paths of length 3.
    scores : float array (n_rows, n)
        Filled: ``scores[u - first, v]``; of zeros before.
    first : int
        Node of the first row.
    """
    n = graph[0] - 1
    floats, counts, factors = np.zeros((4, n)), np.zeros((6, n + 1), np.int64), np.zeros(graph.size)
    for u in range(first, first + scores.shape[0]):
        for k in range(_row_of_three(graph, rule, common, u, floats, counts, factors)):
            v = counts[_ENDS, k]
            # terms may be 0, and what is left then is the mark alone
            scores[u - first, v] = floats[_SCORE, v] if floats[_SCORE, v] > _TINY * graph.size else 0.0
            floats[_SCORE, v] = 0.0


_NEAR_U, _SHARED, _WALKS, _TRIPLES, _LIST, _ENDS = range(6)  # rows of counts
_ROOT, _SUM, _FACTOR, _SCORE = range(4)  # rows of floats
_TINY = 1e-300  # added to a score, so that 0 says that a pair has not been met


@njit(nogil=True, cache=True, error_model="numpy")
def _collect(graph, u, least, n_touched, scores, counts, found, size):
    """Append the large scores of a row's absent links to what was found; all scores become 0 again."""
    us, vs, values = found
    # room for the whole row at once, as in `kernels`
    while size + n_touched > us.size:
        us, vs, values = np.append(us, us), np.append(vs, vs), np.append(values, values)
    mark_neighbors(graph, counts, _NEAR_U, u, 1)
    for k in range(n_touched):
        v = counts[_ENDS, k]
        if scores[v] >= least and not counts[_NEAR_U, v]:
            us[size], vs[size], values[size] = u, v, scores[v]
            size += 1
        # what is left out is cleared too: the next row begins with zeros
        scores[v] = 0.0
    mark_neighbors(graph, counts, _NEAR_U, u, 0)
    return (us, vs, values), size


@njit(nogil=True, cache=True, error_model="numpy")
def root_of_term(model: int, degree: int, inside: int, n_seeds: int) -> float:
    """Square root of the term of a node on a path.

    Parameters
    ----------
    model : int
        Position in ``MODELS``.
    degree, inside : int
        Links of the node, and how many of them are internal.
    n_seeds : int
        How many of them lead to u and v.

    Returns
    -------
    float
    """
    return np.sqrt(node_term(model, degree, inside, degree - n_seeds - inside))


@njit(nogil=True, cache=True, error_model="numpy")
def _row_of_three(graph, rule, common, u, floats, counts, factors):
    """Scores of u with every v > u, in floats[_SCORE]; lists these v in counts[_ENDS] and returns how many there are.

    Those of existing links are not right: they would have to be scored without the link.
    """
    # 1. nodes two links away: each as the b of a path, with the number of neighbors that it shares with u as internal links
    mark_neighbors(graph, counts, _NEAR_U, u, 1)
    n_second = _share(graph, u, counts)
    for k in range(n_second):
        b = counts[_LIST, k]
        floats[_ROOT, b] = root_of_term(rule[0], graph[b + 1] - graph[b], counts[_SHARED, b], 1)
    # 2. neighbors of u as nodes that are adjacent to v too, for every v next to them
    for k in range(graph[u], graph[u + 1]):
        find_factors(graph, rule, common, u, k, counts[_NEAR_U], counts[_TRIPLES], factors)
    # the list of second neighbors is lost in step 3, which uses the same row for what each walk reaches
    for k in range(n_second):
        counts[_SHARED, counts[_LIST, k]] = 0
    # 3. the walks u - a - b - v, neighbor a after neighbor
    n_touched = 0
    for k in range(graph[u], graph[u + 1]):
        n_touched = _walk(graph, rule, u, graph[k], floats, counts, factors, n_touched)
    mark_neighbors(graph, counts, _NEAR_U, u, 0)
    return n_touched


@njit(nogil=True, cache=True)
def _share(graph, u, counts):
    """Count the neighbors that u shares with every other node; lists these nodes, returns how many there are."""
    n = 0
    for k in range(graph[u], graph[u + 1]):
        a = graph[k]
        for l in range(graph[a], graph[a + 1]):  # noqa: E741
            b = graph[l]
            counts[_LIST, n] = b  # is overwritten unless it is new
            n += (counts[_SHARED, b] == 0) & (b != u)
            counts[_SHARED, b] += b != u
    return n


@njit(nogil=True, cache=True, error_model="numpy")
def find_factors(
    graph: np.ndarray,
    rule: np.ndarray,
    common: np.ndarray,
    u: int,
    place: int,
    near: np.ndarray,
    triples: np.ndarray,
    factors: np.ndarray,
) -> None:
    """The factor of a neighbor a of u for every pair (u, v) with v one of its neighbors too, at the entry of v in the list of a.

    Parameters
    ----------
    graph, rule, common
        See the module and `common_of_entries`.
    u : int
    place : int
        Of a in `graph`, among the neighbors of u.
    near : int array (n,)
        1 for the neighbors of u.
    triples : int array (n,)
        Scratch, 0 before and after.
    factors : float array
        Of the size of `graph`. Entries of v < u, and of v that no path over a leads to, are left as they are.
    """
    a, shared = graph[place], common[place]
    if shared:
        _count_triples(graph, a, near, triples, 1)
    # links of a to neighbors of u and of v; those to nodes adjacent to both are in either number and count once
    degree = graph[a + 1] - graph[a]
    for k in range(graph[a], graph[a + 1]):
        # without a shared neighbor on either side no path leads over a to this v, and the entry is never read
        if graph[k] > u and (shared or common[k]):
            inside = common[k] + shared - triples[graph[k]]
            factors[k] = root_of_term(rule[0], degree, inside, 2)  # pyright: ignore[reportArgumentType]
    if shared:
        _count_triples(graph, a, near, triples, 0)


@njit(nogil=True, cache=True)
def _count_triples(graph, a, near, triples, value):
    """For every node, the number of nodes that it, a and u are all adjacent to; with `value` 0 these numbers are cleared."""
    for k in range(graph[a], graph[a + 1]):
        if near[graph[k]]:  # a triangle of u and a
            for l in range(graph[graph[k]], graph[graph[k] + 1]):  # noqa: E741
                triples[graph[l]] = (triples[graph[l]] + 1) * value


@njit(nogil=True, cache=True, error_model="numpy")
def _walk(graph, rule, u, a, floats, counts, factors, n_touched):
    """Add what the paths over `a` give to the scores of u."""
    sums, scores, own = floats[_SUM], floats[_SCORE], floats[_FACTOR]
    walks, reached, ends = counts[_WALKS], counts[_LIST], counts[_ENDS]
    n = 0
    for k in range(graph[a], graph[a + 1]):
        b = graph[k]
        near, root = counts[_NEAR_U, b], floats[_ROOT, b]
        for l in range(graph[b + 1] - 1, graph[b] - 1, -1):  # noqa: E741
            v = graph[l]
            if v <= u or b == u:
                break
            reached[n] = v  # is overwritten if it was listed before: a branch here would be mispredicted half of the time
            n += walks[v] == 0
            walks[v] += 1
            sums[v] += factors[l] if near else root
    # every v that was reached knows its number of walks now, which is the number of internal links of a for this v
    for k in range(graph[a], graph[a + 1]):
        own[graph[k]] = factors[k]
    degree = graph[a + 1] - graph[a]
    for k in range(n):
        v = reached[k]
        # a v that is linked to a has a factor of its own; elsewhere that of the number of walks, now known
        if v != a:
            factor = own[v] if own[v] > 0 else root_of_term(rule[0], degree, walks[v], 1)
            ends[n_touched] = v  # counts only if v had no score yet
            n_touched += scores[v] == 0.0
            scores[v] += sums[v] * factor + _TINY
        # taken back one by one: only what this a reached was set
        walks[v] = 0
        sums[v] = 0.0
    for k in range(graph[a], graph[a + 1]):
        own[graph[k]] = 0.0
    return n_touched


@njit(nogil=True, cache=True, error_model="numpy")
def _row_of_two(graph, rule, marks, u, floats, counts):
    """The same as `_row_of_three` for paths of length 2."""
    n_second = _share(graph, u, counts)
    n_touched = 0
    mark_neighbors(graph, marks, 0, u, 1)
    for k in range(n_second):
        v = counts[_LIST, k]
        counts[_SHARED, v] = 0
        if v > u and not marks[0, v]:
            mark_neighbors(graph, marks, 1, v, 1)
            floats[_SCORE, v] = score_by_nodes(graph, rule, marks, u)
            mark_neighbors(graph, marks, 1, v, 0)
            counts[_ENDS, n_touched] = v
            n_touched += 1
    mark_neighbors(graph, marks, 0, u, 0)
    return n_touched


@njit(nogil=True, cache=True, error_model="numpy")
def neighbor_rows(
    graph: np.ndarray, values: np.ndarray, union: bool, first: int, last: int, least: float
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Sums over the common neighbors z of pairs u < v without a link of values[z], where these are at least `least`.

    Parameters
    ----------
    graph : int array
        See the module.
    values : array (n,)
        What each common neighbor adds.
    union : bool
        Whether a sum is divided by the number of nodes adjacent to u or to v.
    first, last : int
        Rows `first` to `last` - 1 are scored.
    least : float
        Smaller sums are left out.

    Returns
    -------
    us, vs : int array (n_found,)
    sums : float array (n_found,)
    """
    n = graph[0] - 1
    found = (np.empty(1024, np.int64), np.empty(1024, np.int64), np.empty(1024))
    size = 0
    scores, counts = np.zeros(n), np.zeros((6, n + 1), np.int64)
    for u in range(first, last):
        for k in range(graph[u], graph[u + 1]):
            for l in range(graph[graph[k]], graph[graph[k] + 1]):  # noqa: E741
                scores[graph[l]] += values[graph[k]]
        n_touched = 0
        n_second = _share(graph, u, counts)
        scores[u] = 0.0
        for k in range(n_second):
            v = counts[_LIST, k]
            # |N(u) or N(v)| = |N(u)| + |N(v)| - |N(u) and N(v)|
            if union:
                degrees = graph[u + 1] - graph[u] + graph[v + 1] - graph[v]
                scores[v] /= degrees - counts[_SHARED, v]
            counts[_SHARED, v] = 0
            counts[_ENDS, n_touched] = v
            n_touched += v > u
            scores[v] *= v > u
        found, size = _collect(graph, u, least, n_touched, scores, counts, found, size)
    return found[0][:size].copy(), found[1][:size].copy(), found[2][:size].copy()
