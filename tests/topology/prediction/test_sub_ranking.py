"""Sub-ranking and the adaptive choice: the authors' numbers, a worked example, and properties."""

import networkx as nx
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bioworkbench.topology.prediction.link_prediction import score_matrix, simple_adjacency
from bioworkbench.topology.prediction.sub_ranking import adaptive_choice, distance_correlations, rank_pairs
from tests.topology.reference_scores import graph_of, reference

TOY8 = graph_of(reference("toy8"))
KARATE = graph_of(reference("karate"))


def scores_of(graph: nx.Graph, **rule) -> np.ndarray:
    return score_matrix(simple_adjacency(graph), **rule)


@pytest.mark.parametrize("kind", ["kept", "full"])
@pytest.mark.parametrize("length", [2, 3])
@pytest.mark.parametrize("model", ["CH2", "CH3"])
@pytest.mark.parametrize(("rule", "convention"), [(2022, "induced"), (2026, "path")])
def test_the_authors_ranks(kind, rule, convention, model, length):
    content = reference("subranking_karate", kind)
    ranking = rank_pairs(KARATE, scores_of(KARATE, model=model, length=length, convention=convention), rule=rule)
    table = dict(zip(content["columns"], np.array(content["rows"]).T, strict=True))
    name = f"{model}_L{length}_{convention}"
    missing = ~ranking.linked
    np.testing.assert_array_equal(ranking.u[missing], table["u"])
    np.testing.assert_array_equal(ranking.v[missing], table["v"])
    np.testing.assert_allclose(ranking.correlation[missing], table[f"{name}_SPcorr{rule}"], atol=1e-9)
    np.testing.assert_array_equal(ranking.rank[missing], table[f"{name}_rank{rule}"])


def test_a_worked_example():
    """Two missing pairs with the same score, 4/3, one below the link 2-3 that has it too; two that agree in everything."""
    scores = scores_of(TOY8, length=2)
    ranking = rank_pairs(TOY8, scores)
    found = {
        (u, v): (corr, rank) for u, v, corr, rank in zip(ranking.u, ranking.v, ranking.correlation, ranking.rank, strict=True)
    }
    assert found[2, 5] == (pytest.approx(-2 / np.sqrt(41 * 39.5)), 24)
    assert found[4, 5] == (pytest.approx(-17 / np.sqrt(40.5 * 39.5)), 23)
    assert found[2, 3] == (pytest.approx(0.951220, abs=5e-7), 25)
    assert found[2, 6] == found[3, 6] == (pytest.approx(0.097561, abs=5e-7), 15)
    later = distance_correlations(simple_adjacency(TOY8), scores, rule=2026)
    assert later[2, 5] == pytest.approx(0.225255, abs=5e-7)
    assert later[4, 5] == pytest.approx(-0.402481, abs=5e-7)


@pytest.mark.parametrize(
    ("convention", "aupr"),
    [("induced", (0.443725, 0.425545, 0.435618, 0.464303)), ("path", (0.443725, 0.425545, 0.495719, 0.511483))],
)
def test_the_adaptive_choice_for_the_karate_club(convention, aupr):
    choice = adaptive_choice(KARATE, convention=convention)
    assert (choice.model, choice.length) == ("CH3", 3)
    assert list(choice.aupr.values()) == pytest.approx(list(aupr), abs=5e-7)
    np.testing.assert_array_equal(choice.ranking.rank, rank_pairs(KARATE, scores_of(KARATE, convention=convention)).rank)


@settings(max_examples=40)
@given(seed=st.integers(0, 10**6), p=st.sampled_from([0.1, 0.3, 0.6]), rule=st.sampled_from([2022, 2026]))
def test_ranks_follow_scores_and_then_correlations(seed, p, rule):
    graph = nx.gnp_random_graph(12, p, seed=seed)
    ranking = rank_pairs(graph, scores_of(graph, length=2), rule=rule)
    assert np.isfinite(ranking.correlation).all()
    assert (np.abs(ranking.correlation) <= 1 + 1e-12).all()
    keys = list(zip(ranking.score, ranking.correlation, strict=True))
    by_rank = [keys[k] for k in np.argsort(ranking.rank, kind="stable")]
    assert by_rank == sorted(keys)
    assert len(set(ranking.rank.tolist())) == len(set(keys))
    assert ranking.rank.min() == 1
    assert ranking.rank.max() <= ranking.rank.size
    np.testing.assert_array_equal(ranking.linked, [graph.has_edge(u, v) for u, v in zip(ranking.u, ranking.v, strict=True)])


@pytest.mark.parametrize("rule", [2022, 2026])
@pytest.mark.parametrize("graph", [nx.empty_graph(0), nx.empty_graph(1), nx.empty_graph(4), nx.complete_graph(2)])
def test_graphs_with_hardly_any_links(graph, rule):
    ranking = rank_pairs(graph, scores_of(graph), rule=rule)
    assert ranking.rank.size == len(graph) * (len(graph) - 1) // 2
    assert np.isfinite(ranking.correlation).all()


def test_parts_that_are_not_connected_by_the_rule_of_2026():
    """Two pairs: all links are 1 long, so nodes of different parts are 1 + 1 apart, and the columns follow."""
    graph = nx.Graph([(0, 1), (2, 3)])
    found = distance_correlations(simple_adjacency(graph), np.zeros((4, 4)), rule=2026)
    columns = np.array([[0, 1, 2, 2], [1, 0, 2, 2], [2, 2, 0, 1], [2, 2, 1, 0]])
    np.testing.assert_allclose(found, np.corrcoef(columns), atol=1e-12)


def test_bad_input_is_refused():
    with pytest.raises(ValueError, match="rule = 2023: sub-ranking follows the rule of 2022 or of 2026"):
        rank_pairs(TOY8, np.zeros((8, 8)), rule=2023)
    with pytest.raises(ValueError, match="scores has shape \\(3, 3\\); it must be \\(8, 8\\)"):
        rank_pairs(TOY8, np.zeros((3, 3)))
    with pytest.raises(ValueError, match="scores has 1 value that is not finite"):
        rank_pairs(nx.path_graph(1), [[np.nan]])
    with pytest.raises(nx.NetworkXNotImplemented, match="this one is directed"):
        adaptive_choice(nx.DiGraph([(0, 1)]))
    with pytest.raises(ValueError, match="0 of 6 candidates are hits"):
        adaptive_choice(nx.empty_graph(4))
    with pytest.raises(ValueError, match="6 of 6 candidates are hits"):
        adaptive_choice(nx.complete_graph(4))
