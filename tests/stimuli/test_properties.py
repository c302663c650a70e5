"""Stimuli against what their settings say, step by step, for settings of any kind."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bioworkbench.stimuli import formula, poisson, ramp, regular, sine, steps, trains
from bioworkbench.stimuli.timeline import Timeline

many = st.integers(1, 40)
widths = st.sampled_from([1e-4, 5e-5, 5e-4, 1e-3])


def by_step(stimulus, line):
    """Value in each simulation step of the first trial and channel."""
    return np.repeat(stimulus.values[0, :, 0], line.n_steps // stimulus.values.shape[1])


@st.composite
def timelines(draw, n_frames=many):
    dt, per_frame = draw(widths), draw(st.integers(1, 6))
    n = draw(n_frames) * per_frame
    return Timeline(n * dt, dt, draw(st.integers(1, 3)), draw(st.integers(1, 3))), per_frame * dt


@given(timelines(), st.data())
def test_steps_hold_the_last_value_that_began(given_line, data):
    line, _ = given_line
    begins = sorted(data.draw(st.sets(st.integers(0, line.n_steps - 1), min_size=1, max_size=5)))
    values = data.draw(st.lists(st.floats(-9, 9), min_size=len(begins), max_size=len(begins)))
    made = steps(line, times=[begin * line.dt for begin in begins], values=values)
    wanted = np.zeros(line.n_steps)
    for begin, value in zip(begins, values, strict=True):
        wanted[begin:] = value
    np.testing.assert_array_equal(by_step(made, line), wanted)
    assert made.values.shape[::2] == (line.n_trials, line.n_channels)


@pytest.mark.parametrize(
    "make",
    [
        lambda line, frame: ramp(line, first=1.0, last=-2.0, frame=frame),
        lambda line, frame: sine(line, amplitude=3.0, frequency=70.0, mean=1.0, phase=0.5, frame=frame),
        lambda line, frame: formula(line, value="2*t/second - 1", frame=frame),
    ],
)
@given(given_line=timelines())
def test_a_frame_holds_the_value_of_its_first_step(make, given_line):
    line, frame = given_line
    fine, held = by_step(make(line, None), line), by_step(make(line, frame), line)
    np.testing.assert_allclose(held, np.repeat(fine[:: round(frame / line.dt)], round(frame / line.dt)), rtol=1e-9, atol=1e-12)


@given(timelines(st.integers(4, 40)), st.data())
def test_waves_are_zero_outside_their_time(given_line, data):
    line, _ = given_line
    begin, end = sorted(data.draw(st.sets(st.integers(0, line.n_steps), min_size=2, max_size=2)))
    found = by_step(sine(line, amplitude=1.0, frequency=40.0, phase=1.0, begin=begin * line.dt, end=end * line.dt), line)
    inside = np.zeros(line.n_steps, dtype=bool)
    inside[begin:end] = True
    assert not found[~inside].any()
    np.testing.assert_allclose(found[begin], np.sin(1.0))


@given(timelines(), st.floats(1.0, 900.0), st.data())
def test_regular_spikes_are_all_that_fit(given_line, rate, data):
    line, _ = given_line
    begin, end = sorted(data.draw(st.sets(st.integers(0, line.n_steps), min_size=2, max_size=2)))
    made = regular(line, rate=rate, begin=begin * line.dt, end=end * line.dt)
    own = made.time[(made.trial == 0) & (made.channel == 0)]
    assert len(made) == own.size * line.n_trials * line.n_channels
    np.testing.assert_allclose(own, begin * line.dt + np.arange(own.size) / rate)
    assert own[-1] < end * line.dt + 1e-9
    assert own[-1] + 1 / rate >= end * line.dt * (1 - 1e-9)


@given(timelines(), st.data())
def test_trains_are_the_times_that_were_given_in_every_trial(given_line, data):
    line, _ = given_line
    places = data.draw(st.lists(st.tuples(st.integers(0, line.n_steps - 1), st.integers(0, line.n_channels - 1)), max_size=6))
    times, channels = [step * line.dt for step, _ in places], [channel for _, channel in places]
    made = trains(line, times=times, channels=channels) if places else trains(line, times=[])
    for trial in range(line.n_trials):
        own = made.trial == trial
        assert sorted(zip(made.time[own], made.channel[own], strict=True)) == sorted(zip(times, channels, strict=True))
    half = line.n_steps // 2 * line.dt
    if half:
        assert sorted(made.until(half).time) == sorted(made.time[made.time < half])


@given(st.integers(0, 2**32), st.floats(1.0, 90.0))
def test_poisson_spikes_come_once_a_step_in_steps_of_the_trial(seed, rate):
    line = Timeline(0.5, 1e-3, 4, 5, rng=np.random.default_rng(seed))
    made = poisson(line, rate=rate)
    places = np.stack([made.trial, made.channel, np.rint(made.time / line.dt).astype(int)])
    assert len(np.unique(places, axis=1).T) == len(made)
    assert (places.min(axis=1, initial=0) >= 0).all()
    assert (places.max(axis=1, initial=0) < [4, 5, 500]).all()
    np.testing.assert_allclose(made.time, places[2] * line.dt)


@pytest.mark.parametrize(("factor", "fits"), [(1.0, True), (1.1, False)])
def test_numbers_of_poisson_spikes_are_those_of_their_rate(factor, fits):
    """A step has one spike with the probability rate * dt, as in Brian2. A rate that is a tenth higher is told apart."""
    line = Timeline(1.0, 1e-3, 20, 100, rng=np.random.default_rng(5))
    chance = 50.0 * factor * line.dt
    n = 20 * 100 * 1000
    error = abs(len(poisson(line, rate=50.0)) - n * chance) / np.sqrt(n * chance * (1 - chance))
    assert (error < 4) == fits


def test_channels_and_trials_of_poisson_spikes_are_independent():
    """The variance of the sum over channels is the sum of their variances, within 4 standard errors; copies would give 50 times that."""
    line = Timeline(0.2, 1e-3, 400, 50, rng=np.random.default_rng(6))
    made = poisson(line, rate=20.0)
    sums = np.bincount(made.trial, minlength=400)
    chance = 20.0 * line.dt
    wanted = 50 * 200 * chance * (1 - chance)
    assert abs(sums.var(ddof=1) / wanted - 1) < 4 * np.sqrt(2 / 399)
