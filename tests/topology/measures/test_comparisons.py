"""Small-worldness, rich club and motifs against nulls."""

import networkx as nx
import numpy as np
import pandas as pd
import pytest

from bioworkbench.topology.measures import clustering, comparisons, reciprocity
from bioworkbench.topology.measures.comparisons import (
    against_nulls,
    motif_significance,
    null_table,
    rich_club,
    small_worldness,
    triad_significance,
)
from bioworkbench.topology.measures.null_models import null_graph


def test_small_worldness_of_karate():
    """Published: sigma 1.50 +- 0.05 and omega 0.03 +- 0.03 per estimate from ten nulls."""
    n, rng = 12, np.random.default_rng(1)
    estimates = [small_worldness(nx.karate_club_graph(), rng) for _ in range(n)]
    for name, mean, deviation in (("small_world_sigma", 1.50, 0.05), ("small_world_omega", 0.03, 0.03)):
        own = np.mean([estimate.value[name] for estimate in estimates])
        assert abs(own - mean) < 4.5 * deviation / np.sqrt(n) + 0.005  # the published mean is rounded


def test_watts_strogatz_is_a_small_world_and_a_random_graph_is_not():
    rng = np.random.default_rng(1)
    small = small_worldness(nx.watts_strogatz_graph(120, 8, 0.1, seed=1), rng, n_nulls=4)
    random = small_worldness(nx.gnm_random_graph(120, 480, seed=1), rng, n_nulls=4)
    assert small.value["small_world_sigma"] > 3 > 1.5 > random.value["small_world_sigma"]
    assert abs(small.value["small_world_omega"]) < 0.5 < random.value["small_world_omega"]
    assert 0 < small.standard_error["small_world_sigma"] < small.value["small_world_sigma"]


def test_small_worldness_takes_random_graphs_that_are_there(monkeypatch):
    graph, drawn = nx.watts_strogatz_graph(60, 6, 0.1, seed=1), []
    table = against_nulls(graph, np.random.default_rng(1), which=["clustering", "characteristic_path_length"], n_nulls=6)
    monkeypatch.setattr(
        comparisons, "null_graph", lambda *given, keep="degrees": drawn.append(keep) or null_graph(*given, keep=keep)
    )
    found = small_worldness(graph, np.random.default_rng(1), n_nulls=4, beside=table)
    assert drawn == ["lattice"] * 4
    clustered, length = (table.value[name] / table.null_mean[name] for name in table.index)
    assert found.value["small_world_sigma"] == pytest.approx(clustered / length)


def test_small_worldness_of_a_tree_is_undefined():
    result = small_worldness(nx.star_graph(6), np.random.default_rng(1), n_nulls=2)
    assert result.value.isna().all()


def test_a_rich_club_is_found():
    graph = nx.disjoint_union(nx.complete_graph(8), nx.circulant_graph(92, [1, 2]))
    graph.add_edges_from((hub, 8 + 10 * hub + k) for hub in range(8) for k in range(3))
    table = rich_club(graph, np.random.default_rng(1), n_nulls=10)
    assert table.value[5] == 1  # of larger degree are the eight hubs alone
    assert (table.nulls[5] < 1).all()
    assert table.ratio[5] > 1
    assert table.nulls.shape == (10, len(table))
    assert table.value[0] == pytest.approx(nx.density(graph))
    assert table.plot() is not None
    expected = nx.rich_club_coefficient(graph, normalized=False)
    assert table.value.to_dict() == pytest.approx(expected)


def test_strong_links_among_hubs_are_a_weighted_rich_club():
    graph = nx.gnm_random_graph(60, 300, seed=1)
    hubs = sorted(graph, key=graph.degree)[-10:]
    for u, v in graph.edges:
        graph[u][v]["weight"] = 5.0 if u in hubs and v in hubs else 1.0
    table = rich_club(graph, np.random.default_rng(1), weighted=True)
    assert (table.ratio.loc[graph.degree[hubs[0]] - 1 :].iloc[:1] > 1.5).all()
    with pytest.raises(ValueError, match="weighted = True: graph with 3 nodes and 2 links has no weights"):
        rich_club(nx.path_graph(3), np.random.default_rng(1), weighted=True)


def test_triads():
    rng = np.random.default_rng(1)
    ring = nx.DiGraph((k, (k + step) % 30) for k in range(30) for step in (1, 2))  # full of transitive triads, "030T"
    result = triad_significance(ring, rng, n_nulls=20)
    assert result.value["030T"] == 30
    assert result.z["030T"] > 5
    assert result.value.sum() == 30 * 29 * 28 / 6
    with pytest.raises(ValueError, match="is undirected; triads are counted in a directed graph"):
        triad_significance(nx.path_graph(3), rng)


def test_a_ring_of_cliques_has_more_cliques_than_chance():
    table = motif_significance(nx.connected_caveman_graph(8, 5), np.random.default_rng(1), n_nulls=10)
    assert table.index.name == "motif"
    assert table.z["diamond"] > 5
    assert (table.nulls["clique"] < table.value["clique"]).all()
    with pytest.raises(ValueError, match="no links between different nodes; null models need at least one"):
        motif_significance(nx.empty_graph(3), np.random.default_rng(1))


def test_against_nulls():
    graph = nx.gnp_random_graph(30, 0.2, seed=1, directed=True)
    result = against_nulls(graph, np.random.default_rng(1), which=["reciprocity", "clustering"], n_nulls=30)
    assert list(result.index) == ["reciprocity", "clustering"]
    assert abs(result.z["reciprocity"]) < 4.5  # a random graph is its own null
    assert result.low["reciprocity"] < result.value["reciprocity"] < result.high["reciprocity"]
    assert result.nulls["reciprocity"].shape == (30,)
    assert result.value["clustering"] == clustering(graph)
    assert result.value["reciprocity"] == reciprocity(graph)
    assert result.plot() is not None


def test_every_measure_has_a_null_value_and_kept_ones_no_z():
    table = against_nulls(nx.karate_club_graph(), np.random.default_rng(1), n_nulls=3)
    assert table.null_mean.notna().all()
    assert table.z[["n_links", "mean_degree", "mean_strength"]].isna().all()
    assert (table.p.loc[["n_links"]] == 1).all()


def test_own_measures_get_the_kind_of_graph_that_was_given():
    graph = nx.karate_club_graph()
    table = against_nulls(graph, np.random.default_rng(1), which={"transitivity": nx.transitivity}, n_nulls=3)
    assert table.value["transitivity"] == nx.transitivity(nx.Graph(graph.edges))
    matrix = nx.to_numpy_array(graph, weight=None)
    assert against_nulls(matrix, np.random.default_rng(1), which={"links": lambda g: g.n_links}).value["links"] == 156


@pytest.mark.thorough
def test_intervals_hold_another_null_as_often_as_they_say():
    """The interval of 95 % from ten draws, against an eleventh."""
    rng, n = np.random.default_rng(1), 4000
    draws = rng.normal(size=(n, 11))
    inside = [null_table(pd.Series({"x": row[0]}), row[1:, None]).eval("low <= value <= high").iloc[0] for row in draws[:600]]
    assert abs(np.mean(inside) - 0.95) < 4.5 * np.sqrt(0.95 * 0.05 / 600)


def test_z_without_spread_is_undefined():
    values = pd.Series({"x": 3.0})
    assert np.isnan(null_table(values, np.ones((5, 1))).z["x"])
    assert null_table(values, [[0.0], [2.0]]).z["x"] == pytest.approx(2 / np.sqrt(2))
    assert np.isnan(null_table(values, [[1.0]]).null_sd["x"])


def test_graphs_without_links_have_no_nulls():
    for graph in (nx.empty_graph(0), nx.empty_graph(1), nx.DiGraph([(0, 0)])):
        with pytest.raises(ValueError, match="no links between different nodes; null models need at least one"):
            against_nulls(graph, np.random.default_rng(1))
