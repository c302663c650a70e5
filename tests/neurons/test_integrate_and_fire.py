"""Integrate-and-fire models against closed forms, quadrature, and the firing patterns of their sources."""

import numpy as np
import pytest
from brian2 import ms, mV, nS, pA, pF
from scipy.integrate import quad
from scipy.optimize import brentq

from bioworkbench.neurons import adaptive_lif, adex, conductance_lif, exponential_if, noisy_lif
from tests.neurons.driven import alone, driven, intervals, rates

DT = 1e-4


def lif_steps(drive, tau=20.0, reset=10.0, threshold=20.0, refractory=2.0, dt=0.1):
    """Steps between spikes of a leaky neuron without noise; times in ms, potentials in mV above rest.

    The potential is held for refractory - dt: Brian2 counts the period from the step of the spike, whose update came before it.
    """
    free = tau * np.log((drive - reset) / (drive - threshold))
    return int(np.floor(free / dt)) + 1 + round(refractory / dt) - 1


@pytest.mark.parametrize("refractory", [0.1, 2.0])
def test_lif_fires_at_the_closed_form_intervals(refractory):
    drives = np.array([25.0, 30.0, 50.0])
    recording = driven(noisy_lif(sigma=0 * mV, refractory=refractory * ms), drives * 1e-3, 0.1, DT)
    for k, drive in enumerate(drives):
        steps = np.rint(intervals(recording, k) / DT)
        assert set(steps) == {lif_steps(drive, refractory=refractory)}


def test_lif_without_refractory_period_counts_from_the_spike():
    recording = driven(noisy_lif(sigma=0 * mV, refractory=0 * ms), [0.03], 0.1, DT)
    assert set(np.rint(intervals(recording) / DT)) == {lif_steps(30.0, refractory=0.1)}


def test_lif_below_threshold_is_silent():
    assert rates(driven(noisy_lif(sigma=0 * mV), [0.0199], 0.5, DT)) == [0]


def test_every_neuron_may_have_its_own_constants():
    taus, thresholds = np.array([5.0, 20.0, 40.0]), np.array([18.0, 20.0, 22.0])
    model = noisy_lif(tau=taus * ms, threshold=(thresholds - 70) * mV, sigma=0 * mV)
    recording = driven(model, [0.03] * 3, 0.2, DT)
    for k in range(3):
        assert set(np.rint(intervals(recording, k) / DT)) == {lif_steps(30.0, tau=taus[k], threshold=thresholds[k])}


@pytest.mark.thorough
def test_a_synapse_makes_a_difference_of_exponentials():
    tau, decay, weight = 20e-3, 5e-3, 8e-3
    recording = driven(noisy_lif(sigma=0 * mV, synaptic_tau=5 * ms), [weight], 0.1, DT, ["cells.v"], kind="spikes")
    trace = recording.traces["cells.v"][0, :, 0]
    t = DT * np.arange(len(trace))
    exact = -70e-3 + weight * decay / (tau - decay) * (np.exp(-t / tau) - np.exp(-t / decay))
    assert np.abs(trace - exact).max() < 1e-12


def test_without_a_synaptic_time_constant_a_spike_adds_to_the_potential():
    recording = driven(noisy_lif(sigma=0 * mV), [8e-3], 0.05, DT, ["cells.v"], kind="spikes")
    trace = recording.traces["cells.v"][0, 1:, 0]
    t = DT * np.arange(1, len(trace) + 1)
    assert np.abs(trace - (-70e-3 + 8e-3 * np.exp(-t / 20e-3))).max() < 1e-12


def test_start_may_be_a_value_or_a_law():
    assert alone(noisy_lif(sigma=0 * mV), 2, 1e-3, DT, ["cells.v"]).traces["cells.v"][0, 0, 0] == pytest.approx(-70e-3)
    given = noisy_lif(sigma=0 * mV, start=np.array([-66, -58]) * mV)
    assert alone(given, 2, 1e-3, DT, ["cells.v"]).traces["cells.v"][0, 0] == pytest.approx([-66e-3, -58e-3])
    drawn = alone(noisy_lif(start="uniform(-70 mV, -50 mV)"), 500, 1e-3, DT, ["cells.v"]).traces["cells.v"][0, 0]
    assert drawn.min() > -70e-3
    assert drawn.max() < -50e-3
    assert np.ptp(drawn) > 19e-3  # the chance of less is 500 * 0.95**499


def adaptive_interval(drive, tau=20.0, reset=10.0, threshold=20.0, refractory=1.9, adaptation_tau=200.0, jump=2.0):
    """Interval of steady firing, ms: adaptation decays by as much as a spike adds, and the potential just reaches the threshold."""

    def end(interval):
        adaptation = jump / (1 - np.exp(-interval / adaptation_tau))
        free = interval - refractory
        gain = adaptation_tau / (adaptation_tau - tau)
        decays = np.exp(-interval / adaptation_tau) - np.exp(-free / tau) * np.exp(-refractory / adaptation_tau)
        return drive + (reset - drive) * np.exp(-free / tau) - adaptation * gain * decays - threshold

    return brentq(end, refractory + 0.5, 1e4)


@pytest.mark.slow
def test_adaptation_slows_firing_to_the_periodic_solution():
    drives = [30.0, 45.0]
    recording = driven(adaptive_lif(), np.array(drives) * 1e-3, 1.5, DT)
    for neuron, drive in enumerate(drives):
        found = 1e3 * intervals(recording, neuron)
        assert found[0] < 0.6 * found[-1]
        assert abs(np.mean(found[-10:]) - adaptive_interval(drive)) < 0.2


@pytest.mark.thorough
def test_adapted_rate_is_the_onset_rate_of_the_lowered_drive():
    """Benda and Herz's self-consistent law f = f0(I - A f), for adaptation that is slow against the interval."""
    slow = driven(adaptive_lif(adaptation_tau=2000 * ms, jump=0.2 * mV), [45e-3], 8.0, 5e-4)
    rate = 1e3 / np.mean(1e3 * intervals(slow)[-20:])
    lowered = 45.0 - 0.2 * 2.0 * rate  # mV: jump * adaptation_tau * rate
    assert rate == pytest.approx(1e3 / (1.5 + 20 * np.log((lowered - 10) / (lowered - 20))), rel=0.02)


def exponential_interval(drive):
    """Interval in ms: the time that the potential needs from the reset to the peak, and the refractory period."""
    speed = lambda v: -65 - v + 3.48 * np.exp((v + 59.9) / 3.48) + drive  # noqa: E731
    return 1.7 + 10 * quad(lambda v: 1 / speed(v), -68, -30, limit=200)[0]


@pytest.mark.parametrize("dt", [0.1, 0.05])
def test_exponential_neuron_fires_at_the_interval_of_the_integral(dt):
    drives = [2.0, 5.0, 10.0]
    recording = driven(exponential_if(), np.array(drives) * 1e-3, 0.3, dt * 1e-3)
    for neuron, drive in enumerate(drives):
        found = 1e3 * intervals(recording, neuron)[-1]
        assert abs(found - exponential_interval(drive)) < 3 * dt  # a rule of first order: half the step, half the error


@pytest.mark.thorough
def test_exponential_neuron_starts_to_fire_where_its_curve_leaves_the_axis():
    onset = -59.9 + 65 - 3.48
    silent, firing = rates(driven(exponential_if(), np.array([onset - 0.02, onset + 0.02]) * 1e-3, 2.0, DT))
    assert silent == 0
    assert firing > 0


@pytest.mark.thorough
def test_adex_loses_its_resting_state_at_the_closed_form_current():
    """Onset of instability of the resting state (a Hopf bifurcation where a / leak > membrane time / tau_w)."""
    leak, capacitance, a, tau_w, rest, threshold, slope = 30e-9, 281e-12, 4e-9, 0.144, -70.6e-3, -50.4e-3, 2e-3
    ratio = capacitance / leak / tau_w
    onset = (leak + a) * (threshold - rest - slope + slope * np.log(1 + ratio)) + slope * leak * (a / leak - ratio)
    recording = driven(adex(), np.array([0.98, 1.02]) * onset, 2.0, DT)
    spikes = recording.spikes["cells"]
    late = np.bincount(spikes.neuron[spikes.time > 1.0], minlength=2)
    assert late[0] == 0
    assert late[1] > 0


NAUD = {"capacitance": 200 * pF, "threshold": -50 * mV, "slope": 2 * mV, "a": 2 * nS, "peak": 0 * mV}
PATTERNS = {  # Naud et al., Biol. Cybern. 99, 2008, doi 10.1007/s00422-008-0264-7, table 1
    "tonic": ({"leak": 10 * nS, "rest": -70 * mV, "tau_w": 30 * ms, "b": 0 * pA, "reset": -58 * mV}, 500),
    "adapting": ({"leak": 12 * nS, "rest": -70 * mV, "tau_w": 300 * ms, "b": 60 * pA, "reset": -58 * mV}, 500),
    "bursting": ({"leak": 10 * nS, "rest": -58 * mV, "tau_w": 120 * ms, "b": 100 * pA, "reset": -46 * mV}, 210),
}


def adex_intervals(pattern):
    arguments, current = PATTERNS[pattern]
    return 1e3 * intervals(driven(adex(**NAUD, **arguments), [current * 1e-12], 0.8, DT))


def test_adex_fires_tonically():
    found = adex_intervals("tonic")
    assert len(found) > 50
    assert np.ptp(found[5:]) < 0.3


def test_adex_adapts():
    found = adex_intervals("adapting")
    assert (np.diff(found[:6]) > 0).all()
    assert found[-1] > 4 * found[0]


def test_adex_bursts():
    found = adex_intervals("bursting")[2:]
    within, between = found[1::2], found[::2]
    assert within.max() < 10
    assert between.min() > 100


@pytest.mark.parametrize(("receives", "reversal"), [("excitation", 0.0), ("inhibition", -80.0)])
def test_a_conductance_pulls_toward_its_reversal_potential(receives, reversal):
    forever = {"excitatory_tau": 1e12 * ms, "inhibitory_tau": 1e12 * ms, "threshold": 100 * mV}
    recording = driven(conductance_lif(**forever), [0.5], 0.1, DT, ["cells.v"], kind="spikes", receives=receives)
    trace = 1e3 * recording.traces["cells.v"][0, :, 0]
    t, tau, end = 0.1 * np.arange(len(trace)), 20 / 1.5, (-60 + 0.5 * reversal) / 1.5
    assert np.abs(trace - (end + (-60 - end) * np.exp(-t / tau))).max() < 1e-6


def test_a_conductance_decays():
    model = conductance_lif(excitatory_tau=5 * ms)
    recording = driven(model, [0.1], 0.03, DT, ["cells.excitation"], kind="spikes")
    trace = recording.traces["cells.excitation"][0, 1:, 0]
    assert trace == pytest.approx(0.1 * np.exp(-DT * np.arange(1, len(trace) + 1) / 5e-3))


@pytest.mark.parametrize(
    ("model", "arguments", "message"),
    [
        (noisy_lif, {"reset": -50 * mV}, "reset = -50 mV must be below threshold = -50 mV"),
        (noisy_lif, {"synaptic_tau": 20 * ms}, "synaptic_tau = 20 ms equals tau"),
        (noisy_lif, {"noise_tau": np.array([5, 20]) * ms}, "noise_tau = 2 values from 5 ms to 20 ms equals tau"),
        (adaptive_lif, {"adaptation_tau": 20 * ms}, "adaptation_tau = 20 ms equals tau"),
        (adaptive_lif, {"jump": 2 * ms}, "jump = 2 ms is a time; it must be a voltage"),
        (exponential_if, {"peak": -60 * mV}, "threshold = -59.9 mV must be below peak"),
        (exponential_if, {"slope": 0 * mV}, "slope = 0 V: must be above 0"),
        (adex, {"reset": 30 * mV}, "reset = 30 mV must be below peak"),
        (adex, {"leak": 10 * pF}, "leak = 10 pF is a capacitance; it must be a conductance"),
        (conductance_lif, {"excitatory_tau": -5 * ms}, "excitatory_tau = -5 ms: must be above 0"),
        (conductance_lif, {"reset": -40 * mV}, "reset = -40 mV must be below threshold"),
    ],
)
def test_models_refuse_values_that_make_no_sense(model, arguments, message):
    with pytest.raises(ValueError, match=message):
        model(**arguments)
