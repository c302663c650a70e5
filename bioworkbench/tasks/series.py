"""Measured data: time series cut into windows, and tables whose rows are trials. Any CSV file can be named.

Series are split in time order into training, validation and test part. Scaling comes from the training part alone. A window
is `history` rows of all columns; its outputs are the following `horizon` rows, row by row. Windows of the validation and
test part may look back into the part before, but their outputs lie in their own part.
"""

import csv
from collections.abc import Sequence
from functools import partial
from pathlib import Path

import numpy as np

from bioworkbench.arrays import Floats, count, finite
from bioworkbench.encoding import as_current
from bioworkbench.errors import unknown_name
from bioworkbench.tasks.data import data_file, read_text
from bioworkbench.tasks.task import Task, Trials

__all__ = ["etth1", "exchange_rate", "series", "table"]

MONTH = 30 * 24  # hours
TIME_COLUMNS = ("date", "time", "datetime", "timestamp")
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
        Shares of training, validation and test part in all rows; by default the first 12, 4 and 4 months of 30 days.
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
        Standardised values (n_windows, history, 7) and targets (n_windows, horizon * 7).

    Raises
    ------
    ValueError, FileNotFoundError
        If the file is missing or damaged, or a part is too short for a window.

    References
    ----------
    Zhou et al. (2021), Informer, arXiv:2012.07436; https://github.com/zhouhaoyi/ETDataset (CC BY-ND 4.0).
    """
    names, rows = _read_columns(data_file("ETTh1.csv.gz", data))
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
        Shares of training, validation and test part in all rows.
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
        Standardised values (n_windows, history, 8) and targets (n_windows, horizon * 8).

    Raises
    ------
    ValueError, FileNotFoundError
        If the file is missing or damaged, or a part is too short for a window.

    References
    ----------
    Lai, Chang, Yang & Liu (2018), Modeling long- and short-term temporal patterns, doi:10.1145/3209978.3210006.
    """
    names, rows = _read_columns(data_file("exchange_rate.txt.gz", data), header=False)
    reference = "Lai et al. 2018, doi:10.1145/3209978.3210006"
    return _forecast("exchange_rate", names, rows, _ends(split, len(rows)), (history, horizon, stride, relative), reference)


def series(
    rng: np.random.Generator,
    *,
    file: str,
    columns: tuple[str, ...] = (),
    header: bool = True,
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
    file : str
        Path inside the data folder.
    columns : tuple of str
        Names (without header: numbers from "0"); by default all but a first column called date, time, datetime or timestamp.
    header : bool
        Whether the first row holds names.
    history, horizon, split, stride, relative
        As in `exchange_rate`.
    data : str or path, optional
        Data folder; by default that of BIOWORKBENCH_DATA.

    Returns
    -------
    Task
        Standardised values (n_windows, history, n_columns) and targets (n_windows, horizon * n_columns).

    Raises
    ------
    ValueError, FileNotFoundError
        If the file is missing or no table of numbers, a column does not vary in the training part, or a part is too short.
    """
    path = data_file(file, data)
    names, rows = _read_columns(path, columns, header)
    return _forecast(path.name, names, rows, _ends(split, len(rows)), (history, horizon, stride, relative), f"file {path.name}")


def table(
    rng: np.random.Generator,
    *,
    file: str,
    target: str,
    kind: str,
    columns: tuple[str, ...] = (),
    test_fraction: float = 0.2,
    data: str | Path | None = None,
) -> Task:
    """Any CSV file (also compressed, ``.csv.gz``) with a row of names and a target column; every other row is a trial.

    Parameters
    ----------
    rng : Generator
        Draws the test part.
    file : str
        Path inside the data folder.
    target : str
        Name of the target column: classes (any text; numbered in the order of their sorted names) or values.
    kind : {"classification", "regression"}
    columns : tuple of str
        Names of the input columns; by default all but the target.
    test_fraction : float
        Share of the rows in the test part, between 0 and 1.
    data : str or path, optional
        Data folder; by default that of BIOWORKBENCH_DATA.

    Returns
    -------
    Task
        Values (n_trials, 1, n_columns), standardised with the training part; targets of a regression as they are.

    Raises
    ------
    ValueError, FileNotFoundError
        If the file is missing or no table of numbers, the target is unknown, a column does not vary, or a part is empty.
    """
    path = data_file(file, data)
    if kind not in ("classification", "regression"):
        raise ValueError(f"kind = {kind!r}: must be 'classification' or 'regression'")
    inputs = tuple(columns) or tuple(name for name in _column_names(path, header=True) if name != target)
    _positions(path, (target,), header=True)
    names, rows = _read_columns(path, inputs)
    targets, n_outputs = _labels(path, target) if kind == "classification" else (_read_columns(path, (target,))[1], 1)
    n_test = round(test_fraction * len(rows))
    if not 0 < n_test < len(rows):
        raise ValueError(f"test_fraction = {test_fraction} of {len(rows)} rows: both parts need at least one")
    order = rng.permutation(len(rows))
    held_out, kept = np.sort(order[:n_test]), np.sort(order[n_test:])
    values = _standardised(names, rows, rows[kept])[:, None]
    train, test = (Trials(values[part], targets[part]) for part in (kept, held_out))
    return Task(path.name, kind, train, test, None, n_outputs, encode_rows, f"file {path.name}")


def _column_names(path: Path, header: bool) -> list[str]:
    first = read_text(path).split("\n", 1)[0].strip("\r")
    if not first:
        raise ValueError(f"{path} is empty or starts with an empty line; it must be a CSV table")
    names = next(csv.reader([first]))
    return [name.strip() for name in names] if header else [str(k) for k in range(len(names))]


def _positions(path: Path, chosen: Sequence[str], header: bool) -> tuple[list[str], list[int]]:
    """Names and positions of the chosen columns; by default all but a first column of times."""
    names = _column_names(path, header)
    chosen = list(chosen) or (names[1:] if names[0].lower() in TIME_COLUMNS else names)
    for name in chosen:
        if names.count(name) != 1:
            known = unknown_name(name, f"column of {path.name}", names)
            raise ValueError(f"column '{name}' occurs twice in {path}" if name in names else known)
    return chosen, [names.index(name) for name in chosen]


def _read_columns(path: Path, chosen: Sequence[str] = (), header: bool = True) -> tuple[list[str], Floats]:
    """Names and numbers (n_rows, n_columns) of the chosen columns."""
    names, positions = _positions(path, chosen, header)
    return names, finite(f"{path} in columns {', '.join(names)}", _loaded(path, positions, header, float))


def _labels(path: Path, target: str) -> tuple[np.ndarray, int]:
    text = _loaded(path, _positions(path, (target,), True)[1], True, str)[:, 0]
    names, labels = np.unique(text, return_inverse=True)
    return labels, len(names)


def _loaded(path: Path, positions: list[int], header: bool, kind: type) -> np.ndarray:
    lines = read_text(path).splitlines()[header:]
    if not lines:
        raise ValueError(f"{path} has no rows of data")
    try:
        return np.loadtxt(lines, dtype=kind, delimiter=",", usecols=positions, ndmin=2, comments=None, quotechar='"')
    except ValueError as error:
        raise ValueError(f"{path} is not a table of numbers: {error} (rows counted from 0 after the names)") from error


def _ends(split: Sequence[float], n_rows: int) -> tuple[int, int, int]:
    """Row at which each part ends."""
    shares = finite("split", list(split))
    if shares.shape != (3,) or shares.min() < 0 or shares.sum() > 1 + 1e-9:
        raise ValueError(f"split = {tuple(split)}: must be three shares, for train, validation and test, of together at most 1")
    train, validation, test = (int(end) for end in np.floor(np.cumsum(shares) * n_rows + 1e-6))
    return train, validation, test


def _standardised(names: Sequence[str], rows: Floats, seen: Floats) -> Floats:
    """Rows (n, n_columns) shifted and scaled to mean 0 and deviation 1 over the `seen` ones."""
    constant = [name for name, spread in zip(names, np.ptp(seen, axis=0), strict=True) if spread == 0]
    if constant:
        raise ValueError(f"columns {', '.join(constant)} do not vary in the training part; leave them out")
    return (rows - seen.mean(axis=0)) / seen.std(axis=0)


def _forecast(
    name: str, names: Sequence[str], rows: Floats, ends: tuple[int, int, int], sizes: tuple[int, int, int, bool], reference: str
) -> Task:
    """Task of windows from rows in time order; sizes are history, horizon, stride and whether windows are relative."""
    *lengths, relative = sizes
    history, horizon, stride = (count(label, size) for label, size in zip(("history", "horizon", "stride"), lengths, strict=True))
    values = _standardised(names, rows, rows[: ends[0]])
    train = _windows("training", values[: ends[0]], history, horizon).take(slice(None, None, stride))
    test = _windows("test", values[ends[1] - history : ends[2]], history, horizon)
    validation = None
    if ends[1] > ends[0]:
        validation = _windows("validation", values[ends[0] - history : ends[1]], history, horizon)
    n_outputs = horizon * values.shape[1]
    if relative:
        train, test = _relative(train), _relative(test)
        validation = None if validation is None else _relative(validation)
    return Task(name, "regression", train, test, validation, n_outputs, encode_rows, reference, forecast=True)


def _windows(part: str, rows: Floats, history: int, horizon: int) -> Trials:
    if len(rows) < history + horizon:
        raise ValueError(
            f"history = {history} and horizon = {horizon}: the {part} part has only {len(rows)} rows (with those it may look "
            "back to); shorten the window or give the part a larger share"
        )
    cut = np.lib.stride_tricks.sliding_window_view(rows, history + horizon, axis=0).transpose(0, 2, 1)
    return Trials(cut[:, :history], cut[:, history:].reshape(len(cut), -1))


def _relative(trials: Trials) -> Trials:
    """Windows as differences from their last row."""
    last = trials.values[:, -1]
    return Trials(trials.values - last[:, None], trials.targets - np.tile(last, trials.targets.shape[1] // trials.n_channels))
