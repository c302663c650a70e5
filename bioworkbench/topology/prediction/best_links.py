"""The best absent links of a graph as a table, and scores of given pairs; compiled scores never make all pairs."""

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import pandas as pd
from scipy import sparse

from bioworkbench.records.arrays import Floats, Integers, count
from bioworkbench.records.errors import TopologyError, unknown_name
from bioworkbench.topology.prediction.all_pairs import SCORES, scores_of_all_pairs
from bioworkbench.topology.prediction.kernels import flat_graph
from bioworkbench.topology.prediction.link_prediction import scores_of_pairs
from bioworkbench.topology.prediction.node_terms import checked_rule
from bioworkbench.topology.prediction.row_kernels import best_pairs, common_of_entries, neighbor_rows, path_rows
from bioworkbench.topology.prediction.running_best import to_12_digits
from bioworkbench.topology.simple_graph import SimpleGraph, linked, simple_graph

__all__ = ["best_links", "scores_of_links"]

_PATHS = {"ch2_l2": ("CH2", 2), "ch3_l2": ("CH3", 2), "ch2_l3": ("CH2", 3), "ch3_l3": ("CH3", 3), "ra_l3": ("RA", 3)}
_NEIGHBORS: dict[str, Callable[[Floats], Floats]] = {
    "common_neighbors": np.ones_like,
    "jaccard": np.ones_like,
    "resource_allocation": lambda degrees: 1 / degrees,
    "adamic_adar": lambda degrees: 1 / np.log(np.maximum(degrees, 2)),
}

Found = tuple[Integers, Integers, Floats]


def best_links(graph: Any, rng: np.random.Generator, *, by: str | Callable = "ch3_l3", k: int = 20) -> pd.DataFrame:
    """The absent links with the largest positive scores.

    Cannistraci-Hebb scores and the classics of common neighbors look at the surroundings of one node at a time: memory grows with the
    graph, not with its pairs.

    Parameters
    ----------
    graph : networkx graph, matrix or SimpleGraph
        In a directed graph both directions of a pair are scored apart.
    rng : Generator
        For random scores and predictors of one's own.
    by : str, or callable (graph, pairs, rng) -> scores (n_pairs,)
        One of `SCORES`, or a function of a networkx graph and a list of pairs of its nodes.
    k : int
        How many at most.

    Returns
    -------
    DataFrame
        ``source``, ``target`` and ``score``, best first; equal scores (to 12 digits) in the order of the nodes. Fewer than `k` rows if
        fewer scores are above 0.

    Raises
    ------
    TopologyError
        If the score is unknown, for graphs of another kind, or needs all pairs of more than 5000 nodes.

    Examples
    --------
    >>> import networkx as nx
    >>> best_links(nx.path_graph(4), np.random.default_rng(1)).values.tolist()
    [[0, 3, 1.0]]
    """
    own, k = simple_graph(graph), count("k", k)
    us, vs, scores = _best(own, by, k, rng)
    sources, targets = ([own.nodes[node] for node in ends.tolist()] for ends in (us, vs))
    return pd.DataFrame({"source": pd.Series(sources, dtype=object), "target": pd.Series(targets, dtype=object), "score": scores})


def scores_of_links(graph: Any, sources: Any, targets: Any, *, by: str = "ch3_l3") -> Floats:
    """Cannistraci-Hebb scores of given pairs in a graph of any size; a link between them is left out of account.

    Parameters
    ----------
    graph : networkx graph, matrix or SimpleGraph
    sources, targets : int array (n_pairs,)
        Positions of the nodes in the order of the graph; in a directed graph, from source to target.
    by : str
        "ch3_l3", "ch2_l3" or "ra_l3", in an undirected graph also "ch2_l2" or "ch3_l2".

    Returns
    -------
    array (n_pairs,)

    Raises
    ------
    TopologyError
        If the score is another one or for graphs of another kind, or a pair is not two different nodes of the graph.

    Examples
    --------
    >>> import networkx as nx
    >>> scores_of_links(nx.path_graph(4), [0, 0], [3, 2])
    array([1., 0.])
    """
    own = simple_graph(graph)
    if by not in _PATHS:
        raise TopologyError(unknown_name(str(by), "score of given pairs", _PATHS))
    SCORES[by].check(by, own)
    us, vs = np.asarray(sources, dtype=np.int64), np.asarray(targets, dtype=np.int64)
    outside = (np.minimum(us, vs) < 0) | (np.maximum(us, vs) >= own.n_nodes) | (us == vs)
    if outside.any():
        k = int(np.argmax(outside))
        raise TopologyError(f"pair {k} is ({us[k]}, {vs[k]}); give two different numbers from 0 to {own.n_nodes - 1}")
    rule = checked_rule(*_PATHS[by])
    if own.directed:
        return scores_of_pairs(_cover(own), rule, us, vs + own.n_nodes)
    return scores_of_pairs(flat_graph(linked(own)), rule, us, vs)


def _cover(own: SimpleGraph) -> Integers:
    """A directed graph as a flat bipartite one of sources and, after them, targets."""
    links = linked(own)
    cover = sparse.csr_array(sparse.block_array([[None, links], [links.T, None]]))
    cover.sort_indices()
    return flat_graph(cover)


def _best(own: SimpleGraph, by: str | Callable, k: int, rng: np.random.Generator) -> Found:
    if callable(by):
        return _of_matrix(own, scores_of_all_pairs(own, rng, by=by), k)
    if by not in SCORES:
        raise TopologyError(unknown_name(by, "link score", SCORES))
    SCORES[by].check(by, own)
    if own.n_nodes < 2:
        return np.zeros(0, np.int64), np.zeros(0, np.int64), np.zeros(0)
    if by in _PATHS:
        return _of_paths(own, checked_rule(*_PATHS[by]), k)
    if by in _NEIGHBORS:
        values = _NEIGHBORS[by](np.maximum(own.degrees, 1).astype(float))
        rows = partial(neighbor_rows, flat_graph(linked(own)), values, by == "jaccard")
        return best_pairs(rows, own.n_nodes, k)
    return _of_matrix(own, scores_of_all_pairs(own, rng, by=by), k)


def _of_paths(own: SimpleGraph, rule: Integers, k: int) -> Found:
    """Directed graphs are scored as bipartite ones, each node a source and a target; self-links are left out afterward."""
    n = own.n_nodes
    if not own.directed:
        flat = flat_graph(linked(own))
        return best_pairs(partial(path_rows, flat, rule, common_of_entries(flat)), n, k)
    flat = _cover(own)
    common = np.zeros(flat.size, np.int64)

    def rows(first: int, last: int, least: float) -> Found:
        us, vs, scores = path_rows(flat, rule, common, first, last, least)
        between = (vs >= n) & (vs - n != us)
        return us[between], vs[between] - n, scores[between]

    return best_pairs(rows, n, k)


def _of_matrix(own: SimpleGraph, scores: Floats, k: int) -> Found:
    free = ~linked(own).toarray()
    np.fill_diagonal(free, val=False)
    us, vs = np.nonzero(free & (scores > 0) if own.directed else np.triu(free & (scores > 0), 1))
    values = scores[us, vs]
    order = np.lexsort((vs, us, -to_12_digits(values)))[:k]
    return us[order], vs[order], values[order]
