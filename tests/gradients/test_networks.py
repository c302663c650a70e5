"""Unrolled networks equal the NumPy twin spike for spike, and their gradients are those of what they stand for."""

from dataclasses import replace
from itertools import pairwise

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from bioworkbench.discrete import lif_layer
from bioworkbench.gradients.layers import Convolution, Dense, FeedForward, Neuron, StepNoise
from bioworkbench.gradients.networks import drawn_noise, initial_parameters, noisy_outputs, rectified_outputs, unrolled_outputs
from bioworkbench.gradients.surrogate import firing_probability
from tests.sampled import every

NEURONS = [
    Neuron(leak=1.0, floor=0.0, start=0.5),
    Neuron(leak=0.9, reset="zero", strict=True),
    Neuron(leak=0.8, reset="delayed_subtract", threshold=0.7),
]


def _network(neuron, sizes=(6, 9, 7, 3)):
    layers = tuple(Dense(a, b) for a, b in pairwise(sizes))
    return FeedForward(layers, (neuron,) * (len(sizes) - 2))


def _as_float64(parameters):
    return jax.tree.map(lambda leaf: np.asarray(leaf, dtype=float), parameters)


@pytest.mark.parametrize("neuron", NEURONS, ids=lambda neuron: neuron.reset)
@pytest.mark.parametrize("constant", every(2, [True, False]))
def test_unrolled_network_equals_the_twin(neuron, constant):
    rng = np.random.default_rng(7)
    network = _network(neuron)
    parameters = tuple(p | {"bias": p["bias"] + 0.1} for p in _as_float64(initial_parameters(network.layers, rng, gain=6.0)))
    inputs = rng.random((1 if constant else 12, 5, 6))
    with jax.enable_x64(True):
        outputs, spikes, left = unrolled_outputs(network, parameters, jnp.asarray(inputs), 12)
    signal = np.broadcast_to(inputs.transpose(1, 0, 2), (5, 12, 6))
    for layer in range(2):
        settings = {name: getattr(neuron, name) for name in ("leak", "threshold", "reset", "strict", "floor", "start")}
        signal, potentials = lif_layer(signal @ parameters[layer]["weights"] + parameters[layer]["bias"], **settings)
        assert 0 < signal.mean() < 1
        np.testing.assert_array_equal(np.asarray(spikes[layer]).transpose(1, 0, 2), signal)
        assert left[layer].shape == (12, 5, potentials.shape[2])
    np.testing.assert_allclose(outputs, signal.mean(axis=1) @ parameters[2]["weights"] + parameters[2]["bias"], atol=1e-12)


def test_one_step_from_the_mean_of_the_noise_is_the_noisy_network_without_its_noise():
    rng = np.random.default_rng(1)
    network = _network(Neuron(start=0.5))
    parameters = initial_parameters(network.layers, rng)
    inputs = jnp.asarray(rng.random((8, 6)), jnp.float32)
    still = {"mean": jnp.full(2, 0.5), "deviation": jnp.zeros(2)}
    drawn = drawn_noise(network, StepNoise(), 8, jax.random.key(0))
    noisy = noisy_outputs(network, StepNoise(), parameters, inputs, still, drawn)
    np.testing.assert_array_equal(noisy, unrolled_outputs(network, parameters, inputs[None], 1)[0])


@pytest.mark.parametrize("backward", ["surrogate", "expected"])
def test_noisy_neurons_fire_with_their_probability(backward):
    network = _network(Neuron(), sizes=(1, 20_000, 1))
    parameters = (
        {"weights": jnp.full((1, 20_000), 0.3), "bias": jnp.zeros(20_000)},
        {"weights": jnp.ones((20_000, 1)), "bias": 0.0},
    )
    moments = {"mean": jnp.array([0.5]), "deviation": jnp.array([0.289])}
    drawn = drawn_noise(network, StepNoise(), 1, jax.random.key(2))
    fired = noisy_outputs(network, StepNoise("gauss", backward), parameters, jnp.ones((1, 1)), moments, drawn)
    chance = float(firing_probability("gauss", jnp.float32(-0.2), jnp.float32(0.289)))
    assert abs(float(fired[0, 0]) / 20_000 - chance) < 4.5 * (chance * (1 - chance) / 20_000) ** 0.5


@pytest.mark.slow
def test_gradient_of_the_expected_output_is_exact():
    """One layer: the derivative of the mean output is that of the firing probabilities."""
    network = _network(Neuron(), sizes=(1, 4, 1))
    moments = {"mean": jnp.array([0.5]), "deviation": jnp.array([0.3])}
    own = (
        {"weights": jnp.array([[0.1, 0.4, 0.7, 1.1]]), "bias": jnp.zeros(4)},
        {"weights": jnp.ones((4, 1)), "bias": jnp.zeros(1)},
    )

    def mean_output(parameters):
        step_noise = StepNoise("gauss", "expected")
        return noisy_outputs(network, step_noise, parameters, jnp.ones((1, 1)), moments, [jnp.zeros((1, 4))]).mean()

    slope = jax.grad(mean_output)(own)[0]["weights"][0]
    chance = jax.grad(lambda w: firing_probability("gauss", w - 0.5, jnp.float32(0.3)).sum())(own[0]["weights"][0])
    np.testing.assert_allclose(slope, chance, rtol=1e-5)


@pytest.mark.thorough
def test_convolutional_network_has_flat_spikes_in_image_order():
    layers = (Convolution((6, 6, 1), 4, 3, 2), Convolution((3, 3, 4), 5, 3), Dense(45, 2))
    network = FeedForward(layers, (Neuron(start=0.5),) * 2)
    parameters = initial_parameters(layers, np.random.default_rng(1))
    outputs, spikes, _ = unrolled_outputs(network, parameters, jnp.ones((1, 3, 36)), 4)
    assert (outputs.shape, [s.shape for s in spikes]) == ((3, 2), [(4, 3, 36), (4, 3, 45)])
    one_hot = jnp.zeros((1, 36)).at[0, 21].set(1.0)  # pixel (3, 3) lies under the center tap of output (1, 1)
    drive = layers[0].apply(jnp.zeros((3, 3, 1, 4)).at[1, 1, 0].set(jnp.arange(4.0)), jnp.zeros(4), one_hot)
    assert jnp.argwhere(drive[0]).ravel().tolist() == [17, 18, 19]


def test_rectified_network_by_hand():
    network = _network(Neuron(), sizes=(1, 2, 1))
    parameters = (
        {"weights": jnp.array([[2.0, -1.0]]), "bias": jnp.array([0.5, 0.0])},
        {"weights": jnp.ones((2, 1)), "bias": jnp.ones(1)},
    )
    outputs, activations = rectified_outputs(network, parameters, jnp.array([[1.0]]))
    assert (outputs.tolist(), activations[0].tolist()) == ([[3.5]], [[2.5, 0.0]])


@pytest.mark.thorough
def test_gradient_reaches_every_layer_through_time():
    network = replace(_network(Neuron(leak=0.9, reset="zero")), surrogate="arctan", width=0.5)
    parameters = initial_parameters(network.layers, np.random.default_rng(3))
    inputs = jnp.asarray(np.random.default_rng(4).random((6, 5, 6)), jnp.float32)
    slopes = jax.grad(lambda p: unrolled_outputs(network, p, inputs, 6)[0][:, 0].sum())(parameters)
    assert all(float(jnp.abs(leaf).sum()) > 0 for leaf in jax.tree.leaves(slopes))


def test_layers_must_fit():
    with pytest.raises(ValueError, match="a layer of 4 neurons is followed by one that expects 5"):
        FeedForward((Dense(3, 4), Dense(5, 2)), (Neuron(),))
    with pytest.raises(ValueError, match="2 layers and 2 neurons"):
        FeedForward((Dense(3, 4), Dense(4, 2)), (Neuron(), Neuron()))
