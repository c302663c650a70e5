"""Synapses with a state in the seam: copies, memory, order, what is refused."""

from dataclasses import replace

import numpy as np
import pytest
from brian2 import ms, mV

from bioworkbench import simulate
from bioworkbench.discrete.simulate import simulate_discrete
from bioworkbench.neurons import discrete_lif
from bioworkbench.records.errors import SimulationError
from bioworkbench.records.links import Links
from bioworkbench.records.network import Network, Population, Projection
from bioworkbench.records.neuron import NeuronModel
from bioworkbench.records.stimulus import SpikeTrains, Stimulus, silence
from bioworkbench.records.synapse import PULSE, SynapseModel
from bioworkbench.simulation.backends.choice import BACKENDS
from bioworkbench.simulation.backends.cpp.toolchain import missing_compiler
from bioworkbench.simulation.inputs import inputs_of
from bioworkbench.simulation.seam import check_synapses
from bioworkbench.simulation.trials import memory_need
from tests.simulation.networks import leaky

needs_compiler = pytest.mark.skipif(bool(missing_compiler()), reason="needs g++")
TIRED = SynapseModel(  # each spike takes half of what the synapse has
    "x : 1\nshrink : 1", on_pre="{receiver}_post += weight*x\nx *= shrink", constants={"shrink": 0.5}, start={"x": 1}
)
CELL = NeuronModel("dv/dt = -v/tau : volt", threshold="", reset="", constants={"tau": 1e3 * ms}, method="exact")
LINKS = np.arange(1.0, 7.0).reshape(2, 3)


def of_trains(synapse, weights=LINKS):
    projection = Projection("light", "cells", weights * 1e-3, name="ab", synapse=synapse)
    return Network((Population("cells", projection.links.shape[1], CELL),), (projection,))


def trains():
    """Trial 0: both channels spike twice; trial 1: the first spikes three times."""
    trial, channel = [0, 0, 0, 0, 1, 1, 1], [0, 1, 0, 1, 0, 0, 0]
    time = np.array([1, 1, 2, 3, 1, 2, 3]) * 1e-3
    return SpikeTrains("light", trial=trial, channel=channel, time=time, duration=6e-3, n_trials=3)


@pytest.mark.parametrize("backend", ["numpy", pytest.param("cpp", marks=needs_compiler)])
def test_every_trial_has_synapses_of_its_own(backend):
    recording = simulate(of_trains(TIRED), trains(), 1, dt=1e-4, backend=backend, record=["cells.v"])
    final = recording.traces["cells.v"][:, -1]
    factors = np.array([[1.5, 1.5], [1.75, 0.0], [0.0, 0.0]])
    np.testing.assert_allclose(final, factors @ LINKS * 1e-3, rtol=0.01)


@pytest.mark.parametrize("backend", ["numpy", pytest.param("cpp", marks=needs_compiler)])
def test_constants_start_values_and_final_weights_keep_the_order_of_the_links(backend):
    """Delays make another order of the synapses than that of the links."""
    values = np.arange(1.0, 7.0)
    synapse = SynapseModel(
        "gain : 1\nn : 1", on_pre="n += gain\nweight += n*mV", constants={"gain": values}, start={"n": 10 * values}
    )
    relay = NeuronModel("v : volt", threshold="v > 0.5*mV", reset="v = 0*mV", start={"v": 0 * mV})
    cells = (Population("relay", 2, relay), Population("cells", 3, CELL))
    delays = np.array([5, 3, 1, 1, 3, 5]) * 1e-4
    links = (
        Projection("light", "relay", np.eye(2) * 1e-3),
        Projection("relay", "cells", LINKS * 1e-3, delays, "", "ab", synapse),
    )
    network = Network(cells, links)
    recording = simulate(network, trains(), 1, dt=1e-4, backend=backend)
    once, twice, thrice = 11 * values, 23 * values, 36 * values
    sums = np.array([twice, [*thrice[:3], 0, 0, 0], 0 * once])
    np.testing.assert_allclose(recording.weights["ab"], (values + sums) * 1e-3)


def test_spikes_of_the_target_reach_the_synapses_of_their_trial():
    network, inputs = plastic_pair()
    recording = simulate(network, inputs, 1, dt=1e-4, backend="numpy")
    assert [len(np.flatnonzero(recording.spikes["b"].trial == trial)) for trial in range(2)] == [0, 5]
    np.testing.assert_allclose(recording.weights["ab"], [[0, 0], [5, 5]])


@needs_compiler
def test_compiled_spikes_of_the_target_do_too():
    network, inputs = plastic_pair()
    np.testing.assert_allclose(simulate(network, inputs, 1, dt=1e-4, backend="cpp").weights["ab"], [[0, 0], [5, 5]])


def plastic_pair():
    """A target that a current drives in the second trial; its spikes are counted by the weights."""
    counts = SynapseModel("weight : 1", on_pre="", on_post="weight += 1")
    cells = (Population("a", 2, leaky()), Population("b", 1, leaky(start={"v": -70 * mV})))
    links = (
        Projection("a", "b", Links([0, 1], [0, 0], (2, 1), 0.0), name="ab", synapse=counts),
        Projection("input", "b", [[1.0]]),
    )
    current = Stimulus(np.array([[[0.0]], [[40e-3]]]), frame=0.09, kind="current")
    network = Network(cells, links)
    return network, current


def test_memory_counts_synapses_with_a_state_once_per_copy():
    inputs = [inputs_of(of_trains(synapse, weights=np.ones((2, 5000))), trains(), 1e-4) for synapse in (PULSE, TIRED)]
    shared, own = (memory_need(each, (), BACKENDS["cpp"]) for each in inputs)
    assert shared.shared == 40 * 10_000
    assert own.shared == 0
    assert own.each - shared.each == (40 + 2 * 8) * 10_000
    assert memory_need(inputs[0], (), BACKENDS["numpy"]).shared == 0


def test_a_backend_without_state_refuses_it_by_name():
    network = Network((Population("a", 2, leaky()),), (Projection("a", "a", np.ones((2, 2)), synapse=TIRED),))
    with pytest.raises(
        ValueError, match=r"synapses of projection a_a have a state.*'cuda' has only.*'numpy' or 'cython' or 'cpp'"
    ):
        check_synapses(network, BACKENDS["cuda"])
    check_synapses(network, BACKENDS["cpp"])
    check_synapses(replace(network, projections=()), BACKENDS["cuda"])


def test_frames_and_coinciding_spikes_are_refused():
    with pytest.raises(ValueError, match="projection ab starts from frames of the stimulus 'light'"):
        simulate(of_trains(TIRED), Stimulus(np.zeros((1, 2, 2)), 1e-3, "spikes", "light"), 1, dt=1e-4, backend="numpy")
    twice = SpikeTrains("light", trial=[0, 0], channel=[0, 0], time=[1e-3, 1e-3], duration=2e-3)
    with pytest.raises(ValueError, match="projection ab: a channel of the stimulus 'light' has 2 spikes in one step"):
        simulate(of_trains(TIRED), twice, 1, dt=1e-4, backend="numpy")


@pytest.mark.parametrize("backend", ["numpy", pytest.param("cpp", marks=needs_compiler)])
def test_pathways_have_delays_of_their_own(backend):
    """Each writes the step in which it runs; the links are delayed by 1 ms, the first pathway by as much as each synapse says."""
    synapse = SynapseModel(
        "first : second\nsecond_ : second\nafter : second\nlate : second",
        on_pre={"one": "first = t\nweight = first/second*volt", "two": "second_ = t\n{receiver}_post += second_/second*volt"},
        on_post={"back": "after = t\nweight += 1000*after/second*volt", "slow": "late = t\nweight += 1e6*late/second*volt"},
        delays={"one": np.arange(6) * 2e-4, "slow": 5e-4},
    )
    relay = NeuronModel("v : volt", threshold="v > 0.5*volt", reset="v = 0*volt", start={"v": 0 * mV})
    meter = NeuronModel(
        "v : volt\nw : volt", threshold="v > 0.5*volt", reset="v = 0*volt", start={"v": 0 * mV, "w": 0 * mV}, receives="v"
    )
    cells = (Population("relay", 2, relay), Population("cells", 3, meter))
    into = Projection("light", "relay", np.vstack([np.eye(2), np.zeros((1, 2))]))
    back = Projection("light", "cells", np.vstack([np.zeros((2, 3)), np.ones((1, 3))]))
    network = Network(cells, (into, back, Projection("relay", "cells", LINKS, 1e-3, "w", "ab", synapse)))
    light = SpikeTrains("light", [0, 0, 0], [0, 1, 2], np.array([1, 1, 2.5]) * 1e-3, duration=4e-3, n_trials=2)
    recording = simulate(network, light, 1, dt=1e-4, backend=backend, record=["cells.w"])
    arrived, spiked = 1.1e-3 + np.arange(6) * 2e-4, 2.6e-3
    np.testing.assert_allclose(recording.weights["ab"][0], arrived + 1e3 * spiked + 1e6 * (spiked + 5e-4), rtol=1e-9)
    np.testing.assert_array_equal(recording.weights["ab"][1], LINKS.ravel())
    np.testing.assert_allclose(recording.traces["cells.w"][0, -1], 2 * 2.1e-3, rtol=1e-9)
    assert recording.traces["cells.w"][0, 21].max() == 0


def test_constants_of_stateless_synapses_are_those_of_each_repeated_spike():
    gains = SynapseModel(on_pre="{receiver}_post += weight*gain", constants={"gain": np.arange(6.0)})
    twice = SpikeTrains("light", [0, 0, 0], [0, 1, 1], [1e-3] * 3, duration=2e-3)
    recording = simulate(of_trains(gains), twice, 1, dt=1e-4, backend="numpy", record=["cells.v"])
    expected = np.array([1, 2]) @ (LINKS * np.arange(6).reshape(2, 3)) * 1e-3
    np.testing.assert_allclose(recording.traces["cells.v"][0, -1], expected, rtol=0.01)


@pytest.mark.parametrize("backend", ["numpy", pytest.param("cpp", marks=needs_compiler)])
def test_a_synapse_that_becomes_infinite_ends_the_run(backend):
    grows = SynapseModel("x : 1", on_pre="x = x**100 * 10**99", start={"x": 10.0})
    place = r"\d\.\d+ s, in the synapse from neuron 0 to 0 of trial 0"
    with (
        np.errstate(over="ignore"),
        pytest.raises(SimulationError, match=r"synapses of ab\.x became NaN or infinite before t = " + place),
    ):
        simulate(of_trains(grows), trains(), 1, dt=1e-4, backend=backend)
    gain = np.array([1, 1, 1e308, 1, 1, 1])
    only = SynapseModel("x : 1", on_pre="x = x*gain", constants={"gain": gain}, start={"x": 10.0})
    late = SpikeTrains("light", [2, 2], [0, 1], np.array([1, 1]) * 1e-3, duration=6e-3, n_trials=3)
    with (
        np.errstate(over="ignore"),
        pytest.raises(SimulationError, match="in the synapse from neuron 0 to 2 of trial 2; a smaller"),
    ):
        simulate(of_trains(only), late, 1, dt=1e-4, backend=backend)


def test_synapses_with_a_state_have_no_twin_in_discrete_time():
    cells = (Population("a", 2, discrete_lif(leak=0.5)),)
    network = Network(cells, (Projection("a", "a", np.ones((2, 2)), synapse=SynapseModel(on_pre="weight *= 0.5")),))
    with pytest.raises(ValueError, match="synapses of a_a do more than add their weight"):
        simulate_discrete(network, silence(1e-2), dt=1e-3)
