"""Spikes of SONATA, in both layouts: ``/spikes/<population>/{node_ids, timestamps}``, and before that ``/spikes/{gids, timestamps}``."""

# pyright: reportIndexIssue=false, reportAttributeAccessIssue=false, reportArgumentType=false, reportCallIssue=false, reportOperatorIssue=false
# h5py does not type what a file holds

from collections.abc import Mapping
from pathlib import Path
from typing import cast

import h5py
import numpy as np

from bioworkbench.exchange.damage import DAMAGE
from bioworkbench.exchange.sonata_edges import seconds_each
from bioworkbench.records.arrays import Floats, Integers, count, positive
from bioworkbench.records.counted import counted
from bioworkbench.records.errors import ResultError, unknown_name
from bioworkbench.records.hdf5 import opened, text_of
from bioworkbench.records.recording import Recording, Spikes
from bioworkbench.records.stimulus import SpikeTrains
from bioworkbench.records.tables import read_table
from bioworkbench.records.times import seconds
from bioworkbench.records.units import Quantity

__all__ = ["read_sonata_spikes", "read_sonata_trains"]

_Trains = tuple[Integers, Floats]  # node ids, and times in seconds


def read_sonata_spikes(
    path: str | Path,
    *,
    sizes: Mapping[str, int] | None = None,
    duration: float | None = None,
    dt: float | None = None,
) -> Recording:
    """Recording of a SONATA spike file.

    Parameters
    ----------
    path : str or path
    sizes : mapping from population to number of neurons, optional
        The first layout has no names of populations: then the only one named here.
    duration, dt : float, seconds, optional
        Of a trial and of a step, to whose multiples times are rounded. Files that ``bioworkbench export`` wrote bring all three.

    Returns
    -------
    Recording
        Without traces; of one trial where the file does not say otherwise.

    Raises
    ------
    ResultError
        If the file is not SONATA or is damaged, or lacks something that was not given.
    """
    try:
        with opened(path) as file:
            about = file["spikes"].attrs
            n_trials = count("n_trials", int(about.get("n_trials", 1)))
            length = positive("duration", float(about["duration"] if duration is None else duration))
            step = positive("dt", float(about["dt"] if dt is None else dt))
            trains = _trains(file, tuple(sizes or {}))
            known = {name: int(file["spikes"][name].attrs.get("size", 0)) for name in trains if name in file["spikes"]} | dict(
                sizes or {}
            )
        spikes = {name: _spikes(name, train, known[name], n_trials, length, step) for name, train in trains.items()}
        return Recording(spikes, {}, known, n_trials, length, step, 0, "sonata")
    except DAMAGE as error:
        raise ResultError(
            f"{path} is not a SONATA spike file that can be read, or needs sizes, duration or dt: {error}"
        ) from error


def read_sonata_trains(
    path: str | Path,
    population: str = "",
    *,
    name: str = "",
    duration: float | Quantity | None = None,
) -> SpikeTrains:
    """Spikes of one population as a stimulus, of one trial.

    Parameters
    ----------
    path : str or path
        HDF5 in either layout, or a table (``.csv``) with the columns timestamps (ms), node_ids, and where there are several, population.
    population : str
        May be left out if the file has only one.
    name : str
        What projections call the stimulus; by default the population.
    duration : float, seconds, or Quantity, optional
        Of the trial.

    Returns
    -------
    SpikeTrains

    Raises
    ------
    ResultError
        If the file is not of spikes, or has no such population, or several and none is named.
    """
    path = Path(path)
    try:
        if path.suffix.lower() == ".csv":
            trains = _table_trains(path, population)
        else:
            with opened(path) as file:
                trains = _trains(file, (population,))
    except DAMAGE as error:
        raise ResultError(f"{path} is not a SONATA spike file that can be read: {error}") from error
    if not population and len(trains) > 1:
        raise ResultError(f"{path} has spikes of {', '.join(trains)}; name the population that is meant")
    chosen = population or next(iter(trains), "")
    if chosen not in trains:
        raise ResultError(f"{path}: {unknown_name(chosen, 'population', trains)}")
    ids, times = trains[chosen]
    length = None if duration is None else float(seconds("duration", duration))
    try:
        return SpikeTrains(name or chosen or "input", np.zeros(ids.size, dtype=np.int32), ids, times, length, 1)
    except ValueError as error:
        raise ResultError(f"{path}: {error}") from error


def _trains(file: h5py.File, names: tuple[str, ...]) -> dict[str, _Trains]:
    """Spikes by population; `names` are those that could be meant where the file has none."""
    top = file["spikes"]
    old = next((key for key in ("gids", "node_ids") if isinstance(top.get(key), h5py.Dataset)), "")
    if not old:
        return {name: _train(group, "node_ids") for name, group in top.items()}
    if len(names) != 1:
        raise ValueError(f"/spikes/{old} is the first layout, which names no population; give sizes of one, not of {len(names)}")
    return {names[0]: _train(top, old)}


def _train(group: h5py.Group, ids: str) -> _Trains:
    times = group["timestamps"]
    scale = seconds_each(text_of(times, "units"), f"{times.name}")
    return cast("_Trains", (group[ids][()].astype(np.int64), times[()].astype(float) * scale))


def _table_trains(path: Path, population: str) -> dict[str, _Trains]:
    table = read_table(path)
    if len(table.names) == 1:
        table = read_table(path, separator=" ")
    numbers = table.numbers(("node_ids", "timestamps"))
    owner = np.array(table.texts("population") if "population" in table.names else [population] * len(numbers), dtype=object)
    ids, times = np.rint(numbers[:, 0]), numbers[:, 1] * 1e-3
    if not np.isfinite(numbers).all() or (ids != numbers[:, 0]).any():
        row = int(np.flatnonzero(~np.isfinite(numbers).all(axis=1) | (ids != numbers[:, 0]))[0])
        raise ValueError(f"{table.where(row, 'node_ids')}: a spike has a whole node id and a time")
    return {str(one): (ids[owner == one].astype(np.int64), times[owner == one]) for one in dict.fromkeys(owner.tolist())}


def _spikes(name: str, train: _Trains, size: int, n_trials: int, duration: float, dt: float) -> Spikes:
    neuron, times = train
    steps, per_trial = np.rint(times / dt), round(duration / dt)
    if neuron.shape != steps.shape or neuron.ndim != 1:
        raise ValueError(f"'{name}' has {steps.shape} times and {neuron.shape} node ids; they must be equally long lists")
    if not np.isfinite(steps).all() or (steps < 0).any() or (steps >= n_trials * per_trial).any():
        raise ValueError(f"'{name}' has times outside {counted(n_trials, 'trial')} of {duration} s")
    if neuron.size and (neuron.min() < 0 or neuron.max() >= size):
        raise ValueError(f"'{name}' has node ids up to {neuron.max()} for {size} neurons")
    trial, step = np.divmod(steps.astype(np.int64), per_trial)
    order = np.lexsort((neuron, step, trial))
    return Spikes(trial[order], neuron[order], step[order] * dt)
