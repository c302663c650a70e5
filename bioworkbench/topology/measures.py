"""Numbers that describe a graph.

Unless a function says otherwise it looks at the *plain* graph: directions, weights, parallel links and self-links are dropped
(`plain_graph`). What a graph does not define, such as the assortativity of a regular graph, is NaN.
"""

import itertools
from collections.abc import Mapping
from typing import Any

import networkx as nx
import numpy as np
from scipy import sparse
from scipy.sparse.csgraph import shortest_path

from bioworkbench.arrays import Floats
from bioworkbench.errors import TopologyError
from bioworkbench.topology.masks import checked_mask, mask_shape
from bioworkbench.topology.power_law import fit_power_law
from bioworkbench.weights.laws import spectral_radius

__all__ = [
    "MAX_NODES",
    "assortativity",
    "characteristic_path_length",
    "clustering",
    "distances",
    "layer_measures",
    "local_community_correlation",
    "local_efficiency",
    "measures",
    "path_measures",
    "plain_graph",
    "reciprocity",
]

MAX_NODES = 20_000  # whose distances, squared in number, still fit into memory


def plain_graph(graph: nx.Graph) -> nx.Graph:
    """Undirected graph of the same nodes without weights, parallel links and self-links.

    Raises
    ------
    TopologyError
        If no link is left.
    """
    plain = nx.Graph()
    plain.add_nodes_from(graph)
    plain.add_edges_from((u, v) for u, v in graph.edges() if u != v)
    if not plain.number_of_edges():
        raise TopologyError(f"{graph} has no links between different nodes; measures need at least one")
    return plain


def measures(graph: nx.Graph, *, paths: bool = True) -> dict[str, float]:
    """All measures that need no null model, by name; `null_comparisons` has the others.

    A directed graph adds reciprocity, assortativity of out-degree with in-degree, and the spectral radius of its weights.

    Parameters
    ----------
    graph : networkx Graph or DiGraph
    paths : bool
        Whether to measure distances and local efficiency too, which take memory and time with the square of the nodes.

    Raises
    ------
    TopologyError
        If the graph has no links, or more than 20 000 nodes and distances are wanted.

    Examples
    --------
    >>> round(measures(nx.karate_club_graph())["clustering"], 6)
    0.570638
    """
    plain = plain_graph(graph)
    n_nodes, n_links = plain.number_of_nodes(), plain.number_of_edges()
    components = [len(component) for component in nx.connected_components(plain)]
    results = {
        "n_nodes": n_nodes,
        "n_links": n_links,
        "mean_degree": 2 * n_links / n_nodes,
        "density": nx.density(plain),
        "n_components": len(components),
        "largest_component": max(components) / n_nodes,
        "clustering": clustering(plain),
        "local_community_correlation": local_community_correlation(plain),
        "assortativity": assortativity(plain),
        "power_law_exponent": _power_law_exponent(plain),
    }
    if paths:
        results |= path_measures(plain) | {"local_efficiency": local_efficiency(plain)}
    return results | (_directed_measures(graph) if graph.is_directed() else {})


def _directed_measures(graph: nx.Graph) -> dict[str, float]:
    return {
        "n_directed_links": graph.number_of_edges(),
        "reciprocity": reciprocity(graph),
        "assortativity_out_in": assortativity(graph, ("out", "in")),
        "spectral_radius": spectral_radius(sparse.csr_array(nx.to_scipy_sparse_array(graph, dtype=float))),
    }


def _power_law_exponent(graph: nx.Graph) -> float:
    degrees = [degree for _, degree in graph.degree]
    return fit_power_law(degrees).exponent if len({*degrees} - {0}) > 1 else float("nan")


def clustering(graph: nx.Graph) -> float:
    """Mean over nodes of the share of pairs of neighbors that are linked; 0 for nodes with fewer than two."""
    return float(nx.average_clustering(plain_graph(graph)))


def distances(graph: nx.Graph) -> Floats:
    """Numbers of links (n_nodes, n_nodes) on the shortest ways, in the order of ``graph.nodes``; infinite without a way.

    Raises
    ------
    TopologyError
        If there are more than 20 000 nodes.
    """
    if graph.number_of_nodes() > MAX_NODES:
        raise TopologyError(f"{graph}: distances of all pairs are measured up to {MAX_NODES} nodes; measure without paths")
    return shortest_path(nx.to_scipy_sparse_array(plain_graph(graph)), unweighted=True)


def characteristic_path_length(graph: nx.Graph) -> float:
    """Mean of the finite distances between different nodes."""
    return path_measures(graph)["characteristic_path_length"]


def path_measures(graph: nx.Graph) -> dict[str, float]:
    """Measures that follow from the distances of all pairs of nodes, N nodes and E links.

    characteristic_path_length : mean of the finite distances. diameter : the largest of them.
    global_efficiency : mean of 1 / distance. closeness : mean over nodes of the sum of 1 / distance.
    link_betweenness : mean over links of the number of shortest ways, of unordered pairs, that use it.
    node_betweenness : mean over nodes of the same for ordered pairs, ends excluded.
    radiality : mean of diameter + 1 - distance, where an infinite distance counts as 0.

    The two means of betweenness need no betweenness: every pair at distance d puts one way's worth on d links and d - 1 nodes.
    """
    matrix = distances(graph)
    n_nodes, n_links = len(matrix), graph_size(graph)
    between = matrix[~np.eye(n_nodes, dtype=bool)]
    reached = between[np.isfinite(between)]
    inverse = float((1 / between).sum())
    return {
        "characteristic_path_length": float(reached.mean()),
        "diameter": float(reached.max()),
        "global_efficiency": inverse / between.size,
        "closeness": inverse / n_nodes,
        "link_betweenness": float(reached.sum()) / 2 / n_links,
        "node_betweenness": float((reached - 1).sum()) / n_nodes,
        "radiality": float((reached.max() + 1 - np.where(np.isfinite(between), between, 0)).mean()),
    }


def graph_size(graph: nx.Graph) -> int:
    """Number of links of the plain graph."""
    return plain_graph(graph).number_of_edges()


def local_efficiency(graph: nx.Graph) -> float:
    """Mean over nodes of the global efficiency among their neighbors; 0 for nodes with fewer than two.

    References
    ----------
    V. Latora, M. Marchiori (2001), https://doi.org/10.1103/PhysRevLett.87.198701
    """
    return float(nx.local_efficiency(plain_graph(graph)))


def local_community_correlation(graph: nx.Graph) -> float:
    """Correlation, over linked pairs with common neighbors, of their number and the links among them (LCP-corr); 0 if undefined.

    References
    ----------
    C. V. Cannistraci, G. Alanis-Lobato, T. Ravasi (2013), https://doi.org/10.1038/srep01613
    """
    plain = plain_graph(graph)
    neighbors = {node: set(plain[node]) for node in plain}
    counts = np.array([_local_community(plain, neighbors[u] & neighbors[v]) for u, v in plain.edges], dtype=float)
    counts = counts[counts[:, 0] > 0]
    if len(counts) < 2 or (np.ptp(counts, axis=0) == 0).any():
        return 0.0
    return float(np.corrcoef(counts.T)[0, 1])


def _local_community(graph: nx.Graph, common: set) -> tuple[int, int]:
    """Numbers of common neighbors and of links among them."""
    return len(common), sum(1 for a, b in itertools.combinations(common, 2) if graph.has_edge(a, b))


def assortativity(graph: nx.Graph, directions: tuple[str, str] | None = None) -> float:
    """Correlation of the degrees at the two ends of a link; NaN where all degrees are equal.

    Parameters
    ----------
    graph : networkx Graph or DiGraph
    directions : ("out" or "in", "out" or "in"), optional
        For a directed graph: which degrees of source and target. Without it the plain graph is measured.

    References
    ----------
    M. E. J. Newman (2003), https://doi.org/10.1103/PhysRevE.67.026126
    """
    if directions is None:
        graph = plain_graph(graph).to_directed()
    degrees = [dict(graph.in_degree if way == "in" else graph.out_degree) for way in directions or ("out", "out")]
    pairs = [(degrees[0][u], degrees[1][v]) for u, v in graph.edges]
    ends = np.array(pairs, dtype=float)
    return float(np.corrcoef(ends.T)[0, 1]) if len(ends) > 1 and np.ptp(ends, axis=0).all() else float("nan")


def reciprocity(graph: nx.Graph) -> float:
    """Share of directed links whose reverse exists; self-links are not counted."""
    plain = nx.DiGraph((u, v) for u, v in graph.edges() if u != v)
    return float(nx.overall_reciprocity(plain)) if plain.number_of_edges() else float("nan")


def layer_measures(mask: Any) -> Mapping[str, float]:
    """Measures of a layer, a bipartite graph of sources and targets.

    ``four_cycle_clustering`` is the share of ways of three links that close to a cycle of four (Robins and Alexander); the usual
    clustering of a bipartite graph is 0 whatever its structure.

    Parameters
    ----------
    mask : array or csr_array (n_source, n_target)

    References
    ----------
    G. Robins, M. Alexander (2004), https://doi.org/10.1023/B:CMOT.0000032580.12184.c0
    """
    mask = checked_mask("mask", mask)
    links = mask.astype(float)
    n_source, n_target = mask_shape(mask)
    outputs, inputs = links.sum(axis=1), links.sum(axis=0)
    common = sparse.csr_array(sparse.triu(links @ links.T, k=1))
    squares = float((common.data * (common.data - 1) / 2).sum())
    ways = float((outputs - 1) @ links @ (inputs - 1)) if mask.nnz else 0.0
    return {
        "n_links": mask.nnz,
        "sparsity": 1 - mask.nnz / (n_source * n_target),
        "active_sources": float((outputs > 0).mean()),
        "active_targets": float((inputs > 0).mean()),
        "four_cycle_clustering": 4 * squares / ways if ways else 0.0,
    }
