"""Fingerprints: twelve digits that stand for the content of a spec, however it was written."""

import hashlib
import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import fields, is_dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from bioworkbench.experiment.results.files import FORMAT
from bioworkbench.experiment.spec.records import ExperimentSpec, PopulationSpec, ProjectionSpec
from bioworkbench.records.choice import Choice
from bioworkbench.records.data_paths import found_file
from bioworkbench.records.functions import external_code
from bioworkbench.records.units import Quantity, unit_text
from bioworkbench.tasks.data import DATA_VARIABLE, KNOWN_FILES

__all__ = ["checksum", "data_files", "external_functions", "fingerprint", "fingerprints"]

_NOT_HASHED = ("name", "file", "document", "sweep", "threads")
_HASHED_IF_OTHER = {
    "fit": None,
    "keep_state": False,
    "network": None,
    "precision": "double",
    "scored_on": "test",
    "start": None,
    "stimuli": {},
}  # fields that came later, so that older results keep their fingerprints


def fingerprint(spec: ExperimentSpec) -> str:
    """Twelve hexadecimal digits that stand for the content of a spec.

    The SHA-256 of all fields with their defaults, quantities in SI units, and of the files that settings name; name, file and sweep of
    the spec play no part.

    Parameters
    ----------
    spec : ExperimentSpec

    Returns
    -------
    str
    """
    return fingerprints([spec])[0]


def fingerprints(specs: Sequence[ExperimentSpec]) -> list[str]:
    """Fingerprints of many `specs`, faster where they share parts; see `fingerprint`."""
    known: dict[int, Any] = {}
    return [_fingerprint(spec, known) for spec in specs]


def _fingerprint(spec: ExperimentSpec, known: dict[int, Any]) -> str:
    values = {field.name: getattr(spec, field.name) for field in fields(spec) if field.name not in _NOT_HASHED}
    content = {
        name: [_part(item, known) for item in value] if isinstance(value, tuple) else _part(value, known)
        for name, value in values.items()
        if value != _HASHED_IF_OTHER.get(name, ...)
    }
    text = json.dumps([FORMAT, content], sort_keys=True, ensure_ascii=True)
    return hashlib.sha256(text.encode()).hexdigest()[:12]


def _part(value: Any, known: dict[int, Any]) -> Any:
    """Content of a population, projection or choice, which the specs of a sweep may share."""
    if not isinstance(value, Choice | PopulationSpec | ProjectionSpec):
        return _canonical(value)
    if id(value) not in known:
        known[id(value)] = _canonical(value)
    return known[id(value)]


def external_functions(spec: ExperimentSpec) -> dict[str, str]:
    """Checksums of the files of functions from elsewhere that a spec names; they are part of its fingerprint.

    Parameters
    ----------
    spec : ExperimentSpec

    Returns
    -------
    dict from name to SHA-256
    """
    names = _named({field.name: getattr(spec, field.name) for field in fields(spec)})
    return {name: source for name in sorted(names) if (source := external_code(name))}


def data_files(settings: ExperimentSpec | Choice | None) -> dict[str, str | None]:
    """Checksums of the files that settings of a spec name, such as a connectome; they are part of its fingerprint.

    Parameters
    ----------
    settings : ExperimentSpec, Choice or None
        A spec, or a part of it such as its task.

    Returns
    -------
    dict from path to SHA-256, or None for a file that is not there
    """
    paths = _paths(settings)
    return {str(path): checksum(path) for path in sorted(paths)}


def checksum(path: Path) -> str | None:
    """SHA-256 of a file; of all files of a folder, where that or a configuration in it is given; None where there is none.

    Parameters
    ----------
    path : Path

    Returns
    -------
    str or None
    """
    try:
        found = path if path.is_dir() else found_file(path)
        if found is not None and (found.is_dir() or found.suffix == ".json"):  # which names other files beside it
            return _of_folder(found if found.is_dir() else found.parent)
        about = found.stat() if found else None
        return _checksum(found, about.st_mtime_ns, about.st_size) if found and about else None
    except (OSError, ValueError):
        return None


def _of_folder(folder: Path) -> str:
    """Checksum of the names and contents of all files in a folder."""
    digest = hashlib.sha256()
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        about = path.stat()
        digest.update(f"{path.relative_to(folder)}\n{_checksum(path, about.st_mtime_ns, about.st_size)}\n".encode())
    return digest.hexdigest()


@lru_cache(maxsize=4096)
def _checksum(path: Path, changed: int, size: int) -> str:
    """Checksum of a file as it was at a time: points of a sweep share files."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _paths(value: Any) -> set[Path]:
    """Files that the values of a spec name."""
    if is_dataclass(value):
        return {path for field in fields(value) for path in _paths(getattr(value, field.name))}
    if isinstance(value, Mapping) and (located := _in_data_folder(value)):
        return {located}
    inside = value.values() if isinstance(value, Mapping) else value if isinstance(value, list | tuple) else ()
    return {path for item in inside for path in _paths(item)} | ({value} if isinstance(value, Path) else set())


def _in_data_folder(arguments: Mapping[str, Any]) -> Path | None:
    """The file of a task, which lies in its data folder; None for other settings, and for files of known content."""
    file, folder = arguments.get("file"), arguments.get("data") or os.environ.get(DATA_VARIABLE)
    if "data" not in arguments or not isinstance(file, str | Path) or not folder or Path(file).name in KNOWN_FILES:
        return None
    return Path(folder) / file


def _named(value: Any) -> set[str]:
    """Names of all functions in the values of a spec."""
    if isinstance(value, Choice):
        return {value.kind, *_named(value.arguments)}
    if is_dataclass(value):
        return {name for field in fields(value) for name in _named(getattr(value, field.name))}
    inside = value.values() if isinstance(value, Mapping) else value if isinstance(value, list | tuple) else ()
    return {name for item in inside for name in _named(item)} | ({value} if isinstance(value, str) and ":" in value else set())


def _canonical(value: Any) -> Any:
    """The value as JSON data that are equal if and only if the values mean the same."""
    if isinstance(value, Quantity):
        return [_canonical(np.asarray(value)), unit_text(value.dim)]
    if isinstance(value, Path):
        return [str(value), checksum(value)]
    if isinstance(value, np.ndarray):
        return [_canonical(item) for item in value.tolist()] if value.ndim else _canonical(value.item())
    if isinstance(value, Choice) and (source := external_code(value.kind)):
        return ["Choice", value.kind, source, _canonical(value.arguments)]
    if is_dataclass(value):
        return [type(value).__name__, {field.name: _canonical(getattr(value, field.name)) for field in fields(value)}]
    if isinstance(value, Mapping):
        content = {str(key): _canonical(item) for key, item in value.items()}
        located = _in_data_folder(value)
        return content if located is None else {**content, "file": [str(value["file"]), checksum(located)]}
    if isinstance(value, list | tuple):
        return [_canonical(item) for item in value]
    if isinstance(value, str) and ":" in value and (source := external_code(value)):  # a metric
        return [value, source]
    if isinstance(value, bool | str | None):
        return value
    if isinstance(value, int | float | np.number):
        return _exact(value.item() if isinstance(value, np.generic) else value)
    return getattr(value, "__qualname__", repr(value))


def _exact(value: int | float) -> Any:
    """A number as JSON data, exactly: 2 and 2.0 are equal, as are 2**60 and 2.0**60, but 2**60 and 2**60 + 1 are not."""
    if isinstance(value, float) and not value.is_integer():
        return value
    # JSON keeps integers exactly up to 2**53 only, beyond which readers may round them.
    whole = int(value)  # as text, JSON has no limit on its digits
    return whole if abs(whole) < 2**53 else {"integer": hex(whole)}
