"""Compiled runs that go on from a state, by every kind of thing that a state holds: the bits are those of one long run."""

from dataclasses import replace

import numpy as np
import pytest
from brian2 import Hz, mV

from bioworkbench import simulate
from bioworkbench.neurons import noisy_lif
from bioworkbench.records.background import Background
from bioworkbench.records.execution import Execution
from bioworkbench.records.links import Links
from bioworkbench.records.network import Network, Population, Projection
from bioworkbench.records.probe import Probe
from bioworkbench.records.protocol import InFlight
from bioworkbench.records.stimulus import SpikeTrains, Stimulus, silence
from bioworkbench.records.synapse import WEIGHT
from tests.simulation.test_phases import CELL, DT, same_state
from tests.synapses.test_models import MODELS

WHOLE, CUT = 240, 110  # steps


def in_parts(network, stimulus, *, seed=3, record=(), **settings):
    """One long run and the same in two parts; `stimulus(first, n)` is what the steps from `first` on are given."""
    given = {"dt": DT, "backend": "cpp", "record": list(record), "keep_state": True, **settings}
    long = simulate(network, stimulus(0, WHOLE), seed, **given)
    first = simulate(network, stimulus(0, CUT), seed, **given)
    second = simulate(network, stimulus(CUT, WHOLE - CUT), seed, **given, start=first.final)
    same_state(second.final, long.final)
    begin = CUT * DT
    for name, spikes in long.spikes.items():
        late = spikes.time >= begin - DT / 2
        np.testing.assert_array_equal(second.spikes[name].neuron, spikes.neuron[late])
        np.testing.assert_array_equal(second.spikes[name].trial, spikes.trial[late])
        np.testing.assert_allclose(second.spikes[name].time, spikes.time[late] - begin, atol=1e-9)
    for name, trace in long.traces.items():
        late = trace.times >= begin - DT / 2
        np.testing.assert_array_equal(second.traces[name].values, trace.values[:, late])
    assert len(first.spikes["a"]) > 10
    return first.final


def quiet(n_trials=1):
    return lambda first, n_steps: silence(n_steps * DT, n_trials)


def noisy(name="a", size=6):
    return Population(name, size, CELL, background=(Background("v", 2, 50 * Hz, 1 * mV),))


def dense(name, source, target, shape, synapse=None, **more):
    weights = np.random.default_rng(1).uniform(0, 1, shape) * 1e-3
    delays = np.random.default_rng(2).integers(1, 60, weights.size) * DT
    model = {} if synapse is None else {"synapse": synapse}
    return Projection(source, target, weights, delays, name=name, **model, **more)


@pytest.mark.filterwarnings("ignore:threads = 3")
@pytest.mark.parametrize("threads", [1, 2, 3])
def test_spikes_on_their_way_through_shared_synapses_and_those_of_one_network(threads):
    cells = (noisy("a", 700), noisy("b", 300))
    rng = np.random.default_rng(5)
    sources, targets = rng.integers(0, 700, 9000), rng.integers(0, 300, 9000)
    links = Links(sources, targets, (700, 300), rng.normal(0, 1e-4, 9000), rng.integers(0, 80, 9000) * DT)
    network = Network(cells, (Projection("a", "b", links=links, name="ab"),))
    for n_trials in (1, 3):
        state = in_parts(network, quiet(n_trials), execution=Execution(threads=threads))
        assert len(state.in_flight["ab.pre"]) > 100


def test_the_number_of_threads_may_change_on_the_way():
    network = Network((noisy("a", 700), noisy("b", 600)), (dense("ab", "a", "b", (700, 600)),))
    settings = {"dt": DT, "backend": "cpp", "keep_state": True}
    first = {n: simulate(network, silence(CUT * DT), 1, execution=Execution(threads=n), **settings).final for n in (1, 2)}
    same_state(*map(ordered, first.values()))
    second = [
        simulate(network, silence(CUT * DT), 1, execution=Execution(threads=3 - n), start=first[n], **settings).final
        for n in (1, 2)
    ]
    same_state(*map(ordered, second))
    same_state(ordered(second[0]), ordered(simulate(network, silence(2 * CUT * DT), 1, **settings).final))


def ordered(state):
    """The state with spikes of one step in order of their synapses: only those of one target act in an order that threads keep."""
    flights = {}
    for name, spikes in state.in_flight.items():
        order = np.lexsort((spikes.synapse, spikes.trial, spikes.steps))
        flights[name] = InFlight(spikes.trial[order], spikes.synapse[order], spikes.steps[order])
    return replace(state, in_flight=flights)


def test_single_precision():
    network = Network((noisy("a", 50), noisy("b", 4)), (dense("ab", "a", "b", (50, 4)),))
    state = in_parts(network, quiet(), execution=Execution(precision="single"))
    assert state.values["a.v"].dtype == np.float64


@pytest.mark.parametrize(
    "name",
    [
        pytest.param(
            name, marks=() if name in ("pair_stdp", "stochastic_release", "nmda", "gap_junction") else pytest.mark.thorough
        )
        for name in sorted(MODELS)
    ],
)
def test_every_synapse_model(name):
    """Several copies; where synapses draw random numbers, sum, or have equations, their state is part of it."""
    links = (dense("ab", "a", "b", (12, 8), MODELS[name], receives="u"), dense("ba", "b", "a", (8, 12)))
    equations = CELL.equations.replace("drive - v", "drive + u - v") + "\ndopamine : 1"
    cells = (noisy("a", 12), Population("b", 8, replace(CELL, equations=equations, start={**CELL.start, "dopamine": 0.5})))
    changing = [f"ab.{variable}" for variable in MODELS[name].assigned if variable == WEIGHT]
    in_parts(Network(cells, links), quiet(3), record=[*changing, Probe("b", "v", None, 1e-3)])


def test_one_trial_at_a_time():
    network = Network((noisy("a", 12), noisy("b", 8)), (dense("ab", "a", "b", (12, 8), MODELS["pair_stdp"]),))
    state = in_parts(network, quiet(3), execution=Execution(memory=1.5e5))
    assert state.n_copies == 1


@pytest.mark.parametrize("frame", [10, 40])
def test_held_currents_whose_frames_end_at_the_cut_or_beyond(frame):
    n_frames = WHOLE // frame
    values = np.random.default_rng(8).uniform(15e-3, 60e-3, (2, n_frames, 3))

    def stimulus(first, n_steps):
        steps = np.repeat(values, frame, axis=1)[:, first : first + n_steps]
        # Frames of the second part begin where it does; a cut within one makes frames of one step.
        width = frame if first % frame == 0 and n_steps % frame == 0 else 1
        return Stimulus(steps[:, ::width], width * DT)

    network = Network((Population("a", 6, CELL),), (Projection("input", "a", np.ones((3, 6)) / 3, receives="drive"),))
    in_parts(network, stimulus)


def test_spike_trains_several_layers_and_shared_noise():
    trial, step, channel = np.nonzero(np.random.default_rng(7).random((2, WHOLE, 2)) < 0.1)

    def stimulus(first, n_steps):
        kept = (step >= first) & (step < first + n_steps)
        time = (step[kept] - first) * DT
        return SpikeTrains("light", trial[kept], channel[kept], time, duration=n_steps * DT, n_trials=2)

    shared = noisy_lif(rest=-51 * mV, correlation=0.5)
    cells = (replace(noisy(), layer=0), Population("b", 5, shared, layer=1))
    links = (dense("la", "light", "a", (2, 6)), dense("ab", "a", "b", (6, 5)))
    in_parts(Network(cells, links), stimulus)


def test_a_variable_of_neurons_may_have_a_name_that_brian2_sees_in_synapses():
    """Variables of synapses have "synaptic_" before their names in Brian2; those of neurons are called what they are."""
    equations = CELL.equations + "\ndsynaptic_v/dt = -synaptic_v/(20*ms) : volt"
    model = replace(CELL, equations=equations, start=dict(CELL.start) | {"synaptic_v": 5 * mV})
    network = Network((Population("a", 6, model),), (dense("aa", "a", "a", (6, 6)),))
    for backend in ("cpp", "numpy"):
        assert {"a.v", "a.synaptic_v"} <= in_parts(network, quiet(6), backend=backend, record=["a.synaptic_v"]).values.keys()
