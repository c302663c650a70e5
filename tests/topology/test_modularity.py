"""Communities by spectral bisection."""

import networkx as nx
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bioworkbench.topology.modularity import modularity, spectral_communities


def test_karate_reaches_newmans_modularity():
    """0.419 in M. E. J. Newman (2006); runs of the public code lie between 0.373 and 0.419."""
    value = modularity(nx.karate_club_graph(), np.random.default_rng(1))
    assert value == pytest.approx(0.419, abs=5e-4)


def test_cliques_are_found():
    graph = nx.connected_caveman_graph(4, 6)
    groups = spectral_communities(graph, np.random.default_rng(1))
    assert sorted(sorted(group) for group in groups) == [list(range(6 * k, 6 * k + 6)) for k in range(4)]


@given(st.integers(0, 10**6))
def test_communities_are_a_partition_no_worse_than_one_group(seed):
    graph = nx.gnp_random_graph(14, 0.25, seed=seed)
    if not graph.number_of_edges():
        return
    groups = spectral_communities(graph, np.random.default_rng(seed))
    assert sorted(node for group in groups for node in group) == list(range(14))
    assert nx.community.modularity(graph, groups) >= -1e-12


def test_a_complete_graph_is_one_community():
    assert spectral_communities(nx.complete_graph(6), np.random.default_rng(1)) == [set(range(6))]
    assert modularity(nx.complete_graph(6), np.random.default_rng(1)) == pytest.approx(0)
