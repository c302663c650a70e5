"""200 digits through 1000 noisy neurons for 25 steps: as copies in one program, beside Brian2 with ``store`` and ``restore``.

Run as ``python -m tests.benchmarks.bench_trial_copies``; prints wall-clock seconds from drives to spike counts. The loops
run on Brian2's Cython target, whose cache one image warms before the clock starts; the second loop freezes the garbage
collector's list of objects, which takes most of the time that Brian2 spends between runs. Each way is a process of its own.
"""

import gc
import json
import subprocess
import sys
import tempfile
import time

import brian2 as b2
import numpy as np
from brian2 import ms, mV
from scipy import sparse
from sklearn.datasets import load_digits

import bioworkbench as bw
from bioworkbench.neurons import noisy_lif
from bioworkbench.readout.features import spike_counts
from bioworkbench.records.stimulus import Stimulus

N_DIGITS, N_NEURONS, DURATION, DT = 200, 1000, 0.025, 0.001


def digits_and_weights():
    """Pixels (n_digits, 64) in 0 ... 1, and weights (64, n_neurons) in volt."""
    pixels = load_digits().data[:N_DIGITS] / 16
    return pixels, np.random.default_rng(1).normal(0.0, 10e-3, (64, N_NEURONS))


def model():
    """Leaky membrane with white noise, from our library; both ways use its equations."""
    return noisy_lif(tau=20 * ms, sigma=2 * mV, rest=-55 * mV)


def loop(pixels, weights, frozen):
    """One network, put back to its start for every image."""
    neuron = model()
    b2.prefs.codegen.target = "cython"
    b2.defaultclock.dt = DT * b2.second
    group = b2.NeuronGroup(
        N_NEURONS,
        neuron.equations,
        threshold=neuron.threshold,
        reset=neuron.reset,
        refractory=neuron.refractory,
        method=neuron.method,
        namespace=dict(neuron.constants),
    )
    group.v = neuron.start["v"]
    monitor = b2.SpikeMonitor(group)
    network = b2.Network(group, monitor)
    network.store()

    def counts(image):
        network.restore()
        group.drive = image @ weights * b2.volt
        network.run(DURATION * b2.second)
        return np.bincount(monitor.i, minlength=N_NEURONS)

    counts(pixels[0])
    if frozen:
        gc.collect()
        gc.freeze()
    started = time.perf_counter()
    found = np.stack([counts(image) for image in pixels])
    return {"seconds": time.perf_counter() - started, "counts": found.mean()}


def copies(pixels, weights):
    """All images in one call of `simulate`: with an empty cache of programs, then again."""
    network = bw.Network(
        (bw.Population("cells", N_NEURONS, model()),), (bw.Projection("input", "cells", sparse.csr_array(weights)),)
    )
    stimulus, seconds, found = Stimulus(pixels[:, None], DURATION), [], np.zeros(0)
    for seed in (1, 2, 3, 4):
        started = time.perf_counter()
        recording = bw.simulate(network, stimulus, seed, dt=DT, backend="cpp")
        found = spike_counts(recording, ["cells"])
        seconds.append(time.perf_counter() - started)
    return {"seconds": float(np.median(seconds[1:])), "with_build": seconds[0], "counts": found.mean()}


def measured(way):
    """What one way prints, in a process and with a program cache of its own."""
    with tempfile.TemporaryDirectory() as folder:
        command = ["env", f"BIOWORKBENCH_CACHE={folder}", sys.executable, "-m", __spec__.name, way]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
    return json.loads(done.stdout.splitlines()[-1])


def main():
    if len(sys.argv) > 1:
        pixels, weights = digits_and_weights()
        ways = {"loop": lambda: loop(pixels, weights, False), "frozen": lambda: loop(pixels, weights, True)}
        print(json.dumps((ways | {"copies": lambda: copies(pixels, weights)})[sys.argv[1]]()))
        return
    rows = {way: measured(way) for way in ("loop", "frozen", "copies")}
    ours = rows["copies"]
    print(f"{N_DIGITS} digits, {N_NEURONS} neurons, {DURATION / DT:.0f} steps; copies: {ours['seconds']:.3f} s, mean count "
          f"{ours['counts']:.3f}; first call, with the build: {ours['with_build']:.2f} s")  # fmt: skip
    for way, words in (("loop", "store and restore"), ("frozen", "the same, with gc.freeze()")):
        row = rows[way]
        ratios = [row["seconds"] / ours[name] for name in ("seconds", "with_build")]
        print(
            f"{words:28} {row['seconds']:7.2f} s  mean count {row['counts']:.3f}   {ratios[0]:6.1f}x   with build {ratios[1]:5.1f}x"
        )


if __name__ == "__main__":
    main()
