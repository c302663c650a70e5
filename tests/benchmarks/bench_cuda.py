"""The backend "cuda" on a machine with a GPU: its tests, then its times beside those of C++ on one core; under ten minutes.

Run as ``python -m tests.benchmarks.bench_cuda``. All programs are built at once first, so that the times are those of known structures.

Seen on an NVIDIA H100 80GB HBM3 (driver 580.159, nvcc 13.0.88, Python 3.12.3, brian2cuda 1.0b1, Brian2 2.10.1, NumPy 2.5.2; the GPU
and six of 16 cores were shared with a training meanwhile), where all 14 tests of the marker passed in 105 s; whole seconds of a
call, in brackets as a ratio to C++, whose loops were not yet vectorized:

======================  ==========  =============  =============  ===============
case                    C++         CUDA, double   CUDA, single   build, C++ / CUDA
======================  ==========  =============  =============  ===============
digits, 200 trials      0.067       0.374 (0.18)   0.385 (0.17)   2.7 / 24
digits, 4096 trials     1.515       0.722 (2.1)    0.698 (2.2)    2.6 / 21
cuba 4000               0.131       1.250 (0.10)   1.173 (0.11)   6.9 / 34
cuba 4000, 64 trials    8.348       1.515 (5.5)    1.420 (5.9)    8.7 / 29
brunel 10000            1.852       1.635 (1.1)    1.608 (1.2)    2.7 / 21
======================  ==========  =============  =============  ===============

In double precision CUBA has exactly the spikes of C++ (21 437; 1 371 968 in 64 trials); with noise the counts agree within 0.3 %. In single
precision CUBA has 0.4 % more spikes: rounding moves a spike, and a recurrent network takes it from there.
"""

import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor

import brian2 as b2
import numpy as np
from scipy import sparse

from bioworkbench.neurons import noisy_lif
from bioworkbench.records.execution import Execution
from bioworkbench.records.network import Network, Population, Projection
from bioworkbench.records.stimulus import Stimulus, silence
from bioworkbench.simulation import choose_backend, simulate
from bioworkbench.simulation.backends.cuda.toolkit import brian2cuda_version, gpu, nvcc_version
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
    recording = simulate(network, stimulus, seed, dt=dt, backend=backend, execution=Execution(precision=precision))
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
