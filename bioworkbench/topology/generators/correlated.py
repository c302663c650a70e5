"""Start topologies from data: links where the inputs are correlated (CSTI for values, SSCTI for spikes)."""

import numpy as np
from numpy.typing import ArrayLike

from bioworkbench.records.arrays import Floats, count, finite, shaped
from bioworkbench.records.errors import TopologyError
from bioworkbench.topology.masks import Mask, link_mask, n_links_at
from bioworkbench.topology.rewiring.selection import strongest

__all__ = ["correlation_topology", "phi_coefficients", "spike_correlation_topology"]


def spike_correlation_topology(spikes: ArrayLike, n_target: int, sparsity: float, rng: np.random.Generator) -> Mask:
    """Sparse spike correlated topological initialization (SSCTI): input i links to target j if spikes of i and j correlate.

    Target j stands for input ``j % n_source``: the matrix of absolute phi coefficients is laid side by side until there are
    `n_target` columns (the last copy may be cut), and its largest entries become links, ties at random.

    Parameters
    ----------
    spikes : array (n_trials, n_steps, n_source) or (n_observations, n_source)
        Zeros and ones; one observation per trial and step.
    n_target : int
    sparsity : float
        Fraction of possible links that are absent.
    rng : Generator

    Returns
    -------
    csr_array (n_source, n_target) of bool

    Raises
    ------
    TopologyError
        If an entry is neither 0 nor 1.

    References
    ----------
    Cannistraci-Hebb training of spiking networks (2025), https://arxiv.org/abs/2511.05581
    """
    return _strongest_pairs(np.abs(phi_coefficients(spikes)), n_target, sparsity, rng)


def correlation_topology(values: ArrayLike, n_target: int, sparsity: float, rng: np.random.Generator) -> Mask:
    """Correlated sparse topological initialization (CSTI): as `spike_correlation_topology`, with Pearson's correlation of values.

    Parameters
    ----------
    values : array (n_observations, n_source)
    n_target : int
        Targets of the layer.
    sparsity : float
        Fraction of possible links that are absent.
    rng : Generator
        Deals the strongest pairs to the targets.

    Returns
    -------
    csr_array of bool (n_source, n_target)

    Raises
    ------
    ValueError
        If values are not finite or not a matrix.

    References
    ----------
    Y. Zhang et al. (2024), "Epitopological learning and Cannistraci-Hebb network shape intelligence brain-inspired theory for
    ultra-sparse advantage in deep learning", https://openreview.net/forum?id=iayEcORsGd
    """
    values = shaped("values", finite("values", values), (None, None))
    centered = values - values.mean(axis=0)
    return _strongest_pairs(np.abs(_normalized(centered.T @ centered)), n_target, sparsity, rng)


def phi_coefficients(spikes: ArrayLike) -> Floats:
    """Phi coefficients of binary variables: Pearson's correlation, 0 for constant ones and on the diagonal.

    Parameters
    ----------
    spikes : array (..., n_source)
        Zeros and ones; all axes but the last are observations.

    Returns
    -------
    float array (n_source, n_source)

    Raises
    ------
    TopologyError
        If an entry is neither 0 nor 1.

    Examples
    --------
    >>> phi_coefficients([[1, 1, 0], [0, 0, 1], [1, 0, 0], [0, 0, 1]]).round(3)
    array([[ 0.   ,  0.577, -1.   ],
           [ 0.577,  0.   , -0.577],
           [-1.   , -0.577,  0.   ]])
    """
    spikes = finite("spikes", spikes)
    spikes = spikes.reshape(-1, spikes.shape[-1])
    strange = spikes[(spikes != 0) & (spikes != 1)]
    if strange.size:
        raise TopologyError(f"spikes have the value {strange[0]}; every entry must be 0 or 1 (bin the spikes, one or more is 1)")
    n = len(spikes)
    ones = spikes.sum(axis=0)
    return _normalized(n * (spikes.T @ spikes) - np.outer(ones, ones))


def _normalized(products: Floats) -> Floats:
    """Products divided by the roots of the diagonal; 0 on the diagonal and where the diagonal is 0."""
    scale = np.sqrt(np.diag(products).clip(0))
    outer = np.outer(scale, scale)
    result = np.divide(products, outer, out=np.zeros_like(products), where=outer > 0)
    np.fill_diagonal(result, 0)
    return result


def _strongest_pairs(strength: Floats, n_target: int, sparsity: float, rng: np.random.Generator) -> Mask:
    n_source = len(strength)
    tiled = np.resize(strength.T, (count("n_target", n_target), n_source)).T
    chosen = strongest(tiled.ravel(), n_links_at(sparsity, n_source, n_target), rng)
    return link_mask(*np.divmod(chosen, n_target), (n_source, n_target))
