"""What a figure was drawn from, so that it is drawn again only when that changed.

Nothing here needs Brian2, JAX or Matplotlib: to find that every figure is up to date takes milliseconds.
"""

import hashlib
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from bioworkbench.errors import ResultError

__all__ = ["FORMATS", "Places", "figure_names", "is_current", "read_stamp", "write_stamp"]

FORMATS = ("svg", "pdf", "png", "csv")
"""Endings of the files of a figure."""

_NOT_FIGURES = ("__init__", "style")
_STAMP = "made.json"


class Places:
    """Where figure modules, specs and results are, and where figures go.

    Parameters
    ----------
    figures, specs, results : path
        Folders; figures are written to ``<figures>/made/``, the page to ``<figures>/gallery.html``.

    Raises
    ------
    ResultError
        If there is no folder of figure modules.
    """

    def __init__(self, figures: Path, specs: Path, results: Path) -> None:
        self.figures, self.specs, self.results = figures.resolve(), specs, results
        self.made, self.page = self.figures / "made", self.figures / "gallery.html"
        if not (self.figures / "__init__.py").is_file():
            raise ResultError(f"--folder {figures} is no folder of figure modules; give the one with __init__.py and style.py")


def figure_names(places: Places, wanted: Sequence[str] = ()) -> list[str]:
    """Names of the figures that are wanted, of all if none is named.

    Raises
    ------
    ResultError
        If there is no figure of that name.
    """
    known = sorted(path.stem for path in places.figures.glob("[a-z]*.py") if path.stem not in _NOT_FIGURES)
    for name in wanted:
        if name not in known:
            raise ResultError(f"'{name}' is no figure in {places.figures}; known: {', '.join(known) or 'none'}")
    return list(dict.fromkeys(wanted)) or known


def is_current(name: str, places: Places) -> bool:
    """Whether the files of a figure are there, and its code, specs and results are those it was drawn from."""
    stamp = read_stamp(name, places)
    if stamp is None or not all((places.made / f"{name}.{ending}").is_file() for ending in FORMATS):
        return False
    return stamp == _stamp(name, places, stamp["title"], list(stamp["specs"]), list(stamp["runs"]))


def read_stamp(name: str, places: Places) -> dict[str, Any] | None:
    """What `write_stamp` kept of a figure; None if there is nothing, or it is unreadable."""
    stamp = _stamps(places).get(name)
    return stamp if isinstance(stamp, dict) and {"title", "specs", "runs", "code"} <= stamp.keys() else None


def _stamps(places: Places) -> dict[str, Any]:
    try:
        stamps = json.loads((places.made / _STAMP).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return stamps if isinstance(stamps, dict) else {}


def write_stamp(name: str, places: Places, title: str, specs: Sequence[str], runs: Sequence[str]) -> None:
    """Keep what a figure was drawn from: its code, its specs, and the metrics of its runs (folders below the results)."""
    stamps = _stamps(places) | {name: _stamp(name, places, title, specs, runs)}
    temporary = places.made / f".{_STAMP}"
    temporary.write_text(json.dumps(stamps, indent=1, sort_keys=True), encoding="utf-8")
    temporary.replace(places.made / _STAMP)


def _stamp(name: str, places: Places, title: str, specs: Sequence[str], runs: Sequence[str]) -> dict[str, Any]:
    code = [places.figures / f"{name}.py", places.figures / "style.py"]
    return {
        "title": title,
        "code": [_digest(path) for path in code],
        "specs": {spec: _digest(places.specs / f"{spec}.toml") for spec in specs},
        "runs": {run: _digest(places.results / run / "metrics.json") for run in runs},
    }


def _digest(path: Path) -> str | None:
    return hashlib.sha256(path.read_bytes()).hexdigest()[:16] if path.is_file() else None
