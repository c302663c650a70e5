"""Loops over synapses in lanes and rows, and the memory that suits them, against NumPy and against other numbers of threads."""

import numpy as np
import pytest
from brian2 import ms, mV
from scipy import sparse

from bioworkbench import simulate
from bioworkbench.discrete.lif import discrete_lif
from bioworkbench.records.errors import SimulationError
from bioworkbench.records.execution import Execution
from bioworkbench.records.links import Links
from bioworkbench.records.network import Network, Population, Projection
from bioworkbench.records.neuron import NeuronModel
from bioworkbench.records.probe import Probe
from bioworkbench.records.stimulus import SpikeTrains, Stimulus, silence
from bioworkbench.records.synapse import SynapseModel
from bioworkbench.simulation.backends.cpp.toolchain import missing_compiler
from bioworkbench.synapses import pair_stdp
from tests.simulation.networks import random_weights

pytestmark = pytest.mark.skipif(bool(missing_compiler()), reason="needs g++")
N_INPUTS, N_CELLS, N_TRIALS = 20, 300, 2
CELL = NeuronModel(
    "dv/dt = (-60*mV - v + total)/(10*ms) : volt (unless refractory)\ntotal : volt",
    "v > -50*mV", "v = -60*mV", start={"v": "-60*mV + 9.9*mV*i/N", "total": 0 * mV}, refractory=1 * ms, method="euler",
)  # fmt: skip
SLOW = SynapseModel(  # a conductance of every synapse, which saturates, and of which the target sees the sum
    "ds/dt = -s/(20*ms) : 1 (clock-driven)\ntotal_post = weight*s*exp(-v_post/(100*mV)) + 0*v_pre : volt (summed)",
    on_pre="s += 0.5*(1 - s)", method="exact",
)  # fmt: skip


def links(rng):
    """From 1 to 290 links of an input, some of them twice; not every cell has one."""
    sources = np.repeat(np.arange(N_INPUTS), np.r_[1, 15, 16, 17, 31, 32, 33, 290, np.full(N_INPUTS - 8, 40)])
    targets = rng.integers(0, N_CELLS - 5, len(sources))
    weights, delays = rng.uniform(0.5e-3, 2e-3, len(sources)), rng.integers(0, 5, len(sources)) * 1e-4
    return Links(sources, targets, (N_INPUTS, N_CELLS), weights, delays)


def network():
    rng = np.random.default_rng(3)
    back = Links.from_csr(random_weights(rng, N_CELLS, N_CELLS, 1e-3, density=0.05), delays=1e-3)
    learning = Projection("inputs", "cells", links(rng), receives="v", name="learning", synapse=pair_stdp(largest=2 * mV))
    slow = Projection("cells", "cells", back, receives="total", name="slow", synapse=SLOW)
    return Network((Population("cells", N_CELLS, CELL),), (learning, slow))


def trains():
    rng = np.random.default_rng(4)
    trial, step, channel = np.nonzero(rng.random((N_TRIALS, 100, N_INPUTS)) < 0.2)
    return SpikeTrains("inputs", trial, channel, step * 5e-4, duration=0.05, n_trials=N_TRIALS)


def recorded(backend, threads=1):
    probes = [Probe("slow", "s", (0, 7, 4000)), Probe("learning", "weight", (3, 200)), "cells.total"]
    return simulate(network(), trains(), 1, dt=1e-4, backend=backend, execution=Execution(threads=threads), record=probes)


def test_they_compute_what_numpy_computes_by_any_number_of_threads():
    theirs, *ours = recorded("numpy"), *(recorded("cpp", n) for n in (1, 2, 3))
    assert len(theirs.spikes["cells"]) > 1000
    for recording in ours:
        np.testing.assert_array_equal(recording.spikes["cells"].neuron, theirs.spikes["cells"].neuron)
        np.testing.assert_array_equal(recording.spikes["cells"].time, theirs.spikes["cells"].time)
        np.testing.assert_allclose(recording.weights["learning"], theirs.weights["learning"], rtol=1e-10)
        for name, trace in theirs.traces.items():
            np.testing.assert_allclose(np.asarray(recording.traces[name]), np.asarray(trace), rtol=1e-9, atol=1e-15)
    for recording in ours[1:]:
        np.testing.assert_array_equal(recording.weights["learning"], ours[0].weights["learning"])
        np.testing.assert_array_equal(recording.traces["cells.total"], ours[0].traces["cells.total"])


def dense(n_targets, *, delays=0.0, scattered=False):
    """Noise-free neurons that reach those of another population, all of them, or the same number in another order."""
    rng = np.random.default_rng(6)
    sources, targets = np.repeat(np.arange(30), n_targets), np.tile(np.arange(n_targets), 30)
    if scattered:
        targets = rng.permuted(targets.reshape(30, n_targets), axis=1).ravel()
    weights = rng.normal(0.2, 1, len(sources)) * mV
    drive = NeuronModel(
        "dv/dt = (-30*mV - v)/(10*ms) : volt", "v > -50*mV", "v = -60*mV", start={"v": "-60*mV + 9.9*mV*i/N"}, method="exact"
    )
    forward = Links(sources, targets, (30, n_targets), weights, delays)
    back = Links.from_csr(sparse.csr_array(rng.normal(0, 0.1, (n_targets, 30)) * 1e-3), delays=1e-3)
    populations = (Population("first", 30, drive), Population("second", n_targets, drive))
    return Network(
        populations, (Projection("first", "second", forward, receives="v"), Projection("second", "first", back, receives="v"))
    )


@pytest.mark.parametrize("scattered", [False, True])
@pytest.mark.parametrize("n_targets", [1, 15, 16, 300])
@pytest.mark.parametrize("delays", [0.0, 0.7e-3])
def test_consecutive_targets_are_counted_as_they_would_be_read(n_targets, delays, scattered):
    network = dense(n_targets, delays=delays, scattered=scattered)
    runs = [
        simulate(
            network,
            silence(0.05, n_trials=3),
            1,
            dt=1e-4,
            backend=backend,
            execution=Execution(threads=threads),
            record=("second.v",),
        )
        for backend, threads in (("numpy", 0), ("cpp", 1), ("cpp", 2), ("cpp", 3))
    ]
    for run in runs:
        assert len(run.spikes["first"]) > 100
        for name in network.sizes:
            np.testing.assert_array_equal(run.spikes[name].neuron, runs[0].spikes[name].neuron)
            np.testing.assert_array_equal(run.spikes[name].time, runs[0].spikes[name].time)
        np.testing.assert_allclose(run.traces["second.v"], runs[0].traces["second.v"], rtol=1e-9)
    for run in runs[2:]:
        np.testing.assert_array_equal(run.traces["second.v"], runs[1].traces["second.v"])


def test_the_weights_did_change_and_differ_between_trials():
    weights = recorded("cpp").weights["learning"]
    assert np.ptp(weights - network().projections[0].links.weights) > 1e-5
    assert (weights[0] != weights[1]).mean() > 0.5


def test_a_synapse_that_becomes_nan_is_named_though_it_was_moved():
    pair = Links([0, 1, 1], [1, 0, 1], (2, 2), np.array([1, 2, 3]) * mV)  # sorted by target: 1 to 0 first
    bad = SynapseModel(
        "ds/dt = sqrt(limit - weight/mV)/ms : 1 (clock-driven)\nlimit : 1\ntotal_post = 0*weight : volt (summed)",
        on_pre="s += 0", constants={"limit": np.array([2, 1.5, 4])}, method="euler",
    )  # fmt: skip
    cells = Population("cells", 2, CELL)
    made = Network((cells,), (Projection("cells", "cells", pair, receives="total", name="bad", synapse=bad),))
    with pytest.raises(SimulationError, match="from neuron 1 to 0 of trial 0"):
        simulate(made, silence(1 * ms), 1, dt=1e-4, backend="cpp")


@pytest.mark.parametrize("precision", ["double", "single"])
@pytest.mark.parametrize("n_targets", [1, 5, 33])
def test_spikes_that_go_together_add_in_the_order_in_which_they_came(n_targets, precision):
    """Sums of large numbers that cancel: in another order, small ones are lost in them. Any number of trials and threads gives the same."""
    rng = np.random.default_rng(n_targets)
    large = 2.0 ** (60 if precision == "double" else 30)
    n_sources, n_trials, n_steps = 23, 6, 40
    weights = rng.choice([large, -large, 0.25, 0.5, -0.25], (n_sources, n_targets), p=[0.15, 0.15, 0.3, 0.3, 0.1])
    chances = rng.choice([0.05, 0.5, 0.95], n_trials)[:, None, None]  # few, and many, spikes of a trial in a step
    values = (rng.random((n_trials, n_steps, n_sources)) < chances).astype(float)
    stimulus = Stimulus(2 * values, 1e-3)
    network = Network(
        (
            Population("sources", n_sources, discrete_lif(leak=0.0, threshold=1.0, reset="zero")),
            Population("targets", n_targets, discrete_lif(leak=0.5, threshold=1.0, reset="zero"), layer=1),
        ),
        (Projection("input", "sources", np.eye(n_sources)), Projection("sources", "targets", weights)),
    )
    settings = {"dt": 1e-3, "backend": "cpp"}
    executions = [Execution(precision=precision, threads=n) for n in (1, 2)]
    found = [simulate(network, stimulus, 1, **settings, execution=one).raster("targets") for one in executions]
    kind, state, expected = np.dtype("f8" if precision == "double" else "f4"), None, []
    spiked = simulate(network, stimulus, 1, **settings, execution=executions[0]).raster("sources")
    for step in range(n_steps):
        received = np.zeros((n_trials, n_targets), kind)
        for source in range(n_sources):  # one by one
            received += spiked[:, step, source, None] * weights[source].astype(kind)
        state = received if state is None else state * kind.type(0.5) + received
        expected.append(state >= 1)
        state = np.where(expected[-1], kind.type(0), state)
    assert 0.05 < np.mean(expected) < 0.95
    for raster in found:
        np.testing.assert_array_equal(raster, np.stack(expected, axis=1))
    backwards = np.array([sum(weights[::-1][row[::-1]], np.zeros(n_targets)) >= 1 for row in spiked[:, 0]])
    forwards = np.array([sum(weights[row], np.zeros(n_targets)) >= 1 for row in spiked[:, 0]])
    assert n_targets < 33 or precision == "single" or (backwards != forwards).any()
