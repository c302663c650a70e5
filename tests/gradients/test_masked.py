"""Links that come and go under an optimizer: masks, moments and averages follow."""

import jax
import numpy as np
from scipy import sparse

from bioworkbench.gradients.masked import dense_gradients, links_of, masked_state, relinked
from bioworkbench.gradients.networks import Dense, FeedForward, Neuron
from bioworkbench.gradients.objectives import unrolled_loss
from bioworkbench.gradients.training import Batches, Settings, fit

NETWORK = FeedForward((Dense(6, 8), Dense(8, 3)), (Neuron(start=0.5),))
INPUTS = np.random.default_rng(4).random((64, 6)).astype(np.float32)
LABELS = np.random.default_rng(5).integers(3, size=64)


def _weights(seed=0):
    rng = np.random.default_rng(seed)
    first = sparse.random_array((6, 8), density=0.5, rng=rng, format="csr")
    return [first, sparse.csr_array(rng.normal(size=(8, 3)))]


def _trained(between=None):
    loss = unrolled_loss(NETWORK, 2)
    return fit(loss, masked_state(_weights()), Batches(INPUTS, LABELS, 3), Settings(4, 16, average=0.5), between=between)[0]


def test_links_survive_the_way_through_the_state_even_at_weight_zero():
    weights = _weights()
    weights[0].data[0] = 0.0
    found = links_of(masked_state(weights))
    for given, back in zip(weights, found, strict=True):
        assert given.nnz == back.nnz
        np.testing.assert_allclose(given.toarray(), back.toarray(), rtol=1e-6)


def test_absent_links_stay_absent_and_present_ones_learn():
    state = _trained()
    absent = _weights()[0].toarray() == 0
    values = np.asarray(state.parameters["layers"][0]["weights"])
    assert not values[absent].any()
    assert (values[~absent] != _weights()[0].toarray()[~absent]).all()


def test_new_links_start_at_zero_in_weights_moments_and_average():
    seen = {}

    def between(epoch, state):
        if epoch != 1:
            return state, {}
        weights = links_of(state)
        dense, mask = weights[0].toarray(), weights[0].toarray() != 0
        new = ~mask & (np.cumsum(~mask).reshape(mask.shape) <= 3)
        gone = mask & (np.cumsum(mask).reshape(mask.shape) <= 3)
        kept = sparse.csr_array(np.where(mask & ~gone, dense, 0.0))
        links = sparse.csr_array((mask & ~gone) | new)
        rows, columns = links.nonzero()
        layer = sparse.csr_array((kept.toarray()[rows, columns], (rows, columns)), shape=(6, 8))
        changed = relinked(state, [layer, weights[1]], [new, np.zeros((8, 3), bool)])
        seen.update(state=changed, new=new, gone=gone, n=mask.sum())
        return changed, {}

    state = _trained(between)
    changed, new, gone = seen["state"], seen["new"], seen["gone"]
    assert links_of(changed)[0].nnz == seen["n"]
    trees = [changed.parameters, changed.average, *_moments(changed)]
    assert len(trees) == 4  # Adam has two moments
    for tree in trees:
        assert not np.asarray(tree["layers"][0]["weights"])[new | gone].any()
    final = np.asarray(state.parameters["layers"][0]["weights"])
    assert final[new].any()
    assert not final[gone].any()


def _moments(state):
    structure = jax.tree.structure(state.parameters)
    leaves = jax.tree.leaves(state.optimizer, is_leaf=lambda tree: jax.tree.structure(tree) == structure)
    return [leaf for leaf in leaves if jax.tree.structure(leaf) == structure]


def test_a_regrown_link_may_keep_its_weight_and_moments():
    def between(epoch, state):
        return relinked(state, links_of(state), [np.zeros((6, 8), bool), np.zeros((8, 3), bool)]), {}

    for changed, plain in zip(jax.tree.leaves(_trained(between)), jax.tree.leaves(_trained()), strict=True):
        np.testing.assert_array_equal(np.broadcast_to(changed, np.shape(plain)) if np.ndim(plain) else plain, plain)


def test_gradients_of_absent_links_are_not_masked():
    state = masked_state(_weights())
    found = dense_gradients(unrolled_loss(NETWORK, 2), Batches(INPUTS, LABELS, 3), 32)(state, 0)
    absent = _weights()[0].toarray() == 0
    assert found[0].shape == (6, 8)
    assert np.abs(found[0][absent]).sum() > 0
