"""Best absent links without all pairs, against the scores of all pairs and networkx."""

import networkx as nx
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bioworkbench.records.errors import TopologyError
from bioworkbench.topology.prediction.all_pairs import SCORES, scores_of_all_pairs
from bioworkbench.topology.prediction.best_links import best_links, scores_of_links
from bioworkbench.topology.prediction.comparison import compare
from bioworkbench.topology.simple_graph import simple_graph
from tests.topology.pair_predictors import PREDICTORS

GRAPHS = (
    lambda seed: nx.gnp_random_graph(22, 0.3, seed=seed),
    lambda seed: nx.watts_strogatz_graph(40, 6, 0.2, seed=seed),
    lambda seed: nx.barabasi_albert_graph(40, 4, seed=seed),
    lambda seed: nx.gnp_random_graph(20, 0.2, seed=seed, directed=True),
)


@given(st.integers(0, 10**6), st.sampled_from(GRAPHS), st.sampled_from(sorted(SCORES)))
def test_all_links_with_a_score_equal_those_of_all_pairs(seed, make, name):
    graph, rng = make(seed), np.random.default_rng(1)
    own = simple_graph(graph)
    if name == "cha" or SCORES[name].weighted or SCORES[name].directions == ("undirected" if own.directed else "directed"):
        return
    expected = scores_of_all_pairs(own, np.random.default_rng(1), by=name)
    expected[own.matrix().astype(bool).toarray() | np.eye(own.n_nodes, dtype=bool)] = 0
    expected = expected if own.directed else np.triu(expected)
    table = best_links(graph, rng, by=name, k=10**6)
    found = np.zeros_like(expected)
    found[list(table.source), list(table.target)] = table.score
    np.testing.assert_allclose(found, expected, rtol=1e-10, atol=1e-12)


@given(st.integers(0, 10**6), st.booleans())
def test_scores_equal_those_of_networkx_and_the_definition(seed, directed):
    graph = nx.gnp_random_graph(15, 0.3, seed=seed, directed=directed)
    pairs, rng = list(nx.non_edges(graph)), np.random.default_rng(1)
    for name, predictor in PREDICTORS.items():
        if directed and SCORES[name].directions == "undirected":
            continue
        matrix = scores_of_all_pairs(graph, rng, by=name)
        assert [matrix[pair] for pair in pairs] == pytest.approx(list(predictor(graph, pairs)))


@given(st.integers(0, 10**6), st.sampled_from(GRAPHS), st.sampled_from(["ch3_l3", "ch2_l3", "ra_l3", "ch2_l2", "ch3_l2"]))
def test_given_pairs_have_the_scores_of_all_pairs(seed, make, name):
    graph, rng = make(seed), np.random.default_rng(seed)
    if graph.is_directed() and name.endswith("l2"):
        return
    sources, targets = rng.integers(0, len(graph), (2, 30))
    sources, targets = sources[sources != targets], targets[sources != targets]
    absent = np.array([not graph.has_edge(u, v) for u, v in zip(sources.tolist(), targets.tolist(), strict=True)], dtype=bool)
    found = scores_of_links(graph, sources, targets, by=name)
    expected = scores_of_all_pairs(graph, rng, by=name)[sources, targets]
    np.testing.assert_allclose(found[absent], expected[absent], rtol=1e-10, atol=1e-12)


def test_pairs_that_cannot_be_scored():
    graph = nx.path_graph(4)
    for pair, words in (((0, 4), r"pair 1 is \(0, 4\); give two different numbers from 0 to 3"), ((2, 2), r"pair 1 is \(2, 2\)")):
        with pytest.raises(ValueError, match=words):
            scores_of_links(graph, [0, pair[0]], [3, pair[1]])
    with pytest.raises(ValueError, match="'ch3' is not a score of given pairs; did you mean 'ch3_l3'"):
        scores_of_links(graph, [0], [3], by="ch3")
    with pytest.raises(ValueError, match="'ch2_l2' is for undirected graphs"):
        scores_of_links(nx.DiGraph(graph), [0], [3], by="ch2_l2")


def test_the_best_of_a_large_graph_are_those_of_all():
    """More rows than one stretch, and more links than are kept between two of them."""
    graph = nx.watts_strogatz_graph(700, 10, 0.3, seed=1)
    few = best_links(graph, np.random.default_rng(1), k=15)
    every = best_links(graph, np.random.default_rng(1), k=10**6)
    assert few.values.tolist() == every.values[:15].tolist()


def test_weighted_baselines_by_hand():
    graph = nx.Graph()
    graph.add_weighted_edges_from([("a", "z", 2.0), ("z", "b", -4.0), ("z", "c", 1.0)])
    rng = np.random.default_rng(1)
    best = best_links(graph, rng, by="weighted_common_neighbors", k=1).iloc[0]
    assert (best.source, best.target, best.score) == ("a", "b", 6.0)
    assert best_links(graph, rng, by="weighted_resource_allocation", k=1).score[0] == pytest.approx(6 / 7)


def test_directed_baselines_by_hand():
    graph, rng = nx.DiGraph([(0, 1), (1, 2)]), np.random.default_rng(1)
    assert best_links(graph, rng, by="two_steps").values.tolist() == [[0, 2, 1.0]]
    assert best_links(graph, rng, by="reverse_link").values.tolist() == [[1, 0, 1.0], [2, 1, 1.0]]


def test_own_predictors_are_plain_functions():
    graph = nx.path_graph(4)
    table = best_links(graph, np.random.default_rng(1), by=lambda g, pairs, rng: [u + v for u, v in pairs], k=2)
    assert table.values.tolist() == [[1, 3, 4.0], [0, 3, 3.0]]


def test_graphs_without_pairs_have_no_best():
    for graph in (nx.empty_graph(0), nx.empty_graph(1), nx.complete_graph(4), nx.DiGraph()):
        for name in ("ch3_l3", "preferential_attachment", "random"):
            assert best_links(graph, np.random.default_rng(1), by=name).empty


def test_what_it_refuses():
    rng, path = np.random.default_rng(1), nx.path_graph(3)
    for graph, name, message in (
        (path, "ch4", "'ch4' is not a link score"),
        (path, "two_steps", "score 'two_steps' is for directed graphs, and the links of graph with 3 nodes"),
        (nx.DiGraph(path), "cha", "score 'cha' is for undirected graphs, and the links of this one have directions"),
        (
            path,
            "weighted_common_neighbors",
            "score 'weighted_common_neighbors' is of weights, and graph with 3 nodes and 2 links has none",
        ),
        (nx.path_graph(5001), "random", "has more than 5000 nodes, too many to score all pairs"),
    ):
        with pytest.raises(ValueError, match=message):
            best_links(graph, rng, by=name)
        with pytest.raises(ValueError, match=message):
            scores_of_all_pairs(graph, rng, by=name)


def test_comparison_ranks_predictors_with_intervals_and_curves():
    graph = nx.planted_partition_graph(3, 15, 0.7, 0.02, seed=1)
    table = compare(graph, np.random.default_rng(1), predictors=["random", "ch2_l2"], n_repeats=4)
    assert list(table.index) == ["ch2_l2", "random"]
    assert table.aupr["ch2_l2"] - table.aupr_half_width["ch2_l2"] > table.aupr["random"]
    assert table.curves.shape == (100, 2)
    assert table.plot() is not None
    assert table.curves["ch2_l2"].iloc[-1] == pytest.approx(table.curves["ch2_l2"].min(), rel=0.5)


def test_a_tournament_has_absent_links():
    """Every pair is linked in one direction, and the other one is absent."""
    graph = nx.DiGraph([(0, 1), (1, 2), (2, 0), (0, 3), (3, 1), (2, 3)])
    table = compare(graph, np.random.default_rng(1), predictors=["random"], n_repeats=2)
    assert table.auc.notna().all()


@pytest.mark.parametrize(
    ("scores", "words"),
    [
        (lambda n: np.full(n, np.nan), "scores has .* not finite"),
        (np.ones, None),
        (lambda n: np.ones(n - 1), "scores"),
        (lambda n: ["a"] * n, "scores"),
    ],
)
def test_scores_of_own_predictors_are_finite_numbers_one_a_pair(scores, words):
    """Pairs with NaN were left out of the best links without a word."""
    graph = nx.path_graph(5)

    def mine(graph, pairs, rng):
        return scores(len(pairs))

    if words is None:
        assert len(best_links(graph, np.random.default_rng(1), by=mine)) == 6
        return
    with pytest.raises(TopologyError, match=f"predictor '.*mine': {words}.*; it must give a finite number for each of the pairs"):
        best_links(graph, np.random.default_rng(1), by=mine)


def test_what_cannot_be_compared():
    with pytest.raises(ValueError, match=r"predictors = \[\]: name one at least"):
        compare(nx.path_graph(5), np.random.default_rng(1), predictors=[])
    for graph in (nx.complete_graph(4), nx.path_graph(2), nx.empty_graph(2)):
        with pytest.raises(ValueError, match="to compare predictors it must have links to hide"):
            compare(graph, np.random.default_rng(1), predictors=["ch3_l3"])
