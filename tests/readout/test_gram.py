"""Ridge systems: solutions for many penalties from one decomposition are those of each system by itself."""

import numpy as np
import pytest

from bioworkbench.readout.fitting import linear_problem
from bioworkbench.readout.gram import Dual, Primal, _solutions


def system(size, n_outputs, seed):
    rng = np.random.default_rng(seed)
    rows = rng.normal(size=(size, size + 5))
    return rows @ rows.T, rng.normal(size=(size, n_outputs))


@pytest.mark.parametrize("size", [1, 2, 3, 40, 200])
@pytest.mark.parametrize("penalties", [[0.5], [1e-3, 1.0, 30.0]])
def test_solutions_solve_each_system(size, penalties):
    matrix, right = system(size, 3, size)
    found = _solutions(matrix.copy(), right, 7, penalties)
    for penalty, solution in zip(penalties, found, strict=True):
        np.testing.assert_allclose((matrix + 7 * penalty * np.eye(size)) @ solution, right, atol=1e-9 * size)
    # The twin that must fail: a penalty per row of another number of rows is another system.
    assert np.abs((matrix + 6 * penalties[-1] * np.eye(size)) @ found[-1] - right).max() > 1e-6


@pytest.mark.parametrize("penalties", [[0.0], [0.0, 1.0]])
def test_a_singular_system_is_refused(penalties):
    matrix, right = system(6, 2, 1)
    matrix[3] = matrix[2]
    matrix[:, 3] = matrix[:, 2]
    with pytest.raises(ValueError, match=r"^penalty = 0\.0: the features depend on each other linearly; give a larger penalty$"):
        _solutions(matrix, right, 6, penalties)


@pytest.mark.parametrize("form", [Primal, Dual])
def test_scores_are_those_of_each_fold_by_itself(form):
    rng = np.random.default_rng(3)
    values = rng.normal(size=(40, 12))
    targets = values @ rng.normal(size=(12, 2)) + rng.normal(size=(40, 2))
    problem, fold, penalties = linear_problem(values, targets), np.arange(40) % 4, [1e-2, 1.0]
    x, center = problem.standardized(), targets.mean(axis=0)
    error = np.zeros(2)
    for k in range(4):
        seen, kept = fold != k, fold == k
        for j, penalty in enumerate(penalties):
            gram = x[seen].T @ x[seen] + seen.sum() * penalty * np.eye(12)
            answer = x[kept] @ np.linalg.solve(gram, x[seen].T @ (targets[seen] - center)) + center
            error[j] += ((answer - targets[kept]) ** 2).sum()
    np.testing.assert_allclose(form(problem, fold).scores(penalties)[:, 1], error, rtol=1e-9)
