"""Finding and checking data files that the package does not ship.

Files are looked for in the folder that the task's setting ``data`` names, else in the one that the environment variable
``BIOWORKBENCH_DATA`` names. Files of known name are compared with their SHA-256. Nothing is unpacked to disk, and nothing
in a file is executed.
"""

import hashlib
import os
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, cast

import numpy as np

from bioworkbench.records.errors import ResultError
from bioworkbench.records.text_files import MAX_BYTES, limited, unzipped

__all__ = ["DATA_VARIABLE", "KNOWN_FILES", "data_file", "member_content", "opened_archive", "read_members", "read_npz"]

DATA_VARIABLE = "BIOWORKBENCH_DATA"
KNOWN_FILES: Mapping[str, frozenset[str]] = {
    "mnist.npz": frozenset(
        {
            "f4b66dca55451d17d2903f45a9ee68e4ab0093dce37500643c6d818d2c765201",
            "731c5ac602752760c8e48fbffcf8c3b850d9dc2a2aedcf2cc48468fc17b673d1",  # as distributed with Keras
        }
    ),
    "free_spoken_digits.zip": frozenset({"63cb105625d7c5847bdeedb3e221fd7507000c38b6031467dc503bc5ea8baaf1"}),
    "ETTh1.csv.gz": frozenset({"f18de3ad269cef59bb07b5438d79bb3042d3be49bdeecf01c1cd6d29695ee066"}),
    "exchange_rate.txt.gz": frozenset({"0127465b51e3cd3c360f8eb2be30cfd294689a2a55903eb8245aafc396626c7f"}),
}
"""SHA-256 of files by name; of the content where the file is compressed with gzip."""


def data_file(name: str, data: str | Path | None = None) -> Path:
    """Path of a data file that exists, lies inside the data folder, and is what its name says.

    Parameters
    ----------
    name : str
        File name, or path relative to the data folder.
    data : str or path, optional
        The data folder; by default the one that the environment variable BIOWORKBENCH_DATA names.

    Returns
    -------
    Path

    Raises
    ------
    ValueError
        If no folder is named, the path leaves it, or the checksum of a known file is another one.
    FileNotFoundError
        If the folder or the file is missing.
    """
    folder = _data_folder(name, data)
    path = (folder / name).resolve()
    if not path.is_relative_to(folder):
        raise ValueError(
            f"data file '{name}' lies outside the data folder {folder}; put it inside, or name another folder as data"
        )
    if not path.is_file():
        raise FileNotFoundError(f"data file '{name}' is missing; put it at {path}{_here(name)}")
    known = KNOWN_FILES.get(path.name)
    if known is not None and (found := _sha256(path)) not in known:
        raise ValueError(
            f"{path} ({path.stat().st_size} bytes) has SHA-256 {found}, not the one known for '{path.name}'; it is damaged, cut "
            "short or another file: fetch it again, or give a file of your own another name"
        )
    return path


def _data_folder(name: str, data: str | Path | None) -> Path:
    given = os.environ.get(DATA_VARIABLE) if data is None else data
    if not given:
        raise ValueError(
            f"data file '{name}' is needed; set the environment variable {DATA_VARIABLE} to the folder that holds it{_here(name)}"
        )
    folder = Path(given).expanduser().resolve()
    if not folder.is_dir():
        raise FileNotFoundError(f"data folder {folder} is missing; make it and put '{name}' there, or name another folder")
    return folder


def _here(name: str) -> str:
    """What else helps where a file lies in the folder in which the program runs, as other files of specs may."""
    return ', or write data = "." for the file in this folder' if Path(name).is_file() else ""


def _sha256(path: Path) -> str:
    if path.suffix == ".gz":
        return hashlib.sha256(unzipped(path)).hexdigest()
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def read_npz(path: Path, names: tuple[str, ...]) -> list[np.ndarray]:
    """The named arrays of a NumPy archive; pickled objects are refused.

    Parameters
    ----------
    path : Path
    names : tuple of str

    Returns
    -------
    list of arrays
        In the order of the names.

    Raises
    ------
    ValueError
        If the file is not a whole archive, lacks a name, unpacks to more than a gibibyte, or holds objects.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            size = sum(member.file_size for member in archive.infolist())
        if size > MAX_BYTES:
            raise ValueError(f"it unpacks to {size} bytes, more than {MAX_BYTES}")
        with np.load(path, allow_pickle=False) as arrays:
            return [arrays[name] for name in names]
    except (zipfile.BadZipFile, OSError, EOFError, KeyError, ValueError, MemoryError, zlib.error) as error:
        raise ValueError(f"{path} is not a NumPy archive with the arrays {', '.join(names)}: {error}") from error


def read_members(path: Path, suffix: str, limit: int) -> Iterator[tuple[str, bytes]]:
    """Names and contents of a zip archive's members, one by one, in the order of their names.

    Parameters
    ----------
    path : Path
    suffix : str
        How every member's name must end.
    limit : int, bytes
        Largest size of a member.

    Yields
    ------
    str, bytes

    Raises
    ------
    ValueError
        If the file is not a whole zip archive, or a member has another suffix, a folder in its name or too many bytes.
    """
    with opened_archive(path) as archive:
        for member in sorted(archive.infolist(), key=lambda member: member.filename):
            _check_member(member, path, suffix, limit)
            yield member.filename, member_content(archive, member.filename, path, limit)


@contextmanager
def opened_archive(path: Path) -> Iterator[zipfile.ZipFile]:
    """A zip archive, open for reading.

    Parameters
    ----------
    path : Path

    Yields
    ------
    ZipFile

    Raises
    ------
    ValueError
        If the file, or a member that is read, is not whole or plain (compressed in an unknown way, encrypted).
    """
    try:
        with zipfile.ZipFile(path) as archive:
            yield archive
    except ResultError:  # of what a member holds
        raise
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError) as error:
        raise ValueError(f"{path} is not a whole, plain zip archive: {error}") from error


def member_content(archive: zipfile.ZipFile, name: str, path: Path, limit: int) -> bytes:
    """Content of a member of a zip archive.

    Parameters
    ----------
    archive : ZipFile
    name : str
        Of the member.
    path : Path
        Of the archive, for errors.
    limit : int, bytes
        Largest size of the member.

    Returns
    -------
    bytes

    Raises
    ------
    ValueError
        If the member is larger.
    """
    with archive.open(name) as file:
        return limited(cast(BinaryIO, file), path, f"member '{name}'", limit)


def _check_member(member: zipfile.ZipInfo, path: Path, suffix: str, limit: int) -> None:
    name = member.filename
    if Path(name).name != name or "\\" in name or not name.endswith(suffix):
        raise ValueError(f"{path}: member '{name}' must be a file '*{suffix}' without a folder")
    if member.file_size > limit:
        raise ValueError(f"{path}: member '{name}' has {member.file_size} bytes, more than {limit}")
