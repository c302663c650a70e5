"""How good is a link predictor: hide some links, score what is missing, and measure how high the hidden links rank."""

from collections.abc import Callable, Hashable, Iterable, Mapping
from functools import partial
from typing import NamedTuple

import networkx as nx
import numpy as np
from scipy import stats

from bioworkbench.arrays import Floats, count, fraction
from bioworkbench.errors import TopologyError, unknown_name
from bioworkbench.topology.link_prediction import cannistraci_hebb
from bioworkbench.topology.ranking_quality import ranking_quality
from bioworkbench.topology.sub_ranking import adaptive_choice

__all__ = ["PREDICTORS", "Estimate", "compare_predictors", "estimate", "hide_links", "missing_pairs", "summary"]

Pair = tuple[Hashable, Hashable]
Predictor = Callable[[nx.Graph, list[Pair], np.random.Generator], Floats]
Comparison = dict[str, dict[str, Floats]]

_DECIMALS = 12  # scores that agree so far count as equal


class Estimate(NamedTuple):
    """A mean over repeats, the standard deviation of one repeat, and half the width of the 95 % interval of the mean."""

    mean: float
    deviation: float
    half_width: float


def _scores(scored: Iterable[tuple[Hashable, Hashable, float]]) -> Floats:
    return np.array([score for _, _, score in scored], dtype=float)


def _cannistraci_hebb(graph: nx.Graph, pairs: list[Pair], rng: np.random.Generator, *, model: str, length: int) -> Floats:
    return _scores(cannistraci_hebb(graph, pairs, model=model, length=length))


def _adaptive(graph: nx.Graph, pairs: list[Pair], rng: np.random.Generator) -> Floats:
    ranking = adaptive_choice(graph).ranking
    position = {node: k for k, node in enumerate(graph)}
    ranks = np.zeros((len(graph), len(graph)))
    ranks[ranking.u, ranking.v] = ranks[ranking.v, ranking.u] = ranking.rank
    return ranks[[position[u] for u, _ in pairs], [position[v] for _, v in pairs]]


def _preferential_attachment(graph: nx.Graph, pairs: list[Pair], rng: np.random.Generator) -> Floats:
    if isinstance(graph, nx.DiGraph):
        return np.array([graph.out_degree[u] * graph.in_degree[v] for u, v in pairs], dtype=float)
    return _scores(nx.preferential_attachment(graph, pairs))


def _random(graph: nx.Graph, pairs: list[Pair], rng: np.random.Generator) -> Floats:
    return rng.random(len(pairs))


#: ``PREDICTORS[name](graph, pairs, rng)`` gives the scores (n_pairs,). Those of length 2 and the networkx ones are for undirected
#: graphs; CH2, CH3 and RA with paths of length 3, preferential attachment (out-degree times in-degree) and random are for both.
PREDICTORS: Mapping[str, Predictor] = {
    "ch2_l2": partial(_cannistraci_hebb, model="CH2", length=2),
    "ch3_l2": partial(_cannistraci_hebb, model="CH3", length=2),
    "ch2_l3": partial(_cannistraci_hebb, model="CH2", length=3),
    "ch3_l3": partial(_cannistraci_hebb, model="CH3", length=3),
    "ra_l3": partial(_cannistraci_hebb, model="RA", length=3),
    "cha": _adaptive,
    "resource_allocation": lambda graph, pairs, rng: _scores(nx.resource_allocation_index(graph, pairs)),
    "adamic_adar": lambda graph, pairs, rng: _scores(nx.adamic_adar_index(graph, pairs)),
    "jaccard": lambda graph, pairs, rng: _scores(nx.jaccard_coefficient(graph, pairs)),
    "preferential_attachment": _preferential_attachment,
    "random": _random,
}


def hide_links(graph: nx.Graph, n_hidden: int, rng: np.random.Generator) -> tuple[nx.Graph, list[Pair]]:
    """Copy of a graph without some of its links, chosen uniformly at random, and these links.

    Raises
    ------
    TopologyError
        If the graph has fewer than `n_hidden` links.
    ValueError
        If `n_hidden` is not an integer of at least 1.

    Examples
    --------
    >>> rest, hidden = hide_links(nx.complete_graph(4), 2, np.random.default_rng(1))
    >>> rest.number_of_edges(), len(hidden)
    (4, 2)
    """
    links = list(graph.edges())
    if count("n_hidden", n_hidden) > len(links):
        raise TopologyError(f"n_hidden = {n_hidden}: the graph has only {len(links)} links to hide")
    hidden = [links[k] for k in rng.choice(len(links), n_hidden, replace=False)]
    rest = graph.copy()
    rest.remove_edges_from(hidden)
    return rest, hidden


def missing_pairs(graph: nx.Graph) -> list[Pair]:
    """All pairs of different nodes that are not linked, in the graph's node order; both directions of a directed graph.

    Examples
    --------
    >>> missing_pairs(nx.path_graph(4))
    [(0, 2), (0, 3), (1, 3)]
    """
    nodes = list(graph)
    if graph.is_directed():
        return [(u, v) for u in nodes for v in nodes if u != v and v not in graph[u]]
    return [(u, v) for k, u in enumerate(nodes) for v in nodes[k + 1 :] if v not in graph[u]]


def compare_predictors(
    graph: nx.Graph,
    predictors: Iterable[str] | Mapping[str, Predictor],
    rng: np.random.Generator,
    *,
    share: float = 0.1,
    n_repeats: int = 20,
) -> Comparison:
    """Quality of link predictors on a graph some links of which are hidden, over repeats with other links hidden.

    In every repeat all predictors see the same remaining graph and score all its missing pairs; the hidden links are the hits.
    Compare two predictors by the differences within repeats. The repeats share the graph: their spread says how much the result
    depends on which links were hidden, not how it would be in another network.

    Parameters
    ----------
    graph : networkx Graph or DiGraph
    predictors : names, or mapping of names to functions
        Names of `PREDICTORS`, or functions of your own ``f(graph, pairs, rng) -> scores (n_pairs,)``.
    rng : Generator
    share : float
        Of the links, to be hidden; at least one link is.
    n_repeats : int

    Returns
    -------
    dict
        ``comparison[predictor][measure]`` is an array (n_repeats,); the measures are those of `ranking_quality`.

    Raises
    ------
    ValueError
        If a predictor is unknown, `share` is not between 0 and 1 or `n_repeats` not positive.
    TopologyError
        If the graph has no links.
    networkx.NetworkXNotImplemented
        If a predictor is not defined for the kind of graph, such as Jaccard's coefficient for directed ones.

    References
    ----------
    L. Lü, T. Zhou (2011), "Link prediction in complex networks: a survey", https://doi.org/10.1016/j.physa.2010.11.027
    """
    chosen = predictors if isinstance(predictors, Mapping) else _named(predictors)
    n_hidden = max(1, round(fraction("share", share) * graph.number_of_edges()))
    found: dict[str, list[dict[str, float]]] = {name: [] for name in chosen}
    for _ in range(count("n_repeats", n_repeats)):
        rest, hidden = hide_links(graph, n_hidden, rng)
        pairs = missing_pairs(rest)
        is_hit = _among(pairs, hidden, graph.is_directed())
        for name, predictor in chosen.items():
            scores = np.round(predictor(rest, pairs, rng), _DECIMALS)
            found[name].append(ranking_quality(scores, is_hit))
    return {name: {measure: np.array([r[measure] for r in rows]) for measure in rows[0]} for name, rows in found.items()}


def estimate(values: Floats) -> Estimate:
    """Mean, standard deviation and 95 % interval (Student's t) of repeats.

    Examples
    --------
    >>> estimate(np.array([1.0, 2.0, 3.0]))
    Estimate(mean=2.0, deviation=1.0, half_width=2.484...)

    Raises
    ------
    ValueError
        If there are fewer than two values.
    """
    n = len(values)
    if n < 2:
        raise ValueError(f"{n} repeats: an interval needs at least 2")
    deviation = float(np.std(values, ddof=1))
    return Estimate(float(np.mean(values)), deviation, float(stats.t.ppf(0.975, n - 1)) * deviation / n**0.5)


def summary(comparison: Comparison) -> dict[str, dict[str, Estimate]]:
    """Mean with 95 % interval of every predictor and measure, the best predictor by ``aupr`` first."""
    estimates = {name: {measure: estimate(values) for measure, values in rows.items()} for name, rows in comparison.items()}
    return dict(sorted(estimates.items(), key=lambda item: -item[1]["aupr"].mean))


def _named(names: Iterable[str]) -> dict[str, Predictor]:
    names = list(names)
    for name in names:
        if name not in PREDICTORS:
            raise ValueError(unknown_name(name, "predictor", PREDICTORS))
    return {name: PREDICTORS[name] for name in names}


def _among(pairs: list[Pair], hidden: list[Pair], directed: bool) -> np.ndarray:
    wanted = set(hidden) if directed else {frozenset(pair) for pair in hidden}
    return np.array([(pair if directed else frozenset(pair)) in wanted for pair in pairs])
