"""Statistics of spike trains by hand and against Poisson processes."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from bioworkbench.readout import spike_statistics
from bioworkbench.readout.spike_statistics import (
    STATISTICS,
    cv_isi,
    effective_rank,
    fano_factor,
    mean_rate,
    silent_fraction,
    synchrony,
)
from bioworkbench.records.recording import Recording, Spikes


def recorded(raster: np.ndarray, dt: float = 0.001) -> Recording:
    trial, step, neuron = np.nonzero(raster)
    spikes = {"exc": Spikes(trial, neuron, step * dt)}
    n_trials, n_steps, size = raster.shape
    return Recording(spikes, {}, {"exc": size}, n_trials, n_steps * dt, dt, seed=1, backend="test")


def poisson(p: float = 0.02, n_trials: int = 4, n_steps: int = 5000, size: int = 50) -> Recording:
    return recorded(np.random.default_rng(1).random((n_trials, n_steps, size)) < p)


def test_rate_and_silence_by_hand():
    raster = np.zeros((2, 100, 4), bool)
    raster[0, [1, 5, 50], 0] = True
    raster[1, 7, 2] = True
    recording = recorded(raster)
    assert mean_rate(recording, "exc") == pytest.approx(4 / (4 * 2 * 0.1))
    assert silent_fraction(recording, "exc") == 0.5


def test_silence_has_rate_zero():
    recording = recorded(np.zeros((2, 100, 4), bool))
    assert mean_rate(recording, "exc") == 0.0
    assert silent_fraction(recording, "exc") == 1.0


def test_variation_of_intervals_by_hand():
    raster = np.zeros((2, 40, 3), bool)
    raster[0, [0, 10, 20, 30], 0] = True  # a clock
    raster[0, [0, 10, 40 - 1], 1] = True  # intervals 10 and 29
    raster[1, [0, 5], 2] = True  # one interval: left out
    expected = (0.0 + np.std([10, 29]) / np.mean([10, 29])) / 2
    assert cv_isi(recorded(raster), "exc") == pytest.approx(expected)
    assert cv_isi(recorded(raster), "exc", n_intervals=3) == pytest.approx(0.0, abs=1e-12)


def test_intervals_do_not_run_across_trials_or_neurons():
    raster = np.zeros((3, 10, 2), bool)
    raster[:, 9, 0] = raster[:, 0, 1] = True
    with pytest.raises(ValueError, match="'exc' has no spike train with 3 spikes in a trial"):
        cv_isi(recorded(raster), "exc")


def test_bernoulli_trains_have_the_variation_of_geometric_intervals():
    """CV**2 = 1 - p for geometric intervals; the mean over m trains of k intervals errs by about sqrt((1 - p) / (m k))."""
    p, n_trials, n_steps, size = 0.02, 4, 20_000, 50
    recording = poisson(p, n_trials, n_steps, size)
    intervals = n_steps * p
    bias = 1 / intervals  # trains are finite: first order of the downward bias, deviation included
    error = np.sqrt((1 - p) / (n_trials * size * intervals))
    assert abs(cv_isi(recording, "exc") - np.sqrt(1 - p)) < 4.5 * error + bias
    clocked = recorded((np.arange(n_steps) % 50 == 0).reshape(1, n_steps, 1))
    assert cv_isi(clocked, "exc") == pytest.approx(0.0, abs=1e-9)


def test_independent_neurons_have_fano_factor_one_minus_p():
    recording, n_bins = poisson(0.02), 4 * 1000
    error = np.sqrt(2 / n_bins)
    assert abs(fano_factor(recording, "exc") / 0.98 - 1) < 4.5 * error
    copied = recorded(np.repeat(np.random.default_rng(1).random((4, 5000, 1)) < 0.02, 50, axis=2))
    assert fano_factor(copied, "exc") > 30


def test_synchrony_is_one_for_copies_and_small_for_independent_neurons():
    copied = recorded(np.repeat(np.random.default_rng(1).random((4, 5000, 1)) < 0.02, 50, axis=2))
    assert synchrony(copied, "exc") == pytest.approx(1.0)
    n, n_bins = 50, 4 * 1000
    error = np.sqrt(2 / n_bins) / 2  # of a square root of a variance
    assert abs(synchrony(poisson(), "exc") * np.sqrt(n) - 1) < 4.5 * error


def test_bins_count_whole_stretches_only():
    raster = np.zeros((1, 12, 1), bool)
    raster[0, [0, 1, 11], 0] = True
    assert fano_factor(recorded(raster), "exc", bin=0.005) == pytest.approx(1.0)  # counts 2, 0; the third bin is cut


@pytest.mark.parametrize("name", STATISTICS)
def test_unknown_populations_are_refused(name):
    with pytest.raises(ValueError, match="'exz' is not a recorded population; did you mean 'exc'"):
        STATISTICS[name](poisson(), "exz")


@pytest.mark.parametrize(
    ("statistic", "settings", "message"),
    [
        (cv_isi, {}, "'exc' has no spike train with 3 spikes"),
        (cv_isi, {"n_intervals": 1}, "n_intervals = 1"),
        (fano_factor, {}, "'exc' has no spike in 2 trials; its Fano factor is not defined"),
        (fano_factor, {"bin": 0.06}, r"bin = 0\.06 s: at least two bins"),
        (synchrony, {}, "no neuron's spike count varies over the 20 bins"),
        (synchrony, {"bin": -1.0}, r"bin = -1\.0"),
    ],
)
def test_statistics_that_are_not_defined_say_so(statistic, settings, message):
    with pytest.raises(ValueError, match=message):
        statistic(recorded(np.zeros((2, 100, 4), bool)), "exc", **settings)


@pytest.mark.parametrize("shape", [(400, 12), (12, 400), (20, 20, 12)])
def test_effective_rank_is_that_of_the_covariance(shape):
    values = np.random.default_rng(1).normal(size=shape) @ np.diag(np.linspace(1, 3, shape[-1]))
    rows = values.reshape(-1, shape[-1])
    spread = np.linalg.eigvalsh(np.cov(rows.T))
    assert effective_rank(values) == pytest.approx(spread.sum() ** 2 / (spread**2).sum())


def test_effective_rank_of_independent_and_of_equal_features():
    values = np.random.default_rng(2).normal(size=(20_000, 10))
    assert effective_rank(values) == pytest.approx(10, rel=0.01)
    assert effective_rank(np.repeat(values[:, :1], 10, axis=1)) == pytest.approx(1)
    assert effective_rank(values[:, :2] @ np.random.default_rng(3).normal(size=(2, 10))) <= 2


@pytest.mark.parametrize(
    ("features", "message"),
    [
        ([[1.0, 2.0]], r"features of shape \(1, 2\) are of 1 trial; a rank needs two or more"),
        ([[1.0, 2.0], [1.0, 2.0]], "none of the 2 features varies over 2 trials"),
        ([[0.1], [0.1], [0.1]], "none of the 1 feature varies over 3 trials"),
        ([[1.0, np.nan], [1.0, 2.0]], "features"),
    ],
)
def test_effective_rank_that_is_not_defined(features, message):
    with pytest.raises(ValueError, match=message):
        effective_rank(features)


@given(arrays(np.int64, st.integers(0, 50), elements=st.integers(0, 1000)), st.sampled_from([0, 8, 10**6]))
def test_cells_are_counted_as_numpy_finds_them(cells, sparse):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(spike_statistics, "_SPARSE", sparse)
        found = spike_statistics._counted(cells)
    for one, other in zip(found, np.unique(cells, return_counts=True), strict=True):
        np.testing.assert_array_equal(one, other)
