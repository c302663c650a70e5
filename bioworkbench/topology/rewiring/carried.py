"""What links that stay carry over from one wiring to the next: their weights and delays."""

import numpy as np
from scipy import sparse

from bioworkbench.records.arrays import Booleans, Floats, Integers
from bioworkbench.records.links import Links
from bioworkbench.topology.masks import Mask, link_arrays, mask_shape

__all__ = ["delays_on", "weights_on"]


def weights_on(mask: Mask, weights: sparse.csr_array) -> sparse.csr_array:
    """Weights whose links are those of `mask`: the given weight where `weights` has a link, a stored 0 elsewhere."""
    n_target = mask_shape(mask)[1]
    rows, columns = link_arrays(mask)
    old_rows, old_columns = link_arrays(weights)
    old, new = old_rows * n_target + old_columns, rows * n_target + columns
    values = np.zeros(new.size)
    _, at_old, at_new = np.intersect1d(old, new, assume_unique=True, return_indices=True)
    values[at_new] = weights.data[at_old]
    return sparse.csr_array((values, mask.indices, mask.indptr), shape=mask_shape(mask))


def delays_on(mask: Mask, links: Links, grown: Booleans, start: Links, chosen: Integers) -> float | Floats:
    """Delays of the links of a mask: those that were there keep theirs, others get that of a link of the start.

    Parameters
    ----------
    mask : csr_array (n_source, n_target)
    links : Links
        What was there before, without parallel links.
    grown : bool array (n_links,)
        Which links of the mask are new.
    start : Links
        Of the start.
    chosen : int array (n_grown,)
        Which of these each new link takes its delay from.

    Returns
    -------
    float, seconds, or array (n_links,)
        One for all where the links have one.

    Examples
    --------
    >>> links = Links([0, 1], [1, 0], (2, 2), 1.0, [1e-3, 2e-3])
    >>> mask = sparse.csr_array([[1, 1], [0, 0]])  # the link from 1 has gone, one from 0 to itself is new
    >>> delays_on(mask, links, np.array([True, False]), links, np.array([1]))
    array([0.002, 0.001])
    """
    if isinstance(links.delays, float):
        return links.delays
    delays = np.array(weights_on(mask, links.delay_csr()).data, dtype=float)
    delays[grown] = np.broadcast_to(start.delays, len(start))[chosen]
    return delays
