"""Which predictor ranks hidden links highest: a table with intervals, and the curves behind it."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from scipy.special import stdtrit

from bioworkbench.records.arrays import Floats, count, fraction
from bioworkbench.records.errors import TopologyError
from bioworkbench.records.functions import by_name
from bioworkbench.records.randomness import check_generator
from bioworkbench.topology.prediction.all_pairs import scores_of_all_pairs
from bioworkbench.topology.prediction.predictor_table import PredictorTable
from bioworkbench.topology.prediction.ranking_quality import MEASURES, ranking_curve, ranking_quality
from bioworkbench.topology.prediction.running_best import rounded
from bioworkbench.topology.simple_graph import SimpleGraph, graph_of_links, linked, simple_graph

__all__ = ["Estimate", "compare", "mean_and_interval"]

_RECALL = np.linspace(0.01, 1, 100)


class Estimate(NamedTuple):
    """A mean over repeats and how far it can be trusted.

    Parameters
    ----------
    mean : float
    deviation : float
        Standard deviation of one repeat.
    half_width : float
        Of the 95 % interval of the mean.
    """

    mean: float
    deviation: float
    half_width: float


def mean_and_interval(values: Floats) -> Estimate:
    """Mean, standard deviation and 95 % interval (Student's t) of repeats.

    Parameters
    ----------
    values : float array (n_repeats,)

    Returns
    -------
    Estimate

    Examples
    --------
    >>> mean_and_interval(np.array([1.0, 2.0, 3.0]))
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
    return Estimate(float(np.mean(values)), deviation, float(stdtrit(n - 1, 0.975)) * deviation / n**0.5)


def compare(
    graph: Any,
    rng: np.random.Generator,
    *,
    predictors: Iterable[str | Callable] | Mapping[str, str | Callable],
    hidden: float = 0.1,
    n_repeats: int = 10,
) -> PredictorTable:
    """Quality of predictors on a graph some links of which are hidden, over repeats with other links hidden.

    Parameters
    ----------
    graph : networkx graph, matrix or SimpleGraph
        Of at most 5000 nodes, as all absent pairs are scored.
    rng : Generator
    predictors : names of `SCORES` and callables (graph, pairs, rng) -> scores (n_pairs,), or mapping from name to such
        All see the same remaining graph in each repeat; functions get it as a networkx graph, with its absent pairs.
    hidden : float
        Fraction of the links that is hidden; at least one link is.
    n_repeats : int
        At least 2.

    Returns
    -------
    PredictorTable
        A DataFrame. The repeats share the graph: intervals say how much depends on which links were hidden, not how it would be in
        another network.

    Raises
    ------
    TopologyError
        If the graph has fewer than two links or no absent ones, is too large, or a predictor is unknown or for graphs of another kind.
    ValueError
        If `hidden` is not between 0 and 1, `n_repeats` less than 2, no predictor is named, or two functions have the same name.

    References
    ----------
    L. Lü, T. Zhou (2011), "Link prediction in complex networks: a survey", https://doi.org/10.1016/j.physa.2010.11.027
    """
    own = simple_graph(graph)
    chosen = by_name(predictors)
    if not chosen:
        raise ValueError(f"predictors = {predictors!r}: name one at least")
    n_hidden = max(1, round(fraction("hidden", hidden) * own.n_links))
    n_pairs = own.n_nodes * (own.n_nodes - 1) // (1 if own.directed else 2)
    if own.n_links < 2 or n_hidden >= own.n_links or own.n_links >= n_pairs:
        raise TopologyError(
            f"{own}: to compare predictors it must have links to hide ({n_hidden}), others to learn from, and absent ones"
        )
    found: dict[str, list[dict[str, float]]] = {name: [] for name in chosen}
    curves: dict[str, list[Floats]] = {name: [] for name in chosen}
    for _ in range(count("n_repeats", n_repeats, least=2)):
        rest, absent, hits = _hide(own, n_hidden, rng)
        for name, predictor in chosen.items():
            scores = rounded(scores_of_all_pairs(rest, rng, by=predictor)[absent])
            found[name].append(ranking_quality(scores, hits[absent]))
            curves[name].append(_precision(scores, hits[absent]))
    rows = {name: _row(repeats) for name, repeats in found.items()}
    table = PredictorTable.from_dict(rows, orient="index").rename_axis("predictor").sort_values("aupr", ascending=False)
    result = PredictorTable(table)
    result.curves = pd.DataFrame(
        {name: np.mean(curves[name], axis=0) for name in table.index}, index=pd.Index(_RECALL, name="recall")
    )
    return result


def _hide(own: SimpleGraph, n_hidden: int, rng: np.random.Generator) -> tuple[SimpleGraph, np.ndarray, np.ndarray]:
    """The graph without some links, the absent pairs (n_nodes, n_nodes), and which of them were hidden."""
    sources, targets, weights = own.links()
    check_generator(rng)
    gone = rng.permutation(sources.size) < n_hidden
    left = None if weights is None else weights[~gone]
    rest = graph_of_links(sources[~gone], targets[~gone], left, own.nodes, directed=own.directed)
    absent = ~linked(rest).toarray()
    np.fill_diagonal(absent, val=False)
    hits = np.zeros_like(absent)
    hits[sources[gone], targets[gone]] = True
    return rest, absent if own.directed else np.triu(absent), hits


def _row(repeats: list[dict[str, float]]) -> dict[str, float]:
    found = {measure: mean_and_interval(np.array([repeat[measure] for repeat in repeats])) for measure in MEASURES}
    return {key: value for name, e in found.items() for key, value in ((name, e.mean), (f"{name}_half_width", e.half_width))}


def _precision(scores: Floats, hits: np.ndarray) -> Floats:
    """Precision at every recall of the grid, with straight lines between distinct scores in hits and misses."""
    curve = ranking_curve(scores, hits)
    wanted = _RECALL * curve.hits[-1]
    misses = np.interp(wanted, np.concatenate([[0.0], curve.hits]), np.concatenate([[0.0], curve.misses]))
    return wanted / (wanted + misses)
