"""Many results folders at once: the fields of their specs and the numbers in their metrics, without their arrays."""

import gc
import json
import os
import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import Any

from bioworkbench.experiment.results.kept_summaries import LEAST, Stamp, as_noted, keep, kept, stamp
from bioworkbench.experiment.results.seal import check_files, checked_provenance
from bioworkbench.experiment.spec.blocks import with_named_tables
from bioworkbench.records.errors import ResultError

__all__ = [
    "EXPERIMENT",
    "NOT_COMPARED",
    "SEED",
    "Summary",
    "differing",
    "each_summary",
    "is_run",
    "result_folders",
    "summaries",
    "summary",
]

SEED, EXPERIMENT = "seed", "experiment"
NOT_COMPARED = (SEED, "reference")
_FINGERPRINT = re.compile("[0-9a-f]{12}")
_KEPT = ("fields", "numbers", "scores", "baselines", "activity", "finished")


@dataclass(frozen=True)
class Summary:
    """What is known of a run without its arrays.

    Parameters
    ----------
    folder : Path
    fields : mapping
        Values in the spec by dotted name, and "experiment".
    numbers : mapping
        Numbers in the metrics by dotted name; test scores also without "test".
    scores : tuple of str
        Names of the test scores.
    baselines : mapping
        Scores of each baseline.
    activity : mapping
        Statistics of each population.
    finished : str or None
        When, as provenance has it.
    """

    folder: Path
    fields: Mapping[str, Any]
    numbers: Mapping[str, Any]
    scores: tuple[str, ...]
    baselines: Mapping[str, Mapping[str, Any]]
    activity: Mapping[str, Mapping[str, Any]]
    finished: Any

    def setting(self, name: str) -> Any:
        """Value of a dotted field of the spec: of a population that does not set it, that of its model; None where neither does."""
        found, (kind, population, *rest) = self.fields.get(name), (*name.split(".", 2), "")
        if found is not None or kind != "populations":
            return found
        return self.fields.get(f"models.{self.fields.get(f'populations.{population}.model')}.{rest[0]}")


def summaries(folders: Iterable[str | Path] | str | Path) -> tuple[list[Summary], list[str]]:
    """Summaries of the runs in some folders, and why others could not be read.

    Parameters
    ----------
    folders : path, or paths
        Results folders, folders of experiments (``results/<experiment>``), or whole stores.

    Returns
    -------
    list of Summary, list of str

    Raises
    ------
    ResultError
        If there are no results.
    """
    given = [Path(folder) for folder in ([folders] if isinstance(folders, str | Path) else folders)]
    with _no_collection():
        runs = [run for _, run in each_summary(run for path in given for run in _runs_at(path))]
    found, unreadable = (
        [run for run in runs if isinstance(run, Summary)],
        [str(run) for run in runs if isinstance(run, ResultError)],
    )
    if not found:
        reasons = "; ".join(unreadable[:3]) or "run a spec first, or name a folder such as results/EXPERIMENT"
        raise ResultError(f"{', '.join(map(str, given)) or 'no folder'}: there are no results to read; {reasons}")
    return found, unreadable


@contextmanager
def _no_collection() -> Iterator[None]:
    """Without the search for reference cycles, of which JSON data have none: over many runs it is a fifth of the time."""
    wanted = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if wanted:
            gc.enable()


def each_summary(folders: Iterable[Path]) -> Iterator[tuple[Path, Summary | ResultError]]:
    """Summary of each run, or why it cannot be read, in order of their names.

    Parameters
    ----------
    folders : iterable of Path
        Results folders; those of one experiment, where they are many, leave their summaries there.

    Yields
    ------
    Path, and Summary or ResultError
    """
    runs = {str(run): run for run in folders}
    for parent, inside in groupby(sorted(runs.items()), lambda entry: os.path.dirname(entry[0])):  # so that sums have one order
        yield from _read_experiment(Path(parent), list(inside))


def _read_experiment(experiment: Path, folders: Sequence[tuple[str, Path]]) -> Iterator[tuple[Path, Summary | ResultError]]:
    """Summaries of some runs of an experiment; those that are kept and still hold are not read again."""
    known = kept(experiment) if len(folders) >= LEAST else {}
    entries, changed, named = dict(known), False, experiment.absolute().name
    for text, folder in folders:
        mark, name = stamp(text), os.path.basename(text)
        run = _of_entry(folder, known.get(name), mark)
        try:
            if run is None:
                run, changed = summary(folder, mark, named), True
                entries[name] = [mark, [getattr(run, part) for part in _KEPT]]
            yield folder, run
        except ResultError as error:
            yield folder, error
    if changed and len(folders) >= LEAST:
        keep(experiment, entries)


def _of_entry(folder: Path, entry: Any, mark: Any) -> Summary | None:
    """The summary that was kept of a run, unless its files changed since."""
    if not isinstance(entry, list) or len(entry) != 2 or mark is None or entry[0] != mark:
        return None
    try:
        fields, numbers, scores, baselines, activity, finished = entry[1]
    except (TypeError, ValueError):
        return None
    return Summary(folder, fields, numbers, tuple(scores), baselines, activity, finished)


def _runs_at(path: Path) -> Iterator[Path]:
    """Results folders at a path or up to two levels below it."""
    if is_run(path):
        yield path
        return
    if not path.is_dir():
        raise ResultError(f"{path} is not a folder; name a results folder, such as results/EXPERIMENT")
    yield from result_folders(path)


def is_run(path: Path) -> bool:
    """Whether a path is, or should be, that of one run.

    Parameters
    ----------
    path : Path

    Returns
    -------
    bool
    """
    return (path / "provenance.json").is_file() or _FINGERPRINT.fullmatch(path.resolve().name) is not None


def result_folders(path: Path) -> Iterator[Path]:
    """Results folders in the folder of an experiment, or of several, in order of their names.

    Parameters
    ----------
    path : Path

    Yields
    ------
    Path
    """
    inside = _folders(path)
    results = [name for name in inside if _FINGERPRINT.fullmatch(name)]
    if results:
        yield from (path / name for name in results)
    else:
        yield from (path / name / found for name in inside for found in _folders(path / name) if _FINGERPRINT.fullmatch(found))


def _folders(path: Path) -> list[str]:
    """Names of the folders in a folder, sorted, but for hidden ones."""
    with os.scandir(path) as entries:
        return sorted(entry.name for entry in entries if not entry.name.startswith(".") and entry.is_dir())


def summary(folder: Path, mark: Stamp | None = None, experiment: str = "") -> Summary:
    """Spec and metrics of a results folder, without its arrays.

    Parameters
    ----------
    folder : Path
    mark : Stamp, optional
        What `stamp` said of it a moment ago, so that it is not asked for twice.
    experiment : str
        Name of the folder around it, where it is known.

    Returns
    -------
    Summary

    Raises
    ------
    ResultError
        If it is damaged, incomplete or of a later version.
    """
    about = checked_provenance(folder)
    if mark is None or not as_noted(mark, about["files"]):
        check_files(folder, about, every=False)
    try:
        document = about.get("spec") or tomllib.loads((folder / "spec.toml").read_text("utf-8"))
        fields = _flat(with_named_tables(document), into={EXPERIMENT: experiment or folder.absolute().parent.name})
        with open(f"{folder}/metrics.json", "rb") as file:
            metrics = dict(json.load(file))
        scores, baselines, activity = (metrics.get(name) or {} for name in ("test", "baselines", "activity"))
        return Summary(folder, fields, _numbers(metrics), tuple(scores), baselines, activity, about.get("finished"))
    except (OSError, ValueError, TypeError, AttributeError) as error:
        raise ResultError(f"{folder} cannot be read ({error}); copy it again, or run its spec again") from error


def _flat(tables: Mapping[str, Any], prefix: str = "", into: dict[str, Any] | None = None) -> dict[str, Any]:
    """Values of nested tables by dotted name, the sweep left out; in a dictionary that is there, since most time goes into these."""
    found = {} if into is None else into
    for name, value in tables.items():
        if not isinstance(value, dict):
            found[prefix + name] = value
        elif prefix or name != "sweep":
            _flat(value, f"{prefix}{name}.", found)
    return found


def _numbers(metrics: dict[str, Any]) -> dict[str, Any]:
    """Numbers in metrics by the names that a table knows them by; test scores also without "test"."""
    flat = {name: value for name, value in _flat(metrics).items() if value is None or isinstance(value, int | float)}
    return flat | metrics.get("test", {})


def differing(runs: Sequence[Summary]) -> list[str]:
    """Fields that have several values, or are missing in some runs.

    Parameters
    ----------
    runs : sequence of Summary

    Returns
    -------
    list of str
        Dotted fields.
    """
    tables = [run.fields for run in runs]
    names = dict.fromkeys(name for table in tables for name in table)
    found = [name for name in names if _several([table.get(name) for table in tables])]
    # Few are left, and of these some are set by a population in one run and by its model in another.
    return [name for name in found if _several([run.setting(name) for run in runs])]


def _several(values: Sequence[Any]) -> bool:
    """Whether values differ; 1, 1.0 and true do."""
    first, kind = values[0], type(values[0])
    if kind in (str, int, bool, float):  # what most are, and compared without writing them out
        return values.count(first) != len(values) or len(set(map(type, values))) > 1
    text = repr(first)
    return any(repr(value) != text for value in values)
