"""Normal numbers by inversion: the table of ``normal.cpp``, and its NumPy twin.

A polynomial for each octave of the probability, counted from the end of the tail, gives the quantile; so the tails are as exact as
the middle (Cheung, Lee, Luk and Villasenor 2007, doi 10.1109/TVLSI.2007.900748). Numbers have 24 bits, as single precision has,
and end 6.23 standard deviations from zero.
"""

from functools import cache

import numpy as np
from numpy.polynomial import chebyshev
from numpy.typing import NDArray
from scipy.special import ndtri

from bioworkbench.records.lanes import Words

__all__ = ["normal_coefficients", "normals"]

_OCTAVES, _DEGREE = 32, 5


@cache
def normal_coefficients() -> NDArray[np.float32]:
    """Coefficients of the polynomials.

    Returns
    -------
    float32 array (6, 32)
        Row k holds the coefficients of the k-th power of the place in an octave, which goes from -0.5 to 0.5. Octave k begins at
        2**(k - 1) of the 2**31 parts of a probability; the last one is the median alone.
    """
    nodes = chebyshev.chebpts1(_DEGREE + 1)
    columns = np.zeros((_DEGREE + 1, _OCTAVES))
    for octave in range(_OCTAVES - 1):
        quantiles = ndtri((1.5 + nodes / 2) * 2.0 ** (octave - 1) / 2.0**31)
        # Nodes are those of -1 ... 1
        powers = chebyshev.cheb2poly(chebyshev.chebfit(nodes, quantiles, _DEGREE))
        columns[:, octave] = powers * 2.0 ** np.arange(_DEGREE + 1)
    return columns.astype(np.float32)


def normals(words: Words) -> NDArray[np.float32]:
    """Normal numbers that 32-bit words stand for.

    Parameters
    ----------
    words : uint32 array

    Returns
    -------
    float32 array
        Of the same shape; mean 0 and variance 1.

    Examples
    --------
    >>> normals(np.array([0, 0x80000000, 0x3FFFFFFF], np.uint32)).round(2).tolist()
    [-6.230000019073486, 6.230000019073486, 0.0]
    """
    # 30 bits say how far from the end of the tail; the half puts the number into the middle of its interval, and away from 0. The
    # conversion rounds to 24 bits, as the compiled one does
    parts = (words & np.uint32(0x3FFFFFFF)).astype(np.int32).astype(np.float32) + np.float32(0.5)
    bits = parts.view(np.uint32)
    # exponent and mantissa of that number are the octave, and the place in it
    octave = (bits >> np.uint32(23)) - np.uint32(126)
    place = ((bits & np.uint32(0x7FFFFF)) | np.uint32(0x3F800000)).view(np.float32) - np.float32(1.5)
    coefficients = normal_coefficients()
    value = coefficients[-1][octave]
    # Horner's rule in single precision, product and sum rounded apart: the program is compiled without fused ones, for equal bits
    for row in coefficients[-2::-1]:
        value = value * place + row[octave]
    return np.where(words >> np.uint32(31), -value, value)
