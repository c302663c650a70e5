"""1000 sets of parameters of an adaptive exponential neuron, 1 s each, on two threads: the search of `bw.fit`, beside Brian2.

Run as ``python -m tests.benchmarks.bench_fitting``; prints wall-clock and processor seconds. Brian2 does equal work, the same current and
parameters and the same distance from the wanted train, in two ways: a set at a time on its Cython target (``store`` and ``restore``, for
fewer sets, warmed before the clock starts), and all sets of a generation as the neurons of one group, as brian2modelfitting does. The
loop's seconds are multiplied to 1000 sets. Nothing is fitted to speed: settings are those of ``network_specs/fitted_adex.toml``.
"""

import resource
import subprocess
import sys
import time

import brian2 as b2
import numpy as np
from brian2 import mV, nS, pA, pF

import bioworkbench as bw
from bioworkbench.experiment.spec import read
from bioworkbench.experiment.spec.plan import construct
from bioworkbench.neurons import adex
from bioworkbench.readout.spike_distances import coincidence_factor
from bioworkbench.records.randomness import stream
from bioworkbench.records.stimulus import SpikeTrains

N_SETS, GENERATIONS, N_LOOP, DT, DURATION = 200, 4, 20, 1e-4, 1.0
TRUE = {"capacitance": "281 pF", "leak": "30 nS", "threshold": "-50.4 mV", "a": "4 nS", "b": "80.5 pA", "tau_w": "144 ms"}
RANGES = {
    "populations.cell.capacitance": ("100 pF", "500 pF"),
    "populations.cell.leak": ("5 nS", "60 nS"),
    "populations.cell.threshold": ("-60 mV", "-40 mV"),
    "populations.cell.a": ("0 nS", "20 nS"),
    "populations.cell.b": ("0 pA", "300 pA"),
    "populations.cell.tau_w": ("20 ms", "300 ms"),
}
UNITS = [pF, nS, mV, nS, pA, b2.ms]


def spec(**changes):
    """One cell under a fluctuating current."""
    current = {"kind": "noise", "target": "cell", "mean": "800 pA", "deviation": "400 pA", "tau": "5 ms", "frame": "0.5 ms"}
    cell = {"kind": "adex", "size": 1} | TRUE
    given = {"seed": 1, "dt": "0.1 ms", "duration": "1 s", "threads": 2, "populations": {"cell": cell | changes}}
    return read(given | {"stimuli": {"current": current}}, "fit")


def wanted_train(given):
    """Spikes of the neuron with the true parameters."""
    spikes = bw.simulator(given, {"populations.cell.a": "nS"}).recordings(np.array([[4.0]]))[0].spikes["cell"]
    return SpikeTrains("wanted", spikes.trial, spikes.neuron, spikes.time, None, 1, 1)


def clocked(work):
    """Wall-clock and processor seconds of a call, and what it returns."""

    def processor():
        used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
        return sum(one.ru_utime + one.ru_stime for one in used)

    begin, before = time.perf_counter(), processor()
    found = work()
    return time.perf_counter() - begin, processor() - before, found


def current_of(given):
    """The current (n_frames,) in amperes, with its frame in seconds."""
    (stimulus,) = construct(given).stimuli
    return stimulus.values[0, :, 0], stimulus.frame


def drawn(n):
    """Sets (n, 6) of plain numbers in the units of the ranges."""
    lows, highs = np.array([[float(one.split()[0]) for one in pair] for pair in RANGES.values()]).T
    return lows + (highs - lows) * stream(1, "sets").random((n, lows.size))


def brian2_group(n, current, frame):
    """The neurons, without a simulation yet."""
    neuron = adex()
    table = b2.TimedArray(current * b2.amp, dt=frame * b2.second)
    free = ["capacitance", "leak", "threshold", "a", "b", "tau_w"]
    units = ["farad", "siemens", "volt", "siemens", "amp", "second"]
    text = neuron.equations.replace("drive : amp", "drive = table(t) : amp")
    text += "".join(f"\n{name} : {unit} (constant)" for name, unit in zip(free, units, strict=True))
    constants = {name: value for name, value in neuron.constants.items() if name not in free}
    return b2.NeuronGroup(
        n, text, threshold=neuron.threshold, reset=neuron.reset, method="euler", namespace=constants | {"table": table}
    )


def set_parameters(group, sets):
    for name, unit, column in zip(["capacitance", "leak", "threshold", "a", "b", "tau_w"], UNITS, sets.T, strict=True):
        setattr(group, name, column * unit)
    group.v = -70.6 * mV


def distance(times, theirs):
    return -coincidence_factor(times, theirs, duration=DURATION)


def loop(current, frame, theirs):
    """A set at a time."""
    b2.prefs.codegen.target = "cython"
    b2.defaultclock.dt = DT * b2.second
    group = brian2_group(1, current, frame)
    monitor = b2.SpikeMonitor(group)
    network = b2.Network(group, monitor)
    network.store()

    def one(values):
        network.restore()
        set_parameters(group, values[None])
        network.run(DURATION * b2.second)
        return distance(np.array(monitor.t_), theirs)

    one(drawn(1)[0])
    return clocked(lambda: [one(values) for values in drawn(N_LOOP)])


def together(current, frame, theirs):
    """Generations as groups, with Brian2's compiled code of one process: built once, warmed before the clock starts."""
    b2.prefs.codegen.target = "cython"
    b2.defaultclock.dt = DT * b2.second
    group = brian2_group(N_SETS, current, frame)
    monitor = b2.SpikeMonitor(group)
    network = b2.Network(group, monitor)
    network.store()
    everything = drawn(N_SETS * (GENERATIONS + 1)).reshape(GENERATIONS + 1, N_SETS, -1)

    def generation(sets):
        network.restore()
        set_parameters(group, sets)
        network.run(DURATION * b2.second)
        trains = monitor.spike_trains()
        return [distance(np.array(trains[k] / b2.second), theirs) for k in range(N_SETS)]

    generation(everything[0])
    return clocked(lambda: [generation(sets) for sets in everything])


def main(part=""):
    given = spec()
    if part:
        current, frame = current_of(given)
        theirs = wanted_train(given).time
        seconds, used, _ = {"loop": loop, "together": together}[part](current, frame, theirs)
        print(seconds, used)
        return
    wanted = wanted_train(given)  # builds nothing that the search has not to build as well: it is another size only
    n_sets = N_SETS * (GENERATIONS + 1)
    print(f"{n_sets} sets of 1 s, {len(wanted)} spikes wanted")
    for name in ("first", "again"):
        seconds, used, found = clocked(lambda: bw.fit(given, RANGES, wanted, n_sets=N_SETS, generations=GENERATIONS, threads=2))
        print(
            f"bw.fit, 2 threads, {name:6} {seconds:7.2f} s, {used:7.2f} s of processor; distance {found.distance:.3f}", flush=True
        )
    for name, factor in (("loop", n_sets / N_LOOP), ("together", 1)):
        command = [sys.executable, "-m", "tests.benchmarks.bench_fitting", name]
        done = subprocess.run(command, check=True, capture_output=True, text=True)
        theirs, processor = map(float, done.stdout.split())
        about = f"{N_LOOP} sets measured, times {factor:g}" if factor > 1 else "a generation as one group"
        print(
            f"Brian2, {about:28} {theirs * factor:7.2f} s, {processor * factor:7.2f} s of processor: {theirs * factor / seconds:.1f} x"
        )


if __name__ == "__main__":
    main(*sys.argv[1:])
