"""The points of a sweep and the folders that they have in a results store."""

import hashlib
import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from bioworkbench.experiment.results.files import FORMAT, write_text
from bioworkbench.experiment.results.provenance import code
from bioworkbench.experiment.results.spec_fingerprints import checksum, fingerprints
from bioworkbench.experiment.results.swept import Point
from bioworkbench.experiment.spec.changes import points, with_value
from bioworkbench.experiment.spec.reader import sweep_points
from bioworkbench.experiment.spec.records import Document, ExperimentSpec
from bioworkbench.records.errors import ResultError
from bioworkbench.records.functions import external_code

__all__ = ["named_outside", "swept_points"]

_FUNCTION = re.compile(r"[^\W\d][\w.]*:[^\W\d]\w*")


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

    Returns
    -------
    list of Point

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
    """Fingerprints of all points, as kept from an earlier call of the same code, or found again."""
    outside = list(named_outside(spec.document))
    content = [FORMAT, code(), spec.document, outside]
    key = hashlib.sha256(json.dumps(content, default=str).encode()).hexdigest()[:12]
    path = folder / ".sweeps" / f"{key}.json"
    kept = _kept(path) if all(mark for _, mark in outside) else []
    if len(kept) == n_points:
        return kept
    found = fingerprints([point for _, point in sweep_points(spec)])
    if keep:
        _keep(path, found)
    return found


def named_outside(value: Any) -> Iterator[tuple[str, str]]:
    """What the texts of a spec name that is not in it.

    Parameters
    ----------
    value : object
        Tables, lists and values of a spec.

    Yields
    ------
    str, str
        A text, and the checksum of its file, or of the file of its function; empty for a function that was not looked up so far.
    """
    inside = value.values() if isinstance(value, Mapping) else value if isinstance(value, list) else ()
    for item in inside:
        yield from named_outside(item)
    if isinstance(value, str):
        mark = checksum(Path(value)) or external_code(value)
        if mark or _FUNCTION.fullmatch(value):
            yield value, mark


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
