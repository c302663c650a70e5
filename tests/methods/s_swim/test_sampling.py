"""Sampling of spike-response networks: what is replaced, what is kept, what is refused."""

import numpy as np
import pytest
from scipy import sparse

from bioworkbench.discrete.spike_response import spike_response, spike_response_arguments
from bioworkbench.discrete.spike_response_layers import (
    filtered_signal,
    kernel_area,
    simulate_spike_response,
    spike_response_layer,
)
from bioworkbench.methods.s_swim.sampling import Times, require_spikes, sampled_network
from bioworkbench.records.network import Network, Population, Projection
from bioworkbench.records.recording import Recording, Spikes
from bioworkbench.records.stimulus import Stimulus
from bioworkbench.weights.from_pairs import PairSampling

FRAME, PER_FRAME = 0.004, 4


@pytest.fixture
def rng():
    return np.random.default_rng(0)


def start(*sizes, n_channels=3, density=1.0, rng=None):
    populations, projections, below, width = [], [], "input", n_channels
    for k, size in enumerate(sizes):
        links = np.ones((width, size)) if density == 1.0 else (rng.random((width, size)) < density).astype(float)
        populations.append(Population(f"layer{k}", size, spike_response(sigma=2.0, kernel="exponential")))
        projections.append(Projection(below, f"layer{k}", sparse.csr_array(links)))
        below, width = f"layer{k}", size
    return Network(tuple(populations), tuple(projections))


def stimulus_of(rng, n=80, n_channels=3):
    values = rng.normal(size=(n, 6, n_channels)).cumsum(axis=1)
    return Stimulus(values, FRAME), values[:, -1, :2] * values[:, 2, 1:]


def simulate(network, stimulus, seed):
    return simulate_spike_response(network, stimulus, seed, dt=FRAME / PER_FRAME)


def sampled(network, rng, settings=None, times=None, run=simulate):
    stimulus, wanted = stimulus_of(rng)
    settings, times = settings or PairSampling(n_candidates=500), times or Times()
    return stimulus, *sampled_network(
        network, stimulus, wanted, run, rng, steps_per_frame=PER_FRAME, settings=settings, times=times
    )


def test_constants_follow_their_distributions_and_are_shared_in_groups(rng):
    times = Times(sigma=(2.0, 5.0), varsigma=(1.0, 3.0), tau_max=4, n_groups=5, cost=-0.7)
    _, network, numbers = sampled(start(23), rng, times=times)
    found = spike_response_arguments(network.populations[0].model, "layer0")
    assert ((found["sigma"] >= 2) & (found["sigma"] <= 5)).all()
    assert ((found["varsigma"] >= 1) & (found["varsigma"] <= 3)).all()
    assert set(found["tau"].astype(int)) <= set(range(5))
    assert found["c"] == -0.7
    assert found["kernel"] == "exponential"
    assert len(np.unique(found["sigma"])) == 5
    assert numbers.shape == (1,)


def test_pairs_meet_the_threshold_at_the_last_step(rng):
    """Without spikes of its own, the potential of a neuron is 1 - margin in one trial and 1 + margin in another."""
    settings = PairSampling(metric="l2", spread=None, margin=0.3, offset=0.0, n_candidates=40)
    stimulus, network, _ = sampled(start(6), rng, settings=settings, times=Times(n_groups=2))
    current = np.repeat(stimulus.values @ network.projections[0].weights.toarray(), PER_FRAME, axis=1)
    given = spike_response_arguments(network.populations[0].model, "layer0") | {"threshold": None}
    u = spike_response_layer(current, **given)[1][:, -1]
    assert np.abs(u - 0.7).min(axis=0).max() < 1e-9
    assert np.abs(u - 1.3).min(axis=0).max() < 1e-9


def test_states_are_inputs_filtered_with_a_kernel_of_area_one(rng):
    """The standard deviation of the potential at the last step is the one that was asked for."""
    stimulus, network, _ = sampled(start(6), rng, settings=PairSampling(spread=0.6, n_candidates=50), times=Times(n_groups=3))
    weights = network.projections[0].weights.toarray()
    sigma = spike_response_arguments(network.populations[0].model, "layer0")["sigma"]
    signal = np.repeat(stimulus.values, PER_FRAME, axis=1)
    for i in range(6):
        state = filtered_signal(signal, sigma=sigma[i], kernel="exponential")[:, -1] / kernel_area(sigma[i], "exponential")
        assert (state @ weights[:, i] * kernel_area(sigma[i], "exponential")).std() == pytest.approx(0.6)


def test_deeper_populations_are_fed_with_spikes_and_delayed_by_synapses(rng):
    _, network, numbers = sampled(start(20, 10), rng, times=Times(tau_max=5, n_groups=4))
    deep = spike_response_arguments(network.population("layer1").model, "layer1")
    assert deep["tau"] == 0
    given = np.asarray(network.projections[1].delay) / (FRAME / PER_FRAME)
    delays = np.rint(given)
    np.testing.assert_allclose(given, delays, atol=1e-9)  # whole steps
    assert delays.shape == (200,)
    assert 0 < delays.max() <= 5
    assert len(np.unique(delays[::10])) == 1  # all synapses to one neuron share its delay
    assert numbers.shape == (2,)
    recording = simulate(network, stimulus_of(rng)[0], 0)
    assert len(recording.spikes["layer1"]) > 0


def test_links_are_kept(rng):
    given = start(30, density=0.4, rng=rng)
    _, network, _ = sampled(given, rng)
    np.testing.assert_array_equal(network.projections[0].weights.indices, given.projections[0].weights.indices)
    assert network.projections[0].weights.data.all()


def test_any_moment_gives_other_neurons(rng):
    results = [
        sampled(start(12), np.random.default_rng(5), times=Times(n_groups=4, any_moment=flag))[1].projections[0].weights.toarray()
        for flag in (False, True)
    ]
    assert not np.allclose(*results)


def test_networks_that_cannot_be_sampled_are_refused(rng):
    double = start(4, 4)
    double = Network(double.populations, (*double.projections, Projection("input", "layer1", sparse.csr_array(np.ones((3, 4))))))
    with pytest.raises(ValueError, match="population 'layer1' is the target of 2 projections; S-SWIM samples exactly one"):
        sampled(double, rng)
    rates = Stimulus(np.ones((5, 6, 3)), FRAME, "rate")
    with pytest.raises(ValueError, match="stimulus kind = 'rate': neurons are sampled from input of kind 'current'"):
        sampled_network(
            start(4), rates, np.ones((5, 1)), simulate, rng, steps_per_frame=4, settings=PairSampling(), times=Times()
        )


def test_a_silent_population_is_named(rng):
    with pytest.raises(ValueError, match=r"population 'layer0' never spikes in 80 trials; raise pairs.offset or pairs.spread"):
        sampled(start(8, 4), rng, settings=PairSampling(offset=-50.0, n_candidates=50))
    nothing = Spikes(np.zeros(0, int), np.zeros(0, int), np.zeros(0))
    with pytest.raises(ValueError, match="population 'a' never spikes in 2 trials"):
        require_spikes(Recording({"a": nothing}, {}, {"a": 3}, 2, 1.0, 0.1, 0, "made"))


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"sigma": (3.0, 1.0)}, r"sigma = \(3.0, 1.0\): give the lower end first, in steps"),
        ({"varsigma": (0.0, 1.0)}, "varsigma = 0.0: must be a finite number above 0"),
        ({"cost": float("nan")}, "cost has 1 value that is not finite"),
        ({"tau_max": -1}, "tau_max = -1: must be an integer, 0 or more"),
        ({"n_groups": 0}, "n_groups = 0: must be an integer, 1 or more"),
    ],
)
def test_distributions_of_times_are_checked(arguments, words):
    with pytest.raises(ValueError, match=words):
        Times(**arguments)
