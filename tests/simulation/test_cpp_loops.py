"""Faster loops of C++ programs: what they compute is what Brian2's own compute, and another way of writing them is refused."""

from dataclasses import replace

import numpy as np
import pytest
from brian2 import ms, mV
from scipy import sparse

from bioworkbench.errors import SimulationError
from bioworkbench.network import Network, Population, Projection
from bioworkbench.signals import Stimulus
from bioworkbench.simulation import simulate
from bioworkbench.simulation.cpp_loops import fast_loops
from tests.simulation.networks import leaky


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("std::vector<int> *_spiking_synapses = exc_pre.peek();", "writes the effect of spikes"),
        ("_dynamic_array_exc_spikes_i.push_back(i);", "records spikes"),
        ("for(int i=0; i<N; i++) if(_cond) spikespace[_count++] = i;", "compares thresholds"),
        ("static inline int32_t _timestep(double t, double dt) { return t/dt; }", "counts time steps"),
    ],
)
def test_a_brian2_that_writes_otherwise_is_refused(text, words):
    with pytest.raises(SimulationError, match=f"{words} in a way that is not known here"):
        fast_loops(text, 1)


def test_spikes_in_blocks_of_neurons_are_those_of_numpy():
    """Neurons of more than two blocks, of which none, few and all spike in a step, refractory for different times."""
    model = leaky(start={"v": -40 * mV}, constants={"limit": np.linspace(-69, -50, 77) * mV}, refractory=1.5 * ms)
    network = Network((Population("exc", 77, model),), (Projection("input", "exc", sparse.csr_array(np.full((1, 77), 0.1))),))
    drive = Stimulus(np.array([0.0, 2.0, 0.2, 30.0])[None, :, None], 5e-3)
    ours, theirs = (simulate(network, drive, 1, dt=0.5 * ms, backend=backend) for backend in ("cpp", "numpy"))
    per_step = theirs.raster("exc")[0].sum(axis=1)
    assert {0, 77} <= set(per_step)
    assert np.isin(per_step, np.arange(1, 20)).any()
    np.testing.assert_array_equal(ours.raster("exc"), theirs.raster("exc"))


def test_exponentials_of_several_neurons_at_once_are_those_of_numpy():
    """Relaxation with a rate of its own in each neuron, from -700 to 1 per step; the C library grants 4 units in the last place."""
    size = 70
    model = replace(
        leaky(start={"v": -60 * mV}, refractory=None),
        equations="dv/dt = -speed*v/ms : volt\nspeed : 1\ndrive : volt",
        start={"v": -60 * mV, "speed": np.linspace(-1, 700, size)},
        method="exponential_euler",
        constants={"limit": 1e9 * mV, "rest": 0 * mV},
    )
    network = Network((Population("exc", size, model),))
    ours, theirs = (
        simulate(network, Stimulus(np.zeros((1, 3, 0)), 1e-3), 1, dt=1 * ms, backend=backend, record=["exc.v"]).traces["exc.v"]
        for backend in ("cpp", "numpy")
    )
    np.testing.assert_allclose(ours, theirs, rtol=2e-15 * 3 * 700, atol=1e-300)
