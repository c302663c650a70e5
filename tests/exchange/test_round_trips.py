"""What is written in a format and read again is what it was, or its loss is named."""

import csv
from dataclasses import replace

import numpy as np
import pytest
from brian2 import ms, mV
from hypothesis import example, given, settings
from hypothesis import strategies as st
from scipy import sparse

from bioworkbench.exchange import FORMATS, export
from bioworkbench.exchange.connectomes import read_graphml
from bioworkbench.exchange.contents import CONTENTS, contents
from bioworkbench.exchange.graphml import graph_of, projections_of
from bioworkbench.exchange.sonata_reader import read_sonata_network
from bioworkbench.exchange.sonata_spikes import read_sonata_spikes
from bioworkbench.exchange.tables import read_synapses
from bioworkbench.experiment.results import RunRecord, fingerprint, save_record
from bioworkbench.experiment.results.record import RunData
from bioworkbench.neurons import NeuronModel, adaptive_lif, conductance_lif, noisy_lif
from bioworkbench.records.errors import ResultError
from bioworkbench.records.links import Links
from bioworkbench.records.network import INPUT, Network, Population, Projection
from bioworkbench.records.randomness import stream
from bioworkbench.records.recording import Recording, Spikes
from tests.experiment.results.test_run_file import same_network
from tests.run_records import record_alone, record_with_task


def network(seed):
    """Random network: conductances, delays of both kinds, parallel projections, arrays of constants, an input."""
    rng = stream(seed, "network")
    n, m = int(rng.integers(1, 6)), int(rng.integers(1, 4))

    def weights(*shape):
        return sparse.csr_array(rng.normal(size=shape) * (rng.random(shape) < 0.6))

    first = Population("first", n, conductance_lif())
    tau = rng.uniform(10, 20, m) * ms
    second = Population("second", m, noisy_lif(tau=tau, sigma=2 * mV, start="uniform(-70 mV, -60 mV)"), layer=1)
    delayed = weights(n, m)
    variables = [name for name in first.model.parsed.names if name not in ("v", "drive")][:1]
    return Network(
        (first, second),
        (
            Projection(INPUT, "second", weights(3, m)),
            Projection("first", "second", delayed, rng.integers(1, 50, delayed.nnz) * 1e-4),
            Projection("second", "first", weights(m, n), 1.5e-3),
            *(Projection("second", "first", weights(m, n), 0.0, variable) for variable in variables),
        ),
    )


def recording(seed, sizes):
    rng = stream(seed, "recording")
    n_trials, n_steps, dt = int(rng.integers(1, 4)), int(rng.integers(2, 40)), 1e-4
    spikes = {}
    for name, size in sizes.items():
        trial, step, neuron = np.nonzero(rng.random((n_trials, n_steps, size)) < 0.2)
        spikes[name] = Spikes(trial, neuron, step * dt)
    return Recording(spikes, {}, sizes, n_trials, n_steps * dt, dt, seed, "numpy")


def record(seed):
    made = network(seed)
    ends = rng_ends(seed, made.sizes["second"])
    loop = Links(*ends, (made.sizes["second"],) * 2, np.arange(1.0, 5.0), np.arange(4) * 1e-3)
    made = replace(made, projections=(*made.projections, Projection("second", "second", loop, name="twice")))
    return replace(record_alone(), data=RunData(made, recording(seed, made.sizes)))


def rng_ends(seed, size):
    """Ends of four links, two of which are parallel."""
    ends = stream(seed, "loops").integers(size, size=(2, 4))
    ends[:, 3] = ends[:, 0]
    return ends


def same_spikes(one, other, only_spiking=False):
    assert (one.n_trials, one.dt) == (other.n_trials, other.dt)
    assert one.duration == pytest.approx(other.duration)
    for name, spikes in one.spikes.items():
        if len(spikes) or not only_spiking:
            for column in ("trial", "neuron", "time"):
                np.testing.assert_array_equal(getattr(other.spikes[name], column), getattr(spikes, column))


def same_projections(one, other):
    ours, theirs = ({p.name: p for p in projections if p.n_synapses} for projections in (one, other))
    assert set(ours) == set(theirs)
    for name, projection in ours.items():
        for column in ("sources", "targets", "weights"):
            np.testing.assert_array_equal(getattr(theirs[name].links, column), getattr(projection.links, column))
        np.testing.assert_allclose(theirs[name].delay, projection.delay, rtol=1e-15, atol=0)


@settings(max_examples=2, deadline=None)
@given(seed=st.integers(0, 10**6))
@example(43147)  # projections without synapses
def test_sonata(tmp_path_factory, seed):
    path, made = tmp_path_factory.mktemp("x") / "run.sonata", record(seed)
    export(made, to="sonata", output=path)
    back = read_sonata_network(path)
    assert [p.name for p in back.populations] == [p.name for p in made.data.network.populations]
    for ours, theirs in zip(made.data.network.populations, back.populations, strict=True):
        assert (theirs.size, theirs.layer, theirs.model.refractory) == (ours.size, ours.layer, ours.model.refractory)
        same_network(Network((ours,)), Network((theirs,)))
    same_projections(made.data.network.projections, back.projections)
    same_spikes(made.data.recording, read_sonata_spikes(path / "spikes.h5"))


@settings(max_examples=5, deadline=None)
@given(seed=st.integers(0, 10**6))
def test_graphml(tmp_path_factory, seed):
    path, made = tmp_path_factory.mktemp("x") / "run.graphml", record(seed)
    written = export(made, to="graphml", output=path)
    same_projections(made.data.network.projections, projections_of(read_graphml(path, parallel=True)))
    assert "equations of first, second" in written.lost
    assert any(text.startswith("noise of second") for text in written.lost)


@settings(max_examples=4, deadline=None)
@given(seed=st.integers(0, 10**6))
def test_tables(tmp_path_factory, seed):
    path, made = tmp_path_factory.mktemp("x") / "run.tables", record(seed)
    export(made, to="csv", output=path)
    with (path / "spikes.csv").open(newline="") as file:
        rows = [(r["population"], int(r["trial"]), int(r["neuron"]), float(r["time (s)"])) for r in csv.DictReader(file)]
    spikes = made.data.recording.spikes
    wanted = [(name, *row) for name, s in spikes.items() for row in zip(s.trial, s.neuron, s.time, strict=True)]
    assert rows == wanted
    with (path / "synapses.csv").open(newline="") as file:
        links = [(r["source"], r["target"], r["weight"]) for r in csv.DictReader(file)]
    wanted = [(u, v, str(data["weight"])) for u, v, data in graph_of(made.data.network).edges(data=True)]
    assert sorted(links) == sorted(wanted)
    same_projections(made.data.network.projections, read_synapses(path))


def test_damaged_tables_are_named(tmp_path):
    with pytest.raises(ResultError, match=r"has no synapses that can be read: FileNotFoundError.*; export the run to csv again"):
        read_synapses(tmp_path)


def test_traces_in_tables(tmp_path):
    made = record_alone()
    export(made, to="csv", output=tmp_path / "t")
    table = np.loadtxt(tmp_path / "t" / "exc.v.csv", delimiter=",", skiprows=1)
    np.testing.assert_array_equal(table[:, 2:], made.data.recording.traces["exc.v"][0])
    np.testing.assert_allclose(table[:, 1], np.arange(50) * 1e-3)


@pytest.mark.parametrize("to", ["csv", "graphml", "sonata"])
@pytest.mark.usefixtures("frozen")
def test_everything_is_carried_or_named(tmp_path, to):
    made = record_with_task()
    assert set(contents(made)) <= set(CONTENTS)
    written = export(made, to=to, output=tmp_path / "out")
    for key, text in contents(made).items():
        assert (key in FORMATS[to].carries) != (text in written.lost)
    assert {"readout", "history", "answers", "stimulus", "metrics"} <= set(contents(made)) - set(FORMATS[to].carries)


def test_formats_carry_what_there_is():
    assert all(set(given.carries) <= set(CONTENTS) for given in FORMATS.values())
    assert set(contents(record_alone())) <= set(CONTENTS)


def test_noise_is_found():
    made = record_alone()
    assert contents(made)["noise"] == "noise of exc, inh"
    quiet = replace(made.data, network=Network((Population("a", 1, adaptive_lif()),)))
    assert "noise" not in contents(RunRecord(made.spec, quiet, {}, {}))
    assert "refractory" in contents(made)


def test_the_place_beside_the_results(tmp_path):
    made = record_alone()
    folder = tmp_path / "results" / "x" / fingerprint(made.spec)
    save_record(made, folder)
    assert export(folder, to="graphml").path == folder / "export" / "x.graphml"
    with pytest.raises(ResultError, match=r"x\.graphml exists; remove it or name another path"):
        export(folder, to="graphml")


def test_bad_requests(tmp_path):
    with pytest.raises(ValueError, match="'sonat' is not a format; did you mean 'sonata'"):
        export(record_alone(), to="sonat", output=tmp_path / "x")
    with pytest.raises(ValueError, match="output = None: name a path"):
        export(record_alone(), to="csv")
    with pytest.raises(ResultError, match="is not a complete results folder"):
        export(tmp_path, to="csv")
    (tmp_path / "file").write_text("")
    with pytest.raises(ResultError, match="cannot be written"):
        export(record_alone(), to="csv", output=tmp_path / "file" / "x")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["file"]


def test_missing_packages_are_named(tmp_path, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "neo", None)
    with pytest.raises(ResultError, match=r"neo is needed here and is not installed .*bioworkbench\[exchange\]") as caught:
        export(record_alone(), to="neo", output=tmp_path / "x")
    assert caught.value.missing == "neo"


def test_graphs_that_are_no_networks():
    graph = graph_of(network(1))
    with pytest.raises(ValueError, match=r"the node x has the attributes \{\}"):
        projections_of(_with(graph, "x"))
    with pytest.raises(ValueError, match="are not numbered 0 to"):
        projections_of(_with(graph, "x", population="first", index=99))
    graph.add_edge("first:0", "second:0", "new")
    with pytest.raises(ValueError, match=r"the link first:0 - second:0 has the attributes .*; it needs a weight"):
        projections_of(graph)


def _with(graph, node, **attributes):
    changed = graph.copy()
    changed.add_node(node, **attributes)
    return changed


def test_graphs_have_a_largest_size(monkeypatch):
    monkeypatch.setattr("bioworkbench.exchange.graphml.MAX_LINKS", 3)
    weights = sparse.csr_array(np.ones((2, 2)))
    model = NeuronModel("v : 1", "v > 1", "v = 0")
    with pytest.raises(ValueError, match="the network has 4 synapses; more than 3 do not fit a graph"):
        graph_of(Network((Population("a", 2, model),), (Projection("a", "a", weights),)))
