"""200 and 1797 digits through 1000 noisy neurons for 25 steps, from a known structure, beside snnTorch and Norse on the CPU.

Run as ``TORCH_PYTHON=.../bin/python python -m tests.benchmarks.bench_torch_peers``; TORCH_PYTHON names an interpreter that has torch,
snntorch and norse (by default this one). Seconds from pixels to spike counts, best of five, imports and first runs left out.
"""

import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from brian2 import ms, mV
from scipy import sparse
from sklearn.datasets import load_digits

from bioworkbench.neurons import noisy_lif
from bioworkbench.readout.features import spike_counts
from bioworkbench.records.network import Network, Population, Projection
from bioworkbench.records.stimulus import Stimulus
from bioworkbench.simulation import simulate

PEER = os.environ.get("TORCH_PYTHON", sys.executable)
PEERS = ("snntorch", "norse")


def by_us(pixels, weights, jobs):
    model = noisy_lif(tau=20 * ms, sigma=1 * mV, rest=0 * mV, threshold=20 * mV, reset=0 * mV, refractory=0 * ms)
    network = Network((Population("cells", 1000, model),), (Projection("input", "cells", sparse.csr_array(weights)),))
    best = np.inf
    for seed in range(6):
        started = time.perf_counter()
        recording = simulate(network, Stimulus(pixels[:, None], 0.025), seed, dt=1e-3, backend="cpp", jobs=jobs)
        counts = spike_counts(recording, ["cells"])
        best = min(best, time.perf_counter() - started if seed else np.inf)
    phases = " ".join(f"{phase} {taken:.3f}" for phase, taken in recording.timing.items())
    return {"seconds": best, "spikes": int(counts.sum()), "about": phases}


def by_peer(name, place):
    done = subprocess.run(
        [PEER, str(Path(__file__).with_name("torch_peer.py")), name, place], capture_output=True, text=True, check=True
    )
    return json.loads(done.stdout.splitlines()[-1])


def main():
    pixels = load_digits().data / 16
    weights = np.random.default_rng(1).normal(2e-3, 10e-3, (64, 1000))
    there = [
        name for name in PEERS if not subprocess.run([PEER, "-c", f"import {name}"], capture_output=True, check=False).returncode
    ]
    for name in set(PEERS) - set(there):
        print(f"skipped: {PEER} has no {name} (TORCH_PYTHON names an interpreter that has it)")
    for n in (200, 1797):
        with tempfile.TemporaryDirectory() as folder:
            np.savez(f"{folder}/digits.npz", pixels=pixels[:n].astype(np.float32), weights=weights.astype(np.float32) * 1e3)
            rows = {name: by_peer(name, f"{folder}/digits.npz") for name in there}
        rows |= {f"ours, {jobs} job{'s' * (jobs > 1)}": by_us(pixels[:n], weights, jobs) for jobs in (1, 2)}
        for name, row in rows.items():
            print(f"{n:5d} digits  {name:14} {row['seconds']:7.3f} s  {row['spikes']:9d} spikes  {row['about']}", flush=True)


if __name__ == "__main__":
    main()
