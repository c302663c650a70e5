"""How many threads run a network together: what is asked for, or what runs at the same time leave of the cores."""

import os
import warnings
from collections.abc import Iterator
from contextlib import contextmanager

from bioworkbench.records.counted import counted

__all__ = ["cores_limited", "n_cores", "n_threads"]

_WORTH_IT = 10_000  # neurons of a run, below which threads wait for each other longer than they save

_limits: list[int] = []


def n_cores() -> int:
    """Cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


@contextmanager
def cores_limited(n: int) -> Iterator[None]:
    """Within, networks take no more than `n` cores by themselves, since other processes simulate beside this one."""
    _limits.append(n)
    try:
        yield
    finally:
        _limits.remove(n)


def n_threads(asked: int, workers: int, n_neurons: int) -> int:
    """Threads of each run.

    Parameters
    ----------
    asked : int
        0 for as many as are worth it: the cores that nobody uses, from 10 000 neurons on.
    workers : int
        Runs at the same time.
    n_neurons : int
        Of all copies of the network in a run.

    Returns
    -------
    int

    Examples
    --------
    >>> n_threads(1, 1, 10**6)
    1
    >>> n_threads(0, 1, 500)
    1
    """
    cores = n_cores()
    idle = cores - int(os.getloadavg()[0])  # threads that wait for a core hold up those that have one
    if asked > cores:
        warnings.warn(
            f"threads = {asked}: this machine has {counted(cores, 'core')}; more threads are slower", RuntimeWarning, stacklevel=3
        )
    if asked:
        return asked
    return max(1, min([idle, *_limits]) // workers) if n_neurons >= _WORTH_IT else 1
