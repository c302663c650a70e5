"""Networks with short-term plasticity, trial by trial and as copies in one program; and a second run with other constants of plasticity.

Run as ``python -m tests.benchmarks.bench_plastic_copies``; prints processor seconds of a hundred trials with drives of their own:
with Brian2 on its Cython target, put back by ``store`` and ``restore`` (caches warmed by one trial), with one call of `simulate` per
trial, and with one call for all. Nothing is random, and all ways give the same numbers of spikes. Each way is a process of its own.
"""

import json
import os
import subprocess
import sys
import tempfile
import time

import brian2 as b2
import numpy as np
from brian2 import ms, mV
from scipy import sparse

import bioworkbench as bw
from bioworkbench.neurons import NeuronModel
from bioworkbench.records.stimulus import Stimulus, silence
from bioworkbench.synapses import pair_stdp, tsodyks_markram
from tests.benchmarks.standard_networks import random_links

N_TRIALS, N_NEURONS, DURATION, DT = 100, 200, 0.2, 1e-4
MODEL = NeuronModel(
    "dv/dt = (drive - v)/(20*ms) : volt (unless refractory)\ndrive : volt",
    "v > 15*mV",
    "v = 10*mV",
    start={"v": 10 * mV},
    refractory=2 * ms,
    method="exact",
)


def drives_and_links():
    """Drives (n_trials, n_neurons) in volt, and links with weights."""
    rng = np.random.default_rng(1)
    links = random_links(N_NEURONS, N_NEURONS, 0.1, rng)
    links.data[:] = rng.uniform(0.1e-3, 1e-3, links.nnz)
    return rng.uniform(13e-3, 18e-3, (N_TRIALS, N_NEURONS)), links


def loop(drives, links):
    """Plain Brian2: one network, put back to its start for every trial."""
    b2.prefs.codegen.target = "cython"
    b2.defaultclock.dt = DT * b2.second
    group = b2.NeuronGroup(
        N_NEURONS, MODEL.equations, threshold=MODEL.threshold, reset=MODEL.reset, refractory=2 * ms, method="exact"
    )
    group.v = 10 * mV
    synapses = b2.Synapses(
        group,
        group,
        "weight : volt\ndx/dt = (1 - x)/(800*ms) : 1 (event-driven)",
        on_pre="v_post += weight*0.5*x\nx -= 0.5*x",
        delay=1 * ms,
    )
    synapses.connect(i=np.repeat(np.arange(N_NEURONS), np.diff(links.indptr)), j=links.indices)
    synapses.weight_, synapses.x = links.data, 1
    monitor = b2.SpikeMonitor(group)
    network = b2.Network(group, synapses, monitor)
    network.store()

    def spikes(drive):
        network.restore()
        group.drive = drive * b2.volt
        network.run(DURATION * b2.second)
        return len(monitor.i)

    spikes(drives[0])
    started = os.times()
    return [spikes(drive) for drive in drives], started


def network_of(links, **settings):
    """The network as records; the drive is a stimulus."""
    drive = bw.Projection("input", "cells", sparse.eye_array(N_NEURONS, format="csr"), receives="drive")
    joins = bw.Projection("cells", "cells", links, 1e-3, synapse=tsodyks_markram(**settings))
    return bw.Network((bw.Population("cells", N_NEURONS, MODEL),), (drive, joins))


def simulated(drives, links, at_once):
    """Spikes of trials, `at_once` of them in a call of `simulate`."""
    network = network_of(links)

    def spikes(some):
        made = bw.simulate(network, Stimulus(some[:, None], DURATION), 1, dt=DT, backend="cpp", execution=bw.Execution(threads=1))
        return np.bincount(made.spikes["cells"].trial, minlength=len(some)).tolist()

    spikes(drives[:at_once])
    started = os.times()
    return [n for first in range(0, N_TRIALS, at_once) for n in spikes(drives[first : first + at_once])], started


def other_constants():
    """Seconds of a first run, and of three more, each with constants of its own, from the call to the first step."""
    rng = np.random.default_rng(2)
    inputs = bw.Population("inputs", 100, MODEL)
    links = bw.Links.from_csr(random_links(100, N_NEURONS, 0.5, rng), weights=0.2 * mV, delays=1 * ms)
    seconds = []
    for k in range(4):
        synapse = pair_stdp(largest=(1 + k) * mV, potentiation=0.01 / (1 + k), tau_plus=(20 + k) * ms)
        projection = bw.Projection("inputs", "cells", links, synapse=synapse)
        network = bw.Network((inputs, bw.Population("cells", N_NEURONS, MODEL)), (projection,))
        started = time.perf_counter()
        made = bw.simulate(network, silence(0.05), 1, dt=DT, backend="cpp", execution=bw.Execution(threads=1))
        seconds.append(time.perf_counter() - started - float(made.timing["simulate"]))
    return seconds


WAYS = {
    "store and restore": loop,
    "a call per trial": lambda *data: simulated(*data, 1),
    "copies": lambda *data: simulated(*data, N_TRIALS),
}


def measured(way):
    """What one way prints, in a process and with a program cache of its own."""
    with tempfile.TemporaryDirectory() as folder:
        command = ["env", f"BIOWORKBENCH_CACHE={folder}", sys.executable, "-m", __spec__.name, way]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
    return json.loads(done.stdout.splitlines()[-1])


def main():
    if sys.argv[1:] == ["constants"]:
        print(json.dumps(other_constants()))
        return
    if len(sys.argv) > 1:
        counts, started = WAYS[sys.argv[1]](*drives_and_links())
        print(json.dumps({"seconds": sum(os.times()[:4]) - sum(started[:4]), "counts": counts}))
        return
    rows = {way: measured(way) for way in WAYS}
    for way, row in rows.items():
        same = np.mean(np.equal(row["counts"], rows["copies"]["counts"]))
        ratio = row["seconds"] / rows["copies"]["seconds"]
        print(
            f"{way:20} {row['seconds']:8.2f} s  {sum(row['counts'])} spikes, as many in {same:.0%} of the trials   {ratio:6.1f}x"
        )
    first, *others = measured("constants")
    print(
        f"other constants of plasticity: to the first step {first:.2f} s with the build, then {', '.join(f'{t:.3f}' for t in others)} s"
    )


if __name__ == "__main__":
    main()
