"""All measures by name, what each does with weights and directions, and the table of them for a graph.

A measure of one's own is a plain function of the graph, as it was given, that returns a number.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from bioworkbench.records.errors import TopologyError, unknown_name
from bioworkbench.records.functions import by_name
from bioworkbench.topology.measures import community_detection, connected_parts, degree_measures, motifs, paths, triangles
from bioworkbench.topology.measures.power_law import fit_power_law
from bioworkbench.topology.simple_graph import SimpleGraph, simple_graph

__all__ = ["MEASURES", "Measure", "MeasureTable", "chosen_measures", "measures", "values_of"]

_SMALL_LINKS = 50_000  # of a graph in which another run of Leiden's method takes little time

Function = Callable[[SimpleGraph, Any], float]


@dataclass(frozen=True)
class Measure:
    """One number of a graph.

    Parameters
    ----------
    function : callable (SimpleGraph, Generator or None) -> float
    about : str
    weights, directions : str
        What it does with them: "ignored" or how they are used.
    needs : tuple of "weights", "directions" or "rng"
        Without which it is left out. Large graphs need a generator for more measures, which are sampled then.
    """

    function: Function
    about: str
    weights: str = "ignored"
    directions: str = "ignored"
    needs: tuple[str, ...] = ()

    def __call__(self, graph: Any, rng: np.random.Generator | None = None) -> float:
        """The measure of a networkx graph, matrix or SimpleGraph; `TopologyError` without directions or generator if it needs them."""
        own = simple_graph(graph)
        if "directions" in self.needs and not own.directed:
            raise TopologyError(f"{own} has no directions, and '{self.about}' is a measure of them; give a directed graph")
        if "rng" in self.needs and rng is None:
            raise TopologyError(f"rng = {rng}: '{self.about}' is found from random starts; give a random generator")
        return self.function(own, rng)

    def applies(self, graph: SimpleGraph, rng: np.random.Generator | None) -> bool:
        """Whether `graph`, and `rng`, the generator or None, have what the measure needs."""
        has = {"weights": graph.weights is not None, "directions": graph.directed, "rng": rng is not None}
        return all(has[need] for need in self.needs)


class MeasureTable(pd.DataFrame):
    """Measures (rows) with ``value`` and ``standard_error``: 0 where a value is exact, NaN where the error is not known."""

    @property
    def _constructor(self) -> type[pd.DataFrame]:
        return pd.DataFrame

    def plot(self, *args: Any, **kwargs: Any) -> Any:  # pyright: ignore[reportIncompatibleVariableOverride]
        """A horizontal bar for every measure, on axes of its own, as all differ in size.

        Parameters
        ----------
        *args, **kwargs
            Of ``pandas.DataFrame.plot``; keywords take the place of ours.

        Returns
        -------
        array of Axes
        """
        values = pd.DataFrame({"value": self["value"]}).T
        kwargs = {"kind": "barh", "subplots": True, "legend": False, "sharex": False, "layout": (-1, 4), **kwargs}
        return values.plot(*args, **kwargs)


def _mean(values: np.ndarray) -> float:
    return float(values.mean()) if values.size else float("nan")


def _exponent(graph: SimpleGraph, rng: Any) -> float:
    """Exponent of the power law of degrees, NaN for a graph with fewer than two different degrees."""
    found = graph.plain.degrees
    return fit_power_law(found).exponent if np.unique(found[found > 0]).size > 1 else float("nan")


def _density(graph: SimpleGraph, rng: Any) -> float:
    n = graph.n_nodes
    return graph.plain.n_links / (n * (n - 1) / 2) if n > 1 else float("nan")


def _largest(graph: SimpleGraph, rng: Any) -> float:
    return float(connected_parts.components(graph)[0]) / graph.n_nodes if graph.n_nodes else float("nan")


def _rich_club(graph: SimpleGraph, weighted: bool) -> float:
    """Coefficient among the tenth of nodes with the largest degrees."""
    of = degree_measures.weighted_rich_club_coefficients if weighted else degree_measures.rich_club_coefficients
    ks, coefficients = of(graph)
    if not ks.size:
        return float("nan")
    threshold = np.quantile(graph.plain.degrees, 0.9, method="lower")
    return float(coefficients[min(np.searchsorted(ks, threshold), ks.size - 1)])


def _triads(graph: SimpleGraph, name: str) -> float:
    return float(motifs.triad_census(graph)[name])


MEASURES: Mapping[str, Measure] = {
    "n_nodes": Measure(lambda g, rng: g.n_nodes, "number of nodes"),
    "n_links": Measure(lambda g, rng: g.plain.n_links, "number of linked pairs"),
    "mean_degree": Measure(lambda g, rng: _mean(g.plain.degrees), "mean number of neighbors"),
    "density": Measure(_density, "fraction of pairs that are linked"),
    "n_components": Measure(lambda g, rng: connected_parts.components(g).size, "number of connected parts"),
    "largest_component": Measure(_largest, "fraction of the nodes in the largest connected part"),
    "degree_inequality": Measure(lambda g, rng: degree_measures.inequality(g.plain.degrees), "Gini coefficient of the degrees"),
    "power_law_exponent": Measure(_exponent, "exponent of the power law fitted to the degrees"),
    "assortativity": Measure(lambda g, rng: degree_measures.assortativity(g), "correlation of the degrees at the ends of a link"),
    "max_core": Measure(lambda g, rng: connected_parts.cores(g).max(initial=0), "largest k with nodes that have k links to each other"),
    "rich_club": Measure(lambda g, rng: _rich_club(g, False), "density among the tenth of nodes with the most links"),
    "clustering": Measure(lambda g, rng: triangles.clustering(g), "mean fraction of pairs of neighbors that are linked"),
    "transitivity": Measure(lambda g, rng: triangles.transitivity(g), "fraction of paths of two links that close"),
    "local_community_correlation": Measure(
        triangles.local_community_correlation, "correlation of common neighbors and links among them, over links"
    ),
    "characteristic_path_length": Measure(paths.characteristic_path_length, "mean of the finite distances"),
    "diameter": Measure(paths.diameter, "largest finite distance"),
    "global_efficiency": Measure(paths.global_efficiency, "mean of 1 / distance"),
    "local_efficiency": Measure(paths.local_efficiency, "mean efficiency among the neighbors of a node"),
    "closeness": Measure(paths.closeness, "mean sum of 1 / distance"),
    "link_betweenness": Measure(paths.link_betweenness, "mean number of shortest paths through a link"),
    "node_betweenness": Measure(paths.node_betweenness, "mean number of shortest paths, both ways, through a node"),
    "radiality": Measure(paths.radiality, "mean of diameter + 1 - distance"),
    "modularity": Measure(
        lambda g, rng: community_detection.modularity(g, rng, n_runs=2 if g.plain.n_links <= _SMALL_LINKS else 1),
        "modularity of Leiden's communities; small graphs: the best of two runs", needs=("rng",),
    ),
    "n_directed_links": Measure(lambda g, rng: g.n_links, "number of directed links", "ignored", "used", ("directions",)),
    "reciprocity": Measure(
        lambda g, rng: degree_measures.reciprocity(g), "fraction of links whose reverse exists", "ignored", "used", ("directions",)
    ),
    "assortativity_out_in": Measure(
        lambda g, rng: degree_measures.assortativity(g, ("out", "in")),
        "correlation of out-degree of the source and in-degree of the target",
        "ignored", "used", ("directions",),
    ),
    "in_out_correlation": Measure(
        lambda g, rng: degree_measures.in_out_correlation(g), "correlation of in- and out-degree", "ignored", "used", ("directions",)
    ),
    "feedforward_loops": Measure(
        lambda g, rng: _triads(g, "030T"), "number of feedforward triads, 030T", "ignored", "used", ("directions",)
    ),
    "cycles_of_three": Measure(lambda g, rng: _triads(g, "030C"), "number of cyclic triads, 030C", "ignored", "used", ("directions",)),
    "mean_strength": Measure(
        lambda g, rng: _mean(degree_measures.strengths(g)), "mean sum of a node's weights", "by size", "both added", ("weights",)
    ),
    "strength_inequality": Measure(
        lambda g, rng: degree_measures.inequality(degree_measures.strengths(g)), "Gini coefficient of the strengths",
        "by size", "both added", ("weights",),
    ),
    "strength_assortativity": Measure(
        lambda g, rng: degree_measures.strength_assortativity(g), "correlation of the strengths at the ends of a link",
        "by size", "source's out with target's in", ("weights",),
    ),
    "weighted_clustering": Measure(
        lambda g, rng: triangles.weighted_clustering(g), "clustering with the cube root of a triangle's weights",
        "by size", "both added", ("weights",),
    ),
    "weighted_rich_club": Measure(
        lambda g, rng: _rich_club(g, True), "weight among the tenth with most links, over the strongest links",
        "by size", "both added", ("weights",),
    ),
    "weighted_modularity": Measure(
        lambda g, rng: community_detection.modularity_of(g, community_detection.communities(g, rng, weighted=True), weighted=True),
        "modularity of Leiden's communities of the weights", "by size", "both added", ("weights", "rng"),
    ),
    "spectral_radius": Measure(
        lambda g, rng: degree_measures.radius_of_weights(g), "spectral radius of the weights", "with their sign", "used", ("directions",)
    ),
    "weighted_reciprocity": Measure(
        lambda g, rng: degree_measures.weighted_reciprocity(g), "fraction of the weight that goes both ways",
        "by size", "used", ("weights", "directions"),
    ),
}  # fmt: skip
"""What is measured, by name."""


def measures(
    graph: Any,
    rng: np.random.Generator | None = None,
    *,
    which: Iterable[str | Callable] | Mapping[str, str | Callable] | None = None,
) -> MeasureTable:
    """Measures of a graph that need no null model; `comparisons.against_nulls` sets them beside those of random graphs.

    Parameters
    ----------
    graph : networkx graph, matrix or SimpleGraph
    rng : Generator, optional
        For modularity, which is left out without, and for the samples of a graph too large for an exact measure.
    which : names of `MEASURES` and functions of the graph, or mapping from name to such, optional
        All that apply if not given. A function of one's own gets the graph as it was given.

    Returns
    -------
    MeasureTable
        A DataFrame with the measures as index, ``value`` and ``standard_error``.

    Raises
    ------
    TopologyError
        If the graph has no links between different nodes, or is too large for an exact measure and `rng` is None.
    ValueError
        If a name is unknown, or two functions have the same.

    Examples
    --------
    >>> import networkx as nx
    >>> round(float(measures(nx.karate_club_graph()).value["clustering"]), 6)
    0.570638
    """
    own = simple_graph(graph)
    if not own.n_links:
        raise TopologyError(f"{own} has no links between different nodes; measures need at least one")
    found = values_of(graph, own, chosen_measures(own, rng, which=which), rng)
    errors = [getattr(value, "standard_error", 0.0) for value in found.values()]
    table = {"value": [float(value) for value in found.values()], "standard_error": errors}
    return MeasureTable(table, index=pd.Index(found, name="measure"))


def chosen_measures(
    graph: SimpleGraph, rng: np.random.Generator | None, *, which: Iterable[str | Callable] | Mapping[str, str | Callable] | None
) -> dict[str, Callable]:
    """Measures by name: those that apply to the graph, or those that are named or given.

    Parameters
    ----------
    graph : SimpleGraph
    rng : Generator, optional
        Without one, measures that draw do not apply.
    which : iterable of str and callable, mapping from name to such, or None
        Names in `MEASURES`, functions of one's own, or all that apply.

    Returns
    -------
    dict from name to callable

    Raises
    ------
    ValueError
        If a name is unknown, or two functions have the same.
    """
    if which is None:
        return {name: measure for name, measure in MEASURES.items() if measure.applies(graph, rng)}
    chosen = by_name(which)
    for name in chosen.values():
        if not callable(name) and name not in MEASURES:
            raise ValueError(unknown_name(str(name), "measure", MEASURES))
    return {name: one if callable(one) else MEASURES[one] for name, one in chosen.items()}


def values_of(graph: Any, own: SimpleGraph, chosen: Mapping[str, Callable], rng: Any) -> dict[str, float]:
    """Values of measures of one graph.

    Parameters
    ----------
    graph : object
        As it was given; functions that are not of the catalog get it.
    own : SimpleGraph
        The same graph as arrays; measures of the catalog get it.
    chosen : mapping from name to callable
        See `chosen_measures`.
    rng : Generator, optional

    Returns
    -------
    dict from name to float
    """
    return {
        name: measure(own, rng) if isinstance(measure, Measure) else float(measure(graph)) for name, measure in chosen.items()
    }
