"""Whole networks of files, SONATA and NIR, are run, swept, trained and reported as those of specs."""

import copy

import h5py
import numpy as np
import pytest

import bioworkbench as bw
from bioworkbench.exchange import nir_graph
from bioworkbench.exchange.given_networks import nir_network, sonata_network
from bioworkbench.experiment.results import fingerprint
from bioworkbench.experiment.spec import read
from bioworkbench.experiment.spec.plan import construct
from bioworkbench.neurons import discrete_lif
from bioworkbench.records.errors import SpecError
from bioworkbench.records.network import INPUT, Network, Population, Projection
from bioworkbench.report.page import render
from tests.exchange.sonata_circuits import write_circuit
from tests.run_records import sketched

TABLE = "edge_type_id delay syn_weight\n100 2.0 9.0\n101 1.0 9.0\n"
CELL = {"kind": "noisy_lif", "size": 2, "sigma": "0 mV", "rest": "-52 mV", "start": "-52 mV"}


@pytest.fixture
def circuit(tmp_path, monkeypatch):
    """Virtual nodes a, which spike from a file, onto cells b."""
    monkeypatch.chdir(tmp_path)
    inputs = {"in": {"input_type": "spikes", "input_file": "${configdir}/old.h5", "node_set": "a"}}
    path = write_circuit(tmp_path / "x", source=(8, 8, 8), config={"inputs": inputs}, edge_types=TABLE)
    with h5py.File(tmp_path / "x" / "old.h5", "w") as file:
        file["spikes/gids"], file["spikes/timestamps"] = np.array([0, 1, 0]), np.array([1.0, 2.5, 50.0])
    return path


def document(**changes):
    given = {
        "seed": 1,
        "dt": "0.1 ms",
        "duration": "10 ms",
        "backend": "numpy",
        "network": {"kind": "sonata", "file": "x/any.json", "weight_unit": "mV"},
        "populations": {"b": CELL},
        "record": [{"variable": "b.v"}],
    }
    return copy.deepcopy(given | changes)


def spec(**changes):
    return read({key: value for key, value in document(**changes).items() if value is not None}, "x", "x.toml")


@pytest.mark.usefixtures("circuit")
def test_a_circuit_is_run_with_its_inputs(tmp_path, monkeypatch):
    for module in ("page", "fitted"):
        monkeypatch.setattr(f"bioworkbench.report.{module}.drawn", sketched)
    result = bw.run(spec(n_trials=2), results=tmp_path / "results", report=False)
    potential = result.recording.traces["b.v"]
    assert potential.shape[0] == 2  # the same spikes in each trial; the one after the run is left out
    arrived = np.argmax(np.abs(np.diff(potential.values, axis=1)) > 5e-3, axis=1) * 0.1
    np.testing.assert_allclose(arrived, [[3.0, 3.5]] * 2, atol=0.11)  # 1 ms + 2 ms, 2.5 ms + 1 ms
    text = render(result.record)
    assert "Which populations project to which." in text
    assert "any.json" in text


@pytest.mark.usefixtures("circuit")
def test_a_circuit_is_swept_and_found_by_its_content(tmp_path):
    swept = bw.sweep(spec(), {"populations.b.rest": ["-52 mV", "-45 mV"]}, results=tmp_path / "results")
    assert len(swept) == 2
    before = fingerprint(spec())
    with h5py.File("x/net/ab_edges.h5", "a") as file:
        file["edges/a_to_b/edge_type_id"][0] = 101
    assert fingerprint(spec()) != before


@pytest.mark.usefixtures("circuit")
def test_a_spec_adds_to_a_circuit():
    more = {"source": "b", "target": "c", "topology": "all_to_all", "weights": {"kind": "constant", "value": "1 mV"}}
    plan = construct(spec(populations={"b": CELL, "c": CELL | {"size": 4}}, projections={"b_c": more}))
    assert plan.network.sizes == {"b": 2, "c": 4}
    assert [(p.source, p.target) for p in plan.network.projections] == [("b", "c"), ("a", "b")]
    assert [one.name for one in plan.stimuli] == ["a"]
    own = {"a": {"kind": "regular", "rate": "1 kHz", "n": 3}}
    fed = construct(spec(network=document()["network"] | {"inputs": False}, stimuli=own))
    assert len(fed.stimuli[0]) == 3 * 10  # in place of the file's


@pytest.mark.usefixtures("circuit")
@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"network": {"kind": "sonata", "file": "no.json"}}, "x.toml, network: file = 'no.json' is not a file"),
        ({"network": {"kind": "sonat", "file": "x"}}, "network.kind: 'sonat' is not a network; did you mean 'sonata'"),
        ({"network": {"kind": "sonata", "file": "x"}}, "network: .* have no unit"),
        ({"populations": {"b": CELL | {"size": 5}}}, "network: 'b' has 2 neurons in the file; set size = 2"),
        (
            {"populations": {}, "record": []},
            "network: .*node population 'b' brings no model; give one as .populations\\.b. in a spec",
        ),
        ({"record": [{"variable": "d.v"}]}, "record: 'd.v': 'd' is not a population"),
        (
            {"stimuli": {"more": {"kind": "regular", "rate": "1 kHz", "target": "d", "weight": "1 mV"}}},
            "stimuli.more: 'd' is not a population that it could act on",
        ),
        ({"stimuli": {"d": {"kind": "regular", "rate": "1 kHz"}}}, "stimuli.d: no projection has the source 'd'"),
        (
            {"projections": {"d_b": {"source": "d", "target": "b", "topology": "all_to_all", "weights": "1 mV"}}},
            "projections.d_b.source: 'd' is not a population",
        ),
    ],
)
def test_what_is_refused(changes, words):
    with pytest.raises(SpecError, match=words):
        construct(spec(**changes))


@pytest.fixture
def graph(tmp_path, monkeypatch):
    nir = pytest.importorskip("nir")
    monkeypatch.chdir(tmp_path)
    weights = np.random.default_rng(1).normal(0, 0.3, (64, 40))
    cells = Population("a", 40, discrete_lif(leak=0.9, reset="zero", strict=True))
    nir.write(tmp_path / "x.nir", nir_graph(Network((cells,), (Projection(INPUT, "a", weights),)), dt=1e-4))
    return weights


LEARNED = {
    "seed": 1,
    "dt": "0.1 ms",
    "backend": "numpy",
    "metrics": ["accuracy"],
    "task": {"kind": "digits", "n_train": 60, "n_test": 30},
    "input": {"kind": "as_current", "frame": "0.8 ms"},
    "network": {"kind": "nir", "file": "x.nir"},
    "method": {"kind": "ransnn", "feature": "spike_counts", "readout": {"kind": "ridge", "penalty": 0.1}},
}


@pytest.mark.usefixtures("graph")
def test_a_graph_learns_a_task(tmp_path):
    result = bw.run(read(LEARNED, "x"), results=tmp_path / "results", report=False)
    assert result.metrics["test"]["accuracy"] > 0.4 > result.metrics["baselines"]["chance"]["accuracy"]


def test_a_graph_is_fed_by_a_stimulus(graph):
    given = {key: value for key, value in LEARNED.items() if key not in ("task", "input", "method", "metrics")}
    given |= {"duration": "2 ms", "stimuli": {INPUT: {"kind": "steps", "n": 64, "times": ["0 s"], "values": [1.0]}}}
    plan = construct(read(given, "x"))
    np.testing.assert_allclose(plan.network.projections[0].links.weights.sum(), graph.sum(), rtol=1e-6)
    assert [one.name for one in plan.stimuli] == [INPUT]
    few = {INPUT: {"kind": "steps", "times": ["0 s"], "values": [1.0]}}
    with pytest.raises(
        SpecError, match=r"x, stimuli\.input: the stimulus 'input' has 1 channel; the projections from it expect 64"
    ):
        construct(read(given | {"stimuli": few}, "x"))
    with pytest.raises(SpecError, match="'a' is a population of the file, which brings its model"):
        construct(read(given | {"populations": {"a": CELL}}, "x"))
    with pytest.raises(SpecError, match="'input' is what a task gives"):
        read({key: value for key, value in given.items() if key != "network"} | {"populations": {"b": CELL}}, "x")


@pytest.mark.usefixtures("circuit")
def test_a_task_must_reach_the_network():
    given = {**LEARNED, "network": document()["network"], "populations": {"b": CELL}}
    with pytest.raises(SpecError, match="has a task and no projection from 'input', nor has the file"):
        construct(read(given, "x"))


@pytest.mark.usefixtures("circuit", "graph")
def test_both_readers_from_a_script(tmp_path):
    assert nir_network(1e-4, {}, file=tmp_path / "x.nir").network.sizes == {"a": 40}
    found = sonata_network(1e-4, {"b": construct(spec()).network.population("b").model}, file=tmp_path / "x", weight_unit="mV")
    assert [len(trains) for trains in found.stimuli] == [3]
