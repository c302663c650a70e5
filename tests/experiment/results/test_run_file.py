"""run.h5 gives back what it was given."""

import subprocess
import sys
from dataclasses import replace

import h5py
import numpy as np
import pytest
from brian2 import meter, ms, mV, nS
from scipy import sparse

from bioworkbench.experiment import results
from bioworkbench.experiment.results.record import Answers, RunData
from bioworkbench.experiment.results.run_file import read_run, write_run
from bioworkbench.neurons import NeuronModel, discrete_lif
from bioworkbench.records.choice import Choice
from bioworkbench.records.errors import ResultError
from bioworkbench.records.linear_readout import LinearReadout
from bioworkbench.records.network import INPUT, Network, Population, Projection
from bioworkbench.records.randomness import stream
from bioworkbench.records.recording import Recording, Spikes, Trace
from bioworkbench.records.synapse import PULSE, SynapseModel
from bioworkbench.records.trained import TrainedNetwork


@pytest.fixture
def data():
    rng = stream(1, "file")
    model = NeuronModel(
        equations="dv/dt = (n*rest - v + drive)/tau : volt\ndrive : volt\ng : siemens/meter**2",
        threshold="v > -50*mV",
        reset="v = rest + n*mV",
        constants={"tau": np.array([10.0, 20.0, 30.0]) * ms, "rest": -70 * mV, "n": 3.0},
        start={"v": "uniform(-70 mV, -50 mV)", "g": 2 * nS / (1e-12 * meter**2)},
        refractory=2 * ms,
    )
    network = Network(
        (Population("second", 3, model, 1), Population("first", 2, discrete_lif(leak=0.5, start=[0.0, 0.25], floor=-1))),
        (
            Projection(INPUT, "first", sparse.csr_array(rng.normal(size=(4, 2)))),
            Projection("first", "second", sparse.csr_array([[0, 1e-3, 2e-3], [0, 0, 3e-3]]), np.array([1e-3, 2e-3, 1.5e-3])),
        ),
    )
    time = np.array([0.1, 0.3, 0.2]) * 1e-3 * np.array([1, 7, 3])
    spikes = {
        "second": Spikes(np.array([0, 0, 2]), np.array([2, 1, 0]), np.rint(time / 1e-4) * 1e-4),
        "first": Spikes(*np.zeros((3, 0), dtype=int)),
    }
    trace = Trace(rng.normal(size=(3, 100, 2)), np.arange(100) * 2e-4, np.array([1, 4]), "volt")
    recording = Recording(spikes, {"second.v": trace}, network.sizes, 3, 0.02, 1e-4, 5, "numpy", {"simulate": 1.0})
    readout = LinearReadout(rng.normal(size=(3, 2)), np.zeros(2), "argmax")
    feature = Choice("spike_counts", {"populations": ["second"]})
    trained = TrainedNetwork(network, feature, readout, {"loss": np.arange(200.0)}, skip=True)
    return RunData(network, recording, trained, Answers(np.array([0, 1, 1]), np.array([0, 1, 0])))


def same_network(one, other):
    assert one.sizes == other.sizes
    for a, b in zip(one.populations, other.populations, strict=True):
        assert (a.name, a.layer) == (b.name, b.layer)
        assert a.model.equations == b.model.equations
        assert type(a.model.discrete) is type(b.model.discrete)
        assert a.model.refractory == b.model.refractory
        for part in ("constants", "start"):
            assert list(getattr(a.model, part)) == list(getattr(b.model, part))
            for name, value in getattr(a.model, part).items():
                assert np.all(value == getattr(b.model, part)[name])
    for a, b in zip(one.projections, other.projections, strict=True):
        assert a.name == b.name
        np.testing.assert_array_equal(a.weights.toarray(), b.weights.toarray())
        np.testing.assert_array_equal(a.delay, b.delay)


def test_round_trip(data, tmp_path):
    write_run(tmp_path / "run.h5", data)
    back = read_run(tmp_path / "run.h5")
    same_network(data.network, back.network)
    for name, spikes in data.recording.spikes.items():
        for column in ("trial", "neuron", "time"):
            np.testing.assert_array_equal(getattr(back.recording.spikes[name], column), getattr(spikes, column))
    np.testing.assert_array_equal(back.recording.traces["second.v"], data.recording.traces["second.v"])
    for name in ("n_trials", "duration", "dt", "seed", "backend", "sizes"):
        assert getattr(back.recording, name) == getattr(data.recording, name)
    np.testing.assert_array_equal(back.trained.readout.coefficients, data.trained.readout.coefficients)
    np.testing.assert_array_equal(back.trained.history["loss"], data.trained.history["loss"])
    assert back.trained.feature == data.trained.feature
    assert back.trained.skip is True
    np.testing.assert_array_equal(back.answers.predictions, data.answers.predictions)


def test_synapses_are_kept(data, tmp_path):
    texts = {
        "equations": "dx/dt = -x/tau : 1 (event-driven)\ny : 1",
        "on_pre": "x += y",
        "on_post": "weight *= 0.5",
        "method": "rk2",
    }
    synapse = SynapseModel(**texts, constants={"tau": 20 * ms}, start={"y": np.arange(3.0)}, reference="nobody", bound="tau")
    first, second = data.network.projections
    network = replace(data.network, projections=(first, replace(second, synapse=synapse)))
    write_run(tmp_path / "run.h5", RunData(network, data.recording))
    back = read_run(tmp_path / "run.h5").network.projections
    assert back[0].synapse == PULSE
    assert {name: getattr(back[1].synapse, name) for name in texts} == texts
    assert (back[1].synapse.reference, back[1].synapse.bound, dict(back[1].synapse.constants)) == (
        "nobody",
        "tau",
        {"tau": 20 * ms},
    )
    np.testing.assert_array_equal(back[1].synapse.start["y"], np.arange(3.0))


def test_weights_that_synapses_learned_are_kept(data, tmp_path):
    learned = {"exc_exc": np.array([[0.1, 0.2, 0.3]])}
    write_run(tmp_path / "run.h5", replace(data, recording=replace(data.recording, weights=learned)))
    kept = read_run(tmp_path / "run.h5").recording.weights
    assert list(kept) == ["exc_exc"]
    np.testing.assert_array_equal(kept["exc_exc"], learned["exc_exc"])


def test_the_network_before_training(data, tmp_path):
    first, second = data.network.projections
    start = replace(data.network, projections=(first, replace(second, links=second.links.with_values(2 * second.links.weights))))
    write_run(tmp_path / "run.h5", replace(data, start=start))
    with h5py.File(tmp_path / "run.h5") as file:
        assert list(file["start"]) == ["first_second"]  # what training left alone is not kept twice
    same_network(start, read_run(tmp_path / "run.h5").start)


def test_network_alone(data, tmp_path):
    write_run(tmp_path / "run.h5", RunData(data.network, data.recording))
    back = read_run(tmp_path / "run.h5")
    assert back.trained is None
    assert back.answers is None


def test_sonata_layout_of_spikes(data, tmp_path):
    write_run(tmp_path / "run.h5", data)
    with h5py.File(tmp_path / "run.h5") as file:
        assert file.attrs["magic"] == 0x0A7A
        group = file["spikes/second"]
        assert group["timestamps"].attrs["units"] == "milliseconds"
        np.testing.assert_allclose(group["timestamps"][()], data.recording.spikes["second"].time * 1e3)
        np.testing.assert_array_equal(group["node_ids"][()], [2, 1, 0])
        assert group["node_ids"].dtype == np.uint64
        np.testing.assert_array_equal(group["trial_bounds"][()], [0, 2, 2, 3])


def damage(path, how):
    if how == "cut":
        path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    elif how == "text":
        path.write_text("not HDF5")
    else:
        with h5py.File(path, "a") as file:
            file["network/projections/first_second/indices"][0] = 99


@pytest.mark.parametrize("how", ["cut", "text", "indices"])
def test_damaged_files(data, tmp_path, how):
    path = tmp_path / "run.h5"
    write_run(path, data)
    damage(path, how)
    with pytest.raises(ResultError, match=r"run\.h5 is not a run that bioworkbench wrote, or is damaged"):
        read_run(path)


def test_files_are_never_overwritten(data, tmp_path):
    write_run(tmp_path / "run.h5", data)
    with pytest.raises(OSError, match="exists"):
        write_run(tmp_path / "run.h5", data)


def test_reading_a_run_imports_no_method():
    code = "import sys, bioworkbench.experiment.results.run_file; print({'jax', 'sklearn', 'numba'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "set()\n"
    with pytest.raises(AttributeError, match=r"module 'bioworkbench\.experiment\.results' has no attribute 'laod_record'"):
        results.laod_record  # noqa: B018
