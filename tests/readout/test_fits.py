"""Readouts against scikit-learn, against their own equations, and on what they must refuse."""

import tracemalloc
import warnings

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.svm import LinearSVC

from bioworkbench.readout import fits as readouts
from bioworkbench.readout import fitting, gram
from bioworkbench.readout.fits import READOUTS, adam, lasso, linear_svm, logistic, ridge
from bioworkbench.readout.fitting import folds, linear_problem, told_of_task

PENALIZED = [readout for name, readout in READOUTS.items() if name not in ("adam", "neuron_labels")]  # these have no penalty


def generator(seed: int = 1) -> np.random.Generator:
    return np.random.default_rng(seed)


def regression(n: int = 60, p: int = 5, outputs: int = 2, seed: int = 1):
    rng = generator(seed)
    x = rng.normal(3.0, 2.0, (n, p))
    return x, x @ rng.normal(size=(p, outputs)) + 0.5 * rng.normal(size=(n, outputs)) + 7.0


def blobs(n_classes: int = 3, n: int = 90, p: int = 4, spread: float = 0.5):
    rng = generator()
    labels = np.arange(n) % n_classes
    return 5.0 + 3.0 * rng.normal(size=(n_classes, p))[labels] + spread * rng.normal(size=(n, p)), labels


def standardized(x):
    return (x - x.mean(axis=0)) / x.std(axis=0)


@pytest.mark.parametrize("readout", [logistic, linear_svm, lasso])
def test_a_readout_that_is_only_checked_fits_nothing_and_refuses_the_same(readout, monkeypatch):
    x, labels = blobs()
    with fitting.only_checked():
        monkeypatch.setattr(readouts, "_logistic_regression", None)  # would fail
        assert not readout(x, labels).coefficients.any()
        assert readout(x, labels).coefficients.shape == (4, 3)
        with pytest.raises(ValueError, match="penalty = 0"):
            readout(x, labels, penalty=0)
        with pytest.raises(ValueError, match="n_folds = 60"):
            readout(x, labels, penalty=[0.1, 1.0], n_folds=60)
    monkeypatch.undo()
    assert readout(x, labels, penalty=0.1).coefficients.any()


@pytest.mark.parametrize("shape", [(60, 5), (20, 50)], ids=["primal", "dual"])
def test_ridge_is_scikit_learns_on_standardized_features(shape):
    x, y = regression(*shape)
    readout = ridge(x, y, penalty=0.1)
    peer = Ridge(alpha=0.1 * len(x)).fit(standardized(x), y)
    assert readout.rule == "value"
    np.testing.assert_allclose(readout.outputs(x), peer.predict(standardized(x)), rtol=1e-8)


@pytest.mark.parametrize("shape", [(60, 5), (20, 50)], ids=["primal", "dual"])
def test_cross_validation_finds_the_penalty_that_explicit_folds_find(shape, monkeypatch):
    monkeypatch.setattr(fitting, "CHUNK_BYTES", 500)
    x, y = regression(*shape)
    z, centered, penalties = standardized(x), y - y.mean(axis=0), [1e-6, 1e-3, 0.03, 0.3, 3.0, 100.0]
    errors = []
    for penalty in penalties:
        error = 0.0
        for held_out in np.array_split(np.arange(len(x)), 5):
            kept = np.setdiff1d(np.arange(len(x)), held_out)
            peer = Ridge(alpha=penalty * len(kept), fit_intercept=False).fit(z[kept], centered[kept])
            error += ((peer.predict(z[held_out]) - centered[held_out]) ** 2).sum()
        errors.append(error)
    best = penalties[int(np.argmin(errors))]
    chosen, expected = ridge(x, y, penalty=penalties), ridge(x, y, penalty=best)
    np.testing.assert_array_equal(chosen.coefficients, expected.coefficients)


def test_the_primal_and_dual_forms_agree():
    x, y = regression(30, 30)
    problem = linear_problem(x, y)
    fold = folds(problem, 5)
    primal, dual = gram.Primal(problem, fold), gram.Dual(problem, fold)
    np.testing.assert_allclose(primal.solution(0.1), dual.solution(0.1), rtol=1e-8)
    np.testing.assert_allclose(primal.scores([0.01, 0.1]), dual.scores([0.01, 0.1]), rtol=1e-8)


def test_noise_wants_a_larger_penalty_than_a_clean_line():
    rng = generator()
    x = rng.normal(size=(40, 30))
    clean, noise = x[:, :1], rng.normal(size=(40, 1))
    assert np.abs(ridge(x, clean).outputs(x) - clean).max() < 1e-3
    assert np.abs(ridge(x, noise).coefficients).max() < 0.1


@pytest.mark.parametrize("readout", PENALIZED)
@pytest.mark.parametrize("n_classes", [2, 3])
def test_every_readout_separates_blobs(readout, n_classes):
    x, labels = blobs(n_classes)
    trained = readout(x, labels, n_folds=3)
    assert trained.rule == "argmax"
    assert trained.coefficients.shape == (4, n_classes)
    assert (trained.predictions(x) == labels).mean() > 0.97


@pytest.mark.parametrize("readout", PENALIZED)
def test_scale_and_shift_of_the_features_change_nothing(readout):
    x, labels = blobs()
    first = readout(x, labels, penalty=0.01).outputs(x)
    moved = 1e-3 * x - 40.0
    np.testing.assert_allclose(readout(moved, labels, penalty=0.01).outputs(moved), first, rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize("readout", PENALIZED)
def test_features_that_do_not_vary_get_no_weight(readout):
    x, labels = blobs()
    trained = readout(np.c_[x, np.full(len(x), 0.1)], labels, penalty=0.01)
    assert (trained.coefficients[-1] == 0).all()
    np.testing.assert_allclose(trained.outputs(np.c_[x, np.full(len(x), 9.0)]), readout(x, labels, penalty=0.01).outputs(x))


def test_logistic_is_scikit_learns_on_standardized_features():
    x, labels = blobs()
    peer = LogisticRegression(C=1 / (0.01 * len(x)), max_iter=1000).fit(standardized(x), labels)
    np.testing.assert_allclose(logistic(x, labels, penalty=0.01).outputs(x), peer.decision_function(standardized(x)), atol=1e-9)


def test_standardized_features_take_the_memory_of_one_copy(monkeypatch):
    """Also where some do not vary, and as rows, which scikit-learn would make another copy for."""
    raw = generator().integers(0, 9, (4000, 60)).astype(np.float32)
    raw[:, 7] = 2.0
    problem = linear_problem(raw, np.arange(4000) % 3)
    monkeypatch.setattr(fitting, "CHUNK_BYTES", 2**14)
    tracemalloc.start()
    try:
        found = problem.standardized()
        most = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    varying = np.delete(raw.astype(float), 7, axis=1)
    np.testing.assert_allclose(found, (varying - varying.mean(axis=0)) / varying.std(axis=0), atol=1e-12)
    assert found.flags.c_contiguous
    assert most < 1.2 * found.nbytes


def test_linear_svm_is_scikit_learns_on_standardized_features():
    """LinearSVC penalizes the intercept unless its scale is large."""
    x, labels = blobs(spread=3.0)
    z = standardized(x)
    peer = LinearSVC(C=1 / (0.1 * len(x)), dual=False, tol=1e-10, max_iter=10_000, intercept_scaling=100.0).fit(z, labels)
    np.testing.assert_allclose(linear_svm(x, labels, penalty=0.1).outputs(x), peer.decision_function(z), atol=1e-3)


def test_linear_svm_warns_where_it_has_not_converged(monkeypatch):
    monkeypatch.setattr(readouts, "MAX_ITERATIONS", 1)
    with pytest.warns(RuntimeWarning, match=r"linear_svm with penalty = 0\.01 has not converged"):
        linear_svm(*blobs(), penalty=0.01)


def test_logistic_of_two_unequal_classes_differs_as_the_one_output_of_scikit_learn():
    """Half of it stands for one class and half against the other; the intercept decides where one class is rarer."""
    x, labels = blobs(2, spread=3.0)
    rarer = np.arange(90) % 4 < 3  # 46 of one class, 22 of the other
    x, labels = x[rarer], labels[rarer]
    peer = LogisticRegression(C=1 / (0.01 * len(x)), max_iter=1000).fit(standardized(x), labels)
    outputs = logistic(x, labels, penalty=0.01).outputs(x)
    np.testing.assert_allclose(outputs[:, 1] - outputs[:, 0], peer.decision_function(standardized(x)), atol=1e-9)


def test_two_classes_give_opposite_outputs():
    x, labels = blobs(2)
    for readout in (logistic, linear_svm):
        outputs = readout(x, labels, penalty=0.01).outputs(x)
        np.testing.assert_allclose(outputs.sum(axis=1), 0.0, atol=1e-9)


def test_the_first_updates_of_adam_have_the_length_of_the_rate():
    """Whatever the slope; and it points downhill for as long as its sign stays."""
    x, labels = blobs(n=30)
    moves = [adam(x, labels, n_updates=n, batch_size=30, learning_rate=1e-3).coefficients for n in (1, 2, 3)]
    np.testing.assert_allclose(np.abs(moves[1] - moves[0]), 1e-3, rtol=0.05)
    np.testing.assert_allclose(moves[2] - moves[1], moves[1] - moves[0], rtol=0.1)
    start = adam(x, labels, n_updates=1, batch_size=30, learning_rate=1e-15)
    chances = np.exp(start.outputs(x)) / np.exp(start.outputs(x)).sum(axis=1, keepdims=True)
    slope = x.T @ (chances - np.eye(3)[labels])
    np.testing.assert_allclose(moves[0] - start.coefficients, -1e-3 * np.sign(slope), rtol=1e-4)


def test_adam_goes_round_again_follows_its_seed_and_classifies():
    x, labels = blobs(n=90)
    one, two, three = (adam(x, labels, n_updates=300, batch_size=40, learning_rate=0.05, seed=seed) for seed in (1, 1, 2))
    np.testing.assert_array_equal(one.coefficients, two.coefficients)
    assert not np.array_equal(one.coefficients, three.coefficients)
    assert (one.predictions(x) == labels).mean() > 0.9


def test_adam_visits_every_trial_once_before_it_shuffles_anew():
    """Each trial has a feature of its own, whose coefficients move once its batch was visited."""
    labels = np.arange(12) % 3
    start = adam(np.eye(12), labels, n_updates=1, batch_size=3, learning_rate=1e-15).coefficients
    assert abs(start).max() < 12**-0.5
    assert (start < 0).any()
    for n_updates in range(1, 5):
        moved = (abs(adam(np.eye(12), labels, n_updates=n_updates, batch_size=3).coefficients - start) > 1e-9).any(axis=1)
        assert moved.sum() == 3 * n_updates


def test_adam_refuses_values_and_batches_that_are_too_large():
    x, labels = blobs(n=30)
    with pytest.raises(ValueError, match="targets are values of type float64; this readout needs integer classes"):
        adam(x, labels[:, None].astype(float))
    with pytest.raises(ValueError, match="batch_size = 31 exceeds the 30 training rows"):
        adam(x, labels, batch_size=31)


def test_lasso_keeps_few_features_and_fits_one_or_more_outputs():
    rng = generator()
    x = rng.normal(size=(80, 20))
    y = np.c_[3 * x[:, 0], -2 * x[:, 4]] + 0.05 * rng.normal(size=(80, 2))
    kept = np.abs(lasso(x, y, penalty=0.1).coefficients) > 0
    assert kept[0, 0]
    assert kept[4, 1]
    assert kept.sum() < 8
    one = lasso(x, y[:, :1], penalty=0.1)
    np.testing.assert_allclose(one.coefficients, lasso(x, y, penalty=0.1).coefficients[:, :1])


def test_frames_are_rows_and_stay_with_their_trial():
    x, y = regression(60, 5)
    frames = ridge(x.reshape(12, 5, 5), y.reshape(12, 5, 2), penalty=0.1)
    rows = ridge(x, y, penalty=0.1)
    np.testing.assert_allclose(frames.coefficients, rows.coefficients)
    fold = folds(linear_problem(x.reshape(12, 5, 5), y.reshape(12, 5, 2)), 4)
    assert (np.ptp(fold.reshape(12, 5), axis=1) == 0).all()
    assert frames.predictions(x.reshape(12, 5, 5)).shape == (12, 5, 2)


def test_a_class_per_frame_is_read_out_frame_by_frame():
    x, labels = blobs(3, 90)
    frames = ridge(x.reshape(30, 3, 4), labels.reshape(30, 3), n_folds=3)
    assert (frames.predictions(x.reshape(30, 3, 4)) == labels.reshape(30, 3)).mean() > 0.95


@pytest.mark.parametrize("readout", PENALIZED)
def test_a_class_in_one_fold_of_frames_alone_is_refused(readout):
    x, _ = blobs()
    labels = np.repeat([0, 1, 2, 0, 1, 2], 15).reshape(6, 15)
    assert readout(x.reshape(6, 15, 4), labels, penalty=[0.1, 1.0], n_folds=2).coefficients.shape == (4, 3)
    with pytest.raises(ValueError, match=r"n_folds = 3: classes \[0\] occur in fold 0 alone; shuffle the trials"):
        readout(x.reshape(6, 15, 4), np.sort(labels.ravel()).reshape(6, 15), penalty=[0.1, 1.0], n_folds=3)


def test_a_class_of_one_trial_is_named_and_no_folds_that_nobody_asked_for():
    x, labels = blobs(3, 31)
    rare = np.where(np.arange(31) == 30, 2, labels % 2)
    with pytest.raises(
        ValueError, match=r"^class 2 has only 1 trial: folds of training, which choose a penalty, need two of each"
    ):
        ridge(x, rare)
    with told_of_task(classes=("cat", "dog", "eel")):
        with pytest.raises(ValueError, match=r"^class eel has only 1 trial: folds"):
            logistic(x, rare, penalty=[0.1, 1.0])
        with pytest.raises(ValueError, match=r"^n_folds = 3: class eel has only 1 trial; use fewer folds"):
            ridge(x, rare, n_folds=3)


@pytest.mark.parametrize("n_folds", [2, 3, 5])
def test_folds_are_stratified_even_if_trials_are_sorted_by_class(n_folds):
    x, _ = blobs(3, 90)
    labels = np.sort(np.arange(90) % 3)
    fold = folds(linear_problem(x, labels), n_folds)
    shares = np.array([np.bincount(labels[fold == k], minlength=3) for k in range(n_folds)])
    assert np.ptp(shares, axis=0).max() <= 1


def test_counts_of_any_type_are_features():
    x, labels = blobs()
    counts = np.rint(x - x.min()).astype(np.uint8)
    np.testing.assert_allclose(ridge(counts, labels).coefficients, ridge(counts.astype(float), labels).coefficients)
    np.testing.assert_allclose(
        ridge(counts > 5, labels, penalty=0.1).intercepts, ridge((counts > 5) * 1.0, labels, penalty=0.1).intercepts
    )


def test_collinear_features_need_a_penalty():
    x, y = regression()
    doubled = np.c_[x, x]
    with pytest.raises(ValueError, match=r"penalty = 0\.0: the features depend on each other linearly"):
        ridge(doubled, y, penalty=0.0)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        np.testing.assert_allclose(ridge(doubled, y).outputs(doubled), ridge(x, y).outputs(x), rtol=0.05)


X, LABELS = blobs()
VALUES = np.zeros((90, 2))
NAN = np.where(np.arange(4) == 2, np.nan, X)


@pytest.mark.parametrize("readout", PENALIZED)
@pytest.mark.parametrize(
    ("x", "labels", "settings", "message"),
    [
        (NAN, LABELS, {}, r"features \(lowest of each\) has 1 value that is not finite, the first at \(2,\)"),
        (np.where(X.max() == X, np.inf, X), LABELS, {}, r"features \(highest of each\) has 1 value that is not finite"),
        (np.full((90, 4), np.inf), LABELS, {}, "features .* has 4 values that are not finite"),
        (np.full((90, 4), 2.0), LABELS, {}, "none of the 4 features varies over 90 trials; are the neurons silent"),
        (X[:, 0], LABELS, {}, r"features have type float64 and shape \(90,\)"),
        (X[:, :0], LABELS, {}, r"shape \(90, 0\)"),
        (X, LABELS[:-1], {}, r"features have shape \(90, 4\), targets int64 shape \(89,\)"),
        (X, VALUES[:, 0], {}, r"targets float64 shape \(90,\); integer classes need one number"),
        (X, LABELS - 1, {}, "targets go down to -1"),
        (X, LABELS * 0, {}, "all 90 targets are class 0; a classifier needs at least two classes"),
        (X, LABELS * 10**9, {}, "targets go up to 2000000000 in 90 trials"),
        (X, LABELS * 2, {}, r"classes \[1, 3\] have no training trial"),
        (X, LABELS, {"n_folds": 1}, "n_folds = 1"),
        (X, LABELS, {"n_folds": 91}, "n_folds = 91: the training part has only 90 trials"),
        (X, LABELS, {"n_folds": 31}, "n_folds = 31: class 0 has only 30 trials"),
        (X, LABELS, {"penalty": -1.0}, r"penalty = -1\.0"),
        (X, LABELS, {"penalty": float("nan")}, "penalty = nan"),
        (X, LABELS, {"penalty": []}, r"penalty = \[\]: give one number"),
    ],
)
def test_what_cannot_be_fitted_is_refused(readout, x, labels, settings, message):
    with pytest.raises(ValueError, match=message):
        readout(x, labels, **settings)


@pytest.mark.parametrize("readout", [lasso, linear_svm, logistic])
def test_readouts_without_closed_form_need_a_positive_penalty(readout):
    with pytest.raises(ValueError, match=r"penalty = 0\.0: must be a finite number above 0"):
        readout(X, LABELS, penalty=0.0)


@pytest.mark.parametrize("readout", [linear_svm, logistic])
def test_classifiers_refuse_values(readout):
    with pytest.raises(ValueError, match="targets are values of type float64; this readout needs integer classes"):
        readout(X, VALUES)


def test_targets_that_are_not_finite_are_refused():
    with pytest.raises(ValueError, match="targets has 180 values that are not finite"):
        ridge(X, np.full((90, 2), np.nan))


def test_a_feature_that_varies_by_next_to_nothing_counts_as_constant():
    """The tail of a spike long ago has a deviation of 1e-30; standardized, it would rule the predictions of new trials."""
    rng = np.random.default_rng(0)
    features = rng.normal(size=(60, 3))
    features[:, 2] = 1e-30 * rng.random(60)
    targets = features[:, :1] + 0.1 * rng.normal(size=(60, 1))
    readout = ridge(features, targets)
    new = rng.normal(size=(20, 3))
    assert abs(readout.outputs(new) - new[:, :1]).max() < 1


def test_the_tail_of_one_spike_counts_as_constant_and_a_whole_one_does_not():
    """What a filtered spike leaves at the start of a single frame says nothing, and a new spike would be thousands of deviations."""
    rng = np.random.default_rng(0)
    features = np.concatenate([rng.normal(size=(200, 3)), np.zeros((200, 2))], axis=1)
    features[0, 3:] = 1e-5, 1.0
    found = ridge(features, rng.normal(size=(200, 1)), penalty=0.1).coefficients[:, 0]
    assert found[3] == 0
    assert found[4] != 0
