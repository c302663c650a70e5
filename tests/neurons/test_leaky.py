"""Leaky neurons are known by what their equations do, not by how they are written."""

import pytest
from brian2 import Mohm, ms, mV, nA

from bioworkbench.neurons import adaptive_lif, adex, conductance_lif, custom, noisy_lif, poisson_source
from bioworkbench.neurons.leaky import leaky_neuron

RENAMED = {"equations": "du/dt = (El + R*I - u)/taum : volt\nI : amp", "threshold": "u > Vt", "reset": "u = Vr", "receives": "u"}
NUMBERS = {"El": -70 * mV, "R": 10 * Mohm, "taum": 20 * ms, "Vt": -50 * mV, "Vr": -60 * mV}


@pytest.mark.parametrize(
    "more", [{"sigma": 0 * mV}, {"sigma": 2 * mV}, {"sigma": 2 * mV, "noise_tau": 5 * ms}, {"correlation": 0.5}]
)
def test_noise_and_refractory_periods_do_not_matter(more):
    found = leaky_neuron(noisy_lif(tau=10 * ms, rest=-65 * mV, **more))
    assert (found.tau, found.rest, found.threshold, found.reset, found.gain) == (0.01, -0.065, -0.05, -0.06, 1.0)


def test_a_model_of_other_words_is_leaky_too():
    found = leaky_neuron(custom(**RENAMED, constants=NUMBERS | {"I": 1 * nA}))
    assert (found.tau, found.threshold, found.reset, found.gain) == (0.02, -0.05, -0.06, 0.0)
    assert found.rest == pytest.approx(-0.06)


@pytest.mark.parametrize(
    "model",
    [
        *(adaptive_lif(), adex(), conductance_lif(), poisson_source(rate=10 / (1000 * ms)), noisy_lif(synaptic_tau=5 * ms)),
        custom(equations="dv/dt = -v**2/(20*ms) : 1", threshold="v > 1", reset="v = 0"),
        custom(equations="dv/dt = -v/(20*ms) : 1", threshold="v >= 1", reset="v = 0"),
        custom(equations="dv/dt = -v/(20*ms) : 1", threshold="v > 1", reset="v -= 1"),
        custom(equations="dv/dt = (w - v)/(20*ms) : 1\ndw/dt = -w/(50*ms) : 1", threshold="v > 1", reset="v = 0"),
        custom(equations="v : 1", threshold="v > 1", reset="v = 0", update="v = 0.5*v"),
    ],
)
def test_others_are_not(model):
    assert leaky_neuron(model) is None
