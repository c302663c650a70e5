"""Networks with skips: what is unrolled equals the NumPy twin spike for spike, and gradients pass through the skips."""

from dataclasses import replace

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy import sparse

from bioworkbench.discrete.layers import with_weights
from bioworkbench.discrete.lif import discrete_lif
from bioworkbench.discrete.skips import Skip
from bioworkbench.gradients.chains import chain_weights, feed_forward, trained_arrays
from bioworkbench.gradients.layers import Dense, FeedForward, Neuron, StepNoise
from bioworkbench.gradients.linked import linked_accuracy, linked_gradient
from bioworkbench.gradients.linked_states import linked_state
from bioworkbench.gradients.networks import initial_parameters, noisy_outputs, rectified_outputs, unrolled_outputs
from bioworkbench.gradients.objectives import accuracy, arrays_of, folding, spike_rasters, unrolled_loss
from bioworkbench.gradients.starting import start_state
from bioworkbench.records.network import Network, Population, Projection
from bioworkbench.records.optimization import ConvolvedImages
from bioworkbench.records.stimulus import Stimulus
from tests.methods.chains import DT, in_numpy, residual_chain

SIZES = {"a": 256, "b": 256, "c": 256, "d": 10}
IMAGES = ConvolvedImages((8, 8, 1), convolutions=((4, 3, 1),) * 3, pooling=(1, 1, 1, 2), normalized=True)


def _convolutional(weight, model):
    names, sizes = ["input", *SIZES], [64, *SIZES.values()]
    populations = tuple(Population(name, size, model, k) for k, (name, size) in enumerate(SIZES.items()))
    links = [Projection(names[k], names[k + 1], sparse.csr_array((sizes[k], sizes[k + 1]))) for k in range(4)]
    return Network(populations, (*links, Projection("a", "c", weight * sparse.eye_array(256, format="csr"))))


@pytest.mark.parametrize("reset", ["zero", "subtract", "delayed_subtract"])
def test_dense_residual_chain_spikes_as_its_projections_do(reset):
    neuron = {"leak": 0.8, "reset": reset, "floor": None, "start": 0.1}
    network = residual_chain((12, 20, 20, 20, 20), 0.9, [(0, 2), (1, 3), (0, 3)], **neuron)
    model = feed_forward(network, 3)
    assert model.skips == (Skip(0, 2, 0.9), Skip(0, 3, 0.9), Skip(1, 3, 0.9))
    assert [weights.shape for weights in chain_weights(network)] == [(12, 20), (20, 20), (20, 20), (20, 20)]
    layers = arrays_of(start_state(network, model, np.random.default_rng(1)).parameters["layers"])
    built = with_weights(network, *trained_arrays(model, layers, [{"weights": 1.0}] * 5), {})
    values = np.random.default_rng(3).random((6, 12))
    recording = in_numpy(built, Stimulus(values[:, None], 9 * DT), 1)
    without = spike_rasters(replace(model, skips=()), layers, values, 9)
    for number, raster in enumerate(spike_rasters(model, layers, values, 9)):
        assert 0 < raster.mean() < 1
        assert np.array_equal(raster, without[number]) == (number < 2)
        np.testing.assert_array_equal(recording.raster(f"h{number}"), raster)


def test_convolutional_residual_chain_spikes_as_its_projections_do():
    network = _convolutional(0.6, discrete_lif(leak=0.5, reset="zero", strict=True))
    model = feed_forward(network, 2, images=IMAGES)
    state = start_state(network, model, np.random.default_rng(1))
    given = np.random.default_rng(3).random((5, 64))
    layers = arrays_of(folding(model, np.float32(given), 7)(state.parameters["layers"]))
    layers[3]["weights"] = np.random.default_rng(2).normal(0, 0.5, (64, 10))
    built = with_weights(network, *trained_arrays(model, layers, state.fixed["masks"]["layers"]), {})
    recording = in_numpy(built, Stimulus(given[:, None], 7 * DT), 1)
    for name, raster in zip(SIZES, spike_rasters(model, layers, given, 7), strict=True):
        assert 0 < raster.mean() < 1
        np.testing.assert_array_equal(recording.raster(name), raster)


@pytest.mark.parametrize("n_steps", [4, None])
def test_folded_residual_network_does_what_it_did_in_training(n_steps):
    """Means and deviations are those of layers that see the skip."""
    network = feed_forward(_convolutional(0.6, discrete_lif(leak=0.5, reset="zero")), 2, images=IMAGES)
    parameters = initial_parameters(network.layers, np.random.default_rng(1))
    inputs = np.float32(np.random.default_rng(2).random((20, 64)))
    folded = folding(network, inputs, n_steps)(parameters)
    given = jnp.asarray(inputs)
    if n_steps is None:
        trained, ran = (rectified_outputs(network, own, given)[0] for own in (parameters, folded))
        np.testing.assert_allclose(trained, ran, atol=1e-3)
    else:
        trained, ran = (unrolled_outputs(network, own, given[None], n_steps)[1] for own in (parameters, folded))
        for one, two in zip(trained, ran, strict=True):
            assert (np.asarray(one) != np.asarray(two)).mean() < 1e-3  # single precision


def test_loss_gradient_and_accuracy_of_links_are_those_of_the_dense_twin():
    rng = np.random.default_rng(7)
    neuron = Neuron(0.7, 1.0, "zero", strict=True, start=0.2)
    layers = (Dense(20, 25), Dense(25, 25), Dense(25, 25), Dense(25, 25), Dense(25, 4))
    network = FeedForward(layers, (neuron,) * 4, "triangle", 0.8, (Skip(0, 2, 0.7), Skip(0, 3, 0.4), Skip(1, 3, 0.5)))
    weights = [
        sparse.csr_array(
            sparse.random_array(layer.weight_shape, density=0.3, rng=rng, data_sampler=lambda size: rng.normal(0, 0.6, size))
        )
        for layer in layers
    ]
    state, labels = linked_state(weights), rng.integers(4, size=16)
    batch, key = (rng.random((16, 20)).astype(np.float32), labels), jax.random.key(0)
    loss, gradient = linked_gradient(network, 5)(state.parameters, state.fixed, batch, key)
    dense = tuple({"weights": jnp.asarray(w.toarray(), jnp.float32), "bias": jnp.zeros(w.shape[1])} for w in weights)
    twin = jax.value_and_grad(unrolled_loss(network, 5))({"layers": dense}, {}, batch, key)
    assert loss == pytest.approx(float(twin[0]), rel=1e-5)
    for found, wanted, layer in zip(gradient["layers"], twin[1]["layers"], weights, strict=True):
        assert np.abs(found["weights"]).sum() > 0
        np.testing.assert_allclose(found["weights"], np.asarray(wanted["weights"])[layer.nonzero()], atol=2e-6)
        np.testing.assert_allclose(found["bias"], wanted["bias"], atol=2e-6)
    assert linked_accuracy(network, batch[0], labels, 5)(state.parameters, state.fixed) == accuracy(network, batch[0], labels, 5)(
        dense
    )


def _relays(weight):
    """Three layers of one neuron; the second is never driven."""
    own = ({"weights": jnp.array([[w]]), "bias": jnp.zeros(1)} for w in (2.0, 0.0, 1.0, 1.0))
    return FeedForward((Dense(1, 1),) * 4, (Neuron(),) * 3, skips=(Skip(0, 2, weight),)), tuple(own)


def test_a_skip_by_hand():
    network, own = _relays(0.5)
    _, spikes, left = unrolled_outputs(network, own, jnp.ones((1, 1, 1)), 4)
    assert [np.ravel(layer).tolist() for layer in spikes] == [[1, 1, 1, 1], [0, 0, 0, 0], [0, 1, 0, 1]]
    assert np.ravel(left[2]).tolist() == [0.5, 0.0, 0.5, 0.0]
    assert rectified_outputs(network, own, jnp.ones((1, 1)))[1][2].tolist() == [[1.0]]  # half of the 2 that the first unit gives


def test_one_noisy_step_sees_the_spikes_of_that_step():
    network, own = _relays(0.7)
    moments = {"mean": jnp.full(3, 0.5), "deviation": jnp.zeros(3)}
    drawn = [jnp.zeros((1, 1))] * 3
    for backward in ("surrogate", "expected"):
        noise = moments | {"deviation": jnp.full(3, 1e-6)}
        assert noisy_outputs(network, StepNoise("gauss", backward), own, jnp.ones((1, 1)), noise, drawn).tolist() == [[1.0]]
        assert noisy_outputs(_relays(0.4)[0], StepNoise("gauss", backward), own, jnp.ones((1, 1)), noise, drawn).tolist() == [
            [0.0]
        ]


def test_a_skip_needs_layers_of_one_size():
    with pytest.raises(ValueError, match="layers 0 and 2 have 3 and 4 neurons; a skip leads from one to another of its size"):
        FeedForward((Dense(2, 3), Dense(3, 3), Dense(3, 4), Dense(4, 2)), (Neuron(),) * 3, skips=(Skip(0, 2, 1.0),))
