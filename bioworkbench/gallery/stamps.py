"""What a figure was drawn from, so that it is drawn again only when that changed.

Nothing here needs Brian2, JAX or Matplotlib: to find that every figure is up to date takes milliseconds.
"""

import hashlib
import json
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from bioworkbench.records.errors import ResultError, unknown_name

__all__ = ["FORMATS", "FURTHER", "Places", "figure_names", "is_current", "read_stamp", "state", "write_stamp"]

FORMATS = ("svg", "pdf", "png", "csv")
"""Endings of the files of a figure; SVG and CSV are always written, since the page of all figures shows and links them."""

FURTHER = ("pdf", "png", "eps", "jpg", "tif", "webp")
"""Formats that may be written beside them."""

_NOT_FIGURES = ("__init__", "style")
_STAMP = "made.json"


class Places:
    """Where figure modules, specs and results are, and where figures go.

    Parameters
    ----------
    figures, specs, results : path
        Folders; figures are written to ``<figures>/made/``, the page to ``<figures>/gallery.html``.
    further : sequence of str
        Formats beside SVG and CSV, of `FURTHER`.
    width : float, inches, optional
        Of every figure, whose height goes along; by default as it was drawn.

    Raises
    ------
    ResultError
        If it is not a folder of figure modules, or a format is not known.
    """

    def __init__(
        self,
        figures: Path,
        specs: Path,
        results: Path,
        further: Sequence[str] = ("pdf", "png"),
        width: float | None = None,
    ) -> None:
        self.figures, self.specs, self.results, self.width = figures.resolve(), specs, results, width
        self.made, self.page = self.figures / "made", self.figures / "gallery.html"
        for name in further:
            if name not in (*FURTHER, "svg", "csv"):
                raise ResultError(f"--format: {unknown_name(name, 'format of figures', ('svg', 'csv', *FURTHER))}")
        self.formats = ("svg", *dict.fromkeys(name for name in further if name not in ("svg", "csv")), "csv")
        if not any(self.figures.glob("[a-z]*.py")):
            raise ResultError(
                f"--folder {figures} is not a folder of figure modules; 'bioworkbench new NAME --figure' writes one into figures/"
            )

    def spec_file(self, name: str) -> Path:
        """File of the spec called `name`: in the folder of specs, else beside that folder, where ``bioworkbench new`` writes."""
        inside, beside = self.specs / f"{name}.toml", self.specs.parent / f"{name}.toml"
        return beside if beside.is_file() and not inside.is_file() else inside


def figure_names(places: Places, wanted: Sequence[str] = ()) -> list[str]:
    """Names of the figures that are wanted, of all if none is named.

    Parameters
    ----------
    places : Places
    wanted : sequence of str

    Returns
    -------
    list of str
        In the order given, or sorted.

    Raises
    ------
    ResultError
        If there is no figure of that name.
    """
    known = sorted(path.stem for path in places.figures.glob("[a-z]*.py") if path.stem not in _NOT_FIGURES)
    for name in wanted:
        if name not in known:
            raise ResultError(f"'{name}' is not a figure in {places.figures}; known: {', '.join(known) or 'none'}")
    return list(dict.fromkeys(wanted)) or known


def is_current(name: str, places: Places) -> bool:
    """Whether the files of a figure are there, and its code, specs and results are those it was drawn from.

    Parameters
    ----------
    name : str
        Of the figure.
    places : Places

    Returns
    -------
    bool
    """
    stamp = read_stamp(name, places)
    if stamp is None or not all((places.made / f"{name}.{ending}").is_file() for ending in places.formats):
        return False
    return stamp == _stamp(name, places, stamp["title"], list(stamp["specs"]), list(stamp["runs"]))


def read_stamp(name: str, places: Places) -> dict[str, Any] | None:
    """What `write_stamp` kept of a figure; None if there is nothing, or it is unreadable.

    Parameters
    ----------
    name : str
        Of the figure.
    places : Places

    Returns
    -------
    dict or None
    """
    stamp = _stamps(places).get(name)
    return stamp if isinstance(stamp, dict) and {"title", "specs", "runs", "code"} <= stamp.keys() else None


def _stamps(places: Places) -> dict[str, Any]:
    try:
        stamps = json.loads((places.made / _STAMP).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return stamps if isinstance(stamps, dict) else {}


def write_stamp(name: str, places: Places, title: str, specs: Sequence[str], runs: Sequence[str]) -> None:
    """Keep what a figure was drawn from: its code, its specs, and the metrics of its runs (folders below the results).

    Parameters
    ----------
    name : str
        Of the figure.
    places : Places
    title : str
    specs : sequence of str
        Names of the specs that the figure reads.
    runs : sequence of str
        Results folders below the folder of all results.
    """
    stamps = _stamps(places) | {name: _stamp(name, places, title, specs, runs)}
    temporary = places.made / f".{_STAMP}"
    temporary.write_text(json.dumps(stamps, indent=1, sort_keys=True), encoding="utf-8")
    temporary.replace(places.made / _STAMP)


def _stamp(name: str, places: Places, title: str, specs: Sequence[str], runs: Sequence[str]) -> dict[str, Any]:
    code = [places.figures / f"{name}.py", places.figures / "style.py"]
    return {
        "title": title,
        "formats": list(places.formats),
        "width": places.width,
        "code": [_digest(path) for path in code],
        "specs": {spec: _digest(places.spec_file(spec)) for spec in specs},
        "runs": {run: _digest(places.results / run / "metrics.json") for run in runs},
    }


def state(places: Places) -> frozenset[tuple[str, int]]:
    """Files that figures depend on and when each was last changed, for a look at whether anything has.

    Parameters
    ----------
    places : Places

    Returns
    -------
    frozenset of (str, int)
        Path and time of the last change, in nanoseconds.
    """
    files = (
        *places.figures.glob("*.py"),
        *places.specs.glob("*.toml"),
        *places.specs.parent.glob("*.toml"),
        *places.results.glob("*/*/metrics.json"),
    )
    found = set()
    for path in files:
        with suppress(FileNotFoundError):  # a run that is being replaced
            found.add((str(path), path.stat().st_mtime_ns))
    return frozenset(found)


def _digest(path: Path) -> str | None:
    return hashlib.sha256(path.read_bytes()).hexdigest()[:16] if path.is_file() else None
