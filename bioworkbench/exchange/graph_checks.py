"""What every reader of graphs checks: the file, and that links are given once."""

from collections.abc import Callable
from pathlib import Path
from typing import Any
from xml.parsers import expat

import networkx as nx

from bioworkbench.records.errors import TopologyError

__all__ = ["MAX_BYTES", "MAX_NODES", "checked_file", "checked_number", "checked_xml", "foreign", "once"]

MAX_BYTES = 2**30  # of a file of text or of a matrix
MAX_NODES = 10_000_000


def checked_file(path: str | Path) -> Path:
    """Path of an existing file that is not too large.

    Parameters
    ----------
    path : str or path

    Returns
    -------
    Path

    Raises
    ------
    TopologyError
        If it is not a file, or one of more than `MAX_BYTES`.
    """
    path = Path(path)
    if not path.is_file():
        raise TopologyError(f"{path} is not a file; give the path of an existing one")
    if path.stat().st_size > MAX_BYTES:
        raise TopologyError(
            f"{path} has {path.stat().st_size} bytes; more than {MAX_BYTES} are not read, use SONATA for such graphs"
        )
    return path


def checked_number(text: Any, place: str) -> float:
    """Number that `text` says; TopologyError, which names its `place`, if it is not a finite one."""
    try:
        value = float(text)
    except (TypeError, ValueError, OverflowError) as error:
        raise TopologyError(f"{place} = '{text}' is not a number; give every link one, or none") from error
    if value != value or value in (float("inf"), float("-inf")):
        raise TopologyError(f"{place} = '{text}' is not finite")
    return value


def checked_xml(path: Path) -> None:
    """Refuse the XML file `path` if it declares a document type: entities could blow up to any size."""
    parser = expat.ParserCreate()
    parser.StartDoctypeDeclHandler = _refuse_doctype
    try:
        with path.open("rb") as file:
            parser.ParseFile(file)
    except TopologyError as error:
        raise TopologyError(f"{path} {error}") from error


def _refuse_doctype(name: str, *_: Any) -> None:
    raise TopologyError(f"declares the document type '{name}'; remove the declaration, entities are not read")


def foreign(path: Path, what: str, read: Callable[[], Any]) -> Any:
    """Result of a reader of another library, its errors in our words.

    Parameters
    ----------
    path : Path
        For messages.
    what : str
        What the file should be, for messages: "GraphML".
    read : callable ()

    Returns
    -------
    object
        What `read` returns.

    Raises
    ------
    TopologyError
        If it fails.
    """
    try:
        return read()
    except TopologyError:
        raise
    except Exception as error:  # readers of other libraries fail in many ways on damaged files
        raise TopologyError(f"{path} is not {what}, or is damaged: {str(error) or type(error).__name__}") from error


def once(graph: nx.Graph, path: Path, parallel: bool) -> nx.Graph:
    """Graph of a file with checked weights, each link once where that is wanted.

    Parameters
    ----------
    graph : networkx graph
    path : Path
        For messages.
    parallel : bool
        Whether parallel links are kept, in a multigraph, instead of refused.

    Returns
    -------
    networkx graph
        A multigraph only if there are parallel links.

    Raises
    ------
    TopologyError
        If a weight is not a finite number, or there are parallel links and `parallel` is false.
    """
    for u, v, weight in graph.edges(data="weight"):
        if weight is not None:
            checked_number(weight, f"{path}, link {u} - {v}: weight")
    if not graph.is_multigraph():
        return graph
    single: nx.Graph = nx.DiGraph(graph) if graph.is_directed() else nx.Graph(graph)
    if single.number_of_edges() == graph.number_of_edges():
        return single
    if not parallel:
        raise TopologyError(f"{path} has parallel links; join them first")
    return graph
