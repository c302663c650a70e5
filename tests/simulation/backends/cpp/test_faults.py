"""Processes that build the same program at once, and processes that die at any moment: what comes after is right.

Run with ``pytest -m slow tests/simulation/backends/cpp/test_faults.py -s``.
"""

import contextlib
import functools
import multiprocessing
import os
import signal
import tempfile
import time
from pathlib import Path

import numpy as np
import pytest

from bioworkbench.discrete import simulate_discrete
from bioworkbench.experiment.results.files import is_complete
from bioworkbench.experiment.results.store import load_record
from bioworkbench.experiment.running import run
from bioworkbench.experiment.spec.reader import read
from bioworkbench.records.stimulus import Stimulus
from bioworkbench.simulation import simulate
from bioworkbench.simulation.backends.cpp.programs import programs
from tests.documents import alone
from tests.simulation.networks import discrete_network

pytestmark = [pytest.mark.slow, pytest.mark.timeout(7200)]

PROCESSES = multiprocessing.get_context("forkserver")
PROCESSES.set_forkserver_preload([__name__])  # processes start in milliseconds
N_PROCESSES, N_ROUNDS, N_KILLS = 8, 20, 50
N_KEPT = 3  # the engine, the functions and the plan


def stimulus_of(number):
    """Another number of frames in every round, which needs no other program."""
    return Stimulus(2 * np.random.default_rng(number).random((3, 12 + number, 5)), 1e-3)


def build_in_step(barrier, cache, answers):
    os.environ["BIOWORKBENCH_CACHE"] = cache
    network = discrete_network(np.random.default_rng(0))
    for number in range(N_ROUNDS):
        barrier.wait()
        recording = simulate(network, stimulus_of(number), 1, dt=1e-3, backend="cpp")
        answers.put((number, "compile" in recording.timing, recording.raster("second")))


def test_processes_that_want_the_same_program_at_once(tmp_path):
    """20 times, 8 processes simulate at the same moment: one compiles, once, and 160 results equal the NumPy twin's."""
    barrier, answers = PROCESSES.Barrier(N_PROCESSES), PROCESSES.Queue()
    arguments = (barrier, str(tmp_path), answers)
    processes = [PROCESSES.Process(target=build_in_step, args=arguments, daemon=True) for _ in range(N_PROCESSES)]
    for process in processes:
        process.start()
    network, n_built = discrete_network(np.random.default_rng(0)), [0] * N_ROUNDS
    for _ in range(N_PROCESSES * N_ROUNDS):
        number, built, raster = answers.get(timeout=1200)
        n_built[number] += built
        np.testing.assert_array_equal(raster, simulate_discrete(network, stimulus_of(number)).raster("second"))
    assert n_built == [1] + [0] * (N_ROUNDS - 1)
    for process in processes:
        process.join()
    print(f"\n{N_PROCESSES * N_ROUNDS} right results of {N_PROCESSES} processes, {sum(n_built)} build in {N_ROUNDS} rounds")


@functools.cache
def spec():
    """Long enough that a run takes about as long as a build."""
    document = alone() | {"backend": "cpp", "duration": "60 s"}
    document["populations"]["exc"]["size"] = 60
    return read(document, "killed")


def work(cache, results):
    """Build, run and write; the report is left out."""
    os.environ |= {"BIOWORKBENCH_CACHE": cache, "TMPDIR": cache}
    tempfile.tempdir = cache
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("bioworkbench.report.display.write_report", lambda record, folder, curves=(): folder)
        run(spec(), results=results)


def finished(cache, results):
    """Seconds that an undisturbed process needs, and the spikes it leaves."""
    started = time.perf_counter()
    process = PROCESSES.Process(target=work, args=(str(cache), str(results)))
    process.start()
    process.join()
    assert process.exitcode == 0
    (folder,) = [path for path in (results / "killed").iterdir() if not path.name.startswith(".")]
    return time.perf_counter() - started, load_record(folder).data.recording.spikes["exc"]


def killed(cache, results, delay):
    """Kill a process after some seconds; tell what it had reached."""
    process = PROCESSES.Process(target=work, args=(str(cache), str(results)))
    process.start()
    time.sleep(delay)
    with contextlib.suppress(ProcessLookupError):
        os.kill(process.pid, signal.SIGKILL)
    process.join()
    place = results / "killed"
    folders = [path for path in place.iterdir() if path.is_dir()] if place.exists() else []
    if folders:
        return "after" if any(is_complete(path) for path in folders) else "write"
    return "run" if len(whole_programs(cache)) == N_KEPT else "build"


def whole_programs(cache):
    os.environ["BIOWORKBENCH_CACHE"] = str(cache)
    return programs()


def test_processes_that_are_killed(tmp_path, monkeypatch):
    """50 times, SIGKILL at a random moment of build, run and write: the next process gives the spikes of an undisturbed one."""
    monkeypatch.setenv("BIOWORKBENCH_CACHE", str(tmp_path))
    rng, moments = np.random.default_rng(), {"build": 0, "run": 0, "write": 0, "after": 0}
    whole, expected = finished(folder(tmp_path, "cache"), tmp_path / "results")
    known, _ = finished(tmp_path / "cache", tmp_path / "again")
    for number in range(N_KILLS):
        fresh = number % 2 == 0
        cache = folder(tmp_path, f"cache_{number}") if fresh else tmp_path / "cache"
        results = tmp_path / f"results_{number}"
        moments[killed(cache, results, rng.uniform(0, 0.7 * (whole if fresh else known)))] += 1
        _, spikes = finished(cache, results)
        for field in ("trial", "neuron", "time"):
            np.testing.assert_array_equal(getattr(spikes, field), getattr(expected, field))
        assert len(whole_programs(cache)) == N_KEPT
    time.sleep(5)
    assert [place for place in working_folders() if place.is_relative_to(tmp_path)] == []
    print(f"\n{N_KILLS} runs after a kill gave the right {len(expected)} spikes; killed during {moments}; no process is left")


def folder(parent, name):
    (parent / name).mkdir()
    return parent / name


def working_folders():
    """Where the processes of this machine work."""
    for link in Path("/proc").glob("[0-9]*/cwd"):
        with contextlib.suppress(OSError):
            yield Path(os.readlink(link))
