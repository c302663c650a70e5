"""Pair STDP (Song, Miller and Abbott, Nature Neuroscience 3, 2000) in plain Brian2 and here: spikes and weights, trials apart."""

import numpy as np
import pytest
from brian2 import NeuronGroup, SpikeMonitor, Synapses, ms, mV, second

from bioworkbench import simulate
from bioworkbench.records.network import Network, Population, Projection
from bioworkbench.records.neuron import NeuronModel
from bioworkbench.records.stimulus import silence
from bioworkbench.records.synapse import SynapseModel
from bioworkbench.simulation.backends.cpp.toolchain import missing_compiler
from tests.ports.plain import plain, run_plain, spikes_in, spikes_of

EQUATIONS = "dapre/dt = -apre/taupre : 1 (event-driven)\ndapost/dt = -apost/taupost : 1 (event-driven)"
ON_PRE = "v_post += {w}*unit\napre += up\n{w} = clip({w} + apost, 0, 1)"
ON_POST = "apost -= down\n{w} = clip({w} + apre, 0, 1)"
CONSTANTS = {"taupre": 20 * ms, "taupost": 20 * ms, "up": 0.01, "down": 0.0105, "unit": 1 * mV}
DRIVE = np.linspace(11, 20, 30)
WEIGHTS = np.random.default_rng(3).uniform(0, 1, (30, 5))
DELAYS = np.random.default_rng(4).integers(0, 30, WEIGHTS.size) * 1e-4
MEMBRANE, FAST = "dv/dt = (drive - v)/tau : volt", {"threshold": "v > 10*mV", "reset": "v = 0*mV", "method": "exact"}


def network(synapse):
    source = NeuronModel(
        f"{MEMBRANE}\ndrive : volt (constant)", constants={"tau": 10 * ms, "drive": DRIVE * mV}, receives="", **FAST
    )
    target = NeuronModel(MEMBRANE, constants={"tau": 10 * ms, "drive": 8 * mV}, **FAST)
    cells = (Population("a", 30, source), Population("b", 5, target))
    return Network(cells, (Projection("a", "b", WEIGHTS, DELAYS, name="ab", synapse=synapse),))


def stdp():
    texts = {"on_pre": ON_PRE.replace("v_post", "{receiver}_post"), "on_post": ON_POST}
    texts = {name: text.replace("{w}", "weight") for name, text in texts.items()}
    return SynapseModel(f"weight : 1\n{EQUATIONS}", **texts, constants=CONSTANTS)


def in_plain_brian2(duration, dt):
    plain(dt)
    source = NeuronGroup(30, f"{MEMBRANE}\ndrive : volt\ntau : second (shared, constant)", **FAST)
    target = NeuronGroup(5, f"{MEMBRANE}\ndrive : volt (shared, constant)\ntau : second (shared, constant)", **FAST)
    source.drive, target.drive, source.tau, target.tau = DRIVE * mV, 8 * mV, 10 * ms, 10 * ms
    texts = {"on_pre": ON_PRE.replace("{w}", "w"), "on_post": ON_POST.replace("{w}", "w")}
    synapses = Synapses(source, target, f"w : 1\n{EQUATIONS}", **texts, namespace=CONSTANTS)
    synapses.connect(i=np.repeat(np.arange(30), 5), j=np.tile(np.arange(5), 30))
    synapses.w, synapses.pre.delay = WEIGHTS.ravel(), DELAYS * second
    monitor = SpikeMonitor(target)
    run_plain(duration, dt, source, target, synapses, monitor)
    return spikes_of(monitor, dt), np.array(synapses.w)


@pytest.mark.parametrize(
    "backend",
    ["numpy", pytest.param("cpp", marks=[pytest.mark.thorough, pytest.mark.skipif(bool(missing_compiler()), reason="g++")])],
)
def test_spikes_and_weights_are_those_of_plain_brian2(backend):
    spikes, weights = in_plain_brian2(0.4, 1e-4)
    recording = simulate(network(stdp()), silence(0.4, 3), 1, dt=1e-4, backend=backend)
    assert len(spikes) > 100
    assert recording.weights["ab"].shape == (3, 150)
    for trial in range(3):
        assert spikes_in(recording, "b", trial) == spikes
        np.testing.assert_allclose(recording.weights["ab"][trial], weights, rtol=1e-12)
    assert np.abs(weights - WEIGHTS.ravel()).max() > 0.1
