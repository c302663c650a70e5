"""One graph that changes: remove links, regrow as many where a score wants them, and follow measures meanwhile.

For layers of a network with weights see `rewiring`.
"""

from collections.abc import Callable, Mapping
from typing import TypeVar

import networkx as nx
import numpy as np

from bioworkbench.records.arrays import Floats, count, fraction
from bioworkbench.records.counted import counted
from bioworkbench.records.errors import TopologyError, unknown_name
from bioworkbench.topology.prediction.best_links import scores_of_links
from bioworkbench.topology.prediction.link_prediction import layer_scores, score_matrix, simple_adjacency
from bioworkbench.topology.rewiring.selection import sampled, strongest

__all__ = ["LINK_SCORES", "evolved_graph", "pair_scores", "rewired_graph"]

AnyGraph = TypeVar("AnyGraph", nx.Graph, nx.DiGraph)

LINK_SCORES: Mapping[str, tuple[str, int]] = {
    "ra_l2": ("RA", 2),
    "ra_l3": ("RA", 3),
    "ch2_l2": ("CH2", 2),
    "ch2_l3": ("CH2", 3),
    "ch3_l2": ("CH3", 2),
    "ch3_l3": ("CH3", 3),
    "random": ("", 0),
}
"""Scores that settings can name, with model and path length as of `link_prediction.cannistraci_hebb`."""


def pair_scores(graph: nx.Graph, rule: str, *, links: bool = True) -> Floats:
    """Scores of all pairs; a link is scored as if it were absent.

    Parameters
    ----------
    graph : networkx Graph or DiGraph
        In a directed graph only paths of length 3 have scores; see `link_prediction.cannistraci_hebb`.
    rule : str
        A name in `LINK_SCORES`; "random" gives ones.
    links : bool
        Whether scores of existing links are needed; without, they may have any value, and are quicker to find.

    Returns
    -------
    float array (n_nodes, n_nodes)
        In the order of ``graph.nodes``.

    Raises
    ------
    TopologyError
        If the rule is unknown, or has paths of length 2 and the graph is directed.
    """
    if rule not in LINK_SCORES:
        raise TopologyError(unknown_name(rule, "link score", LINK_SCORES))
    n = graph.number_of_nodes()
    if rule == "random":
        return np.ones((n, n))
    model, length = LINK_SCORES[rule]
    adjacency = simple_adjacency(graph)
    if not graph.is_directed():
        return score_matrix(adjacency, model=model, length=length, links=links)
    if length != 3:
        raise TopologyError(f"rule = '{rule}': sources and targets of a directed graph are joined by paths of odd length only")
    scores = layer_scores(adjacency, model=model)
    if links:
        us, vs = adjacency.nonzero()
        scores[us, vs] = scores_of_links(adjacency, us, vs, by=rule)
    return scores


def rewired_graph(
    graph: AnyGraph,
    rng: np.random.Generator,
    *,
    n_links: int,
    removal: str = "random",
    regrowth: str = "ch3_l3",
    sample: bool = False,
) -> AnyGraph:
    """Graph after `n_links` links were removed and as many regrown among the pairs that are then free.

    Parameters
    ----------
    graph : networkx Graph or DiGraph
        Simple and without self-links; link attributes are dropped.
    rng : Generator
    n_links : int
        Links to move.
    removal : str
        Name in `LINK_SCORES`: the links of smallest score go, all at once, each scored as if it were absent.
    regrowth : str
        Name in `LINK_SCORES`: the free pairs of largest score become links, ties at random. Pairs that were just removed count
        as free. If fewer pairs have a positive score, the rest is drawn at random among all free pairs.
    sample : bool
        Draw survivors and new links in proportion to their scores instead of taking the largest.

    Returns
    -------
    networkx Graph or DiGraph
        Of the kind that was given.

    Raises
    ------
    TopologyError
        If there are fewer links or free pairs than `n_links`, a rule is unknown, or the graph is not simple.
    """
    if graph.is_multigraph() or nx.number_of_selfloops(graph):
        raise TopologyError(f"{graph} is a multigraph or has self-links; a simple graph is rewired")
    if count("n_links", n_links, least=0) > graph.number_of_edges():
        raise TopologyError(f"n_links = {n_links}: the graph has only {counted(graph.number_of_edges(), 'link')} to remove")
    nodes = list(graph)
    result = graph.__class__()
    result.add_nodes_from(graph.nodes(data=True))
    result.add_edges_from(graph.edges())
    links, scores = _pairs(result, removal, linked=True)
    kept = _picked(scores, len(links) - n_links, rng, sample)
    result.remove_edges_from([(nodes[i], nodes[j]) for i, j in np.delete(links, kept, axis=0)])
    free, scores = _pairs(result, regrowth, linked=False)
    result.add_edges_from((nodes[i], nodes[j]) for i, j in free[_picked(scores, n_links, rng, sample)])
    return result


def _pairs(graph: nx.Graph, rule: str, *, linked: bool) -> tuple[np.ndarray, Floats]:
    """Pairs (n_pairs, 2) of positions that are, or are not, links, and their scores; once each in an undirected graph."""
    adjacency = nx.to_numpy_array(graph, weight=None) > 0  # pyright: ignore[reportArgumentType]
    eligible = adjacency == linked
    np.fill_diagonal(eligible, False)
    pairs = np.argwhere(eligible if graph.is_directed() else np.triu(eligible))
    return pairs, pair_scores(graph, rule, links=linked)[pairs[:, 0], pairs[:, 1]]


def _picked(scores: Floats, n: int, rng: np.random.Generator, sample: bool) -> np.ndarray:
    """Positions of `n` scores; those of score 0 only if there are not enough others."""
    n_positive = int(np.count_nonzero(scores > 0))
    return sampled(scores, n, rng) if sample and n_positive >= n else strongest(scores, n, rng)


def evolved_graph(
    graph: AnyGraph,
    rng: np.random.Generator,
    *,
    n_steps: int,
    moved_fraction: float,
    measures: Mapping[str, Callable[[nx.Graph], float]],
    removal: str = "random",
    regrowth: str = "ch3_l3",
    sample: bool = False,
) -> tuple[AnyGraph, dict[str, Floats]]:
    """Graph after many steps of `rewired_graph`, and its measures before the first and after every step.

    Parameters
    ----------
    graph : networkx Graph or DiGraph
    rng : Generator
    n_steps : int
    moved_fraction : float
        Of the links that each step moves, rounded to the nearest number.
    measures : mapping from name to function of a graph
    removal, regrowth, sample
        As in `rewired_graph`.

    Returns
    -------
    graph
    history : dict from name to array (n_steps + 1,)
    """
    n_links = round(fraction("moved_fraction", moved_fraction) * graph.number_of_edges())
    states = [{name: measure(graph) for name, measure in measures.items()}]
    for _ in range(count("n_steps", n_steps, least=0)):
        graph = rewired_graph(graph, rng, n_links=n_links, removal=removal, regrowth=regrowth, sample=sample)
        states.append({name: measure(graph) for name, measure in measures.items()})
    return graph, {name: np.array([state[name] for state in states], dtype=float) for name in measures}
