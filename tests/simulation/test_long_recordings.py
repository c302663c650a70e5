"""Recordings larger than memory should hold: kept in files, read by slices, written block by block.

Run with ``pytest -m slow tests/simulation/test_long_recordings.py -s``.
"""

import json
import subprocess
import sys

import h5py
import numpy as np
import pytest

pytestmark = [pytest.mark.slow, pytest.mark.timeout(3600)]

PROGRAM = """
import json, resource, sys, threading, time
from pathlib import Path
import numpy as np
from bioworkbench.records.network import Network, Population
from bioworkbench.neurons import NeuronModel
from bioworkbench.experiment.results.record import RunData
from bioworkbench.experiment.results.run_file import write_run
from bioworkbench.records.probe import Probe
from bioworkbench.records.stimulus import silence
from bioworkbench.simulation import simulate

from tests.benchmarks.bench_engine import watch_programs

programs = [0]
threading.Thread(target=watch_programs, args=(programs,), daemon=True).start()
n_steps, path = int(sys.argv[1]), Path(sys.argv[2])
model = NeuronModel("x : 1", "x > 0.5", "", receives="x", update="x = 1.0")  # every neuron spikes in every step
network = Network((Population("cells", 1000, model),))
started = time.perf_counter()
recording = simulate(network, silence(n_steps * 1e-3), 1, dt=1e-3, backend="cpp", record=[Probe("cells", "x", tuple(range(20)))])
simulated = time.perf_counter() - started
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
spikes = recording.spikes["cells"]
middle = slice(len(spikes) // 2, len(spikes) // 2 + 5)
slices = {name: getattr(spikes, name)[middle].tolist() for name in ("trial", "neuron", "time")}
started = time.perf_counter()
if path.name != "none":
    write_run(path, RunData(network, recording))
about = {"n": len(spikes), "peak": peak, "program": max(programs), "simulate": simulated, "write": time.perf_counter() - started}
print(json.dumps(about | slices | {"trace": list(recording.traces["cells.x"].shape)}))
"""


def measured(n_steps, path):
    done = subprocess.run([sys.executable, "-c", PROGRAM, str(n_steps), str(path)], check=True, capture_output=True, text=True)
    return json.loads(done.stdout.splitlines()[-1])


def test_memory_does_not_grow_with_duration(tmp_path, monkeypatch):
    """A million spikes and a hundred million: the same memory, read by slices, and a file with all of them."""
    monkeypatch.setenv("BIOWORKBENCH_CACHE", str(tmp_path))
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    for n_steps in (10_000, 100_000):
        measured(n_steps, "none")  # builds
    short, long = measured(10_000, "none"), measured(100_000, tmp_path / "run.h5")
    ratio = (long["peak"] + long["program"]) / (short["peak"] + short["program"])
    print(
        f"\n{short['n']:.1e} spikes: {short['peak'] / 1e6:.0f} MB Python, {short['program'] / 1e6:.0f} MB program; {long['n']:.1e}: "
        f"{long['peak'] / 1e6:.0f} MB, {long['program'] / 1e6:.0f} MB ({ratio:.2f}x), simulated in {long['simulate']:.0f} s, "
        f"written in {long['write']:.0f} s"
    )
    assert long["n"] == 100_000_000
    assert ratio < 1.2
    assert long["trace"] == [1, 100_000, 20]
    with h5py.File(tmp_path / "run.h5") as file:
        group, place = file["spikes/cells"], long["n"] // 2
        np.testing.assert_array_equal(group["node_ids"][place : place + 5], long["neuron"])
        np.testing.assert_allclose(group["timestamps"][place : place + 5], np.multiply(long["time"], 1e3))
