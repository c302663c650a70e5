"""Reading a file in another process first, where the library that reads it can die of a damaged one, or go round for ever.

This file is also the program of that process: ``python elsewhere.py KIND PATH``. As such it imports nothing of the package.
"""

import hashlib
import os
import subprocess
import sys
from importlib import import_module
from pathlib import Path
from typing import Any, Literal

try:
    import resource
except ModuleNotFoundError:  # Windows
    resource = None  # pyright: ignore[reportAssignmentType]

__all__ = ["reason_elsewhere"]

_SOUND: set[tuple[str, str]] = set()  # kinds and SHA-256 of what has been read; the projections of a network share one file
_SECONDS, _MEMORY = 5, 8 * 2**30  # of the processor, to read; bytes
_PATIENCE = 60  # seconds of the clock


def reason_elsewhere(kind: Literal["texts", "matlab", "matrix_market"], path: Path) -> str:
    """Why another process cannot read a file to its end; asked once for each content.

    Parameters
    ----------
    kind : {"texts", "matlab", "matrix_market"}
        What is read: all texts of an HDF5 file, or all of a file of MATLAB or MatrixMarket.
    path : Path

    Returns
    -------
    str
        "" if it can.
    """
    with path.open("rb") as file:
        mark = kind, hashlib.file_digest(file, "sha256").hexdigest()
    if mark in _SOUND:
        return ""
    reason = _reason(kind, path)
    if not reason:
        _SOUND.add(mark)
    return reason


def _reason(kind: str, path: Path) -> str:
    environment = {**os.environ, "OPENBLAS_NUM_THREADS": "1"}
    # this file is its own program; -P keeps the folder of records/ out of the module search path
    command = [sys.executable, "-P", __file__, kind, str(path)]
    # where the process cannot limit itself, the clock does
    patience = None if resource else _PATIENCE + path.stat().st_size // 10**6
    try:
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=patience)
        return done.stderr.strip().rpartition("\n")[2] or f"signal {-done.returncode}" if done.returncode else ""
    except subprocess.TimeoutExpired:
        return f"it took more than {patience} s"


def _limit(path: Path) -> None:
    """Limit this process in time and memory, by the size of the file."""
    size = path.stat().st_size
    limits: Any = resource
    kinds = (limits.RLIMIT_CPU, limits.RLIMIT_AS) if limits else ()
    for limit, most in zip(kinds, (_SECONDS + size // 10**7, _MEMORY + 10 * size), strict=False):
        allowed = [one for one in limits.getrlimit(limit) if one != limits.RLIM_INFINITY]
        least = min([most, *allowed])
        limits.setrlimit(limit, (least, least))  # to ask for more than a limit of this process is an error


def _read_texts(path: Path) -> None:
    """Read everything in an HDF5 file whose length is not known beforehand."""
    h5py = import_module("h5py")  # what this kind needs, and not the other

    def look(_: str, item: Any) -> None:
        for name in item.attrs:
            if item.attrs.get_id(name).dtype.hasobject:
                item.attrs[name]
        if isinstance(item, h5py.Dataset) and item.dtype.hasobject:
            item[()]

    with h5py.File(path, "r") as file:
        look("", file)
        file.visititems(look)


def _read_matlab(path: Path) -> None:
    """Read a MATLAB file, and look at the indices of sparse matrices."""
    io, sparse = import_module("scipy.io"), import_module("scipy.sparse")

    for found in io.loadmat(path).values():
        if sparse.issparse(found):
            found.tocsc().check_format(full_check=True)


def _read_matrix_market(path: Path) -> None:
    """Read a MatrixMarket file."""
    import_module("scipy.io").mmread(path)


if __name__ == "__main__":
    _limit(Path(sys.argv[2]))
    {"texts": _read_texts, "matlab": _read_matlab, "matrix_market": _read_matrix_market}[sys.argv[1]](Path(sys.argv[2]))
