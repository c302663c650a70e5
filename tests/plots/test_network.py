"""Diagrams of networks."""

import matplotlib.pyplot as plt
import numpy as np
import pytest
from matplotlib.patches import FancyArrowPatch, FancyBboxPatch
from scipy import sparse

from bioworkbench.neurons import noisy_lif
from bioworkbench.plots.network import network_diagram
from bioworkbench.records.network import Network, Population, Projection


@pytest.fixture
def axes():
    figure, axes = plt.subplots()
    yield axes
    plt.close(figure)


def chain_with_a_side_branch() -> Network:
    """The stimulus drives exc, exc drives inh."""
    populations = (Population("exc", 4, noisy_lif()), Population("inh", 3, noisy_lif()))
    links = (("input", "exc", (2, 4)), ("exc", "inh", (4, 3)))
    return Network(populations, tuple(Projection(a, b, sparse.csr_array(np.ones(shape))) for a, b, shape in links))


def test_every_population_is_a_box_and_every_projection_an_arrow_with_its_synapses(axes):
    network_diagram(axes, chain_with_a_side_branch(), ["inh"], 10)
    kinds = [type(patch) for patch in axes.patches]
    assert (kinds.count(FancyBboxPatch), kinds.count(FancyArrowPatch)) == (4, 3)
    words = {text.get_text() for text in axes.texts}
    assert {"exc\n4 neurons", "inh\n3 neurons", "input\n2 channels", "readout\n10 outputs", "8", "12"} <= words


def test_a_population_may_be_called_readout(axes):
    network = Network((Population("readout", 4, noisy_lif()),))
    network_diagram(axes, network, ["readout"], 10)
    assert {text.get_text() for text in axes.texts} >= {"readout\n4 neurons", "readout\n10 outputs"}


def test_an_arrow_goes_around_the_box_between_its_ends(axes):
    """The readout sees exc and inh; the way from exc leads past inh."""
    network_diagram(axes, chain_with_a_side_branch(), ["exc", "inh"], 10)
    bends = [arrow.get_connectionstyle().rad for arrow in axes.patches if isinstance(arrow, FancyArrowPatch)]
    assert bends == [0.0, 0.0, 0.3, 0.0]


def test_projections_of_the_same_ends_share_an_arrow(axes):
    links = [sparse.csr_array(np.triu(np.ones((4, 4)), k)) for k in (1, 2)]
    projections = tuple(Projection("exc", "exc", one, name=name) for one, name in zip(links, ("fast", "slow"), strict=True))
    network_diagram(axes, Network((Population("exc", 4, noisy_lif()),), projections))
    assert [text.get_text() for text in axes.texts] == ["exc\n4 neurons", "6 + 3"]
    assert [type(patch) for patch in axes.patches].count(FancyArrowPatch) == 1
