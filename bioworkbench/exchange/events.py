"""Events of cameras and cochleas, as data sets of spiking networks hold them."""

# pyright: reportIndexIssue=false, reportAttributeAccessIssue=false, reportArgumentType=false
# h5py does not type what a file holds

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bioworkbench.exchange.damage import damage_told
from bioworkbench.records.arrays import Floats
from bioworkbench.records.camera import camera_events
from bioworkbench.records.errors import ResultError
from bioworkbench.records.hdf5 import opened

__all__ = ["MAX_EVENTS", "RecordedSpikes", "heidelberg_events", "nmnist_events"]

MAX_EVENTS = 200_000_000
"""Of a file; more are not read."""

_CHANNELS = 700  # of the cochlea of the Heidelberg digits


@dataclass(frozen=True)
class RecordedSpikes:
    """Spikes as a file has them.

    Parameters
    ----------
    trial, channel : int array (n_events,)
    time : array (n_events,), seconds
    n_channels, n_trials : int, optional
        Where the file says.
    """

    trial: NDArray[np.integer]
    channel: NDArray[np.integer]
    time: Floats
    n_channels: int | None = None
    n_trials: int | None = None


def nmnist_events(path: Path, width: int, height: int) -> RecordedSpikes:
    """Events of five bytes: x, y, and in the other three the polarity and 23 bits of microseconds.

    Parameters
    ----------
    path : Path
    width, height : int
        Of the camera, in pixels.

    Returns
    -------
    RecordedSpikes

    Raises
    ------
    ResultError
        If an event is cut off, outside the camera, or before the one in front of it.
    """
    size = path.stat().st_size
    if size % 5 or size > 5 * MAX_EVENTS:
        raise ResultError(f"{path} has {size} bytes; events have 5 each, and {MAX_EVENTS} are read at most")
    events = camera_events(np.fromfile(path, dtype=np.uint8), str(path), width, height)
    channel = (events.brighter * height + events.row) * width + events.column
    return RecordedSpikes(np.zeros_like(channel), channel, events.microseconds * 1e-6, 2 * width * height, 1)


def heidelberg_events(path: Path, samples: NDArray[np.integer]) -> RecordedSpikes:
    """Spikes of the Heidelberg digits: ``/spikes/times`` and ``/spikes/units``, an array for each recording.

    Parameters
    ----------
    path : Path
    samples : int array (n_trials,)
        Which recordings.

    Returns
    -------
    RecordedSpikes

    Raises
    ------
    ResultError
        If the file is another one, is damaged, or has fewer recordings.
    """
    with damage_told(f"{path} is not a file of the Heidelberg digits, or is damaged"), opened(path) as file:
        times, units = file["spikes/times"], file["spikes/units"]
        n_samples = min(len(times), len(units))
        if samples.max(initial=0) >= n_samples:
            raise ResultError(f"{path} has {n_samples} recordings; samples go up to {samples.max()}, count from 0")
        parts = [(np.asarray(times[k], dtype=float), np.asarray(units[k], dtype=np.int64)) for k in samples.tolist()]
    if any(time.shape != unit.shape or (unit.size and not 0 <= unit.min() <= unit.max() < _CHANNELS) for time, unit in parts):
        raise ResultError(
            f"{path}: recordings {samples.tolist()} need a unit below {_CHANNELS} for each time; the file is damaged"
        )
    trial = np.repeat(np.arange(len(parts)), [time.size for time, _ in parts])
    channel, time = (np.concatenate([part[k] for part in parts]) for k in (1, 0))
    return RecordedSpikes(trial, channel, time, _CHANNELS, len(parts))
