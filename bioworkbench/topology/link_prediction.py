"""Cannistraci-Hebb link prediction: how strongly the paths of length 2 or 3 between two nodes call for a link.

Graphs are scored in the style of networkx (`cannistraci_hebb`), layers of a neural network as plain masks without building a
graph (`layer_scores`, `top_links`).
"""

from collections.abc import Hashable, Iterable, Iterator
from typing import Any

import networkx as nx

from bioworkbench.arrays import Floats
from bioworkbench.topology.layer_links import layer_scores, top_links

__all__ = ["bipartite_pairs", "cannistraci_hebb", "ch3_l3", "layer_scores", "score_matrix", "top_links"]


def cannistraci_hebb(
    graph: nx.Graph,
    pairs: Iterable[tuple[Hashable, Hashable]] | None = None,
    *,
    model: str = "CH3",
    length: int = 3,
    convention: str = "path",
    form: str = "path",
) -> Iterator[tuple[Hashable, Hashable, float]]:
    """Cannistraci-Hebb scores of pairs of nodes: larger means that a link is more likely.

    Parameters
    ----------
    graph : networkx Graph or DiGraph
        Weights are ignored. In a directed graph every node is split into a source and a target (length 3 only).
    pairs : iterable of (u, v), optional
        All pairs without a link if not given. A pair that is linked is scored as if it were not.
    model : "RA", "CH1", "CH2", "CH3", "CH3.1a", "CH3.1b" or "iLCL"
    length : 2 or 3
    convention : "path", "induced" or "neutral"
    form : "path" or "node"

    Yields
    ------
    (u, v, score)
    """
    raise NotImplementedError


def ch3_l3(
    graph: nx.Graph, pairs: Iterable[tuple[Hashable, Hashable]] | None = None
) -> Iterator[tuple[Hashable, Hashable, float]]:
    """Scores CH3-L3, the default of `cannistraci_hebb`."""
    return cannistraci_hebb(graph, pairs)


def score_matrix(
    adjacency: Any, *, model: str = "CH3", length: int = 3, convention: str = "path", form: str = "path"
) -> Floats:
    """Scores (n_nodes, n_nodes) of every pair of an undirected graph; each link is scored as if it were absent."""
    raise NotImplementedError


def bipartite_pairs(graph: nx.Graph, rows: Iterable[Hashable] | None = None) -> list[tuple[Hashable, Hashable]]:
    """Pairs (row, column) of a bipartite graph that are not linked."""
    raise NotImplementedError
