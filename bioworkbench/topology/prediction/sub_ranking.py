"""Order among pairs of equal Cannistraci-Hebb score, and the choice of the score that explains a network best (CHA)."""

from typing import Any, NamedTuple

import networkx as nx
import numpy as np
from scipy import sparse
from scipy.sparse import csgraph

from bioworkbench.records.arrays import Floats, Integers, finite, shaped
from bioworkbench.topology.masks import mask_shape
from bioworkbench.topology.prediction.link_prediction import score_matrix, simple_adjacency
from bioworkbench.topology.prediction.ranking_quality import precision_recall_area, ranking_curve

__all__ = ["CANDIDATES", "AdaptiveChoice", "Ranking", "adaptive_choice", "distance_correlations", "rank_pairs"]

RULES = (2022, 2026)
CANDIDATES = (("CH2", 2), ("CH3", 2), ("CH2", 3), ("CH3", 3))  # models and path lengths that CHA chooses from
_DECIMALS = 12  # exact ties that round-off would split


class Ranking(NamedTuple):
    """All pairs u < v of a graph's nodes, in row-major order, links included.

    Parameters
    ----------
    u, v : int array (n_pairs,)
        Positions in the graph's node order.
    linked : bool array (n_pairs,)
    score : float array (n_pairs,)
    correlation : float array (n_pairs,)
        Decides between equal scores; see `distance_correlations`.
    rank : int array (n_pairs,)
        1 is the least likely pair. Pairs that agree in score and correlation share a rank. By the rule of 2022 the next rank
        is one higher, by that of 2026 it is higher by the number of pairs that share.
    """

    u: Integers
    v: Integers
    linked: np.ndarray
    score: Floats
    correlation: Floats
    rank: Integers


class AdaptiveChoice(NamedTuple):
    """What `adaptive_choice` found.

    Parameters
    ----------
    model : str
    length : int
    aupr : dict
        For each (model, length): the area under precision over recall with which its ranking separates links from the rest.
    ranking : Ranking
        By the chosen model.
    """

    model: str
    length: int
    aupr: dict[tuple[str, int], float]
    ranking: Ranking


def distance_correlations(adjacency: Any, scores: Any, *, rule: int = 2022) -> Floats:
    """How similar the distances of two nodes to all nodes are, in a network in which a high score makes a link short.

    Parameters
    ----------
    adjacency : sparse array (n_nodes, n_nodes)
        Symmetric; what is not zero is a link.
    scores : array (n_nodes, n_nodes)
        Symmetric; of every pair, each link scored as if it were absent, as `score_matrix` does.
    rule : 2022 or 2026
        2022: links are 1 / (1 + score) long, and distances are compared by Spearman's correlation. 2026: they are as long as the
        smallest positive score plus the largest minus their own (1 if no score is positive), nodes that cannot be reached count
        as the sum over the connected parts of their largest distances, and the correlation is Pearson's.

    Returns
    -------
    array (n_nodes, n_nodes)
        Rounded to 12 decimals; 0 where a correlation is not defined, because the distances of a node are all equal.

    Raises
    ------
    ValueError
        If the rule is unknown, a score is not finite, or the shapes differ.

    References
    ----------
    A. Muscoloni, U. Michieli, C. V. Cannistraci (2020), https://doi.org/10.20944/preprints202012.0808.v1 (2022);
    arXiv 2511.05581, https://arxiv.org/abs/2511.05581 (2026)
    """
    if rule not in RULES:
        raise ValueError(f"rule = {rule!r}: sub-ranking follows the rule of {RULES[0]} or of {RULES[1]}")
    links = sparse.csr_array(adjacency)
    scores = _rounded(finite("scores", scores))
    shaped("scores", scores, mask_shape(links))
    u, v = links.nonzero()
    lengths = sparse.csr_array((_lengths(scores, scores[u, v], rule), (u, v)), shape=links.shape)
    distances = csgraph.shortest_path(lengths, directed=False)
    if rule == 2022:
        return _correlations(_ranks(_rounded(distances)))
    return _correlations(_with_finite_gaps(distances))


def rank_pairs(graph: nx.Graph, scores: Any, *, rule: int = 2022) -> Ranking:
    """All pairs of nodes ranked by their score, equal scores by `distance_correlations`.

    Parameters
    ----------
    graph : networkx Graph
        Undirected; weights are ignored.
    scores : array (n_nodes, n_nodes)
        Of every pair, in the graph's node order, as `score_matrix` gives them.
    rule : 2022 or 2026
        Year of the publication whose ranks these are; see `Ranking`.

    Returns
    -------
    Ranking

    Raises
    ------
    networkx.NetworkXNotImplemented
        For directed graphs, multigraphs and graphs with self-loops.
    ValueError
        If the rule is unknown, a score is not finite, or the shapes differ.

    Examples
    --------
    Two missing links of equal score; the one within the denser part is ranked higher:

    >>> graph = nx.Graph([(0, 1), (1, 2), (2, 3), (3, 4), (3, 5), (4, 5)])
    >>> ranking = rank_pairs(graph, np.zeros((6, 6)))
    >>> len(set(ranking.rank.tolist())) > 1
    True
    """
    adjacency = _undirected(graph)
    correlation = distance_correlations(adjacency, scores, rule=rule)
    u, v = np.triu_indices(len(graph), 1)
    score = _rounded(finite("scores", scores)[u, v])
    # by score, then by correlation; a rank begins wherever either changes
    order = np.lexsort((correlation[u, v], score))
    sorted_keys = np.column_stack([score, correlation[u, v]])[order]
    is_new = np.any(np.diff(sorted_keys, axis=0, prepend=np.nan) != 0, axis=1)
    steps = np.flatnonzero(is_new)
    rank = np.empty(u.size, dtype=np.int64)
    rank[order] = np.cumsum(is_new) if rule == 2022 else np.repeat(steps + 1, np.diff(np.append(steps, u.size)))
    linked = adjacency.toarray()[u, v] if u.size else np.zeros(0, dtype=bool)
    return Ranking(u, v, linked, score, correlation[u, v], rank)


def adaptive_choice(graph: nx.Graph, *, convention: str = "path", rule: int = 2022) -> AdaptiveChoice:
    """Cannistraci-Hebb adaptive prediction (CHA): the one of four scores that best separates links from missing links.

    Every pair of nodes is ranked by CH2 and CH3 with paths of length 2 and 3, each link scored as if it were absent. The model
    whose ranking has the largest area under precision over recall for the links is chosen, and its ranks of the missing links
    are the prediction. The first of the `CANDIDATES` wins if areas are equal.

    Parameters
    ----------
    graph : networkx Graph
        Undirected, with at least one link and one missing link; weights are ignored.
    convention : "path", "induced" or "neutral"
        As in `cannistraci_hebb`; the published numbers of 2022 are for ``induced``.
    rule : 2022 or 2026
        Of sub-ranking.

    Returns
    -------
    AdaptiveChoice

    Raises
    ------
    networkx.NetworkXNotImplemented
        For directed graphs, multigraphs and graphs with self-loops.
    ValueError
        If the graph has no links or no missing links, or if the convention or rule is unknown.

    Examples
    --------
    >>> choice = adaptive_choice(nx.karate_club_graph())
    >>> choice.model, choice.length, round(choice.aupr["CH3", 3], 6)
    ('CH3', 3, 0.511483)

    References
    ----------
    A. Muscoloni, U. Michieli, C. V. Cannistraci (2020), https://doi.org/10.20944/preprints202012.0808.v1
    """
    adjacency = _undirected(graph)
    rankings = {
        (model, length): rank_pairs(graph, score_matrix(adjacency, model=model, length=length, convention=convention), rule=rule)
        for model, length in CANDIDATES
    }
    aupr = {name: precision_recall_area(ranking_curve(ranking.rank, ranking.linked)) for name, ranking in rankings.items()}
    best = max(aupr, key=aupr.__getitem__)
    return AdaptiveChoice(*best, aupr, rankings[best])


def _undirected(graph: nx.Graph) -> sparse.csr_array:
    if graph.is_directed():
        raise nx.NetworkXNotImplemented(
            "pairs are ranked in undirected graphs and this one is directed; take graph.to_undirected()"
        )
    return simple_adjacency(graph)


def _lengths(scores: Floats, of_links: Floats, rule: int) -> Floats:
    if rule == 2022:
        return 1 / (1 + of_links)
    positive = scores[scores > 0]
    return positive.min() + positive.max() - of_links if positive.size else np.ones(of_links.size)


def _with_finite_gaps(distances: Floats) -> Floats:
    """Distances with the sum of the largest distances of the connected parts where there is none."""
    reached = np.isfinite(distances)
    farthest = np.where(reached, distances, 0).max(axis=1, initial=0)
    part = np.argmax(reached, axis=1) if distances.size else np.zeros(0, dtype=np.int64)  # each part's first node
    largest = np.zeros(distances.shape[0])
    np.maximum.at(largest, part, farthest)
    return np.where(reached, distances, largest.sum())


def _ranks(columns: Floats) -> Floats:
    """Ranks within each column, from 1; equal numbers get the mean of theirs."""
    found = np.empty(columns.shape)
    for k in range(columns.shape[1]):
        _, group, sizes = np.unique(columns[:, k], return_inverse=True, return_counts=True)
        found[:, k] = (np.cumsum(sizes) - (sizes - 1) / 2)[group]
    return found


def _correlations(columns: Floats) -> Floats:
    centered = columns - columns.sum(axis=0) / max(1, len(columns))
    norm = np.sqrt((centered**2).sum(axis=0))
    product = np.outer(norm, norm)
    return _rounded(np.divide(centered.T @ centered, product, out=np.zeros_like(product), where=product > 0))


def _rounded(values: Floats) -> Floats:
    return np.asarray(np.round(values, _DECIMALS), dtype=float)
