"""Addition with a carry against addition of whole numbers."""

import numpy as np
import pytest

from bioworkbench.records.heads import class_parts
from bioworkbench.tasks.arithmetic import addition_with_carry


def generator():
    return np.random.default_rng(1)


@pytest.mark.parametrize(("base", "n_digits"), [(2, 8), (3, 5), (10, 17)])
def test_digits_and_last_carry_are_those_of_the_sum(base, n_digits):
    task = addition_with_carry(generator(), base=base, n_digits=n_digits, n_train=50, n_test=30)
    assert task.heads == (base, 2)
    for trials in (task.train, task.test):
        assert trials.values.shape[1:] == (n_digits, 3)
        digits, carries = class_parts(trials.targets, task.heads)
        power = base ** np.arange(n_digits)
        numbers = np.rint(trials.values[:, :, :2] * (base - 1)).astype(int)
        first, second = (numbers[:, :, k] @ power for k in (0, 1))
        total = digits @ power + carries[:, -1] * base**n_digits
        np.testing.assert_array_equal(total, first + second + trials.values[:, 0, 2].astype(int))
        np.testing.assert_array_equal(trials.values[:, 1:, 2], carries[:, :-1])


def test_the_first_carry_is_drawn():
    task = addition_with_carry(generator(), n_train=400, n_test=1)
    assert abs(task.train.values[:, 0, 2].mean() - 0.5) < 4.5 * 0.5 / 20


def test_parts_have_the_sizes_that_are_asked_for():
    task = addition_with_carry(generator(), n_digits=3, test_digits=7, n_train=4, n_test=5, n_validation=2)
    assert {name: (part.n_trials, part.n_frames) for name, part in task.parts.items()} == {
        "train": (4, 3),
        "test": (5, 7),
        "validation": (2, 3),
    }


@pytest.mark.parametrize(
    ("settings", "message"),
    [({"base": 1}, "base = 1"), ({"n_digits": 0}, "n_digits = 0"), ({"n_validation": -1}, "n_validation = -1")],
)
def test_settings_that_make_no_task_are_refused(settings, message):
    with pytest.raises(ValueError, match=message):
        addition_with_carry(generator(), **settings)
