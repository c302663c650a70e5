"""Our `simulate` beside the same network written by hand for Brian2's C++ device, with the same index arrays and flags.

Run as ``python -m tests.benchmarks.bench_handwritten [network ...]``; prints processor seconds of the
run itself, build seconds and numbers of spikes. Each run is a process of its own. Networks of `standard_synapses` also say what
fraction of the pairs (neuron, step) is the same.
"""

import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import brian2 as b2
import numpy as np

from bioworkbench.records.execution import Execution
from bioworkbench.records.stimulus import silence
from bioworkbench.simulation import simulate
from tests.benchmarks import standard_networks
from tests.benchmarks.standard_synapses import PORTS
from tests.ports.described import plain_objects, records_of
from tests.ports.plain import spikes_in, spikes_of

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
    row = built_and_run(folder, duration, group, monitor, *parts)
    return row | {"spikes": len(monitor.i)}


def built_and_run(folder, duration, *objects):
    """Processor seconds of the run of plain objects in C++, without the reading of arrays before it, and seconds of the build."""
    b2.device.insert_code("before_network_run", "const std::clock_t begun = std::clock();")
    taken = 'std::ofstream("processor") << double(std::clock() - begun)/CLOCKS_PER_SEC;'
    b2.device.insert_code("after_network_run", taken)
    b2.Network(*objects).run(duration * b2.second, namespace={})
    started = time.perf_counter()
    b2.device.build(directory=folder, run=False)
    built = time.perf_counter() - started
    b2.device.run()
    return {"run": float((Path(folder) / "processor").read_text()), "build": built}


def port_by_hand(port):
    """The objects of a port in C++."""
    folder = tempfile.mkdtemp()

    def begin(dt):
        b2.set_device("cpp_standalone", directory=folder, build_on_run=False)
        b2.defaultclock.dt = dt * b2.second

    groups, made, monitors = plain_objects(port, begin)
    row = built_and_run(folder, port.duration, *groups.values(), *made, *monitors.values())
    return row | kept(spikes_of(monitors["cells"], port.dt))


def port_by_us(port):
    """The records of a port, twice: from nothing, and from the cache."""
    network, trains = records_of(port)
    started = time.perf_counter()
    first = simulate(network, trains, 1, dt=port.dt, backend="cpp", execution=Execution(threads=1))
    built = time.perf_counter() - started
    again = simulate(network, trains, 2, dt=port.dt, backend="cpp", execution=Execution(threads=1))
    row = {"run": again.timing["processor"], "build": built - float(first.timing["simulate"])}
    return row | kept(spikes_in(again, "cells"))


def kept(pairs):
    """Number of spikes, and the pairs (neuron, step) themselves for the comparison."""
    return {"spikes": len(pairs), "pairs": sorted(pairs)}


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


def one_run(way, name):
    """What one way gives for one network, in this process."""
    if name in PORTS:
        return {"by_hand": port_by_hand, "by_us": port_by_us}[way](PORTS[name](np.random.default_rng(1)))
    kind, size = NETWORKS[name]
    return {"by_hand": by_hand, "by_us": by_us}[way](getattr(standard_networks, kind)(size, np.random.default_rng(1)), 1.0)


def main():
    names = sys.argv[1:] or [*NETWORKS, *PORTS]
    if names[0] in ("by_hand", "by_us"):
        print(json.dumps(one_run(*names[:2])))
        return
    print(f"{'network':16} {'':8} {'run s':>8} {'build s':>8} {'spikes':>9}   ratio of run times")
    for name in names:
        rows = {}
        for way in ("by_hand", "by_us"):
            done = subprocess.run([sys.executable, "-m", __spec__.name, way, name], capture_output=True, text=True, check=True)
            rows[way] = json.loads(done.stdout.splitlines()[-1])
        for way, row in rows.items():
            ratio = f"{row['run'] / rows['by_hand']['run']:.2f}"
            print(f"{name:16} {way:8} {row['run']:8.3f} {row['build']:8.1f} {row['spikes']:9d}   {ratio}")
        pairs = [{(neuron, step) for neuron, step in row.get("pairs", ())} for row in rows.values()]
        if pairs[0]:
            print(f"{'':16} {len(pairs[0] & pairs[1]) / len(pairs[0] | pairs[1]):.1%} of the spikes are the same")


if __name__ == "__main__":
    main()
