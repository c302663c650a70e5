"""Folds that choose a penalty, where trials share targets or occur again."""

import numpy as np
import pytest
from sklearn.linear_model import Lasso, Ridge

from bioworkbench.readout import fits as readouts
from bioworkbench.readout.fits import lasso, ridge
from bioworkbench.readout.fitting import folds, linear_problem, told_of_task


@pytest.mark.parametrize("readout", [ridge, lasso])
@pytest.mark.parametrize("n_features", [7, 90])
def test_folds_of_windows_share_no_targets_with_what_they_are_fitted_to(monkeypatch, readout, n_features):
    """Penalties are chosen as by a fit to the windows that have no target row in common with the held-out block."""
    rng, n, horizon, penalties = np.random.default_rng(5), 60, 6, [0.1, 0.5, 10.0]
    series = np.cumsum(rng.normal(size=n + horizon))
    y = np.lib.stride_tricks.sliding_window_view(series[1:], horizon)[:n]
    x = rng.normal(size=(n, n_features)) + np.linspace(0, 1, n_features) * y[:, :1]
    given = []
    monkeypatch.setattr(readouts, "best_candidate", lambda candidates, scores: given.append(scores) or candidates[0])
    with told_of_task(horizon - 1):
        readout(x, y, penalty=penalties, n_folds=4)
        problem = linear_problem(x, y)
    z, fold, wanted = problem.standardized(), np.arange(n) * 4 // n, np.zeros(3)
    for k in range(4):
        held, beside = np.flatnonzero(fold == k), np.abs(np.arange(n)[:, None] - np.flatnonzero(fold == k)).min(axis=1)
        own = beside >= horizon
        for number, penalty in enumerate(penalties):
            if readout is ridge:
                centered = y - y.mean(axis=0)
                solved = Ridge(alpha=own.sum() * penalty, fit_intercept=False).fit(z[own], centered[own])
                found = solved.predict(z[held]) + y.mean(axis=0)
            else:
                found = Lasso(alpha=penalty, max_iter=10_000).fit(z[own], y[own]).predict(z[held])
            wanted[number] += ((found - y[held]) ** 2).sum()
    np.testing.assert_allclose(given[0][:, 1], wanted, rtol=1e-6)
    with told_of_task(n), pytest.raises(ValueError, match="n_folds = 4: all 60 trials outside of fold 0 share targets with it"):
        readout(x, y, penalty=penalties, n_folds=4)


@pytest.mark.parametrize("kind", [int, float])
def test_copies_of_trials_are_in_their_fold(kind):
    x, labels = np.random.default_rng(1).normal(size=(30, 4)), np.arange(30) % 3
    targets = labels if kind is int else labels[:, None].astype(float)
    with told_of_task(copies=2):
        problem = linear_problem(np.tile(x, (3, 1)), np.concatenate([targets] * 3))
    assert np.array_equal(folds(problem, 4), np.tile(folds(linear_problem(x, targets), 4), 3))
