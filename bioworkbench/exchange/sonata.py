"""SONATA: a circuit and its simulation as HDF5 files, tables and JSON.

A folder holds ``circuit_config.json``; ``network/`` with nodes and edges; ``components/<population>.json``, the equations and
constants of a neuron, which SONATA leaves to simulators, and ``components/<projection>.synapse.json``, those of a synapse;
``spikes.h5``; ``weights.h5``, the final weights (n_trials, n_edges) of synapses that learn; and ``reports/``, the traces. The
stimulus is a population of virtual nodes. SONATA knows one trial: trial k starts at k times the duration of a trial.

Reference: K. Dai et al. (2020), https://doi.org/10.1371/journal.pcbi.1007696
"""

# pyright: reportIndexIssue=false, reportAttributeAccessIssue=false, reportArgumentType=false, reportCallIssue=false
# h5py does not type what a file holds

import csv
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from bioworkbench.discrete.kinds import kind_and_fields
from bioworkbench.exchange.plain_models import plain_synapse, plain_value
from bioworkbench.exchange.sonata_types import SYNAPSE_TEMPLATE
from bioworkbench.experiment.results.record import RunRecord
from bioworkbench.records.arrays import Integers
from bioworkbench.records.network import Network, Population, Projection
from bioworkbench.records.probe import owner_and_variable
from bioworkbench.records.recording import Recording, Trace, common_interval
from bioworkbench.records.synapse import PULSE

__all__ = ["COMPONENTS", "TEXTS", "synapse_file", "write_sonata"]

TEXTS = ("equations", "threshold", "reset", "receives", "method", "update", "reference")
COMPONENTS = "components"
_MAGIC, _VERSION = 0x0A7A, (0, 1)
_SORTING = h5py.enum_dtype({"none": 0, "by_id": 1, "by_time": 2}, basetype="u1")


def write_sonata(record: RunRecord, path: Path) -> Sequence[str]:
    """Write a run as a SONATA circuit with spikes and reports.

    Parameters
    ----------
    record : RunRecord
    path : Path
        New folder.

    Returns
    -------
    list of str
        What it does not carry: digits of the traces, and traces whose values are not all equally far apart.
    """
    network, recording = record.data.network, record.data.recording
    for folder in (path, path / "network", path / COMPONENTS, path / "reports"):
        folder.mkdir()
    _write_json(path / "circuit_config.json", _config(network))
    _write_nodes(path / "network", network)
    for population in network.populations:
        _write_json(path / COMPONENTS / f"{population.name}.json", _component(population))
    for projection in (p for p in network.projections if p.synapse != PULSE):
        _write_json(path / COMPONENTS / synapse_file(projection.name), plain_synapse(projection.synapse))
    _write_edges(path / "network", network)
    if recording.weights:
        _write_weights(path / "weights.h5", recording)
    _write_spikes(path / "spikes.h5", recording)
    of_neurons = {name: trace for name, trace in recording.traces.items() if owner_and_variable(name)[0] in recording.sizes}
    even = {name: found for name, trace in of_neurons.items() if (found := common_interval(recording, trace)) is not None}
    for name, interval in even.items():
        _write_report(path / "reports" / f"{name}.h5", owner_and_variable(name)[0], of_neurons[name], interval)
    return [
        *(f"digits of the traces of {name}: SONATA holds them in single precision" for name in even),
        *(
            f"the trace {name}: SONATA has one interval for all values, and trials are not a whole number of intervals long"
            for name in of_neurons.keys() - even.keys()
        ),
        *(f"the trace {name}: SONATA has reports of nodes, not of edges" for name in recording.traces.keys() - of_neurons.keys()),
    ]


def synapse_file(projection: str) -> str:
    """Name of the file that holds the synapse model of a projection.

    Parameters
    ----------
    projection : str

    Returns
    -------
    str
    """
    return f"{projection}.synapse.json"


def _config(network: Network) -> dict[str, Any]:
    kinds = {name: {"type": "point_neuron"} for name in network.sizes}
    kinds |= {name: {"type": "virtual"} for name in network.channels}
    nodes = {"nodes_file": "$NETWORK_DIR/nodes.h5", "node_types_file": "$NETWORK_DIR/node_types.csv", "populations": kinds}
    joins = {projection.name: {"type": "point_process"} for projection in network.projections}
    edges = {"edges_file": "$NETWORK_DIR/edges.h5", "edge_types_file": "$NETWORK_DIR/edge_types.csv", "populations": joins}
    return {
        "manifest": {"$BASE_DIR": ".", "$NETWORK_DIR": "$BASE_DIR/network", "$COMPONENTS_DIR": f"$BASE_DIR/{COMPONENTS}"},
        "components": {"point_neuron_models_dir": "$COMPONENTS_DIR"},
        "networks": {"nodes": [nodes], "edges": [edges] if joins else []},
    }


def _write_json(path: Path, content: Mapping[str, Any]) -> None:
    path.write_text(json.dumps(content, indent=2, allow_nan=False) + "\n", encoding="utf-8")


def _write_table(path: Path, rows: list[dict[str, Any]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]), delimiter=" ", lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


def _new(path: Path) -> h5py.File:
    file = h5py.File(path, "x")
    file.attrs["magic"], file.attrs["version"] = np.uint32(_MAGIC), np.array(_VERSION, dtype=np.uint32)
    return file


def _text(words: str) -> np.bytes_:
    """A text of fixed length, for which no heap is needed."""
    return np.bytes_(words.encode())


def _write_nodes(folder: Path, network: Network) -> None:
    types = []
    with _new(folder / "nodes.h5") as file:
        nodes = file.create_group("nodes", track_order=True)
        for number, population in enumerate(network.populations):
            inside = _write_ids(nodes.create_group(population.name), "node", population.size, number).create_group("0")
            for name, value in population.model.constants.items():
                if np.ndim(value):
                    inside[f"dynamics_params/{name}"] = np.asarray(value, dtype=float)
            types.append(_node_type(number, population))
        for name, n_channels in network.channels.items():
            _write_ids(nodes.create_group(name), "node", n_channels, len(types)).create_group("0")
            types.append(dict.fromkeys(types[0], "NULL") | {"node_type_id": len(types), "model_type": "virtual"})
            types[-1]["pop_name"] = name
    _write_table(folder / "node_types.csv", types)


def _node_type(number: int, population: Population) -> dict[str, Any]:
    return {
        "node_type_id": number,
        "pop_name": population.name,
        "model_type": "point_neuron",
        "model_template": "bioworkbench:NeuronModel",
        "dynamics_params": f"{population.name}.json",
    }


def _write_ids(group: h5py.Group, kind: str, n: int, type_id: int) -> h5py.Group:
    """Types and attribute groups of nodes or edges: all of one type, in the group 0."""
    group[f"{kind}_type_id"] = np.full(n, type_id, dtype=np.int64)
    group[f"{kind}_group_id"] = np.zeros(n, dtype=np.uint32)
    group[f"{kind}_group_index"] = np.arange(n, dtype=np.uint64)
    return group


def _component(population: Population) -> dict[str, Any]:
    """Everything of a population that SONATA has no place for; arrays are data of the nodes."""
    model = population.model
    parts = {part: {name: plain_value(value) for name, value in getattr(model, part).items()} for part in ("constants", "start")}
    refractory = None if model.refractory is None else plain_value(model.refractory)
    found = kind_and_fields(model)
    discrete = (
        None if found is None else {"neuron": found[0], "fields": {key: plain_value(value) for key, value in found[1].items()}}
    )
    texts = {text: getattr(model, text) for text in TEXTS}
    background = [[b.receives, b.n, b.rate, b.weight, b.regular] for b in population.background]
    return {
        "layer": population.layer, **texts, **parts, "refractory": refractory, "discrete": discrete, "background": background
    }  # fmt: skip


def _write_edges(folder: Path, network: Network) -> None:
    types = []
    with _new(folder / "edges.h5") as file:
        edges = file.create_group("edges", track_order=True)
        for number, projection in enumerate(network.projections):
            _write_projection(edges.create_group(projection.name), projection, number)
            receives = projection.receives or "NULL"
            types.append({"edge_type_id": number, "population": projection.name, "receives": receives})
            plain = projection.synapse == PULSE
            types[-1]["model_template"] = "NULL" if plain else SYNAPSE_TEMPLATE
            types[-1]["dynamics_params"] = "NULL" if plain else synapse_file(projection.name)
    if types:
        _write_table(folder / "edge_types.csv", types)
    else:
        (folder / "edges.h5").unlink()


def _write_projection(group: h5py.Group, projection: Projection, number: int) -> None:
    links = projection.given
    sources, targets = links.sources.astype(np.uint64), links.targets.astype(np.uint64)
    if projection.receives:
        group.attrs["receives"] = _text(projection.receives)
    for name, ids, population in (("source", sources, projection.source), ("target", targets, projection.target)):
        group.create_dataset(f"{name}_node_id", data=ids).attrs["node_population"] = _text(population)
    inside = _write_ids(group, "edge", projection.n_synapses, number).create_group("0")
    inside["syn_weight"] = links.weights
    inside["syn_weight"].attrs["units"] = _text("SI")
    inside["delay"] = np.broadcast_to(links.delays, links.weights.shape) * 1e3
    inside["delay"].attrs["units"] = _text("milliseconds")
    _write_index(group.create_group("indices/source_to_target"), sources.astype(np.int64), links.shape[0])
    _write_index(group.create_group("indices/target_to_source"), targets.astype(np.int64), links.shape[1])


def _write_index(group: h5py.Group, ends: Integers, n_nodes: int) -> None:
    """Which edges belong to a node: from nodes to ranges of ranges, and from these to edges."""
    order = np.argsort(ends, kind="stable")
    bounds = np.concatenate([[0], np.cumsum(np.bincount(ends, minlength=n_nodes))])
    group["node_id_to_ranges"] = np.stack([bounds[:-1], bounds[1:]], axis=1).astype(np.uint64)
    group["range_to_edge_id"] = np.stack([order, order + 1], axis=1).astype(np.uint64)


def _write_spikes(path: Path, recording: Recording) -> None:
    with _new(path) as file:
        trains = file.create_group("spikes", track_order=True)
        for name in ("n_trials", "duration", "dt"):
            trains.attrs[name] = getattr(recording, name)
        for name, spikes in recording.spikes.items():
            group = trains.create_group(name)
            group.attrs["size"] = recording.sizes[name]
            group.attrs.create("sorting", 2, dtype=_SORTING)
            time = (spikes.trial * recording.duration + spikes.time) * 1e3
            group.create_dataset("timestamps", data=time).attrs["units"] = _text("ms")
            group["node_ids"] = spikes.neuron.astype(np.uint64)


def _write_weights(path: Path, recording: Recording) -> None:
    with _new(path) as file:
        for name, weights in recording.weights.items():
            file[f"weights/{name}"] = weights
            file[f"weights/{name}"].attrs["units"] = _text("SI")


def _write_report(path: Path, population: str, trace: Trace, interval: float) -> None:
    n_trials, n_steps, n_recorded = trace.shape
    with _new(path) as file:
        group = file.create_group(f"report/{population}")
        group["data"] = trace.values.reshape(n_trials * n_steps, n_recorded).astype(np.float32)
        group["data"].attrs["units"] = _text("SI" if trace.unit == "1" else trace.unit)
        mapping = group.create_group("mapping")
        mapping["node_ids"] = trace.neurons.astype(np.uint64)
        mapping["index_pointers"] = np.arange(n_recorded + 1, dtype=np.uint64)
        mapping["element_ids"] = np.zeros(n_recorded, dtype=np.uint32)
        step = interval * 1e3
        mapping["time"] = np.array([0.0, n_trials * n_steps * step, step])
        mapping["time"].attrs["units"] = _text("ms")
