"""Which program is solved over a dictionary of patterns, and with which penalty."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from bioworkbench.convex import losses
from bioworkbench.convex.program import Certificate, largest_penalty, sparse_coefficients, sparse_path
from bioworkbench.records.arrays import Floats, Integers, count, positive
from bioworkbench.records.counted import counted
from bioworkbench.records.errors import unknown_name
from bioworkbench.tasks import Task

__all__ = ["ConvexProgram", "choosing_trials", "solution", "solutions"]

_CHOOSING = 5  # every so many-th trial chooses a penalty
_KNOWN_LOSSES = ("squared", *losses.LOSSES)


@dataclass(frozen=True)
class ConvexProgram:
    """The convex program over output weights, and what follows it.

    Parameters
    ----------
    penalties : sequence of float
        Candidates, as fractions of the penalty at which nothing is kept; with several, every fifth training trial chooses,
        or the last fifth where neighbors share targets, as windows of a series do.
    tolerance : float
        Largest relative duality gap.
    rounds : int
        After the first, the kept sub-networks are trained by surrogate gradients, and join the witnesses.
    convex : bool
        False returns the network that surrogate gradients gave, with its own readout, for comparison.
    refit : float, optional
        Penalty with which the output weights of what was kept are fitted once more, by logistic or, for values, ridge regression
        (`bioworkbench.readout.fits`). The certificate is that of the choice.
    loss : {"squared", "hinge", "cross_entropy"}
        Squared error with a group penalty, or for classes the published programs with an l1 penalty: hinge of one class against
        the rest, or cross-entropy of softmax.
    refine : bool
        Train what was kept and its output weights together by surrogate gradients, starting from the solution, which stays where
        no epoch has less loss on the validation part of the task. The certificate is that of the start.
    """

    penalties: Sequence[float] = (0.3, 0.1, 0.03, 0.01)
    tolerance: float = 1e-6
    rounds: int = 1
    convex: bool = True
    refit: float | None = None
    loss: Literal["squared", "hinge", "cross_entropy"] = "squared"
    refine: bool = False

    def __post_init__(self) -> None:
        for value in self.penalties:
            positive("penalties", float(value))
        if not len(self.penalties):
            raise ValueError(f"penalties = {self.penalties}: give at least one fraction of the largest penalty")
        positive("tolerance", self.tolerance)
        count("rounds", self.rounds)
        if self.refit is not None:
            positive("refit", self.refit)
        if self.loss not in _KNOWN_LOSSES:
            raise ValueError(unknown_name(self.loss, "loss", _KNOWN_LOSSES))

    def check_trials(self, n_trials: int, shared: int = 0) -> None:
        """Raise ValueError if several penalties cannot be tried on a fifth of the trials.

        Parameters
        ----------
        n_trials : int
            Training trials.
        shared : int
            Trials before and after a trial that share targets with it.
        """
        if len(self.penalties) > 1 and n_trials < _CHOOSING:
            raise ValueError(
                f"program.penalties = {list(self.penalties)} with {counted(n_trials, 'training trial')}: every fifth trial chooses among "
                "several; give one penalty, or five trials or more"
            )
        if len(self.penalties) > 1 and n_trials - n_trials // _CHOOSING <= shared:
            raise ValueError(
                f"program.penalties = {list(self.penalties)} with {counted(n_trials, 'training trial')}: the last fifth chooses among "
                f"several, and the {shared} before it share targets with it; give one penalty, or more trials"
            )


def choosing_trials(task: Task) -> Integers:
    """Which training trials choose a penalty (1), which are fitted to before (0), and which are neither (-1).

    Parameters
    ----------
    task : Task

    Returns
    -------
    int array (n_trials,)
    """
    numbers = np.arange(task.n_originals)
    if task.shared:
        first = len(numbers) - len(numbers) // _CHOOSING
        return np.where(numbers >= first, 1, np.where(numbers < first - task.shared, 0, -1))
    chosen, targets = numbers % _CHOOSING == _CHOOSING - 1, task.train.targets[: len(numbers)]
    if task.train.has_classes and not task.train.per_frame and np.setdiff1d(targets[chosen], targets[~chosen]).size:
        # classes that come round and round: every fifth trial of the trials sorted by class
        chosen[np.argsort(targets, kind="stable")] = numbers % _CHOOSING == _CHOOSING - 1
    # copies are fitted to, but for those of trials that choose
    return np.concatenate([chosen.astype(int), np.tile(np.where(chosen, -1, 0), task.copies)])


def solutions(
    dictionary: np.ndarray, wanted: Sequence[Floats], program: ConvexProgram, choosing: Integers
) -> tuple[Floats, Certificate, list[float]]:
    """Coefficients of the atoms for several heads, which share nothing but the atoms, so that each is a program of its own.

    Parameters
    ----------
    dictionary, program, choosing
        As in `solution`.
    wanted : sequence of arrays (n_rows, n_outputs)
        Of each head.

    Returns
    -------
    coefficients : array (n_atoms, n_outputs of all heads)
    proof : Certificate
        Of the sum of the programs; its course is that of the first.
    penalties : list of float

    Raises
    ------
    ValueError
        If a program is not solved to its tolerance; names both fields.
    """
    try:
        found, proofs, penalties = zip(*(solution(dictionary, own, program, choosing) for own in wanted), strict=True)
    except ValueError as error:  # of a program that knows no fields
        raise ValueError(
            f"program.penalties = {list(program.penalties)}, program.tolerance = {program.tolerance}: {error}"
        ) from error
    coefficients = np.concatenate(found, axis=1)
    if len(proofs) == 1:
        return coefficients, proofs[0], list(penalties)
    values = (sum(proof.primal for proof in proofs), sum(proof.dual for proof in proofs))
    n_kept = int(coefficients.any(axis=1).sum())
    return coefficients, Certificate(*values, proofs[0].n_atoms, n_kept, proofs[0].course), list(penalties)


def solution(
    dictionary: np.ndarray, wanted: Floats, program: ConvexProgram, choosing: Integers
) -> tuple[Floats, Certificate, float]:
    """Coefficients of the atoms, their certificate, and the penalty.

    Parameters
    ----------
    dictionary : bool array (n_rows, n_atoms)
    wanted : array (n_rows, n_outputs)
        Values, or classes coded as 1 and -1.
    program : ConvexProgram
    choosing : int array (n_trials,)
        From `choosing_trials`; a trial has as many rows as another.

    Returns
    -------
    coefficients : array (n_atoms, n_outputs)
    proof : Certificate
    penalty : float
    """
    penalty = _chosen_penalty(dictionary, wanted, program, choosing)
    if program.loss == "squared":
        return *sparse_coefficients(dictionary, wanted, penalty, tolerance=program.tolerance), penalty
    found = losses.classified_coefficients(dictionary, wanted, penalty, program.loss, tolerance=program.tolerance)
    return *found, penalty


def _chosen_penalty(dictionary: np.ndarray, wanted: Floats, program: ConvexProgram, choosing: Integers) -> float:
    """Penalty for all rows, from fractions of the largest; several are compared on the trials that choose."""
    fractions, scale = [float(f) for f in program.penalties], _largest(dictionary, wanted, program.loss)
    if len(fractions) == 1:
        return fractions[0] * scale
    part = np.repeat(choosing, len(wanted) // len(choosing))
    held, fitted = part == 1, part == 0
    smaller, targets = dictionary[fitted], wanted[fitted]
    top = _largest(smaller, targets, program.loss)
    path = _path(smaller, targets, [f * top for f in fractions], program.loss, max(program.tolerance, 1e-4))
    outputs = [dictionary[held] @ coefficients for coefficients in path]
    return fractions[int(np.argmin([_error(found, wanted[held], program.loss) for found in outputs]))] * scale


def _largest(dictionary: np.ndarray, wanted: Floats, loss: str) -> float:
    return largest_penalty(dictionary, wanted) if loss == "squared" else losses.largest_loss_penalty(dictionary, wanted, loss)


def _path(dictionary: np.ndarray, wanted: Floats, penalties: list[float], loss: str, tolerance: float) -> list[Floats]:
    """Coefficients for each penalty."""
    if loss == "squared":
        return [coefficients for coefficients, _ in sparse_path(dictionary, wanted, penalties, tolerance=tolerance)]
    return [losses.classified_coefficients(dictionary, wanted, p, loss, tolerance=tolerance)[0] for p in penalties]


def _error(outputs: Floats, wanted: Floats, loss: str) -> float:
    """Error on trials that the program did not see: squared, or of the program's own loss."""
    return float(((outputs - wanted) ** 2).mean()) if loss == "squared" else losses.mean_loss(outputs, wanted, loss)
