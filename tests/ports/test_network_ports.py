"""Networks and synapses of Brian2's examples: the same (neuron, step) spikes and final weights in plain Brian2 and here."""

from operator import attrgetter

import numpy as np
import pytest

from tests.ports.coupled_ports import PORTS as COUPLED
from tests.ports.described import in_bioworkbench, in_plain_brian2
from tests.ports.network_ports import PORTS as NETWORKS
from tests.sampled import every

PORTS = (*NETWORKS, *COUPLED)


@pytest.mark.parametrize("port", every(6, PORTS, attrgetter("example")))
def test_the_same_neurons_spike_in_the_same_steps(port):
    (theirs, weights), (ours, found) = in_plain_brian2(port), in_bioworkbench(port)
    assert sum(map(len, theirs.values())) >= port.least
    assert ours == theirs
    for one, other in zip(found, weights, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-9)
