"""What makes a folder a results folder: its files, their sizes and the version of its layout.

Nothing here imports Brian2 or a method, so that tables over thousands of folders begin at once.
"""

import json
import os
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from bioworkbench.records.errors import ResultError

__all__ = ["FILES", "FORMAT", "check_format", "check_writable", "has_all", "is_complete", "write_bytes", "write_text"]

FORMAT = 2
"""Version of the layout of results folders; part of the fingerprint.

1: seeds above 2**53 shared fingerprints, and provenance had no seal. Such folders are still read.
"""

FILES = ("spec.toml", "provenance.json", "metrics.json", "run.h5")
"""Every results folder has these."""


def is_complete(folder: Path) -> bool:
    """Whether a results `folder` holds a finished run: all files are there, as large as they were written."""
    try:
        return has_all(folder, json.loads((folder / "provenance.json").read_bytes()))
    except (OSError, ValueError):
        return False


def has_all(folder: Path, provenance: Any) -> bool:
    """Whether a results `folder` holds all files that its `provenance` lists, as large as they were written."""
    if not isinstance(provenance, dict):
        return False
    try:
        sizes = {name: os.stat(f"{folder}/{name}").st_size for name in FILES}
    except OSError:
        return False
    return all(sizes.get(name) == file["bytes"] for name, file in provenance.get("files", {}).items())


def check_format(folder: Path, provenance: Mapping[str, Any]) -> None:
    """Refuse the results of a later version.

    Parameters
    ----------
    folder : Path
    provenance : mapping

    Raises
    ------
    ResultError
        If the layout is newer than this version of bioworkbench knows, or its version is not one.
    """
    version = provenance.get("format", 1)
    if isinstance(version, bool) or not isinstance(version, int) or version < 1:
        raise ResultError(f"{folder} is damaged: its provenance has format {version!r}; it must be 1 to {FORMAT}")
    if version > FORMAT:
        raise ResultError(
            f"{folder} has results of format {version}; this version of bioworkbench reads up to {FORMAT}. "
            "Upgrade it (pip install --upgrade bioworkbench)"
        )


def check_writable(folder: Path) -> None:
    """Find out, before anything expensive starts and without leaving anything, whether a results folder can be written.

    Parameters
    ----------
    folder : Path
        It need not exist yet.

    Raises
    ------
    ResultError
        If it cannot, or something else is in its place.
    """
    existing = next(path for path in (folder, *folder.parents, Path()) if path.exists())
    if not existing.is_dir() or not os.access(existing, os.W_OK | os.X_OK):
        raise ResultError(f"results folder {folder} cannot be written: {existing} is not a folder that you may write to")


def write_text(path: Path, text: str) -> None:
    """Write a text file at once: under a temporary name, then renamed.

    Parameters
    ----------
    path : Path
    text : str

    Raises
    ------
    ResultError
        If it cannot be written.
    """
    write_bytes(path, text.encode())


def write_bytes(path: Path, content: bytes) -> None:
    """Write a file at once: under a temporary name, then renamed.

    Parameters
    ----------
    path : Path
    content : bytes

    Raises
    ------
    ResultError
        If it cannot be written.
    """
    temporary = path.with_name(f".{path.name}-{os.getpid()}")
    try:
        temporary.write_bytes(content)
        temporary.replace(path)
    except OSError as error:
        raise ResultError(f"{path} cannot be written ({error.strerror or error}); check the folder's rights and space") from error
    finally:
        with suppress(OSError):  # where nothing could be written, nothing can be removed either
            temporary.unlink(missing_ok=True)
