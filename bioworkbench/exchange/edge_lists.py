"""Edge lists without a header, and adjacency matrices in tables of text."""

import re
from dataclasses import replace
from pathlib import Path

import networkx as nx
import numpy as np

from bioworkbench.exchange.graph_checks import checked_file, checked_number, once
from bioworkbench.exchange.matrices import graph_of_matrix
from bioworkbench.records.cells import is_number
from bioworkbench.records.errors import TopologyError
from bioworkbench.records.tables import CsvTable, read_table
from bioworkbench.records.text_files import read_text

__all__ = ["read_edge_list", "table_matrix", "without_header"]

_FEWEST = 4  # nodes of a matrix without names; smaller ones look like lists of links


def read_edge_list(path: str | Path, *, parallel: bool = False) -> nx.Graph:
    """Directed graph from lines of source, target and perhaps weight, with spaces, tabs or commas between; ``#`` and ``%`` begin comments.

    Parameters
    ----------
    path : str or path
    parallel : bool
        Keep links that are given more than once, in a multigraph, instead of refusing them.

    Returns
    -------
    networkx DiGraph or MultiDiGraph
        Nodes are texts.

    Raises
    ------
    TopologyError
        If a line has fewer than two or more than three words, lines differ in their number, or a weight is not a finite number.
    """
    file = checked_file(path)
    try:
        text, _ = read_text(file)
    except ValueError as error:
        raise TopologyError(str(error)) from error
    graph, width = nx.MultiDiGraph(), 0
    for number, line in enumerate(text.split("\n"), 1):
        words = re.split(r"[,\s]+", line.strip())
        if not line.strip() or line.lstrip()[0] in "#%":
            continue
        width = width or len(words)
        if len(words) != width or width not in (2, 3):
            raise TopologyError(
                f"{file}, line {number}: '{line.strip()[:80]}' has {len(words)} words; every link has source, target and perhaps weight"
            )
        weight = {"weight": checked_number(words[2], f"{file}, line {number}: weight")} if width == 3 else {}
        graph.add_edge(words[0], words[1], **weight)
    if not width:
        raise TopologyError(f"{file} has no links; every line is source, target and perhaps weight")
    return once(graph, file, parallel)


def without_header(table: CsvTable) -> CsvTable:
    """The `table` as it is where its first line holds names; else with the names source, target and weight."""
    n = len(table.names)
    if n not in (2, 3) or not _is_data(table):
        return table
    given = read_table(table.path, header=False, separator=table.separator)
    return replace(given, names=("source", "target", "weight")[:n])


def _is_data(table: CsvTable) -> bool:
    """Whether the first line is a link: its weight is a number, or its ends are among those of the other lines."""
    if len(table.names) == 3 and not is_number(table.names[2]):
        return False
    if is_number(table.names[0]) and is_number(table.names[1]):
        return True
    if len(table.names) == 3:
        return True
    ends = {cell for column in (0, 1) for cell in table.cells[column].tolist()}
    return table.names[0] in ends or table.names[1] in ends


def table_matrix(table: CsvTable) -> nx.DiGraph | None:
    """Graph of the adjacency matrix that `table` holds; None where it is another kind of table."""
    n_rows, n_columns = table.cells.shape
    labels = list(table.names[1:])
    if n_columns == n_rows + 1 and n_rows > 1 and not is_number(table.names[0]) and table.cells[0].tolist() == labels:
        return _graph(
            replace(table, cells=table.cells[list(range(1, n_columns))].set_axis(range(n_rows), axis=1), names=table.names[1:]),
            labels,
        )
    if n_columns == n_rows + 1 and n_columns >= _FEWEST and all(map(is_number, table.names)):
        return _graph(read_table(table.path, header=False, separator=table.separator), None)
    if (
        n_columns == n_rows
        and n_columns >= _FEWEST
        and not all(map(is_number, table.names))
        and len(set(table.names)) == n_columns
        and not _names_ends(table)
    ):
        numeric = all(is_number(cell) for cell in table.cells.iloc[0])
        return _graph(table, list(table.names)) if numeric else None
    return None


def _names_ends(table: CsvTable) -> bool:
    """Whether the header names both ends of links; as many links as columns are no matrix."""
    names = {name.lower() for name in table.names}
    return not names.isdisjoint(("source", "pre", "from")) and not names.isdisjoint(("target", "post", "to"))


def _graph(table: CsvTable, labels: list[str] | None) -> nx.DiGraph:
    try:
        values = table.numbers(table.names)
    except ValueError as error:
        raise TopologyError(str(error)) from error
    return graph_of_matrix(np.asarray(values), str(table.path), labels)
