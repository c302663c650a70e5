"""The page of a graph shows degrees, communities, measures beside random graphs, and predicted links."""

import networkx as nx
import numpy as np
import pytest

from bioworkbench.records.errors import ResultError
from bioworkbench.report.graph_findings import GraphFindings
from bioworkbench.report.graph_page import write_graph_page
from bioworkbench.topology.measures.catalog import measures
from bioworkbench.topology.measures.comparisons import against_nulls
from bioworkbench.topology.prediction.comparison import compare
from bioworkbench.topology.simple_graph import simple_graph


@pytest.fixture(scope="module")
def graph():
    return simple_graph(nx.gnp_random_graph(40, 0.15, seed=3, directed=True))


def test_a_page_has_what_was_found_and_nothing_from_a_network(graph, tmp_path):
    rng = np.random.default_rng(0)
    names = ("clustering", "reciprocity", "modularity")
    found = GraphFindings(
        graph,
        against_nulls(graph, rng, n_nulls=3, which=names),
        {"ch3_l3": [("<a>", "b", 0.5)]},
        compare(graph, rng, predictors=["ch3_l3", "random"], n_repeats=2),
        n_nulls=3,
        notes=["self-links dropped: <1>"],
    )
    text = write_graph_page(tmp_path / "page.html", "A & B", found).read_text()
    # degrees, adjacency, z of the plain graph and of directions, rich club, precision, AUPR
    assert text.count("<figure") == 7
    for word in (
        "A &amp; B",
        "&lt;a&gt;",
        "dropped: &lt;1&gt;",
        "reciprocity",
        "Predictors compared",
        "fraction of links whose",
        " ± ",
    ):
        assert word in text
    assert "http" not in text.replace("http://www.w3.org", "")


def test_large_numbers_are_written_in_full_and_exact_ones_without_an_error(tmp_path):
    graph = simple_graph(nx.gnm_random_graph(1200, 3000, seed=1))
    table = measures(graph, which=("n_links", "clustering")).assign(standard_error=[0.0, 0.5])
    text = write_graph_page(tmp_path / "page.html", "x", GraphFindings(graph, table)).read_text()
    assert '<tr><td>links</td><td class="number">3,000</td><td class="number"></td>' in text
    assert '<td class="number">0.5</td>' in text


def test_predictions_without_any_say_so(graph, tmp_path):
    found = GraphFindings(graph, measures(graph, which=("clustering",)), {"ch3_l3": []})
    assert "<p>None.</p>" in write_graph_page(tmp_path / "page.html", "x", found).read_text()


def test_pages_without_random_graphs_and_links_have_fewer_panels(graph, tmp_path):
    found = GraphFindings(graph, measures(graph, which=("clustering",)))
    assert write_graph_page(tmp_path / "page.html", "x", found).read_text().count("<figure") == 2
    empty = simple_graph(nx.empty_graph(3))
    found = GraphFindings(empty, measures(graph, which=("clustering",)))
    assert "<figure" not in write_graph_page(tmp_path / "page.html", "x", found).read_text()


def test_pages_that_cannot_be_written_are_errors(graph, tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(ResultError, match=r"page\.html"):
        write_graph_page(tmp_path / "file" / "page.html", "x", GraphFindings(graph, measures(graph, which=("clustering",))))
