"""Stimuli from tables: a line for each spike, or for each frame."""

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

import numpy as np

from bioworkbench.exchange.events import RecordedSpikes
from bioworkbench.exchange.taken import trains_of
from bioworkbench.records.annotations import Seconds
from bioworkbench.records.data_paths import existing_file
from bioworkbench.records.errors import unknown_name
from bioworkbench.records.stimulus import SpikeTrains, Stimulus, StimulusKind
from bioworkbench.records.tables import CsvTable, read_table
from bioworkbench.records.times import SECONDS_PER, seconds
from bioworkbench.tasks.measured import checked_times, is_time

__all__ = ["spike_table", "value_table"]

_UNIT = re.compile(r"\s*[(\[]\s*([^()\[\]]*?)\s*[)\]]$")
_MICRO = str.maketrans("\N{MICRO SIGN}\N{GREEK SMALL LETTER MU}", "uu")
_UNEVEN = 0.01  # of a frame: files round their times


def spike_table(
    name: str,
    *,
    file: Path,
    time: str = "time",
    channel: str = "channel",
    trial: str | None = None,
    population: str = "",
    unit: Literal["s", "ms", "us"] | None = None,
    start: Seconds = 0.0,
    stop: Seconds | None = None,
    n_channels: int | None = None,
) -> SpikeTrains:
    """Spikes from a table (CSV) with a line for each.

    Parameters
    ----------
    name : str
        What projections call the stimulus.
    file : path
        Separator, decimal mark and line ends are found out, as in every table.
    time, channel : str
        Columns of times and of channels, which are counted 0, 1, 2, ...; "time" also finds "time (s)", "time [ms]" and the like.
    trial : str, optional
        Column of trials, counted 0, 1, 2, ...; by default "trial" where there is one. With "", and without a column, all spikes are
        of one trial.
    population : str
        Whose spikes are taken, of those in the column "population"; may be left out where there is no such column, or one population.
    unit : {"s", "ms", "us"}, optional
        Of the times; by default what stands in parentheses or brackets behind the name of their column, or else ms.
    start, stop : float, seconds
        Of the part that is taken.
    n_channels : int, optional
        By default up to the highest that spikes.

    Returns
    -------
    SpikeTrains

    Raises
    ------
    ValueError
        If the file is not such a table, a cell is missing, a channel or trial is not a whole number, a time is before 0, the unit is
        not the one that the column of times has in its name, or that one is unknown, or several populations have spikes and none is named.
    """
    table = _of_population(read_table(existing_file(file)), population)
    time, scale = _times_column(table, time, unit)
    if trial is None:
        trial = "trial" if "trial" in table.names else ""
    names = (time, channel, *([trial] if trial else []))
    numbers = _whole_table(table, names)
    columns = [_whole(table, key, numbers[:, k + 1]) for k, key in enumerate(names[1:])]
    early = np.flatnonzero(numbers[:, 0] < 0)
    if early.size:
        raise ValueError(
            f"{table.where(int(early[0]), time)}: {numbers[early[0], 0]:g} is before 0, where trials begin; shift all times"
        )
    times = numbers[:, 0] * scale
    trials = columns[1] if trial else np.zeros(times.size, dtype=np.int64)
    return trains_of(name, RecordedSpikes(trials, columns[0], times, n_channels), start, stop)


def _of_population(table: CsvTable, population: str) -> CsvTable:
    """The rows of a population, where a table says whose each row is."""
    if "population" not in table.names:
        if population:
            raise ValueError(f"population = '{population}': {table.path} has no column 'population'; leave it out")
        return table
    owners = np.array(table.texts("population"), dtype=object)
    known = list(dict.fromkeys(owners.tolist()))
    if not population and len(known) > 1:
        raise ValueError(f"{table.path} has spikes of {', '.join(known)}; name the population that is meant")
    if population and population not in known:
        raise ValueError(f"{table.path}: {unknown_name(population, 'population', known)}")
    return table.take(owners == population) if population else table


def _times_column(table: CsvTable, time: str, unit: str | None) -> tuple[str, float]:
    """The column of times, which may have its unit behind its name, and the seconds of its unit."""
    if time not in table.names:
        time = next((name for name in table.names if _UNIT.sub("", name) == time and _unit_of(name) in SECONDS_PER), time)
    named = _unit_of(time)
    if unit and named in SECONDS_PER and named != unit:
        raise ValueError(f"unit = '{unit}': column '{time}' of {table.path.name} has its times in {named}; leave the unit out")
    if not unit and named not in (None, *SECONDS_PER) and time in table.names:
        raise ValueError(f"column '{time}' of {table.path.name}: '{named}' is not one of s, ms, us; give the unit of the times")
    return time, SECONDS_PER[unit or named or "ms"]


def _unit_of(column: str) -> str | None:
    """What stands in parentheses or brackets at the end of the name of a column."""
    found = _UNIT.search(column)
    return found[1].translate(_MICRO) if found else None


def value_table(
    name: str,
    *,
    file: Path,
    frame: Seconds,
    columns: tuple[str, ...] = (),
    header: bool = True,
    values: StimulusKind = "current",
    trial: str | None = None,
    times: Literal["even", "increasing", "ignore"] = "even",
) -> Stimulus:
    """Values from a table (CSV) with a line for each frame and a column for each channel.

    Parameters
    ----------
    name : str
        What projections call the stimulus.
    file : path
        From the folder of the process, or below ``BIOWORKBENCH_DATA``.
    frame : float, seconds
        Duration of a line.
    columns : tuple of str
        Those that are channels, in this order; by default all that have a name, but for one of times ("date", "time", "datetime",
        "timestamp", also with a unit in parentheses or brackets) and of trials.
    header : bool
        Whether the first line holds names.
    values : {"current", "rate", "spikes"}
        What they are: inputs that weights multiply, rates in hertz, or numbers of spikes.
    trial : str, optional
        Column of trials, counted 0, 1, 2, ...; by default "trial" where there is one that is not among the columns. With "", and
        without a column, all lines are of one trial.
    times : {"even", "increasing", "ignore"}
        What is asked of a column of times, in each trial: equal steps, of one frame where the column has its unit behind its
        name; no way back; nothing.

    Returns
    -------
    Stimulus

    Raises
    ------
    ValueError
        If the file is not such a table, a cell is missing, trials have other numbers of lines, times go back or have gaps, or a rate is
        negative.
    """
    table = read_table(existing_file(file), header=header)
    if trial is None:
        trial = "trial" if "trial" in table.names and "trial" not in columns else ""
    channels = columns or tuple(column for column in table.names if column and column != trial and not is_time(column))
    if not channels:
        raise ValueError(f"{table.path} has no column of values beside that of times; give columns")
    numbers, parts = _whole_table(table, channels), _rows_by_trial(table, trial)
    for rows in parts if times != "ignore" else []:
        _check_steps(table.take(rows), channels, frame, times)
    return Stimulus(np.stack([numbers[rows] for rows in parts]), frame, values, name)


def _rows_by_trial(table: CsvTable, trial: str) -> list[np.ndarray]:
    """Rows of every trial, as many each."""
    if not trial:
        return [np.arange(len(table.lines))]
    owner = _whole(table, trial, _whole_table(table, (trial,))[:, 0])
    n_each = np.bincount(owner)
    if np.ptp(n_each):
        raise ValueError(
            f"{table.path} has {n_each.min()} to {n_each.max()} lines of a trial, counted 0, 1, 2, ...; give all as many"
        )
    return [np.flatnonzero(owner == one) for one in range(n_each.size)]


def _check_steps(table: CsvTable, channels: Sequence[str], frame: float, times: str) -> None:
    """Refuse times of a trial that go back, have gaps, or are not a frame apart where their unit is known."""
    position = checked_times(table, channels, times=times)
    column = "" if position is None else table.names[position]
    unit = _unit_of(column)
    if unit not in SECONDS_PER or times != "even" or len(table.lines) < 2:
        return
    moments = table.numbers((column,))[:, 0] * SECONDS_PER[unit]
    step, held = float(moments[-1] - moments[0]) / (len(moments) - 1), seconds("frame", frame)
    if abs(step - held) > _UNEVEN * held:
        raise ValueError(
            f"{table.path}: rows are {step:g} s apart by column '{column}', and frame = {held:g} s; give that, or set "
            "times = 'increasing'"
        )


def _whole_table(table: CsvTable, names: Sequence[str]) -> np.ndarray:
    """Numbers (n_rows, n_names) of columns, none missing."""
    numbers = table.numbers(names)
    missing = np.argwhere(np.isnan(numbers))
    if len(missing):
        row, column = (int(k) for k in missing[0])
        raise ValueError(f"{table.where(row, names[column])}: the value '{table.texts(names[column])[row]}' is missing; give all")
    return numbers


def _whole(table: CsvTable, name: str, values: np.ndarray) -> np.ndarray:
    bad = np.flatnonzero((values != np.rint(values)) | (values < 0))
    if bad.size:
        raise ValueError(
            f"{table.where(int(bad[0]), name)}: {values[bad[0]]:g} is not one of 0, 1, 2, ...; number channels and trials"
        )
    return values.astype(np.int64)
