"""`simulate`: the one place where a network meets Brian2."""

import tempfile
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

from brian2.units.fundamentalunits import Quantity

from bioworkbench.arrays import count, positive
from bioworkbench.errors import SimulationError, unknown_name
from bioworkbench.network import Network
from bioworkbench.quantities import parse_quantity, si_value
from bioworkbench.randomness import stream
from bioworkbench.signals import Probe, Recording, Stimulus
from bioworkbench.simulation.builds import cpp_toolchain, run_program
from bioworkbench.simulation.collect import GatheredSpikes, GatheredTrace
from bioworkbench.simulation.cuda import budget
from bioworkbench.simulation.cuda_builds import run_on_gpu
from bioworkbench.simulation.devices import Outcome, check_precision, choose_backend, run_in_process
from bioworkbench.simulation.job import n_steps_between
from bioworkbench.simulation.trials import MOST_ON_GPU, Chunk, chunks, job_of_chunk, memory_need, synapse_values

__all__ = ["Progress", "simulate"]

_MEMORY = 2e9
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
    memory: float | None = None,
    progress: Progress | None = None,
    profile: bool = False,
    precision: str = "double",
) -> Recording:
    """Simulate every trial of a stimulus with Brian2 and record spikes.

    Trials are copies of the network inside one run, in chunks that fit the memory budget. Initial values, input spikes and noise
    come from streams named by chunk, so the same arguments give the same spikes with any number of jobs. Long recordings are kept
    in files in the folder that TMPDIR names, which are gone with the recording; their arrays are read-only and read by slices.

    Parameters
    ----------
    network : Network
    stimulus : Stimulus
        Use `signals.silence` for a network that runs by itself.
    seed : int
    dt : float, seconds, or Quantity
        Simulation step.
    backend : {"auto", "cpp", "numpy", "cython", "cuda"}
        Bit-equal spikes are promised within a backend, equal statistics across backends. On a GPU the inputs of one step are
        summed in any order, so that a spike may differ in rare cases.
    record : sequence of Probe or "population.variable"
        State variables to record, at the start of each step as Brian2 does; spikes are always recorded.
    jobs : int
        Chunks that run at the same time ("cpp" only).
    memory : float, bytes, optional
        Budget of all runs together, 2 GB by default: a chunk takes an eighth of it, and no more chunks run at a time than fit. With
        "cuda", memory on the GPU, half of it by default: a chunk takes it all, up to 16 GB.
    progress : callable (phase, done, total), optional
    profile : bool
        Also measure how long each Brian2 object takes (`Recording.profile`).
    precision : {"double", "single"}
        Of the state variables; "single" with "cpp" and "cuda" only. It makes C++ programs 1.2 to 1.3 times as fast and their state half
        as large; a membrane is then off by about 1e-7 of its value, and recurrent networks spike otherwise after a while.

    Returns
    -------
    Recording

    Raises
    ------
    ValueError
        If stimulus, network, dt or record do not fit each other.
    SimulationError
        If the backend is missing or the program fails; its `finished` is the recording of the trials before the chunk that failed.
    """
    step = positive("dt", si_value(dt, _TIME, "dt") if isinstance(dt, Quantity) else float(dt))
    probes = tuple(_probe(item, network, step) for item in record)
    _check_input(network, stimulus)
    picked = choose_backend(backend)
    if count("jobs", jobs) > 1 and picked != "cpp":
        raise ValueError(f"jobs = {jobs}: several jobs need backend 'cpp'; backend is '{picked}'")
    check_precision(precision, picked)
    shares = picked in ("cpp", "cuda")  # programs deliver the spikes of all copies through one set of synapses
    need = memory_need(network, stimulus, step, probes, picked)
    available = budget(memory) if picked == "cuda" else int(memory or _MEMORY)
    parts = chunks(stimulus.n_trials, need, available, *((1, MOST_ON_GPU) if picked == "cuda" else ()))
    n_copies = parts[0].n_copies
    workers = max(1, min(jobs, available // need.of(n_copies)))
    synapses = synapse_values(network, 1 if shares else n_copies, step)
    notify = progress or (lambda phase, done, total: None)
    gathered = _Gathered(network, probes)
    with tempfile.TemporaryDirectory(prefix="bioworkbench-", ignore_cleanup_errors=True) as place:

        def run(chunk: Chunk) -> Outcome:
            job = replace(job_of_chunk(network, stimulus, seed, step, probes, chunk, synapses), profile=profile)
            noise = int(stream(seed, f"noise of chunk {chunk.number}").integers(2**31))
            if picked == "cuda":
                return run_on_gpu(job, noise, notify, Path(place), precision)
            if picked == "cpp":
                return run_program(job, noise, notify, Path(place), cpp_toolchain(precision))
            return run_in_process(job, noise, picked)

        try:
            for done, (chunk, outcome) in enumerate(_outcomes(run, parts, workers)):
                notify("simulate", done, len(parts))
                gathered.add(chunk, outcome)
        except SimulationError as error:
            raise _about_chunk(error, parts, gathered.recording(stimulus, step, seed, picked)) from error
        except OSError as error:
            raise SimulationError(
                f"cannot keep a recording: {error}; free disk space, or set TMPDIR to a folder on another disk"
            ) from error
    notify("simulate", len(parts), len(parts))
    return gathered.recording(stimulus, step, seed, picked)


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
            except BaseException:
                pool.shutdown(wait=False, cancel_futures=True)
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


class _Gathered:
    """What chunks left, put together in order of trials."""

    def __init__(self, network: Network, probes: tuple[Probe, ...]) -> None:
        self.sizes, self.n_trials = network.sizes, 0
        self.spikes = {p.name: GatheredSpikes(p.size) for p in network.populations if p.model.threshold}
        self.traces = {probe.name: GatheredTrace() for probe in probes}
        self.timing: dict[str, float] = {"collect": 0.0}
        self.profile: dict[str, float] = {}

    def add(self, chunk: Chunk, outcome: Outcome) -> None:
        started = time.perf_counter()
        for name, (index, times) in outcome.spikes.items():
            self.spikes[name].add(chunk, index, times)
        for name, rows in outcome.traces.items():
            self.traces[name].add(chunk, rows)
        self.n_trials += chunk.n_trials
        for totals, more in ((self.timing, outcome.timing), (self.profile, outcome.profile)):
            totals.update({name: totals.get(name, 0.0) + seconds for name, seconds in more.items()})
        self.timing["collect"] += time.perf_counter() - started

    def recording(self, stimulus: Stimulus, dt: float, seed: int, backend: str) -> Recording:
        return Recording(
            {name: gathered.spikes() for name, gathered in self.spikes.items()},
            {name: gathered.trace() for name, gathered in self.traces.items()},
            self.sizes,
            self.n_trials,
            stimulus.duration,
            dt,
            seed,
            backend,
            dict(sorted(self.timing.items())),
            dict(sorted(self.profile.items(), key=lambda item: -item[1])),
        )
