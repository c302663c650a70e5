"""SONATA circuits of other programs: types inherit, HDF5 wins, and what is wrong is named with file, table and row."""

import csv
import json
import os
import warnings
from pathlib import Path

import h5py
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bioworkbench.exchange import read_sonata_circuit, read_sonata_network, read_sonata_spikes, read_sonata_trains
from bioworkbench.exchange.connectomes import read_graph
from bioworkbench.exchange.sonata_edges import sonata_links
from bioworkbench.neurons import discrete_lif, noisy_lif
from bioworkbench.records.errors import ResultError
from bioworkbench.records.stimulus import Stimulus
from bioworkbench.simulation.inputs import inputs_of
from tests.exchange.sonata_circuits import EDGES, write_circuit

CELL = discrete_lif(leak=0.9)
BOTH = {"a": CELL, "b": CELL}
PUBLIC = Path(os.environ.get("BIOWORKBENCH_DATA", "nowhere")).parent / "public"
CIRCUITS = {
    "bmtk/point_120cells": ["cortex"],
    "bmtk/point_120cells/network": ["cortex"],
    "bmtk/point_120cells/config.simulation.json": ["cortex"],
    "bmtk/point_stdp/config.simulation_virtual.json": ["sources", "targets"],
    "bmtk/pop_2pops": ["internal"],
    "sonata/300_intfire": ["v1"],
    "sonata/300_pointneurons": ["internal"],
    "sonata/ten_cells_spikes_nest": ["post"],
}


def only(network):
    """Weights and delays of the network's one projection."""
    (projection,) = network.projections
    return projection.links.weights.tolist(), np.broadcast_to(projection.delay, len(projection.links)).tolist()


@pytest.mark.parametrize(
    ("inside", "weights", "delays"),
    [
        ({}, [0.5, -0.25], [2e-3, 1e-3]),
        ({"delay": [5.0, 6.0]}, [0.5, -0.25], [5e-3, 6e-3]),
        ({"syn_weight": [3.0, np.nan]}, [3.0, -0.25], [2e-3, 1e-3]),
        ({"nsyns": [10, 4]}, [5.0, -1.0], [2e-3, 1e-3]),
        ({"nsyns": [10, 0]}, [5.0], [2e-3]),
    ],
)
def test_edges_inherit_and_hdf5_wins(tmp_path, inside, weights, delays):
    path = write_circuit(tmp_path / "x", inside=inside)
    network = read_sonata_network(path, BOTH)
    assert only(network)[0] == weights
    assert only(network)[1] == pytest.approx(delays)
    assert read_sonata_network(path.parent, BOTH).sizes == {"a": 3, "b": 2}


def test_every_group_has_units_of_its_own(tmp_path):
    write_circuit(tmp_path / "x", inside={"delay": [0.004]})
    path = tmp_path / "x" / "net" / "ab_edges.h5"
    with h5py.File(path, "a") as file:
        file["edges/a_to_b/edge_group_id"][:], file["edges/a_to_b/edge_group_index"][:] = [0, 1], [0, 0]
        file["edges/a_to_b/0/delay"].attrs["units"] = "s"
    # the second edge has its delay from the table, in milliseconds
    assert sonata_links(path).delays.tolist() == pytest.approx([4e-3, 1e-3])
    with h5py.File(path, "a") as file:
        for number, unit, values in ((0, "nS", [1.0]), (1, np.bytes_("pS"), [2.0])):
            file[f"edges/a_to_b/{number}/syn_weight"] = np.array(values)
            file[f"edges/a_to_b/{number}/syn_weight"].attrs["units"] = unit
        file["edges/a_to_b/1/delay"] = np.array([7.0])
    with pytest.raises(ValueError, match=r"groups of /edges/a_to_b have syn_weight in the units 'nS', 'pS'; give all the same"):
        sonata_links(path)
    with h5py.File(path, "a") as file:
        del file["edges/a_to_b/1/syn_weight"]
    assert sonata_links(path).delays.tolist() == pytest.approx([4e-3, 7e-3])


@pytest.mark.slow
@settings(max_examples=20, deadline=None)
@given(st.lists(st.integers(0, 1), min_size=2, max_size=2), st.sets(st.sampled_from(["delay", "syn_weight", "nsyns"])))
def test_any_mixture_of_places(tmp_path_factory, types, in_hdf5):
    given_table = {"delay": [2.0, 1.0], "syn_weight": [0.5, -0.25], "nsyns": [3, 4]}
    table = "edge_type_id delay syn_weight nsyns\n100 2.0 0.5 3\n101 1.0 -0.25 4\n"
    inside = {name: [7, 9] for name in in_hdf5}
    path = write_circuit(
        tmp_path_factory.mktemp("x") / "y", edge_types=table, inside=inside, edges={"edge_type_id": [100 + t for t in types]}
    )
    each = {name: np.array(inside.get(name, [values[t] for t in types]), dtype=float) for name, values in given_table.items()}
    weights, delays = only(read_sonata_network(path, BOTH))
    assert weights == pytest.approx(each["syn_weight"] * each["nsyns"])
    assert delays == pytest.approx(each["delay"] * 1e-3)


def test_graph_counts_synapses(tmp_path):
    write_circuit(tmp_path / "x", inside={"nsyns": [10, 4]})
    graph = read_graph(tmp_path / "x" / "net" / "ab_edges.h5")
    assert graph.edges["a:0", "b:0"] == {"n_synapses": 10, "weight": 5.0, "delay": pytest.approx(2e-3)}
    assert graph.edges["a:1", "b:1"] == {"n_synapses": 4, "weight": -1.0, "delay": pytest.approx(1e-3)}


def test_virtual_nodes_spike_from_a_file(tmp_path):
    inputs = {"in": {"input_type": "spikes", "input_file": "${configdir}/old.h5", "node_set": "drive"}}
    inputs["clamp"] = {"input_type": "current_clamp"}
    more = {"inputs": inputs, "run": {"tstop": 10.0, "dt": 0.1}, "node_sets_file": "sets.json"}
    table = "edge_type_id delay syn_weight weight_function\n100 2.0 0.5 gauss\n101 1.0 -0.25 wmax\n"
    path = write_circuit(tmp_path / "x", source=(8, 8, 8), config=more, edge_types=table)
    (tmp_path / "x" / "sets.json").write_text(json.dumps({"drive": {"population": "a"}}))
    with h5py.File(tmp_path / "x" / "old.h5", "w") as file:
        file["spikes/gids"], file["spikes/timestamps"] = np.array([0, 2, 1]), np.array([1.0, 2.5, 11.0])
    circuit = read_sonata_circuit(path, {"b": CELL})
    assert circuit.network.channels == {"a": 3}
    assert (circuit.duration, circuit.dt) == (pytest.approx(0.01), pytest.approx(1e-4))
    (trains,) = circuit.stimuli
    assert (trains.channel.tolist(), trains.time.tolist()) == ([0, 2], pytest.approx([1e-3, 2.5e-3]))
    assert circuit.nodes["a"]["ei"].tolist() == ["i"] * 3
    assert [text.split(" of ")[0] for text in circuit.lost] == ["weight_function 'gauss'", "1 spikes", "input 'clamp'"]
    made = inputs_of(circuit.network, circuit.stimuli, 1e-4)
    assert made.network.projections[0].delay.tolist() == pytest.approx([2e-3, 1e-3])
    with pytest.raises(ValueError, match="projection a_to_b has a delay, and the stimulus 'a' consists of frames"):
        inputs_of(circuit.network, Stimulus(np.zeros((1, 10, 3)), 1e-3, name="a"), 1e-4)


def test_weights_need_a_unit_where_the_model_has_one(tmp_path):
    path, cell = write_circuit(tmp_path / "x"), noisy_lif()
    models = {"a": cell, "b": cell}
    with pytest.raises(ResultError, match="have no unit, and 'b' receives v"):
        read_sonata_network(path, models)
    for unit in ("mV", {"a_to_b": "mV"}):
        assert only(read_sonata_network(path, models, weight_unit=unit))[0] == pytest.approx([0.5e-3, -0.25e-3])


def test_delays_that_nobody_gives_are_listed(tmp_path):
    path = write_circuit(tmp_path / "x", edge_types="edge_type_id syn_weight\n100 1\n101 2\n")
    assert read_sonata_circuit(path, BOTH).lost == (
        "delays of 2 edges of edge population 'a_to_b': the files give none, 0 is taken",
    )


def test_moved_circuits(tmp_path):
    path = write_circuit(tmp_path / "x", config={"manifest": {"$NET": "../input"}})
    with pytest.warns(
        UserWarning, match=r"names '\.\./input/a_nodes\.h5', which is not there; .*net/a_nodes\.h5 is read instead"
    ):
        read_sonata_network(path, BOTH)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert read_sonata_network(path, BOTH, manifest={"$NET": "net"}).sizes["a"] == 3
    outer = tmp_path / "x" / "inner" / "c.json"
    outer.parent.mkdir()
    outer.write_text(json.dumps(json.loads(path.read_text()) | {"manifest": {"$NET": "../net"}}))
    with pytest.raises(ResultError, match="which is outside; only files of the folder are read; move it inside, or give root"):
        read_sonata_network(outer, BOTH)
    assert read_sonata_network(outer, BOTH, root=tmp_path / "x").sizes["a"] == 3


def test_first_layout_of_spikes(tmp_path):
    with h5py.File(tmp_path / "s.h5", "w") as file:
        file["spikes/gids"], file["spikes/timestamps"] = np.array([0, 1, 0]), np.array([1.0, 2.5, 7.0])
    spikes = read_sonata_spikes(tmp_path / "s.h5", sizes={"a": 2}, duration=0.01, dt=1e-4).spikes["a"]
    assert spikes.neuron.tolist() == [0, 1, 0]
    assert spikes.time.tolist() == pytest.approx([1e-3, 2.5e-3, 7e-3])
    with pytest.raises(ResultError, match="the first layout, which names no population; give sizes of one, not of 2"):
        read_sonata_spikes(tmp_path / "s.h5", sizes={"a": 2, "b": 2}, duration=0.01, dt=1e-4)


def test_tables_of_spikes(tmp_path):
    path = tmp_path / "s.csv"
    path.write_text("timestamps population node_ids\n1.5 a 2\n3.0 b 0\n")
    assert read_sonata_trains(path, "a", duration=1.0).channel.tolist() == [2]
    with pytest.raises(ResultError, match="has spikes of a, b; name the population that is meant"):
        read_sonata_trains(path)
    with pytest.raises(ResultError, match="'c' is not a population; known: a, b"):
        read_sonata_trains(path, "c")
    path.write_text("timestamps node_ids\n1.5 2\n3.0 0.5\n")
    with pytest.raises(ResultError, match=r"s\.csv, line 3, column 'node_ids': a spike has a whole node id and a time"):
        read_sonata_trains(path)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        (
            {"edge_types": "edge_type_id syn_weight\n100 1\n"},
            r"ab_edge_types\.csv has no row with edge_type_id = 101, the type of edge 1 of",
        ),
        ({"node_types": "node_type_id ei\n9 e\n"}, r"types\.csv has no row with node_type_id = 7, the type of node 0"),
        ({"edge_types": "edge_type_id delay\n100 1\n101 1\n"}, "edges without syn_weight, the first is edge 0 of type 100"),
        (
            {"edge_types": "id delay\n100 1\n101 1\n"},
            r"ab_edge_types\.csv is not a table of edge types: 'edge_type_id' is not a column",
        ),
        ({"edge_types": "edge_type_id syn_weight\n100.5 1\n"}, r"line 2, column 'edge_type_id': '100.5' is not an integer"),
        ({"edge_types": "edge_type_id syn_weight\n100 1\n100 2\n"}, "line 3, column 'edge_type_id': type 100 has a row already"),
        ({"edge_types": EDGES.replace("0.5", "half")}, "line 2, column 'syn_weight': 'half' is not a number"),
        ({"inside": {"nsyns": [1.5, 2]}}, "edge 0 of /edges/a_to_b has nsyns = 1.5; it is a count of synapses"),
        ({"edges": {"edge_type_id": [100]}}, r"/edges/a_to_b/edge_type_id has shape \(1,\); 2 edges need one type each"),
        ({"source": (7, 8, 7)}, "/nodes/a has 1 virtual nodes of 3; split it into two populations"),
        ({"config": {"manifest": {"$NEX": "net"}}}, r"any\.json: '\$NET' is not a manifest variable"),
        ({"config": {"manifest": {"$NET": "$NET/a"}}}, "name each other more than 10 deep; write them out"),
        ({"config": {"network": "any.json"}}, "names 11 configurations, each in the one before"),
        ({"config": {"network": "gone.json"}}, r"names 'gone\.json', which is not a file; fetch it"),
        ({"config": {"networks": {"nodes": [{"nodes_file": "$NET/ab_edges.h5"}]}}}, "has no group 'nodes'; it holds edges"),
        ({"config": {"networks": {"nodes": [{"nodes_file": "$NET/types.csv"}]}}}, r"types\.csv is not a SONATA node file"),
    ],
)
def test_bad_circuits(tmp_path, changes, words):
    path = write_circuit(tmp_path / "x", **changes)
    with pytest.raises(ResultError, match=words):
        read_sonata_network(path, BOTH)


def test_ends_of_edges(tmp_path):
    path = write_circuit(tmp_path / "x", source=(8, 8, 8))
    for population, words in (("c", "'c' is not a node population"), ("a", "whose nodes are virtual; they receive nothing")):
        with h5py.File(tmp_path / "x" / "net" / "ab_edges.h5", "a") as file:
            file["edges/a_to_b/target_node_id"].attrs["node_population"] = population
        with pytest.raises(ResultError, match=words):
            read_sonata_network(path, {"b": CELL})
    with pytest.raises(ResultError, match="models: 'aa' is not a node population of"):
        read_sonata_network(path, {"aa": CELL})


def test_node_ids_and_names(tmp_path):
    path = write_circuit(tmp_path / "x")
    with h5py.File(tmp_path / "x" / "net" / "b_nodes.h5", "a") as file:
        file["nodes/b/node_id"] = np.array([1, 0])
        file["nodes/b/node_group_id"], file["nodes/b/node_group_index"] = np.array([0, 0]), np.array([0, 1])
        file["nodes/b/0/kind"], file["nodes/b/0/@library/kind"] = np.array([1, 0]), np.array([b"x", b"y"])
        file["nodes/b/0/dynamics_params/tau"] = np.array([5.0, 6.0])
    table = read_sonata_circuit(path, BOTH).nodes["b"]
    assert (table["kind"].tolist(), table["tau"].tolist()) == (["x", "y"], [6.0, 5.0])
    with h5py.File(tmp_path / "x" / "net" / "b_nodes.h5", "a") as file:
        file["nodes/b/0/kind"][0] = 2
    with pytest.raises(ResultError, match="kind goes up to 2; its library has 2 entries"):
        read_sonata_network(path, BOTH)
    with h5py.File(tmp_path / "x" / "net" / "b_nodes.h5", "a") as file:
        file["nodes/b/0/kind"][0], file["nodes/b/node_id"][0] = 1, 5
    with pytest.raises(ResultError, match="holds 2 ids up to 5; 2 nodes have the ids 0 to 1"):
        read_sonata_network(path, BOTH)
    with h5py.File(tmp_path / "x" / "net" / "b_nodes.h5", "w") as file:
        file.create_group("nodes/b")
    with pytest.raises(ResultError, match="/nodes/b has no list of node_type_id or node_id"):
        read_sonata_network(path, BOTH)
    with h5py.File(tmp_path / "x" / "net" / "b_nodes.h5", "w") as file:
        file["nodes/b-1/node_type_id"], file["nodes/b_1/node_type_id"] = np.array([7]), np.array([7])
    with pytest.raises(ResultError, match="become the same names; rename them"):
        read_sonata_network(path, {"a": CELL})


def test_configurations(tmp_path):
    folder = tmp_path / "x"
    path = write_circuit(folder)
    other = folder / "other.json"
    other.write_text(json.dumps(json.loads(path.read_text()) | {"inputs": {}}))
    assert read_sonata_network(folder, BOTH).sizes == {"a": 3, "b": 2}
    with pytest.raises(ResultError, match=r"x has the configurations any\.json, other\.json; name the one that is meant"):
        read_sonata_circuit(folder, BOTH)
    other.write_text("{")
    with pytest.raises(ResultError, match=r"other\.json is not JSON"):
        read_sonata_network(other, BOTH)
    with pytest.raises(ResultError, match=r"gone\.json cannot be read .No such file or directory."):
        read_sonata_network(folder / "gone.json", BOTH)
    other.write_text("{}")
    with pytest.raises(ResultError, match=r"other\.json names no networks, and no network file that does"):
        read_sonata_network(other, BOTH)
    given_inputs = {"in": {"input_type": "spikes", "input_file": "any.json", "node_set": "aa"}}
    path.write_text(json.dumps(json.loads(path.read_text()) | {"inputs": given_inputs}))
    with pytest.raises(ResultError, match="input 'in': 'aa' is not a node set or population"):
        read_sonata_circuit(path, BOTH)


def test_units_of_delays(tmp_path):
    write_circuit(tmp_path / "x", inside={"delay": [5.0, 6.0]})
    path = tmp_path / "x" / "net" / "ab_edges.h5"
    for unit, delays in (("s", [5.0, 6.0]), ("ms", [5e-3, 6e-3])):
        with h5py.File(path, "a") as file:
            file["edges/a_to_b/0/delay"].attrs["units"] = unit
        assert sonata_links(path).delays.tolist() == pytest.approx(delays)
    with h5py.File(path, "a") as file:
        file["edges/a_to_b/0/delay"].attrs["units"] = "years"
    with pytest.raises(ValueError, match="has the unit 'years'; known are ms"):
        sonata_links(path)


def by_hand(path, edges, types):
    """Sources, targets, weights of one synapse, delays (ms) and counts of a file, by h5py and csv alone."""
    rows = {}
    with types.open() as file:
        for row in csv.DictReader(file, delimiter=" "):
            rows[int(row["edge_type_id"])] = row
    with h5py.File(edges) as file:
        (group,) = file["edges"].values()
        ids, owner, place = (group[key][()] for key in ("edge_type_id", "edge_group_id", "edge_group_index"))
        columns = [group["source_node_id"][()], group["target_node_id"][()]]
        for name, default in (("syn_weight", np.nan), ("delay", 0.0), ("nsyns", 1)):
            column = np.array([float(rows[one].get(name) or default) for one in ids.tolist()])
            if name in group["0"]:
                assert not owner.any()
                column = group["0"][name][()][place].astype(float)
            columns.append(column)
    return columns


@pytest.mark.skipif(not PUBLIC.is_dir(), reason="needs ../public beside BIOWORKBENCH_DATA: circuits of other programs")
@pytest.mark.filterwarnings("ignore:.*is read instead:UserWarning")
@pytest.mark.parametrize("name", CIRCUITS)
def test_published_circuits(name):
    path = PUBLIC / name
    circuit = read_sonata_circuit(path, dict.fromkeys(CIRCUITS[name], CELL))
    folder = path if path.name == "network" else (path if path.is_dir() else path.parent) / "network"
    found = sorted(folder.glob("*_edges.h5"))
    assert len(found) == len(circuit.network.projections)
    for edges in found:
        types = edges.with_name(edges.name.replace("_edges.h5", "_edge_types.csv"))
        source, target, weight, delay, n = by_hand(path, edges, types)
        with h5py.File(edges) as file:
            (population,) = file["edges"]
        (projection,) = (p for p in circuit.network.projections if p.name == population)
        order = np.lexsort((target, source))
        np.testing.assert_array_equal(projection.links.sources, source[order])
        np.testing.assert_array_equal(projection.links.targets, target[order])
        np.testing.assert_allclose(projection.links.weights, (weight * n)[order], rtol=1e-15)
        np.testing.assert_allclose(np.broadcast_to(projection.delay, source.size), delay[order] * 1e-3, rtol=1e-15)
        links = sonata_links(edges)
        assert links.counts.sum() == n.sum()
