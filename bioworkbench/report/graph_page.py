"""The page of a graph: degrees, communities, measures beside random graphs, predicted links; one file that fetches nothing."""

import math
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from bioworkbench.experiment.results.files import write_text
from bioworkbench.plots import graphs
from bioworkbench.records.counted import counted
from bioworkbench.records.randomness import stream
from bioworkbench.report.drawn import Panel, drawn
from bioworkbench.report.graph_findings import GraphFindings
from bioworkbench.report.pages import rendered
from bioworkbench.topology.measures.catalog import MEASURES, MeasureTable
from bioworkbench.topology.measures.community_detection import communities
from bioworkbench.topology.measures.comparisons import NullTable, over_nulls, rich_club
from bioworkbench.topology.prediction.all_pairs import SCORES
from bioworkbench.topology.prediction.predictor_table import PredictorTable
from bioworkbench.topology.simple_graph import SimpleGraph

__all__ = ["write_graph_page"]

_MOST_ROWS = 200  # predicted links of each predictor
_ROW_HEIGHT = 0.2  # inches, of a bar
_CLUB = 10  # nodes, below which a rich club is not shown
_QUALITIES = {"aupr": "AUPR", "auc": "AUC", "auc_mroc": "AUC-mROC"}
_SMALL_WORLD = {
    "small_world_sigma": "clustering over path length, each over that of random graphs; above 1 in a small world",
    "small_world_omega": "0 in a small world, toward 1 in a random graph, toward -1 in a lattice",
}


def write_graph_page(path: str | Path, title: str, found: GraphFindings, seed: int = 1) -> Path:
    """Write the page of a graph.

    Parameters
    ----------
    path : str or path
        Ends in ``.html``.
    title : str
    found : GraphFindings
    seed : int
        Of the communities that the adjacency is sorted by, and of the random graphs of the rich club.

    Returns
    -------
    Path

    Raises
    ------
    ResultError
        If it cannot be written.
    """
    page = rendered(
        "graph.html.jinja",
        title=title,
        subtitle=f"{found.graph}" + (f"; measures beside {counted(found.n_nulls, 'random graph')}" if found.n_nulls else ""),
        notes=list(found.notes),
        sections=list(_sections(found, seed)),
    )
    write_text(Path(path), page)
    return Path(path)


def _sections(found: GraphFindings, seed: int) -> Iterator[dict[str, Any]]:
    yield {"title": "Structure", "panels": list(_structure(found.graph, seed)), "tables": []}
    panels = [*_beside_nulls(found), *_rich_club(found, seed)]
    yield {"title": "Measures", "panels": panels, "tables": [_of_measures(found.measures)]}
    if found.comparison is not None:
        yield {
            "title": "Predictors compared",
            "panels": list(_compared(found.comparison)),
            "tables": [_of_predictors(found.comparison)],
        }
    if found.predictions:
        tables = [_of_links(name, links) for name, links in found.predictions.items()]
        yield {"title": "Absent links that are most likely missing", "panels": [], "tables": tables}


def _structure(graph: SimpleGraph, seed: int) -> Iterator[Panel]:
    if not graph.n_links:
        return
    caption = "A straight line is a power law; a curve that bends down ends at a typical size. Both axes are logarithmic."
    yield drawn(lambda axes: graphs.degree_distributions(axes, graph), caption, height=4.6)
    labels = communities(graph, stream(seed, "graph page communities"))
    caption = "Squares on the diagonal are communities (Leiden's method); inside, nodes with most links come first."
    yield drawn(lambda axes: graphs.adjacency_by_communities(axes, graph, labels), caption, height=4.6)


def _beside_nulls(found: GraphFindings) -> Iterator[Panel]:
    """Bars of z; of many measures, those of the plain graph and those of weights and directions apart."""
    if "z" not in found.measures:
        return
    values = found.measures["z"].to_numpy(float)
    z = {str(name): value for name, value in zip(found.measures.index, values, strict=True) if np.isfinite(value)}
    apart = {name: value for name, value in z.items() if name in MEASURES and MEASURES[name].needs not in ((), ("rng",))}
    plain = {name: value for name, value in z.items() if name not in apart}
    groups = [group for group in (plain, apart) if group]
    height = 1.3 + _ROW_HEIGHT * max(map(len, groups), default=0)
    captions = (
        f"Random graphs keep: {found.keep}. Bars beyond the gray band (|z| > 2) are what this does not explain.",
        "Measures of weights and directions. Those that do not vary among random graphs have no bar.",
    )
    for group, caption in zip(groups, captions, strict=False):
        bars = {_words(name): value for name, value in group.items()}
        yield drawn(lambda axes, bars=bars: graphs.z_values(axes, bars), caption, height=height, wide=len(groups) == 1)


def _rich_club(found: GraphFindings, seed: int) -> Iterator[Panel]:
    if "z" not in found.measures:
        return
    club = rich_club(found.graph, stream(seed, "graph page rich club"), n_nulls=found.n_nulls)
    degrees = club.index.to_numpy(float)
    # among the last few nodes a single link more or less is most of the density
    shown = np.flatnonzero([(found.graph.plain.degrees > k).sum() >= min(_CLUB, found.graph.n_nodes) for k in degrees])
    columns = [values[shown] for values in (degrees, *(over_nulls(club, name) for name in ("value", "low", "high")))]
    caption = (
        "Above 1, nodes with many links are linked to each other more than in random graphs with the same degrees, of which 95 % lie in "
        f"the gray band. Shown while {_CLUB} nodes or more have a larger degree."
    )
    if shown.size:
        yield drawn(lambda axes: graphs.rich_club_ratio(axes, *columns), caption, wide=True)


def _compared(table: PredictorTable) -> Iterator[Panel]:
    curves, recall = table.curves, table.curves.index.to_numpy(float)
    caption = "Links were hidden and ranked among all absent pairs. A curve further up and to the right finds them earlier."
    precision = {str(name): curves[name].to_numpy() for name in table.index}
    yield drawn(lambda axes: graphs.precision_curves(axes, recall, precision), caption, height=4.0)
    names = [str(name) for name in table.index]
    means, half_widths = (dict(zip(names, table[key].tolist(), strict=True)) for key in ("aupr", "aupr_half_width"))
    caption = "Mean over the repeats and 95 % interval. The repeats share the graph and differ in which links were hidden."
    yield drawn(lambda axes: graphs.precision_bars(axes, means, half_widths), caption, height=4.0)


def _of_measures(table: MeasureTable | NullTable) -> dict[str, Any]:
    """Header and rows; columns that are 0 or not defined everywhere are left out."""
    columns = [name for name in table if name == "value" or np.nan_to_num(table[name].to_numpy(float)).any()]
    about = {**{name: measure.about for name, measure in MEASURES.items()}, **_SMALL_WORLD}
    rows = []
    for name, values in zip(table.index, table[columns].to_numpy(float), strict=True):
        exact = [column == "standard_error" and value == 0 for column, value in zip(columns, values, strict=True)]
        cells = ["" if none else _number(value) for value, none in zip(values, exact, strict=True)]
        rows.append([_words(str(name)), *cells, about.get(str(name), "")])
    header = ["measure", *(str(name).replace("_", " ") for name in columns), "what it is"]
    return {"about": "", "header": header, "rows": rows, "numeric": [False, *[True] * len(columns), False]}


def _of_predictors(table: PredictorTable) -> dict[str, Any]:
    """A column for every measure of quality, with its interval."""
    names = [str(name) for name in table if f"{name}_half_width" in table]
    rows = [
        [str(predictor), *(f"{row[name]:.4f} ± {row[f'{name}_half_width']:.4f}" for name in names)]
        for predictor, row in table.iterrows()
    ]
    header = ["predictor", *(_QUALITIES.get(name, name.replace("_", " ")) for name in names)]
    return {"about": "", "header": header, "rows": rows, "numeric": [False, *[True] * len(names)]}


def _of_links(name: str, links: Sequence[tuple[Any, Any, float]]) -> dict[str, Any]:
    rows = [[f"{u}", f"{v}", f"{score:.4g}"] for u, v, score in links[:_MOST_ROWS]]
    about = f"{name}: {SCORES[name].about}" if name in SCORES else name
    return {"about": about, "header": ["from", "to", "score"], "rows": rows, "numeric": [False, False, True]}


def _number(value: float) -> str:
    if math.isnan(value):
        return ""
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.4g}"


def _words(measure: str) -> str:
    return measure.removeprefix("n_").replace("_", " ")
