"""Trials as copies of the network: how many fit into one run, and the arrays that each run is given."""

from collections.abc import Collection, Iterator, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from bioworkbench.records.arrays import Floats, Integers
from bioworkbench.records.expressions import drawn_values, neuron_indices, synapse_indices
from bioworkbench.records.network import Network, Population, Projection
from bioworkbench.records.neuron import refractory_time
from bioworkbench.records.pathways import delay_of
from bioworkbench.records.probe import Probe, variable_name
from bioworkbench.records.randomness import seed_of, stream
from bioworkbench.records.times import MOST_STEPS, nearest_steps
from bioworkbench.records.units import Start
from bioworkbench.simulation.chunk import Chunk, Need
from bioworkbench.simulation.finite import SEGMENT_STEPS
from bioworkbench.simulation.indices import index_values
from bioworkbench.simulation.job import Job, delay_places, size_of, spike_projections
from bioworkbench.simulation.values import KINDS, ValueKind, ValueName

if TYPE_CHECKING:
    from bioworkbench.simulation.backends.backend import Backend
    from bioworkbench.simulation.inputs import Inputs

__all__ = ["background_keys", "job_of_chunk", "memory_need", "synapse_order", "synapse_values"]

_BYTES_PER_SYNAPSE = 40  # indices, weight, delay, queue entry
_BYTES_PER_DRAWN = {"double": 6.3, "single": 4.4}  # target, weight and index, where the program draws the links
_BYTES_PER_NEURON = 200  # state variables, spike buffers


def memory_need(inputs: "Inputs", probes: tuple[Probe, ...], backend: "Backend", precision: str = "double") -> Need:
    """Estimated memory of a run.

    Parameters
    ----------
    inputs : Inputs
    probes : tuple of Probe
    backend : Backend
        Says whether copies share their synapses, and whether no more than a segment of what is recorded stays in memory.
    precision : {"double", "single"}
        Of state variables, and of weights where the backend draws the links.

    Returns
    -------
    Need
    """
    network, dt, n_steps = inputs.network, inputs.dt, inputs.n_steps
    synapses = {True: 0, False: 0}  # shared by the copies or not
    drawn = inputs.drawn_by(backend, probes)
    for projection in spike_projections(network):
        if drawn:
            synapses[True] += int(_BYTES_PER_DRAWN[precision] * projection.n_synapses)
            continue
        shared = backend.shares_synapses and projection.synapse.shared_by_copies
        n_variables = len(projection.synapse.parsed.names) + 2 * projection.synapse.changes_weight  # the weights are given back
        synapses[shared] += (_BYTES_PER_SYNAPSE + 8 * n_variables) * projection.n_synapses
    kept_steps = min(n_steps, SEGMENT_STEPS) if backend.keeps_segments else n_steps
    recorded = sum(_n_recorded(network, probe) * kept_steps * dt / (probe.every or dt) for probe in probes)
    queued = sum(p.n_synapses * _n_queues(p) for p in spike_projections(network))
    neurons = _BYTES_PER_NEURON * sum(network.sizes.values())
    each = int(inputs.bytes_per_trial + 8 * recorded + backend.bytes_per_queued * queued + neurons)
    return Need(synapses[True], each + synapses[False])


def _n_queues(projection: Projection) -> int:
    """Pathways whose synapses each have a delay of their own."""
    own = sum(bool(np.ndim(delay)) for delay in projection.synapse.delays.values())
    return own + bool(projection.is_drawn or np.ndim(projection.delay))


def _n_recorded(network: Network, probe: Probe) -> int:
    return size_of(network, probe.population) if probe.neurons is None else len(probe.neurons)


def job_of_chunk(
    inputs: "Inputs", seed: int, probes: tuple[Probe, ...], chunk: Chunk, synapses: Mapping[ValueName, np.ndarray]
) -> Job:
    """The run that simulates one chunk of trials.

    Parameters
    ----------
    inputs : Inputs
    seed : int
        Of the simulation.
    probes : tuple of Probe
    chunk : Chunk
    synapses : mapping from ValueName to array
        From `synapse_values`, the same for all chunks.

    Returns
    -------
    Job
    """
    network, values = inputs.network, dict[ValueName, np.ndarray]()
    for population in network.populations:
        values.update(_population_values(population, seed, inputs.dt, chunk))
    values.update(synapses)
    for projection in spike_projections(network) if synapses else ():  # none where the program draws them
        n_copies = len(synapses[ValueKind.SYNAPSES.of(projection.name, "i")]) // projection.n_synapses
        values.update(_state_values(projection, seed, inputs, chunk, n_copies))
    values.update(inputs.values(seed, chunk))
    keys = background_keys(network, seed, range(chunk.first, chunk.first + chunk.n_trials))
    sizes = chunk.n_copies, chunk.n_trials, inputs.n_steps
    more = {"keys": keys, "first_trial": chunk.first, "keeps_state": inputs.keeps_state}
    return Job(network, values, *sizes, inputs.dt, inputs.frame_steps, probes, **more)


def background_keys(network: Network, seed: int, trials: range) -> dict[str, list[list[int]]]:
    """Keys of 64 bits: of a population, for each background, those of all trials.

    Parameters
    ----------
    network : Network
    seed : int
        Of the simulation.
    trials : range
        Numbers of the trials.

    Returns
    -------
    dict
        For each population with background, a list of keys per background.
    """
    return {
        p.name: [
            [seed_of(seed, f"background {p.name} {k} of trial {trial}") for trial in trials] for k in range(len(p.background))
        ]
        for p in network.populations
        if p.background
    }


def synapse_values(
    network: Network,
    n_copies: int,
    dt: float,
    n_steps: int = MOST_STEPS,
    *,
    sharing: bool = False,
    recorded: Collection[str] = (),
) -> dict[ValueName, np.ndarray]:
    """Endpoints, weights and delays of all synapses, for copies of the network side by side.

    With `sharing`, all copies have the synapses of the first, where `SynapseModel.shared_by_copies` allows it.
    Delays are whole numbers of steps (see `bioworkbench.records.times`), and those that outlast the run just do: engines keep a place
    for each step of the longest delay.

    Parameters
    ----------
    network : Network
    n_copies : int
    dt : float, seconds
    n_steps : int
        Steps of the run.
    sharing : bool
        Whether copies may share synapses.
    recorded : collection of str
        Projections whose synapses are recorded: each has a weight of its own, in every copy.

    Returns
    -------
    dict
        Arrays (n_synapses,) by name, of the copies one after the other.
    """
    return {
        name: array
        for projection in spike_projections(network)
        for name, array in _projection_values(
            projection, _n_copies(projection, n_copies, recorded, sharing=sharing), dt, n_steps, projection.name not in recorded
        )
    }


def synapse_order(projection: Projection, dt: float, n_steps: int = MOST_STEPS) -> Integers | None:
    """Order in which the links of a projection are simulated: by source, then delay, then target.

    Parameters
    ----------
    projection : Projection
    dt : float, seconds
    n_steps : int
        Steps of the run.

    Returns
    -------
    int array (n_synapses,) or None
        None where that is the order of the links themselves.
    """
    # So those of a source that are due in the same step lie side by side.
    steps, links = _delay_steps(projection, dt, n_steps), projection.links
    return np.lexsort((links.targets, steps, links.sources)) if steps.ndim else None


def _delay_steps(projection: Projection, dt: float, n_steps: int) -> Integers:
    # A delay that outlasts the run never arrives, whatever its length, and must not make the queue longer.
    return np.minimum(nearest_steps(f"delay of projection {projection.name}", projection.delay, dt), n_steps)


def _state_values(
    projection: Projection, seed: int, inputs: "Inputs", chunk: Chunk, n_copies: int
) -> Iterator[tuple[ValueName, np.ndarray]]:
    """Constants and start values of the synapses of so many copies."""
    model, name, n_synapses = projection.synapse, projection.name, projection.n_synapses
    constants = _numbers(model.constants)
    # Sorting takes long, and most synapses have no value of their own besides the weight.
    own = bool(model.start) or any(array.ndim for array in constants.values())
    order = synapse_order(projection, inputs.dt, inputs.delay_limit) if own else None
    order = slice(None) if order is None else order
    for variable, array in constants.items():
        yield ValueKind.STATE.of(name, variable), np.tile(array[order], n_copies) if array.ndim else array.reshape(1)
    for variable, value in model.start.items():
        equation = model.parsed[variable]
        indices = synapse_indices(projection.links.sources, projection.links.targets, projection.links.shape)
        shared = "shared" in equation.flags
        shape = (1, 1) if shared else (n_copies, n_synapses)
        drawn = _start(variable_name(name, variable), value, shape, seed, chunk.first, {**indices, **constants})
        values = (drawn if shared else drawn[:, order]).ravel()
        yield ValueKind.STATE.of(name, variable), values.astype(KINDS[equation.var_type])


def _population_values(population: Population, seed: int, dt: float, chunk: Chunk) -> Iterator[tuple[ValueName, np.ndarray]]:
    model, named = population.model, partial(ValueKind.NEURONS.of, population.name)
    for name, array in _numbers(model.constants).items():
        yield named(name), np.tile(array, chunk.n_copies) if array.ndim else array.reshape(1)
    pause = refractory_time(model)
    if pause is not None:
        times = nearest_steps(f"refractory period of population '{population.name}'", pause, dt) * dt
        yield named("refractory_time"), np.tile(times, chunk.n_copies) if times.ndim else times.reshape(1)
    for name, array in index_values(model, population.size, chunk.n_copies).items():
        yield named(name), array
    for name, value in model.start.items():
        equation = model.parsed[name]
        shape = (1, 1) if "shared" in equation.flags else (chunk.n_copies, population.size)
        known = {**neuron_indices(population.size), **_numbers(model.constants)}
        drawn = _start(variable_name(population.name, name), value, shape, seed, chunk.first, known)
        yield named(name), drawn.ravel().astype(KINDS[equation.var_type])


def _n_copies(projection: Projection, n_copies: int, recorded: Collection[str], *, sharing: bool) -> int:
    """Copies of the synapses of a projection that there are one by one."""
    return 1 if sharing and projection.synapse.shared_by_copies and projection.name not in recorded else n_copies


def _numbers(constants: Mapping[str, Any]) -> dict[str, Floats]:
    """Constants in SI units."""
    return {name: np.asarray(value, dtype=float) for name, value in constants.items()}


def _start(name: str, value: Start, shape: tuple[int, int], seed: int, first: int, known: Mapping[str, Any]) -> Floats:
    """Start values (n_copies, n), SI units. Each trial has a stream of its own: neither its chunk nor the backend moves it."""
    if not isinstance(value, str):
        return np.broadcast_to(np.asarray(value, dtype=float), shape)
    rngs = [stream(seed, f"start {name} of trial {first + copy}") for copy in range(shape[0])]
    return drawn_values(value, shape[1], rngs, known)


def _projection_values(
    projection: Projection, n_copies: int, dt: float, n_steps: int, joined: bool
) -> Iterator[tuple[ValueName, np.ndarray]]:
    """Endpoints, weights and delays of all copies, sorted by source, then delay, then target; equal weights are one number if `joined`."""
    links, named = projection.links, partial(ValueKind.SYNAPSES.of, projection.name)
    rows, columns, strengths = links.sources, links.targets, links.weights
    steps, order = _delay_steps(projection, dt, n_steps), synapse_order(projection, dt, n_steps)
    # Sources stay where they are, since the order is by source first and links are sorted by it.
    if order is not None:
        columns, strengths, steps = columns[order], strengths[order], steps[order]
    delay = steps * dt
    # One number in place of one per synapse takes no memory, and stays in the cache of the processor.
    same = joined and (strengths == strengths[0]).all() and not projection.synapse.changes_weight
    yield named("i"), _copies(rows, links.shape[0], n_copies)
    yield named("j"), _copies(columns, links.shape[1], n_copies)
    yield named("w"), strengths[:1] if same else _tiled(strengths, n_copies)
    yield named("delay"), _tiled(delay, n_copies) if delay.ndim else delay.reshape(1)
    for pathway, place in delay_places(projection).items():
        own = delay_of(projection.synapse, pathway)
        if own is not None and place is not None:
            own = (
                np.minimum(nearest_steps(f"delay of pathway '{pathway.name}' of projection {projection.name}", own, dt), n_steps)
                * dt
            )
            yield place, _tiled(own if order is None else own[order], n_copies) if own.ndim else own.reshape(1)


def _tiled(values: np.ndarray, n_copies: int) -> np.ndarray:
    return np.tile(values, n_copies) if n_copies > 1 else values


def _copies(indices: np.ndarray, size: int, n_copies: int) -> np.ndarray:
    if n_copies == 1:
        return indices
    offsets = np.arange(n_copies, dtype=np.int32) * np.int32(size)
    return (offsets[:, None] + indices[None, :]).ravel()
