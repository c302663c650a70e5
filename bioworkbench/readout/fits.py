"""Linear readouts: ridge, logistic, linear support vectors, lasso; penalties by cross-validation on the training trials.

Every readout but `adam` and `neuron_labels` is ``f(features, targets, *, penalty=None, n_folds=None) -> LinearReadout``.
Features are standardized with their mean and standard deviation over the training trials, which are folded into the coefficients, so
that the readout applies to raw features. A feature that does not vary gets the coefficient 0. Integer targets are classes (rule
"argmax"), floating ones values (rule "value"). Penalties are per trial: they multiply the squared (lasso: absolute) coefficients of
standardized features and stand beside the *mean* loss, so that a good value does not grow with the number of trials.
"""

import warnings
from collections.abc import Callable

import numpy as np
import scipy
from numpy.typing import ArrayLike

from bioworkbench.readout.fitting import (
    LinearProblem,
    Penalty,
    best_candidate,
    candidate_penalties,
    fitted_rows,
    folds,
    is_only_checked,
    judged,
    linear_problem,
)
from bioworkbench.readout.gram import Dual, Primal
from bioworkbench.readout.labels import neuron_labels
from bioworkbench.records.arrays import Floats, count, positive
from bioworkbench.records.functions import Functions
from bioworkbench.records.lazily import later
from bioworkbench.records.linear_readout import LinearReadout
from bioworkbench.records.randomness import stream

__all__ = ["READOUTS", "adam", "lasso", "linear_svm", "logistic", "ridge"]

_lasso = later("sklearn.linear_model:Lasso")  # scikit-learn takes seconds to import: only where it fits
_logistic_regression = later("sklearn.linear_model:LogisticRegression")

_Fit = Callable[[Floats, np.ndarray, float], tuple[Floats, Floats]]  # to coefficients and intercepts

RIDGE_PENALTIES = tuple(10.0 ** (k / 2) for k in range(-16, 5))
OTHER_PENALTIES = tuple(10.0**k for k in range(-5, 0))
MAX_ITERATIONS = 1000  # of L-BFGS


def ridge(features: ArrayLike, targets: ArrayLike, *, penalty: Penalty = None, n_folds: int | None = None) -> LinearReadout:
    """Least squares with squared coefficients penalized, in closed form; classes are coded one-hot.

    Minimises ``mean((y - z C)**2) + penalty * sum(C**2)`` for standardized features z and centered targets y, from one
    Gram matrix: of features, or of trials where these are fewer.

    Parameters
    ----------
    features : array (n_trials, n_features) or (n_trials, n_frames, n_features)
    targets : array
        Integer classes (n_trials,) or values (n_trials, n_outputs); with an axis of frames where the features have one.
    penalty : float or sequence of float, optional
        One value, or candidates to choose from; by default 10**-8 to 10**2 in half decades.
    n_folds : int, optional
        Folds of the cross-validation; by default 5, or as many as the rarest class has trials. They are stratified for classes,
        otherwise consecutive blocks of trials (neighbors in time stay together). Classes are judged by
        accuracy, then squared error; values by squared error.

    Returns
    -------
    LinearReadout

    Raises
    ------
    ValueError
        If shapes disagree, a number is not finite, no feature varies, a class is alone or has no trial, a penalty is
        negative, or there are fewer trials (of a class) than folds.

    References
    ----------
    Hoerl & Kennard (1970), Ridge regression, doi:10.1080/00401706.1970.10488634.
    """
    problem = linear_problem(features, targets)
    candidates = candidate_penalties(penalty, RIDGE_PENALTIES)
    fold = folds(problem, n_folds) if len(candidates) > 1 else np.zeros(problem.n_rows, dtype=np.int64)
    system = Dual(problem, fold) if problem.n_rows < problem.n_varying else Primal(problem, fold)
    chosen = best_candidate(candidates, system.scores(candidates)) if len(candidates) > 1 else candidates[0]
    return problem.readout(system.solution(chosen), problem.wanted.mean(axis=0))


def logistic(features: ArrayLike, targets: ArrayLike, *, penalty: Penalty = None, n_folds: int | None = None) -> LinearReadout:
    """Multinomial logistic regression: minimizes mean cross-entropy + penalty / 2 * sum of squared coefficients.

    Two classes have one output, their difference, whose coefficients are penalized, as in scikit-learn: half of it stands for either.
    Iterative: a fit of 60 000 x 2000 features takes tens of seconds, and cross-validation makes many; give one penalty there.

    Parameters
    ----------
    features, targets, n_folds
        As in `ridge`; targets are classes.
    penalty : float or sequence of float, optional
        One value, or candidates to choose from; by default 10**-5 to 10**-1 in decades.

    Returns
    -------
    LinearReadout

    Raises
    ------
    ValueError
        As in `ridge`, and if targets are no classes or a penalty is 0.
    """

    def fit(x: Floats, labels: np.ndarray, strength: float) -> tuple[Floats, Floats]:
        model = _logistic_regression(C=1 / (len(x) * strength), max_iter=1000).fit(x, labels)
        return _per_class(model.coef_, model.intercept_)

    return _classifier(features, targets, penalty, n_folds, fit)


def linear_svm(features: ArrayLike, targets: ArrayLike, *, penalty: Penalty = None, n_folds: int | None = None) -> LinearReadout:
    """Linear support vector machine, one class against the rest: mean squared hinge + penalty / 2 * squared coefficients.

    Intercepts are not penalized. All classes are fitted at once by L-BFGS; it warns if that does not converge.

    Parameters
    ----------
    features, targets, penalty, n_folds
        As in `logistic`.

    Returns
    -------
    LinearReadout

    Raises
    ------
    ValueError
        As in `logistic`.
    """
    return _classifier(features, targets, penalty, n_folds, _svm_fit)


def _svm_fit(x: Floats, labels: np.ndarray, strength: float) -> tuple[Floats, Floats]:
    """Coefficients (n_features, n_classes) and intercepts that minimize the penalized squared hinge."""
    sign = 2.0 * np.eye(labels.max() + 1)[labels] - 1.0
    shape = (x.shape[1] + 1, sign.shape[1])  # the last row holds the intercepts

    def loss(flat: Floats) -> tuple[float, Floats]:
        weights = flat.reshape(shape)
        # how far each output falls short of a margin of 1 on the right side; only these count
        short = np.maximum(0.0, 1.0 - sign * (x @ weights[:-1] + weights[-1]))
        slope = -2.0 / len(x) * sign * short
        gradient = np.concatenate([x.T @ slope + strength * weights[:-1], slope.sum(axis=0, keepdims=True)])
        return (short**2).sum() / len(x) + strength / 2 * (weights[:-1] ** 2).sum(), gradient.ravel()

    limits = {"maxiter": MAX_ITERATIONS, "maxfun": 2 * MAX_ITERATIONS, "ftol": 1e-9, "gtol": 1e-6}
    found = scipy.optimize.minimize(loss, np.zeros(shape).ravel(), jac=True, method="L-BFGS-B", options=limits)
    if not found.success:
        warnings.warn(f"linear_svm with penalty = {strength} has not converged: {found.message}", RuntimeWarning, stacklevel=2)
    weights = found.x.reshape(shape)
    return weights[:-1], weights[-1]


def lasso(features: ArrayLike, targets: ArrayLike, *, penalty: Penalty = None, n_folds: int | None = None) -> LinearReadout:
    """Least squares with absolute coefficients penalized, output by output: half the mean square + penalty * sum of absolute values.

    Parameters
    ----------
    features, targets, n_folds
        As in `ridge`; classes are coded one-hot.
    penalty : float or sequence of float, optional
        One value, or candidates to choose from; by default 10**-5 to 10**-1 in decades.

    Returns
    -------
    LinearReadout

    Raises
    ------
    ValueError
        As in `ridge`, and if a penalty is 0.

    References
    ----------
    Tibshirani (1996), Regression shrinkage and selection via the lasso, doi:10.1111/j.2517-6161.1996.tb02080.x.
    """

    def fit(x: Floats, wanted: np.ndarray, strength: float) -> tuple[Floats, Floats]:
        model = _lasso(alpha=strength, max_iter=10_000).fit(x, wanted)
        return np.reshape(model.coef_, (wanted.shape[1], -1)).T, np.atleast_1d(model.intercept_)

    problem = linear_problem(features, targets)
    return _iterated(problem, problem.wanted, penalty, n_folds, fit)


def adam(
    features: ArrayLike,
    targets: ArrayLike,
    *,
    n_updates: int = 400,
    batch_size: int = 128,
    learning_rate: float = 5e-4,
    seed: int = 0,
) -> LinearReadout:
    """Softmax regression of raw features by a stated number of Adam updates, which need not converge; no penalty.

    With the defaults it is how Dai & Ma (2025) train the readout of random spiking networks: one visit to 400 batches.

    Parameters
    ----------
    features, targets
        As in `ridge`; targets are classes.
    n_updates : int
        Batches visited; the trials are shuffled anew when all have been seen.
    batch_size : int
        Training rows of a step.
    learning_rate : float
        Of Adam.
    seed : int
        Of the start, uniform within 1 / sqrt(n_features), and of the order of the trials.

    Returns
    -------
    LinearReadout

    Raises
    ------
    ValueError
        As in `ridge`, if targets are no classes, or a batch is larger than the training set.

    References
    ----------
    Kingma & Ba (2015), arXiv:1412.6980. Dai & Ma (2025), arXiv:2505.13622.
    """
    problem = linear_problem(features, targets)
    if problem.labels is None:
        raise ValueError(f"targets are values of type {np.asarray(targets).dtype}; this readout needs integer classes")
    if count("batch_size", batch_size) > problem.n_rows:
        raise ValueError(f"batch_size = {batch_size} exceeds the {problem.n_rows} training rows; choose a smaller one")
    rng, rate = stream(seed, "readout by Adam"), positive("learning_rate", learning_rate)
    n_features, limit = problem.raw.shape[1], problem.raw.shape[1] ** -0.5
    parameters = rng.uniform(-limit, limit, (n_features + 1, problem.wanted.shape[1]))  # the last row is the intercept
    first, second = np.zeros_like(parameters), np.zeros_like(parameters)
    per_round = problem.n_rows // batch_size
    order = np.zeros((0, batch_size), dtype=np.int64)
    for update in range(count("n_updates", n_updates)):
        if update % per_round == 0:
            order = rng.permutation(problem.n_rows)[: per_round * batch_size].reshape(per_round, batch_size)
        rows = order[update % per_round]
        x = np.append(problem.raw[rows], np.ones((batch_size, 1)), axis=1)
        slope = x.T @ (scipy.special.softmax(x @ parameters, axis=1) - problem.wanted[rows]) / batch_size
        first, second = 0.9 * first + 0.1 * slope, 0.999 * second + 0.001 * slope**2
        unbiased = first / (1 - 0.9 ** (update + 1)), second / (1 - 0.999 ** (update + 1))
        parameters -= rate * unbiased[0] / (np.sqrt(unbiased[1]) + 1e-8)
    return LinearReadout(parameters[:-1], parameters[-1], "argmax")


READOUTS = Functions(
    "readouts",
    {
        "adam": adam,
        "lasso": lasso,
        "linear_svm": linear_svm,
        "logistic": logistic,
        "neuron_labels": neuron_labels,
        "ridge": ridge,
    },
)
"""Readouts by the name that a spec uses."""


def _classifier(features: ArrayLike, targets: ArrayLike, penalty: Penalty, n_folds: int | None, fit: _Fit) -> LinearReadout:
    problem = linear_problem(features, targets)
    if problem.labels is None:
        raise ValueError(f"targets are values of type {np.asarray(targets).dtype}; this readout needs integer classes")
    return _iterated(problem, problem.labels, penalty, n_folds, fit)


def _iterated(problem: LinearProblem, wanted: np.ndarray, penalty: Penalty, n_folds: int | None, fit: _Fit) -> LinearReadout:
    """Readout by a fit without closed form, from a standardized copy of the features."""
    features = problem.standardized()
    candidates = [positive("penalty", value) for value in candidate_penalties(penalty, OTHER_PENALTIES)]
    several = len(candidates) > 1
    fold = folds(problem, n_folds) if several else np.zeros(0, dtype=np.int64)
    if is_only_checked():
        n_outputs = problem.wanted.shape[1]
        return problem.readout(np.zeros((features.shape[1], n_outputs)), np.zeros(n_outputs))
    if not several:
        return problem.readout(*fit(features, wanted, candidates[0]))
    scores = np.zeros((len(candidates), 2))
    for k in range(fold.max() + 1):
        rows, others = np.flatnonzero(fold == k), fitted_rows(problem, fold, k)
        for row, value in enumerate(candidates):
            coefficients, intercepts = fit(features[others], wanted[others], value)
            scores[row] += judged(problem, rows, features[rows] @ coefficients + intercepts)
    return problem.readout(*fit(features, wanted, best_candidate(candidates, scores)))


def _per_class(coefficients: Floats, intercepts: Floats) -> tuple[Floats, Floats]:
    """Coefficients (n_features, n_classes) and intercepts; scikit-learn gives one row for two classes."""
    # one row decides for the second class; half of it for one class and half against the other decide alike
    if len(coefficients) == 1:
        coefficients, intercepts = np.r_[-coefficients, coefficients] / 2, np.r_[-intercepts, intercepts] / 2
    return coefficients.T, intercepts
