"""Names inside generated code do not clash with those of a neuron's variables."""

import numpy as np
from scipy import sparse

from bioworkbench.neurons import adex, poisson_source
from bioworkbench.records.network import Network, Population, Projection
from bioworkbench.records.stimulus import silence
from bioworkbench.records.units import parse_quantity
from bioworkbench.simulation import simulate


def test_neurons_may_have_a_variable_w():
    """The adaptation of `adex` is called w, as synaptic weights often are."""
    sources = Population("sources", 5, poisson_source(rate=parse_quantity("200 Hz")))
    projection = Projection("sources", "cells", sparse.csr_array(np.full((5, 3), 5e-9)))
    network = Network((sources, Population("cells", 3, adex())), (projection,))
    recording = simulate(network, silence(0.05), 1, dt=1e-4, backend="numpy", record=["cells.w"])
    assert recording.traces["cells.w"].shape == (1, 500, 3)
