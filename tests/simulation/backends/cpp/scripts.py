"""Plain Brian2 scripts, as functions that build a network, and a way to run them on any device."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from brian2 import (
    Hz,
    Network,
    NeuronGroup,
    PoissonInput,
    SpikeMonitor,
    StateMonitor,
    Synapses,
    TimedArray,
    defaultclock,
    get_device,
    linked_var,
    ms,
    mV,
    prefs,
    seed,
    set_device,
)
from brian2.devices.device import reset_device

import bioworkbench.device  # noqa: F401  registers the device

Script = Callable[..., tuple[Network, Callable[[], dict[str, Any]]]]
LIF = "dv/dt = (1.2 - v + g) / (10*ms) : 1\ndg/dt = -g / (5*ms) : 1"


def run_on(name: str, folder: Path | None, script: Script, duration: Any = 100 * ms, **settings: Any) -> dict[str, Any]:
    """What a script leaves when a device runs it: "runtime" (NumPy), "cpp_standalone" or "bioworkbench"."""
    target, dt = prefs.codegen.target, defaultclock.dt
    if name == "runtime":
        prefs.codegen.target = "numpy"
    else:
        set_device(name, directory=str(folder), with_output=False)
    try:
        network, read = script(**settings)
        network.run(duration)
        return read()
    finally:
        if name != "runtime":
            get_device().reinit()
            reset_device()
        prefs.codegen.target = target
        defaultclock.dt = dt


def spikes(monitor: SpikeMonitor) -> set[tuple[int, int]]:
    """(neuron, step) of every spike."""
    return set(zip(np.array(monitor.i).tolist(), np.rint(np.array(monitor.t) / 1e-4).astype(int).tolist(), strict=True))


def pairs(rng: np.random.Generator, n_source: int, n_target: int, chance: float) -> dict[str, np.ndarray]:
    i, j = np.nonzero(rng.random((n_source, n_target)) < chance)
    return {"i": i, "j": j}


def cuba(size: int = 300, number: int = 1, excited: float = 1.62, recorded: Any = (0,)) -> Any:
    """Vogels & Abbott (2005), with currents: two synaptic variables, refractory, excitation and inhibition."""
    rng = np.random.default_rng(number)
    equations = """dv/dt = (ge + gi - (v + 49*mV)) / (20*ms) : volt (unless refractory)
                   dge/dt = -ge / (5*ms) : volt
                   dgi/dt = -gi / (10*ms) : volt"""
    names = {"kick": excited * mV, "pull": -9 * mV}
    group = NeuronGroup(
        size, equations, threshold="v > -50*mV", reset="v = -60*mV", refractory=5 * ms, method="exact", namespace={}
    )
    group.v = rng.uniform(-60, -50, size) * mV
    n_excitatory = int(0.8 * size)
    excite = Synapses(group[:n_excitatory], group, on_pre="ge += kick", namespace=names)
    inhibit = Synapses(group[n_excitatory:], group, on_pre="gi += pull", namespace=names)
    excite.connect(**pairs(rng, n_excitatory, size, 0.1))
    inhibit.connect(**pairs(rng, size - n_excitatory, size, 0.1))
    monitor, trace = SpikeMonitor(group), StateMonitor(group, "v", record=list(recorded))
    network = Network(group, excite, inhibit, monitor, trace)
    return network, lambda: {"spikes": spikes(monitor), "v": np.array(trace.v), "count": np.array(monitor.count)}


def stdp() -> Any:
    """Pair rule with event-driven traces (Song, Miller & Abbott 2000), and a delay of its own for every synapse."""
    rng = np.random.default_rng(2)
    group = NeuronGroup(100, LIF, threshold="v > 1", reset="v = 0", method="exact", namespace={})
    group.v = rng.random(100)
    plastic = Synapses(
        group,
        group,
        """w : 1
           dpre_trace/dt = -pre_trace / (20*ms) : 1 (event-driven)
           dpost_trace/dt = -post_trace / (20*ms) : 1 (event-driven)""",
        on_pre="g_post += w\npre_trace += 0.01\nw = clip(w + post_trace, 0, 1)",
        on_post="post_trace -= 0.0105\nw = clip(w + pre_trace, 0, 1)",
        namespace={},
    )
    ends = pairs(rng, 100, 100, 0.2)
    plastic.connect(**ends)
    n = len(ends["i"])
    plastic.w = rng.random(n) * 0.05
    plastic.pre.delay = rng.uniform(0, 3, n) * ms
    plastic.post.delay = rng.uniform(0, 2, n) * ms
    monitor = SpikeMonitor(group)
    return Network(group, plastic, monitor), lambda: {"spikes": spikes(monitor), "w": np.array(plastic.w)}


def gap_junctions() -> Any:
    """Currents through junctions, summed over all of a neuron's."""
    rng = np.random.default_rng(3)
    group = NeuronGroup(
        50, "dv/dt = (drive - v + gap) / (10*ms) : 1\ngap : 1\ndrive : 1", threshold="v > 1", reset="v = 0", method="euler"
    )
    group.drive, group.v = rng.uniform(1.05, 1.5, 50), rng.random(50)
    junctions = Synapses(group, group, "w : 1\ngap_post = w * (v_pre - v_post) : 1 (summed)")
    junctions.connect(**pairs(rng, 50, 50, 0.1))
    junctions.w = 0.2
    monitor = SpikeMonitor(group)
    return Network(group, junctions, monitor), lambda: {"spikes": spikes(monitor), "gap": np.array(group.gap)}


def timed_arrays() -> Any:
    """Two tables, of one and of two dimensions, and a statement that runs by a clock of its own."""
    rng = np.random.default_rng(4)
    wave, fields = TimedArray(rng.uniform(0.9, 1.4, 40), dt=3 * ms), TimedArray(rng.uniform(0, 0.4, (30, 20)), dt=2.5 * ms)
    group = NeuronGroup(
        20, "dv/dt = (wave(t) + fields(t, i) + u - v) / (10*ms) : 1\nu : 1", threshold="v > 1", reset="v = 0", method="euler",
        namespace={"wave": wave, "fields": fields},
    )  # fmt: skip
    group.run_regularly("u = 0.3 * wave(t + 1*ms)", dt=1 * ms)
    monitor, trace = SpikeMonitor(group), StateMonitor(group, "u", record=True, dt=0.5 * ms)
    return Network(group, monitor, trace), lambda: {"spikes": spikes(monitor), "u": np.array(trace.u)}


def subgroups_and_links() -> Any:
    """Synapses from and to a part of a group, monitors of parts, and a variable linked to another population."""
    rng = np.random.default_rng(5)
    source = NeuronGroup(60, "dv/dt = (1.3 - v) / (10*ms) : 1", threshold="v > 1", reset="v = 0", method="exact", namespace={})
    source.v = rng.random(60)
    wave = NeuronGroup(5, "x = 1.1 + 0.3*sin(2*pi*20*Hz*t + i) : 1", namespace={})
    target = NeuronGroup(
        30, "dv/dt = (x - v + g) / (10*ms) : 1\ndg/dt = -g/(5*ms) : 1\nx : 1 (linked)", threshold="v > 1", reset="v = 0",
        method="euler", namespace={},
    )  # fmt: skip
    target.x = linked_var(wave, "x", index=np.arange(30) % 5)
    synapses = Synapses(source[10:40], source[30:50], "w : 1", on_pre="v_post += w", delay=1.5 * ms)
    onward = Synapses(source[20:], target, on_pre="g_post += 0.02", delay=0.7 * ms)
    synapses.connect(**pairs(rng, 30, 20, 0.3))
    onward.connect(**pairs(rng, 40, 30, 0.3))
    synapses.w = "0.001 * i + 0.002 * j"
    monitors = SpikeMonitor(source[20:50]), SpikeMonitor(target)
    network = Network(wave, source, target, synapses, onward, *monitors)
    return network, lambda: {"part": spikes(monitors[0]), "target": spikes(monitors[1]), "w": np.array(synapses.w)}


def populations(n: int = 3, size: int = 40) -> Any:
    """Populations of one model in a ring; their functions are the same."""
    rng = np.random.default_rng(6)
    groups = [NeuronGroup(size + k, LIF, threshold="v > 1", reset="v = 0", method="exact", namespace={}) for k in range(n)]
    synapses = []
    for k, group in enumerate(groups):
        group.v = rng.random(size + k)
        projection = Synapses(group, groups[(k + 1) % n], "w : 1", on_pre="g_post += w", delay=(k + 1) * ms, namespace={})
        projection.connect(**pairs(rng, len(group), len(groups[(k + 1) % n]), 0.2))
        projection.w = 0.05
        synapses.append(projection)
    monitors = [SpikeMonitor(group) for group in groups]
    return Network(groups, synapses, monitors), lambda: {f"{k}": spikes(monitor) for k, monitor in enumerate(monitors)}


def noisy(number: int = 1, size: int = 2000) -> Any:
    """Independent Ornstein-Uhlenbeck processes, and Poisson input to neurons that only count it."""
    seed(number)
    walk = NeuronGroup(size, "dx/dt = -x / (5*ms) + xi * (2 / (5*ms))**0.5 : 1", method="euler", namespace={})
    count = NeuronGroup(size, "n : 1", namespace={})
    few, many = PoissonInput(count, "n", 50, 40 * Hz, weight=1), PoissonInput(count, "n", 2000, 100 * Hz, weight=1)
    return Network(walk, count, few, many), lambda: {"x": np.array(walk.x), "n": np.array(count.n)}
