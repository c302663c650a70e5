"""How alike two spike trains are: coincidences, and the distances of van Rossum and of Victor and Purpura.

A train is an array of times in seconds, in any order.
"""

from collections.abc import Callable, Mapping

import numpy as np

from bioworkbench.records.arrays import Floats, finite, non_negative, positive

__all__ = ["SPIKE_DISTANCES", "coincidence_factor", "van_rossum", "victor_purpura"]

_PRECISION = 2e-3
_BLOCK = 1000  # spikes that are compared with all others at a time


def coincidence_factor(found: Floats, wanted: Floats, *, duration: float, precision: float = 2e-3) -> float:
    """Spikes that coincide, less what a Poisson train of the same rate would reach by chance.

    Parameters
    ----------
    found, wanted : array (n_spikes,), seconds
        Of a model, and of what it is compared with. A spike coincides with one other spike at most.
    duration : float, seconds
        Of both.
    precision : float, seconds
        How far apart two spikes are that coincide, at most.

    Returns
    -------
    float
        1 for trains that agree to the precision, 0 for what chance reaches, below 0 for less; 1 for two empty trains.

    Raises
    ------
    ValueError
        If a time is not finite, or the rate is so high that every time is within the precision of a spike.

    References
    ----------
    R. Jolivet et al. (2008), https://doi.org/10.1016/j.jneumeth.2007.11.006

    Examples
    --------
    >>> coincidence_factor([0.1, 0.2], [0.101, 0.3], duration=1.0)
    0.4959...
    """
    ours, theirs = _sorted("found", found), _sorted("wanted", wanted)
    if not ours.size and not theirs.size:
        return 1.0
    chance = 2 * ours.size / positive("duration", duration) * positive("precision", precision)
    if chance >= 1:
        raise ValueError(
            f"{ours.size} spikes in {duration:g} s leave no time farther than precision = {precision:g} s from one; lower it"
        )
    matched = i = j = 0
    while i < ours.size and j < theirs.size:
        gap = ours[i] - theirs[j]
        # a sum of times is off by a unit in the last place; spikes exactly the precision apart coincide
        hit = abs(gap) <= precision * (1 + 1e-9)
        matched += hit
        i, j = i + (hit or gap < 0), j + (hit or gap > 0)
    return float((matched - chance * theirs.size) / (0.5 * (ours.size + theirs.size)) / (1 - chance))


def van_rossum(found: Floats, wanted: Floats, *, tau: float = 10e-3) -> float:
    """Distance of two trains of which every spike decays exponentially.

    Parameters
    ----------
    found, wanted : array (n_spikes,), seconds
    tau : float, seconds
        Of the decay.

    Returns
    -------
    float
        The root of the integral of the squared difference, over tau: of n spikes more or less, far apart, the root of n/2.

    Raises
    ------
    ValueError
        If a time is not finite, or tau is not above 0.

    References
    ----------
    M. C. W. van Rossum (2001), https://doi.org/10.1162/089976601300014321

    Examples
    --------
    >>> van_rossum([0.0, 1.0], [0.0], tau=0.01)
    0.707...
    """
    ours, theirs, scale = _sorted("found", found), _sorted("wanted", wanted), positive("tau", tau)
    squared = _overlap(ours, ours, scale) + _overlap(theirs, theirs, scale) - 2 * _overlap(ours, theirs, scale)
    return float(np.sqrt(max(0.0, squared / 2)))


def _overlap(first: Floats, second: Floats, tau: float) -> float:
    """Sum of ``exp(-|t - u|/tau)`` over all pairs of times."""
    blocks = (first[k : k + _BLOCK, None] - second for k in range(0, first.size, _BLOCK))
    return float(sum(np.exp(-np.abs(gaps) / tau).sum() for gaps in blocks))


def victor_purpura(found: Floats, wanted: Floats, *, cost: float = 100.0) -> float:
    """Least price of turning one train into the other: 1 for a spike that is added or removed, `cost` per second for one that is shifted.

    Parameters
    ----------
    found, wanted : array (n_spikes,), seconds
    cost : float, per second
        With 0, the difference of the numbers of spikes.

    Returns
    -------
    float

    Raises
    ------
    ValueError
        If a time is not finite, or the cost is negative.

    References
    ----------
    J. D. Victor and K. P. Purpura (1996), https://doi.org/10.1152/jn.1996.76.2.1310

    Examples
    --------
    >>> round(victor_purpura([0.1, 0.5], [0.105], cost=100.0), 9)
    1.5
    """
    ours, theirs, price = _sorted("found", found), _sorted("wanted", wanted), float(non_negative("cost", cost))
    places = np.arange(theirs.size + 1.0)
    best = places.copy()  # of turning the spikes so far into the first 0, 1, 2, ... of the others
    for time in ours:
        kept = best + 1
        kept[1:] = np.minimum(kept[1:], best[:-1] + price * np.abs(theirs - time))
        # adding spikes one by one to the right of each place: the least of all that stand to the left
        best = np.minimum.accumulate(kept - places) + places
    return float(best[-1])


def _sorted(name: str, times: Floats) -> Floats:
    return np.sort(np.atleast_1d(finite(f"times of {name}", times)))


def _coincidence(found: Floats, wanted: Floats, duration: float) -> float:
    """1 minus the coincidence factor; 1 where a model spikes so often that chance alone has every spike coincide."""
    if 2 * np.size(found) / duration * _PRECISION >= 1:
        return 1.0
    return 1 - coincidence_factor(found, wanted, duration=duration, precision=_PRECISION)


SPIKE_DISTANCES: Mapping[str, Callable[[Floats, Floats, float], float]] = {
    "coincidence": _coincidence,
    "van_rossum": lambda found, wanted, duration: van_rossum(found, wanted),
    "victor_purpura": lambda found, wanted, duration: victor_purpura(found, wanted),
}
"""Distances of two trains in a duration, with usual precision, time constant and cost."""
