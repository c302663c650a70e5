"""The part of ``run.h5`` that holds a recording: spikes and traces; see `run_file` for the layout.

NumPy and h5py are all that it takes to read one.
"""

# pyright: reportIndexIssue=false, reportAttributeAccessIssue=false, reportOptionalMemberAccess=false, reportArgumentType=false
# pyright: reportOperatorIssue=false, reportCallIssue=false, reportOptionalSubscript=false, reportReturnType=false
# h5py does not type what a file holds

from pathlib import Path
from typing import Any

import h5py
import numpy as np

from bioworkbench.records.errors import ResultError
from bioworkbench.records.hdf5 import opened, text_of
from bioworkbench.records.recording import Recording, Spikes, Trace

__all__ = ["UNREADABLE", "read_recording", "recording_in", "sizes_in", "write_array", "write_recording"]

UNREADABLE = (OSError, KeyError, ValueError, TypeError, IndexError, AttributeError, RuntimeError, ArithmeticError, MemoryError)
"""What a damaged file makes h5py and NumPy raise."""

_SORTING = h5py.enum_dtype({"none": 0, "by_id": 1, "by_time": 2}, basetype="u1")
_BLOCK = 2**20  # items that are written at a time
_PACKED = {"compression": "gzip", "compression_opts": 1, "shuffle": True}


def write_array(group: h5py.Group, name: str, values: Any) -> h5py.Dataset:
    """Write an array, packed unless it is tiny.

    Parameters
    ----------
    group : Group
    name : str
        Of the dataset inside the group.
    values : array or nested list

    Returns
    -------
    Dataset
    """
    array = np.asarray(values)
    return group.create_dataset(name, data=array, **(_PACKED if array.size > 100 else {}))


def _write_blocks(group: h5py.Group, name: str, dtype: Any, values: np.ndarray, change: Any = np.asarray) -> h5py.Dataset:
    """Write a long array piece by piece, each changed on its way, so that no second array of that length is made."""
    chunks = {"chunks": (2**16,)} if len(values) > 2**16 else {}
    dataset = group.create_dataset(name, (len(values),), dtype, **chunks, **(_PACKED if len(values) > 100 else {}))
    for begin in range(0, len(values), _BLOCK):
        dataset[begin : begin + _BLOCK] = change(values[begin : begin + _BLOCK])
    return dataset


def write_recording(file: h5py.File, recording: Recording) -> None:
    """Write a recording into a new file.

    Parameters
    ----------
    file : File
    recording : Recording
    """
    about = file.create_group("recording")
    for name in ("n_trials", "duration", "dt", "seed", "backend"):
        about.attrs[name] = getattr(recording, name)
    trains, traces = file.create_group("spikes", track_order=True), file.create_group("traces", track_order=True)
    for name, spikes in recording.spikes.items():
        group = trains.create_group(name)
        group.attrs.create("sorting", 2 if recording.n_trials == 1 else 0, dtype=_SORTING)
        _write_blocks(group, "timestamps", np.float64, spikes.time, lambda seconds: seconds * 1e3).attrs["units"] = "milliseconds"
        _write_blocks(group, "node_ids", np.uint64, spikes.neuron)
        write_array(group, "trial_bounds", np.searchsorted(spikes.trial, np.arange(recording.n_trials + 1)))
    for name, trace in recording.traces.items():
        dataset = write_array(traces, name, trace.values)
        dataset.attrs["unit"] = trace.unit
        dataset.attrs["interval"] = trace.interval or recording.duration
        write_array(file, f"traced_neurons/{name}", trace.neurons)
    if recording.phases:
        file["recording"].create_group("phases").attrs.update(recording.phases)
    for name, weights in recording.weights.items():
        write_array(file, f"final_weights/{name}", weights)


def read_recording(path: Path) -> Recording:
    """Read the recording in a ``run.h5`` whose checksum has been compared, and nothing else of it.

    Parameters
    ----------
    path : Path

    Returns
    -------
    Recording

    Raises
    ------
    ResultError
        If it is not such a file, or damaged.
    """
    try:
        with opened(path, unchanged=True) as file:
            return recording_in(file)
    except UNREADABLE as error:
        raise ResultError(f"{path} is not a run that bioworkbench wrote, or is damaged: {error}") from error


def sizes_in(file: h5py.File) -> dict[str, int]:
    """Number of neurons by population.

    Parameters
    ----------
    file : File
        Open ``run.h5``.

    Returns
    -------
    dict
    """
    return {name: int(group.attrs["size"]) for name, group in file["network/populations"].items()}


def recording_in(file: h5py.File) -> Recording:
    """The recording in an open file.

    Parameters
    ----------
    file : File
        Open ``run.h5``.

    Returns
    -------
    Recording
    """
    about = {name: value.item() if isinstance(value, np.generic) else value for name, value in file["recording"].attrs.items()}
    spikes = {name: _read_spikes(group, about["dt"]) for name, group in file["spikes"].items()}
    traces = {name: _read_trace(file, name, dataset, about["duration"]) for name, dataset in file["traces"].items()}
    weights = {name: dataset[()] for name, dataset in file["final_weights"].items()} if "final_weights" in file else {}
    phases = file["recording/phases"].attrs.items() if "phases" in file["recording"] else ()
    about["phases"] = {name: (float(begin), float(end)) for name, (begin, end) in phases}
    return Recording(spikes=spikes, traces=traces, sizes=sizes_in(file), weights=weights, **about)


def _read_spikes(group: h5py.Group, dt: float) -> Spikes:
    bounds = group["trial_bounds"][()]
    trial = np.repeat(np.arange(len(bounds) - 1), np.diff(bounds))
    return Spikes(
        trial.astype(np.int32), group["node_ids"].astype(np.int32)[()], np.rint(group["timestamps"][()] / 1e3 / dt) * dt
    )


def _read_trace(file: h5py.File, name: str, dataset: h5py.Dataset, duration: float) -> Trace:
    """A trace; files from before traces knew their neurons and unit have the first neurons, in SI units."""
    _, n_steps, n_recorded = dataset.shape
    interval = float(dataset.attrs.get("interval", duration / max(n_steps, 1)))
    neurons = file["traced_neurons"][name][()] if "traced_neurons" in file else np.arange(n_recorded)
    return Trace(dataset[()], np.arange(n_steps) * interval, neurons, text_of(dataset, "unit", "1"))
