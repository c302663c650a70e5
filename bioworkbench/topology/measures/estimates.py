"""Numbers that may be estimates: floats that remember their standard error, and the sizes from which measures are sampled."""

import numpy as np

from bioworkbench.records.arrays import Floats, Integers
from bioworkbench.records.errors import TopologyError
from bioworkbench.records.randomness import check_generator
from bioworkbench.topology.simple_graph import SimpleGraph

__all__ = ["EXACT_LINKS", "EXACT_NODES", "Estimated", "batch_estimate", "drawn_batches"]

EXACT_NODES = 20_000  # up to which all pairs of nodes are measured
EXACT_LINKS = 2_000_000  # up to which the surroundings of all nodes and links are
N_BATCHES = 32  # of a sample: the spread over batches is its error


class Estimated(float):
    """A number with its standard error: 0 if it is exact, NaN if the error is not known.

    Examples
    --------
    >>> value = Estimated(2.5, 0.1)
    >>> value + 1, value.standard_error
    (3.5, 0.1)
    """

    standard_error: float

    def __new__(cls, value: float, standard_error: float = 0.0) -> "Estimated":
        found = super().__new__(cls, value)
        found.standard_error = float(standard_error)
        return found


def drawn_batches(graph: SimpleGraph, what: str, n: int, size: int, rng: np.random.Generator | None) -> Integers:
    """Positions drawn without replacement, in batches that tell how much estimates vary.

    Parameters
    ----------
    graph : SimpleGraph
        For messages.
    what : str
        Is estimated, for messages.
    n : int
        Positions to draw from: 0 to n - 1.
    size : int
        Positions in each batch, fewer where there are not enough.
    rng : Generator or None

    Returns
    -------
    int array (32, size)

    Raises
    ------
    TopologyError
        If `rng` is None.
    """
    if rng is None:
        raise TopologyError(f"{graph} is too large for {what} of all; give a random generator, rng, to measure a sample")
    check_generator(rng)
    size = min(size, n // N_BATCHES)
    return rng.choice(n, N_BATCHES * size, replace=False).reshape(N_BATCHES, size)


def batch_estimate(whole: float, batches: Floats, fraction: float) -> Estimated:
    """Estimate from a whole sample, with the standard error that its batches (n_batches,) show.

    Parameters
    ----------
    whole : float
        Estimate from everything that was sampled.
    batches : array (n_batches,)
        The same estimate from every batch alone.
    fraction : float
        Of everything that was sampled: a sample of all has no error.

    Returns
    -------
    Estimated
    """
    error = np.nanstd(batches, ddof=1) / np.sqrt(np.isfinite(batches).sum()) * np.sqrt(max(0.0, 1 - fraction))
    return Estimated(whole, float(error))
