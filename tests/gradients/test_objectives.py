"""Losses, accuracy, rasters, left-over potentials and activations of small networks."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from bioworkbench.discrete import lif_layer
from bioworkbench.gradients.layers import Dense, FeedForward, Neuron, StepNoise
from bioworkbench.gradients.networks import initial_parameters
from bioworkbench.gradients.objectives import (
    accuracy,
    activation_scales,
    arrays_of,
    left_over_moments,
    no_shift,
    noisy_inputs,
    random_shift,
    rectified_loss,
    single_step_loss,
    spike_rasters,
    unrolled_loss,
)
from bioworkbench.gradients.training import cross_entropy

NEURON = Neuron(leak=1.0, floor=0.0, start=0.5)
NETWORK = FeedForward((Dense(5, 8), Dense(8, 3)), (NEURON,))
LAYERS = initial_parameters(NETWORK.layers, np.random.default_rng(3))
INPUTS = np.random.default_rng(4).random((40, 5)).astype(np.float32)
LABELS = np.random.default_rng(5).integers(3, size=40)


def _raster(n_steps):
    drive = np.broadcast_to((INPUTS.astype(float) @ np.asarray(LAYERS[0]["weights"], dtype=float))[:, None], (40, n_steps, 8))
    return lif_layer(drive, leak=1.0, floor=0.0, start=0.5)


def test_rasters_are_those_of_the_twin():
    found = spike_rasters(NETWORK, LAYERS, INPUTS, 6)
    np.testing.assert_array_equal(found[0], _raster(6)[0])
    held = np.repeat(INPUTS[:, None], 6, axis=1)
    np.testing.assert_array_equal(spike_rasters(NETWORK, LAYERS, held, 6)[0], found[0])


def test_accuracy_counts_the_largest_outputs():
    outputs = _raster(6)[0].mean(axis=1) @ np.asarray(LAYERS[1]["weights"])
    right = float((outputs.argmax(axis=1) == LABELS).mean())
    assert accuracy(NETWORK, INPUTS, LABELS, 6)(LAYERS) == pytest.approx(right)
    rectified = np.maximum(INPUTS @ np.asarray(LAYERS[0]["weights"]), 0) @ np.asarray(LAYERS[1]["weights"])
    assert accuracy(NETWORK, INPUTS, LABELS, None)(LAYERS) == pytest.approx(float((rectified.argmax(axis=1) == LABELS).mean()))


def test_spikes_drawn_as_booleans_are_accepted():
    spikes = np.random.default_rng(1).random((40, 6, 5)) < 0.5
    assert accuracy(NETWORK, spikes, LABELS, 6)(LAYERS) == accuracy(NETWORK, spikes.astype(np.float32), LABELS, 6)(LAYERS)


def test_losses_are_cross_entropies_of_the_outputs():
    batch, key = (INPUTS, LABELS), jax.random.key(0)
    still = {"noise": {"mean": np.float32([0.5]), "deviation": np.float32([0.0])}}
    outputs = jnp.asarray(_raster(1)[0][:, 0] @ np.asarray(LAYERS[1]["weights"]))
    wanted = float(cross_entropy(outputs, LABELS))
    prepared = noisy_inputs(NETWORK, StepNoise())(INPUTS, key)
    single = single_step_loss(NETWORK, StepNoise())({"layers": LAYERS}, still, (prepared, LABELS), key)
    assert float(single) == pytest.approx(wanted, rel=1e-5)
    assert float(unrolled_loss(NETWORK, 1)({"layers": LAYERS}, {}, batch, key)) == pytest.approx(wanted, rel=1e-5)
    rectified = np.maximum(INPUTS @ np.asarray(LAYERS[0]["weights"]), 0) @ np.asarray(LAYERS[1]["weights"])
    found = float(rectified_loss(NETWORK)({"layers": LAYERS}, {}, batch, key))
    assert found == pytest.approx(float(cross_entropy(jnp.asarray(rectified), LABELS)), rel=1e-5)


@pytest.mark.thorough
def test_a_learned_deviation_has_a_gradient():
    parameters = {"layers": LAYERS, "log_deviation": jnp.log(jnp.array([0.3]))}
    fixed = {"noise": {"mean": np.float32([0.5]), "deviation": np.float32([0.0])}}
    loss = single_step_loss(NETWORK, StepNoise("gauss", "expected"))
    prepared = noisy_inputs(NETWORK, StepNoise())(INPUTS, jax.random.key(1))
    slope = jax.grad(loss)(parameters, fixed, (prepared, LABELS), jax.random.key(1))
    assert float(jnp.abs(slope["log_deviation"][0])) > 0


def test_left_over_moments_are_those_of_the_potential_before_each_step():
    spikes, potentials = _raster(6)
    after = np.maximum(potentials - spikes, 0)
    carried = np.minimum(np.concatenate([np.full((40, 1, 8), 0.5), after[:, :-1]], axis=1), 1.0)
    means, deviations = left_over_moments(NETWORK, 6)(LAYERS, INPUTS)
    np.testing.assert_allclose((means[0], deviations[0]), (carried.mean(), carried.std()), rtol=1e-5)


def test_activation_scales_are_quantiles():
    activations = np.maximum(INPUTS @ np.asarray(LAYERS[0]["weights"]), 0)
    for fraction in (1.0, 0.5):
        assert activation_scales(NETWORK, LAYERS, INPUTS, fraction)[0] == pytest.approx(
            np.quantile(activations, fraction), rel=1e-5
        )


def test_arrays_are_of_numpy_in_double_precision():
    found = arrays_of(LAYERS)
    assert isinstance(found[0]["weights"], np.ndarray)
    assert found[1]["bias"].dtype == float


def test_shifts_move_images_as_a_whole():
    images = np.zeros((200, 16), dtype=np.float32)
    images[:, 5] = 1.0  # row 1, column 1
    moved = np.asarray(random_shift((4, 4, 1), 1)(images, jax.random.key(0)))
    assert set(moved.argmax(axis=1)) == {0, 1, 2, 4, 5, 6, 8, 9, 10}
    assert (moved.sum(axis=1) == 1).all()
    again = np.asarray(random_shift((4, 4, 1), 1)(images[:, None], jax.random.key(0)))
    np.testing.assert_array_equal(again[:, 0], moved)
    assert random_shift(None, 0) is no_shift
    with pytest.raises(ValueError, match="shift = 2: say how the channels form an image"):
        random_shift(None, 2)
    with pytest.raises(ValueError, match="shift = -1"):
        random_shift((4, 4, 1), -1)
