"""Motifs: all triads of a graph and its connected subgraphs of four nodes, counted without listing them.

A triad is three nodes with the links among them. Connected pairs of a node give its open triads, triangles are listed and take
theirs away, and what is left of all triples has one linked pair or none. Subgraphs of four nodes follow in the same way from
degrees, common neighbors and cycles of four.
"""

from typing import Any

import numpy as np
from numba import njit

from bioworkbench.topology.measures.triangles import local_communities, triangles_of_nodes, upward
from bioworkbench.topology.simple_graph import SimpleGraph, graph_of_links, simple_graph

__all__ = ["TRIADS", "motifs_of_four", "triad_census"]

#: The 16 directed triads: numbers of mutual, single and null pairs, and U(p), D(own), C(ycle) or T(ransitive).
TRIADS: tuple[str, ...] = (
    "003",
    "012",
    "102",
    "021D",
    "021U",
    "021C",
    "111D",
    "111U",
    "030T",
    "030C",
    "201",
    "120D",
    "120U",
    "120C",
    "210",
    "300",
)
_OUT, _BACK, _BOTH = 1, 2, 3  # a pair (u, v): link from u, link from v, both


def triad_census(graph: Any) -> dict[str, int]:
    """Numbers of the 16 triads of a directed graph, or of the four of an undirected one by their numbers of links.

    Parameters
    ----------
    graph : networkx graph, matrix or SimpleGraph
        Weights are ignored.

    Returns
    -------
    dict
        By the names of Holland and Leinhardt, or "0", "1", "2", "3". All add up to the number of triples of nodes.

    References
    ----------
    P. W. Holland, S. Leinhardt (1970), https://doi.org/10.1086/224954; V. Batagelj, A. Mrvar (2001),
    https://doi.org/10.1016/S0378-8733(01)00035-1

    Examples
    --------
    >>> import networkx as nx
    >>> triad_census(nx.path_graph(4))
    {'0': 0, '1': 2, '2': 2, '3': 0}
    """
    own = simple_graph(graph)
    return own.once("triads", lambda: _census(own))


def motifs_of_four(graph: Any) -> dict[str, int]:
    """Numbers of the connected subgraphs of four nodes, with all links among them.

    Parameters
    ----------
    graph : networkx graph, matrix or SimpleGraph
        Directions and weights are ignored.

    Returns
    -------
    dict
        "star" and "path" (three links), "paw" (a triangle with one more node) and "cycle" (four), "diamond" (five), "clique" (six).

    References
    ----------
    N. K. Ahmed, J. Neville, R. A. Rossi, N. Duffield (2015), https://doi.org/10.1109/ICDM.2015.141 (counts from those of pairs);
    N. Chiba, T. Nishizeki (1985), https://doi.org/10.1137/0214017 (cycles)

    Examples
    --------
    >>> import networkx as nx
    >>> motifs_of_four(nx.cycle_graph(5))["path"]
    5
    """
    plain = simple_graph(graph).plain
    return plain.once("motifs of four", lambda: _of_four(plain))


def _of_four(plain: SimpleGraph) -> dict[str, int]:
    degrees, triangles = plain.degrees, triangles_of_nodes(plain)
    sources, targets, _ = plain.links()
    common, among = local_communities(plain)
    # how often each pattern occurs at all, with whatever other links among its nodes
    clique = int(among.sum()) // 6
    diamond = int((common * (common - 1) // 2).sum())
    cycle = _cycles_of_four(plain)
    paw = int((triangles * (degrees - 2)).sum())
    path = int(((degrees[sources] - 1) * (degrees[targets] - 1)).sum()) - int(triangles.sum())
    star = int((degrees * (degrees - 1) * (degrees - 2) // 6).sum())
    # from the most links down, what belongs to patterns with more links is taken off: a clique has 6 diamonds, 12 paws, ...
    diamond -= 6 * clique
    cycle -= diamond + 3 * clique
    paw -= 4 * diamond + 12 * clique
    path -= 2 * paw + 4 * cycle + 6 * diamond + 12 * clique
    star -= paw + 2 * diamond + 4 * clique
    return {"star": star, "path": path, "paw": paw, "cycle": cycle, "diamond": diamond, "clique": clique}


def _cycles_of_four(plain: SimpleGraph) -> int:
    # nodes in ascending order of degree: every cycle is met once, from its last node, and hubs cost little more than others
    rank = np.empty(plain.n_nodes, np.int64)
    rank[np.argsort(plain.degrees, kind="stable")] = np.arange(plain.n_nodes)
    sources, targets, _ = plain.links()
    ranked = graph_of_links(rank[sources], rank[targets], None, plain.n_nodes, directed=False)
    return int(_n_cycles(ranked.starts, ranked.neighbors))


@njit(cache=True, nogil=True)
def _n_cycles(starts, neighbors):
    """Pairs of walks u - a - v and u - b - v over nodes before u."""
    total = 0
    walks = np.zeros(starts.size - 1, np.int64)
    for u in range(starts.size - 1):
        last = starts[u] + np.searchsorted(neighbors[starts[u] : starts[u + 1]], u)
        for k in range(starts[u], last):
            a = neighbors[k]
            total += _walk_on(neighbors[starts[a] : starts[a + 1]], u, walks, 1)
        for k in range(starts[u], last):
            a = neighbors[k]
            _walk_on(neighbors[starts[a] : starts[a + 1]], u, walks, 0)
    return total


@njit(cache=True, nogil=True)
def _walk_on(ends, before, walks, step):
    """Count a walk to each of some ascending nodes (step 1), or forget all walks to them (0); returns the walks met before."""
    met = 0
    for v in ends:
        if v >= before:
            break
        # each earlier walk to the same node makes a cycle with this one
        met += walks[v]
        walks[v] = step * (walks[v] + 1)
    return met


def _census(own: SimpleGraph) -> dict[str, int]:
    n, plain = own.n_nodes, own.plain
    kinds = _pair_kinds(own)
    found: dict[str, int] = dict.fromkeys(TRIADS, 0)
    closed = _closed(*upward(plain), kinds, n)
    for code in np.flatnonzero(closed).tolist():
        triangle = _PAIRS[code]
        found[_name(triangle)] += int(closed[code])
        for center in _centers(triangle):  # three pairs of linked pairs that the nodes below count as open
            found[_OPEN[center]] -= int(closed[code])
    sources = np.repeat(np.arange(n), plain.degrees)
    out, back, both = (np.bincount(sources[kinds == kind], minlength=n) for kind in (_OUT, _BACK, _BOTH))
    for (one, other), number in {
        (_OUT, _OUT): out * (out - 1) // 2, (_BACK, _BACK): back * (back - 1) // 2, (_BOTH, _BOTH): both * (both - 1) // 2,
        (_OUT, _BACK): out * back, (_OUT, _BOTH): out * both, (_BACK, _BOTH): back * both,
    }.items():  # fmt: skip
        found[_OPEN[one, other]] += int(number.sum())
    # every linked pair is in n - 2 triads, and those with a second linked pair are known
    mutual = int(both.sum()) // 2
    single = plain.n_links - mutual
    # triads with one linked pair are what is left of pair times third node, once those in triads with more links are taken off
    found["012"], found["102"] = (
        number * (n - 2) - sum(int(name[place]) * many for name, many in found.items())
        for number, place in ((single, 1), (mutual, 0))
    )
    found["003"] = n * (n - 1) * (n - 2) // 6 - sum(found.values())
    if own.directed:
        return found
    return {"0": found["003"], "1": found["102"], "2": found["201"], "3": found["300"]}


#: The triad of two linked pairs with a node in common, by their kinds as that node sees them.
_OPEN = {
    (_OUT, _OUT): "021D", (_BACK, _BACK): "021U", (_OUT, _BACK): "021C",
    (_OUT, _BOTH): "111U", (_BACK, _BOTH): "111D", (_BOTH, _BOTH): "201",
}  # fmt: skip
_PAIRS = [(code // 16, code // 4 % 4, code % 4) for code in range(64)]  # kinds of (u, v), (u, w), (v, w)
_TURNED = {_OUT: _BACK, _BACK: _OUT, _BOTH: _BOTH}


def _centers(triangle: tuple[int, int, int]) -> list[tuple[int, int]]:
    """Kinds of the two pairs of u, of v and of w, the smaller first."""
    uv, uw, vw = triangle
    seen = ((uv, uw), (_TURNED[uv], vw), (_TURNED[uw], _TURNED[vw]))
    return [(min(pair), max(pair)) for pair in seen]


def _name(triangle: tuple[int, int, int]) -> str:
    """Triad of three linked pairs."""
    mutual = triangle.count(_BOTH)
    centers = _centers(triangle)
    if mutual == 0:
        return "030T" if (_OUT, _OUT) in centers else "030C"
    if mutual == 1:
        return "120D" if (_OUT, _OUT) in centers else "120U" if (_BACK, _BACK) in centers else "120C"
    return "210" if mutual == 2 else "300"


def _pair_kinds(own: SimpleGraph) -> np.ndarray:
    """Kind (n_entries,) of every entry of the plain graph."""
    plain = own.plain
    if not own.directed:
        return np.full(plain.neighbors.size, _BOTH, np.int8)
    return _kinds(plain.starts, plain.neighbors, own.starts, own.neighbors)


@njit(cache=True, nogil=True)
def _kinds(starts, neighbors, out_starts, targets):
    """1 for a link from u to v, 2 from v to u, 3 for both."""
    kinds = np.zeros(neighbors.size, np.int8)
    for u in range(starts.size - 1):
        l = out_starts[u]  # noqa: E741
        for k in range(starts[u], starts[u + 1]):
            v = neighbors[k]
            # both lists ascend, so links forth are found by going along; links back by bisection in the list of v
            while l < out_starts[u + 1] and targets[l] < v:
                l += 1  # noqa: E741
            forth = l < out_starts[u + 1] and targets[l] == v
            there = np.searchsorted(targets[out_starts[v] : out_starts[v + 1]], u) + out_starts[v]
            back = there < out_starts[v + 1] and targets[there] == u
            kinds[k] = forth + 2 * back
    return kinds


@njit(cache=True, nogil=True)
def _closed(starts, ends, places, kinds, n):
    """Number of triangles of each of the 64 codes of `_PAIRS`."""
    found, mark, seen = np.zeros(64, np.int64), np.full(n, -1, np.int32), np.zeros(n, np.int8)
    for u in range(n):
        for k in range(starts[u], starts[u + 1]):
            mark[ends[k]], seen[ends[k]] = u, kinds[places[k]]
        for k in range(starts[u], starts[u + 1]):
            v = ends[k]
            _close(found, 16 * seen[v], (u, starts[v], starts[v + 1]), (ends, places, kinds), mark, seen)
    return found


@njit(cache=True, nogil=True)
def _close(found, code, of, links, mark, seen):
    """Count the triangles of u and one of its neighbors, whose links are number `low` to `high - 1`."""
    (u, low, high), (ends, places, kinds) = of, links
    for l in range(low, high):  # noqa: E741
        if mark[ends[l]] == u:
            found[code + 4 * seen[ends[l]] + kinds[places[l]]] += 1
