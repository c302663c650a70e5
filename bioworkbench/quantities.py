"""Quantities as text: ``"20 ms"`` to a Brian2 quantity and back, by a small grammar and a list of known units.

Text comes from untrusted spec files, so nothing here evaluates code.
"""

# pyright: reportArgumentType=false, reportReturnType=false
# Brian2 does not type its quantities

import re
from collections.abc import Mapping
from functools import lru_cache

import numpy as np
from brian2.units import allunits
from brian2.units.fundamentalunits import DIMENSIONLESS, Dimension, Quantity, Unit, get_dimensions

__all__ = [
    "KIND_OF_DIMENSION",
    "Quantity",
    "dimension_name",
    "draw_start",
    "format_quantity",
    "parse_law",
    "parse_quantity",
    "si_value",
    "unit_text",
    "written_unit",
]


def _known_units() -> dict[str, Quantity]:
    """Brian2's units by long name (msecond) and by symbol (ms)."""
    units = [unit for unit in vars(allunits).values() if isinstance(unit, Unit)]
    names = {str(unit): unit for unit in units} | {unit.name: unit for unit in units}
    return {name: unit for name, unit in names.items() if re.fullmatch(r"[A-Za-z]+", name)}


_UNITS: Mapping[str, Quantity] = _known_units()

_NUMBER = r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?"
_FACTOR = re.compile(r"\s*([*/]?)\s*([A-Za-z]+)(?:(?:\*\*|\^)\s*([+-]?\d))?\s*")


def parse_quantity(text: str | int | float) -> Quantity:
    """Quantity from a number and a product of units.

    Parameters
    ----------
    text : str or number
        Such as ``"20 ms"``, ``"-70 mV"``, ``"0.1 nS/um**2"``, ``"1e-3"`` or a plain number.

    Raises
    ------
    ValueError
        If the text is not a number followed by known units.

    Examples
    --------
    >>> parse_quantity("20 ms")
    20. * msecond
    """
    if isinstance(text, bool) or not isinstance(text, str | int | float):
        raise ValueError(f"{text!r} is not a quantity; write a number with a unit such as '20 ms'")
    number, unit = (text, "") if not isinstance(text, str) else _number_and_unit(text)
    try:
        return _finite(Quantity(float(number) * _unit(unit)))
    except ValueError as error:
        raise ValueError(f"'{text}' {error}") from error


def _number_and_unit(text: str) -> tuple[str, str]:
    match = re.match(rf"\s*({_NUMBER})", text)
    if match is None or len(text) > 100:
        raise ValueError(f"'{text[:100]}' is not a quantity; write a number with a unit such as '20 ms'")
    return match[1], text[match.end() :]


def written_unit(text: str) -> str:
    """What stands behind the number of a quantity.

    Examples
    --------
    >>> written_unit("-70 mV"), written_unit("1e-3")
    ('mV', '')
    """
    return re.sub(rf"^\s*{_NUMBER}", "", text).strip()


def _finite(quantity: Quantity) -> Quantity:
    number = float(np.asarray(quantity))
    if not np.isfinite(number):
        raise ValueError(f"is not finite, but {number}")
    return quantity


@lru_cache(maxsize=1000)
def _unit(text: str) -> Quantity:
    unit, rest, first = Quantity(1.0), text, True
    while rest.strip():
        match = _FACTOR.match(rest)
        if match is None or (match[1] == "" and not first):
            raise ValueError(f"is not a quantity: '{rest.strip()}' is not a unit; write for example '20 ms' or '1 nS/um**2'")
        if match[2] not in _UNITS:
            raise ValueError(f"has the unknown unit '{match[2]}'; units are written as in Brian2: ms, mV, nA, Hz, um, ...")
        factor = _UNITS[match[2]] ** int(match[3] or 1)
        unit = Quantity(unit / factor if match[1] == "/" else unit * factor)
        rest, first = rest[match.end() :], False
    return unit


_NAMED_UNITS = {
    "time": "second",
    "voltage": "volt",
    "current": "amp",
    "conductance": "siemens",
    "capacitance": "farad",
    "resistance": "ohm",
    "frequency": "hertz",
    "length": "meter",
    "area": "meter**2",
    "density per area": "meter**-2",
    "current density": "amp/meter**2",
    "conductance density": "siemens/meter**2",
    "capacitance per area": "farad/meter**2",
    "velocity": "meter/second",
    "rate of voltage": "volt/second",
    "rate of current": "amp/second",
}
_NAMED_DIMENSIONS = {_unit(text).dim: (name, text) for name, text in _NAMED_UNITS.items()}
_BASE_UNITS = {"meter": "m", "kilogram": "kg", "second": "s", "amp": "A", "kelvin": "K", "mole": "mol", "candle": "cd"}
KIND_OF_DIMENSION: Mapping[Dimension, str] = {dimension: name for dimension, (name, _) in _NAMED_DIMENSIONS.items()} | {
    DIMENSIONLESS: "plain number"
}
"""Everyday name of a physical dimension, for messages."""
_CUSTOMARY = {
    _unit(text).dim: text for text in ("um**2", "/um**2", "uA/cm**2", "mS/cm**2", "uF/cm**2", "mV/ms")
}  # units that the field writes, where SI would give powers of ten


def si_value(value: Quantity | float, like: Quantity, name: str = "value") -> float:
    """Plain SI number of a quantity that must have the dimension of `like`.

    Raises
    ------
    ValueError
        If the dimension is another one; the message says which kinds were met.
    """
    if get_dimensions(value) is not get_dimensions(like):
        raise ValueError(
            f"{name} = {format_quantity(value)} is a {dimension_name(value)}; "
            f"it must be a {dimension_name(like)} such as '{format_quantity(like)}'"
        )
    return float(np.asarray(value))


def dimension_name(value: Quantity | float | Dimension) -> str:
    """Everyday name of a quantity's dimension, such as "voltage"."""
    dimension = value if isinstance(value, Dimension) else get_dimensions(value)
    return KIND_OF_DIMENSION.get(dimension, f"quantity in {unit_text(dimension)}")


def unit_text(dimension: Dimension) -> str:
    """SI unit of a dimension as Brian2 code, such as "volt" or "1".

    Examples
    --------
    >>> unit_text(parse_quantity("3 mV").dim), unit_text(parse_quantity("1 mS/cm**2").dim)
    ('volt', 'siemens/meter**2')
    """
    if dimension is DIMENSIONLESS:
        return "1"
    if dimension in _NAMED_DIMENSIONS:
        return _NAMED_DIMENSIONS[dimension][1]
    exponents = [(unit, dimension.get_dimension(symbol)) for unit, symbol in _BASE_UNITS.items()]
    return "*".join(f"{unit}**{exponent:g}" if exponent != 1 else unit for unit, exponent in exponents if exponent)


def format_quantity(value: Quantity | float) -> str:
    """Quantity as text that `parse_quantity` reads back, in a unit that suits its size.

    Examples
    --------
    >>> format_quantity(parse_quantity("0.02 s")), format_quantity(parse_quantity("2e-9 meter**2"))
    ('20 ms', '2000 um**2')
    """
    if np.ndim(value):
        return f"{np.size(value)} values from {format_quantity(np.min(value))} to {format_quantity(np.max(value))}"
    dimension = get_dimensions(value)
    if dimension is DIMENSIONLESS:
        return f"{float(value):.12g}"
    best = Quantity(value).get_best_unit()
    if re.fullmatch("[A-Za-z]+", f"{best}"):
        return f"{float(np.asarray(value / best)):.12g} {best}"
    if unit := _CUSTOMARY.get(dimension):
        return f"{float(np.asarray(value)) / float(_unit(unit)):.12g} {unit}"
    return f"{float(np.asarray(value)):.12g} {unit_text(dimension)}"


_LAW = re.compile(r"\s*(uniform|normal)\s*\(([^,()]*),([^,()]*)\)\s*")


def parse_law(text: str) -> tuple[str, Quantity, Quantity]:
    """Law of a random value: its kind and its two parameters.

    Parameters
    ----------
    text : str
        ``"uniform(low, high)"`` or ``"normal(mean, deviation)"``, with quantities inside.

    Raises
    ------
    ValueError
        If the text is another, the parameters differ in dimension, low is above high, or the deviation is negative.

    Examples
    --------
    >>> parse_law("uniform(-70 mV, -50 mV)")
    ('uniform', -70. * mvolt, -50. * mvolt)
    """
    match = _LAW.fullmatch(text)
    if match is None:
        raise ValueError(f"'{text[:100]}' is not a law; write 'uniform(low, high)' or 'normal(mean, deviation)'")
    first, second = parse_quantity(match[2]), parse_quantity(match[3])
    si_value(second, like=first, name=f"second parameter of '{text}'")
    if match[1] == "uniform" and float(second) < float(first):
        raise ValueError(f"'{text}': the lower end is above the upper end")
    if match[1] == "normal" and float(second) < 0:
        raise ValueError(f"'{text}': the deviation is negative")
    return match[1], first, second


def draw_start(value: Quantity | float | str | np.ndarray, shape: tuple[int, int], rng: np.random.Generator) -> np.ndarray:
    """Values (n_trials, n_neurons) in SI units from a number, one number per neuron, or a law; see `parse_law`."""
    if not isinstance(value, str):
        return np.broadcast_to(np.asarray(value, dtype=float), shape).copy()
    kind, first, second = parse_law(value)
    draw = rng.uniform if kind == "uniform" else rng.normal
    return draw(float(first), float(second), shape)
