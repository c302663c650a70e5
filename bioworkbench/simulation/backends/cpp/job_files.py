"""In what files a job on the engine finds what it loads besides its values, and leaves its state."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from bioworkbench.records.probe import variable_name
from bioworkbench.simulation.build import Built
from bioworkbench.simulation.job import Job, Left, spike_projections
from bioworkbench.simulation.values import ValueKind

__all__ = ["STREAMS", "index_files", "left_file", "left_in", "place_values"]

STREAMS = "streams.left"  # state of the random numbers


def left_file(name: str) -> str:
    """File of what a state has under a `name`."""
    return f"{name}.left"


def place_values(job: Job) -> dict[str, np.ndarray]:
    """What a plan loads besides the values of a `job`, or in their place, by the names of its files."""
    # Which neurons are recorded, where linked variables are, and what the run before has left.
    places = {}
    for probe in job.probes:
        places[_recorded_file(job.trace_name(probe))] = job.recorded(probe).astype(np.int32)
    for population in job.network.populations:
        if "shared_noise" in population.model.parsed:
            places[_noise_file(population.name)] = np.repeat(np.arange(job.n_copies, dtype=np.int64), population.size)
    # Where a run goes on, spikes of stimuli are counted from another step: these files take the place of those of the values.
    return {**places, **(_left_before(job) if job.start.step else {})}


def _recorded_file(monitor: str) -> str:
    """File of which neurons or synapses a monitor records."""
    return f"{monitor}._indices"


def _noise_file(population: str) -> str:
    """File of which trial's noise each neuron sees."""
    return f"{population}._shared_noise_indices"


def index_files(built: Built) -> dict[Any, str]:
    """Files of variables of `built` objects that say which others are meant; see `place_values`."""
    # Brian2 would keep these arrays beside the program, which then served one choice of neurons and one number of copies.
    files = {monitor.variables["_indices"]: _recorded_file(monitor.name) for monitor in built.traces.values()}
    linked = {name: group.variables.get("_shared_noise_indices") for name, group in built.groups.items()}
    return files | {variable: _noise_file(name) for name, variable in linked.items() if variable is not None}


def _queues_of(job: Job) -> list[str]:
    """Names in a state of the pathways of a job; those of Brian2's objects are `queue_name`."""
    return [variable_name(p.name, pathway.name) for p in spike_projections(job.network) for pathway in p.synapse.pathways]


def _left_before(job: Job) -> dict[str, np.ndarray]:
    left: dict[str, np.ndarray] = {STREAMS: np.asarray(job.start.random, dtype=np.uint64)}
    for name in _queues_of(job):
        # A pathway without spikes on their way has a file too: what is missing would be an error.
        columns = job.start.queues.get(name, ((), ()))
        left[left_file(name)] = np.stack([np.asarray(column, dtype=np.int64) for column in columns], axis=1)
    # Spikes of a stimulus count from the start of this run, and the clock from that of the first one.
    names = (ValueKind.TRAIN.of(population.name, "step") for population in job.network.populations)
    return left | {name.file: job.values[name] + np.int32(job.start.step) for name in names if name in job.values}


def left_in(results: Path, kinds: Mapping[str, str], job: Job) -> Left:
    """State that a run has written.

    Parameters
    ----------
    results : Path
        Folder.
    kinds : mapping from name to type
        From `left_kinds`.
    job : Job

    Returns
    -------
    Left
    """
    queues = {}
    # Pairs of the steps until a spike arrives and its synapse, written one after the other.
    for name in _queues_of(job):
        pairs = _written(results / left_file(name), np.int64).reshape(-1, 2)
        queues[name] = pairs[:, 0], pairs[:, 1]
    values = {name: _written(results / left_file(name), kind) for name, kind in kinds.items()}
    return Left(values, queues, _written(results / STREAMS, np.uint64))


def _written(path: Path, kind: Any) -> np.ndarray:
    # An array without items has no file.
    return np.fromfile(path, dtype=kind) if path.exists() else np.zeros(0, dtype=kind)
