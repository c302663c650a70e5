"""Distributions of random values, whole or cut, written as text: ``"normal(1.5 ms, 0.75 ms, low = 0.1 ms)"``.

A cut distribution is what is left when values outside the limits are drawn again.
"""

# pyright: reportArgumentType=false, reportReturnType=false
# Brian2 does not type its quantities

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import scipy  # its submodule is imported when it is first used, which is seldom

from bioworkbench.records.arrays import Floats
from bioworkbench.records.errors import unknown_name
from bioworkbench.records.units import (
    DIMENSIONLESS,
    Dimension,
    Quantity,
    dimension_name,
    format_quantity,
    get_dimensions,
    parse_quantity,
)

__all__ = ["Distribution", "constant", "draw_start", "parse_distribution", "start_dimension"]

_SETTINGS: Mapping[str, tuple[str, ...]] = {
    "constant": ("value",),
    "uniform": ("low", "high"),
    "normal": ("mean", "deviation"),
    "lognormal": ("mean", "deviation"),
}
_CALL = re.compile(r"\s*(\w+)\s*\(([^()]*)\)\s*")
_CUT = re.compile(r"\s*(low|high)\s*=(.*)")


@dataclass(frozen=True)
class Distribution:
    """A distribution of real values.

    Parameters
    ----------
    kind : {"constant", "uniform", "normal", "lognormal"}
    first, second : float, SI units
        Value and nothing; low and high end; mean and standard deviation. A lognormal distribution takes those of the values
        themselves; with a negative mean it is mirrored.
    low, high : float, SI units
        Where it is cut; infinite where it is not.
    dimension : Dimension
        Of the values.

    Raises
    ------
    ValueError
        If the kind is unknown, a parameter is not finite or breaks its rule, or nothing is left between the cuts.
    """

    kind: str
    first: float
    second: float = 0.0
    low: float = -np.inf
    high: float = np.inf
    dimension: Dimension = DIMENSIONLESS

    def __post_init__(self) -> None:
        if self.kind not in _SETTINGS:
            raise ValueError(unknown_name(self.kind, "distribution", _SETTINGS))
        for name, value in zip(_SETTINGS[self.kind], (self.first, self.second), strict=False):
            if not np.isfinite(value):
                raise ValueError(f"{name} of the {self.kind} distribution = {value}: must be finite")
        if self.kind == "uniform" and self.second < self.first:
            raise ValueError(f"low = {self._shown(self.first)} is above high = {self._shown(self.second)}; swap them")
        if self.kind in ("normal", "lognormal") and self.second < 0:
            raise ValueError(f"deviation = {self._shown(self.second)}: cannot be negative")
        if self.kind == "lognormal" and self.first == 0:
            raise ValueError(f"mean of the lognormal distribution = {self.first}: cannot be 0")
        if not self._span > 0 and not self.low <= self.first <= self.high:
            raise ValueError(
                f"nothing of {self.kind}({self._shown(self.first)}, ...) lies between low = {self._shown(self.low)} and "
                f"high = {self._shown(self.high)}; move them"
            )

    def _shown(self, value: float) -> str:
        return format_quantity(Quantity(value, dim=self.dimension)) if np.isfinite(value) else str(value)

    @property
    def is_constant(self) -> bool:
        """Whether all values are the same."""
        return self.spread == 0

    @property
    def spread(self) -> float:
        """Standard deviation before it is cut, SI units; 0 for a constant."""
        return {"constant": 0.0, "uniform": (self.second - self.first) / np.sqrt(12)}.get(self.kind, self.second)

    def quantiles(self, below: Floats, above: Floats) -> Floats:
        """Values that a fraction of all values lies below.

        Parameters
        ----------
        below, above : array
            Fractions below and above each value; they add up to 1, and the smaller one decides, so that tails stay exact.

        Returns
        -------
        array
            SI units.
        """
        # the fraction asked for is one of what is left between the cuts; both tails are followed, for 1 - 1e-20 is 1 in binary
        lower, upper = self._outside
        under, over = lower + below * self._span, upper + above * self._span
        if self.is_constant:
            return np.full(np.shape(below), self.first)
        if self.kind == "uniform":
            return np.clip(self.first + (self.second - self.first) * under, self.low, self.high)
        deviates = np.where(under < over, scipy.special.ndtri(under), -scipy.special.ndtri(over))
        return np.clip(_from_normal(self, deviates), self.low, self.high)

    @cached_property
    def _outside(self) -> tuple[float, float]:
        """Fractions of the whole distribution that lie below and above the cuts."""
        if self.is_constant:
            inside = self.low <= self.first <= self.high
            return (0.0, 0.0) if inside else (1.0, 0.0)
        if self.kind == "uniform":
            width = self.second - self.first
            return max(0.0, (self.low - self.first) / width), max(0.0, (self.second - self.high) / width)
        return _normal_below(_to_normal(self, self.low)), _normal_below(-_to_normal(self, self.high))

    @property
    def _span(self) -> float:
        return 1.0 - sum(self._outside)

    def draw(self, rng: np.random.Generator, shape: int | tuple[int, ...]) -> Floats:
        """Values of a shape, SI units.

        Parameters
        ----------
        rng : Generator
        shape : int or tuple of int

        Returns
        -------
        float array
            Of that shape.
        """
        below = (rng.integers(2**53, size=shape) + 0.5) / 2**53
        return self.quantiles(below, 1.0 - below)

    def __str__(self) -> str:
        """Text that `parse_distribution` reads back."""
        parts = [self._shown(value) for value in (self.first, self.second)[: len(_SETTINGS[self.kind])]]
        parts += [
            f"{name} = {self._shown(value)}" for name, value in (("low", self.low), ("high", self.high)) if np.isfinite(value)
        ]
        return f"{self.kind}({', '.join(parts)})"


def _logarithm(lognormal: Distribution) -> tuple[float, float]:
    """Mean and deviation of the logarithm of the magnitude."""
    variance = np.log1p((lognormal.second / lognormal.first) ** 2)
    return float(np.log(abs(lognormal.first)) - variance / 2), float(np.sqrt(variance))


def _from_normal(distribution: Distribution, deviates: Floats) -> Floats:
    """Values where the standard normal distribution has these."""
    if distribution.kind == "normal":
        return distribution.first + distribution.second * deviates
    mean, deviation = _logarithm(distribution)
    sign = np.sign(distribution.first)
    return sign * np.exp(mean + deviation * sign * deviates)


def _normal_below(deviate: float) -> float:
    """Fraction of a standard normal distribution below a value; most are not cut, and need no function for it."""
    return 0.0 if deviate == -np.inf else float(scipy.special.ndtr(deviate))


def _to_normal(distribution: Distribution, value: float) -> float:
    """Where the standard normal distribution has as much below itself as this one has below a value."""
    if distribution.kind == "normal":
        return (value - distribution.first) / distribution.second
    mean, deviation = _logarithm(distribution)
    sign = np.sign(distribution.first)
    with np.errstate(divide="ignore"):
        return float(sign * (np.log(max(sign * value, 0.0)) - mean) / deviation)


def constant(value: Quantity | float) -> Distribution:
    """All values the same.

    Parameters
    ----------
    value : Quantity or float

    Returns
    -------
    Distribution
        With the dimension of the value.
    """
    return Distribution("constant", float(np.asarray(value)), dimension=get_dimensions(value))


def parse_distribution(text: str) -> Distribution:
    """Distribution from its text.

    Parameters
    ----------
    text : str
        ``"uniform(low, high)"``, ``"normal(mean, deviation)"`` or ``"lognormal(mean, deviation)"`` with quantities inside, and
        ``low = ...`` and ``high = ...`` where it is cut; or a quantity, which all values then are.

    Returns
    -------
    Distribution

    Raises
    ------
    ValueError
        If the text is another, parameters differ in dimension or break a rule; see `Distribution`.

    Examples
    --------
    >>> str(parse_distribution("normal(1.5 ms, 0.75 ms, low = 0.1 ms)"))
    'normal(1.5 ms, 0.75 ms, low = 100 us)'
    """
    if "(" not in text:
        return constant(parse_quantity(text))
    match = _CALL.fullmatch(text)
    if match is None or len(text) > 200:
        raise ValueError(
            f"'{text[:100]}' is not a distribution; write for example 'normal(mean, deviation, low = ..., high = ...)'"
        )
    if match[1] not in _SETTINGS:
        raise ValueError(unknown_name(match[1], "distribution", _SETTINGS))
    parts = match[2].split(",")
    cuts = {cut[1]: parse_quantity(cut[2].strip()) for part in parts if (cut := _CUT.fullmatch(part))}
    values = [parse_quantity(part.strip()) for part in parts if not _CUT.fullmatch(part)]
    wanted = _SETTINGS[match[1]]
    if len(values) != len(wanted) or len(values) + len(cuts) != len(parts):
        raise ValueError(f"'{text}': {match[1]} takes {', '.join(wanted)}, then low = ... and high = ... where it is cut")
    dimension = get_dimensions(values[0])
    for value in (*values, *cuts.values()):
        if get_dimensions(value) is not dimension:
            raise ValueError(f"'{text}' mixes a {dimension_name(values[0])} and a {dimension_name(value)}; give all in one unit")
    limits = {name: float(np.asarray(value)) for name, value in cuts.items()}
    return Distribution(match[1], *(float(np.asarray(value)) for value in values), **limits, dimension=dimension)


def start_dimension(value: Quantity | float | str | np.ndarray) -> Dimension:
    """Dimension of a start `value`: a number, an array, or the text of a distribution."""
    return parse_distribution(value).dimension if isinstance(value, str) else get_dimensions(value)


def draw_start(value: Quantity | float | str | np.ndarray, shape: tuple[int, int], rng: np.random.Generator) -> Floats:
    """Start values of all neurons in all trials.

    Parameters
    ----------
    value : Quantity, float, array (n_neurons,), or str
        One for all, one per neuron, or the text of a distribution; see `parse_distribution`.
    shape : (n_trials, n_neurons)
    rng : Generator
        For distributions.

    Returns
    -------
    float array (n_trials, n_neurons)
        SI units.
    """
    if not isinstance(value, str):
        return np.broadcast_to(np.asarray(value, dtype=float), shape).copy()
    distribution = parse_distribution(value)
    # NumPy's own samplers where there is one: simulations of earlier versions began with these numbers
    own = {"uniform": rng.uniform, "normal": rng.normal}.get(distribution.kind)
    if own is None or np.isfinite(distribution.low) or np.isfinite(distribution.high):
        return distribution.draw(rng, shape)
    return own(distribution.first, distribution.second, shape)
