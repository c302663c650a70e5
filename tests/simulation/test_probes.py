"""Probes of synapses: their variables in time, in the order of the links, on every backend and through phases."""

import numpy as np
import pytest
from brian2 import ms, mV

from bioworkbench import Probe, simulate
from bioworkbench.neurons import NeuronModel, noisy_lif
from bioworkbench.records.distributions import parse_distribution
from bioworkbench.records.drawn import DrawnLinks, LinkRule
from bioworkbench.records.links import Links
from bioworkbench.records.network import Network, Population, Projection
from bioworkbench.records.protocol import Phase
from bioworkbench.records.stimulus import SpikeTrains, Stimulus, silence
from bioworkbench.records.synapse import SynapseModel
from bioworkbench.simulation.backends.cpp.toolchain import missing_compiler
from tests.simulation.test_synapses import CELL, TIRED, of_trains, trains

needs_compiler = pytest.mark.skipif(bool(missing_compiler()), reason="needs g++")
EVERY = pytest.mark.parametrize("backend", ["numpy", pytest.param("cpp", marks=needs_compiler)])
GROWING = SynapseModel(on_pre="weight += 1*mV")
LINKS = Links([0, 0, 0, 1, 1], [0, 1, 2, 0, 2], (2, 3), weights=np.arange(5) * mV, delays=np.array([4, 0, 2, 1, 3]) * ms)
BOTH_ONCE = SpikeTrains("light", [0, 0], [0, 1], [1e-3, 1e-3], duration=8e-3)
TIMES = np.arange(16) * 0.5  # ms


def growing(links=LINKS):
    return Network((Population("cells", 3, CELL),), (Projection("light", "cells", links, name="ab", synapse=GROWING),))


def grown(n_spikes_by_synapse=1):
    """Weights in mV (step, synapse): one more from the step on that follows the arrival."""
    arrivals = 1 + np.array([4, 0, 2, 1, 3])
    return np.arange(5) + n_spikes_by_synapse * (TIMES[:, None] > arrivals)


@EVERY
def test_variables_of_synapses_in_time(backend):
    recording = simulate(of_trains(TIRED), trains(), 1, dt=1e-4, backend=backend, record=[Probe("ab", "x", every=0.5e-3)])
    trace = recording.traces["ab.x"]
    assert (trace.shape, trace.unit) == ((3, 12, 6), "1")
    first, second, third = (trace.times > at * 1.01e-3 for at in (1, 2, 3))
    of_trial_0 = [0.5 ** (first.astype(int) + second), 0.5 ** (first.astype(int) + third)]
    np.testing.assert_allclose(trace[0], np.repeat(np.transpose(of_trial_0), 3, axis=1))
    np.testing.assert_allclose(trace[1, -1], np.repeat([0.125, 1.0], 3))
    assert (trace[2] == 1).all()


@EVERY
def test_they_have_the_order_of_the_links_whatever_the_delays(backend):
    chosen = Probe("ab", "weight", neurons=(4, 0), every=0.5 * ms)
    recording = simulate(growing(), BOTH_ONCE, 1, dt=0.5e-3, backend=backend, record=["ab.weight"])
    np.testing.assert_allclose(recording.traces["ab.weight"][0] * 1e3, grown())
    assert recording.traces["ab.weight"].unit == "volt"
    some = simulate(growing(), BOTH_ONCE, 1, dt=0.5e-3, backend=backend, record=[chosen]).traces["ab.weight"]
    assert some.neurons.tolist() == [4, 0]
    np.testing.assert_allclose(some[0] * 1e3, grown()[:, [4, 0]])


def test_weights_that_do_not_change_can_be_recorded_through_phases():
    """A first phase without learning has equal weights, which are otherwise kept as one number."""
    equal = Links(LINKS.sources, LINKS.targets, (2, 3), weights=np.full(5, 2) * mV, delays=0 * ms)
    phases = [Phase(8e-3, BOTH_ONCE, learning=learning, name=str(learning)) for learning in (False, True)]
    recording = simulate(growing(equal), phases, 1, dt=0.5e-3, backend="numpy", record=["ab.weight"])
    weights = recording.traces["ab.weight"][0] * 1e3
    np.testing.assert_allclose(weights[:16], 2)
    np.testing.assert_allclose(weights[16:], np.repeat(2 + (TIMES[:, None] > 1), 5, axis=1))


@pytest.mark.skipif(bool(missing_compiler()), reason="needs g++")
def test_compiled_programs_record_whole_numbers_and_conditions():
    """As NumPy does, whether links are given or drawn: they are stored in fewer bytes than other numbers."""
    model = NeuronModel(
        "dv/dt = 1.93/tau : 1 (unless refractory)\nn : integer\nlate : boolean\nhigh = v > 0.5 : boolean\ntwice = 2*n : integer",
        threshold="v > 1",
        reset="v = 0\nn += 1\nlate = t > 12*ms",
        constants={"tau": [10, 12, 20] * ms},
        refractory=1.5 * ms,
    )
    cells = Population("cells", 3, model)
    counting = SynapseModel(
        "k : integer\non : boolean", on_pre="v_post += weight\nk += 1\non = True", start={"k": "i", "on": "j > 1"}
    )
    given = Network((cells,), (Projection("cells", "cells", 0.0917 * np.ones((3, 3)), 1 * ms, synapse=counting),))
    links = DrawnLinks(LinkRule("all_to_all"), (3, 3), 1, parse_distribution("0.0917"), parse_distribution("1 ms"))
    drawn = Network((cells,), (Projection("cells", "cells", links),))
    own = ["cells.v", "cells.n", "cells.late"]
    more = ["cells.high", "cells.twice", "cells.not_refractory", "cells.lastspike", "cells_cells.k", "cells_cells.on"]
    for network, names in ((given, own + more), (drawn, own)):
        for n_trials in (1, 3):
            one, other = (
                simulate(network, silence(20 * ms, n_trials), 1, dt=0.5 * ms, backend=backend, record=names).traces
                for backend in ("numpy", "cpp")
            )
            for name in names:
                assert np.allclose(one[name].values, other[name].values), name
            assert one["cells.n"].values.max() == other["cells.n"].values.max() > 1


@pytest.mark.skipif(bool(missing_compiler()), reason="needs g++")
def test_probes_do_not_move_the_noise():
    """Brian2 numbers the parts of populations among all that are alive in a process; streams must not have these numbers."""
    cells = Population("cells", 20, noisy_lif(rest=-50 * mV, sigma=5 * mV))
    network = Network((cells,), (Projection("cells", "cells", np.full((20, 20), 1e-4), name="ab"),))
    spikes = [
        simulate(network, silence(50 * ms), 1, dt=5e-4, backend="cpp", record=record).spikes["cells"]
        for record in ((), ["cells.v"], ["ab.weight"])
    ]
    assert len(spikes[0]) > 10
    for other in spikes[1:]:
        np.testing.assert_array_equal(other.time, spikes[0].time)
        np.testing.assert_array_equal(other.neuron, spikes[0].neuron)


EVENT_DRIVEN = SynapseModel("dx/dt = -x/(5*ms) : 1 (event-driven)", on_pre="x += 1\nweight += x*mV")


@pytest.mark.parametrize(
    ("synapse", "probe", "words"),
    [
        (GROWING, "ba.weight", "record 'ba.weight': 'ba' is not a population or projection; known: ab, cells"),
        (GROWING, "ab.wait", "record 'ab.wait': 'wait' is not a variable of the synapses of 'ab'; did you mean 'weight'"),
        (EVENT_DRIVEN, "ab.x", "variable 'x' of the synapses of 'ab' is event-driven, .*; record one of weight"),
        (GROWING, Probe("ab", "weight", neurons=(6,)), r"record 'ab.weight': neurons has 6; must lie between 0 and 5"),
    ],
)
def test_what_cannot_be_recorded(synapse, probe, words):
    with pytest.raises(ValueError, match=words):
        simulate(of_trains(synapse), trains(), 1, dt=1e-4, backend="numpy", record=[probe])


def test_a_projection_with_the_name_of_a_stimulus():
    projection = Projection("light", "cells", LINKS, name="light_trains", synapse=GROWING)
    network = Network((Population("cells", 3, CELL),), (projection,))
    with pytest.raises(
        ValueError, match="a stimulus and a projection are called 'light_trains'; give the projection another name"
    ):
        simulate(network, BOTH_ONCE, 1, dt=0.5e-3, record=["light_trains.weight"], backend="numpy")


def test_a_channel_that_spikes_twice_in_a_step_has_its_synapses_once():
    network = Network((Population("cells", 3, CELL),), (Projection("light", "cells", LINKS, name="ab"),))
    twice = SpikeTrains("light", [0, 0], [0, 0], [1e-3, 1e-3], duration=8e-3)
    trace = simulate(network, twice, 1, dt=0.5e-3, backend="numpy", record=["ab.weight"]).traces["ab.weight"]
    np.testing.assert_allclose(trace[0] * 1e3, np.tile(np.arange(5), (16, 1)))


def test_currents_pass_no_synapses():
    network = Network((Population("cells", 3, noisy_lif()),), (Projection("light", "cells", np.full((2, 3), 1e-3), name="ab"),))
    stimulus = Stimulus(np.zeros((1, 2, 2)), frame=1e-3, kind="current", name="light")
    with pytest.raises(ValueError, match="'ab' is not a population or projection"):
        simulate(network, stimulus, 1, dt=5e-4, backend="numpy", record=["ab.weight"])
