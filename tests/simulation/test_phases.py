"""Protocols: parts of a run have the bits of one long run; phases change constants, learning and what is recorded."""

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from brian2 import Hz, ms, mV
from hypothesis import given, settings
from hypothesis import strategies as st

from bioworkbench import simulate
from bioworkbench.neurons import noisy_lif
from bioworkbench.records.background import Background
from bioworkbench.records.execution import Execution
from bioworkbench.records.network import Network, Population, Projection
from bioworkbench.records.neuron import NeuronModel
from bioworkbench.records.probe import Probe
from bioworkbench.records.protocol import Phase
from bioworkbench.records.stimulus import SpikeTrains, Stimulus, silence
from bioworkbench.records.synapse import SynapseModel
from bioworkbench.simulation.backends.choice import BACKENDS
from bioworkbench.simulation.phases import without_learning
from tests.synapses.test_models import MODELS

DT = 1e-4
CELL = NeuronModel(
    "dv/dt = (drive - v + 2*mV*sqrt(20*ms)*xi)/(10*ms) : volt (unless refractory)\ndrive : volt\nu : volt",
    "v > 10*mV",
    "v = 0*mV",
    start={"v": "uniform(0 mV, 10 mV)", "drive": 11 * mV, "u": 0 * mV},
    refractory=1.5 * ms,
    method="euler",
)
WEIGHTS = np.random.default_rng(3).uniform(0, 1, (6, 4)) * 1e-3
DELAYS = np.random.default_rng(4).integers(0, 40, WEIGHTS.size) * DT
SLOW = SynapseModel(  # two pathways with delays of their own, and a state that only event-driven equations have
    "dx/dt = -x/(20*ms) : 1 (event-driven)",
    on_pre={"act": "{receiver}_post += weight*(1 + x)", "learn": "x += 1\nweight = clip(weight*0.999, 0*mV, 5*mV)"},
    on_post="weight = clip(weight + 0.01*mV*x, 0*mV, 5*mV)",
    delays={"learn": 2 * ms, "post": 1.3 * ms},
)


def network(synapse=SLOW):
    """Noise, start values that are drawn, refractoriness, background, delays of each synapse, and a stimulus of trains."""
    cells = (
        Population("a", 6, CELL, background=(Background("v", 1, 50 * Hz, 2 * mV),)),
        Population("b", 4, noisy_lif(rest=-51 * mV)),
    )
    links = (
        Projection("a", "b", WEIGHTS, DELAYS, name="ab", synapse=synapse),
        Projection("b", "a", np.full((4, 6), 1e-3), 3e-3, "u", "ba"),
        Projection("light", "a", np.full((2, 6), 2e-3), 2e-3, "v", "la"),
    )
    return Network(cells, links)


def light(first, n_steps, n_trials=3):
    """Trains whose spikes lie between two steps of the whole."""
    trial, step, channel = np.nonzero(np.random.default_rng(7).random((n_trials, 600, 2)) < 0.03)
    kept = (step >= first) & (step < first + n_steps)
    time = (step[kept] - first) * DT
    return SpikeTrains("light", trial[kept], channel[kept], time, duration=n_steps * DT, n_trials=n_trials)


def run(first, n_steps, start=None, **more):
    record = more.pop("record", [Probe("a", "v", (0, 1), 5e-4), "b.v"])
    more = {"backend": "numpy", "keep_state": True, **more}
    return simulate(network(), light(first, n_steps), 1, dt=DT, record=record, start=start, **more)


@pytest.fixture(scope="module")
def whole():
    return run(0, 600)


@pytest.fixture(scope="module", params=["numpy", "cpp"])
def long_run(request):
    return run(0, 600, backend=request.param)


def same(one, other):
    """Every bit of two recordings that a simulation gives."""
    for name, spikes in one.spikes.items():
        for column in ("trial", "neuron", "time"):
            np.testing.assert_array_equal(getattr(spikes, column), getattr(other.spikes[name], column))
    for name, trace in one.traces.items():
        np.testing.assert_array_equal(trace.values, other.traces[name].values)
        np.testing.assert_array_equal(trace.times, other.traces[name].times)
    np.testing.assert_array_equal(one.weights["ab"], other.weights["ab"])
    same_state(one.final, other.final)


def same_state(one, other):
    assert (one.step, one.dt, set(one.values), set(one.in_flight)) == (
        other.step,
        other.dt,
        set(other.values),
        set(other.in_flight),
    )
    for name, values in one.values.items():
        np.testing.assert_array_equal(values, other.values[name])
    for name, spikes in one.in_flight.items():
        for column in ("trial", "synapse", "steps"):
            np.testing.assert_array_equal(getattr(spikes, column), getattr(other.in_flight[name], column))


@settings(max_examples=2, deadline=None)
@given(cuts=st.lists(st.integers(1, 119), min_size=1, max_size=2, unique=True))
def test_phases_have_the_bits_of_one_long_run(long_run, cuts):
    edges = [0, *(5 * cut for cut in sorted(cuts)), 600]
    parts = [Phase((end - begin) * DT, light(begin, end - begin)) for begin, end in pairwise(edges)]
    made = simulate(network(), parts, 1, dt=DT, backend=long_run.backend, record=[Probe("a", "v", (0, 1), 5e-4), "b.v"])
    same(made, long_run)
    assert len(long_run.spikes["a"]) > 100
    assert len(long_run.spikes["b"]) > 10
    assert list(made.phases) == [str(k) for k in range(len(parts))]
    assert made.phases["0"] == (0.0, pytest.approx(edges[1] * DT))


@pytest.mark.slow
def test_going_on_from_a_state_in_chunks_of_trials(whole):
    """One trial at a time, as a small budget makes it, both times; other chunks draw other noise."""
    first = run(0, 250, execution=Execution(memory=7e4), record=[])
    assert first.final.n_copies == 1
    both = run(0, 600, execution=Execution(memory=7e4), record=[])
    same_state(run(250, 350, first.final, record=[]).final, both.final)
    assert not np.array_equal(both.final.values["b.v"], whole.final.values["b.v"])
    assert any(len(spikes) for spikes in first.final.in_flight.values())
    assert repr(first.final).startswith("<state of 3 trials after 0.025 s: ")


@pytest.mark.slow
def test_without_the_state_it_is_another_run(whole):
    """The twin that must fail: each part of a state is needed."""
    first = run(0, 250)
    second = run(250, 350, first.final).traces["b.v"].values
    np.testing.assert_array_equal(second, whole.traces["b.v"].values[:, 250:])
    nothing = {name: replace(spikes, trial=spikes.trial[:0], synapse=spikes.synapse[:0], steps=spikes.steps[:0])
               for name, spikes in first.final.in_flight.items()}  # fmt: skip
    other = {
        "values": {**first.final.values, "ab.lastupdate": first.final.values["ab.lastupdate"] * 0},
        "in_flight": nothing,
        "random": (run(0, 200).final.random),
    }
    for field, value in other.items():
        changed = run(250, 350, replace(first.final, **{field: value}))
        assert not np.array_equal(changed.final.values["ab.weight"], whole.final.values["ab.weight"]), field


@pytest.mark.slow
def test_cython_goes_on_with_the_same_bits():
    both, first = run(0, 600, backend="cython"), run(0, 250, backend="cython")
    second = run(250, 350, first.final, backend="cython")
    np.testing.assert_array_equal(second.traces["b.v"].values, both.traces["b.v"].values[:, 250:])
    same_state(second.final, both.final)


def rates(made, name):
    begin, end = made.phases[name]
    time = made.spikes["a"].time
    return ((time >= begin - DT / 2) & (time < end - DT / 2)).sum() / (end - begin) / made.n_trials / 6


def test_phases_change_constants_and_parameters():
    cells = (Population("a", 6, noisy_lif(rest=-52 * mV)),)
    phases = [
        Phase(0.1, (silence(0.1, 2),), name="rest"),
        Phase(0.1, (silence(0.1, 2),), {"a.rest": -40 * mV}, name="high"),
        Phase(0.1, (silence(0.1, 2),), name="low"),
        Phase(0.1, (silence(0.1, 2),), {"a.drive": 12 * mV}, name="driven"),
        Phase(0.1, (silence(0.1, 2),), name="still"),
    ]
    made = simulate(Network(cells), phases, 1, dt=DT, backend="numpy")
    found = [rates(made, name) for name in made.phases]
    assert max(found[0], found[2]) < 15
    assert min(found[1], found[3]) > 30
    assert found[4] > 30  # a parameter keeps what it was set to, a constant does not
    assert made.n_trials == 2
    assert made.duration == pytest.approx(0.5)


def test_what_is_not_recorded_is_left_out_and_counts_no_time():
    burn_in = [Phase(0.05, recorded=False), Phase(0.07)]
    one = simulate(Network((Population("a", 6, CELL),)), burn_in, 1, dt=DT, backend="numpy", record=["a.v"])
    whole = simulate(Network((Population("a", 6, CELL),)), silence(0.12), 1, dt=DT, backend="numpy", record=["a.v"])
    assert one.duration == pytest.approx(0.07)
    np.testing.assert_array_equal(one.traces["a.v"].values, whole.traces["a.v"].values[:, 500:])
    np.testing.assert_allclose(one.spikes["a"].time, whole.spikes["a"].time[whole.spikes["a"].time > 0.0499] - 0.05, atol=1e-9)
    assert one.phases == {"1": (0.0, pytest.approx(0.07))}


def test_learning_is_switched_off_and_on():
    phases = [Phase(0.015, light(150 * k, 150), learning=k != 1) for k in range(3)]
    made = [simulate(network(), phases[: k + 1], 1, dt=DT, backend="numpy").weights["ab"] for k in range(3)]
    assert np.abs(made[0] - WEIGHTS.ravel()).max() > 1e-6
    np.testing.assert_array_equal(made[1], made[0])
    assert np.abs(made[2] - made[1]).max() > 1e-6


@pytest.mark.parametrize("name", sorted(MODELS))
def test_models_without_learning_keep_everything_else(name):
    model, frozen = MODELS[name], without_learning(MODELS[name])
    assert not frozen.changes_weight
    assert frozen.parsed.names - {"weight"} == model.parsed.names - {"weight"}
    assert frozen.assigned == model.assigned - {"weight"}
    assert (frozen is model) == (not model.changes_weight)


def test_stimuli_that_a_phase_lacks_are_silent():
    cells = (Population("a", 2, noisy_lif(rest=-62 * mV)),)
    one = Network(cells, (Projection("input", "a", np.eye(2)), Projection("light", "a", np.eye(2) * 9e-3, 1e-3)))
    current = Stimulus(np.full((1, 1, 2), 25e-3), 0.1)
    spikes = SpikeTrains("light", [0] * 20, [0] * 20, np.arange(20) * 5e-3, duration=0.1)
    phases = [Phase(0.1, (current, spikes)), Phase(0.1), Phase(0.1, current), Phase(0.1, spikes)]
    made = simulate(one, phases, 1, dt=DT, backend="numpy", record=["a.drive"])
    assert [rates(made, name) > 5 for name in made.phases] == [True, False, True, True]
    np.testing.assert_allclose(made.traces["a.drive"][0, ::1000, 0][1:], [25e-3, 0, 25e-3], atol=1e-12)


@pytest.mark.parametrize(
    ("phases", "words"),
    [
        ([Phase(0.1), silence(0.1)], "Stimulus among phases: put it into the stimuli of a Phase"),
        ([Phase(0.1, name="x"), Phase(0.1, name="x")], "two phases are named 'x'"),
        ([Phase(0.1, recorded=False)], "none of the phases 0 is recorded"),
        ([Phase(0.1, constants={"c.tau": 1})], "phase '0': constants: 'c' is not a population or projection"),
        (
            [Phase(0.1, constants={"b.tua": 1})],
            "phase '0': constants: 'tua' is not a constant or parameter of b; did you mean 'tau'",
        ),
        ([Phase(0.06, light(0, 600), constants={"b.tau": 1 * mV})], r"phase '0': b\.tau is a voltage; it is a time"),
        (
            [Phase(0.1, light(0, 1000)), Phase(0.1, constants={"a.drive": 1 * ms})],
            r"phase '1': a\.drive is a time; the equations define",
        ),
        ([Phase(0.07, light(0, 600))], "phase '0': the stimulus 'light' lasts 0.06 s, and the phase 0.07 s"),
    ],
)
def test_phases_that_cannot_be_run(phases, words):
    with pytest.raises(ValueError, match=words):
        simulate(network(), phases, 1, dt=DT, backend="numpy")


def test_a_phase_has_a_duration():
    with pytest.raises(ValueError, match="duration of a phase = 0"):
        Phase(0.0)


def test_states_that_do_not_fit():
    state = simulate(Network((Population("a", 6, CELL),)), silence(0.01), 1, dt=DT, backend="numpy", keep_state=True).final
    one = Network((Population("a", 6, CELL),))
    for change, words in (
        ({"dt": 2e-4}, r"dt = 0\.0001: the state was left with 0\.0002"),
        ({"n_trials": 2}, "n_trials = 1: the state was left with 2"),
        ({"backend": "cython"}, "backend = 'numpy': the state was left with 'cython'"),
        ({"values": {"c.v": np.zeros((1, 6))}}, r"the state holds 'c\.v', and the network has no 'c'"),
        ({"values": {"a.v": np.zeros((1, 5))}}, r"the state holds 5 values of 'a\.v', and the network has 6"),
    ):
        with pytest.raises(ValueError, match=words):
            simulate(one, silence(0.01), 1, dt=DT, backend="numpy", start=replace(state, **change))
    with pytest.raises(ValueError, match=r"record 'a\.v': every 0\.003 s does not divide the 0\.01 s before this run"):
        simulate(one, silence(0.03), 1, dt=DT, backend="numpy", start=state, record=[Probe("a", "v", None, 3e-3)])


@pytest.mark.filterwarnings("error:.*never arrive")
def test_a_delay_longer_than_a_phase_is_no_reason_to_warn():
    made = simulate(network(), [Phase(1e-3, light(10 * k, 10)) for k in range(2)], 1, dt=DT, backend="numpy")
    assert made.n_steps == 20


def test_delays_that_outlast_a_phase_arrive_in_the_next():
    cells = (Population("a", 1, noisy_lif(rest=-51 * mV)), Population("b", 1, noisy_lif(sigma=0 * mV)))
    late = Network(cells, (Projection("light", "b", [[5e-3]], 20e-3),))
    spike = SpikeTrains("light", [0], [0], [2e-3], duration=5e-3)
    made = simulate(late, [Phase(5e-3, spike), Phase(5e-3), Phase(30e-3)], 1, dt=DT, backend="numpy", record=["b.v"])
    assert np.diff(made.traces["b.v"][0, :, 0]).argmax() == 220
    state = simulate(late, spike, 1, dt=DT, backend="numpy", keep_state=True).final
    long = Network(cells, (Projection("light", "b", [[5e-3]], 200.0),))
    with pytest.raises(ValueError, match=r"delays of projection light_b go up to 200 s; 1000000 steps are kept from run to run"):
        simulate(long, spike, 1, dt=DT, backend="numpy", start=state)


def test_spikes_on_their_way_need_their_synapses():
    first = run(0, 250)
    others = Network(network().populations, network().projections[1:])
    values = {name: array for name, array in first.final.values.items() if not name.startswith("ab.")}
    with pytest.raises(
        ValueError, match=r"spikes are on their way through 'ab\.\w+' of the state, which this network does not have"
    ):
        simulate(others, light(250, 100), 1, dt=DT, backend="numpy", start=replace(first.final, values=values))


@pytest.mark.parametrize(
    "backend", [name for name, backend in BACKENDS.items() if not backend.keeps_state and not backend.missing()]
)
def test_backends_that_keep_no_state_say_so(backend):
    state = simulate(Network((Population("a", 6, CELL),)), silence(0.01), 1, dt=DT, backend="numpy", keep_state=True).final
    with pytest.raises(ValueError, match="go on from one needs backend 'numpy' or 'cython' or 'cpp'; backend"):
        simulate(Network((Population("a", 6, CELL),)), silence(0.01), 1, dt=DT, backend=backend, start=state)
    with pytest.raises(ValueError, match=r"to keep a state .* needs backend 'numpy' or 'cython' or 'cpp'; backend"):
        simulate(Network((Population("a", 6, CELL),)), silence(0.01), 1, dt=DT, backend=backend, keep_state=True)


def test_a_state_is_kept_where_it_is_asked_for():
    one = Network((Population("a", 6, CELL),))
    assert simulate(one, silence(0.01), 1, dt=DT, backend="numpy").final is None
    state = simulate(one, silence(0.01), 1, dt=DT, backend="numpy", keep_state=True).final
    assert simulate(one, silence(0.01), 1, dt=DT, backend="numpy", start=state).final.step == 200
