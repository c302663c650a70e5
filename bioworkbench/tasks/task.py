"""Records of what a network is asked to do: `Trials` (inputs and what is wanted for them) and `Task`."""

import math
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from bioworkbench.records.arrays import count, shaped
from bioworkbench.records.counted import counted
from bioworkbench.records.stimulus import Stimulus

__all__ = ["Encode", "NewTrials", "Task", "Trials", "check_learnable", "check_trained_classes", "held_out", "split_off"]

Encode = Callable[[np.ndarray], Stimulus]


@dataclass(frozen=True)
class Trials:
    """Inputs and targets, trial by trial.

    Parameters
    ----------
    values : array (n_trials, n_frames, n_channels)
        Real numbers; their type is kept (float32 images stay lean).
    targets : array
        Classes: int (n_trials,), or int (n_trials, n_frames) for a class per frame. Regression: float (n_trials, n_outputs),
        or float (n_trials, n_frames, n_outputs) for values per frame.

    Raises
    ------
    ValueError
        If a shape is wrong, the numbers of trials or frames differ, a value is not finite, or a label is negative.
    """

    values: np.ndarray
    targets: np.ndarray

    def __post_init__(self) -> None:
        values = shaped("values of trials", _finite("values of trials", self.values), (None, None, None))
        targets = _finite("targets of trials", self.targets)
        if 0 in values.shape:
            raise ValueError(f"values of trials have shape {values.shape}; at least one trial, frame and channel are needed")
        if targets.ndim == 0 or len(targets) != len(values):
            raise ValueError(
                f"targets of trials have shape {targets.shape} for {counted(len(values), 'trial')}; the numbers must agree"
            )
        _check_targets(targets, values.shape[1])
        object.__setattr__(self, "values", values)
        object.__setattr__(self, "targets", targets)

    @property
    def n_trials(self) -> int:
        """Number of trials."""
        return self.values.shape[0]

    @property
    def n_frames(self) -> int:
        """Number of input frames per trial."""
        return self.values.shape[1]

    @property
    def n_channels(self) -> int:
        """Number of input channels."""
        return self.values.shape[2]

    @property
    def per_frame(self) -> bool:
        """Whether every frame has a target of its own."""
        return self.targets.ndim == (2 if self.has_classes else 3)

    @property
    def has_classes(self) -> bool:
        """Whether the targets are classes; otherwise they are values."""
        return np.issubdtype(self.targets.dtype, np.integer)

    def take(self, indices: NDArray[np.integer] | slice) -> "Trials":
        """The trials of these indices, in their order.

        Parameters
        ----------
        indices : int array, or slice

        Returns
        -------
        Trials
        """
        return Trials(self.values[indices], self.targets[indices])


def _finite(name: str, given: np.ndarray) -> np.ndarray:
    """The array itself, without the copy to float64 that `arrays.finite` makes."""
    try:
        array = np.asarray(given)
    except ValueError as error:
        raise ValueError(f"{name} are not a rectangular array: {error}") from error
    if array.dtype.kind not in "iuf":
        raise ValueError(f"{name} have the type {array.dtype}; they must be real numbers in a rectangular array")
    if array.dtype.kind == "f" and not np.isfinite(array).all():
        bad = np.argwhere(~np.isfinite(array))
        first = tuple(int(k) for k in bad[0])
        raise ValueError(f"{name} have {counted(len(bad), 'non-finite entry')}, the first at {first}: {array[first]}")
    return array


def _check_targets(targets: np.ndarray, n_frames: int) -> None:
    classes = targets.dtype.kind in "iu"
    dimensions = (1, 2) if classes else (2, 3)
    if targets.ndim not in dimensions or 0 in targets.shape:
        wanted = "(n_trials,) or (n_trials, n_frames)" if classes else "(n_trials, n_outputs) or (n_trials, n_frames, n_outputs)"
        raise ValueError(f"targets of trials have type {targets.dtype} and shape {targets.shape}; it must be {wanted}")
    if targets.ndim == dimensions[1] and targets.shape[1] != n_frames:
        raise ValueError(f"targets of trials have {counted(targets.shape[1], 'frame')}, values have {n_frames}; they must agree")
    if classes and targets.min() < 0:
        raise ValueError(f"targets of trials go down to {targets.min()}; classes are counted 0, 1, 2, ...")


@dataclass(frozen=True)
class NewTrials:
    """Trials of a file that came after training.

    Parameters
    ----------
    values : array (n_trials, n_frames, n_channels)
        Prepared as those of the task, scaled by its training part.
    told : callable (predictions) -> array (n_trials, n_outputs)
        Predictions in the units of the file, and classes by their names.
    outputs : tuple of str (n_outputs,)
        What these are.
    """

    values: np.ndarray
    told: Callable[[np.ndarray], np.ndarray]
    outputs: tuple[str, ...]


@dataclass(frozen=True)
class Task:
    """What a network is asked to do.

    Parameters
    ----------
    name : str
    kind : {"classification", "regression"}
    train, test : Trials
    validation : Trials or None
        For choosing settings; None where methods should split it off the training trials.
    n_outputs : int
        Number of classes, or of values.
    encode : callable
        From values (n_trials, n_frames, n_channels) to a `Stimulus`; deterministic (Poisson spikes are drawn by `simulate`).
    reference : str
        Where the task comes from: citation, DOI or address.
    washout : int
        Frames at the start of a trial that neither training nor scores look at; for targets per frame.
    forecast : bool
        Whether the outputs are later values of the channels: frame by frame, each with all channels.
    heads : tuple of int
        Sizes of the parts that a class is made of (`bioworkbench.records.heads`), for methods that give each part outputs of its own;
        empty where a class is one thing.
    new : callable (path) -> NewTrials, optional
        Reads a file of new data, for tasks that come from a file themselves.
    classes : tuple of str
        Names of the classes, in the order of their numbers; empty where they have none.
    shared : int
        Trials before and after a training trial whose targets have values in common with its own, as those of windows of a series.
    copies : int
        How often the training trials occur again, changed a little, behind all of them in the same order.

    Raises
    ------
    ValueError
        If the parts disagree with each other, the kind or the number of outputs.
    """

    name: str
    kind: Literal["classification", "regression"]
    train: Trials
    test: Trials
    validation: Trials | None
    n_outputs: int
    encode: Encode
    reference: str
    washout: int = 0
    forecast: bool = False
    heads: tuple[int, ...] = ()
    new: Callable[[Path], NewTrials] | None = None
    classes: tuple[str, ...] = ()
    shared: int = 0
    copies: int = 0

    def __post_init__(self) -> None:
        if self.kind not in ("classification", "regression"):
            raise ValueError(f"task kind = {self.kind!r}: must be 'classification' or 'regression'")
        if not callable(self.encode):
            raise ValueError(f"encode of task '{self.name}' = {self.encode!r}: must be a function from values to a Stimulus")
        count("n_outputs", self.n_outputs)
        count("washout", self.washout, least=0)
        if self.heads and (self.kind != "classification" or math.prod(self.heads) != self.n_outputs):
            raise ValueError(
                f"heads of task '{self.name}' = {self.heads}: their product must be the number of classes, {self.n_outputs}"
            )
        if self.classes and (self.kind != "classification" or len(self.classes) != self.n_outputs):
            raise ValueError(
                f"classes of task '{self.name}': {counted(len(self.classes), 'name')} for {counted(self.n_outputs, 'output')} of kind "
                f"'{self.kind}'; each class needs one"
            )
        for part, trials in self.parts.items():
            self._check(part, trials)

    @property
    def parts(self) -> dict[str, Trials]:
        """The trials by name: train, test and, where there is one, validation."""
        parts = {"train": self.train, "test": self.test}
        return parts if self.validation is None else parts | {"validation": self.validation}

    @property
    def n_originals(self) -> int:
        """Number of the training trials that are no copies; they come first."""
        return self.train.n_trials // (1 + self.copies)

    def told_classes(self, numbers: Sequence[int]) -> list[int] | list[str]:
        """The names of classes, or their `numbers` where they have no names."""
        return [self.classes[number] for number in numbers] if self.classes else [*numbers]

    def _check(self, part: str, trials: Trials) -> None:
        where = f"task '{self.name}', {part}"
        if trials.has_classes != (self.kind == "classification"):
            raise ValueError(f"{where}: targets have type {trials.targets.dtype}, which does not fit kind '{self.kind}'")
        if trials.n_channels != self.train.n_channels or trials.per_frame != self.train.per_frame:
            raise ValueError(
                f"{where}: {counted(trials.n_channels, 'channel')}, targets per frame {trials.per_frame}; train has others"
            )
        if trials.has_classes and trials.targets.max() >= self.n_outputs:
            raise ValueError(
                f"{where}: labels go up to {trials.targets.max()}; with {counted(self.n_outputs, 'class')} they end at one less"
            )
        if not trials.has_classes and trials.targets.shape[-1] != self.n_outputs:
            raise ValueError(
                f"{where}: targets have {counted(trials.targets.shape[-1], 'value')}, n_outputs = {self.n_outputs}; they must agree"
            )
        if self.washout >= trials.n_frames:
            raise ValueError(
                f"{where}: washout = {self.washout} leaves nothing of {counted(trials.n_frames, 'frame')}; it must be less"
            )


def check_trained_classes(task: Task) -> None:
    """Raise ValueError if trials are to be classified into a class that has no training trial.

    Parameters
    ----------
    task : Task
        Classes that no part has, such as digits of which there are no recordings, do no harm.
    """
    if task.kind != "classification":
        return
    for name, trials in task.parts.items():
        if missing := np.setdiff1d(trials.targets, task.train.targets).tolist():
            raise ValueError(
                f"task '{task.name}', {name}: classes {task.told_classes(missing)} of {task.n_outputs} have no training trial; give each "
                "class one, or leave its trials out"
            )


def check_learnable(task: Task) -> None:
    """Raise ValueError if all training trials show or want the same, or trials of a class have none to learn it from.

    Parameters
    ----------
    task : Task
        Of targets per frame, frames are looked at in place of trials.
    """
    values, targets = task.train.values, task.train.targets
    if task.train.per_frame:
        values, targets = _by_frame(values), _by_frame(targets[:, task.washout :])
    if len(targets) == 1:
        raise ValueError(f"task '{task.name}' has 1 training trial; at least two with different targets are needed")
    if _all_alike(targets):
        raise ValueError(
            f"all training targets of task '{task.name}' are {targets.flat[0]}; at least two different ones are needed"
        )
    if _all_alike(values):
        raise ValueError(
            f"all training {'frames' if task.train.per_frame else 'trials'} of task '{task.name}' have the same values, "
            f"{values.flat[0]:g} first; nothing tells them apart, so look at the data"
        )
    check_trained_classes(task)


def _by_frame(array: np.ndarray) -> np.ndarray:
    """Frames of all trials, one after another."""
    return array.reshape(-1, *array.shape[2:])


def _all_alike(rows: np.ndarray) -> bool:
    return all(np.array_equal(rows[0], other) for other in rows[1:])


def held_out(task: Task, part: str) -> Task:
    """The task with other trials in place of the test trials, to choose settings by without looking at the test part.

    Parameters
    ----------
    task : Task
    part : str
        ``"test"`` for the task as it is, ``"validation"`` for its validation part, which the method then does not see, or
        ``"2/5"`` for the second of five parts of the training trials, which is taken out of them. Parts hold equal fractions of
        every class; trials without a class of their own are cut into consecutive blocks, and trials beside a block that share
        targets with it are left out of training.

    Returns
    -------
    Task

    Raises
    ------
    ValueError
        If there is no such part, or a part would be empty.

    Examples
    --------
    >>> from bioworkbench.tasks import digits
    >>> task = digits(np.random.default_rng(1), n_train=100, n_test=50)
    >>> held_out(task, "1/5").test.n_trials
    20
    """
    if part == "test":
        return task
    if part == "validation":
        if task.validation is None:
            raise ValueError(
                f"'{part}': task '{task.name}' has no validation part; write '1/5', '2/5', ... for parts of training"
            )
        return replace(task, test=task.validation, validation=None)
    fold = re.fullmatch(r"(\d{1,4})/(\d{1,4})", part)
    number, n_folds = map(int, fold.groups()) if fold else (0, 0)
    if not 1 <= number <= n_folds or n_folds < 2:
        raise ValueError(f"'{part}' is not a part of a task; write 'test', 'validation', or '2/5' for the second of five folds")
    n_own = task.n_originals
    folds = np.tile(_folds(task.train.take(slice(0, n_own)), n_folds), 1 + task.copies)
    if (np.bincount(folds, minlength=n_folds) == 0).any():
        raise ValueError(f"'{part}': {task.train.n_trials} training trials cannot be cut into {n_folds} parts; use fewer")
    mine = folds == number - 1
    others, block = ~mine, np.flatnonzero(mine[:n_own])  # copies of what is held out are neither trained on nor scored
    if task.shared:  # of windows of a series, else what is held out would be among what is trained on
        others[max(0, block[0] - task.shared) : block[-1] + task.shared + 1] = False
    if not others.any():
        raise ValueError(f"'{part}': every training trial outside of it shares targets with it; use more parts, or more trials")
    return replace(task, train=task.train.take(np.flatnonzero(others)), test=task.train.take(block))


def _folds(trials: Trials, n_folds: int) -> np.ndarray:
    """Fold of every trial: blocks of equal size, class by class."""
    by_class = trials.has_classes and not trials.per_frame
    classes = trials.targets if by_class else np.zeros(trials.n_trials, dtype=int)
    folds = np.empty(trials.n_trials, dtype=int)
    for label in np.unique(classes):
        members = np.flatnonzero(classes == label)
        folds[members] = np.arange(len(members)) * n_folds // len(members)
    return folds


def split_off(train: Trials, n_validation: int, rng: np.random.Generator) -> tuple[Trials, Trials | None]:
    """Training trials without `n_validation` randomly drawn ones, and those; None for 0.

    Parameters
    ----------
    train : Trials
    n_validation : int
    rng : Generator

    Returns
    -------
    Trials, and Trials or None

    Raises
    ------
    ValueError
        If nothing would be left to train on.
    """
    if count("n_validation", n_validation, least=0) == 0:
        return train, None
    if n_validation >= train.n_trials:
        raise ValueError(f"n_validation = {n_validation} leaves nothing of {train.n_trials} training trials; it must be less")
    order = rng.permutation(train.n_trials)
    return train.take(np.sort(order[n_validation:])), train.take(np.sort(order[:n_validation]))
