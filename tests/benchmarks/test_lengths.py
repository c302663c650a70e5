"""The tables of the page on lengths are those that the benchmarks wrote, and the benchmarks still measure them."""

import networkx as nx
import numpy as np
import pandas as pd
import pytest

from bioworkbench.topology.simple_graph import simple_graph
from tests.benchmarks import bench_lengths, bench_regrowth
from tests.benchmarks.length_tables import PAGE, SITE, measured_again, read, with_tables


def test_the_page_shows_the_tables():
    page = PAGE.read_text(encoding="utf-8")
    assert with_tables(page) == page
    assert with_tables(page.replace("| C. elegans, male |", "| C. elegans, mole |")) == page
    assert page.count("| C. elegans, male |") == 4


def test_every_network_is_in_both_tables():
    networks = {(name, kind) for name, kind, _ in bench_lengths.networks()}
    for name in ("lengths", "regrowth"):
        assert set(read(SITE / f"{name}.csv")) == networks
    regrowth = pd.read_csv(SITE / "regrowth.csv").groupby(["network", "links are"])["rule"].apply(tuple)
    assert all(rules == bench_regrowth.RULES[kind] for (_, kind), rules in regrowth.items())


@pytest.mark.thorough
@pytest.mark.parametrize("kind", ["undirected", "directed"])
def test_regrowth_is_measured(kind, monkeypatch):
    """Paths of two bring back what clusters, and chance brings back little."""
    monkeypatch.setattr(bench_regrowth, "N_SEEDS", 2)
    graph = nx.connected_caveman_graph(6, 6)
    rows = bench_regrowth.measured("caves", kind, graph if kind == "undirected" else graph.to_directed())
    kept = {row[5]: float(row[6]) for row in rows}
    assert list(kept) == list(bench_regrowth.RULES[kind])
    assert kept["ch3_l2" if kind == "undirected" else "ch3_l3"] > kept["random"] + 0.1
    assert all(len(row) == len(bench_regrowth.HEAD) for row in rows)


def test_what_is_not_measured_again_is_kept(tmp_path):
    def case(name, value):
        return name, "undirected", lambda: [[name, "undirected", value]]

    file = tmp_path / "table.csv"
    measured_again(file, ("network", "links are", "value"), [case("a", "1"), case("b", "2")])
    measured_again(file, ("network", "links are", "value"), [case("a", "3"), case("b", "4")], ["b"])
    assert file.read_text() == "network,links are,value\na,undirected,1\nb,undirected,4\n"


def test_lengths_are_measured(monkeypatch):
    monkeypatch.setattr(bench_lengths, "N_REPEATS", 2)
    rows = bench_lengths.measured("caves", "undirected", simple_graph(nx.connected_caveman_graph(6, 6)))
    aupr = {row[5]: float(row[6]) for row in rows}
    assert aupr["CH3-L2"] > 2 * aupr["random"]
    assert np.isfinite(list(aupr.values())).all()
