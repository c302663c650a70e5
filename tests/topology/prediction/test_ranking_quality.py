"""Measures of rankings: hand-computed values, scikit-learn as a peer, exact treatment of ties, and bad input."""

from itertools import permutations
from math import log

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import average_precision_score, roc_auc_score

from bioworkbench.topology.prediction.ranking_quality import (
    MEASURES,
    auc,
    auc_mroc,
    average_precision,
    precision_recall_area,
    ranking_curve,
    ranking_quality,
    top_precision,
)

seeds = st.integers(0, 10**6)


def random_ranking(seed: int, n: int = 30, n_values: int = 8) -> tuple[np.ndarray, np.ndarray]:
    """Scores with ties, and hits: at least one of each kind."""
    rng = np.random.default_rng(seed)
    is_hit = rng.random(n) < 0.3
    is_hit[:2] = True, False
    return rng.integers(0, n_values, n).astype(float), is_hit


@settings(max_examples=200)
@given(seeds)
def test_areas_equal_those_of_scikit_learn(seed):
    scores, is_hit = random_ranking(seed)
    curve = ranking_curve(scores, is_hit)
    assert auc(curve) == pytest.approx(roc_auc_score(is_hit, scores), abs=1e-12)
    assert average_precision(curve) == pytest.approx(average_precision_score(is_hit, scores), abs=1e-12)


def test_area_under_precision_and_recall_by_hand():
    """Ranked hit, miss, hit: precision 1, 1/2, 2/3 at recall 1/2, 1/2, 1; from recall 1/2 on only the last step has width."""
    curve = ranking_curve([3.0, 2.0, 1.0], [True, False, True])
    assert precision_recall_area(curve) == pytest.approx((1 / 2 + 2 / 3) / 2)
    assert average_precision(curve) == pytest.approx(1 / 2 + 2 / 3 / 2)
    assert precision_recall_area(ranking_curve([2.0, 2.0, 1.0], [True, False, False])) == pytest.approx(1 / 2)


def test_magnified_area_by_hand():
    """Ranked hit, miss, hit, miss: one corner is above the random curve."""
    curve = ranking_curve([4.0, 3.0, 2.0, 1.0], [True, False, True, False])
    half = log(2) / log(3)  # t and f after one of two hits or misses; r is the same after one miss
    second = 1 - (1 - half) * (1 - half) / (1 - half)
    third = 1.0
    area = 0 + (half - 0) * (half + second) / 2 + 0 + (1 - half) * (third + 1) / 2
    assert auc_mroc(curve) == pytest.approx(area)


@pytest.mark.parametrize("measure", MEASURES)
def test_a_perfect_ranking_has_one(measure):
    assert ranking_quality([3, 2, 1, 0], [True, True, False, False])[measure] == pytest.approx(1)


def test_the_worst_ranking():
    quality = ranking_quality([0, 1, 2, 3], [True, True, False, False])
    assert quality["auc"] == quality["precision"] == quality["auc_mroc"] == 0


@pytest.mark.parametrize(("n_hits", "n_misses"), [(1, 1), (3, 5), (10, 1000)])
def test_a_ranking_without_information(n_hits, n_misses):
    quality = ranking_quality(np.zeros(n_hits + n_misses), np.arange(n_hits + n_misses) < n_hits)
    fraction = n_hits / (n_hits + n_misses)
    expected = {"aupr": fraction, "average_precision": fraction, "precision": fraction, "auc": 0.5, "auc_mroc": 0.5}
    assert quality == pytest.approx(expected)


def test_random_rankings_lie_on_the_diagonal_of_the_magnified_curve():
    """Hits and misses that grow in proportion, in fine steps."""
    scores, is_hit = np.repeat(np.arange(1000.0), 11), np.tile(np.arange(11) == 0, 1000)
    assert auc_mroc(ranking_curve(scores, is_hit)) == pytest.approx(0.5, abs=1e-12)


@settings(max_examples=50)
@given(st.lists(st.tuples(st.integers(0, 2), st.booleans()), min_size=2, max_size=6))
def test_precision_is_the_mean_over_orders_of_equal_scores(candidates):
    scores, is_hit = (np.array(column) for column in zip(*candidates, strict=True))
    if is_hit.all() or not is_hit.any():
        return
    orders = [list(order) for order in permutations(range(len(scores)))]
    found = [is_hit[order][: is_hit.sum()].mean() for order in orders if (np.diff(scores[order]) <= 0).all()]
    assert top_precision(ranking_curve(scores, is_hit)) == pytest.approx(np.mean(found))


@settings(max_examples=50)
@given(seeds)
def test_only_the_order_counts(seed):
    scores, is_hit = random_ranking(seed)
    assert ranking_quality(np.exp(scores), is_hit) == ranking_quality(scores, is_hit)
    mirrored = ranking_quality(-scores, is_hit)
    assert mirrored["auc"] == pytest.approx(1 - ranking_quality(scores, is_hit)["auc"])


@pytest.mark.parametrize("is_hit", [[True, True], [False, False]])
def test_hits_and_misses_are_both_needed(is_hit):
    with pytest.raises(ValueError, match=f"{sum(is_hit)} of 2 candidates are hits"):
        ranking_quality([1.0, 2.0], is_hit)


def test_scores_are_numbers_one_per_candidate():
    with pytest.raises(ValueError, match="scores has 1 value that is not finite"):
        ranking_quality([np.nan, 1.0], [True, False])
    with pytest.raises(ValueError, match="is_hit has shape"):
        ranking_quality([1.0, 2.0], [True])
