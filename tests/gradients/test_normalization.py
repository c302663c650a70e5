"""Batch norm: what is normalized in training is the same network when its numbers are part of weights and biases."""

from dataclasses import replace

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from bioworkbench.gradients.layers import Convolution, Dense, FeedForward, Neuron, Pooled
from bioworkbench.gradients.networks import folded_parameters, initial_parameters, rectified_outputs, unrolled_outputs
from bioworkbench.gradients.normalization import folded_layer, layer_drive
from bioworkbench.gradients.objectives import folding

LAYERS = (
    Convolution((8, 8, 2), 4, 3, normalized=True),
    Pooled((8, 8, 4), 2, Convolution((4, 4, 4), 6, 3, normalized=True)),
    Pooled((4, 4, 6), 2, Dense(24, 10)),
    Dense(10, 3),
)
NEURON = Neuron(leak=0.5, reset="zero", strict=True)
NETWORK = FeedForward(LAYERS, (NEURON,) * 3)


def _parameters(seed=1):
    """Of a network some way into its training: no scale is 1, no bias 0."""
    rng = np.random.default_rng(seed)
    drawn = initial_parameters(NETWORK.layers, rng)
    return tuple(
        {name: np.asarray(value, dtype=float) + rng.normal(0.1, 0.2, value.shape) for name, value in own.items()} for own in drawn
    )


def _inputs(n_frames, seed=2):
    return np.random.default_rng(seed).random((n_frames, 20, 128))


@pytest.mark.parametrize("n_frames", [1, 4])
def test_folded_network_spikes_as_in_training(n_frames):
    inputs, parameters = jnp.asarray(_inputs(n_frames)), _parameters()
    with jax.enable_x64(True):
        given = jnp.asarray(np.asarray(inputs, dtype=float))
        folded = folded_parameters(NETWORK, parameters, given, 4)
        trained, ran = unrolled_outputs(NETWORK, parameters, given, 4), unrolled_outputs(NETWORK, folded, given, 4)
        other = jnp.asarray(_inputs(n_frames, seed=3) ** 3)  # another distribution, with other means and deviations
        apart = unrolled_outputs(NETWORK, parameters, other, 4), unrolled_outputs(NETWORK, folded, other, 4)
    assert all("scale" not in own for own in folded)
    for one, two in zip(trained[1], ran[1], strict=True):
        assert 0 < np.asarray(one).mean() < 1
        np.testing.assert_array_equal(one, two)
    np.testing.assert_allclose(trained[0], ran[0], atol=1e-12)
    assert not np.array_equal(apart[0][1][0], apart[1][1][0])


def test_drive_of_a_filter_by_hand():
    layer = Convolution((1, 2, 1), 1, 1, normalized=True)
    own = {"weights": jnp.full((1, 1, 1, 1), 3.0), "bias": jnp.array([0.5]), "scale": jnp.array([2.0])}
    inputs = jnp.array([[[0.0, 1.0]], [[2.0, 1.0]]])  # two steps of one trial, two pixels: mean 1, variance 1/2
    wanted = 0.5 + 2.0 * (np.array([0.0, 1.0, 2.0, 1.0]) - 1) / np.sqrt(0.5)
    np.testing.assert_allclose(np.ravel(layer_drive(layer, own, inputs)), wanted, atol=1e-4)
    folded = folded_layer(layer, own, inputs)
    np.testing.assert_allclose(folded["weights"].ravel(), 2 / np.sqrt(0.5), atol=1e-4)
    np.testing.assert_allclose(folded["bias"], 0.5 - 2 / np.sqrt(0.5), atol=1e-4)


def test_a_filter_that_sees_the_same_everywhere_is_its_bias():
    layer = Convolution((2, 2, 1), 1, 1, normalized=True)
    own = {"weights": jnp.ones((1, 1, 1, 1)), "bias": jnp.array([0.25]), "scale": jnp.array([1.0])}
    np.testing.assert_allclose(layer_drive(layer, own, jnp.ones((1, 3, 4))), 0.25, atol=1e-6)


def test_without_batch_norm_nothing_is_folded():
    plain = FeedForward((Dense(4, 3), Dense(3, 2)), (NEURON,))
    parameters = initial_parameters(plain.layers, np.random.default_rng(1))
    assert folding(plain, np.zeros((5, 4)), 3)(parameters) is parameters


def test_rectified_units_are_folded_too():
    inputs, parameters = np.float32(_inputs(1)[0]), jax.tree.map(jnp.float32, _parameters())
    folded = folding(NETWORK, inputs, None)(parameters)
    trained = rectified_outputs(NETWORK, parameters, jnp.asarray(inputs))[0]
    np.testing.assert_allclose(rectified_outputs(NETWORK, folded, jnp.asarray(inputs))[0], trained, atol=1e-4)
    spiking = folding(NETWORK, inputs, 4)(parameters)
    assert not np.allclose(spiking[1]["bias"], folded[1]["bias"])


def test_first_trials_alone_are_measured():
    inputs = np.float32(np.random.default_rng(1).random((600, 128)))
    one, two = (folding(NETWORK, given, 2)(jax.tree.map(jnp.float32, _parameters())) for given in (inputs, inputs[:500]))
    np.testing.assert_array_equal(one[0]["bias"], two[0]["bias"])


def test_averages_by_hand():
    layer = Pooled((2, 4, 1), 2, Dense(2, 2))
    drive = layer.apply(jnp.eye(2), jnp.array([0.0, 1.0]), jnp.arange(8.0)[None])
    assert drive.tolist() == [[2.5, 5.5]]
    assert (layer.n_in, layer.n_out, layer.fan_in, layer.weight_shape, layer.normalized) == (8, 2, 2, (2, 2), False)


@pytest.mark.parametrize(
    ("side", "words"), [(3, "side = 3: an image of 8 x 8 pixels"), (0, "side = 0: must be an integer, 1 or more")]
)
def test_squares_must_fit(side, words):
    with pytest.raises(ValueError, match=words):
        Pooled((8, 8, 4), side, replace(LAYERS[1].layer))
