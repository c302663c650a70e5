"""Degrees, strengths and what follows from them, against networkx."""

import networkx as nx
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bioworkbench.topology.measures.connected_parts import components, cores
from bioworkbench.topology.measures.degree_measures import (
    assortativity,
    degrees,
    in_out_correlation,
    inequality,
    radius_of_weights,
    reciprocity,
    strength_assortativity,
    strengths,
    weighted_reciprocity,
    weighted_rich_club_coefficients,
)
from bioworkbench.topology.measures.triangles import transitivity, triangles_of_nodes, weighted_clustering


def weighted(seed, directed=False, n=12):
    graph, rng = nx.gnp_random_graph(n, 0.3, seed=seed, directed=directed), np.random.default_rng(seed)
    for u, v in graph.edges:
        graph[u][v]["weight"] = float(rng.random() + 0.1)
    return graph


@given(st.integers(0, 10**6), st.booleans())
def test_equal_to_networkx(seed, directed):
    graph = weighted(seed, directed)
    plain = nx.Graph(graph.edges)
    plain.add_nodes_from(graph)
    assert cores(graph).tolist() == [nx.core_number(plain)[k] for k in range(12)]
    assert components(graph).tolist() == sorted(map(len, nx.connected_components(plain)), reverse=True)
    assert triangles_of_nodes(graph).tolist() == [nx.triangles(plain)[k] for k in range(12)]
    assert strengths(graph).tolist() == pytest.approx([graph.degree(weight="weight")[k] for k in range(12)])
    if plain.number_of_edges() > 2 and max(dict(plain.degree).values()) > 1:
        assert transitivity(graph) == pytest.approx(nx.transitivity(plain))
    if directed:
        assert strengths(graph, "in").tolist() == pytest.approx([graph.in_degree(weight="weight")[k] for k in range(12)])
        assert degrees(graph, "out").tolist() == [graph.out_degree[k] for k in range(12)]
        assert degrees(graph, "in").tolist() == [graph.in_degree[k] for k in range(12)]
        assert reciprocity(graph) == pytest.approx(
            nx.overall_reciprocity(graph) if graph.number_of_edges() else np.nan, nan_ok=True
        )
    elif graph.number_of_edges():
        expected = np.mean(list(nx.clustering(graph, weight="weight").values()))
        assert weighted_clustering(graph) == pytest.approx(expected)


def test_reciprocity_counts_pairs_wherever_they_stand_in_a_row():
    rng = np.random.default_rng(1)
    graph = nx.DiGraph(rng.integers(0, 60, (1500, 2)).tolist())
    graph.remove_edges_from(list(nx.selfloop_edges(graph)))
    assert reciprocity(graph) == pytest.approx(nx.overall_reciprocity(graph))
    assert reciprocity(graph.to_undirected()) == 1


def test_assortativity_of_numbers_far_from_zero():
    """Degrees that differ little from their mean: what is left of the difference is not lost in round-off."""
    graph = nx.random_regular_graph(200, 1000, seed=1)
    graph.remove_edges_from(list(graph.edges)[:300])
    assert assortativity(graph) == pytest.approx(nx.degree_assortativity_coefficient(graph), rel=1e-6)


def test_cores_of_a_large_graph():
    graph = nx.barabasi_albert_graph(3000, 5, seed=1)
    graph.add_edges_from(nx.complete_graph(20).edges)
    known = nx.core_number(graph)
    assert cores(graph).tolist() == [known[k] for k in range(3000)]


def test_reciprocity_of_weights_by_hand():
    graph = nx.DiGraph()
    graph.add_weighted_edges_from([(0, 1, 3.0), (1, 0, 1.0), (1, 2, 4.0)])
    assert weighted_reciprocity(graph) == pytest.approx(2 * 1 / 8)
    assert np.isnan(weighted_reciprocity(nx.empty_graph(2, create_using=nx.DiGraph)))


def test_weighted_rich_club_by_hand():
    graph = nx.Graph()
    graph.add_weighted_edges_from([(0, 1, 2.0), (1, 2, 5.0), (2, 0, 1.0), (0, 3, 4.0)])  # degrees 3, 2, 2, 1
    ks, values = weighted_rich_club_coefficients(graph)
    assert ks.tolist() == [0, 1]
    assert values.tolist() == pytest.approx([1.0, (2 + 5 + 1) / (5 + 4 + 2)])


def test_inequality_by_hand():
    assert inequality([0, 0, 0, 1]) == pytest.approx(0.75)
    assert np.isnan(inequality([0, 0]))
    for wrong in (-1.0, np.nan):
        with pytest.raises(ValueError, match=f"values = {wrong}: must be a finite number, 0 or more"):
            inequality([wrong, 2, 3])


@given(st.integers(0, 10**6))
def test_spectral_radius_of_a_directed_graph(seed):
    graph = weighted(seed, directed=True)
    expected = np.abs(np.linalg.eigvals(nx.to_numpy_array(graph))).max()
    assert radius_of_weights(graph) == pytest.approx(
        expected, abs=1e-3
    )  # defective eigenvalues of networkx's side are off by that


@pytest.mark.thorough
def test_spectral_radius_of_large_graphs():
    ring = nx.cycle_graph(1000, create_using=nx.DiGraph)
    assert radius_of_weights(ring) == pytest.approx(1)
    chain = nx.path_graph(1000, create_using=nx.DiGraph)
    assert radius_of_weights(chain) == 0
    dense = nx.gnm_random_graph(1000, 20_000, seed=1, directed=True)
    assert radius_of_weights(dense) == pytest.approx(np.abs(np.linalg.eigvals(nx.to_numpy_array(dense))).max())


def test_correlations_that_are_not_defined():
    ring = nx.cycle_graph(5, create_using=nx.DiGraph)
    assert np.isnan(in_out_correlation(ring))
    assert np.isnan(strength_assortativity(ring))
    with pytest.raises(ValueError, match="'up' is not a side of a link; known: both, in, out"):
        degrees(ring, "up")


def test_links_of_weight_zero_are_links():
    graph = nx.Graph()
    graph.add_weighted_edges_from([(0, 1, 0.0), (1, 2, 1.0)])
    assert components(graph).tolist() == [3]
    assert degrees(graph).tolist() == [1, 2, 1]
