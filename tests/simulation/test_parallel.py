"""Several synapses, and several projections, between the same neurons."""

import numpy as np
import pytest
from brian2 import ms
from scipy import sparse

from bioworkbench.neurons import custom
from bioworkbench.records.links import Links
from bioworkbench.records.network import Network, Population, Projection
from bioworkbench.records.stimulus import silence
from bioworkbench.simulation import simulate

BACKENDS = [
    "numpy",
    "cpp",
    pytest.param("cython", marks=pytest.mark.slow),
    pytest.param("cuda", marks=pytest.mark.cuda),
]
ONCE = Population("once", 1, custom(equations="v : 1", threshold="abs(t - 1*ms) < dt/2"))
COUNTER = Population("counter", 2, custom(equations="v : 1"))


def jumps(projections, backend):
    """Steps of 0.1 ms, and sizes, of the jumps of each counter after one spike at 1 ms."""
    network = Network((ONCE, COUNTER), projections)
    v = simulate(network, silence(5 * ms), 1, dt=0.1 * ms, backend=backend, record=["counter.v"]).traces["counter.v"][0]
    change = np.diff(v, axis=0)
    return [[(int(step), float(change[step, k])) for step in np.flatnonzero(change[:, k])] for k in range(2)]


@pytest.mark.parametrize("backend", BACKENDS)
def test_parallel_synapses_have_delays_of_their_own(backend):
    links = Links([0, 0, 0], [1, 0, 0], (1, 2), weights=[4.0, 1.0, 2.0], delays=[0, 2, 1] * ms)
    assert jumps((Projection("once", "counter", links),), backend) == [[(20, 2.0), (30, 1.0)], [(10, 4.0)]]


@pytest.mark.parametrize("backend", BACKENDS)
def test_parallel_synapses_of_one_delay_add_up(backend):
    links = Links([0, 0], [0, 0], (1, 2), weights=[1.0, 2.0], delays=1 * ms)
    assert jumps((Projection("once", "counter", links),), backend) == [[(20, 3.0)], []]


@pytest.mark.parametrize("backend", BACKENDS)
def test_two_projections_between_the_same_populations(backend):
    weights = sparse.csr_array([[1.0, 2.0]])
    pair = (Projection("once", "counter", weights, 1 * ms, name="first"), Projection("once", "counter", weights, name="second"))
    assert jumps(pair, backend) == [[(10, 1.0), (20, 1.0)], [(10, 2.0), (20, 2.0)]]


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_neuron_with_two_synapses_to_itself(backend):
    """The spike of step 10 arrives at 20 and 30 and fires at 21 and 31; that of 21 arrives at 31, where the reset takes it, and at 41."""
    model = custom(equations="v : 1", threshold="v > 0.5 or abs(t - 1*ms) < dt/2", reset="v = 0")
    links = Links([0, 0], [0, 0], (1, 1), weights=1.0, delays=[1, 2] * ms)
    network = Network((Population("one", 1, model),), (Projection("one", "one", links),))
    spikes = simulate(network, silence(5 * ms), 1, dt=0.1 * ms, backend=backend).spikes["one"]
    assert np.rint(spikes.time * 1e4).tolist() == [10, 21, 31, 42]
