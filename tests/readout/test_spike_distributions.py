"""Distributions of spike trains by hand and against Poisson processes."""

import numpy as np
import pytest
from scipy import signal

from bioworkbench.readout import spike_blocks
from bioworkbench.readout.spike_distributions import (
    _welch,
    count_correlations,
    interval_variations,
    intervals,
    neuron_rates,
    power_spectrum,
    rate_in_time,
)
from bioworkbench.readout.spike_statistics import cv_isi, mean_rate
from bioworkbench.records.recording import Recording, Spikes


def recorded(raster, dt=0.001):
    trial, step, neuron = np.nonzero(raster)
    spikes = {"exc": Spikes(trial, neuron, step * dt)}
    return Recording(spikes, {}, {"exc": raster.shape[2]}, raster.shape[0], raster.shape[1] * dt, dt, seed=1, backend="test")


@pytest.fixture(scope="module")
def poisson():
    return recorded(np.random.default_rng(1).random((4, 5000, 50)) < 0.02)


@pytest.fixture(scope="module")
def together():
    """Neurons that share half of their spikes, with a rhythm of 50 Hz."""
    rng = np.random.default_rng(2)
    rate = 0.02 * (1 + np.sin(2 * np.pi * 50 * np.arange(5000) * 1e-3))[None, :, None]
    shared = rng.random((4, 5000, 1)) < rate
    return recorded(shared & (rng.random((4, 5000, 50)) < 0.5) | (rng.random((4, 5000, 50)) < rate / 2))


def test_intervals_by_hand():
    raster = np.zeros((2, 40, 3), bool)
    raster[0, [0, 10, 30], 0] = True
    raster[1, [0, 5], 2] = True
    raster[0, 39, 2] = True  # no interval runs from trial to trial
    np.testing.assert_allclose(sorted(intervals(recorded(raster), "exc")), [0.005, 0.01, 0.02])
    np.testing.assert_allclose(interval_variations(recorded(raster), "exc", n_intervals=2), [np.std([10, 20]) / 15])
    np.testing.assert_allclose(neuron_rates(recorded(raster), "exc"), [3 / 0.08, 0, 3 / 0.08])


def test_rate_in_time_by_hand():
    raster = np.zeros((2, 43, 4), bool)
    raster[0, 3] = True
    raster[1, [19, 20, 42], 1] = True  # the last one lies in no whole bin
    times, rates = rate_in_time(recorded(raster), "exc", bin=0.02)
    np.testing.assert_allclose(times, [0.01, 0.03])
    np.testing.assert_allclose(rates, np.array([[4, 0], [1, 1]]) / (4 * 0.02))
    with pytest.raises(ValueError, match="unknown"):
        rate_in_time(recorded(raster), "unknown")


def test_means_are_the_statistics(poisson):
    assert neuron_rates(poisson, "exc").mean() == pytest.approx(mean_rate(poisson, "exc"))
    assert interval_variations(poisson, "exc", n_intervals=2).mean() == pytest.approx(cv_isi(poisson, "exc"))


@pytest.mark.parametrize(("block", "few"), [(1, 1 << 16), (7, 1 << 16), (100, 1 << 16), (10**6, 1 << 16), (10**6, 1), (100, 20)])
def test_intervals_are_the_same_block_by_block(monkeypatch, block, few):
    monkeypatch.setattr(spike_blocks, "_BLOCK", block)
    monkeypatch.setattr(spike_blocks, "_FEW", few)
    rng = np.random.default_rng(2)
    raster = rng.random((6, 80, 9)) < 0.2
    raster[[0, 3]] = False  # trials without a spike
    raster[:, :, 4] = False
    recording, trains = recorded(raster), [np.flatnonzero(one) * 1e-3 for one in raster.transpose(0, 2, 1).reshape(-1, 80)]
    expected = [np.diff(train) for train in trains if len(train) > 1]
    np.testing.assert_allclose(intervals(recording, "exc"), np.concatenate(expected))
    several = [each.std() / each.mean() for each in expected if len(each) > 4]
    np.testing.assert_allclose(interval_variations(recording, "exc"), several, atol=1e-12)


def test_poisson_neurons_have_a_flat_spectrum_at_one(poisson, together):
    """A Bernoulli draw per step has 1 - p of the variance of a Poisson count; segments and trials give the error."""
    frequencies, power = power_spectrum(poisson, "exc")
    error = power.std(ddof=1) / np.sqrt(len(power) / 2)  # neighbors in frequency are correlated by the window
    assert abs(power.mean() - 0.98) < 4 * error
    assert 0 < frequencies[0] < frequencies[-1] < 500
    frequencies, power = power_spectrum(together, "exc")
    assert power.mean() > 5  # the twin that must fail
    assert frequencies[power.argmax()] == pytest.approx(50, abs=4)


def test_independent_neurons_are_uncorrelated(poisson, together):
    found = count_correlations(poisson, "exc")
    assert len(found) == 50 * 49 / 2
    error = found.std(ddof=1) / np.sqrt(50)
    assert abs(found.mean()) < 4 * error
    assert count_correlations(together, "exc", n_neurons=10).mean() > 0.2  # 1 / 4 by construction; the twin that must fail


def test_what_is_not_defined():
    silent = recorded(np.zeros((1, 100, 3), bool))
    with pytest.raises(ValueError, match="population 'exc': no neuron spikes twice in a trial"):
        intervals(silent, "exc")
    with pytest.raises(ValueError, match=r"population 'exc' has 0 spikes in 100 bins of 0\.001 s; a spectrum needs spikes"):
        power_spectrum(silent, "exc")
    with pytest.raises(ValueError, match="population 'exc': 0 of 3 neurons vary over bins"):
        count_correlations(silent, "exc")
    two = np.zeros((1, 100, 3), bool)
    two[0, [1, 5], 0] = True
    with pytest.raises(ValueError, match="population 'exc': 1 of 3 neurons vary over bins"):
        count_correlations(recorded(two), "exc")
    with pytest.raises(ValueError, match="population 'exc': 0 of 3 neurons vary over bins"):
        count_correlations(recorded(two), "exc", bin=0.2)  # longer than a trial
    with pytest.raises(ValueError, match="n_neurons = 1: must be an integer, 2 or more"):
        count_correlations(recorded(two), "exc", n_neurons=1)
    with pytest.raises(ValueError, match="'exc' has no spike train with 6 spikes"):
        interval_variations(recorded(two), "exc")
    with pytest.raises(ValueError, match="'inh' is not a recorded population"):
        neuron_rates(silent, "inh")
    with pytest.raises(ValueError, match="'inh' is not a recorded population"):
        power_spectrum(silent, "inh")
    with pytest.raises(ValueError, match="n_intervals = 1: must be an integer, 2 or more"):
        interval_variations(recorded(two), "exc", n_intervals=1)


@pytest.mark.parametrize(("n_bins", "length"), [(16, 16), (25, 25), (2000, 512), (1600, 511), (1023, 512)])
def test_spectra_are_those_of_scipy(n_bins, length):
    values = np.random.default_rng(n_bins).poisson(5.0, (7, n_bins)).astype(float)
    (frequencies, density), expected = _welch(values, 1000.0, length), signal.welch(values, 1000.0, nperseg=length, axis=1)
    np.testing.assert_array_equal(frequencies, expected[0])
    np.testing.assert_allclose(density, expected[1], rtol=1e-10, atol=1e-16)
