"""Links of a network from a file of any format that `connectomes.read_graph` knows."""

from functools import lru_cache
from pathlib import Path
from typing import Any, Literal, cast

import networkx as nx
import numpy as np
from scipy import sparse

from bioworkbench.exchange.connectomes import read_graph
from bioworkbench.exchange.graph_checks import checked_number
from bioworkbench.exchange.node_tables import NodeLabels, labeled_nodes
from bioworkbench.records.annotations import AnyUnit
from bioworkbench.records.arrays import Floats, Integers, finite
from bioworkbench.records.counted import counted
from bioworkbench.records.data_paths import existing_file
from bioworkbench.records.errors import TopologyError
from bioworkbench.records.times import SECONDS_PER
from bioworkbench.topology.masks import Mask, link_mask

__all__ = ["file_delays", "file_topology", "file_weights"]


def file_topology(
    n_source: int,
    n_target: int,
    rng: np.random.Generator,
    *,
    file: Path,
    self_links: bool = True,
    undirected: bool = False,
    labels: NodeLabels | None = None,
    recurrent: bool = False,
) -> Mask:
    """The links of a file: a connectome, an edge list, an adjacency matrix or any other graph.

    Nodes that are the numbers 0 to n - 1 keep them; others are numbered in the order in which the file names them. Between two
    populations, sources and targets are numbered apart, unless both have as many neurons as the file has nodes. An undirected link
    goes both ways; parallel links are one.

    Parameters
    ----------
    n_source, n_target : int
    rng : Generator
        Not drawn from.
    file : path
        From the folder of the process, or below ``BIOWORKBENCH_DATA``.
    self_links : bool
        Whether links of a node to itself are kept.
    undirected : bool
        Whether a link that the file lists in one direction goes both ways, as in tables of fibers.
    labels : NodeLabels, optional
        Which nodes the two populations are; links of others are left out.
    recurrent : bool
        Whether sources and targets are the same neurons.

    Returns
    -------
    csr_array of bool (n_source, n_target)

    Raises
    ------
    TopologyError
        If the file cannot be read, or has another number of nodes than the populations have neurons.
    """
    sources, targets, _ = _links(file, (n_source, n_target), "", undirected, labels)
    kept = np.ones(sources.size, dtype=bool) if self_links or not recurrent else sources != targets
    return link_mask(sources[kept], targets[kept], (n_source, n_target))


def file_weights(
    mask: sparse.csr_array,
    rng: np.random.Generator,
    *,
    file: Path,
    column: str = "weight",
    scale: AnyUnit = 1.0,
    undirected: bool = False,
    labels: NodeLabels | None = None,
) -> sparse.csr_array:
    """The weights of a file for the links of a mask, mostly one that the same file gives as a topology.

    Parameters
    ----------
    mask : csr_array of bool (n_source, n_target)
    rng : Generator
        Not drawn from.
    file : path
        From the folder of the process, or below ``BIOWORKBENCH_DATA``.
    column : str
        Which attribute of the links; parallel links add up.
    scale : float, unit of the weights
        What a number in the file is multiplied with: ``"0.1 mV"``.
    undirected : bool
        As of the topology.
    labels : NodeLabels, optional
        As of the topology.

    Returns
    -------
    csr_array (n_source, n_target)

    Raises
    ------
    TopologyError
        If the file cannot be read, has another number of nodes, or a link of the mask has no weight in it.
    """
    links = sparse.csr_array(mask, dtype=bool, copy=True)
    links.eliminate_zeros()
    n_source, n_target = cast("tuple[int, int]", links.shape)
    sources, targets, values = _links(file, (n_source, n_target), column, undirected, labels)
    given = sparse.coo_array((values, (sources, targets)), shape=links.shape).tocsr()
    rows = _rows_of_known(file, links, sources, targets)
    weights = np.asarray(given[rows, links.indices], dtype=float) * float(finite("scale", scale))
    return sparse.csr_array((weights, links.indices, links.indptr), shape=links.shape)


def file_delays(
    mask: sparse.csr_array,
    rng: np.random.Generator,
    *,
    file: Path,
    column: str = "delay",
    unit: Literal["s", "ms", "us"] = "ms",
    undirected: bool = False,
    labels: NodeLabels | None = None,
) -> Floats:
    """The delays of a file for the links of a mask, mostly one that the same file gives as a topology.

    Parameters
    ----------
    mask : csr_array (n_source, n_target)
        Its stored entries are the links.
    rng : Generator
        Not drawn from.
    file : path
        From the folder of the process, or below ``BIOWORKBENCH_DATA``.
    column : str
        Which attribute of the links.
    unit : {"s", "ms", "us"}
        Of its numbers.
    undirected : bool
        As of the topology.
    labels : NodeLabels, optional
        As of the topology.

    Returns
    -------
    array (n_links,), seconds
        Row after row.

    Raises
    ------
    TopologyError
        If the file cannot be read, has another number of nodes, a link of the mask has no delay in it, or parallel links have different
        ones; or if a delay is negative.
    """
    links = sparse.csr_array(mask)
    n_source, n_target = cast("tuple[int, int]", links.shape)
    sources, targets, values = _links(file, (n_source, n_target), column, undirected, labels)
    rows = _rows_of_known(file, links, sources, targets)
    if values.min(initial=0.0) < 0:
        raise TopologyError(f"{file}: {column} goes down to {values.min():g}; delays are 0 or more")
    pairs, first, owner = np.unique(sources * n_target + targets, return_index=True, return_inverse=True)
    other = np.flatnonzero(values[first][owner] != values)
    if other.size:
        k = int(other[0])
        raise TopologyError(
            f"{file} has parallel links from {sources[k]} to {targets[k]} with the delays {values[first][owner][k]:g} and {values[k]:g} "
            f"{unit}; a topology has one link there, give them one delay"
        )
    return values[first][np.searchsorted(pairs, rows * n_target + links.indices)] * SECONDS_PER[unit]


def _rows_of_known(file: Path, links: sparse.csr_array, sources: Integers, targets: Integers) -> Integers:
    """Row of every stored entry, all of which must be among the links of the file."""
    n_source, n_target = cast("tuple[int, int]", links.shape)
    known = link_mask(sources, targets, (n_source, n_target))
    rows = np.repeat(np.arange(n_source), np.diff(links.indptr))
    missing = np.flatnonzero(~np.asarray(known[rows, links.indices], dtype=bool)) if rows.size else rows
    if missing.size:
        raise TopologyError(
            f"{file} has no link from {rows[missing[0]]} to {links.indices[missing[0]]}, one of {missing.size} that the "
            "topology has and the file lacks; take the topology from the same file"
        )
    return rows


def _links(
    file: Path, sizes: tuple[int, int], column: str, undirected: bool, labels: NodeLabels | None
) -> tuple[Integers, Integers, Floats]:
    """Ends of all links of a file, and an attribute of each (zeros without a column)."""
    path = existing_file(file, TopologyError)
    graph = _read(path, path.stat().st_mtime_ns)
    ends = [(u, v, data) for u, v, data in graph.edges(data=True)]
    if undirected or not graph.is_directed():
        both = {(u, v) for u, v, _ in ends} if graph.is_directed() else set()
        ends += [(v, u, data) for u, v, data in ends if u != v and (v, u) not in both]
    if labels is None:
        rows, columns = _numbers(graph, path, *sizes, [u for u, _, _ in ends], [v for _, v, _ in ends])
    else:
        rows, columns = _labeled(graph, labels, sizes)
        ends = [(u, v, data) for u, v, data in ends if u in rows and v in columns]
    sources = np.array([rows[u] for u, _, _ in ends], dtype=np.int64)
    targets = np.array([columns[v] for _, v, _ in ends], dtype=np.int64)
    values = np.array([_value(path, u, v, data, column) for u, v, data in ends], dtype=float) if column else np.zeros(len(ends))
    return sources, targets, values


def _labeled(graph: nx.Graph, labels: NodeLabels, sizes: tuple[int, int]) -> tuple[dict[Any, int], dict[Any, int]]:
    """Number of every node that is a neuron of source or target."""
    own = {str(node): node for node in graph}
    found = []
    for end, names, size in zip(("source", "target"), labeled_nodes(labels), sizes, strict=True):
        if len(names) != size:
            raise TopologyError(
                f"{labels.file} gives {counted(len(names), 'node')} the label '{getattr(labels, end)}', and the {end} "
                f"has {counted(size, 'neuron')}; set size = "
                f"{len(names)}"
            )
        found.append({own.get(name, name): k for k, name in enumerate(names)})
    if not any(name in own for names in labeled_nodes(labels) for name in names):
        raise TopologyError(
            f"{labels.file}: none of its nodes is one of the links'; name the column of names, such as name = 'id'"
        )
    return found[0], found[1]


@lru_cache(maxsize=4)
def _read(path: Path, changed: int) -> nx.Graph:
    """Graph of a file; topology and weights read the same one."""
    return read_graph(path, parallel=True)


def _value(path: Path, u: Any, v: Any, data: dict[str, Any], column: str) -> float:
    if column not in data:
        known = ", ".join(map(str, data)) or "no attribute"
        raise TopologyError(f"{path}: column = '{column}', and the link {u} - {v} has {known}; name one that all links have")
    return checked_number(data[column], f"{path}, link {u} - {v}: {column}")


def _numbers(
    graph: nx.Graph, path: Path, n_source: int, n_target: int, sources: list[Any], targets: list[Any]
) -> tuple[dict[Any, int], dict[Any, int]]:
    """Number of every source and target."""
    n_nodes = graph.number_of_nodes()
    if n_source == n_target == n_nodes:
        numbers = _numbered(list(graph))
        return numbers, numbers
    apart = [_numbered(list(dict.fromkeys(ends))) for ends in (sources, targets)]
    if set(sources) & set(targets) or [len(part) for part in apart] != [n_source, n_target]:
        raise TopologyError(
            f"{path} has {counted(n_nodes, 'node')}, {len(apart[0])} of them sources and {len(apart[1])} targets of "
            f"links; the populations have "
            f"{n_source} and {counted(n_target, 'neuron')}. Set size = {n_nodes}"
        )
    return apart[0], apart[1]


def _numbered(nodes: list[Any]) -> dict[Any, int]:
    """Numbers of nodes: their own where they are 0 to n - 1, else their places."""
    texts = {str(node): node for node in nodes}
    own = [str(k) for k in range(len(nodes))]
    return {texts[name]: k for k, name in enumerate(own)} if set(own) == set(texts) else {node: k for k, node in enumerate(nodes)}
