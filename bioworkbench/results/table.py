"""Tables over many results: one row per setting, with mean and standard error over the seeds, beside the baselines."""

import csv
import hashlib
import io
import json
import os
import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np

from bioworkbench.averages import mean_and_error
from bioworkbench.errors import ResultError, unknown_name
from bioworkbench.results.files import check_format, has_all, write_text

__all__ = ["Table", "table"]

_SEED, _EXPERIMENT = "seed", "experiment"
_NOT_COMPARED = (_SEED, "reference")
_FINGERPRINT = re.compile("[0-9a-f]{12}")
_QUANTITY = re.compile(r"\s*([+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)\s*(.*?)\s*")


@dataclass(frozen=True)
class Table:
    """Columns and rows of scores.

    Parameters
    ----------
    columns : tuple of str
        The fields that the rows differ in, the metric, "error" (its standard error over the seeds), "n" (how many seeds), and
        the baselines.
    rows : tuple of tuples
        None where nothing is defined: the error of a single seed, a field that a spec leaves to its default.
    unreadable : tuple of str
        Why folders were left out: damaged, incomplete, of a later version.
    """

    columns: tuple[str, ...]
    rows: tuple[tuple[Any, ...], ...]
    unreadable: tuple[str, ...] = ()

    def to_csv(self, path: str | Path) -> None:
        """Write a CSV file with a header; what is not defined stays empty.

        Raises
        ------
        ResultError
            If it cannot be written.
        """
        text = io.StringIO()
        csv.writer(text, lineterminator="\n").writerows([self.columns, *self.rows])
        write_text(Path(path), text.getvalue())

    def to_frame(self) -> Any:
        """The table as a pandas data frame.

        Raises
        ------
        ModuleNotFoundError
            If pandas is not installed.
        """
        try:
            import pandas  # noqa: PLC0415  optional extra
        except ModuleNotFoundError as error:
            raise ModuleNotFoundError(f'{error}; to_frame needs it (pip install "bioworkbench[tables]")') from error
        return pandas.DataFrame(list(self.rows), columns=list(self.columns))


@dataclass(frozen=True)
class _Run:
    """What the table takes from a results folder: fields of the spec and numbers in the metrics by name, and the baselines."""

    fields: Mapping[str, Any]
    numbers: Mapping[str, Any]
    scores: tuple[str, ...]
    baselines: Mapping[str, Mapping[str, Any]]


def table(folders: Iterable[str | Path], metric: str = "", by: Sequence[str] = ()) -> Table:
    """Mean and standard error of a metric over the seeds, for every setting in some results.

    Parameters
    ----------
    folders : paths
        Results folders, folders of experiments (``results/<experiment>``), or whole stores.
    metric : str
        A test score such as "accuracy", or a dotted entry of ``metrics.json`` such as "train.accuracy" or
        "activity.exc.mean_rate"; by default the first test score.
    by : sequence of str
        Dotted fields of the specs, such as "populations.exc.sigma"; by default all that differ between the results. Whatever
        else differs, apart from the seed, is not averaged over.

    Returns
    -------
    Table

    Raises
    ------
    ResultError
        If there are no results.
    ValueError
        If no result has the metric or a field, or results of one row differ in something else than the seed.
    """
    runs, unreadable = _runs(folders)
    metric = metric or _first_score(runs)
    known = {name for run in runs for name in run.numbers}
    if metric not in known:
        raise ValueError(unknown_name(metric, "metric of these results", known))
    differing = _differing(runs)
    fields = {name for run in runs for name in run.fields}
    for name in by:
        if name not in fields:
            raise ValueError(unknown_name(name, "field of these specs", fields))
    shown = tuple(by) or tuple(name for name in differing if name not in _NOT_COMPARED)
    groups = _groups(runs, shown)
    _check_alike(groups, shown, differing)
    baselines = sorted({name for run in runs for name in run.baselines})
    rows = [(*values, *_scores(group, metric, baselines)) for values, group in groups]
    return Table((*shown, metric, "error", "n", *baselines), tuple(_sorted(rows, len(shown))), tuple(unreadable))


def _runs(folders: Iterable[str | Path]) -> tuple[list[_Run], list[str]]:
    runs, unreadable = [], []
    given = [Path(folder) for folder in folders]
    for folder in dict.fromkeys(found for path in given for found in _result_folders(path)):
        try:
            runs.append(_read(folder))
        except ResultError as error:
            unreadable.append(str(error))
    if not runs:
        reasons = "; ".join(unreadable[:3]) or "run a spec first, or name a folder such as results/EXPERIMENT"
        raise ResultError(f"{', '.join(map(str, given)) or 'no folder'}: there are no results to read; {reasons}")
    return runs, unreadable


def _result_folders(path: Path) -> Iterator[Path]:
    """Results folders at a path or up to two levels below it."""
    if (path / "metrics.json").is_file() or _FINGERPRINT.fullmatch(path.name):
        yield path
        return
    if not path.is_dir():
        raise ResultError(f"{path} is no folder; name a results folder, such as results/EXPERIMENT")
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


def _read(folder: Path) -> _Run:
    """Spec and metrics of a results folder, without its arrays."""
    try:
        about = json.loads((folder / "provenance.json").read_bytes())
        check_format(folder, about)
        content = (folder / "metrics.json").read_bytes()
        wanted = about.get("files", {}).get("metrics.json", {}).get("sha256")
        if wanted and hashlib.sha256(content).hexdigest() != wanted:
            raise ResultError(f"{folder} is damaged: metrics.json changed since written; run its spec again with --force")
        document = about.get("spec") or tomllib.loads((folder / "spec.toml").read_text("utf-8"))
        fields = {_EXPERIMENT: folder.absolute().parent.name, **_flat(document)}
        metrics = dict(json.loads(content))
        run = _Run(fields, _numbers(metrics), tuple(metrics.get("test", ())), metrics.get("baselines", {}))
    except (OSError, ValueError, TypeError, AttributeError) as error:
        raise ResultError(f"{folder} cannot be read ({error}); copy it again, or run its spec again") from error
    if not has_all(folder, about):
        raise ResultError(f"{folder} is not complete, perhaps half copied; copy it again, or run its spec again")
    return run


def _flat(tables: dict[str, Any], prefix: str = "") -> dict[str, Any]:
    """Values of nested tables by dotted name, the sweep left out."""
    found: dict[str, Any] = {}
    for name, value in tables.items():
        if not isinstance(value, dict):
            found[prefix + name] = value
        elif prefix or name != "sweep":
            found.update(_flat(value, f"{prefix}{name}."))
    return found


def _numbers(metrics: dict[str, Any]) -> dict[str, Any]:
    """Numbers in metrics by the names that a table knows them by; test scores also without "test"."""
    flat = {name: value for name, value in _flat(metrics).items() if value is None or isinstance(value, int | float)}
    return flat | metrics.get("test", {})


def _first_score(runs: list[_Run]) -> str:
    for run in runs:
        for name in run.scores:
            return name
    known = sorted({name for run in runs for name in run.numbers})
    raise ValueError(f"these {len(runs)} results have no test scores; give --metric, one of {', '.join(known)}")


def _differing(runs: list[_Run]) -> list[str]:
    """Fields that have several values, or are missing in some runs."""
    names = dict.fromkeys(name for run in runs for name in run.fields)
    return [name for name in names if len({repr(run.fields.get(name)) for run in runs}) > 1]


def _groups(runs: list[_Run], by: tuple[str, ...]) -> list[tuple[tuple[Any, ...], list[_Run]]]:
    groups: dict[str, tuple[tuple[Any, ...], list[_Run]]] = {}
    for run in runs:
        values = tuple(run.fields.get(name) for name in by)
        groups.setdefault(repr(values), (values, []))[1].append(run)
    return list(groups.values())


def _check_alike(groups: list[tuple[tuple[Any, ...], list[_Run]]], by: tuple[str, ...], differing: list[str]) -> None:
    others = [name for name in differing if name not in (*by, *_NOT_COMPARED)]
    for values, runs in groups:
        for name in others:
            found = list(dict.fromkeys(repr(run.fields.get(name)) for run in runs))
            if len(found) > 1:
                row = ", ".join(map(str, values)) or "all results"
                raise ValueError(f"{row}: {name} differs too ({', '.join(found[:3])}); add --by {name}, or name fewer results")


def _scores(runs: list[_Run], metric: str, baselines: list[str]) -> tuple[Any, ...]:
    values: list[float] = [value for run in runs if (value := run.numbers.get(metric)) is not None]
    mean, error = mean_and_error(values) if values else (None, None)
    beside = ([run.baselines.get(name, {}).get(metric) for run in runs] for name in baselines)
    return mean, error, len(values), *(_mean(found) for found in beside)


def _mean(values: list[float | None]) -> float | None:
    found = [value for value in values if value is not None]
    return float(np.mean(found)) if found else None


def _sorted(rows: list[tuple[Any, ...]], n_shown: int) -> list[tuple[Any, ...]]:
    """Rows by the values of their first columns."""
    ranks = [_ranks(values) for values in list(zip(*rows, strict=True))[:n_shown]]
    return [rows[k] for k in sorted(range(len(rows)), key=lambda k: [column[k] for column in ranks])]


def _ranks(values: Sequence[Any]) -> list[tuple[int, float, str]]:
    """Order of the values of a column: numbers and quantities by size, then texts."""
    parts = [_QUANTITY.fullmatch(value) if isinstance(value, str) else None for value in values]
    scales = _scales({match[2] for match in parts if match})
    return [_rank(value, match, scales) for value, match in zip(values, parts, strict=True)]


def _rank(value: Any, match: re.Match[str] | None, scales: Mapping[str, float]) -> tuple[int, float, str]:
    if isinstance(value, int | float):
        return 0, float(value), ""
    if match and match[2] in scales:
        return 0, float(match[1]) * scales[match[2]], ""
    return 1, 0.0, str(value)


def _scales(units: set[str]) -> dict[str, float]:
    """SI value of every unit; where all values have the same one, it does not matter, and Brian2 need not be imported."""
    if len(units) < 2:
        return dict.fromkeys(units, 1.0)
    quantities = import_module("bioworkbench.quantities")  # not at the top: it imports Brian2, which takes seconds
    scales = {}
    for unit in units:
        with suppress(ValueError):
            scales[unit] = float(np.asarray(quantities.parse_quantity(f"1 {unit}")))
    return scales
