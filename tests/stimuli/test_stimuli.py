"""Stimuli without a task have the values, spikes and statistics that their settings say."""

from itertools import pairwise

import numpy as np
import pytest
from brian2 import Hz, ms, mV, pA, second
from hypothesis import given
from hypothesis import strategies as st

from bioworkbench.stimuli import Timeline, chirp, formula, noise, poisson, ramp, regular, sine, steps, trains
from bioworkbench.stimuli.timeline import cut

LINE = Timeline(1 * second, 1 * ms)


def random_line(**settings):
    return Timeline(1.0, 1e-3, rng=np.random.default_rng(1), **settings)


def wave(stimulus):
    assert stimulus.duration == pytest.approx(1.0)
    return stimulus.values[0, :, 0]


def test_steps_hold_their_values_in_few_frames():
    made = steps(LINE, times=[0.2, 0.5], values=[3 * pA, 0.0])
    assert made.frame == pytest.approx(0.1)
    np.testing.assert_allclose(wave(made), [0, 0, 3e-12, 3e-12, 3e-12, 0, 0, 0, 0, 0])


def test_a_ramp_starts_and_ends_where_it_says():
    made = wave(ramp(LINE, first=1 * mV, last=3 * mV, begin=0.1, end=0.5))
    np.testing.assert_allclose(made[[0, 99, 100, 300, 499, 500]], [0, 0, 1e-3, 2e-3, 2.995e-3, 0])


def test_a_sine_and_a_chirp_cross_zero_as_often_as_their_frequency_says():
    crossings = [int((np.diff(np.sign(wave(made))) != 0).sum()) for made in (
        sine(LINE, amplitude=2.0, frequency=10.0, phase=0.1),
        chirp(LINE, amplitude=2.0, first=5.0, last=15.0, mean=1e-9),
    )]  # fmt: skip
    assert crossings == pytest.approx([20, 20], abs=1)  # 10 cycles each
    assert wave(sine(LINE, amplitude=2.0, frequency=10.0, mean=1.0)).max() == pytest.approx(3, abs=2e-3)


def test_noise_has_its_mean_deviation_and_correlation():
    made = noise(random_line(n_trials=20, n_channels=50), deviation=2.0, tau=0.02, mean=5.0).values
    # of 1000 independent waves; each moment at one time has a standard error of 2 / sqrt(1000)
    for at in (0, 500, 999):
        assert abs(made[:, at].mean() - 5) < 4 * 2 / np.sqrt(1000)
        assert abs(made[:, at].std() - 2) < 4 * 2 / np.sqrt(2000)
    lagged = ((made[:, 500] - 5) * (made[:, 520] - 5)).mean() / 4
    assert abs(lagged - np.exp(-1)) < 4 / np.sqrt(1000)
    frozen = noise(random_line(n_trials=3), deviation=2.0, tau=0.02, frozen=True).values
    assert (frozen == frozen[0]).all()
    assert not (made[0] == made[1]).any()


def test_a_formula_knows_time_and_channel():
    made = formula(Timeline(1.0, 1e-3, n_channels=3, unit=1 * pA), value="(t > 0.5*second)*i*pA").values
    np.testing.assert_allclose(made[0, 499], 0)
    np.testing.assert_allclose(made[0, 999], [0, 1e-12, 2e-12])
    drawn = formula(random_line(n_trials=2, n_channels=2), value="randn()*2").values
    assert len(np.unique(drawn)) == drawn.size
    assert (formula(LINE, value=3.0).values == 3).all()


def test_poisson_spikes_follow_their_rate():
    line = random_line(n_trials=40, n_channels=5)
    made = poisson(line, rate="20*Hz*(1 + i)*(t > 0.5*second)")
    assert made.time.min() > 0.5
    counts = np.bincount(made.channel, minlength=5)
    expected = 40 * 0.499 * 20 * np.arange(1, 6)
    assert (np.abs(counts - expected) < 4 * np.sqrt(expected)).all()  # twins at half the rate would be 10 errors away
    columns = np.stack([made.trial, made.channel, np.rint(made.time / 1e-3).astype(int)])
    assert np.unique(columns, axis=1).shape == columns.shape
    same = poisson(random_line(n_trials=40, n_channels=5), rate=20 * Hz)
    per_train = np.bincount(same.trial * 5 + same.channel, minlength=200)
    assert 0.6 < per_train.var() / per_train.mean() < 1.4  # Fano factor 1, standard error sqrt(2 / 200) = .1


def test_trains_reach_all_channels_or_their_own():
    line = Timeline(1.0, 1e-3, n_trials=2, n_channels=2)
    assert len(regular(line, rate=10.0)) == 40
    own = trains(line, times=[0.1, 0.2, 0.3], channels=[1, 0, 1])
    assert own.channel.tolist() == [1, 0, 1] * 2
    assert own.trial.tolist() == [0] * 3 + [1] * 3
    assert own.duration == 1.0
    assert len(trains(line, times=[])) == 0


@given(st.lists(st.integers(1, 999), max_size=4, unique=True), st.sampled_from(["steps", "sine", "regular"]))
def test_parts_are_the_whole(cuts, kind):
    made = {"steps": steps(LINE, times=[0.2, 0.5], values=[1.0, 2.0]), "sine": sine(LINE, amplitude=1.0, frequency=7.0),
            "regular": regular(LINE, rate=37.0)}[kind]  # fmt: skip
    edges = np.array([0, *sorted(cuts), 1000]) * 1e-3
    parts = [cut(made, begin, end, 1e-3) for begin, end in pairwise(edges)]
    if kind == "regular":
        assert [part.duration for part in parts] == pytest.approx(np.diff(edges))
        together = np.concatenate([part.time + begin for part, begin in zip(parts, edges[:-1], strict=True)])
        np.testing.assert_allclose(together, np.rint(made.time / 1e-3) * 1e-3)
    else:
        each = [np.repeat(part.values[0, :, 0], round(part.frame / 1e-3)) for part in parts]
        np.testing.assert_array_equal(np.concatenate(each), np.repeat(wave(made), round(made.frame / 1e-3)))


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: Timeline(1.0, 1e-3, frame=0.3), r"frame = 0\.3 s does not divide the duration of 1 s; choose a divisor"),
        (lambda: steps(LINE, times=[0.1], values=[1.0, 2.0]), "1 time and 2 values: give a time for each value"),
        (lambda: steps(LINE, times=[0.2, 0.1], values=[1.0, 2.0]), r"times = \[0\.2, 0\.1\] s: must rise"),
        (lambda: steps(LINE, times=[1.0], values=[1.0]), r"times = \[1\.0\] s: must rise, and lie below the duration of 1 s"),
        (
            lambda: ramp(LINE, last=1.0, begin=0.5, end=0.2),
            r"begin = 0\.5 s, end = 0\.2 s: must follow each other within the 1 s",
        ),
        (lambda: sine(LINE, amplitude=1.0, frequency=1.0, end=2.0), r"begin = 0 s, end = 2 s: must follow each other"),
        (lambda: noise(LINE, deviation=1.0, tau=0.1), "noise is drawn at random; give its Timeline rng"),
        (lambda: formula(LINE, value="rand()*2"), r"value = 'rand\(\)\*2' is drawn at random; give its Timeline rng"),
        (
            lambda: formula(LINE, value="normal(1, 2)"),
            r"value: .*, or an expression of t, i and N",
        ),
        (lambda: poisson(random_line(), rate="-t*Hz/second"), "is -.* Hz at a time; it must be between 0 and 100 Hz"),
        (
            lambda: poisson(random_line(), rate=101.0),
            "is 101 Hz at a time; it must be between 0 and 100 Hz, one spike in ten steps",
        ),
        (lambda: poisson(random_line(), rate="2*mV*t"), "has the unit .*; it must have the unit"),
        (lambda: trains(LINE, times=[0.1], channels=[0, 0]), "1 time and 2 channels: give a channel for each time, or none"),
        (lambda: poisson(random_line(), rate="3 mV"), "rate = 3 mV is a voltage; it must be a frequency"),
        (lambda: trains(LINE, times=[1.0]), "times go from 1 to 1 s; they must lie in the 1 s of a trial"),
        (lambda: ramp(Timeline(1.0, 1e-3, unit=1 * pA), last=1 * mV), "last = 1 mV is a voltage; it must be a current"),
    ],
)
def test_what_does_not_fit_is_refused(make, words):
    with pytest.raises(ValueError, match=words):
        make()
