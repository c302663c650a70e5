"""SONATA files open in libsonata and say what we say; hostile and foreign ones are told apart."""

import json
from dataclasses import replace

import h5py
import numpy as np
import pytest

from bioworkbench.exchange import export
from bioworkbench.exchange.sonata_reader import read_sonata_network
from bioworkbench.exchange.sonata_spikes import read_sonata_spikes
from bioworkbench.neurons import discrete_lif
from bioworkbench.records.errors import ResultError
from bioworkbench.records.recording import Trace
from tests.exchange.test_round_trips import same_spikes
from tests.run_records import record_alone, record_with_task, with_uneven_trace


@pytest.fixture
def circuit(tmp_path):
    """Path of a circuit of two populations with spikes and a trace."""
    return export(record_alone(), to="sonata", output=tmp_path / "x.sonata").path


def test_libsonata_reads_it(circuit):
    libsonata = pytest.importorskip("libsonata")
    data = record_alone().data
    opened = libsonata.CircuitConfig.from_file(circuit / "circuit_config.json")
    assert opened.node_populations == {"exc", "inh"}
    nodes = opened.node_population("exc")
    assert nodes.size == 20
    tau = nodes.get_dynamics_attribute("tau", nodes.select_all())
    np.testing.assert_array_equal(tau, np.asarray(data.network.population("exc").model.constants["tau"]))
    for projection in data.network.projections:
        edges = opened.edge_population(projection.name)
        assert (edges.source, edges.target, edges.size) == (projection.source, projection.target, projection.n_synapses)
        every = edges.select_all()
        np.testing.assert_array_equal(edges.get_attribute("syn_weight", every), projection.weights.data)
        np.testing.assert_array_equal(edges.target_nodes(every), projection.weights.indices)
        np.testing.assert_allclose(edges.get_attribute("delay", every), np.broadcast_to(projection.delay * 1e3, every.flat_size))
        into = edges.source_nodes(edges.afferent_edges([2]))
        assert set(into) == set(projection.weights.tocsc().indices[slice(*projection.weights.tocsc().indptr[2:4])])


def test_libsonata_reads_spikes_and_reports(circuit):
    libsonata = pytest.importorskip("libsonata")
    recording = record_alone().data.recording
    spikes = libsonata.SpikeReader(circuit / "spikes.h5")["exc"].get_dict()
    np.testing.assert_array_equal(spikes["node_ids"], recording.spikes["exc"].neuron)
    np.testing.assert_allclose(spikes["timestamps"], recording.spikes["exc"].time * 1e3)
    report = libsonata.SomaReportReader(circuit / "reports" / "exc.v.h5")["exc"]
    assert report.times == (0.0, 50.0, 1.0)
    np.testing.assert_allclose(report.get().data, recording.traces["exc.v"][0], rtol=1e-6)


def test_values_that_do_not_fill_a_trial_have_no_report(tmp_path):
    done = export(with_uneven_trace(record_alone()), to="sonata", output=tmp_path / "x.sonata")
    assert [line for line in done.lost if line.startswith("the trace exc.v: SONATA has one interval for all values")]
    assert not list((done.path / "reports").iterdir())


@pytest.mark.usefixtures("frozen")
def test_trials_follow_each_other(tmp_path):
    made = record_with_task()
    path = export(made, to="sonata", output=tmp_path / "y.sonata").path
    with h5py.File(path / "spikes.h5") as file:
        times = file["spikes/hidden/timestamps"][()]
        assert times.max() > 290
        assert (np.diff(times) >= 0).all()
    same_spikes(made.data.recording, read_sonata_spikes(path / "spikes.h5"))
    assert read_sonata_network(path).n_channels == 64


def test_circuits_of_other_tools_need_models(circuit):
    for path in (circuit / "components").iterdir():
        path.unlink()
    with pytest.raises(ResultError, match=r"node population 'exc' brings no model; give one as .*, or models = \{'exc'"):
        read_sonata_network(circuit)
    model = discrete_lif(leak=0.9)
    assert read_sonata_network(circuit, {"exc": model, "inh": model}).sizes == {"exc": 20, "inh": 5}


def test_spikes_of_other_tools(circuit):
    path = circuit / "spikes.h5"
    with h5py.File(path, "a") as file:
        for name in ("n_trials", "duration", "dt"):
            del file["spikes"].attrs[name]
    with pytest.raises(ResultError, match=r"spikes\.h5 is not a SONATA spike file .*, or needs sizes, duration or dt"):
        read_sonata_spikes(path)
    same_spikes(record_alone().data.recording, read_sonata_spikes(path, duration=0.05, dt=5e-4))


def changed(circuit, how):
    """Change a file of the circuit; returns which."""
    path = circuit / "network" / "edges.h5"
    with h5py.File(path, "a") as file:
        group = file["edges/exc_inh"]
        if how == "weights":
            del group["0/syn_weight"]
        else:
            group["target_node_id"][0] = 99


@pytest.mark.parametrize(
    ("how", "words"),
    [("weights", "edges without syn_weight"), ("range", "targets go from 0 to 99")],
)
def test_edges_that_do_not_fit(circuit, how, words):
    changed(circuit, how)
    with pytest.raises(ResultError, match=words):
        read_sonata_network(circuit)


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("timestamps", -5.0, "times outside 1 trial of"),
        ("timestamps", np.nan, "times outside 1 trial of"),
        ("timestamps", 1e9, "times outside 1 trial of"),
        ("node_ids", 20, "node ids up to 20 for 20 neurons"),
    ],
)
def test_spikes_that_do_not_fit(circuit, name, value, words):
    with h5py.File(circuit / "spikes.h5", "a") as file:
        file[f"spikes/exc/{name}"][0] = value
    with pytest.raises(ResultError, match=words):
        read_sonata_spikes(circuit / "spikes.h5")


def test_lists_of_other_lengths(circuit):
    with h5py.File(circuit / "spikes.h5", "a") as file:
        del file["spikes/exc/node_ids"]
        file["spikes/exc/node_ids"] = np.zeros(3, dtype=int)
    with pytest.raises(ResultError, match="they must be equally long lists"):
        read_sonata_spikes(circuit / "spikes.h5")


@pytest.mark.parametrize("place", ["/etc/passwd", "../../../secret.h5", "$BASE_DIR/../secret.h5"])
def test_configurations_that_point_outside(circuit, place):
    path = circuit / "circuit_config.json"
    config = json.loads(path.read_text())
    config["networks"]["nodes"][0]["nodes_file"] = place
    path.write_text(json.dumps(config))
    with pytest.raises(ResultError, match="which is outside; only files of the folder are read"):
        read_sonata_network(circuit)


def test_configurations_that_are_huge_or_none(circuit, monkeypatch):
    path = circuit / "circuit_config.json"
    monkeypatch.setattr("bioworkbench.exchange.sonata_config.MAX_BYTES", 10)
    with pytest.raises(ResultError, match="more than 10 are not read"):
        read_sonata_network(circuit)
    monkeypatch.undo()
    path.write_text("[1]")
    with pytest.raises(ResultError, match=r"circuit_config\.json holds a list; a configuration is a table of networks"):
        read_sonata_network(circuit)
    path.unlink()
    with pytest.raises(ResultError, match=r"x\.sonata has no configuration: no JSON file with networks"):
        read_sonata_network(circuit)


def test_traces_of_synapses_are_named_among_what_is_lost(tmp_path):
    made = record_alone()
    recording = made.data.recording
    times = np.arange(50) * 1e-3
    traces = {**recording.traces, "exc_inh.weight": Trace(np.zeros((1, 50, 3)), times, np.arange(3), "volt")}
    made = replace(made, data=replace(made.data, recording=replace(recording, traces=traces)))
    done = export(made, to="sonata", output=tmp_path / "x.sonata")
    assert "the trace exc_inh.weight: SONATA has reports of nodes, not of edges" in done.lost
    assert [path.name for path in (done.path / "reports").iterdir()] == ["exc.v.h5"]
    assert export(made, to="csv", output=tmp_path / "x.csv").path.exists()
    assert set(made.data.recording.to_xarray()) == {"exc.v", "exc_inh.weight"}
