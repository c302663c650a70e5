"""Warnings of Brian2 that pass, and those that would tell of what is meant as it is."""

import numpy as np
import pytest
from brian2 import NeuronGroup, ms
from brian2.utils.logger import catch_logs

from bioworkbench.neurons import NeuronModel
from bioworkbench.records.network import Network, Population, Projection
from bioworkbench.records.stimulus import SpikeTrains
from bioworkbench.records.synapse import SynapseModel
from bioworkbench.simulation import simulate
from bioworkbench.synapses import stochastic_release

CELLS = Population("cells", 1, NeuronModel("v : 1", "v > 1e9", "", start={"v": 0.5}))


def warned(synapse):
    """Sentences of Brian2 about one synapse model on NumPy, whose code is generated in every run."""
    network = Network((CELLS,), (Projection("light", "cells", np.ones((2, 1)), synapse=synapse),))
    spikes = SpikeTrains("light", [0, 0], [0, 1], [1, 1] * ms, duration=3 * ms)
    with catch_logs() as logs:
        simulate(network, spikes, 1, dt=1 * ms, backend="numpy")
    return [text for _, _, text in logs]


@pytest.mark.parametrize("synapse", [stochastic_release(), SynapseModel(on_pre="v_post += weight*randn()")])
def test_random_release_and_neurons_without_a_reset_are_no_cause_for_a_warning(synapse):
    assert warned(synapse) == []


def test_statements_whose_order_matters_are_told():
    assert any("order of execution" in text for text in warned(SynapseModel(on_pre="v_post += weight*rand()*(1 - v_post)")))


def test_scripts_of_others_are_warned_as_before():
    warned(stochastic_release())
    with catch_logs() as logs:
        NeuronGroup(1, "v : 1", threshold="v > 1")
    assert any("neither a reset condition" in text for _, _, text in logs)
