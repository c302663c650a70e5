"""Small-worldness, rich club and motifs against nulls."""

import networkx as nx
import numpy as np
import pytest

from bioworkbench.topology.measures import clustering, reciprocity
from bioworkbench.topology.null_comparisons import (
    NullComparison,
    against_nulls,
    rich_club,
    small_worldness,
    triad_significance,
)


def test_small_worldness_of_karate():
    """Published: sigma 1.50 +- 0.05 and omega 0.03 +- 0.03 per estimate from ten nulls."""
    n, rng = 12, np.random.default_rng(1)
    estimates = [small_worldness(nx.karate_club_graph(), rng) for _ in range(n)]
    for name, mean, deviation in (("small_world_sigma", 1.50, 0.05), ("small_world_omega", 0.03, 0.03)):
        own = np.mean([estimate[name] for estimate in estimates])
        assert abs(own - mean) < 4.5 * deviation / np.sqrt(n) + 0.005  # the published mean is rounded


def test_watts_strogatz_is_a_small_world_and_a_random_graph_is_not():
    rng = np.random.default_rng(1)
    small = small_worldness(nx.watts_strogatz_graph(120, 8, 0.1, seed=1), rng, n_nulls=4)
    random = small_worldness(nx.gnm_random_graph(120, 480, seed=1), rng, n_nulls=4)
    assert small["small_world_sigma"] > 3 > 1.5 > random["small_world_sigma"]
    assert abs(small["small_world_omega"]) < 0.5 < random["small_world_omega"]


def test_small_worldness_of_a_tree_is_undefined():
    result = small_worldness(nx.star_graph(6), np.random.default_rng(1), n_nulls=2)
    assert all(np.isnan(value) for value in result.values())


def test_a_rich_club_is_found():
    graph = nx.disjoint_union(nx.complete_graph(8), nx.circulant_graph(92, [1, 2]))
    graph.add_edges_from((hub, 8 + 10 * hub + k) for hub in range(8) for k in range(3))
    degrees, coefficients, nulls = rich_club(graph, np.random.default_rng(1), n_nulls=10)
    club = degrees == 5  # of larger degree are the eight hubs alone
    assert coefficients[club] == 1
    assert (nulls[:, club] < coefficients[club]).all()
    assert nulls.shape == (10, degrees.size)
    assert degrees[0] == 0
    assert coefficients[0] == pytest.approx(nx.density(graph))


def test_triads():
    rng = np.random.default_rng(1)
    ring = nx.DiGraph((k, (k + step) % 30) for k in range(30) for step in (1, 2))  # full of transitive triads, "030T"
    result = triad_significance(ring, rng, n_nulls=20)
    assert result["030T"].value == 30
    assert result["030T"].z > 5
    assert sum(comparison.value for comparison in result.values()) == 30 * 29 * 28 / 6
    with pytest.raises(ValueError, match="is undirected; triads are counted in a directed graph"):
        triad_significance(nx.path_graph(3), rng)


def test_against_nulls():
    graph = nx.gnp_random_graph(30, 0.2, seed=1, directed=True)
    result = against_nulls(graph, {"reciprocity": reciprocity, "clustering": clustering}, np.random.default_rng(1), n_nulls=30)
    assert set(result) == {"reciprocity", "clustering"}
    assert abs(result["reciprocity"].z) < 4.5  # a random graph is its own null
    assert result["reciprocity"].nulls.shape == (30,)


def test_z_without_spread_is_undefined():
    assert np.isnan(NullComparison(1.0, np.ones(5)).z)
    assert NullComparison(3.0, np.array([0.0, 2.0])).z == pytest.approx(2 / np.sqrt(2))
