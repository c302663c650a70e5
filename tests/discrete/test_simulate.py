"""The NumPy twin: hand-computed neurons, timing between layers, and its errors."""

from dataclasses import replace

import numpy as np
import pytest
from scipy import sparse

from bioworkbench.discrete import lif_layer, simulate_discrete
from bioworkbench.discrete.lif import discrete_lif
from bioworkbench.records.background import Background
from bioworkbench.records.network import Network, Population, Projection
from bioworkbench.records.neuron import NeuronModel
from bioworkbench.records.stimulus import Stimulus

CURRENTS = np.array([1.5, 0.25, 0.75, 0.5]).reshape(1, 4, 1)


@pytest.mark.parametrize(
    ("reset", "strict", "spikes", "potentials"),
    [
        ("subtract", False, [1, 0, 1, 0], [1.5, 0.5, 1.0, 0.5]),
        ("zero", False, [1, 0, 0, 0], [1.5, 0.25, 0.875, 0.9375]),
        ("delayed_subtract", True, [1, 0, 0, 0], [1.5, 0.0, 0.75, 0.875]),
    ],
)
def test_three_resets_by_hand(reset, strict, spikes, potentials):
    raster, values = lif_layer(CURRENTS, leak=0.5, reset=reset, strict=strict)
    assert raster.ravel().astype(int).tolist() == spikes
    assert values.ravel().tolist() == potentials


def test_a_strict_neuron_does_not_fire_at_its_threshold():
    assert lif_layer(np.ones((1, 1, 1)), leak=1.0)[0].all()
    assert not lif_layer(np.ones((1, 1, 1)), leak=1.0, strict=True)[0].any()


def test_floor_acts_after_the_reset_and_start_before_the_first_step():
    drive = np.full((1, 3, 1), -0.75)
    _, values = lif_layer(drive, leak=1.0, floor=0.0, start=0.5)
    assert values.ravel().tolist() == [-0.25, -0.75, -0.75]


def test_recurrent_spikes_arrive_in_the_next_step_and_noise_in_its_own():
    drive = np.zeros((1, 3, 2))
    drive[0, 0, 0] = 1.0
    noise = np.zeros_like(drive)
    noise[0, 2, 1] = 0.25
    raster, values = lif_layer(drive, leak=0.0, recurrent=[[0.0, 0.5], [0.0, 0.0]], noise=noise)
    assert np.argwhere(raster[0]).tolist() == [[0, 0]]
    assert values[0, :, 1].tolist() == [0.0, 0.5, 0.25]


def test_count_of_an_integrator_with_constant_drive():
    """Spike count after T steps is floor((v(0) + T x) / theta)."""
    for steps, count in ((16, 5), (4, 1)):
        assert lif_layer(np.full((1, steps, 1), 5 / 16), leak=1.0, start=0.5)[0].sum() == count


def test_parameters_may_differ_between_neurons():
    raster, _ = lif_layer(np.ones((1, 2, 3)), leak=np.array([1.0, 1.0, 0.0]), threshold=np.array([1.0, 2.0, 2.0]))
    assert raster[0].astype(int).tolist() == [[1, 0, 0], [1, 1, 0]]


def test_layer_refuses_bad_input():
    with pytest.raises(ValueError, match=r"drive has shape \(2, 3\)"):
        lif_layer(np.ones((2, 3)), leak=1.0)
    with pytest.raises(ValueError, match="'hard' is not a reset"):
        lif_layer(CURRENTS, leak=1.0, reset="hard")


def _relay(name, layer, **kwargs):
    return Population(name, 1, discrete_lif(leak=0.0, **kwargs), layer)


def _wire(source, target, weight=1.0, delay=0.0):
    return Projection(source, target, sparse.csr_array([[weight]]), delay)


PULSE = Stimulus(np.array([1.0, 0, 0, 0, 0, 0]).reshape(1, 6, 1), 1e-3)


def _steps(recording, name):
    return np.flatnonzero(recording.raster(name)[0, :, 0]).tolist()


def test_feed_forward_layers_have_no_lag_and_recurrent_ones_have_one():
    network = Network((_relay("b", 1), _relay("a", 0)), (_wire("input", "a"), _wire("a", "b"), _wire("b", "a", delay=1e-3)))
    recording = simulate_discrete(network, PULSE)
    assert (_steps(recording, "a"), _steps(recording, "b")) == ([0, 2, 4], [0, 2, 4])
    assert recording.spikes["a"].time.tolist() == [0.0, 0.002, 0.004]


def test_forward_delay_and_same_layer_projection():
    network = Network(
        (_relay("a", 0), _relay("b", 0), _relay("c", 1)), (_wire("input", "a"), _wire("a", "b"), _wire("a", "c", delay=2e-3))
    )
    recording = simulate_discrete(network, PULSE)
    assert (_steps(recording, "b"), _steps(recording, "c")) == ([1], [2])


def test_synapses_of_one_projection_may_differ_in_delay():
    target = Population("b", 2, discrete_lif(leak=0.0), 1)
    fan = Projection("a", "b", sparse.csr_array([[1.0, 1.0]]), np.array([0.0, 3e-3]))
    recording = simulate_discrete(Network((_relay("a", 0), target), (_wire("input", "a"), fan)), PULSE)
    assert np.argwhere(recording.raster("b")[0]).tolist() == [[0, 0], [3, 1]]


def test_currents_are_held_for_a_frame_and_spikes_arrive_once():
    network = Network((_relay("a", 0),), (_wire("input", "a"),))
    held = simulate_discrete(network, PULSE, dt=0.5e-3)
    once = simulate_discrete(network, Stimulus(PULSE.values, 1e-3, "spikes"), dt=0.5e-3)
    assert (_steps(held, "a"), _steps(once, "a"), held.n_steps) == ([0, 1], [0], 12)


def test_whole_network_equals_layers_one_by_one():
    rng = np.random.default_rng(3)
    weights = [rng.normal(size=shape) / 2 for shape in ((4, 7), (7, 5))]
    bias = rng.normal(size=5) / 4
    values = rng.random((3, 11, 4))
    models = (
        discrete_lif(leak=0.9, reset="zero", start=0.25),
        discrete_lif(leak=0.8, reset="delayed_subtract", bias=bias, floor=-1.0),
    )
    network = Network(
        (Population("a", 7, models[0], 0), Population("b", 5, models[1], 1)),
        (Projection("input", "a", sparse.csr_array(weights[0])), Projection("a", "b", sparse.csr_array(weights[1]))),
    )
    recording = simulate_discrete(network, Stimulus(values, 1e-3))
    first, _ = lif_layer(values @ weights[0], leak=0.9, reset="zero", start=0.25)
    second, _ = lif_layer(first @ weights[1] + bias, leak=0.8, reset="delayed_subtract", floor=-1.0)
    assert first.any()
    assert second.any()
    np.testing.assert_array_equal(recording.raster("a"), first)
    np.testing.assert_array_equal(recording.raster("b"), second)


def test_noise_has_the_given_moments():
    model = discrete_lif(leak=0.0, threshold=0.5, noise_mean=0.5, noise_deviation=0.25)
    network = Network((Population("a", 100, model),), (Projection("input", "a", sparse.csr_array(np.zeros((1, 100)))),))
    raster = simulate_discrete(network, Stimulus(np.zeros((1, 400, 1)), 1e-3), rng=np.random.default_rng(5)).raster("a")
    assert abs(raster.mean() - 0.5) < 4.5 * 0.5 / np.sqrt(raster.size)


def test_rates_are_drawn_once_per_step_for_all_targets():
    network = Network((_relay("a", 0), _relay("b", 0)), (_wire("input", "a"), _wire("input", "b")))
    stimulus = Stimulus(np.full((1, 4000, 1), 300.0), 1e-3, "rate")
    recording = simulate_discrete(network, stimulus, rng=np.random.default_rng(1))
    raster = recording.raster("a")
    assert abs(raster.mean() - 0.3) < 4.5 * np.sqrt(0.3 * 0.7 / raster.size)
    np.testing.assert_array_equal(raster, recording.raster("b"))


def test_network_refuses_what_has_no_twin():
    plain = Population("x", 1, NeuronModel("v : 1", "v > 1", "v = 0"))
    drawn = _relay("x", 0, start="uniform(0, 1)")
    noisy = _relay("x", 0, noise_deviation=0.1)
    network = Network((_relay("a", 0),), (_wire("input", "a"),))
    for population, words in (
        (plain, "'x' is not a discrete_lif"),
        (drawn, "starts from 'uniform.*', drawn in each trial"),
        (noisy, "x draws random numbers; give rng"),
    ):
        with pytest.raises(ValueError, match=words):
            simulate_discrete(Network((population,)), PULSE)
    with pytest.raises(ValueError, match="the stimulus draws random numbers; give rng"):
        simulate_discrete(network, Stimulus(PULSE.values, 1e-3, "rate"))
    with pytest.raises(ValueError, match=r"rates go up to 2000.0 Hz; with dt = 0.001 s"):
        simulate_discrete(network, Stimulus(2000 * PULSE.values, 1e-3, "rate"), rng=np.random.default_rng(1))
    other = Projection("a", "a", sparse.csr_array([[1.0]]), receives="v")
    with pytest.raises(ValueError, match="projections a_a_v do not act on 'current'"):
        simulate_discrete(Network((_relay("a", 0),), (_wire("input", "a"), other)), PULSE)
    late = Network((_relay("a", 0),), (Projection("input", "a", sparse.csr_array([[1.0]]), 0.003),))
    for kind in ("current", "spikes"):
        with pytest.raises(ValueError, match="projections input_a delay the stimulus, which consists of frames"):
            simulate_discrete(late, Stimulus(PULSE.values, 1e-3, kind))
    fed = Network((replace(_relay("a", 0), background=(Background("current", 1, 10.0, 1.0),)),), (_wire("input", "a"),))
    with pytest.raises(ValueError, match="populations a have background input, which is drawn in Brian2 alone; leave it out"):
        simulate_discrete(fed, PULSE)
    with pytest.raises(ValueError, match="stimulus has 2 channels; input projections expect 1"):
        simulate_discrete(network, Stimulus(np.zeros((1, 1, 2)), 1e-3))
    with pytest.raises(ValueError, match=r"stimulus frame = 0.001 s is not a whole number of steps"):
        simulate_discrete(network, PULSE, dt=0.7e-3)
