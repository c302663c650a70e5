"""Eigenvalues of weights."""

import numpy as np
from scipy import sparse

from bioworkbench.records.lazily import later, pointed_to

__all__ = ["spectral_radius"]

_eigs = later("scipy.sparse.linalg:eigs")  # SciPy's solvers take long to import

DENSE_LIMIT = 400  # nodes up to which all eigenvalues are computed


def spectral_radius(weights: sparse.csr_array) -> float:
    """Largest magnitude of an eigenvalue of weights (n, n): all eigenvalues up to n = 400, beyond that Arnoldi iteration.

    Parameters
    ----------
    weights : sparse array (n, n)

    Returns
    -------
    float
        In the unit of the weights.

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
    if weights.shape[0] <= DENSE_LIMIT:
        return float(np.abs(np.linalg.eigvals(weights.toarray())).max(initial=0.0))
    start = np.random.default_rng(0).normal(size=weights.shape[0])  # fixed, so that equal weights have one radius
    try:
        largest = _eigs(weights, k=6, ncv=100, v0=start, maxiter=3000, return_eigenvectors=False)
    except pointed_to("scipy.sparse.linalg:ArpackNoConvergence") as error:
        raise ValueError(f"spectral radius of weights {weights.shape}: {error}; use another mask or seed") from error
    return float(np.abs(largest).max())
