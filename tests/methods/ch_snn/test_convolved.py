"""CH-SNN with convolutions: linear layers keep few links, convolutions all or few, and Brian2 spikes as JAX does."""

from dataclasses import replace
from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy import sparse

from bioworkbench.discrete.layers import chain
from bioworkbench.discrete.lif import discrete_lif
from bioworkbench.gradients.layers import Convolution, Dense, FeedForward, Neuron, Pooled
from bioworkbench.gradients.linked import dense_gradients, linked_accuracy, linked_gradient
from bioworkbench.gradients.linked_states import dense_parameters, linked_state, links_of
from bioworkbench.gradients.networks import initial_parameters
from bioworkbench.gradients.objectives import accuracy, folding, unrolled_loss
from bioworkbench.gradients.training import Batches
from bioworkbench.methods.ch_snn import BASELINES, train
from bioworkbench.records.network import Network, Population, Projection
from bioworkbench.records.optimization import ConvolvedImages
from bioworkbench.simulation import simulate
from tests.gradients.test_attention import IMAGES as SPIKFORMER
from tests.gradients.test_attention import spikformer
from tests.methods.chains import DT, check_spikes, digits_task, in_numpy
from tests.methods.grouped import grouped

MODEL = discrete_lif(leak=0.5, reset="zero", strict=True)
SIZES = {"a": 512, "b": 192, "c": 40}
IMAGES = ConvolvedImages((8, 8, 1), convolutions=((8, 3, 1), (12, 3, 1)), pooling=(1, 2, 2), normalized=True)
SHORT = {"sparsity": 0.75, "epochs": 4, "batch_size": 64, "learning_rate": 1e-2, "last_fraction": 1.0}


def _network():
    names, sizes = ["input", *SIZES], [64, *SIZES.values()]
    populations = tuple(Population(name, size, MODEL, k) for k, (name, size) in enumerate(SIZES.items()))
    links = tuple(Projection(names[k], names[k + 1], sparse.csr_array((sizes[k], sizes[k + 1]))) for k in range(3))
    return Network(populations, links)


def _train(run=in_numpy, images=IMAGES, **settings):
    task = digits_task(4, n_validation=150)
    return task, train(task, _network(), run, np.random.default_rng(3), images=images, **grouped(train, SHORT | settings))


@pytest.fixture(scope="module")
def trained():
    return _train(partial(simulate, dt=DT, backend="numpy"))


def test_it_learns_and_linear_layers_keep_their_number_of_links(trained):
    history = trained[1].history
    assert history["score"].max() > 0.7  # chance is 0.1
    assert set(history["n_links"]) == {48 * 40 // 4 + 40 * 10 // 4}
    assert (history["overlap"][:3] >= 0).all()
    first, second, hidden = trained[1].network.projections
    assert first.n_synapses == 22 * 22 * 8  # 3 x 3 taps of 8 x 8 pixels, of which those beyond the border have none
    assert second.n_synapses == 10 * 10 * 4 * 8 * 12
    assert hidden.n_synapses == 4 * 480  # an average of four pixels is a quarter of the weight from each
    assert history["simulated_accuracy"][0] == pytest.approx(history["score"].max())


def test_brian2_and_jax_spike_alike(trained):
    """JAX runs the layers, convolutions and averages, that the weights of the projections stand for."""
    check_spikes(*trained, 4, IMAGES, n_trials=30)


@pytest.mark.parametrize("name", ["set", *(pytest.param(name, marks=pytest.mark.slow) for name in BASELINES if name != "set")])
def test_baselines_run(name):
    _, found = _train(**({"epochs": 2} | BASELINES[name]))
    n_links = 48 * 40 if name == "fully_connected" else 48 * 40 // 4
    assert found.network.projections[2].n_synapses == 4 * n_links


def test_loss_and_gradient_are_those_of_the_dense_twin():
    rng = np.random.default_rng(7)
    layers = (Convolution((4, 4, 1), 3, 3, normalized=True), Pooled((4, 4, 3), 2, Dense(12, 8)), Dense(8, 3))
    network = FeedForward(layers, (Neuron(0.7, 1.0, "zero", strict=True),) * 2)
    weights = [sparse.random_array(shape, density=0.4, rng=rng, format="csr") for shape in ((12, 8), (8, 3))]
    state = linked_state(weights, {}, initial_parameters(layers[:1], rng))
    inputs, labels = rng.random((40, 16)).astype(np.float32), rng.integers(3, size=40)
    batch, key = (inputs, labels), jax.random.key(0)
    dense = (
        state.parameters["layers"][0],
        *({"weights": jnp.float32(w.toarray()), "bias": jnp.zeros(w.shape[1])} for w in weights),
    )
    for one, two in zip(dense_parameters(network, state.parameters["layers"], state.fixed["links"]), dense, strict=True):
        np.testing.assert_array_equal(one["weights"], two["weights"])
    loss, gradient = linked_gradient(network, 3)(state.parameters, state.fixed, batch, key)
    twin = jax.value_and_grad(unrolled_loss(network, 3))({"layers": dense}, {}, batch, key)
    assert float(loss) == pytest.approx(float(twin[0]), rel=1e-5)
    assert np.abs(gradient["layers"][0]["scale"]).sum() > 0
    for name in ("weights", "bias", "scale"):
        np.testing.assert_allclose(gradient["layers"][0][name], twin[1]["layers"][0][name], atol=2e-6)
    every = dense_gradients(network, 3, Batches(inputs, labels, 1), 40)(state, 0)
    for found, wanted, layer, all_of_it in zip(gradient["layers"][1:], twin[1]["layers"][1:], weights, every, strict=True):
        np.testing.assert_allclose(found["weights"], np.asarray(wanted["weights"])[layer.nonzero()], atol=2e-6)
        np.testing.assert_allclose(all_of_it, wanted["weights"], atol=2e-6)
    fold = folding(network, inputs, 3)
    score = linked_accuracy(network, inputs, labels, 3, fold)(state.parameters, state.fixed)
    assert score == accuracy(network, inputs, labels, 3)(fold(dense))
    assert [layer.nnz for layer in links_of(state)] == [layer.nnz for layer in weights]


def test_convolutions_are_drawn_whole():
    with pytest.raises(ValueError, match=r"start\.topology = 'given' with 2 convolutions, which are drawn; choose 'uniform'"):
        _train(topology="given")


@pytest.mark.thorough
def test_a_spikformer_learns_and_brian2_classifies_as_jax_does():
    """The accuracy of the network with coincidence neurons in place of products is that of the validation in JAX."""
    task, settings = digits_task(4, n_train=600, n_validation=150), SHORT | {"epochs": 5, "batch_size": 32, "sparsity": 0.5}
    run = partial(simulate, dt=DT, backend="numpy")
    images, network = replace(SPIKFORMER, pooling=()), spikformer(discrete_lif(leak=0.5, reset="zero"))
    found = train(task, network, run, np.random.default_rng(3), images=images, **grouped(train, settings))
    assert found.history["score"].max() > 0.6  # chance is 0.1
    assert found.history["simulated_accuracy"][0] == pytest.approx(found.history["score"].max())
    assert [population.name for population in chain(found.network)][2] == "attending_coincidences"


def test_outputs_may_be_the_only_linear_layer():
    populations = tuple(Population(name, SIZES[name], MODEL, k) for k, name in enumerate("ab"))
    links = (Projection("input", "a", sparse.csr_array((64, 512))), Projection("a", "b", sparse.csr_array((512, 192))))
    task, settings = digits_task(4, n_train=300), grouped(train, SHORT | {"epochs": 1})
    found = train(task, Network(populations, links), in_numpy, np.random.default_rng(1), images=IMAGES, **settings)
    assert np.count_nonzero(found.readout.coefficients) == 4 * 48 * 10 // 4
