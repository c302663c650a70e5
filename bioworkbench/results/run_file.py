"""``run.h5``: what a run recorded and trained, in one HDF5 file.

========================  ==========================================================================================
``/spikes/<population>``  SONATA layout: ``timestamps`` (ms, from the start of the trial) and ``node_ids``; the spikes of
                          trial k are entries ``trial_bounds[k]`` to ``trial_bounds[k + 1]``
``/traces/<name>``        (n_trials, n_steps, n_recorded) in SI units, ``<name>`` being "population.variable"
``/network``              neuron models, and weights as CSR arrays (``indptr``, ``indices``, ``weights``, ``delay`` in seconds)
``/readout``              coefficients, intercepts; ``/history``: one array per quantity followed during training
``/answers``              targets and predictions of the test trials
``/start``                projections that training changed, as ``/network`` has them, before it did
========================  ==========================================================================================

SONATA: Dai et al. 2020, doi 10.1371/journal.pcbi.1007696.
"""

# pyright: reportIndexIssue=false, reportAttributeAccessIssue=false, reportOptionalMemberAccess=false, reportArgumentType=false
# pyright: reportOperatorIssue=false, reportCallIssue=false, reportOptionalSubscript=false, reportReturnType=false
# pyright: reportInvalidTypeArguments=false
# h5py does not type what a file holds

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import h5py
import numpy as np
from scipy import sparse

from bioworkbench.errors import ResultError
from bioworkbench.hdf5 import opened
from bioworkbench.network import Network, Population, Projection
from bioworkbench.neurons import NeuronModel
from bioworkbench.quantities import Quantity, format_quantity, parse_quantity
from bioworkbench.signals import Recording, Spikes
from bioworkbench.trained import Choice, LinearReadout, TrainedNetwork

__all__ = ["Answers", "RunData", "read_run", "write_run"]

_SONATA_MAGIC = 0x0A7A
_SORTING = h5py.enum_dtype({"none": 0, "by_id": 1, "by_time": 2}, basetype="u1")
_TEXTS = ("equations", "threshold", "reset", "receives", "method", "update", "reference")
_BLOCK = 2**20  # items that are written at a time
_PACKED = {"compression": "gzip", "compression_opts": 1, "shuffle": True}


@dataclass(frozen=True)
class Answers:
    """What was wanted and what came out, on the test trials.

    Parameters
    ----------
    targets, predictions : array (n_trials,), (n_trials, n_outputs) or (n_trials, n_frames, n_outputs)
    """

    targets: np.ndarray
    predictions: np.ndarray


@dataclass(frozen=True)
class RunData:
    """Arrays of a run: the network, what it did, and what training left.

    Parameters
    ----------
    network : Network
    recording : Recording
    trained : TrainedNetwork, optional
    answers : Answers, optional
    start : Network, optional
        Before training; left out where training has not changed it.
    """

    network: Network
    recording: Recording
    trained: TrainedNetwork | None = None
    answers: Answers | None = None
    start: Network | None = None


def write_run(path: Path, data: RunData) -> None:
    """Write everything to a new HDF5 file.

    Raises
    ------
    OSError
        If the file exists or cannot be written.
    """
    with h5py.File(path, "x") as file:
        file.attrs["magic"] = np.uint32(_SONATA_MAGIC)
        file.attrs["version"] = np.array([0, 1], dtype=np.uint32)
        _write_recording(file, data.recording)
        populations = file.create_group("network/populations", track_order=True)
        for population in data.network.populations:
            _write_population(populations.create_group(population.name), population)
        projections = file.create_group("network/projections", track_order=True)
        for projection in data.network.projections:
            _write_projection(projections.create_group(projection.name), projection)
        if data.trained is not None:
            _write_trained(file, data.trained)
        if data.answers is not None:
            _write(file, "answers/targets", data.answers.targets)
            _write(file, "answers/predictions", data.answers.predictions)
        if data.start is not None:
            group = file.create_group("start", track_order=True)
            for before, after in zip(data.start.projections, data.network.projections, strict=True):
                if before is not after:
                    _write_projection(group.create_group(before.name), before)


def _write(group: h5py.Group, name: str, values: Any) -> h5py.Dataset:
    array = np.asarray(values)
    return group.create_dataset(name, data=array, **(_PACKED if array.size > 100 else {}))


def _write_blocks(group: h5py.Group, name: str, dtype: Any, values: np.ndarray, change: Any = np.asarray) -> h5py.Dataset:
    """Write a long array piece by piece, each changed on its way, so that no second array of that length is made."""
    chunks = {"chunks": (2**16,)} if len(values) > 2**16 else {}
    dataset = group.create_dataset(name, (len(values),), dtype, **chunks, **(_PACKED if len(values) > 100 else {}))
    for begin in range(0, len(values), _BLOCK):
        dataset[begin : begin + _BLOCK] = change(values[begin : begin + _BLOCK])
    return dataset


def _write_recording(file: h5py.File, recording: Recording) -> None:
    about = file.create_group("recording")
    for name in ("n_trials", "duration", "dt", "seed", "backend"):
        about.attrs[name] = getattr(recording, name)
    trains, traces = file.create_group("spikes", track_order=True), file.create_group("traces", track_order=True)
    for name, spikes in recording.spikes.items():
        group = trains.create_group(name)
        group.attrs.create("sorting", 2 if recording.n_trials == 1 else 0, dtype=_SORTING)
        _write_blocks(group, "timestamps", np.float64, spikes.time, lambda seconds: seconds * 1e3).attrs["units"] = "milliseconds"
        _write_blocks(group, "node_ids", np.uint64, spikes.neuron)
        _write(group, "trial_bounds", np.searchsorted(spikes.trial, np.arange(recording.n_trials + 1)))
    for name, trace in recording.traces.items():
        _write(traces, name, trace)


def _write_population(group: h5py.Group, population: Population) -> None:
    model = population.model
    group.attrs["size"], group.attrs["layer"] = population.size, population.layer
    for name in _TEXTS:
        group.attrs[name] = getattr(model, name)
    if model.refractory is not None:
        _write_value(group.create_group("refractory"), "time", model.refractory)
    for part in ("constants", "start"):
        inside = group.create_group(part, track_order=True)
        for name, value in getattr(model, part).items():
            _write_value(inside, name, value)


def _write_value(group: h5py.Group, name: str, value: Any) -> None:
    """A quantity, number, array or law; the dimension goes into an attribute."""
    if isinstance(value, str):
        group.attrs[name] = value
        return
    dataset = _write(group, name, np.asarray(value, dtype=float))
    dataset.attrs["like"] = format_quantity(Quantity(1.0, dim=value.dim)) if isinstance(value, Quantity) else ""


def _write_projection(group: h5py.Group, projection: Projection) -> None:
    for name in ("source", "target", "receives"):
        group.attrs[name] = getattr(projection, name)
    group.attrs["n_source"] = projection.weights.shape[0]
    for name, values in (("indptr", projection.weights.indptr), ("indices", projection.weights.indices)):
        _write(group, name, values)
    _write(group, "weights", projection.weights.data)
    _write(group, "delay", projection.delay)


def _write_trained(file: h5py.File, trained: TrainedNetwork) -> None:
    group = file.create_group("readout")
    group.attrs["rule"] = trained.readout.rule
    group.attrs["feature"] = json.dumps({"kind": trained.feature.kind, **trained.feature.arguments}, default=list)
    _write(group, "coefficients", trained.readout.coefficients)
    _write(group, "intercepts", trained.readout.intercepts)
    for name, values in trained.history.items():
        _write(file, f"history/{name}", values)


def read_run(path: Path) -> RunData:
    """Read a file that `write_run` wrote, and whose checksum has been compared.

    Raises
    ------
    ResultError
        If it is not such a file, or damaged.
    """
    try:
        with opened(path, unchanged=True) as file:
            sizes = {name: int(group.attrs["size"]) for name, group in file["network/populations"].items()}
            network = Network(
                tuple(_read_population(name, group) for name, group in file["network/populations"].items()),
                tuple(_read_projection(group, sizes) for group in file["network/projections"].values()),
            )
            answers = file.get("answers")
            return RunData(
                network,
                _read_recording(file, sizes),
                _read_trained(file, network) if "readout" in file else None,
                None if answers is None else Answers(answers["targets"][()], answers["predictions"][()]),
                _read_start(file["start"], network, sizes) if "start" in file else None,
            )
    except (OSError, KeyError, ValueError, TypeError, IndexError, RuntimeError) as error:
        raise ResultError(f"{path} is not a run that bioworkbench wrote, or is damaged: {error}") from error


def _read_recording(file: h5py.File, sizes: Mapping[str, int]) -> Recording:
    about = {name: value.item() if isinstance(value, np.generic) else value for name, value in file["recording"].attrs.items()}
    spikes = {name: _read_spikes(group, about["dt"]) for name, group in file["spikes"].items()}
    traces = {name: trace[()] for name, trace in file["traces"].items()}
    return Recording(spikes=spikes, traces=traces, sizes=sizes, **about)


def _read_spikes(group: h5py.Group, dt: float) -> Spikes:
    bounds = group["trial_bounds"][()]
    trial = np.repeat(np.arange(len(bounds) - 1), np.diff(bounds))
    return Spikes(
        trial.astype(np.int32), group["node_ids"].astype(np.int32)[()], np.rint(group["timestamps"][()] / 1e3 / dt) * dt
    )


def _read_population(name: str, group: h5py.Group) -> Population:
    refractory = _read_values(group["refractory"])["time"] if "refractory" in group else None
    model = NeuronModel(
        constants=_read_values(group["constants"]),
        start=_read_values(group["start"]),
        refractory=refractory,
        **{text: str(group.attrs[text]) for text in _TEXTS},
    )
    return Population(name, int(group.attrs["size"]), model, int(group.attrs["layer"]))


def _read_values(group: h5py.Group) -> dict[str, Any]:
    laws = {name: str(value) for name, value in group.attrs.items()}
    return laws | {name: _read_value(dataset) for name, dataset in group.items()}


def _read_value(dataset: h5py.Dataset) -> Any:
    like = str(dataset.attrs["like"])
    if like:
        return Quantity(dataset[()], dim=parse_quantity(like).dim)
    return dataset[()] if dataset.ndim else float(dataset[()])


def _read_projection(group: h5py.Group, sizes: Mapping[str, int]) -> Projection:
    source, target = str(group.attrs["source"]), str(group.attrs["target"])
    arrays = tuple(group[name][()] for name in ("weights", "indices", "indptr"))
    weights = sparse.csr_array(arrays, shape=(int(group.attrs["n_source"]), sizes[target]))
    weights.check_format(full_check=True)
    return Projection(source, target, weights, group["delay"][()], str(group.attrs["receives"]))


def _read_start(group: h5py.Group, network: Network, sizes: Mapping[str, int]) -> Network:
    """The network with the projections that training changed as they were before."""
    kept = (_read_projection(group[p.name], sizes) if p.name in group else p for p in network.projections)
    return replace(network, projections=tuple(kept))


def _read_trained(file: h5py.File, network: Network) -> TrainedNetwork:
    group = file["readout"]
    feature = json.loads(group.attrs["feature"])
    rule = str(group.attrs["rule"])
    return TrainedNetwork(
        network,
        Choice(feature.pop("kind"), feature),
        LinearReadout(group["coefficients"][()], group["intercepts"][()], rule),  # pyright: ignore[reportArgumentType]
        {name: values[()] for name, values in file.get("history", {}).items()},
    )
