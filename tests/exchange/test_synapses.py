"""What a synapse model is, and what it did to the weights, is in an export or is named; NIR refuses it."""

import csv
import json
from dataclasses import replace

import h5py
import numpy as np
import pytest
from brian2 import mV, nS

from bioworkbench.exchange import FORMATS, export, read_sonata_network
from bioworkbench.exchange.connectomes import read_graphml
from bioworkbench.exchange.contents import contents
from bioworkbench.exchange.graphml import graph_of, projections_of
from bioworkbench.exchange.plain_models import plain_synapse, plain_synapses, synapse_of
from bioworkbench.exchange.tables import read_synapses
from bioworkbench.experiment.results import fingerprint, load_record, save_record
from bioworkbench.experiment.results.run_file import RunData
from bioworkbench.neurons import NeuronModel
from bioworkbench.records.background import Background
from bioworkbench.records.errors import ResultError, TopologyError
from bioworkbench.records.network import Network, Population, Projection
from bioworkbench.records.recording import Recording, Spikes
from bioworkbench.records.synapse import PULSE
from bioworkbench.synapses import SYNAPSE_MODELS
from tests.run_records import record_alone
from tests.sampled import every
from tests.synapses.test_models import MODELS

CELL = NeuronModel(
    "dv/dt = (-v + pull)/(10*ms) : volt\npull : volt\ng : siemens\ndopamine : 1",
    threshold="v > 10*mV",
    reset="v = 0*mV",
    start={"pull": 0 * mV, "g": 0 * nS, "dopamine": 0},
)
WEIGHTS = np.array([[0.5, 0.0], [1.5, 2.5]]) * 0.4e-3


def record(synapse, n_trials=1):
    """A run of two neurons with that synapse."""
    receives = "pull" if any("(summed)" in line for line in synapse.equations.splitlines()) else "v"
    cells = Population("a", 2, CELL, background=(Background("v", 10, 5.0, 1e-3),))
    network = Network((cells,), (Projection("a", "a", WEIGHTS, 1e-3, receives, "ab", synapse),))
    final = {"ab": np.arange(3.0 * n_trials).reshape(n_trials, 3)} if synapse.changes_weight else {}
    spikes = {"a": Spikes(np.zeros(1, np.int32), np.ones(1, np.int32), np.full(1, 1e-3))}
    made = Recording(spikes, {}, {"a": 2}, n_trials, 0.01, 1e-3, 1, "numpy", weights=final)
    return replace(record_alone(), data=RunData(network, made))


def read_back(to, path):
    """Synapse model and final weights of the one projection in a file."""
    if to == "csv":
        table = path / "final_weights.csv"
        rows = list(csv.DictReader(table.open(newline=""))) if table.exists() else []
        return read_synapses(path)[0], [float(row["weight"]) for row in rows]
    if to == "graphml":
        graph = read_graphml(path, parallel=True)
        return projections_of(graph)[0], [d["final_weight"] for *_, d in graph.edges(data=True) if "final_weight" in d]
    projection, final = read_sonata_network(path).projections[0], path / "weights.h5"
    if not final.exists():
        return projection, []
    with h5py.File(final) as file:
        return projection, list(np.ravel(file["weights/ab"]))


@pytest.mark.parametrize("to", sorted(FORMATS))
@pytest.mark.parametrize("name", every(3, sorted(SYNAPSE_MODELS)))
def test_every_model_is_carried_named_or_refused_by_every_format(tmp_path, name, to):
    synapse = MODELS[name]
    made, path = record(synapse), tmp_path / f"x{FORMATS[to].suffix}"
    if to == "nir":
        words = (
            "synapses of ab do more than add their weight; NIR has no place for it"
            if synapse != PULSE
            else "NIR has no neuron for|a NIR graph begins with an input"
        )
        with pytest.raises(ValueError, match=words):
            export(made, to=to, output=path)
        return
    written, held = export(made, to=to, output=path), contents(made)
    assert ("synapses" in held, "final_weights" in held) == (synapse != PULSE, synapse.changes_weight)
    assert held["background"] == "background of a"
    for key, text in held.items():
        assert (key in FORMATS[to].carries) != (text in written.lost)
    if "synapses" in FORMATS[to].carries:
        projection, final = read_back(to, path)
        assert plain_synapse(projection.synapse) == plain_synapse(synapse)
        assert final == list(np.ravel(made.data.recording.weights.get("ab", [])))


def test_several_trials_of_final_weights(tmp_path):
    made = record(MODELS["pair_stdp"], n_trials=2)
    assert "final weights of ab: a link holds those of one trial, and there are 2" in (
        export(made, to="graphml", output=tmp_path / "x.graphml").lost
    )
    assert read_back("csv", export(made, to="csv", output=tmp_path / "x").path)[1] == list(range(6))


def test_final_weights_in_nwb(tmp_path):
    made = record(MODELS["pair_stdp"], n_trials=2)
    pynwb = pytest.importorskip("pynwb")
    with pynwb.NWBHDF5IO(export(made, to="nwb", output=tmp_path / "x.nwb").path, "r") as source:
        series = source.read().acquisition["ab.weights"]
        np.testing.assert_array_equal(series.data[:], made.data.recording.weights["ab"])
        assert (list(series.timestamps[:]), series.unit) == (pytest.approx([0.01, 0.02]), "volt")


def test_background_comes_back_from_sonata(tmp_path):
    path = export(record(PULSE), to="sonata", output=tmp_path / "x").path
    assert read_sonata_network(path).populations[0].background == (Background("v", 10, 5.0, 1e-3),)


def test_results_keep_final_weights(tmp_path):
    made = record(MODELS["pair_stdp"], n_trials=2)
    folder = tmp_path / fingerprint(made.spec)
    save_record(made, folder)
    back = load_record(folder).data.recording
    np.testing.assert_array_equal(back.weights["ab"], made.data.recording.weights["ab"])


@pytest.mark.parametrize("damage", ['{"ab": 1}', "[1]", "{", '{"ab": {"constants": {}}}'])
def test_damaged_synapse_models_are_named(tmp_path, damage):
    made = record(MODELS["pair_stdp"])
    path = export(made, to="csv", output=tmp_path / "x").path
    (path / "synapse_models.json").write_text(damage)
    with pytest.raises(ResultError, match="has no synapses that can be read"):
        read_synapses(path)
    graph = graph_of(made.data.network)
    graph.graph["synapses"] = damage
    with pytest.raises(TopologyError, match="synapses of the graph are not synapse models that bioworkbench wrote"):
        projections_of(graph)


def test_arrays_and_distributions_survive_json():
    model = replace(
        MODELS["pair_stdp"],
        constants={**MODELS["pair_stdp"].constants, "potentiation": np.arange(3.0)},
        start={"before": "uniform(0, 1)"},
    )
    back = synapse_of(json.loads(json.dumps(plain_synapse(model))))
    assert plain_synapse(back) == plain_synapse(model)
    assert plain_synapses(record(PULSE).data.network) == {}
