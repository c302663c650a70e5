"""How synapses are scored, scaled and measured, on networks small enough to see through."""

from dataclasses import replace

import networkx as nx
import numpy as np
import pytest
from scipy import sparse

from bioworkbench.discrete.lif import discrete_lif
from bioworkbench.methods.rewired_reservoir import _reachable
from bioworkbench.methods.rewired_reservoir.plasticity import (
    Plasticity,
    ReservoirRewiring,
    Scaling,
    _closeness,
    lagged_correlations,
    source_signs,
)
from bioworkbench.methods.rewired_reservoir.structure import SmallWorld, _clustering_and_path_length, joint_weights, unreachable
from bioworkbench.records.errors import TopologyError
from bioworkbench.records.network import Network, Population, Projection
from bioworkbench.records.recording import Recording, Spikes
from bioworkbench.topology.generators.spatial import link_distances
from bioworkbench.topology.measures import characteristic_path_length, clustering

MODEL = discrete_lif(leak=0.9)


def recorded(raster, name="a", dt=1e-3):
    trial, step, neuron = np.nonzero(raster)
    spikes = {name: Spikes(trial, neuron, step * dt)}
    return Recording(spikes, {}, {name: raster.shape[2]}, len(raster), raster.shape[1] * dt, dt, 1, "numpy")


def network_of(weights, inputs=(1.0, 0.0, 0.0)):
    given = sparse.csr_array(np.array([inputs]))
    links = sparse.csr_array(np.array(weights, dtype=float))
    return Network((Population("a", links.shape[0], MODEL),), (Projection("input", "a", given), Projection("a", "a", links)))


def plasticity(network, **settings):
    given = {"removed_fraction": 0.5, "regrowth": "random", "sample_regrowth": False, "bin": 1e-3}
    scaling = Scaling(settings.pop("target_rate", None), 1.0)
    return Plasticity(network, ReservoirRewiring(**{**given, **settings}, projections=("a_a",)), scaling)


def moved_by(rules, raster):
    step = rules.rewiring.rules_after(1, 10)
    return rules.rewired_by(rules.fresh, recorded(raster), step, lambda name: np.random.default_rng(1))


def test_correlations_are_those_of_counts_one_bin_apart():
    raster = np.random.default_rng(1).random((3, 20, 4)) < 0.3
    found = lagged_correlations(recorded(raster), "a", "a", 2e-3)
    counts = raster.reshape(3, 10, 2, 4).sum(axis=2)
    early, late = counts[:, :-1].reshape(-1, 4), counts[:, 1:].reshape(-1, 4)
    wanted = np.corrcoef(early.T, late.T)[:4, 4:]
    assert np.allclose(found, wanted, atol=1e-12)


def test_correlations_of_two_populations_go_from_the_first_to_the_second():
    rng = np.random.default_rng(1)
    sources, targets = rng.random((3, 20, 4)) < 0.3, rng.random((3, 20, 2)) < 0.3
    targets[:, 1:, 0] = sources[:, :-1, 3]  # one step later
    one, other = recorded(sources), recorded(targets, "b")
    both = replace(one, spikes={**one.spikes, **other.spikes}, sizes={**one.sizes, **other.sizes})
    found = lagged_correlations(both, "a", "b", 1e-3)
    early, late = sources[:, :-1].reshape(-1, 4), targets[:, 1:].reshape(-1, 2)
    np.testing.assert_allclose(found, np.corrcoef(early.T, late.T)[:4, 4:], atol=1e-12)
    assert found[3, 0] == pytest.approx(1.0)


def test_close_neurons_are_likely_to_be_linked_across_the_border_too():
    everything = sparse.csr_array(np.ones((6, 9), dtype=bool))
    expected = np.exp(-link_distances(everything, dimensions=2, periodic=True) / 0.3)
    np.testing.assert_allclose(_closeness((6, 9), 0.3).ravel(), expected)


def test_silent_neurons_correlate_with_nobody():
    raster = np.random.default_rng(1).random((2, 30, 3)) < 0.5
    raster[:, :, 1] = False
    found = lagged_correlations(recorded(raster), "a", "a", 1e-3)
    assert not found[1].any()
    assert not found[:, 1].any()


def test_signs_are_the_sources_or_none():
    assert source_signs(sparse.csr_array([[0.0, 1.0, 2.0], [-1.0, 0.0, -2.0]])).tolist() == [1, -1]
    assert source_signs(sparse.csr_array([[0.0, 1.0, -2.0]])) is None


def test_scaling_multiplies_excitation_and_divides_inhibition():
    network = network_of([[0, 1.0, 1.0], [0, 0, -2.0], [1.0, 0, 0]])
    raster = np.zeros((1, 100, 3), dtype=bool)
    raster[0, ::2, 0] = raster[0, ::8, 1] = raster[0, ::4, 2] = True  # 50, 13 and 25 spikes
    rules = plasticity(network, target_rate=250.0)
    wiring = rules.scaled(rules.fresh, recorded(raster))
    factor = np.clip(26 / np.array([51, 14, 26]), 0.5, 2)
    assert np.allclose(wiring.factors["a"], factor)
    found = wiring.network(network).projections[1].weights.toarray()
    assert np.allclose(found, [[0, factor[1], 1], [0, 0, -2], [factor[0], 0, 0]])
    for _ in range(10):
        wiring = rules.scaled(wiring, recorded(raster))
    assert wiring.factors["a"].max() <= 10
    assert wiring.factors["a"].min() >= 0.1


def test_synapses_between_neurons_that_follow_each_other_stay():
    weights = np.array([[0, 1, 0, 0], [0, 0, 1, 0], [0, 0, 0, 1], [1, 0, 0, 0]])
    raster = np.random.default_rng(2).random((1, 400, 4)) < 0.2
    raster[:, 1:, 1] = raster[:, :-1, 0]  # 1 follows 0, and 2 follows 1
    raster[:, 1:, 2] = raster[:, :-1, 1]
    rules = plasticity(network_of(weights, np.ones(4)), regrowth="random")
    moved, history = moved_by(rules, raster)
    after = moved.projections[1].weights.toarray()
    assert after[0, 1] == after[1, 2] == 1
    assert (after != 0).sum() == 4
    assert history["n_filled"] == 0


def test_removal_and_regrowth_may_be_functions():
    weights = np.array([[0, 1, 0, 0], [0, 0, 1, 0], [0, 0, 0, 1], [1, 0, 0, 0]])
    raster = np.random.default_rng(2).random((1, 40, 4)) < 0.2
    wanted = np.zeros((4, 4))
    wanted[0, 2] = 1
    rules = plasticity(
        network_of(weights, np.ones(4)),
        removal=lambda found: -found.tocoo().coords[0].astype(float),  # the last row goes first
        regrowth=lambda mask: wanted,
        removed_fraction=0.25,
    )
    after = moved_by(rules, raster)[0].projections[1].weights.toarray() != 0
    assert not after[3, 0]
    assert after[0, 2]


def test_correlation_regrows_between_neurons_that_follow_each_other():
    weights = np.array([[0, 0, 1, 0], [0, 0, 0, 1], [0, 0, 0, 1], [1, 0, 0, 0]])
    raster = np.random.default_rng(3).random((1, 400, 4)) < 0.2
    raster[:, 1:, 1] = raster[:, :-1, 0]
    rules = plasticity(network_of(weights, np.ones(4)), regrowth="correlation", removed_fraction=0.25)
    moved, _ = moved_by(rules, raster)
    assert moved.projections[1].weights.toarray()[0, 1] == 1


def test_all_synapses_lie_in_one_matrix():
    ones = sparse.csr_array(np.ones((2, 3)))
    network = Network((Population("a", 2, MODEL), Population("b", 3, MODEL)), (Projection("a", "b", ones),))
    assert joint_weights(network).toarray().nonzero()[1].tolist() == [2, 3, 4] * 2


def test_who_can_be_reached():
    chain = network_of([[0, 1.0, 0], [0, 0, 0], [1.0, 0, 0]])
    assert unreachable(chain)["a"].tolist() == [2]


def test_populations_without_inputs_are_where_ways_begin():
    source = Population("s", 2, MODEL)
    network = Network((source, Population("a", 2, MODEL)), (Projection("s", "a", sparse.csr_array([[1.0, 0], [0, 0]])),))
    assert {name: lost.tolist() for name, lost in unreachable(network).items()} == {"s": [], "a": [1]}
    turned = replace(network, populations=network.populations[::-1])
    assert {name: lost.tolist() for name, lost in unreachable(turned).items()} == {"a": [1], "s": []}


def test_a_population_that_is_cut_off_is_named():
    with pytest.raises(TopologyError, match=r"episode 4: none of the 3 neurons of 'a' can be reached from the input any more"):
        _reachable(network_of(np.zeros((3, 3)), inputs=(0.0, 0.0, 0.0)), 4)


def test_a_clustered_ring_is_a_small_world():
    n = 60
    ring = sum(np.roll(np.eye(n), shift, axis=1) for shift in (1, 2, 3, 20))
    network = network_of(ring, inputs=np.ones(n))
    world = SmallWorld.beside(network, np.random.default_rng(1))
    found = world.measured(network)
    assert found["n_links"] == len(world.sources) == 4 * n
    assert found["small_worldness"] > 2
    random = nx.DiGraph(zip(world.sources.tolist(), world.targets.tolist(), strict=True))
    random.add_nodes_from(range(n))
    apart, near = (
        measure(nx.from_numpy_array(ring, create_using=nx.DiGraph)) / measure(random)
        for measure in (characteristic_path_length, clustering)
    )
    assert found["small_worldness"] == pytest.approx(near / apart, rel=1e-5)
    assert found["spectral_radius"] == pytest.approx(4)


def test_clustering_and_path_length_are_those_of_the_plain_graph():
    links = np.random.default_rng(4).random((40, 40)) < 0.05
    np.fill_diagonal(links, False)
    graph = nx.from_numpy_array(links, create_using=nx.DiGraph)
    found = _clustering_and_path_length(*links.nonzero(), 40)
    assert found == pytest.approx((clustering(graph), characteristic_path_length(graph)), rel=1e-6)


def test_measures_need_synapses():
    with pytest.raises(TopologyError, match="0 synapses between neurons; a reservoir needs some to rewire"):
        SmallWorld.beside(network_of(np.zeros((3, 3))), np.random.default_rng(1))
