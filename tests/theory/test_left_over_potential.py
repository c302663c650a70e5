"""Why a network trained at one noisy step runs for many: the potential left over after each step keeps its distribution.

An integrator with soft reset and constant drive x turns its potential like a wheel, v <- (v + x) mod threshold, and a wheel
keeps a uniform distribution.
"""

import numpy as np
import pytest
from scipy import stats

from bioworkbench.discrete import lif_layer


def _run(drive, n_steps, start):
    n_trials, n_neurons = start.shape
    return lif_layer(np.broadcast_to(drive, (n_trials, n_steps, n_neurons)).copy(), leak=1.0, start=start)


@pytest.mark.parametrize("j", [1, 5, 13])
def test_equally_spaced_starts_give_exactly_the_same_count_in_every_step(j):
    n = 16
    start = (np.arange(n) + 0.5)[None] / n
    spikes, _ = _run(j / n, 40, start)
    assert (spikes.sum(axis=2) == j).all()


@pytest.mark.parametrize("x", [0.13, 0.5, 0.87])
def test_uniform_start_keeps_rate_and_distribution_in_every_step(x):
    n = 20_000
    start = np.random.default_rng(1).random((1, n))
    spikes, potentials = _run(x, 12, start)
    left = potentials - spikes
    error = np.sqrt(x * (1 - x) / n)
    assert np.all(np.abs(spikes.mean(axis=(0, 2)) - x) < 4.5 * error)
    for step in (0, 11):
        assert stats.kstest(left[0, step], "uniform").pvalue > 1e-4
        assert left[0, step].std() == pytest.approx(12**-0.5, abs=4.5 * np.sqrt(1 / 180) / (2 * 12**-0.5) / np.sqrt(n))
    shifted = lif_layer(np.full((1, 12, n), x), leak=0.9, start=start)
    assert stats.kstest((shifted[1] - shifted[0])[0, 11], "uniform").pvalue < 1e-4  # a leak ends it


DRIVES = np.linspace(-0.2, 1.2, 29)


def _gaussian_start(n, deviation=12**-0.5):
    """Potentials (1, n * 29) with the moments of a uniform distribution between 0 and the threshold, and the drive of each."""
    start = np.random.default_rng(3).normal(0.5, deviation, (1, n * DRIVES.size))
    return np.repeat(DRIVES, n), start


def test_a_gaussian_left_over_makes_neurons_fire_with_its_distribution_function():
    """First step: Phi((x + mean - threshold) / deviation), whatever the drive; a narrower distribution is told apart."""
    n = 4000
    drive, start = _gaussian_start(n)
    found = _run(drive, 1, start)[0].reshape(DRIVES.size, n).mean(axis=1)
    for deviation, fits in ((12**-0.5, True), (0.2, False)):
        chance = stats.norm.cdf((DRIVES - 0.5) / deviation)
        assert np.all(np.abs(found - chance) < 4.5 * np.sqrt(chance * (1 - chance) / n)) == fits


def test_over_many_steps_the_rate_becomes_the_drive_which_the_gaussian_misses_by_at_most_0_058():
    """What training at one step sees, Phi, and what running for many steps gives, the drive, are nearly the same."""
    n, n_steps = 400, 64
    drive, start = _gaussian_start(n)
    rate = _run(drive, n_steps, start)[0].mean(axis=1).reshape(DRIVES.size, n).mean(axis=1)
    inside = (DRIVES >= 0) & (DRIVES <= 1)
    spread = 4.5 * 12**-0.5 / n**0.5 / n_steps  # of the mean potential to begin with, which is all that the rate remembers
    np.testing.assert_allclose(rate[inside], DRIVES[inside], atol=1 / n_steps + spread)
    missed = np.abs(stats.norm.cdf((DRIVES - 0.5) * 12**0.5) - DRIVES)[inside]
    assert 0.055 < missed.max() < 0.058


def test_memory_makes_the_count_nearly_exact_where_fresh_noise_does_not():
    """Variance of count / T: f (1 - f) / T^2 with f = frac(T x), against P (1 - P) / T."""
    x, n_steps, n = 0.3, 16, 20_000
    rng = np.random.default_rng(2)
    with_memory = _run(x, n_steps, rng.random((1, n)))[0].mean(axis=1).ravel()
    noise = rng.random((1, n_steps, n)) - 1.0  # fires if x + uniform(0, 1) >= 1
    fresh = lif_layer(np.full((1, n_steps, n), x + 1.0), leak=0.0, noise=noise)[0].mean(axis=1).ravel()
    for counts, wanted in ((with_memory, 0.8 * 0.2 / n_steps**2), (fresh, x * (1 - x) / n_steps)):
        fourth = stats.moment(counts, 4)
        assert abs(counts.var() - wanted) < 4.5 * np.sqrt((fourth - wanted**2) / n)
    assert fresh.var() > 15 * with_memory.var()


def test_floor_holds_an_inhibited_neuron_at_zero():
    spikes, potentials = lif_layer(np.full((1, 6, 1), -0.2), leak=1.0, floor=0.0, start=0.5)
    assert not spikes.any()
    np.testing.assert_allclose(potentials.ravel(), [0.3, 0.1, -0.1, -0.2, -0.2, -0.2])
