"""Metrics by hand and against scikit-learn; baselines on tasks whose answer is known."""

import numpy as np
import pytest
from sklearn.metrics import confusion_matrix as peer_confusion
from sklearn.metrics import r2_score

from bioworkbench.encoding import as_current
from bioworkbench.readout.fits import ridge
from bioworkbench.readout.metrics import (
    METRICS,
    accuracy,
    baselines,
    chance,
    confusion_matrix,
    correlation,
    last_value,
    mae,
    memory_capacity,
    r2,
    raw_linear,
    rse,
    scores,
)
from bioworkbench.tasks import Task, Trials


def generator(seed: int = 1) -> np.random.Generator:
    return np.random.default_rng(seed)


def encode(values):
    return as_current(values, frame=0.001)


def made(kind, train, test, n_outputs, **settings) -> Task:
    return Task("toy", kind, Trials(*train), Trials(*test), None, n_outputs, encode, "none", **settings)


def class_task(n: int = 60) -> Task:
    rng = generator()
    values, labels = rng.normal(size=(2, n, 2, 3)), np.array([0, 0, 1] * (n // 3))
    values[:, labels == 1] += 4.0
    return made("classification", (values[0], labels), (values[1], labels), 2)


def forecast_task(per_frame: bool) -> Task:
    values = generator().normal(size=(2, 40, 6, 2)).cumsum(axis=2)
    targets = np.concatenate([values, values + 1], axis=-1) if per_frame else np.tile(values[:, :, -1], 2) + 1
    return made("regression", (values[0], targets[0]), (values[1], targets[1]), 4, forecast=True)


def test_accuracy_counts_right_classes():
    assert accuracy([0, 1, 2, 2], [0, 1, 1, 2]) == 0.75
    assert accuracy([[0, 1], [1, 1]], [[0, 0], [1, 1]]) == 0.75


def test_confusion_matrix_is_scikit_learns():
    targets, predictions = generator().integers(0, 4, (2, 100))
    np.testing.assert_array_equal(confusion_matrix(predictions, targets, 4), peer_confusion(targets, predictions))
    assert confusion_matrix([0], [1], 3).tolist() == [[0, 0, 0], [1, 0, 0], [0, 0, 0]]
    frames = confusion_matrix(predictions.reshape(20, 5), targets.reshape(20, 5), 4)
    np.testing.assert_array_equal(frames, confusion_matrix(predictions, targets, 4))


def test_classes_of_one_byte_are_counted_like_others():
    bytes_ = np.full(3, 19, np.uint8)
    assert confusion_matrix(bytes_, bytes_, 20)[19, 19] == 3


def test_rse_is_zero_for_truth_and_one_for_the_mean():
    y = generator().normal(5.0, 2.0, (30, 4, 3))
    assert rse(y, y) == 0.0
    assert rse(np.broadcast_to(y.mean(axis=(0, 1)), y.shape), y) == pytest.approx(1.0)


def test_rse_of_one_output_is_the_root_of_what_r2_leaves():
    y, p = generator().normal(size=(2, 50, 1))
    assert rse(p, y) == pytest.approx(np.sqrt(1 - r2_score(y, p)))


def test_rse_keeps_a_common_scale_and_minds_unequal_ones():
    rng = generator()
    y, p = rng.normal(size=(2, 30, 3)) * [1.0, 2.0, 3.0]
    assert rse(10 * p - 4, 10 * y - 4) == pytest.approx(rse(p, y))
    scale = np.array([1.0, 50.0, 1.0])
    assert rse(scale * p, scale * y) != pytest.approx(rse(p, y))
    assert r2(scale * p, scale * y) == pytest.approx(r2(p, y))


def test_r2_mae_and_correlation_by_peers():
    y, p = generator().normal(size=(2, 50, 3))
    p += y
    assert r2(p, y) == pytest.approx(r2_score(y, p))
    assert mae(p, y) == pytest.approx(np.abs(p - y).mean())
    expected = [np.corrcoef(p[:, k], y[:, k])[0, 1] for k in range(3)]
    assert correlation(p, y) == pytest.approx(np.mean(expected))
    assert memory_capacity(p, y) == pytest.approx(np.sum(np.square(expected)))


def test_correlation_of_a_constant_prediction_is_zero():
    y = generator().normal(size=(20, 2))
    assert correlation(np.full((20, 2), 0.1), y) == 0.0


def test_memory_capacity_of_a_perfect_delay_line_is_its_number_of_delays():
    u = generator().uniform(-1, 1, 500)
    delayed = np.stack([np.roll(u, k)[20:] for k in range(1, 16)], axis=1)
    assert memory_capacity(3 * delayed - 1, delayed) == pytest.approx(15.0)
    assert memory_capacity(delayed[:, ::-1], delayed) < 2.0


def test_scores_leave_the_washout_out():
    values, targets = np.zeros((3, 5, 1)), generator().normal(size=(3, 5, 2))
    task = made("regression", (values, targets), (values, targets), 2, washout=2)
    predictions = targets.copy()
    predictions[:, :2] = 1e6
    assert scores(task, predictions) == {"rse": 0.0, "r2": 1.0, "mae": 0.0, "correlation": pytest.approx(1.0)}
    assert scores(task, predictions, ("mae",), part="train") == {"mae": 0.0}


def test_baselines_of_classes():
    task = class_task()
    found = baselines(task)
    assert found["chance"]["accuracy"] == pytest.approx(2 / 3)
    assert found["raw_linear"]["accuracy"] > 0.95
    assert "last_value" not in found


def test_chance_leaves_the_washout_out():
    trials = np.zeros((4, 5, 1)), np.tile([1, 1, 1, 0, 0], (4, 1))
    assert (chance(made("classification", trials, trials, 2, washout=3)) == 0).all()
    assert (chance(made("classification", trials, trials, 2)) == 1).all()


@pytest.mark.parametrize("per_frame", [True, False])
def test_baselines_of_forecasts(per_frame):
    task = forecast_task(per_frame)
    found = baselines(task, ("mae", "rse"))
    assert found["last_value"]["mae"] == pytest.approx(0.5 if per_frame else 1.0)
    assert found["raw_linear"]["rse"] < 0.01
    assert found["chance"]["rse"] == pytest.approx(1.0, abs=0.2)
    assert chance(task).shape == last_value(task).shape == raw_linear(task).shape == task.test.targets.shape


def test_raw_linear_chooses_its_penalty_with_five_folds():
    values, targets = generator().normal(size=(2, 40, 6, 1))
    task = made("regression", (values, targets[:, 0]), (values, targets[:, 0]), 1)
    flat = values.reshape(40, 6)
    np.testing.assert_array_equal(raw_linear(task), ridge(flat, targets[:, 0], n_folds=5).predictions(flat))


def test_raw_linear_uses_fewer_folds_where_trials_are_few():
    values, labels = np.array([0.0, 0.1, 0.2, 5.0, 5.1]).reshape(5, 1, 1), np.array([0, 0, 0, 1, 1])
    for n, expected in ((5, [0, 0, 0, 1, 1]), (4, [0, 0, 0, 1, 1])):
        task = made("classification", (values[:n], labels[:n]), (values, labels), 2)
        assert raw_linear(task).tolist() == expected


def test_raw_linear_needs_no_folds_where_a_class_is_in_the_frames_of_one_trial():
    values, labels = generator().normal(size=(6, 4, 2)), generator().integers(0, 2, (6, 4))
    labels[0, 1] = 2
    task = made("classification", (values, labels), (values, labels), 3)
    assert baselines(task)["raw_linear"]["accuracy"] > 0.4


def test_baselines_refuse_what_does_not_fit():
    task = class_task()
    with pytest.raises(ValueError, match="task 'toy' is not a forecast"):
        last_value(task)
    values, labels = np.zeros((4, 3, 1)), np.array([0, 1, 0, 1])
    uneven = made("classification", (values, labels), (values[:, :2], labels), 2)
    with pytest.raises(ValueError, match="trials have 3 frames in train and 2 in test"):
        raw_linear(uneven)


@pytest.mark.parametrize("name", sorted(set(METRICS) - {"accuracy"}))
def test_metrics_of_values_refuse(name):
    metric, y = METRICS[name], generator().normal(size=(5, 2))
    with pytest.raises(ValueError, match=r"predictions have shape \(4, 2\), targets \(5, 2\)"):
        metric(y[:4], y)
    with pytest.raises(ValueError, match=r"predictions have shape \(2,\)"):
        metric(y[0], y[0])
    with pytest.raises(ValueError, match="predictions has 10 values that are not finite"):
        metric(y * np.nan, y)
    with pytest.raises(ValueError, match=r"predictions have shape \(0, 2\)"):
        metric(y[:0], y[:0])
    if name != "mae":
        with pytest.raises(ValueError, match="do not vary"):
            metric(y, np.full((5, 2), 0.1))


@pytest.mark.parametrize(
    ("function", "arguments", "message"),
    [
        (accuracy, ([0, 1], [0, 1, 1]), r"predictions have shape \(2,\), targets \(3,\)"),
        (accuracy, ([], []), "must be equal and not empty"),
        (accuracy, ([0.0, 1.0], [0, 1]), "predictions have type float64"),
        (confusion_matrix, ([0, 3], [0, 1], 3), "predictions lie between 0 and 3; with n_classes = 3 they end at 2"),
        (confusion_matrix, ([0, 1], [0, -1], 3), "targets lie between -1 and 0"),
        (confusion_matrix, ([0, 1], [0, 1], 0), "n_classes = 0"),
        (scores, (class_task(), [0], ("acuracy",)), "'acuracy' is not a metric; did you mean 'accuracy'"),
        (scores, (class_task(), [0], (), "valid"), "'valid' is not a part of task 'toy'"),
    ],
)
def test_evaluation_refuses(function, arguments, message):
    with pytest.raises(ValueError, match=message):
        function(*arguments)
