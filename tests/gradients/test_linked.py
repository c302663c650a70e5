"""Networks with few links: the same loss and gradient as the dense twin, and links that come and go under an optimizer."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy import sparse

from bioworkbench.gradients.layers import Dense, FeedForward, Neuron
from bioworkbench.gradients.linked import dense_gradients, linked_accuracy, linked_gradient
from bioworkbench.gradients.linked_states import linked_state, links_of, relinked
from bioworkbench.gradients.objectives import accuracy, unrolled_loss
from bioworkbench.gradients.training import Batches, fit
from bioworkbench.records.optimization import Optimization

NETWORK = FeedForward((Dense(6, 8), Dense(8, 3)), (Neuron(start=0.5),))
INPUTS = np.random.default_rng(4).random((64, 6)).astype(np.float32)
LABELS = np.random.default_rng(5).integers(3, size=64)


def _weights(seed=0):
    rng = np.random.default_rng(seed)
    first = sparse.random_array((6, 8), density=0.5, rng=rng, format="csr")
    return [first, sparse.csr_array(rng.normal(size=(8, 3)))]


def _trained(between=None):
    gradient = linked_gradient(NETWORK, 2)
    batches, settings = Batches(INPUTS, LABELS, 3), Optimization(4, 16, average=0.5)
    return fit(None, linked_state(_weights()), batches, settings, gradient=gradient, between=between)[0]


@pytest.mark.parametrize(
    ("neuron", "density", "n_frames"),
    [
        (Neuron(0.7, 1.0, "zero", strict=True, start=0.2), 0.15, 1),
        pytest.param(Neuron(0.9, 0.8, "subtract", floor=0.0), 0.15, 5, marks=pytest.mark.thorough),
        (Neuron(0.6, 1.0, "delayed_subtract", floor=-0.3), 0.6, 5),
        pytest.param(Neuron(0.7, 1.0, "zero"), 1.0, 1, marks=pytest.mark.thorough),
    ],
)
def test_loss_gradient_and_accuracy_are_those_of_the_dense_twin(neuron, density, n_frames):
    rng = np.random.default_rng(7)
    network = FeedForward((Dense(20, 30), Dense(30, 25), Dense(25, 4)), (neuron, neuron), "triangle", 0.8)
    weights = [_random(shape, density, rng) for shape in ((20, 30), (30, 25), (25, 4))]
    state, labels = linked_state(weights), rng.integers(4, size=16)
    inputs = rng.random((16, 20) if n_frames == 1 else (16, n_frames, 20)).astype(np.float32)
    loss, gradient = linked_gradient(network, 5)(state.parameters, state.fixed, (inputs, labels), jax.random.key(0))
    dense = tuple({"weights": jnp.asarray(w.toarray(), jnp.float32), "bias": jnp.zeros(w.shape[1])} for w in weights)
    twin = jax.value_and_grad(unrolled_loss(network, 5))({"layers": dense}, {}, (inputs, labels), jax.random.key(0))
    assert loss == pytest.approx(float(twin[0]), rel=1e-5)
    for found, wanted, layer in zip(gradient["layers"], twin[1]["layers"], weights, strict=True):
        assert np.abs(found["bias"]).sum() > 0
        np.testing.assert_allclose(found["weights"], np.asarray(wanted["weights"])[layer.nonzero()], atol=2e-6)
        np.testing.assert_allclose(found["bias"], wanted["bias"], atol=2e-6)
    assert linked_accuracy(network, inputs, labels, 5)(state.parameters, state.fixed) == accuracy(network, inputs, labels, 5)(
        dense
    )


def _random(shape, density, rng):
    return sparse.csr_array(
        sparse.random_array(shape, density=density, rng=rng, data_sampler=lambda size: rng.normal(0, 0.7, size))
    )


def test_links_survive_the_way_through_the_state_even_at_weight_zero():
    weights = _weights()
    weights[0].data[0] = 0.0
    found = links_of(linked_state(weights))
    for given, back in zip(weights, found, strict=True):
        assert given.nnz == back.nnz
        np.testing.assert_allclose(given.toarray(), back.toarray(), rtol=1e-6)


def test_absent_links_stay_absent_and_present_ones_learn():
    weights = links_of(_trained())[0]
    before = _weights()[0]
    np.testing.assert_array_equal(np.stack(weights.nonzero()), np.stack(before.nonzero()))
    assert (weights.data != before.data.astype(np.float32)).all()


def test_new_links_start_at_zero_in_weights_moments_and_average():
    seen = {}

    def between(epoch, state):
        if epoch != 1:
            return state, {}
        weights = links_of(state)
        dense, mask = weights[0].toarray(), _weights()[0].toarray() != 0
        new = ~mask & (np.cumsum(~mask).reshape(mask.shape) <= 3)
        gone = mask & (np.cumsum(mask).reshape(mask.shape) <= 3)
        rows, columns = np.nonzero((mask & ~gone) | new)
        layer = sparse.csr_array((dense[rows, columns], (rows, columns)), shape=(6, 8))
        changed = relinked(state, [layer, weights[1]], [sparse.csr_array(new), sparse.csr_array((8, 3), dtype=bool)])
        seen.update(before=state, state=changed, new=new, gone=gone, n=mask.sum())
        return changed, {}

    _trained(between)
    changed, new, gone = seen["state"], seen["new"], seen["gone"]
    assert links_of(changed)[0].nnz == seen["n"]
    trees = [(changed.parameters, seen["before"].parameters), (changed.average, seen["before"].average)]
    trees += list(zip(_moments(changed), _moments(seen["before"]), strict=True))
    assert len(trees) == 4  # Adam has two moments
    for tree, old in trees:
        found, before = (links_of(s, t)[0].toarray() for s, t in ((changed, tree), (seen["before"], old)))
        assert not found[new | gone].any()
        stays = (found != 0) & ~new
        assert stays.sum() > 5
        np.testing.assert_array_equal(found[stays], before[stays])


def _moments(state):
    structure = jax.tree.structure(state.parameters)
    leaves = jax.tree.leaves(state.optimizer, is_leaf=lambda tree: jax.tree.structure(tree) == structure)
    return [leaf for leaf in leaves if jax.tree.structure(leaf) == structure]


def test_a_regrown_link_may_keep_its_weight_and_moments():
    none = [sparse.csr_array((6, 8), dtype=bool), sparse.csr_array((8, 3), dtype=bool)]

    def between(epoch, state):
        return relinked(state, links_of(state), none), {}

    for changed, plain in zip(jax.tree.leaves(_trained(between)), jax.tree.leaves(_trained()), strict=True):
        np.testing.assert_array_equal(changed, plain)


def test_gradients_of_absent_links_are_there():
    found = dense_gradients(NETWORK, 2, Batches(INPUTS, LABELS, 3), 32)(linked_state(_weights()), 0)
    absent = _weights()[0].toarray() == 0
    assert found[0].shape == (6, 8)
    assert np.abs(found[0][absent]).sum() > 0
