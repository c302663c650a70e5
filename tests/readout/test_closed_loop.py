"""Predictions fed back: three neurons that add for ever, and the same spikes as when all that was shown is known."""

from dataclasses import replace
from functools import partial

import numpy as np
import pytest
from scipy import sparse

from bioworkbench.discrete.lif import discrete_lif
from bioworkbench.readout.closed_loop import closed_loop
from bioworkbench.readout.trials import features_of
from bioworkbench.records.choice import Choice
from bioworkbench.records.linear_readout import LinearReadout
from bioworkbench.records.network import INPUT, Network, Population, Projection
from bioworkbench.records.trained import TrainedNetwork
from bioworkbench.simulation import simulate
from bioworkbench.tasks.arithmetic import addition_with_carry

run = partial(simulate, dt=0.001, backend="numpy")


def adder(leak=0.0):
    """Neuron k spikes where more than k of the three bits are 1; the class is how many spike, by the nearest number."""
    model = discrete_lif(leak=leak, bias=np.array([0.5, -0.5, -1.5]))
    links = Projection(INPUT, "sums", sparse.csr_array(np.ones((3, 3))))
    readout = LinearReadout(np.tile(np.arange(4.0), (3, 1)), -(np.arange(4.0) ** 2) / 2, "argmax")
    feature = Choice("binned_counts", {"populations": ["sums"], "bin": 0.001, "per_frame": True})
    return TrainedNetwork(Network((Population("sums", 3, model),), (links,)), feature, readout)


def fed_back(trained, task, **changed):
    settings = {"seed": 1, "channel": 2, "feedback": lambda classes: classes // 2} | changed
    return closed_loop(trained, task.encode, task.test.values, run, **settings)


def binary(n_digits, n=10):
    return addition_with_carry(np.random.default_rng(0), n_train=1, n_test=n, test_digits=n_digits)


def test_a_network_that_adds_goes_on_with_its_own_carry():
    task = binary(12)
    hidden = replace(task.test, values=task.test.values * ([1, 1, 0] + (np.arange(12) == 0)[:, None] * [0, 0, 1]))
    np.testing.assert_array_equal(fed_back(adder(), replace(task, test=hidden)), task.test.targets)
    shown = run(adder().network, task.encode(hidden.values), 0)
    assert (adder().readout.predictions(features_of(shown, adder().feature)) != task.test.targets).any()


def test_the_loop_is_one_run_that_is_shown_the_predictions():
    """Of neurons that remember, and therefore err: every frame must go on from the state that the last one left."""
    task, trained = binary(12), adder(leak=0.7)
    found = fed_back(trained, task)
    assert (found != task.test.targets).any()
    shown = task.test.values.copy()
    shown[:, 1:, 2] = found[:, :-1] // 2
    recording = run(trained.network, task.encode(shown), 0)
    np.testing.assert_array_equal(trained.readout.predictions(features_of(recording, trained.feature)), found)


def test_what_cannot_be_fed_back_is_refused():
    task = binary(2)
    for channel in (-1, 3):
        with pytest.raises(ValueError, match=f"channel = {channel}: the values have the channels 0 to 2; name one of them"):
            fed_back(adder(), task, channel=channel)
    for channel in range(3):
        with pytest.raises(ValueError, match="skip = True: the readout also sees the input"):
            fed_back(replace(adder(), skip=True), task, channel=channel)
    once = replace(adder(), feature=Choice("spike_counts", {"populations": ["sums"]}))
    with pytest.raises(
        ValueError, match="feature 'spike_counts' gives one answer per trial; train on a task with a target per frame"
    ):
        fed_back(once, task)


@pytest.mark.parametrize(
    ("feedback", "words"),
    [
        (lambda classes: classes[:3] // 2, r"what feedback gives after frame 0 has shape \(3,\); it must be \(10\)"),
        (lambda classes: 1.0, r"what feedback gives after frame 0 has shape \(\)"),
        (lambda classes: classes * np.nan, "what feedback gives after frame 0 has 10 values that are not finite"),
    ],
)
def test_feedback_is_a_number_for_each_trial(feedback, words):
    with pytest.raises(ValueError, match=words):
        fed_back(adder(), binary(2), feedback=feedback)


@pytest.mark.parametrize(
    ("values", "words"),
    [
        (np.zeros((2, 3)), r"values has shape \(2, 3\); it must be \(any, any, any\)"),
        (np.zeros((2, 0, 3)), r"values have shape \(2, 0, 3\); at least one trial, frame and channel are needed"),
        (np.full((2, 2, 3), np.inf), "values has 12 values that are not finite"),
    ],
)
def test_values_that_are_no_trials_are_refused(values, words):
    with pytest.raises(ValueError, match=words):
        closed_loop(adder(), binary(2).encode, values, run, channel=2, feedback=lambda classes: classes, seed=1)
