"""Trials as copies of the network: how many fit into one run, and the arrays that each run is given."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
from scipy import sparse

from bioworkbench.network import INPUT, Network, Population, Projection
from bioworkbench.quantities import draw_start
from bioworkbench.randomness import stream
from bioworkbench.signals import Probe, Stimulus
from bioworkbench.simulation.cpp_source import SEGMENT_STEPS
from bioworkbench.simulation.job import Job, n_steps_between, spike_projections

__all__ = ["MOST_ON_GPU", "Chunk", "Need", "chunks", "job_of_chunk", "memory_need", "synapse_values"]

_BYTES_PER_SYNAPSE = 40  # indices, weight, delay, queue entry
_BYTES_PER_NEURON = 200  # state variables, spike buffers
MOST_ON_GPU = 4096  # copies
_BYTES_PER_QUEUED = 32  # synapse with a delay of its own, on a GPU
_MOST_COPIES = 256  # small enough that training and test trials share a program and several jobs have work


@dataclass(frozen=True)
class Chunk:
    """Trials `first` ... `first + n_trials - 1`, simulated as `n_copies` copies; in C++ programs the surplus copies stand still."""

    number: int
    first: int
    n_trials: int
    n_copies: int


@dataclass(frozen=True)
class Need:
    """Estimated memory of a run, bytes: what all copies of the network share, and what each takes."""

    shared: int
    each: int

    def of(self, n_copies: int) -> int:
        """Bytes of a run with so many copies."""
        return self.shared + self.each * n_copies


def chunks(n_trials: int, need: Need, memory: int, share: int = 8, most: int = _MOST_COPIES) -> list[Chunk]:
    """Cut trials into runs of equal size, each within a share (an eighth) of the memory budget.

    The size is a power of two, `most` at most (or all trials, if fewer), so that runs with different numbers of trials share one
    program; it depends on the network, the stimulus and the budget, never on the number of workers.

    Raises
    ------
    ValueError
        If a single trial needs more than the budget.
    """
    if need.of(1) > memory:
        raise ValueError(
            f"memory = {memory / 1e9:.3g} GB: one trial needs about {need.of(1) / 1e9:.3g} GB; "
            "raise memory, record less, or simulate fewer neurons or a shorter time"
        )
    fitting = max(1, (memory // share - need.shared) // need.each)
    size = min(2 ** int(np.log2(fitting)), most, n_trials)
    firsts = range(0, n_trials, size)
    return [Chunk(number, first, min(size, n_trials - first), size) for number, first in enumerate(firsts)]


def memory_need(network: Network, stimulus: Stimulus, dt: float, probes: tuple[Probe, ...], backend: str) -> Need:
    """Estimated memory of a run; C++ programs share the synapses among copies, and keep no more than a segment of what they record."""
    compiled = backend in ("auto", "cpp", "cuda")
    n_steps = round(stimulus.duration / dt)
    rows = stimulus.values.shape[1] if stimulus.kind == "current" else n_steps
    fed = sum(network.sizes[p.target] for p in network.projections if p.source == INPUT)
    synapses = _BYTES_PER_SYNAPSE * sum(projection.n_synapses for projection in spike_projections(network))
    kept_steps = min(n_steps, SEGMENT_STEPS) if compiled else n_steps
    recorded = sum(_n_recorded(network, probe) * kept_steps * dt / (probe.every or dt) for probe in probes)
    queued = sum(p.n_synapses for p in spike_projections(network) if np.ndim(p.delay)) if backend == "cuda" else 0
    each = int(8 * rows * fed + 8 * recorded + _BYTES_PER_QUEUED * queued + _BYTES_PER_NEURON * sum(network.sizes.values()))
    return Need(synapses, each) if compiled else Need(0, each + synapses)


def _n_recorded(network: Network, probe: Probe) -> int:
    return network.sizes[probe.population] if probe.neurons is None else len(probe.neurons)


def job_of_chunk(
    network: Network,
    stimulus: Stimulus,
    seed: int,
    dt: float,
    probes: tuple[Probe, ...],
    chunk: Chunk,
    synapses: Mapping[str, np.ndarray],
) -> Job:
    """The run that simulates one chunk of trials; `synapse_values` are the same for all chunks."""
    frame_steps = n_steps_between("stimulus frame", stimulus.frame, dt)
    part = stimulus.values[chunk.first : chunk.first + chunk.n_trials]
    values: dict[str, np.ndarray] = {}
    for population in network.populations:
        values.update(_population_values(population, seed, chunk))
    values.update(synapses)
    values.update(_input_values(network, Stimulus(part, stimulus.frame, stimulus.kind), seed, frame_steps, chunk))
    return Job(network, values, chunk.n_copies, chunk.n_trials, part.shape[1] * frame_steps, dt, frame_steps, probes)


def synapse_values(network: Network, n_copies: int, dt: float) -> dict[str, np.ndarray]:
    """Endpoints, weights and delays of all synapses, for copies of the network side by side."""
    return {
        name: array for projection in spike_projections(network) for name, array in _projection_values(projection, n_copies, dt)
    }


def _population_values(population: Population, seed: int, chunk: Chunk) -> Iterator[tuple[str, np.ndarray]]:
    model = population.model
    for name, value in model.constants.items():
        array = np.asarray(value, dtype=float)
        yield f"{population.name}.{name}", np.tile(array, chunk.n_copies) if array.ndim else array.reshape(1)
    if model.refractory is not None:
        yield f"{population.name}.refractory_time", np.asarray(model.refractory, dtype=float).reshape(1)
    for name, value in model.start.items():
        rng = stream(seed, f"start {population.name}.{name} of chunk {chunk.number}")
        yield f"{population.name}.{name}", draw_start(value, (chunk.n_copies, population.size), rng).ravel()


def _projection_values(projection: Projection, n_copies: int, dt: float) -> Iterator[tuple[str, np.ndarray]]:
    """Endpoints, weights and delays of all copies, sorted by source, then delay, then target; equal weights are one number."""
    weights, name = projection.weights, f"{projection.name}_synapses"
    rows = np.repeat(np.arange(weights.shape[0], dtype=np.int32), np.diff(weights.indptr))
    columns, strengths = weights.indices.astype(np.int32, copy=False), weights.data
    delay = np.asarray(projection.delay, dtype=float)
    if delay.ndim:
        order = np.lexsort((columns, np.rint(delay / dt), rows))
        columns, strengths, delay = columns[order], strengths[order], delay[order]
    same = (strengths == strengths[0]).all()
    yield f"{name}.i", _copies(rows, weights.shape[0], n_copies)
    yield f"{name}.j", _copies(columns, weights.shape[1], n_copies)
    yield f"{name}.w", strengths[:1] if same else _tiled(strengths, n_copies)
    yield f"{name}.delay", _tiled(delay, n_copies) if delay.ndim else delay.reshape(1)


def _tiled(values: np.ndarray, n_copies: int) -> np.ndarray:
    return np.tile(values, n_copies) if n_copies > 1 else values


def _copies(indices: np.ndarray, size: int, n_copies: int) -> np.ndarray:
    if n_copies == 1:
        return indices
    offsets = np.arange(n_copies, dtype=np.int32) * np.int32(size)
    return (offsets[:, None] + indices[None, :]).ravel()


def _input_values(
    network: Network, stimulus: Stimulus, seed: int, frame_steps: int, chunk: Chunk
) -> Iterator[tuple[str, np.ndarray]]:
    """Tables (rows, n_copies * n_neurons) of what the stimulus adds to each neuron, by frame or by step."""
    inputs = [projection for projection in network.projections if projection.source == INPUT]
    if not inputs:
        return
    if stimulus.kind == "current":
        signal, ending = stimulus.values, "frames"
    else:
        signal, ending = _input_spikes(stimulus, seed, frame_steps, chunk), "kicks"
    for projection in inputs:
        yield f"{projection.target}.{ending}", _table(signal, projection.weights, chunk.n_copies)


def _input_spikes(stimulus: Stimulus, seed: int, frame_steps: int, chunk: Chunk) -> np.ndarray:
    """Numbers of input spikes (n_trials, n_steps, n_channels)."""
    if stimulus.kind == "spikes":
        n_trials, n_frames, n_channels = stimulus.values.shape
        spikes = np.zeros((n_trials, n_frames, frame_steps, n_channels))
        spikes[:, :, 0] = stimulus.values
        return spikes.reshape(n_trials, n_frames * frame_steps, n_channels)
    chance = np.repeat(stimulus.values, frame_steps, axis=1) * (stimulus.frame / frame_steps)
    rng = stream(seed, f"input spikes of chunk {chunk.number}")
    return rng.random(chance.shape, dtype=np.float32) < chance


def _table(signal: np.ndarray, weights: sparse.csr_array, n_copies: int) -> np.ndarray:
    """Products (n_rows, n_copies * n_neurons) of signal (n_trials, n_rows, n_channels) and weights; surplus copies get zeros."""
    n_trials, n_rows, n_channels = signal.shape
    dense_enough = weights.nnz > 0.1 * weights.shape[0] * weights.shape[1]
    matrix = weights.toarray() if dense_enough else weights
    by_row = np.zeros((n_rows, n_copies, n_channels))
    by_row[:, :n_trials] = signal.transpose(1, 0, 2)
    return (by_row.reshape(-1, n_channels) @ matrix).reshape(n_rows, -1)
