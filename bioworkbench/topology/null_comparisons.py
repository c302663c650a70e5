"""Measures that mean something only against null models: small-worldness, rich club, motifs."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import networkx as nx
import numpy as np

from bioworkbench.arrays import Floats, Integers, count
from bioworkbench.errors import TopologyError
from bioworkbench.topology.measures import characteristic_path_length, clustering, plain_graph
from bioworkbench.topology.null_models import degree_preserving_graph, lattice_graph

__all__ = ["NullComparison", "against_nulls", "rich_club", "small_worldness", "triad_significance"]


@dataclass(frozen=True)
class NullComparison:
    """A measure of a graph and of random graphs with the same degrees.

    Parameters
    ----------
    value : float
    nulls : array (n_nulls,)
    """

    value: float
    nulls: Floats

    @property
    def z(self) -> float:
        """Distance from the mean of the nulls in their standard deviations; NaN if they do not vary."""
        spread = float(self.nulls.std(ddof=1)) if self.nulls.size > 1 else 0.0
        return (self.value - float(self.nulls.mean())) / spread if spread > 0 else float("nan")


def against_nulls(
    graph: nx.Graph, measures: Mapping[str, Callable[[nx.Graph], float]], rng: np.random.Generator, *, n_nulls: int = 10
) -> dict[str, NullComparison]:
    """Measures of a graph beside those of degree-preserving random graphs.

    Parameters
    ----------
    graph : networkx Graph or DiGraph
        A directed graph keeps in- and out-degrees.
    measures : mapping from name to function of a graph
    rng : Generator
    n_nulls : int
    """
    nulls = [degree_preserving_graph(graph, rng) for _ in range(count("n_nulls", n_nulls))]
    return {
        name: NullComparison(measure(graph), np.array([measure(null) for null in nulls])) for name, measure in measures.items()
    }


def small_worldness(graph: nx.Graph, rng: np.random.Generator, *, n_nulls: int = 10) -> dict[str, float]:
    """Small-world coefficients sigma and omega of the plain graph.

    With clustering C and characteristic path length L, and their means over random and lattice graphs of the same degrees:
    sigma = (C / C_random) / (L / L_random), above 1 in a small world; omega = L_random / L - C / C_lattice, near 0 in a small
    world, toward 1 in a random graph and -1 in a lattice. NaN where a mean clustering is 0 (trees, bipartite graphs).

    Parameters
    ----------
    graph : networkx Graph or DiGraph
    rng : Generator
    n_nulls : int
        Random graphs, and as many lattices.

    References
    ----------
    M. D. Humphries, K. Gurney (2008), https://doi.org/10.1371/journal.pone.0002051;
    Q. K. Telesford et al. (2011), https://doi.org/10.1089/brain.2011.0038
    """
    plain = plain_graph(graph)
    n_nulls = count("n_nulls", n_nulls)
    random = [degree_preserving_graph(plain, rng) for _ in range(n_nulls)]
    c_random, c_lattice = (
        float(np.mean([clustering(null) for null in nulls]))
        for nulls in (random, [lattice_graph(plain, rng) for _ in range(n_nulls)])
    )
    l_random = float(np.mean([characteristic_path_length(null) for null in random]))
    c, length = clustering(plain), characteristic_path_length(plain)
    return {
        "small_world_sigma": (c / c_random) / (length / l_random) if c_random else float("nan"),
        "small_world_omega": l_random / length - c / c_lattice if c_lattice else float("nan"),
    }


def rich_club(graph: nx.Graph, rng: np.random.Generator, *, n_nulls: int = 10) -> tuple[Integers, Floats, Floats]:
    """Rich-club coefficients of the plain graph: density among the nodes of degree above k.

    Parameters
    ----------
    graph : networkx Graph or DiGraph
    rng : Generator
    n_nulls : int

    Returns
    -------
    degrees : int array (n_degrees,)
        k = 0, 1, ... while at least two nodes have a larger degree.
    coefficients : array (n_degrees,)
    nulls : array (n_nulls, n_degrees)
        The same of random graphs with equal degrees; ``coefficients / nulls.mean(axis=0)`` above 1 is a rich club.

    References
    ----------
    V. Colizza, A. Flammini, M. A. Serrano, A. Vespignani (2006), https://doi.org/10.1038/nphys209
    """
    plain = plain_graph(graph)
    own = nx.rich_club_coefficient(plain, normalized=False)
    degrees = np.array(sorted(own))
    nulls = [
        nx.rich_club_coefficient(degree_preserving_graph(plain, rng), normalized=False) for _ in range(count("n_nulls", n_nulls))
    ]
    coefficients = np.array([own[k] for k in degrees])
    return degrees, coefficients, np.array([[null[k] for k in degrees] for null in nulls])


def triad_significance(graph: nx.DiGraph, rng: np.random.Generator, *, n_nulls: int = 10) -> dict[str, NullComparison]:
    """Numbers of the 16 directed triads (motifs of three nodes) against random graphs with the same in- and out-degrees.

    Parameters
    ----------
    graph : networkx DiGraph
        Self-links are ignored.
    rng : Generator
    n_nulls : int

    Raises
    ------
    TopologyError
        If the graph is not directed.

    References
    ----------
    R. Milo et al. (2002), https://doi.org/10.1126/science.298.5594.824; names after P. W. Holland, S. Leinhardt (1970)
    """
    if not graph.is_directed():
        raise TopologyError(f"{graph} is undirected; triads are counted in a directed graph")
    plain = nx.DiGraph((u, v) for u, v in graph.edges() if u != v)
    plain.add_nodes_from(graph)
    own = nx.triadic_census(plain)
    nulls = [nx.triadic_census(degree_preserving_graph(plain, rng)) for _ in range(count("n_nulls", n_nulls))]
    return {name: NullComparison(float(own[name]), np.array([float(null[name]) for null in nulls])) for name in own}
