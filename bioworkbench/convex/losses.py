"""Classification programs over a dictionary of binary patterns: hinge and softmax cross-entropy with an l1 penalty.

With one pattern per column of D (n_rows, n_atoms), classes coded as Y (n_rows, n_outputs) of 1 and -1, and outputs F = D Z::

    hinge           min_Z  mean_i sum_k max(0, 1 - Y_ik F_ik)              + penalty * sum |Z|      (one class against the rest)
    cross_entropy   min_Z  mean_i [log sum_k exp F_ik - F_i,class(i)]      + penalty * sum |Z|

The dual maximizes ``-L*(-V)`` subject to ``|D' V| <= penalty`` for every atom and output, where L is the mean loss. For the hinge
``V = Y A / n_rows`` with A in [0, 1], and the value is the sum of A over n_rows. For the cross-entropy V is the distance of a
distribution over classes from the right class, over n_rows, and the value is the mean entropy of these distributions. Both sets are
convex and hold 0, so that any candidate is made feasible by scaling it down; what the two values differ by bounds what is lost.

The hinge program is linear, and solved as such. The cross-entropy is smooth over positive and negative parts of the coefficients: L-BFGS
with bounds goes as far as it can, and accelerated proximal gradients with restarts finish what a fine tolerance asks beyond that.
Sources: Byrd, Lu, Nocedal & Zhu 1995, doi:10.1137/0916069; Beck & Teboulle 2009, doi:10.1137/080716542; O'Donoghue & Candes 2015,
doi:10.1007/s10208-013-9150-3; Huangfu & Hall 2018 (HiGHS), doi:10.1007/s12532-017-0130-5.
"""

import itertools
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import linalg, optimize, special

from bioworkbench.convex.program import CHECKED_EVERY, Certificate
from bioworkbench.records.arrays import Floats, positive, shaped
from bioworkbench.records.counted import counted
from bioworkbench.records.errors import unknown_name

__all__ = ["LOSSES", "classified_coefficients", "largest_loss_penalty", "loss_certificate", "mean_loss"]

LOSSES = ("hinge", "cross_entropy")
_MARGIN = 1e-12  # coefficients below count as 0


def loss_certificate(dictionary: NDArray, signs: Floats, coefficients: Floats, penalty: float, loss: str) -> Certificate:
    """Value of the program at the coefficients, and the dual value of the slope of the loss there, scaled to be feasible.

    Parameters
    ----------
    dictionary : array (n_rows, n_atoms)
    signs : array (n_rows, n_outputs)
        1 for the class of a row, -1 for the others.
    coefficients : array (n_atoms, n_outputs)
    penalty : float
    loss : {"hinge", "cross_entropy"}

    Returns
    -------
    Certificate

    Examples
    --------
    >>> proof = loss_certificate(np.eye(2), np.array([[1.0], [-1.0]]), np.zeros((2, 1)), 0.5, "hinge")
    >>> proof.primal, proof.gap
    (1.0, 0.0)
    """
    slope = _known(loss).slope(signs, dictionary @ coefficients)
    return _certificate(dictionary, signs, coefficients, slope, penalty, loss)


def largest_loss_penalty(dictionary: NDArray, signs: Floats, loss: str) -> float:
    """Smallest penalty at which all coefficients are 0.

    Parameters
    ----------
    dictionary, signs, loss
        As of `loss_certificate`.

    Returns
    -------
    float
    """
    slope = _known(loss).slope(signs, np.zeros(signs.shape))
    return float(np.abs(np.asarray(dictionary, dtype=float).T @ slope).max())


def mean_loss(outputs: Floats, signs: Floats, loss: str) -> float:
    """Loss of outputs, without a penalty.

    Parameters
    ----------
    outputs, signs : array (n_rows, n_outputs)
    loss : {"hinge", "cross_entropy"}

    Returns
    -------
    float
    """
    return float(_known(loss).values(signs, outputs).mean())


def classified_coefficients(
    dictionary: NDArray, signs: Floats, penalty: float, loss: str, *, tolerance: float = 1e-6, max_iterations: int = 20_000
) -> tuple[Floats, Certificate]:
    """Solve a classification program to a relative duality gap.

    Parameters
    ----------
    dictionary : array (n_rows, n_atoms)
    signs : array (n_rows, n_outputs)
        1 for the class of a row, -1 for the others.
    penalty : float
        Above 0.
    loss : {"hinge", "cross_entropy"}
    tolerance : float
        Largest (primal - dual) / primal.
    max_iterations : int
        Of the cross-entropy.

    Returns
    -------
    array (n_atoms, n_outputs), Certificate

    Raises
    ------
    ValueError
        If the loss is unknown, shapes do not fit, signs are not 1 and -1 or, for cross-entropy, not one of a row is 1, the dictionary
        is empty, or the gap is not reached.

    Examples
    --------
    >>> found, proof = classified_coefficients(np.eye(2), np.array([[1.0], [-1.0]]), 0.25, "hinge")
    >>> found.round(6).ravel().tolist(), proof.gap < 1e-6
    ([1.0, -1.0], True)
    """
    _known(loss)
    signs = shaped("signs", np.asarray(signs, dtype=float), (None, None))
    atoms = shaped("dictionary", np.asarray(dictionary), (len(signs), None)).astype(float)
    if not (np.abs(signs) == 1).all():
        raise ValueError(f"signs go from {signs.min()} to {signs.max()}; classes are coded as 1 and -1")
    # the loss takes one output of every row for the right one: several or none would shift all rows that follow
    n_right = (signs > 0).sum(axis=1)
    if loss == "cross_entropy" and (n_right != 1).any():
        row = int(np.flatnonzero(n_right != 1)[0])
        raise ValueError(f"signs[{row}] is 1 at {counted(int(n_right[row]), 'place')}; cross-entropy needs one class of each row")
    if atoms.shape[1] == 0:
        raise ValueError("the dictionary has no atom: every pattern is all zero; lower the thresholds or draw other witnesses")
    positive("penalty", penalty)
    positive("tolerance", tolerance)
    if loss == "hinge":
        coefficients, slope = _linear_program(atoms, signs, penalty)
        course: tuple[float, ...] = ()
    else:
        coefficients, slope, course = _accelerated(atoms, signs, penalty, tolerance, max_iterations)
    proof = _certificate(atoms, signs, coefficients, slope, penalty, loss, course)
    if not proof.gap <= tolerance:  # NaN is not small enough either
        raise ValueError(
            f"the relative duality gap of the {loss} program is {proof.gap:.2g}, above tolerance = {tolerance}; raise the "
            f"penalty ({penalty:.3g}), the tolerance or max_iterations ({max_iterations})"
        )
    return coefficients, proof


def _known(loss: str) -> "_Loss":
    if loss not in LOSSES:
        raise ValueError(unknown_name(loss, "classification loss", LOSSES))
    return _LOSSES[loss]


def _certificate(
    dictionary: NDArray,
    signs: Floats,
    coefficients: Floats,
    slope: Floats,
    penalty: float,
    loss: str,
    course: tuple[float, ...] = (),
) -> Certificate:
    """From coefficients and a dual candidate, the negative slope of the mean loss, which is scaled until it is feasible."""
    value = mean_loss(dictionary @ coefficients, signs, loss)
    largest = float(np.abs(np.asarray(dictionary, dtype=float).T @ slope).max(initial=0.0))
    scale = min(1.0, penalty / largest) if largest else 1.0
    primal = value + penalty * float(np.abs(coefficients).sum())
    n_kept = int((np.abs(coefficients) > _MARGIN).any(axis=1).sum())
    return Certificate(primal, _known(loss).dual(signs, scale * slope), dictionary.shape[1], n_kept, course)


def _hinge_values(signs: Floats, outputs: Floats) -> Floats:
    return np.maximum(1 - signs * outputs, 0).sum(axis=1)


def _hinge_slope(signs: Floats, outputs: Floats) -> Floats:
    """Negative slope of the mean hinge loss; at the kink the steeper one."""
    # rounding must not put a margin of 1 beyond the kink
    return signs * (signs * outputs < 1 + 1e-9) / len(signs)


def _hinge_dual(signs: Floats, slope: Floats) -> float:
    return float((signs * slope).sum())


def _right(signs: Floats) -> NDArray[np.bool_]:
    return signs > 0


def _entropy_loss(signs: Floats, outputs: Floats) -> Floats:
    return special.logsumexp(outputs, axis=1) - outputs[_right(signs)]


def _entropy_slope(signs: Floats, outputs: Floats) -> Floats:
    return (_right(signs) - special.softmax(outputs, axis=1)) / len(signs)


def _entropy_dual(signs: Floats, slope: Floats) -> float:
    """Mean entropy of the distributions that the slope stands for; a slope scaled down is again one of a distribution."""
    chances = _right(signs) - len(signs) * slope
    return float(special.entr(np.maximum(chances, 0)).sum() / len(signs))


@dataclass(frozen=True)
class _Loss:
    """A loss (n_rows,) of signs and outputs, the negative slope of its mean, and the dual value of signs and such a slope."""

    values: Callable[[Floats, Floats], Floats]
    slope: Callable[[Floats, Floats], Floats]
    dual: Callable[[Floats, Floats], float]


_LOSSES = {
    "hinge": _Loss(_hinge_values, _hinge_slope, _hinge_dual),
    "cross_entropy": _Loss(_entropy_loss, _entropy_slope, _entropy_dual),
}


def _linear_program(atoms: Floats, signs: Floats, penalty: float) -> tuple[Floats, Floats]:
    """Coefficients of the hinge program and its dual solution, one output after the other: the l1 penalty keeps them apart."""
    n_rows, n_atoms = atoms.shape
    coefficients, slope = np.zeros((n_atoms, signs.shape[1])), np.zeros(signs.shape)
    costs = np.concatenate([np.full(2 * n_atoms, penalty), np.full(n_rows, 1 / n_rows)])
    for k, sign in enumerate(signs.T):
        if k == 1 and signs.shape[1] == 2 and (sign == -signs[:, 0]).all():
            # with two classes the second output is the first one turned round
            coefficients[:, 1], slope[:, 1] = -coefficients[:, 0], -slope[:, 0]
            break
        turned = -sign[:, None] * atoms
        # variables: positive and negative parts of the coefficients, then a slack per row, all 0 or more
        limits = np.concatenate([turned, -turned, -np.eye(n_rows)], axis=1)
        found = optimize.linprog(costs, A_ub=limits, b_ub=-np.ones(n_rows), method="highs-ipm")
        if found.x is None:
            raise ValueError(f"the hinge program of {n_rows} rows and {n_atoms} atoms has no solution: {found.message}")
        positive_part, negative_part = found.x[:n_atoms], found.x[n_atoms : 2 * n_atoms]
        coefficients[:, k] = positive_part - negative_part
        # the multiplier of a row says how much of its slope counts: 0 to 1 / n_rows
        slope[:, k] = sign * np.clip(-found.ineqlin.marginals, 0, 1 / n_rows)
    return coefficients, slope


@dataclass
class _Momentum:
    """Where accelerated gradients stand: the coefficients, the point that they are moved from, and the weight of the last move."""

    coefficients: Floats
    point: Floats
    weight: float = 1.0

    def moved(self, new: Floats) -> None:
        """Go to new coefficients; start the momentum again where it points uphill."""
        # O'Donoghue & Candes (2015): point - new is the gradient times the step size, and a step along it leads uphill
        step = new - self.coefficients
        if ((self.point - new) * step).sum() > 0:
            self.coefficients, self.point, self.weight = new, new, 1.0
            return
        # weights of Beck & Teboulle (2009), equation 4.2
        after = (1 + np.sqrt(1 + 4 * self.weight**2)) / 2
        self.point = new + (self.weight - 1) / after * step
        self.coefficients, self.weight = new, after


def _bounded(atoms: Floats, signs: Floats, penalty: float, tolerance: float, most: int, course: list[float]) -> Floats:
    """Coefficients of the cross-entropy program by L-BFGS over their two parts; notes the gaps seen."""
    shape, iterations = (2, atoms.shape[1], signs.shape[1]), itertools.count(1)

    def value(parts: Floats) -> tuple[float, Floats]:
        outputs = atoms @ np.subtract(*parts.reshape(shape))
        uphill = -atoms.T @ _entropy_slope(signs, outputs)
        loss = float(_entropy_loss(signs, outputs).mean())
        return loss + penalty * float(parts.sum()), np.stack([penalty + uphill, penalty - uphill]).ravel()

    def noted(intermediate_result: optimize.OptimizeResult) -> None:
        if next(iterations) % CHECKED_EVERY == 0:
            found = np.subtract(*intermediate_result.x.reshape(shape))
            course.append(loss_certificate(atoms, signs, found, penalty, "cross_entropy").gap)
            if course[-1] <= tolerance:
                raise StopIteration

    limits = {"maxiter": most, "maxfun": 2 * most, "maxcor": 20, "ftol": 0.0, "gtol": 0.0}
    bounds = optimize.Bounds(0.0, np.inf)
    start = np.zeros(int(np.prod(shape)))
    # ftol and gtol of 0: the gap alone says when it is enough
    parts = optimize.minimize(value, start, jac=True, method="L-BFGS-B", bounds=bounds, callback=noted, options=limits).x
    return np.subtract(*parts.reshape(shape))


def _accelerated(
    atoms: Floats, signs: Floats, penalty: float, tolerance: float, max_iterations: int
) -> tuple[Floats, Floats, tuple[float, ...]]:
    """Coefficients of the cross-entropy program, its slope there, and the gaps seen."""
    course: list[float] = []
    start = _bounded(atoms, signs, penalty, tolerance, max_iterations, course)
    if course and course[-1] <= tolerance:
        return start, _entropy_slope(signs, atoms @ start), tuple(course)
    # The second derivative of the softmax is at most 1/2 in any direction; the rest is the largest singular value of D, squared.
    gram = atoms.T @ atoms if atoms.shape[1] < len(atoms) else atoms @ atoms.T
    last = len(gram) - 1
    steepness = 0.5 * float(linalg.eigh(gram, eigvals_only=True, subset_by_index=(last, last))[0]) / len(atoms)
    place = _Momentum(start, start)
    for iteration in range(1, max_iterations + 1):
        moved = place.point + atoms.T @ _entropy_slope(signs, atoms @ place.point) / steepness
        # the proximal step of the l1 penalty: towards 0 by a fixed length
        place.moved(np.sign(moved) * np.maximum(np.abs(moved) - penalty / steepness, 0))
        if iteration % CHECKED_EVERY == 0:
            course.append(loss_certificate(atoms, signs, place.coefficients, penalty, "cross_entropy").gap)
            if course[-1] <= tolerance:
                break
    return place.coefficients, _entropy_slope(signs, atoms @ place.coefficients), tuple(course)
