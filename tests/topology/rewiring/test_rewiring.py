"""Whole remove-and-regrow steps."""

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import sparse

from bioworkbench.topology.generators import bernoulli
from bioworkbench.topology.rewiring import Rewiring, rewire, weights_on
from tests.topology.rewiring.test_removal import random_weights
from tests.topology.worked_example import first_layer, second_layer


def hard(**settings) -> Rewiring:
    return Rewiring(**({"fraction": 0.2, "sample_removal": False, "sample_regrowth": False} | settings))


def test_the_worked_example():
    """The weakest two links of layer 1 and the weakest of layer 2 go, one more percolates, four regrow."""
    result = rewire([first_layer(), second_layer()], hard(), np.random.default_rng(1))
    one, two = result.weights
    expected = {
        (0, 1): 0.8, (0, 2): -0.3, (1, 0): 0.5, (1, 1): -0.4, (2, 0): -0.6, (2, 2): 0.7, (3, 2): 0.9,
        (0, 0): 0.0, (1, 2): 0.0, (2, 1): 0.1,
    }  # fmt: skip
    rows = np.repeat(np.arange(4), np.diff(one.indptr))
    assert dict(zip(zip(rows.tolist(), one.indices.tolist(), strict=True), one.data.tolist(), strict=True)) == expected
    assert two.nnz == 5
    assert result.overlap == pytest.approx((1 / 3, 0))
    assert result.n_filled == (0, 0)
    assert result.regrown[0].nnz == 3


def test_a_link_that_regrows_at_once_can_be_made_to_start_anew():
    result = rewire([first_layer(), second_layer()], hard(keep_weights=False), np.random.default_rng(1))
    assert result.weights[0][2, 1] == 0


@given(
    seed=st.integers(0, 10**6),
    fraction=st.floats(0, 0.3),  # of more, chain removal may leave too few living pairs for all links
    removal=st.sampled_from(["lrs", "magnitude", "random", "relative_importance", "signed_rank"]),
    regrowth=st.sampled_from(["ch3_l3", "ch2_l3n", "random"]),
    sample=st.booleans(),
)
def test_a_step_keeps_the_number_of_links(seed, fraction, removal, regrowth, sample):
    rng = np.random.default_rng(seed)
    sizes = (12, 14, 11)
    layers = []
    for m, n in itertools.pairwise(sizes):
        mask = bernoulli(m, n, rng, p=0.3)
        layers.append(sparse.csr_array((rng.normal(size=mask.nnz), mask.indices, mask.indptr), shape=mask.shape))
    rules = Rewiring(fraction, removal, sample, 1.0, regrowth, sample)
    result = rewire(layers, rules, rng)
    for before, after, regrown in zip(layers, result.weights, result.regrown, strict=True):
        assert after.nnz == before.nnz
        assert after.has_canonical_format
        old = dict(zip(zip(*before.nonzero(), strict=True), before.data, strict=True))
        for i, j, weight in zip(*sparse.coo_array(after).coords, after.data, strict=True):
            new = regrown[i, j] and (i, j) not in old
            assert weight == (0 if new else old[i, j])


@given(seed=st.integers(0, 10**6), sample=st.booleans())
def test_a_recurrent_step_makes_no_self_links(seed, sample):
    rng = np.random.default_rng(seed)
    mask = bernoulli(15, 15, rng, p=0.2, recurrent=True)
    weights = sparse.csr_array((rng.normal(size=mask.nnz), mask.indices, mask.indptr), shape=mask.shape)
    after = rewire([weights], Rewiring(0.3, sample_removal=sample, sample_regrowth=sample), rng, recurrent=True).weights[0]
    assert after.nnz == weights.nnz
    assert not np.isin(np.arange(15) * 16, np.repeat(np.arange(15), np.diff(after.indptr)) * 15 + after.indices).any()


@given(seed=st.integers(0, 10**6), regrowth=st.sampled_from(["ch3_l3", "ch2_l3n", "random"]), sample=st.booleans())
def test_in_degrees_can_be_kept(seed, regrowth, sample):
    """And are not kept without being asked for."""
    rng = np.random.default_rng(seed)
    mask = bernoulli(20, 20, rng, p=0.3, recurrent=True)
    weights = sparse.csr_array((rng.normal(size=mask.nnz), mask.indices, mask.indptr), shape=mask.shape)
    before = np.bincount(weights.indices, minlength=20)
    for kept in (True, False):
        rules = Rewiring(0.3, "random", sample, 1.0, regrowth, sample, keep_in_degrees=kept)
        (after,) = rewire([weights], rules, np.random.default_rng(seed), recurrent=True).weights
        assert after.nnz == weights.nnz
        assert (np.bincount(after.indices, minlength=20) == before).all() == kept
        assert not after.diagonal().any()


def test_same_seed_same_step():
    weights = random_weights(1)
    one, other = (rewire([weights], Rewiring(0.3), np.random.default_rng(5)).weights[0] for _ in range(2))
    assert (one.indices == other.indices).all()
    assert (one.data == other.data).all()


def test_dead_neurons_stay_dead():
    result = rewire([first_layer(), second_layer()], hard(), np.random.default_rng(1))
    assert result.weights[0][:, [3]].nnz == 0
    assert result.weights[1][[3]].nnz == 0


def test_a_full_layer_stays_as_it_is_also_beside_neurons_that_die():
    hidden, outputs = sparse.csr_array([[1.0, 0.0, 0.0], [0.0, 0.1, 2.0]]), sparse.csr_array(np.arange(1.0, 7).reshape(3, 2))
    result = rewire([hidden, outputs], hard(fraction=0.4), np.random.default_rng(0))
    assert result.weights[0].nnz == 3
    assert (result.weights[1].toarray() == outputs.toarray()).all()
    assert result.regrown[1].nnz == 0


def test_nothing_happens_at_share_zero():
    weights = random_weights(4)
    result = rewire([weights], hard(fraction=0.0), np.random.default_rng(1))
    assert (result.weights[0] != weights).nnz == 0
    assert result.overlap == (0.0,)


def test_the_given_weights_are_left_alone():
    weights = first_layer()
    rewire([weights, second_layer()], hard(), np.random.default_rng(1))
    assert (weights != first_layer()).nnz == 0


def test_weights_on_a_mask():
    mask = sparse.csr_array(np.array([[True, True], [False, True]]))
    given_weights = sparse.csr_array(np.array([[3.0, 0.0], [5.0, 0.0]]))
    result = weights_on(mask, given_weights)
    assert result.nnz == 3
    assert result.toarray().tolist() == [[3, 0], [0, 0]]


def test_bad_settings():
    with pytest.raises(ValueError, match=r"fraction = 1.5: must lie between 0 and 1"):
        Rewiring(1.5)
    with pytest.raises(ValueError, match="recurrent = True with 2 layers"):
        rewire([first_layer(), second_layer()], Rewiring(0.1), np.random.default_rng(1), recurrent=True)


@pytest.mark.parametrize("keep_weights", [False, True])
def test_recurrent_layers_with_all_links_stay_as_they_are(keep_weights):
    rng = np.random.default_rng(6)
    dense = rng.normal(size=(7, 7)) * ~np.eye(7, dtype=bool)
    rules = Rewiring(fraction=0.3, regrowth="random", keep_weights=keep_weights)
    done = rewire([sparse.csr_array(dense)], rules, rng, recurrent=True)
    assert np.array_equal(done.weights[0].toarray(), dense)
    assert done.regrown[0].nnz == done.n_filled[0] == done.overlap[0] == 0
