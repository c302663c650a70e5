"""Cannistraci-Hebb link prediction: how strongly the paths of length 2 or 3 between two nodes call for a link.

Graphs are scored in the style of networkx (`cannistraci_hebb`), layers of a neural network as plain masks without building a
graph (`layer_scores`, `top_links`). The definitions, in words and as a few lines of networkx, are in
`bioworkbench.topology.prediction.definition`.
"""

import math
from collections.abc import Callable, Hashable, Iterable, Iterator
from functools import partial
from typing import Any

import networkx as nx
import numpy as np
from scipy import sparse

from bioworkbench.records.arrays import Floats, Integers
from bioworkbench.records.counted import counted
from bioworkbench.records.errors import TopologyError
from bioworkbench.topology.masks import checked_mask, mask_shape
from bioworkbench.topology.prediction.kernels import flat_graph, score_pairs, score_rows
from bioworkbench.topology.prediction.layer_links import layer_scores, score_stretches, top_links
from bioworkbench.topology.prediction.matrix_kernels import MOST_NODES, fill_matrix_rows, roots_of_nodes, shared_neighbors
from bioworkbench.topology.prediction.node_terms import checked_rule
from bioworkbench.topology.prediction.row_kernels import common_of_entries, fill_rows
from bioworkbench.topology.threads import for_stretches

__all__ = ["cannistraci_hebb", "ch3_l3", "layer_scores", "score_matrix", "scores_of_pairs", "simple_adjacency", "top_links"]

Pair = tuple[Hashable, Hashable]
ScoredPair = tuple[Hashable, Hashable, float]

_ROWS = 64  # of a graph, scored by one thread at a time
_SCORES = 2**22  # held at a time while pairs are yielded
_PAIRS = 4096  # scored by one thread at a time


def cannistraci_hebb(
    graph: nx.Graph,
    pairs: Iterable[Pair] | None = None,
    *,
    model: str = "CH3",
    length: int = 3,
    convention: str = "path",
    form: str = "path",
) -> Iterator[ScoredPair]:
    """Cannistraci-Hebb scores of pairs of nodes: the larger, the more likely a link.

    A pair (u, v) is scored by its paths u - z - v or u - a - b - v. The intermediate nodes of all its paths are its local
    community. Each of them has d links: one or two to u and v, di internal ones and de external ones, and adds a term:

    ==========  ========================================
    model       term of a node
    ==========  ========================================
    ``RA``      1 / d
    ``CH1``     di / d
    ``CH2``     (1 + di) / (1 + de)
    ``CH3``     1 / (1 + de)
    ``CH3.1a``  1 / (1 / (1 + di) + de)
    ``CH3.1b``  (1 + di) / (1 + de) ** (1 + de / (1 + de))
    ``iLCL``    di / (1 + di)
    ==========  ========================================

    Parameters
    ----------
    graph : networkx Graph or DiGraph
        Weights are ignored: the scores say who may be linked, not how strongly, and weighted variants of such local scores
        often predict worse (reference 4). In a directed graph every node is split into a source and a target, so that a path from u to
        v is ``u -> a <- b -> v``; with the link u -> v this is the bi-fan, the motif that predicts directed links best (reference 5).
    pairs : iterable of (u, v), optional
        All pairs without a link if not given (in a directed graph both directions, no self-links). A pair that is linked is
        scored as if it were not.
    model : str
        One of the table.
    length : 2 or 3
        Of the paths; 3 for directed graphs.
    convention : "path", "induced" or "neutral"
        Which links of a community node count as internal and which as external, for length 3. ``path``: internal are those on a
        path of (u, v), external all others. ``induced``: internal are all to community nodes. ``neutral``: internal as in
        ``path``, external as in ``induced``. The difference are links between two neighbors of u, or two of v; there are none
        in a bipartite or a directed graph.
    form : "path" or "node"
        Sum over the paths of the geometric mean of the terms of their nodes, or sum over the community's nodes.

    Returns
    -------
    iterator of (u, v, score)
        In the order of `pairs`, or of the graph's nodes. Never NaN; 0 for pairs without a path.

    Raises
    ------
    networkx.NetworkXNotImplemented
        For multigraphs, graphs with self-loops, and directed graphs with paths of length 2.
    networkx.NodeNotFound
        If a pair has a node that is not in the graph.
    networkx.NetworkXError
        If a pair is not two different nodes.
    TopologyError
        If a link's weight is NaN.
    ValueError
        If the model, length, convention or form is unknown.

    Examples
    --------
    The ends of a path of four nodes, and a neighbor's neighbor:

    >>> list(cannistraci_hebb(nx.path_graph(4), [(0, 3), (0, 2)]))
    [(0, 3, 1.0), (0, 2, 0.0)]
    >>> list(cannistraci_hebb(nx.path_graph(4), [(0, 2)], model="RA", length=2))
    [(0, 2, 0.5)]

    References
    ----------
    .. [1] A. Muscoloni, U. Michieli, C. V. Cannistraci (2020), https://doi.org/10.20944/preprints202012.0808.v1 (CH2, CH3)
    .. [2] Y. Zhang et al. (2025), https://arxiv.org/abs/2501.19107 (node form)
    .. [3] I. A. Kovács et al. (2019), https://doi.org/10.1038/s41467-019-09177-y (paths of length 3);
       S. Daminelli et al. (2015), https://doi.org/10.1088/1367-2630/17/11/113037 (bipartite networks);
       T. Zhou, L. Lü, Y.-C. Zhang (2009), https://doi.org/10.1140/epjb/e2009-00335-8 (RA)
    .. [4] L. Lü, T. Zhou (2010), https://doi.org/10.1209/0295-5075/89/18001
    .. [5] Q.-M. Zhang et al. (2013), https://doi.org/10.1371/journal.pone.0055437
    """
    rule = checked_rule(model, length, convention, form)
    adjacency = simple_adjacency(graph)
    if graph.is_directed() and length != 3:
        raise nx.NetworkXNotImplemented(
            f"length = {length} for a directed graph: sources and targets are joined by paths of odd length only; "
            "take length 3, or score graph.to_undirected()"
        )
    if pairs is None:
        stretches = score_stretches(adjacency, model=model, form=form) if graph.is_directed() else _row_stretches(adjacency, rule)
        return _missing(list(graph), adjacency, stretches, graph.is_directed())
    pairs = list(pairs)
    us, vs = _indices(graph, pairs)
    if graph.is_directed():
        adjacency, vs = _double_cover(adjacency), vs + len(graph)
    scores = scores_of_pairs(flat_graph(adjacency), rule, us, vs)
    return ((u, v, score) for (u, v), score in zip(pairs, scores.tolist(), strict=True))


def ch3_l3(graph: nx.Graph, pairs: Iterable[Pair] | None = None) -> Iterator[ScoredPair]:
    """CH3-L3 scores of pairs of nodes: `cannistraci_hebb` with its defaults, the score that regrows links in training.

    Every path u - a - b - v adds 1 / sqrt((1 + de_a) (1 + de_b)), with the numbers de of links that lead out of the community.

    Parameters
    ----------
    graph : networkx Graph or DiGraph
    pairs : iterable of (node, node), optional
        By default all that are not linked.

    Returns
    -------
    iterator of (node, node, score)

    Examples
    --------
    >>> list(ch3_l3(nx.cycle_graph(6), [(0, 3)]))
    [(0, 3, 2.0)]
    """
    return cannistraci_hebb(graph, pairs)


def scores_of_pairs(flat: Integers, rule: Integers, us: Integers, vs: Integers) -> Floats:
    """Cannistraci-Hebb scores of pairs of nodes, linked or not.

    Parameters
    ----------
    flat : int array
        From `kernels.flat_graph`.
    rule : int array (4,)
        From `node_terms.checked_rule`.
    us, vs : int array (n_pairs,)
        Ends of the pairs.

    Returns
    -------
    array (n_pairs,)
    """
    # sorted by u, as pairs of one node are scored together
    order = np.lexsort((vs, us))
    us, vs, sorted_scores = us[order], vs[order], np.empty(us.size)
    for_stretches(lambda low, high: score_pairs(flat, rule, us[low:high], vs[low:high], sorted_scores[low:high]), us.size, _PAIRS)
    scores = np.empty(us.size)
    scores[order] = sorted_scores
    return scores


def score_matrix(
    adjacency: Any,
    *,
    model: str = "CH3",
    length: int = 3,
    convention: str = "path",
    form: str = "path",
    links: bool = True,
) -> Floats:
    """Cannistraci-Hebb scores of every pair of nodes of an undirected graph; each link is scored as if it were absent.

    Parameters
    ----------
    adjacency : array or sparse array (n_nodes, n_nodes)
        Symmetric, with an empty diagonal; what is not zero is a link.
    model, length, convention, form
        As in `cannistraci_hebb`.
    links : bool
        Whether entries of existing links are needed; without, they may have any value, and are quicker to find.

    Returns
    -------
    array (n_nodes, n_nodes)
        Symmetric, 0 on the diagonal.

    Raises
    ------
    TopologyError
        If the adjacency matrix has NaN, is not square or not symmetric, or has self-links.
    ValueError
        If the model, length, convention or form is unknown.

    Examples
    --------
    >>> score_matrix(nx.to_numpy_array(nx.path_graph(4)))[0]
    array([0., 0., 0., 1.])
    """
    rule = checked_rule(model, length, convention, form)
    mask = checked_mask("adjacency", adjacency, recurrent=True)
    one_way = (mask != mask.T).nonzero()
    if one_way[0].size:
        u, v = one_way[0][0], one_way[1][0]
        raise TopologyError(
            f"adjacency has a link between {u} and {v} in one direction only; for directed graphs see layer_scores"
        )
    n = mask_shape(mask)[0]
    scores, flat = np.zeros((n, n)), flat_graph(mask)
    _row_scores(flat, rule)(scores, 0)
    if links and _by_sums(rule):
        us, vs = sparse.triu(mask, 1).nonzero()
        scores[us, vs] = scores_of_pairs(flat, rule, us.astype(np.int64), vs.astype(np.int64))
    for low in range(0, n, _ROWS):
        high = low + _ROWS
        scores[high:, low:high] = scores[low:high, high:].T
        scores[low:high, low:high] += np.triu(scores[low:high, low:high], 1).T
    return scores


def simple_adjacency(graph: nx.Graph) -> sparse.csr_array:
    """Which nodes of a graph without parallel links and self-links are linked.

    Parameters
    ----------
    graph : networkx graph

    Returns
    -------
    csr_array of bool (n_nodes, n_nodes)
        In the graph's node order.

    Raises
    ------
    networkx.NetworkXNotImplemented
        For multigraphs and graphs with self-loops.
    TopologyError
        If a link's weight is NaN.
    """
    if graph.is_multigraph():
        raise nx.NetworkXNotImplemented("links are scored in simple graphs and this is a multigraph; make it one with nx.Graph")
    loops = list(nx.selfloop_edges(graph))
    if loops:
        raise nx.NetworkXNotImplemented(
            f"the graph has {counted(len(loops), 'self-loop')}, the first at node {loops[0][0]!r}; "
            "remove them with graph.remove_edges_from(list(nx.selfloop_edges(graph)))"
        )
    for u, v, weight in graph.edges(data="weight"):
        if isinstance(weight, float) and math.isnan(weight):
            raise TopologyError(f"link ({u!r}, {v!r}) has the weight {weight}; it is not known whether it is a link")
    if not len(graph):
        return sparse.csr_array((0, 0), dtype=bool)
    return checked_mask("graph", nx.to_scipy_sparse_array(graph, weight=None, format="csr"))  # pyright: ignore[reportArgumentType]


def _indices(graph: nx.Graph, pairs: list[Pair]) -> tuple[Integers, Integers]:
    """Positions of the nodes of every pair in the graph's node order."""
    position = {node: k for k, node in enumerate(graph)}
    found = np.zeros((len(pairs), 2), dtype=np.int64)
    for k, pair in enumerate(pairs):
        if len(pair) != 2 or pair[0] == pair[1]:
            raise nx.NetworkXError(f"pair {pair!r}: links are scored between two different nodes")
        for side in (0, 1):
            if pair[side] not in position:
                raise nx.NodeNotFound(f"pair {pair!r}: node {pair[side]!r} is not in the graph")
            found[k, side] = position[pair[side]]
    return found[:, 0].copy(), found[:, 1].copy()


def _double_cover(adjacency: sparse.csr_array) -> sparse.csr_array:
    """Sources 0 .. n - 1 and targets n .. 2n - 1 as one undirected bipartite graph."""
    return checked_mask("double cover", sparse.block_array([[None, adjacency], [adjacency.T, None]]))


def _row_stretches(adjacency: sparse.csr_array, rule: Integers) -> Iterator[tuple[int, Floats]]:
    """First row and scores (n_rows, n_nodes) of absent links u < v, for as many rows at a time as memory admits."""
    n = mask_shape(adjacency)[0]
    score = _row_scores(flat_graph(adjacency), rule)
    step = max(_ROWS, _SCORES // max(1, n))
    for first in range(0, n, step):
        scores = np.zeros((min(step, n - first), n))
        score(scores, first)
        yield first, scores


def _by_sums(rule: Integers) -> bool:
    """Whether a rule is the one that the fast kernel, which does not list paths, knows: length 3, path convention and form."""
    return rule[1:].tolist() == checked_rule("CH3")[1:].tolist()


def _row_scores(flat: Integers, rule: Integers) -> Callable[[Floats, int], None]:
    """Function that fills rows (n_rows, n_nodes) from a given one on with the scores of pairs u < v."""
    if _by_sums(rule):
        common = common_of_entries(flat)
        fill = partial(fill_rows, flat, rule, common)
        if flat[0] - 1 <= MOST_NODES:
            tables = shared_neighbors(flat), roots_of_nodes(flat, rule)
            fill = partial(fill_matrix_rows, flat, flat.astype(np.uint32), rule, common, *tables)
    else:
        fill = partial(score_rows, flat, rule)
    return lambda scores, first: for_stretches(lambda low, high: fill(scores[low:high], first + low), scores.shape[0], _ROWS)


def _missing(
    nodes: list[Hashable], adjacency: sparse.csr_array, stretches: Iterator[tuple[int, Floats]], directed: bool
) -> Iterator[ScoredPair]:
    """The scored pairs that are not linked, row by row."""
    for first, scores in stretches:
        for k, row in enumerate(scores):
            u = first + k
            free = np.ones(row.size, dtype=bool)
            free[adjacency.indices[adjacency.indptr[u] : adjacency.indptr[u + 1]]] = False
            free[slice(u, u + 1) if directed else slice(0, u + 1)] = False
            targets = np.flatnonzero(free)
            yield from ((nodes[u], nodes[v], score) for v, score in zip(targets.tolist(), row[targets].tolist(), strict=True))
