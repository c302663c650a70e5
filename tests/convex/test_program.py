"""Convex programs over dictionaries of patterns: hand-computed cases, duality, the shattered case, and refusals."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.linear_model import MultiTaskLasso

from bioworkbench.convex.program import (
    certificate,
    distinct_columns,
    largest_penalty,
    sparse_coefficients,
    sparse_path,
)


def made(seed, n=40, n_atoms=25, n_outputs=1):
    rng = np.random.default_rng(seed)
    dictionary = rng.random((n, n_atoms)) < 0.4
    return dictionary, dictionary[:, :3] @ rng.normal(size=(3, n_outputs)) + 0.3 * rng.normal(size=(n, n_outputs))


def test_two_programs_solved_by_hand():
    found, proof = sparse_coefficients(np.eye(2), np.array([3.0, 1.0]), 0.5)
    np.testing.assert_allclose(found, [[2.5], [0.5]], atol=1e-6)
    assert proof.gap <= 1e-6
    found, proof = sparse_coefficients(np.ones((4, 1)), np.array([1.0, 2.0, 3.0, 4.0]), 1.5)
    np.testing.assert_allclose(found, [[2.125]], atol=1e-6)
    assert proof.gap <= 1e-6


def test_group_program_solved_by_hand():
    """With orthonormal atoms each row of D'Y is shortened by the penalty."""
    targets = np.array([[3.0, 4.0], [0.3, 0.4]])
    found, proof = sparse_coefficients(np.eye(2), targets, 1.0)
    np.testing.assert_allclose(found, [[2.4, 3.2], [0.0, 0.0]], atol=1e-6)
    assert proof.n_kept == 1
    assert np.flatnonzero(found.any(axis=1)).tolist() == [0]


@pytest.mark.parametrize("n_outputs", [1, 3])
@pytest.mark.parametrize("n_atoms", [25, 90])
def test_solution_meets_the_optimality_conditions(n_outputs, n_atoms):
    dictionary, targets = made(1, n_atoms=n_atoms, n_outputs=n_outputs)
    penalty = 0.1 * largest_penalty(dictionary, targets)
    found, proof = sparse_coefficients(dictionary, targets, penalty, tolerance=1e-9)
    assert 0 <= proof.gap <= 1e-9
    norms = np.linalg.norm(dictionary.T.astype(float) @ (targets - dictionary @ found), axis=1)
    assert norms.max() == pytest.approx(penalty, rel=1e-3)
    np.testing.assert_allclose(norms[np.linalg.norm(found, axis=1) > 1e-3], penalty, rtol=1e-2)


@pytest.mark.parametrize("n_outputs", [1, 3])
def test_scikit_learn_finds_the_same(n_outputs):
    dictionary, targets = made(6, n=60, n_outputs=n_outputs)
    penalty = 0.05 * largest_penalty(dictionary, targets)
    found, proof = sparse_coefficients(dictionary, targets, penalty, tolerance=1e-11)
    peer = MultiTaskLasso(alpha=penalty / 60, fit_intercept=False, max_iter=100_000, tol=1e-13).fit(
        dictionary.astype(float), targets
    )
    np.testing.assert_allclose(found, peer.coef_.T, atol=1e-4)
    assert proof.primal <= certificate(dictionary, targets, peer.coef_.T, penalty).primal * (1 + 1e-10)


def test_a_path_is_its_points():
    dictionary, targets = made(7)
    path = sparse_path(dictionary, targets, [2.0, 0.5])
    for penalty, (found, proof) in zip([2.0, 0.5], path, strict=True):
        alone, _ = sparse_coefficients(dictionary, targets, penalty)
        np.testing.assert_array_equal(found, alone)
        assert proof.gap <= 1e-6


def test_nothing_is_kept_from_the_largest_penalty_on():
    dictionary, targets = made(2)
    top = largest_penalty(dictionary, targets)
    assert not sparse_coefficients(dictionary, targets, top)[0].any()
    assert sparse_coefficients(dictionary, targets, 0.99 * top)[0].any()


@given(st.integers(0, 2**32 - 1), st.floats(0.05, 5.0), st.integers(1, 3))
@settings(deadline=None, max_examples=50)
def test_the_gap_is_never_negative_wherever_the_coefficients_are(seed, penalty, n_outputs):
    dictionary, targets = made(seed, n_outputs=n_outputs)
    coefficients = np.random.default_rng(seed).normal(size=(25, n_outputs))
    proof = certificate(dictionary, targets, coefficients, penalty)
    assert proof.gap >= -1e-12
    assert proof.dual <= sparse_coefficients(dictionary, targets, penalty)[1].primal * (1 + 1e-12)


def test_more_atoms_never_raise_the_best_value_and_copies_and_order_do_not_matter():
    dictionary, targets = made(3, n_atoms=40)
    best = [sparse_coefficients(dictionary[:, :n], targets, 1.0, tolerance=1e-9)[1].primal for n in (5, 10, 20, 40)]
    assert all(later <= earlier * (1 + 1e-9) for earlier, later in itertools.pairwise(best))
    doubled = np.concatenate([dictionary, dictionary[:, :10]], axis=1)
    assert sparse_coefficients(doubled, targets, 1.0, tolerance=1e-9)[1].primal == pytest.approx(best[-1], rel=1e-8)
    assert sparse_coefficients(dictionary[:, ::-1], targets, 1.0, tolerance=1e-9)[1].primal == pytest.approx(best[-1], rel=1e-8)


def test_many_rows_and_few_give_the_same_solution():
    """More rows than atoms go through the Gram matrix; repeating rows with the penalty in proportion changes nothing."""
    dictionary, targets = made(4, n=20, n_atoms=30)
    found, _ = sparse_coefficients(dictionary, targets, 1.0, tolerance=1e-10)
    repeated, proof = sparse_coefficients(np.tile(dictionary, (5, 1)), np.tile(targets, (5, 1)), 5.0, tolerance=1e-10)
    np.testing.assert_allclose(dictionary @ repeated, dictionary @ found, atol=1e-3)
    assert proof.primal == pytest.approx(5 * certificate(dictionary, targets, found, 1.0).primal, rel=1e-8)


def test_distinct_columns():
    rng = np.random.default_rng(0)
    patterns = rng.random((100, 30)) < 0.5
    shuffled = np.concatenate([patterns, patterns[:, ::-1], np.zeros((100, 4), dtype=bool)], axis=1)
    assert distinct_columns(shuffled).tolist() == list(range(30))
    assert distinct_columns(np.zeros((5, 3), dtype=bool)).size == 0


def shattered_solution(targets, penalty):
    """Best outputs when every pattern is in the dictionary: ``min ||x - y||^2 / 2 + penalty (max x_+ + max x_-)``.

    The largest positive and the largest negative entries are cut down to a common level each, where the sum of what is cut off equals the
    penalty.
    """
    return _cut(np.maximum(targets, 0), penalty) - _cut(np.maximum(-targets, 0), penalty)


def _cut(values, penalty):
    """Values of 0 or more cut off at the level above which they sum to the penalty; 0 if there is less."""
    if values.sum() <= penalty:
        return np.zeros_like(values)
    falling = np.sort(values)[::-1]
    levels = (np.cumsum(falling) - penalty) / np.arange(1, len(values) + 1)
    return np.minimum(values, levels[np.flatnonzero(falling > levels)[-1]])


def test_the_shattered_solution_by_hand():
    assert shattered_solution(np.array([3.0, 1.0, -2.0]), 0.5).tolist() == [2.5, 1.0, -1.5]


@given(st.integers(0, 2**32 - 1), st.floats(0.05, 3.0))
@settings(deadline=None, max_examples=20)
def test_every_pattern_in_the_dictionary_is_the_shattered_case(seed, penalty):
    targets = np.random.default_rng(seed).normal(0, 2, 5)
    everything = np.array(list(itertools.product([0, 1], repeat=5)), dtype=float)[1:].T
    outputs = shattered_solution(targets, penalty)
    value = 0.5 * ((outputs - targets) ** 2).sum() + penalty * (max(outputs.max(), 0) + max(-outputs.min(), 0))
    found, proof = sparse_coefficients(everything, targets, penalty, tolerance=1e-9)
    assert proof.primal == pytest.approx(value, rel=1e-7)
    np.testing.assert_allclose((everything @ found)[:, 0], outputs, atol=2e-3)


def test_what_cannot_be_solved_is_refused():
    dictionary, targets = made(5)
    with pytest.raises(ValueError, match="the dictionary has no atom: every pattern is all zero"):
        sparse_coefficients(np.zeros((5, 0)), np.ones(5), 1.0)
    with pytest.raises(ValueError, match=r"penalty = 0.0: must be a finite number above 0"):
        sparse_coefficients(dictionary, targets, 0.0)
    with pytest.raises(ValueError, match=r"dictionary has shape \(39, 25\); it must be \(40, any\)"):
        sparse_coefficients(dictionary[1:], targets, 1.0)
    with pytest.raises(ValueError, match=r"the relative duality gap is .* after at most 3 iterations, above tolerance = 1e-06"):
        sparse_coefficients(dictionary, targets, 0.01, max_iterations=3)
    with np.errstate(all="ignore"), pytest.raises(ValueError, match=r"the relative duality gap is (nan|inf)"):
        sparse_coefficients(dictionary, 1e200 * targets, 1.0, max_iterations=30)  # whose squares are not finite
    with pytest.raises(ValueError, match="targets has 1 value that is not finite"):
        sparse_coefficients(dictionary, np.where(np.arange(40)[:, None] == 3, np.nan, targets), 1.0)
