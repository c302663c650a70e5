"""The simulation engine: builds, second runs, sweeps, jobs, scaling and memory, each beside what it is to be compared with.

``python -m tests.benchmarks.bench_engine`` prints a line per row; names of rows as arguments run only those.
"""

import json
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path

import brian2 as b2
import numpy as np
from brian2 import ms, mV
from scipy import sparse

from bioworkbench.neurons import noisy_lif
from bioworkbench.records.execution import Execution
from bioworkbench.records.network import Network, Population, Projection
from bioworkbench.records.probe import Probe
from bioworkbench.records.stimulus import Stimulus, silence
from bioworkbench.simulation import simulate
from bioworkbench.simulation.backends.cpp.programs import programs
from bioworkbench.simulation.backends.cpp.toolchain import flags
from tests.benchmarks import standard_networks
from tests.benchmarks.bench_handwritten import by_hand

DT = 1e-4


def run(network, duration=0.1, seed=1, **settings):
    return simulate(network, silence(duration), seed, dt=settings.pop("dt", DT), backend="cpp", **settings)


def seconds(function, *arguments, **settings):
    started = time.perf_counter()
    result = function(*arguments, **settings)
    return time.perf_counter() - started, result


@contextmanager
def empty_cache():
    kept = os.environ.get("BIOWORKBENCH_CACHE")
    with tempfile.TemporaryDirectory() as folder:
        os.environ["BIOWORKBENCH_CACHE"] = folder
        yield
    os.environ |= {"BIOWORKBENCH_CACHE": kept} if kept else {}
    if kept is None:
        del os.environ["BIOWORKBENCH_CACHE"]


def two_populations(rng, tau=20 * ms, n=400):
    links = [standard_networks.random_links(a, b, 0.1, rng) for a, b in ((n, n // 4), (n // 4, n), (n, n))]
    model = noisy_lif(tau=tau, sigma=5 * mV)
    names = (("exc", "inh"), ("inh", "exc"), ("exc", "exc"))
    projections = [Projection(a, b, part * w, 1.5e-3) for (a, b), part, w in zip(names, links, (4e-4, -1e-3, 1e-4), strict=True)]
    return Network((Population("exc", n, model), Population("inh", n // 4, model)), tuple(projections))


def build():
    """Cold build of a two-population network, until the program is there."""
    network = two_populations(np.random.default_rng(1))
    run(standard_networks.cuba(100, np.random.default_rng(1)), 0.01)  # imports and caches of Brian2 are warm
    started = processor()
    with cache_with_engine():
        first = run(network).timing
    built = processor()
    hand = by_hand_two(network)
    ours = first["generate"] + first["compile"]
    print(f"cold build: {ours:.2f} s (generate {first['generate']:.2f}, compile {first['compile']:.2f}; processor "
          f"{built - started:.2f}); by hand {hand:.1f} s (processor {processor() - built:.1f})")  # fmt: skip


def processor():
    """Processor seconds so far, of this process and of those it started."""
    return sum(sum(resource.getrusage(who)[:2]) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))


def by_hand_two(network):
    """Seconds that Brian2's own C++ build of the same network takes."""
    b2.set_device("cpp_standalone", directory=tempfile.mkdtemp(), build_on_run=False)
    groups = {}
    for population in network.populations:
        model = population.model
        groups[population.name] = b2.NeuronGroup(
            population.size, model.equations, threshold=model.threshold, reset=model.reset, refractory=model.refractory,
            method=model.method, namespace=dict(model.constants), dt=0.1 * ms,
        )  # fmt: skip
    parts = []
    for projection in network.projections:
        synapses = b2.Synapses(groups[projection.source], groups[projection.target], "w : volt", "v_post += w", delay=1.5 * ms)
        rows = np.repeat(np.arange(projection.weights.shape[0]), np.diff(projection.weights.indptr))
        synapses.connect(i=rows, j=projection.weights.indices)
        parts.append(synapses)
    monitors = [b2.SpikeMonitor(group) for group in groups.values()]
    b2.Network(*groups.values(), *parts, *monitors).run(0.1 * b2.second)
    taken, _ = seconds(b2.device.build, directory=tempfile.mkdtemp(), run=False)
    b2.device.reinit()
    b2.set_device("runtime")
    return taken


def build8():
    """Cold build of the functions and the plan of 8 populations with 55 projections; the engine is there."""
    rng = np.random.default_rng(1)
    model = noisy_lif(sigma=5 * mV)
    cells = tuple(Population(f"p{k}", 100, model) for k in range(8))
    pairs = [(a, b) for a in range(8) for b in range(8)][:55]
    links = [Projection(f"p{a}", f"p{b}", standard_networks.random_links(100, 100, 0.1, rng) * 1e-4, 1.5e-3) for a, b in pairs]
    run(Network(cells[:1]), 0.01)
    with cache_with_engine():
        first = run(Network(cells, tuple(links)), 0.01).timing
    print(f"cold build, 8 populations with 55 projections: generate {first['generate']:.2f} s, compile {first['compile']:.2f} s")


@contextmanager
def cache_with_engine():
    """A cache that has the engine, which is compiled once per machine, and nothing else."""
    engines = [program for program in programs() if program.structure.get("engine") == list(flags())]
    with empty_cache():
        for engine in engines:
            shutil.copytree(engine.folder, Path(os.environ["BIOWORKBENCH_CACHE"]) / engine.folder.name)
        yield


def seeds():
    """100 Bernoulli networks of 1000 neurons, each with another number of synapses."""
    model = noisy_lif(sigma=5 * mV)
    networks = []
    for seed in range(101):
        links = standard_networks.random_links(1000, 1000, 0.1, np.random.default_rng(seed)) * 1e-4
        networks.append(Network((Population("cells", 1000, model),), (Projection("cells", "cells", links, 1.5e-3),)))
    run(networks[0])
    taken, recordings = seconds(lambda: [run(network) for network in networks[1:]])
    built = sum("compile" in recording.timing or "generate" in recording.timing for recording in recordings)
    print(f"100 seeds of a Bernoulli network of 1000 neurons: {taken / 100:.3f} s each, {built} built (target 0.06, 0)")


def others():
    """A known network in other sizes, durations, numbers of trials, and recorded otherwise: seconds of each, and what was built."""
    rng = np.random.default_rng(1)
    run(two_populations(rng), record=["exc.v"])
    run(two_populations(rng))
    network = two_populations(rng)
    row = {
        "duration": lambda: run(network, 0.15),
        "trials": lambda: simulate(network, silence(0.1, 7), 1, dt=DT, backend="cpp"),
        "neurons recorded": lambda: run(network, record=[Probe("exc", "v", (1, 5))]),
        "size": lambda: run(two_populations(rng, n=500)),
    }
    for name, call in row.items():
        taken, recording = seconds(call)
        print(f"another {name}: {taken:.3f} s, built: {sorted({'compile', 'generate'} & set(recording.timing)) or 'nothing'}")


def threads():
    """Two threads against one, in turns: wall time of the run, and whether spikes are the same."""
    for name, make, n, duration in (
        ("Brunel", standard_networks.brunel, 10_000, 0.5),
        ("CUBA", standard_networks.cuba, 20_000, 0.5),
    ):
        network = make(n, np.random.default_rng(1))
        run(network, duration, execution=Execution(threads=1))
        rows = {1: [], 2: [], 3: []}
        for _ in range(5):
            for number, found in rows.items():
                found.append(run(network, duration, execution=Execution(threads=number)))
        best = {number: min(recording.timing["simulate"] for recording in found) for number, found in rows.items()}
        same = len({recording.spikes["cells"].neuron.tobytes() for found in rows.values() for recording in found}) == 1
        print(
            f"threads, {name} {n}: one {best[1]:.3f} s, two {best[2]:.3f} s, {best[1] / best[2]:.2f}x; same spikes of 1, 2, 3: {same}"
        )


def second():
    """A known structure with new parameters, weights, endpoints and seed: seconds until its first step."""
    for name, make in (
        ("two populations", lambda k: two_populations(np.random.default_rng(k), tau=(20 + k) * ms)),
        ("CUBA 4000", lambda k: standard_networks.cuba(4000, np.random.default_rng(1))),
        ("CUBA 20000", lambda k: standard_networks.cuba(20000, np.random.default_rng(1))),
    ):
        run(make(0))
        network = same_numbers(make(0), make(1))
        taken, recording = seconds(run, network, seed=2)
        first_step = taken - recording.timing["simulate"] - recording.timing["collect"]
        built = "built again!" if "compile" in recording.timing else "not built again"
        print(f"second simulate, {name}: {first_step:.3f} s until the first step ({built}; target 0.5)")


def same_numbers(old, new):
    """The new network's models, with as many synapses as the old one has, between other neurons."""
    rng = np.random.default_rng(3)
    projections = []
    for projection in old.projections:
        mixed = (1.1 * projection.weights)[:, rng.permutation(projection.weights.shape[1])]
        mixed.sort_indices()
        projections.append(replace(projection, links=mixed))
    return Network(new.populations, tuple(projections))


def sweep():
    """50 points of a parameter against building each (three are built and extrapolated)."""
    make = [two_populations(np.random.default_rng(1), tau=(10 + k) * ms) for k in range(50)]
    rebuilt = 0.0
    for network in make[:3]:
        with empty_cache():
            rebuilt += seconds(run, network)[0] / 3
    hand = by_hand_two(make[0])
    run(make[0])
    taken = sum(seconds(run, network)[0] for network in make) / len(make)
    print(f"sweep: {taken:.3f} s a point, {rebuilt:.2f} s rebuilt by us ({rebuilt / taken:.0f}x), {hand:.1f} s by hand "
          f"({hand / taken:.0f}x; target 30x)")  # fmt: skip


def jobs():
    """2000 trials of a recurrent network by one and by two jobs."""
    network = two_populations(np.random.default_rng(1))
    run(network, 0.2, dt=5e-4)
    stimulus = silence(0.2, n_trials=2000)
    taken = {}
    for n_jobs in (1, 2, 1, 2):
        duration, _ = seconds(simulate, network, stimulus, 1, dt=5e-4, backend="cpp", execution=Execution(jobs=n_jobs))
        taken[n_jobs] = min(duration, taken.get(n_jobs, np.inf))
    print(f"jobs: 2000 trials {taken[1]:.2f} s by one, {taken[2]:.2f} s by two: {taken[1] / taken[2]:.2f}x (target 1.8)")


def neurons():
    """Processor time per neuron and step, from 1000 neurons on: noise alone, and CUBA with 80 synapses a neuron."""
    rng = np.random.default_rng(1)
    for name, make, sizes in (
        ("noisy neurons", lambda n: Network((Population("cells", n, noisy_lif()),)), (10**3, 10**4, 10**5, 10**6)),
        ("CUBA", lambda n: standard_networks.cuba(n, rng), (10**3, 10**4, 10**5)),
    ):
        costs = []
        for n in sizes:
            network, duration = make(n), {10**5: 0.1, 10**6: 0.02}.get(n, 1.0)
            run(network, duration)
            recording = run(network, duration)
            costs.append(recording.timing["processor"] / (n * recording.n_steps) * 1e9)
        row = ", ".join(f"{n:.0e}: {cost:.2f}" for n, cost in zip(sizes, costs, strict=True))
        print(f"{name}, ns per neuron and step: {row}; largest / smallest {max(costs) / min(costs):.1f} (target 2)")


def trials():
    """Seconds per trial for 1 to 1000 trials of a recurrent network, and how many runs they took."""
    network, row = two_populations(np.random.default_rng(1)), []
    for n in (1, 10, 100, 1000):
        stimulus = silence(0.2, n_trials=n)
        simulate(network, stimulus, 1, dt=5e-4, backend="cpp")
        taken, _ = seconds(simulate, network, stimulus, 2, dt=5e-4, backend="cpp")
        row.append(f"{n}: {taken / n * 1e3:.2f}")
    print(f"trials, ms per trial: {', '.join(row)}")


def synapses():
    """Processor time per spike that arrives, for 10 to 1000 synapses a neuron."""
    row = []
    for each in (10, 100, 1000):
        rng = np.random.default_rng(1)
        links = standard_networks.random_links(4000, 4000, each / 4000, rng)
        model = noisy_lif(sigma=5 * mV, rest=-45 * mV)
        network = Network((Population("cells", 4000, model),), (Projection("cells", "cells", links * 1e-9, 1.5e-3),))
        bare = Network(network.populations)
        run(network, 0.5), run(bare, 0.5)
        with_synapses, without = run(network, 0.5), run(bare, 0.5)
        arrived = len(with_synapses.spikes["cells"]) * each
        cost = (with_synapses.timing["processor"] - without.timing["processor"]) / arrived * 1e9
        row.append(f"{each}: {cost:.2f}")
    print(f"synapses, ns per arriving spike: {', '.join(row)}")


def memory():
    """Peak memory of Python and program together: 100 s against 10 s, and CUBA 20000 against the same by hand."""
    short, long = (measured("noisy", duration) for duration in (10.0, 100.0))
    ratio = long["bytes"] / short["bytes"]
    print(f"memory, 10 s: {short['bytes'] / 1e6:.0f} MB ({short['spikes']} spikes), 100 s: {long['bytes'] / 1e6:.0f} MB "
          f"({long['spikes']} spikes): {ratio:.2f}x (target 1.2)")  # fmt: skip
    ours, hand = measured("cuba", 0.5), measured("hand", 0.5)
    for name, row in (("ours", ours), ("by hand", hand)):
        parts = ", ".join(f"{part} {row[part] / 1e6:.0f}" for part in ("before", "own", "program"))
        print(f"memory, CUBA 20000 {name}: {row['bytes'] / 1e6:.0f} MB ({parts})")
    print(f"memory, CUBA 20000: {ours['bytes'] / hand['bytes']:.2f}x (target 1.2)")


def measured(kind, duration):
    """Peak memory of a process of its own, and of the simulation program that it starts."""
    program = f"from tests.benchmarks.bench_engine import one_run; one_run({kind!r}, {duration!r})"
    if kind != "hand":  # built beforehand, so that it is the run which is measured
        subprocess.run([sys.executable, "-c", program], check=True, capture_output=True)
    done = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True)
    return json.loads(done.stdout.splitlines()[-1])


def one_run(kind, duration):
    """Simulate and print peak memory, our own and the program's; both are there at the same time."""
    before, peaks = own_peak(), [0]
    threading.Thread(target=watch_programs, args=(peaks,), daemon=True).start()
    if kind == "noisy":
        network = Network((Population("cells", 1000, noisy_lif(rest=-45 * mV, sigma=2 * mV)),))
        n = len(run(network, duration).spikes["cells"])
    else:
        network = standard_networks.cuba(20000, np.random.default_rng(1))
        n = len(run(network, duration).spikes["cells"]) if kind == "cuba" else by_hand(network, duration)["spikes"]
    own, program = own_peak(), max(peaks)
    print(json.dumps({"bytes": own + program, "own": own, "program": program, "before": before, "spikes": n}))


def own_peak():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def watch_programs(peaks):
    """Note the peak memory of child processes called main, every five milliseconds."""
    while True:
        for children in Path("/proc/self/task").glob("*/children"):
            for child in children.read_text().split():
                with suppress(OSError, StopIteration):
                    lines = Path(f"/proc/{child}/status").read_text().splitlines()
                    if lines[0].split()[1] == "main":
                        peaks.append(int(next(line.split()[1] for line in lines if line.startswith("VmHWM"))) * 1024)
        time.sleep(0.005)


def drive():
    """A known network with frame-wise input, 1000 trials: what is spent outside the program."""
    rng = np.random.default_rng(1)
    weights = sparse.csr_array(rng.normal(0, 10e-3, (64, 1000)))
    network = Network((Population("cells", 1000, noisy_lif()),), (Projection("input", "cells", weights),))
    stimulus = Stimulus(rng.random((1000, 1, 64)), 0.025)
    simulate(network, stimulus, 1, dt=1e-3, backend="cpp")
    taken, recording = seconds(simulate, network, stimulus, 2, dt=1e-3, backend="cpp")
    phases = ", ".join(f"{phase} {value:.3f}" for phase, value in recording.timing.items())
    print(f"1000 trials of 1000 neurons, 25 steps: {taken:.3f} s ({phases})")


ROWS = {
    f.__name__: f for f in (build, build8, seeds, others, threads, second, sweep, jobs, neurons, trials, synapses, drive, memory)
}


def main():
    for name in sys.argv[1:] or ROWS:
        ROWS[name]()
        sys.stdout.flush()


if __name__ == "__main__":
    main()
