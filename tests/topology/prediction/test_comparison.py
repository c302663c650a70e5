"""Comparison of link predictors: a published protocol, chance, intervals, and bad input."""

from functools import partial

import networkx as nx
import numpy as np
import pytest
from scipy import stats

from bioworkbench.records.errors import TopologyError
from bioworkbench.topology.prediction.comparison import compare, mean_and_interval
from bioworkbench.topology.prediction.link_prediction import cannistraci_hebb
from bioworkbench.topology.prediction.ranking_quality import MEASURES, ranking_quality
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
        links = list(KARATE.edges())
        hidden = [links[k] for k in np.random.default_rng(seed).choice(len(links), 8, replace=False)]
        rest = nx.Graph(KARATE)
        rest.remove_edges_from(hidden)
        scored = list(cannistraci_hebb(rest, model=model, length=length, convention=convention))
        assert len(scored) == 491
        is_hit = [(u, v) in set(hidden) for u, v, _ in scored]
        quality.append(ranking_quality(np.round([score for *_, score in scored], 12), is_hit))
    for measure, mean, deviation in (("average_precision", ap_mean, ap_deviation), ("auc", auc_mean, auc_deviation)):
        found = mean_and_interval(np.array([q[measure] for q in quality]))
        assert found.mean == pytest.approx(mean, abs=5.1e-5)
        assert deviation is None or found.deviation == pytest.approx(deviation, abs=5.1e-5)


def test_comparing_predictors():
    names = ("random", "ch3_l3", "preferential_attachment")
    found = compare(KARATE, np.random.default_rng(1), predictors=names, hidden=0.1, n_repeats=5)
    assert set(found.index) == set(names)
    assert found.index[0] == "ch3_l3"
    assert set(found.columns) == {*MEASURES, *(f"{measure}_half_width" for measure in MEASURES)}
    again = compare(KARATE, np.random.default_rng(1), predictors=names, hidden=0.1, n_repeats=5)
    np.testing.assert_array_equal(again, found)


def test_a_directed_graph_whose_links_follow_its_bifans():
    """Complete bipartite sources and targets: a hidden link is the only pair with paths of length 3."""
    graph = nx.DiGraph((u, v) for u in range(6) for v in range(6, 12))
    found = compare(graph, np.random.default_rng(1), predictors=DIRECTED, hidden=0.05, n_repeats=4)
    assert found.aupr["ch3_l3"] == 1
    assert found.precision["ra_l3"] == 1


def test_random_predictions_are_worth_nothing():
    """AUC of random scores: mean 1/2, variance (hits + misses + 1) / (12 hits misses)."""
    graph = nx.gnm_random_graph(40, 200, seed=1)
    found = compare(graph, np.random.default_rng(1), predictors=["random"], hidden=0.1, n_repeats=200)
    hits, misses = 20, 780 - 200
    deviation = np.sqrt((hits + misses + 1) / (12 * hits * misses))
    assert abs(found.auc["random"] - 0.5) < 4.5 * deviation / np.sqrt(200)
    informed = compare(nx.connected_caveman_graph(8, 5), np.random.default_rng(1), predictors=["ch3_l2"], n_repeats=5)
    assert informed.auc["ch3_l2"] > 0.5 + 4.5 * deviation


def test_a_predictor_of_ones_own():
    def distance(graph, pairs, rng):
        return np.array([-abs(u - v) for u, v in pairs], dtype=float)

    own = {"distance": distance}
    assert compare(nx.path_graph(12), np.random.default_rng(1), predictors=own, hidden=0.2, n_repeats=3).auc["distance"] == 1
    found = compare(nx.path_graph(12), np.random.default_rng(1), predictors=[distance, "random"], hidden=0.2, n_repeats=3)
    assert list(found.index) == list(found.curves) == ["distance", "random"]
    assert found.plot().get_legend_handles_labels()[1] == ["distance", "random"]


def test_the_unit_of_scores_makes_no_difference():
    def degrees(graph, pairs, rng, unit=1.0):
        return np.array([unit * graph.degree(u) * graph.degree(v) for u, v in pairs])

    own = {"plain": degrees, "tiny": partial(degrees, unit=1e-14)}
    found = compare(nx.karate_club_graph(), np.random.default_rng(1), predictors=own, n_repeats=3)
    assert found.auc["plain"] == found.auc["tiny"] > 0.5


def test_a_predictor_of_ones_own_sees_the_names_of_the_nodes():
    seen = set()

    def names(graph, pairs, rng):
        seen.update(graph)
        return np.zeros(len(pairs))

    compare(nx.relabel_nodes(nx.path_graph(6), str), np.random.default_rng(1), predictors=[names], n_repeats=2)
    assert seen == set("012345")


def test_two_predictors_of_one_name_are_refused():
    own = [lambda graph, pairs, rng: np.zeros(len(pairs))] * 2
    with pytest.raises(ValueError, match="two functions have the name '<lambda>'; give a mapping from names"):
        compare(nx.path_graph(6), np.random.default_rng(1), predictors=own)


def test_the_interval_covers_as_often_as_it_says():
    rng, n_trials = np.random.default_rng(1), 4000
    covered = 0
    for values in rng.normal(3.0, 2.0, (n_trials, 6)):
        found = mean_and_interval(values)
        covered += abs(found.mean - 3.0) <= found.half_width
    assert abs(covered / n_trials - 0.95) < 4.5 * np.sqrt(0.95 * 0.05 / n_trials)
    assert found.half_width == pytest.approx(stats.t.interval(0.95, 5, scale=found.deviation / np.sqrt(6))[1])


def test_bad_input_is_refused():
    rng = np.random.default_rng(1)
    with pytest.raises(ValueError, match="'ch3_13' is not a link score; did you mean 'ch3_l3'"):
        compare(KARATE, rng, predictors=["ch3_13"])
    with pytest.raises(ValueError, match=r"hidden = 1\.5"):
        compare(KARATE, rng, predictors=["random"], hidden=1.5)
    with pytest.raises(ValueError, match="n_repeats = 1"):
        compare(KARATE, rng, predictors=["random"], n_repeats=1)
    with pytest.raises(ValueError, match="1 repeats: an interval needs at least 2"):
        mean_and_interval(np.ones(1))
    with pytest.raises(TopologyError, match="score 'jaccard' is for undirected graphs"):
        compare(nx.DiGraph([(0, 1), (1, 2), (2, 3)]), rng, predictors=["jaccard"])
