"""Eigenvalues of weights."""

import numpy as np
from scipy import sparse

from bioworkbench.records.lazily import later, pointed_to

__all__ = ["cyclic_part", "spectral_radius"]

# SciPy's solvers take long to import
_eigs, _connected_components = later("scipy.sparse.linalg:eigs"), later("scipy.sparse.csgraph:connected_components")

DENSE_LIMIT = 400  # nodes up to which all eigenvalues are computed


def spectral_radius(weights: sparse.csr_array) -> float:
    """Largest magnitude of an eigenvalue of weights (n, n): all eigenvalues up to n = 400, beyond that Arnoldi iteration.

    Nodes that are on no directed cycle are left out: they add eigenvalues of 0 alone, which round-off would make large.

    Parameters
    ----------
    weights : sparse array (n, n)

    Returns
    -------
    float
        In the unit of the weights; 0 without a cycle.

    Raises
    ------
    ValueError
        If the weights are not square, or the iteration does not converge.

    Examples
    --------
    >>> spectral_radius(sparse.csr_array([[0.0, 2.0], [8.0, 0.0]]))
    4.0
    """
    if weights.ndim != 2 or weights.shape[0] != weights.shape[1]:
        raise ValueError(f"weights have shape {weights.shape}; a spectral radius needs as many sources as targets")
    inner = cyclic_part(weights)
    if inner.shape[0] <= DENSE_LIMIT:
        return float(np.abs(np.linalg.eigvals(inner.toarray())).max(initial=0.0))
    start = np.random.default_rng(0).normal(size=inner.shape[0])  # fixed, so that equal weights have one radius
    try:
        largest = _eigs(inner, k=6, ncv=100, v0=start, maxiter=3000, return_eigenvectors=False)
    except pointed_to("scipy.sparse.linalg:ArpackNoConvergence") as error:
        raise ValueError(f"spectral radius of weights {weights.shape}: {error}; use another mask or seed") from error
    return float(np.abs(largest).max())


def cyclic_part(weights: sparse.csr_array) -> sparse.csr_array:
    """Rows and columns of the nodes that are on a directed cycle; their eigenvalues are all of the weights that are not 0.

    Parameters
    ----------
    weights : sparse array (n, n)

    Returns
    -------
    csr_array (n_cyclic, n_cyclic)

    Examples
    --------
    >>> cyclic_part(sparse.csr_array([[0, 2, 0], [3, 0, 5], [0, 0, 0]])).toarray().tolist()
    [[0, 2], [3, 0]]
    """
    links = sparse.csr_array(weights)
    if not links.shape[0]:
        return links
    if not links.has_canonical_format:  # SciPy's search for components never ends where a link occurs twice
        links = links.copy()
        links.sum_duplicates()
    _, labels = _connected_components(links, directed=True, connection="strong")
    on_cycle = (np.bincount(labels)[labels] > 1) | (links.diagonal() != 0)
    return links if on_cycle.all() else sparse.csr_array(links[on_cycle][:, on_cycle])
