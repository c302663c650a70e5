"""CUBA and COBA 4000 and 20 000, Brunel 10 000 with 1.5 ms delays: our run and end-to-end times beside NEST's, one thread each.

Run as ``NEST_PYTHON=.../bin/python python -m tests.benchmarks.bench_nest [network ...]``; NEST_PYTHON names an interpreter that has
nest-simulator (by default this one). Both sides get the same index arrays and simulate one second at 0.1 ms; "run" is processor
time, ours the best of four.
"""

import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from bioworkbench.records.stimulus import silence
from bioworkbench.simulation import simulate
from tests.benchmarks import standard_networks
from tests.benchmarks.bench_handwritten import NETWORKS

PEER = os.environ.get("NEST_PYTHON", sys.executable)
TARGETS = {"cuba 4000": 12, "cuba 20000": 15, "coba 4000": 1, "coba 20000": 1, "brunel 10000": 3.6}


def by_nest(kind, network):
    """Seconds that NEST takes to connect, processor seconds of its run, seconds of both, and its number of spikes."""
    (population,) = network.populations
    links = {f"{end}_{k}": array for k, p in enumerate(network.projections) for end, array in ends(p.weights).items()}
    with tempfile.TemporaryDirectory() as folder:
        start = {name: np.asarray(value) for name, value in population.model.start.items()}
        np.savez(Path(folder) / "network.npz", size=population.size, **start, **links)
        command = [PEER, str(Path(__file__).with_name("nest_peer.py")), kind, f"{folder}/network.npz"]
        done = subprocess.run(command, check=True, capture_output=True, text=True)
    return json.loads(done.stdout.splitlines()[-1])


def ends(weights):
    rows = np.repeat(np.arange(weights.shape[0]), np.diff(weights.indptr))
    return {"i": rows, "j": weights.indices, "w": weights.data * 1e3}


def by_us(network):
    """Processor seconds of the run, seconds end to end from a known structure and from nothing, and the number of spikes."""
    times = []
    for seed in range(5):
        started = time.perf_counter()
        recording = simulate(network, silence(1.0), seed, dt=1e-4, backend="cpp")
        times.append((time.perf_counter() - started, recording))
    _, recording = min(times[1:], key=lambda item: item[1].timing["processor"])
    known = min(taken for taken, _ in times[1:])
    built = sum(times[0][1].timing.get(phase, 0.0) for phase in ("generate", "compile"))
    return {"run": recording.timing["processor"], "known": known, "build": built, "spikes": len(recording.spikes["cells"])}


def main():
    if subprocess.run([PEER, "-c", "import nest"], capture_output=True, check=False).returncode:
        print(f"skipped: {PEER} has no NEST (pip install nest-simulator; NEST_PYTHON names its interpreter)")
        return
    os.environ["BIOWORKBENCH_CACHE"] = tempfile.mkdtemp()
    print(
        f"{'network':14} {'':6} {'run s':>7} {'connect s':>10} {'end to end s':>13} {'spikes':>8}   ratio of run times (target)"
    )
    for name in sys.argv[1:] or NETWORKS:
        kind, size = NETWORKS[name]
        network = getattr(standard_networks, kind)(size, np.random.default_rng(1))
        ours, peer = by_us(network), by_nest(kind, network)
        end = peer["wall"]
        ratio = f"{peer['run'] / ours['run']:.1f} ({TARGETS[name]})"
        print(f"{name:14} {'NEST':6} {peer['run']:7.3f} {peer['connect']:10.2f} {end:13.2f} {peer['spikes']:8d}")
        print(f"{name:14} {'ours':6} {ours['run']:7.3f} {'':10} {ours['known']:13.2f} {ours['spikes']:8d}   {ratio}")
        gain = peer["run"] - ours["run"]
        even = max(0.0, (ours["build"] + ours["known"] - ours["run"] - peer["connect"]) / gain)
        print(f"{'':14} with {ours['build']:.1f} s of building, even with NEST after {even:.1f} s of biological time", flush=True)


if __name__ == "__main__":
    main()
