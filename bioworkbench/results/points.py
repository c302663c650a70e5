"""The points of a sweep and the folders that they have in a results store."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from bioworkbench.errors import ResultError
from bioworkbench.results.files import FORMAT, write_text
from bioworkbench.results.store import fingerprints
from bioworkbench.spec.changes import points, with_value
from bioworkbench.spec.reader import sweep_points
from bioworkbench.spec.records import Document, ExperimentSpec

__all__ = ["Point", "swept_points"]


@dataclass(frozen=True)
class Point:
    """One setting of a sweep.

    Parameters
    ----------
    values : mapping from dotted field to value
    document : mapping
        The tables of its spec.
    folder : Path
        ``results/<experiment>/<fingerprint>``, whether or not it has been run.
    """

    values: Mapping[str, Any]
    document: Document
    folder: Path

    @property
    def name(self) -> str:
        """Its values in words."""
        return ", ".join(f"{name} = {value}" for name, value in self.values.items())


def swept_points(spec: ExperimentSpec, root: str | Path, *, keep: bool = True) -> list[Point]:
    """Points of a spec's sweep, each setting once, however often it is written.

    To find a fingerprint, a spec is read with all its defaults; ``.sweeps/`` in the experiment's folder keeps those of whole
    sweeps, so that a sweep of thousands of points starts again at once.

    Parameters
    ----------
    spec : ExperimentSpec
    root : str or path
        Folder of all results.
    keep : bool
        Whether fingerprints that had to be found are kept in ``.sweeps/``.

    Raises
    ------
    SpecError
        If the values of a point do not fit together; see `spec.sweep_points`.
    """
    base = {key: value for key, value in spec.document.items() if key != "sweep"}
    with spec.place("sweep").named():
        combinations = points(spec.sweep)
    folder = Path(root) / spec.name
    marks = _fingerprints(spec, folder, len(combinations), keep)
    found: dict[str, Point] = {}
    for values, mark in zip(combinations, marks, strict=True):
        if mark not in found:
            found[mark] = Point(values, _with_values(base, values), folder / mark)
    return list(found.values())


def _with_values(document: Document, values: Mapping[str, Any]) -> Document:
    for name, value in values.items():
        document = with_value(document, name, value)
    return document


def _fingerprints(spec: ExperimentSpec, folder: Path, n_points: int, keep: bool) -> list[str]:
    """Fingerprints of all points, as kept from an earlier call of the same code, or found anew."""
    key = hashlib.sha256(json.dumps([FORMAT, _code(), spec.document], default=str).encode()).hexdigest()[:12]
    path = folder / ".sweeps" / f"{key}.json"
    kept = _kept(path)
    if len(kept) == n_points:
        return kept
    found = fingerprints([point for _, point in sweep_points(spec)])
    if keep:
        _keep(path, found)
    return found


def _kept(path: Path) -> list[str]:
    try:
        kept = json.loads(path.read_bytes())
    except (OSError, ValueError):
        return []
    sound = isinstance(kept, list) and all(isinstance(mark, str) and len(mark) == 12 and mark.isalnum() for mark in kept)
    return kept if sound else []


def _keep(path: Path, found: list[str]) -> None:
    """Keep fingerprints, unless the folder cannot be written: those who only read results need not."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_text(path, json.dumps(found))
    except (OSError, ResultError):
        return


@cache
def _code() -> str:
    """SHA-256 of the package's sources, whose defaults are part of every fingerprint."""
    sources = sorted(Path(__file__).parent.parent.rglob("*.py"))
    return hashlib.sha256(b"".join(source.read_bytes() for source in sources)).hexdigest()
