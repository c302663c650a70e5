"""Degrees, strengths, and what they say of a graph: assortativity, reciprocity, rich club."""

from typing import Any, Literal

import numpy as np
from numba import njit
from scipy import sparse

from bioworkbench.records.arrays import Floats, Integers, non_negative
from bioworkbench.records.errors import unknown_name
from bioworkbench.records.lazily import later, pointed_to
from bioworkbench.topology.simple_graph import SimpleGraph, in_degrees, simple_graph
from bioworkbench.weights.spectrum import DENSE_LIMIT, cyclic_part, spectral_radius

__all__ = [
    "SIDES",
    "assortativity",
    "degrees",
    "in_out_correlation",
    "inequality",
    "radius_of_weights",
    "reciprocity",
    "rich_club_coefficients",
    "strength_assortativity",
    "strengths",
    "weighted_reciprocity",
    "weighted_rich_club_coefficients",
]

SIDES = ("in", "out", "both")

_eigs = later("scipy.sparse.linalg:eigs")  # SciPy's solvers take long to import


def degrees(graph: Any, side: Literal["in", "out", "both"] = "both") -> Integers:
    """Number of links of each node.

    Parameters
    ----------
    graph : networkx graph, matrix or SimpleGraph
    side : "in", "out" or "both"
        "both": neighbors in the plain graph.

    Returns
    -------
    int array (n_nodes,)

    Raises
    ------
    ValueError
        If the side is another word.
    """
    own = simple_graph(graph)
    _check_side(side)
    if side == "in":
        return in_degrees(own)
    return own.degrees if side == "out" else own.plain.degrees


def _check_side(side: str) -> None:
    if side not in SIDES:
        raise ValueError(unknown_name(str(side), "side of a link", SIDES))


def strengths(graph: Any, side: Literal["in", "out", "both"] = "both") -> Floats:
    """Sum of the sizes of the weights of each node's links; their number without weights.

    Parameters
    ----------
    graph : networkx graph, matrix or SimpleGraph
    side : "in", "out" or "both"
        Of a directed graph; "both": the sum of the two.

    Returns
    -------
    float array (n_nodes,)

    Raises
    ------
    ValueError
        If the side is another word.
    """
    own = simple_graph(graph)
    _check_side(side)
    weights = np.ones(own.neighbors.size) if own.weights is None else own.weights
    out, into = _weight_sums(own.starts, own.neighbors, weights)
    if not own.directed or side == "out":
        return out
    return into if side == "in" else into + out


@njit(cache=True, nogil=True)
def _weight_sums(starts, neighbors, weights):
    """Sums of the sizes of the weights of outgoing and of incoming links of each node."""
    n = starts.size - 1
    out, into = np.zeros(n), np.zeros(n)
    for u in range(n):
        for k in range(starts[u], starts[u + 1]):
            out[u] += abs(weights[k])
            into[neighbors[k]] += abs(weights[k])
    return out, into


def _end_correlation(graph: SimpleGraph, of_source: np.ndarray, of_target: np.ndarray) -> float:
    """Correlation over links of a number of the source and one of the target; NaN where one of them is the same for all."""
    n_links = graph.neighbors.size
    if n_links < 2:
        return float("nan")
    x, of_x = _centered(of_source, graph.degrees, n_links)
    same = of_target is of_source and not graph.directed
    y, of_y = (x, of_x) if same else _centered(of_target, in_degrees(graph), n_links)
    if not of_x or not of_y:
        return float("nan")
    # unsigned: compiled code need not ask whether an index counts from the end
    both = _product_over_links(graph.starts.view(np.uint64), graph.neighbors.view(np.uint32), x, y)
    return float(both / np.sqrt(of_x * of_y))


@njit(cache=True, nogil=True)
def _centered(numbers, counts, n_links):
    """Numbers of nodes less their mean over links, and the sum of squares over links, 0 where only round-off is left of it."""
    mean = 0.0
    for u in range(numbers.size):
        mean += counts[u] * numbers[u]
    mean /= n_links
    centered, squares = np.empty(numbers.size), 0.0
    for u in range(numbers.size):
        centered[u] = numbers[u] - mean
        squares += counts[u] * centered[u] ** 2
    return centered, squares if squares > 1e-24 * n_links * mean**2 else 0.0


@njit(cache=True, nogil=True)
def _product_over_links(starts, neighbors, of_source, of_target):
    """Sum over links of the source's number times the target's."""
    total = 0.0
    for u in range(of_source.size):
        # a sum of its own for each node: those of nodes that follow do not wait for it
        row = 0.0
        for k in range(starts[u], starts[u + 1]):
            row += of_target[neighbors[k]]
        total += of_source[u] * row
    return total


def _correlation(pairs: Floats) -> float:
    if pairs.shape[1] < 2 or not np.ptp(pairs, axis=1).all():
        return float("nan")
    return float(np.corrcoef(pairs)[0, 1])


def assortativity(graph: Any, directions: tuple[str, str] | None = None) -> float:
    """Correlation of the degrees at the two ends of a link.

    Parameters
    ----------
    graph : networkx graph, matrix or SimpleGraph
        Weights are ignored.
    directions : ("out" or "in", "out" or "in"), optional
        For a directed graph: which degrees of source and target. Without it the plain graph is measured.

    Returns
    -------
    float
        NaN where all degrees are equal.

    References
    ----------
    M. E. J. Newman (2003), https://doi.org/10.1103/PhysRevE.67.026126
    """
    own = simple_graph(graph) if directions else simple_graph(graph).plain
    one, other = directions or ("out", "out")
    return _end_correlation(own, degrees(own, one), degrees(own, other))  # pyright: ignore[reportArgumentType]


def strength_assortativity(graph: Any) -> float:
    """Correlation of the strengths at the ends of a link of `graph`: out-strength with in-strength if it is directed."""
    own = simple_graph(graph)
    return _end_correlation(own, strengths(own, "out"), strengths(own, "in"))


def in_out_correlation(graph: Any) -> float:
    """Correlation of the in-degree and the out-degree of a node of `graph`."""
    own = simple_graph(graph)
    return _correlation(np.stack([degrees(own, "in"), degrees(own, "out")]).astype(float))


def reciprocity(graph: Any) -> float:
    """Fraction of directed links of `graph` whose reverse exists; NaN without links."""
    own = simple_graph(graph)
    if not own.n_links:
        return float("nan")
    return 2 * _n_mutual_pairs(own.starts, own.neighbors) / own.n_links if own.directed else 1.0


@njit(cache=True, nogil=True)
def _n_mutual_pairs(starts, neighbors):
    """Number of pairs of nodes that are linked both ways."""
    # sources come in ascending order: the place in the row of each target where they could stand only moves on
    place, n_pairs = starts[:-1].copy(), 0
    for u in range(starts.size - 1):
        for k in range(place[u], starts[u + 1]):
            v = neighbors[k]
            if v < u:
                continue
            l = place[v]  # noqa: E741
            while l < starts[v + 1] and neighbors[l] < u:
                l += 1  # noqa: E741
            if l < starts[v + 1] and neighbors[l] == u:
                n_pairs += 1
            place[v] = l
    return n_pairs


def weighted_reciprocity(graph: Any) -> float:
    """Fraction of the weight that goes both ways: the smaller weight of either direction, over all, by their sizes.

    Parameters
    ----------
    graph : networkx graph, matrix or SimpleGraph

    Returns
    -------
    float
        NaN without weight.

    References
    ----------
    T. Squartini et al. (2013), https://doi.org/10.1038/srep02729
    """
    own = simple_graph(graph)
    total = float(np.abs(own.matrix().data).sum())
    if not total:
        return float("nan")
    sizes = sparse.csr_array(abs(own.matrix()))
    return float(sizes.minimum(sizes.T).sum()) / total


def inequality(values: Any) -> float:
    """Gini coefficient of numbers that are 0 or more: 0 if all are equal, near 1 if one has everything.

    Parameters
    ----------
    values : array (n,)

    Returns
    -------
    float
        NaN if all are 0.

    Raises
    ------
    ValueError
        If a number is negative or not finite.

    Examples
    --------
    >>> inequality([1, 1, 1, 1])
    0.0
    """
    values = np.sort(np.asarray(non_negative("values", values), dtype=float))
    total = values.sum()
    if not total:
        return float("nan")
    return float((2 * np.arange(1, values.size + 1) - values.size - 1) @ values / (values.size * total))


def rich_club_coefficients(graph: Any) -> tuple[Integers, Floats]:
    """Density among the nodes of degree above k, for k = 0, 1, ... while there are at least two.

    Parameters
    ----------
    graph : networkx graph, matrix or SimpleGraph
        Directions and weights are ignored.

    Returns
    -------
    degrees : int array (n_degrees,)
    coefficients : array (n_degrees,)

    References
    ----------
    V. Colizza, A. Flammini, M. A. Serrano, A. Vespignani (2006), https://doi.org/10.1038/nphys209
    """
    plain = simple_graph(graph).plain
    sources, targets, _ = plain.links()
    # a link is among the nodes of degree above k as long as k is below the lower degree of its ends: one count serves all k
    lower = np.minimum(plain.degrees[sources], plain.degrees[targets])
    top = int(plain.degrees.max(initial=0)) + 1
    n_above = plain.n_nodes - np.cumsum(np.bincount(plain.degrees, minlength=top))
    links_above = sources.size - np.cumsum(np.bincount(lower, minlength=top))
    ks = np.flatnonzero(n_above > 1)
    return ks, 2 * links_above[ks] / (n_above[ks] * (n_above[ks] - 1.0))


def weighted_rich_club_coefficients(graph: Any) -> tuple[Integers, Floats]:
    """Weight among the nodes of degree above k over the largest weight that so many links of the graph could have.

    Weights are taken by their size; those of both directions are added.

    Parameters
    ----------
    graph : networkx graph, matrix or SimpleGraph

    Returns
    -------
    degrees : int array (n_degrees,)
    coefficients : array (n_degrees,)
        NaN where no link is among the nodes.

    References
    ----------
    T. Opsahl, V. Colizza, P. Panzarasa, J. J. Ramasco (2008), https://doi.org/10.1103/PhysRevLett.101.168702
    """
    plain = simple_graph(graph).plain
    sources, targets, weights = plain.links()
    sizes = np.ones(sources.size) if weights is None else np.abs(weights)
    lower = np.minimum(plain.degrees[sources], plain.degrees[targets])
    ks = rich_club_coefficients(plain)[0]
    top = int(plain.degrees.max(initial=0)) + 1
    links_above = sources.size - np.cumsum(np.bincount(lower, minlength=top))[ks]
    weight_above = sizes.sum() - np.cumsum(np.bincount(lower, sizes, minlength=top))[ks]
    # for every k, what as many links would weigh if they were the heaviest of the whole graph
    strongest = np.concatenate([[0.0], np.cumsum(np.sort(sizes)[::-1])])[links_above]
    return ks, np.divide(weight_above, strongest, out=np.full(ks.size, np.nan), where=strongest > 0)


def radius_of_weights(graph: Any) -> float:
    """Spectral radius of the matrix of weights, 1 for every link without weights.

    Nodes that are on no directed cycle have no part in it and are left out.

    Parameters
    ----------
    graph : networkx graph, matrix or SimpleGraph

    Returns
    -------
    float
        NaN where Arnoldi iteration finds none.
    """
    own = simple_graph(graph)
    inner = cyclic_part(own.matrix())
    try:
        if inner.shape[0] <= DENSE_LIMIT or (inner.data < 0).any():
            return spectral_radius(inner)
        # without negative weights one eigenvalue leads and is far from the others in most graphs
        start = np.ones(inner.shape[0])
        found = _eigs(inner, k=1, v0=start, tol=1e-9, return_eigenvectors=False)  # pyright: ignore[reportArgumentType] (default 0)
        return float(abs(found[0]))
    except (ValueError, pointed_to("scipy.sparse.linalg:ArpackError")):
        return float("nan")
