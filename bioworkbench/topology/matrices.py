"""Matrices that stand for graphs, of every kind that users have: arrays, masked and sparse ones, data frames."""

from collections.abc import Hashable, Sequence
from typing import Any

import numpy as np
from scipy import sparse

__all__ = ["matrix_links"]


def matrix_links(matrix: Any, *, directed: bool) -> tuple[np.ndarray, np.ndarray, np.ndarray | None, Sequence[Hashable]]:
    """Links of a matrix, and the names of its nodes.

    Parameters
    ----------
    matrix : array, sparse array or data frame (n_nodes, n_nodes)
    directed : bool
        Whether links have a direction.

    Returns
    -------
    sources, targets : int array (n_links,)
        Where an entry is neither 0 nor masked.
    weights : array (n_links,), or None
        None for a matrix of bool.
    nodes : sequence (n_nodes,)
        Names of a data frame, else numbers.

    Raises
    ------
    ValueError
        If entries are not real numbers or bool, rows and columns of a data frame have other names, or links without a direction have
        none back, unless one triangle of the matrix has all of them.
    """
    nodes = _names(matrix)
    entries = _entries(matrix)
    entries.sum_duplicates()
    present = entries.data != 0
    rows, columns = (np.asarray(part, dtype=np.int64)[present] for part in entries.coords)
    if not directed:
        _check_symmetric(rows, columns, nodes)
    return rows, columns, None if entries.dtype == bool else entries.data[present], nodes


def _names(matrix: Any) -> Sequence[Hashable]:
    if not hasattr(matrix, "columns"):
        return range(np.shape(matrix)[0])
    rows, columns = list(matrix.index), list(matrix.columns)
    if columns != rows:
        raise ValueError(
            f"the rows of the data frame are called {rows[:5]}, its columns {columns[:5]}; both must be the names of the nodes, in the "
            "same order: take frame.loc[names, names]"
        )
    return range(len(columns)) if columns == list(range(len(columns))) else columns


def _entries(matrix: Any) -> sparse.coo_array:
    if not sparse.issparse(matrix):
        matrix = np.ma.filled(matrix, 0) if isinstance(matrix, np.ma.MaskedArray) else np.asarray(matrix)
        if matrix.dtype.kind not in "buifc":
            try:
                matrix = matrix.astype(float)
            except (TypeError, ValueError) as error:
                raise ValueError(f"a matrix of type {matrix.dtype} is not one of numbers: {error}") from error
    if matrix.dtype.kind == "c":
        raise ValueError(f"a matrix of type {matrix.dtype} has complex weights; take their real part or their size")
    return sparse.coo_array(matrix)


def _check_symmetric(rows: np.ndarray, columns: np.ndarray, nodes: Sequence[Hashable]) -> None:
    one_way = ~np.isin(rows * len(nodes) + columns, columns * len(nodes) + rows)
    if one_way.any() and not (rows <= columns).all() and not (rows >= columns).all():
        k = int(np.argmax(one_way))
        raise ValueError(
            f"the matrix has a link from {nodes[rows[k]]!r} to {nodes[columns[k]]!r} and none back, and is not one triangle; the matrix "
            "of an undirected graph is symmetric: read it as directed, or add matrix.T"
        )
