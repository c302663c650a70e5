"""SONATA edge files (HDF5): the links of large network models.

Reference: K. Dai et al. (2020), https://doi.org/10.1371/journal.pcbi.1007696
"""

from dataclasses import dataclass
from pathlib import Path

import h5py
import networkx as nx
import numpy as np

from bioworkbench.arrays import Floats, Integers
from bioworkbench.errors import TopologyError
from bioworkbench.hdf5 import opened, text_of

__all__ = ["SonataLinks", "read_sonata", "sonata_links"]

_MILLISECOND = 1e-3


@dataclass(frozen=True)
class SonataLinks:
    """Links of one edge population, one per synapse.

    Parameters
    ----------
    population : str
    source_population, target_population : str
        Node populations; "" where the file does not say.
    sources, targets : int array (n_synapses,)
        Node ids.
    weights : array (n_synapses,), in the unit of the file; NaN where it has none
    delays : array (n_synapses,), second; NaN where the file has none
    """

    population: str
    source_population: str
    target_population: str
    sources: Integers
    targets: Integers
    weights: Floats
    delays: Floats


def read_sonata(path: str | Path, population: str = "") -> nx.DiGraph:
    """Graph of one edge population of a SONATA file.

    Nodes are node ids; if source and target are different populations, texts such as ``"lgn:12"``. Links carry ``n_synapses``,
    and where the file has them ``weight`` (summed over parallel synapses) and ``delay`` (mean, second).

    Parameters
    ----------
    path : str or path
    population : str
        May be left out if the file has only one.

    Raises
    ------
    TopologyError
        If the file is not SONATA, or has several populations and none is named.
    """
    links = sonata_links(path, population)
    ends = np.stack([links.sources, links.targets])
    pairs, groups, n_synapses = np.unique(ends, axis=1, return_inverse=True, return_counts=True)
    weights = np.bincount(groups.ravel(), links.weights, minlength=n_synapses.size)
    delays = np.bincount(groups.ravel(), links.delays, minlength=n_synapses.size) / np.maximum(n_synapses, 1)
    apart = links.source_population != links.target_population
    graph = nx.DiGraph(name=links.population)
    for (u, v), n, weight, delay in zip(pairs.T.tolist(), n_synapses.tolist(), weights.tolist(), delays.tolist(), strict=True):
        known = {name: value for name, value in (("weight", weight), ("delay", delay)) if not np.isnan(value)}
        source, target = (f"{links.source_population}:{u}", f"{links.target_population}:{v}") if apart else (u, v)
        graph.add_edge(source, target, n_synapses=n, **known)
    return graph


def sonata_links(path: str | Path, population: str = "", *, max_links: int = 50_000_000) -> SonataLinks:
    """Links of one edge population of a SONATA file, as arrays.

    Parameters
    ----------
    path : str or path
    population : str
        May be left out if the file has only one.
    max_links : int
        A larger population is refused before it is read.

    Raises
    ------
    TopologyError
        If the file is not SONATA, has several populations and none is named, or its arrays do not fit together.
    """
    path = Path(path)
    if not path.is_file():
        raise TopologyError(f"{path} is not a file; give the path of an existing one")
    try:
        with opened(path) as file:
            return _links(path, _population(path, file, population), max_links)
    except TopologyError:
        raise
    except (OSError, KeyError, RuntimeError, ValueError, TypeError, IndexError) as error:
        raise TopologyError(f"{path} is not a SONATA edge file: {error}") from error


def _population(path: Path, file: h5py.File, name: str) -> h5py.Group:
    edges = file.get("edges")
    if not isinstance(edges, h5py.Group) or not len(edges):
        raise TopologyError(f"{path} has no group 'edges' with a population; it holds {', '.join(file) or 'nothing'}")
    known = ", ".join(edges)
    if not name and len(edges) > 1:
        raise TopologyError(f"{path} has {len(edges)} edge populations: {known}; say which one is meant")
    group = edges.get(name or next(iter(edges)))
    if not isinstance(group, h5py.Group):
        raise TopologyError(f"{path} has no edge population '{name}'; known are {known}")
    return group


def _links(path: Path, group: h5py.Group, max_links: int) -> SonataLinks:
    ends = [_dataset(path, group, name) for name in ("source_node_id", "target_node_id")]
    sizes = {end.shape for end in ends}
    if len(sizes) > 1 or len(ends[0].shape) != 1:
        raise TopologyError(
            f"{path}: source_node_id and target_node_id have shapes {sorted(sizes)}; they must be equally long lists"
        )
    if ends[0].shape[0] > max_links:
        raise TopologyError(f"{path} has {ends[0].shape[0]} links, more than max_links = {max_links}; raise it if memory allows")
    sources, targets = (_ids(path, end) for end in ends)
    return SonataLinks(
        population=str(group.name).rsplit("/", 1)[-1],
        source_population=text_of(ends[0], "node_population"),
        target_population=text_of(ends[1], "node_population"),
        sources=sources,
        targets=targets,
        weights=_values(path, group, "syn_weight", sources.size),
        delays=_values(path, group, "delay", sources.size) * _MILLISECOND,
    )


def _dataset(path: Path, group: h5py.Group, name: str) -> h5py.Dataset:
    data = group.get(name)
    if not isinstance(data, h5py.Dataset):
        raise TopologyError(f"{path}: edge population {group.name} has no dataset '{name}'")
    return data


def _ids(path: Path, data: h5py.Dataset) -> Integers:
    if data.dtype.kind not in "iu":
        raise TopologyError(f"{path}: {data.name} has the type {data.dtype}; node ids are integers")
    ids = data[:].astype(np.int64)
    if ids.size and ids.min() < 0:
        raise TopologyError(f"{path}: {data.name} goes down to {ids.min()}; node ids are 0 or more")
    return ids


def _values(path: Path, group: h5py.Group, name: str, n: int) -> Floats:
    """Attribute of the links, looked up in their groups of attributes; NaN where a group lacks it."""
    values = np.full(n, np.nan)
    if "edge_group_id" not in group:
        return values
    owner, index = (_ids(path, _dataset(path, group, key)) for key in ("edge_group_id", "edge_group_index"))
    if owner.size != n or index.size != n:
        raise TopologyError(f"{path}: edge_group_id has {owner.size} and edge_group_index {index.size} entries for {n} links")
    for number in np.unique(owner):
        data = group.get(f"{number}/{name}")
        if isinstance(data, h5py.Dataset):
            mine = owner == number
            values[mine] = _looked_up(path, data, index[mine])
    return values


def _looked_up(path: Path, data: h5py.Dataset, index: Integers) -> Floats:
    if data.dtype.kind not in "iuf" or len(data.shape) != 1 or index.max() >= data.shape[0]:
        raise TopologyError(
            f"{path}: {data.name} has type {data.dtype}, shape {data.shape}; a number for each of its links is needed"
        )
    return data[:].astype(float)[index]
