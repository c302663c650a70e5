"""Compiled kernels that release the interpreter lock, run on consecutive stretches of rows in threads."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from numba import config

__all__ = ["for_stretches"]


def for_stretches(work: Callable[[int, int], None], n: int, step: int) -> None:
    """Work through a range in stretches, in as many threads as numba is allowed.

    The environment variable ``NUMBA_NUM_THREADS`` sets the number of threads; it never changes a result, because every
    stretch is computed on its own and writes to its own rows. Plain threads instead of numba's: these survive a fork.

    Parameters
    ----------
    work : callable (first, last)
        Does numbers `first` to `last` - 1 of the range; writes to rows of its own alone.
    n : int
        Length of the range.
    step : int
        Length of a stretch.
    """
    stretches = [(first, min(first + step, n)) for first in range(0, n, step)]
    if config.NUMBA_NUM_THREADS == 1 or len(stretches) == 1:
        for first, last in stretches:
            work(first, last)
        return
    with ThreadPoolExecutor(config.NUMBA_NUM_THREADS) as pool:
        for done in [pool.submit(work, first, last) for first, last in stretches]:
            done.result()
