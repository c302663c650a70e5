"""Values of settings, and functions that a spec chose with them, in words."""

# pyright: reportArgumentType=false
# Brian2 does not type its quantities

from collections.abc import Mapping
from dataclasses import fields, is_dataclass, replace
from typing import Any, get_args

import numpy as np

from bioworkbench.experiment.spec.kinds import NESTED, Catalog
from bioworkbench.experiment.spec.schema import Setting, settings
from bioworkbench.records.choice import Choice
from bioworkbench.records.functions import name_of
from bioworkbench.records.units import Quantity, format_quantity

__all__ = ["amount", "choice_text"]


def amount(value: Any) -> str:
    """A quantity, number or text in words; of an array how many values there are, and their ends.

    Parameters
    ----------
    value : Quantity, number, array or str

    Returns
    -------
    str
    """
    if isinstance(value, str):
        return value
    array = np.asarray(value, dtype=float)
    if array.ndim:
        low, high = (Quantity(float(f"{end:.4g}"), dim=getattr(value, "dim", None)) for end in (array.min(), array.max()))
        return f"{array.size:,} values from {format_quantity(low)} to {format_quantity(high)}"
    return format_quantity(value) if isinstance(value, Quantity) else f"{float(array):.6g}"


def choice_text(choice: Choice, catalog: Catalog | None = None) -> str:
    """A choice on one line: ``bernoulli(p = 0.1)``; settings at None left out.

    Parameters
    ----------
    choice : Choice
    catalog : mapping from name to function, optional
        Where the function is, whose signature says in which unit a number stands: ``KINDS["topologies"]``.

    Returns
    -------
    str

    Examples
    --------
    >>> from bioworkbench.experiment.spec.kinds import KINDS
    >>> choice_text(Choice("as_current", {"frame": 0.025}), KINDS["encodings"])
    'as_current(frame = 25 ms)'
    """
    known = {} if catalog is None else settings(catalog[choice.kind])
    return _called(name_of(choice.kind), choice.arguments, known)


def _called(name: str, arguments: Mapping[str, Any], known: Mapping[str, Setting]) -> str:
    given = {key: value for key, value in arguments.items() if value is not None}
    inside = ", ".join(f"{key} = {_argument(key, value, known.get(key))}" for key, value in given.items())
    return f"{name}({inside})" if inside else name


def _argument(name: str, value: Any, setting: Setting | None) -> str:
    if isinstance(value, Choice):
        return choice_text(value, NESTED.get(name))
    if is_dataclass(value):
        group = {each.name: getattr(value, each.name) for each in fields(value)}
        return _called(type(value).__name__.lower(), group, settings(type(value)))
    if isinstance(value, tuple | list):
        inside = None if setting is None else _of_items(setting)
        return f"({', '.join(_argument(name, each, inside) for each in value)})"
    if setting is not None and setting.unit is not None and isinstance(value, int | float) and not isinstance(value, bool):
        return format_quantity(Quantity(value, dim=setting.unit.dim))
    return str(value) if isinstance(value, bool | str) else _amount_or_text(value)


def _of_items(setting: Setting) -> Setting:
    """What each item of a list is, where all are of one kind."""
    kinds = {part for member in setting.types for part in get_args(member) if part is not Ellipsis}
    return replace(setting, annotation=kinds.pop()) if len(kinds) == 1 else setting


def _amount_or_text(value: Any) -> str:
    try:
        return amount(value)
    except (TypeError, ValueError, OverflowError):  # integers may be larger than any float
        return str(getattr(value, "text", value))
