"""Columns of measured data: which are inputs, which is time, and what is missing."""

# pyright: reportArgumentType=false, reportCallIssue=false, reportInvalidTypeArguments=false, reportReturnType=false
# pandas is not typed

import re
import warnings
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas

from bioworkbench.records.arrays import Floats, Integers
from bioworkbench.records.counted import counted
from bioworkbench.records.tables import CsvTable, read_table

__all__ = ["checked_times", "is_time", "labels", "read_measured", "refuse_missing", "series_rows"]

_TIME = re.compile(r"(date|time|datetime|timestamp)\s*(\(.*\)|\[.*\])?", re.IGNORECASE)
_GAP = 1.5  # usual steps; months differ by less, a row that is missing makes two


def is_time(column: str) -> bool:
    """Whether a column is one of times by its name: date, time, datetime or timestamp, also with a unit behind it.

    Parameters
    ----------
    column : str

    Returns
    -------
    bool

    Examples
    --------
    >>> is_time("Time (ms)"), is_time("times")
    (True, False)
    """
    return _TIME.fullmatch(column) is not None


def read_measured(path: Path, *, header: bool = True) -> CsvTable:
    """A table of measured data, once its first line is known to hold names where it should.

    Parameters
    ----------
    path : Path
    header : bool
        Whether the first line holds names.

    Returns
    -------
    CsvTable

    Raises
    ------
    ValueError
        If the file is not a table (see `read_table`), or holds numbers where names should be.
    """
    table = read_table(path, header=header)
    first = pandas.to_numeric(pandas.Series([name for name in table.names if name]), errors="coerce").to_numpy(dtype=float)
    counted = len(first) > 1 and (np.diff(first) > 0).all() and (first == np.rint(first)).all()  # such as years
    if header and not np.isnan(first).any() and not counted:
        raise ValueError(
            f"{path}, line 1: '{', '.join(table.names[:5])}' are numbers, not names of columns; add a line of names at the top, or set "
            "header = false where the task has that setting"
        )
    return table


def series_rows(
    table: CsvTable, columns: Sequence[str], *, missing: str, times: str, choose: str = "set"
) -> tuple[list[str], Floats, tuple[str, ...]]:
    """Rows of a time series, the earliest first.

    Parameters
    ----------
    table : CsvTable
    columns : sequence of str
        Names of columns; by default all but that of time.
    missing : {"refuse", "previous"}
        Whether a missing value is an error or the last known one.
    times : {"even", "increasing", "ignore"}
        What is asked of a column of times.
    choose : str
        What errors advise to do with these two.

    Returns
    -------
    names : list of str
    rows : array (n_rows, n_columns)
    found : tuple of str
        What was found out about the file, in words.

    Raises
    ------
    ValueError
        If a column is unknown or holds something else than numbers, a value is missing, or times go back or have gaps.
    """
    time = _time_position(table, columns)
    names = list(columns) or [name for k, name in enumerate(table.names) if name and k != time]
    rows = table.numbers(names)
    found = [*table.found, *["decimal commas"] * table.has_decimal_commas(names)]
    if time is not None and times != "ignore":
        found += _check_times(table, time, even=times == "even", choose=choose)
    if missing == "previous":
        n_missing = int(np.isnan(rows).sum())
        rows = pandas.DataFrame(rows).ffill().to_numpy()
        found += [f"{n_missing} missing values replaced by the ones before"] * (n_missing > 0)
    refuse_missing(table, names, np.isnan(rows), f"{choose} missing = 'previous' to take the last known value where there is one")
    return names, rows, tuple(found)


def checked_times(table: CsvTable, columns: Sequence[str], *, times: str, choose: str = "set") -> int | None:
    """The column of times of a table, once these are as they are asked to be.

    Parameters
    ----------
    table : CsvTable
    columns : sequence of str
        Names of those that hold values.
    times : {"even", "increasing"}
        Whether gaps are refused too.
    choose : str
        What errors advise to do with `times`.

    Returns
    -------
    int or None
        Its number; None where there is none.

    Raises
    ------
    ValueError
        If times go back, repeat, or have gaps.
    """
    position = _time_position(table, columns)
    if position is not None:
        _check_times(table, position, even=times == "even", choose=choose)
    return position


def refuse_missing(table: CsvTable, names: Sequence[str], missing: np.ndarray, remedy: str) -> None:
    """Refuse a table with missing values.

    Parameters
    ----------
    table : CsvTable
    names : sequence of str
    missing : array of bool (n_rows, n_names)
    remedy : str

    Raises
    ------
    ValueError
        Naming the first missing value.
    """
    where = np.argwhere(missing)
    if len(where):
        row, column = (int(k) for k in where[0])
        cell = table.cells[table.position(names[column])].iloc[row]
        others = f", the first of {len(where)}" if len(where) > 1 else ""
        raise ValueError(f"{table.where(row, names[column])}: the value is missing ('{cell}'{others}); fill it in, or {remedy}")


def labels(table: CsvTable, target: str) -> tuple[Integers, tuple[str, ...]]:
    """Class of every row, and the names of the classes in their order.

    Parameters
    ----------
    table : CsvTable
    target : str
        Name of the column of labels.

    Returns
    -------
    classes : array of int (n_rows,)
    names : tuple of str
        Sorted.

    Raises
    ------
    ValueError
        If a row has no label.
    """
    remedy = "set missing = 'drop' to leave such rows out; if this is the name of a class, write another one"
    refuse_missing(table, (target,), table.missing((target,)), remedy)
    names, classes = np.unique(np.array(table.texts(target)), return_inverse=True)
    return classes, tuple(names.tolist())


def _time_position(table: CsvTable, inputs: Sequence[str]) -> int | None:
    """The first column that has a name, if that means time; else a column without a name before it, if it begins with a time.

    Else the only column, where it is none of the inputs that are named, whose name means time.
    """
    n_unnamed = next((k for k, name in enumerate(table.names) if name), len(table.names))
    if n_unnamed < len(table.names) and is_time(table.names[n_unnamed]):
        return n_unnamed
    for position in range(n_unnamed):
        if next(_read_times(table.cells[position].iloc[:1]), None) is not None:  # the others are looked at later, and refused
            return position
    others = [k for k, name in enumerate(table.names) if is_time(name) and name not in inputs]
    return others[0] if len(others) == 1 else None


def _read_times(cells: "pandas.Series[str]") -> Iterator[Any]:
    """Times, in every way in which they can be read: numbers, or dates with the month or the day first."""
    numbers = pandas.to_numeric(cells, errors="coerce")
    if not numbers.isna().any():
        yield numbers.to_numpy(dtype=float)
        return
    for day_first in (False, True):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # that a format was guessed, or that it has the day first
            try:
                read = pandas.to_datetime(cells, utc=True, dayfirst=day_first)
            except (ValueError, OverflowError):
                continue
        if not read.isna().any():
            yield read.dt.tz_localize(None).to_numpy(dtype="datetime64[us]")


def _check_times(table: CsvTable, position: int, *, even: bool, choose: str) -> list[str]:
    """Refuse times that go back, repeat or have gaps; what the step is, in words."""
    cells = table.cells[position]
    place = f"{table.path}, column '{table.names[position]}'"
    faults = [_fault(table, cells, times, even, choose) for times in _read_times(cells)]
    if not faults:
        raise ValueError(
            f"{place}: '{cells.iloc[0]}' and what follows are not all times; write them as 2020-12-31 23:59, or {choose} times = 'ignore'"
        )
    if "" not in faults:
        raise ValueError(f"{place}: {faults[0]}")
    times = list(_read_times(cells))[faults.index("")]
    return [f"rows {_step_text(times)} apart"] if len(times) > 1 else []


def _fault(table: CsvTable, cells: "pandas.Series[str]", times: Any, even: bool, choose: str) -> str:
    """What is wrong with some times; nothing if it is empty."""
    steps = np.diff(times)
    back = np.flatnonzero(steps <= steps.dtype.type(0))
    if len(back):
        k = int(back[0])
        return (
            f"'{cells.iloc[k + 1]}' in line {table.lines[k + 1]} is not after '{cells.iloc[k]}' in the row before; sort the rows by time "
            f"and give each time once, or {choose} times = 'ignore'"
        )
    gaps = np.flatnonzero(steps > _GAP * np.median(steps.astype(float)).astype(steps.dtype)) if even and len(steps) else []
    if not len(gaps) or _are_business_days(times):
        return ""
    k = int(gaps[0])
    return (
        f"{counted(len(gaps), 'gap')}, the first between '{cells.iloc[k]}' and '{cells.iloc[k + 1]}' in line {table.lines[k + 1]}, "
        f"where rows are {_step_text(times)} apart; fill the missing rows in, or {choose} times = 'increasing' to take the rows as they are"
    )


def _are_business_days(times: Any) -> bool:
    """Whether times are all working days from one to another, without holidays."""
    if times.dtype.kind != "M":
        return False
    days = times.astype("datetime64[D]")
    return bool((times == days).all() and np.is_busday(days).all() and (np.busday_count(days[:-1], days[1:]) == 1).all())


def _step_text(times: Any) -> str:
    """Usual step between times."""
    step = np.median(np.diff(times).astype(float))
    return str(pandas.Timedelta(int(step), unit="us")) if times.dtype.kind == "M" else f"{step:g}"
