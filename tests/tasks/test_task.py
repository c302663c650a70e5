"""The records refuse what does not fit together."""

from dataclasses import replace

import numpy as np
import pytest

from bioworkbench.records.stimulus import Stimulus
from bioworkbench.tasks import Task, Trials, held_out
from bioworkbench.tasks.task import check_learnable, check_trained_classes, split_off
from bioworkbench.tasks.time_series import series


def encode(values: np.ndarray) -> Stimulus:
    return Stimulus(values, frame=0.001)


def class_trials(labels=(0, 1, 1, 0)) -> Trials:
    return Trials(np.zeros((len(labels), 3, 2)), np.array(labels))


def value_trials(n_outputs: int = 2) -> Trials:
    return Trials(np.zeros((4, 3, 2)), np.zeros((4, 3, n_outputs)))


def task(**changes) -> Task:
    given = {"train": class_trials(), "test": class_trials(), "validation": None, "n_outputs": 2, "encode": encode}
    return Task(**({"name": "toy", "kind": "classification", "reference": "none"} | given | changes))


def test_classes_are_named_one_by_one():
    assert task(classes=("rest", "move")).told_classes([1]) == ["move"]
    with pytest.raises(ValueError, match="classes of task 'toy': 3 names for 2 outputs of kind 'classification'"):
        task(classes=("rest", "move", "turn"))


def test_trials_report_their_shape_and_keep_their_type():
    trials = Trials(np.zeros((4, 3, 2), dtype=np.float32), np.array([0, 1, 2, 3], dtype=np.uint8))
    assert (trials.n_trials, trials.n_frames, trials.n_channels) == (4, 3, 2)
    assert trials.values.dtype == np.float32
    assert trials.has_classes
    assert not trials.per_frame


@pytest.mark.parametrize(
    ("targets", "per_frame"),
    [(np.zeros(4, int), False), (np.zeros((4, 3), int), True), (np.zeros((4, 1)), False), (np.zeros((4, 3, 1)), True)],
)
def test_targets_may_be_per_trial_or_per_frame(targets, per_frame):
    assert Trials(np.zeros((4, 3, 2)), targets).per_frame is per_frame


def test_targets_of_a_regression_may_be_any_numbers():
    """Only classes are counted: a value of 7 is no class that is out of range or has no training trial."""
    test = Trials(np.zeros((4, 3, 2)), np.full((4, 3, 2), 7.0))
    made = task(train=value_trials(), test=test, kind="regression")
    check_trained_classes(made)
    assert made.n_outputs == 2


def varied(targets, shape=(4, 3, 2)) -> Trials:
    return Trials(np.random.default_rng(1).normal(size=shape), np.asarray(targets))


PER_FRAME = np.arange(12.0).reshape(4, 3, 1)
SAME_FRAMES = Trials(np.tile([[[1.0, 2.0]]], (4, 3, 1)), PER_FRAME)


@pytest.mark.parametrize(
    ("train", "kind", "words"),
    [
        (varied([1, 1, 1, 1]), "classification", "all training targets of task 'toy' are 1; at least two different ones"),
        (varied(np.full((4, 3), 1)), "classification", "all training targets of task 'toy' are 1"),
        (varied(np.full((4, 1), 0.5)), "regression", "all training targets of task 'toy' are 0.5"),
        (varied(np.full((4, 3, 1), 0.5)), "regression", "all training targets of task 'toy' are 0.5"),
        (varied([1], (1, 3, 2)), "classification", "task 'toy' has 1 training trial; at least two with different targets"),
        (class_trials(), "classification", "all training trials of task 'toy' have the same values, 0 first"),
        (SAME_FRAMES, "regression", "all training frames of task 'toy' have the same values, 1 first"),
    ],
)
def test_nothing_is_learned_from_trials_that_are_all_the_same(train, kind, words):
    made = task(train=train, test=train, kind=kind, n_outputs=2 if kind == "classification" else 1)
    with pytest.raises(ValueError, match=words):
        check_learnable(made)


def test_one_sequence_with_targets_per_frame_is_enough_but_its_washout_does_not_count():
    one = varied(np.arange(3.0).reshape(1, 3, 1), (1, 3, 2))
    made = task(train=one, test=one, kind="regression", n_outputs=1)
    check_learnable(made)
    with pytest.raises(ValueError, match="task 'toy' has 1 training trial"):
        check_learnable(replace(made, washout=2))


def test_trials_stay_in_their_order_on_both_sides_of_a_split():
    trials = Trials(np.arange(20.0).reshape(20, 1, 1), np.zeros(20, int))
    train, validation = split_off(trials, 8, np.random.default_rng(1))
    kept, taken = train.values.ravel(), validation.values.ravel()
    assert (len(kept), len(taken)) == (12, 8)
    assert sorted([*kept, *taken]) == list(range(20))
    for part in (kept, taken):
        assert (np.diff(part) > 0).all()
    assert taken[0] + 7 < taken[-1]  # drawn from all over, not cut off


def test_take_keeps_values_and_targets_together():
    trials = Trials(np.arange(4.0).reshape(4, 1, 1), np.array([0, 1, 2, 3]))
    taken = trials.take(np.array([2, 0]))
    assert taken.values.ravel().tolist() == [2.0, 0.0]
    assert taken.targets.tolist() == [2, 0]


@pytest.mark.parametrize(
    ("values", "targets", "message"),
    [
        (np.zeros((4, 3)), np.zeros(4, int), r"values of trials has shape \(4, 3\)"),
        (np.zeros((4, 0, 2)), np.zeros(4, int), "at least one trial, frame and channel"),
        (np.full((4, 3, 2), np.nan), np.zeros(4, int), "24 non-finite entries, the first at"),
        ([[[1.0]], [[1.0, 2.0]]], np.zeros(2, int), "values of trials are not a rectangular array"),
        (np.array([["a"]]), np.zeros(4, int), "must be real numbers"),
        (np.zeros((4, 3, 2)), np.zeros(5, int), "for 4 trials; the numbers must agree"),
        (np.zeros((4, 3, 2)), np.zeros((4, 2), int), "2 frames, values have 3"),
        (np.zeros((4, 3, 2)), np.zeros(4), r"targets of trials have type float64 and shape \(4,\)"),
        (np.zeros((4, 3, 2)), np.full((4, 1), np.inf), "4 non-finite entries"),
        (np.zeros((4, 3, 2)), np.array([0, 1, -1, 0]), "go down to -1"),
    ],
)
def test_trials_refuse(values, targets, message):
    with pytest.raises(ValueError, match=message):
        Trials(values, targets)


def test_task_lists_its_parts():
    assert list(task().parts) == ["train", "test"]
    assert list(task(validation=class_trials()).parts) == ["train", "test", "validation"]
    assert replace(task(), name="other").name == "other"


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"kind": "ranking"}, "task kind = 'ranking'"),
        ({"kind": "regression"}, "train: targets have type int64, which does not fit kind 'regression'"),
        ({"encode": None}, "encode of task 'toy' = None"),
        ({"n_outputs": 0}, "n_outputs = 0"),
        ({"heads": (2, 2)}, r"heads of task 'toy' = \(2, 2\): their product must be the number of classes, 2"),
        ({"n_outputs": 1}, "labels go up to 1; with 1 class"),
        ({"washout": -1}, "washout = -1"),
        ({"washout": 3}, "washout = 3 leaves nothing of 3 frames"),
        ({"test": Trials(np.zeros((4, 3, 1)), np.zeros(4, int))}, "test: 1 channel,"),
        ({"test": Trials(np.zeros((4, 3, 2)), np.zeros((4, 3), int))}, "targets per frame True"),
        ({"kind": "regression", "train": value_trials(3), "test": value_trials()}, "targets have 3 values, n_outputs = 2"),
    ],
)
def test_task_refuses_parts_that_do_not_fit(changes, message):
    with pytest.raises(ValueError, match=message):
        task(**changes)


def numbered(labels) -> Trials:
    """Trials whose value is their number."""
    return Trials(np.arange(len(labels), dtype=float).reshape(-1, 1, 1), np.array(labels))


def test_folds_hold_out_every_training_trial_once_and_no_test_trial():
    whole = task(train=numbered([0, 1] * 10), test=numbered([0, 1]), validation=numbered([0, 1, 1]))
    parts = [held_out(whole, f"{k}/5") for k in range(1, 6)]
    assert sorted(np.concatenate([part.test.values.ravel() for part in parts])) == list(range(20))
    for part in parts:
        assert np.bincount(part.test.targets).tolist() == [2, 2]
        assert set(part.train.values.ravel()) | set(part.test.values.ravel()) == set(range(20))
        assert part.train.n_trials == 16
        assert part.validation is whole.validation


def test_the_validation_part_stands_for_the_test_part_and_is_hidden():
    whole = task(validation=class_trials((0, 1, 1)))
    part = held_out(whole, "validation")
    assert part.test is whole.validation
    assert part.validation is None
    assert part.train is whole.train
    assert held_out(whole, "test") is whole


@pytest.mark.parametrize(("horizon", "stride"), [(1, 1), (4, 1), (4, 3), (4, 4), (5, 2)])
def test_windows_that_share_targets_are_in_one_part(tmp_path, horizon, stride):
    """Values to forecast were among those that a network was trained to forecast."""
    (tmp_path / "x.csv").write_text("x\n" + "\n".join(str(k * k) for k in range(80)))
    settings = {"history": 3, "horizon": horizon, "stride": stride, "split": (0.8, 0.0, 0.2)}
    whole = series(np.random.default_rng(1), file="x.csv", data=tmp_path, **settings)
    for k in range(1, 4):
        part = held_out(whole, f"{k}/3")
        assert not np.intersect1d(part.train.targets, part.test.targets).size
        left_out = whole.train.n_trials - part.train.n_trials - part.test.n_trials
        assert left_out == (-(-horizon // stride) - 1) * (2 if k == 2 else 1)
    with pytest.raises(ValueError, match="every training trial outside of it shares targets with it"):
        held_out(replace(whole, shared=80), "1/3")


def test_copies_of_trials_that_are_held_out_are_not_trained_on():
    images = np.arange(12.0).reshape(12, 1, 1)
    trials = Trials(np.concatenate([images, images + 0.1, images - 0.1]), np.tile(np.arange(12) % 2, 3))
    whole = task(train=trials, test=trials, n_outputs=2, copies=2)
    part = held_out(whole, "2/3")
    assert part.test.n_trials == 4
    assert np.isin(part.test.values, images).all()
    assert part.train.n_trials == 24
    assert not np.intersect1d(np.rint(part.train.values), part.test.values).size
    assert np.array_equal(np.rint(part.train.values[:8]), np.rint(part.train.values[16:]))


def test_values_are_held_out_in_blocks():
    trials = Trials(np.arange(6.0).reshape(6, 1, 1), np.zeros((6, 1)))
    whole = task(kind="regression", n_outputs=1, train=trials, test=trials)
    assert held_out(whole, "2/3").test.values.ravel().tolist() == [2, 3]


@pytest.mark.parametrize(
    ("part", "message"),
    [
        ("valid", "'valid' is not a part of a task; write 'test', 'validation', or '2/5'"),
        ("0/5", "'0/5' is not a part"),
        ("6/5", "'6/5' is not a part"),
        ("1/1", "'1/1' is not a part"),
        ("1/5", "'1/5': 4 training trials cannot be cut into 5 parts"),
        ("validation", "task 'toy' has no validation part; write '1/5'"),
    ],
)
def test_parts_that_do_not_exist(part, message):
    with pytest.raises(ValueError, match=message):
        held_out(task(), part)
