"""Jobs on the engine: spikes of NumPy where nothing is random, noise that neither chunks nor threads move, loops that are made short."""

import ast
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from brian2 import ms, mV
from scipy import sparse

import bioworkbench.simulation.backends.cpp as room
from bioworkbench.neurons import NeuronModel, custom
from bioworkbench.records.execution import Execution
from bioworkbench.records.network import Network, Population, Projection
from bioworkbench.records.probe import Probe
from bioworkbench.records.stimulus import Stimulus, silence
from bioworkbench.records.synapse import SynapseModel
from bioworkbench.simulation import simulate
from bioworkbench.simulation.seam import simulate as seam
from tests.simulation.networks import discrete_network, leaky, noisy_network, random_stimulus, random_weights


def spikes(recording, name):
    s = recording.spikes[name]
    return list(zip(s.trial.tolist(), s.neuron.tolist(), np.rint(s.time / recording.dt).astype(int).tolist(), strict=True))


def all_spikes(recording):
    return {name: spikes(recording, name) for name in recording.spikes}


def test_delays_and_probes_are_those_of_numpy():
    """Delays per synapse, weights shared or not, frames by a clock of their own, traces with a record step."""
    rng = np.random.default_rng(1)
    network, stimulus = noisy_network(rng, 0 * mV), random_stimulus(rng, 3, 3, 20, 5e-3)
    record = [Probe("exc", "v", (3, 7), 1e-3)]
    theirs, ours = (simulate(network, stimulus, 1, dt=0.5 * ms, backend=backend, record=record) for backend in ("numpy", "cpp"))
    assert len(spikes(ours, "exc")) > 20
    assert all_spikes(ours) == all_spikes(theirs)
    np.testing.assert_allclose(np.asarray(ours.traces["exc.v"]), np.asarray(theirs.traces["exc.v"]), rtol=1e-12)


def large(rng, sigma):
    """Two populations of several blocks of neurons, with everything that threads share or leave to one of them."""
    exc = leaky(sigma)
    random = custom(
        equations="dv/dt = (-v + s)/(10*ms) + shared_noise*sqrt(ms)*0.1/ms : 1\ns : 1\nn : 1\nshared_noise : second**-0.5",
        threshold="v > 0.2 + 0.1*rand()", reset="v = -0.1*rand()\nn += 1", receives="s", start={"v": "uniform(0, 0.3)"},
    )  # fmt: skip
    back = sparse.csr_array(rng.normal(0, 1e-3, (600, 700)) * (rng.random((600, 700)) < 0.05))
    plastic = SynapseModel(
        "weight : 1\na : 1", "{receiver}_post += weight\na += 1", "weight += 0.01*a", start={"a": "uniform(0, 1)"}
    )
    return Network(
        (Population("exc", 700, exc), Population("odd", 600, random)),
        (
            Projection("input", "exc", random_weights(rng, 3, 700, 20e-3)),
            Projection("exc", "exc", random_weights(rng, 700, 700, 1e-3, density=0.05), 1.5e-3),
            Projection("exc", "odd", random_weights(rng, 700, 600, 0.1, density=0.05), synapse=plastic),
            Projection("odd", "exc", back, rng.uniform(0, 5e-3, back.nnz)),
            Projection("odd", "odd", random_weights(rng, 600, 600, 0.1, density=0.02), 1e-3,
                       synapse=SynapseModel("", "{receiver}_post += weight*rand()"), name="chance"),
        ),
    )  # fmt: skip


@pytest.mark.parametrize("n_trials", [1, 5])
def test_any_number_of_threads_gives_the_same_spikes_weights_and_traces(n_trials):
    rng = np.random.default_rng(2)
    network, stimulus = large(rng, 2 * mV), random_stimulus(rng, n_trials, 3, 10, 5e-3)
    settings = {"dt": 0.5 * ms, "backend": "cpp", "record": [Probe("odd", "n"), Probe("exc", "v", (0, 299, 699))]}
    with pytest.warns(RuntimeWarning, match="more threads are slower"):
        one, two, three, many = (
            simulate(network, stimulus, 1, execution=Execution(threads=n), **settings) for n in (1, 2, 3, 64)
        )
    assert min(map(len, all_spikes(one).values())) > 100
    for other in (two, three, many):
        assert all_spikes(other) == all_spikes(one)
        np.testing.assert_array_equal(other.weights["exc_odd"], one.weights["exc_odd"])
        for name, trace in one.traces.items():
            np.testing.assert_array_equal(other.traces[name], trace)


def chunked(network, stimulus, n_copies, monkeypatch, **settings):
    from bioworkbench.simulation import chunk  # noqa: PLC0415

    n = stimulus.n_trials
    parts = [chunk.Chunk(k, first, min(n_copies, n - first), n_copies) for k, first in enumerate(range(0, n, n_copies))]
    monkeypatch.setitem(seam.__globals__, "chunks", lambda *_: parts)
    return simulate(network, stimulus, 1, backend="cpp", **settings)


@pytest.mark.thorough
def test_noise_depends_on_the_trial_and_not_on_its_chunk(monkeypatch):
    """Five trials as copies of one run, in pairs, and alone: the same noise; and another in each trial."""
    model = NeuronModel(
        "dx/dt = -x/(10*ms) + sqrt(0.2/ms)*xi : 1", "x > 1.5 + 0.2*rand()", "x = 0.1*randn()", receives="x", start={"x": 0.0}
    )
    network = Network((Population("few", 7, leaky(2 * mV, start={"v": -60 * mV})), Population("cells", 300, model)))
    found = [chunked(network, silence(0.03, 5), n, monkeypatch, dt=0.5 * ms, record=["cells.x"]) for n in (1, 2, 5, 8)]
    assert len(found[0].spikes["cells"]) > 50
    for other in found[1:]:
        assert all_spikes(other) == all_spikes(found[0])
        np.testing.assert_array_equal(other.traces["cells.x"], found[0].traces["cells.x"])
    values = found[0].traces["cells.x"][:, -1]
    assert len(np.unique(values)) > 0.95 * values.size
    alone = simulate(Network(network.populations[1:]), silence(0.03, 5), 1, dt=0.5 * ms, backend="cpp", record=["cells.x"])
    np.testing.assert_array_equal(alone.traces["cells.x"], found[0].traces["cells.x"])  # another population moves nothing


@pytest.mark.parametrize("names", [("steps", "copies"), ("first", "begin"), ("streams", "seconds")])
def test_populations_may_have_the_names_of_what_differs_between_runs(names):
    cells = NeuronModel("dv/dt = (12*mV - v)/(10*ms) : volt", "v > 10*mV", "v = 0*mV", start={"v": 0 * mV}, method="exact")
    network = Network(tuple(Population(name, 2 + k, cells) for k, name in enumerate(names)))
    ours, theirs = (simulate(network, silence(0.04, 3), 1, dt=0.5 * ms, backend=backend) for backend in ("cpp", "numpy"))
    assert all_spikes(ours) == all_spikes(theirs)
    assert len(ours.spikes[names[1]]) == 18


def test_probes_whose_joined_names_are_alike():
    def toward(mean, name):
        texts = f"d{name}/dt = ({mean}*mV - {name})/(10*ms) : volt", f"{name} > 10*mV", f"{name} = 0*mV"
        return NeuronModel(*texts, receives=name, start={name: 0 * mV}, method="exact")

    b_v, v = toward(12, "b_v"), toward(15, "v")
    network = Network((Population("a", 3, b_v), Population("a_b", 2, v)))
    found = simulate(network, silence(0.01), 1, dt=0.5 * ms, backend="cpp", record=["a.b_v", "a_b.v"]).traces
    np.testing.assert_allclose(found["a_b.v"][0, :, 0], 1.25 * found["a.b_v"][0, :, 0], rtol=1e-9)


def test_noise_is_that_of_the_seed():
    rng = np.random.default_rng(3)
    network, stimulus = noisy_network(rng), random_stimulus(rng, 4, 3, 20, 5e-3)
    first, again, other = (all_spikes(simulate(network, stimulus, n, dt=0.5 * ms, backend="cpp")) for n in (1, 1, 2))
    assert first == again
    assert first != other


def test_single_precision_is_close_and_long_runs_are_cut():
    rng = np.random.default_rng(5)
    network = Network(noisy_network(rng, 0 * mV).populations, ())
    single, double = (
        simulate(
            network,
            silence(2.5),
            1,
            dt=1 * ms,
            backend="cpp",
            record=["inh.v"],
            execution=Execution(precision=precision, profile=True),
        )
        for precision in ("single", "double")
    )
    np.testing.assert_allclose(np.asarray(single.traces["inh.v"]), np.asarray(double.traces["inh.v"]), rtol=1e-4)
    assert "inh_stateupdater" in double.profile


def test_models_in_discrete_time_are_computed_as_written_beside_others():
    """A layer in discrete time equals NumPy to the last bit, whether or not continuous neurons are in the same program."""
    rng = np.random.default_rng(6)
    network, stimulus = discrete_network(rng), random_stimulus(rng, 3, 5)
    mixed = Network((*network.populations, Population("other", 5, leaky())), network.projections)
    record = ["first.v"]
    ours, theirs = (
        simulate(n, stimulus, 1, dt=1 * ms, backend=b, record=record) for n, b in ((mixed, "cpp"), (network, "numpy"))
    )
    assert spikes(ours, "second") == spikes(theirs, "second")
    np.testing.assert_array_equal(ours.traces["first.v"], theirs.traces["first.v"])


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


def test_generated_text_is_never_searched():
    """No module but those of CUDA looks for patterns in what Brian2 generates: none of the engine's imports regular expressions."""
    for path in Path(room.__file__).parent.glob("*.py"):
        imported = {
            alias.name for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Import) for alias in node.names
        }
        assert "re" not in imported, path.name
