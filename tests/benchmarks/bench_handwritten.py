"""Our `simulate` beside the same network written by hand for Brian2's C++ device, with the same index arrays and flags.

Run as ``python -m tests.benchmarks.bench_handwritten [network ...]``; prints processor seconds of the
run itself (what Brian2's own clock counts), build seconds and numbers of spikes. Each run is a process of its own.
"""

import json
import subprocess
import sys
import tempfile
import time

import brian2 as b2
import numpy as np

from bioworkbench.records.stimulus import silence
from bioworkbench.simulation import simulate
from tests.benchmarks import standard_networks

NETWORKS = {
    f"{kind} {size}": (kind, size)
    for kind, size in [("cuba", 4000), ("cuba", 20000), ("coba", 4000), ("coba", 20000), ("brunel", 10000)]
}


def by_hand(network, duration):
    """The network with NeuronGroup, Synapses and SpikeMonitor, as a Brian2 user writes it."""
    (population,) = network.populations
    model = population.model
    folder = tempfile.mkdtemp()
    b2.set_device("cpp_standalone", directory=folder, build_on_run=False)
    b2.defaultclock.dt = 0.1 * b2.ms
    group = b2.NeuronGroup(
        population.size,
        model.equations,
        threshold=model.threshold,
        reset=model.reset,
        refractory=model.refractory,
        method=model.method,
        namespace=dict(model.constants),
    )
    for variable, value in model.start.items():
        setattr(group, variable, value)
    parts = []
    for projection in network.projections:
        receiver = network.receiver(projection)
        unit = model.unit(receiver)
        synapses = b2.Synapses(group, group, f"w : {unit}", on_pre=f"{receiver}_post += w", delay=projection.delay * b2.second)
        rows = np.repeat(np.arange(population.size), np.diff(projection.weights.indptr))
        synapses.connect(i=rows, j=projection.weights.indices)
        synapses.w_ = projection.weights.data
        parts.append(synapses)
    monitor = b2.SpikeMonitor(group)
    b2.Network(group, monitor, *parts).run(duration * b2.second)
    started = time.perf_counter()
    b2.device.build(directory=folder, run=False)
    built = time.perf_counter() - started
    b2.device.run()
    return {"run": b2.device._last_run_time, "build": built, "spikes": len(monitor.i)}


def by_us(network, duration):
    """The same through `simulate`, twice: from nothing, and from the cache."""
    started = time.perf_counter()
    first = simulate(network, silence(duration), 1, dt=0.1 * b2.ms, backend="cpp")
    built = time.perf_counter() - started
    again = simulate(network, silence(duration), 2, dt=0.1 * b2.ms, backend="cpp")
    return {
        "run": again.timing["processor"],
        "build": built - float(first.timing["simulate"]),
        "spikes": len(again.spikes["cells"]),
    }


def main():
    names = sys.argv[1:] or list(NETWORKS)
    if names[0] in ("by_hand", "by_us"):
        kind, size = NETWORKS[names[1]]
        network = getattr(standard_networks, kind)(size, np.random.default_rng(1))
        print(json.dumps(globals()[names[0]](network, 1.0)))
        return
    print(f"{'network':14} {'':8} {'run s':>8} {'build s':>8} {'spikes':>9}   ratio of run times")
    for name in names:
        rows = {}
        for way in ("by_hand", "by_us"):
            done = subprocess.run([sys.executable, "-m", __spec__.name, way, name], capture_output=True, text=True, check=True)
            rows[way] = json.loads(done.stdout.splitlines()[-1])
        for way, row in rows.items():
            ratio = f"{row['run'] / rows['by_hand']['run']:.2f}"
            print(f"{name:14} {way:8} {row['run']:8.3f} {row['build']:8.1f} {row['spikes']:9d}   {ratio}")


if __name__ == "__main__":
    main()
