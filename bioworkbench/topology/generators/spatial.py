"""Links that depend on distance, and delays from distance.

Nodes sit at fixed, evenly scattered points of the unit square (or line, or cube) that depend on their number alone, so that all
projections of a population agree on where its neurons are.
"""

from typing import Literal

import numpy as np
import scipy

from bioworkbench.records.arrays import Floats, count, fraction, non_negative, positive
from bioworkbench.records.errors import TopologyError
from bioworkbench.topology.masks import Mask, link_arrays, link_mask, mask_shape, possible_targets

__all__ = ["distance_delays", "link_distances", "positions", "spatial"]


def positions(n: int, dimensions: int = 2) -> Floats:
    """Places of nodes: the first points of the Halton sequence, in the unit cube.

    Parameters
    ----------
    n : int
        Nodes.
    dimensions : int
        1 line, 2 square, 3 cube.

    Returns
    -------
    float array (n, dimensions)

    References
    ----------
    J. H. Halton (1964), https://doi.org/10.1145/355588.365104
    """
    return scipy.stats.qmc.Halton(count("dimensions", dimensions), scramble=False).random(count("n", n))


def spatial(
    n_source: int,
    n_target: int,
    rng: np.random.Generator,
    *,
    p_max: float,
    length: float,
    decay: Literal["gaussian", "exponential"] = "gaussian",
    dimensions: int = 2,
    periodic: bool = True,
    recurrent: bool = False,
) -> Mask:
    """Links whose probability falls with distance: ``p_max * exp(-d**2 / (2 * length**2))`` or ``p_max * exp(-d / length)``.

    Parameters
    ----------
    n_source, n_target : int
    rng : Generator
    p_max : float
        Probability at distance 0.
    length : float
        In units of the side of the square.
    decay : {"gaussian", "exponential"}
        How the probability falls with distance.
    dimensions : int
        1 line, 2 square, 3 cube.
    periodic : bool
        Whether opposite sides are joined, so that no node is at the border.
    recurrent : bool
        Whether sources and targets are the same nodes; then none links to itself.

    Returns
    -------
    csr_array of bool (n_source, n_target)

    Raises
    ------
    TopologyError
        If `decay` is another word.
    """
    possible_targets(n_source, n_target, recurrent)
    fraction("p_max", p_max)
    positive("length", length)
    if decay not in ("gaussian", "exponential"):
        raise TopologyError(f"decay = '{decay}': must be 'gaussian' or 'exponential'")
    here, there = positions(n_source, dimensions), positions(n_target, dimensions)
    rows = []
    for node, place in enumerate(here):
        ratio = _distances(there, place, periodic) / length
        linked = rng.random(n_target) < p_max * np.exp(-(ratio**2) / 2 if decay == "gaussian" else -ratio)
        linked[node : node + recurrent] = False
        rows.append(np.flatnonzero(linked))
    sources = np.repeat(np.arange(n_source), [len(row) for row in rows])
    return link_mask(sources, np.concatenate(rows), (n_source, n_target))


def link_distances(mask: Mask, *, dimensions: int = 2, periodic: bool = True) -> Floats:
    """Distances that the links of a mask span.

    Parameters
    ----------
    mask : csr_array of bool (n_source, n_target)
    dimensions : int
        As of `spatial`.
    periodic : bool
        Whether opposite sides are joined.

    Returns
    -------
    float array (n_links,)
        In units of the side, in the order of ``mask.indices``.
    """
    sources, targets = link_arrays(mask)
    n_source, n_target = mask_shape(mask)
    return _distances(positions(n_source, dimensions)[sources], positions(n_target, dimensions)[targets], periodic)


def distance_delays(
    mask: Mask, *, side: float, velocity: float, shortest: float = 0.0, dimensions: int = 2, periodic: bool = True
) -> Floats:
    """Conduction delays of the links of a mask.

    Parameters
    ----------
    mask : csr_array (n_source, n_target)
    side : float, meter
        Side of the square.
    velocity : float, meter per second
    shortest : float, second
        Delay of a link of length 0, added to all.
    dimensions, periodic
        As in `spatial`.

    Returns
    -------
    array (n_links,), second
        In the order of ``mask.indices``, as `network.Projection` wants it.
    """
    positive("side", side)
    positive("velocity", velocity)
    return non_negative("shortest", shortest) + link_distances(mask, dimensions=dimensions, periodic=periodic) * side / velocity


def _distances(one: Floats, other: Floats, periodic: bool) -> Floats:
    apart = np.abs(one - other)
    if periodic:
        apart = np.minimum(apart, 1 - apart)
    return np.sqrt((apart**2).sum(axis=-1))
