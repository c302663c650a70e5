"""What is legal but suspicious: negative conductances."""

import numpy as np
import pytest
from brian2 import Hz, ms, mV, nS

from bioworkbench.experiment.warnings import about_conductances
from bioworkbench.neurons import NeuronModel, conductance_lif, noisy_lif
from bioworkbench.records.background import Background
from bioworkbench.records.distributions import parse_distribution
from bioworkbench.records.drawn import DrawnLinks, LinkRule
from bioworkbench.records.network import Network, Population, Projection

CELL = NeuronModel("dv/dt = -v/(10*ms) - g*v/(100*pF) : volt\ndg/dt = -g/(5*ms) : siemens", "v > 1*mV", "v = 0*mV", receives="g")


def warned(cell, weights, receives="", background=()):
    """Sentences about two cells that are linked."""
    cells = Population("cells", 2, cell, background=background)
    return list(about_conductances(Network((cells,), (Projection("cells", "cells", weights, receives=receives),))))


@pytest.mark.parametrize(
    ("cell", "receives", "lowest"),
    [(CELL, "", -2 * nS), (conductance_lif(), "", -2.0), (conductance_lif(), "inhibition", -2.0)],
)
def test_negative_conductances_are_warned_of(cell, receives, lowest):
    weights = np.array([[1.0, 1.0], [1.0, 0.0]]) * -lowest
    assert warned(cell, weights, receives) == []
    weights[0, 1] = lowest
    (told,) = warned(cell, weights, receives)
    assert told.startswith(f"Weights of projection 'cells_cells{'_' * bool(receives)}{receives}' go down to -2")
    assert "of 'cells' is a conductance" in told


def test_voltages_and_currents_may_be_negative():
    assert warned(noisy_lif(), np.full((2, 2), -1.0) * mV) == []
    assert warned(noisy_lif(synaptic_tau=5 * ms), np.full((2, 2), -1.0) * mV) == []


@pytest.mark.parametrize(("text", "n"), [("normal(2 nS, 0.1 nS)", 0), ("normal(1 nS, 1 nS)", 1), ("constant(-1 nS)", 1)])
def test_drawn_conductances_are_warned_of(text, n):
    links = DrawnLinks(LinkRule("all_to_all"), (2, 2), 1, parse_distribution(text), parse_distribution("constant(1 ms)"))
    assert len(warned(CELL, links)) == n


def test_negative_background_of_a_conductance_is_warned_of():
    (told,) = warned(CELL, np.ones((2, 2)) * nS, background=(Background("g", 10, 5 * Hz, -1 * nS),))
    assert told.startswith("Background of population 'cells' has a negative weight; 'g' is a conductance")
