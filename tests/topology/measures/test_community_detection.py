"""Communities by Leiden's method and by spectral bisection, and their modularity."""

import random

import igraph
import networkx as nx
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bioworkbench.topology.measures.community_detection import COMMUNITY_METHODS, communities, modularity, modularity_of


def groups_of(graph, labels):
    return [{node for node, label in zip(graph, labels, strict=True) if label == k} for k in range(labels.max() + 1)]


def test_karate_reaches_newmans_modularity():
    """0.419 in M. E. J. Newman (2006), and 0.4198, the largest there is."""
    rng = np.random.default_rng(1)
    assert modularity(nx.karate_club_graph(), rng, method="newman") == pytest.approx(0.419, abs=1e-3)
    assert modularity(nx.karate_club_graph(), rng) == pytest.approx(0.4197896, abs=1e-6)


@pytest.mark.parametrize("method", COMMUNITY_METHODS)
def test_cliques_are_found(method):
    graph = nx.connected_caveman_graph(4, 6)
    groups = groups_of(graph, communities(graph, np.random.default_rng(1), method=method))
    assert sorted(sorted(group) for group in groups) == [list(range(6 * k, 6 * k + 6)) for k in range(4)]


@given(st.integers(0, 10**6), st.sampled_from(COMMUNITY_METHODS))
def test_communities_are_a_partition_no_worse_than_one_group(seed, method):
    graph = nx.gnp_random_graph(14, 0.25, seed=seed)
    labels = communities(graph, np.random.default_rng(seed), method=method)
    groups = groups_of(graph, labels)
    assert all(groups)
    assert [len(group) for group in groups] == sorted((len(group) for group in groups), reverse=True)
    if graph.number_of_edges():
        assert modularity_of(graph, labels) == pytest.approx(nx.community.modularity(graph, groups))
        assert modularity_of(graph, labels) >= -1e-12


def test_any_labels_name_communities_and_every_node_has_one():
    graph = nx.karate_club_graph()
    numbers = np.arange(34) % 3
    assert (
        modularity_of(graph, numbers - 5)
        == modularity_of(graph, np.array(["a", "b", "c"])[numbers])
        == modularity_of(graph, numbers)
    )
    with pytest.raises(ValueError, match=r"labels has shape \(3,\); it must be \(34\)"):
        modularity_of(graph, [0, 1, 2])


@given(st.integers(0, 10**6))
def test_weighted_modularity_is_that_of_networkx(seed):
    graph, rng = nx.gnp_random_graph(12, 0.4, seed=seed), np.random.default_rng(seed)
    for u, v in graph.edges:
        graph[u][v]["weight"] = rng.random() + 0.1
    if graph.number_of_edges():
        labels = communities(graph, rng, weighted=True)
        expected = nx.community.modularity(graph, groups_of(graph, labels), weight="weight")
        assert modularity_of(graph, labels, weighted=True) == pytest.approx(expected)


def test_leiden_is_as_good_as_that_of_igraph():
    graph = nx.gnm_random_graph(500, 5000, seed=1)
    peer = igraph.Graph(500, list(graph.edges))
    random.seed(1)  # igraph draws from Python's generator
    theirs = np.mean([peer.community_leiden("modularity", n_iterations=2).modularity for _ in range(20)])
    assert modularity(graph, np.random.default_rng(1)) >= theirs
    assert modularity(graph, np.random.default_rng(1)) > modularity(graph, np.random.default_rng(1), method="newman", n_runs=1)


def test_same_seed_same_communities():
    graph = nx.gnm_random_graph(100, 400, seed=1)
    one, other = (communities(graph, np.random.default_rng(3)) for _ in range(2))
    assert (one == other).all()


def test_a_larger_resolution_gives_more_communities():
    graph, rng = nx.connected_caveman_graph(6, 6), np.random.default_rng(1)
    assert communities(graph, rng, resolution=5.0).max() > communities(graph, rng, resolution=0.1).max()


@pytest.mark.parametrize("method", COMMUNITY_METHODS)
def test_a_complete_graph_is_one_community(method):
    assert communities(nx.complete_graph(6), np.random.default_rng(1), method=method).tolist() == [0] * 6
    assert modularity(nx.complete_graph(6), np.random.default_rng(1), method=method) == pytest.approx(0)


def test_what_it_refuses():
    with pytest.raises(ValueError, match="'louvain' is not a method for communities; known: leiden, newman"):
        communities(nx.path_graph(3), np.random.default_rng(1), method="louvain")
    with pytest.raises(ValueError, match="resolution = 0: must be a finite number above 0"):
        communities(nx.path_graph(3), np.random.default_rng(1), resolution=0)
    assert np.isnan(modularity(nx.empty_graph(3), np.random.default_rng(1)))
    assert communities(nx.empty_graph(3), np.random.default_rng(1)).tolist() == [0, 1, 2]
