"""Every model of the table: it fires more when driven more, its text passes Brian2's checks, and it can be simulated."""

import numpy as np
import pytest
from brian2 import Hz, mV, nA, uA

from bioworkbench.neurons import NEURON_MODELS
from bioworkbench.neurons.checks import check_model
from tests.neurons.driven import driven, rates

TRACE = {"equations": "dv/dt = (drive - v)/(20*ms) : volt\ndrive : volt", "threshold": "v > 10*mV", "reset": "v = 0*mV"}

DRIVES = {  # model: arguments, drives in SI units, step and duration in seconds
    "adaptive_lif": ({}, np.array([18, 25, 40]) * mV, 1e-4, 0.4),
    "adex": ({}, np.array([0.5, 0.8, 1.2]) * nA, 1e-4, 0.4),
    "conductance_lif": ({}, np.array([8, 12, 20]) * mV, 1e-4, 0.4),
    "custom": (TRACE, np.array([8, 12, 20]) * mV, 1e-4, 0.4),
    "discrete_lif": ({"leak": 0.9}, np.array([0.05, 0.15, 0.4]), 1e-3, 0.4),
    "exponential_if": ({}, np.array([1, 3, 10]) * mV, 1e-4, 0.4),
    "hodgkin_huxley": ({"channel_noise": False}, np.array([2, 10, 50]) * uA * 1e-5, 5e-5, 0.15),
    "izhikevich": ({}, np.array([3, 6, 15]) * mV, 1e-4, 0.4),
    "noisy_lif": ({}, np.array([10, 22, 40]) * mV, 1e-4, 0.4),
    "poisson_source": ({}, np.array([0, 100, 400]) * Hz, 1e-3, 1.0),
    "soft_reset_if": ({}, np.array([0.01, 0.1, 0.5]), 1e-3, 0.4),
    "spike_response": ({"sigma": 4.0}, np.array([0.01, 0.2, 0.5]), 1e-3, 0.4),
}


def test_every_model_is_tested():
    assert set(DRIVES) == set(NEURON_MODELS)


@pytest.mark.parametrize("name", sorted(NEURON_MODELS))
def test_the_rate_grows_with_the_drive(name):
    arguments, drives, dt, duration = DRIVES[name]
    found = rates(driven(NEURON_MODELS[name](**arguments), drives, duration, dt, seed=4))
    assert (np.diff(found) > 0).all(), found


@pytest.mark.parametrize("name", sorted(NEURON_MODELS))
def test_the_text_of_every_model_passes_the_checks(name):
    check_model(NEURON_MODELS[name](**DRIVES[name][0]))


@pytest.mark.parametrize("name", ["adaptive_lif", "adex", "conductance_lif", "exponential_if", "izhikevich", "noisy_lif"])
@pytest.mark.parametrize("noise_tau", [0, 5])
def test_the_text_of_every_kind_of_noise_passes_the_checks(name, noise_tau):
    model = NEURON_MODELS[name](sigma=1 * mV, noise_tau=noise_tau * 1e-3 * (1 / Hz), correlation=0.3)
    check_model(model)
    assert {"noise", "shared_noise"} <= model.parsed.names


@pytest.mark.parametrize("name", sorted(NEURON_MODELS))
def test_every_model_names_its_source(name):
    model = NEURON_MODELS[name](**DRIVES[name][0])
    assert name == "custom" or "doi" in model.reference
