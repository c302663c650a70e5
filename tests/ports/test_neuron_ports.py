"""Neurons of Brian2's examples: the same (neuron, step) spikes in plain Brian2 and here."""

from operator import attrgetter

import pytest

from tests.ports.described import in_bioworkbench, in_plain_brian2
from tests.ports.neuron_ports import PORTS
from tests.sampled import every


@pytest.mark.parametrize("port", every(6, PORTS, attrgetter("example")))
def test_the_same_neurons_spike_in_the_same_steps(port):
    theirs, ours = in_plain_brian2(port)[0], in_bioworkbench(port)[0]
    assert sum(map(len, theirs.values())) >= port.least
    assert ours == theirs
