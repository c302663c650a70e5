"""Rewiring and evolution of a single graph."""

import networkx as nx
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bioworkbench.topology.measures import clustering
from bioworkbench.topology.prediction.link_prediction import cannistraci_hebb
from bioworkbench.topology.rewiring.graph_rewiring import LINK_SCORES, _picked, evolved_graph, pair_scores, rewired_graph

DIRECTED_RULES = ["ra_l3", "ch2_l3", "ch3_l3", "random"]


@given(
    seed=st.integers(0, 10**6),
    fraction=st.floats(0, 1),
    directed=st.booleans(),
    removal=st.sampled_from(DIRECTED_RULES),
    regrowth=st.sampled_from(DIRECTED_RULES),
    sample=st.booleans(),
)
def test_a_step_keeps_nodes_and_number_of_links(seed, fraction, directed, removal, regrowth, sample):
    graph = nx.gnp_random_graph(10, 0.3, seed=seed, directed=directed)
    n = int(fraction * graph.number_of_edges())
    result = rewired_graph(graph, np.random.default_rng(seed), n_links=n, removal=removal, regrowth=regrowth, sample=sample)
    assert list(result) == list(graph)
    assert result.number_of_edges() == graph.number_of_edges()
    assert nx.number_of_selfloops(result) == 0
    assert len(set(graph.edges) - set(result.edges)) <= n


@pytest.mark.parametrize(
    ("rule", "directed"), [(rule, False) for rule in LINK_SCORES if rule != "random"] + [("ra_l3", True), ("ch3_l3", True)]
)
def test_scores_are_those_of_link_prediction(rule, directed):
    model, length = rule.upper().split("_L")
    graph = nx.gnp_random_graph(12, 0.25, seed=1, directed=directed)
    scores, absent = pair_scores(graph, rule), pair_scores(graph, rule, links=False)
    pairs = [(u, v) for u in graph for v in graph if u != v]
    for u, v, score in cannistraci_hebb(graph, pairs, model=model, length=int(length)):
        assert scores[u, v] == pytest.approx(score)
        assert graph.has_edge(u, v) or absent[u, v] == pytest.approx(score)


def test_a_step_keeps_what_is_known_of_the_nodes():
    graph = nx.path_graph(4)
    graph.add_node(2, kind="inhibitory")
    result = rewired_graph(graph, np.random.default_rng(1), n_links=1)
    assert dict(result.nodes(data=True)) == dict(graph.nodes(data=True))


def test_samples_follow_the_scores_and_choices_the_order():
    """Of scores 1 and 3, a sample takes the latter three times in four; where few are positive, all of these are taken."""
    rng = np.random.default_rng(1)
    scores = np.array([0.0, 1.0, 3.0])
    drawn = np.concatenate([_picked(scores, 1, rng, True) for _ in range(2000)])
    assert abs((drawn == 2).mean() - 0.75) < 4.5 * np.sqrt(0.75 * 0.25 / 2000)
    assert not (drawn == 0).any()
    assert {int(_picked(scores, 1, rng, False)[0]) for _ in range(50)} == {2}
    for sample in (False, True):
        assert sorted(_picked(scores[:2] / 2, 1, rng, sample)) == [1]
        assert sorted(_picked(scores, 3, rng, sample)) == [0, 1, 2]


def test_the_best_pair_regrows():
    graph = nx.path_graph(4)
    graph.add_edges_from([(4, 5), (5, 6)])
    result = rewired_graph(graph, np.random.default_rng(1), n_links=1, removal="ch3_l3", regrowth="ch3_l3")
    assert len(set(result.edges) - set(graph.edges)) <= 1
    assert (0, 3) in result.edges or not {(0, 1), (1, 2), (2, 3)} <= set(result.edges)


def test_regrowth_by_paths_of_two_raises_clustering_and_history_shows_it():
    graph = nx.gnm_random_graph(60, 180, seed=1)
    links = {"clustering": clustering, "n_links": lambda g: g.number_of_edges()}
    end, history = evolved_graph(
        graph, np.random.default_rng(1), n_steps=8, moved_fraction=0.2, measures=links, regrowth="ch3_l2"
    )
    assert (history["n_links"] == 180).all()
    assert history["clustering"].shape == (9,)
    assert history["clustering"][0] == clustering(graph)
    assert history["clustering"][-1] == clustering(end) > 2 * clustering(graph)
    _, control = evolved_graph(graph, np.random.default_rng(1), n_steps=8, moved_fraction=0.2, measures=links, regrowth="random")
    assert control["clustering"][-1] < 2 * clustering(graph)


def test_same_seed_same_evolution():
    graph = nx.gnm_random_graph(30, 80, seed=1)
    ends = [
        evolved_graph(graph, np.random.default_rng(2), n_steps=3, moved_fraction=0.3, measures={}, sample=True)[0]
        for _ in range(2)
    ]
    assert set(ends[0].edges) == set(ends[1].edges)


def test_all_rules_have_scores():
    graph = nx.karate_club_graph()
    for rule in LINK_SCORES:
        scores = pair_scores(graph, rule)
        assert scores.shape == (34, 34)
        assert np.isfinite(scores).all()


def test_bad_settings():
    rng = np.random.default_rng(1)
    with pytest.raises(ValueError, match="'ch4_l3' is not a link score; did you mean"):
        pair_scores(nx.path_graph(4), "ch4_l3")
    with pytest.raises(ValueError, match="rule = 'ch2_l2': sources and targets of a directed graph are joined by paths of odd"):
        pair_scores(nx.DiGraph([(0, 1)]), "ch2_l2")
    with pytest.raises(ValueError, match="n_links = 4: the graph has only 3 links to remove"):
        rewired_graph(nx.path_graph(4), rng, n_links=4)
    with pytest.raises(ValueError, match="is a multigraph or has self-links; a simple graph is rewired"):
        rewired_graph(nx.Graph([(0, 0)]), rng, n_links=1)
    with pytest.raises(ValueError, match="is a multigraph or has self-links; a simple graph is rewired"):
        rewired_graph(nx.MultiGraph([(0, 1)]), rng, n_links=1)
    with pytest.raises(ValueError, match=r"moved_fraction = 1.5: must lie"):
        evolved_graph(nx.path_graph(4), rng, n_steps=1, moved_fraction=1.5, measures={})
