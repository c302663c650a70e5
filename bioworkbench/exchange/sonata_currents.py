"""Currents that current clamps of SONATA simulations take from files: sweeps of NWB, and lists of times and currents in HDF5."""

# pyright: reportIndexIssue=false, reportAttributeAccessIssue=false, reportArgumentType=false, reportCallIssue=false
# h5py does not type what a file holds

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from bioworkbench.exchange.damage import damage_told
from bioworkbench.exchange.nwb_reader import nwb_current
from bioworkbench.exchange.signals import Signal, unit_of_file
from bioworkbench.records.counted import counted
from bioworkbench.records.errors import ResultError
from bioworkbench.records.hdf5 import opened, text_of
from bioworkbench.records.units import parse_quantity

__all__ = ["HDF5", "amperes", "recorded_current"]

HDF5 = (".h5", ".hdf5")


def recorded_current(path: Path, given: Mapping[str, Any], where: str) -> Signal:
    """The current of a file, as an input of a simulation describes it.

    Parameters
    ----------
    path : Path
        NWB where the input names a ``sweep_id``, else HDF5 with ``timestamps`` (ms) and ``amps``.
    given : mapping
        The input. ``downsample`` (seconds) takes a sample of each such time, ``sweep_window`` ([begin, end], ms) a part, and ``delay``
        (ms) is when it begins.
    where : str
        Configuration and input, for messages.

    Returns
    -------
    Signal

    Raises
    ------
    ResultError
        If the file is damaged, has no such sweep, or the settings do not fit it.
    """
    with damage_told(f"{where}, {path}"):
        sweep = given.get("sweep_id")
        if sweep is None:
            return _listed(path, given, where)
        if not isinstance(sweep, int | str):
            raise ResultError(f"{where} has sweep_id = {sweep!r:.60}; it is the number or name of a sweep")
        return _part(nwb_current(path, sweep), given, where)


def amperes(unit: str, where: str) -> float:
    """Amperes of a unit of current.

    Parameters
    ----------
    unit : str
        Such as "pA" or "amperes".
    where : str
        What has it, for messages.

    Returns
    -------
    float

    Raises
    ------
    ResultError
        If it is not a unit of current.
    """
    try:
        scale: Any = unit_of_file(unit, where)
    except ValueError as error:
        raise ResultError(f"{error}; give a current, such as 'pA'") from error
    if scale.dim is not parse_quantity("1 amp").dim:
        raise ResultError(f"{where} = '{unit}' is not a current; give 'pA' or 'nA'")
    return float(np.asarray(scale))


def _listed(path: Path, given: Mapping[str, Any], where: str) -> Signal:
    names = given.get("timestamps_column", "timestamps"), given.get("amplitudes_column", "amps")
    with opened(path) as file:
        found = [file.get(str(name)) for name in names]
        if not all(isinstance(one, h5py.Dataset) and one.dtype.kind in "iuf" for one in found):
            raise ResultError(
                f"{where}: {path} has no numbers {' and '.join(map(str, names))}, it holds {', '.join(file) or 'nothing'}; an NWB file "
                "needs sweep_id, others timestamps_column and amplitudes_column"
            )
        times, values = (one[()].astype(float) for one in found)
        unit = text_of(found[1], "units") or text_of(found[1], "unit")
    if times.ndim != 1 or values.shape != times.shape:
        raise ResultError(f"{where}: {path} has {times.shape} times and {values.shape} currents; each current has a time")
    return _part(Signal(np.asarray(times) * 1e-3, np.asarray(values), str(path), unit), given, where)


def _part(signal: Signal, given: Mapping[str, Any], where: str) -> Signal:
    """The samples that an input asks for, from when it begins."""
    stride, window, delay = given.get("downsample"), given.get("sweep_window"), given.get("delay", 0.0)
    numbers = [one for one in (stride, delay) if one is not None]
    if not all(isinstance(one, int | float) and np.isfinite(one) and one >= 0 for one in numbers):
        raise ResultError(f"{where} has downsample = {stride}, delay = {delay}; they are times of 0 or more")
    begin, end = window if isinstance(window, list) and len(window) == 2 else (0.0, np.inf)
    if (window is not None and not isinstance(window, list)) or not 0 <= begin < end:
        raise ResultError(f"{where} has sweep_window = {window}; it is [begin, end] in ms, with 0 <= begin < end")
    times, values = signal.times, signal.values
    if values.shape[1] != 1:
        raise ResultError(f"{signal.where} has {counted(values.shape[1], 'channel')}; a clamp has one")
    step = max(1, round(stride / signal.interval)) if stride and stride > signal.interval else 1
    times, values = times[::step] * 1e3, values[::step]
    inside = (times >= begin) & (times <= end)
    return replace(signal, times=(times[inside] + delay) * 1e-3, values=values[inside])
