"""Poisson input drawn from tables: the NumPy twin of ``poisson.h``, which backends without a compiler draw from.

One word of 32 bits gives one number, by an alias table of 32 entries (Walker 1977, doi 10.1145/355744.355749); where 32 numbers do
not suffice, a number is the sum of several draws of a smaller mean.
"""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from scipy.special import gammaln, xlogy

from bioworkbench.records.arrays import non_negative
from bioworkbench.records.lanes import N_LANES, Lanes, Words

__all__ = ["ALWAYS_ONE", "BLOCK", "PoissonStreams", "PoissonTable", "poisson_table"]

BLOCK = 256  # neurons that share a stream
_ENTRIES, _REST = 32, 2**27
_LARGEST = 8.0  # the probability of 32 and more is then below 2**-32


@dataclass(frozen=True)
class PoissonTable:
    """Alias table of a Poisson distribution.

    Parameters
    ----------
    below : uint32 array (32,)
        A rest of 27 bits below this keeps the number of its slot.
    alias : uint32 array (32,)
        The number that it otherwise becomes.
    n_draws : int
        Draws that are added up.
    """

    below: NDArray[np.uint32]
    alias: NDArray[np.uint32]
    n_draws: int

    def __call__(self, words: Words) -> NDArray[np.uint32]:
        """Numbers that 32-bit words stand for, before they are added up.

        Parameters
        ----------
        words : uint32 array
        """
        slot = words >> np.uint32(27)
        return np.where((words & np.uint32(_REST - 1)) < self.below[slot], slot, self.alias[slot]).astype(np.uint32)


@lru_cache(maxsize=256)
def poisson_table(mean: float) -> PoissonTable:
    """Table of the Poisson distribution of a mean.

    Parameters
    ----------
    mean : float
        Not negative.

    Returns
    -------
    PoissonTable

    Raises
    ------
    ValueError
        If the mean is negative or not finite.
    """
    n_draws = max(1, int(np.ceil(non_negative("mean of a Poisson distribution", mean) / _LARGEST)))
    numbers = np.arange(_ENTRIES)
    weights = np.exp(xlogy(numbers, mean / n_draws) - gammaln(numbers + 1) - mean / n_draws) * 2.0**32
    whole = np.floor(weights).astype(np.int64)
    order = np.argsort(weights - whole)[::-1]
    missing = 2**32 - int(whole.sum())  # of rounding down, and of the tail that is left out
    whole[order[: min(missing, _ENTRIES)]] += 1
    whole[np.argmax(whole)] += max(0, missing - _ENTRIES)
    return PoissonTable(*_aliases(whole), n_draws)


def _aliases(whole: NDArray[np.int64]) -> tuple[NDArray[np.uint32], NDArray[np.uint32]]:
    """Fill every slot of 2**27 with a number that has too little and one that has too much; all in whole numbers, so exact."""
    left, alias, below = whole.copy(), np.arange(_ENTRIES), np.full(_ENTRIES, _REST)
    small, large = [k for k in range(_ENTRIES) if left[k] < _REST], [k for k in range(_ENTRIES) if left[k] >= _REST]
    while small and large:
        poor, rich = small.pop(), large[-1]
        below[poor], alias[poor] = left[poor], rich
        left[rich] -= _REST - left[poor]
        if left[rich] < _REST:
            small.append(large.pop())
    return below.astype(np.uint32), alias.astype(np.uint32)


ALWAYS_ONE = PoissonTable(np.zeros(_ENTRIES, np.uint32), np.ones(_ENTRIES, np.uint32), 1)
"""Table of the number 1, for what is not random."""


class PoissonStreams:
    """Poisson numbers of all neurons of a population, step by step.

    Parameters
    ----------
    mean : float
        Of a number.
    key : int
        64 bits that stand for seed, population, use and trial; see `randomness.seed_of`.
    size : int
        Neurons; every 256 of them have a stream of their own.
    """

    def __init__(self, mean: float, key: int, size: int) -> None:
        self.table = poisson_table(mean)
        n_full, rest = divmod(size, BLOCK)
        parts = [(Lanes(key, np.arange(n_full)), BLOCK), (Lanes(key, [n_full]), rest)]
        self.parts = [(lanes, n) for lanes, n in parts if n and len(lanes.state[0])]

    def __call__(self) -> NDArray[np.uint32]:
        """Numbers (n_neurons,) of the next step."""
        return np.concatenate([self._numbers(lanes, n).ravel() for lanes, n in self.parts])

    def _numbers(self, lanes: Lanes, n: int) -> NDArray[np.uint32]:
        """Numbers (n_blocks, n) of blocks of equal size; the sum over draws is taken sixteen neurons at a time, as in the program."""
        sixteens = (sum(self.table(lanes()) for _ in range(self.table.n_draws)) for _ in range(-(-n // N_LANES)))
        return np.concatenate(list(sixteens), axis=1)[:, :n].astype(np.uint32)
