"""Parallel threshold networks by surrogate gradients: what the settings reach."""

import numpy as np
import pytest

from bioworkbench.discrete.subnetworks import Layer, SubNetworks
from bioworkbench.gradients.parallel import train_parallel
from bioworkbench.records.optimization import Optimization


@pytest.mark.parametrize(("width", "moved"), [(0.5, False), (4.0, True)])
def test_only_neurons_within_the_surrogate_are_trained(width, moved):
    """All potentials are 1 above or below the threshold; a triangle that ends halfway has no slope there."""
    values = np.array([[[2.0]], [[0.0]]])
    networks = SubNetworks((Layer(np.ones((1, 1, 1)), np.zeros((1, 1)), np.zeros((1, 1))),))
    settings = Optimization(epochs=1, batch_size=2, learning_rate=0.1, surrogate="triangle", surrogate_width=width)
    trained, *_ = train_parallel(networks, [(values, np.array([1, 0]))], settings, 0, n_outputs=2, steps=[0])
    assert (trained.layers[0].weights[0, 0, 0] != 1.0) == moved
