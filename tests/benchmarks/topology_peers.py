"""Measures beside the function of igraph or networkx that gives the same numbers: the rows of the benchmark of the topology workbench."""

import random
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import igraph
import networkx as nx
import numpy as np

from bioworkbench.topology.measures import (
    community_detection,
    connected_parts,
    degree_measures,
    motifs,
    null_models,
    paths,
    power_law,
    triangles,
)
from bioworkbench.topology.simple_graph import SimpleGraph, graph_of_links, networkx_graph


class Graphs:
    """Random graphs with ten links per node, for us and for the libraries.

    Parameters
    ----------
    n : int
        Nodes.
    make : callable (n, n_links, *, directed, weights) -> SimpleGraph
    """

    def __init__(self, n: int, make: Callable[..., SimpleGraph]):
        self.n = n
        self._own = make(n, 10 * n), make(n, 10 * n, directed=True, weights=True)
        self.ig, self.ig_directed = (self._igraph(graph) for graph in self._own)
        self.nx, self.nx_plain = (networkx_graph(graph) for graph in (self._own[0], self._own[1].plain))
        self.labels = np.arange(n) % 10
        self.degrees = np.random.default_rng(1).zipf(2.5, n)
        self.forget()

    @staticmethod
    def _igraph(graph: SimpleGraph) -> igraph.Graph:
        sources, targets, weights = graph.links()
        found = igraph.Graph(graph.n_nodes, np.column_stack([sources, targets]), directed=graph.directed)
        if weights is not None:
            found.es["weight"] = weights.tolist()
        return found

    def forget(self) -> None:
        """Take graphs that have not been asked anything yet, but were read once, as those of the libraries are by the run before."""
        self.plain, self.directed = (
            graph_of_links(*graph.links(), graph.n_nodes, directed=graph.directed) for graph in self._own
        )
        for graph in (self.directed, self.plain):
            graph.neighbors.sum()


def same(own: Any, other: Any) -> None:
    np.testing.assert_allclose(np.asarray(own, dtype=float), np.asarray(other, dtype=float), rtol=1e-6)


def nearly(own: Any, other: Any) -> None:
    """Of methods that draw, or that stop at a tolerance of their own."""
    np.testing.assert_allclose(own, other, rtol=0.02)


@dataclass(frozen=True)
class Row:
    """A measure of ours and its peer.

    Parameters
    ----------
    name : str
    ours, peer : callable (Graphs) -> number or array
    of : "igraph" or "networkx"
    compare : callable (own, other)
        Raises if the two differ.
    slow : bool
        Whether the peer is run once only, as it takes seconds.
    """

    name: str
    ours: Callable[[Graphs], Any]
    peer: Callable[[Graphs], Any]
    of: str = "igraph"
    compare: Callable[[Any, Any], None] = same
    slow: bool = False


def _histogram(g: Graphs) -> list[float]:
    return [2 * count for *_, count in g.ig.path_length_hist(directed=False).bins()]


def _leiden(g: Graphs) -> float:
    labels = community_detection.communities(g.plain, np.random.default_rng(1))
    return community_detection.modularity_of(g.plain, labels)


def _leiden_of_igraph(g: Graphs) -> float:
    """From the same random numbers, so that both take the same steps."""
    igraph.set_random_number_generator(random.Random(int(np.random.default_rng(1).integers(2**62))))
    found = g.ig.community_leiden("modularity", n_iterations=2).modularity
    igraph.set_random_number_generator(random)
    return found


def _strength_assortativity(g: Graphs) -> float:
    out, into = (g.ig_directed.strength(weights="weight", mode=mode) for mode in ("out", "in"))
    return g.ig_directed.assortativity(out, into, directed=True)


def _rewired(g: Graphs) -> list[int]:
    found = g.ig.copy()
    found.rewire(n=10 * found.ecount())
    return found.degree()


def _triads(g: Graphs) -> list[int]:
    found = g.ig_directed.triad_census()
    return [getattr(found, f"t{name}") for name in motifs.TRIADS]


ROWS = [
    Row("degrees", lambda g: degree_measures.degrees(g.plain), lambda g: g.ig.degree()),
    Row("strengths", lambda g: degree_measures.strengths(g.directed), lambda g: g.ig_directed.strength(weights="weight")),
    Row("components", lambda g: connected_parts.components(g.plain), lambda g: sorted(g.ig.connected_components().sizes(), reverse=True)),
    Row("cores", lambda g: connected_parts.cores(g.plain), lambda g: g.ig.coreness()),
    Row("assortativity", lambda g: degree_measures.assortativity(g.plain), lambda g: g.ig.assortativity_degree(directed=False)),
    Row("assortativity, out and in", lambda g: degree_measures.assortativity(g.directed, ("out", "in")),
        lambda g: g.ig_directed.assortativity_degree(directed=True)),
    Row("strength assortativity", lambda g: degree_measures.strength_assortativity(g.directed), _strength_assortativity),
    Row("reciprocity", lambda g: degree_measures.reciprocity(g.directed), lambda g: g.ig_directed.reciprocity()),
    Row("power law of given degrees", lambda g: power_law.fit_power_law(g.degrees).exponent,
        lambda g: igraph.power_law_fit(g.degrees.tolist()).alpha, compare=nearly, slow=True),
    Row("clustering", lambda g: triangles.clustering(g.plain), lambda g: g.ig.transitivity_avglocal_undirected(mode="zero")),
    Row("transitivity", lambda g: triangles.transitivity(g.plain), lambda g: g.ig.transitivity_undirected()),
    Row("triads", lambda g: list(motifs.triad_census(g.plain).values())[2:], lambda g: g.ig.motifs_randesu(3)[2:]),
    Row("directed triads", lambda g: list(motifs.triad_census(g.directed).values()), _triads),
    Row("distances, histogram", lambda g: paths.distance_counts(g.plain).pairs.sum(axis=0)[1:], _histogram, slow=True),
    Row("characteristic path length", lambda g: paths.characteristic_path_length(g.plain), lambda g: g.ig.average_path_length(), slow=True),
    Row("diameter", lambda g: paths.diameter(g.plain), lambda g: g.ig.diameter(), slow=True),
    Row("closeness", lambda g: paths.closeness(g.plain) / (g.n - 1), lambda g: np.mean(g.ig.harmonic_centrality()), slow=True),
    Row("modularity of a division", lambda g: community_detection.modularity_of(g.plain, g.labels), lambda g: g.ig.modularity(g.labels)),
    Row("Leiden's communities", _leiden, _leiden_of_igraph),
    Row("spectral radius", lambda g: degree_measures.radius_of_weights(g.directed),
        lambda g: g.ig_directed.eigenvector_centrality(directed=True, weights="weight", return_eigenvalue=True)[1], compare=nearly),
    Row("null model that keeps degrees", lambda g: null_models.null_graph(g.plain, np.random.default_rng(1)).degrees, _rewired),
    Row("motifs of four nodes", lambda g: list(motifs.motifs_of_four(g.plain).values()),
        lambda g: np.array(g.ig.motifs_randesu(4))[[4, 6, 7, 8, 9, 10]], slow=True),
    Row("node betweenness", lambda g: paths.node_betweenness(g.plain), lambda g: 2 * np.mean(g.ig.betweenness()), slow=True),
    Row("link betweenness", lambda g: paths.link_betweenness(g.plain), lambda g: np.mean(g.ig.edge_betweenness()), slow=True),
    Row("local efficiency", lambda g: paths.local_efficiency(g.plain), lambda g: nx.local_efficiency(g.nx), "networkx", slow=True),
    Row("rich club", lambda g: degree_measures.rich_club_coefficients(g.plain)[1],
        lambda g: list(nx.rich_club_coefficient(g.nx, normalized=False).values()), "networkx"),
    Row("weighted clustering", lambda g: triangles.weighted_clustering(g.directed),
        lambda g: nx.average_clustering(g.nx_plain, weight="weight"), "networkx", slow=True),
]  # fmt: skip
"""What both have."""
