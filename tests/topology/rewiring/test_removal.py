"""Importance of links, and which of them stay."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import sparse

from bioworkbench.topology.generators import bernoulli
from bioworkbench.topology.masks import link_arrays
from bioworkbench.topology.rewiring.removal import (
    REMOVAL_SCORES,
    kept_links,
    link_removal_scores,
    magnitudes,
    relative_importances,
    signed_ranks,
    unified_scores,
)
from tests.sampled import every
from tests.topology.worked_example import first_layer, second_layer

LRS = [0.728778, 0.246305, 0.476190, 0.364389, 0.255238, 0.535714, 0.085145, 0.533046, 0.771883, 0.065641]
RI = [1.342657, 0.430622, 0.909091, 0.671329, 0.981818, 0.974026, 0.148352, 0.868421, 1.421053, 0.252632]
SURVIVAL = {
    1: [0.979668, 0.794993, 0.939904, 0.895008, 0.805818, 0.954331, 0.386065, 0.953779, 0.982791, 0.307643],
    3: [0.999997, 0.957562, 0.999554, 0.995932, 0.964436, 0.999861, 0.056710, 0.999853, 0.999999, 0.026095],
    9: [1, 0.999936, 1, 1, 0.999963, 1, 0.000092, 1, 1, 0.000009],
}


def random_weights(seed, n=30, p=0.2):
    rng = np.random.default_rng(seed)
    mask = bernoulli(n, n + 5, rng, p=p)
    return sparse.csr_array((rng.normal(size=mask.nnz), mask.indices, mask.indptr), shape=mask.shape)


def test_scores_of_the_worked_example():
    weights = first_layer()
    assert link_removal_scores(weights) == pytest.approx(LRS, abs=5e-7)
    assert relative_importances(weights) == pytest.approx(RI, abs=5e-7)
    assert link_removal_scores(weights).sum() == pytest.approx(4.062331, abs=5e-7)
    assert link_removal_scores(second_layer()) == pytest.approx([0.540936, 0.405648, 0.397436, 0.667683, 0.072009], abs=5e-7)


@pytest.mark.parametrize("exponent", every(3, SURVIVAL))
def test_links_survive_a_sampled_removal_as_often_as_computed(exponent):
    weights, n_draws = first_layer(), 20_000
    rng = np.random.default_rng(exponent)
    survived = np.zeros(10)
    for _ in range(n_draws):
        survived[kept_links(weights, 8, rng, sample=True, exponent=exponent)] += 1
    expected = np.array(SURVIVAL[exponent])
    error = np.sqrt(np.maximum(expected * (1 - expected), 1e-6) / n_draws)  # the printed probabilities have six digits
    assert (np.abs(survived / n_draws - expected) < 4.5 * error + 5e-7).all()


def test_the_frequencies_of_another_exponent_would_be_noticed():
    error = np.sqrt(np.array(SURVIVAL[1]) * (1 - np.array(SURVIVAL[1])) / 20_000)
    assert (np.abs(np.array(SURVIVAL[1]) - np.array(SURVIVAL[3])) > 4.5 * error).any()


def test_limits_of_the_score():
    weights = random_weights(1)
    small, large = weights * 1e-9, weights * 1e9
    assert link_removal_scores(small) == pytest.approx(2 * magnitudes(small), rel=1e-6)
    assert link_removal_scores(large) == pytest.approx(relative_importances(large), rel=1e-6)
    assert unified_scores(weights, 0.5) == pytest.approx(2 * link_removal_scores(weights))
    assert unified_scores(weights, 1.0) == pytest.approx(2 * magnitudes(weights))


def test_signed_ranks_remove_equal_shares_of_both_signs():
    weights = random_weights(2)
    kept = kept_links(weights, weights.nnz // 2, np.random.default_rng(1), score="signed_rank")
    for sign in (1, -1):
        group = np.sign(weights.data) == sign
        assert np.isin(np.flatnonzero(group), kept).mean() == pytest.approx(0.5, abs=1.5 / group.sum())
        stays = np.zeros(weights.nnz, dtype=bool)
        stays[kept] = True
        assert np.abs(weights.data[group & ~stays]).max() < np.abs(weights.data[group & stays]).min()
    assert signed_ranks(weights).max() == 1


@pytest.mark.parametrize("name", ["magnitude", "random", "signed_rank"])
def test_of_equal_weights_every_neuron_loses_as_many(name):
    """By signed ranks, all links that went were those of the first sources."""
    rng = np.random.default_rng(5)
    weights = sparse.csr_array(np.where(rng.random((80, 60)) < 0.5, rng.choice([-0.5, 0.5], 80)[:, None], 0.0))
    kept = np.zeros(weights.nnz)
    kept[kept_links(weights, round(0.7 * weights.nnz), rng, score=name)] = 1
    for ends, n in zip(link_arrays(weights), weights.shape, strict=True):
        of_neuron = np.bincount(ends, kept, n) / np.bincount(ends, minlength=n)
        error = np.sqrt(0.7 * 0.3 / np.bincount(ends, minlength=n))
        assert np.abs((of_neuron - 0.7) / error).max() < 4
        assert abs(of_neuron[: n // 2].mean() - of_neuron[n // 2 :].mean()) < 4 * np.sqrt(2 * 0.21 / (weights.nnz / 2))


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("name", REMOVAL_SCORES)
def test_a_link_of_weight_zero_without_company_is_as_weak_as_can_be(name):
    weights = sparse.csr_array((np.array([0.0, 1.0, -2.0, 3.0]), ([0, 1, 1, 2], [0, 1, 2, 2])), shape=(3, 4))
    scores = REMOVAL_SCORES[name](weights)
    assert np.isfinite(scores).all()
    assert scores[0] == (name == "random")
    assert (scores[1:] > 0).all()


@given(seed=st.integers(0, 10**6), fraction=st.floats(0, 1), score=st.sampled_from(sorted(REMOVAL_SCORES)), sample=st.booleans())
def test_exactly_as_many_links_stay_as_asked(seed, fraction, score, sample):
    weights = random_weights(seed, n=8)
    n = int(fraction * weights.nnz)
    kept = kept_links(weights, n, np.random.default_rng(seed), score=score, sample=sample)
    assert len(kept) == len(set(kept)) == n


def test_a_large_exponent_keeps_the_largest():
    weights = random_weights(3)
    one = kept_links(weights, 40, np.random.default_rng(1), sample=True, exponent=1e6)
    assert set(one) == set(kept_links(weights, 40, np.random.default_rng(2)))


def test_links_of_weight_zero_stay_only_for_want_of_others():
    weights = sparse.csr_array((np.array([0.0, 0.0, 1.0, 2.0]), ([0, 0, 1, 1], [0, 1, 0, 1])), shape=(2, 2))
    for sample in (False, True):
        assert set(kept_links(weights, 2, np.random.default_rng(1), sample=sample)) == {2, 3}
        assert {2, 3} < set(kept_links(weights, 3, np.random.default_rng(1), sample=sample))


def test_a_score_of_ones_own():
    kept = kept_links(first_layer(), 3, np.random.default_rng(1), score=lambda weights: np.arange(weights.nnz, dtype=float))
    assert kept.tolist() == [7, 8, 9]


def test_bad_settings():
    rng = np.random.default_rng(1)
    with pytest.raises(ValueError, match="'lsr' is not a removal score; did you mean 'lrs'"):
        kept_links(first_layer(), 3, rng, score="lsr")
    with pytest.raises(ValueError, match="n_kept = 11: the layer has only 10 links"):
        kept_links(first_layer(), 11, rng)
    bad = first_layer()
    bad.data[3] = np.nan
    with pytest.raises(ValueError, match="weights has 1 value that is not finite"):
        kept_links(bad, 3, rng)
