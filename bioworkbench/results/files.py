"""What makes a folder a results folder: its files, their sizes and the version of its layout.

Nothing here imports Brian2 or a method, so that tables over thousands of folders begin at once.
"""

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from bioworkbench.errors import ResultError

__all__ = ["FILES", "FORMAT", "check_format", "check_writable", "has_all", "is_complete", "write_text"]

FORMAT = 1
"""Version of the layout of results folders; part of the fingerprint."""

FILES = ("spec.toml", "provenance.json", "metrics.json", "run.h5")
"""Every results folder has these."""


def is_complete(folder: Path) -> bool:
    """Whether a results folder holds a finished run: all files are there, as large as they were written."""
    try:
        return has_all(folder, json.loads((folder / "provenance.json").read_bytes()))
    except (OSError, ValueError):
        return False


def has_all(folder: Path, provenance: Any) -> bool:
    """Whether a results folder holds all files that its provenance tells of, as large as they were written."""
    if not isinstance(provenance, dict):
        return False
    try:
        sizes = {name: os.stat(f"{folder}/{name}").st_size for name in FILES}
    except OSError:
        return False
    return all(sizes.get(name) == file["bytes"] for name, file in provenance.get("files", {}).items())


def check_format(folder: Path, provenance: Mapping[str, Any]) -> None:
    """Refuse the results of a later version.

    Raises
    ------
    ResultError
        If the layout is newer than this version of bioworkbench knows.
    """
    if provenance.get("format", FORMAT) > FORMAT:
        raise ResultError(
            f"{folder} has results of format {provenance['format']}; this version of bioworkbench reads up to {FORMAT}. "
            "Upgrade it (pip install --upgrade bioworkbench)"
        )


def check_writable(folder: Path) -> None:
    """Find out, before anything expensive starts and without leaving anything, whether a results folder can be written.

    Raises
    ------
    ResultError
        If it cannot, or something else is in its place.
    """
    existing = next(path for path in (folder, *folder.parents, Path()) if path.exists())
    if not existing.is_dir() or not os.access(existing, os.W_OK | os.X_OK):
        raise ResultError(f"results folder {folder} cannot be written: {existing} is no folder that you may write to")


def write_text(path: Path, text: str) -> None:
    """Write a text file at once: under a temporary name, then renamed.

    Raises
    ------
    ResultError
        If it cannot be written.
    """
    temporary = path.with_name(f".{path.name}-{os.getpid()}")
    try:
        temporary.write_text(text, encoding="utf-8")
        temporary.replace(path)
    except OSError as error:
        raise ResultError(f"{path} cannot be written ({error.strerror or error}); check the folder's rights and space") from error
    finally:
        temporary.unlink(missing_ok=True)
