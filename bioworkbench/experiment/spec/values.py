"""From values in a spec file to arguments of a function, by the function's own signature.

Specs come from untrusted files: values are compared and converted here, never evaluated.
"""

# pyright: reportArgumentType=false, reportReturnType=false
# Brian2 does not type its quantities

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, is_dataclass, replace
from pathlib import Path
from typing import Annotated, Any, Literal, get_args, get_origin

import numpy as np

from bioworkbench.experiment.spec.kinds import Catalog
from bioworkbench.experiment.spec.places import Place, Problems
from bioworkbench.experiment.spec.schema import Setting, settings
from bioworkbench.records.annotations import Drawn
from bioworkbench.records.arrays import finite
from bioworkbench.records.choice import Choice
from bioworkbench.records.errors import unknown_name
from bioworkbench.records.expressions import dimension_of, is_drawn, is_start
from bioworkbench.records.functions import name_of
from bioworkbench.records.units import Dimension, Quantity, dimension_name, format_quantity, parse_quantity

__all__ = ["FromTable", "PerNeuron", "chosen", "converted_arguments", "plain_arguments", "readable_arguments"]


@dataclass(frozen=True)
class PerNeuron:
    """A distribution such as ``normal(20 ms, 2 ms)``, or an expression: one value for each neuron, drawn when the network is made."""

    text: str


@dataclass(frozen=True, kw_only=True)
class FromTable:
    """A value for each neuron from a column of a table with a line per neuron.

    Parameters
    ----------
    file : path
    column : str
        Of numbers.
    unit : str
        Of these, such as "ms"; "" for plain numbers.
    label_column, label : str
        Lines with this label are the neurons; all by default.
    """

    file: Path
    column: str
    unit: str = ""
    label_column: str = ""
    label: str = ""


def chosen(
    given: Any, what: str, table: Catalog, place: Place, nested: Mapping[str, Catalog], fixed: Sequence[str] = ()
) -> Choice:
    """Choice that a name or a table with "kind" makes, its arguments converted.

    Parameters
    ----------
    given : str, callable or mapping
        ``"ridge"`` or ``{kind = "ridge", penalty = 1e-3}``; in scripts also the function itself.
    what : str
        What is chosen, for messages: "topology".
    table : mapping from kind to function
    place : Place
    nested : mapping from setting to table
        Where the settings of type `Choice` find their functions.
    fixed : sequence of str
        Settings that the experiment fills in by itself where the spec leaves them out.

    Returns
    -------
    Choice

    Raises
    ------
    SpecError
        If the kind is unknown, or an argument is unknown, missing, or cannot be what the signature says.
    """
    with place.named():
        arguments = {"kind": given} if isinstance(given, str) or callable(given) else dict(_mapping(given))
        kind = arguments.pop("kind", None)
        if not isinstance(kind, str) and not callable(kind):
            found = "kind is missing: it" if kind is None else f"kind = {kind!r}:"
            raise ValueError(f"{found} must be the name of a {what}; known: {', '.join(sorted(table))}")
    with (place / "kind").named():
        if kind not in table:
            raise ValueError(unknown_name(kind, what, table))
        function = table[kind]
    return Choice(kind, converted_arguments(function, arguments, name_of(kind), place, nested, fixed))


def converted_arguments(
    function: Callable[..., Any],
    given: Mapping[str, Any],
    kind: str,
    place: Place,
    nested: Mapping[str, Catalog],
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

    Returns
    -------
    dict

    Raises
    ------
    SpecError
        If a name is unknown, one without default is missing, or a value does not fit.
    """
    problems = Problems()
    values = readable_arguments(function, given, kind, place, nested, problems, fixed)
    problems.tell()
    return values


def readable_arguments(
    function: Callable[..., Any],
    given: Mapping[str, Any],
    kind: str,
    place: Place,
    nested: Mapping[str, Catalog],
    problems: Problems,
    fixed: Sequence[str] = (),
) -> dict[str, Any]:
    """Arguments as `converted_arguments` gives them, without those that cannot be read; their errors are kept.

    Parameters
    ----------
    function, given, kind, place, nested, fixed
        See `converted_arguments`.
    problems : Problems
        Gets the errors.

    Returns
    -------
    dict
    """
    with place.named():
        known = _settings(function, kind)
    missing = [name for name, setting in known.items() if setting.required and name not in given and name not in fixed]
    with problems.kept(), place.named():
        if missing:
            raise ValueError(f"{kind} also needs {', '.join(missing)}")
    values = {name: setting.default for name, setting in known.items() if name not in (*fixed, *given, *missing)}
    return values | _given(known, given, kind, place, nested, problems, fixed)


def plain_arguments(arguments: Mapping[str, Any]) -> dict[str, Any]:
    """Arguments with quantities as SI numbers.

    Parameters
    ----------
    arguments : mapping from name to value

    Returns
    -------
    dict
    """
    return {name: float(np.asarray(value)) if isinstance(value, Quantity) else value for name, value in arguments.items()}


def _settings(function: Callable[..., Any], kind: str) -> Mapping[str, Setting]:
    """Settings of a function, which may be somebody else's."""
    try:
        return settings(function)
    except (NameError, TypeError, ValueError, AttributeError) as error:
        raise ValueError(f"{kind}: its signature cannot be read: {error}") from error


def _given(
    known: Mapping[str, Setting],
    given: Mapping[str, Any],
    kind: str,
    place: Place,
    nested: Mapping[str, Catalog],
    problems: Problems,
    fixed: Sequence[str] = (),
) -> dict[str, Any]:
    """What the spec gives of the known settings, converted; errors are kept."""
    values: dict[str, Any] = {}
    for name, value in given.items():
        with problems.kept(), (place / name).named():
            if name not in known:
                raise ValueError(unknown_name(name, f"setting of {kind}", known))
            setting = known[name]
            if setting.is_choice(value):
                values[name] = chosen(value, name, nested[name], place / name, nested, fixed)
            elif setting.record is not None:
                values[name] = _record(value, setting, place / name, nested)
            else:
                values[name] = _fitting(value, setting, kind)
    return values


def _record(value: Any, setting: Setting, place: Place, nested: Mapping[str, Catalog]) -> Any:
    """Group of settings from a table: what it leaves out is as in the default, or as the record itself says."""
    with place.named():
        table = _mapping(value)
    record = setting.record
    if is_dataclass(setting.default):
        problems = Problems()
        changes = _given(settings(record), table, setting.name, place, nested, problems)
        problems.tell()
        with place.named():
            return replace(setting.default, **changes)
    arguments = converted_arguments(record, table, setting.name, place, nested)
    with place.named():
        return record(**arguments)


def _fitting(value: Any, setting: Setting, kind: str) -> Any:
    """The value as the first of the setting's types that it fits."""
    if isinstance(value, Mapping) and value.get("kind") == "file" and {Quantity, float, complex} & set(setting.types):
        return _from_table(value, setting, kind)
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


def _from_table(value: Mapping[str, Any], setting: Setting, kind: str) -> FromTable:
    """Values of each neuron's own from a table, of the dimension that the setting has."""
    known, problems = settings(FromTable), Problems()
    table = {name: item for name, item in value.items() if name != "kind"}
    missing = [name for name, one in known.items() if one.required and name not in table]
    if missing:
        raise ValueError(f"{dict(value)!r} also needs {', '.join(missing)}")
    found = FromTable(**_given(known, table, "a table of neurons", Place(""), {}, problems))
    problems.tell()
    like = setting.default if isinstance(setting.default, Quantity) else setting.unit
    unit = parse_quantity(f"1 {found.unit}".strip())
    _check_dimension(f"1 {found.unit}".strip(), unit.dim, like, kind)
    return found


def _none(value: Any, *_: Any) -> None:
    raise ValueError(f"{value!r} cannot be used; leave the setting out for none")


def _quantity(value: Any, member: Any, setting: Setting, kind: str) -> Quantity | PerNeuron | str:
    """Quantity, or what is drawn, of the dimension of the default; functions that draw values themselves get the text."""
    like = setting.default if isinstance(setting.default, Quantity) else setting.unit
    if setting.takes_distribution and isinstance(value, str) and is_start(value):
        return value  # it may name constants that only the model knows
    if isinstance(value, str) and is_drawn(value):
        _check_dimension(value, dimension_of(value), like, kind)
        return value if setting.takes_distribution else PerNeuron(value)
    quantity = parse_quantity(value)
    _check_dimension(value, quantity.dim, like, kind)
    return quantity


def _check_dimension(value: Any, found: Dimension, like: Quantity | None, kind: str) -> None:
    if like is not None and found is not like.dim:
        example = format_quantity(Quantity(1.0, dim=like.dim) if like.ndim or not float(np.asarray(like)) else like)
        raise ValueError(f"'{value}' is a {dimension_name(found)}; {kind} needs a {dimension_name(like)} such as '{example}'")


def _number(value: Any, member: Any, setting: Setting, kind: str) -> float | Quantity:
    """SI number in the unit that the annotation names; where that leaves the unit open, a quantity stays one."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        raise ValueError(f"{value!r} is not a number")
    quantity = parse_quantity(value)
    if setting.unit_is_open:
        return quantity
    _check_dimension(value, quantity.dim, Quantity(1.0) if setting.unit is None else setting.unit, kind)
    return float(np.asarray(quantity))


def _array(value: Any, member: Any, setting: Setting, kind: str) -> Any:
    """Numbers, nested lists of numbers, a quantity, or what is drawn."""
    if isinstance(value, str) and is_drawn(value):
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


def _path(value: Any, *_: Any) -> Path:
    return Path(_text(value))


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
    """Table of constants or start values: quantities, numbers, what is drawn; or of texts, where the annotation says so."""
    entries = _mapping(value)
    if get_args(member)[1:] == (str,):
        return {name: _text(entry) for name, entry in entries.items()}
    loose = replace(setting, annotation=Annotated[Quantity, Drawn()] if setting.takes_distribution else Quantity, default=None)
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
    Path: _path,
    Literal: _option,
    list: _items,
    tuple: _items,
    Sequence: _items,
    Mapping: _table,
    dict: _table,
}
