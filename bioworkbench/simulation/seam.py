"""`simulate`: the one place where a network meets Brian2."""

import warnings
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace
from functools import partial
from types import NoneType
from typing import Any

import numpy as np
from brian2.units.fundamentalunits import Quantity

from bioworkbench.records.arrays import positive
from bioworkbench.records.errors import SimulationError, unknown_name
from bioworkbench.records.execution import Execution
from bioworkbench.records.kinds import check_kind, several
from bioworkbench.records.network import Network, with_links
from bioworkbench.records.neuron import rough_refractory
from bioworkbench.records.pathways import delay_of
from bioworkbench.records.probe import Probe, check_distinct, outside, probe_of, variable_name
from bioworkbench.records.protocol import Phase, RunState
from bioworkbench.records.randomness import seed_of
from bioworkbench.records.recording import Recording
from bioworkbench.records.stimulus import SpikeTrains, Stimulus, silence
from bioworkbench.records.synapse import check_synaptic
from bioworkbench.records.times import rough_delays, seconds, whole_steps
from bioworkbench.simulation.backends.backend import Backend, Outcome
from bioworkbench.simulation.backends.choice import (
    BACKENDS,
    available_backends,
    backends_that,
    check_execution,
    choose_backend,
)
from bioworkbench.simulation.chunk import Chunk, Need, chunks, chunks_of, joined_chunks
from bioworkbench.simulation.gathered import Gathered
from bioworkbench.simulation.inputs import Inputs, inputs_of
from bioworkbench.simulation.job import size_of, spike_projections
from bioworkbench.simulation.phases import check_record_steps, run_phases
from bioworkbench.simulation.processes import end_processes
from bioworkbench.simulation.rates import about_rates, check_rates
from bioworkbench.simulation.scratch import scratch_folder
from bioworkbench.simulation.starts import check_start
from bioworkbench.simulation.state import continued, gathered_state
from bioworkbench.simulation.threads import n_threads
from bioworkbench.simulation.trials import job_of_chunk, memory_need, synapse_order, synapse_values

__all__ = ["check_synapses", "simulate"]

_MOST_RECORDED, _MOST_COUNTED = 1024, 16384  # copies in a run, whose spikes are put in order trial by trial or only counted


def simulate(
    network: Network,
    stimuli: Stimulus | SpikeTrains | Sequence[Stimulus | SpikeTrains] | Sequence[Phase],
    seed: int,
    *,
    dt: float | Quantity,
    backend: str = "auto",
    record: Sequence[Probe | str] = (),
    start: RunState | None = None,
    keep_state: bool = False,
    counts: bool = False,
    execution: Execution = Execution(),  # noqa: B008  it never changes
) -> Recording:
    """Simulate every trial of the stimuli with Brian2 and record spikes.

    Trials are copies of the network inside one run, in chunks that fit the memory budget. Initial values, input spikes and noise
    come from streams named by chunk, so the same arguments give the same spikes with any number of jobs. Long recordings are kept
    in files in the folder that TMPDIR names, which are gone with the recording; their arrays are read-only and read by slices.

    Parameters
    ----------
    network : Network
    stimuli : Stimulus, SpikeTrains, several of these, or Phases
        Each feeds the projections whose source is its name; all have the same number of trials and duration. Use `silence` for a
        network that runs by itself. Phases follow each other, each with stimuli of its own; see `Phase`.
    seed : int
    dt : float, seconds, or Quantity
        Simulation step.
    backend : {"auto", "cpp", "numpy", "cython", "cuda"}
        "auto" takes the fastest on this machine that can do what is asked.
        Bit-equal spikes are promised within a backend, equal statistics across backends. On a GPU the inputs of one step are
        summed in any order, so that a spike may differ in rare cases.
    record : sequence of Probe, "population.variable" or "projection.variable"
        Variables of neurons and synapses to record, at the start of each step as Brian2 does; spikes are always recorded.
    start : RunState, optional
        `Recording.final` of a run with the same network, dt, number of trials and backend (all but "cuda"), to go on from: what
        follows has the same bits as in one long run. Times count from the start of this run, and input spikes of rates are drawn again.
    keep_state : bool
        Whether `Recording.final` holds the state at the end; it always does for phases and for a run that goes on from a state.
    counts : bool
        Whether spikes are only counted, for each neuron in each trial (`Recording.counts`), which saves the time and memory that
        millions of spikes take. Phases are always recorded.
    execution : Execution
        Jobs, threads, memory, precision, and who is told about progress.

    Returns
    -------
    Recording

    Raises
    ------
    ValueError
        If stimuli, network, dt, record or start do not fit each other, or spikes of phases are to be counted.
    SimulationError
        If the backend is missing or the program fails; its `finished` is the recording of the trials before the chunk that failed.
    """
    step, record = positive("dt", seconds("dt", dt)), _check_kinds(network, record, start, execution)
    if isinstance(stimuli, Sequence) and any(isinstance(one, Phase) for one in stimuli):
        _check_phases_recorded(counts)
        run_phase = partial(simulate, backend=_keeping(backend), record=record, execution=execution)
        return run_phases(run_phase, network, stimuli, seed, dt=step, start=start)
    inputs = inputs_of(network, stimuli, step)  # pyright: ignore[reportArgumentType]  phases went another way
    probes = _probes(record, network, inputs)
    _warn(network, inputs, step)
    inputs = replace(inputs, keeps_state=keep_state or start is not None)
    picked = choose_backend(_keeping(backend) if inputs.keeps_state else backend)
    _check_backend(picked, inputs, execution)
    need = memory_need(inputs, probes, picked, execution.precision)
    available = picked.budget(execution.memory)
    run_drawn = picked.run_drawn if inputs.drawn_by(picked, probes) else None
    if start is None:
        parts = _parts(inputs, need, available, picked, execution.jobs if run_drawn is None else 0, counts=counts)
    else:
        inputs, parts = _going_on(inputs, start, probes, picked), chunks_of(inputs.n_trials, start.n_copies)
    n_copies = parts[0].n_copies
    # All runs that go on at a time must fit into the budget together.
    workers = max(1, min(execution.jobs, len(parts), available // need.of(n_copies)))
    threads = n_threads(execution.threads, workers, n_copies * sum(network.sizes.values())) if picked.shares_work else 1
    # Other backends get the links one by one, drawn by the NumPy twin: the very same synapses.
    if run_drawn is None:
        inputs = replace(inputs, network=with_links(inputs.network, step))
    limit, sharing = inputs.delay_limit, picked.shares_synapses
    recorded = {probe.population for probe in probes} - network.sizes.keys()
    synapses = {} if run_drawn else synapse_values(inputs.network, n_copies, step, limit, sharing=sharing, recorded=recorded)
    simulated = tuple(_simulated(probe, network, inputs) for probe in probes)
    notify = execution.progress or (lambda phase, done, total: None)
    gathered = Gathered(network, probes, step, counts=counts)
    with scratch_folder() as place:

        def run(chunk: Chunk) -> Outcome:
            job = job_of_chunk(inputs, seed, simulated, chunk, synapses)
            job = replace(job, profile=execution.profile, threads=threads, counts=counts)
            job = job if start is None else continued(job, start, chunk, inputs.delay_limit)
            if run_drawn:
                return run_drawn(job, notify, place, execution.precision)
            # Noise belongs to the trial, or to the chunk, never to the worker: the same spikes for any number of jobs.
            noise = seed_of(seed, "noise" if picked.noise_by_trial else f"noise of chunk {chunk.number}")
            return picked.run(job, noise, notify, place, execution.precision)

        try:
            for done, (chunk, outcome) in enumerate(_outcomes(run, parts, workers)):
                notify("simulate", done, len(parts))
                gathered.add(chunk, outcome)
        except SimulationError as error:
            raise _about_chunk(error, parts, _recording(gathered, inputs, seed, picked.name)) from error
        except OSError as error:
            raise SimulationError(
                f"cannot keep a recording: {error}; free disk space, or set TMPDIR to a folder on another disk"
            ) from error
    notify("simulate", len(parts), len(parts))
    return _recording(gathered, inputs, seed, picked.name)


def _check_kinds(network: Network, record: Any, start: Any, execution: Any) -> tuple[Probe | str, ...]:
    """What is to be recorded, once all arguments are of their kinds."""
    check_kind("network", network, Network, "be a Network, such as Network(populations=(population,))")
    check_kind("start", start, (RunState, NoneType), "be a RunState, which Recording.final is where keep_state is True")
    check_kind("execution", execution, Execution, "be an Execution, such as Execution(jobs=2)")
    return several("record", record, (Probe, str), "be a list of Probes and names, such as ['exc.v']")


def _parts(inputs: Inputs, need: Need, memory: int, picked: Backend, jobs: int, *, counts: bool) -> list[Chunk]:
    """Runs of trials, each of one or several chunks that depend on the network and the budget alone."""
    parts = chunks(inputs.n_trials, need, memory, picked.chunk_fraction, picked.most_copies)
    # Where noise belongs to the trial, several can run as one, which saves what every run costs. The state at the end stays that of
    # the chunks, by which another run goes on; trials whose links are drawn run one after the other anyway.
    if not (jobs and picked.noise_by_trial) or inputs.keeps_state:
        return parts
    # This process holds the tables of input as well as the program, and no more of them than those of a chunk before.
    most = min(_MOST_COUNTED if counts else _MOST_RECORDED, memory // picked.chunk_fraction // max(1, inputs.bytes_per_trial))
    return joined_chunks(parts, need, memory, jobs, most)


def _recording(gathered: Gathered, inputs: Inputs, seed: int, backend: str) -> Recording:
    recording = gathered.recording(inputs, seed, backend)
    if not gathered.lefts:
        return recording
    about = {"step": inputs.first_step + inputs.n_steps, "dt": inputs.dt, "backend": backend, "n_trials": gathered.n_trials}
    return replace(recording, final=gathered_state(inputs.network, gathered.lefts, about, inputs.delay_limit))


def _check_phases_recorded(counts: bool) -> None:
    if counts:
        raise ValueError(f"counts = {counts}: spikes of phases are recorded one by one; leave counts out")


def _probes(record: Sequence[Probe | str], network: Network, inputs: Inputs) -> tuple[Probe, ...]:
    probes = tuple(_checked(item, network, inputs) for item in record)
    check_distinct(probes)
    return probes


def _checked(item: Probe | str, network: Network, inputs: Inputs) -> Probe:
    item = probe_of(item)
    if item.every is not None:
        whole_steps(f"record step of '{item.name}'", item.every, inputs.dt)
    if item.population not in network.sizes:
        try:
            _check_projection(item, network, inputs)
        except ValueError as error:
            raise ValueError(f"record '{item.name}': {error}") from error
    if wrong := outside(item, size_of(network, item.population)):
        raise ValueError(f"record {wrong}")
    return item


def _check_projection(probe: Probe, network: Network, inputs: Inputs) -> None:
    """Refuse a probe of what is not a variable of synapses that spikes pass."""
    found = {projection.name: projection for projection in spike_projections(inputs.network)}
    if probe.population not in found:
        raise ValueError(unknown_name(probe.population, "population or projection", [*network.sizes, *found]))
    if probe.population in inputs.network.sizes:
        raise ValueError(f"a stimulus and a projection are called '{probe.population}'; give the projection another name")
    check_synaptic(probe, found[probe.population].synapse)


def _simulated(probe: Probe, network: Network, inputs: Inputs) -> Probe:
    """The probe with the places that its synapses have in the order in which they are simulated."""
    if probe.population in network.sizes:
        return probe
    (projection,) = [p for p in spike_projections(inputs.network) if p.name == probe.population]
    order, n_synapses = synapse_order(projection, inputs.dt, inputs.delay_limit), size_of(network, probe.population)
    # A channel that spikes twice in a step has a second neuron, whose synapses follow those of the network.
    if order is None and (probe.neurons is not None or n_synapses == projection.n_synapses):
        return probe
    places = np.arange(n_synapses) if order is None else np.argsort(order)[:n_synapses]
    return replace(probe, neurons=tuple((places if probe.neurons is None else places[list(probe.neurons)]).tolist()))


def _warn(network: Network, inputs: Inputs, dt: float) -> None:
    _warn_of_rates(network, inputs)
    _warn_of_times(network, dt, inputs.duration)


def _warn_of_rates(network: Network, inputs: Inputs) -> None:
    for stimulus in inputs.tables.values() or (silence(inputs.duration),):
        check_rates(network, stimulus, inputs.dt)
        for sentence in about_rates(network, stimulus, inputs.dt):
            warnings.warn(sentence, RuntimeWarning, stacklevel=4)


def _check_backend(picked: Backend, inputs: Inputs, execution: Execution) -> None:
    """Refuse what a backend cannot do."""
    check_execution(execution, picked.name)
    if inputs.events and not picked.plays_trains:
        able = backends_that(lambda other: other.plays_trains)
        raise ValueError(f"SpikeTrains need backend {able}; backend is '{picked.name}'")
    if inputs.keeps_state and not picked.keeps_state:
        able = backends_that(lambda other: other.keeps_state)
        raise ValueError(f"to keep a state and to go on from one needs backend {able}; backend is '{picked.name}'")
    check_synapses(inputs.network, picked)


def _keeping(backend: str) -> str:
    """For "auto", the fastest backend here that keeps the state of a run."""
    if backend != "auto":
        return backend
    return [name for name in available_backends() if BACKENDS[name].keeps_state][-1]


def _going_on(inputs: Inputs, start: RunState, probes: tuple[Probe, ...], picked: Backend) -> Inputs:
    """Inputs of a run that goes on from a state, which must fit."""
    for problem in check_start(inputs.network, start, inputs.dt, picked.name, inputs.n_trials):
        raise ValueError(f"start = {start}: {problem}")
    check_record_steps(probes, start.step, inputs.dt)
    return replace(inputs, first_step=start.step)


def _warn_of_times(network: Network, dt: float, duration: float) -> None:
    for projection in (p for p in spike_projections(network) if not p.is_drawn):
        model = projection.synapse
        own = {variable_name(projection.name, p.name): delay_of(model, p) for p in model.pathways if p.name in model.delays}
        for name, delays in {projection.name: projection.delay, **own}.items():
            for sentence in rough_delays(name, delays, dt, duration):
                warnings.warn(sentence, RuntimeWarning, stacklevel=4)
    for population in network.populations:
        for sentence in rough_refractory(population.model, population.name, dt):
            warnings.warn(sentence, RuntimeWarning, stacklevel=4)


def check_synapses(network: Network, backend: Backend) -> None:
    """Refuse synapses that a backend cannot simulate.

    Parameters
    ----------
    network : Network
    backend : Backend

    Raises
    ------
    ValueError
        Naming the projection, and the backends that can.
    """
    for projection in spike_projections(network):
        if not backend.simulates_state and not projection.synapse.shared_by_copies:
            able = backends_that(lambda other: other.simulates_state)
            raise ValueError(
                f"synapses of projection {projection.name} have a state, act when the target spikes, or look at their source; backend "
                f"'{backend.name}' has only synapses that add to their target; use backend {able}"
            )


def _outcomes(run: Callable[[Chunk], Outcome], parts: list[Chunk], workers: int) -> Iterator[tuple[Chunk, Outcome]]:
    """Run the chunks, a few at a time, and give what they left in order; the first failure stops those that have not begun."""
    if workers == 1:
        yield from ((chunk, run(chunk)) for chunk in parts)
        return
    with ThreadPoolExecutor(workers) as pool:  # one of them builds the program, the others wait for it
        waiting, running = deque(parts), deque[tuple[Chunk, Future[Outcome]]]()
        while waiting or running:
            while waiting and len(running) <= workers:  # one more than work at a time, so that none is idle
                chunk = waiting.popleft()
                running.append((chunk, pool.submit(run, chunk)))
            chunk, future = running.popleft()
            try:
                yield chunk, future.result()
            except BaseException as error:
                pool.shutdown(wait=False, cancel_futures=True)
                if not isinstance(error, Exception):  # an interruption: leaving the pool must not wait for programs to end
                    end_processes()
                raise


def _about_chunk(error: SimulationError, parts: list[Chunk], finished: Recording) -> SimulationError:
    """The error of a chunk, with its trials and the recording of those before it, if there are several chunks."""
    if len(parts) == 1:
        return error
    n = finished.n_trials
    (chunk,) = [chunk for chunk in parts if chunk.first == n]
    words = f"{error}\nThis was in trials {n} ... {n + chunk.n_trials - 1}"
    kept = f"; the {n} before them are kept in `finished` of this error" if n else ""
    return SimulationError(words + kept, error.missing, finished if n else None)
