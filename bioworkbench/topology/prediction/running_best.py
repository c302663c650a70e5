"""The k best of more scores than fit in memory, and samples of k in proportion to the score, from one pass over stretches."""

from collections.abc import Iterable, Iterator

import numpy as np
from numpy.typing import NDArray

from bioworkbench.records.arrays import Floats, Integers
from bioworkbench.records.randomness import check_generator

__all__ = ["largest", "rounded", "sample_in_proportion", "to_12_digits"]

_PIECE = 2**20  # scores looked at together
_BITS = 40  # of the mantissa: 12 decimal digits

Rows = NDArray[np.floating]
Stretches = Iterable[tuple[int, Floats]]


def largest(stretches: Stretches, k: int, rng: np.random.Generator) -> Integers:
    """Positions of the `k` largest positive scores, largest first; equal ones in random order.

    Parameters
    ----------
    stretches : iterable of (int, array (n_rows, n_columns))
        First row, and the scores of the rows from there on; 0 or more.
    k : int
    rng : Generator

    Returns
    -------
    int array (k,) or shorter
        Position ``row * n_columns + column``. Shorter if fewer than `k` scores are above 0.

    Examples
    --------
    >>> largest([(0, np.array([[1.0, 0.0]])), (1, np.array([[3.0, 2.0]]))], 2, np.random.default_rng(1))
    array([2, 3])
    """
    check_generator(rng)
    best: Rows = np.zeros((0, 3))  # score, random number, position
    least = np.finfo(float).tiny
    for position, scores in _pieces(stretches):
        # random numbers break ties, so they are drawn only for scores that can still be among the best
        found = np.flatnonzero(scores >= least)
        rows = np.column_stack([to_12_digits(scores[found]), rng.random(found.size), found + float(position)])
        best = np.concatenate([best, rows])
        if best.shape[0] > 2 * k:
            best = _first(best, k)
            # a score that is equal when rounded may be smaller by a unit of its last digit, and must not be lost
            least = best[-1, 0] * (1 - 2.0 ** (1 - _BITS)) if k else np.inf
    return _first(best, k)[:, 2].astype(np.int64)


def sample_in_proportion(stretches: Stretches, k: int, rng: np.random.Generator) -> Integers:
    """Positions of `k` scores drawn one after another without replacement, with probabilities in proportion to the score.

    Every score is the rate of a Poisson process, and the processes are drawn in the order of their first events [1]_. Events
    later than the k-th earliest so far need not be generated, so the work is a sum over all scores and little more.

    Parameters
    ----------
    stretches, k, rng
        As for `largest`.

    Returns
    -------
    int array (k,) or shorter
        In the order of drawing. Shorter if fewer than `k` scores are above 0.

    References
    ----------
    .. [1] P. S. Efraimidis, P. G. Spirakis (2006), Information Processing Letters 97, 181,
       https://doi.org/10.1016/j.ipl.2005.11.003
    """
    check_generator(rng)
    drawn: Rows = np.zeros((0, 3))  # minus time, 0, position
    horizon = np.inf
    for position, scores in _pieces(stretches):
        times, found = _first_events(scores, horizon, rng)
        rows = np.column_stack([-times, np.zeros(times.size), found + float(position)])
        drawn = np.concatenate([drawn, rows])
        if drawn.shape[0] > 2 * k:
            drawn = _first(drawn, k)
            horizon = -drawn[-1, 0] if k else 0.0
    return _first(drawn, k)[:, 2].astype(np.int64)


def rounded(scores: Floats) -> Floats:
    """Scores rounded to 12 decimals of the largest one, so that round-off does not tell equal scores apart, whatever their unit.

    Parameters
    ----------
    scores : array (n_scores,)

    Returns
    -------
    array (n_scores,)
        In units of a power of two above the largest size.

    Examples
    --------
    >>> rounded(np.array([0.3, 0.1 + 0.2, 0.15])).tolist()
    [0.6, 0.6, 0.3]
    """
    # a division by a power of two changes no digit of a score
    scale = np.ldexp(1.0, np.frexp(np.abs(scores[np.isfinite(scores)]).max(initial=0.0))[1])
    return np.round(scores / scale, 12)


def to_12_digits(values: Floats) -> Floats:
    """`values` rounded to 40 binary digits, about 12 decimal ones, so that sums in different order come out equal."""
    mantissa, exponent = np.frexp(values)
    return np.ldexp(np.rint(np.ldexp(mantissa, _BITS)), exponent - _BITS)


def _pieces(stretches: Stretches) -> Iterator[tuple[int, Floats]]:
    for first, scores in stretches:
        flat = scores.reshape(-1)
        for start in range(0, flat.size, _PIECE):
            yield first * scores.shape[1] + start, flat[start : start + _PIECE]


def _first(rows: Rows, k: int) -> Rows:
    """The k rows with the largest first column, then the largest second, in this order."""
    # sorting all rows would take longer than to look at the scores; a partition keeps those that can be first, and all ties
    if 0 < k < rows.shape[0]:
        border = np.partition(rows[:, 0], rows.shape[0] - k)[rows.shape[0] - k]
        rows = rows[rows[:, 0] >= border]
    return rows[np.lexsort((-rows[:, 1], -rows[:, 0]))[:k]]


def _first_events(rates: Floats, horizon: float, rng: np.random.Generator) -> tuple[Floats, Integers]:
    """Time and index of the first event of each Poisson process, for those that have one before `horizon`."""
    if np.isinf(horizon):
        found = np.flatnonzero(rates > 0)
        return rng.exponential(size=found.size) / rates[found], found
    # all processes together are one Poisson process; each of its events belongs to one of them in proportion to the rate
    total = np.cumsum(rates)
    n_events = rng.poisson(horizon * total[-1])
    index = np.searchsorted(total, total[-1] * rng.random(n_events), side="right")
    times = horizon * rng.random(n_events)
    order = np.argsort(times)
    found, first = np.unique(index[order], return_index=True)
    inside = found < rates.size  # round-off of the sum can point beyond the last one
    return times[order][first[inside]], found[inside]
