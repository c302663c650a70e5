"""The NumPy twin of spike-response networks: kernels, causality, refractoriness, and the fast run."""

from dataclasses import replace

import numpy as np
import pytest
from scipy import sparse

from bioworkbench.discrete.spike_response import spike_response
from bioworkbench.discrete.spike_response_layers import (
    feed_forward_order,
    filtered_signal,
    kernel_area,
    psp_kernel,
    simulate_spike_response,
    spike_response_layer,
)
from bioworkbench.neurons import discrete_lif
from bioworkbench.records.background import Background
from bioworkbench.records.network import Network, Population, Projection
from bioworkbench.records.stimulus import Stimulus

LAGS = np.arange(400)


@pytest.fixture
def rng():
    return np.random.default_rng(0)


def test_kernel_values_and_areas():
    assert psp_kernel(0, 4.0) == 0
    assert psp_kernel(4, 4.0) == 1
    assert psp_kernel(-3, 4.0, "exponential") == 0
    np.testing.assert_allclose(kernel_area([1.0, 4.0]), [2.50265, 10.81667], atol=5e-6)
    for kernel in ("alpha", "exponential"):
        for sigma in (0.7, 1.0, 4.0, 20.0):
            np.testing.assert_allclose(psp_kernel(LAGS, sigma, kernel).sum(), kernel_area(sigma, kernel), rtol=1e-6)


def test_filtered_signal_is_the_sum_of_kernels_and_a_delay_shifts_it(rng):
    signal = rng.normal(size=(2, 30, 3))
    lags = np.arange(30)[:, None] - np.arange(30)
    for kernel in ("alpha", "exponential"):
        direct = np.einsum("nm,tmc->tnc", psp_kernel(lags, 3.0, kernel), signal)
        found = filtered_signal(signal, sigma=3.0, kernel=kernel)
        np.testing.assert_allclose(found, direct, atol=1e-12)
        shifted = filtered_signal(signal, sigma=3.0, tau=4, kernel=kernel)
        np.testing.assert_array_equal(shifted[:, 4:], found[:, :-4])
        assert not shifted[:, :5].any()


def test_what_is_delayed_longer_than_a_trial_never_arrives(rng):
    spikes, potentials = spike_response_layer(np.ones((1, 4, 1)), sigma=1.0, tau=5)
    assert not spikes.any()
    assert not potentials.any()
    network = network_of(rng)
    network = replace(network, projections=(network.projections[0], replace(network.projections[1], delay=0.010)))
    recording = simulate_spike_response(network, Stimulus(np.full((2, 6, 3), 2.0), 0.001))
    assert len(recording.spikes["a"])
    assert not len(recording.spikes["b"])


def test_layer_is_the_sum_of_kernels(rng):
    n, sigma, c, varsigma = 4, rng.uniform(1, 5, 4), -rng.uniform(0.5, 2, 4), rng.uniform(1, 4, 4)
    tau, bias = np.array([0, 1, 5, 2]), rng.uniform(0, 0.9, 4)
    current = rng.normal(0, 0.3, (3, 50, n))
    spikes, u = spike_response_layer(current, sigma=sigma, tau=tau, c=c, varsigma=varsigma, bias=bias)
    lags = np.arange(50)[:, None] - np.arange(50)
    for i in range(n):
        response = np.einsum("nm,tm->tn", psp_kernel(lags - tau[i], sigma[i]), current[:, :, i])
        own = np.einsum("nm,tm->tn", np.where(lags > 0, np.exp(-lags / varsigma[i]), 0), spikes[:, :, i].astype(float))
        np.testing.assert_allclose(u[:, :, i], response + c[i] * own + bias[i], atol=1e-12)
    assert spikes.any()


def test_one_spike_lowers_the_potential_by_its_kernel():
    current = np.zeros((1, 12, 1))
    current[0, 2] = 1.5
    with_cost, without = (spike_response_layer(current, sigma=1.0, c=c, varsigma=3.0)[1].ravel() for c in (-1.0, 0.0))
    spikes = spike_response_layer(current, sigma=1.0, c=-1.0, varsigma=3.0)[0].ravel()
    assert np.flatnonzero(spikes).tolist() == [3]
    np.testing.assert_allclose((without - with_cost)[4:], np.exp(-np.arange(1, 9) / 3.0), atol=1e-12)


def test_a_layer_below_threshold_without_input_is_silent():
    spikes, _ = spike_response_layer(np.zeros((2, 20, 3)), sigma=2.0, bias=0.99)
    assert not spikes.any()
    spikes, _ = spike_response_layer(np.zeros((2, 20, 3)), sigma=2.0, bias=1.0)
    assert spikes[:, 0].all()


def test_later_input_changes_nothing_before(rng):
    current = rng.normal(0, 1, (2, 40, 3))
    changed = current.copy()
    changed[:, 25:] += 1
    _, u = spike_response_layer(current, sigma=2.0)
    _, v = spike_response_layer(changed, sigma=2.0)
    np.testing.assert_array_equal(u[:, :26], v[:, :26])
    assert (u[:, 26] != v[:, 26]).any()


def network_of(rng, delay=0.0):
    return Network(
        (Population("b", 4, spike_response(sigma=2.0)), Population("a", 6, spike_response(sigma=rng.uniform(1, 4, 6), tau=2))),
        (
            Projection("input", "a", sparse.csr_array(rng.normal(0, 0.5, (3, 6)))),
            Projection("a", "b", sparse.csr_array(rng.normal(0, 0.6, (6, 4))), delay=delay),
        ),
    )


def test_a_batch_equals_its_trials_one_by_one(rng):
    network, stimulus = network_of(rng, 0.002), Stimulus(rng.normal(0, 1, (7, 25, 3)), 0.001)
    whole = simulate_spike_response(network, stimulus, chunk=3)
    for trial in range(7):
        alone = simulate_spike_response(network, Stimulus(stimulus.values[trial : trial + 1], 0.001))
        for name in ("a", "b"):
            np.testing.assert_array_equal(whole.raster(name)[trial], alone.raster(name)[0])
    assert whole.raster("b").any()


def test_frames_are_held_for_their_steps(rng):
    network, values = network_of(rng), rng.normal(0, 1, (2, 10, 3))
    held = simulate_spike_response(network, Stimulus(values, 0.004), dt=0.001)
    repeated = simulate_spike_response(network, Stimulus(np.repeat(values, 4, axis=1), 0.001))
    np.testing.assert_array_equal(held.raster("b"), repeated.raster("b"))


def test_populations_are_ordered_by_what_they_need(rng):
    assert feed_forward_order(network_of(rng)) == ["a", "b"]


@pytest.mark.parametrize("call", [psp_kernel, lambda lag, sigma, kernel: kernel_area(sigma, kernel)])
def test_unknown_kernels_are_refused(call):
    with pytest.raises(ValueError, match="'box' is not a kernel"):
        call(1, 1.0, "box")


def test_what_the_fast_run_cannot_do_is_refused(rng):
    network, values = network_of(rng), np.zeros((1, 5, 3))
    with pytest.raises(ValueError, match=r"stimulus of kind 'rate' with 3 channels: this network needs kind 'current' and 3"):
        simulate_spike_response(network, Stimulus(values, 0.001, "rate"))
    with pytest.raises(ValueError, match="needs kind 'current' and 3 channels"):
        simulate_spike_response(network, Stimulus(values[:, :, :2], 0.001))
    with pytest.raises(ValueError, match=r"stimulus frame = 0.001 s is not a whole number of steps of dt = 0.0003 s"):
        simulate_spike_response(network, Stimulus(values, 0.001), dt=0.0003)
    with pytest.raises(ValueError, match=r"delay of projection a_b = 0.0005 s is not a whole number of steps"):
        simulate_spike_response(network_of(rng, 0.0005), Stimulus(np.ones((1, 5, 3)), 0.001))
    late = replace(network, projections=tuple(replace(p, delay=0.003) for p in network.projections))
    with pytest.raises(ValueError, match="delay the stimulus, which consists of frames"):
        simulate_spike_response(late, Stimulus(values, 0.001))
    fed = replace(network.populations[0], background=(Background("received", 1, 10.0, 1.0),))
    with pytest.raises(ValueError, match=f"populations {fed.name} have background input"):
        simulate_spike_response(Network((fed, *network.populations[1:]), network.projections), Stimulus(values, 0.001))
    elsewhere = tuple(replace(p, receives="u") if p.source != "input" else p for p in network.projections)
    with pytest.raises(ValueError, match="projections a_b do not act on 'received'; only those that do"):
        simulate_spike_response(Network(network.populations, elsewhere), Stimulus(values, 0.001))
    loop = Network(network.populations, (*network.projections, Projection("b", "a", sparse.csr_array((4, 6)))))
    with pytest.raises(ValueError, match="populations b, a form a loop"):
        simulate_spike_response(loop, Stimulus(values, 0.001))
    other = Network((Population("a", 2, discrete_lif(leak=0.9)),), (Projection("input", "a", sparse.csr_array((3, 2))),))
    with pytest.raises(ValueError, match="population 'a' is not a spike_response neuron"):
        simulate_spike_response(other, Stimulus(values, 0.001))
