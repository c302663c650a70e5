"""The authors' scores of three small graphs: a copy is kept here; ``BIOWORKBENCH_REFERENCE`` names the folder of the full files."""

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import networkx as nx
import numpy as np
import pytest

HERE = Path(__file__).parent / "reference"
GRAPHS = ("toy8", "toy_bip4x4", "karate")


def folder(kind: str) -> Path:
    """Folder of the files of a kind, "kept" here or "full"; the test is skipped without the full ones."""
    if kind == "kept":
        return HERE
    if "BIOWORKBENCH_REFERENCE" not in os.environ:
        pytest.skip("BIOWORKBENCH_REFERENCE is not set; it names the folder with ch/karate.json, ...")
    return Path(os.environ["BIOWORKBENCH_REFERENCE"]) / "ch"


def reference(name: str, kind: str = "kept") -> dict[str, Any]:
    return json.loads((folder(kind) / f"{name}.json").read_text())


def graph_of(content: dict[str, Any]) -> nx.Graph:
    graph = nx.empty_graph(content["n_nodes"])
    graph.add_edges_from(content["edges"])
    return graph


def columns(content: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any], np.ndarray]]:
    """Name, arguments for `cannistraci_hebb`, and values of every column of scores, without pairs it is not defined for."""
    table = np.array(content["missing_pairs"])
    left = (table[:, :2] < 4).sum(axis=1) == 1 if content["name"] == "toy_bip4x4" else None
    for k, name in enumerate(content["columns"][2:], start=2):
        model, length, *convention = name.split("_")
        arguments = {
            "model": model.removesuffix("n"),
            "length": int(length[1]),
            "convention": convention[0] if convention else "path",
            "form": "node" if model.endswith("n") else "path",
        }
        rows = slice(None) if left is None else left == (length == "L3")
        yield name, arguments, table[rows][:, [0, 1, k]]
