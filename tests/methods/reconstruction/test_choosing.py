"""Which trials choose among several penalties."""

from dataclasses import replace

import numpy as np
import pytest

from bioworkbench.methods.reconstruction.program import ConvexProgram, choosing_trials
from bioworkbench.tasks import Task, Trials
from bioworkbench.tasks.time_series import encode_rows


def task(targets, **settings):
    trials = Trials(np.zeros((len(targets), 1, 1)), targets)
    classes = targets.dtype.kind == "i"
    n_outputs = int(targets.max()) + 1 if classes else targets.shape[1]
    kind = "classification" if classes else "regression"
    return Task("toy", kind, trials, trials, None, n_outputs, encode_rows, "made", **settings)


def test_every_fifth_trial_chooses():
    for targets in (np.zeros((12, 1)), np.arange(12) % 2, np.arange(12) // 6):
        assert np.flatnonzero(choosing_trials(task(targets))).tolist() == [4, 9]


@pytest.mark.parametrize("n_classes", [5, 10])
def test_classes_that_come_round_and_round_choose_alike(n_classes):
    """Every fifth of ten classes in turn would be the fifth and the tenth class, which the fit would never see."""
    labels = np.arange(100) % n_classes
    assert np.bincount(labels[choosing_trials(task(labels)) == 1]).tolist() == [20 // n_classes] * n_classes


def test_windows_that_choose_share_no_targets_with_those_that_are_fitted_to():
    windows = task(np.zeros((20, 1)), shared=3)
    assert choosing_trials(windows).tolist() == [0] * 13 + [-1] * 3 + [1] * 4
    program = ConvexProgram(penalties=(0.1, 0.01))
    program.check_trials(20, 15)
    with pytest.raises(ValueError, match="the last fifth chooses among several, and the 16 before it share targets"):
        program.check_trials(20, 16)
    assert (choosing_trials(replace(windows, shared=0)) >= 0).all()


def test_copies_of_trials_that_choose_are_not_fitted_to():
    copied = task(np.tile(np.arange(10) % 2, 2), copies=1)
    assert choosing_trials(copied).tolist() == [0, 0, 0, 0, 1] * 2 + [0, 0, 0, 0, -1] * 2
