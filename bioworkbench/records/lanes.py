"""Sixteen random generators side by side, for many streams at once: the NumPy twin of ``lanes.h``.

The generator is xoshiro128++ (Blackman and Vigna 2021, doi 10.1145/3460772), seeded by splitmix64 (Steele, Lea and Flood 2014). A
compiled program and NumPy draw the same integers from a stream, so every backend can simulate the same network and the same input.
"""

import numpy as np
from numpy.typing import NDArray

__all__ = ["N_LANES", "Lanes", "Words"]

N_LANES = 16
Words = NDArray[np.uint32]

_GOLDEN = 0x9E3779B97F4A7C15
_KEY_BITS = 0xFFFFFFFFFFFFFFFF


def _mixed(number: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """One step of splitmix64."""
    # 64-bit products wrap around, which is what the generator is defined by
    number = number + np.uint64(_GOLDEN)
    number = (number ^ (number >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    number = (number ^ (number >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return number ^ (number >> np.uint64(31))


def _rotated(words: Words, k: int) -> Words:
    return (words << np.uint32(k)) | (words >> np.uint32(32 - k))


class Lanes:
    """Streams of 32-bit words, sixteen of each stream per call.

    Parameters
    ----------
    key : int
        64 bits that stand for seed and use; see `randomness.seed_of`.
    numbers : int array (n_streams,)
        Not negative: block of neurons, or source.

    Examples
    --------
    >>> Lanes(1, [0, 1])().shape
    (2, 16)
    """

    def __init__(self, key: int, numbers: NDArray[np.integer] | list[int]) -> None:
        # a stream's own seed is mixed from key and number; 32 words of splitmix64 from there fill four words of state in 16 lanes
        number = np.atleast_1d(np.asarray(numbers)).astype(np.uint64)
        start = _mixed(np.uint64(key & _KEY_BITS) ^ _mixed(number))
        steps = np.arange(2 * N_LANES, dtype=np.uint64) * np.uint64(_GOLDEN)
        halves = _mixed(start[:, None] + steps).reshape(-1, N_LANES, 2)
        low, high = (halves & np.uint64(0xFFFFFFFF)).astype(np.uint32), (halves >> np.uint64(32)).astype(np.uint32)
        self.state = [low[..., 0], high[..., 0], low[..., 1], high[..., 1]]

    def __call__(self) -> Words:
        """The next words (n_streams, 16)."""
        s0, s1, s2, s3 = self.state
        result = _rotated(s0 + s3, 7) + s0
        shifted = s1 << np.uint32(9)
        # in the published order: each line reads what the ones before it wrote
        s2 = s2 ^ s0
        s3 = s3 ^ s1
        s1 = s1 ^ s2
        s0 = s0 ^ s3
        self.state = [s0, s1, s2 ^ shifted, _rotated(s3, 11)]
        return result

    def words(self, n: int) -> Words:
        """The next words of each stream; what is left of the last sixteen is thrown away.

        Parameters
        ----------
        n : int
            Words of each stream.

        Returns
        -------
        uint32 array (n_streams, n)
        """
        if n == 0:
            return np.zeros((len(self.state[0]), 0), np.uint32)
        return np.concatenate([self() for _ in range(-(-n // N_LANES))], axis=1)[:, :n]
