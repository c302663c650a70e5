"""Stimuli from tables: a line for each spike, or for each frame."""

from collections.abc import Sequence
from pathlib import Path
from typing import Literal

import numpy as np

from bioworkbench.exchange.events import RecordedSpikes
from bioworkbench.exchange.taken import trains_of
from bioworkbench.records.annotations import Seconds
from bioworkbench.records.data_paths import existing_file
from bioworkbench.records.stimulus import SpikeTrains, Stimulus, StimulusKind
from bioworkbench.records.tables import CsvTable, read_table
from bioworkbench.records.times import SECONDS_PER

__all__ = ["spike_table", "value_table"]


def spike_table(
    name: str,
    *,
    file: Path,
    time: str = "time",
    channel: str = "channel",
    trial: str = "",
    unit: Literal["s", "ms", "us"] = "ms",
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
        Columns of times and of channels, which are counted 0, 1, 2, ...
    trial : str
        Column of trials, counted 0, 1, 2, ...; without one, all spikes are of one trial.
    unit : {"s", "ms", "us"}
        Of the times.
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
        If the file is not such a table, a cell is missing, or a channel or trial is not a whole number.
    """
    table = read_table(existing_file(file))
    names = (time, channel, *([trial] if trial else []))
    numbers = _whole_table(table, names)
    columns = [_whole(table, key, numbers[:, k + 1]) for k, key in enumerate(names[1:])]
    times = numbers[:, 0] * SECONDS_PER[unit]
    trials = columns[1] if trial else np.zeros(times.size, dtype=np.int64)
    return trains_of(name, RecordedSpikes(trials, columns[0], times, n_channels), start, stop)


def value_table(
    name: str,
    *,
    file: Path,
    frame: Seconds,
    columns: tuple[str, ...] = (),
    header: bool = True,
    values: StimulusKind = "current",
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
        Those that are channels, in this order; by default all that have a name.
    header : bool
        Whether the first line holds names.
    values : {"current", "rate", "spikes"}
        What they are: inputs that weights multiply, rates in hertz, or numbers of spikes.

    Returns
    -------
    Stimulus
        Of one trial.

    Raises
    ------
    ValueError
        If the file is not such a table, a cell is missing, or a rate is negative.
    """
    table = read_table(existing_file(file), header=header)
    return Stimulus(_whole_table(table, columns or tuple(filter(None, table.names)))[None], frame, values, name)


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
