"""The results store: one folder per experiment and fingerprint, complete or not there at all.

A folder ``results/<experiment>/<fingerprint>/`` is written under a temporary name and renamed when everything is in it, so that
an interruption leaves nothing that looks finished. The fingerprint is a hash of the spec with all defaults filled in; the same
spec is therefore found again, however it was written.
"""

import hashlib
import json
import shutil
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np
import tomli_w

from bioworkbench.errors import ResultError
from bioworkbench.quantities import Quantity, unit_text
from bioworkbench.results.files import FILES, FORMAT, check_format
from bioworkbench.results.run_file import RunData, read_run, write_run
from bioworkbench.signals import Probe
from bioworkbench.spec.reader import load
from bioworkbench.spec.records import ExperimentSpec, PopulationSpec, ProjectionSpec
from bioworkbench.spec.values import PerNeuron
from bioworkbench.trained import Choice

__all__ = [
    "RunRecord",
    "fingerprint",
    "fingerprints",
    "load_record",
    "result_folder",
    "save_record",
]

_NOT_HASHED = ("name", "file", "document", "sweep")
_HASHED_IF_OTHER = {
    "precision": "double",
    "scored_on": "test",
}  # fields that came later, so that older results keep their fingerprints


@dataclass(frozen=True)
class RunRecord:
    """Everything that is kept of a run.

    Parameters
    ----------
    spec : ExperimentSpec
    data : RunData
    metrics : mapping
        ``test``, ``train``, ``baselines``, ``activity``, ``timing``: names and numbers.
    provenance : mapping
    warnings : tuple of str
        What is legal but suspicious.
    """

    spec: ExperimentSpec
    data: RunData
    metrics: Mapping[str, Any]
    provenance: Mapping[str, Any]
    warnings: tuple[str, ...] = ()


def fingerprint(spec: ExperimentSpec) -> str:
    """Twelve hexadecimal digits that stand for the content of a spec.

    The SHA-256 of all fields with their defaults, quantities in SI units; name, file and sweep play no part.
    """
    return fingerprints([spec])[0]


def fingerprints(specs: Sequence[ExperimentSpec]) -> list[str]:
    """Fingerprints of many specs, faster where they share parts; see `fingerprint`."""
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


def _canonical(value: Any) -> Any:
    """The value as JSON data that are equal if and only if the values mean the same."""
    if isinstance(value, Quantity):
        return [_canonical(np.asarray(value)), unit_text(value.dim)]
    if isinstance(value, np.ndarray):
        return [_canonical(item) for item in value.tolist()] if value.ndim else _canonical(value.item())
    if isinstance(value, Choice | PerNeuron | PopulationSpec | ProjectionSpec | Probe):
        return [type(value).__name__, {field.name: _canonical(getattr(value, field.name)) for field in fields(value)}]
    if isinstance(value, Mapping):
        return {str(key): _canonical(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_canonical(item) for item in value]
    if isinstance(value, bool | str | None):
        return value
    if isinstance(value, int | float | np.number):
        return repr(float(value))
    return getattr(value, "__qualname__", repr(value))


def result_folder(root: str | Path, spec: ExperimentSpec) -> Path:
    """Folder ``<root>/<experiment>/<fingerprint>`` of a spec."""
    return Path(root) / spec.name / fingerprint(spec)


def save_record(record: RunRecord, folder: Path) -> None:
    """Write a results folder, all of it or nothing; one that is there is replaced at the end.

    Raises
    ------
    ResultError
        If the folder cannot be written.
    """
    with _appearing(folder) as temporary:
        (temporary / "spec.toml").write_text(tomli_w.dumps(record.spec.document), encoding="utf-8")
        _write_json(temporary / "metrics.json", record.metrics)
        write_run(temporary / "run.h5", record.data)
        about = {"format": FORMAT, "warnings": list(record.warnings), "spec": record.spec.document, "files": _sums(temporary)}
        _write_json(temporary / "provenance.json", {**record.provenance, **about})


def _write_json(path: Path, content: Any) -> None:
    path.write_text(json.dumps(_plain(content), indent=2, allow_nan=False) + "\n", encoding="utf-8")


def _sums(folder: Path) -> dict[str, dict[str, Any]]:
    """Size and SHA-256 of every file of a folder that is part of the results."""
    names = [name for name in FILES if (folder / name).is_file() and name != "provenance.json"]
    return {name: {"bytes": (folder / name).stat().st_size, "sha256": _sha256(folder / name)} for name in names}


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


@contextmanager
def _appearing(folder: Path) -> Iterator[Path]:
    """Temporary folder that becomes `folder` if nothing goes wrong, and vanishes otherwise."""
    temporary = None
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        temporary = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=folder.parent))
        temporary.chmod(0o755)
        yield temporary
        if folder.exists():
            folder.rename(temporary.with_suffix(".old"))
        temporary.rename(folder)
    except OSError as error:
        reason = error.strerror or error
        raise ResultError(f"results folder {folder} cannot be written ({reason}); name another with --results") from error
    finally:
        if temporary is not None:
            shutil.rmtree(temporary, ignore_errors=True)
            shutil.rmtree(temporary.with_suffix(".old"), ignore_errors=True)


def _plain(value: Any) -> Any:
    """JSON data: NumPy numbers as Python's, what is not finite as null."""
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple | np.ndarray):
        return [_plain(item) for item in value]
    if isinstance(value, np.generic):
        value = value.item()
    return None if isinstance(value, float) and not np.isfinite(value) else value


def load_record(folder: Path) -> RunRecord:
    """Read a results folder.

    Raises
    ------
    ResultError
        If a file is missing, damaged or changed since it was written, or of a later version.
    """
    missing = [name for name in FILES if not (folder / name).is_file()]
    if missing:
        raise ResultError(f"{folder} is not a complete results folder; {', '.join(missing)} is missing")
    try:
        provenance = json.loads((folder / "provenance.json").read_text("utf-8"))
        check_format(folder, provenance)
        _check_sums(folder, provenance.get("files", {}))
        metrics = json.loads((folder / "metrics.json").read_text("utf-8"))
        spec = load(folder / "spec.toml", name=folder.parent.name)
        return RunRecord(spec, read_run(folder / "run.h5"), metrics, provenance, tuple(provenance["warnings"]))
    except (OSError, KeyError, ValueError, TypeError, AttributeError) as error:
        raise ResultError(f"{folder} is damaged: {error}") from error


def _check_sums(folder: Path, files: Mapping[str, Mapping[str, Any]]) -> None:
    changed = [name for name, file in files.items() if name in FILES and _sha256(folder / name) != file["sha256"]]
    if changed:
        raise ResultError(
            f"{folder} is damaged: {', '.join(changed)} changed since written (SHA-256); run its spec again with --force"
        )
