"""Networks as one directed graph: neurons are nodes, synapses are links."""

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Any, TypeAlias

import networkx as nx
import numpy as np

from bioworkbench.exchange.connectomes import write_graph
from bioworkbench.exchange.plain_models import plain_synapses, synapse_of
from bioworkbench.experiment.results.record import RunRecord
from bioworkbench.records.arrays import Floats
from bioworkbench.records.counted import counted
from bioworkbench.records.errors import TopologyError
from bioworkbench.records.links import Links
from bioworkbench.records.network import Network, Projection
from bioworkbench.records.synapse import PULSE, SynapseModel

__all__ = ["MAX_LINKS", "Ends", "graph_of", "joined_synapses", "projections_of", "synapses_of", "write_graphml"]

MAX_LINKS = 5_000_000
Ends: TypeAlias = tuple[str, str, str, str]  # projection, source, target, receives


def write_graphml(record: RunRecord, path: Path) -> Sequence[str]:
    """Write the network of a run as GraphML; see `graph_of`. Final weights of several trials are lost, and named.

    Parameters
    ----------
    record : RunRecord
    path : Path

    Returns
    -------
    list of str
        What is lost.
    """
    network, recording = record.data.network, record.data.recording
    final = {name: weights[0] for name, weights in recording.weights.items()} if recording.n_trials == 1 else {}
    write_graph(graph_of(network, final), path)
    lost = () if final else recording.weights
    return [f"final weights of {name}: a link holds those of one trial, and there are {recording.n_trials}" for name in lost]


def graph_of(network: Network, final: Mapping[str, Floats] = MappingProxyType({})) -> nx.MultiDiGraph:
    """Graph of a network.

    Nodes are texts such as ``"exc:12"`` with ``population`` and ``index``; those of a stimulus are ``"input:3"``. Each synapse is a
    link with ``projection``, ``weight`` and ``delay`` (second), and ``receives`` where the projection names a variable. Models of
    synapses that do more than add their weight are JSON in the attribute ``synapses`` of the graph.

    Parameters
    ----------
    network : Network
    final : mapping from projection to array (n_synapses,)
        Weights after a run, which links then have as ``final_weight``.

    Returns
    -------
    networkx MultiDiGraph

    Raises
    ------
    TopologyError
        If there are more than `MAX_LINKS` synapses.

    Examples
    --------
    >>> from bioworkbench.records.network import Population
    >>> from bioworkbench.neurons import discrete_lif
    >>> network = Network((Population("a", 2, discrete_lif(leak=0.5)),), (Projection("a", "a", [[0.0, 2.0], [0.0, 0.0]]),))
    >>> list(graph_of(network).edges(data=True))
    [('a:0', 'a:1', {'projection': 'a_a', 'weight': 2.0, 'delay': 0.0})]
    """
    n_links = sum(projection.n_synapses for projection in network.projections)
    if n_links > MAX_LINKS:
        raise TopologyError(f"the network has {n_links} synapses; more than {MAX_LINKS} do not fit a graph, use --to sonata")
    graph = nx.MultiDiGraph()
    sizes = {**network.sizes, **network.channels}
    for name, size in sizes.items():
        graph.add_nodes_from((f"{name}:{k}", {"population": name, "index": k}) for k in range(size))
    for projection in network.projections:
        links = synapses_of(projection)
        if projection.name in final:
            values = final[projection.name].tolist()
            links = ((u, v, {**data, "final_weight": value}) for (u, v, data), value in zip(links, values, strict=True))
        graph.add_edges_from(links)
    if models := plain_synapses(network):
        graph.graph["synapses"] = json.dumps(models)
    return graph


def synapses_of(projection: Projection) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Synapses of `projection` one by one: their ends, such as ``"exc:12"``, and what `graph_of` notes of each."""
    links = projection.given
    about = {"receives": projection.receives} if projection.receives else {}
    columns = (links.sources, links.targets, links.weights, np.broadcast_to(links.delays, links.weights.shape))
    for i, j, weight, delay in zip(*(column.tolist() for column in columns), strict=True):
        data = {"projection": projection.name, "weight": weight, "delay": delay, **about}
        yield f"{projection.source}:{i}", f"{projection.target}:{j}", data


def projections_of(graph: nx.Graph) -> tuple[Projection, ...]:
    """Projections of a graph that `graph_of` made, for example one that was written and read again.

    Parameters
    ----------
    graph : networkx graph

    Returns
    -------
    tuple of Projection

    Raises
    ------
    TopologyError
        If a node has no population and index, an index is missing or given twice, a link has no weight, or a synapse model is damaged.
    """
    sizes = _sizes(graph)
    places = {node: (data["population"], int(data["index"])) for node, data in graph.nodes(data=True)}
    found: dict[Ends, list[tuple[int, int, float, float]]] = {}
    for u, v, data in graph.edges(data=True):
        if "weight" not in data:
            raise TopologyError(f"the link {u} - {v} has the attributes {list(data)}; it needs a weight")
        (source, i), (target, j) = places[u], places[v]
        ends = (str(data.get("projection", "")), source, target, str(data.get("receives", "")))
        found.setdefault(ends, []).append((i, j, float(data["weight"]), float(data.get("delay", 0.0))))
    try:
        models = {name: synapse_of(model) for name, model in json.loads(graph.graph.get("synapses", "{}")).items()}
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise TopologyError(f"synapses of the graph are not synapse models that bioworkbench wrote: {error!r}") from error
    return joined_synapses(found, sizes, models)


def joined_synapses(
    found: Mapping[Ends, Sequence[tuple[int, int, float, float]]],
    sizes: Mapping[str, int],
    synapses: Mapping[str, SynapseModel] = MappingProxyType({}),
) -> tuple[Projection, ...]:
    """Projections of single synapses.

    Parameters
    ----------
    found : mapping from (projection, source, target, receives) to rows of source neuron, target neuron, weight, delay (second)
    sizes : mapping from population or stimulus to number of neurons or channels
    synapses : mapping from projection to SynapseModel
        Those that do more than add their weight.

    Returns
    -------
    tuple of Projection
        In the order in which they first appear.
    """
    made = []
    for (name, source, target, receives), rows in found.items():
        ends, values = np.array([row[:2] for row in rows], dtype=np.int32), np.array([row[2:] for row in rows], dtype=float)
        delays = values[:, 1]
        late = float(delays[0]) if (delays == delays[0]).all() else delays
        links = Links(ends[:, 0], ends[:, 1], (sizes[source], sizes[target]), values[:, 0], late)
        made.append(Projection(source, target, links, receives=receives, name=name, synapse=synapses.get(name, PULSE)))
    return tuple(made)


def _sizes(graph: nx.Graph) -> dict[str, int]:
    indices: dict[str, list[int]] = {}
    for node, data in graph.nodes(data=True):
        if not isinstance(data.get("population"), str) or not isinstance(data.get("index"), int):
            raise TopologyError(f"the node {node} has the attributes {data}; a neuron has a population and an index")
        indices.setdefault(data["population"], []).append(data["index"])
    for name, given in indices.items():
        if sorted(given) != list(range(len(given))):
            raise TopologyError(f"the {counted(len(given), 'neuron')} of '{name}' are not numbered 0 to {len(given) - 1}")
    return {name: len(given) for name, given in indices.items()}
