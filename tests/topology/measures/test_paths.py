"""Distances from bits, against networkx and scipy, and samples against all."""

import networkx as nx
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bioworkbench.topology.measures import estimates, paths
from bioworkbench.topology.measures.paths import (
    characteristic_path_length,
    distance_counts,
    distances,
    global_efficiency,
    local_efficiency,
)
from bioworkbench.topology.measures.searches import reached_pairs
from bioworkbench.topology.measures.triangles import local_community_correlation
from bioworkbench.topology.simple_graph import simple_graph


@given(st.integers(0, 10**6), st.integers(1, 150), st.floats(0, 0.1))
def test_counts_of_distances_are_those_of_the_matrix(seed, n, p):
    """More than 64 nodes take several searches, sparse ones tell and dense ones ask their neighbors."""
    graph = nx.gnp_random_graph(n, p, seed=seed)
    matrix = distances(graph)
    lengths = dict(nx.all_pairs_shortest_path_length(graph))
    assert all(matrix[u, v] == lengths[u].get(v, np.inf) for u in graph for v in graph)
    counts = distance_counts(graph)
    found = matrix[np.isfinite(matrix) & (matrix > 0)].astype(int)
    assert counts.pairs.sum(axis=0)[1:].tolist() == np.bincount(found, minlength=counts.pairs.shape[1])[1:].tolist()
    assert counts.is_exact


@given(st.integers(0, 10**6), st.floats(0, 1))
def test_local_efficiency_is_that_of_networkx(seed, p):
    graph = nx.gnp_random_graph(20, p, seed=seed)
    assert local_efficiency(graph) == pytest.approx(nx.local_efficiency(graph))


def test_local_efficiency_around_hubs_with_more_than_64_neighbors():
    graph = nx.barabasi_albert_graph(150, 20, seed=1)
    graph.add_edges_from((0, k) for k in range(1, 150))
    assert local_efficiency(graph) == pytest.approx(nx.local_efficiency(graph))


def test_a_path_of_many_nodes():
    n = 3000
    assert characteristic_path_length(nx.path_graph(n)) == pytest.approx((n + 1) / 3)


@pytest.fixture
def sampled(monkeypatch):
    """Everything above 100 nodes or links is sampled."""
    for module in (estimates, paths):
        monkeypatch.setattr(module, "EXACT_NODES", 100)


def test_samples_agree_with_all_within_their_error(sampled):
    graph = nx.watts_strogatz_graph(4000, 8, 0.2, seed=1)
    rng = np.random.default_rng(1)
    own = simple_graph(graph)
    exact = reached_pairs(own.starts, own.neighbors, np.arange(4000))
    truth = exact @ np.arange(exact.size) / exact.sum()
    deviations = []
    for _ in range(20):
        found = characteristic_path_length(simple_graph(graph), rng)
        deviations.append((found - truth) / found.standard_error)
    assert np.abs(np.mean(deviations)) < 4.5 / np.sqrt(20)
    assert 0.5 < np.std(deviations) < 1.6  # errors of the right size
    assert global_efficiency(simple_graph(graph), rng).standard_error > 0


def test_sampled_surroundings(monkeypatch):
    for module in ("paths", "triangles"):
        monkeypatch.setattr(f"bioworkbench.topology.measures.{module}.EXACT_LINKS", 100)
    graph, rng = nx.watts_strogatz_graph(20_000, 8, 0.2, seed=1), np.random.default_rng(1)
    for measure in (local_efficiency, local_community_correlation):
        with pytest.raises(ValueError, match=r"is too large for .* of all; give a random generator, rng, to measure a sample"):
            measure(graph)
        found = measure(graph, rng)
        monkeypatch.undo()
        assert abs(found - measure(graph)) < 4.5 * found.standard_error
        for module in ("paths", "triangles"):
            monkeypatch.setattr(f"bioworkbench.topology.measures.{module}.EXACT_LINKS", 100)
