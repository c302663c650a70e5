"""The synapses among all neurons of a network as one graph: which neurons can be reached, and how small the world is."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy import sparse
from scipy.sparse.csgraph import breadth_first_order, shortest_path

from bioworkbench.records.errors import TopologyError
from bioworkbench.records.network import Network
from bioworkbench.topology.masks import link_arrays, mask_shape
from bioworkbench.topology.rewiring.regrowth import absent_links
from bioworkbench.weights.spectrum import spectral_radius

__all__ = ["SmallWorld", "joint_weights", "unreachable"]


def _offsets(network: Network) -> dict[str, int]:
    ends = np.cumsum([0, *network.sizes.values()])
    return dict(zip(network.sizes, map(int, ends), strict=False))


def joint_weights(network: Network) -> sparse.csr_array:
    """Weights (n, n) among all neurons of a `network`, population after population, without those from the input."""
    first, n = _offsets(network), sum(network.sizes.values())
    rows: list[np.ndarray] = [np.zeros(0, int)]
    columns: list[np.ndarray] = [np.zeros(0, int)]
    values: list[np.ndarray] = [np.zeros(0)]
    for projection in network.projections:
        if projection.source in network.sizes:
            sources, targets = link_arrays(projection.weights)
            rows.append(sources + first[projection.source])
            columns.append(targets + first[projection.target])
            values.append(projection.weights.data)
    return sparse.csr_array((np.concatenate(values), (np.concatenate(rows), np.concatenate(columns))), shape=(n, n))


def unreachable(network: Network) -> dict[str, np.ndarray]:
    """Neurons that no path of synapses leads to, from the input or from a population without inputs.

    Parameters
    ----------
    network : Network

    Returns
    -------
    dict
        Numbers of such neurons, by population.
    """
    first, n = _offsets(network), sum(network.sizes.values())
    fed = {projection.target for projection in network.projections}
    roots = [np.arange(size) + first[name] for name, size in network.sizes.items() if name not in fed]
    roots += [np.unique(p.weights.indices) + first[p.target] for p in network.inputs]
    begin = np.unique(np.concatenate(roots)) if roots else np.zeros(0, int)
    # One more node, with a link to everything that is driven from outside, turns many searches into one.
    links = joint_weights(network).tocoo()
    rows, columns = np.append(links.row, np.full(begin.size, n)), np.append(links.col, begin)
    graph = sparse.csr_array((np.ones(rows.size), (rows, columns)), shape=(n + 1, n + 1))
    reached = np.zeros(n + 1, dtype=bool)
    reached[breadth_first_order(graph, n, return_predecessors=False)] = True
    return {name: np.flatnonzero(~reached[first[name] : first[name] + size]) for name, size in network.sizes.items()}


@dataclass(frozen=True)
class SmallWorld:
    """Random links, whose clustering and path length those of a network are compared with.

    Parameters
    ----------
    sources, targets : int array (n_links,)
    n : int
        Number of neurons.
    """

    sources: np.ndarray
    targets: np.ndarray
    n: int

    @classmethod
    def beside(cls, network: Network, rng: np.random.Generator) -> "SmallWorld":
        """As many random links as a `network` has synapses, among as many neurons, drawn with `rng`."""
        weights = joint_weights(network)
        _check_any(weights.nnz)
        empty = sparse.csr_array(mask_shape(weights), dtype=bool)
        return cls(*absent_links(empty, weights.nnz, rng, recurrent=True), len(weights.indptr) - 1)

    @cached_property
    def reference(self) -> tuple[float, float]:
        """Clustering and path length of the random links, found when the first network is measured."""
        return _clustering_and_path_length(self.sources, self.targets, self.n)

    def measured(self, network: Network) -> dict[str, float]:
        """Numbers that describe the synapses among neurons, directions dropped where the measure knows none.

        "n_links", "clustering", "small_worldness" (clustering over that of random links, divided by the same of path lengths;
        Humphries and Gurney 2008, doi 10.1371/journal.pone.0002051) and "spectral_radius" of the weights.

        Parameters
        ----------
        network : Network

        Returns
        -------
        dict
        """
        weights = joint_weights(network)
        triangles, path_length = _clustering_and_path_length(*link_arrays(weights), len(weights.indptr) - 1)
        of_random, length_of_random = self.reference
        return {
            "n_links": float(weights.nnz),
            "clustering": triangles,
            "small_worldness": triangles / of_random / (path_length / length_of_random) if of_random else float("nan"),
            "spectral_radius": spectral_radius(weights),
        }


def _check_any(n_synapses: int) -> None:
    if not n_synapses:
        raise TopologyError(f"{n_synapses} synapses between neurons; a reservoir needs some to rewire")


def _clustering_and_path_length(sources: np.ndarray, targets: np.ndarray, n: int) -> tuple[float, float]:
    """What `topology.measures` call so, from arrays: an episode should not wait for graph objects."""
    _check_any(sources.size)
    # A dense matrix product counts triangles faster than any list of neighbors for the hundreds of neurons of a reservoir.
    links = np.zeros((n, n), dtype=np.float32)
    links[sources, targets] = links[targets, sources] = 1
    np.fill_diagonal(links, 0)
    degrees = links.sum(axis=1)
    pairs = degrees * (degrees - 1)
    triangles = ((links @ links) * links).sum(axis=1)
    closed = np.divide(triangles, pairs, out=np.zeros(n), where=pairs > 0)
    apart = shortest_path(sparse.csr_array(links), unweighted=True)
    return float(closed.mean()), float(apart[np.isfinite(apart) & (apart > 0)].mean())
