"""Reading and writing graphs: link tables (CSV), GraphML, SONATA, and the connectome of *Caenorhabditis elegans*.

Every reader returns a simple networkx graph with string labels (integers from SONATA) or raises `TopologyError`.
"""

import csv
import os
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any
from xml.etree.ElementTree import ParseError
from xml.parsers import expat

import networkx as nx

from bioworkbench.errors import TopologyError
from bioworkbench.topology.sonata import read_sonata

__all__ = ["MAX_BYTES", "READERS", "read_celegans", "read_graph", "read_graphml", "read_link_table", "write_graph"]

MAX_BYTES = 2**30  # of a text file

_SOURCE = ("source", "pre", "from", "u")
_TARGET = ("target", "post", "to", "v")
_WEIGHT = ("weight", "count", "n_synapses")
_ROLES = {"S": "sensory", "M": "motor", "": "other"}


def read_graph(path: str | Path) -> nx.Graph:
    """Graph from a file, by its suffix: see `READERS`.

    Raises
    ------
    TopologyError
        If there is no such file, no reader for its suffix, or its content is not what the suffix says.
    """
    path = Path(path)
    reader = READERS.get(path.suffix.lower())
    if reader is None:
        raise TopologyError(f"{path} has the suffix '{path.suffix}'; known are {', '.join(READERS)}")
    return reader(path)


def read_link_table(path: str | Path, *, source: str = "", target: str = "", weight: str = "", directed: bool = True) -> nx.Graph:
    """Graph from a table with one link per line and a header, separated by commas (or tabs in ``.tsv`` files).

    Parameters
    ----------
    path : str or path
        UTF-8, at most a gibibyte.
    source, target : str
        Names of columns; by default source or pre or from or u, and target or post or to or v, in any case.
    weight : str
        Name of the column that becomes the link attribute ``weight``; by default weight, count or n_synapses if there is one,
        else links have none.
    directed : bool

    Returns
    -------
    networkx DiGraph or Graph
        All other columns become link attributes, as text.

    Raises
    ------
    TopologyError
        If the file is not such a table, a weight is not a finite number, or a link is given twice.
    """
    path = _checked_file(path)
    graph = nx.DiGraph() if directed else nx.Graph()
    columns = _link_columns(path, (source, target, weight))
    for number, row in _rows(path):
        _add_link(graph, row, columns, f"{path}, line {number}")
    return graph


def _add_link(graph: nx.Graph, row: Mapping[str, str], columns: Sequence[str], place: str) -> None:
    source, target, weight = columns
    u, v = row[source].strip(), row[target].strip()
    if not u or not v:
        raise TopologyError(f"{place}: '{source}' = '{u}', '{target}' = '{v}'; both ends of a link need a name")
    if graph.has_edge(u, v):
        raise TopologyError(f"{place}: the link {u} - {v} was given before; add up parallel links first")
    attributes: dict[str, Any] = {name: value for name, value in row.items() if name not in columns}
    if weight:
        attributes["weight"] = _number(row[weight], f"{place}: {weight}")
    graph.add_edge(u, v, **attributes)


def _link_columns(path: Path, given: Sequence[str]) -> tuple[str, str, str]:
    """Columns of source, target and weight ("" without weights)."""
    header = list(next((row for _, row in _rows(path)), ()))
    if not header:
        raise TopologyError(f"{path} has no links; a link table has a header and one link per line")
    lower = {name.strip().lower(): name for name in header}
    found = []
    for name, usual in zip(given, (_SOURCE, _TARGET, _WEIGHT), strict=True):
        if name and name not in header:
            raise TopologyError(f"{path} has no column '{name}'; its columns are {', '.join(header)}")
        found.append(name or next((lower[word] for word in usual if word in lower), ""))
    if not (found[0] and found[1]):
        raise TopologyError(
            f"{path} has the columns {', '.join(header)}; name those of the links source and target, or say which they are"
        )
    return found[0], found[1], found[2]


def _number(text: str, place: str) -> float:
    try:
        value = float(text)
    except ValueError as error:
        raise TopologyError(f"{place} = '{text}' is not a number") from error
    if value != value or value in (float("inf"), float("-inf")):
        raise TopologyError(f"{place} = '{text}' is not finite")
    return value


def _rows(path: Path) -> Iterator[tuple[int, dict[str, str]]]:
    """Lines of a table after its header, with their numbers in the file."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.DictReader(file, delimiter="\t" if path.suffix.lower() == ".tsv" else ",", strict=True)
            for number, row in enumerate(reader, start=2):
                if None in row or None in row.values():
                    raise TopologyError(
                        f"{path}, line {number} does not have the {len(reader.fieldnames or ())} fields of its header"
                    )
                yield number, row
    except (UnicodeDecodeError, csv.Error) as error:
        raise TopologyError(f"{path} is not a UTF-8 table: {error}") from error


def _checked_file(path: str | Path) -> Path:
    path = Path(path)
    if not path.is_file():
        raise TopologyError(f"{path} is not a file; give the path of an existing one")
    if path.stat().st_size > MAX_BYTES:
        raise TopologyError(
            f"{path} has {path.stat().st_size} bytes; more than {MAX_BYTES} are not read, use SONATA for such graphs"
        )
    return path


def read_graphml(path: str | Path) -> nx.Graph:
    """Graph from GraphML, with its attributes (``networkx.read_graphml``).

    Files that declare a document type are refused: entities could blow up to any size.

    Raises
    ------
    TopologyError
        If the file is not GraphML, declares a document type, or holds parallel links.
    """
    path = _checked_file(path)
    parser = expat.ParserCreate()
    parser.StartDoctypeDeclHandler = _refuse_doctype
    try:
        with path.open("rb") as file:
            parser.ParseFile(file)
        graph = nx.read_graphml(path)
    except TopologyError as error:
        raise TopologyError(f"{path} {error}") from error
    except (expat.ExpatError, ParseError, nx.NetworkXException, KeyError, ValueError, TypeError, AttributeError) as error:
        raise TopologyError(f"{path} is not GraphML: {error}") from error
    if graph.is_multigraph():
        raise TopologyError(f"{path} has parallel links; join them first")
    return graph


def _refuse_doctype(name: str, *_: Any) -> None:
    raise TopologyError(f"declares the document type '{name}'; remove the declaration, entities are not read")


def write_graph(graph: nx.Graph, path: str | Path) -> None:
    """Write a graph as GraphML with all its attributes (``.graphml``), or as a link table (``.csv``, ``.tsv``).

    A table holds source, target and all link attributes; nodes without links and node attributes are not in it.

    Raises
    ------
    TopologyError
        If the suffix is another one, the folder does not exist or cannot be written to, or an attribute is of a type that GraphML
        does not know. A file that was there before is then left as it was.
    """
    path = Path(path)
    write = {".graphml": nx.write_graphml, ".csv": _write_table, ".tsv": _write_table}.get(path.suffix.lower())
    if write is None:
        raise TopologyError(f"{path} has the suffix '{path.suffix}'; graphs are written as .graphml, .csv or .tsv")
    unfinished = path.with_name(f".{os.getpid()}.{path.name}")
    try:
        write(graph, unfinished)
        unfinished.replace(path)
    except (nx.NetworkXException, TypeError, OSError) as error:
        raise TopologyError(f"{path} cannot be written: {error}") from error
    finally:
        unfinished.unlink(missing_ok=True)


def _write_table(graph: nx.Graph, path: Path) -> None:
    names = list(dict.fromkeys(name for *_, attributes in graph.edges(data=True) for name in attributes))
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, delimiter="\t" if path.suffix.lower() == ".tsv" else ",", lineterminator="\n")
        writer.writerow(["source", "target", *names])
        writer.writerows([u, v, *(data.get(name, "") for name in names)] for u, v, data in graph.edges(data=True))


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
    for _, row in _rows(_checked_file(Path(place) / "celegans_neurons.csv")):
        _require(row, ("name", "cell_class", "soma_position", "neurotransmitters", "role"), "celegans_neurons.csv")
        graph.add_node(
            row["name"],
            cell_class=row["cell_class"],
            soma_position=_number(row["soma_position"], "soma_position"),
            transmitters=row["neurotransmitters"],
            role=_ROLES.get(row["role"], row["role"]),
        )
    for (u, v), contacts in _contacts(Path(place) / "celegans_synapses.csv", kind).items():
        if u not in graph or v not in graph:
            raise TopologyError(f"celegans_synapses.csv links {u} to {v}; both must be in celegans_neurons.csv")
        graph.add_edge(u, v, **contacts, weight=sum(contacts.values()))
    return graph


def _contacts(path: Path, kind: str) -> dict[tuple[str, str], Counter[str]]:
    """Numbers of contacts of each kind, by pair of neurons."""
    contacts: dict[tuple[str, str], Counter[str]] = {}
    for _, row in _rows(_checked_file(path)):
        _require(row, ("pre", "post", "kind", "count"), path.name)
        if kind in ("both", row["kind"]):
            counter = contacts.setdefault((row["pre"], row["post"]), Counter(chemical=0, electrical=0))
            counter[row["kind"]] += int(_number(row["count"], f"{path.name}: count"))
    return contacts


def _require(row: Mapping[str, str], columns: Sequence[str], name: str) -> None:
    if missing := [column for column in columns if column not in row]:
        raise TopologyError(f"{name} lacks the columns {', '.join(missing)}; it has {', '.join(row)}")


READERS: Mapping[str, Callable[[Path], nx.Graph]] = {
    ".csv": read_link_table,
    ".tsv": read_link_table,
    ".graphml": read_graphml,
    ".h5": read_sonata,
    ".hdf5": read_sonata,
    ".sonata": read_sonata,
}
"""Readers by suffix."""
