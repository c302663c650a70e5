"""Reading and writing graphs by the suffix of their file, link tables (CSV), and the connectome of *Caenorhabditis elegans*.

Every reader returns a simple networkx graph with string labels (integers from SONATA) or raises `TopologyError`.
"""

import csv
import os
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import networkx as nx
import numpy as np

from bioworkbench.exchange.edge_lists import read_edge_list, table_matrix, without_header
from bioworkbench.exchange.graph_checks import MAX_BYTES, checked_file, checked_number
from bioworkbench.exchange.graph_formats import read_gexf, read_gml, read_graphml, read_pajek
from bioworkbench.exchange.matrices import read_matrix
from bioworkbench.exchange.sonata_edges import read_sonata
from bioworkbench.records.cells import safe_cell
from bioworkbench.records.errors import TopologyError
from bioworkbench.records.tables import CsvTable, read_table

__all__ = [
    "MAX_BYTES",
    "READERS",
    "check_writable_as_graph",
    "read_celegans",
    "read_graph",
    "read_graphml",
    "read_link_table",
    "write_graph",
]

_SOURCE = ("source", "pre", "from", "u")
_TARGET = ("target", "post", "to", "v")
_WEIGHT = ("weight", "count", "n_synapses", "synapses", "strength")
_ROLES = {"S": "sensory", "M": "motor", "": "other"}


def read_graph(path: str | Path, *, parallel: bool = False) -> nx.Graph:
    """Graph from a file, by its suffix: see `READERS`.

    Parameters
    ----------
    path : str or path
    parallel : bool
        Keep parallel links, in a multigraph, instead of refusing them.

    Returns
    -------
    networkx graph
        Directed or not, as the file says.

    Raises
    ------
    TopologyError
        If it is not a file, no reader is for its suffix, or its content is not what the suffix says.
    """
    path = Path(path)
    reader = READERS.get("".join(path.suffixes[-2:]).lower()) or READERS.get(path.suffix.lower())
    if reader is None:
        raise TopologyError(f"{path} has the suffix '{path.suffix}'; known are {', '.join(READERS)}")
    return reader(path) if reader in (read_sonata, read_matrix) else reader(path, parallel=parallel)


def read_link_table(
    path: str | Path,
    *,
    source: str = "",
    target: str = "",
    weight: str = "",
    directed: bool = True,
    parallel: bool = False,
) -> nx.Graph:
    """Graph from a table with one link per line, or from an adjacency matrix.

    Without a header, the columns are source, target and, if there is a third, weight. A table with as many columns as rows is a
    matrix, unless its header names the ends of links, and so is one whose first column and header name the same nodes in the same order.

    Parameters
    ----------
    path : str or path
        Also compressed with gzip (``.csv.gz``), at most a gibibyte. Separator, decimal mark and line ends are found out; see
        `bioworkbench.records.tables`.
    source, target : str
        Names of columns; by default source or pre or from or u, and target or post or to or v, in any case.
    weight : str
        Name of the column that becomes the link attribute ``weight``; by default weight, count, n_synapses, synapses or strength
        if there is one, else links have none.
    directed : bool
    parallel : bool
        Keep links that are given more than once, in a multigraph, instead of refusing them.

    Returns
    -------
    networkx DiGraph or Graph
        All other columns become link attributes, as text.

    Raises
    ------
    TopologyError
        If the file is not such a table, a weight is not a finite number, or a link is given twice without ``parallel=True``.
    """
    table = _table(path)
    matrix = None if source or target else table_matrix(table)
    if matrix is not None:
        return matrix
    table = table if source or target else without_header(table)
    graph: nx.Graph = {(True, True): nx.MultiDiGraph, (True, False): nx.DiGraph, (False, True): nx.MultiGraph}.get(
        (directed, parallel), nx.Graph
    )()
    columns = _link_columns(table, (source, target, weight))
    others = [name for name in table.names if name and name not in columns]
    numbers = _weights(table, columns[2])
    for number, (line, (u, v, *rest)) in enumerate(_rows(table, (*columns[:2], *others))):
        attributes: dict[str, Any] = dict(zip(others, rest, strict=True))
        if columns[2]:
            attributes["weight"] = numbers[number]
        _add_link(graph, u, v, attributes, f"{table.path}, line {line}")
    return graph


def _weights(table: CsvTable, name: str) -> list[float]:
    """Weight of every link; nothing without a column of weights."""
    if not name:
        return []
    try:
        weights = table.numbers((name,))[:, 0]
    except ValueError as error:
        raise TopologyError(str(error)) from error
    missing = np.flatnonzero(np.isnan(weights))
    if len(missing):
        row = int(missing[0])
        raise TopologyError(f"{table.where(row, name)}: the weight '{table.texts(name)[row]}' is missing; give every link one")
    return weights.tolist()


def _add_link(graph: nx.Graph, u: str, v: str, attributes: Mapping[str, Any], place: str) -> None:
    if not u or not v:
        raise TopologyError(f"{place}: source = '{u}', target = '{v}'; both ends of a link need a name")
    if not graph.is_multigraph() and graph.has_edge(u, v):
        raise TopologyError(f"{place}: the link {u} - {v} was given before; add up parallel links first")
    graph.add_edge(u, v, **attributes)


def _link_columns(table: CsvTable, given: Sequence[str]) -> tuple[str, str, str]:
    """Columns of source, target and weight ("" without weights)."""
    header = [name for name in table.names if name]
    lower = {name.lower(): name for name in header}
    found = []
    for name, usual in zip(given, (_SOURCE, _TARGET, _WEIGHT), strict=True):
        if name and name not in header:
            raise TopologyError(f"{table.path} has no column '{name}'; its columns are {', '.join(header)}")
        found.append(name or next((lower[word] for word in usual if word in lower), ""))
    if not (found[0] and found[1]):
        raise TopologyError(
            f"{table.path} has the columns {', '.join(header)}; name those of the links source and target, or say which they are"
        )
    return found[0], found[1], found[2]


def _table(path: str | Path) -> CsvTable:
    """A table of links or neurons, its separator found out, except that of ``.tsv`` files."""
    checked = checked_file(path)
    try:
        return read_table(checked, separator="\t" if ".tsv" in checked.suffixes else "")
    except ValueError as error:
        raise TopologyError(str(error)) from error


def _rows(table: CsvTable, names: Sequence[str]) -> Iterator[tuple[int, tuple[str, ...]]]:
    """Cells of some columns row by row, with their lines in the file."""
    try:
        columns = [table.texts(name) for name in names]
    except ValueError as error:
        raise TopologyError(str(error)) from error
    yield from zip(table.lines.tolist(), zip(*columns, strict=True), strict=True)


def write_graph(graph: nx.Graph, path: str | Path) -> None:
    """Write a graph as GraphML with all its attributes (``.graphml``), or as a link table (``.csv``, ``.tsv``).

    A table holds source, target and all link attributes; nodes without links and node attributes are not in it, and spaces around names
    and line breaks in them are not read back.

    Parameters
    ----------
    graph : networkx graph
    path : str or path
        Ends in ``.graphml``, ``.csv`` or ``.tsv``; an existing file is replaced.

    Raises
    ------
    TopologyError
        If the suffix is another one, the folder does not exist or cannot be written to, or an attribute is of a type that GraphML
        does not know. A file that was there before is then left as it was.
    """
    path = Path(path)
    check_writable_as_graph(path)
    write = _WRITERS[path.suffix.lower()]
    unfinished = path.with_name(f".{os.getpid()}.{path.name}")
    try:
        write(graph, unfinished)
        unfinished.replace(path)
    except (nx.NetworkXException, TypeError, OSError) as error:
        raise TopologyError(f"{path} cannot be written: {error}") from error
    finally:
        with suppress(OSError):  # where nothing could be written, nothing can be removed either
            unfinished.unlink(missing_ok=True)


def check_writable_as_graph(path: Path) -> None:
    """Refuse a path that `write_graph` would refuse.

    Parameters
    ----------
    path : Path

    Raises
    ------
    TopologyError
        If its suffix is not that of a format, or its folder does not exist.

    Examples
    --------
    >>> check_writable_as_graph(Path("graph.gml"))
    Traceback (most recent call last):
    ...
    bioworkbench.records.errors.TopologyError: graph.gml has the suffix '.gml'; graphs are written as .graphml, .csv or .tsv
    """
    if path.suffix.lower() not in _WRITERS:
        raise TopologyError(f"{path} has the suffix '{path.suffix}'; graphs are written as .graphml, .csv or .tsv")
    if not path.parent.is_dir():
        raise TopologyError(f"{path} cannot be written: '{path.parent}': No such file or directory; make that folder first")


def _write_table(graph: nx.Graph, path: Path) -> None:
    names = list(dict.fromkeys(name for *_, attributes in graph.edges(data=True) for name in attributes))
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, delimiter="\t" if path.suffix.lower() == ".tsv" else ",", lineterminator="\n")
        writer.writerow(["source", "target", *map(safe_cell, names)])
        rows = ([u, v, *(data.get(name, "") for name in names)] for u, v, data in graph.edges(data=True))
        writer.writerows(map(safe_cell, row) for row in rows)


_WRITERS = {".graphml": nx.write_graphml, ".csv": _write_table, ".tsv": _write_table}


def read_celegans(folder: str | Path | None = None, *, kind: str = "both") -> nx.DiGraph:
    """The somatic nervous system of the hermaphrodite *Caenorhabditis elegans*: 279 neurons.

    Chemical synapses have a direction; electrical ones are links both ways. ``weight`` is the number of contacts. Nodes carry
    ``cell_class``, ``soma_position`` (0 head to 1 tail), ``transmitters`` (text, comma-separated) and ``role``: "sensory",
    "motor", or "other", which are mostly interneurons. Links carry ``chemical`` and ``electrical``, the contacts of each kind.

    Parameters
    ----------
    folder : str or path, optional
        With celegans_neurons.csv and celegans_synapses.csv; by default what the environment variable BIOWORKBENCH_DATA names.
    kind : {"chemical", "electrical", "both"}
        Synapses that are links.

    Returns
    -------
    networkx DiGraph

    Raises
    ------
    TopologyError
        If the folder is not known, a file is missing or is another one, or `kind` is another word.

    References
    ----------
    L. R. Varshney et al. (2011), https://doi.org/10.1371/journal.pcbi.1001066
    """
    if kind not in ("chemical", "electrical", "both"):
        raise TopologyError(f"kind = '{kind}': must be 'chemical', 'electrical' or 'both'")
    place = folder or os.environ.get("BIOWORKBENCH_DATA")
    if not place:
        raise TopologyError(f"folder = {folder}: name the folder with the C. elegans tables, or set BIOWORKBENCH_DATA")
    graph = nx.DiGraph(name="Caenorhabditis elegans")
    columns = ("name", "cell_class", "soma_position", "neurotransmitters", "role")
    for _, (name, cell_class, position, transmitters, role) in _required(Path(place) / "celegans_neurons.csv", columns):
        graph.add_node(
            name,
            cell_class=cell_class,
            soma_position=checked_number(position, "soma_position"),
            transmitters=transmitters,
            role=_ROLES.get(role, role),
        )
    for (u, v), contacts in _contacts(Path(place) / "celegans_synapses.csv", kind).items():
        if u not in graph or v not in graph:
            raise TopologyError(f"celegans_synapses.csv links {u} to {v}; both must be in celegans_neurons.csv")
        graph.add_edge(u, v, **contacts, weight=sum(contacts.values()))
    return graph


def _contacts(path: Path, kind: str) -> dict[tuple[str, str], Counter[str]]:
    """Numbers of contacts of each kind, by pair of neurons."""
    contacts: dict[tuple[str, str], Counter[str]] = {}
    for _, (pre, post, contact, n) in _required(path, ("pre", "post", "kind", "count")):
        if kind in ("both", contact):
            counter = contacts.setdefault((pre, post), Counter(chemical=0, electrical=0))
            counter[contact] += int(checked_number(n, f"{path.name}: count"))
    return contacts


def _required(path: Path, columns: Sequence[str]) -> Iterator[tuple[int, tuple[str, ...]]]:
    """Cells of columns that a table must have, as `_rows` gives them."""
    table = _table(path)
    if missing := [column for column in columns if column not in table.names]:
        raise TopologyError(f"{path.name} lacks the columns {', '.join(missing)}; it has {', '.join(table.names)}")
    return _rows(table, columns)


READERS: Mapping[str, Callable[..., nx.Graph]] = {
    ".csv": read_link_table,
    ".tsv": read_link_table,
    ".csv.gz": read_link_table,
    ".tsv.gz": read_link_table,
    ".edgelist": read_edge_list,
    ".edges": read_edge_list,
    ".txt": read_edge_list,
    ".graphml": read_graphml,
    ".gml": read_gml,
    ".gexf": read_gexf,
    ".net": read_pajek,
    ".paj": read_pajek,
    ".npy": read_matrix,
    ".npz": read_matrix,
    ".mtx": read_matrix,
    ".mtx.gz": read_matrix,
    ".mat": read_matrix,
    ".h5": read_sonata,
    ".hdf5": read_sonata,
    ".sonata": read_sonata,
}
"""Readers by suffix."""
