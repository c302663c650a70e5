"""Evaluation of link predictors: a published protocol, the predictors, and bad input."""

import networkx as nx
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from bioworkbench.errors import TopologyError
from bioworkbench.topology.link_evaluation import (
    PREDICTORS,
    compare_predictors,
    estimate,
    hide_links,
    missing_pairs,
    summary,
)
from bioworkbench.topology.link_prediction import cannistraci_hebb
from bioworkbench.topology.ranking_quality import MEASURES, ranking_quality
from tests.topology.reference_scores import graph_of, reference

KARATE = graph_of(reference("karate"))
DIRECTED = ("ch2_l3", "ch3_l3", "ra_l3", "preferential_attachment", "random")

PUBLISHED = [  # model, length, convention; mean and standard deviation of average precision, then of AUC
    ("RA", 2, "path", 0.1192, 0.0791, 0.7413, 0.0947),
    ("CH1", 2, "path", 0.1306, 0.0870, 0.5874, 0.0805),
    ("CH2", 2, "path", 0.1512, 0.0964, 0.7368, 0.0952),
    ("CH3", 2, "path", 0.1357, 0.0859, 0.7424, 0.0949),
    ("RA", 3, "path", 0.1522, 0.0795, 0.8008, 0.1009),
    ("CH1", 3, "path", 0.1525, None, 0.7882, None),
    ("CH2", 3, "path", 0.1786, None, 0.8041, None),
    ("CH3", 3, "path", 0.1754, None, 0.8111, None),
    ("CH3", 3, "induced", 0.1523, None, 0.8100, None),
]


@pytest.mark.parametrize(("model", "length", "convention", "ap_mean", "ap_deviation", "auc_mean", "auc_deviation"), PUBLISHED)
def test_a_published_protocol(model, length, convention, ap_mean, ap_deviation, auc_mean, auc_deviation):
    """Karate club, 8 of 78 links hidden, seeds 0 to 99."""
    quality = []
    for seed in range(100):
        rest, hidden = hide_links(KARATE, 8, np.random.default_rng(seed))
        scored = list(cannistraci_hebb(rest, model=model, length=length, convention=convention))
        assert len(scored) == 491
        is_hit = [(u, v) in set(hidden) for u, v, _ in scored]
        quality.append(ranking_quality(np.round([score for *_, score in scored], 12), is_hit))
    for measure, mean, deviation in (("average_precision", ap_mean, ap_deviation), ("auc", auc_mean, auc_deviation)):
        found = estimate(np.array([q[measure] for q in quality]))
        assert found.mean == pytest.approx(mean, abs=5.1e-5)
        assert deviation is None or found.deviation == pytest.approx(deviation, abs=5.1e-5)


@settings(max_examples=40)
@given(seed=st.integers(0, 10**6), directed=st.booleans(), n=st.integers(1, 10))
def test_hiding_links(seed, directed, n):
    graph = nx.gnm_random_graph(9, 14, seed=seed, directed=directed)
    rest, hidden = hide_links(graph, n, np.random.default_rng(seed))
    assert list(rest) == list(graph)
    assert set(rest.edges) | set(hidden) == set(graph.edges)
    assert rest.number_of_edges() == 14 - n == 14 - len(set(hidden))
    again = hide_links(graph, n, np.random.default_rng(seed))[1]
    assert again == hidden


@pytest.mark.parametrize("directed", [False, True])
def test_missing_pairs_and_links_are_all_pairs(directed):
    graph = nx.gnp_random_graph(8, 0.4, seed=1, directed=directed)
    missing = missing_pairs(graph)
    assert len(missing) == len(set(missing)) == (56 if directed else 28) - graph.number_of_edges()
    assert not any(graph.has_edge(u, v) for u, v in missing)


@pytest.mark.parametrize("name", PREDICTORS)
def test_every_predictor_scores_pairs_in_the_given_order(name):
    pairs = missing_pairs(KARATE)[::-1][:50]
    scores = PREDICTORS[name](KARATE, pairs, np.random.default_rng(1))
    turned = PREDICTORS[name](KARATE, [(v, u) for u, v in pairs], np.random.default_rng(1))
    assert scores.shape == (50,)
    assert np.isfinite(scores).all()
    np.testing.assert_allclose(turned, scores, rtol=1e-12)


@pytest.mark.parametrize(
    ("name", "function"),
    [
        ("resource_allocation", nx.resource_allocation_index),
        ("adamic_adar", nx.adamic_adar_index),
        ("jaccard", nx.jaccard_coefficient),
        ("preferential_attachment", nx.preferential_attachment),
    ],
)
def test_the_predictors_of_networkx(name, function):
    pairs = missing_pairs(KARATE)
    found = PREDICTORS[name](KARATE, pairs, np.random.default_rng(1))
    np.testing.assert_array_equal(found, [score for *_, score in function(KARATE, pairs)])


def test_resource_allocation_is_ra_of_length_two():
    found = PREDICTORS["resource_allocation"](KARATE, missing_pairs(KARATE), np.random.default_rng(1))
    ours = [score for *_, score in cannistraci_hebb(KARATE, model="RA", length=2)]
    np.testing.assert_allclose(found, ours, rtol=1e-12)


def test_comparing_predictors():
    names = ("ch3_l3", "preferential_attachment", "random")
    found = compare_predictors(KARATE, names, np.random.default_rng(1), share=0.1, n_repeats=5)
    assert tuple(found) == names
    assert all(tuple(rows) == tuple(MEASURES) for rows in found.values())
    assert all(values.shape == (5,) for rows in found.values() for values in rows.values())
    table = summary(found)
    assert next(iter(table)) == "ch3_l3"
    assert table["ch3_l3"]["aupr"].mean == pytest.approx(found["ch3_l3"]["aupr"].mean())
    again = compare_predictors(KARATE, names, np.random.default_rng(1), share=0.1, n_repeats=5)
    np.testing.assert_array_equal(again["random"]["auc"], found["random"]["auc"])


def test_a_directed_graph_whose_links_follow_its_bifans():
    """Complete bipartite sources and targets: a hidden link is the only pair with paths of length 3."""
    graph = nx.DiGraph((u, v) for u in range(6) for v in range(6, 12))
    found = compare_predictors(graph, DIRECTED, np.random.default_rng(1), share=0.05, n_repeats=4)
    assert (found["ch3_l3"]["aupr"] == 1).all()
    assert (found["ra_l3"]["precision"] == 1).all()


def test_random_predictions_are_worth_nothing():
    """AUC of random scores: mean 1/2, variance (hits + misses + 1) / (12 hits misses)."""
    graph = nx.gnm_random_graph(40, 200, seed=1)
    found = compare_predictors(graph, ["random"], np.random.default_rng(1), share=0.1, n_repeats=200)["random"]
    hits, misses = 20, 780 - 200
    deviation = np.sqrt((hits + misses + 1) / (12 * hits * misses))
    assert abs(found["auc"].mean() - 0.5) < 4.5 * deviation / np.sqrt(200)
    informed = compare_predictors(nx.connected_caveman_graph(8, 5), ["ch3_l2"], np.random.default_rng(1), n_repeats=5)
    assert informed["ch3_l2"]["auc"].min() > 0.5 + 4.5 * deviation


def test_a_predictor_of_ones_own():
    def distance(graph, pairs, rng):
        return np.array([-abs(u - v) for u, v in pairs], dtype=float)

    found = compare_predictors(nx.path_graph(12), {"distance": distance}, np.random.default_rng(1), share=0.2, n_repeats=3)
    assert (found["distance"]["auc"] == 1).all()


def test_the_interval_covers_as_often_as_it_says():
    rng, n_trials = np.random.default_rng(1), 4000
    covered = 0
    for values in rng.normal(3.0, 2.0, (n_trials, 6)):
        found = estimate(values)
        covered += abs(found.mean - 3.0) <= found.half_width
    assert abs(covered / n_trials - 0.95) < 4.5 * np.sqrt(0.95 * 0.05 / n_trials)
    assert found.half_width == pytest.approx(stats.t.interval(0.95, 5, scale=found.deviation / np.sqrt(6))[1])


def test_bad_input_is_refused():
    rng = np.random.default_rng(1)
    with pytest.raises(ValueError, match="'ch3_13' is not a predictor; did you mean 'ch3_l3'"):
        compare_predictors(KARATE, ["ch3_13"], rng)
    with pytest.raises(TopologyError, match="n_hidden = 79: the graph has only 78 links"):
        hide_links(KARATE, 79, rng)
    with pytest.raises(TopologyError, match="the graph has only 0 links"):
        compare_predictors(nx.empty_graph(4), ["random"], rng)
    with pytest.raises(ValueError, match="n_hidden = 0"):
        hide_links(KARATE, 0, rng)
    with pytest.raises(ValueError, match=r"share = 1\.5"):
        compare_predictors(KARATE, ["random"], rng, share=1.5)
    with pytest.raises(ValueError, match="n_repeats = 0"):
        compare_predictors(KARATE, ["random"], rng, n_repeats=0)
    with pytest.raises(ValueError, match="1 repeats: an interval needs at least 2"):
        estimate(np.ones(1))
    with pytest.raises(nx.NetworkXNotImplemented, match="not implemented for directed"):
        compare_predictors(nx.DiGraph([(0, 1), (1, 2)]), ["jaccard"], rng)
