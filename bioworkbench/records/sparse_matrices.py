"""Sparse matrices as functions read them; without units, so that graphs are measured without Brian2."""

from typing import Any

from scipy import sparse

__all__ = ["canonical"]


def canonical(matrix: Any, dtype: type | None = None) -> sparse.csr_array:
    """Sparse matrix whose entries ascend and occur once each, without changing the one it is made of.

    Parameters
    ----------
    matrix : sparse array or dense array (n_sources, n_targets)
        Stored zeros are kept; entries that occur twice become one with their sum.
    dtype : type, optional
        Of the entries; that of the matrix by default.

    Returns
    -------
    csr_array (n_sources, n_targets)
        It shares arrays with a matrix that is so already.

    Examples
    --------
    >>> twice = sparse.csr_array(([1.0, 2.0], [1, 1], [0, 2]), shape=(1, 2))
    >>> canonical(twice).data.tolist(), twice.data.tolist()
    ([3.0], [1.0, 2.0])
    """
    table = sparse.csr_array(matrix, dtype=dtype)
    if not table.has_canonical_format:
        # SciPy sorts and joins in place, and a new matrix may share the arrays of the one that was given
        table = table.copy()
        table.sum_duplicates()
    return table
