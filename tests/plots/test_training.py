from dataclasses import replace

import numpy as np
import pytest
from matplotlib.figure import Figure
from scipy import sparse

from bioworkbench.discrete.lif import discrete_lif
from bioworkbench.plots import (
    adjacency_change,
    degrees_before_and_after,
    history_groups,
    training_history,
    trajectory,
    weights_before_and_after,
)
from bioworkbench.records.network import Network, Population, Projection
from bioworkbench.records.units import parse_quantity


@pytest.fixture
def axes():
    return Figure().subplots()


def test_quantities_of_one_kind_come_together():
    rising = np.arange(4.0)
    history = {"deviation_0": rising, "deviation_1": rising + 1, "rate_exc": rising, "n_links": np.full(4, 7.0)}
    history |= {"overlap": np.full(4, np.nan), "once": np.array([1.0]), "noise": np.stack([rising, 2 * rising], axis=1)}
    groups = history_groups(history, ("exc", "inh"))
    assert {kind: list(lines) for kind, lines in groups.items()} == {
        "deviation": ["0", "1"],
        "rate": ["exc"],
        "noise": ["0", "1"],
    }


def test_a_line_per_label(axes):
    training_history(axes, "rate", {"exc": np.arange(1.0, 4), "inh": np.array([1.0, np.nan, 500.0])}, "episode")
    assert [text.get_text() for text in axes.get_legend().get_texts()] == ["exc", "inh"]
    assert (axes.get_xlabel(), axes.get_yscale()) == ("episode", "log")


def test_a_trajectory_has_a_dot_per_step(axes):
    trajectory(axes, np.arange(5.0), np.arange(5.0), "sparsity", "score")
    assert len(axes.collections[0].get_offsets()) == 5
    assert axes.get_title(loc="left") + axes.get_title() == "Score against sparsity"


def test_degrees_of_both_ends_before_and_after(axes):
    before, after = sparse.csr_array([[1.0, 1.0], [0.0, 1.0]]), sparse.csr_array([[0.0, 1.0], [1.0, 1.0]])
    degrees_before_and_after(axes, {"a → a": before}, {"a → a": after})
    assert [line.get_ydata().tolist() for line in axes.lines] == [[2, 1]] * 4


def test_weights_in_their_unit(axes):
    volt = parse_quantity("1 V").dim
    weights_before_and_after(axes, {"a → a": np.array([1e-3, 2e-3])}, {"a → a": np.array([2e-3, 3e-3])}, volt)
    assert axes.get_xlabel() == "weight (mV)"


def test_synapses_that_stayed_went_and_came(axes):
    model = discrete_lif(leak=0.9)
    links = sparse.csr_array([[0.0, 1.0, 1.0], [0.0, 0.0, 0.0], [1.0, 0.0, 0.0]])
    before = Network((Population("a", 3, model),), (Projection("a", "a", links),))
    moved = sparse.csr_array([[0.0, 1.0, 0.0], [1.0, 0.0, 0.0], [1.0, 0.0, 0.0]])
    after = replace(before, projections=(Projection("a", "a", moved),))
    adjacency_change(axes, before, after)
    assert [text.get_text() for text in axes.get_legend().get_texts()] == ["stayed (2)", "went (1)", "came (1)"]


@pytest.mark.parametrize(("first", "scale"), [(1.0, "log"), (np.linspace(0, 2, 1000), "linear")])
def test_a_heap_of_equal_weights_does_not_hide_what_they_became(axes, first, scale):
    weights_before_and_after(axes, {"a": np.full(1000, first)}, {"a": np.linspace(0, 2, 1000)}, parse_quantity("1 mV").dim)
    assert axes.get_yscale() == scale
