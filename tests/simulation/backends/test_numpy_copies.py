"""Statements that copy a variable, on every backend."""

import pytest
from brian2 import ms

from bioworkbench.neurons import NeuronModel
from bioworkbench.records.network import Network, Population
from bioworkbench.records.stimulus import silence
from bioworkbench.simulation import simulate
from tests.simulation.test_simulate import BACKENDS


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_copy_of_a_variable_is_a_copy(backend):
    """What a statement copies stays as it was when later statements change the variable; Brian2's NumPy target would change both."""
    model = NeuronModel("v : 1\nbefore : 1", "v > 3.5", "v = before", update="before = v\nv = v + 1")
    network = Network((Population("cell", 2, model),), ())
    found = simulate(network, silence(0.006), 1, dt=1 * ms, backend=backend, record=["cell.v", "cell.before"])
    assert found.traces["cell.v"].values[0, :, 0].tolist() == [0, 1, 2, 3, 3, 3]
    assert found.traces["cell.before"].values[0, :, 0].tolist() == [0, 0, 1, 2, 3, 3]
