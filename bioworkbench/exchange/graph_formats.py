"""Graphs in GraphML, GML, GEXF and Pajek, by the readers of networkx."""

import re
from itertools import pairwise
from pathlib import Path

import networkx as nx

from bioworkbench.exchange.graph_checks import checked_file, checked_xml, foreign, once
from bioworkbench.records.errors import TopologyError
from bioworkbench.records.text_files import read_text

__all__ = ["read_gexf", "read_gml", "read_graphml", "read_pajek"]

_SECTIONS = ("*network", "*vertices", "*arcs", "*edges", "*matrix")


def read_graphml(path: str | Path, *, parallel: bool = False) -> nx.Graph:
    """Graph from GraphML, with its attributes, also those that only a default gives (``networkx.read_graphml``).

    Files that declare a document type are refused: entities could blow up to any size.

    Parameters
    ----------
    path : str or path
    parallel : bool
        Whether a graph with parallel links is read, as a networkx multigraph.

    Returns
    -------
    networkx graph

    Raises
    ------
    TopologyError
        If the file is not GraphML, declares a document type, holds parallel links without ``parallel=True``, or a weight is not a
        finite number.
    """
    file = checked_file(path)
    foreign(file, "GraphML", lambda: checked_xml(file))
    graph = foreign(file, "GraphML", lambda: nx.read_graphml(file))
    for elements, defaults in ((graph.nodes, "node_default"), (graph.edges, "edge_default")):
        given = graph.graph.pop(defaults, {})
        for attributes in elements.values():
            attributes.update({name: value for name, value in given.items() if name not in attributes})
    return once(graph, file, parallel)


def read_gexf(path: str | Path, *, parallel: bool = False) -> nx.Graph:
    """Graph from GEXF (``networkx.read_gexf``).

    Parameters
    ----------
    path, parallel
        As of `read_graphml`.

    Returns
    -------
    networkx graph

    Raises
    ------
    TopologyError
        As `read_graphml`.
    """
    file = checked_file(path)
    foreign(file, "GEXF", lambda: checked_xml(file))
    return once(foreign(file, "GEXF", lambda: nx.read_gexf(file)), file, parallel)


def read_gml(path: str | Path, *, parallel: bool = False) -> nx.Graph:
    """Graph from GML (``networkx.parse_gml``), its nodes named by their labels where all have different ones, else by number.

    Many files hold parallel links without saying so; all are read as if they did.

    Parameters
    ----------
    path, parallel
        As of `read_graphml`.

    Returns
    -------
    networkx graph

    Raises
    ------
    TopologyError
        As `read_graphml`.
    """
    file = checked_file(path)
    text = foreign(file, "GML", lambda: read_text(file))[0]
    if not re.search(r"^\s*multigraph\s+1", text, flags=re.MULTILINE):
        text = re.sub(r"(\bgraph\s*\[)", r"\1\n  multigraph 1", text, count=1)
    lines = text.split("\n")
    try:
        graph = nx.parse_gml(lines, label="label")
    except Exception:  # no labels, or the same twice; a damaged file fails again
        graph = foreign(file, "GML", lambda: nx.parse_gml(lines, label="id"))
    for _, _, attributes in graph.edges(data=True):
        if "weight" not in attributes and "value" in attributes:  # the usual name of weights in GML
            attributes["weight"] = attributes.pop("value")
    return once(graph, file, parallel)


def read_pajek(path: str | Path, *, parallel: bool = False) -> nx.Graph:
    """Graph from Pajek (``networkx.parse_pajek``), section by section; edges beside arcs go both ways.

    Parameters
    ----------
    path, parallel
        As of `read_graphml`.

    Returns
    -------
    networkx graph

    Raises
    ------
    TopologyError
        As `read_graphml`, and if the file has sections of another kind than vertices, arcs, edges and a matrix.
    """
    file = checked_file(path)
    text = foreign(file, "Pajek", lambda: read_text(file))[0]
    lines = [line for line in text.split("\n") if line.strip() and not line.lstrip().startswith("%")]
    begins = [k for k, line in enumerate(lines) if line.lstrip().startswith("*")]
    sections = [lines[first:last] for first, last in pairwise([*begins, len(lines)])]
    kinds = [section[0].split()[0].lower() for section in sections]
    if other := [kind for kind in kinds if kind not in _SECTIONS]:
        raise TopologyError(f"{file} has a section '{other[0]}'; those that are read are {', '.join(_SECTIONS)}")
    nodes = [line for kind, section in zip(kinds, sections, strict=True) if kind in _SECTIONS[:2] for line in section]
    # networkx takes all links for those of the first section, and words behind a star for nodes
    links = [[*nodes, kind, *section[1:]] for kind, section in zip(kinds, sections, strict=True) if kind in _SECTIONS[2:]]
    parts = [foreign(file, "Pajek", lambda part=part: nx.parse_pajek(iter(part))) for part in links or [lines]]
    return once(_joined(parts), file, parallel)


def _joined(parts: list[nx.Graph]) -> nx.Graph:
    """One graph of all links; directed if one part is."""
    if len(parts) == 1:
        return parts[0]
    directed = any(part.is_directed() for part in parts)
    joined = nx.MultiDiGraph() if directed else nx.MultiGraph()
    for part in parts:
        joined.add_nodes_from(part.nodes(data=True))
        both = part.to_directed() if directed else part
        joined.add_edges_from((u, v, attributes) for u, v, attributes in both.edges(data=True))
    return joined
