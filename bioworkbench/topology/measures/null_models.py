"""Null models: random graphs that keep degrees and, if wanted, strengths, reciprocity, lengths or modules; and lattices."""

from collections.abc import Sequence
from typing import Any, TypeVar

import networkx as nx
import numpy as np
from numpy.typing import ArrayLike

from bioworkbench.records.arrays import Floats, Integers, count, finite, shaped
from bioworkbench.records.errors import TopologyError, unknown_name
from bioworkbench.records.randomness import check_generator
from bioworkbench.topology.masks import Mask, checked_mask, link_arrays, link_mask, mask_shape
from bioworkbench.topology.measures.swaps import CONSTRAINTS, Constraint, anneal_weights, linked_table, swap_links
from bioworkbench.topology.simple_graph import SimpleGraph, graph_of_links, simple_graph

__all__ = [
    "NULL_MODELS",
    "degree_preserving_graph",
    "degree_preserving_mask",
    "lattice_graph",
    "null_graph",
]

AnyGraph = TypeVar("AnyGraph", nx.Graph, nx.DiGraph)

#: What `null_graph` can keep, always with the degrees.
NULL_MODELS = {
    "degrees": "degrees, in- and out-degrees of a directed graph",
    "strengths": "also the strengths, nearly, by exchanging weights between links",
    "reciprocity": "also the number of links of every node that go both ways",
    "lengths": "also how many links are how long, from the positions of the nodes",
    "modules": "also the numbers of links within and between modules",
    "lattice": "degrees, with links as short as possible on a ring",
}

_N_BINS = 20  # of length


def null_graph(
    graph: Any,
    rng: np.random.Generator,
    *,
    keep: str = "degrees",
    swaps_per_link: int = 10,
    modules: Sequence | np.ndarray | None = None,
    positions: ArrayLike | None = None,
) -> SimpleGraph:
    """Random graph like another one.

    Links are swapped so that every node keeps its degrees. Weights are dealt anew, at random, over the links.

    Parameters
    ----------
    graph : networkx graph, matrix or SimpleGraph
        Self-links are dropped and parallel links joined.
    rng : Generator
    keep : str
        One of `NULL_MODELS`: what else is kept.
    swaps_per_link : int
        Attempts divided by the number of links.
    modules : sequence or array (n_nodes,), optional
        Module of each node, for ``keep="modules"``.
    positions : array (n_nodes, n_dimensions), optional
        For ``keep="lengths"``, in any unit of length: links stay in their twentieth of all lengths.

    Returns
    -------
    SimpleGraph

    Raises
    ------
    TopologyError
        If the graph has no weights, directions, modules or positions and the model needs them.
    ValueError
        If the model is unknown.

    References
    ----------
    S. Maslov, K. Sneppen (2002), https://doi.org/10.1126/science.1065103 (degrees); F. Milisav et al. (2025),
    https://doi.org/10.1038/s43588-024-00735-z (strengths); R. F. Betzel, D. S. Bassett (2018),
    https://doi.org/10.1073/pnas.1720186115 (lengths); O. Sporns, J. D. Zwi (2004), https://doi.org/10.1385/NI:2:2:145 (lattice)
    """
    check_generator(rng)
    own = simple_graph(graph)
    if keep not in NULL_MODELS:
        raise ValueError(unknown_name(str(keep), "null model", NULL_MODELS))
    _check_needs(own, keep, modules, positions)
    sources, targets, weights = own.links()
    n_rounds = count("swaps_per_link", swaps_per_link, least=0) * sources.size
    if keep == "reciprocity":
        sources, targets = _swapped_by_kind(own, rng, swaps_per_link)
    else:
        order = rng.permutation(own.n_nodes) if keep == "lattice" else np.arange(own.n_nodes)
        # a lattice has its nodes on a ring in random order: positions on the ring are swapped, and turned back into nodes
        ends = np.argsort(order)[sources], np.argsort(order)[targets]
        table = linked_table(*ends, own.n_nodes, one_key=not own.directed)
        constraint = _constraint(own, keep, modules, positions)
        swap_links(ends, table, (own.n_nodes, n_rounds), rng, (False, not own.directed, not own.directed), constraint)
        sources, targets = order[ends[0]], order[ends[1]]
    dealt = None if weights is None else rng.permutation(weights)
    if keep == "strengths" and dealt is not None:
        _fit_strengths(own, sources, targets, dealt, rng)
    return graph_of_links(sources, targets, dealt, own.nodes, directed=own.directed)


def _check_needs(graph: SimpleGraph, keep: str, modules: Sequence | np.ndarray | None, positions: ArrayLike | None) -> None:
    lacks = {
        "strengths": (graph.weights is None, "weights", "give links the attribute 'weight', or keep degrees"),
        "reciprocity": (not graph.directed, "directions", "keep degrees"),
        "lengths": (positions is None, "positions of its nodes", "give positions (n_nodes, n_dimensions)"),
        "modules": (modules is None, "modules", "give modules (n_nodes,), for example from communities"),
    }
    missing, what, remedy = lacks.get(keep, (False, "", ""))
    if missing:
        raise TopologyError(f"keep = '{keep}': {graph} has no {what}; {remedy}")


def _constraint(graph: SimpleGraph, keep: str, modules: Sequence | np.ndarray | None, positions: ArrayLike | None) -> Constraint:
    if keep == "modules":
        names = np.array([str(label) for label in ([] if modules is None else modules)])
        labels = np.unique(shaped("modules", names, (graph.n_nodes,)), return_inverse=True)
        return Constraint(CONSTRAINTS.index("modules"), labels[1].astype(np.int64))
    if keep == "lengths":
        places = np.ascontiguousarray(shaped("positions", finite("positions", positions), (graph.n_nodes, None)))  # pyright: ignore[reportArgumentType]
        sources, targets, _ = graph.links()
        lengths = np.sqrt(((places[sources] - places[targets]) ** 2).sum(axis=1))
        edges = np.unique(np.quantile(lengths, np.arange(1, _N_BINS) / _N_BINS)) if lengths.size else np.zeros(0)
        return Constraint(CONSTRAINTS.index("lengths"), positions=places, edges=edges)
    return Constraint(CONSTRAINTS.index("ring") if keep == "lattice" else 0)


def _swapped_by_kind(graph: SimpleGraph, rng: np.random.Generator, swaps_per_link: int) -> tuple[Integers, Integers]:
    """Pairs linked both ways swap among themselves, and so do single links; no swap makes a pair of the other kind."""
    n = graph.n_nodes
    sources, targets, _ = graph.links()
    keys = sources * n + targets
    mutual = np.isin(keys, targets * n + sources)
    # pairs linked both ways are one undirected link each; all kinds stand in one table, so neither makes a pair of the other
    once = mutual & (sources < targets)
    both, single = ([ends[chosen].copy() for ends in (sources, targets)] for chosen in (once, ~mutual))
    table = linked_table(np.concatenate([both[0], single[0]]), np.concatenate([both[1], single[1]]), n, one_key=True)
    for _ in range(swaps_per_link):  # in turns, so that either kind moves around the other
        swap_links((both[0], both[1]), table, (n, both[0].size), rng, (False, True, True), Constraint())
        swap_links((single[0], single[1]), table, (n, single[0].size), rng, (False, False, True), Constraint())
    return np.concatenate([both[0], both[1], single[0]]), np.concatenate([both[1], both[0], single[1]])


def _fit_strengths(graph: SimpleGraph, sources: Integers, targets: Integers, weights: Floats, rng: np.random.Generator) -> None:
    """Exchange weights between links until the strengths, which count weights by their size, are nearly those of the graph."""
    n, sizes = graph.n_nodes, np.abs(weights)
    order = np.argsort(sizes, kind="stable")
    shift = n if graph.directed else 0  # in-strengths of a directed graph are fitted apart from out-strengths
    ends = sources, targets + shift
    wanted_ends, given = graph.links()[:2], np.abs(np.asarray(graph.links()[2]))
    wanted = [np.bincount(end + move, given, n + shift) for end, move in zip(wanted_ends, (0, shift), strict=True)]
    now = [np.bincount(end, sizes, n + shift) for end in ends]
    anneal_weights(*ends, sizes, np.asarray(now[0] + now[1] - wanted[0] - wanted[1], dtype=float), 10, rng)
    # sizes were only exchanged: every weight goes where its size went, with its sign
    weights[np.argsort(sizes, kind="stable")] = weights[order]


def degree_preserving_mask(mask: Mask, rng: np.random.Generator, *, swaps_per_link: int = 10, recurrent: bool = False) -> Mask:
    """Random mask with the same number of links in every row and every column.

    Links i-j and k-l become i-l and k-j where both are free; refused attempts count, so that every mask is equally likely in
    the long run. With ``recurrent=True`` no self-link appears (then masks that differ by the direction of triangles may be out
    of reach).

    Parameters
    ----------
    mask : csr_array (n_source, n_target)
    rng : Generator
    swaps_per_link : int
        Attempts divided by the number of links.
    recurrent : bool
        Whether sources and targets are the same nodes.

    Returns
    -------
    csr_array of bool (n_source, n_target)

    Raises
    ------
    TopologyError
        If `mask` is not a mask.

    References
    ----------
    A. R. Rao, R. Jana, S. Bandyopadhyay (1996), Sankhya A 58, 225; S. Maslov, K. Sneppen (2002),
    https://doi.org/10.1126/science.1065103
    """
    mask = checked_mask("mask", mask, recurrent=recurrent)
    sources, targets = link_arrays(mask)
    attempts = count("swaps_per_link", swaps_per_link, least=0) * sources.size
    n_target = mask_shape(mask)[1]
    table = linked_table(sources, targets, n_target, one_key=False)
    swap_links((sources, targets), table, (n_target, attempts), rng, (not recurrent, False, False), Constraint())
    return link_mask(sources, targets, mask_shape(mask))


def degree_preserving_graph(graph: AnyGraph, rng: np.random.Generator, *, swaps_per_link: int = 10) -> AnyGraph:
    """Random simple graph with the same degrees (in- and out-degrees if directed) as networkx graph; link attributes are dropped.

    Unlike ``networkx.double_edge_swap`` it counts attempts, so it also ends on graphs without any possible swap, such as stars.

    Parameters
    ----------
    graph : networkx Graph or DiGraph
    rng : Generator
    swaps_per_link : int
        Attempts divided by the number of links.

    Returns
    -------
    networkx Graph or DiGraph
        Of the kind that was given.

    Raises
    ------
    TopologyError
        If the graph is a multigraph or has self-links.
    """
    return _as_given(graph, rng, "degrees", swaps_per_link)


def lattice_graph(graph: AnyGraph, rng: np.random.Generator, *, swaps_per_link: int = 10) -> AnyGraph:
    """Graph with the same degrees whose links are short on a ring of randomly ordered nodes, as networkx graph.

    Links a-b and c-d become a-d and c-b where both are free and the sum of their ring distances does not grow.
    (``networkx.lattice_reference`` 3.6.1 compares other distances and stays far from a lattice.)

    Parameters
    ----------
    graph : networkx Graph or DiGraph
    rng : Generator
    swaps_per_link : int
        Attempts divided by the number of links.

    Returns
    -------
    networkx Graph or DiGraph
        Of the kind that was given.

    Raises
    ------
    TopologyError
        If the graph is a multigraph or has self-links.

    References
    ----------
    S. Maslov, K. Sneppen (2002), https://doi.org/10.1126/science.1065103;
    O. Sporns, J. D. Zwi (2004), https://doi.org/10.1385/NI:2:2:145
    """
    return _as_given(graph, rng, "lattice", swaps_per_link)


def _as_given(graph: AnyGraph, rng: np.random.Generator, keep: str, swaps_per_link: int) -> AnyGraph:
    if graph.is_multigraph() or nx.number_of_selfloops(graph):
        raise TopologyError(f"{graph} is a multigraph or has self-links; a null model needs a simple graph")
    null = null_graph(graph, rng, keep=keep, swaps_per_link=swaps_per_link)
    result = graph.__class__()
    result.add_nodes_from(graph.nodes(data=True))
    sources, targets, _ = null.links()
    result.add_edges_from((null.nodes[u], null.nodes[v]) for u, v in zip(sources.tolist(), targets.tolist(), strict=True))
    return result
