"""Simple graphs as arrays: what measures, null models and predictors work on, from networkx graphs or matrices of any size.

A `SimpleGraph` has no self-links and no parallel links; it remembers how many it dropped. Every conversion is here.
"""

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import chain
from typing import Any, TypeVar

import networkx as nx
import numpy as np
from numba import njit
from scipy import sparse

from bioworkbench.records.arrays import Floats, Integers
from bioworkbench.records.counted import counted
from bioworkbench.records.errors import TopologyError
from bioworkbench.topology.matrices import matrix_links

__all__ = ["SimpleGraph", "graph_of_links", "in_degrees", "linked", "networkx_graph", "simple_graph"]

Found = TypeVar("Found")


@dataclass(frozen=True, eq=False)
class SimpleGraph:
    """A graph without self-links and parallel links, as arrays.

    Parameters
    ----------
    starts : int64 array (n_nodes + 1,)
        The links of node k are number ``starts[k]`` to ``starts[k + 1] - 1``.
    neighbors : int32 array (n_entries,)
        Where they lead, ascending for each node. An undirected link stands here twice, once for each of its ends.
    weights : float64 array (n_entries,), optional
        In the unit of the file or script that they came from.
    directed : bool
        Whether the entries of a node are its outgoing links.
    nodes : sequence of hashable (n_nodes,)
        Names, of any types.
    n_self_links, n_parallel_links : int
        How many were dropped; the weights of parallel links were added.
    """

    starts: Integers
    neighbors: np.ndarray
    weights: Floats | None
    directed: bool
    nodes: Sequence[Hashable]
    n_self_links: int = 0
    n_parallel_links: int = 0
    _found: dict[str, Any] = field(default_factory=dict, repr=False)

    def __str__(self) -> str:
        kind = "directed graph" if self.directed else "graph"
        return f"{kind} with {counted(self.n_nodes, 'node')} and {counted(self.n_links, 'link')}"

    @property
    def n_nodes(self) -> int:
        """Number of nodes."""
        return self.starts.size - 1

    @property
    def n_links(self) -> int:
        """Number of links; an undirected one counts once."""
        return self.neighbors.size if self.directed else self.neighbors.size // 2

    @cached_property
    def degrees(self) -> Integers:
        """Number of entries of each node (n_nodes,): degrees, or out-degrees of a directed graph."""
        return np.diff(self.starts)

    @cached_property
    def reverse(self) -> "SimpleGraph":
        """The same graph with every link turned round; an undirected graph itself."""
        if not self.directed:
            return self
        order, starts, sources = _turned(self.starts, self.neighbors)
        weights = None if self.weights is None else self.weights[order]
        return SimpleGraph(starts, sources, weights, True, self.nodes)

    @cached_property
    def plain(self) -> "SimpleGraph":
        """The undirected graph: nodes are linked if they are in either direction, with the sum of the sizes of both weights."""
        if not self.directed:
            return self
        back = self.reverse
        mine, theirs = (np.zeros(0) if g.weights is None else np.abs(g.weights) for g in (self, back))
        starts, neighbors, weights, _ = _merged((self.starts, self.neighbors, mine), (back.starts, back.neighbors, theirs), True)
        return SimpleGraph(starts, neighbors, None if self.weights is None else weights, False, self.nodes)

    def links(self) -> tuple[Integers, Integers, Floats | None]:
        """Sources, targets and weights (n_links,); an undirected link once, from its lower node."""
        sources, targets = np.repeat(np.arange(self.n_nodes), self.degrees), self.neighbors.astype(np.int64)
        if self.directed:
            return sources, targets, self.weights
        once = sources < targets
        return sources[once], targets[once], None if self.weights is None else self.weights[once]

    def matrix(self) -> sparse.csr_array:
        """Weights, 1 without weights, as csr_array (n_nodes, n_nodes), ``[i, j]`` from i to j."""
        data = np.ones(self.neighbors.size) if self.weights is None else self.weights
        return sparse.csr_array((data, self.neighbors, self.starts), shape=(self.n_nodes, self.n_nodes))

    def once(self, name: str, find: Callable[[], Found]) -> Found:
        """What `find` returns, computed the first time that this graph is asked for `name`."""
        if name not in self._found:
            self._found[name] = find()
        return self._found[name]


def simple_graph(graph: Any, *, directed: bool = True) -> SimpleGraph:
    """A graph of any kind as `SimpleGraph`.

    Parameters
    ----------
    graph : SimpleGraph, networkx graph, or array, sparse array or data frame (n_nodes, n_nodes)
        ``matrix[i, j]``, where not zero, is the weight of the link from i to j; a matrix of bool has no weights, and what a masked
        array masks is no link. A data frame has the names of the nodes as index and, in the same order, as columns. The attribute
        ``weight`` of networkx links counts as weight, 1 where only some links have it. Self-links are dropped, parallel links
        become one with the sum of their weights; ``n_self_links`` and ``n_parallel_links`` say how many.
    directed : bool
        Whether the links of a matrix have a direction; without, it must be symmetric, or have one triangle alone.

    Returns
    -------
    SimpleGraph

    Raises
    ------
    TopologyError
        If a weight is not a finite number, a matrix is not square, one of an undirected graph is not symmetric, or rows and columns
        of a data frame have other names.

    Examples
    --------
    >>> graph = simple_graph(nx.MultiGraph([("a", "b"), ("b", "a"), ("b", "b"), ("b", 3)]))
    >>> graph.n_links, graph.n_self_links, graph.n_parallel_links
    (2, 1, 1)
    """
    if isinstance(graph, SimpleGraph):
        return graph
    if isinstance(graph, nx.Graph):
        return _of_networkx(graph)
    if np.ndim(graph) != 2 or np.shape(graph)[0] != np.shape(graph)[1]:
        raise TopologyError(
            f"a {type(graph).__name__} of shape {np.shape(graph)} is not a graph; give a networkx graph or a square matrix"
        )
    try:
        rows, columns, weights, nodes = matrix_links(graph, directed=directed)
    except ValueError as error:
        raise TopologyError(str(error)) from error
    return graph_of_links(rows, columns, weights, nodes, directed=directed)


def graph_of_links(
    sources: Any, targets: Any, weights: Any = None, nodes: Sequence[Hashable] | int = 0, *, directed: bool = True
) -> SimpleGraph:
    """Graph with the given links.

    Parameters
    ----------
    sources, targets : int array (n_links,)
        Positions in `nodes`. An undirected link may be given in one direction or in both.
    weights : float array (n_links,), optional
    nodes : sequence, or int
        Names, or how many nodes there are.
    directed : bool
        Whether links have a direction.

    Returns
    -------
    SimpleGraph

    Raises
    ------
    TopologyError
        If a position is not a whole number or not one of a node, a weight is not a finite number, or the two directions of an
        undirected link have different weights.

    Examples
    --------
    >>> graph_of_links([0, 1], [1, 2], nodes=3).neighbors
    array([1, 2], dtype=int32)
    """
    nodes = range(nodes) if isinstance(nodes, int) else nodes
    sources, targets = (_positions(name, ends) for name, ends in (("sources", sources), ("targets", targets)))
    for name, ends in (("sources", sources), ("targets", targets)):
        if ends.size and (ends.min() < 0 or ends.max() >= len(nodes)):
            raise TopologyError(
                f"{name} reach from {ends.min()} to {ends.max()}; the {len(nodes)} nodes are 0 to {len(nodes) - 1}"
            )
    weights = None if weights is None else _checked_weights(weights, lambda k: (nodes[sources[k]], nodes[targets[k]]))
    loops = sources == targets
    n_loops = int(loops.sum())
    if n_loops:
        sources, targets = sources[~loops], targets[~loops]
        weights = None if weights is None else weights[~loops]
    one_way = _unique(sources, targets, weights, nodes, directed=True)
    n_parallel = sources.size - one_way.neighbors.size
    graph = one_way if directed else _both_ways(one_way)
    return SimpleGraph(graph.starts, graph.neighbors, graph.weights, directed, nodes, n_loops, n_parallel)


def _positions(name: str, given: Any) -> Integers:
    found = np.asarray(given)
    if found.dtype.kind == "f" and not (found == np.rint(found)).all():
        raise TopologyError(f"{name} = {found.tolist()[:5]}: positions of nodes are whole numbers")
    return found.astype(np.int64)


def in_degrees(graph: SimpleGraph) -> Integers:
    """Number of links to each node of `graph` (n_nodes,); degrees of an undirected graph."""
    if not graph.directed:
        return graph.degrees
    return graph.once("in_degrees", lambda: _counts(graph.neighbors, graph.n_nodes))


def linked(graph: SimpleGraph) -> sparse.csr_array:
    """Whether i links to j in `graph`, as boolean csr_array (n_nodes, n_nodes); links of weight 0 are links too."""
    n = graph.n_nodes
    return sparse.csr_array((np.ones(graph.neighbors.size, dtype=bool), graph.neighbors, graph.starts), shape=(n, n))


def networkx_graph(graph: SimpleGraph) -> nx.Graph:
    """A graph as networkx graph with its names; ``weight`` is an attribute of the links if there are weights.

    Parameters
    ----------
    graph : SimpleGraph

    Returns
    -------
    networkx Graph or DiGraph

    Examples
    --------
    >>> networkx_graph(graph_of_links([0], [1], nodes=["a", "b"])).edges
    OutEdgeView([('a', 'b')])
    """
    found: nx.Graph = nx.DiGraph() if graph.directed else nx.Graph()
    found.add_nodes_from(graph.nodes)
    sources, targets, weights = graph.links()
    ends = ((graph.nodes[u], graph.nodes[v]) for u, v in zip(sources.tolist(), targets.tolist(), strict=True))
    if weights is None:
        found.add_edges_from(ends)
    else:
        found.add_edges_from((u, v, {"weight": w}) for (u, v), w in zip(ends, weights.tolist(), strict=True))
    return found


def _both_ways(graph: SimpleGraph) -> SimpleGraph:
    """Undirected graph of links that were given in one direction or in both."""
    back = graph.reverse
    mine, theirs = (np.zeros(0) if g.weights is None else g.weights for g in (graph, back))
    starts, neighbors, weights, uneven = _merged(
        (graph.starts, graph.neighbors, mine), (back.starts, back.neighbors, theirs), False
    )
    if uneven >= 0:
        # the row that an entry is in, from where the rows begin
        u = int(np.searchsorted(starts, uneven, side="right")) - 1
        raise TopologyError(
            f"the link {graph.nodes[u]!r} - {graph.nodes[neighbors[uneven]]!r} has the weight {weights[uneven]:g}, and another one in "
            "the other direction; an undirected link has one weight: read the links as directed, or add up or average the two first"
        )
    return SimpleGraph(starts, neighbors, None if graph.weights is None else weights, False, graph.nodes)


def _of_networkx(graph: nx.Graph) -> SimpleGraph:
    nodes = list(graph)
    position = {node: k for k, node in enumerate(nodes)}
    # whole rows at a time: a loop over links in Python would take most of the time that a measure of a large graph takes
    rows = [neighbors for _, neighbors in graph.adjacency()]
    sources = np.repeat(np.arange(len(nodes)), [len(row) for row in rows])
    targets = np.fromiter(map(position.__getitem__, chain.from_iterable(rows)), np.int64, sources.size)
    attributes = list(chain.from_iterable(row.values() for row in rows))
    n_parallel = 0
    if graph.is_multigraph():
        # an undirected pair stands in the rows of both of its ends, a self-link once
        n_loops = 0 if graph.is_directed() else int((sources == targets).sum())
        n_pairs = sources.size if graph.is_directed() else (sources.size + n_loops) // 2
        n_parallel = graph.number_of_edges() - n_pairs
        weights = _sums(attributes)
    else:
        found = [data.get("weight") for data in attributes] if any("weight" in data for data in attributes) else None
        weights = None if found is None else [1.0 if weight is None else weight for weight in found]
    own = graph_of_links(sources, targets, weights, nodes, directed=True)
    return SimpleGraph(own.starts, own.neighbors, own.weights, graph.is_directed(), nodes, own.n_self_links, n_parallel)


def _sums(parallel: list[dict]) -> list[float] | None:
    """Sums of the weights of parallel links; without any weights nothing."""
    if not any("weight" in data for links in parallel for data in links.values()):
        return None
    return [sum(_numbers([data.get("weight", 1.0) for data in links.values()])) for links in parallel]


def _numbers(values: list) -> list[float]:
    return [_number(value) for value in values]


def _checked_weights(weights: Any, link: Callable[[int], tuple]) -> Floats:
    try:
        numbers = np.asarray(weights, dtype=np.float64)
    except (TypeError, ValueError):
        numbers = np.zeros(0)
    if numbers.shape != (len(weights),):  # texts, lists and what else is not a number
        numbers = np.array([_number(weight) for weight in weights])
    bad = np.flatnonzero(~np.isfinite(numbers))
    if bad.size:
        u, v = link(int(bad[0]))
        raise TopologyError(
            f"link ({u!r}, {v!r}) has the weight {weights[bad[0]]!r}, and {bad.size - 1} more are like it; a weight is a finite number: "
            "correct or remove these links"
        )
    return numbers


def _number(value: Any) -> float:
    try:
        return float(value)
    except (TypeError, ValueError):
        return float("nan")


def _unique(sources: Integers, targets: Integers, weights: Floats | None, nodes: Sequence, *, directed: bool) -> SimpleGraph:
    """Links in the order of their ends, equal ones joined and their weights added."""
    n = len(nodes)
    keys = sources * n + targets
    if keys.size and (np.diff(keys) <= 0).any():
        if weights is None:
            keys = np.unique(keys)
        else:
            keys, group = np.unique(keys, return_inverse=True)
            weights = np.bincount(group, weights, keys.size).astype(np.float64)
    rows, columns = np.divmod(keys, max(1, n))
    starts = np.concatenate([[0], np.cumsum(np.bincount(rows, minlength=n))]).astype(np.int64)
    return SimpleGraph(starts, columns.astype(np.int32), weights, directed, nodes)


def _turned(starts: Integers, neighbors: np.ndarray) -> tuple[Integers, Integers, np.ndarray]:
    """Order of the entries by target, where each target's begin, and their sources."""
    n = starts.size - 1
    begin = np.concatenate([[0], np.cumsum(_counts(neighbors, n))])
    order, sources = np.empty(neighbors.size, np.int64), np.empty(neighbors.size, np.int32)
    _scatter(starts, neighbors, begin.copy(), order, sources)
    return order, begin, sources


@njit(cache=True, nogil=True)
def _counts(neighbors, n):
    """How often each node stands among the neighbors."""
    found = np.zeros(n, np.int64)
    for v in neighbors:
        found[np.uint32(v)] += 1  # unsigned: no index counts from the end
    return found


@njit(cache=True, nogil=True)
def _scatter(starts, neighbors, place, order, sources):
    for u in range(starts.size - 1):
        for k in range(starts[u], starts[u + 1]):
            v = neighbors[k]
            order[place[v]], sources[place[v]] = k, u
            place[v] += 1


@njit(cache=True, nogil=True)
def _merged(one, other, add):
    """Rows (starts, ends, weights) of two graphs united; an entry of both gets the sum of its weights, or the first with add=False.

    Without weights their arrays are empty. The last of the results is the position of an entry whose two weights differ, or -1.
    """
    (starts, ends, weights), (back_starts, back_ends, back_weights) = one, other
    n, weighted = starts.size - 1, weights.size > 0
    out_starts, out = np.zeros(n + 1, np.int64), np.empty(ends.size + back_ends.size, np.int32)
    found = np.zeros(out.size if weighted else 0)
    size, uneven = 0, -1
    for u in range(n):
        k, l = starts[u], back_starts[u]  # noqa: E741
        while k < starts[u + 1] or l < back_starts[u + 1]:
            mine = ends[k] if k < starts[u + 1] else np.int32(n)
            theirs = back_ends[l] if l < back_starts[u + 1] else np.int32(n)
            out[size] = min(mine, theirs)
            if weighted:
                first, second = weights[k] if mine <= theirs else 0.0, back_weights[l] if theirs <= mine else 0.0
                uneven = size if uneven < 0 and mine == theirs and first != second else uneven
                found[size] = first + second if add or mine != theirs else first
            k += mine <= theirs
            l += theirs <= mine  # noqa: E741
            size += 1
        out_starts[u + 1] = size
    return out_starts, out[:size].copy(), found[: size if weighted else 0].copy(), uneven
