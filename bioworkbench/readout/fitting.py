"""What every linear fit shares: standardized features, folds, candidates for the penalty, and their scores."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike

from bioworkbench.records.arrays import Floats, Integers, count, finite, non_negative
from bioworkbench.records.counted import counted
from bioworkbench.records.linear_readout import LinearReadout

__all__ = [
    "LinearProblem",
    "Penalty",
    "best_candidate",
    "candidate_penalties",
    "fitted_rows",
    "folds",
    "is_only_checked",
    "judged",
    "linear_problem",
    "only_checked",
    "told_of_task",
]

Penalty = float | Sequence[float] | None
_USUAL_FOLDS = 5
_SMALLEST_FRACTION = 1e-10  # of the largest deviation; features that vary less count as constant
_RARE_FRACTION = 1e-2  # and those that vary less than this if it comes from fewer than two rows, such as the tail of one spike
CHUNK_BYTES = 2**26  # of standardized features held at once
_ONLY_CHECKED: ContextVar[bool] = ContextVar("whether readouts check what they are given and fit nothing", default=False)
_TOLD: ContextVar[tuple[int, tuple[str, ...], int]] = ContextVar("what a task knows of its trials", default=(0, (), 0))


@contextmanager
def only_checked() -> Iterator[None]:
    """Have `logistic`, `linear_svm` and `lasso` check features, targets, penalties and folds inside, and return coefficients of 0.

    Scikit-learn, which fits two of them, takes longer to import than a spec to check.
    """
    before = _ONLY_CHECKED.set(True)
    try:
        yield
    finally:
        _ONLY_CHECKED.reset(before)


def is_only_checked() -> bool:
    """Whether readouts check what they are given, and fit nothing; see `only_checked`."""
    return _ONLY_CHECKED.get()


@contextmanager
def told_of_task(shared: int = 0, classes: tuple[str, ...] = (), copies: int = 0) -> Iterator[None]:
    """Tell readouts, inside, what a task knows of its trials: folds share no targets with what is fitted, and errors name classes.

    Parameters
    ----------
    shared : int
        Trials before and after a trial whose targets have values in common with its own.
    classes : tuple of str
        Their names; empty where they have none.
    copies : int
        How often the trials occur again, behind all of them; copies are in the fold of their trial.
    """
    before = _TOLD.set((shared, classes, copies))
    try:
        yield
    finally:
        _TOLD.reset(before)


@dataclass(frozen=True)
class LinearProblem:
    """Rows of features, one per trial or per frame of a trial, and what is wanted for them.

    Parameters
    ----------
    raw : array (n_rows, n_features)
        Features as given, of any numeric type.
    mean, scale : array (n_features,)
        Mean and standard deviation; the deviation is 0 where a feature does not vary.
    wanted : array (n_rows, n_outputs)
        Values, or classes coded one-hot.
    labels : int array (n_rows,) or None
        Classes; None for values.
    n_trials : int
    shared : int
        Trials before and after a trial that share targets with it; see `told_of_task`.
    classes : tuple of str
        Names of the classes, for errors; empty where they have none.
    copies : int
        How often the trials occur again, behind all of them.
    """

    raw: np.ndarray
    mean: Floats
    scale: Floats
    wanted: Floats
    labels: Integers | None
    n_trials: int
    shared: int = 0
    classes: tuple[str, ...] = ()
    copies: int = 0

    @property
    def n_rows(self) -> int:
        """Number of rows."""
        return len(self.raw)

    @property
    def n_varying(self) -> int:
        """Number of features that vary."""
        return int((self.scale > 0).sum())

    def standardized(self, rows: slice | Integers = slice(None)) -> Floats:
        """The `rows` of the features that vary, with mean 0 and deviation 1 over all rows."""
        varying, raw = self.scale > 0, self.raw[rows]
        found = np.empty((len(raw), self.n_varying))
        # in portions, row by row in memory: features of many neurons leave no room for another copy, which a fit would make of columns
        step = max(1, CHUNK_BYTES // (8 * self.n_varying))
        for first in range(0, len(raw), step):
            own = slice(first, first + step)
            found[own] = np.compress(varying, raw[own], axis=1)
            found[own] -= self.mean[varying]
            found[own] /= self.scale[varying]
        return found

    def chunks(self, rows: Integers) -> Iterator[tuple[Integers, Floats]]:
        """Standardized features of the `rows`, a bounded number at a time, with the rows they are of."""
        n_chunks = -(-len(rows) * self.n_varying * 8 // CHUNK_BYTES)
        return ((part, self.standardized(part)) for part in np.array_split(rows, max(1, n_chunks)))

    def told_classes(self, numbers: Sequence[int]) -> list[int] | list[str]:
        """The names of classes, or their `numbers` where they have no names."""
        return [self.classes[number] for number in numbers] if self.classes else [*numbers]

    def readout(self, coefficients: Floats, intercepts: Floats) -> LinearReadout:
        """Readout of raw features.

        Parameters
        ----------
        coefficients : array (n_varying, n_outputs)
            Of the standardized features that vary.
        intercepts : array (n_outputs,)

        Returns
        -------
        LinearReadout
        """
        varying = self.scale > 0
        raw = np.zeros((len(varying), coefficients.shape[1]))
        raw[varying] = coefficients / self.scale[varying, None]
        return LinearReadout(raw, intercepts - self.mean @ raw, "value" if self.labels is None else "argmax")


def linear_problem(features: ArrayLike, targets: ArrayLike) -> LinearProblem:
    """Checked features and targets of a linear fit.

    Parameters
    ----------
    features : array (n_trials, n_features) or (n_trials, n_frames, n_features)
    targets : array (n_trials,) or (n_trials, n_frames), or with a last axis of outputs
        Integers are classes; values need the last axis.

    Returns
    -------
    LinearProblem

    Raises
    ------
    ValueError
        If shapes disagree, a number is not finite, no feature varies, or a class is alone or has no trial.
    """
    raw, wanted = np.asarray(features), np.asarray(targets)
    if raw.dtype.kind not in "buif" or raw.ndim not in (2, 3) or 0 in raw.shape:
        raise ValueError(
            f"features have type {raw.dtype} and shape {raw.shape}; they must be numbers (n_trials, ..., n_features)"
        )
    classes = wanted.dtype.kind in "iu"
    fits = wanted.shape[: raw.ndim - 1] == raw.shape[:-1] and wanted.ndim == raw.ndim - classes
    if not fits or 0 in wanted.shape:
        raise ValueError(
            f"features have shape {raw.shape}, targets {wanted.dtype} shape {wanted.shape}; integer classes need one number, "
            "values one row of outputs, per trial (and frame)"
        )
    n_trials, raw = len(raw), raw.reshape(-1, raw.shape[-1])
    labels = _labels(wanted.reshape(-1)) if classes else None
    values = finite("targets", wanted).reshape(len(raw), -1) if labels is None else np.eye(labels.max() + 1)[labels]
    mean, scale = _moments(raw)
    return LinearProblem(raw, mean, scale, values, labels, n_trials, *_TOLD.get())


def _labels(labels: np.ndarray) -> Integers:
    if labels.min() < 0:
        raise ValueError(f"targets go down to {labels.min()}; classes are counted 0, 1, 2, ...")
    if labels.max() >= len(labels):
        raise ValueError(
            f"targets go up to {labels.max()} in {counted(len(labels), 'trial')}; each class 0, 1, 2, ... needs a training trial"
        )
    trials = np.bincount(labels)
    if (trials > 0).sum() < 2:
        raise ValueError(f"all {len(labels)} targets are class {labels[0]}; a classifier needs at least two classes")
    if (trials == 0).any():
        raise ValueError(
            f"classes {np.flatnonzero(trials == 0).tolist()} have no training trial; give each class one, or renumber"
        )
    return labels.astype(np.int64)


def _moments(raw: np.ndarray) -> tuple[Floats, Floats]:
    """Mean and standard deviation of each feature; the deviation is exactly 0 where the feature does not vary
    beside the others."""
    lowest, highest = raw.min(axis=0), raw.max(axis=0)
    finite("features (lowest of each)", lowest)
    finite("features (highest of each)", highest)
    mean = raw.mean(axis=0, dtype=float)
    # in portions: the squares of all features at once would take as much memory as the features, in double precision
    square, fourth = np.zeros(raw.shape[1]), np.zeros(raw.shape[1])
    for part in np.array_split(raw, -(-raw.size * 8 // CHUNK_BYTES)):
        squares = (part - mean) ** 2
        square += squares.sum(axis=0)
        fourth += np.einsum("ij,ij->j", squares, squares)
    scale = np.where(lowest == highest, 0.0, np.sqrt(square / len(raw)))
    least = np.where(
        square**2 < 2 * fourth, _RARE_FRACTION, _SMALLEST_FRACTION
    )  # the ratio is the number of rows that it comes from
    scale = np.where(scale > least * scale.max(), scale, 0.0)  # dividing by next to nothing would blow up new trials
    if not scale.any():
        raise ValueError(
            f"none of the {counted(raw.shape[1], 'feature')} varies over {counted(len(raw), 'trial')}; are the neurons silent?"
        )
    return mean, scale


def _most_folds(problem: LinearProblem) -> int:
    """As many as there are trials, of the rarest class where trials have one."""
    if problem.labels is None or problem.n_trials < problem.n_rows:
        return problem.n_trials
    return int(np.bincount(problem.labels).min())


def folds(problem: LinearProblem, n_folds: int | None) -> Integers:
    """Which fold each row is judged in: stratified for a class per trial, otherwise consecutive blocks of whole trials.

    Parameters
    ----------
    problem : LinearProblem
    n_folds : int or None
        None takes the usual number, or fewer where there are not enough trials.

    Returns
    -------
    int array (n_rows,)
        Number of the fold.

    Raises
    ------
    ValueError
        If there are fewer than two folds, or fewer trials (of a class) than folds.
    """
    if problem.copies:  # else a fold would be judged on trials that it was fitted to, changed a little
        n_rows, n_trials = (n // (1 + problem.copies) for n in (problem.n_rows, problem.n_trials))
        parts = problem.raw[:n_rows], problem.wanted[:n_rows], None if problem.labels is None else problem.labels[:n_rows]
        first = replace(problem, raw=parts[0], wanted=parts[1], labels=parts[2], n_trials=n_trials, copies=0)
        return np.tile(folds(first, n_folds), 1 + problem.copies)
    chosen = n_folds is None
    if n_folds is None:
        n_folds = max(2, min(_USUAL_FOLDS, _most_folds(problem)))
    count("n_folds", n_folds, least=2)
    if n_folds > problem.n_trials:
        raise ValueError(
            f"n_folds = {n_folds}: the training part has only {counted(problem.n_trials, 'trial')}; use fewer folds, or give one penalty"
        )
    # frames of one trial are alike: a trial is never split, or a fold would be judged on what it was fitted to
    if problem.labels is None or problem.n_trials < problem.n_rows:
        trial = np.arange(problem.n_rows) // (problem.n_rows // problem.n_trials)
        return _checked_blocks(problem, trial * n_folds // problem.n_trials)
    rarest = int(np.bincount(problem.labels).argmin())
    if (problem.labels == rarest).sum() < n_folds:
        few = f"class {problem.told_classes([rarest])[0]} has only {counted((problem.labels == rarest).sum(), 'trial')}"
        if chosen:
            raise ValueError(
                f"{few}: folds of training, which choose a penalty, need two of each class at least; add some, or give one penalty"
            )
        raise ValueError(f"n_folds = {n_folds}: {few}; use fewer folds, or give one penalty")
    fold = np.zeros(problem.n_rows, dtype=np.int64)
    fold[np.argsort(problem.labels, kind="stable")] = np.arange(problem.n_rows) % n_folds  # class by class, dealt like cards
    return fold


def fitted_rows(problem: LinearProblem, fold: Integers, k: int) -> Integers:
    """Rows that a fit is made to which is judged in a fold: those outside of it that share no targets with it.

    Parameters
    ----------
    problem : LinearProblem
    fold : int array (n_rows,)
        From `folds`.
    k : int
        Number of the fold.

    Returns
    -------
    int array (n_fitted,)

    Raises
    ------
    ValueError
        If there is none.
    """
    outside = fold != k
    in_blocks = problem.labels is None or problem.n_trials < problem.n_rows
    if problem.shared and in_blocks:
        own, reach = np.flatnonzero(~outside), problem.shared * (problem.n_rows // problem.n_trials)
        outside[max(0, own[0] - reach) : own[-1] + reach + 1] = False
        if not outside.any():
            raise ValueError(
                f"n_folds = {fold.max() + 1}: all {counted(problem.n_trials, 'trial')} outside of fold {k} share targets with it, as "
                f"windows of a series do with the {problem.shared} before and after them; use more folds or trials, or give one penalty"
            )
    return np.flatnonzero(outside)


def _checked_blocks(problem: LinearProblem, fold: Integers) -> Integers:
    """The folds, if every class is left in the rows outside of each."""
    if problem.labels is not None:
        for k in range(fold.max() + 1):
            missing = np.setdiff1d(problem.labels, problem.labels[fold != k])
            if missing.size:
                raise ValueError(
                    f"n_folds = {fold.max() + 1}: classes {problem.told_classes(missing.tolist())} occur in fold {k} alone; shuffle the "
                    "trials, use other folds, or give one penalty"
                )
    return fold


def candidate_penalties(penalty: Penalty, default: Sequence[float]) -> list[float]:
    """The penalty as a list of candidates; the default ones for None.

    Parameters
    ----------
    penalty : float, sequence of float, or None
    default : sequence of float
        Candidates where no penalty is given.

    Returns
    -------
    list of float

    Raises
    ------
    ValueError
        If the list is empty, or a number is negative or not finite.
    """
    given = default if penalty is None else [penalty] if isinstance(penalty, float | int) else list(penalty)
    if not given:
        raise ValueError("penalty = []: give one number, or several to choose from")
    return [non_negative("penalty", float(value)) for value in given]


def best_candidate(candidates: list[float], scores: Floats) -> float:
    """The one of the `candidates` with most hits, then least squared error; `scores` (n_candidates, 2) holds both."""
    hits, error = scores.T
    return candidates[int(np.lexsort((error, -hits))[0])]


def judged(problem: LinearProblem, rows: Integers, outputs: Floats) -> Floats:
    """How well outputs fit some rows.

    Parameters
    ----------
    problem : LinearProblem
    rows : int array (n_rows,)
    outputs : array (n_rows, n_outputs)

    Returns
    -------
    array (2,)
        Number of right classes (0 for values), and squared error.
    """
    hits = 0 if problem.labels is None else (outputs.argmax(axis=1) == problem.labels[rows]).sum()
    return np.array([hits, np.square(outputs - problem.wanted[rows]).sum()])
