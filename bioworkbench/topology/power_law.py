"""Power laws of degrees: fit by maximum likelihood, and a test of whether the fit can be believed."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import zeta

from bioworkbench.arrays import Floats, Integers, count
from bioworkbench.errors import TopologyError

__all__ = ["PowerLaw", "degree_survival", "fit_power_law", "power_law_p_value"]

_EXPONENTS = np.arange(101, 1001) / 100
_SMALL = 100  # below this number of nodes the exponent is corrected for its bias


@dataclass(frozen=True)
class PowerLaw:
    """Fitted law: P(k) in proportion to ``k ** -exponent`` for degrees k from `smallest` on.

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

    Raises
    ------
    TopologyError
        If fewer than two different degrees above 0 occur: every exponent fits.

    References
    ----------
    A. Clauset, C. R. Shalizi, M. E. J. Newman (2009), https://doi.org/10.1137/070710111
    """
    degrees = np.asarray(degrees)
    positive = np.sort(degrees[degrees > 0]).astype(np.int64)
    candidates = np.unique(positive)[:-1]
    if not candidates.size:
        raise TopologyError(f"the degrees above 0 are all {positive[:1].tolist()}; a power law needs at least two different ones")
    fits = [_tail_fit(positive[positive >= smallest], int(smallest)) for smallest in candidates]
    best = min(fits, key=lambda fit: fit.distance)
    if degrees.size >= _SMALL:
        return best
    corrected = best.exponent * (best.n_tail - 1) / best.n_tail + 1 / best.n_tail
    return PowerLaw(corrected, best.smallest, best.n_tail, best.distance)


def _tail_fit(tail: Integers, smallest: int) -> PowerLaw:
    """Fit to degrees that are all `smallest` or more, sorted."""
    likelihood = -tail.size * np.log(zeta(_EXPONENTS, smallest)) - _EXPONENTS * np.log(tail).sum()
    exponent = float(_EXPONENTS[np.argmax(likelihood)])
    support = np.arange(smallest, tail[-1] + 1)
    observed = np.searchsorted(tail, support, side="right") / tail.size
    fitted = 1 - zeta(exponent, support + 1) / zeta(exponent, smallest)
    return PowerLaw(exponent, smallest, tail.size, float(np.abs(observed - fitted).max()))


def power_law_p_value(degrees: ArrayLike, rng: np.random.Generator, *, n_samples: int = 200) -> float:
    """Share of synthetic samples from the fitted law that a power law fits worse than the degrees; above 0.1 it is plausible.

    Synthetic degrees below the smallest of the fit are drawn from the observed ones there, the others from the fitted law; each
    sample is fitted anew.

    Parameters
    ----------
    degrees : int array (n_nodes,)
    rng : Generator
    n_samples : int
        The standard error is at most ``0.5 / sqrt(n_samples)``.

    Raises
    ------
    TopologyError
        If no power law can be fitted.

    References
    ----------
    A. Clauset, C. R. Shalizi, M. E. J. Newman (2009), https://doi.org/10.1137/070710111
    """
    degrees = np.asarray(degrees)
    degrees = degrees[degrees > 0]
    law = fit_power_law(degrees)
    worse = [_synthetic_distance(degrees, law, rng) >= law.distance for _ in range(count("n_samples", n_samples))]
    return float(np.mean(worse))


def _synthetic_distance(degrees: Integers, law: PowerLaw, rng: np.random.Generator) -> float:
    below = degrees[degrees < law.smallest]
    n_tail = rng.binomial(degrees.size, law.n_tail / degrees.size)
    head = rng.choice(below, degrees.size - n_tail) if below.size else below
    sample = np.concatenate([head, _draws(law, n_tail if below.size else degrees.size, rng)])
    return fit_power_law(sample).distance if np.unique(sample).size > 1 else 0.0


def _draws(law: PowerLaw, n: int, rng: np.random.Generator) -> Integers:
    """Degrees from a power law: inverse of the cumulative distribution, continued as a Pareto law beyond the table."""
    table = np.arange(law.smallest, law.smallest + 10_000)
    survival = zeta(law.exponent, table + 1) / zeta(law.exponent, law.smallest)  # P(degree > k)
    uniform = 1 - rng.random(n)
    beyond = table[-1] * (survival[-1] / np.minimum(uniform, survival[-1])) ** (1 / (law.exponent - 1))
    inside = law.smallest + np.searchsorted(-survival, -uniform, side="left")
    return np.where(uniform > survival[-1], inside, np.minimum(beyond, 1e9)).astype(np.int64)


def degree_survival(degrees: ArrayLike) -> tuple[Integers, Floats]:
    """Different degrees, ascending, and for each the share of nodes with at least that degree; for plots on two log axes."""
    degrees = np.sort(np.asarray(degrees))
    values, first = np.unique(degrees, return_index=True)
    return values, 1 - first / degrees.size
