"""Scores of all pairs of a graph's nodes by every predictor, as matrices: Cannistraci-Hebb, classics, directed and weighted baselines.

What each does with directions and weights stands in `SCORES`. A matrix takes 8 bytes a pair, so graphs have at most 5000 nodes here;
`best_links` finds the best absent links of larger ones.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

import networkx as nx
import numpy as np

from bioworkbench.records.arrays import Floats, finite, shaped
from bioworkbench.records.errors import TopologyError, unknown_name
from bioworkbench.records.functions import name_of
from bioworkbench.topology.prediction.layer_links import layer_scores
from bioworkbench.topology.prediction.link_prediction import score_matrix
from bioworkbench.topology.prediction.sub_ranking import adaptive_choice
from bioworkbench.topology.simple_graph import SimpleGraph, linked, networkx_graph, simple_graph

__all__ = ["MAX_NODES", "SCORES", "Score", "scores_of_all_pairs"]

MAX_NODES = 5000


@dataclass(frozen=True)
class Score:
    """How strongly a pair of nodes calls for a link.

    Parameters
    ----------
    function : callable (SimpleGraph, Generator) -> array (n_nodes, n_nodes)
    about : str
    directions : "both", "undirected" or "directed"
        Which graphs it is for.
    weighted : bool
        Whether it needs weights; otherwise they are ignored.
    """

    function: Callable[[SimpleGraph, np.random.Generator], Floats]
    about: str
    directions: str = "both"
    weighted: bool = False

    def check(self, name: str, graph: SimpleGraph) -> None:
        """Check that the score can be computed for a graph.

        Parameters
        ----------
        name : str
            Of the score, for messages.
        graph : SimpleGraph

        Raises
        ------
        TopologyError
            If it is for graphs of another kind.
        """
        if self.directions == "undirected" and graph.directed:
            raise TopologyError(
                f"score '{name}' is for undirected graphs, and the links of this one have directions; add --undirected, or take ch3_l3"
            )
        if self.directions == "directed" and not graph.directed:
            raise TopologyError(f"score '{name}' is for directed graphs, and the links of {graph} have no direction; take ch3_l3")
        if self.weighted and graph.weights is None:
            raise TopologyError(f"score '{name}' is of weights, and {graph} has none; take one without 'weighted'")


def _paths(graph: SimpleGraph, rng: np.random.Generator, *, model: str, length: int) -> Floats:
    links = linked(graph)
    return layer_scores(links, model=model) if graph.directed else score_matrix(links, model=model, length=length, links=False)


def _adaptive(graph: SimpleGraph, rng: np.random.Generator) -> Floats:
    ranking = adaptive_choice(networkx_graph(graph)).ranking
    ranks = np.zeros((graph.n_nodes, graph.n_nodes))
    ranks[ranking.u, ranking.v] = ranks[ranking.v, ranking.u] = ranking.rank
    return ranks


def _shared(graph: SimpleGraph, rng: np.random.Generator, *, weight: Callable[[Floats], Floats]) -> Floats:
    """Sum over the nodes on the paths of two links (along the links, in a directed graph) of a weight of their degree."""
    links = linked(graph).astype(float)
    degrees = graph.degrees + (graph.reverse.degrees if graph.directed else 0)
    values = np.where(degrees > 1, weight(np.maximum(degrees, 2).astype(float)), 0.0)
    # one sparse product: links from u to z, then z's value on the links from z to v
    return (links @ (links * values[:, None])).toarray()


def _jaccard(graph: SimpleGraph, rng: np.random.Generator) -> Floats:
    common = _shared(graph, rng, weight=np.ones_like)
    union = np.add.outer(graph.degrees, graph.degrees) - common
    return np.divide(common, union, out=np.zeros_like(common), where=union > 0)


def _attachment(graph: SimpleGraph, rng: np.random.Generator) -> Floats:
    return np.outer(graph.degrees, graph.reverse.degrees).astype(float)


def _weighted_paths(graph: SimpleGraph, rng: np.random.Generator, *, per_strength: bool) -> Floats:
    """Sum over paths of two links of the sum of their weights, over the strength of the middle node if wanted (Lü and Zhou 2010)."""
    sizes = abs(graph.matrix())
    links = linked(graph).astype(float)
    strength = np.asarray(sizes.sum(axis=1)) + (np.asarray(sizes.sum(axis=0)) if graph.directed else 0)
    values = np.divide(1.0, strength, out=np.zeros(strength.size), where=strength > 0) if per_strength else np.ones(strength.size)
    return (sizes @ (links * values[:, None])).toarray() + (links @ (sizes * values[:, None])).toarray()


def _reverse(graph: SimpleGraph, rng: np.random.Generator) -> Floats:
    return linked(graph.reverse).astype(float).toarray()


SCORES: Mapping[str, Score] = {
    "ch2_l2": Score(partial(_paths, model="CH2", length=2), "CH2 over paths of length 2", "undirected"),
    "ch3_l2": Score(partial(_paths, model="CH3", length=2), "CH3 over paths of length 2", "undirected"),
    "ch2_l3": Score(partial(_paths, model="CH2", length=3), "CH2 over paths of length 3"),
    "ch3_l3": Score(partial(_paths, model="CH3", length=3), "CH3 over paths of length 3"),
    "ra_l3": Score(partial(_paths, model="RA", length=3), "resource allocation over paths of length 3"),
    "cha": Score(_adaptive, "adaptive choice among the first four", "undirected"),
    "common_neighbors": Score(partial(_shared, weight=np.ones_like), "number of common neighbors", "undirected"),
    "resource_allocation": Score(partial(_shared, weight=lambda d: 1 / d), "common neighbors by 1 / degree", "undirected"),
    "adamic_adar": Score(partial(_shared, weight=lambda d: 1 / np.log(d)), "common neighbors by 1 / log degree", "undirected"),
    "jaccard": Score(_jaccard, "common neighbors over all neighbors", "undirected"),
    "two_steps": Score(partial(_shared, weight=np.ones_like), "number of paths u - z - v along the links", "directed"),
    "two_steps_by_degree": Score(partial(_shared, weight=lambda d: 1 / d), "the same by 1 / degree of z", "directed"),
    "reverse_link": Score(_reverse, "whether v links to u", "directed"),
    "weighted_common_neighbors": Score(partial(_weighted_paths, per_strength=False), "weights on paths of two", "both", True),
    "weighted_resource_allocation": Score(partial(_weighted_paths, per_strength=True), "the same by 1 / strength", "both", True),
    "preferential_attachment": Score(_attachment, "degree times degree, out-degree times in-degree"),
    "random": Score(lambda graph, rng: rng.random((graph.n_nodes, graph.n_nodes)), "chance"),
}
"""Predictors by name."""


def scores_of_all_pairs(graph: Any, rng: np.random.Generator, *, by: str | Callable) -> Floats:
    """Scores of all pairs by a predictor; those of existing links mean nothing.

    Parameters
    ----------
    graph : networkx graph, matrix or SimpleGraph
    rng : Generator
        For random scores and predictors of one's own.
    by : str, or callable (graph, pairs, rng) -> scores (n_pairs,)
        One of `SCORES`, or a function of a networkx graph and a list of its absent pairs.

    Returns
    -------
    float array (n_nodes, n_nodes)
        ``[u, v]`` from u to v.

    Raises
    ------
    TopologyError
        If the name is unknown, the graph has more than 5000 nodes, the score is for graphs of another kind, or a function gives
        something else than a finite number for each pair.
    """
    own, name = simple_graph(graph), name_of(by)
    if not callable(by) and by not in SCORES:
        raise TopologyError(unknown_name(by, "link score", SCORES))
    if own.n_nodes > MAX_NODES:
        raise TopologyError(
            f"{name}: {own} has more than {MAX_NODES} nodes, too many to score all pairs; take ch3_l3 or a part of it"
        )
    if callable(by):
        return _own_scores(own, by, rng)
    SCORES[by].check(by, own)
    return SCORES[by].function(own, rng)


def _own_scores(own: SimpleGraph, by: Callable, rng: np.random.Generator) -> Floats:
    graph = networkx_graph(own)
    position = {node: k for k, node in enumerate(own.nodes)}
    pairs = list(nx.non_edges(graph))
    matrix = np.zeros((own.n_nodes, own.n_nodes))
    try:
        scores = shaped("scores", finite("scores", by(graph, pairs, rng)), (len(pairs),))
    except (TypeError, ValueError) as error:
        raise TopologyError(f"predictor '{name_of(by)}': {error}; it must give a finite number for each of the pairs") from error
    for (u, v), score in zip(pairs, scores, strict=True):
        matrix[position[u], position[v]] = score
        if not own.directed:
            matrix[position[v], position[u]] = score
    return matrix
