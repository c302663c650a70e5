"""Scores of graphs: the compiled kernels against the definition and the authors' numbers, symmetries, and bad input."""

import networkx as nx
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bioworkbench.records.errors import TopologyError
from bioworkbench.topology.prediction import kernels as ch_kernels
from bioworkbench.topology.prediction import link_prediction
from bioworkbench.topology.prediction.definition import CONVENTIONS, FORMS, LENGTHS, MODELS, ch_score, double_cover, paths_between
from bioworkbench.topology.prediction.link_prediction import (
    cannistraci_hebb,
    ch3_l3,
    layer_scores,
    score_matrix,
    scores_of_pairs,
    simple_adjacency,
)
from bioworkbench.topology.prediction.node_terms import checked_rule
from tests.topology.reference_scores import GRAPHS, columns, graph_of, reference

seeds = st.integers(0, 10**6)
densities = st.sampled_from([0.1, 0.3, 0.5, 0.8])
rules = st.fixed_dictionaries(
    {
        "model": st.sampled_from(MODELS),
        "length": st.sampled_from(LENGTHS),
        "convention": st.sampled_from(CONVENTIONS),
        "form": st.sampled_from(FORMS),
    }
)


def matrix(graph: nx.Graph, **rule) -> np.ndarray:
    return score_matrix(simple_adjacency(graph), **rule)


@pytest.mark.parametrize("kind", ["kept", "full"])
@pytest.mark.parametrize("name", GRAPHS)
def test_the_authors_numbers(name, kind):
    content = reference(name, kind)
    graph = graph_of(content)
    for column, arguments, rows in columns(content):
        pairs = [(int(u), int(v)) for u, v, _ in rows]
        one_by_one = [score for *_, score in cannistraci_hebb(graph, pairs, **arguments)]
        np.testing.assert_allclose(one_by_one, rows[:, 2], rtol=1e-10, atol=1e-15, err_msg=column)
        together = matrix(graph, **arguments)[tuple(np.array(pairs).T)]
        np.testing.assert_allclose(together, rows[:, 2], rtol=1e-10, atol=1e-15, err_msg=column)


@settings(max_examples=300)
@given(seed=seeds, n=st.integers(2, 10), p=densities, rule=rules)
def test_kernels_equal_the_definition(seed, n, p, rule):
    graph = nx.gnp_random_graph(n, p, seed=seed)
    pairs = [(u, v) for u in graph for v in graph if u < v]
    expected = [ch_score(graph, u, v, **rule) for u, v in pairs]
    np.testing.assert_allclose([score for *_, score in cannistraci_hebb(graph, pairs, **rule)], expected, rtol=1e-12)
    scores = matrix(graph, **rule)
    np.testing.assert_allclose(scores[tuple(np.array(pairs).T)], expected, rtol=1e-12)
    np.testing.assert_array_equal(scores, scores.T)
    assert not scores.diagonal().any()


@settings(max_examples=50)
@given(seed=seeds, n=st.integers(2, 90), degree=st.integers(1, 12), rule=rules)
def test_pairs_of_one_node_may_share_a_walk(seed, n, degree, rule):
    """Any pairs in any order, given twice, linked or not, and more of one node than a word has bits."""
    graph = nx.gnp_random_graph(n, degree / n, seed=seed)
    expected, rng = matrix(graph, **rule), np.random.default_rng(seed)
    us, vs = rng.integers(0, max(1, n // 30), 200), rng.integers(0, n, 200)
    us, vs = us[us != vs], vs[us != vs]
    flat = ch_kernels.flat_graph(simple_adjacency(graph))
    found = scores_of_pairs(flat, checked_rule(**rule), us, vs)
    np.testing.assert_allclose(found, expected[us, vs], rtol=1e-12)


@settings(max_examples=50)
@given(seed=seeds, p=densities, rule=rules)
def test_absent_links_alone_have_the_same_scores(seed, p, rule):
    graph = nx.gnp_random_graph(12, p, seed=seed)
    absent = ~simple_adjacency(graph).toarray()
    np.testing.assert_array_equal(matrix(graph, **rule)[absent], matrix(graph, links=False, **rule)[absent])


@settings(max_examples=50)
@given(seed=seeds, n=st.integers(2, 150), degree=st.integers(1, 12), model=st.sampled_from(MODELS))
def test_graphs_too_large_for_a_matrix_have_the_same_scores(seed, n, degree, model):
    adjacency = simple_adjacency(nx.gnp_random_graph(n, min(1, degree / n), seed=seed))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(link_prediction, "MOST_NODES", 1)
        expected = score_matrix(adjacency, model=model)
    np.testing.assert_allclose(score_matrix(adjacency, model=model), expected, rtol=1e-12)


@settings(max_examples=50)
@given(seed=seeds, p=densities, rule=rules)
def test_missing_pairs_in_node_order(seed, p, rule):
    graph = nx.gnp_random_graph(9, p, seed=seed)
    scored = list(cannistraci_hebb(graph, **rule))
    assert [pair[:2] for pair in scored] == [(u, v) for u in graph for v in graph if u < v and not graph.has_edge(u, v)]
    assert scored == [(u, v, pytest.approx(ch_score(graph, u, v, **rule), rel=1e-12)) for u, v, _ in scored]


@settings(max_examples=100)
@given(seed=seeds, p=densities, rule=rules)
def test_names_and_order_of_nodes_do_not_matter(seed, p, rule):
    graph = nx.gnp_random_graph(12, p, seed=seed)
    names = np.random.default_rng(seed).permutation(12)
    renamed = nx.Graph()
    renamed.add_nodes_from(f"node {k}" for k in range(12))
    renamed.add_edges_from((f"node {names[u]}", f"node {names[v]}") for u, v in graph.edges)
    np.testing.assert_allclose(matrix(renamed, **rule)[np.ix_(names, names)], matrix(graph, **rule), rtol=1e-12)
    pairs = [(f"node {names[u]}", f"node {names[v]}") for u in graph for v in graph if u < v]
    scored = list(cannistraci_hebb(renamed, pairs, **rule))
    assert [pair[:2] for pair in scored] == pairs
    np.testing.assert_allclose([s[2] for s in scored], matrix(graph, **rule)[np.triu_indices(12, 1)], rtol=1e-12)


@settings(max_examples=60)
@given(seed=seeds, p=densities, model=st.sampled_from(MODELS), form=st.sampled_from(FORMS))
def test_conventions_agree_on_bipartite_graphs(seed, p, model, form):
    graph = nx.bipartite.random_graph(6, 7, p, seed=seed)
    path, *others = (matrix(graph, model=model, convention=convention, form=form) for convention in CONVENTIONS)
    np.testing.assert_array_equal(*others)
    np.testing.assert_allclose(others[0], path, rtol=1e-12)  # by another kernel, in another order of summation
    layer = nx.bipartite.biadjacency_matrix(graph, range(6), range(6, 13), weight=None).toarray()
    expected = np.where(layer, 0, path[:6, 6:])
    np.testing.assert_allclose(layer_scores(layer, model=model, form=form), expected, rtol=1e-12)


@pytest.mark.thorough
@settings(max_examples=60)
@given(seed=seeds, p=densities)
def test_what_does_not_depend_on_the_convention(seed, p):
    graph = nx.gnp_random_graph(12, p, seed=seed)
    for form in FORMS:
        for model, one, other in (
            ("CH3", "induced", "neutral"),
            ("CH1", "path", "neutral"),
            ("iLCL", "path", "neutral"),
            ("RA", "path", "induced"),
        ):
            first, second = (matrix(graph, model=model, convention=convention, form=form) for convention in (one, other))
            np.testing.assert_allclose(first, second, rtol=1e-12)
    for model in MODELS:
        path, induced, neutral = (matrix(graph, model=model, length=2, convention=c) for c in CONVENTIONS)
        np.testing.assert_array_equal(path, induced)
        np.testing.assert_array_equal(path, neutral)
        np.testing.assert_array_equal(path, matrix(graph, model=model, length=2, form="node"))


def test_conventions_differ_on_the_karate_club():
    content = reference("karate")
    path, induced = (matrix(graph_of(content), convention=convention) for convention in ("path", "induced"))
    differ = ~np.isclose(path, induced, rtol=1e-9)
    missing = tuple(np.array(content["missing_pairs"])[:, :2].astype(int).T)
    assert np.triu(differ).sum() == 243
    assert differ[missing].sum() == 193


@settings(max_examples=60)
@given(seed=seeds, p=densities)
def test_bounds_of_the_path_convention(seed, p):
    graph = nx.gnp_random_graph(10, p, seed=seed)
    ch2, ch3 = matrix(graph, model="CH2"), matrix(graph, model="CH3")
    n_paths = np.array([[len(paths_between(graph, u, v, 3)) if u != v else 0 for v in graph] for u in graph])
    assert (ch3 >= 0).all()
    assert (ch3 <= n_paths * (1 + 1e-12)).all()
    assert (ch2 >= 2 * ch3 * (1 - 1e-12)).all()
    assert ((ch3 > 0) == (n_paths > 0)).all()


@settings(max_examples=60)
@given(seed=seeds, p=densities, rule=rules)
def test_a_link_is_scored_as_if_it_were_absent(seed, p, rule):
    graph = nx.gnp_random_graph(9, p, seed=seed)
    for u, v, score in cannistraci_hebb(graph, list(graph.edges), **rule):
        rest = graph.copy()
        rest.remove_edge(u, v)
        assert score == pytest.approx(next(cannistraci_hebb(rest, [(u, v)], **rule))[2], rel=1e-12)


@settings(max_examples=60)
@given(seed=seeds, p=densities, model=st.sampled_from(MODELS), form=st.sampled_from(FORMS))
def test_directed_graphs_are_scored_on_their_double_cover(seed, p, model, form):
    graph = nx.gnp_random_graph(8, p, seed=seed, directed=True)
    cover = double_cover(graph)
    pairs = [(u, v) for u in graph for v in graph if u != v]
    expected = {(u, v): ch_score(cover, (u, "out"), (v, "in"), model=model, form=form) for u, v in pairs}
    given_pairs = list(cannistraci_hebb(graph, pairs, model=model, form=form))
    assert given_pairs == [(u, v, pytest.approx(expected[u, v], rel=1e-12)) for u, v in pairs]
    missing = list(cannistraci_hebb(graph, model=model, form=form))
    free = [pair for pair in pairs if not graph.has_edge(*pair)]
    assert missing == [(u, v, pytest.approx(expected[u, v], rel=1e-12)) for u, v in free]


def test_the_bifan_calls_for_its_fourth_link():
    graph = nx.DiGraph([(0, 2), (1, 2), (1, 3)])
    assert {(u, v): score for u, v, score in ch3_l3(graph) if score} == {(0, 3): 1.0}


@pytest.mark.parametrize("limit", [0, 1, 7, 100])
@pytest.mark.parametrize("seed", [1, 2])
def test_listing_paths_in_parts_changes_nothing(monkeypatch, seed, limit):
    """The limit is compiled in, so the functions that use it run as plain Python."""
    monkeypatch.setattr(ch_kernels, "_MOST_PATHS", limit)
    monkeypatch.setattr(ch_kernels, "_score_row_by_paths", ch_kernels._score_row_by_paths.py_func)
    graph = nx.gnp_random_graph(9, 0.6, seed=seed)
    scores = np.zeros((9, 9))
    ch_kernels.score_rows.py_func(ch_kernels.flat_graph(simple_adjacency(graph)), checked_rule("CH2", 3, "neutral"), scores, 0)
    np.testing.assert_array_equal(scores, np.triu(matrix(graph, model="CH2", convention="neutral")))


@pytest.mark.parametrize("graph", [nx.Graph(), nx.DiGraph()])
def test_an_empty_graph_has_no_pairs(graph):
    assert list(cannistraci_hebb(graph)) == []
    assert list(cannistraci_hebb(graph, [])) == []


def test_an_empty_matrix():
    assert score_matrix(np.zeros((0, 0))).shape == (0, 0)


def test_isolated_and_disconnected_nodes_have_score_zero():
    graph = nx.disjoint_union(nx.path_graph(4), nx.path_graph(4))
    graph.add_node("alone")
    scores = {(u, v): score for u, v, score in ch3_l3(graph)}
    assert {pair for pair, score in scores.items() if score} == {(0, 3), (4, 7)}
    assert scores[0, "alone"] == 0


def test_weights_do_not_matter():
    graph = nx.karate_club_graph()
    assert nx.get_edge_attributes(graph, "weight")
    content = reference("karate")
    np.testing.assert_array_equal(matrix(graph), matrix(graph_of(content)))


def test_a_link_of_weight_zero_is_a_link():
    graph = nx.path_graph(4)
    nx.set_edge_attributes(graph, 0.0, "weight")
    assert list(ch3_l3(graph, [(0, 3)])) == [(0, 3, 1.0)]


def test_multigraphs_are_refused():
    with pytest.raises(nx.NetworkXNotImplemented, match="this is a multigraph"):
        cannistraci_hebb(nx.MultiGraph([(0, 1)]))


def test_self_loops_are_refused():
    with pytest.raises(nx.NetworkXNotImplemented, match="1 self-loop, the first at node 'a'"):
        cannistraci_hebb(nx.Graph([("a", "a"), ("a", "b")]))


def test_short_paths_in_directed_graphs_are_refused():
    with pytest.raises(nx.NetworkXNotImplemented, match="length = 2 for a directed graph"):
        cannistraci_hebb(nx.DiGraph([(0, 1)]), length=2)


def test_weights_that_are_not_numbers_are_refused():
    graph = nx.Graph()
    graph.add_edge("a", "b", weight=float("nan"))
    with pytest.raises(TopologyError, match="link \\('a', 'b'\\) has the weight nan"):
        cannistraci_hebb(graph)


def test_unknown_nodes_are_refused():
    with pytest.raises(nx.NodeNotFound, match="pair \\(0, 9\\): node 9 is not in the graph"):
        cannistraci_hebb(nx.path_graph(4), [(0, 3), (0, 9)])


@pytest.mark.parametrize("pair", [(1, 1), (1, 2, 3)])
def test_pairs_are_two_different_nodes(pair):
    with pytest.raises(nx.NetworkXError, match="between two different nodes"):
        cannistraci_hebb(nx.path_graph(4), [pair])


@pytest.mark.parametrize(
    ("adjacency", "message"),
    [
        ([[0, np.nan], [1, 0]], "1 NaN entries"),
        ([[1, 1], [1, 0]], "1 self-link,"),
        ([[0, 1, 0], [1, 0, 0]], "square"),
        ([[0, 1], [0, 0]], "link between 0 and 1 in one direction only"),
    ],
)
def test_matrices_that_are_no_undirected_graph_are_refused(adjacency, message):
    with pytest.raises(TopologyError, match=message):
        score_matrix(np.array(adjacency))
