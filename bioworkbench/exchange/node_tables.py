"""Tables with a line per neuron: which population it belongs to, and values of its own."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from bioworkbench.records.arrays import Floats
from bioworkbench.records.data_paths import existing_file
from bioworkbench.records.errors import TopologyError, unknown_name
from bioworkbench.records.tables import CsvTable, read_table

__all__ = ["NodeLabels", "column_of_nodes", "labeled_nodes"]


@dataclass(frozen=True)
class NodeLabels:
    """Which nodes of a file are the neurons of two populations: those that a table gives one label.

    Parameters
    ----------
    file : path
        A table with a line per node.
    column : str
        Of labels, such as "type".
    source, target : str
        Labels of the nodes that are the neurons of each population, in the order of the table.
    name : str
        Column of the names of nodes; the first by default.
    """

    file: Path
    column: str
    source: str
    target: str
    name: str = ""


def labeled_nodes(labels: NodeLabels) -> tuple[list[str], list[str]]:
    """Names of the nodes with the labels of source and target.

    Parameters
    ----------
    labels : NodeLabels

    Returns
    -------
    sources, targets : list of str
        In the order of the table.

    Raises
    ------
    TopologyError
        If the table cannot be read, has no such column, names a node twice, or no node has a label.
    """
    table = _table(labels.file)
    names = _texts(table, labels.name or next((name for name in table.names if name), ""))
    twice = [name for name, count in zip(*np.unique(names, return_counts=True), strict=True) if count > 1]
    if twice:
        raise TopologyError(f"{table.path}: the node '{twice[0]}' is there twice; give every node one line")
    given = _texts(table, labels.column)
    return _with(table, labels, names, given, labels.source), _with(table, labels, names, given, labels.target)


def _with(table: CsvTable, labels: NodeLabels, names: Sequence[str], given: Sequence[str], label: str) -> list[str]:
    found = [name for name, own in zip(names, given, strict=True) if own == label]
    if not found:
        raise TopologyError(f"{table.path}, column '{labels.column}': {unknown_name(label, 'label of a node', set(given))}")
    return found


def column_of_nodes(file: Path, column: str, label_column: str = "", label: str = "") -> Floats:
    """A number for every node of a table, or for those with a label.

    Parameters
    ----------
    file : path
    column : str
        Of the numbers.
    label_column, label : str
        Which nodes; all by default.

    Returns
    -------
    array (n_nodes,)
        In the order of the table.

    Raises
    ------
    TopologyError
        If the table cannot be read, lacks a column or a value, or no node has the label.
    """
    table = _table(file)
    try:
        numbers = table.numbers((column,))[:, 0]
    except ValueError as error:
        raise TopologyError(str(error)) from error
    kept = np.ones(numbers.size, dtype=bool)
    if label_column:
        given = np.array(_texts(table, label_column))
        kept = given == label
        if not kept.any():
            raise TopologyError(
                f"{table.path}, column '{label_column}': {unknown_name(label, 'label of a node', set(given.tolist()))}"
            )
    missing = np.flatnonzero(np.isnan(numbers) & kept)
    if missing.size:
        raise TopologyError(f"{table.where(int(missing[0]), column)}: the value is missing; give every neuron one")
    return numbers[kept]


def _table(file: Path) -> CsvTable:
    try:
        return read_table(existing_file(file, TopologyError))
    except ValueError as error:
        raise TopologyError(str(error)) from error


def _texts(table: CsvTable, name: str) -> list[str]:
    try:
        return list(table.texts(name))
    except ValueError as error:
        raise TopologyError(str(error)) from error
