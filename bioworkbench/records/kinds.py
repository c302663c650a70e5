"""Checks of the kind of what a function or record is given; each raises ``ValueError`` naming the field, the value and the rule."""

from collections.abc import Iterable, Mapping
from typing import Any, TypeVar

__all__ = ["check_fields", "check_kind", "several"]

_LONGEST = 60  # characters of a value in a message

Value = TypeVar("Value")


def check_kind(name: str, value: Any, kinds: type[Value] | tuple[type[Value], ...], rule: str) -> Value:
    """Return a value if it is of a kind.

    Parameters
    ----------
    name : str
        Of the field, for messages.
    value
    kinds : type or tuple of types
    rule : str
        What the value must be, in words.

    Returns
    -------
    object
        The same value.

    Raises
    ------
    ValueError
        If it is of another kind.

    Examples
    --------
    >>> check_kind("model of population 'exc'", "noisy_lif", int, "be a NeuronModel")
    Traceback (most recent call last):
    ValueError: model of population 'exc' = 'noisy_lif': must be a NeuronModel
    """
    if isinstance(value, kinds):
        return value
    raise ValueError(f"{name} = {_shown(value)}: must {rule}")


def check_fields(record: Any, *, texts: Iterable[str], mappings: Iterable[str]) -> None:
    """Check fields of a record that are written in Brian2's language, and those that give values to names in it.

    Parameters
    ----------
    record
    texts : iterable of str
        Names of fields that hold a text.
    mappings : iterable of str
        Names of fields that map names to values.

    Raises
    ------
    ValueError
        If one holds something else, or a key is no text.

    Examples
    --------
    >>> from types import SimpleNamespace
    >>> check_fields(SimpleNamespace(reset=None), texts=["reset"], mappings=[])
    Traceback (most recent call last):
    ValueError: reset = None: must be a text
    """
    for name in texts:
        check_kind(name, getattr(record, name), str, "be a text")
    for name in mappings:
        given = check_kind(name, getattr(record, name), Mapping, "be a mapping from names to values, such as {'tau': 20 * ms}")
        for key in given:
            check_kind(f"a name in {name}", key, str, "be a text")


def several(name: str, values: Any, kinds: type[Value] | tuple[type[Value], ...], rule: str) -> tuple[Value, ...]:
    """Return values as a tuple if each is of a kind; a single one is not taken for a list of one.

    Parameters
    ----------
    name : str
        Of the field, for messages.
    values : iterable
    kinds : type or tuple of types
    rule : str
        What the list must be, in words.

    Returns
    -------
    tuple

    Raises
    ------
    ValueError
        If it is a single value, a text or no list at all, or if one of the values is of another kind.

    Examples
    --------
    >>> several("record", "exc.v", str, "be a list of names, such as ['exc.v']")
    Traceback (most recent call last):
    ValueError: record = 'exc.v': must be a list of names, such as ['exc.v']
    """
    single = (str, *kinds) if isinstance(kinds, tuple) else (str, kinds)
    if isinstance(values, single) or not isinstance(values, Iterable):
        raise ValueError(f"{name} = {_shown(values)}: must {rule}")
    try:
        given = tuple(values)
    except TypeError:  # arrays without dimensions pass for iterable
        raise ValueError(f"{name} = {_shown(values)}: must {rule}") from None
    for value in given:
        if not isinstance(value, kinds):
            raise ValueError(f"{name} holds {_shown(value)}; it must {rule}")
    return given


def _shown(value: Any) -> str:
    """The value on one line; what is long, such as an array, by its type."""
    text = " ".join(repr(value).split())
    return text if len(text) <= _LONGEST else f"a {type(value).__name__}"
