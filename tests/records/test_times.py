"""Times and the steps they stand for: the rule, at its ties and its ends."""

import re
from fractions import Fraction

import numpy as np
import pytest
from brian2 import Hz, Quantity, ms, mV, second
from hypothesis import given
from hypothesis import strategies as st

from bioworkbench.records.times import MOST_STEPS, nearest_steps, rough_delays, rough_times, seconds, whole_steps


def test_times_are_seconds_or_quantities():
    assert seconds("delay", 1.5 * ms) == 1.5e-3
    assert seconds("delay", 2) == 2.0
    np.testing.assert_array_equal(seconds("delay", [1 * ms, 2 * second]), [1e-3, 2.0])
    np.testing.assert_array_equal(seconds("delay", np.array([1, 2]) * ms), [1e-3, 2e-3])


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (1.5 * mV, r"delay = 1\.5 mV is a voltage; it must be a time such as '1 ms', or a plain number in SI units \(second\)"),
        (3 * Hz, r"delay = 3 Hz is a frequency; it must be a time"),
        (Quantity(1.0), "delay = 1 is a plain number; it must be a time"),
        ([1 * ms, 2 * mV], "delay mixes time, voltage; all of its values need one unit"),
        ("1 ms", r"delay = '1 ms': must be a number, or a quantity such as 3 \* ms, without quotes"),
        ("1", "delay = '1': must be a number"),
        (True, "delay = True: must be a number"),
        (None, "delay = None: must be a number"),
    ],
)
def test_what_is_not_a_time_is_refused(value, message):
    with pytest.raises(ValueError, match=message):
        seconds("delay", value)


@given(st.integers(0, 10**6), st.sampled_from([1, 2, 4, 5, 8, 10, 20, 25, 40, 50, 64, 100]))
def test_ties_go_up_whatever_binary_numbers_make_of_them(n, per_ms):
    """A time of n and a half steps is n + 1 steps, for time steps that people use; a little less than half is n."""
    dt = float(Fraction(1, 1000 * per_ms))
    for half, expected in ((Fraction(1, 2), n + 1), (Fraction(49, 100), n), (Fraction(51, 100), n + 1), (Fraction(0), n)):
        time = float((n + half) / (1000 * per_ms))
        assert nearest_steps("delay", time, dt) == expected


def test_delays_that_people_write():
    np.testing.assert_array_equal(nearest_steps("delay", np.array([0.05, 0.1, 0.15, 0.25, 0.35]) * 1e-3, 1e-4), [1, 1, 2, 3, 4])


@given(st.integers(1, 10**7), st.floats(1e-6, 1e-2))
def test_sums_of_steps_are_whole(n, dt):
    assert whole_steps("frame", n * dt, dt) == n


@pytest.mark.parametrize(
    ("time", "message"),
    [
        (0.00025, r"frame = 0\.00025 s is not a whole number of steps of dt = 0\.0001 s"),
        (0.0, r"frame = 0 s is not a whole number of steps"),
        (1e6, r"frame = 1e\+06 s is 1e\+10 steps of dt = 0\.0001 s; there may be 2\*\*31 - 1 = 2147483647 at most"),
    ],
)
def test_what_is_no_number_of_steps_is_refused(time, message):
    with pytest.raises(ValueError, match=message):
        whole_steps("frame", time, 1e-4)


def test_the_longest_time():
    assert nearest_steps("delay", float(MOST_STEPS), 1.0) == MOST_STEPS
    with pytest.raises(ValueError, match=r"delay = 2.14748e\+09 s is 2.14748e\+09 steps of dt = 1 s; there may be"):
        nearest_steps("delay", MOST_STEPS + 1.0, 1.0)


@pytest.mark.parametrize(
    ("delays", "sentences"),
    [
        ([0.0, 1e-3, 1.52e-3], []),
        ([0.0, 0.04e-3], ["1 of 2 delays of projection 'a_b' are rounded to 0 steps at dt = 100 us .40 us becomes 0 s"]),
        ([0.15e-3, 0.15e-3], ["2 of 2 delays .* by more than 10 % at dt = 100 us .150 us becomes 200 us.; take a smaller dt"]),
        (0.5, ["1 of 1 delays .* are longer than a trial of 100 ms, up to 0.5 s: their spikes never arrive"]),
        (0.55e-3, []),
    ],
)
def test_rough_delays_are_told(delays, sentences):
    told = list(rough_delays("a_b", delays, 1e-4, 0.1))
    assert len(told) == len(sentences)
    for sentence, wanted in zip(told, sentences, strict=True):
        assert re.search(wanted, sentence)


def test_rough_periods_are_told():
    (told,) = rough_times("refractory period", "population 'a'", 1.3e-3, 0.5e-3)
    assert re.search(
        r"1 of 1 refractory periods of population .a. are rounded by more than 10 % .*\(1.3 ms becomes 1.5 ms\)", told
    )
    assert not list(rough_times("refractory period", "population 'a'", np.array([0.0, 1e-3]), 0.5e-3))
