"""Parallel threshold networks: their law, their twin in Brian2, their parts."""

from dataclasses import replace

import networkx as nx
import numpy as np
import pytest

from bioworkbench.discrete import lif_layer, simulate_discrete
from bioworkbench.discrete.subnetworks import Layer, SubNetworks, as_network, joined, last_layer_spikes, noisy_copies
from bioworkbench.records.stimulus import Stimulus
from bioworkbench.simulation import simulate


def drawn(rng, n=7, shape=(4, 1), n_channels=3, recurrent=True, reset="subtract", leak=None):
    layers, width = [], n_channels
    for size in shape:
        loops = rng.normal(0, 1, (n, size, size)) if recurrent and size > 1 else None
        leaks = rng.uniform(0, 1, (n, size)) if leak is None else np.full((n, size), leak)
        layers.append(Layer(rng.normal(0, 1, (n, width, size)), rng.normal(0.3, 0.5, (n, size)), leaks, loops))
        width = size
    return SubNetworks(tuple(layers), reset)


@pytest.fixture
def rng():
    return np.random.default_rng(0)


@pytest.mark.parametrize(("reset", "spikes"), [("subtract", [1, 0, 1, 0]), ("zero", [1, 0, 0, 0])])
def test_one_neuron_by_hand(reset, spikes):
    """Leak 0.5 and drive 1.5, 0.25, 0.75, 0.5."""
    one = SubNetworks((Layer(np.ones((1, 1, 1)), np.zeros((1, 1)), np.full((1, 1), 0.5)),), reset)
    found = last_layer_spikes(one, np.array([1.5, 0.25, 0.75, 0.5]).reshape(1, 4, 1))
    assert found.ravel().astype(int).tolist() == spikes


def test_a_step_that_is_asked_for_twice_is_answered_twice():
    always = SubNetworks((Layer(np.ones((1, 1, 1)), np.zeros((1, 1)), np.zeros((1, 1))),))
    assert last_layer_spikes(always, np.full((1, 3, 1), 2.0), [1, 1, 0]).all()


def test_without_leak_and_recurrence_a_step_is_a_feed_forward_threshold_unit(rng):
    units = drawn(rng, shape=(1,), recurrent=False, leak=0.0)
    values = rng.normal(size=(20, 5, 3))
    expected = values @ units.layers[0].weights[:, :, 0].T + units.layers[0].bias[:, 0] >= 1
    np.testing.assert_array_equal(last_layer_spikes(units, values), expected)


@pytest.mark.parametrize("reset", ["subtract", "zero"])
def test_spikes_are_those_of_the_twin_and_of_brian2(rng, reset):
    networks = drawn(rng, shape=(4, 3, 1), reset=reset)
    values = rng.normal(size=(20, 20, 3))
    spikes = last_layer_spikes(networks, values)
    assert 0.05 < spikes.mean() < 0.95
    made, stimulus = as_network(networks), Stimulus(values, 1e-3)
    np.testing.assert_array_equal(simulate_discrete(made, stimulus).raster("layer_3"), spikes)
    recording = simulate(made, stimulus, 0, dt=1e-3, backend="numpy")
    np.testing.assert_array_equal(recording.raster("layer_3"), spikes)


@pytest.mark.parametrize(("shape", "recurrent"), [((1,), False), ((4, 3), True)])
def test_half_spaces_are_signs_of_the_potentials_also_in_brian2(rng, shape, recurrent):
    """Before and after the reset, with resets on the way: followers that are not told of them give other signs."""
    networks, values = drawn(rng, shape=shape, recurrent=recurrent), rng.normal(size=(20, 20, 3))
    seen = last_layer_spikes(networks, values, half_spaces=True)
    made, stimulus = as_network(networks, half_spaces=True), Stimulus(values, 1e-3)
    np.testing.assert_array_equal(simulate_discrete(made, stimulus).raster("half_spaces"), seen)
    last = f"layer_{len(shape)}"
    recording = simulate(made, stimulus, 0, dt=1e-3, backend="numpy", record=[f"{last}.v"])
    np.testing.assert_array_equal(recording.raster("half_spaces"), seen)
    # a trace has the potential at the start of a step, which is that after the reset of the step before
    np.testing.assert_array_equal(recording.traces[f"{last}.v"][:, 1:] >= 0, seen[:, :-1])
    np.testing.assert_array_equal(recording.raster(last), last_layer_spikes(networks, values))
    untold = tuple(p for p in made.projections if (p.source, p.target) != (last, "half_spaces"))
    assert (simulate_discrete(replace(made, projections=untold), stimulus).raster("half_spaces") != seen).any()


def test_neurons_that_reset_to_0_have_no_half_spaces(rng):
    with pytest.raises(ValueError, match="reset = 'zero': half-spaces need 'subtract'"):
        as_network(drawn(rng, reset="zero"), half_spaces=True)


def test_a_layer_late_by_a_step_gives_other_spikes(rng):
    """The twin that must fail: deeper biases act from the first step on, so shifting the upper layer is no correspondence."""
    networks, values = drawn(rng, leak=0.9), rng.normal(size=(20, 20, 3))
    spikes = last_layer_spikes(networks, values)
    late = last_layer_spikes(networks, np.concatenate([np.zeros((20, 1, 3)), values], axis=1))[:, 1:]
    assert (late != spikes).any()


def test_leaky_neurons_are_those_of_lif_layer(rng):
    networks, values = drawn(rng, shape=(1,), recurrent=False, leak=0.8), rng.normal(size=(9, 15, 3))
    layer = networks.layers[0]
    expected, _ = lif_layer(np.einsum("ntc,pcm->ntp", values, layer.weights) + layer.bias[:, 0], leak=0.8)
    np.testing.assert_array_equal(last_layer_spikes(networks, values), expected)


def test_only_the_asked_steps_and_blocks_of_trials(rng, monkeypatch):
    networks, values = drawn(rng), rng.normal(size=(11, 8, 3))
    everything = last_layer_spikes(networks, values)
    monkeypatch.setattr("bioworkbench.discrete.subnetworks.BLOCK_BYTES", 8 * 7 * 5 * 4 * 3)
    np.testing.assert_array_equal(last_layer_spikes(networks, values, [2, 7]), everything[:, [2, 7]])


def test_parts_are_disjoint_and_weights_go_from_source_to_target(rng):
    networks = drawn(rng, n=5)
    made = as_network(networks)
    graph = nx.Graph()
    graph.add_nodes_from((p.name, k) for p in made.populations for k in range(p.size))
    for projection in made.projections:
        if projection.source != "input":
            rows, columns = projection.weights.nonzero()
            graph.add_edges_from(((projection.source, i), (projection.target, j)) for i, j in zip(rows, columns, strict=True))
    assert nx.number_connected_components(graph) == 5
    by_name = {p.name: p.weights.toarray() for p in made.projections}
    assert by_name["input_layer_1"][2, 3 * 4 + 1] == networks.layers[0].weights[3, 2, 1]
    assert by_name["layer_1_layer_1"][2 * 4 + 3, 2 * 4 + 1] == networks.layers[0].recurrent[2, 3, 1]
    assert by_name["layer_1_layer_2"][2 * 4 + 3, 2] == networks.layers[1].weights[2, 3, 0]


def test_taking_joining_and_copying(rng):
    networks = drawn(rng)
    again = joined(networks.take(np.array([0, 1])), networks.take(np.arange(2, 7)))
    for one, two in zip(again.layers, networks.layers, strict=True):
        np.testing.assert_array_equal(one.weights, two.weights)
    copies = noisy_copies(networks, 3, 0.1, rng)
    assert copies.n == 21
    change = copies.layers[0].weights[7:14] - networks.layers[0].weights
    scale = 0.1 * np.sqrt((networks.layers[0].weights ** 2).mean())
    assert abs(change.std() / scale - 1) < 4.5 / np.sqrt(2 * change.size)


def test_what_does_not_fit_is_refused(rng):
    networks = drawn(rng)
    with pytest.raises(ValueError, match=r"bias of a layer has shape \(2, 3\); it must be \(2, 1\)"):
        Layer(np.ones((2, 3, 1)), np.ones((2, 3)), np.ones((2, 1)))
    with pytest.raises(ValueError, match=r"sub-networks of shape \(3, 1\), 3 channels and reset 'subtract' cannot join \(4, 1\)"):
        joined(networks, drawn(rng, shape=(3, 1)))
    with pytest.raises(ValueError, match="cannot join"):
        joined(networks, drawn(rng, recurrent=False))
    with pytest.raises(ValueError, match=r"steps = \[8\]: must name steps from 0 to 7"):
        last_layer_spikes(networks, np.zeros((1, 8, 3)), [8])
    with pytest.raises(ValueError, match=r"values has shape \(1, 8, 2\); it must be \(any, any, 3\)"):
        last_layer_spikes(networks, np.zeros((1, 8, 2)))
