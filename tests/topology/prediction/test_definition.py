"""The readable definition of the Cannistraci-Hebb scores: worked examples, graphs with closed forms, the authors' numbers."""

from math import sqrt

import networkx as nx
import pytest

from bioworkbench.topology.prediction.definition import (
    CONVENTIONS,
    MODELS,
    ch_score,
    community_degrees,
    double_cover,
    paths_between,
)
from tests.topology.reference_scores import GRAPHS, columns, graph_of, reference

TOY8 = nx.Graph([(0, 2), (0, 3), (1, 4), (1, 5), (2, 3), (2, 4), (2, 7), (3, 4), (3, 5), (4, 6), (5, 7)])


def without_link(graph: nx.Graph, u, v) -> nx.Graph:
    graph.remove_edge(u, v)
    return graph


def test_paths_of_a_worked_example():
    assert paths_between(TOY8, 0, 4, 2) == [(2,), (3,)]
    assert sorted(paths_between(TOY8, 0, 1, 3)) == [(2, 4), (3, 4), (3, 5)]


@pytest.mark.parametrize(
    ("convention", "internal_and_external"),
    [
        ("path", {2: (1, 2), 3: (2, 1), 4: (2, 1), 5: (1, 1)}),
        ("induced", {2: (2, 1), 3: (3, 0), 4: (2, 1), 5: (1, 1)}),
        ("neutral", {2: (1, 1), 3: (2, 0), 4: (2, 1), 5: (1, 1)}),
    ],
)
def test_degrees_of_a_worked_example(convention, internal_and_external):
    """Nodes 2 and 3 are both neighbors of 0: their link is external, internal or neither."""
    found = community_degrees(TOY8, 0, 1, paths_between(TOY8, 0, 1, 3), convention)
    assert {z: (di, de) for z, (_, di, de) in found.items()} == internal_and_external
    assert {z: d for z, (d, _, _) in found.items()} == {2: 4, 3: 4, 4: 4, 5: 3}


@pytest.mark.parametrize(
    ("model", "convention", "form", "score"),
    [
        ("RA", "path", "path", 0.25 + 0.25 + 1 / sqrt(12)),
        ("CH1", "path", "path", sqrt(2) / 4 + 1 / 2 + sqrt(2) / sqrt(12)),
        ("CH2", "path", "path", 1 + 3 / 2 + sqrt(6) / 2),
        ("CH3", "path", "path", 1 / sqrt(6) + 1 / 2 + 1 / 2),
        ("CH1", "induced", "path", 1 / 2 + sqrt(6) / 4 + 1 / 2),
        ("CH2", "induced", "path", 3 / 2 + sqrt(12) / sqrt(2) + 2),
        ("CH3", "induced", "path", 1 / 2 + 1 / sqrt(2) + 1 / sqrt(2)),
        ("CH3", "neutral", "path", 1 / 2 + 1 / sqrt(2) + 1 / sqrt(2)),
        ("CH2", "neutral", "path", sqrt(6) / 2 + 3 / sqrt(2) + sqrt(3)),
        ("CH2", "path", "node", 2 / 3 + 3 / 2 + 3 / 2 + 2 / 2),
        ("CH3", "path", "node", 1 / 3 + 1 / 2 + 1 / 2 + 1 / 2),
        ("CH2", "induced", "node", 8),
        ("CH3", "induced", "node", 2.5),
        ("CH2", "neutral", "node", 6.5),
        ("CH3", "neutral", "node", 2.5),
    ],
)
def test_scores_of_a_worked_example(model, convention, form, score):
    assert ch_score(TOY8, 0, 1, model=model, convention=convention, form=form) == pytest.approx(score, rel=1e-14)


@pytest.mark.parametrize(("model", "score"), [("CH3.1a", 2.004829), ("CH3.1b", 2.509731)])
def test_both_forms_of_ch31(model, score):
    assert ch_score(TOY8, 0, 1, model=model) == pytest.approx(score, abs=5e-7)


@pytest.mark.parametrize(("model", "score"), [("RA", 0.5), ("CH1", 0.5), ("CH2", 2), ("CH3", 1)])
def test_paths_of_length_two(model, score):
    assert ch_score(TOY8, 0, 4, model=model, length=2) == score


def closed_forms():
    """Graph, pair, length, and RA, CH1, CH2, CH3 of the path form, CH2 and CH3 of the node form."""
    yield nx.path_graph(4), (0, 3), 3, (1 / 2, 1 / 2, 2, 1), (4, 2)
    yield nx.cycle_graph(6), (0, 3), 3, (1, 1, 4, 2), (8, 4)
    yield nx.cycle_graph(6), (0, 2), 2, (1 / 2, 0, 1, 1), (1, 1)
    for k in (2, 5):
        yield nx.star_graph(k), (1, 2), 2, (1 / k, 0, 1 / (k - 1), 1 / (k - 1)), (1 / (k - 1), 1 / (k - 1))
    for a, b in ((2, 3), (4, 4), (3, 6)):
        p = (a - 1) * (b - 1)
        graph = without_link(nx.complete_bipartite_graph(a, b), 0, a)
        path_form = (p / sqrt(a * b), p * sqrt(p) / sqrt(a * b), p * sqrt(a * b), p)
        yield graph, (0, a), 3, path_form, ((b - 1) * a + (a - 1) * b, a + b - 2)
    for n in (4, 6):
        graph = without_link(nx.complete_graph(n), 0, 1)
        q = n - 2
        length_two = (q / (n - 1), q * (n - 3) / (n - 1), q**2, q)
        yield graph, (0, 1), 2, length_two, length_two[2:]
        length_three = (q * (n - 3) / (n - 1), q * (n - 3) ** 2 / (n - 1), q**2 * (n - 3), q * (n - 3))
        yield graph, (0, 1), 3, length_three, (q**2, q)


@pytest.mark.parametrize(("graph", "pair", "length", "path_form", "node_form"), list(closed_forms()))
def test_closed_forms(graph, pair, length, path_form, node_form):
    found = [ch_score(graph, *pair, model=model, length=length) for model in ("RA", "CH1", "CH2", "CH3")]
    assert found == pytest.approx(list(path_form), rel=1e-12)
    found = [ch_score(graph, *pair, model=model, length=length, form="node") for model in ("CH2", "CH3")]
    assert found == pytest.approx(list(node_form), rel=1e-12)


@pytest.mark.parametrize("name", GRAPHS[:2])
def test_the_authors_numbers(name):
    content = reference(name)
    graph = graph_of(content)
    for column, arguments, rows in columns(content):
        found = [ch_score(graph, int(u), int(v), **arguments) for u, v, _ in rows]
        assert found == pytest.approx(rows[:, 2].tolist(), rel=1e-10, abs=1e-15), column


@pytest.mark.parametrize("model", MODELS)
def test_a_link_is_scored_as_if_it_were_absent(model):
    for u, v in list(TOY8.edges):
        removed = TOY8.copy()
        removed.remove_edge(u, v)
        for convention in CONVENTIONS:
            arguments = {"model": model, "convention": convention}
            assert ch_score(TOY8, u, v, **arguments) == pytest.approx(ch_score(removed, u, v, **arguments), rel=1e-14)


def test_the_double_cover_has_every_node_twice_and_every_link_once():
    graph = nx.DiGraph([(0, 1), (1, 0), (1, 2)])
    graph.add_node(3)
    cover = double_cover(graph)
    assert set(cover) == {(node, side) for node in range(4) for side in ("in", "out")}
    assert set(cover.edges) == {((0, "out"), (1, "in")), ((1, "out"), (0, "in")), ((1, "out"), (2, "in"))}
    assert nx.is_bipartite(cover)
