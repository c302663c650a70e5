"""Spikes that are only counted: as many as are recorded one by one, whatever runs them."""

import numpy as np
import pytest

from bioworkbench.readout.features import spike_counts
from bioworkbench.records.execution import Execution
from bioworkbench.records.protocol import Phase
from bioworkbench.records.recording import spikes_of
from bioworkbench.simulation import simulate
from tests.simulation.backends.cpp.engine import compiled
from tests.simulation.networks import discrete_network, noisy_network, random_stimulus
from tests.simulation.test_drawn_networks import network as drawn_network
from tests.simulation.test_drawn_networks import silence

needs_compiler = pytest.mark.skipif(compiled.compiler() is None, reason="needs a C++ compiler")
TINY = 200_000  # bytes: a few trials in a run


def both(network, stimulus, seed, **settings):
    """Counts of a run that records spikes, and of one that counts them."""
    recorded, counted = (simulate(network, stimulus, seed, counts=counts, **settings) for counts in (False, True))
    assert not counted.spikes
    assert {name: found.dtype for name, found in counted.counts.items()} == dict.fromkeys(recorded.spikes, np.int32)
    return (spike_counts(recording, tuple(recorded.spikes)) for recording in (recorded, counted))


@needs_compiler
@pytest.mark.parametrize("seed", [1, 2])
@pytest.mark.parametrize(
    "more",
    [
        {},
        {"execution": Execution(memory=TINY, jobs=2)},
        {"execution": Execution(threads=2)},
        {"execution": Execution(precision="single")},
        {"record": ["exc.v"]},
    ],
    ids=str,
)
def test_programs_count_what_they_would_record(seed, more):
    rng = np.random.default_rng(seed)
    network, stimulus = noisy_network(rng), random_stimulus(rng, 7, 3)
    recorded, counted = both(network, stimulus, seed, dt=1e-4, backend="cpp", **more)
    assert recorded.sum() > 20
    np.testing.assert_array_equal(counted, recorded)
    # The twin that must fail
    other = simulate(network, stimulus, seed + 1, dt=1e-4, backend="cpp", counts=True, **more)
    assert not np.array_equal(spike_counts(other, ("exc", "inh")), recorded)


@needs_compiler
def test_long_runs_and_runs_that_go_on_count_their_own_spikes(monkeypatch):
    monkeypatch.setattr("bioworkbench.simulation.backends.cpp.jobs.SEGMENT_STEPS", 5)
    rng = np.random.default_rng(3)
    network, stimulus = discrete_network(rng), random_stimulus(rng, 4, 5)
    settings = {"dt": 1e-3, "backend": "cpp", "keep_state": True}
    first = simulate(network, stimulus, 1, **settings, counts=True)
    recorded, counted = both(network, stimulus, 1, **settings, start=first.final)
    assert recorded.any()
    np.testing.assert_array_equal(counted, recorded)


@pytest.mark.parametrize("backend", ["numpy", pytest.param("cpp", marks=needs_compiler)])
def test_backends_that_record_have_their_spikes_counted(backend):
    """Brian2 in Python, and programs that draw their synapses."""
    network, dt = (discrete_network(np.random.default_rng(4)), 1e-3) if backend == "numpy" else (drawn_network(200), 1e-4)
    stimulus = random_stimulus(np.random.default_rng(5), 3, 5) if backend == "numpy" else silence(0.02, 2)
    recorded, counted = both(network, stimulus, 1, dt=dt, backend=backend)
    assert recorded.any()
    np.testing.assert_array_equal(counted, recorded)


def test_counts_have_no_times_and_phases_are_not_counted():
    network, stimulus = discrete_network(np.random.default_rng(6)), random_stimulus(np.random.default_rng(7), 2, 5)
    counted = simulate(network, stimulus, 1, dt=1e-3, backend="numpy", counts=True)
    with pytest.raises(ValueError, match="spikes of population 'first' were only counted; simulate without counts = True"):
        spikes_of(counted, "first")
    with pytest.raises(ValueError, match="counts = True: spikes of phases are recorded one by one; leave counts out"):
        simulate(network, [Phase(0.01)], 1, dt=1e-3, backend="numpy", counts=True)
