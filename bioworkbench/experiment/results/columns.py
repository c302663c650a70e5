"""Columns of tables: values of specs, which are text such as "30 pA", as numbers in one unit that the column's name carries."""

import re
from collections.abc import Mapping, Sequence
from contextlib import suppress
from importlib import import_module
from typing import Any

import numpy as np

__all__ = ["cell_text", "numeric", "order", "texts", "unit_of_metric"]

# A unit begins with a letter, so that folds such as 1/5 and files such as 1.csv stay the texts that they are.
_QUANTITY = re.compile(r"\s*([+-]?(?:\d+(?:\.\d+|\.(?![^\W\d_]))?|\.\d+)(?:[eE][+-]?\d+)?)\s*([*/]?\s*[^\W\d_][^(]*?)?\s*")
_UNITS = {"mean_rate": "Hz"}


def unit_of_metric(name: str) -> str:
    """Name of a metric with its unit, where it has one.

    Parameters
    ----------
    name : str

    Returns
    -------
    str

    Examples
    --------
    >>> unit_of_metric("activity.exc.mean_rate"), unit_of_metric("accuracy")
    ('activity.exc.mean_rate (Hz)', 'accuracy')
    """
    unit = "s" if name.startswith("timing.") else _UNITS.get(name.rpartition(".")[2])
    return f"{name} ({unit})" if unit else name


def numeric(name: str, values: Sequence[Any]) -> tuple[str, list[Any]]:
    """A column of a table: where all values are quantities of one dimension, numbers in the unit of the largest.

    Parameters
    ----------
    name : str
    values : sequence
        As specs have them; None where one leaves the field to its default.

    Returns
    -------
    name : str
        With the unit in brackets.
    values : list
        Numbers, or what was given where not all of it is a number.

    Examples
    --------
    >>> numeric("sigma", ["500 uV", None, "2 mV"])
    ('sigma (mV)', [0.5, None, 2.0])
    >>> numeric("kind", ["adex", "3 mV"])
    ('kind', ['adex', '3 mV'])
    """
    sizes, unit = _parsed(values)
    if unit is None or any(size is None and value is not None for size, value in zip(sizes, values, strict=True)):
        return name, list(values)
    return f"{name} ({unit})" if unit else name, list(sizes)


def cell_text(value: Any, digits: int = 4) -> str:
    """A value of a table as text: a dash for none, true and false as specs have them.

    Parameters
    ----------
    value : object
    digits : int
        Significant ones, of numbers that are not whole.

    Returns
    -------
    str
    """
    if value is None:
        return "–"
    if isinstance(value, bool):
        return str(value).lower()
    return f"{value:.{digits}g}" if isinstance(value, float) else str(value).replace("\n", " ")


def texts(values: Sequence[Any]) -> list[str]:
    """Settings as texts, their numbers with as many digits, four or more, as tell them apart.

    Parameters
    ----------
    values : sequence

    Returns
    -------
    list of str

    Examples
    --------
    >>> texts([0.1, 1 / 3, None, True]), texts([10001.0, 10002.0])
    (['0.1', '0.3333', '–', 'true'], ['10001', '10002'])
    """
    numbers = {value for value in values if isinstance(value, float)}
    digits = next((n for n in range(4, 17) if len({f"{number:.{n}g}" for number in numbers}) == len(numbers)), 17)
    return [cell_text(value, digits) for value in values]


def order(columns: Sequence[Sequence[Any]]) -> list[int]:
    """Order of rows by their columns from left to right: numbers and quantities by size, then texts.

    Parameters
    ----------
    columns : sequence of sequences of equal length

    Returns
    -------
    list of int
        Numbers of the rows, sorted.
    """
    ranks = [_ranks(column) for column in columns]
    n_rows = len(ranks[0]) if ranks else 1
    return sorted(range(n_rows), key=lambda k: [column[k] for column in ranks])


def _ranks(values: Sequence[Any]) -> list[tuple[int, int | float, str]]:
    sizes, _ = _parsed(values)
    return [(1, 0, str(value)) if size is None else (0, size, "") for size, value in zip(sizes, values, strict=True)]


def _parsed(values: Sequence[Any]) -> tuple[list[int | float | None], str | None]:
    """Numbers of a column in one unit, None for what is not a number; and that unit, "" for plain numbers, None where units differ."""
    parts = [_QUANTITY.fullmatch(value) if isinstance(value, str) else None for value in values]
    scales = _scales({match[2] or "" for match in parts if match})
    sizes = [_size(value, match, scales) for value, match in zip(values, parts, strict=True)]
    plain = any(isinstance(value, int | float) for value in values)
    if not scales or (plain and set(scales) != {""}):
        return sizes, "" if not scales and all(match is None for match in parts) else None
    largest = max((abs(size), match[2] or "") for size, match in zip(sizes, parts, strict=True) if match and size is not None)[1]
    return [
        size / scales[largest] if match and size is not None else size for size, match in zip(sizes, parts, strict=True)
    ], largest


def _size(value: Any, match: re.Match[str] | None, scales: Mapping[str, float]) -> int | float | None:
    if isinstance(value, int | float):
        return value  # not as a float: integers may be larger than any
    return float(match[1]) * scales[match[2] or ""] if match and (match[2] or "") in scales else None


def _scales(units: set[str]) -> dict[str, float]:
    """SI value of every unit if they are of one dimension, else none. One unit alone needs none, and Brian2 is not imported."""
    if len(units) < 2:
        return dict.fromkeys(units, 1.0)
    quantities = import_module("bioworkbench.records.units")  # not at the top: it imports Brian2, which takes seconds
    found = {}
    for unit in units:
        with suppress(ValueError):
            found[unit] = quantities.parse_quantity(f"1 {unit}")
    alike = len({quantity.dim for quantity in found.values()}) == 1
    return {unit: float(np.asarray(quantity)) for unit, quantity in found.items()} if alike else {}
