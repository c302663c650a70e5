"""Spike-response layers as gradients see them spike as their twin does."""

import numpy as np
import pytest
from scipy import sparse

from bioworkbench.discrete.spike_response import spike_response
from bioworkbench.discrete.spike_response_layers import simulate_spike_response
from bioworkbench.gradients.spike_response import ResponseLayer, filtered_responses
from bioworkbench.readout.features import filtered_spikes
from bioworkbench.records.network import Network, Population, Projection
from bioworkbench.records.stimulus import Stimulus


@pytest.mark.parametrize("kernel", ["alpha", "exponential"])
@pytest.mark.parametrize("late", [False, True])
def test_filtered_spikes_are_those_of_the_twin(kernel, late):
    rng = np.random.default_rng(4)
    n, frame, per_frame = 12, 0.004, 4
    sigma, varsigma = rng.uniform(1.0, 4.0, n), rng.uniform(1.0, 3.0, n)
    c, bias, tau = -rng.random(n), rng.normal(0.5, 0.2, n), rng.integers(0, 7, n) * late
    weights, values = rng.normal(0.3, 0.5, (3, n)), rng.normal(size=(5, 6, 3))
    model = spike_response(sigma=sigma, tau=tau, c=c, varsigma=varsigma, bias=bias, kernel=kernel)
    network = Network((Population("layer", n, model),), (Projection("input", "layer", sparse.csr_array(weights)),))
    recording = simulate_spike_response(network, Stimulus(values, frame), dt=frame / per_frame)
    wanted = filtered_spikes(recording, ["layer"], tau=0.75 * frame, every=frame, per_frame=True)
    assert 0.05 < recording.raster("layer").mean() < 0.8
    layer = ResponseLayer(sigma, varsigma, c, per_frame, 0.75 * per_frame, kernel == "alpha", tau=tau)
    np.testing.assert_allclose(filtered_responses(layer, weights, bias, values), wanted, atol=1e-4)
