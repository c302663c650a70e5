"""The Cannistraci-Hebb scores as they are defined, in sets and paths of a networkx graph: slow, and meant to be read.

For a pair of nodes (u, v) and a path length of 2 or 3:

* a path is u - z - v, or u - a - b - v with four different nodes;
* the local community is the set of all intermediate nodes of these paths;
* a community node z has d links in all, one or two of them to u and v (the number s), and of the others

  ============  ==========================================  ======================================
  convention    internal links di                           external links de
  ============  ==========================================  ======================================
  ``path``      those that lie on a path of (u, v)          all others: d - s - di
  ``induced``   those to any other community node           all others: d - s - di
  ``neutral``   those that lie on a path of (u, v)          those to nodes outside the community
  ============  ==========================================  ======================================

  The conventions differ only for length 3 and only where two community nodes on the same side are linked: both neighbors of u
  and not of v, or the reverse. Such a side link is external, internal or neither. In a bipartite graph there is none.

The path form sums over the paths the geometric mean of the `TERMS` of its nodes, the node form sums the terms over the community.
A link between u and v, if there is one, is on none of these paths and is counted nowhere: it is scored as if it were absent.

The fast functions of `bioworkbench.topology.prediction.link_prediction` are tested against `ch_score`.

References
----------
.. [1] A. Muscoloni, I. Abdelhamid, C. V. Cannistraci (2018), https://doi.org/10.1101/346916
.. [2] A. Muscoloni, U. Michieli, C. V. Cannistraci (2020), https://doi.org/10.20944/preprints202012.0808.v1
.. [3] Y. Zhang et al. (2025), https://arxiv.org/abs/2501.19107 (node form)
"""

from collections.abc import Callable, Hashable, Mapping
from itertools import product
from math import prod

import networkx as nx

__all__ = ["CONVENTIONS", "FORMS", "LENGTHS", "MODELS", "TERMS", "ch_score", "community_degrees", "double_cover", "paths_between"]

Path = tuple[Hashable, ...]

#: What one community node with ``d`` links, ``di`` of them internal and ``de`` external, adds to the node form.
TERMS: Mapping[str, Callable[[int, int, int], float]] = {
    "RA": lambda d, di, de: 1 / d,
    "CH1": lambda d, di, de: di / d,
    "CH2": lambda d, di, de: (1 + di) / (1 + de),
    "CH3": lambda d, di, de: 1 / (1 + de),
    "CH3.1a": lambda d, di, de: 1 / (1 / (1 + di) + de),
    "CH3.1b": lambda d, di, de: (1 + di) / (1 + de) ** (1 + de / (1 + de)),
    "iLCL": lambda d, di, de: di / (1 + di),
}
MODELS = tuple(TERMS)
CONVENTIONS = ("path", "induced", "neutral")
FORMS = ("path", "node")
LENGTHS = (2, 3)


def paths_between(graph: nx.Graph, u: Hashable, v: Hashable, length: int) -> list[Path]:
    """Intermediate nodes of all paths of one length between two nodes.

    Parameters
    ----------
    graph : networkx Graph
    u, v : nodes
        Different ones.
    length : 2 or 3
        Links of a path.

    Returns
    -------
    list of tuple of nodes

    Examples
    --------
    >>> paths_between(nx.cycle_graph(6), 0, 3, length=3)
    [(1, 2), (5, 4)]
    """
    from_u, to_v = set(graph[u]) - {v}, set(graph[v]) - {u}
    if length == 2:
        return [(z,) for z in from_u & to_v]
    return [(a, b) for a, b in product(from_u, to_v) if a != b and graph.has_edge(a, b)]


def community_degrees(
    graph: nx.Graph, u: Hashable, v: Hashable, paths: list[Path], convention: str = "path"
) -> dict[Hashable, tuple[int, int, int]]:
    """Degree, internal degree and external degree of every community node; see the conventions above.

    Parameters
    ----------
    graph : networkx Graph
    u, v : nodes
        Different ones.
    paths : list of tuple of nodes
        From `paths_between`.
    convention : one of `CONVENTIONS`

    Returns
    -------
    dict from node to (degree, internal degree, external degree)

    Examples
    --------
    >>> community_degrees(nx.cycle_graph(6), 0, 3, [(1, 2), (5, 4)])
    {1: (2, 1, 0), 2: (2, 1, 0), 5: (2, 1, 0), 4: (2, 1, 0)}
    """
    community = dict.fromkeys(z for path in paths for z in path)
    return {z: _degrees(graph, {u, v}, z, paths, set(community), convention) for z in community}


def _degrees(
    graph: nx.Graph, seeds: set[Hashable], z: Hashable, paths: list[Path], community: set[Hashable], convention: str
) -> tuple[int, int, int]:
    neighbors = set(graph[z]) - seeds
    induced = neighbors & community
    on_path = {other for path in paths if z in path for other in path if other != z}
    if len(paths[0]) == 1:  # length 2: every community node is adjacent to both seeds, there are no sides
        on_path = induced
    internal = induced if convention == "induced" else on_path
    external = neighbors - (on_path if convention == "path" else induced)
    return graph.degree[z], len(internal), len(external)


def ch_score(
    graph: nx.Graph,
    u: Hashable,
    v: Hashable,
    *,
    model: str = "CH3",
    length: int = 3,
    convention: str = "path",
    form: str = "path",
) -> float:
    """Score of one pair of nodes in an undirected graph, computed from the definition.

    Parameters
    ----------
    graph : networkx Graph
        No self-links.
    u, v : nodes
        Different ones.
    model : one of `MODELS`
    length : 2 or 3
        Links of a path.
    convention : one of `CONVENTIONS`
    form : one of `FORMS`

    Returns
    -------
    float

    Examples
    --------
    >>> ch_score(nx.cycle_graph(6), 0, 3)
    2.0
    """
    paths = paths_between(graph, u, v, length)
    degrees = community_degrees(graph, u, v, paths, convention)
    term = {z: TERMS[model](*degrees[z]) for z in degrees}
    if form == "node":
        return float(sum(term.values()))
    return float(sum(prod(term[z] for z in path) ** (1 / len(path)) for path in paths))


def double_cover(graph: nx.DiGraph) -> nx.Graph:
    """Bipartite graph in which every node v of a directed graph appears as source ``(v, "out")`` and as target ``(v, "in")``.

    A link from u to v becomes one between ``(u, "out")`` and ``(v, "in")``; nothing else links the two copies of a node.

    Parameters
    ----------
    graph : networkx DiGraph

    Returns
    -------
    networkx Graph

    Examples
    --------
    >>> sorted(double_cover(nx.DiGraph([(1, 2)])).edges)
    [((1, 'out'), (2, 'in'))]
    """
    cover = nx.Graph()
    cover.add_nodes_from((node, "out") for node in graph)
    cover.add_nodes_from((node, "in") for node in graph)
    cover.add_edges_from(((u, "out"), (v, "in")) for u, v in graph.edges)
    return cover
