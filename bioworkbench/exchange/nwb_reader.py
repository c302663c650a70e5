"""Spikes and time series of NWB files, read by their layout in HDF5: every NWB file has it, whatever wrote it."""

# pyright: reportIndexIssue=false, reportAttributeAccessIssue=false, reportArgumentType=false, reportCallIssue=false, reportOperatorIssue=false, reportReturnType=false
# h5py does not type what a file holds

from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from bioworkbench.exchange.damage import damage_told
from bioworkbench.exchange.events import RecordedSpikes
from bioworkbench.exchange.signals import Signal
from bioworkbench.records.data_paths import existing_file
from bioworkbench.records.errors import ResultError, unknown_name
from bioworkbench.records.hdf5 import opened, text_of

__all__ = ["nwb_current", "nwb_events", "nwb_signal"]


def nwb_events(file: str | Path, *, trials: bool = False) -> RecordedSpikes:
    """Spikes of the units of an NWB file.

    Parameters
    ----------
    file : str or path
    trials : bool
        Whether they are cut at the trials that the file lists.

    Returns
    -------
    RecordedSpikes
        A channel for each unit, in the order of the table; spikes between trials are left out.

    Raises
    ------
    ResultError
        If the file is not NWB, is damaged, or has no units or trials; or if trials differ in duration.
    """
    return _guarded(file, lambda opened_file: _units(Path(file), opened_file, trials))


def nwb_signal(file: str | Path, name: str) -> list[Signal]:
    """A time series of an NWB file.

    Parameters
    ----------
    file : str or path
    name : str
        Of the series, or its path in the file where several have the name.

    Returns
    -------
    list of Signal
        One; its conversion and offset are applied.

    Raises
    ------
    ResultError
        If the file is not NWB, is damaged, or has no such series, or several.
    """
    return [_guarded(file, lambda opened_file: _series(Path(file), opened_file, name))]


def nwb_current(file: str | Path, sweep: int | str) -> Signal:
    """The current that was injected in one sweep of an NWB file, of version 2 or as the Allen Cell Types Database has them.

    Parameters
    ----------
    file : str or path
    sweep : int or str
        Number of the sweep, or the name of the series.

    Returns
    -------
    Signal
        Its conversion and offset are applied.

    Raises
    ------
    ResultError
        If the file is not NWB, is damaged, or has no such sweep, or several.
    """
    return _guarded(file, lambda opened_file: _sweep(Path(file), opened_file, sweep))


def _guarded(file: str | Path, read: Callable[[h5py.File], Any]) -> Any:
    path = existing_file(file)
    with damage_told(f"{path} is not an NWB file that can be read"), opened(path, linked=True) as found:
        return read(found)


def _units(path: Path, file: h5py.File, trials: bool) -> RecordedSpikes:
    units = file.get("units")
    if not isinstance(units, h5py.Group) or "spike_times" not in units or "spike_times_index" not in units:
        raise ResultError(f"{path} has no units with spike times; it holds {', '.join(file)}. Name a series for a signal")
    times, ends = units["spike_times"][()].astype(float), units["spike_times_index"][()].astype(np.int64)
    counts = np.diff(ends, prepend=0)
    if counts.min(initial=0) < 0 or (ends[-1] if ends.size else 0) != times.size:
        raise ResultError(f"{path}: the index of spike times ends at {ends[-1:]}, there are {times.size}; the file is damaged")
    channel = np.repeat(np.arange(ends.size), counts)
    if not trials:
        return RecordedSpikes(np.zeros(times.size, dtype=np.int64), channel, times, ends.size, 1)
    begin, end = _trials(path, file)
    trial = np.searchsorted(begin, times, side="right") - 1
    inside = (trial >= 0) & (times < end[np.maximum(trial, 0)])
    trial, channel, times = trial[inside], channel[inside], times[inside]
    # adding up durations leaves a few units in the last place: a spike at the start of its trial stays there
    return RecordedSpikes(trial, channel, np.maximum(times - begin[trial], 0.0), ends.size, begin.size)


def _trials(path: Path, file: h5py.File) -> tuple[np.ndarray, np.ndarray]:
    """Begins and ends of the trials that a file lists, in order."""
    table = file.get("intervals/trials")
    if not isinstance(table, h5py.Group):
        raise ResultError(f"{path} lists no trials; it holds {', '.join(file.get('intervals', {})) or 'no intervals'}")
    begin, end = table["start_time"][()].astype(float), table["stop_time"][()].astype(float)
    length = end - begin
    if not begin.size or (np.diff(begin) <= 0).any() or (end[:-1] > begin[1:] * (1 + 1e-12) + 1e-12).any():
        raise ResultError(f"{path}: {begin.size} trials begin at {begin[:5]}; they must follow each other")
    if np.ptp(length) > 1e-6 * length.max():
        raise ResultError(f"{path}: trials last from {length.min():g} to {length.max():g} s; cut them to one length, with pynwb")
    return begin, end


def _all_series(file: h5py.File) -> dict[str, h5py.Group]:
    """Groups with values in time, by their path."""
    found: dict[str, h5py.Group] = {}

    def look(place: str, item: h5py.Group | h5py.Dataset) -> None:
        if isinstance(item, h5py.Group) and "data" in item and ("timestamps" in item or "starting_time" in item):
            found[place] = item

    file.visititems(look)
    return found


def _series(path: Path, file: h5py.File, name: str) -> Signal:
    found = _all_series(file)
    chosen = [place for place in found if name in (place, f"/{place}", place.rpartition("/")[2])]
    if not chosen:
        raise ResultError(f"{path}: {unknown_name(name, 'time series', [place.rpartition('/')[2] for place in found])}")
    if len(chosen) > 1:
        raise ResultError(f"{path} has the series {', '.join(chosen)}; name the one that is meant with its path, not '{name}'")
    return _signal(found[chosen[0]], f"{path}, series '{name}'")


def _signal(series: h5py.Group, where: str) -> Signal:
    data = series["data"]
    values = data[()].astype(float) * float(data.attrs.get("conversion", 1.0))
    if "channel_conversion" in series:  # of electrodes that have gains of their own, beside the common one
        gains = series["channel_conversion"][()].astype(float)
        if values.ndim != 2 or gains.shape != values.shape[1:]:
            raise ResultError(
                f"{where} has values of shape {values.shape} and {gains.shape} channel_conversion; each channel has one"
            )
        values = values * gains
    values = values + float(data.attrs.get("offset", 0.0))
    return Signal(_times(series, len(values)), values, where, text_of(data, "unit"))


def _sweep(path: Path, file: h5py.File, sweep: int | str) -> Signal:
    name = f"Sweep_{sweep}" if str(sweep).isdigit() else str(sweep)
    epoch = file.get(f"epochs/{name}/stimulus/timeseries")  # version 1: a link to a series, which has other names elsewhere
    if isinstance(epoch, h5py.Group):
        return _signal(epoch, f"{path}, {name}")
    found = {place: item for place, item in _all_series(file).items() if place.startswith("stimulus/")}
    chosen = [
        place for place, item in found.items() if name == place.rpartition("/")[2] or str(sweep) == _number(item) or name == place
    ]
    if len(chosen) != 1:
        told = ", ".join(chosen if chosen else found) or "none"
        raise ResultError(
            f"{path} has {len(chosen)} series that sweep_id = {sweep} names among its stimuli, one is needed: {told}"
        )
    return _signal(found[chosen[0]], f"{path}, {chosen[0]}")


def _number(series: h5py.Group) -> str:
    """Number of the sweep that a series belongs to; "" where it does not say."""
    number = series.attrs.get("sweep_number", "")
    return "" if np.size(number) != 1 else str(np.ravel(number)[0])


def _times(series: h5py.Group, n: int) -> np.ndarray:
    if "timestamps" in series:
        return series["timestamps"][()].astype(float)
    first = series["starting_time"]
    return float(first[()]) + np.arange(n) / float(first.attrs["rate"])
