"""Small SONATA circuits, written as other programs write them."""

import json
from pathlib import Path

import h5py
import numpy as np

__all__ = ["write_circuit"]

EDGES = "edge_type_id delay syn_weight\n100 2.0 0.5\n101 1.0 -0.25\n"
NODES = "node_type_id model_type ei\n7 point_neuron e\n8 virtual i\n"


def write_circuit(
    folder: Path, *, name="any.json", edge_types=EDGES, node_types=NODES, inside=None, config=None, source=(7, 7, 7), edges=None
):
    """Circuit of population a (3 nodes), b (2) and edges a_to_b; returns the path of its configuration.

    Parameters
    ----------
    folder : Path
    name : str
        Of the configuration.
    edge_types, node_types : str, optional
        Tables; None for circuits without.
    inside : mapping from dataset to values, optional
        Of the edges' group 0.
    config : mapping, optional
        What the configuration also says.
    source : types of the nodes of a
    edges : mapping from dataset to values, optional
        In place of those of the edge population.
    """
    (folder / "net").mkdir(parents=True)
    for population, types in (("a", source), ("b", (7, 7))):
        with h5py.File(folder / "net" / f"{population}_nodes.h5", "w") as file:
            file[f"nodes/{population}/node_type_id"] = np.array(types)
    with h5py.File(folder / "net" / "ab_edges.h5", "w") as file:
        group = file.create_group("edges/a_to_b")
        parts = {"source_node_id": [0, 1], "target_node_id": [0, 1], "edge_type_id": [100, 101]} | (edges or {})
        parts |= {"edge_group_id": [0, 0], "edge_group_index": [0, 1]}
        for key, values in (parts | {f"0/{key}": values for key, values in (inside or {}).items()}).items():
            group[key] = np.array(values)
        group["source_node_id"].attrs["node_population"] = "a"
        group["target_node_id"].attrs["node_population"] = "b"
    nodes = [{"nodes_file": f"${{NET}}/{p}_nodes.h5", "node_types_file": node_types and "$NET/types.csv"} for p in "ab"]
    links = {"edges_file": "$NET/ab_edges.h5", "edge_types_file": edge_types and "$NET/ab_edge_types.csv"}
    for path, text in (("types.csv", node_types), ("ab_edge_types.csv", edge_types)):
        if text:
            (folder / "net" / path).write_text(text)
    content = {"manifest": {"$BASE": "${configdir}", "$NET": "$BASE/net"}, "networks": {"nodes": nodes, "edges": [links]}}
    (folder / name).write_text(json.dumps(content | (config or {})))
    return folder / name
