"""How many members of a random subset each group has, for sets larger than NumPy counts."""

import numpy as np

from bioworkbench.records.arrays import Integers
from bioworkbench.records.randomness import check_generator

__all__ = ["subset_counts"]

_MOST = 1_000_000_000  # members of all groups that NumPy's multivariate hypergeometric numbers are drawn from
_DEVIATIONS = 6.0


def subset_counts(sizes: Integers, n: int, rng: np.random.Generator) -> Integers:
    """Members of each group in a random subset of `n` members of all groups, every subset equally likely.

    Parameters
    ----------
    sizes : int array (n_groups,)
        Members of each group.
    n : int
        Up to the sum of the sizes.
    rng : Generator

    Returns
    -------
    int array (n_groups,)

    Raises
    ------
    ValueError
        If `n` is 10^9 or more of so many members or more.

    Examples
    --------
    >>> subset_counts(np.array([3, 0, 2]), 5, np.random.default_rng(1)).tolist()
    [3, 0, 2]
    """
    check_generator(rng)
    total = int(np.sum(sizes, dtype=np.int64))
    if total < _MOST:
        return rng.multivariate_hypergeometric(sizes, n, method="marginals")
    if n >= _MOST - int(2 * _DEVIATIONS * _MOST**0.5):
        raise ValueError(f"{n} of {total} links: at most {_MOST:,} can be drawn of so many; draw them in several projections")
    return _of_many(sizes, n, total, rng)


def _of_many(sizes: Integers, n: int, total: int, rng: np.random.Generator) -> Integers:
    """The same without counting all members at once.

    A subset in which every member is with one probability is, given its size, as likely as any other of that size; so is what is left of
    it after members were taken out at random.
    """
    likely = min(1.0, (n + _DEVIATIONS * (n**0.5 + 1)) / total)
    larger = rng.binomial(sizes, likely)
    while larger.sum() < n:  # one draw in a billion
        larger = rng.binomial(sizes, likely)
    return rng.multivariate_hypergeometric(larger, n, method="marginals")
