"""Means of independent values, with their standard errors."""

import numpy as np
from numpy.typing import ArrayLike

from bioworkbench.records.arrays import finite

__all__ = ["mean_and_error"]


def mean_and_error(values: ArrayLike) -> tuple[float, float | None]:
    """Mean of independent values and its standard error (deviation with n - 1, over the square root of n).

    Both are the same in whatever order the values come, as folders of results may. The error is None for a single value, of which
    it is not known.

    Parameters
    ----------
    values : array (n,)

    Returns
    -------
    mean : float
    error : float or None

    Raises
    ------
    ValueError
        If there are no values, or one is not finite.

    Examples
    --------
    >>> mean_and_error([1.0, 2.0, 3.0])
    (2.0, 0.5773502691896258)
    >>> mean_and_error([1.0])
    (1.0, None)
    """
    sample = np.sort(finite("values", values), axis=None)
    if not sample.size:
        raise ValueError(f"values has {sample.size} entries; a mean needs at least one")
    # from the least of them, so that equal values have that mean and no error, whatever the rounding of their sum
    above = sample - sample[0]
    error = float(above.std(ddof=1) / np.sqrt(sample.size)) if sample.size > 1 else None
    return float(sample[0] + above.mean()), error
