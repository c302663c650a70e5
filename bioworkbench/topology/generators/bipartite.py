"""Sparse layers: uniform, receptive fields (BRF and image patches), small world (BSW).

`sparsity` is the fraction of possible links that are absent; the number of links that it leaves is met exactly.
"""

from typing import Literal

import numpy as np
from scipy import sparse

from bioworkbench.records.arrays import Floats, Integers, count, fraction
from bioworkbench.records.errors import TopologyError
from bioworkbench.records.lazily import later
from bioworkbench.records.randomness import check_generator
from bioworkbench.records.subsets import subset_counts
from bioworkbench.topology.masks import Mask, link_mask, n_links_at

__all__ = ["layered", "local_receptive_field", "receptive_field_bipartite", "small_world_bipartite"]

_degree_preserving_mask = later("bioworkbench.topology.measures.null_models:degree_preserving_mask")  # whose kernels bring numba


def layered(n_source: int, n_target: int, rng: np.random.Generator, *, sparsity: float, recurrent: bool = False) -> Mask:
    """Uniformly random layer in which every node has the same number of links.

    "The same" up to one where the number of links is not a multiple of the number of nodes; which nodes have one more is random.
    A regular mask is drawn by degree-preserving swaps (`null_models.degree_preserving_mask`).

    Parameters
    ----------
    n_source, n_target : int
    rng : Generator
    sparsity : float
        Fraction of possible links that are absent.
    recurrent : bool
        Whether sources and targets are the same nodes; then none links to itself.

    Returns
    -------
    csr_array of bool (n_source, n_target)
    """
    n_links = n_links_at(sparsity, n_source, n_target, recurrent=recurrent)
    regular = _regular_recurrent if recurrent else _regular
    return _degree_preserving_mask(regular(n_source, n_target, n_links, rng), rng, recurrent=recurrent)


def _regular(n_source: int, n_target: int, n_links: int, rng: np.random.Generator) -> Mask:
    """Consecutive targets for source after source, round and round; then both sides get random names."""
    sources = np.repeat(np.arange(n_source), _even_degrees(n_source, n_links, rng))
    targets = np.arange(n_links) % n_target
    return link_mask(rng.permutation(n_source)[sources], rng.permutation(n_target)[targets], (n_source, n_target))


def _regular_recurrent(n: int, _: int, n_links: int, rng: np.random.Generator) -> Mask:
    """Node i to i + 1, i + 2, ... on a ring, some nodes one link further; then the nodes get random names."""
    degrees = _even_degrees(n, n_links, rng)
    sources = np.repeat(np.arange(n), degrees)
    steps = np.arange(n_links) - np.repeat(np.cumsum(degrees) - degrees, degrees) + 1
    names = rng.permutation(n)
    return link_mask(names[sources], names[(sources + steps) % n], (n, n))


def _even_degrees(n_nodes: int, n_links: int, rng: np.random.Generator) -> Integers:
    """Degrees that add up to `n_links` and differ by one at most; which nodes have more is random."""
    check_generator(rng)
    degrees = np.full(n_nodes, n_links // n_nodes)
    degrees[rng.choice(n_nodes, n_links % n_nodes, replace=False)] += 1
    return degrees


def receptive_field_bipartite(
    n_source: int,
    n_target: int,
    rng: np.random.Generator,
    *,
    sparsity: float,
    randomness: float = 0.25,
    degrees: Literal["fixed", "uniform"] = "fixed",
    recurrent: bool = False,
) -> Mask:
    """Bipartite receptive field (BRF): every node of the smaller side links to a neighborhood of the larger side.

    Node i of the smaller side has its center at ``round(i * larger / smaller)`` on a ring. With ring distance d it draws its
    partners without replacement with weight ``(1 + d) ** (-(1 - r) / r)``, where r is `randomness`: 0 takes the nearest (ties
    at random), 1 is uniform. Rounded centers leave no node without a link where the public code, with its integer stride, does.

    Parameters
    ----------
    n_source, n_target : int
    rng : Generator
    sparsity : float
        Fraction of possible links that are absent.
    randomness : float
        From 0 (nearest partners) to 1 (any partners).
    degrees : {"fixed", "uniform"}
        Of the smaller side: equal up to one, or one each and the rest thrown at random.
    recurrent : bool
        Whether sources and targets are the same nodes; then none links to itself.

    Returns
    -------
    csr_array of bool (n_source, n_target)

    Raises
    ------
    TopologyError
        If `degrees` is another word, or "uniform" has fewer links than nodes.

    References
    ----------
    Y. Zhang et al. (2025), https://arxiv.org/abs/2501.19107
    """
    fraction("randomness", randomness)
    n_links = n_links_at(sparsity, n_source, n_target, recurrent=recurrent)
    n_small, n_large = sorted((n_source, n_target))
    per_node = _field_degrees(degrees, n_small, n_large - recurrent, n_links, rng)
    chosen = [
        _field(round(i * n_large / n_small), n_large, int(k), randomness, rng, skip=i if recurrent else None)
        for i, k in enumerate(per_node)
    ]
    mask = link_mask(np.repeat(np.arange(n_small), per_node), np.concatenate(chosen), (n_small, n_large))
    return mask if n_source <= n_target else sparse.csr_array(mask.T)


def _field(center: int, n: int, k: int, randomness: float, rng: np.random.Generator, skip: int | None) -> Integers:
    """`k` of `n` ring positions around `center`."""
    distance = _ring_distances(center, n)
    # log-weight plus Gumbel noise: the k largest are a sample without replacement in proportion to the weights; without randomness
    # the nearest are taken, and random numbers below 1 decide between equal distances
    keys = rng.gumbel(size=n) - (1 / randomness - 1) * np.log1p(distance) if randomness else -distance - rng.random(n)
    if skip is not None:
        keys[skip] = -np.inf
    return np.argpartition(keys, n - k)[n - k :] if k else np.zeros(0, dtype=np.int64)


def _ring_distances(center: float, n: int) -> Floats:
    """Distances of the positions 0 .. n-1 from a position on their ring."""
    distance = np.abs(np.arange(n) - center)
    return np.minimum(distance, n - distance)


def _field_degrees(kind: str, n_nodes: int, most: int, n_links: int, rng: np.random.Generator) -> Integers:
    if kind == "fixed":
        return _even_degrees(n_nodes, n_links, rng)
    if kind != "uniform":
        raise TopologyError(f"degrees = '{kind}': must be 'fixed' or 'uniform'")
    if n_links < n_nodes:
        raise TopologyError(f"degrees = 'uniform' needs {n_nodes} links or more; sparsity leaves {n_links}. Lower it")
    # one link each, then the rest thrown on all places that are left
    return 1 + subset_counts(np.full(n_nodes, most - 1), n_links - n_nodes, rng)


def small_world_bipartite(
    n_source: int, n_target: int, rng: np.random.Generator, *, sparsity: float, rewiring: float = 0.25, recurrent: bool = False
) -> Mask:
    """Bipartite small world (BSW): neighborhoods on a ring, then a fraction of the links is rewired.

    Every node of the larger side, at position ``j * smaller / larger`` on the ring of the smaller side, links to its nearest
    nodes there (ties at random). Then the fraction `rewiring` of all links, drawn at random, keeps its end on the larger side, and
    the other end is drawn anew, uniformly among all nodes that the kept links leave free.

    Parameters
    ----------
    n_source, n_target : int
    rng : Generator
    sparsity : float
        Fraction of possible links that are absent.
    rewiring : float
        0.25 in the publication; 1 makes every layer random.
    recurrent : bool
        Whether sources and targets are the same nodes; then none links to itself.

    Returns
    -------
    csr_array of bool (n_source, n_target)

    References
    ----------
    Y. Zhang et al. (2025), https://arxiv.org/abs/2501.19107
    """
    fraction("rewiring", rewiring)
    n_links = n_links_at(sparsity, n_source, n_target, recurrent=recurrent)
    n_small, n_large = sorted((n_source, n_target))
    degrees = _even_degrees(n_large, n_links, rng)
    moved = np.zeros(n_links, dtype=bool)
    moved[rng.choice(n_links, round(rewiring * n_links), replace=False)] = True
    n_moved = np.bincount(np.repeat(np.arange(n_large), degrees)[moved], minlength=n_large)
    chosen = [
        _small_world_row(j, n_small, n_large, int(degrees[j]), int(n_moved[j]), rng, recurrent=recurrent) for j in range(n_large)
    ]
    mask = link_mask(np.repeat(np.arange(n_large), degrees), np.concatenate(chosen), (n_large, n_small))
    return mask if n_source >= n_target else sparse.csr_array(mask.T)


def _small_world_row(
    node: int, n_small: int, n_large: int, degree: int, n_moved: int, rng: np.random.Generator, *, recurrent: bool
) -> Integers:
    """Partners of a node of the larger side."""
    keys = -_ring_distances(node * n_small / n_large, n_small) - 1e-6 * rng.random(n_small)
    if recurrent:
        keys[node] = -np.inf
    order = np.argsort(-keys)[: n_small - recurrent]
    near, far = order[:degree], order[degree:]
    mixed = rng.permutation(near)
    kept, left = np.split(mixed, [degree - n_moved])
    # places that links have left are free too, else a layer that is all rewired would shun its neighborhoods
    return np.concatenate([kept, rng.choice(np.concatenate([far, left]), n_moved, replace=False)])


def local_receptive_field(
    n_source: int, n_target: int, rng: np.random.Generator, *, height: int, width: int, size: int, recurrent: bool = False
) -> Mask:
    """Every target sees a square patch of an image, at a random place inside it.

    Parameters
    ----------
    n_source : int
        Pixels of the image, row by row: ``height * width``.
    n_target : int
    rng : Generator
    height, width : int
        Of the image, pixels.
    size : int
        Side of the patch, pixels.
    recurrent : bool
        Must be false: an image and a population are never the same nodes.

    Returns
    -------
    csr_array of bool (n_source, n_target)

    Raises
    ------
    TopologyError
        If the image does not have `n_source` pixels, the patch does not fit, or `recurrent` is true.
    """
    if height * width != n_source:
        raise TopologyError(f"height = {height} times width = {width} is {height * width} pixels; the source has {n_source}")
    if not 1 <= size <= min(height, width):
        raise TopologyError(f"size = {size}: a patch of a {height} x {width} image has a side of 1 to {min(height, width)}")
    if recurrent:
        raise TopologyError("recurrent = True: local_receptive_field goes from an image to a population; see 'spatial'")
    top = rng.integers(height - size + 1, size=count("n_target", n_target))
    left = rng.integers(width - size + 1, size=n_target)
    step = np.arange(size)
    pixels = (top[:, None, None] + step[:, None]) * width + left[:, None, None] + step
    return link_mask(pixels.ravel(), np.repeat(np.arange(n_target), size**2), (n_source, n_target))
