"""Classification programs: hand-computed cases, duality, peers, and refusals."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import optimize

from bioworkbench.convex.losses import LOSSES, classified_coefficients, largest_loss_penalty, loss_certificate


def made(seed, n=40, n_atoms=15, n_classes=3):
    rng = np.random.default_rng(seed)
    dictionary = rng.random((n, n_atoms)) < 0.4
    scores = dictionary[:, :3] @ rng.normal(size=(3, n_classes)) + 0.3 * rng.normal(size=(n, n_classes))
    return dictionary, 2 * np.eye(n_classes)[scores.argmax(axis=1)] - 1


def test_hinge_by_hand():
    """Each row has an atom of its own: below a penalty of 1 / n its margin is worth its price, above it is not."""
    signs = np.array([[1.0], [-1.0]])
    found, proof = classified_coefficients(np.eye(2), signs, 0.25, "hinge")
    np.testing.assert_allclose(found, signs, atol=1e-7)
    assert proof.primal == pytest.approx(0.5)
    found, _ = classified_coefficients(np.eye(2), signs, 0.75, "hinge")
    np.testing.assert_allclose(found, 0, atol=1e-7)


def test_cross_entropy_by_hand():
    """One atom, all rows of the first class: the chance of the other class equals the penalty."""
    signs = np.tile([1.0, -1.0], (4, 1))
    found, proof = classified_coefficients(np.ones((4, 1)), signs, 0.2, "cross_entropy", tolerance=1e-9)
    assert 1 / (1 + np.exp(found[0, 0] - found[0, 1])) == pytest.approx(0.2, abs=1e-4)
    assert proof.gap <= 1e-9


@pytest.mark.parametrize(
    ("signs", "message"), [([[1, 1], [-1, -1]], r"signs\[0\] is 1 at 2 places"), ([[1], [-1]], r"signs\[1\] is 1 at 0 places")]
)
def test_cross_entropy_needs_one_class_of_each_row(signs, message):
    with pytest.raises(ValueError, match=message):
        classified_coefficients(np.eye(2), np.array(signs), 0.1, "cross_entropy")


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 10**6), st.sampled_from(LOSSES), st.floats(0.02, 0.9), st.integers(2, 4))
def test_the_gap_is_reached_and_no_change_lowers_the_value(seed, loss, fraction, n_classes):
    dictionary, signs = made(seed, n_classes=n_classes)
    penalty = fraction * largest_loss_penalty(dictionary, signs, loss)
    found, proof = classified_coefficients(dictionary, signs, penalty, loss, tolerance=1e-5)
    assert -1e-9 <= proof.gap <= 1e-5
    rng = np.random.default_rng(seed)
    for scale in (1e-3, 0.1):
        other = found + scale * rng.normal(size=found.shape)
        assert loss_certificate(dictionary, signs, other, penalty, loss).primal >= proof.dual - 1e-12


@pytest.mark.parametrize("loss", LOSSES)
def test_nothing_is_kept_from_the_largest_penalty_on(loss):
    dictionary, signs = made(3)
    top = largest_loss_penalty(dictionary, signs, loss)
    for fraction, kept in ((1.001, False), (0.9, True)):
        found, _ = classified_coefficients(dictionary, signs, fraction * top, loss)
        assert (np.abs(found) > 1e-7).any() == kept


def test_a_general_optimizer_finds_no_lower_cross_entropy():
    """Over positive and negative parts the program is smooth."""
    dictionary, signs = made(5, n_atoms=6)
    penalty = 0.1 * largest_loss_penalty(dictionary, signs, "cross_entropy")
    _, proof = classified_coefficients(dictionary, signs, penalty, "cross_entropy", tolerance=1e-8)

    def value(parts):
        plus, minus = parts.reshape(2, 6, 3)
        outputs = dictionary @ (plus - minus)
        loss = np.log(np.exp(outputs).sum(axis=1)) - outputs[signs > 0]
        return loss.mean() + penalty * parts.sum()

    peer = optimize.minimize(value, np.full(36, 0.1), bounds=[(0, None)] * 36, options={"maxfun": 100_000})
    assert proof.primal == pytest.approx(peer.fun, rel=1e-4)
    assert proof.primal <= peer.fun * (1 + 1e-7)


def test_what_cannot_be_solved_is_refused(monkeypatch):
    dictionary, signs = made(1)
    with pytest.raises(ValueError, match="'hinges' is not a classification loss; did you mean 'hinge'"):
        classified_coefficients(dictionary, signs, 0.1, "hinges")
    with pytest.raises(ValueError, match=r"signs go from 0.0 to 1.0; classes are coded as 1 and -1"):
        classified_coefficients(dictionary, (signs + 1) / 2, 0.1, "hinge")
    with pytest.raises(ValueError, match="the dictionary has no atom: every pattern is all zero"):
        classified_coefficients(dictionary[:, :0], signs, 0.1, "hinge")
    monkeypatch.setattr(optimize, "linprog", lambda *_, **__: optimize.OptimizeResult(x=None, message="time limit"))
    with pytest.raises(ValueError, match="the hinge program of 40 rows and 15 atoms has no solution: time limit"):
        classified_coefficients(dictionary, signs, 0.1, "hinge")
    with pytest.raises(ValueError, match=r"gap of the cross_entropy program is .*, above tolerance = 1e-09; raise the penalty"):
        classified_coefficients(dictionary, signs, 1e-3, "cross_entropy", tolerance=1e-9, max_iterations=10)
