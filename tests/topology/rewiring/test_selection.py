"""Exactly n of many: the largest with fair ties, or drawn in proportion."""

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bioworkbench.topology.rewiring.selection import sampled, strongest


@given(st.lists(st.integers(0, 3), min_size=1, max_size=20), st.floats(0, 1), st.integers(0, 10**6))
def test_exactly_n_of_the_largest(scores, fraction, seed):
    n = int(fraction * len(scores))
    chosen = strongest(np.array(scores, dtype=float), n, np.random.default_rng(seed))
    assert len(chosen) == n
    assert (np.diff(chosen) > 0).all()
    rest = np.delete(scores, chosen)
    assert not n or not rest.size or np.array(scores)[chosen].min() >= rest.max()


def test_ties_are_fair_and_round_off_is_no_difference():
    scores = np.array([1.0, 0.5, 0.5 + 1e-14, 0.5 - 1e-14, 0.1])
    rng, n_draws = np.random.default_rng(1), 4000
    hits = sum(np.isin(np.arange(5), strongest(scores, 2, rng)) for _ in range(n_draws)) / n_draws
    assert hits[0] == 1
    assert hits[4] == 0
    assert (np.abs(hits[1:4] - 1 / 3) < 4.5 * np.sqrt(2 / 9 / n_draws)).all()


@pytest.mark.parametrize("unit", [1.0, 1e-9, 1e-14, 1e12])
def test_the_unit_of_scores_makes_no_difference(unit):
    scores = np.random.default_rng(3).random(400)
    np.testing.assert_array_equal(strongest(unit * scores, 200, np.random.default_rng(1)), np.sort(np.argsort(scores)[200:]))


def inclusion(weights, n):
    """Probabilities to be among `n` drawn one after another, over all orders."""
    total = np.zeros(len(weights))
    for order in itertools.permutations(range(len(weights)), n):
        left, p = sum(weights), 1.0
        for k in order:
            p *= weights[k] / left
            left -= weights[k]
        total[list(order)] += p
    return total


@given(st.lists(st.integers(0, 3), min_size=1, max_size=20), st.floats(0, 1), st.integers(0, 10**6))
def test_exactly_n_are_drawn_in_order_and_none_of_score_zero(scores, fraction, seed):
    n = int(fraction * np.count_nonzero(scores))
    chosen = sampled(scores, n, np.random.default_rng(seed))
    assert len(chosen) == n
    assert (np.diff(chosen) > 0).all()
    assert np.array(scores)[chosen].all()


@pytest.mark.parametrize("exponent", [1.0, 2.0])
def test_draws_are_in_proportion_without_replacement(exponent):
    scores, n_draws = np.array([1.0, 2.0, 0.0, 4.0, 3.0]), 6000
    rng = np.random.default_rng(1)
    hits = sum(np.isin(np.arange(5), sampled(scores, 2, rng, exponent=exponent)) for _ in range(n_draws)) / n_draws
    expected = inclusion(scores**exponent, 2)
    assert (np.abs(hits - expected) <= 4.5 * np.sqrt(expected * (1 - expected) / n_draws)).all()
    other = inclusion(scores ** (3 - exponent), 2)
    assert (np.abs(hits - other) > 4.5 * np.sqrt(other * (1 - other) / n_draws)).any()


def test_nothing_can_be_asked_for():
    assert strongest(np.ones(3), 0, np.random.default_rng(1)).size == 0
    assert sampled(np.ones(3), 0, np.random.default_rng(1)).size == 0


@pytest.mark.parametrize("pick", [strongest, sampled])
def test_bad_scores(pick):
    rng = np.random.default_rng(1)
    with pytest.raises(ValueError, match="1 of 2 scores are NaN"):
        pick(np.array([1.0, np.nan]), 1, rng)
    with pytest.raises(ValueError, match="3 links asked for, and only 2 candidates"):
        pick(np.ones(2), 3, rng)
    with pytest.raises(ValueError, match="n = -1"):
        pick(np.ones(2), -1, rng)


def test_scores_that_cannot_be_drawn_from():
    rng = np.random.default_rng(1)
    with pytest.raises(ValueError, match=r"scores go down to -1\.0"):
        sampled(np.array([-1.0, 1.0]), 1, rng)
    with pytest.raises(ValueError, match="2 links asked for, and only 1 candidate with a score above 0"):
        sampled(np.array([0.0, 1.0]), 2, rng)
