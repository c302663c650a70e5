"""`simulate`: the one place where a network meets Brian2."""

import time
from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait

import numpy as np
from brian2.units.fundamentalunits import Quantity

from bioworkbench.arrays import count, positive
from bioworkbench.errors import unknown_name
from bioworkbench.network import Network
from bioworkbench.quantities import parse_quantity, si_value
from bioworkbench.randomness import stream
from bioworkbench.signals import Probe, Recording, Stimulus
from bioworkbench.simulation.builds import run_program
from bioworkbench.simulation.collect import joined_spikes, spikes_of_copies, trace_of_copies
from bioworkbench.simulation.devices import Outcome, choose_backend, run_in_process
from bioworkbench.simulation.job import n_steps_between
from bioworkbench.simulation.trials import Chunk, bytes_per_trial, chunks, job_of_chunk

__all__ = ["Progress", "simulate"]

_TIME = parse_quantity("0.1 ms")
Progress = Callable[[str, int, int], None]  # (phase, done, total)


def simulate(
    network: Network,
    stimulus: Stimulus,
    seed: int,
    *,
    dt: float | Quantity,
    backend: str = "auto",
    record: Sequence[Probe | str] = (),
    jobs: int = 1,
    memory: float = 2e9,
    progress: Progress | None = None,
) -> Recording:
    """Simulate every trial of a stimulus with Brian2 and record spikes.

    Trials are copies of the network inside one run, in chunks that fit the memory budget. Initial values, input spikes and noise
    come from streams named by chunk, so the same arguments give the same spikes with any number of jobs.

    Parameters
    ----------
    network : Network
    stimulus : Stimulus
        Use `signals.silence` for a network that runs by itself.
    seed : int
    dt : float, seconds, or Quantity
        Simulation step.
    backend : {"auto", "cpp", "numpy", "cython", "cuda"}
        Bit-equal spikes are promised within a backend, equal statistics across backends.
    record : sequence of Probe or "population.variable"
        State variables to record, at the start of each step as Brian2 does; spikes are always recorded.
    jobs : int
        Chunks that run at the same time ("cpp" only).
    memory : float, bytes
        Budget of all runs together: a chunk takes an eighth of it, and no more chunks run at a time than fit.
    progress : callable (phase, done, total), optional

    Returns
    -------
    Recording

    Raises
    ------
    ValueError
        If stimulus, network, dt or record do not fit each other.
    SimulationError
        If the backend is missing or the program fails.
    """
    step = positive("dt", si_value(dt, _TIME, "dt") if isinstance(dt, Quantity) else float(dt))
    probes = tuple(_probe(item, network, step) for item in record)
    _check_input(network, stimulus)
    picked = choose_backend(backend)
    if count("jobs", jobs) > 1 and picked != "cpp":
        raise ValueError(f"jobs = {jobs}: several jobs need backend 'cpp'; backend is '{picked}'")
    one = bytes_per_trial(network, stimulus, step, probes)
    parts = chunks(stimulus.n_trials, one, int(memory))
    workers = max(1, min(jobs, int(memory) // (one * parts[0].n_copies)))
    notify = progress or (lambda phase, done, total: None)

    def run(chunk: Chunk) -> Outcome:
        job = job_of_chunk(network, stimulus, seed, step, probes, chunk)
        noise = int(stream(seed, f"noise of chunk {chunk.number}").integers(2**31))
        return run_program(job, noise, notify) if picked == "cpp" else run_in_process(job, noise, picked)

    notify("simulate", 0, len(parts))
    outcomes = _outcomes(run, parts, workers, notify)
    return _recording(network, stimulus, step, seed, picked, list(zip(parts, outcomes, strict=True)))


def _probe(item: Probe | str, network: Network, dt: float) -> Probe:
    if isinstance(item, str):
        population, dot, variable = item.partition(".")
        if not dot:
            raise ValueError(f"record '{item}': write 'population.variable' or give a Probe")
        item = Probe(population, variable)
    if item.every is not None:
        n_steps_between(f"record step of '{item.name}'", item.every, dt)
    if item.population not in network.sizes:
        raise ValueError(f"record '{item.name}': {unknown_name(item.population, 'population', network.sizes)}")
    return item


def _check_input(network: Network, stimulus: Stimulus) -> None:
    n_channels = stimulus.values.shape[2]
    if network.n_channels != n_channels:
        raise ValueError(
            f"the stimulus has {n_channels} channels; the input projections of the network expect {network.n_channels}"
        )


def _outcomes(run: Callable[[Chunk], Outcome], parts: list[Chunk], workers: int, notify: Progress) -> list[Outcome]:
    """Run the chunks, a few at a time; the first failure stops those that have not begun."""
    if workers == 1 or len(parts) == 1:
        outcomes = []
        for done, chunk in enumerate(parts, 1):
            outcomes.append(run(chunk))
            notify("simulate", done, len(parts))
        return outcomes
    with ThreadPoolExecutor(workers) as pool:  # one of them builds the program, the others wait for it
        futures = [pool.submit(run, chunk) for chunk in parts]
        for done, future in enumerate(futures, 1):
            future.add_done_callback(lambda _, done=done: notify("simulate", done, len(parts)))
        try:
            wait(futures, return_when=FIRST_EXCEPTION)
            return [future.result() for future in futures]
        except BaseException:
            pool.shutdown(wait=True, cancel_futures=True)
            raise


def _recording(
    network: Network, stimulus: Stimulus, dt: float, seed: int, backend: str, done: list[tuple[Chunk, Outcome]]
) -> Recording:
    started = time.perf_counter()
    spikes = [
        {
            name: spikes_of_copies(index, times, network.sizes[name], chunk.first, chunk.n_trials)
            for name, (index, times) in outcome.spikes.items()
        }
        for chunk, outcome in done
    ]
    names = done[0][1].traces
    traces = {
        name: np.concatenate([trace_of_copies(outcome.traces[name], chunk.n_copies, chunk.n_trials) for chunk, outcome in done])
        for name in names
    }
    joined = joined_spikes(spikes)
    phases = {phase for _, outcome in done for phase in outcome.timing}
    timing = {phase: sum(outcome.timing.get(phase, 0.0) for _, outcome in done) for phase in sorted(phases)}
    timing["collect"] = timing.get("collect", 0.0) + time.perf_counter() - started
    return Recording(joined, traces, network.sizes, stimulus.n_trials, stimulus.duration, dt, seed, backend, timing)
