"""From values in a spec file to arguments of a function, by the function's own signature.

Specs come from untrusted files: values are compared and converted here, never evaluated.
"""

# pyright: reportArgumentType=false, reportReturnType=false
# Brian2 does not type its quantities

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal, get_args, get_origin

import numpy as np

from bioworkbench.arrays import finite
from bioworkbench.errors import SpecError, unknown_name
from bioworkbench.quantities import Quantity, dimension_name, format_quantity, parse_law, parse_quantity
from bioworkbench.schema import Setting, settings
from bioworkbench.trained import Choice

__all__ = ["PerNeuron", "Place", "chosen", "converted_arguments"]

Table = Mapping[str, Callable[..., Any]]


@dataclass(frozen=True)
class PerNeuron:
    """A law such as ``normal(20 ms, 2 ms)`` that gives every neuron a value of its own when the network is made."""

    text: str


@dataclass(frozen=True)
class Place:
    """A field of a spec file; errors that happen there name it.

    Parameters
    ----------
    file : str
    path : str
        Dotted, such as ``"populations.exc.tau"``; empty for the file itself.
    """

    file: str
    path: str = ""

    def __truediv__(self, name: str) -> "Place":
        """The field of that name inside this one."""
        return Place(self.file, f"{self.path}.{name}" if self.path else name)

    @contextmanager
    def named(self) -> Iterator[None]:
        """Add the name of this file and field, once, to the errors that values cause inside; they become a `SpecError`."""
        try:
            yield
        except SpecError:
            raise
        except (ValueError, TypeError, OverflowError, OSError) as error:
            raise SpecError(f"{self.file}, {self.path}: {error}" if self.path else f"{self.file}: {error}") from error


def chosen(given: Any, what: str, table: Table, place: Place, nested: Mapping[str, Table], fixed: Sequence[str] = ()) -> Choice:
    """Choice that a name or a table with "kind" makes, its arguments converted.

    Parameters
    ----------
    given : str or mapping
        ``"ridge"`` or ``{kind = "ridge", penalty = 1e-3}``.
    what : str
        What is chosen, for messages: "topology".
    table : mapping from kind to function
    place : Place
    nested : mapping from setting to table
        Where the settings of type `Choice` find their functions.
    fixed : sequence of str
        Settings that the experiment fills in by itself where the spec leaves them out.

    Raises
    ------
    SpecError
        If the kind is unknown, or an argument is unknown, missing, or cannot be what the signature says.
    """
    with place.named():
        arguments = {"kind": given} if isinstance(given, str) else dict(_mapping(given))
        kind = arguments.pop("kind", None)
        if not isinstance(kind, str):
            raise ValueError(f"kind = {kind!r}: must be the name of a {what}; known: {', '.join(sorted(table))}")
    with (place / "kind").named():
        if kind not in table:
            raise ValueError(unknown_name(kind, what, table))
    return Choice(kind, converted_arguments(table[kind], arguments, kind, place, nested, fixed))


def converted_arguments(
    function: Callable[..., Any],
    given: Mapping[str, Any],
    kind: str,
    place: Place,
    nested: Mapping[str, Table],
    fixed: Sequence[str] = (),
) -> dict[str, Any]:
    """Arguments of a function from the values of a spec, its defaults filled in.

    Parameters
    ----------
    function : callable
        Its keyword-only parameters are what may be given.
    given : mapping
    kind : str
        Name of the function, for messages.
    place, nested, fixed
        See `chosen`.

    Raises
    ------
    SpecError
        If a name is unknown, one without default is missing, or a value does not fit.
    """
    known = settings(function)
    for name in given:
        with (place / name).named():
            if name not in known:
                raise ValueError(unknown_name(name, f"setting of {kind}", known))
    missing = [name for name, setting in known.items() if setting.required and name not in given and name not in fixed]
    with place.named():
        if missing:
            raise ValueError(f"{kind} also needs {', '.join(missing)}")
    values = {name: setting.default for name, setting in known.items() if name not in fixed and name not in given}
    for name, value in given.items():
        if Choice in known[name].types:
            values[name] = chosen(value, name, nested[name], place / name, nested, fixed)
            continue
        with (place / name).named():
            values[name] = _fitting(value, known[name], kind)
    return values


def _fitting(value: Any, setting: Setting, kind: str) -> Any:
    """The value as the first of the setting's types that it fits."""
    reasons = []
    is_array = complex in setting.types or {float, str} <= set(setting.types)  # complex: numpy's ArrayLike
    members = (complex,) if is_array else setting.types
    for member in members:
        convert = _CONVERTERS.get(get_origin(member) or member, _as_given)
        try:
            return convert(value, member, setting, kind)
        except (ValueError, TypeError) as error:
            reasons.append(str(error))
    raise ValueError(reasons[0])


def _none(value: Any, *_: Any) -> None:
    raise ValueError(f"{value!r} cannot be used; leave the setting out for none")


def _quantity(value: Any, member: Any, setting: Setting, kind: str) -> Quantity | PerNeuron | str:
    """Quantity, or law of quantities, of the dimension of the default; functions that know laws get them as text."""
    like = setting.default if isinstance(setting.default, Quantity) else setting.unit
    is_law = isinstance(value, str) and "(" in value
    quantity = parse_law(value)[1] if is_law else parse_quantity(value)
    _check_dimension(value, quantity, like, kind)
    if is_law:
        return value if setting.takes_law else PerNeuron(value)
    return quantity


def _check_dimension(value: Any, quantity: Quantity, like: Quantity | None, kind: str) -> None:
    if like is not None and quantity.dim is not like.dim:
        example = format_quantity(Quantity(1.0, dim=like.dim) if like.ndim or not float(np.asarray(like)) else like)
        raise ValueError(f"'{value}' is a {dimension_name(quantity)}; {kind} needs a {dimension_name(like)} such as '{example}'")


def _number(value: Any, member: Any, setting: Setting, kind: str) -> float | Quantity:
    """SI number in the unit that the docstring names; where it leaves the unit open, a quantity stays one."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        raise ValueError(f"{value!r} is not a number")
    quantity = parse_quantity(value)
    if setting.unit_is_open:
        return quantity
    _check_dimension(value, quantity, Quantity(1.0) if setting.unit is None else setting.unit, kind)
    return float(np.asarray(quantity))


def _array(value: Any, member: Any, setting: Setting, kind: str) -> Any:
    """Numbers, nested lists of numbers, a quantity or a law."""
    if isinstance(value, str) and "(" in value:
        return _quantity(value, member, setting, kind)
    return finite(setting.name, value) if isinstance(value, list) else _number(value, member, setting, kind)


def _integer(value: Any, *_: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        raise ValueError(f"{value!r} is not an integer")
    return value


def _truth(value: Any, *_: Any) -> bool:
    if not isinstance(value, bool):
        raise ValueError(f"{value!r} must be true or false")
    return value


def _text(value: Any, *_: Any) -> str:
    if not isinstance(value, str):
        raise ValueError(f"{value!r} is not text")
    return value


def _option(value: Any, member: Any, setting: Setting, kind: str) -> Any:
    options = get_args(member)
    if value not in options or isinstance(value, bool) != any(value is option for option in options if isinstance(option, bool)):
        raise ValueError(unknown_name(str(value), f"{setting.name} of {kind}", map(str, options)))
    return value


def _items(value: Any, member: Any, setting: Setting, kind: str) -> tuple[Any, ...]:
    """Tuple whose items fit the annotation's, such as ``tuple[int, int]`` or ``Sequence[float]``."""
    if not isinstance(value, list):
        raise ValueError(f"{value!r} is not a list")
    inner = [part for part in get_args(member) if part is not Ellipsis] or [Any]
    if len(inner) > 1 and len(value) != len(inner):
        raise ValueError(f"{value!r} has {len(value)} items; it must have {len(inner)}")
    kinds = inner if len(inner) > 1 else inner * len(value)
    return tuple(_fitting(item, replace(setting, annotation=part), kind) for item, part in zip(value, kinds, strict=True))


def _table(value: Any, member: Any, setting: Setting, kind: str) -> dict[str, Any]:
    """Table of constants or start values: quantities, numbers, laws."""
    entries = _mapping(value)
    loose = replace(setting, annotation=Quantity, default=None, type_text="")
    return {name: _fitting(entry, loose, name) for name, entry in entries.items()}


def _mapping(value: Any) -> Mapping[str, Any]:
    if not isinstance(value, Mapping):
        raise ValueError(f"{value!r} is not a table")
    return value


def _as_given(value: Any, *_: Any) -> Any:
    return value


_CONVERTERS: Mapping[Any, Callable[..., Any]] = {
    type(None): _none,
    Quantity: _quantity,
    float: _number,
    np.ndarray: _array,
    complex: _array,
    int: _integer,
    bool: _truth,
    str: _text,
    Path: _text,
    Literal: _option,
    list: _items,
    tuple: _items,
    Sequence: _items,
    Mapping: _table,
    dict: _table,
}
