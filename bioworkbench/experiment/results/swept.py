"""What a sweep leaves: its points, their values and what became of each, in memory and as ``sweep-….json`` beside the results."""

import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, get_args, overload

from bioworkbench.experiment.results.files import write_text
from bioworkbench.experiment.results.table import Table, table
from bioworkbench.records.above import made_above
from bioworkbench.records.counted import counted
from bioworkbench.records.errors import ResultError

__all__ = ["Point", "PointOutcome", "Sweep", "read_sweep", "write_sweep"]

Status = Literal["done", "found", "failed"]
_FORMAT = 1
_FINGERPRINT = re.compile("[0-9a-f]{12}")


@dataclass(frozen=True)
class Point:
    """One setting of a sweep.

    Parameters
    ----------
    values : mapping from dotted field to value
    document : mapping
        The tables of its spec; empty for a sweep that is opened from its file.
    folder : Path
        ``results/<experiment>/<fingerprint>``, whether or not it has been run.
    """

    values: Mapping[str, Any]
    document: dict[str, Any]
    folder: Path

    @property
    def name(self) -> str:
        """Its values in words."""
        return ", ".join(f"{name} = {value}" for name, value in self.values.items())


@dataclass(frozen=True)
class PointOutcome:
    """What became of a point.

    Parameters
    ----------
    point : Point
        Its values, and the folder of its results.
    status : {"done", "found", "failed"}
        "found" if it had been run before, or by another process meanwhile.
    seconds : float
        That it took.
    error : str
        Why it failed.
    """

    point: Point
    status: Status
    seconds: float = 0.0
    error: str = ""


@dataclass(frozen=True)
class Sweep(Sequence[PointOutcome]):
    """The outcomes of a sweep, in its order.

    Parameters
    ----------
    experiment : str
    folder : Path
        Of the experiment: ``results/<experiment>``.
    outcomes : tuple of PointOutcome
    """

    experiment: str
    folder: Path
    outcomes: tuple[PointOutcome, ...] = field(repr=False)

    def __len__(self) -> int:
        return len(self.outcomes)

    @overload
    def __getitem__(self, part: int) -> PointOutcome: ...
    @overload
    def __getitem__(self, part: slice) -> tuple[PointOutcome, ...]: ...
    def __getitem__(self, part: int | slice) -> PointOutcome | tuple[PointOutcome, ...]:
        return self.outcomes[part]

    @property
    def fields(self) -> tuple[str, ...]:
        """Dotted fields that the sweep sets."""
        return tuple(dict.fromkeys(name for outcome in self.outcomes for name in outcome.point.values))

    @property
    def failures(self) -> tuple[PointOutcome, ...]:
        """Outcomes of the points that failed."""
        return tuple(outcome for outcome in self.outcomes if outcome.status == "failed")

    @property
    def file(self) -> Path:
        """``sweep-….json`` in the folder of the experiment, named after what the sweep sets."""
        marks = sorted(outcome.point.folder.name for outcome in self.outcomes)
        return self.folder / f"sweep-{hashlib.sha256(' '.join(marks).encode()).hexdigest()[:8]}.json"

    def table(self, metric: str = "", by: Sequence[str] = ()) -> Table:
        """Mean and standard error over the seeds, a row per setting; see `bioworkbench.table`.

        Parameters
        ----------
        metric : str
            Test score, or entry of ``metrics.json`` such as "activity.exc.mean_rate"; the first test score by default.
        by : sequence of str
            The fields of the sweep, but for the seed, by default.

        Returns
        -------
        Table
        """
        folders = [outcome.point.folder for outcome in self.outcomes if outcome.status != "failed"]
        return table(folders, metric, by or [name for name in self.fields if name != "seed"])

    def page(self) -> Path:
        """Path of the page of the sweep, which is written first: curves, heat maps, failures."""
        return made_above("write_sweep_page", self)

    def __repr__(self) -> str:
        counts = {status: sum(outcome.status == status for outcome in self.outcomes) for status in get_args(Status)}
        parts = ", ".join(f"{n} {status}" for status, n in counts.items() if n)
        return f"<sweep of {self.experiment}: {counted(len(self), 'point')} ({parts}) in {self.folder}>"

    def _repr_html_(self) -> str:
        return made_above("sweep_html", self)


def write_sweep(sweep: Sweep) -> Path:
    """Write what became of a sweep's points to its file.

    Parameters
    ----------
    sweep : Sweep

    Returns
    -------
    Path

    Raises
    ------
    ResultError
        If it cannot be written.
    """
    points = [
        {
            "values": dict(outcome.point.values),
            "fingerprint": outcome.point.folder.name,
            "status": outcome.status,
            "seconds": outcome.seconds,
            "error": outcome.error,
        }
        for outcome in sweep.outcomes
    ]
    content = {"format": _FORMAT, "experiment": sweep.experiment, "points": points}
    write_text(sweep.file, json.dumps(content, default=str, indent=1) + "\n")
    return sweep.file


def read_sweep(path: Path) -> Sweep:
    """Read a file that `write_sweep` wrote.

    Parameters
    ----------
    path : Path

    Returns
    -------
    Sweep

    Raises
    ------
    ResultError
        If it is not such a file, or of a later version.
    """
    try:
        content = json.loads(path.read_bytes())
        if content["format"] > _FORMAT:
            raise ResultError(
                f"{path} has format {content['format']}; this version of bioworkbench reads up to {_FORMAT}. "
                "Upgrade it (pip install --upgrade bioworkbench)"
            )
        folder = path.absolute().parent
        return Sweep(str(content["experiment"]), folder, tuple(_outcome(point, folder) for point in content["points"]))
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        reason = f"{type(error).__name__}: {error}"
        raise ResultError(
            f"{path} is not the file of a sweep ({reason}); name a results folder or a sweep-….json in one"
        ) from error


def _outcome(given: Mapping[str, Any], folder: Path) -> PointOutcome:
    mark, status = given["fingerprint"], given["status"]
    if not _FINGERPRINT.fullmatch(mark):
        raise ValueError(f"fingerprint = {mark!r}: must be 12 hexadecimal digits")
    if status not in get_args(Status):
        raise ValueError(f"status = {status!r}: must be one of {', '.join(get_args(Status))}")
    point = Point(dict(given["values"]), {}, folder / mark)
    return PointOutcome(point, status, float(given["seconds"]), str(given["error"]))
