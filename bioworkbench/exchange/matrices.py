"""Graphs from adjacency matrices: NumPy, SciPy, MatrixMarket, MATLAB. Entry (i, j) is the weight of the link from i to j; 0 is none."""

import zipfile
from pathlib import Path
from typing import Any, Literal

import networkx as nx
import numpy as np
from scipy import sparse

from bioworkbench.exchange.graph_checks import MAX_BYTES, MAX_NODES, checked_file, foreign
from bioworkbench.records.elsewhere import reason_elsewhere
from bioworkbench.records.errors import TopologyError, unknown_name
from bioworkbench.records.lazily import later

__all__ = ["graph_of_matrix", "read_matrix"]

_MOST_PACKED = 1100  # bytes that one byte of a file can stand for; deflate packs at most 1032 into one

# SciPy's readers take as long to import as many graphs to read
_mminfo, _mmread, _whosmat, _loadmat = map(later, ("scipy.io:mminfo", "scipy.io:mmread", "scipy.io:whosmat", "scipy.io:loadmat"))


def read_matrix(path: str | Path, *, name: str = "") -> nx.DiGraph:
    """Directed graph of an adjacency matrix.

    Parameters
    ----------
    path : str or path
        ``.npy``; ``.npz`` of NumPy or of `scipy.sparse.save_npz`; ``.mtx`` (MatrixMarket, also ``.mtx.gz``); ``.mat`` (MATLAB
        up to version 7).
    name : str
        Which array is meant, where a file has several matrices.

    Returns
    -------
    networkx DiGraph
        Nodes are 0 ... n - 1, links have a ``weight``.

    Raises
    ------
    TopologyError
        If the file is damaged or too large, has not one square matrix of finite real numbers, or several and none is named.
    """
    file = checked_file(path)
    suffix = "".join(file.suffixes[-2:]).lower() if file.suffix.lower() == ".gz" else file.suffix.lower()
    read = {".npy": _npy, ".npz": _npz, ".mtx": _mtx, ".mtx.gz": _mtx, ".mat": _mat}[suffix]
    found = foreign(file, f"a matrix as {suffix} files hold", lambda: read(file))
    return graph_of_matrix(_chosen(file, found, name), str(file))


def graph_of_matrix(matrix: Any, where: str, labels: list[str] | None = None) -> nx.DiGraph:
    """Directed graph of a matrix.

    Parameters
    ----------
    matrix : sparse or dense array (n, n)
    where : str
        File, for messages.
    labels : list of str, optional
        Names of the nodes; by default their numbers.

    Returns
    -------
    networkx DiGraph
        Links where entries are not 0.

    Raises
    ------
    TopologyError
        If it is not square, has too many rows, or entries that are not finite real numbers.
    """
    if np.ndim(matrix) != 2 or matrix.shape[0] != matrix.shape[1]:
        raise TopologyError(
            f"{where} holds a matrix of shape {matrix.shape}; an adjacency matrix has a row and a column for each node"
        )
    if matrix.shape[0] > MAX_NODES:
        raise TopologyError(f"{where} has {matrix.shape[0]} nodes; more than {MAX_NODES} are not read")
    if matrix.dtype.kind not in "biuf":
        raise TopologyError(f"{where} holds entries of type {matrix.dtype}; weights are real numbers")
    entries = sparse.coo_array(matrix if sparse.issparse(matrix) else np.asarray(matrix, dtype=float))
    entries.sum_duplicates()  # an entry that a file lists twice is the sum, as SciPy and MATLAB have it
    values = entries.data.astype(float)
    bad = np.flatnonzero(~np.isfinite(values))
    if bad.size:
        row, column = int(entries.coords[0][bad[0]]), int(entries.coords[1][bad[0]])
        raise TopologyError(
            f"{where}: entry ({row}, {column}) is {values[bad[0]]}; weights are finite, and 0 where there is no link"
        )
    graph = nx.DiGraph()
    names: list[Any] = list(range(matrix.shape[0])) if labels is None else labels
    graph.add_nodes_from(names)
    for i, j, value in zip(entries.coords[0].tolist(), entries.coords[1].tolist(), values.tolist(), strict=True):
        if value:
            graph.add_edge(names[i], names[j], weight=value)
    return graph


def _chosen(path: Path, found: dict[str, Any], name: str) -> Any:
    if name:
        if name not in found:
            raise TopologyError(f"{path}: {unknown_name(name, 'matrix', found)}")
        return found[name]
    square = [
        key for key, value in found.items() if np.ndim(value) == 2 and value.shape[0] == value.shape[1] and value.shape[0] > 1
    ]
    candidates = square or list(found)
    if len(candidates) != 1:
        raise TopologyError(f"{path} holds {', '.join(candidates) or 'nothing'}; name the matrix that is meant")
    return found[candidates[0]]


def _npy(path: Path) -> dict[str, Any]:
    matrix = np.load(path, allow_pickle=False)
    if not isinstance(matrix, np.ndarray):
        matrix.close()
        raise TopologyError(f"{path} holds several arrays, as .npz files do; name it so")
    return {"matrix": matrix}


def _npz(path: Path) -> dict[str, Any]:
    with zipfile.ZipFile(path) as archive:
        size = sum(entry.file_size for entry in archive.infolist())
    if size > MAX_BYTES:
        raise TopologyError(f"{path} unpacks to {size} bytes; more than {MAX_BYTES} are not read")
    with np.load(path, allow_pickle=False) as arrays:
        if "format" not in arrays or "shape" not in arrays:
            found = {name: arrays[name] for name in arrays.files}
            if other := [name for name, values in found.items() if not isinstance(values, np.ndarray)]:
                raise TopologyError(f"{path}: '{other[0]}' is not an array; write it again")
            return found
    matrix: Any = sparse.load_npz(path)
    if matrix.format in ("csr", "csc", "bsr"):
        matrix.check_format(full_check=True)  # compiled code trusts the indices
    return {"matrix": matrix}


def _mtx(path: Path) -> dict[str, Any]:
    rows, columns, n_entries, form, *_ = _mminfo(path)
    if max(rows, columns) > MAX_NODES or (form == "array" and rows * columns * 8 > MAX_BYTES):
        raise TopologyError(
            f"{path} declares {rows} x {columns} entries; more than {MAX_NODES} nodes or {MAX_BYTES} bytes are not read"
        )
    packed = _MOST_PACKED if path.suffix.lower() == ".gz" else 1
    if n_entries > packed * path.stat().st_size:  # room for each is made before one is read
        raise TopologyError(f"{path} declares {n_entries} entries, and has {path.stat().st_size} bytes; it cannot hold them")
    _check("matrix_market", path)
    return {"matrix": _mmread(path)}


def _check(kind: Literal["matlab", "matrix_market"], path: Path) -> None:
    """Have another process read a file first, of which SciPy's reader can die, or that unpacks to more than any memory."""
    if reason := reason_elsewhere(kind, path):
        raise TopologyError(f"{path} is not a matrix as {path.suffix} files hold, or is damaged: {reason}")


def _mat(path: Path) -> dict[str, Any]:
    _check("matlab", path)
    declared = _whosmat(path)
    size = sum(int(np.prod(shape)) * 8 for _, shape, kind in declared if kind != "sparse")
    if size > MAX_BYTES:
        raise TopologyError(f"{path} declares {size} bytes; more than {MAX_BYTES} are not read")
    numeric = [
        name
        for name, _, kind in declared
        if kind in ("sparse", "double", "single", "logical") or kind.startswith(("int", "uint"))
    ]
    found = _loadmat(path, variable_names=numeric)
    return {name: found[name] for name in numeric}
