"""Scores of predictions against targets, and baselines that need no network.

Every metric is ``f(predictions, targets) -> float``. Where a score is not defined (constant targets, no spikes) it raises
ValueError with the reason; it never returns NaN.
"""

from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike

from bioworkbench.readout.direction import SMALLER_IS_BETTER
from bioworkbench.readout.fits import ridge
from bioworkbench.readout.fitting import told_of_task
from bioworkbench.records.arrays import Floats, Integers, count, finite
from bioworkbench.records.errors import unknown_name
from bioworkbench.records.functions import Functions, name_of
from bioworkbench.records.linear_readout import LinearReadout
from bioworkbench.tasks import Task

__all__ = [
    "METRICS",
    "SMALLER_IS_BETTER",
    "accuracy",
    "baselines",
    "chance",
    "check_metric",
    "confusion_matrix",
    "correlation",
    "last_value",
    "mae",
    "memory_capacity",
    "r2",
    "raw_linear",
    "rse",
    "scores",
]


def accuracy(predictions: ArrayLike, targets: ArrayLike) -> float:
    """Fraction of right classes.

    Parameters
    ----------
    predictions, targets : int array (n_trials,) or (n_trials, n_frames)

    Returns
    -------
    float

    Raises
    ------
    ValueError
        If the shapes differ, or either holds no integers.
    """
    predicted, wanted = _classes(predictions, targets)
    return float((predicted == wanted).mean())


def confusion_matrix(predictions: ArrayLike, targets: ArrayLike, n_classes: int) -> Integers:
    """Number of trials by class (row) and predicted class (column).

    Parameters
    ----------
    predictions, targets : int array (n_trials,) or (n_trials, n_frames)
    n_classes : int

    Returns
    -------
    int array (n_classes, n_classes)

    Raises
    ------
    ValueError
        If the shapes differ, or a class is outside 0 to n_classes - 1.
    """
    predicted, wanted = _classes(predictions, targets)
    size = count("n_classes", n_classes)
    for name, labels in (("predictions", predicted), ("targets", wanted)):
        if labels.min() < 0 or labels.max() >= size:
            raise ValueError(
                f"{name} lie between {labels.min()} and {labels.max()}; with n_classes = {size} they end at {size - 1}"
            )
    return np.bincount(wanted.ravel() * size + predicted.ravel(), minlength=size**2).reshape(size, size)


def rse(predictions: ArrayLike, targets: ArrayLike) -> float:
    """Root relative squared error: the error beside that of predicting the mean; 0 is perfect, 1 is the mean.

    The square root of the summed squared error over the summed squared deviation of the targets from their mean, which is
    taken for each output over the trials (and frames); the sums run over everything. For one output this is the NRMSE.

    Parameters
    ----------
    predictions, targets : array (n_trials, ..., n_outputs)

    Returns
    -------
    float

    Raises
    ------
    ValueError
        If the shapes differ, a number is not finite, or the targets do not vary.

    References
    ----------
    Lai, Chang, Yang & Liu (2018), Modeling long- and short-term temporal patterns, doi:10.1145/3209978.3210006;
    with the mean by output as in Lv et al. (2024), arXiv:2402.01533.
    """
    predicted, wanted = _rows(predictions, targets)
    spread = _spread(wanted).sum()
    if spread == 0:
        raise ValueError(f"targets {np.shape(targets)} do not vary; an error relative to their spread is not defined")
    return float(np.sqrt(((predicted - wanted) ** 2).sum() / spread))


def r2(predictions: ArrayLike, targets: ArrayLike) -> float:
    """Coefficient of determination, 1 - squared error / squared deviation from the mean, averaged over the outputs.

    Unlike 1 - rse**2, every output counts the same, whatever its scale.

    Parameters
    ----------
    predictions, targets : array (n_trials, ..., n_outputs)

    Returns
    -------
    float

    Raises
    ------
    ValueError
        If the shapes differ, a number is not finite, or an output's targets do not vary.
    """
    predicted, wanted = _rows(predictions, targets)
    spread = _spread(wanted)
    if (spread == 0).any():
        raise ValueError(f"targets of outputs {np.flatnonzero(spread == 0).tolist()} do not vary; their R2 is not defined")
    return float(1 - (((predicted - wanted) ** 2).sum(axis=0) / spread).mean())


def mae(predictions: ArrayLike, targets: ArrayLike) -> float:
    """Mean absolute error.

    Parameters
    ----------
    predictions, targets : array (n_trials, ..., n_outputs)

    Returns
    -------
    float

    Raises
    ------
    ValueError
        If the shapes differ, or a number is not finite.
    """
    predicted, wanted = _rows(predictions, targets)
    return float(np.abs(predicted - wanted).mean())


def correlation(predictions: ArrayLike, targets: ArrayLike) -> float:
    """Pearson correlation of predictions and targets, averaged over the outputs; 0 for an output that is predicted constant.

    Parameters
    ----------
    predictions, targets : array (n_trials, ..., n_outputs)

    Returns
    -------
    float

    Raises
    ------
    ValueError
        If the shapes differ, a number is not finite, or an output's targets do not vary.
    """
    return float(_correlations(*_rows(predictions, targets)).mean())


def memory_capacity(predictions: ArrayLike, targets: ArrayLike) -> float:
    """Sum over the outputs (one per delay) of the squared correlation between prediction and delayed input.

    Parameters
    ----------
    predictions, targets : array (n_trials, ..., n_delays)

    Returns
    -------
    float

    Raises
    ------
    ValueError
        As in `correlation`.

    References
    ----------
    Jaeger (2001), Short term memory in echo state networks, GMD Report 152.
    """
    return float((_correlations(*_rows(predictions, targets)) ** 2).sum())


METRICS = Functions(
    "metrics",
    {
        "accuracy": accuracy,
        "correlation": correlation,
        "mae": mae,
        "memory_capacity": memory_capacity,
        "r2": r2,
        "rse": rse,
    },
)
"""Metrics by the name that a spec uses."""

_BY_KIND = {"classification": ("accuracy",), "regression": ("correlation", "mae", "memory_capacity", "r2", "rse")}
_DEFAULT_METRICS = {"classification": ("accuracy",), "regression": ("rse", "r2", "mae", "correlation")}


def scores(task: Task, predictions: ArrayLike, metrics: tuple[str, ...] = (), part: str = "test") -> dict[str, float]:
    """Metrics of predictions for one part of a task, without the washout.

    Parameters
    ----------
    task : Task
    predictions : array (n_trials, ...)
        For all frames where the task has a target per frame.
    metrics : tuple of str
        Names in `METRICS`, or functions; by default accuracy, or rse, r2, mae and correlation.
    part : {"train", "test", "validation"}
        Whose targets the predictions are compared with.

    Returns
    -------
    dict from metric to float

    Raises
    ------
    ValueError
        If a metric or part is unknown, is for another kind of task, or is not defined for the predictions.
    """
    if part not in task.parts:
        raise ValueError(unknown_name(part, f"part of task '{task.name}'", task.parts))
    trials, predicted = task.parts[part], np.asarray(predictions)
    seen = slice(task.washout, None) if trials.per_frame else slice(None)
    index = (slice(None), seen) if trials.per_frame else slice(None)
    names = metrics or _DEFAULT_METRICS[task.kind]
    for name in names:
        check_metric(task, name_of(name))
    return {name_of(name): _metric(name)(predicted[index], trials.targets[index]) for name in names}


def check_metric(task: Task, name: str) -> None:
    """Raise ValueError if the metric of that `name` is one for classes and the `task` is about values, or the reverse.

    Examples
    --------
    >>> from bioworkbench.tasks import digits
    >>> check_metric(digits(np.random.default_rng(1), n_train=20, n_test=10), "rse")
    Traceback (most recent call last):
    ...
    ValueError: metric 'rse': the targets of task 'digits' are classes; metrics that fit: accuracy
    """
    if name not in _BY_KIND[task.kind] and any(name in names for names in _BY_KIND.values()):
        what = "classes" if task.kind == "classification" else "values"
        raise ValueError(
            f"metric '{name}': the targets of task '{task.name}' are {what}; metrics that fit: {', '.join(_BY_KIND[task.kind])}"
        )


def baselines(task: Task, metrics: tuple[str, ...] = ()) -> dict[str, dict[str, float]]:
    """Scores on the test part of what needs no network: `chance`, `raw_linear` and, for forecasts, `last_value`.

    Parameters
    ----------
    task : Task
    metrics : tuple of str
        As in `scores`.

    Returns
    -------
    dict from baseline to dict from metric to score
    """
    made = {"chance": chance(task), "raw_linear": raw_linear(task)}
    if task.forecast:
        made["last_value"] = last_value(task)
    return {name: scores(task, predictions, metrics) for name, predictions in made.items()}


def chance(task: Task) -> np.ndarray:
    """Predictions for the test part of `task`: the most frequent class of the training part, or the mean of each of its outputs."""
    targets = task.train.targets[:, task.washout :] if task.train.per_frame else task.train.targets
    if task.kind == "classification":
        return np.full(task.test.targets.shape, np.bincount(targets.ravel()).argmax())
    return np.broadcast_to(targets.reshape(-1, task.n_outputs).mean(axis=0), task.test.targets.shape)


def raw_linear(task: Task) -> np.ndarray:
    """Predictions for the test part of ridge regression on the raw values: of the whole trial, or frame by frame.

    The penalty is chosen by cross-validation with five folds, or with as many as there are training trials of the rarest
    class; it is 0.01 where these are too few, frames of a class are in the trials of one fold alone, or all trials share targets with
    one fold.

    Parameters
    ----------
    task : Task

    Returns
    -------
    array like the targets of the test part

    Raises
    ------
    ValueError
        If the training trials cannot be fitted (see `fits.ridge`), or train and test differ in length.
    """
    train, test = task.train, task.test
    if train.per_frame:
        readout = _raw_ridge(task, train.values[:, task.washout :], train.targets[:, task.washout :])
        return readout.predictions(test.values)
    if train.n_frames != test.n_frames:
        raise ValueError(f"trials have {train.n_frames} frames in train and {test.n_frames} in test; they must be equally long")
    readout = _raw_ridge(task, train.values.reshape(train.n_trials, -1), train.targets)
    return readout.predictions(test.values.reshape(test.n_trials, -1))


def _raw_ridge(task: Task, values: np.ndarray, targets: np.ndarray) -> LinearReadout:
    """With a penalty chosen by folds, or a given one where there are none such."""
    try:
        with told_of_task(task.shared, task.classes, task.copies):
            return ridge(values, targets)
    except ValueError:
        return ridge(values, targets, penalty=0.01)  # says what is wrong where it is not the folds


def last_value(task: Task) -> np.ndarray:
    """Predictions for the test part that repeat the last (with targets per frame: the current) values of the channels.

    Parameters
    ----------
    task : Task
        A forecast of its own channels.

    Returns
    -------
    array like the targets of the test part

    Raises
    ------
    ValueError
        If the task is not a forecast of its channels.
    """
    test = task.test
    if not task.forecast:
        raise ValueError(f"task '{task.name}' is not a forecast; its outputs are not later values of its channels")
    values = test.values if test.per_frame else test.values[:, -1]
    return np.tile(values, task.n_outputs // test.n_channels)


def _metric(name: str) -> Callable[[ArrayLike, ArrayLike], float]:
    if name not in METRICS:
        raise ValueError(unknown_name(name, "metric", METRICS))
    return METRICS[name]


def _classes(predictions: ArrayLike, targets: ArrayLike) -> tuple[np.ndarray, np.ndarray]:
    predicted, wanted = np.asarray(predictions), np.asarray(targets)
    if predicted.shape != wanted.shape or predicted.size == 0:
        raise ValueError(f"predictions have shape {predicted.shape}, targets {wanted.shape}; they must be equal and not empty")
    if predicted.dtype.kind not in "iu" or wanted.dtype.kind not in "iu":
        raise ValueError(f"predictions have type {predicted.dtype}, targets {wanted.dtype}; classes are integers")
    return predicted.astype(np.int64), wanted.astype(np.int64)


def _rows(predictions: ArrayLike, targets: ArrayLike) -> tuple[Floats, Floats]:
    """Both as (n_rows, n_outputs), the last axis being the outputs."""
    predicted, wanted = finite("predictions", predictions), finite("targets", targets)
    if predicted.shape != wanted.shape or predicted.size == 0 or predicted.ndim < 2:
        raise ValueError(
            f"predictions have shape {predicted.shape}, targets {wanted.shape}; both must be (n_trials, ..., n_outputs)"
        )
    return predicted.reshape(-1, predicted.shape[-1]), wanted.reshape(-1, wanted.shape[-1])


def _spread(wanted: Floats) -> Floats:
    """Summed squared deviation from the mean of each output; exactly 0 where it does not vary."""
    return np.where(np.ptp(wanted, axis=0) == 0, 0.0, ((wanted - wanted.mean(axis=0)) ** 2).sum(axis=0))


def _correlations(predicted: Floats, wanted: Floats) -> Floats:
    spread, own = _spread(wanted), _spread(predicted)
    if (spread == 0).any():
        raise ValueError(f"targets of outputs {np.flatnonzero(spread == 0).tolist()} do not vary; no correlation is defined")
    together = ((predicted - predicted.mean(axis=0)) * (wanted - wanted.mean(axis=0))).sum(axis=0)
    return np.divide(together, np.sqrt(own * spread), out=np.zeros_like(spread), where=own > 0)
