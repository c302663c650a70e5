"""Power laws of degrees: fit by maximum likelihood, and a test of whether the fit can be believed."""

from dataclasses import dataclass

import numpy as np
from numba import njit
from numpy.typing import ArrayLike

from bioworkbench.records.arrays import Floats, Integers, count
from bioworkbench.records.errors import TopologyError
from bioworkbench.records.randomness import check_generator

__all__ = ["PowerLaw", "degree_survival", "fit_power_law", "power_law_p_value"]

_EXPONENTS = np.arange(101, 1001) / 100
_BERNOULLI = np.array([1 / 12, -1 / 720, 1 / 30240, -1 / 1209600, 1 / 47900160, -691 / 1307674368000])  # B(2k) / (2k)!
_SMALL = 100  # below this number of nodes the exponent is corrected for its bias


@dataclass(frozen=True)
class PowerLaw:
    """Fitted distribution: P(k) in proportion to ``k ** -exponent`` for degrees k from `smallest` on.

    Parameters
    ----------
    exponent : float
        Corrected for few nodes; see `fit_power_law`.
    smallest : int
    n_tail : int
        Number of nodes with at least that degree.
    distance : float
        Largest difference between fitted and observed cumulative distribution (Kolmogorov-Smirnov).
    """

    exponent: float
    smallest: int
    n_tail: int
    distance: float


def fit_power_law(degrees: ArrayLike) -> PowerLaw:
    """Discrete power law fitted to the tail of degrees.

    For every smallest degree the exponent of largest likelihood on the grid 1.01, 1.02, ..., 10 is found; the smallest degree
    with the least Kolmogorov-Smirnov distance is taken. Below 100 nodes the exponent is corrected to
    ``exponent * (n - 1) / n + 1 / n`` with n the size of the tail. Nodes of degree 0 are left out.

    Parameters
    ----------
    degrees : int array (n_nodes,)

    Returns
    -------
    PowerLaw

    Raises
    ------
    TopologyError
        If fewer than two different degrees above 0 occur: every exponent fits; if a degree is no whole number of 0 or more.

    References
    ----------
    A. Clauset, C. R. Shalizi, M. E. J. Newman (2009), https://doi.org/10.1137/070710111
    """
    degrees = _whole(degrees)
    positive = np.sort(degrees[degrees > 0])
    if positive.size == 0 or positive[0] == positive[-1]:
        raise TopologyError(f"the degrees above 0 are all {positive[:1].tolist()}; a power law needs at least two different ones")
    values, counts = np.unique(positive, return_counts=True)
    best = PowerLaw(*_best_fit(values, counts))
    if degrees.size >= _SMALL:
        return best
    corrected = best.exponent * (best.n_tail - 1) / best.n_tail + 1 / best.n_tail
    return PowerLaw(corrected, best.smallest, best.n_tail, best.distance)


def _whole(degrees: ArrayLike) -> Integers:
    """Degrees as integers, if they are whole numbers: strengths have no discrete power law."""
    found = np.asarray(degrees)
    wrong = np.flatnonzero(~((found >= 0) & (found == np.rint(found)))) if found.dtype.kind in "buif" else np.arange(1)
    if wrong.size:
        raise TopologyError(
            f"degree {found.flat[wrong[0]]}, number {wrong[0]}, must be a whole number, 0 or more; strengths are none"
        )
    return found.astype(np.int64)


@njit(cache=True, nogil=True)
def _zeta(exponent, first):
    """Hurwitz zeta function, the sum of ``(first + k) ** -exponent`` over k = 0, 1, ..., by Euler and Maclaurin."""
    total, x = 0.0, float(first)
    while x < 12:  # from there on the series below has an error below 1e-15
        total += x**-exponent
        x += 1
    power = x**-exponent
    total += x * power / (exponent - 1) + power / 2
    term = exponent * power / x
    for k in range(_BERNOULLI.size):
        total += term * _BERNOULLI[k]
        term *= (exponent + 2 * k + 1) * (exponent + 2 * k + 2) / (x * x)
    return total


@njit(cache=True, nogil=True)
def _likeliest(size, sum_of_logs, smallest):
    """Exponent of largest likelihood on the grid. The likelihood has one maximum, between two of a shrinking pair of bounds."""
    low, high = 0, _EXPONENTS.size - 1
    while low < high:
        middle = (low + high) // 2
        one, other = _EXPONENTS[middle], _EXPONENTS[middle + 1]
        # log-likelihood of the next exponent less that of this one: the grid is searched by halves, not from end to end
        rise = size * (np.log(_zeta(one, smallest)) - np.log(_zeta(other, smallest))) - (other - one) * sum_of_logs
        if rise > 0:
            low = middle + 1
        else:
            high = middle
    return _EXPONENTS[low]


@njit(cache=True, nogil=True)
def _distance(values, counts, first, n_tail, exponent):
    """Largest difference between the cumulative distributions; it is at a degree that occurs, or just below one."""
    scale = _zeta(exponent, values[first])
    largest, below = 0.0, 0.0
    for k in range(first, values.size):
        before = 1 - _zeta(exponent, values[k]) / scale  # fitted probability of less than values[k]
        largest = max(largest, abs(below - before))
        below += counts[k] / n_tail
        largest = max(largest, abs(below - (before + values[k] ** -exponent / scale)))
    return largest


@njit(cache=True, nogil=True)
def _best_fit(values, counts):
    """Exponent, smallest degree, size and distance of the tail with the least distance."""
    best = (0.0, 0, 0, np.inf)
    size, logs = 0, 0.0
    n_tail, sum_of_logs = np.zeros(values.size, np.int64), np.zeros(values.size)
    # size and sum of logarithms of every tail, from the largest degree down: all that the likelihood needs
    for k in range(values.size - 1, -1, -1):
        size += counts[k]
        logs += counts[k] * np.log(values[k])
        n_tail[k], sum_of_logs[k] = size, logs
    for k in range(values.size - 1):
        exponent = _likeliest(n_tail[k], sum_of_logs[k], values[k])
        distance = _distance(values, counts, k, n_tail[k], exponent)
        if distance < best[3]:
            best = (exponent, values[k], n_tail[k], distance)
    return best


def power_law_p_value(degrees: ArrayLike, rng: np.random.Generator, *, n_samples: int = 200) -> float:
    """Fraction of synthetic samples from the fitted power law that a power law fits worse than the degrees; above 0.1 it is plausible.

    Synthetic degrees below the smallest of the fit are drawn from the observed ones there, the others from the fitted power law; each
    sample is fitted anew.

    Parameters
    ----------
    degrees : int array (n_nodes,)
    rng : Generator
    n_samples : int
        The standard error is at most ``0.5 / sqrt(n_samples)``.

    Returns
    -------
    float

    Raises
    ------
    TopologyError
        If no power law can be fitted.

    References
    ----------
    A. Clauset, C. R. Shalizi, M. E. J. Newman (2009), https://doi.org/10.1137/070710111
    """
    check_generator(rng)
    degrees = _whole(degrees)
    degrees = degrees[degrees > 0]
    fit = fit_power_law(degrees)
    worse = [_synthetic_distance(degrees, fit, rng) >= fit.distance for _ in range(count("n_samples", n_samples))]
    return float(np.mean(worse))


def _synthetic_distance(degrees: Integers, fit: PowerLaw, rng: np.random.Generator) -> float:
    below = degrees[degrees < fit.smallest]
    # a sample of the whole, as Clauset et al. have it: how many degrees fall into the tail is random too
    n_tail = rng.binomial(degrees.size, fit.n_tail / degrees.size)
    head = rng.choice(below, degrees.size - n_tail) if below.size else below
    sample = np.concatenate([head, _draws(fit, n_tail if below.size else degrees.size, rng)])
    return fit_power_law(sample).distance if np.unique(sample).size > 1 else 0.0


def _draws(fit: PowerLaw, n: int, rng: np.random.Generator) -> Integers:
    """Degrees from a power law: inverse of the cumulative distribution, continued as a Pareto distribution beyond the table."""
    table = np.arange(fit.smallest, fit.smallest + 10_000)
    survival = _zetas(fit.exponent, table + 1) / _zeta(fit.exponent, fit.smallest)  # P(degree > k)
    uniform = 1 - rng.random(n)
    beyond = table[-1] * (survival[-1] / np.minimum(uniform, survival[-1])) ** (1 / (fit.exponent - 1))
    inside = fit.smallest + np.searchsorted(-survival, -uniform, side="left")
    return np.where(uniform > survival[-1], inside, np.minimum(beyond, 1e9)).astype(np.int64)


@njit(cache=True, nogil=True)
def _zetas(exponent, firsts):
    found = np.empty(firsts.size)
    for k in range(firsts.size):
        found[k] = _zeta(exponent, firsts[k])
    return found


def degree_survival(degrees: ArrayLike) -> tuple[Integers, Floats]:
    """Fractions of nodes with at least a degree; for plots on two log axes.

    Parameters
    ----------
    degrees : int array (n_nodes,)

    Returns
    -------
    values : int array (n_degrees,)
        Degrees that occur, ascending.
    survival : float array (n_degrees,)
        Fraction of nodes with that degree or a larger one.
    """
    degrees = np.sort(np.asarray(degrees))
    values, first = np.unique(degrees, return_index=True)
    return values, 1 - first / degrees.size
