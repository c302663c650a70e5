"""Files of new data for trained networks: read and scaled as the training part was, and answered in the units of the file."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np

from bioworkbench.records.arrays import Floats
from bioworkbench.records.counted import counted
from bioworkbench.tasks.measured import read_measured, refuse_missing, series_rows
from bioworkbench.tasks.task import NewTrials

__all__ = ["Scale", "new_rows", "new_windows"]


@dataclass(frozen=True)
class Scale:
    """How columns were standardized.

    Parameters
    ----------
    mean, deviation : array (n_columns,)
        Over the training part, in the units of the file.
    """

    mean: Floats
    deviation: Floats

    def applied(self, rows: Floats) -> Floats:
        """Standardized values of `rows` (..., n_columns) in the units of the file."""
        return (rows - self.mean) / self.deviation

    def undone(self, values: Floats) -> Floats:
        """Rows (..., n_columns) in the units of the file, of standardized `values`."""
        return values * self.deviation + self.mean


def new_rows(
    path: Path, *, names: Sequence[str], scale: Scale, target: str, classes: Sequence[str] = (), missing: str = "refuse"
) -> NewTrials:
    """New rows of a table, each a trial.

    Parameters
    ----------
    path : Path
        Of a table that has these columns; others are left out.
    names : sequence of str (n_columns,)
    scale : Scale
    target : str
        What is predicted.
    classes : sequence of str
        Names of the classes in their order; none for values.
    missing : {"refuse", "drop", "mean"}
        Whether a missing value becomes the mean of its column in the training part ("mean"), or is an error.

    Returns
    -------
    NewTrials

    Raises
    ------
    ValueError
        If the file is not such a table, or a value is missing.
    """
    told = partial(np.take, np.array(classes)) if classes else np.asarray
    table = read_measured(path)
    rows = table.numbers(names)
    if missing == "mean":
        rows = np.where(np.isnan(rows), scale.mean, rows)
    refuse_missing(table, names, np.isnan(rows), "leave the row out")
    return NewTrials(scale.applied(rows)[:, None], told, (target,))


def new_windows(
    path: Path,
    *,
    names: Sequence[str],
    scale: Scale,
    history: int,
    horizon: int,
    relative: bool,
    missing: str = "refuse",
    times: str = "even",
) -> NewTrials:
    """New rows of a series: every run of `history` rows is a trial, and the last one is answered by what comes after the file.

    Missing values and the column of times, if there is one, are treated as those of the training file were.

    Parameters
    ----------
    path : Path
        Of a table that has these columns; others are left out.
    names : sequence of str (n_columns,)
    scale : Scale
    history, horizon : int
        Rows seen and rows forecast.
    relative : bool
        Whether windows are differences from their last row.
    missing, times : str
        As of `measured.series_rows`.

    Returns
    -------
    NewTrials
        The outputs are the columns of the next row, then those of the row after it, and so on.

    Raises
    ------
    ValueError
        If the file is not such a table or has too few rows, a value is missing, or times go back or have gaps.
    """
    table = read_measured(path, header=not all(name.isdecimal() for name in names))
    _, rows, _ = series_rows(table, names, missing=missing, times=times, choose="train with")
    if len(rows) < history:
        raise ValueError(
            f"{path} has {counted(len(rows), 'row')}; a window of the trained network has {history}, so give at least that many"
        )
    windows = np.lib.stride_tricks.sliding_window_view(scale.applied(rows), history, axis=0).transpose(0, 2, 1)
    last = windows[:, -1:] if relative else np.zeros((1, 1, 1))

    def told(predictions: np.ndarray) -> np.ndarray:
        later = predictions.reshape(len(predictions), horizon, len(names))
        return scale.undone(later + last).reshape(len(predictions), -1)

    return NewTrials(windows - last, told, tuple(f"{name} +{step}" for step in range(1, horizon + 1) for name in names))
