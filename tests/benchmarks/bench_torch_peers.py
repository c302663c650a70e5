"""Digits through noisy neurons beside snnTorch and Norse, and through two dense layers beside SpikingJelly, on the CPU.

Run as ``TORCH_PYTHON=.../bin/python python -m tests.benchmarks.bench_torch_peers``; TORCH_PYTHON names an interpreter that has torch,
snntorch, norse and spikingjelly (by default this one). 200 and 1797 digits go through 1000 neurons for 25 steps; 10 000 images, of
scattered pixels as bright as those of MNIST, through 784-500-500 for 8 steps. Seconds from pixels to spike counts, best of five,
imports and first runs left out.
"""

import json
import os
import subprocess
import sys
import tempfile
import time
from itertools import pairwise
from pathlib import Path

import numpy as np
from sklearn.datasets import load_digits

from bioworkbench.discrete.lif import discrete_lif
from bioworkbench.readout.features import spike_counts
from bioworkbench.records.execution import Execution
from bioworkbench.records.network import Network, Population, Projection
from bioworkbench.records.stimulus import Stimulus
from bioworkbench.simulation import simulate

PEER = os.environ.get("TORCH_PYTHON", sys.executable)
PEERS = ("snntorch", "norse")
DENSE_PEER = "spikingjelly"
STEPS, DECAY, LIMIT = 25, 0.05, 20.0  # dt / tau, threshold in mV
NOISE = float(np.sqrt(2 * DECAY))  # mV per step, for a deviation of 1 mV
N_IMAGES, N_STEPS, SIZES = 10_000, 8, (784, 500, 500)


def noisy(weights):
    model = discrete_lif(leak=1 - DECAY, threshold=LIMIT, strict=True, reset="zero", noise_deviation=NOISE)
    return Network((Population("cells", 1000, model),), (Projection("input", "cells", DECAY * weights),))


def dense(first, second):
    model = discrete_lif(leak=0.5, reset="zero")
    layers = (Population("hidden", SIZES[1], model), Population("cells", SIZES[2], model))
    return Network(layers, (Projection("input", "hidden", first), Projection("hidden", "cells", second)))


# A spike reaches the next layer one step later than in a loop over layers, so two layers take one step more.
def by_us(network, pixels, n_steps, jobs):
    best = np.inf
    for seed in range(6):
        started = time.perf_counter()
        stimulus = Stimulus(pixels[:, None], n_steps * 1e-3)
        recording = simulate(
            network, stimulus, seed, dt=1e-3, backend="cpp", counts=True, execution=Execution(jobs=jobs, precision="single")
        )
        counts = spike_counts(recording, ["cells"])
        best = min(best, time.perf_counter() - started if seed else np.inf)
    phases = " ".join(f"{phase} {taken:.3f}" for phase, taken in recording.timing.items())
    return {"seconds": best, "spikes": int(counts.sum()), "about": phases}


def by_peer(name, place):
    done = subprocess.run(
        [PEER, str(Path(__file__).with_name("torch_peer.py")), name, place], capture_output=True, text=True, check=True
    )
    return json.loads(done.stdout.splitlines()[-1])


def has(name):
    found = not subprocess.run([PEER, "-c", f"import {name}"], capture_output=True, check=False).returncode
    if not found:
        print(f"skipped: {PEER} has no {name} (TORCH_PYTHON names an interpreter that has it)")
    return found


def show(title, peers, arrays, ours):
    """Rows of peers and ours, on the same numbers."""
    with tempfile.TemporaryDirectory() as folder:
        np.savez(f"{folder}/data.npz", **arrays)
        rows = {name: by_peer(name, f"{folder}/data.npz") for name in peers}
    rows |= {f"ours, {jobs} job{'s' * (jobs > 1)}": ours(jobs) for jobs in (1, 2)}
    for name, row in rows.items():
        print(f"{title}  {name:14} {row['seconds']:7.3f} s  {row['spikes']:9d} spikes  {row['about']}", flush=True)


def main():
    digits, rng = load_digits().data / 16, np.random.default_rng(1)
    weights = rng.normal(2, 10, (64, 1000)).astype(np.float32)
    there = [name for name in PEERS if has(name)]
    for n in (200, 1797):
        arrays = {
            "pixels": digits[:n].astype(np.float32),
            "weights": weights,
            "n_steps": STEPS,
            "decay": DECAY,
            "limit": LIMIT,
            "noise": NOISE,
        }
        show(f"{n:5d} digits", there, arrays, lambda jobs, n=n: by_us(noisy(weights), digits[:n], STEPS, jobs))
    pixels = (rng.random((N_IMAGES, SIZES[0]), np.float32) * (rng.random((N_IMAGES, SIZES[0])) < 0.19)).astype(np.float32)
    first, second = (rng.normal(0, 0.1, pair).astype(np.float32) for pair in pairwise(SIZES))
    arrays = {"pixels": pixels, "first": first, "second": second, "n_steps": N_STEPS}
    network = dense(first, second)
    peers = [DENSE_PEER] if has(DENSE_PEER) else []
    show(f"{N_IMAGES} images", peers, arrays, lambda jobs: by_us(network, pixels, N_STEPS + 1, jobs))


if __name__ == "__main__":
    main()
