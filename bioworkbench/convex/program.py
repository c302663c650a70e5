"""Convex programs over a dictionary of binary patterns, solved to a stated duality gap.

With one pattern per column of D (n_rows, n_atoms) and targets Y (n_rows, n_outputs) the program is::

    primal   min_Z  1/2 ||D Z - Y||^2 + penalty * sum_p ||Z_p||_2          (one output: the lasso)
    dual     max_V  1/2 ||Y||^2 - 1/2 ||V - Y||^2   subject to  ||V' d_p||_2 <= penalty for every atom p

Any Z gives a feasible V by scaling its residual, so the difference of the two values bounds what is lost by stopping early. It
says nothing about atoms that are not in the dictionary, nor about other data. An offset is a column of ones, penalized like any
other. Source: Ergen, Gulluk, Lacotte & Pilanci 2023, arXiv:2303.03382; Udupi, Yang & Zhai 2026, arXiv:2605.08022.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray
from scipy import linalg

from bioworkbench.records.arrays import Booleans, Floats, Integers, finite, positive, shaped

__all__ = [
    "CHECKED_EVERY",
    "Certificate",
    "certificate",
    "distinct_columns",
    "largest_penalty",
    "sparse_coefficients",
    "sparse_path",
]

BLOCK_ROWS = 4096
RELAXATION = 1.7  # 1.5 to 1.8 is what Boyd et al. (2011), section 3.4.3, advise
CHECKED_EVERY = 10
"""Iterations from one look at the gap to the next."""


@dataclass(frozen=True)
class Certificate:
    """Proof of how close coefficients are to the best over a dictionary.

    Parameters
    ----------
    primal, dual : float
        Values of the two programs; the best value lies between them.
    n_atoms, n_kept : int
        Columns of the dictionary, and those with a coefficient.
    course : tuple of float
        Gap after every `CHECKED_EVERY` iterations of the solver, from the Gram matrix.
    """

    primal: float
    dual: float
    n_atoms: int
    n_kept: int
    course: tuple[float, ...] = field(default=(), repr=False, compare=False)

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

    Returns
    -------
    Certificate

    Examples
    --------
    >>> certificate(np.eye(2), np.array([[3.0], [1.0]]), np.array([[2.5], [0.5]]), 0.5)
    Certificate(primal=1.75, dual=1.75, n_atoms=2, n_kept=2)
    """
    residual = targets - _product(dictionary, coefficients)
    norms = linalg.norm(coefficients, axis=1)
    largest = float(linalg.norm(_product(dictionary.T, residual), axis=1).max(initial=0.0))
    found = _values(float((residual**2).sum()), float((residual * targets).sum()), largest, float(norms.sum()), penalty)
    return Certificate(found.primal, found.dual, dictionary.shape[1], int((norms > 0).sum()))


def _values(residual: float, overlap: float, largest: float, length: float, penalty: float) -> Certificate:
    """Primal and dual value from ||R||^2, <R, Y>, the largest ||R' d_p|| and the sum of ||Z_p||.

    The dual point is the multiple of the residual R that is feasible and best.
    """
    # without the constraint <R, Y> / ||R||^2 is best; the dual is concave in the multiple, so the nearest feasible one is best with it
    limit = penalty / largest if largest else math.inf
    scale = float(np.clip(overlap / residual, -limit, limit)) if residual else 0.0
    return Certificate(0.5 * residual + penalty * length, scale * overlap - 0.5 * scale**2 * residual, 0, 0)


def _product(left: NDArray, right: Floats) -> Floats:
    """Matrix product in floats; a boolean dictionary is converted a block of rows at a time."""
    if left.dtype.kind == "f":
        return left @ right
    blocks = [left[k : k + BLOCK_ROWS].astype(float) @ right for k in range(0, len(left), BLOCK_ROWS)]
    return np.concatenate(blocks)


def largest_penalty(dictionary: NDArray, targets: Floats) -> float:
    """Smallest penalty at which all coefficients are 0: the largest norm of D' Y, for `dictionary` D and `targets` Y."""
    return float(linalg.norm(_product(dictionary.T, targets), axis=1).max())


def distinct_columns(patterns: Booleans) -> Integers:
    """Indices of the first occurrence of each pattern that is not all zero, ascending.

    Parameters
    ----------
    patterns : bool array (n_rows, n_patterns)

    Returns
    -------
    int array (n_distinct,)

    Examples
    --------
    >>> distinct_columns(np.array([[1, 0, 1, 1], [0, 0, 0, 1]], dtype=bool)).tolist()
    [0, 3]
    """
    # eight rows a byte: sorting patterns is an eighth of the work
    packed = np.packbits(patterns, axis=0).T
    _, first = np.unique(packed, axis=0, return_index=True)
    first = np.sort(first)
    return first[packed[first].any(axis=1)]


def sparse_coefficients(
    dictionary: NDArray, targets: Floats, penalty: float, *, tolerance: float = 1e-6, max_iterations: int = 20_000
) -> tuple[Floats, Certificate]:
    """Solve the program to a relative duality gap; see `sparse_path`.

    Parameters
    ----------
    dictionary, targets, penalty, tolerance, max_iterations
        As of `sparse_path`, but for one penalty.

    Returns
    -------
    array (n_atoms, n_outputs), Certificate

    Examples
    --------
    >>> found, proof = sparse_coefficients(np.eye(2), np.array([3.0, 1.0]), 0.5)
    >>> found.round(5).ravel().tolist(), proof.gap < 1e-6
    ([2.5, 0.5], True)
    """
    return sparse_path(dictionary, targets, [penalty], tolerance=tolerance, max_iterations=max_iterations)[0]


def sparse_path(
    dictionary: NDArray, targets: Floats, penalties: Sequence[float], *, tolerance: float = 1e-6, max_iterations: int = 20_000
) -> list[tuple[Floats, Certificate]]:
    """Solve the program for several penalties, each to a relative duality gap.

    By the alternating direction method of multipliers on the Gram matrix of the dictionary, which is decomposed once: patterns
    that overlap much, as those of neurons do, slow it down far less than coordinate descent. The certificate is computed from
    the data as given.

    Parameters
    ----------
    dictionary : array (n_rows, n_atoms)
    targets : array (n_rows,) or (n_rows, n_outputs)
    penalties : sequence of float
        Above 0.
    tolerance : float
        Largest (primal - dual) / primal.
    max_iterations : int
        For each penalty.

    Returns
    -------
    list of (coefficients (n_atoms, n_outputs), Certificate), one per penalty

    Raises
    ------
    ValueError
        If the shapes do not fit, the dictionary is empty, a penalty is not above 0, or the gap is not reached.

    References
    ----------
    Boyd, Parikh, Chu, Peleato & Eckstein (2011), Distributed optimization and statistical learning via the alternating direction
    method of multipliers, doi:10.1561/2200000016.
    """
    targets = finite("targets", targets).reshape(len(targets), -1)
    shaped("dictionary", np.asarray(dictionary), (len(targets), None))
    if dictionary.shape[1] == 0:
        raise ValueError("the dictionary has no atom: every pattern is all zero; lower the thresholds or draw other witnesses")
    problem, found = _Quadratic.of(dictionary, targets), []
    for penalty in penalties:
        # half the tolerance: the solver sees the gap through the Gram matrix, which rounds otherwise than the data that the proof is from
        coefficients, course = problem.solved(
            positive("penalty", float(penalty)), positive("tolerance", tolerance) / 2, max_iterations
        )
        proof = replace(certificate(dictionary, targets, coefficients, penalty), course=course)
        if not proof.gap <= tolerance:  # NaN is not small enough either
            raise ValueError(
                f"the relative duality gap is {proof.gap:.2g} after at most {max_iterations} iterations, above "
                f"tolerance = {tolerance}; raise the penalty ({penalty:.3g}), the tolerance or max_iterations"
            )
        found.append((coefficients, proof))
    return found


@dataclass(frozen=True)
class _Quadratic:
    """Squared error as a function of the coefficients: Gram matrix in its eigenbasis, D' Y, and ||Y||^2."""

    values: Floats
    vectors: Floats
    cross: Floats
    energy: float

    @classmethod
    def of(cls, dictionary: NDArray, targets: Floats) -> "_Quadratic":
        """From the data, a block of rows at a time; for patterns of 0 and 1 the Gram matrix holds exact counts.

        Counts within a block are exact in single precision too, which is twice as fast.
        """
        n_atoms, kind = dictionary.shape[1], np.float32 if dictionary.dtype == bool else float
        # The Gram matrix is all that the iterations need of the data; its size depends on the atoms alone.
        gram, cross = np.zeros((n_atoms, n_atoms)), np.zeros((n_atoms, targets.shape[1]))
        for first in range(0, len(targets), BLOCK_ROWS):
            block = dictionary[first : first + BLOCK_ROWS].astype(kind)
            gram += block.T @ block
            cross += block.T @ targets[first : first + BLOCK_ROWS]
        values, vectors = linalg.eigh(gram, overwrite_a=True, check_finite=False)
        return cls(np.maximum(values, 0), vectors, cross, float((targets**2).sum()))

    def solved(self, penalty: float, tolerance: float, max_iterations: int) -> tuple[Floats, tuple[float, ...]]:
        """Coefficients by alternating directions, over-relaxed, with the step size balanced now and then; and the gaps seen."""
        largest = max(float(self.values[-1]), np.finfo(float).tiny)
        # The best step for a quadratic with these smallest and largest eigenvalues; a floor for matrices that are singular.
        rho = np.sqrt(largest * max(float(self.values[0]), 1e-6 * largest))
        sparse, multiplier = np.zeros(self.cross.shape), np.zeros(self.cross.shape)
        course: list[float] = []
        for iteration in range(1, max_iterations + 1):
            smooth = self._nearest(sparse - multiplier, rho)
            # scaled form: `multiplier` is the dual variable over rho, so that it adds to coefficients
            moved = RELAXATION * smooth + (1 - RELAXATION) * sparse + multiplier
            before, sparse = sparse, _shrunk(moved, penalty / rho)
            multiplier = moved - sparse
            # The gap costs as much as an iteration, so it is not computed in each.
            if iteration % CHECKED_EVERY == 0:
                course.append(self._gap(sparse, penalty))
                if course[-1] <= tolerance:
                    break
            if iteration % 100 == 0:
                factor = _balance(smooth - sparse, sparse - before, sparse, multiplier)
                # The multiplier is scaled by the step size, and must be scaled back when that changes.
                rho, multiplier = rho * factor, multiplier / factor
        return sparse, tuple(course)

    def _nearest(self, point: Floats, rho: float) -> Floats:
        """Minimum of the squared error plus rho times the squared distance from a point, both halved."""
        turned = self.vectors.T @ (self.cross + rho * point)
        return self.vectors @ (turned / (self.values + rho)[:, None])

    def _gap(self, coefficients: Floats, penalty: float) -> float:
        """Relative duality gap, without the data."""
        # D' D Z from the eigenbasis; with D' Y and ||Y||^2 it gives the residual's norm without the data.
        seen = self.vectors @ (self.values[:, None] * (self.vectors.T @ coefficients))
        overlap = float((coefficients * self.cross).sum())
        residual = self.energy - 2 * overlap + float((coefficients * seen).sum())
        largest = float(linalg.norm(self.cross - seen, axis=1).max())
        return _values(residual, self.energy - overlap, largest, float(linalg.norm(coefficients, axis=1).sum()), penalty).gap


def _shrunk(points: Floats, length: float) -> Floats:
    """Rows shortened by a length; to 0 where they are no longer than that."""
    norms = np.sqrt((points**2).sum(axis=1, keepdims=True))
    return points * np.maximum(1 - length / np.maximum(norms, np.finfo(float).tiny), 0)


def _balance(disagreement: Floats, change: Floats, coefficients: Floats, multiplier: Floats) -> float:
    """Factor for the step size that evens out how far the two halves disagree and how fast the solution still moves."""
    primal = linalg.norm(disagreement) / max(float(linalg.norm(coefficients)), np.finfo(float).tiny)
    dual = linalg.norm(change) / max(float(linalg.norm(multiplier)), np.finfo(float).tiny)
    # within a factor of 3 the step is left alone: each change makes the multiplier start from further away
    if primal == 0 or dual == 0 or 1 / 3 < primal / dual < 3:
        return 1.0
    return float(np.clip(np.sqrt(primal / dual), 0.1, 10.0))
