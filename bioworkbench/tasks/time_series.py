"""Measured data: time series cut into windows, and tables whose rows are trials. Any CSV file can be named.

Series are split in time order into training, validation and test part. Scaling comes from the training part alone. A window
is `history` rows of all columns; its outputs are the following `horizon` rows, row by row. Windows of the validation and
test part may look back into the part before, but their outputs lie in their own part.
"""

from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Literal

import numpy as np

from bioworkbench.encoding import as_current
from bioworkbench.records.arrays import Floats, count, finite
from bioworkbench.records.counted import counted
from bioworkbench.records.tables import CsvTable
from bioworkbench.tasks.data import data_file
from bioworkbench.tasks.measured import labels, read_measured, refuse_missing, series_rows
from bioworkbench.tasks.new_data import Scale, new_rows, new_windows
from bioworkbench.tasks.task import Task, Trials

__all__ = ["etth1", "exchange_rate", "series", "table"]

MONTH = 30 * 24  # hours
encode_rows = partial(as_current, frame=0.001)


def etth1(
    rng: np.random.Generator,
    *,
    history: int = 96,
    horizon: int = 24,
    split: tuple[float, float, float] | None = None,
    stride: int = 1,
    relative: bool = False,
    data: str | Path | None = None,
) -> Task:
    """Load and oil temperature of an electricity transformer, hourly for two years: 17 420 rows of 7 columns.

    Parameters
    ----------
    rng : Generator
        Unused: the parts follow each other in time.
    history, horizon : int
        Rows seen and rows asked for.
    split : tuple of float, optional
        Fractions of training, validation and test part in all rows; by default the first 12, 4 and 4 months of 30 days.
    stride : int
        Keep every so many-th training window.
    relative : bool
        Give values and targets of each window as differences from its last row. Errors stay what they are, scores relative to
        the spread of the targets do not.
    data : str or path, optional
        Folder of ``ETTh1.csv.gz``; by default that of BIOWORKBENCH_DATA.

    Returns
    -------
    Task
        Standardized values (n_windows, history, 7) and targets (n_windows, horizon * 7).

    Raises
    ------
    ValueError, FileNotFoundError
        If the file is missing or damaged, or a part is too short for a window.

    References
    ----------
    Zhou et al. (2021), Informer, arXiv:2012.07436; https://github.com/zhouhaoyi/ETDataset (CC BY-ND 4.0).
    """
    names, rows, _ = series_rows(read_measured(data_file("ETTh1.csv.gz", data)), (), missing="refuse", times="even")
    ends = (12 * MONTH, 16 * MONTH, 20 * MONTH) if split is None else _ends(split, len(rows))
    return _forecast("etth1", names, rows, ends, (history, horizon, stride, relative), "Zhou et al. 2021, arXiv:2012.07436")


def exchange_rate(
    rng: np.random.Generator,
    *,
    history: int = 96,
    horizon: int = 24,
    split: tuple[float, float, float] = (0.6, 0.2, 0.2),
    stride: int = 1,
    relative: bool = False,
    data: str | Path | None = None,
) -> Task:
    """Daily exchange rates of eight currencies, 1990 to 2016: 7588 rows.

    Parameters
    ----------
    rng : Generator
        Unused: the parts follow each other in time.
    history, horizon : int
        Rows seen and rows asked for.
    split : tuple of float
        Fractions of training, validation and test part in all rows.
    stride : int
        Keep every so many-th training window.
    relative : bool
        Give values and targets of each window as differences from its last row. Errors stay what they are, scores relative to
        the spread of the targets do not.
    data : str or path, optional
        Folder of ``exchange_rate.txt.gz``; by default that of BIOWORKBENCH_DATA.

    Returns
    -------
    Task
        Standardized values (n_windows, history, 8) and targets (n_windows, horizon * 8).

    Raises
    ------
    ValueError, FileNotFoundError
        If the file is missing or damaged, or a part is too short for a window.

    References
    ----------
    Lai, Chang, Yang & Liu (2018), Modeling long- and short-term temporal patterns, doi:10.1145/3209978.3210006.
    """
    table = read_measured(data_file("exchange_rate.txt.gz", data), header=False)
    names, rows, _ = series_rows(table, (), missing="refuse", times="even")
    reference = "Lai et al. 2018, doi:10.1145/3209978.3210006"
    return _forecast("exchange_rate", names, rows, _ends(split, len(rows)), (history, horizon, stride, relative), reference)


def series(
    rng: np.random.Generator,
    *,
    file: str | Path,
    columns: tuple[str, ...] = (),
    header: bool = True,
    missing: Literal["refuse", "previous"] = "refuse",
    times: Literal["even", "increasing", "ignore"] = "even",
    history: int = 96,
    horizon: int = 24,
    split: tuple[float, float, float] = (0.6, 0.2, 0.2),
    stride: int = 1,
    relative: bool = False,
    data: str | Path | None = None,
) -> Task:
    """Forecast of any time series in a CSV file (also compressed, ``.csv.gz``), one row per moment, the earliest first.

    Parameters
    ----------
    rng : Generator
        Unused: the parts follow each other in time.
    file : path
        Inside the data folder.
    columns : tuple of str
        Names (without header: numbers from "0"); by default all but the column of times: one called date, time, datetime or
        timestamp, or a first one without a name, as pandas writes its index.
    header : bool
        Whether the first row holds names.
    missing : {"refuse", "previous"}
        Whether a missing value (an empty cell, NA, NaN, null, ?) is an error, or becomes the last known one.
    times : {"even", "increasing", "ignore"}
        What the column of times, if there is one, must be: increasing without gaps, increasing, or anything. Working days without
        weekends have no gaps.
    history, horizon, split, stride, relative
        As in `exchange_rate`.
    data : str or path, optional
        Data folder; by default that of BIOWORKBENCH_DATA.

    Returns
    -------
    Task
        Standardized values (n_windows, history, n_columns) and targets (n_windows, horizon * n_columns).

    Raises
    ------
    ValueError, FileNotFoundError
        If the file is missing or not a table of numbers, a value is missing, times go back or have gaps, a column does not vary in
        the training part, or a part is too short.
    """
    path = data_file(str(file), data)
    names, rows, found = series_rows(read_measured(path, header=header), columns, missing=missing, times=times)
    sizes = (history, horizon, stride, relative)
    task = _forecast(path.name, names, rows, _ends(split, len(rows)), sizes, asked=(missing, times))
    return replace(task, reference=_about(path, rows, found))


def table(
    rng: np.random.Generator,
    *,
    file: str | Path,
    target: str,
    problem: Literal["classification", "regression"] | None = None,
    columns: tuple[str, ...] = (),
    test_fraction: float = 0.2,
    missing: Literal["refuse", "drop", "mean"] = "refuse",
    data: str | Path | None = None,
) -> Task:
    """Any CSV file (also compressed, ``.csv.gz``) with a row of names and a target column; every other row is a trial.

    Parameters
    ----------
    rng : Generator
        Draws the test part.
    file : path
        Inside the data folder.
    target : str
        Name of the target column: classes (any text; numbered in the order of their sorted names) or values.
    problem : {"classification", "regression"}, optional
        By default a classification where an entry of the target column is not a number, else a regression.
    columns : tuple of str
        Names of the input columns; by default all but the target, and but first ones without a name, which number or name rows.
    test_fraction : float
        Fraction of the rows in the test part, between 0 and 1.
    missing : {"refuse", "drop", "mean"}
        Whether a missing value (an empty cell, NA, NaN, null, ?) is an error, leaves out its row, or becomes the mean of its column
        in the training part. A row without target is an error, or left out with "drop".
    data : str or path, optional
        Data folder; by default that of BIOWORKBENCH_DATA.

    Returns
    -------
    Task
        Values (n_trials, 1, n_columns), standardized with the training part; targets of a regression as they are.

    Raises
    ------
    ValueError, FileNotFoundError
        If the file is missing or not a table of numbers, the target is unknown or among the inputs, a value is missing, a column
        does not vary, or a part is empty.
    """
    path = data_file(str(file), data)
    if problem not in (None, "classification", "regression"):
        raise ValueError(f"problem = {problem!r}: must be 'classification' or 'regression'")
    read = read_measured(path)
    read.position(target)
    names = tuple(columns) or tuple(name for name in read.names if name not in (target, ""))
    if target in names:
        raise ValueError(f"columns = {list(names)}: the target '{target}' cannot be an input too; leave it out")
    found = list(read.found)
    if missing == "drop":
        whole = np.asarray(~read.missing((*names, target)).any(axis=1))
        found += [f"{counted((~whole).sum(), 'row')} with missing values left out"] * (not whole.all())
        read = read.take(whole)
    rows = read.numbers(names)
    if missing != "mean":
        refuse_missing(read, names, np.isnan(rows), "set missing = 'drop' to leave such rows out, or 'mean'")
    kind = problem or ("regression" if _is_numeric(read, target) else "classification")
    targets, n_outputs, told = _targets(read, target, kind)
    held_out, kept = _held_out(len(rows), test_fraction, rng)
    rows = _with_means(names, rows, kept)
    scale = _scale(names, rows[kept])
    train, test = (Trials(scale.applied(rows[part])[:, None], targets[part]) for part in (kept, held_out))
    classes = labels(read, target)[1] if kind == "classification" else ()
    new = partial(new_rows, names=names, scale=scale, target=target, classes=classes, missing=missing)
    about = _about(path, rows, [*found, told])
    return Task(path.name, kind, train, test, None, n_outputs, encode_rows, about, new=new, classes=tuple(classes))


def _about(path: Path, rows: Floats, found: Sequence[str]) -> str:
    """Where a task comes from, and what was found out about the file."""
    return f"file {path.name}: {counted(rows.shape[0], 'row')} of {counted(rows.shape[1], 'column')}, {', '.join(found)}"


def _is_numeric(read: CsvTable, target: str) -> bool:
    try:
        read.numbers((target,))
    except ValueError:
        return False
    return True


def _targets(read: CsvTable, target: str, kind: str) -> tuple[np.ndarray, int, str]:
    """Targets, the number of outputs, and what they are in words."""
    if kind == "classification":
        classes, names = labels(read, target)
        return classes, len(names), f"'{target}' with {len(names)} classes ({', '.join(names[:10])}{', ...' * (len(names) > 10)})"
    values = read.numbers((target,))
    refuse_missing(read, (target,), np.isnan(values), "set missing = 'drop' to leave such rows out")
    return values, 1, f"'{target}' with values from {values.min():g} to {values.max():g}"


def _held_out(n_rows: int, fraction: float, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Numbers of the rows of the test part and of the training part, in their order."""
    n_test = round(fraction * n_rows)
    if not 0 < n_test < n_rows:
        raise ValueError(f"test_fraction = {fraction} of {counted(n_rows, 'row')}: both parts need at least one")
    order = rng.permutation(n_rows)
    return np.sort(order[:n_test]), np.sort(order[n_test:])


def _with_means(names: Sequence[str], rows: Floats, kept: np.ndarray) -> Floats:
    """Rows whose missing values are the means of their columns over the training part."""
    known = ~np.isnan(rows[kept])
    unknown = [name for name, some in zip(names, np.asarray(known.any(axis=0)), strict=True) if not some]
    if unknown:
        raise ValueError(f"columns {', '.join(unknown)} have no value in the training part; leave them out")
    means = np.where(known, rows[kept], 0.0).sum(axis=0) / known.sum(axis=0)
    return np.where(np.isnan(rows), means, rows)


def _ends(split: Sequence[float], n_rows: int) -> tuple[int, int, int]:
    """Row at which each part ends."""
    fractions = finite("split", list(split))
    if fractions.shape != (3,) or fractions.min() < 0 or fractions.sum() > 1 + 1e-9:
        raise ValueError(
            f"split = {tuple(split)}: must be three fractions, for train, validation and test, of together at most 1"
        )
    train, validation, test = (int(end) for end in np.floor(np.cumsum(fractions) * n_rows + 1e-6))
    return train, validation, test


def _scale(names: Sequence[str], seen: Floats) -> Scale:
    """Scale by which the training rows (n, n_columns) have mean 0 and deviation 1."""
    with np.errstate(over="ignore", invalid="ignore"):
        mean, deviation = seen.mean(axis=0), seen.std(axis=0)
    constant = [name for name, spread, own in zip(names, np.ptp(seen, axis=0), deviation, strict=True) if spread == 0 or own == 0]
    if constant:
        raise ValueError(f"columns {', '.join(constant)} do not vary in the training part; leave them out")
    vast = [name for name, own in zip(names, deviation, strict=True) if not np.isfinite(own)]
    if vast:
        raise ValueError(
            f"columns {', '.join(vast)} have values too large to square, up to {np.abs(seen).max():g}; use another unit"
        )
    return Scale(mean, deviation)


def _forecast(
    name: str,
    names: Sequence[str],
    rows: Floats,
    ends: tuple[int, int, int],
    sizes: tuple[int, int, int, bool],
    reference: str = "",
    asked: tuple[str, str] = ("refuse", "even"),
) -> Task:
    """Task of windows from rows in time order.

    Sizes are history, horizon, stride and whether windows are relative; `asked` is what is asked of missing values and times.
    """
    *lengths, relative = sizes
    history, horizon, stride = (count(label, size) for label, size in zip(("history", "horizon", "stride"), lengths, strict=True))
    _check_length("training", ends[0], history, horizon)
    scale = _scale(names, rows[: ends[0]])
    values = scale.applied(rows)
    train = _windows("training", values[: ends[0]], history, horizon).take(slice(None, None, stride))
    test = _windows("test", values[ends[1] - history : ends[2]], history, horizon)
    validation = None
    if ends[1] > ends[0]:
        validation = _windows("validation", values[ends[0] - history : ends[1]], history, horizon)
    n_outputs = horizon * values.shape[1]
    if relative:
        train, test = _relative(train), _relative(test)
        validation = None if validation is None else _relative(validation)
    shared = -(-horizon // stride) - 1
    treated = dict(zip(("missing", "times"), asked, strict=True))
    new = partial(new_windows, names=names, scale=scale, history=history, horizon=horizon, relative=relative, **treated)
    about = {"forecast": True, "new": new, "shared": shared}
    return Task(name, "regression", train, test, validation, n_outputs, encode_rows, reference, **about)


def _check_length(part: str, n_rows: int, history: int, horizon: int) -> None:
    if n_rows < history + horizon:
        raise ValueError(
            f"history = {history} and horizon = {horizon}: the {part} part has only {counted(n_rows, 'row')} (with those it may look "
            "back to); shorten the window or give the part a larger fraction"
        )


def _windows(part: str, rows: Floats, history: int, horizon: int) -> Trials:
    _check_length(part, len(rows), history, horizon)
    cut = np.lib.stride_tricks.sliding_window_view(rows, history + horizon, axis=0).transpose(0, 2, 1)
    return Trials(cut[:, :history], cut[:, history:].reshape(len(cut), -1))


def _relative(trials: Trials) -> Trials:
    """Windows as differences from their last row."""
    last = trials.values[:, -1]
    return Trials(trials.values - last[:, None], trials.targets - np.tile(last, trials.targets.shape[1] // trials.n_channels))
