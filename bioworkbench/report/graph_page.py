"""The page of a graph: degrees, communities, measures beside random graphs, predicted links; one file that fetches nothing."""

import math
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from bioworkbench.experiment.results.files import write_text
from bioworkbench.plots import graphs
from bioworkbench.records.randomness import stream
from bioworkbench.report.drawn import Panel, drawn
from bioworkbench.report.graph_findings import GraphFindings
from bioworkbench.report.pages import rendered
from bioworkbench.topology.measures.catalog import MEASURES, MeasureTable
from bioworkbench.topology.measures.community_detection import communities
from bioworkbench.topology.measures.comparisons import NullTable, over_nulls, rich_club
from bioworkbench.topology.prediction.predictor_table import PredictorTable
from bioworkbench.topology.simple_graph import SimpleGraph

__all__ = ["write_graph_page"]

_MOST_ROWS = 200  # predicted links of each predictor
_ROW_HEIGHT = 0.2  # inches, of a bar


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
        subtitle=f"{found.graph}" + (f"; measures beside {found.n_nulls:,} random graphs" if found.n_nulls else ""),
        notes=list(found.notes),
        tables=list(_tables(found, seed)),
    )
    write_text(Path(path), page)
    return Path(path)


def _tables(found: GraphFindings, seed: int) -> Iterator[dict[str, Any]]:
    yield {"title": "Structure", "panels": list(_structure(found.graph, seed)), "rows": []}
    table = found.measures
    yield {"title": "Measures", "panels": list(_beside_nulls(found, seed)), **_rows("measure", table, _about(table))}
    if found.comparison is not None:
        curves, recall = found.comparison.curves, found.comparison.curves.index.to_numpy(float)
        caption = "Links were hidden and ranked among all absent pairs. A curve further up and to the right finds them earlier."
        panel = drawn(
            lambda axes: graphs.precision_curves(axes, recall, {str(name): curves[name].to_numpy() for name in curves}),
            caption,
            height=4.0,
        )
        yield {"title": "Predictors compared", "panels": [panel], **_rows("predictor", found.comparison, {})}
    for name, links in found.predictions.items():
        rows = [[f"{u}", f"{v}", f"{score:.6g}"] for u, v, score in links[:_MOST_ROWS]]
        yield {
            "title": f"Absent links by {name}",
            "panels": [],
            "header": ["from", "to", "score"],
            "rows": rows,
            "numeric": [False, False, True],
        }


def _structure(graph: SimpleGraph, seed: int) -> Iterator[Panel]:
    if not graph.n_links:
        return
    caption = "A straight line is a power law; a curve that bends down ends at a typical size. Both axes are logarithmic."
    yield drawn(lambda axes: graphs.degree_distributions(axes, graph), caption, height=4.6)
    labels = communities(graph, stream(seed, "graph page communities"))
    caption = "Squares on the diagonal are communities (Leiden's method); inside, nodes with most links come first."
    yield drawn(lambda axes: graphs.adjacency_by_communities(axes, graph, labels), caption, height=4.6)


def _beside_nulls(found: GraphFindings, seed: int) -> Iterator[Panel]:
    if "z" not in found.measures:
        return
    z = {
        str(name): value
        for name, value in zip(found.measures.index, found.measures["z"].to_numpy(float), strict=True)
        if np.isfinite(value)
    }
    caption = (
        f"Random graphs keep: {found.keep}. Bars beyond the gray band (|z| > 2) are what this does not explain; "
        f"measures that do not vary among random graphs are left out."
    )
    height = 1.2 + _ROW_HEIGHT * len(z)
    yield drawn(lambda axes: graphs.z_values(axes, z), caption, height=height)
    club = rich_club(found.graph, stream(seed, "graph page rich club"), n_nulls=found.n_nulls)
    caption = "Above 1, nodes with many links are linked to each other more than in random graphs with the same degrees."
    columns = (club.index.to_numpy(float), *(over_nulls(club, name) for name in ("value", "low", "high")))
    yield drawn(lambda axes: graphs.rich_club_ratio(axes, *columns), caption, height=height)


def _about(table: MeasureTable | NullTable) -> dict[str, str]:
    return {str(name): MEASURES[str(name)].about for name in table.index if str(name) in MEASURES}


def _rows(what: str, table: MeasureTable | NullTable | PredictorTable, about: Mapping[str, str]) -> dict[str, Any]:
    """Header and rows of a table; columns that are 0 or not defined everywhere are left out."""
    columns = [name for name in table if name == "value" or np.nan_to_num(table[name].to_numpy(float)).any()]
    header = [
        what,
        *(str(name).replace("_half_width", " ±").replace("_", " ") for name in columns),
        *(["what it is"] * bool(about)),
    ]
    rows = []
    for name, values in zip(table.index, table[columns].to_numpy(float), strict=True):
        cells = ["" if math.isnan(value) else f"{value:.5g}" for value in values]
        rows.append([str(name).replace("_", " "), *cells, *([about.get(str(name), "")] if about else [])])
    return {"header": header, "rows": rows, "numeric": [False, *[True] * len(columns), False]}
