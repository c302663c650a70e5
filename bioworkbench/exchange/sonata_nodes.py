"""Nodes of SONATA: how many there are, which are virtual, and everything that files and types say of them."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import h5py
import numpy as np

from bioworkbench.exchange.sonata_types import Elements, Types, integers
from bioworkbench.records.counted import counted
from bioworkbench.records.errors import TopologyError
from bioworkbench.records.hdf5 import opened

__all__ = ["SonataNodes", "read_nodes"]


@dataclass(frozen=True)
class SonataNodes:
    """Nodes of one population.

    Parameters
    ----------
    population : str
    size : int
    virtual : bool
        Whether all are: they spike as a file says.
    table : mapping from attribute to array (size,)
        Entry k is of node k: what HDF5 gives it, and what it has from its type. Numbers are in the units of the file.
    """

    population: str
    size: int
    virtual: bool
    table: Mapping[str, np.ndarray]


def read_nodes(path: Path, types: Types) -> list[SonataNodes]:
    """All node populations of a file.

    Parameters
    ----------
    path : Path
    types : Types
        Of its nodes.

    Returns
    -------
    list of SonataNodes

    Raises
    ------
    TopologyError
        If the file is not SONATA, the ids are not 0 to n - 1, the table lacks a type, or a population has virtual nodes and others.
    """
    try:
        with opened(path) as file:
            nodes = file.get("nodes")
            if not isinstance(nodes, h5py.Group):
                raise TopologyError(f"{path} has no group 'nodes'; it holds {', '.join(file) or 'nothing'}")
            return [_nodes(path, name, group, types) for name, group in nodes.items() if isinstance(group, h5py.Group)]
    except TopologyError:
        raise
    except (OSError, KeyError, RuntimeError, ValueError, TypeError, IndexError) as error:
        raise TopologyError(f"{path} is not a SONATA node file: {error}") from error


def _nodes(path: Path, name: str, group: h5py.Group, types: Types) -> SonataNodes:
    listed = [group[key] for key in ("node_type_id", "node_id", "node_group_id") if isinstance(group.get(key), h5py.Dataset)]
    if not listed or listed[0].shape is None or len(listed[0].shape) != 1:
        raise TopologyError(f"{path}: {group.name} has no list of node_type_id or node_id; a population has one per node")
    size = listed[0].shape[0]
    nodes = Elements.of(path, group, size, types)
    order = _order(path, group, size)
    names = dict.fromkeys([name for name in (*nodes.names(), *types.names) if name])
    table = {"node_type_id": nodes.ids[order], **{key: np.asarray(_column(nodes, key))[order] for key in names}}
    kinds = nodes.texts("model_type")
    n_virtual = kinds.count("virtual")
    if n_virtual not in (0, size):
        raise TopologyError(f"{path}: {group.name} has {n_virtual} virtual nodes of {size}; split it into two populations")
    return SonataNodes(name, size, n_virtual > 0, table)


def _column(nodes: Elements, name: str) -> list | np.ndarray:
    """An attribute as numbers where all that is given are numbers, else as texts."""
    if name == f"{nodes.types.kind}_type_id":
        return nodes.ids
    if nodes.is_text(name):
        return nodes.texts(name)
    try:
        return nodes.numbers(name)
    except TopologyError:
        return nodes.texts(name)


def _order(path: Path, group: h5py.Group, size: int) -> np.ndarray:
    """Rows in the order of their node ids."""
    given = group.get("node_id")
    if not isinstance(given, h5py.Dataset):
        return np.arange(size)
    ids = integers(path, given)
    order = np.argsort(ids, kind="stable")
    if ids.size != size or not (ids[order] == np.arange(size)).all():
        raise TopologyError(
            f"{path}: {given.name} holds {counted(ids.size, 'id')} up to {ids.max(initial=0)}; "
            f"{counted(size, 'node')} have the ids 0 to {size - 1}"
        )
    return order
