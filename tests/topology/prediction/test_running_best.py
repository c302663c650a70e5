"""Selection from a stream of scores: the k largest, and samples in proportion to the score."""

from itertools import permutations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bioworkbench.topology.prediction import running_best
from bioworkbench.topology.prediction.running_best import largest, sample_in_proportion, to_12_digits

SCORES = np.array([1.7071067811865475, 2.0, 1.7071067811865475, 0.7071067811865475, 0.7071067811865475, 0.0])
AMONG_THREE = np.array([0.724816, 0.777187, 0.724816, 0.386590, 0.386590, 0.0])  # probability to be among three drawn


def stretches(scores: np.ndarray, height: int):
    return [(first, scores[first : first + height]) for first in range(0, len(scores), height)]


def drawn_first(weights: np.ndarray, n: int) -> np.ndarray:
    """Exact probability of each index to be among the first n drawn without replacement."""
    probability = np.zeros(weights.size)
    for order in permutations(np.flatnonzero(weights), n):
        remaining, p = weights.sum(), 1.0
        for k in order:
            p *= weights[k] / remaining
            remaining -= weights[k]
        probability[list(order)] += p
    return probability


@settings(max_examples=200)
@given(
    seed=st.integers(0, 10**6),
    k=st.integers(0, 60),
    height=st.integers(1, 12),
    piece=st.sampled_from([1, 5, 1000]),
)
def test_the_largest_of_a_stream(seed, k, height, piece):
    rng = np.random.default_rng(seed)
    scores = rng.integers(0, 8, (12, 5)) / 7
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(running_best, "_PIECE", piece)
        found = largest(stretches(scores, height), k, rng)
    in_order = np.sort(scores, axis=None)[::-1]
    expected = in_order[in_order > 0][:k]
    assert len(set(found.tolist())) == expected.size
    np.testing.assert_array_equal(scores.ravel()[found], expected)


@pytest.mark.parametrize("piece", [2, 1000])
def test_equal_scores_are_equally_likely(monkeypatch, piece):
    monkeypatch.setattr(running_best, "_PIECE", piece)
    scores, n_draws = np.array([[3.0, 1.0, 1.0, 1.0, 1.0, 0.5]]), 4000
    rng = np.random.default_rng(1)
    counts = np.bincount([largest([(0, scores)], 2, rng)[1] for _ in range(n_draws)], minlength=6)
    z = (counts[1:5] - n_draws / 4) / np.sqrt(n_draws * 0.25 * 0.75)
    assert counts[[0, 5]].sum() == 0
    assert np.abs(z).max() < 4.5


def test_round_off_does_not_decide():
    almost = np.array([[0.1 + 0.2, 0.3]])
    assert almost[0, 0] != almost[0, 1]
    assert {int(largest([(0, almost)], 1, np.random.default_rng(seed))[0]) for seed in range(20)} == {0, 1}


@settings(max_examples=200)
@given(st.floats(1e-300, 1e300))
def test_rounding_keeps_twelve_digits(value):
    assert to_12_digits(np.array([value]))[0] == pytest.approx(value, rel=1e-12)


@pytest.mark.slow
@pytest.mark.parametrize("piece", [1, 2, 1000])
def test_samples_have_the_exact_probabilities(monkeypatch, piece):
    """With pieces of one score all but the first few go through the Poisson events before the horizon."""
    monkeypatch.setattr(running_best, "_PIECE", piece)
    rng, n_draws = np.random.default_rng(piece), 20_000
    counts = np.zeros(6)
    for _ in range(n_draws):
        chosen = sample_in_proportion([(0, SCORES[:3, None].T), (1, SCORES[3:, None].T)], 3, rng)
        counts[chosen] += 1
    assert drawn_first(SCORES, 3) == pytest.approx(AMONG_THREE, abs=1e-6)
    deviation = np.sqrt(n_draws * AMONG_THREE * (1 - AMONG_THREE))
    assert np.abs((counts - n_draws * AMONG_THREE)[:5] / deviation[:5]).max() < 4.5
    assert counts[5] == 0
    uniform = n_draws * 0.6
    assert np.abs((counts[:5] - uniform) / deviation[:5]).max() > 4.5  # the test would notice equal probabilities


def test_the_first_drawn_comes_first():
    rng, n_draws = np.random.default_rng(1), 20_000
    counts = np.bincount([sample_in_proportion([(0, SCORES[None])], 5, rng)[0] for _ in range(n_draws)], minlength=6)
    expected = SCORES / SCORES.sum()
    z = (counts - n_draws * expected)[:5] / np.sqrt(n_draws * expected * (1 - expected))[:5]
    assert np.abs(z).max() < 4.5


@settings(max_examples=100)
@given(seed=st.integers(0, 10**6), k=st.integers(0, 40), piece=st.sampled_from([1, 3, 1000]))
def test_samples_are_different_and_positive(seed, k, piece):
    rng = np.random.default_rng(seed)
    scores = rng.random((5, 6)) * (rng.random((5, 6)) < 0.5)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(running_best, "_PIECE", piece)
        found = sample_in_proportion(stretches(scores, 2), k, rng)
    assert len(set(found.tolist())) == min(k, (scores > 0).sum())
    assert (scores.ravel()[found] > 0).all()
