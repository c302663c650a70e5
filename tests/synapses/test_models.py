"""Synapse models against numbers that follow from their sources."""

import numpy as np
import pytest
from brian2 import Hz, ms, mV, nS, second

from bioworkbench import simulate
from bioworkbench import synapses as models
from bioworkbench.records.links import Links
from bioworkbench.records.network import Network, Population, Projection
from bioworkbench.records.neuron import NeuronModel
from bioworkbench.records.stimulus import SpikeTrains

DT = 1e-4
METER = NeuronModel("g : siemens", threshold="", reset="", start={"g": 0 * nS}, receives="g")
MODELS = {
    name: models.SYNAPSE_MODELS[name](
        **{
            "pair_stdp": {"largest": 1 * mV},
            "triplet_stdp": {"largest": 1 * mV},
            "inhibitory_stdp": {"largest": 1 * mV},
            "voltage_stdp": {"largest": 1 * mV},
            "dopamine_stdp": {"largest": 1 * mV},
            "custom": {
                "equations": "dx/dt = -x/tau : 1 (event-driven)",
                "on_pre": "{receiver}_post += weight*x\nx += 1",
                "constants": {"tau": "20 ms"},
            },
        }.get(name, {})
    )
    for name in models.SYNAPSE_MODELS
}
"""One of every kind; weights of those that learn are volts."""
COUNTER = NeuronModel("v : volt", threshold="", reset="", start={"v": 0 * mV})


def trains(*channels, duration):
    """Spike trains from a list of times in seconds per channel."""
    channel = np.repeat(np.arange(len(channels)), [len(times) for times in channels])
    return SpikeTrains("light", np.zeros(channel.size, int), channel, np.concatenate(channels), duration=duration, n_trials=1)


def response(synapse, times, duration, target=METER, variable="g", dt=DT):
    """What one synapse of weight 1 does to a variable of its target, by steps."""
    network = Network((Population("cell", 1, target),), (Projection("light", "cell", [[1.0]], name="ab", synapse=synapse),))
    made = simulate(network, trains(times, duration=duration), 1, dt=dt, backend="numpy", record=[f"cell.{variable}"])
    return made.traces[f"cell.{variable}"][0, :, 0]


def test_an_exponential_receptor_closes_exponentially():
    conductance = response(models.exponential(decay=5 * ms), [1e-3], 0.015)
    assert conductance.max() == pytest.approx(1, rel=0.03)
    peak = int(conductance.argmax())
    assert conductance[peak + 100] / conductance[peak] == pytest.approx(np.exp(-2), rel=1e-6)


@pytest.mark.parametrize(
    ("synapse", "peak"),
    [
        (models.alpha(peak=4 * ms), 4e-3),
        (models.biexponential(rise=1 * ms, decay=8 * ms), 1e-3 * 8 / 7 * np.log(8)),
        (models.biexponential(rise=30 * ms, decay=100 * ms), 0.1 * 0.3 / 0.7 * np.log(10 / 3)),
    ],
)
def test_receptors_with_a_rise_have_their_peak_of_one_in_time(synapse, peak):
    dt = 1e-4 if peak < 0.01 else 1e-3
    conductance = response(synapse, [5 * dt], np.ceil(2 * peak / dt + 5) * dt, dt=dt)
    assert conductance.max() == pytest.approx(1, rel=1e-3)
    assert (conductance.argmax() - 5) * dt == pytest.approx(peak, abs=3 * dt)


def clamped(membrane):
    """A conductance at a membrane in millivolt."""
    texts = {"equations": "g : siemens\nv : volt (constant)", "threshold": "", "reset": "", "receives": "g"}
    return NeuronModel(**texts, constants={"v": membrane * mV}, start={"g": 0 * nS})


def test_magnesium_blocks_nmda_as_jahr_and_stevens_measured():
    """At -60 mV and 1 mM the open fraction is 1/(1 + exp(3.72)/3.57) = 0.080; half is open at -20.5 mV; without magnesium all of it."""
    values = {}
    for membrane, magnesium in ((-60, 1), (-60, 0), (-20.53, 1), (-20.53, 0)):
        cell = clamped(membrane)
        values[membrane, magnesium] = response(models.nmda(magnesium=magnesium), [1e-3], 0.02, cell, dt=5e-4).max()
    assert values[-60, 1] / values[-60, 0] == pytest.approx(0.0796, abs=0.001)
    assert values[-20.53, 1] / values[-20.53, 0] == pytest.approx(0.5, abs=0.001)


def test_nmda_saturates():
    synapse = models.nmda(magnesium=0)
    one, many = (response(synapse, times, 0.12, clamped(0), dt=2.5e-4).max() for times in ([0.01], np.arange(0.01, 0.1, 0.005)))
    assert one == pytest.approx(0.6, abs=0.05)  # 1 - exp(-opening * rise) = 0.63, less what closes meanwhile
    assert 0.9 < many < 1


@pytest.mark.parametrize(("use", "recovery", "facilitation"), [(0.5, 0.8, 0.0), (0.15, 0.1, 1.0), (0.3, 0.3, 0.2)])
@pytest.mark.parametrize("rate", [20, 50])
def test_short_term_plasticity_settles_where_tsodyks_and_markram_say(use, recovery, facilitation, rate):
    synapse = models.tsodyks_markram(use=use, recovery=recovery * second, facilitation=facilitation * second)
    steps = np.diff(response(synapse, np.arange(1, 60) / rate, 60 / rate, COUNTER, "v", dt=0.25 / rate))  # exact for any step
    last = steps[steps > 0][-1]
    stays = np.exp(-1 / (rate * facilitation)) if facilitation else 0.0
    used = use / (1 - (1 - use) * stays)
    gone = np.exp(-1 / (rate * recovery))
    assert last == pytest.approx(used * (1 - gone) / (1 - (1 - used) * gone), rel=1e-3)


def change(synapse, before, after, duration):
    """Change of a weight of 0.25 by spikes of source and target at given times; between spikes, any step is exact."""
    relay = NeuronModel("v : volt", threshold="v > 0.5*volt", reset="v = 0*volt", start={"v": 0 * mV})
    cells = (Population("a", 1, relay), Population("b", 1, relay))
    plastic = Projection("a", "b", [[0.25]], name="ab", synapse=synapse)
    parts = [Projection("light", name, [[float(k == 0)], [float(k == 1)]]) for k, name in enumerate("ab")]
    made = simulate(Network(cells, (*parts, plastic)), trains(before, after, duration=duration), 1, dt=5e-3, backend="numpy")
    return made.weights["ab"][0, 0] - 0.25


@pytest.mark.parametrize(("synapse", "rise", "opened", "decay"), [(models.ampa(), 1.1, 0.19, 1), (models.gaba_a(), 5, 0.18, 1)])
def test_ampa_and_gaba_a_open_and_close_at_the_published_rates(synapse, rise, opened, decay):
    """Destexhe, Mainen and Sejnowski 1998: r goes to a/(a + b) at the rate a + b for the 1 ms of the pulse, then falls at the rate b."""
    open_fraction = response(synapse, [1e-3], 0.015)
    peak = int(open_fraction.argmax())
    assert open_fraction.max() == pytest.approx(rise / (rise + opened) * (1 - np.exp(-(rise + opened) * decay)), rel=1e-6)
    assert peak == pytest.approx(21, abs=1)
    assert open_fraction[peak + 100] / open_fraction[peak] == pytest.approx(np.exp(-10 * opened), rel=1e-6)


def test_gaba_b_answers_bursts_as_the_published_kinetics_do():
    """Four G-proteins open a channel: ten spikes at 200 Hz give far more than ten times one; against the solution in fine steps."""
    dt, fine, peaks = 2.5e-4, 2.5e-5, []
    stays = np.exp(-34 * fine)
    for times in ([0.01], 0.01 + np.arange(10) * 5e-3):
        bound, protein, expected = 0.0, 0.0, 0.0
        for now in np.arange(0, 0.2, fine):
            pulse = any(-1e-9 <= now - time - dt < 1e-3 - 1e-9 for time in times)
            rate = 90 * pulse + 1.2
            after = 90 * pulse / rate + (bound - 90 * pulse / rate) * np.exp(-rate * fine)
            protein, bound = protein * stays + 180 / 34 * (bound + after) / 2 * (1 - stays), after
            expected = max(expected, protein**4 / (protein**4 + 100))
        peaks.append(response(models.gaba_b(), times, 0.2, dt=dt).max())
        assert peaks[-1] == pytest.approx(expected, rel=0.04)
    assert peaks[1] > 100 * peaks[0]


def test_voltage_stdp_follows_the_clamped_membrane_as_clopath_says():
    """A spike of the source changes the weight by -14e-5 (u + 70.6) + 8e-5 (u + 45.3)(u + 70.6), in mV; zero at -43.55 mV."""
    membrane = np.array([-75.0, -60.0, -46.0, -43.55, -30.0])
    cell = NeuronModel("v : volt (constant)\nw : 1", "", "", constants={"v": membrane * mV}, start={"w": 0}, receives="w")
    synapse = models.voltage_stdp(largest=1.0)
    projection = Projection("light", "b", np.full((1, 5), 0.5), name="ab", synapse=synapse)
    network = Network((Population("b", 5, cell),), (projection,))
    made = simulate(network, trains([0.08], duration=0.18), 1, dt=2.5e-4, backend="numpy")
    slow, fast = np.maximum(membrane + 70.6, 0), np.maximum(membrane + 45.3, 0)
    expected = -14e-5 * slow + 8e-5 * fast * slow
    np.testing.assert_allclose(made.weights["ab"][0] - 0.5, expected, rtol=0.02, atol=3e-5)


def test_dopamine_turns_the_trace_of_a_pair_into_weight():
    """A pair of lag 5 ms and dopamine of 0.1 after 50 ms: the trace times the overlap of the two exponentials."""
    target = NeuronModel(
        "v : volt\nddopamine/dt = -dopamine/(20*ms) : 1", "v > 0.5*volt", "v = 0*volt", start={"v": 0 * mV}, method="euler"
    )
    source = NeuronModel("v : volt", "v > 0.5*volt", "v = 0*volt", start={"v": 0 * mV})
    synapse = models.dopamine_stdp(largest=1 * mV, potentiation=0.5, tau_eligibility=100 * ms)
    links = (
        *(Projection("light", name, [[float(k == n)] for k in range(3)]) for n, name in enumerate("ab")),
        Projection("light", "b", [[0.0], [0.0], [0.1]], receives="dopamine"),
        Projection("a", "b", [[0.25e-3]], name="ab", synapse=synapse),
    )
    network = Network((Population("a", 1, source), Population("b", 1, target)), links)
    made = simulate(network, trains([0.005], [0.01], [0.06], duration=0.2), 1, dt=2.5e-4, backend="numpy")
    trace, overlap = 0.5 * np.exp(-5 / 20), 1 / (1 / 0.1 + 1 / 0.02)
    assert made.weights["ab"][0, 0] - 0.25e-3 == pytest.approx(1e-3 * trace * np.exp(-0.5) * 0.1 * overlap, rel=0.02)
    quiet = simulate(network, trains([0.005], [0.01], [], duration=0.03), 1, dt=2.5e-4, backend="numpy")
    assert quiet.weights["ab"][0, 0] == 0.25e-3


def test_homeostatic_scaling_grows_weights_by_the_missing_rate():
    """A silent target: the measured rate decays from 5 Hz, and weights grow by the integral of what is missing, times the gain."""
    still = NeuronModel("v : volt", "v > 0.5*volt", "v = 0*volt", start={"v": 0 * mV})
    synapse = models.homeostatic_scaling(tau_activity=1 * second, gain=0.1)
    links = (Projection("light", "a", [[0.0]]), Projection("a", "b", [[2e-3]], name="ab", synapse=synapse))
    network = Network((Population("a", 1, still), Population("b", 1, still)), links)
    weights = simulate(network, trains([], duration=3.0), 1, dt=1e-2, backend="numpy").weights["ab"]
    assert weights[0, 0] == pytest.approx(2e-3 * np.exp(0.1 * 5 * (3 - (1 - np.exp(-3)))), rel=0.01)


@pytest.mark.parametrize("sites", [1, 3])
def test_release_is_binomial(sites):
    """Mean n p and variance n p (1 - p) of the quanta, within four standard errors; other chances would not fit."""
    n, chance = 4000, 0.3
    synapse = models.stochastic_release(probability=chance, n_sites=sites)
    projection = Projection("light", "cells", np.ones((1, n)), name="ab", synapse=synapse)
    network = Network((Population("cells", n, COUNTER),), (projection,))
    made = simulate(network, trains([1e-3], duration=3e-3), 1, dt=DT, backend="numpy", record=["cells.v"])
    quanta = made.traces["cells.v"][0, -1]
    mean, variance = sites * chance, sites * chance * (1 - chance)
    assert set(np.rint(quanta)) == set(range(sites + 1))
    assert abs(quanta.mean() - mean) < 4 * np.sqrt(variance / n)
    assert abs(quanta.var() - variance) < 4 * variance * np.sqrt(2 / n + 1 / (n * variance))
    assert abs(quanta.mean() - sites * 0.35) > 4 * np.sqrt(variance / n)


@pytest.mark.slow
@pytest.mark.parametrize("rate", [10.0, 40.0])
def test_triplets_make_potentiation_depend_on_the_rate(rate):
    """Pfister and Gerstner's sum over spikes, all to all, for pairs of lag 10 ms at two rates, written as a double loop."""
    before = 0.05 + np.arange(10) / rate
    after = before + 0.01
    found = change(models.triplet_stdp(largest=1 * mV * 1000), before, after, after[-1] + 0.05)

    def trace(now, times, tau):
        return np.exp(-(now - times[times < now - 1e-4]) / tau).sum()

    expected = sum(trace(now, before, 16.8e-3) * (5e-10 + 6.2e-3 * trace(now, after, 0.125)) for now in after)
    expected -= sum(trace(now, after, 33.7e-3) * (7e-3 + 2.3e-4 * trace(now, before, 0.101)) for now in before)
    assert found == pytest.approx(expected, rel=1e-6)


def test_inhibitory_plasticity_has_its_fixed_point_at_the_target_rate():
    """Vogels 2011: with independent ends the drift is in proportion to the rate of the target above 5 Hz, and 0 there."""
    n, dt, duration, rates = 500, 2e-3, 1.0, [2.0, 5.0, 12.0]
    chance = np.concatenate([np.full((3, 1, n), 5.0), np.broadcast_to(np.reshape(rates, (3, 1, 1)), (3, 1, n))], axis=2) * dt
    trial, step, channel = np.nonzero(np.random.default_rng(5).random((3, 495, 2 * n)) < chance)
    light = SpikeTrains("light", trial, channel, step * dt, duration=duration, n_trials=3)
    texts = {"threshold": "v > 0.5*volt", "reset": "v = 0*volt", "start": {"v": 0 * mV, "u": 0 * mV}}
    relay = NeuronModel("v : volt\nu : volt", **texts, receives="v")
    each, shape, rate = np.arange(n), (2 * n, n), 1e-3
    synapse = models.inhibitory_stdp(largest=1 * mV * 1000, rate=rate, target_rate=5 * Hz)
    links = (
        Projection("light", "a", Links(each, each, shape)),
        Projection("light", "b", Links(n + each, each, shape)),
        Projection("a", "b", Links(each, each, (n, n), 0.1), receives="u", name="ab", synapse=synapse),
    )
    made = simulate(Network((Population("a", n, relay), Population("b", n, relay)), links), light, 1, dt=dt, backend="numpy")
    changes = made.weights["ab"] - 0.1
    for found, target in zip(changes, rates, strict=True):
        expected = 2 * rate * 0.02 * 5 * (target - 5) * duration
        assert abs(found.mean() - expected) < 4 * found.std() / np.sqrt(n) + 0.05 * abs(expected)
    assert changes[0].mean() < -10 * changes[0].std() / np.sqrt(n)


@pytest.mark.parametrize("lag", [-0.03, -0.005, 0.005, 0.03])
def test_pairs_change_a_weight_by_the_exponential_window(lag):
    synapse = models.pair_stdp(largest=1 * mV * 1000, potentiation=0.01, depression=0.012, tau_plus=15 * ms, tau_minus=25 * ms)
    expected = 0.01 * np.exp(-lag / 0.015) if lag > 0 else -0.012 * np.exp(lag / 0.025)
    assert change(synapse, [0.05], [0.05 + lag], 0.12) == pytest.approx(expected, rel=1e-6)


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: models.exponential(decay=0 * ms), "decay"),
        (lambda: models.biexponential(rise=5 * ms, decay=5 * ms), r"rise = 5\. ms: must be below decay"),
        (lambda: models.nmda(magnesium=-1), "magnesium = -1: a concentration cannot be negative"),
        (lambda: models.tsodyks_markram(facilitation=-1 * ms), "facilitation = -1. ms: a time cannot be negative"),
        (lambda: models.stochastic_release(n_sites=6), "n_sites = 6: must be between 1 and 5"),
        (lambda: models.pair_stdp(largest=-1 * mV), "largest"),
        (lambda: models.custom(equations="x : 1", on_pre="x += 2**2**2"), "on_pre = "),
        (lambda: models.custom(on_pre={"a": "v_post += weight", "b": "v_post += 2**2**2"}), "on_pre = "),
        (lambda: models.ampa(pulse=0 * ms), "pulse = 0.0"),
        (lambda: models.gaba_b(half=0), "half = 0"),
        (lambda: models.gaba_a(closing=-1 * Hz), "closing = -1"),
        (lambda: models.voltage_stdp(largest=1 * mV, tau_x=0 * ms), "tau_x = 0"),
        (lambda: models.dopamine_stdp(largest=1 * mV, dopamine="a b"), "dopamine 'a b'"),
        (lambda: models.homeostatic_scaling(gain=0), "gain = 0"),
    ],
)
def test_values_that_make_no_synapse_are_refused(make, words):
    with pytest.raises(ValueError, match=words):
        make()


def test_custom_reads_quantities_and_laws():
    made = models.custom(
        equations="x : 1\ny : 1", on_pre="{receiver}_post += weight*x*y", constants={"x": "2"}, start={"y": "uniform(0, 1)"}
    )
    assert made.constants == {"x": 2}
    assert made.start == {"y": "uniform(0, 1)"}
