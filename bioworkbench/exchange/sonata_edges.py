"""SONATA edge files (HDF5) and their tables of types: the links of large network models.

Reference: K. Dai et al. (2020), https://doi.org/10.1371/journal.pcbi.1007696
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import h5py
import networkx as nx
import numpy as np

from bioworkbench.exchange.sonata_types import NO_TYPES, SYNAPSE_TEMPLATE, Elements, Types, dataset, integers, read_types
from bioworkbench.records.arrays import Floats, Integers
from bioworkbench.records.errors import TopologyError
from bioworkbench.records.hdf5 import opened, text_of

__all__ = ["SonataLinks", "read_sonata", "seconds_each", "sonata_links"]

_SECONDS = {"": 1e-3, "ms": 1e-3, "milliseconds": 1e-3, "millisecond": 1e-3, "s": 1.0, "seconds": 1.0, "second": 1.0}
_RECEPTOR = "receptor_type"


@dataclass(frozen=True)
class SonataLinks:
    """Links of one edge population, one per edge.

    What an edge does not have in HDF5 it has from its type.

    Parameters
    ----------
    population : str
    source_population, target_population : str
        Node populations; "" where the file does not say.
    sources, targets : int array (n_edges,)
        Node ids.
    weights : array (n_edges,), in the unit of the file; NaN where it has none
        Of one synapse.
    delays : array (n_edges,), second; NaN where the file has none
    counts : int array (n_edges,)
        Synapses that an edge stands for (``nsyns``), all alike; 1 where the file does not say.
    types : int array (n_edges,)
        Ids of the types of the edges.
    unit : str
        Of the weights, where the file says.
    receives : str
        Variable that spikes add to, in files that bioworkbench wrote.
    receptors : array (n_edges,), optional
        Port of the target that an edge goes to, counted from 1; NaN where an edge does not say, None where none does.
    dynamics : mapping from type id to str
        Files of parameters that types of edges name.
    ignored : tuple of str
        What the edges also say, and a list of links does not carry.
    """

    population: str
    source_population: str
    target_population: str
    sources: Integers
    targets: Integers
    weights: Floats
    delays: Floats
    counts: Integers
    types: Integers
    unit: str = ""
    receives: str = ""
    receptors: Floats | None = None
    dynamics: Mapping[int, str] = field(default_factory=dict)
    ignored: tuple[str, ...] = ()


def read_sonata(path: str | Path, population: str = "", *, types: str | Path | None = None) -> nx.DiGraph:
    """Graph of one edge population of a SONATA file.

    Nodes are node ids; if source and target are different populations, texts such as ``"lgn:12"``. Links carry ``n_synapses``
    (``nsyns`` synapses per edge), and where the file or the type has them ``weight`` (summed over all synapses) and ``delay``
    (mean, second).

    Parameters
    ----------
    path : str or path
    population : str
        May be left out if the file has only one.
    types : str or path, optional
        Table of edge types; by default the one beside the file, ``x_edge_types.csv`` for ``x_edges.h5``, where there is one.

    Returns
    -------
    networkx DiGraph

    Raises
    ------
    TopologyError
        If a file is not SONATA, has several populations and none is named, or the table lacks a type.
    """
    links = sonata_links(path, population, types=types)
    ends = np.stack([links.sources, links.targets])
    pairs, groups = np.unique(ends, axis=1, return_inverse=True)
    n_pairs, groups = pairs.shape[1], groups.ravel()
    n_synapses = np.bincount(groups, links.counts, minlength=n_pairs).astype(np.int64)
    weights = np.bincount(groups, links.weights * links.counts, minlength=n_pairs)
    delays = np.bincount(groups, links.delays * links.counts, minlength=n_pairs) / np.maximum(n_synapses, 1)
    apart = links.source_population != links.target_population
    graph = nx.DiGraph(name=links.population)
    for (u, v), n, weight, delay in zip(pairs.T.tolist(), n_synapses.tolist(), weights.tolist(), delays.tolist(), strict=True):
        known = {name: value for name, value in (("weight", weight), ("delay", delay)) if not np.isnan(value)}
        source, target = (f"{links.source_population}:{u}", f"{links.target_population}:{v}") if apart else (u, v)
        graph.add_edge(source, target, n_synapses=n, **known)
    return graph


def sonata_links(
    path: str | Path,
    population: str = "",
    *,
    types: str | Path | Types | None = None,
    max_links: int = 50_000_000,
) -> SonataLinks:
    """Links of one edge population of a SONATA file, as arrays.

    Parameters
    ----------
    path : str or path
    population : str
        May be left out if the file has only one.
    types : str, path or Types, optional
        Table of edge types; by default the one beside the file, ``x_edge_types.csv`` for ``x_edges.h5``, where there is one.
    max_links : int
        A larger population is refused before it is read.

    Returns
    -------
    SonataLinks

    Raises
    ------
    TopologyError
        If a file is not SONATA, has several populations and none is named, its arrays do not fit together, or the table lacks a type.
    """
    path = Path(path)
    if not path.is_file():
        raise TopologyError(f"{path} is not a file; give the path of an existing one")
    if types is None:
        beside = path.with_name(f"{path.stem.removesuffix('_edges')}_edge_types.csv")
        types = beside if path.stem.endswith("_edges") and beside.is_file() else NO_TYPES["edge"]
    table = types if isinstance(types, Types) else read_types(Path(types), "edge")
    try:
        with opened(path) as file:
            return _links(path, _population(path, file, population), table, max_links)
    except TopologyError:
        raise
    except (OSError, KeyError, RuntimeError, ValueError, TypeError, IndexError) as error:
        raise TopologyError(f"{path} is not a SONATA edge file: {error}") from error


def seconds_each(unit: str, where: str) -> float:
    """Seconds of a unit of time.

    Parameters
    ----------
    unit : str
        "" where a file does not say: milliseconds.
    where : str
        File and attribute, for messages.

    Returns
    -------
    float

    Raises
    ------
    TopologyError
        If the unit is another one.
    """
    if unit not in _SECONDS:
        raise TopologyError(f"{where} has the unit '{unit}'; known are {', '.join(filter(None, _SECONDS))}")
    return _SECONDS[unit]


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


def _links(path: Path, group: h5py.Group, types: Types, max_links: int) -> SonataLinks:
    ends = [dataset(path, group, name) for name in ("source_node_id", "target_node_id")]
    sizes = {end.shape for end in ends}
    if len(sizes) > 1 or len(ends[0].shape) != 1:
        raise TopologyError(
            f"{path}: source_node_id and target_node_id have shapes {sorted(sizes)}; they must be equally long lists"
        )
    if ends[0].shape[0] > max_links:
        raise TopologyError(f"{path} has {ends[0].shape[0]} links, more than max_links = {max_links}; raise it if memory allows")
    sources, targets = (integers(path, end) for end in ends)
    edges = Elements.of(path, group, sources.size, types)
    return SonataLinks(
        population=str(group.name).rsplit("/", 1)[-1],
        source_population=text_of(ends[0], "node_population"),
        target_population=text_of(ends[1], "node_population"),
        sources=sources,
        targets=targets,
        weights=edges.numbers("syn_weight"),
        delays=edges.numbers("delay", lambda unit: seconds_each(unit, f"{path}: delay of {group.name}")),
        counts=_counts(path, edges),
        types=edges.ids,
        unit=edges.unit("syn_weight"),
        receives=text_of(group, "receives"),
        receptors=edges.numbers(_RECEPTOR) if _RECEPTOR in (*types.names, *edges.names()) else None,
        dynamics=dict(zip(types.rows, types.texts("dynamics_params", np.array(list(types.rows), dtype=np.int64)), strict=True)),
        ignored=tuple(_ignored(edges)),
    )


def _counts(path: Path, edges: Elements) -> Integers:
    """Synapses per edge."""
    given = edges.numbers("nsyns")
    # a file without the attribute has one synapse per edge; it may be a float in HDF5 and must be whole all the same
    given = np.where(np.isnan(given), 1.0, given)
    bad = np.flatnonzero((given < 0) | (given != np.rint(given)) | (given > 2**31))
    if bad.size:
        raise TopologyError(
            f"{path}: edge {bad[0]} of {edges.group.name} has nsyns = {given[bad[0]]:g}; it is a count of synapses"
        )
    return given.astype(np.int64)


def _ignored(edges: Elements) -> list[str]:
    """Rules of weights and synapses with dynamics of their own, which links have no place for."""
    found = []
    for name, plain in (("weight_function", {"", "wmax"}), ("model_template", {"", "static_synapse", SYNAPSE_TEMPLATE})):
        others = sorted(set(edges.texts(name)) - plain)
        found += [f"{name} '{other}'" for other in others]
    return found
