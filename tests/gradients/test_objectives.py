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
from bioworkbench.records.optimization import Images

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
    shift = random_shift(Images((4, 4, 1), shift=1))
    moved = np.asarray(shift(images, jax.random.key(0)))
    assert set(moved.argmax(axis=1)) == {0, 1, 2, 4, 5, 6, 8, 9, 10}
    assert (moved.sum(axis=1) == 1).all()
    again = np.asarray(shift(images[:, None], jax.random.key(0)))
    np.testing.assert_array_equal(again[:, 0], moved)
    assert random_shift(Images()) is no_shift


@pytest.mark.parametrize("by", [{"shift": 1}, {"rotation": 30.0, "scaling": 0.2}, {"mirrored": True}], ids=str)
def test_frames_of_a_trial_are_changed_alike(by):
    trials = np.random.default_rng(1).random((50, 1, 32)).astype(np.float32)
    frames = np.concatenate([trials, trials, 2 * trials], axis=1)
    changed = np.asarray(random_shift(Images((4, 4, 2), **by))(frames, jax.random.key(0)))
    np.testing.assert_array_equal(changed[:, 0], changed[:, 1])
    np.testing.assert_allclose(changed[:, 2], 2 * changed[:, 0], rtol=1e-6)
    assert not np.array_equal(changed[:, 0], trials[:, 0])


def test_about_half_of_the_images_are_mirrored():
    images = np.random.default_rng(1).random((400, 3, 4, 2)).astype(np.float32)
    changed = np.asarray(random_shift(Images((3, 4, 2), mirrored=True))(images.reshape(400, -1), jax.random.key(0)))
    mirrored = np.array([not np.array_equal(one, two) for one, two in zip(changed.reshape(images.shape), images, strict=True)])
    np.testing.assert_array_equal(changed.reshape(images.shape)[mirrored], images[mirrored][:, :, ::-1])
    assert abs(mirrored.mean() - 0.5) < 4.5 * 0.5 / 20


def _moments(images):
    """Total, center and spread of images (n, rows, columns), (n,) each."""
    rows, columns = np.indices(images.shape[1:])
    total = images.sum(axis=(1, 2))
    center = [(images * place).sum(axis=(1, 2)) / total for place in (rows, columns)]
    spread = [
        (images * (place - at[:, None, None]) ** 2).sum(axis=(1, 2)) / total
        for place, at in zip((rows, columns), center, strict=True)
    ]
    return total, *center, *spread


def test_images_are_turned_and_scaled_about_their_center():
    bar = np.zeros((300, 31, 31), dtype=np.float32)
    bar[:, 5:26, 13:18] = 1.0
    total, row, column, tall, wide = _moments(bar)
    flat = bar.reshape(300, -1)

    def changed(**by):
        return _moments(np.asarray(random_shift(Images((31, 31, 1), **by))(flat, jax.random.key(0))).reshape(bar.shape))

    turned = changed(rotation=30.0)
    np.testing.assert_allclose([turned[1], turned[2]], 15.0, atol=0.05)
    np.testing.assert_allclose(turned[0], total, rtol=0.02)
    # a bar that is turned by an angle a is as tall as the square root of cos^2 a tall^2 + sin^2 a wide^2
    least = np.cos(np.pi / 6) ** 2 * tall + np.sin(np.pi / 6) ** 2 * wide
    assert least[0] * 0.97 <= turned[3].min() < least[0] * 1.05
    assert turned[3].max() > 0.98 * tall[0]
    larger = changed(scaling=0.2)
    assert 0.64 * 0.95 < (larger[0] / total).min() < 0.7
    assert 1.38 < (larger[0] / total).max() < 1.44 * 1.05
    moved = changed(shift=3, scaling=1e-6)
    assert 2.5 < (moved[1] - row).max() <= 3.01
    assert -3.01 <= (moved[2] - column).min() < -2.5


@pytest.mark.parametrize(
    ("by", "message"),
    [
        ({"shift": 2}, "shift = 2: say how the channels form an image"),
        ({"rotation": 10.0}, "rotation = 10.0: say how the channels form an image"),
        ({"scaling": 0.1}, "scaling = 0.1: say how the channels form an image"),
        ({"mirrored": True}, "mirrored = True: say how the channels form an image"),
        ({"shift": -1}, "shift = -1"),
        ({"rotation": -1.0}, "rotation = -1.0"),
        ({"scaling": 1.5}, "scaling = 1.5"),
        ({"shape": (8, 8)}, r"shape = \(8, 8\): must be rows, columns and channels"),
        ({"shape": (8, -8, 1)}, "size of an image = -8"),
    ],
)
def test_changes_of_images_that_do_not_fit_are_refused(by, message):
    with pytest.raises(ValueError, match=message):
        Images(**by)
