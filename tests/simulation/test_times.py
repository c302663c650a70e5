"""Times that are not whole numbers of steps: the same on every backend."""

import numpy as np
import pytest
from brian2 import ms, mV, second
from scipy import sparse

from bioworkbench.records.network import Network, Population, Projection
from bioworkbench.records.stimulus import Stimulus, silence
from bioworkbench.simulation import simulate
from tests.simulation.networks import leaky

BACKENDS = [
    "numpy",
    "cpp",
    pytest.param("cython", marks=pytest.mark.slow),
    pytest.param("cuda", marks=pytest.mark.cuda),
]


@pytest.mark.parametrize("backend", BACKENDS)
def test_delays_between_steps_go_up_from_half(backend):
    """Delays of 0.05, 0.15 and 0.25 ms are 1, 2 and 3 steps of 0.1 ms, and one that outlasts the run never arrives."""
    target = leaky(start={"v": -70 * mV}, refractory=None)
    network = Network(
        (Population("one", 1, leaky(start={"v": -40 * mV}, refractory=None)), Population("four", 4, target)),
        (Projection("one", "four", sparse.csr_array(np.full((1, 4), 1e-3)), [0.05, 0.15, 0.25, 1e5] * ms),),
    )
    with pytest.warns(RuntimeWarning, match="3 of 4 delays of projection 'one_four' are rounded by more than 10 %"):
        recording = simulate(network, silence(1 * ms), 1, dt=0.1 * ms, backend=backend, record=["four.v"])
    moved = recording.traces["four.v"][0] > -70e-3 + 1e-6
    np.testing.assert_array_equal(np.argmax(moved[:, :3], axis=0), [2, 3, 4])
    assert not moved[:, 3].any()


@pytest.mark.parametrize("backend", BACKENDS)
def test_refractory_periods_between_steps_go_up_from_half(backend):
    model = leaky(refractory=0.25 * ms, start={"v": -70 * mV})
    network = Network((Population("exc", 1, model),), (Projection("input", "exc", sparse.csr_array([[1e3]])),))
    with pytest.warns(RuntimeWarning, match="refractory periods of population 'exc' are rounded .*becomes 300 us"):
        spikes = simulate(network, Stimulus(np.ones((1, 2, 1)), 1 * ms), 1, dt=0.1 * ms, backend=backend).spikes["exc"]
    assert set(np.rint(np.diff(spikes.time) * 1e4)) == {3.0}


@pytest.mark.parametrize("backend", BACKENDS)
def test_times_of_too_many_steps_are_refused(backend):
    network = Network((Population("one", 1, leaky()),), (Projection("one", "one", sparse.csr_array([[1e-3]]), 1e6 * second),))
    with pytest.raises(ValueError, match=r"delay of projection .* is 1e\+10 steps of dt = 0.0001 s; there may be 2\*\*31 - 1"):
        simulate(network, silence(10 * ms), 1, dt=0.1 * ms, backend=backend)
    with pytest.raises(ValueError, match=r"stimulus frame = 1e\+06 s is 1e\+10 steps"):
        simulate(Network(network.populations), silence(1e6), 1, dt=0.1 * ms, backend=backend)
