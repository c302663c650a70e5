"""The backend "cuda" on a machine with a GPU: its tests, then its times beside those of C++ on one core; under ten minutes.

Run as ``python -m tests.benchmarks.bench_cuda``. All programs are built at once first, so that the times are those of known structures.
"""

import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor

import brian2 as b2
import numpy as np
from scipy import sparse

from bioworkbench.network import Network, Population, Projection
from bioworkbench.neurons import noisy_lif
from bioworkbench.signals import Stimulus, silence
from bioworkbench.simulation import choose_backend, simulate
from bioworkbench.simulation.cuda import brian2cuda_version, gpu, nvcc_version
from tests.benchmarks import standard_networks


def digits(n_trials, rng):
    """1000 noisy neurons, 64 channels, 25 steps of 1 ms: the job of network_specs/ransnn_digits.toml."""
    weights = sparse.csr_array(rng.normal(0, 10e-3, (64, 1000)) * (rng.random((64, 1000)) < 0.2))
    network = Network((Population("cells", 1000, noisy_lif(sigma=1 * b2.mV)),), (Projection("input", "cells", weights),))
    return network, Stimulus(rng.random((n_trials, 1, 64)), 25e-3), 1e-3


def standard(name, n, rng, n_trials=1):
    return getattr(standard_networks, name)(n, rng), silence(1.0, n_trials), 1e-4


CASES = {
    "digits, 200 trials": lambda rng: digits(200, rng),
    "digits, 4096 trials": lambda rng: digits(4096, rng),
    "cuba 4000": lambda rng: standard("cuba", 4000, rng),
    "cuba 4000, 64 trials": lambda rng: standard("cuba", 4000, rng, 64),
    "brunel 10000": lambda rng: standard("brunel", 10_000, rng),
}
WAYS = (("cpp", "double"), ("cuda", "double"), ("cuda", "single"))


def run(case, backend, precision, seed):
    network, stimulus, dt = CASES[case](np.random.default_rng(1))
    started = time.perf_counter()
    recording = simulate(network, stimulus, seed, dt=dt, backend=backend, precision=precision)
    return time.perf_counter() - started, recording


def main():
    choose_backend("cuda")
    print(f"{gpu()}; nvcc {nvcc_version()}; brian2cuda {brian2cuda_version()}; Brian2 {b2.__version__}", flush=True)
    command = [sys.executable, "-m", "pytest", "-q", "-n", "8", "-m", "cuda", "-rfE", "tests/simulation"]
    subprocess.run(command, check=False)
    runs = [(case, *way) for case in CASES for way in WAYS]
    with ThreadPoolExecutor(8) as pool:
        built = list(pool.map(lambda arguments: run(*arguments, 1)[1].timing, runs))
    print(
        f"{'case':22} {'backend':8} {'precision':9} {'build s':>8} {'load s':>8} {'run s':>8} {'whole s':>8} {'spikes':>10}   ratio to cpp"
    )
    for (case, backend, precision), first in zip(runs, built, strict=True):
        whole, recording = run(case, backend, precision, 2)
        if backend == "cpp":
            reference = whole
        timing, spikes = recording.timing, sum(map(len, recording.spikes.values()))
        build = first.get("generate", 0.0) + first.get("compile", 0.0)
        times = f"{build:8.1f} {timing['load']:8.3f} {timing['simulate']:8.3f} {whole:8.3f}"
        print(f"{case:22} {backend:8} {precision:9} {times} {spikes:10d}   {reference / whole:.2f}", flush=True)


if __name__ == "__main__":
    main()
