"""Hodgkin and Huxley's axon against an independent integration, and its channel noise against binomial statistics."""

import numpy as np
import pytest
from brian2 import cm, mS, ms, mV, um
from scipy.integrate import solve_ivp

from bioworkbench.neurons import hodgkin_huxley
from tests.neurons.driven import alone, driven, rates

AREA = 1000e-12  # default, square meters
DT = 5e-5


def gates(v):
    """Opening and closing rates (1/ms) of m, h, n as printed in 1952, for a resting potential of -65 mV."""
    u = -(v + 65.0)  # the paper counts depolarization as negative
    opening = (0.1 * (u + 25) / np.expm1((u + 25) / 10), 0.07 * np.exp(u / 20), 0.01 * (u + 10) / np.expm1((u + 10) / 10))
    closing = (4 * np.exp(u / 18), 1 / (np.exp((u + 30) / 10) + 1), 0.125 * np.exp(u / 80))
    return np.array(opening), np.array(closing)


def steady(v):
    opening, closing = gates(v)
    return opening / (opening + closing)


@pytest.fixture(scope="module")
def axon():
    """Potential (mV) of the axon at 10 uA/cm**2, integrated to high accuracy: a function of the time in ms."""

    def speed(_, state):
        v, (m, h, n) = state[0], state[1:]
        current = 10 + 120 * m**3 * h * (50 - v) + 36 * n**4 * (-77 - v) + 0.3 * (-54.4 - v)
        opening, closing = gates(v)
        return [current, *(opening * (1 - state[1:]) - closing * state[1:])]

    start = [-65.0, *steady(-65.0)]
    return solve_ivp(speed, (0, 80), start, method="LSODA", rtol=1e-9, atol=1e-9, dense_output=True)


def per_area(density):
    """Current in amperes over the default area, of uA/cm**2."""
    return density * 1e-2 * AREA


def test_spikes_equal_an_independent_integration(axon):
    """The rule is of first order: what two steps of 0.04 and 0.02 ms say of a step of 0 is compared."""
    t = np.arange(0, 80, 0.01)
    v = axon.sol(t)[0]
    spikes = t[1:][(v[1:] > 0) & (v[:-1] <= 0)]
    model = hodgkin_huxley(channel_noise=False)
    coarse, fine = (driven(model, [per_area(10.0)], 0.08, dt, ["cells.v"]) for dt in (4e-5, 2e-5))
    extrapolated = 1e3 * (2 * fine.spikes["cells"].time - coarse.spikes["cells"].time)
    assert extrapolated == pytest.approx(spikes, abs=0.08)  # times are multiples of the step
    assert 1e3 * fine.traces["cells.v"].values.max() == pytest.approx(v.max(), abs=0.5)
    assert 1e3 / np.diff(spikes).mean() == pytest.approx(68, abs=2)  # hertz, as textbooks print it


def test_axon_rests_at_minus_65_millivolt():
    recording = alone(hodgkin_huxley(channel_noise=False), 1, 0.05, DT, ["cells.v"])
    assert 1e3 * recording.traces["cells.v"][0, :, 0] == pytest.approx(-65, abs=0.02)


@pytest.mark.slow
def test_repetitive_firing_starts_at_once_with_a_high_rate():
    """Steady firing exists above 6.26 uA/cm**2 (Rinzel and Miller 1980, doi 10.1016/0025-5564(80)90109-1), at about 50 Hz."""
    recording = driven(hodgkin_huxley(channel_noise=False), [per_area(5.9), per_area(6.6)], 0.4, DT)
    spikes = recording.spikes["cells"]
    late = np.bincount(spikes.neuron[spikes.time > 0.2], minlength=2) / 0.2
    assert late[0] == 0
    assert 50 <= late[1] <= 60


def test_synaptic_current_decays_and_excites():
    recording = driven(hodgkin_huxley(channel_noise=False), [2e-10], 0.02, DT, ["cells.synaptic"], kind="spikes")
    trace = recording.traces["cells.synaptic"][0, 1:, 0]
    assert trace == pytest.approx(2e-10 * np.exp(-DT * np.arange(1, len(trace) + 1) / 5e-3))
    assert rates(recording)[0] > 0


@pytest.fixture(scope="module")
def shares():
    """Open shares (n_steps, n_neurons) of channels held at -30 mV by a huge leak, after they forgot their start.

    Few sodium channels are open at -30 mV: there are many, so that the Gaussian fraction stays away from its cut at 0.
    """
    clamp = {"leak": 1e8 * mS / cm**2, "leak_reversal": -30 * mV, "start": -30 * mV}
    model = hodgkin_huxley(area=20 * um**2, sodium_density=2000 / um**2, **clamp)
    recording = alone(model, 2500, 0.03, DT, ["cells.open_potassium", "cells.open_sodium"])
    return {ion: recording.traces[f"cells.open_{ion}"][0] for ion in CHANNELS}


CHANNELS = {"potassium": 18 * 20, "sodium": 2000 * 20}


def binomial(ion, n_channels):
    """Mean and variance of the open fraction of independent channels at -30 mV."""
    m, h, n = steady(-30.0)
    mean = n**4 if ion == "potassium" else m**3 * h
    return mean, mean * (1 - mean) / n_channels


def scores(values, mean, variance):
    """How many standard errors mean and variance of Gaussian values lie from the expected ones."""
    k = len(values)
    return (values.mean() - mean) / np.sqrt(variance / k), (values.var() / variance - 1) / np.sqrt(2 / k)


@pytest.mark.slow
@pytest.mark.parametrize("ion", CHANNELS)
def test_open_channels_fluctuate_binomially(shares, ion):
    assert np.abs(scores(shares[ion][-1], *binomial(ion, CHANNELS[ion]))).max() < 4.5


@pytest.mark.thorough
@pytest.mark.parametrize("ion", CHANNELS)
def test_another_number_of_channels_is_told_apart(shares, ion):
    """Twin that must fail."""
    assert abs(scores(shares[ion][-1], *binomial(ion, 1.2 * CHANNELS[ion]))[1]) > 4.5


@pytest.mark.thorough
def test_open_shares_forget_as_independent_gates_do(shares):
    """Correlation over a lag: gate by gate, P(open now and then) to the fourth power, less the mean squared."""
    opening, closing = gates(-30.0)
    n, decay = steady(-30.0)[2], opening[2] + closing[2]
    potassium, lag = shares["potassium"], 1.0
    now, then = potassium[-1], potassium[-1 - round(lag / (DT * 1e3))]
    both = n * (n + (1 - n) * np.exp(-decay * lag))
    expected = (both**4 - n**8) / (n**4 * (1 - n**4))
    found = np.corrcoef(now, then)[0, 1]
    assert abs(np.arctanh(found) - np.arctanh(expected)) * np.sqrt(len(now) - 3) < 4.5
    assert abs(np.arctanh(found) - decay_of_one_gate(decay * lag)) * np.sqrt(len(now) - 3) > 4.5  # twin that must fail


def decay_of_one_gate(exponent):
    return np.arctanh(np.exp(-exponent))


@pytest.mark.thorough
def test_a_small_cell_fires_by_its_channel_noise_alone():
    model = hodgkin_huxley(area=np.repeat([10.0, 10_000.0], 20) * um**2)
    found = rates(alone(model, 40, 0.05, DT, seed=3)).reshape(2, 20).sum(axis=1)
    assert found[0] > 0
    assert found[1] == 0


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"area": 0 * um**2}, "area = 0 .*: must be above 0"),
        ({"sodium": 120 * mS}, "sodium = 120 mS is a conductance; it must be a conductance density"),
        ({"potassium_density": -1 / um**2}, "potassium_density = .*: must be above 0"),
        ({"detection": 3 * ms}, "detection = 3 ms is a time; it must be a voltage"),
        ({"start": "normal(0 ms, 1 ms)"}, r"start = normal\(0 ms, 1 ms\) is a time; it must be a voltage"),
    ],
)
def test_values_that_make_no_sense_are_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        hodgkin_huxley(**arguments)
