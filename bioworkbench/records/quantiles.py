"""Quantiles of a distribution in fixed point: the table from which compiled programs draw, and the NumPy twin of ``draw.h``.

Inversion with segments that are dense in the tails (Cheung, Lee, Luk and Villasenor 2007, doi 10.1109/TVLSI.2007.900748). Only
integers are computed with, so a program and NumPy draw the same ones with every compiler.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bioworkbench.records.distributions import Distribution
from bioworkbench.records.lanes import Words

__all__ = ["Quantiles", "quantiles"]

_OCTAVES, _SEGMENTS, _FRACTION = 26, 64, 24


@dataclass(frozen=True)
class Quantiles:
    """A distribution in whole multiples of a unit.

    Parameters
    ----------
    unit : float, SI units
    constant : int
        The value, if there is only one.
    start, rise : int32 array (2 * 26 * 64,), or empty for a constant
        Value at the beginning of each segment, and how much it grows up to the end: first the segments below the median from the
        lowest on, then those above it from the highest on.
    """

    unit: float
    constant: int
    start: NDArray[np.int32]
    rise: NDArray[np.int32]

    def __call__(self, words: Words) -> NDArray[np.int32]:
        """The values that 32-bit words stand for, in units.

        Parameters
        ----------
        words : uint32 array
        """
        if not len(self.start):
            return np.full(words.shape, self.constant, np.int32)
        # The first bit says which half of the distribution, and the other 31 how far from its end: v = 0 is the outermost value.
        upper = words >> np.uint32(31)
        v = np.where(upper, ~words, words) & np.uint32(0x7FFFFFFF)
        # An octave is a range [2**k, 2**(k + 1)) of v, cut into 64 equal segments; the first 64 values of v are one segment each. Octaves
        # near the end are short, so the table is dense in the tails, where quantiles are steep.
        octave = np.maximum(np.frexp(v.astype(float))[1] - 6, 0).astype(np.uint32)
        shift = np.maximum(octave, 1) - np.uint32(1)
        rest = (v & ((np.uint32(1) << shift) - np.uint32(1))) << (np.uint32(_FRACTION) - shift)
        segment = (upper * np.uint32(_OCTAVES) + octave) * np.uint32(_SEGMENTS) + ((v >> shift) & np.uint32(63))
        # between the ends of a segment the quantile is a straight line; 64 bits hold the product of rise and rest
        grown = (self.rise[segment].astype(np.int64) * rest.astype(np.int64)) >> _FRACTION
        return (self.start[segment] + grown).astype(np.int32)

    @property
    def ends(self) -> tuple[int, int]:
        """Smallest and largest value, in units."""
        if not len(self.start):
            return self.constant, self.constant
        return int(self.start[0]), int(self.start[_OCTAVES * _SEGMENTS])


def quantiles(distribution: Distribution, unit: float) -> Quantiles:
    """Table of a distribution.

    Parameters
    ----------
    distribution : Distribution
    unit : float, SI units
        What one integer stands for.

    Returns
    -------
    Quantiles

    Raises
    ------
    ValueError
        If a value is more than 2**31 units.
    """
    empty = np.zeros(0, np.int32)
    if distribution.is_constant:
        return Quantiles(unit, int(_integers(distribution, np.array([distribution.first]), unit)[0]), empty, empty)
    octave, segment = np.divmod(np.arange(_OCTAVES * _SEGMENTS), _SEGMENTS)
    width = np.where(octave, 2.0 ** np.maximum(octave - 1, 0), 0.0)  # the first 64 words stand for one value each
    begin = np.where(octave, (segment + _SEGMENTS) * width, segment)
    halves = []
    # a word stands for the middle of its 1 / 2**32; the fraction that is small is passed on exactly, so tails lose no digits
    for upper in (False, True):
        ends = [(place + 0.5) / 2.0**32 for place in (begin, begin + width)]
        values = [distribution.quantiles(*((1 - p, p) if upper else (p, 1 - p))) for p in ends]
        halves.append([_integers(distribution, value, unit) for value in values])
    start, end = np.concatenate(halves, axis=1)
    return Quantiles(unit, 0, start.astype(np.int32), (end - start).astype(np.int32))


def _integers(distribution: Distribution, values: np.ndarray, unit: float) -> np.ndarray:
    integers = np.rint(values / unit)
    if np.abs(integers).max() >= 2**31 - 2**16:
        raise ValueError(
            f"{distribution} goes up to {np.abs(values).max():g}, which is more than 2**31 units of {unit:g}; cut it"
        )
    return integers.astype(np.int64)
