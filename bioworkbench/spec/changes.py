"""Changes to the tables of a spec: one value set by its dotted field, and the table of a sweep."""

import tomllib
from collections.abc import Mapping
from itertools import product
from math import prod
from typing import Any

__all__ = ["parse_change", "points", "swept_values", "with_value"]

MAX_POINTS = 10_000


def parse_change(text: str) -> tuple[str, Any]:
    """Field and value of ``"populations.exc.tau=10 ms"``; the value is TOML, or text where it is not.

    Raises
    ------
    ValueError
        If there is no "=" with a field before it.

    Examples
    --------
    >>> parse_change("populations.exc.size=20"), parse_change("dt=0.1 ms")
    (('populations.exc.size', 20), ('dt', '0.1 ms'))
    """
    name, equals, value = text.partition("=")
    if not equals or not name.strip():
        raise ValueError(f"'{text}' sets nothing; write field=value, such as populations.exc.size=20")
    try:
        return name.strip(), tomllib.loads(f"value = {value}")["value"]
    except tomllib.TOMLDecodeError:
        return name.strip(), value.strip()


def with_value(document: Mapping[str, Any], name: str, value: Any) -> dict[str, Any]:
    """Copy of nested tables with one value set; a choice written as a name becomes a table when a setting of it is given.

    Parameters
    ----------
    document : mapping
    name : str
        Dotted, such as ``"projections.exc_inh.topology.p"``.
    value : object

    Raises
    ------
    ValueError
        If a table on the way does not exist.

    Examples
    --------
    >>> with_value({"method": {"readout": "ridge"}}, "method.readout.penalty", 0.1)
    {'method': {'readout': {'kind': 'ridge', 'penalty': 0.1}}}
    """
    first, _, rest = name.partition(".")
    if not rest:
        return {**document, first: value}
    inner = document.get(first)
    inner = {"kind": inner} if isinstance(inner, str) else inner
    if not isinstance(inner, Mapping):
        raise ValueError(f"there is no table '{first}' in which to set '{rest}'; known: {', '.join(document) or 'none'}")
    return {**document, first: with_value(inner, rest, value)}


def swept_values(table: Any) -> dict[str, tuple[Any, ...]]:
    """Values by dotted field from the table of a sweep; fields may be quoted or written as nested tables.

    Raises
    ------
    ValueError
        If a field has no list of values, or there are more than 10 000 points.

    Examples
    --------
    >>> swept_values({"seed": [1, 2], "input": {"gain": [0.5]}})
    {'seed': (1, 2), 'input.gain': (0.5,)}
    """
    if not isinstance(table, Mapping):
        raise ValueError(f"{table!r} is not a table; write [sweep] with lists of values")
    values: dict[str, tuple[Any, ...]] = {}
    for name, given in table.items():
        if isinstance(given, Mapping):
            values |= {f"{name}.{inner}": items for inner, items in swept_values(given).items()}
        elif isinstance(given, list) and given:
            values[name] = tuple(given)
        else:
            raise ValueError(f"{name} = {given!r}: must be a list of at least one value")
    n_points = prod(len(items) for items in values.values())
    if n_points > MAX_POINTS:
        raise ValueError(f"has {n_points} points; at most {MAX_POINTS} are accepted")
    return values


def points(values: Mapping[str, tuple[Any, ...]]) -> list[dict[str, Any]]:
    """All combinations of the values, one mapping from field to value per point; none without any field.

    Examples
    --------
    >>> points({"seed": (1, 2), "dt": ("1 ms",)})
    [{'seed': 1, 'dt': '1 ms'}, {'seed': 2, 'dt': '1 ms'}]
    """
    return [dict(zip(values, combination, strict=True)) for combination in product(*values.values())] if values else []
