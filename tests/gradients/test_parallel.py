"""Parallel threshold networks by surrogate gradients: what the settings reach."""

import numpy as np
import pytest

from bioworkbench.discrete.subnetworks import Layer, SubNetworks
from bioworkbench.gradients.parallel import train_parallel
from bioworkbench.records.linear_readout import LinearReadout
from bioworkbench.records.optimization import Optimization


@pytest.mark.parametrize(("width", "moved"), [(0.5, False), (4.0, True)])
def test_only_neurons_within_the_surrogate_are_trained(width, moved):
    """All potentials are 1 above or below the threshold; a triangle that ends halfway has no slope there."""
    values = np.array([[[2.0]], [[0.0]]])
    networks = SubNetworks((Layer(np.ones((1, 1, 1)), np.zeros((1, 1)), np.zeros((1, 1))),))
    settings = Optimization(epochs=1, batch_size=2, learning_rate=0.1, surrogate="triangle", surrogate_width=width)
    trained, *_ = train_parallel(networks, [(values, np.array([1, 0]))], settings, 0, n_outputs=2, steps=[0])
    assert (trained.layers[0].weights[0, 0, 0] != 1.0) == moved


def test_half_spaces_are_what_the_loss_reads():
    """Potentials of 0.5 and -0.5: none spikes, and one is above 0, which alone moves its output weight."""
    values = np.array([[[0.5]], [[-0.5]]])
    networks = SubNetworks((Layer(np.ones((1, 1, 1)), np.zeros((1, 1)), np.zeros((1, 1))),))
    settings = Optimization(epochs=1, batch_size=2, learning_rate=0.1)
    readout = LinearReadout(np.zeros((1, 2)), np.zeros(2), "argmax")
    moved = []
    for half_spaces in (False, True):
        given = {"n_outputs": 2, "steps": [0], "readout": readout, "half_spaces": half_spaces}
        moved.append(np.abs(train_parallel(networks, [(values, np.array([1, 0]))], settings, 0, **given)[1]).max())
    assert moved[0] == 0
    assert moved[1] > 0.01
