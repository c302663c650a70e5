"""Ranges in the table of a sweep: ``{ from = "0 mV", to = "5 mV", steps = 6, log = false }``."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from bioworkbench.records.errors import unknown_name
from bioworkbench.records.units import parse_quantity, si_value, written_unit

__all__ = ["Range", "is_range", "parse_range"]

_MOST_STEPS = 10_000


@dataclass(frozen=True)
class Range:
    """Everything between two numbers, in one unit.

    Parameters
    ----------
    low, high : float
    unit : str
        Empty for plain numbers.
    whole : bool
        Whether only integers are meant, because both ends are.
    log : bool
        Whether equal ratios count the same, rather than equal differences.
    steps : int, optional
        How many values a sweep takes of it, both ends included; an optimization takes any.
    """

    low: float
    high: float
    unit: str = ""
    whole: bool = False
    log: bool = False
    steps: int | None = None

    def value(self, number: float) -> Any:
        """A `number` of this range as a spec has it: an integer, a float, or text with the unit."""
        if self.whole:
            return round(number)
        return f"{number:.12g} {self.unit}" if self.unit else float(f"{number:.12g}")

    def values(self, name: str) -> tuple[Any, ...]:
        """The values that a sweep takes, each once.

        Parameters
        ----------
        name : str
            The field, for messages.

        Returns
        -------
        tuple

        Raises
        ------
        ValueError
            If there are no steps.
        """
        if self.steps is None:
            raise ValueError(f"{name} is a range without steps; add steps = 5, say, or optimize over it (--optimize METRIC)")
        space = np.geomspace if self.log else np.linspace
        return tuple(dict.fromkeys(self.value(float(number)) for number in space(self.low, self.high, self.steps)))


def is_range(given: Any) -> bool:
    """Whether what is `given` for a field of a sweep is a range; no setting has the name "from" or "to"."""
    return isinstance(given, Mapping) and not {"from", "to"}.isdisjoint(given)


def parse_range(name: str, given: Mapping[str, Any]) -> Range:
    """Range of a table.

    Parameters
    ----------
    name : str
        The field, for messages.
    given : mapping
        "from" and "to": numbers, or texts with units of one dimension; optionally "steps" and "log".

    Returns
    -------
    Range

    Raises
    ------
    ValueError
        If a key is unknown or missing, the ends differ in dimension, the range is empty, or log is wanted from zero or below.

    Examples
    --------
    >>> parse_range("populations.exc.sigma", {"from": "500 uV", "to": "2 mV", "steps": 4}).values("sigma")
    ('0.5 mV', '1 mV', '1.5 mV', '2 mV')
    """
    for key in given:
        if key not in ("from", "to", "steps", "log"):
            raise ValueError(f"{name}: {unknown_name(key, 'key of a range', ['from', 'to', 'steps', 'log'])}")
    if "from" not in given or "to" not in given:
        raise ValueError(f"{name} = {dict(given)!r}: a range needs both from and to")
    low, high, unit = _numbers(name, given["from"], given["to"])
    log, steps = given.get("log", False), given.get("steps")
    if not isinstance(log, bool):
        raise ValueError(f"{name}: log = {log!r}: must be true or false")
    if steps is not None and (isinstance(steps, bool) or not isinstance(steps, int) or not 2 <= steps <= _MOST_STEPS):
        raise ValueError(f"{name}: steps = {steps!r}: must be an integer between 2 and {_MOST_STEPS}")
    if low >= high:
        raise ValueError(f"{name}: the range from {given['from']!r} to {given['to']!r} is empty; 'from' must be below 'to'")
    if log and low <= 0:
        raise ValueError(f"{name}: from = {given['from']!r} with log = true: must be above 0")
    whole = isinstance(given["from"], int) and isinstance(given["to"], int)
    return Range(low, high, unit, whole, log, steps)


def _numbers(name: str, low: Any, high: Any) -> tuple[float, float, str]:
    """Both ends in the unit of the upper one."""
    first, last = parse_quantity(low), parse_quantity(high)
    si_value(first, like=last, name=f"{name}.from")
    unit = written_unit(high) if isinstance(high, str) else ""
    scale = float(np.asarray(parse_quantity(f"1 {unit}")))
    return float(np.asarray(first)) / scale, float(np.asarray(last)) / scale, unit
