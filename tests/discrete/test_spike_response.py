"""Spike-response neurons: the model's statements, and Brian2 against the NumPy twin."""

import numpy as np
import pytest
from scipy import sparse

from bioworkbench.discrete.spike_response import spike_response, spike_response_arguments
from bioworkbench.discrete.spike_response_layers import simulate_spike_response, spike_response_layer
from bioworkbench.neurons import discrete_lif
from bioworkbench.records.network import Network, Population, Projection
from bioworkbench.records.stimulus import Stimulus
from bioworkbench.simulation import simulate

DT = 1e-3


def drawn(rng, n, tau):
    """Mixed constants of n neurons."""
    return {
        "sigma": rng.uniform(1, 8, n),
        "tau": tau,
        "c": -rng.uniform(0.5, 2, n),
        "varsigma": rng.uniform(1, 4, n),
        "bias": rng.uniform(-0.5, 0.9, n),
    }


@pytest.mark.parametrize("kernel", ["alpha", "exponential"])
def test_brian2_equals_the_twin_without_a_single_other_spike(kernel):
    rng = np.random.default_rng(1)
    first, second = drawn(rng, 10, rng.integers(0, 12, 10)), drawn(rng, 6, 0)
    network = Network(
        (
            Population("hidden", 10, spike_response(**first, kernel=kernel)),
            Population("deep", 6, spike_response(**second, kernel=kernel)),
            Population("out", 2, spike_response(sigma=3.0, threshold=None, bias=0.1, kernel=kernel)),
        ),
        (
            Projection("input", "hidden", sparse.csr_array(rng.normal(0, 0.3, (3, 10)))),
            Projection("hidden", "deep", sparse.csr_array(rng.normal(0, 0.4, (10, 6))), delay=rng.integers(0, 5, 60) * DT),
            Projection("deep", "out", sparse.csr_array(rng.normal(0, 1, (6, 2))), delay=2 * DT),
        ),
    )
    stimulus = Stimulus(rng.normal(0, 1, (5, 60, 3)), DT)
    recording = simulate(network, stimulus, 1, dt=DT, backend="numpy", record=("hidden.u", "out.u"))
    spikes, potentials = spike_response_layer(stimulus.values @ network.projections[0].weights.toarray(), **first, kernel=kernel)
    assert np.abs(potentials - 1.0).min() > 1e-9
    assert spikes.sum() > 50
    assert np.array_equal(recording.raster("hidden"), spikes)
    assert np.abs(recording.traces["hidden.u"][:, 1:] - potentials[:, :-1]).max() < 1e-12
    fast = simulate_spike_response(network, stimulus)
    assert set(fast.spikes) == set(recording.spikes)
    for name in ("hidden", "deep"):
        assert np.array_equal(fast.raster(name), recording.raster(name)), name
    assert fast.raster("deep").sum() > 5
    assert np.abs(recording.traces["out.u"][:, -1]).max() > 0.11


def test_a_shift_register_of_another_delay_gives_other_spikes():
    rng = np.random.default_rng(2)
    current = rng.normal(0, 1, (3, 40, 5))
    one, two = (spike_response_layer(current, sigma=2.0, tau=tau)[0] for tau in (3, 4))
    assert not np.array_equal(one, two)


def test_arguments_are_read_back():
    arguments = {
        "sigma": np.array([1.0, 4.0]),
        "tau": np.array([0, 3]),
        "c": -0.5,
        "varsigma": 3.0,
        "bias": 0.2,
        "threshold": 1.5,
    }
    for kernel in ("alpha", "exponential"):
        found = spike_response_arguments(spike_response(**arguments, kernel=kernel), "a")
        assert found.pop("kernel") == kernel
        for name, value in arguments.items():
            np.testing.assert_allclose(found[name], value, rtol=1e-12, err_msg=name)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"sigma": 0.0}, "sigma goes down to 0.0 steps; it must be above 0"),
        ({"sigma": 1.0, "varsigma": -1.0}, "varsigma goes down to -1.0 steps"),
        ({"sigma": 1.0, "tau": 1.5}, "tau = 1.5: delays are whole numbers of steps"),
        ({"sigma": 1.0, "tau": -1}, "tau = -1: delays are whole numbers of steps"),
        ({"sigma": 1.0, "kernel": "alfa"}, "'alfa' is not a kernel; did you mean 'alpha'"),
        ({"sigma": 1.0, "bias": np.nan}, "bias has 1 value that is not finite"),
    ],
)
def test_values_out_of_range_are_refused(arguments, words):
    with pytest.raises(ValueError, match=words):
        spike_response(**arguments)


def test_another_model_has_no_arguments():
    with pytest.raises(ValueError, match="population 'a' is not a spike_response neuron"):
        spike_response_arguments(discrete_lif(leak=0.9), "a")
