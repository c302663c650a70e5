"""``bioworkbench topology``: measure a graph, predict its links, or generate one."""

import heapq
import json
import math
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Annotated, Any

import networkx as nx
import numpy as np
import typer

from bioworkbench.commands.terminal import output, rich_table, with_exit_codes
from bioworkbench.errors import TopologyError, unknown_name
from bioworkbench.randomness import stream
from bioworkbench.spec.changes import parse_change
from bioworkbench.spec.values import Place, chosen
from bioworkbench.topology.connectomes import READERS, read_graph, read_link_table, write_graph
from bioworkbench.topology.generators import TOPOLOGIES
from bioworkbench.topology.link_evaluation import PREDICTORS
from bioworkbench.topology.measures import MAX_NODES, layer_measures, measures
from bioworkbench.topology.modularity import modularity
from bioworkbench.topology.null_comparisons import small_worldness

__all__ = ["topology_command"]

_CHUNK = 200_000  # pairs scored at a time

Prediction = tuple[Any, Any, float]


@with_exit_codes
def topology_command(
    file: Annotated[Path | None, typer.Argument(help=f"Graph to read: {', '.join(READERS)}.")] = None,
    generate: Annotated[str | None, typer.Option(metavar="KIND", help="Make a graph; see 'list topologies'.")] = None,
    nodes: Annotated[str, typer.Option(help="Size of the graph to make: 100, or 784x1000 for sources and targets.")] = "",
    changes: Annotated[list[str] | None, typer.Option("--set", metavar="NAME=VALUE", help="Setting of the topology.")] = None,
    undirected: Annotated[bool, typer.Option("--undirected", help="The links of a table have no direction.")] = False,
    predict: Annotated[str | None, typer.Option(metavar="SCORE", help="Rank absent links, for example by ch3_l3.")] = None,
    top: Annotated[int, typer.Option(min=1, help="How many predicted links.")] = 20,
    nulls: Annotated[int, typer.Option(min=0, help="Random graphs for small-worldness and runs for modularity.")] = 0,
    seed: Annotated[int | None, typer.Option(min=0, help="For everything that is random.")] = None,
    write: Annotated[
        Path | None, typer.Option(help="Write the graph, or the predicted links, as .graphml, .csv or .tsv.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Measure a graph, predict its missing links, or generate one."""
    graph = _graph(file, generate, nodes, changes or [], undirected, seed)
    results: dict[str, Any] = {"measures": _measures(graph, nulls, seed)}
    if predict is not None:
        results["predictions"] = predictions(graph, predict, top, seed)
    if write is not None:
        write_graph(graph if predict is None else _link_graph(graph, results["predictions"]), write)
    if as_json:
        results["measures"] = {name: None if math.isnan(value) else value for name, value in results["measures"].items()}
        output.print_json(json.dumps(results, default=str))
    else:
        _show(results, predict, write)


def _graph(
    file: Path | None, generate: str | None, nodes: str, changes: list[str], undirected: bool, seed: int | None
) -> nx.Graph:
    if (file is None) == (generate is None):
        raise TopologyError(f"FILE = {file}, --generate = {generate}: name a file to read, or a topology to generate, not both")
    if generate is not None:
        return _generated(generate, nodes, changes, seed)
    if nodes or changes:
        raise TopologyError(f"--nodes = '{nodes}', --set = {changes}: these are settings of --generate, not of a file")
    if undirected and file is not None and file.suffix.lower() in (".csv", ".tsv"):
        return read_link_table(file, directed=False)
    graph = read_graph(str(file))
    return graph.to_undirected() if undirected else graph


def _generated(kind: str, nodes: str, changes: list[str], seed: int | None) -> nx.Graph:
    """Directed graph; with two sizes the nodes are texts such as "source 3" and "target 0"."""
    given = dict(parse_change(change) for change in changes)
    choice = chosen({**given, "kind": kind}, "topology", TOPOLOGIES, Place("--generate"), {}, fixed=("recurrent",))
    sizes = [int(part) for part in nodes.split("x") if part.isdecimal()]
    if len(sizes) != nodes.count("x") + 1 or len(sizes) > 2:
        raise TopologyError(
            f"--nodes = '{nodes}': give a number of nodes such as 100, or of sources and targets such as 784x1000"
        )
    arguments = {name: value for name, value in choice.arguments.items() if name != "recurrent"}
    rng = _rng(seed, "--generate")
    mask = TOPOLOGIES[kind](sizes[0], sizes[-1], rng, recurrent=len(sizes) == 1, **arguments)
    if len(sizes) == 1:
        return _without_weights(nx.from_scipy_sparse_array(mask, create_using=nx.DiGraph))
    graph = nx.DiGraph()
    graph.add_nodes_from((f"source {k}" for k in range(sizes[0])), side="source")
    graph.add_nodes_from((f"target {k}" for k in range(sizes[1])), side="target")
    rows, columns = mask.nonzero()
    graph.add_edges_from((f"source {i}", f"target {j}") for i, j in zip(rows.tolist(), columns.tolist(), strict=True))
    return graph


def _without_weights(graph: nx.Graph) -> nx.Graph:
    for *_, attributes in graph.edges(data=True):
        attributes.clear()
    return graph


def _rng(seed: int | None, what: str) -> np.random.Generator:
    if seed is None:
        raise TopologyError(f"--seed = {seed}: {what} draws random numbers; add for example --seed 1")
    return stream(seed, f"topology {what}")


def _measures(graph: nx.Graph, nulls: int, seed: int | None) -> dict[str, float]:
    results = measures(graph, paths=graph.number_of_nodes() <= MAX_NODES)
    sides = set(dict(graph.nodes(data="side")).values())
    if sides == {"source", "target"}:
        sources = [node for node, side in graph.nodes(data="side") if side == "source"]
        mask = nx.bipartite.biadjacency_matrix(graph, sources, weight=None)  # pyright: ignore[reportArgumentType]
        results |= {f"layer_{name}": value for name, value in layer_measures(mask).items()}
    if nulls:
        rng = _rng(seed, "--nulls")
        results |= small_worldness(graph, rng, n_nulls=nulls) | {"modularity": modularity(graph, rng, n_runs=nulls)}
    return results


def predictions(graph: nx.Graph, name: str, top: int, seed: int | None) -> list[Prediction]:
    """Absent links (u, v, score) with the largest positive scores, best first; ties in the order of the nodes.

    Parameters
    ----------
    graph : networkx Graph or DiGraph
    name : str
        Name in `link_evaluation.PREDICTORS`.
    top : int
    seed : int, optional
        Needed for random scores alone.

    Raises
    ------
    TopologyError
        If the name is unknown, or random scores lack a seed.
    """
    if name not in PREDICTORS:
        raise TopologyError(unknown_name(name, "link score", PREDICTORS))
    rng = _rng(seed, "--predict random") if name == "random" else np.random.default_rng(0)  # not drawn from
    best: list[Prediction] = []
    for pairs in _chunks(nx.non_edges(graph)):
        scores = np.asarray(PREDICTORS[name](graph, pairs, rng))
        found = [(*pairs[k], float(scores[k])) for k in np.argsort(-scores, kind="stable")[:top] if scores[k] > 0]
        best = heapq.nlargest(top, [*best, *found], key=lambda entry: round(entry[2], 12))
    return best


def _chunks(pairs: Iterator[tuple[Any, Any]]) -> Iterator[list[tuple[Any, Any]]]:
    while chunk := list(islice(pairs, _CHUNK)):
        yield chunk


def _link_graph(graph: nx.Graph, links: list[Prediction]) -> nx.Graph:
    """Graph of the predicted links alone, with their scores."""
    result = graph.__class__()
    result.add_edges_from((u, v, {"score": score}) for u, v, score in links)
    return result


def _show(results: dict[str, Any], predict: str | None, write: Path | None) -> None:
    output.print(rich_table(["measure", "value"], [[name, f"{value:.6g}"] for name, value in results["measures"].items()]))
    if predict is not None:
        rows = [[f"{u} - {v}", f"{score:.6g}"] for u, v, score in results["predictions"]]
        output.print(rich_table(["absent link", predict], rows) if rows else f"No absent link has a positive score by {predict}.")
    if write is not None:
        output.print(str(write))
