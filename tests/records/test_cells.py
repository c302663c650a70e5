"""Cells that no spreadsheet runs, and that come back."""

import csv

import networkx as nx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from matplotlib.figure import Figure

from bioworkbench.exchange.connectomes import read_link_table, write_graph
from bioworkbench.experiment.results.table import Table
from bioworkbench.gallery.plotted import write_plotted
from bioworkbench.records.cells import plain_cell, safe_cell

FORMULAS = ["=1+1", "+cmd", "-70 mV", "@SUM(A1)", "\t=1", "'=1", "''-x"]


@pytest.mark.parametrize("text", FORMULAS)
def test_formulas_are_guarded_and_come_back(text):
    assert safe_cell(text) == f"'{text}"
    assert plain_cell(safe_cell(text)) == text


@pytest.mark.parametrize("value", ["-70", "+1e-3", "-inf", -70, 2.5, None, "mean", "a=b", "'tis", ""])
def test_numbers_and_words_stay(value):
    assert safe_cell(value) == value


@given(st.text())
def test_every_text_comes_back(text):
    assert plain_cell(safe_cell(text)) == text or text.startswith("'")
    assert plain_cell(safe_cell(f"x{text}")) == f"x{text}"


def cells(path):
    with path.open(newline="") as file:
        return [cell for row in csv.reader(file) for cell in row]


def dangerous(path):
    """Cells of a file that begin as formulas do, and are no numbers."""
    return [cell for cell in cells(path) if cell != plain_cell(safe_cell(cell)) or (safe_cell(cell) != cell and cell[0] != "'")]


def test_tables_graphs_and_figures_are_safe(tmp_path):
    Table(("=field", "score"), (("-70 mV", -1.5), ("@x", None))).to_csv(tmp_path / "table.csv")
    assert cells(tmp_path / "table.csv") == ["'=field", "score", "'-70 mV", "-1.5", "'@x", ""]
    graph = nx.DiGraph([("=a", "+b"), ("-1", "c")])
    graph.edges["-1", "c"]["kind"] = "@x"
    write_graph(graph, tmp_path / "links.csv")
    assert dangerous(tmp_path / "links.csv") == []
    again = read_link_table(tmp_path / "links.csv")
    assert set(again.edges) == set(graph.edges)
    assert again.edges["-1", "c"] == {"kind": "@x"}
    axes = Figure().subplots()
    axes.plot(["=a", "b"], [-1, 2], label="@series")
    axes.set(title="+title")
    write_plotted(axes.figure, tmp_path / "plotted.csv")
    assert dangerous(tmp_path / "plotted.csv") == []
    assert {"'+title", "'@series", "'=a", "-1"} <= set(cells(tmp_path / "plotted.csv"))
