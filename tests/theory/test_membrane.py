"""Moments of the free membrane under white, colored and shared noise."""

import numpy as np
import pytest
from brian2 import ms, mV, volt

from bioworkbench.neurons import custom, exponential_if, noisy_lif
from tests.neurons.driven import alone
from tests.sampled import every

N = 4000
FREE = {"threshold": 50 * volt, "sigma": 2 * mV}  # never reached


def potentials(model, duration, dt, n_neurons=N, n_trials=1, seed=1):
    """Potential in mV from rest: (n_trials, n_steps, n_neurons)."""
    return 1e3 * alone(model, n_neurons, duration, dt, ["cells.v"], seed, n_trials).traces["cells.v"].values + 70


def score_of_variance(values, variance):
    """Standard errors between the variance of independent Gaussian values, of known mean 0, and the expected one."""
    return (np.mean(values**2) / variance - 1) / np.sqrt(2 / values.size)


def score_of_correlation(first, second, correlation):
    """Standard errors between a correlation of Gaussian pairs and the expected one (Fisher's transform)."""
    found = np.corrcoef(first, second)[0, 1]
    return (np.arctanh(found) - np.arctanh(correlation)) * np.sqrt(first.size - 3)


@pytest.mark.parametrize(("dt", "duration"), [(1e-4, 0.02), (5e-3, 0.2)])
def test_white_noise_gives_the_ornstein_uhlenbeck_process_at_any_step(dt, duration):
    traces = potentials(noisy_lif(start="normal(-70 mV, 2 mV)", **FREE), duration, dt)[0]
    last, lag = traces[-1], round(0.01 / dt)
    assert abs(last.mean()) / (2 / np.sqrt(N)) < 4.5
    assert abs(score_of_variance(last, 4.0)) < 4.5
    assert abs(score_of_correlation(traces[-1 - lag], last, np.exp(-0.5))) < 4.5
    assert abs(score_of_variance(last, 4.6)) > 4.5  # twins that must fail: another sigma, another tau
    assert abs(score_of_correlation(traces[-1 - lag], last, np.exp(-0.4))) > 4.5


def test_the_variance_relaxes_exponentially_from_rest():
    traces = potentials(noisy_lif(**FREE), 0.03, 1e-3)[0]
    for step in (1, 10, 29):
        assert abs(score_of_variance(traces[step], 4 * -np.expm1(-2 * step / 20))) < 4.5


def test_the_euler_scheme_would_be_told_apart():
    """Twin that must fail: Euler-Maruyama, whose variance is too large by 1 / (1 - dt / (2 tau))."""
    euler = custom(
        equations="dv/dt = (-70*mV - v)/tau + sigma*sqrt(2/tau)*xi : volt",
        constants={"tau": "20 ms", "sigma": "2 mV"},
        start={"v": "normal(-70 mV, 2 mV)"},
    )
    last = potentials(euler, 0.2, 5e-3)[0, -1]
    assert abs(score_of_variance(last, 4.0)) > 4.5
    assert abs(score_of_variance(last, 4.0 / (1 - 5 / 40))) < 4.5


@pytest.mark.parametrize("noise_tau", every(2, [50, 5]))
def test_colored_noise_gives_the_same_variance_and_its_own_correlation(noise_tau):
    """Noise of variance sigma**2 (1 + tau / noise_tau) and the membrane's low pass leave sigma**2 to the potential."""
    tau, lag, dt = 20, 10, 0.5
    model = noisy_lif(noise_tau=noise_tau * ms, **FREE)
    record = ["cells.v", "cells.noise"]
    recording = alone(model, N, 0.4, dt * 1e-3, record)
    v, noise = 1e3 * recording.traces["cells.v"][0] + 70, 1e3 * recording.traces["cells.noise"][0]
    assert abs(score_of_variance(v[-1], 4.0)) < 4.5
    assert abs(score_of_variance(noise[-1], 4.0 * (1 + tau / noise_tau))) < 4.5
    steps = round(lag / dt)
    assert abs(score_of_correlation(noise[-1 - steps], noise[-1], np.exp(-lag / noise_tau))) < 4.5
    expected = (tau * np.exp(-lag / tau) - noise_tau * np.exp(-lag / noise_tau)) / (tau - noise_tau)
    assert abs(score_of_correlation(v[-1 - steps], v[-1], expected)) < 4.5
    assert abs(score_of_correlation(v[-1 - steps], v[-1], np.exp(-lag / tau))) > 4.5  # twin: white noise


@pytest.mark.parametrize("noise_tau", every(2, [0, 5]))
def test_shared_noise_correlates_neurons_of_a_trial_and_leaves_their_variance(noise_tau):
    """The mean of n potentials with correlation c has variance sigma**2 (c + (1 - c) / n)."""
    c, n_neurons, n_trials = 0.3, 8, 768
    model = noisy_lif(noise_tau=noise_tau * ms, correlation=c, **FREE)
    last = potentials(model, 0.15, 1e-3, n_neurons, n_trials)[:, -1]
    assert abs(score_of_variance(last[:, 0], 4.0)) < 4.5
    assert abs(score_of_variance(last.mean(axis=1), 4 * (c + (1 - c) / n_neurons))) < 4.5
    assert abs(score_of_correlation(last[:, 0], last[:, 1], c)) < 4.5
    assert abs(score_of_variance(last.mean(axis=1), 4 / n_neurons)) > 4.5  # twin: independent neurons
    assert abs(score_of_correlation(last[:, 0], last[:, 1], c + 0.2)) > 4.5  # twin: another correlation


def test_fully_shared_noise_makes_neurons_equal():
    last = potentials(noisy_lif(correlation=1.0, **FREE), 0.02, 1e-3, 5, 3)[:, -1]
    assert np.ptp(last, axis=1).max() < 1e-9
    assert np.ptp(last[:, 0]) > 0.1  # trials differ


def test_trials_do_not_share_their_noise():
    last = potentials(noisy_lif(correlation=1.0, **FREE), 0.1, 1e-3, 1, 512)[:, -1, 0]
    assert abs(score_of_correlation(last[:-1], last[1:], 0.0)) < 4.5


def test_models_of_the_euler_rule_have_the_stated_noise_to_first_order():
    """Far below its threshold the exponential neuron is a leaky one; Euler's rule widens it by dt / (2 tau)."""
    model = exponential_if(
        threshold=0 * mV, peak=30 * mV, rest=-70 * mV, reset=-80 * mV, sigma=2 * mV, start="normal(-70 mV, 2 mV)"
    )
    last = potentials(model, 0.06, 1e-3)[0, -1]
    assert abs(score_of_variance(last, 4.0 / (1 - 1 / 20))) < 4.5
    assert abs(score_of_variance(last, 5.0)) > 4.5  # twin that must fail
