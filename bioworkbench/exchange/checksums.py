"""Checksums of what we write for other programs, so that our readers warn of a damage that the format does not notice.

HDF5 files carry theirs inside; a folder lists those of its other files in ``SHA256SUMS``, which ``sha256sum -c`` reads too.
"""

import hashlib
import warnings
from pathlib import Path

from bioworkbench.records.hdf5 import mark_content

__all__ = ["check_folder", "seal_export"]

_LIST = "SHA256SUMS"
_HDF5 = (".h5", ".nir")


def seal_export(path: Path) -> None:
    """Give a file, or all files of a folder, their checksums.

    Parameters
    ----------
    path : Path
    """
    files = sorted(each for each in path.rglob("*") if each.is_file()) if path.is_dir() else [path]
    for file in files:
        if file.suffix in _HDF5:
            mark_content(file)
    others = [file for file in files if file.suffix not in _HDF5]
    if path.is_dir():
        lines = [f"{_sha256(file)}  {file.relative_to(path).as_posix()}\n" for file in others]
        (path / _LIST).write_text("".join(lines), encoding="utf-8")


def check_folder(folder: Path) -> None:
    """Compare the files of a folder with its list of checksums; folders of other programs have none.

    Parameters
    ----------
    folder : Path

    Warns
    -----
    RuntimeWarning
        If a file is missing or changed, or the list is damaged.
    """
    if not (folder / _LIST).is_file():
        return
    for line in (folder / _LIST).read_bytes().decode(errors="replace").splitlines():
        mark, _, name = line.partition("  ")
        path = (folder / name).resolve()
        if not path.is_relative_to(folder.resolve()) or not path.is_file() or _sha256(path) != mark:
            warnings.warn(
                f"{folder}: {name!r} is not as {_LIST} lists it; unless it was edited on purpose it is damaged, export the run again",
                RuntimeWarning,
                stacklevel=3,
            )


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
