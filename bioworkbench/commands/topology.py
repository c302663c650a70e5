"""``bioworkbench topology``: measure a graph, predict its links, or generate one."""

import json
import math
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any

import networkx as nx
import numpy as np
import pandas as pd
import typer

from bioworkbench.commands.sparing import imported
from bioworkbench.commands.terminal import labeled, output, rich_table, with_exit_codes, words
from bioworkbench.exchange.connectomes import READERS, check_writable_as_graph, read_graph, write_graph
from bioworkbench.records.errors import TopologyError, unknown_name
from bioworkbench.records.lazily import later
from bioworkbench.records.randomness import stream
from bioworkbench.report.graph_findings import GraphFindings
from bioworkbench.topology.measures.catalog import MeasureTable, measures
from bioworkbench.topology.measures.community_detection import communities
from bioworkbench.topology.measures.comparisons import against_nulls, small_worldness
from bioworkbench.topology.measures.estimates import EXACT_LINKS, EXACT_NODES
from bioworkbench.topology.measures.layers import layer_measures
from bioworkbench.topology.measures.null_models import NULL_MODELS, null_graph
from bioworkbench.topology.prediction.all_pairs import SCORES
from bioworkbench.topology.prediction.best_links import best_links
from bioworkbench.topology.prediction.comparison import compare
from bioworkbench.topology.simple_graph import SimpleGraph, graph_of_links, networkx_graph, simple_graph

__all__ = ["topology_command"]

_MOST_NULLS = 10_000

write_graph_page = later(
    "bioworkbench.report.graph_page:write_graph_page"
)  # Matplotlib takes longer to import than many graphs to measure

Prediction = tuple[Any, Any, float]


@with_exit_codes
def topology_command(
    file: Annotated[Path | None, typer.Argument(help=f"Graph to read: {', '.join(READERS)}.")] = None,
    generate: Annotated[str | None, typer.Option(metavar="KIND")] = None,
    nodes: str = "",
    changes: Annotated[list[str] | None, typer.Option("--set", metavar="NAME=VALUE")] = None,
    undirected: Annotated[bool, typer.Option("--undirected")] = False,
    predict: Annotated[str | None, typer.Option(metavar="SCORES")] = None,
    compare_them: Annotated[bool, typer.Option("--compare")] = False,
    repeats: Annotated[int, typer.Option(min=2)] = 10,
    top: Annotated[int, typer.Option(min=1)] = 20,
    nulls: Annotated[int, typer.Option(min=0, max=_MOST_NULLS)] = 0,
    keep: Annotated[str, typer.Option(help=f"What these keep: {', '.join(NULL_MODELS)}.")] = "degrees",
    seed: Annotated[int | None, typer.Option(min=0)] = None,
    write: Path | None = None,
    page: Annotated[Path | None, typer.Option("--report", metavar="PAGE.html")] = None,
    as_json: Annotated[bool, typer.Option("--json")] = False,
) -> None:
    """Measure a graph, predict its missing links, or generate one.

    Parameters
    ----------
    file : path, optional
        Graph to read.
    generate : str, optional
        Make a graph; see 'list topologies'.
    nodes : str
        Size of the graph to make: 100, or 784x1000 for sources and targets.
    changes : list of str, optional
        Settings of the topology.
    undirected : bool
        The links have no direction; a link with another weight in each direction gets their mean.
    predict : str, optional
        Rank absent links: ch3_l3, or several as a,b,c.
    compare_them : bool
        Hide a tenth of the links, and say how high each score ranks them.
    repeats : int
        How often, for --compare.
    top : int
        How many predicted links.
    nulls : int
        How many random graphs to set every measure beside.
    keep : str
        What the random graphs keep.
    seed : int, optional
        For everything that is random.
    write : path, optional
        Write the graph, or the predicted links, as .graphml, .csv or .tsv.
    page : path, optional
        Write a page about the graph.
    as_json : bool
        Print JSON.
    """
    if page is not None and page.suffix != ".html":
        raise TopologyError(f"--report = {page}: the page is HTML; give a name that ends in .html")
    if write is not None:
        check_writable_as_graph(write)  # before anything is measured, which may take hours
    given = _graph(file, generate, nodes, changes or [], seed)
    graph, uneven = _undirected(simple_graph(given)) if undirected else (simple_graph(given), [])
    to_know = [*uneven, *notes(graph, seed, predict, nulls)]
    for note in to_know:
        words.print(labeled("note", note, "yellow"))
    names = [name.strip() for name in predict.split(",")] if predict is not None else []
    if compare_them and not names:
        raise TopologyError(
            f"--predict = {predict}: --compare needs the scores to compare; add for example --predict ch3_l3,random"
        )
    _check_predictors(names, graph, seed)
    rng = stream(1 if seed is None else seed, "topology --compare")
    found = GraphFindings(
        graph,
        _measures(given, graph, nulls, keep, seed),
        _predictions(graph, names, top, seed),
        compare(graph, rng, predictors=names, n_repeats=repeats) if compare_them else None,
        nulls,
        keep,
        to_know,
    )
    if write is not None:
        write_graph(_link_graph(graph, found.predictions[names[0]]) if names else _written(given, graph), write)
    if page is not None:
        write_graph_page(page, file.name if file else f"{generate} graph", found, 1 if seed is None else seed)
    if as_json:
        output.print_json(json.dumps(_plain(found), default=str))
    else:
        _show(found)
        for path in filter(None, (write, page)):
            output.print(str(path))


def notes(graph: SimpleGraph, seed: int | None, predict: str | None = None, nulls: int = 0) -> list[str]:
    """What a reader of the numbers must know of the graph: what was dropped, and what is sampled with which seed.

    Parameters
    ----------
    graph : SimpleGraph
    seed : int, optional
        As given on the command line.
    predict : str, optional
        Names of the scores by which absent links are ranked.
    nulls : int
        How many random graphs the measures are set beside.

    Returns
    -------
    list of str
    """
    found = []
    if graph.n_self_links:
        found.append(f"self-links (autapses) dropped: {graph.n_self_links}; measures and predictions are of links between nodes")
    if graph.n_parallel_links:
        found.append(f"parallel links joined with others of the same ends, and their weights added: {graph.n_parallel_links}")
    weights = graph.links()[2]
    if weights is not None and (weights < 0).any():
        n = int((weights < 0).sum())
        found.append(f"links with negative weights: {n}; strengths and weighted measures take weights by their size")
    lonely = int((graph.plain.degrees == 0).sum())
    if lonely:
        found.append(f"nodes without links: {lonely} of {graph.n_nodes}; they count in means over nodes")
    if graph.n_nodes > EXACT_NODES or graph.plain.n_links > EXACT_LINKS:
        found.append(f"{graph} is too large for some exact measures: these are sampled, with their standard errors")
    if predict is not None and graph.directed:
        found.append("both directions of a pair are predicted apart; --undirected joins them")
    if nulls and _only_one(graph):
        found.append(
            "swaps find no other graph with these degrees: the random graphs have the links of the graph itself, and z is empty"
        )
    if seed is None:
        found.append("what is random is drawn with seed 1; --seed takes another")
    return found


def _only_one(graph: SimpleGraph) -> bool:
    """Whether a random graph with the same degrees is the graph itself, as of a complete graph or a star."""
    return np.array_equal(null_graph(graph, stream(1, "topology another graph")).neighbors, graph.neighbors)


def _graph(file: Path | None, generate: str | None, nodes: str, changes: list[str], seed: int | None) -> nx.Graph:
    if (file is None) == (generate is None):
        raise TopologyError(f"FILE = {file}, --generate = {generate}: name a file to read, or a topology to generate, not both")
    if generate is not None:
        makers = imported("bioworkbench.commands.generated_graph")  # which imports Brian2
        return makers.generated_graph(generate, nodes, changes, _rng(seed, "--generate"))
    if nodes or changes:
        raise TopologyError(f"--nodes = '{nodes}', --set = {changes}: these are settings of --generate, not of a file")
    return read_graph(str(file), parallel=True)


def _undirected(graph: SimpleGraph) -> tuple[SimpleGraph, list[str]]:
    """The graph without directions, and what a reader must know of it: a link whose two directions differ gets their mean weight."""
    if not graph.directed:
        return graph, []
    sources, targets, weights = graph.links()
    pairs, pair, n_listed = np.unique(
        np.minimum(sources, targets) * graph.n_nodes + np.maximum(sources, targets), return_inverse=True, return_counts=True
    )
    lower, upper = np.divmod(pairs, max(1, graph.n_nodes))
    means = None if weights is None else np.bincount(pair, weights, pairs.size) / n_listed
    found = graph_of_links(lower, upper, means, graph.nodes, directed=False)
    found = replace(found, n_self_links=graph.n_self_links, n_parallel_links=graph.n_parallel_links)
    n_uneven = 0 if weights is None or means is None else np.unique(pair[weights != means[pair]]).size
    if not n_uneven:
        return found, []
    return found, [f"links with another weight in each direction: {n_uneven}; --undirected gives them the mean of the two"]


def _rng(seed: int | None, what: str) -> np.random.Generator:
    if seed is None:
        raise TopologyError(f"--seed = {seed}: {what} draws random numbers; add for example --seed 1")
    return stream(seed, f"topology {what}")


def _measures(given: nx.Graph, graph: SimpleGraph, nulls: int, keep: str, seed: int | None) -> MeasureTable:
    """Measures (rows) with their values and errors and, with null models, what these give."""
    seed = 1 if seed is None else seed
    found = pd.DataFrame(measures(graph, stream(seed, "topology measures")))
    if nulls:
        rng = stream(seed, "topology --nulls")
        modules = communities(graph, rng).tolist() if keep == "modules" else None
        table = against_nulls(graph, rng, n_nulls=nulls, keep=keep, modules=modules, positions=_positions(given, keep))
        found = pd.concat([found, pd.DataFrame(table).drop(columns="value")], axis=1)
        beside = table if keep == "degrees" and not graph.directed else None
        found = pd.concat([found, pd.DataFrame(small_worldness(graph, rng, n_nulls=nulls, beside=beside))])
    if set(dict(given.nodes(data="side")).values()) == {"source", "target"}:
        sources = [node for node, side in given.nodes(data="side") if side == "source"]
        mask = nx.bipartite.biadjacency_matrix(given, sources, weight=None)  # pyright: ignore[reportArgumentType]
        layer = {f"layer_{name}": value for name, value in layer_measures(mask).items()}
        found = pd.concat([found, pd.DataFrame({"value": layer, "standard_error": dict.fromkeys(layer, 0.0)})])
    return MeasureTable(found)


def _positions(graph: nx.Graph, keep: str) -> list[list[float]] | None:
    """Positions of the nodes from their attributes x, y and z, as far as all have them."""
    if keep != "lengths":
        return None
    axes = [axis for axis in "xyz" if graph.number_of_nodes() and all(axis in data for _, data in graph.nodes(data=True))]
    if not axes:
        raise TopologyError(f"--keep = '{keep}': the nodes of the graph have no attribute x, y or z to take lengths from")
    return [[_coordinate(node, axis, data[axis]) for axis in axes] for node, data in graph.nodes(data=True)]


def _coordinate(node: Any, axis: str, value: Any) -> float:
    try:
        return float(value)
    except (TypeError, ValueError) as error:
        raise TopologyError(f"node {node!r}: {axis} = {value!r} is not a number; a position is made of numbers") from error


def _check_predictors(names: Sequence[str], graph: SimpleGraph, seed: int | None) -> None:
    """Refuse what cannot be predicted before anything is measured."""
    for name in names:
        if name not in SCORES:
            raise TopologyError(f"--predict {name}: {unknown_name(name, 'link score', SCORES)}")
        if name == "random":
            _rng(seed, "--predict random")
        try:
            SCORES[name].check(name, graph)
        except TopologyError as error:
            raise TopologyError(f"--predict {name}: {error}") from error


def _predictions(graph: SimpleGraph, names: list[str], top: int, seed: int | None) -> dict[str, list[Prediction]]:
    """Best absent links by every predictor."""
    found = {}
    for name in names:
        rng = _rng(seed, "--predict random") if name == "random" else stream(1, name)
        try:
            table = best_links(graph, rng, by=name, k=top)
        except (nx.NetworkXException, ValueError) as error:
            raise TopologyError(f"--predict {name}: {error}") from error
        found[name] = list(zip(table.source, table.target, table.score, strict=True))
    return found


def _link_graph(graph: SimpleGraph, links: Sequence[Prediction]) -> nx.Graph:
    """Graph of the predicted links alone, with their scores."""
    result: nx.Graph = nx.DiGraph() if graph.directed else nx.Graph()
    result.add_edges_from((u, v, {"score": score}) for u, v, score in links)
    return result


def _written(given: nx.Graph, graph: SimpleGraph) -> nx.Graph:
    """The graph as it was given or, where its links were to lose their direction, without directions and attributes but weights."""
    if given.is_directed() == graph.directed:
        return given
    result = networkx_graph(graph)
    result.add_nodes_from(given.nodes(data=True))
    return result


def _plain(found: GraphFindings) -> dict[str, Any]:
    """Findings for JSON: values by measure, and by column what else is known of them; what is not defined is null."""
    columns = {str(name): _jsonable(found.measures[name].to_dict()) for name in found.measures}
    plain: dict[str, Any] = {"measures": columns.pop("value"), **columns}
    if found.predictions:
        links = list(found.predictions.values())
        plain["predictions"] = found.predictions if len(links) > 1 else links[0]
    if found.comparison is not None:
        plain["comparison"] = {str(name): _jsonable(row.to_dict()) for name, row in found.comparison.iterrows()}
    return plain


def _jsonable(values: dict[str, float]) -> dict[str, float | None]:
    return {name: None if math.isnan(value) else value for name, value in values.items()}


def _show(found: GraphFindings) -> None:
    _show_table(found.measures, "measure")
    arrow = "->" if found.graph.directed else "-"
    for name, links in found.predictions.items():
        rows = [[f"{u} {arrow} {v}", f"{score:.6g}"] for u, v, score in links]
        output.print(rich_table(["absent link", name], rows) if rows else f"No absent link has a positive score by {name}.")
    if found.comparison is not None:
        _show_table(found.comparison, "predictor")


def _show_table(table: pd.DataFrame, what: str) -> None:
    columns = [name for name in table if name in ("value", "aupr") or bool(table[name].fillna(0).any())]
    rows = [[str(name), *map(_cell, row[columns])] for name, row in table.iterrows()]
    output.print(rich_table([what, *(str(name).replace("_", " ").replace("half width", "±") for name in columns)], rows))


def _cell(value: float) -> str:
    return "" if math.isnan(value) else f"{value:.6g}"
