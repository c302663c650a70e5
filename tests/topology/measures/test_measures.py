"""Measures of graphs, against published numbers, networkx and hand-made graphs."""

import networkx as nx
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import sparse

from bioworkbench.topology.generators import bernoulli, layered
from bioworkbench.topology.measures import (
    MEASURES,
    assortativity,
    characteristic_path_length,
    clustering,
    distances,
    layer_measures,
    local_community_correlation,
    local_efficiency,
    measures,
    reciprocity,
)
from bioworkbench.topology.simple_graph import networkx_graph, simple_graph

TOY8 = nx.Graph([(0, 2), (0, 3), (1, 4), (1, 5), (2, 4), (3, 4), (3, 5), (2, 3), (4, 6), (5, 7), (2, 7)])

PUBLISHED = {  # measures of the public Cannistraci-Hebb training code: Zachary's karate club, and an eight-node graph
    "n_nodes": (34, 8),
    "n_links": (78, 11),
    "mean_degree": (4.58823529412, 2.75),
    "density": (0.139037433155, 0.392857142857),
    "clustering": (0.570638478208, 0.229166666667),
    "characteristic_path_length": (2.40819964349, 1.75),
    "global_efficiency": (0.492008318479, 0.672619047619),
    "local_efficiency": (0.6451265102, 0.25),
    "closeness": (16.2362745098, 4.70833333333),
    "link_betweenness": (17.3205128205, 4.45454545455),
    "node_betweenness": (46.4705882353, 5.25),
    "radiality": (3.59180035651, 2.25),
    "local_community_correlation": (0.756228999537, 0.0),
    "assortativity": (-0.475613097685, -0.316239316239),
    "power_law_exponent": (2.12484848485, 2.49142857143),
}


@pytest.mark.parametrize(("graph", "column"), [(nx.karate_club_graph(), 0), (TOY8, 1)], ids=["karate", "toy8"])
def test_published_numbers(graph, column):
    own = measures(graph).value
    for name, values in PUBLISHED.items():
        assert own[name] == pytest.approx(values[column], rel=1e-10), name


@given(st.integers(0, 10**6))
def test_path_measures_equal_those_of_networkx(seed):
    graph = nx.gnp_random_graph(15, 0.15, seed=seed)
    if not graph.number_of_edges():
        return
    own = measures(graph).value
    nodes = nx.betweenness_centrality(graph, normalized=False)
    links = nx.edge_betweenness_centrality(graph, normalized=False)
    harmonic = nx.harmonic_centrality(graph)
    assert own["node_betweenness"] == pytest.approx(2 * np.mean(list(nodes.values())))
    assert own["link_betweenness"] == pytest.approx(np.mean(list(links.values())))
    assert own["closeness"] == pytest.approx(np.mean(list(harmonic.values())))
    assert own["global_efficiency"] == pytest.approx(nx.global_efficiency(graph))


@given(st.integers(0, 10**6))
def test_names_of_nodes_do_not_matter(seed):
    graph = nx.gnp_random_graph(12, 0.3, seed=seed)
    order = np.random.default_rng(seed).permutation(12)
    renamed = nx.relabel_nodes(graph, {k: f"n{order[k]}" for k in range(12)})
    if graph.number_of_edges():
        assert measures(renamed).value.to_dict() == pytest.approx(measures(graph).value.to_dict(), nan_ok=True)


def test_a_path_of_four_by_hand():
    own = measures(nx.path_graph(4)).value
    assert own["characteristic_path_length"] == pytest.approx((3 * 1 + 2 * 2 + 3) / 6)
    assert own["diameter"] == 3
    assert own["clustering"] == own["local_efficiency"] == own["local_community_correlation"] == 0
    assert own["assortativity"] == pytest.approx(-0.5)


def test_a_disconnected_graph():
    graph = nx.Graph([(0, 1), (2, 3)])
    graph.add_node(4)
    own = measures(graph).value
    assert own["n_components"] == 3
    assert own["largest_component"] == pytest.approx(2 / 5)
    assert own["characteristic_path_length"] == 1
    assert own["radiality"] == pytest.approx(((1 + 1 - 1) * 4 + (1 + 1 - 0) * 16) / 20)  # infinite counts as 0
    assert np.isinf(distances(graph)).sum() == 16


def test_assortativity_of_a_regular_graph_is_undefined():
    assert np.isnan(assortativity(nx.cycle_graph(5)))
    assert assortativity(TOY8) == pytest.approx(nx.degree_assortativity_coefficient(TOY8))


def test_directed_graphs():
    graph = nx.gnp_random_graph(30, 0.15, seed=1, directed=True)
    own = measures(graph).value
    assert own["reciprocity"] == pytest.approx(nx.overall_reciprocity(graph))
    for one in ("in", "out"):
        for other in ("in", "out"):
            expected = nx.degree_assortativity_coefficient(graph, x=one, y=other)
            assert assortativity(graph, (one, other)) == pytest.approx(expected)
    graph.add_edge(0, 1, weight=7.0)
    assert measures(graph).value["spectral_radius"] == pytest.approx(np.abs(np.linalg.eigvals(nx.to_numpy_array(graph))).max())
    assert own["clustering"] == pytest.approx(nx.average_clustering(graph.to_undirected()))
    assert np.isnan(reciprocity(nx.DiGraph([(1, 1)])))


def test_weights_parallel_links_and_self_links_are_dropped():
    graph = nx.MultiDiGraph([(0, 1), (0, 1), (1, 0), (1, 1), (1, 2)])
    assert sorted(networkx_graph(simple_graph(graph).plain).edges) == [(0, 1), (1, 2)]
    assert clustering(nx.karate_club_graph()) == clustering(nx.Graph(nx.karate_club_graph().edges()))
    assert characteristic_path_length(graph) == pytest.approx(4 / 3)
    assert local_efficiency(nx.complete_graph(4)) == 1
    assert local_community_correlation(nx.complete_graph(5)) == 0


@given(st.integers(0, 10**6))
def test_four_cycle_clustering_is_that_of_robins_and_alexander(seed):
    mask = bernoulli(8, 9, np.random.default_rng(seed), p=0.35)
    graph = nx.bipartite.from_biadjacency_matrix(sparse.csr_array(mask, dtype=int))
    assert layer_measures(mask)["four_cycle_clustering"] == pytest.approx(nx.bipartite.robins_alexander_clustering(graph))


def test_layers():
    own = layer_measures(layered(20, 30, np.random.default_rng(1), sparsity=0.9))
    assert own["n_links"] == 60
    assert own["sparsity"] == pytest.approx(0.9)
    assert own["active_sources"] == own["active_targets"] == 1
    assert layer_measures(np.ones((4, 5)))["four_cycle_clustering"] == 1
    assert layer_measures(np.eye(4))["four_cycle_clustering"] == 0
    assert layer_measures(np.zeros((4, 5)))["active_sources"] == 0


def test_large_graphs_are_sampled():
    graph = nx.path_graph(20_001)
    with pytest.raises(
        ValueError, match="with 20,001 nodes and 20,000 links is too large for distances of all; give a random generator"
    ):
        measures(graph)
    with pytest.raises(ValueError, match="is too large for a matrix of distances, which are listed up to 20000 nodes"):
        distances(graph)
    table = measures(
        nx.random_regular_graph(4, 20_002, seed=1), np.random.default_rng(1), which=["characteristic_path_length", "diameter"]
    )
    assert 0 < table.standard_error["characteristic_path_length"] < 0.05
    assert np.isnan(table.standard_error["diameter"])


def test_bad_graphs():
    empty = nx.empty_graph(3)
    with pytest.raises(ValueError, match="graph with 3 nodes and 0 links has no links between different nodes"):
        measures(empty)
    with pytest.raises(ValueError, match="'clusterin' is not a measure; did you mean 'clustering'"):
        measures(TOY8, which=["clusterin"])


@given(st.integers(0, 4), st.integers(0, 10**6), st.booleans(), st.booleans())
def test_every_measure_of_any_small_graph_is_a_number_or_nan(n, seed, directed, weighted):
    """Also without nodes or links, with zero, negative and equal weights, self-links and parallel links."""
    rng = np.random.default_rng(seed)
    graph = nx.MultiDiGraph() if directed else nx.MultiGraph()
    graph.add_nodes_from([0, "a", (1, 2), None][:n] if n < 4 else [0, "a", (1, 2), 3.5])
    names = list(graph)
    for _ in range(rng.integers(0, 8) if n else 0):
        u, v = rng.integers(0, n, 2)
        graph.add_edge(names[u], names[v], **({"weight": float(rng.choice([-1, 0, 0.5, 2]))} if weighted else {}))
    own = simple_graph(graph)
    for name, measure in MEASURES.items():
        if measure.applies(own, rng):
            assert isinstance(float(measure(graph, rng)), float), name


def test_own_measures_are_plain_functions_of_the_graph_as_given():
    table = measures(TOY8, which={"transitivity": nx.transitivity, "size": len})
    assert table.value["transitivity"] == nx.transitivity(TOY8)
    assert table.value["size"] == 8
    assert len(table.plot().ravel()) >= 2


def test_functions_of_ones_own_are_named_by_themselves():
    found = measures(nx.path_graph(4), which=[nx.number_of_edges, "n_nodes"])
    assert found.value.to_dict() == {"number_of_edges": 3, "n_nodes": 4}
