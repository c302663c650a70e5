"""Summaries of an experiment's runs, kept in its folder so that those of ten thousand are read in a second.

To parse and check the JSON files of a run takes most of a millisecond, to ask the operating system whether they were written since takes
a hundredth of that. A kept summary counts while size, number and times of all files of its run are those that were noted with it; no
program can set the time of change. So it vouches for a run as `check_files` does without hashing. What cannot be read is read anew.
"""

import hashlib
import json
import os
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from bioworkbench.experiment.results.files import FILES, write_text
from bioworkbench.records.errors import ResultError

__all__ = ["LEAST", "Stamp", "as_noted", "keep", "kept", "stamp"]

LEAST = 100
"""Runs of an experiment from which on summaries are kept; fewer are read at once."""

_FILE = ".summaries.json"
_VERSION = 1


Stamp = list[list[int]]
"""Of every file of a run: size in bytes, number, and nanoseconds of the last writing and of the last change."""


def stamp(folder: str) -> Stamp | None:
    """Size, number and times of the files of a run; None where one is missing.

    Parameters
    ----------
    folder : str

    Returns
    -------
    Stamp or None
    """
    try:
        found = [os.stat(f"{folder}/{name}") for name in FILES]
    except OSError:
        return None
    return [[status.st_size, status.st_ino, status.st_mtime_ns, status.st_ctime_ns] for status in found]


def as_noted(mark: Stamp, files: Mapping[str, Any]) -> bool:
    """Whether sizes and times of files are those that were noted when they were written, so that none need be hashed.

    Parameters
    ----------
    mark : Stamp
    files : mapping
        From file name to ``bytes`` and ``times``, as provenance has it.

    Returns
    -------
    bool
    """
    found = {name: (size, times) for name, (size, _, *times) in zip(FILES, mark, strict=True) if name != "provenance.json"}
    return all((files[name]["bytes"], files[name].get("times")) == parts for name, parts in found.items())


def kept(experiment: Path) -> dict[str, Any]:
    """What `keep` wrote; nothing where it is missing, damaged or of another version.

    Parameters
    ----------
    experiment : Path

    Returns
    -------
    dict from name of a results folder to [stamp, content]
    """
    try:
        mark, _, text = (experiment / _FILE).read_text("utf-8").partition("\n")
        if mark != _mark(text):
            return {}
        found = json.loads(text)
    except (OSError, ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def keep(experiment: Path, entries: Mapping[str, Any]) -> None:
    """Write what `kept` returns; where the folder cannot be written to, nothing is kept.

    Parameters
    ----------
    experiment : Path
    entries : mapping from name of a results folder to [stamp, content]
        What is not JSON data is not kept.
    """
    with suppress(ResultError, TypeError, ValueError):
        text = json.dumps(entries, separators=(",", ":"))
        write_text(experiment / _FILE, f"{_mark(text)}\n{text}")


def _mark(text: str) -> str:
    """First line of the file: version and checksum of the rest."""
    return f"{_VERSION} {hashlib.sha256(text.encode()).hexdigest()}"
