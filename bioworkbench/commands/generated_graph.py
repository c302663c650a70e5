"""Graphs that ``bioworkbench topology --generate`` makes."""

from collections.abc import Sequence

import networkx as nx
import numpy as np

from bioworkbench.experiment.spec.changes import parse_changes
from bioworkbench.experiment.spec.places import Place
from bioworkbench.experiment.spec.values import chosen
from bioworkbench.records.errors import TopologyError
from bioworkbench.topology.generators import TOPOLOGIES

__all__ = ["generated_graph"]


def generated_graph(kind: str, nodes: str, changes: Sequence[str], rng: np.random.Generator) -> nx.DiGraph:
    """A directed graph of a topology; with two sizes the nodes are texts such as "source 3" and "target 0".

    Parameters
    ----------
    kind : str
        One of `TOPOLOGIES`.
    nodes : str
        "100", or "784x1000" for sources and targets.
    changes : sequence of str
        Settings of the topology, as ``name=value``.
    rng : Generator

    Returns
    -------
    networkx DiGraph

    Raises
    ------
    TopologyError
        If the size is another text.
    SpecError
        If the topology or a setting is unknown, or a value not one of it.
    """
    given = parse_changes(changes)
    choice = chosen({**given, "kind": kind}, "topology", TOPOLOGIES, Place("--generate"), {}, fixed=("recurrent",))
    sizes = [int(part) for part in nodes.split("x") if part.isdecimal()]
    if len(sizes) != nodes.count("x") + 1 or len(sizes) > 2:
        raise TopologyError(
            f"--nodes = '{nodes}': give a number of nodes such as 100, or of sources and targets such as 784x1000"
        )
    arguments = {name: value for name, value in choice.arguments.items() if name != "recurrent"}
    mask = TOPOLOGIES[kind](sizes[0], sizes[-1], rng, recurrent=len(sizes) == 1, **arguments)
    if len(sizes) == 1:
        return _without_weights(nx.from_scipy_sparse_array(mask, create_using=nx.DiGraph))
    graph = nx.DiGraph()
    graph.add_nodes_from((f"source {k}" for k in range(sizes[0])), side="source")
    graph.add_nodes_from((f"target {k}" for k in range(sizes[1])), side="target")
    rows, columns = mask.nonzero()
    graph.add_edges_from((f"source {i}", f"target {j}") for i, j in zip(rows.tolist(), columns.tolist(), strict=True))
    return graph


def _without_weights(graph: nx.DiGraph) -> nx.DiGraph:
    for *_, attributes in graph.edges(data=True):
        attributes.clear()
    return graph
