"""Convex programs over a dictionary of binary patterns: solved by scikit-learn, judged by a duality gap of our own.

With one pattern per column of D (n_rows, n_atoms) and targets Y (n_rows, n_outputs) the program is::

    primal   min_Z  1/2 ||D Z - Y||^2 + penalty * sum_p ||Z_p||_2          (one output: the lasso)
    dual     max_V  1/2 ||Y||^2 - 1/2 ||V - Y||^2   subject to  ||V' d_p||_2 <= penalty for every atom p

Any Z gives a feasible V by scaling its residual, so the difference of the two values bounds what is lost by stopping early. It
says nothing about atoms that are not in the dictionary, nor about other data. An offset is a column of ones, penalized like any
other. Source: Ergen, Gulluk, Lacotte & Pilanci 2023, arXiv:2303.03382; Udupi, Yang & Zhai 2026, arXiv:2605.08022.
"""

import math
import warnings
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import linalg
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import Lasso, MultiTaskLasso

from bioworkbench.arrays import Floats, Integers, count, finite, positive, shaped

__all__ = [
    "Certificate",
    "certificate",
    "distinct_columns",
    "kept_columns",
    "largest_penalty",
    "level_sets",
    "n_patterns_bound",
    "shattered_solution",
    "sparse_coefficients",
]

Booleans = NDArray[np.bool_]


@dataclass(frozen=True)
class Certificate:
    """Proof of how close coefficients are to the best over a dictionary.

    Parameters
    ----------
    primal, dual : float
        Values of the two programs; the best value lies between them.
    n_atoms, n_kept : int
        Columns of the dictionary, and those with a coefficient.
    """

    primal: float
    dual: float
    n_atoms: int
    n_kept: int

    @property
    def gap(self) -> float:
        """(primal - dual) / primal; 0 where the primal value is 0."""
        return (self.primal - self.dual) / self.primal if self.primal else 0.0


def certificate(dictionary: NDArray, targets: Floats, coefficients: Floats, penalty: float) -> Certificate:
    """Primal value of the coefficients and the dual value of their scaled residual.

    Parameters
    ----------
    dictionary : array (n_rows, n_atoms)
    targets : array (n_rows, n_outputs)
    coefficients : array (n_atoms, n_outputs)
    penalty : float

    Examples
    --------
    >>> certificate(np.eye(2), np.array([[3.0], [1.0]]), np.array([[2.5], [0.5]]), 0.5)
    Certificate(primal=1.75, dual=1.75, n_atoms=2, n_kept=2)
    """
    residual = targets - _product(dictionary, coefficients)
    norms = linalg.norm(coefficients, axis=1)
    primal = 0.5 * float((residual**2).sum()) + penalty * float(norms.sum())
    largest = float(linalg.norm(_product(dictionary.T, residual), axis=1).max(initial=0.0))
    energy = float((residual**2).sum())
    scale = float((residual * targets).sum()) / energy if energy else 0.0
    limit = penalty / largest if largest else np.inf
    scale = float(np.clip(scale, -limit, limit))
    dual = scale * float((residual * targets).sum()) - 0.5 * scale**2 * energy
    return Certificate(primal, dual, dictionary.shape[1], int((norms > 0).sum()))


def _product(left: NDArray, right: Floats) -> Floats:
    """Matrix product in floats; a boolean dictionary is converted a block of rows at a time."""
    if left.dtype.kind == "f":
        return left @ right
    blocks = [left[k : k + 4096].astype(float) @ right for k in range(0, len(left), 4096)]
    return np.concatenate(blocks)


def largest_penalty(dictionary: NDArray, targets: Floats) -> float:
    """Smallest penalty at which all coefficients are 0: the largest norm of D' Y over the atoms."""
    return float(linalg.norm(_product(dictionary.T, targets), axis=1).max())


def distinct_columns(patterns: Booleans) -> Integers:
    """Indices of the first occurrence of each pattern that is not all zero, ascending.

    Parameters
    ----------
    patterns : bool array (n_rows, n_patterns)

    Examples
    --------
    >>> distinct_columns(np.array([[1, 0, 1, 1], [0, 0, 0, 1]], dtype=bool)).tolist()
    [0, 3]
    """
    packed = np.packbits(patterns, axis=0).T
    _, first = np.unique(packed, axis=0, return_index=True)
    first = np.sort(first)
    return first[packed[first].any(axis=1)]


def sparse_coefficients(
    dictionary: NDArray, targets: Floats, penalty: float, *, tolerance: float = 1e-6, max_rounds: int = 8
) -> tuple[Floats, Certificate]:
    """Solve the program to a relative duality gap.

    Coordinate descent (scikit-learn) on a problem with at most as many rows as atoms, which has the same solution; the
    solver's own tolerance is tightened until the certificate, computed from the data as given, is good enough.

    Parameters
    ----------
    dictionary : array (n_rows, n_atoms)
    targets : array (n_rows,) or (n_rows, n_outputs)
    penalty : float
        Above 0.
    tolerance : float
        Largest (primal - dual) / primal.
    max_rounds : int
        Each round goes on from the last with a tolerance ten times smaller.

    Returns
    -------
    coefficients : array (n_atoms, n_outputs)
    certificate : Certificate

    Raises
    ------
    ValueError
        If the shapes do not fit, the dictionary is empty, or the gap is not reached.

    References
    ----------
    Friedman, Hastie & Tibshirani (2010), Regularization paths by coordinate descent, doi:10.18637/jss.v033.i01.
    """
    targets = finite("targets", targets).reshape(len(targets), -1)
    shaped("dictionary", np.asarray(dictionary), (len(targets), None))
    if dictionary.shape[1] == 0:
        raise ValueError("the dictionary has no atom: every pattern is all zero; lower the thresholds or draw other witnesses")
    positive("penalty", penalty)
    matrix, wanted = _compressed(dictionary, targets)
    single = targets.shape[1] == 1
    solver = (Lasso if single else MultiTaskLasso)(
        alpha=penalty / len(matrix), fit_intercept=False, warm_start=True, max_iter=20_000, tol=1e-6
    )
    gap = math.inf
    for _ in range(count("max_rounds", max_rounds)):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)  # the certificate judges
            solver.fit(matrix, wanted[:, 0] if single else wanted)
        coefficients = np.asarray(solver.coef_, dtype=float).reshape(targets.shape[1], -1).T
        proof = certificate(dictionary, targets, coefficients, penalty)
        gap = proof.gap
        if gap <= tolerance:
            return coefficients, proof
        solver.tol /= 10
    raise ValueError(
        f"the relative duality gap is {gap:.2g} after {max_rounds} rounds, above tolerance = {tolerance}; "
        f"raise the penalty ({penalty}) or max_rounds"
    )


def _compressed(dictionary: NDArray, targets: Floats) -> tuple[Floats, Floats]:
    """Matrix and targets with at most n_atoms rows and the same squared error up to a constant.

    From the Gram matrix, which for patterns of 0 and 1 holds exact counts.
    """
    n_rows, n_atoms = dictionary.shape
    if n_rows <= n_atoms:
        return np.asfortranarray(dictionary, dtype=float), targets
    gram, cross = np.zeros((n_atoms, n_atoms)), np.zeros((n_atoms, targets.shape[1]))
    for first in range(0, n_rows, 4096):
        block = dictionary[first : first + 4096].astype(float)
        gram += block.T @ block
        cross += block.T @ targets[first : first + 4096]
    values, vectors = linalg.eigh(gram)
    held = values > len(values) * np.finfo(float).eps * values[-1]
    roots = np.sqrt(values[held])
    return np.asfortranarray((vectors[:, held] * roots).T), (vectors[:, held].T @ cross) / roots[:, None]


def kept_columns(coefficients: Floats, threshold: float = 0.0) -> Integers:
    """Indices of the atoms whose coefficients have a norm above `threshold`."""
    return np.flatnonzero(linalg.norm(coefficients, axis=1) > threshold)


def shattered_solution(targets: Floats, penalty: float) -> Floats:
    """Best outputs when every pattern is in the dictionary: ``min ||x - y||^2 / 2 + penalty (max x_+ + max x_-)``.

    The largest positive and the largest negative entries are cut down to a common level each, where the sum of what is cut
    off equals the penalty.

    Parameters
    ----------
    targets : array (n_rows,)
    penalty : float

    Returns
    -------
    array (n_rows,)

    Examples
    --------
    >>> shattered_solution(np.array([3.0, 1.0, -2.0]), 0.5).tolist()
    [2.5, 1.0, -1.5]
    """
    targets = shaped("targets", finite("targets", targets), (None,))
    positive("penalty", penalty)
    return _cut(np.maximum(targets, 0), penalty) - _cut(np.maximum(-targets, 0), penalty)


def _cut(values: Floats, penalty: float) -> Floats:
    """Non-negative values cut off at the level where what lies above sums to `penalty`; 0 if there is less."""
    if values.sum() <= penalty:
        return np.zeros_like(values)
    falling = np.sort(values)[::-1]
    levels = (np.cumsum(falling) - penalty) / np.arange(1, len(values) + 1)
    return np.minimum(values, levels[np.flatnonzero(falling > levels)[-1]])


def level_sets(values: Floats) -> tuple[Booleans, Floats]:
    """Non-negative values as a sum of nested patterns: ``values = patterns @ coefficients``, coefficients summing to the maximum.

    Parameters
    ----------
    values : array (n_rows,)

    Returns
    -------
    patterns : bool array (n_rows, n_levels)
    coefficients : array (n_levels,)

    Raises
    ------
    ValueError
        If a value is negative.

    Examples
    --------
    >>> level_sets(np.array([2.0, 0.5, 0.0]))[1].tolist()
    [0.5, 1.5]
    """
    values = shaped("values", finite("values", values), (None,))
    if values.size and values.min() < 0:
        raise ValueError(f"values go down to {values.min()}; split them into positive and negative parts first")
    levels = np.unique(np.append(values, 0.0))
    return values[:, None] >= levels[1:], np.diff(levels)


def n_patterns_bound(n_rows: int, rank: int) -> int:
    """Most patterns ``X w >= 0`` of n_rows points in general position in `rank` dimensions: ``2 sum_{k<rank} C(n_rows - 1, k)``.

    References
    ----------
    Cover (1965), doi:10.1109/PGEC.1965.264137.

    Examples
    --------
    >>> n_patterns_bound(4, 2), n_patterns_bound(8, 3)
    (8, 58)
    """
    return 2 * sum(math.comb(count("n_rows", n_rows) - 1, k) for k in range(count("rank", rank)))
