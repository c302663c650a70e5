"""Changes to the tables of a spec: one value set by its dotted field, and the table of a sweep."""

import json
import re
import tomllib
from collections.abc import Iterable, Mapping
from itertools import product
from math import prod
from typing import Any

import numpy as np

from bioworkbench.experiment.spec.blocks import with_named_tables
from bioworkbench.experiment.spec.places import Place
from bioworkbench.experiment.spec.ranges import Range, is_range, parse_range
from bioworkbench.records.units import Quantity, format_quantity, parse_quantity, unit_text

__all__ = [
    "as_written",
    "parse_change",
    "parse_changes",
    "parse_seeds",
    "parse_values",
    "points",
    "swept_values",
    "with_value",
    "with_values",
    "written_change",
]

MAX_POINTS = 10_000


def parse_change(text: str) -> tuple[str, Any]:
    """Field and value of ``"populations.exc.tau=10 ms"``; the value is TOML, or text where it is not.

    Parameters
    ----------
    text : str

    Returns
    -------
    str, object

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


def parse_changes(texts: Iterable[str]) -> dict[str, Any]:
    """Fields and values of several `texts`, each as `parse_change` takes it.

    Parameters
    ----------
    texts : iterable of str

    Returns
    -------
    dict

    Raises
    ------
    ValueError
        If one sets nothing, or two set the same field.

    Examples
    --------
    >>> parse_changes(["seed=2", "dt=0.1 ms"])
    {'seed': 2, 'dt': '0.1 ms'}
    """
    return _each_once(parse_change(text) for text in texts)


def written_change(name: str, value: Any) -> str:
    """What `parse_change` reads as this field and value.

    Parameters
    ----------
    name : str
    value : object
        As a spec has it.

    Returns
    -------
    str

    Examples
    --------
    >>> written_change("dt", "0.1 ms"), written_change("a.b", [1, "x", {"c": True}])
    ('dt=0.1 ms', 'a.b=[1, "x", { c = true }]')
    """
    plain = f"{name}={value}"
    return plain if parse_change(plain) == (name, value) else f"{name}={_toml(value)}"


def _toml(value: Any) -> str:
    """A value on one line of TOML."""
    if isinstance(value, Mapping):
        return f"{{ {', '.join(f'{key} = {_toml(item)}' for key, item in value.items())} }}"
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(_toml, value))}]"
    return json.dumps(value, ensure_ascii=False) if isinstance(value, str | bool) else repr(value)


def _each_once(given: Iterable[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in given:
        if name in found:
            raise ValueError(f"--set {name}: is given twice, with {found[name]!r} and {value!r}; give it once")
        found[name] = value
    return found


def parse_values(texts: Iterable[str]) -> dict[str, Any]:
    """Fields of several `texts` with the values that each is swept over.

    Parameters
    ----------
    texts : iterable of str
        ``"populations.exc.tau=10 ms,20 ms"``; commas inside brackets or quotes belong to a value.

    Returns
    -------
    dict
        A list of values, or the table of a range, ``{from = "1 mV", to = "5 mV"}``, by field.

    Raises
    ------
    ValueError
        If there is no field, no value between two commas, or two texts have the same field.

    Examples
    --------
    >>> parse_values(["populations.exc.tau=10 ms,normal(20 ms, 2 ms)"])
    {'populations.exc.tau': ['10 ms', 'normal(20 ms, 2 ms)']}
    """
    return _each_once(_values_of(text) for text in texts)


def _values_of(text: str) -> tuple[str, Any]:
    name, _ = parse_change(text)
    parts = _between_commas(text.partition("=")[2])
    if not all(part.strip() for part in parts):
        raise ValueError(f"'{text}' has an empty value; write field=value,value, such as populations.exc.size=20,40")
    values = [parse_change(f"{name}={part}")[1] for part in parts]
    return name, values[0] if len(values) == 1 and is_range(values[0]) else values


def _between_commas(text: str) -> list[str]:
    """Parts between the commas that stand outside brackets and quotes."""
    parts, depth, quote = [""], 0, ""
    for letter in text:
        if letter in "\"'" and quote in ("", letter):
            quote = "" if quote else letter
        depth += 0 if quote else (letter in "([{") - (letter in ")]}")
        if letter == "," and depth == 0 and not quote:
            parts.append("")
        else:
            parts[-1] += letter
    return parts


def parse_seeds(text: str) -> list[int]:
    """Seeds of ``"0:10"`` (the last one left out, as in Python) or ``"1,5,7"``.

    Parameters
    ----------
    text : str

    Returns
    -------
    list of int

    Raises
    ------
    ValueError
        If the text is another, names no seed, or a negative one.

    Examples
    --------
    >>> parse_seeds("0:3"), parse_seeds("1,5")
    ([0, 1, 2], [1, 5])
    """
    if re.fullmatch(r"-?\d+([,:]-?\d+)*", text) and "-" in text:
        raise ValueError(f"seeds '{text}' go below 0; seeds are integers from 0 on, such as 0:10 (0 to 9)")
    if re.fullmatch(r"\d{1,400}(,\d{1,400})*", text):
        return [int(seed) for seed in text.split(",")]
    ends = re.fullmatch(r"(\d{1,400}):(\d{1,400})", text)
    if ends is None or int(ends[1]) >= int(ends[2]) or int(ends[2]) - int(ends[1]) > MAX_POINTS:
        raise ValueError(
            f"seeds '{text}' name none; write first:end such as 0:10 (0 to 9), at most {MAX_POINTS} of them, or 1,2,3"
        )
    return list(range(int(ends[1]), int(ends[2])))


def as_written(value: Any) -> Any:
    """A value of Python as a spec file would have it, exactly.

    Parameters
    ----------
    value : object
        Arrays, ranges, tuples and the like become lists, quantities texts with a unit, numbers of NumPy those of Python.

    Returns
    -------
    object

    Examples
    --------
    >>> as_written(np.arange(3)), as_written({"tau": (parse_quantity("20 ms"), 2)})
    ([0, 1, 2], {'tau': ['20 ms', 2]})
    """
    if isinstance(value, Quantity):
        return [as_written(item) for item in value] if value.ndim else _exact_text(value)
    if isinstance(value, Mapping):
        return {name: as_written(item) for name, item in value.items()}
    if hasattr(value, "tolist"):  # arrays and numbers of NumPy, columns of pandas
        value = value.tolist()
    return [as_written(item) for item in value] if isinstance(value, list | tuple | range | set) else value


def _exact_text(value: Quantity) -> str:
    """A quantity in its customary unit, if all its digits fit; otherwise in SI units."""
    text, number = format_quantity(value), float(np.asarray(value))
    return text if float(np.asarray(parse_quantity(text))) == number else f"{number!r} {unit_text(value.dim)}"


def with_values(document: Mapping[str, Any], changes: Mapping[str, Any], place: Place) -> dict[str, Any]:
    """Copy of nested tables with some values set, one after the other; see `with_value`.

    Parameters
    ----------
    document : mapping
    changes : mapping from dotted field to value
    place : Place
        Of the document, for messages.

    Returns
    -------
    dict

    Raises
    ------
    SpecError
        Naming the field that cannot be set.
    """
    found = dict(document)
    for name, value in changes.items():
        with (place / name).named():
            found = with_value(found, name, value)
    return found


def with_value(document: Mapping[str, Any], name: str, value: Any) -> dict[str, Any]:
    """Copy of nested tables with one value set; a choice written as a name becomes a table when a setting of it is given.

    Parameters
    ----------
    document : mapping
    name : str
        Dotted, such as ``"projections.exc_inh.topology.p"``.
    value : object

    Returns
    -------
    dict

    Raises
    ------
    ValueError
        If a table on the path does not exist, and is not a group of settings of something with a kind.

    Examples
    --------
    >>> with_value({"method": {"readout": "ridge"}}, "method.readout.penalty", 0.1)
    {'method': {'readout': {'kind': 'ridge', 'penalty': 0.1}}}
    """
    first, _, rest = name.partition(".")
    if not rest:
        return {**document, first: as_written(value)}
    inner = with_named_tables(dict(document)).get(first)
    inner = {"kind": inner} if isinstance(inner, str) else inner
    if inner is None and "kind" in document:  # a group of settings, which a spec may leave out as a whole
        inner = {}
    if not isinstance(inner, Mapping):
        raise ValueError(f"there is no table '{first}' in which to set '{rest}'; known: {', '.join(document) or 'none'}")
    return {**document, first: with_value(inner, rest, value)}


def swept_values(table: Any) -> dict[str, tuple[Any, ...] | Range]:
    """Values, or range, by dotted field from the table of a sweep; fields may be quoted or written as nested tables.

    Parameters
    ----------
    table : mapping
        The table ``[sweep]`` of a spec.

    Returns
    -------
    dict

    Raises
    ------
    ValueError
        If a field has neither a list of values nor a range.

    Examples
    --------
    >>> swept_values({"seed": [1, 2], "input": {"gain": [0.5]}})
    {'seed': (1, 2), 'input.gain': (0.5,)}
    """
    if not isinstance(table, Mapping):
        raise ValueError(f"{table!r} is not a table; write [sweep] with lists of values")
    values: dict[str, tuple[Any, ...] | Range] = {}
    for name, given in table.items():
        if is_range(given):
            values[name] = parse_range(name, given)
        elif isinstance(given, Mapping):
            values |= {f"{name}.{inner}": items for inner, items in swept_values(given).items()}
        elif isinstance(given, list) and given:
            values[name] = tuple(given)
        else:
            raise ValueError(f"{name} = {given!r}: must be a list of at least one value, or a range {{ from = ..., to = ... }}")
    return values


def points(values: Mapping[str, tuple[Any, ...] | Range]) -> list[dict[str, Any]]:
    """All combinations of the values, one mapping from field to value per point; none without any field.

    Parameters
    ----------
    values : mapping
        A tuple of values, or a `Range`, by dotted field.

    Returns
    -------
    list of dict

    Raises
    ------
    ValueError
        If a range has no steps, or there are more than 10 000 points.

    Examples
    --------
    >>> points({"seed": (1, 2), "dt": ("1 ms",)})
    [{'seed': 1, 'dt': '1 ms'}, {'seed': 2, 'dt': '1 ms'}]
    """
    lists = {name: items.values(name) if isinstance(items, Range) else items for name, items in values.items()}
    n_points = prod(len(items) for items in lists.values())
    if n_points > MAX_POINTS:
        raise ValueError(f"has {n_points} points; at most {MAX_POINTS} are accepted")
    return [dict(zip(lists, combination, strict=True)) for combination in product(*lists.values())] if lists else []
