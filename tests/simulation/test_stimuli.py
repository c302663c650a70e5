"""Stimuli of a network: several projections from one, several with names, and spike trains without a table."""

import time
import tracemalloc
from dataclasses import replace

import numpy as np
import pytest
from brian2 import ms, mV, second
from scipy import sparse

from bioworkbench.neurons import conductance_lif, custom
from bioworkbench.records.links import Links
from bioworkbench.records.network import Network, Population, Projection
from bioworkbench.records.stimulus import SpikeTrains, Stimulus, silence
from bioworkbench.simulation import simulate
from bioworkbench.simulation.backends.choice import BACKENDS as BACKENDS_BY_NAME
from bioworkbench.simulation.chunk import Chunk
from bioworkbench.simulation.inputs import _repeats, inputs_of
from bioworkbench.simulation.values import ValueKind
from tests.kept_engine import seeded

BACKENDS = [
    "numpy",
    "cpp",
    pytest.param("cython", marks=pytest.mark.slow),
    pytest.param("cuda", marks=pytest.mark.cuda),
]
PLAYING = BACKENDS[:3]
COUNTER = Population("counter", 2, custom(equations="v : 1"))
HELD = Population(
    "held", 2, custom(equations="v = drive + other : 1\ndrive : 1\nother : 1", receives="drive", start={"other": 0})
)


def onto(values, name="", source="input", receives="", target="counter"):
    return Projection(source, target, sparse.csr_array(values), receives=receives, name=name)


@pytest.mark.parametrize("backend", BACKENDS)
def test_two_projections_from_the_input_have_receivers_of_their_own(backend):
    """One spike in the first step: excitation and inhibition decay from 1 and 2 with 5 and 10 ms."""
    neuron = Population("neuron", 1, conductance_lif(excitatory_tau=5 * ms, inhibitory_tau=10 * ms))
    pair = (
        onto([[1.0]], receives="excitation", target="neuron"),
        onto([[2.0]], receives="inhibition", target="neuron"),
    )
    recorded = ["neuron.excitation", "neuron.inhibition"]
    stimulus = Stimulus(np.ones((1, 1, 1)), 1 * ms, "spikes")
    traces = simulate(Network((neuron,), pair), stimulus, 1, dt=0.1 * ms, backend=backend, record=recorded).traces
    assert traces["neuron.excitation"][0, 1, 0] == pytest.approx(np.exp(-0.1 / 5))
    assert traces["neuron.inhibition"][0, 1, 0] == pytest.approx(2 * np.exp(-0.1 / 10))


@pytest.mark.parametrize("backend", BACKENDS)
def test_two_projections_from_the_input_onto_one_variable_add_up(backend):
    pair = (onto([[1.0, 0.0]], "first"), onto([[2.0, 4.0]], "second"))
    stimulus = Stimulus(np.ones((2, 1, 1)), 1 * ms, "spikes")
    v = simulate(Network((COUNTER,), pair), stimulus, 1, dt=0.5 * ms, backend=backend, record=["counter.v"]).traces["counter.v"]
    np.testing.assert_array_equal(np.asarray(v)[:, -1], [[3, 4], [3, 4]])


@pytest.mark.parametrize("backend", BACKENDS)
def test_currents_of_several_stimuli_are_summed_frame_by_frame(backend):
    parts = (
        onto([[1.0, 0.0]], source="slow", target="held"),
        onto([[0.0, 1.0]], source="fast", target="held"),
        onto([[0.0, 5.0]], source="fast", receives="other", target="held", name="also"),
    )
    slow = Stimulus(np.array([[[1.0], [2.0]]]), 2 * ms, name="slow")
    fast = Stimulus(np.arange(4.0).reshape(1, 4, 1), 1 * ms, name="fast")
    v = simulate(Network((HELD,), parts), (slow, fast), 1, dt=1 * ms, backend=backend, record=["held.v"]).traces["held.v"]
    np.testing.assert_array_equal(np.asarray(v)[0, 1:], [[1, 0], [1, 6], [2, 12]])


@pytest.mark.parametrize("backend", BACKENDS)
def test_stimuli_of_different_kinds(backend):
    model = custom(equations="v = drive + count : 1\ndrive : 1\ncount : 1", receives="count", start={"count": 0})
    parts = (onto([[10.0]], source="step", target="one"), onto([[1.0]], source="clicks", target="one"))
    step = Stimulus(np.array([[[1.0], [2.0]]]), 2 * ms, name="step")
    clicks = Stimulus(np.array([[[1.0], [0.0], [3.0], [0.0]]]), 1 * ms, "spikes", name="clicks")
    network = Network((Population("one", 1, model),), parts)
    v = simulate(network, [step, clicks], 1, dt=1 * ms, backend=backend, record=["one.v"]).traces["one.v"]
    np.testing.assert_array_equal(np.asarray(v)[0, 1:, 0], [11, 11, 24])


@pytest.mark.parametrize("backend", PLAYING)
def test_spike_trains_act_as_spikes_of_a_population(backend):
    """A population that spikes at 1 ms, and a train that does, are seen in the same step; trials have spikes of their own."""
    once = Population("once", 1, custom(equations="v : 1", threshold="abs(t - 1*ms) < dt/2"))
    parts = (onto([[1.0, 0.0]], source="once"), onto([[0.0, 1.0], [0.0, 10.0]], source="trains"))
    trains = SpikeTrains("trains", [1, 0, 0, 0], [0, 0, 0, 1], [2, 1, 1, 3] * ms, duration=5 * ms, n_trials=3)
    network = Network((once, COUNTER), parts)
    recording = simulate(network, trains, 1, dt=0.5 * ms, backend=backend, record=["counter.v"])
    v = np.asarray(recording.traces["counter.v"])
    assert [np.flatnonzero(np.diff(column)).tolist() for column in v[:, :, 0]] == [[2]] * 3
    assert [np.flatnonzero(np.diff(column)).tolist() for column in v[:, :, 1]] == [[2, 6], [4], []]
    np.testing.assert_array_equal(v[:, -1, 1], [12, 1, 0])  # two spikes of a channel in one step count twice
    assert set(recording.spikes) == {"once"}
    assert recording.sizes == network.sizes


def test_spikes_of_a_channel_in_one_step_take_the_delay_of_each_link():
    """Three spikes of one channel in a step, in the second of two trials, reach two targets after delays of their own."""
    links = Links([0, 0, 1], [0, 1, 1], (2, 2), weights=[1.0, 10.0, 100.0], delays=[3e-3, 1e-3, 2e-3])
    network = Network((COUNTER,), (Projection("trains", "counter", links),))
    trains = SpikeTrains("trains", [0, 1, 1, 1, 1], [1, 0, 0, 0, 1], [0, 0, 0, 0, 1] * ms, duration=5 * ms)
    v = simulate(network, trains, 1, dt=1 * ms, backend="numpy", record=["counter.v"]).traces["counter.v"]
    np.testing.assert_array_equal(v[0], [[0, 0], [0, 0], [0, 0], [0, 100], [0, 100]])
    np.testing.assert_array_equal(v[1], [[0, 0], [0, 0], [0, 30], [0, 30], [3, 130]])


def test_trains_beside_a_stimulus_take_its_trials_and_duration():
    trains = SpikeTrains("trains", [0], [0], 1e-3)
    recording = simulate(
        Network((COUNTER,), (onto([[1.0, 2.0]], source="trains"),)), (silence(3 * ms, 2), trains), 1, dt=1 * ms, backend="numpy"
    )
    assert (recording.n_trials, recording.n_steps) == (2, 3)


def test_another_number_of_spikes_runs_the_same_program(tmp_path, monkeypatch):
    monkeypatch.setenv("BIOWORKBENCH_CACHE", str(seeded(tmp_path / "programs")))
    network = Network((COUNTER,), (onto([[1.0, 2.0]], source="trains"),))
    for n in (1, 0, 4):
        trains = SpikeTrains("trains", np.zeros(n, int), np.zeros(n, int), np.arange(n) * 1e-3, duration=6 * ms, n_trials=1)
        recording = simulate(network, trains, 1, dt=1 * ms, backend="cpp", record=["counter.v"])
        assert ("compile" in recording.timing) == (n == 1)
        assert recording.traces["counter.v"][0, -1].tolist() == [n, 2 * n]


def test_many_spikes_take_little_time_and_memory():
    rng = np.random.default_rng(1)
    n, size = 10**6, 10**4
    columns = np.zeros(n, np.int32), rng.integers(size, size=n, dtype=np.int32), rng.random(n)
    links = Links(np.arange(size), np.arange(size), (size, size))
    network = Network((Population("counter", size, custom(equations="v : 1")),), (Projection("trains", "counter", links),))
    tracemalloc.start()
    begun = time.process_time()
    trains = SpikeTrains("trains", *columns, duration=1 * second)
    made = inputs_of(network, trains, 1e-4)
    values = dict(made.values(1, Chunk(0, 0, 1, 1)))
    taken, (_, peak) = time.process_time() - begun, tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert values[ValueKind.TRAIN.of("trains_trains", "step")].size == n
    assert taken < 1
    assert peak < 100e6


@pytest.mark.parametrize(
    ("stimuli", "message"),
    [
        (silence(5 * ms), "projections start from 'trains', which is neither given nor a population: 'trains' is not a stimulus"),
        ((silence(5 * ms), silence(5 * ms)), "2 stimuli are named 'input'; each needs a name of its own"),
        (Stimulus(np.ones((1, 1, 1)), 1 * ms, name="counter"), "the stimulus 'counter' has the name of a population"),
        (
            (silence(5 * ms), SpikeTrains("trains", [0], [0], [0.0], duration=4 * ms)),
            "stimuli differ in their duration: 'input' 0.005",
        ),
        (
            (silence(5 * ms, 2), SpikeTrains("trains", [0], [0], [0.0], n_trials=3)),
            "stimuli differ in their number of trials: 'input' 2",
        ),
        (SpikeTrains("trains", [0], [0], [0.0], n_trials=1), "no stimulus has a duration; give one of them, such as"),
        (
            (silence(5 * ms), SpikeTrains("trains", [0], [2], [0.0])),
            "a spike of .* 'trains' has the channel 2; it must be below 2",
        ),
        (
            (silence(5 * ms), SpikeTrains("trains", [1], [0], [0.0])),
            "a spike of .* 'trains' has the trial 1; it must be below 1",
        ),
        (
            (silence(5 * ms), SpikeTrains("trains", [0], [0], 5 * ms)),
            "a spike of .* 'trains' has the time 0.005; it must be below 0.005",
        ),
        (
            Stimulus(np.ones((1, 1, 1)), 1 * ms, name="trains"),
            "the stimulus 'trains' has 1 channel; the projections from it expect 2",
        ),
    ],
)
def test_stimuli_must_fit_the_network_and_each_other(stimuli, message):
    network = Network((COUNTER,), (onto(np.ones((2, 2)), source="trains"),))
    with pytest.raises(ValueError, match=message):
        simulate(network, stimuli, 1, dt=0.5 * ms, backend="numpy")


def test_trains_need_a_backend_that_plays_them(monkeypatch):
    monkeypatch.setitem(BACKENDS_BY_NAME, "numpy", replace(BACKENDS_BY_NAME["numpy"], plays_trains=False))
    network = Network((COUNTER,), (onto(np.ones((2, 2)), source="trains"),))
    with pytest.raises(ValueError, match=r"SpikeTrains need backend 'cython' or 'cpp'( or '\w+')*; backend is 'numpy'"):
        simulate(network, SpikeTrains("trains", [0], [0], [0.0], 1 * ms, 1), 1, dt=0.5 * ms, backend="numpy")


def test_currents_are_held_in_parameters():
    neuron = Population("neuron", 1, conductance_lif())
    network = Network((neuron,), (onto([[1.0]], receives="excitation", target="neuron"),))
    with pytest.raises(ValueError, match="receives in 'excitation', which the equations of 'neuron' change"):
        simulate(network, Stimulus(np.ones((1, 1, 1)), 1 * ms), 1, dt=0.5 * ms, backend="numpy")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("a b", [0], [0], [0.0]), "name of a stimulus 'a b': must be an ASCII letter followed by"),
        (
            ("a", [0, 1], [0], [0.0]),
            "spike trains 'a' have columns of different lengths: trial 2, channel 1, time 1",
        ),
        (("a", [-1], [0], [0.0]), "trial of spike trains go from -1 to -1; they must lie between 0 and"),
        (("a", [0], [0.5], [0.0]), "channel of spike trains have the type float64; indices are integers"),
        (("a", [0], [0], [-1.0]), r"spike trains 'a' have a spike at -1\.0 s; times cannot be negative"),
        (("a", [0], [0], [np.nan]), "time of spike trains has 1 value that is not finite"),
        (("a", [0], [0], [1 * mV]), "time of spike trains = 1 value from 1 mV to 1 mV is a voltage; it must be a time"),
        (("a", [0], [0], [0.0], 0.0), "duration = 0.0: must be a finite number above 0"),
        (("a", [0], [0], [0.0], 1.0, 0), "n_trials = 0: must be an integer, 1 or more"),
    ],
)
def test_spike_trains_are_checked(arguments, message):
    with pytest.raises(ValueError, match=message):
        SpikeTrains(*arguments)


def test_the_beginning_of_spike_trains():
    trains = SpikeTrains("a", [0, 1, 1], [2, 0, 1], [0.1, 0.2, 0.3], 5.0, 2)
    first = trains.until(200 * ms)
    assert (first.trial.tolist(), first.channel.tolist(), first.time.tolist()) == ([0], [2], [0.1])
    assert (first.name, first.duration, first.n_trials) == ("a", 0.2, 2)
    with pytest.raises(ValueError, match="duration = 0"):
        trains.until(0.0)


@pytest.mark.parametrize("places", [[], [4], [0, 1, 5], [2, 2, 3], [0, 0, 0, 1, 7, 7]])
def test_repeated_spikes_are_counted(places):
    found = _repeats(np.array(places, dtype=np.int64))
    assert found.tolist() == [places[:k].count(place) for k, place in enumerate(places)]
