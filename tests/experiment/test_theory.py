"""Diffusion theory of networks: against independent formulas, and where it says nothing."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from bioworkbench.experiment.spec import load, read
from bioworkbench.experiment.spec.changes import with_value
from bioworkbench.experiment.spec.plan import construct
from bioworkbench.experiment.theory import DiffusionNeuron, expected_activity
from bioworkbench.records.randomness import stream
from tests.documents import alone
from tests.theory.mean_field import network_rate, siegert_rate

NEURON = DiffusionNeuron(mean=-55e-3, deviation=7e-3, tau=20e-3, threshold=-50e-3, reset=-60e-3, refractory=2e-3, dt=1e-4)


def expected(document):
    spec = read(document, "x")
    return expected_activity(spec, construct(spec).network)


@pytest.mark.parametrize(("mean", "deviation"), [(-55e-3, 7e-3), (-50e-3, 5e-3), (-40e-3, 3e-3)])
def test_rate_is_siegerts(mean, deviation):
    found = DiffusionNeuron(mean, deviation, 20e-3, -50e-3, -60e-3, 2e-3, 1e-4).rate()
    assert found == pytest.approx(siegert_rate(mean + 70e-3, deviation, 1e-4), rel=1e-6)


def test_far_below_threshold_nothing_happens():
    quiet = DiffusionNeuron(-70e-3, 0.1e-3, 20e-3, -50e-3, -60e-3, 2e-3, 1e-4)
    assert quiet.rate() == 0.0
    assert quiet.cv_isi() == 1.0


def test_intervals_vary_as_simulated():
    """First passages of 400 neurons, stepped by hand; standard error of the CV from its spread over neurons."""
    rng, decay = stream(1, "passage"), np.exp(-NEURON.dt / NEURON.tau)
    n, potential, waiting = 400, np.full(400, NEURON.reset), np.zeros(400)
    times = [[] for _ in range(n)]
    for step in range(40_000):
        kick = NEURON.deviation * np.sqrt(1 - decay**2) * rng.standard_normal(n)
        moved = NEURON.mean + (potential - NEURON.mean) * decay + kick
        potential = np.where(waiting > 0, potential, moved)
        waiting -= 1
        fired = np.flatnonzero(potential > NEURON.threshold)
        potential[fired], waiting[fired] = NEURON.reset, 19
        for k in fired:
            times[k].append(step)
    intervals = np.concatenate([np.diff(train) for train in times])
    pooled = intervals.std() / intervals.mean()
    error = np.sqrt((0.5 + NEURON.cv_isi() ** 2) / len(intervals)) * NEURON.cv_isi()
    assert abs(pooled - NEURON.cv_isi()) < 4.5 * error + 0.02  # 0.02: the threshold's correction is of first order only


def test_a_balanced_network_of_equal_neurons():
    spec = load(Path(__file__).parents[2] / "network_specs" / "ei_balanced_network.toml")
    found = expected_activity(spec, construct(spec).network)
    wanted = network_rate(30e-3, 5e-3, (200, 0.2e-3), (50, -1.2e-3), 1e-4)
    assert found["exc"]["mean_rate"] == pytest.approx(wanted, rel=1e-4)
    assert found["inh"] == pytest.approx(found["exc"], rel=1e-4)
    assert 0.7 < found["exc"]["cv_isi"] < 1


def test_sources_keep_their_rate():
    document = alone()
    document["populations"]["exc"] = {"size": 20, "kind": "poisson_source", "rate": "30 Hz"}
    document["record"] = []
    del document["projections"]["exc_exc"]
    found = expected(document)
    assert found["exc"] == {"mean_rate": pytest.approx(30.0), "cv_isi": 1.0}
    assert found["inh"]["mean_rate"] > 0


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("populations.inh.kind", "adaptive_lif"),
        ("populations.inh.synaptic_tau", "5 ms"),
        ("populations.exc.noise_tau", "5 ms"),
        ("projections.exc_exc.synapse", {"kind": "tsodyks_markram"}),
        ("populations.inh.rest", "uniform(-70 mV, -40 mV)"),
    ],
)
def test_other_neurons_have_no_theory(field, value):
    assert expected(with_value(alone(), field, value)) == {}


def test_phases_have_no_theory():
    document = alone() | {"phases": [{"name": "one", "duration": "20 ms"}, {"name": "two", "duration": "30 ms"}]}
    del document["duration"]
    assert expected(document) == {}


@pytest.mark.parametrize("regular", [True, False])
def test_background_moves_the_mean_and_unless_regular_the_variance(regular):
    """1000 sources of 10 Hz and 0.05 mV: 10 mV in 20 ms, with a variance of 0.25 mV squared."""
    lif = with_value(alone(), "populations.exc", {"size": 20, "kind": "noisy_lif", "rest": "-60 mV", "sigma": "2 mV"})
    for name in ("exc_exc", "exc_inh"):
        lif["projections"][name]["weights"]["value" if name == "exc_exc" else "mean"] = "0 mV"
    own = expected(lif)["exc"]["mean_rate"]
    given = {"n": 1000, "rate": "10 Hz", "weight": "0.05 mV", "receives": "v"}
    spec = read(with_value(lif, "populations.exc.background", given), "x")
    network = construct(spec).network
    populations = [replace(p, background=tuple(replace(b, regular=regular) for b in p.background)) for p in network.populations]
    driven = expected_activity(spec, replace(network, populations=tuple(populations)))["exc"]["mean_rate"]
    neuron = DiffusionNeuron(-50e-3, np.hypot(2e-3, 0.0 if regular else 0.5e-3), 20e-3, -50e-3, -60e-3, 2e-3, 5e-4)
    assert driven == pytest.approx(neuron.rate(), rel=1e-3)
    assert driven > 2 * own


def test_runaway_excitation_has_no_solution_below_the_refractory_limit():
    found = expected(with_value(alone(), "projections.exc_exc.weights.value", "50 mV"))
    assert found == {} or found["exc"]["mean_rate"] <= 1 / (2e-3 - 5e-4) + 1
