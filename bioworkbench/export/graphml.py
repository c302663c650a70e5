"""Networks as one directed graph: neurons are nodes, synapses are links."""

from collections.abc import Iterator
from pathlib import Path

import networkx as nx
import numpy as np
from scipy import sparse

from bioworkbench.errors import TopologyError
from bioworkbench.network import INPUT, Network, Projection
from bioworkbench.results import RunRecord
from bioworkbench.topology.connectomes import write_graph

__all__ = ["MAX_LINKS", "graph_of", "projections_of", "write_graphml"]

MAX_LINKS = 5_000_000


def write_graphml(record: RunRecord, path: Path) -> None:
    """Write the network of a run as GraphML; see `graph_of`."""
    write_graph(graph_of(record.data.network), path)


def graph_of(network: Network) -> nx.DiGraph:
    """Graph of a network.

    Nodes are texts such as ``"exc:12"`` with ``population`` and ``index``; those of the stimulus are ``"input:3"``. Links carry
    ``weight`` and ``delay`` (second), or ``weight_ge`` and ``delay_ge`` for synapses that act on the variable ``ge``.

    Raises
    ------
    TopologyError
        If there are more than `MAX_LINKS` synapses.

    Examples
    --------
    >>> from bioworkbench.network import Population
    >>> from bioworkbench.neurons import discrete_lif
    >>> weights = sparse.csr_array([[0.0, 2.0], [0.0, 0.0]])
    >>> network = Network((Population("a", 2, discrete_lif(leak=0.5)),), (Projection("a", "a", weights),))
    >>> list(graph_of(network).edges(data=True))
    [('a:0', 'a:1', {'weight': 2.0, 'delay': 0.0})]
    """
    n_links = sum(projection.n_synapses for projection in network.projections)
    if n_links > MAX_LINKS:
        raise TopologyError(f"the network has {n_links} synapses; more than {MAX_LINKS} do not fit a graph, use --to sonata")
    graph = nx.DiGraph()
    sizes = {**network.sizes, **({INPUT: network.n_channels} if network.n_channels else {})}
    for name, size in sizes.items():
        graph.add_nodes_from((f"{name}:{k}", {"population": name, "index": k}) for k in range(size))
    for projection in network.projections:
        graph.add_edges_from(_links(projection))
    return graph


def _links(projection: Projection) -> Iterator[tuple[str, str, dict[str, float]]]:
    ends = projection.weights.tocoo()
    delays = np.broadcast_to(projection.delay, ends.data.shape)
    weight, delay = (f"{name}_{projection.receives}".rstrip("_") for name in ("weight", "delay"))
    for i, j, w, d in zip(ends.row.tolist(), ends.col.tolist(), ends.data.tolist(), delays.tolist(), strict=True):
        yield f"{projection.source}:{i}", f"{projection.target}:{j}", {weight: w, delay: d}


def projections_of(graph: nx.DiGraph) -> tuple[Projection, ...]:
    """Projections of a graph that `graph_of` made, for example one that was written and read again.

    Raises
    ------
    TopologyError
        If a node has no population and index, an index is missing or given twice, or a link has no weight.
    """
    sizes = _sizes(graph)
    places = {node: (data["population"], int(data["index"])) for node, data in graph.nodes(data=True)}
    found: dict[tuple[str, str, str], list[tuple[int, int, float, float]]] = {}
    for u, v, data in graph.edges(data=True):
        for name, value in data.items():
            if name.startswith("weight"):
                receives = name.removeprefix("weight").removeprefix("_")
                (source, i), (target, j) = places[u], places[v]
                delay = float(data.get(f"delay_{receives}".rstrip("_"), 0.0))
                found.setdefault((source, target, receives), []).append((i, j, float(value), delay))
        if not any(name.startswith("weight") for name in data):
            raise TopologyError(f"the link {u} - {v} has the attributes {list(data)}; it needs a weight")
    return tuple(
        _projection(source, target, receives, (sizes[source], sizes[target]), links)
        for (source, target, receives), links in found.items()
    )


def _sizes(graph: nx.DiGraph) -> dict[str, int]:
    indices: dict[str, list[int]] = {}
    for node, data in graph.nodes(data=True):
        if not isinstance(data.get("population"), str) or not isinstance(data.get("index"), int):
            raise TopologyError(f"the node {node} has the attributes {data}; a neuron has a population and an index")
        indices.setdefault(data["population"], []).append(data["index"])
    for name, given in indices.items():
        if sorted(given) != list(range(len(given))):
            raise TopologyError(f"the {len(given)} neurons of '{name}' are not numbered 0 to {len(given) - 1}")
    return {name: len(given) for name, given in indices.items()}


def _projection(
    source: str, target: str, receives: str, shape: tuple[int, int], links: list[tuple[int, int, float, float]]
) -> Projection:
    links = sorted(links)
    rows, columns, weights, delays = (np.array(column) for column in zip(*links, strict=True))
    matrix = sparse.csr_array((weights, (rows, columns)), shape=shape)
    same = (delays == delays[0]).all()
    return Projection(source, target, matrix, float(delays[0]) if same else delays, receives)
