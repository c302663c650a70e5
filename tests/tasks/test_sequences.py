"""Generated sequences against their definitions, worked by hand or integrated finely."""

import numpy as np
import pytest
from scipy.integrate import solve_ivp

from bioworkbench.readout.metrics import accuracy, baselines, raw_linear, scores
from bioworkbench.readout.metrics import memory_capacity as capacity
from bioworkbench.tasks import TASKS
from bioworkbench.tasks.sequences import (
    addition,
    delayed_xor,
    first_last_xor,
    mackey_glass,
    mackey_glass_series,
    memory_capacity,
    narma10,
    narma10_response,
)
from bioworkbench.tasks.task import held_out

GENERATED = ("addition", "delayed_xor", "first_last_xor", "mackey_glass", "memory_capacity", "narma10")


def generator(seed: int = 1) -> np.random.Generator:
    return np.random.default_rng(seed)


@pytest.mark.parametrize("name", GENERATED)
def test_generated_tasks_follow_the_generator_and_encode(name):
    sizes = {"n_train": 6, "n_test": 4}
    first, again, other = (TASKS[name](generator(seed), **sizes) for seed in (1, 1, 2))
    assert (first.train.n_trials, first.test.n_trials) == (6, 4)
    np.testing.assert_array_equal(first.train.values, again.train.values)
    np.testing.assert_array_equal(first.test.targets, again.test.targets)
    assert not np.array_equal(first.train.values, other.train.values)
    assert first.encode(first.test.values).values.shape == first.test.values.shape


@pytest.mark.parametrize(("make", "low", "high"), [(memory_capacity, -1.0, 1.0), (narma10, 0.0, 0.5)])
def test_inputs_are_uniform_over_their_range(make, low, high):
    """Of 6000 numbers none lies outside, and some within a thousandth part of both ends; the mean is that of the middle."""
    values = make(generator()).train.values.ravel()
    width = high - low
    assert low <= values.min() < low + width / 1000
    assert high - width / 1000 < values.max() <= high
    assert abs(values.mean() - (low + high) / 2) < 4.5 * width / np.sqrt(12 * values.size)


def test_delayed_xor_shows_two_bits_and_asks_whether_they_differ():
    task = delayed_xor(generator(), delay=3, wait=2, noise=0.0)
    assert task.train.values.shape == (400, 7, 2)
    shown = task.train.values
    assert (np.delete(shown, [0, 4], axis=1) == 0).all()
    assert (shown[:, [0, 4]].sum(axis=2) == 1).all()
    np.testing.assert_array_equal(shown[:, 0, 1] != shown[:, 4, 1], task.train.targets == 1)
    assert len(np.unique(shown.reshape(400, -1), axis=0)) == 4


def test_delayed_xor_is_beyond_a_linear_readout_of_the_input():
    task = delayed_xor(generator(), n_train=1000, n_test=1000)
    share = accuracy(raw_linear(task), task.test.targets)
    assert abs(share - 0.5) < 4.5 * np.sqrt(0.25 / 1000)


def test_noise_has_its_deviation():
    task = delayed_xor(generator(), n_train=5000, delay=2, noise=0.3)
    silent = task.train.values[:, 1:3]
    assert abs(silent.std() / 0.3 - 1) < 4.5 / np.sqrt(2 * silent.size)


def test_first_last_xor_can_repeat_sequences():
    task = first_last_xor(generator(), length=3, n_train=100, n_test=50, distinct=False)
    bits = task.train.values[..., 1]
    np.testing.assert_array_equal(task.train.targets, bits[:, 0] != bits[:, -1])
    assert len(np.unique(bits, axis=0)) == 8


@pytest.mark.parametrize(("length", "n"), [(4, 8), (10, 400), (40, 300), (62, 100)])
def test_first_last_xor_never_repeats_a_sequence(length, n):
    task = first_last_xor(generator(), length=length, n_train=n, n_test=n)
    both = np.concatenate([task.train.values, task.test.values])
    assert both.shape == (2 * n, length, 2)
    assert (both.sum(axis=2) == 1).all()
    assert len(np.unique(both.reshape(2 * n, -1), axis=0)) == 2 * n
    bits = both[..., 1].astype(int)
    np.testing.assert_array_equal(np.r_[task.train.targets, task.test.targets], bits[:, 0] ^ bits[:, -1])


@pytest.mark.parametrize(("base", "n_digits"), [(2, 8), (3, 5), (5, 12), (10, 40)])
def test_addition_adds(base, n_digits):
    task = addition(generator(), base=base, n_digits=n_digits, n_train=60, n_test=40)
    for trials in (task.train, task.test):
        assert trials.values.shape[1:] == (n_digits + 1, 2 * base)
        power = [base**k for k in range(n_digits + 1)]
        first, second = (trials.values[..., part].argmax(axis=2) for part in (slice(0, base), slice(base, None)))
        for a, b, c in zip(first.tolist(), second.tolist(), trials.targets.tolist(), strict=True):
            a, b, c = (sum(d * p for d, p in zip(digits, power, strict=True)) for digits in (a, b, c))
            assert a + b == c
    assert task.train.per_frame


def test_addition_can_be_tested_on_longer_numbers_and_keeps_pairs_apart():
    longer = addition(generator(), n_digits=3, test_digits=6, n_train=20, n_test=20)
    assert (longer.train.n_frames, longer.test.n_frames) == (4, 7)
    every = addition(generator(), base=2, n_digits=2, n_train=10, n_test=6)
    both = np.concatenate([every.train.values, every.test.values]).reshape(16, -1)
    assert len(np.unique(both, axis=0)) == 16


def test_memory_targets_are_earlier_inputs():
    task = memory_capacity(generator(), n_frames=40, n_delays=5, washout=6)
    values, targets = task.test.values[..., 0], task.test.targets
    for k in range(5):
        np.testing.assert_array_equal(targets[:, k + 1 :, k], values[:, : -k - 1])


def test_a_perfect_delay_line_has_the_capacity_of_its_length():
    """A shift register of 12 stages, read out linearly, recalls delays 1 to 12 and nothing of 13 to 20."""
    task = memory_capacity(generator(), n_train=20, n_test=20)
    padded = np.pad(task.test.values[..., 0], ((0, 0), (12, 0)))
    register = np.stack([padded[:, 12 - k : 312 - k] for k in range(1, 13)], axis=-1)
    predictions = np.concatenate([register, np.zeros((20, 300, 8))], axis=-1)
    assert scores(task, predictions, ("memory_capacity",))["memory_capacity"] == pytest.approx(12.0)
    assert capacity(task.test.targets, task.test.targets) == pytest.approx(20.0)


def test_narma10_by_hand():
    """From zeros under constant input 0.5: y = 0.1 until the input of nine frames before is there, then it counts."""
    answer = narma10_response(np.full((1, 11), 0.5))[0]
    y = [0.0] * 10
    for t in range(11):
        old = 0.5 if t >= 9 else 0.0
        y.append(0.3 * y[-1] + 0.05 * y[-1] * sum(y[-10:]) + 1.5 * old * 0.5 + 0.1)
    np.testing.assert_allclose(answer, y[10:])
    assert answer[:2] == pytest.approx([0.1, 0.1305])
    assert answer[9] - answer[8] > 0.3


def test_narma10_stays_bounded_for_every_trial():
    task = narma10(generator(), n_train=400, n_test=2)
    assert task.train.targets.max() <= 1.0
    np.testing.assert_array_equal(task.train.targets[..., 0], narma10_response(task.train.values[..., 0]))
    assert not np.isfinite(narma10_response(np.full((1, 300), 0.5))).all()


def test_mackey_glass_equals_a_fine_integration():
    """The method of steps: on [k tau, (k+1) tau] the delayed term is the dense solution of the interval before."""

    def before(_):
        return 1.2

    start, previous = 1.2, before
    expected = []
    for k in range(6):
        solution = solve_ivp(
            lambda t, x, f=previous: 0.2 * f(t - 17) / (1 + f(t - 17) ** 10) - 0.1 * x,
            (17 * k, 17 * (k + 1)),
            [start],
            method="DOP853",
            rtol=1e-12,
            atol=1e-12,
            max_step=0.2,
            dense_output=True,
        )
        expected += [solution.sol(t)[0] for t in range(17 * k, 17 * (k + 1))]
        start, previous = solution.y[0, -1], lambda t, s=solution.sol: s(t)[0]
    ours = mackey_glass_series(np.array([1.2, 0.7]), 102, 17.0)
    np.testing.assert_allclose(ours[0], expected, atol=1e-6)
    assert np.abs(ours[0] - ours[1]).max() > 0.1


def test_mackey_glass_settles_without_chaos():
    """For tau = 1 the fixed point x = 1 (0.2 / (1 + 1) = 0.1) is stable."""
    np.testing.assert_allclose(mackey_glass_series(np.array([0.6, 1.4]), 300, 1.0)[:, -1], 1.0, atol=1e-6)


def test_mackey_glass_asks_for_later_values():
    task = mackey_glass(generator(), n_train=4, n_test=2, n_frames=150, horizons=(1, 6), washout=10)
    assert task.train.targets.shape == (4, 150, 2)
    np.testing.assert_array_equal(task.test.targets[:, :-6, 1], task.test.values[:, 6:, 0])
    np.testing.assert_array_equal(task.test.targets[:, :-1, 0], task.test.values[:, 1:, 0])
    assert task.train.values.mean() == pytest.approx(0.0, abs=1e-9)
    assert task.train.values.std() == pytest.approx(1.0)
    found = baselines(task, ("rse",))
    assert 0 < found["raw_linear"]["rse"] <= found["last_value"]["rse"]


def test_windows_held_out_share_no_value_of_another_horizon():
    settings = {"n_train": 4, "n_test": 2, "n_frames": 150, "horizons": (1, 6), "washout": 10}
    windows = mackey_glass(generator(), history=5, **settings)
    part = held_out(windows, "2/3")
    assert not np.intersect1d(part.train.targets, part.test.targets).size
    assert mackey_glass(generator(), **settings).shared == 0


@pytest.mark.parametrize("make", [narma10, mackey_glass])
def test_windows_hold_the_frames_up_to_their_target(make):
    sizes = {"n_train": 3, "n_test": 2, "n_frames": 60, "washout": 20}
    frames, windows = make(generator(), **sizes), make(generator(), **sizes, history=15)
    assert windows.washout == 0
    assert windows.test.values.shape == (2 * 26, 15, 1)
    np.testing.assert_array_equal(windows.test.values[27, :, 0], frames.test.values[1, 21:36, 0])
    np.testing.assert_array_equal(windows.test.targets[27], frames.test.targets[1, 35])


@pytest.mark.parametrize(
    ("make", "settings", "message"),
    [
        (delayed_xor, {"delay": -1}, "delay = -1"),
        (delayed_xor, {"wait": -1}, "wait = -1"),
        (delayed_xor, {"n_train": 0}, "n_train = 0"),
        (delayed_xor, {"noise": -0.1}, r"noise = -0\.1"),
        (first_last_xor, {"length": 1}, "length = 1"),
        (first_last_xor, {"length": 63}, "length = 63: must be at most 62"),
        (first_last_xor, {"length": 5}, r"n_train \+ n_test = 800: there are only 32 different inputs of 5 symbols"),
        (addition, {"base": 1}, "base = 1"),
        (addition, {"n_digits": 0}, "n_digits = 0"),
        (addition, {"test_digits": 0}, "test_digits = 0"),
        (addition, {"n_digits": 2}, "there are only 81 different inputs of 4 symbols"),
        (memory_capacity, {"n_delays": 51}, "n_delays = 51 is above washout = 50"),
        (memory_capacity, {"n_frames": 50}, "washout = 50 leaves nothing of 50 frames"),
        (narma10, {"washout": 300}, "washout = 300 leaves nothing of 300 frames"),
        (narma10, {"history": 251}, "history = 251: 250 frames are left after a washout of 50"),
        (narma10, {"history": 0}, "history = 0"),
        (mackey_glass, {"horizons": (0,)}, "horizons = 0"),
        (mackey_glass, {"horizons": ()}, r"horizons = \(\): name at least one"),
        (mackey_glass, {"tau": 0.0}, r"tau = 0\.0"),
        (mackey_glass, {"tau": 0.25}, r"tau = 0\.25: must be a multiple of 0\.1"),
        (mackey_glass, {"washout": -1}, "washout = -1"),
    ],
)
def test_settings_that_make_no_task_are_refused(make, settings, message):
    with pytest.raises(ValueError, match=message):
        make(generator(), **settings)
