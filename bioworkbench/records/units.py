"""Quantities as text: ``"20 ms"`` to a Brian2 quantity and back, by a small grammar and a list of known units.

Text comes from untrusted spec files, so nothing here evaluates code.
"""

# pyright: reportArgumentType=false, reportReturnType=false
# Brian2 does not type its quantities

import re
import signal
import sys
import threading
from collections.abc import Mapping
from functools import lru_cache
from itertools import combinations, product
from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np
from brian2.units import allunits
from brian2.units.fundamentalunits import DIMENSIONLESS, Dimension, Quantity, Unit, get_dimensions

__all__ = [
    "DIMENSIONLESS",
    "KIND_OF_DIMENSION",
    "Dimension",
    "Quantity",
    "Start",
    "dimension_name",
    "format_quantity",
    "in_si",
    "parse_quantity",
    "plain_values",
    "si_value",
    "unit_text",
    "written_unit",
]


def _reported(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    """Print an error that ends a script, with Brian2's request to report it if the line that raised it is one of Brian2's."""
    last = trace
    while last is not None and last.tb_next is not None:
        last = last.tb_next
    brian2 = Path(sys.modules["brian2"].__path__[0])
    is_theirs = last is not None and brian2 in Path(last.tb_frame.f_code.co_filename).parents
    (sys.modules["brian2.utils.logger"].brian_excepthook if is_theirs else sys.__excepthook__)(kind, error, trace)


# Importing Brian2 put a hook there that makes this request after every error, whatever raised it; another program's hook stays.
if sys.excepthook is sys.modules["brian2.utils.logger"].brian_excepthook:
    sys.excepthook = _reported


def _ignored_again() -> None:
    """Ignore SIGINT where the one who started this process wanted that, as a shell does for what it starts with ``&``.

    Importing Brian2 put a handler there that passes the signal on to the one before, and calls it as a function, which this one is not.
    """
    theirs = getattr(signal.getsignal(signal.SIGINT), "previous_handler", None)
    if theirs is signal.SIG_IGN and threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGINT, signal.SIG_IGN)


_ignored_again()

Start = Quantity | float | str
"""What a variable starts from: one value, or a distribution as text."""


def _known_units() -> dict[str, Quantity]:
    """Brian2's units by long name (msecond) and by symbol (ms)."""
    units = [unit for unit in vars(allunits).values() if isinstance(unit, Unit)]
    names = {str(unit): unit for unit in units} | {unit.name: unit for unit in units}
    return {name: unit for name, unit in names.items() if re.fullmatch(r"[A-Za-z]+", name)}


_UNITS: Mapping[str, Quantity] = _known_units()

_MICRO = str.maketrans("\u00b5\u03bc", "uu")  # the micro sign and the Greek letter, which look the same
_NUMBER = r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?"
_FACTOR = re.compile(r"\s*([*/]?)\s*([A-Za-z]+)(?:(?:\*\*|\^)\s*([+-]?\d))?\s*")


def parse_quantity(text: str | int | float) -> Quantity:
    """Quantity from a number and a product of units.

    Parameters
    ----------
    text : str or number
        Such as ``"20 ms"``, ``"-70 mV"``, ``"0.1 nS/um**2"``, ``"1e-3"`` or a plain number.

    Returns
    -------
    Quantity

    Raises
    ------
    ValueError
        If the text is not a number followed by known units.

    Examples
    --------
    >>> parse_quantity("20 ms"), parse_quantity("20 \N{MICRO SIGN}s")
    (20. * msecond, 20. * usecond)
    """
    if isinstance(text, bool) or not isinstance(text, str | int | float):
        raise ValueError(f"{text!r} is not a quantity; write a number with a unit such as '20 ms'")
    number, unit = (text, "") if not isinstance(text, str) else _number_and_unit(text.translate(_MICRO))
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

    Parameters
    ----------
    text : str
        Of a quantity; see `parse_quantity`.

    Returns
    -------
    str
        As written; empty for a plain number.

    Examples
    --------
    >>> written_unit("-70 mV"), written_unit("1e-3")
    ('mV', '')
    """
    return re.sub(rf"^\s*{_NUMBER}", "", text.translate(_MICRO)).strip()


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
_USUAL = ("volt", "amp", "siemens", "ohm", "farad", "second", "meter")
_BASE_UNITS = {"meter": "m", "kilogram": "kg", "second": "s", "amp": "A", "kelvin": "K", "mole": "mol", "candle": "cd"}
KIND_OF_DIMENSION: Mapping[Dimension, str] = {dimension: name for dimension, (name, _) in _NAMED_DIMENSIONS.items()} | {
    DIMENSIONLESS: "plain number"
}
"""Everyday name of a physical dimension, for messages."""
_CUSTOMARY = {
    _unit(text).dim: text for text in ("um**2", "/um**2", "uA/cm**2", "mS/cm**2", "uF/cm**2", "mV/ms")
}  # units that the field writes, where SI would give powers of ten


def si_value(value: Quantity | float, like: Quantity, name: str = "value") -> float:
    """Plain SI number of a quantity that must have a dimension.

    Parameters
    ----------
    value : Quantity or float
    like : Quantity
        Of that dimension, as an example.
    name : str
        Of the value, for messages.

    Returns
    -------
    float

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


def in_si(name: str, value: Any, like: Quantity) -> Any:
    """SI number, or array of SI numbers, of what a record is given: plain numbers are SI already, quantities are checked.

    Parameters
    ----------
    name : str
        Of the field, for messages.
    value : number, array, Quantity, or list of these
    like : Quantity
        Of the right dimension, as an example.

    Returns
    -------
    float or array of float

    Raises
    ------
    ValueError
        If a quantity has another dimension than `like`, or there is something that is not a number.

    Examples
    --------
    >>> in_si("delay", parse_quantity("1.5 ms"), like=parse_quantity("1 ms"))
    0.0015
    """
    number, dimension = plain_values(name, value)
    if dimension not in (None, like.dim):
        raise ValueError(
            f"{name} = {format_quantity(Quantity(number, dim=dimension))} is a {dimension_name(dimension)}; "
            f"it must be a {dimension_name(like)} such as '{format_quantity(like)}', or a plain number in SI units ({unit_text(like.dim)})"
        )
    return number


def plain_values(name: str, value: Any) -> tuple[Any, Dimension | None]:
    """SI number or array of what is given, and its dimension.

    A list of quantities is one array with a unit; NumPy would drop the units without a word.

    Parameters
    ----------
    name : str
        Of the field, for messages.
    value : number, array, Quantity, or list of these

    Returns
    -------
    values : float or float array
        SI units.
    dimension : Dimension or None
        None where no unit was given.

    Raises
    ------
    ValueError
        If it is not made of numbers, or a list mixes dimensions.

    Examples
    --------
    >>> plain_values("weight", [parse_quantity("1 mV"), parse_quantity("2 mV")])
    (array([0.001, 0.002]), metre ** 2 * kilogram * second ** -3 * amp ** -1)
    """
    dimension = value.dim if isinstance(value, Quantity) else None
    if isinstance(value, list | tuple) and any(isinstance(item, Quantity) for item in value):
        dimensions = {get_dimensions(item) for item in value}
        if len(dimensions) > 1:
            raise ValueError(
                f"{name} mixes {', '.join(sorted(map(dimension_name, dimensions)))}; all of its values need one unit"
            )
        dimension, value = dimensions.pop(), [np.asarray(item, dtype=float) for item in value]
    try:
        array = np.asarray(value)
        if array.dtype.kind not in "iufb" or isinstance(value, bool):
            raise TypeError(f"values of type {array.dtype}")
    except (TypeError, ValueError) as error:
        raise ValueError(f"{name} = {value!r}: must be a number, or a quantity such as 3 * ms, without quotes") from error
    return (array.astype(float) if array.ndim else float(array)), dimension


def dimension_name(value: Quantity | float | Dimension) -> str:
    """Everyday name, such as "voltage", of the dimension of `value`, or of `value` where it is a dimension."""
    dimension = value if isinstance(value, Dimension) else get_dimensions(value)
    return KIND_OF_DIMENSION.get(dimension, f"quantity in {unit_text(dimension)}")


def unit_text(dimension: Dimension) -> str:
    """SI unit of a dimension as Brian2 code.

    Parameters
    ----------
    dimension : Dimension

    Returns
    -------
    str
        Such as "volt"; "1" for plain numbers.

    Examples
    --------
    >>> unit_text(parse_quantity("3 mV").dim), unit_text(parse_quantity("1 mS/cm**2").dim)
    ('volt', 'siemens/meter**2')
    """
    if dimension is DIMENSIONLESS:
        return "1"
    if dimension in _NAMED_DIMENSIONS:
        return _NAMED_DIMENSIONS[dimension][1]
    if shorter := _product(dimension):
        return shorter
    exponents = [(unit, dimension.get_dimension(symbol)) for unit, symbol in _BASE_UNITS.items()]
    return "*".join(f"{unit}**{exponent:g}" if exponent != 1 else unit for unit, exponent in exponents if exponent)


@lru_cache(maxsize=1000)
def _product(dimension: Dimension) -> str:
    """Product of at most two units that physiologists use, such as "ohm**2"; empty if there is none."""
    powers = sorted(product(range(-3, 4), repeat=2), key=lambda pair: (sum(map(abs, pair)), sum(power < 0 for power in pair)))
    simple = [*(pair for pair in powers if 0 in pair and min(pair) >= 0), *powers]  # ohm**2 rather than siemens**-1*ohm
    for (first, second), (one, other) in product(simple, combinations(_USUAL, 2)):
        if get_dimensions(_unit(one) ** first * _unit(other) ** second) is dimension:
            parts = ((one, first), (other, second))
            return "*".join(f"{name}**{power}" if power != 1 else name for name, power in parts if power)
    return ""


def format_quantity(value: Quantity | float) -> str:
    """Quantity as text that `parse_quantity` reads back, in a unit that suits its size.

    Parameters
    ----------
    value : Quantity or float
        Of an array, number and range are shown, which cannot be read back.

    Returns
    -------
    str

    Examples
    --------
    >>> format_quantity(parse_quantity("0.02 s")), format_quantity(parse_quantity("2e-9 meter**2"))
    ('20 ms', '2000 um**2')
    """
    if np.ndim(value):
        plural = "s" if np.size(value) != 1 else ""
        return f"{np.size(value)} value{plural} from {format_quantity(np.min(value))} to {format_quantity(np.max(value))}"
    dimension = get_dimensions(value)
    if dimension is DIMENSIONLESS:
        return f"{float(value):.12g}"
    best = Quantity(value).get_best_unit()
    if re.fullmatch("[A-Za-z]+", f"{best}"):
        return f"{float(np.asarray(value / best)):.12g} {best}"
    if unit := _CUSTOMARY.get(dimension):
        return f"{float(np.asarray(value)) / float(_unit(unit)):.12g} {unit}"
    return f"{float(np.asarray(value)):.12g} {unit_text(dimension)}"
