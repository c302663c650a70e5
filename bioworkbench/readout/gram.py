"""Ridge regression from a Gram matrix, of the features or of the rows, whichever is smaller: one decomposition for all penalties."""

from collections.abc import Callable, Sequence

import numpy as np
import scipy
from scipy.linalg import eigvalsh_tridiagonal, get_lapack_funcs
from threadpoolctl import threadpool_limits

from bioworkbench.readout.fitting import LinearProblem, fitted_rows, judged
from bioworkbench.records.arrays import Floats, Integers

__all__ = ["Dual", "Primal"]

_BLOCK = 64  # columns that LAPACK works on at a time
_SMALL = 3000  # rows of a matrix, up to which one thread decomposes it


def _sum_over_folds(of_fold: Callable[[int], Floats], n_folds: int, size: int) -> Floats:
    """Sum of what folds give, from matrices of `size` rows.

    To decompose a small one takes longer with a second thread, so they get one; results are then the same for any number of cores.
    """
    with threadpool_limits(1 if size <= _SMALL else None, "blas"):
        return np.sum([of_fold(k) for k in range(n_folds)], axis=0)


def _solutions(matrix: Floats, right: Floats, n: int, penalties: Sequence[float]) -> list[Floats]:
    """Solutions of (matrix + n penalty 1) x = right for each penalty; the matrix may be overwritten where there are several."""
    if len(penalties) > 1 and len(matrix) > 1:
        return _by_tridiagonal(matrix, right, n, penalties)
    if len(penalties) == 1 and (only := _by_cholesky(matrix, right, n * penalties[0])) is not None:
        return [only]
    values, vectors = scipy.linalg.eigh(matrix, driver="evd", check_finite=False)
    _check_regular(values, n, penalties)
    turned = vectors.T @ right
    return [vectors @ (turned / (values + n * penalty)[:, None]) for penalty in penalties]


def _by_tridiagonal(matrix: Floats, right: Floats, n: int, penalties: Sequence[float]) -> list[Floats]:
    """Solutions from matrix = Q T Q' with T tridiagonal, which takes a third of the time of all eigenvectors."""
    size = len(matrix)
    sytrd, ormqr, ptsv = get_lapack_funcs(("sytrd", "ormqr", "ptsv"), (matrix,))
    reflectors, diagonal, beside, factors, _ = sytrd(matrix.T, lower=1, lwork=_BLOCK * size, overwrite_a=1)
    ends = [eigvalsh_tridiagonal(diagonal, beside, select="i", select_range=(k, k))[0] for k in (0, size - 1)]
    _check_regular(np.array(ends), n, penalties, size)
    below = np.asfortranarray(reflectors[1:, :-1])

    def reflected(how: str, values: Floats) -> Floats:
        # The first row is the one that no reflection changes.
        rest = ormqr("L", how, below, factors, values[1:], _BLOCK * values.shape[1])[0]
        return np.concatenate([values[:1], rest])

    turned = reflected("T", right)
    # A penalty adds to the diagonal of T as it does to that of the matrix, so that all of them cost one decomposition.
    found = [ptsv(diagonal + n * penalty, beside, turned)[2] for penalty in penalties]
    return np.split(reflected("N", np.concatenate(found, axis=1)), len(penalties), axis=1)


def _check_regular(values: Floats, n: int, penalties: Sequence[float], size: int = 0) -> None:
    """Refuse eigenvalues, in order, of a matrix of `size` rows (by default, as many) that a penalty does not keep from being singular."""
    if values[0] + n * min(penalties) <= (size or len(values)) * np.finfo(float).eps * values[-1]:
        raise ValueError(f"penalty = {min(penalties)}: the features depend on each other linearly; give a larger penalty")


def _by_cholesky(matrix: Floats, right: Floats, added: float) -> Floats | None:
    """Solution for one number added to the diagonal, in a tenth of the time of an eigendecomposition; None near a singular matrix."""
    raised = matrix.copy()
    raised.flat[:: len(matrix) + 1] += added
    try:
        factor = scipy.linalg.cho_factor(raised, overwrite_a=True, check_finite=False)
    except np.linalg.LinAlgError:
        return None
    # Squares on the diagonal lie between the eigenvalues: far from the limit of rounding here, so are these.
    squares = np.diagonal(factor[0]) ** 2
    well = squares.min() > 1e3 * len(matrix) * np.finfo(float).eps * squares.max()
    return scipy.linalg.cho_solve(factor, right, check_finite=False) if well else None


def _total(parts: tuple[Floats, ...]) -> Floats:
    total = parts[0].copy()
    for part in parts[1:]:
        total += part
    return total


class Primal:
    """Ridge from the Gram matrix of the features, kept fold by fold: what is left after a fold is a difference.

    Parameters
    ----------
    problem : LinearProblem
    fold : int array (n_rows,)
        Number of the fold that a row is held out in.
    """

    def __init__(self, problem: LinearProblem, fold: Integers) -> None:
        self.problem, self.fold = problem, fold
        self.center = problem.wanted.mean(axis=0)
        self.held_out = [np.flatnonzero(fold == k) for k in range(fold.max() + 1)]
        self.grams, self.crosses = zip(*map(self._products, self.held_out), strict=True)

    def _products(self, rows: Integers) -> tuple[Floats, Floats]:
        """Gram matrix of the rows' features, and their products with the centered targets."""
        n_features = self.problem.n_varying
        gram, cross = np.zeros((n_features, n_features)), np.zeros((n_features, len(self.center)))
        for part, features in self.problem.chunks(rows):
            gram += features.T @ features
            cross += features.T @ (self.problem.wanted[part] - self.center)
        return gram, cross

    def scores(self, penalties: Sequence[float]) -> Floats:
        """Hits and squared error over the folds.

        Parameters
        ----------
        penalties : sequence of float

        Returns
        -------
        array (n_penalties, 2)
        """
        # the Gram matrix without a fold is the whole less the fold's own: features are read once for the fits of all folds
        gram, cross = _total(self.grams), _total(self.crosses)

        def of_fold(k: int) -> Floats:
            rows, scores = self.held_out[k], np.zeros((len(penalties), 2))
            fitted = fitted_rows(self.problem, self.fold, k)
            left, wanted = gram - self.grams[k], cross - self.crosses[k]
            if len(fitted) + len(rows) < self.problem.n_rows:
                beside = self._products(np.setdiff1d(np.flatnonzero(self.fold != k), fitted))
                left, wanted = left - beside[0], wanted - beside[1]
            solutions = _solutions(left, wanted, len(fitted), penalties)
            for part, features in self.problem.chunks(rows):
                outputs = np.split(features @ np.concatenate(solutions, axis=1), len(penalties), axis=1)
                scores += [judged(self.problem, part, values + self.center) for values in outputs]
            return scores

        return _sum_over_folds(of_fold, len(self.held_out), self.problem.n_varying)

    def solution(self, penalty: float) -> Floats:
        """Coefficients from all rows.

        Parameters
        ----------
        penalty : float

        Returns
        -------
        array (n_varying, n_outputs)
        """
        return _solutions(_total(self.grams), _total(self.crosses), self.problem.n_rows, [penalty])[0]


class Dual:
    """Ridge from the Gram matrix of the rows, where these are fewer than the features.

    Parameters
    ----------
    problem : LinearProblem
    fold : int array (n_rows,)
        Number of the fold that a row is held out in.
    """

    def __init__(self, problem: LinearProblem, fold: Integers) -> None:
        self.problem, self.fold = problem, fold
        self.center = problem.wanted.mean(axis=0)
        self.features = problem.standardized()
        self.kernel = self.features @ self.features.T

    def scores(self, penalties: Sequence[float]) -> Floats:
        """Hits and squared error over the folds.

        Parameters
        ----------
        penalties : sequence of float

        Returns
        -------
        array (n_penalties, 2)
        """
        centered = self.problem.wanted - self.center

        def of_fold(k: int) -> Floats:
            rows, others = np.flatnonzero(self.fold == k), fitted_rows(self.problem, self.fold, k)
            inner, outer = self.kernel[np.ix_(others, others)], self.kernel[np.ix_(rows, others)]
            solutions = _solutions(inner, centered[others], len(others), penalties)
            return np.array([judged(self.problem, rows, outer @ solution + self.center) for solution in solutions])

        return _sum_over_folds(of_fold, int(self.fold.max()) + 1, self.problem.n_rows)

    def solution(self, penalty: float) -> Floats:
        """Coefficients from all rows.

        Parameters
        ----------
        penalty : float

        Returns
        -------
        array (n_varying, n_outputs)
        """
        centered = self.problem.wanted - self.center
        return self.features.T @ _solutions(self.kernel, centered, len(centered), [penalty])[0]
