"""Picking exactly n of many by their scores: the largest, or at random in proportion."""

import numpy as np

from bioworkbench.records.arrays import Floats, Integers, count
from bioworkbench.records.counted import counted
from bioworkbench.records.errors import TopologyError
from bioworkbench.records.randomness import check_generator
from bioworkbench.topology.prediction.running_best import rounded

__all__ = ["part_of", "sampled", "strongest"]


def part_of(fraction: float, n: int) -> int:
    """How many of `n` things a fraction is, rounded down; 0.29 of 100 are 29, though the product of floats is below.

    Parameters
    ----------
    fraction : float
    n : int

    Returns
    -------
    int

    Examples
    --------
    >>> part_of(0.29, 100), part_of(0.299, 100)
    (29, 29)
    """
    return int(fraction * n * (1 + 1e-12))


def strongest(scores: Floats, n: int, rng: np.random.Generator) -> Integers:
    """Indices of exactly `n` largest scores; ties at the border are broken at random.

    Scores are rounded to 12 decimals of the largest first, so that round-off does not decide between equal scores.

    Parameters
    ----------
    scores : array (n_candidates,)
    n : int
    rng : Generator

    Returns
    -------
    int array (n,)
        Sorted.

    Raises
    ------
    TopologyError
        If there are fewer than `n` scores or one is NaN.

    Examples
    --------
    >>> strongest(np.array([0.5, 3.0, 2.0]), 2, np.random.default_rng(1))
    array([1, 2])
    """
    check_generator(rng)
    scores = rounded(_checked(scores, n))
    if n == 0:
        return np.zeros(0, dtype=np.int64)
    border = np.partition(scores, scores.size - n)[scores.size - n]
    above, equal = np.flatnonzero(scores > border), np.flatnonzero(scores == border)
    chosen = rng.choice(equal, n - above.size, replace=False)
    return np.sort(np.concatenate([above, chosen]))


def sampled(scores: Floats, n: int, rng: np.random.Generator, *, exponent: float = 1.0) -> Integers:
    """Indices of `n` scores drawn one after another without replacement, each in proportion to ``score ** exponent``.

    All draws happen at once: the `n` largest of ``exponent * log(score)`` plus Gumbel noise. A large exponent takes the largest.

    Parameters
    ----------
    scores : array (n_candidates,)
        Not negative; a zero is never drawn.
    n : int
    rng : Generator
    exponent : float
        Of the scores.

    Returns
    -------
    int array (n,)
        Sorted.

    Raises
    ------
    TopologyError
        If a score is NaN or negative, or fewer than `n` are positive.

    References
    ----------
    T. Vieira (2014), "Gumbel-max trick and weighted reservoir sampling"; P. S. Efraimidis, P. G. Spirakis (2006), Information
    Processing Letters 97, 181, https://doi.org/10.1016/j.ipl.2005.11.003
    """
    check_generator(rng)
    scores = _checked(scores, n)
    positive = np.flatnonzero(scores > 0)
    if scores.size and scores.min() < 0:
        raise TopologyError(f"scores go down to {scores.min()}; sampling in proportion needs 0 or more")
    if positive.size < n:
        raise TopologyError(
            f"{counted(n, 'link')} asked for, and only {counted(positive.size, 'candidate')} with a score above 0; ask for fewer"
        )
    keys = exponent * np.log(scores[positive]) + rng.gumbel(size=positive.size)
    first = positive.size - n
    return np.sort(positive[np.argpartition(keys, first)[first:]]) if n else np.zeros(0, dtype=np.int64)


def _checked(scores: Floats, n: int) -> Floats:
    scores = np.asarray(scores, dtype=float)
    count("n", n, least=0)
    if np.isnan(scores).any():
        raise TopologyError(f"{int(np.isnan(scores).sum())} of {scores.size} scores are NaN; a score must be a number")
    if scores.size < n:
        raise TopologyError(f"{counted(n, 'link')} asked for, and only {counted(scores.size, 'candidate')}; ask for fewer")
    return scores
