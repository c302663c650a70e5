"""A function's signature is its schema: its settings with type, default, unit and description.

Settings are the keyword-only parameters of a function, and all fields of a record that groups settings. Types, units and defaults come
from the signature (see `bioworkbench.records.annotations`), descriptions from the numpydoc section "Parameters".
"""

import inspect
import types
import typing
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, is_dataclass
from functools import cached_property, lru_cache
from typing import Annotated, Any

from numpy.typing import ArrayLike

from bioworkbench.records.annotations import Condition, Drawn, Unit
from bioworkbench.records.choice import Choice
from bioworkbench.records.docstrings import parameter_texts, section
from bioworkbench.records.units import Quantity, parse_quantity

__all__ = ["Setting", "references", "settings"]


@dataclass(frozen=True)
class Setting:
    """One setting of a function.

    Parameters
    ----------
    name : str
    annotation : type
    default : object
        ``inspect.Parameter.empty`` for a setting that must be given.
    type_text, text : str
        Type slot and description in the docstring; empty without one.
    """

    name: str
    annotation: Any
    default: Any
    type_text: str = ""
    text: str = ""

    @property
    def required(self) -> bool:
        """Whether it must be given."""
        return self.default is inspect.Parameter.empty

    @cached_property
    def types(self) -> tuple[Any, ...]:
        """Members of the annotation, unions taken apart."""
        return tuple(_members(self.annotation))

    @cached_property
    def record(self) -> Any:
        """The record that groups further settings, where this setting is one; `Choice` is none, it names a function."""
        return next((member for member in self.types if is_dataclass(member) and member is not Choice), None)

    def is_choice(self, value: Any) -> bool:
        """Whether a `value` of the spec names a function: for settings that are times too, tables alone do."""
        return Choice in self.types and (isinstance(value, Mapping) or float not in self.types)

    @cached_property
    def marks(self) -> tuple[Any, ...]:
        """What the annotation says beyond the types."""
        return tuple(_marks(self.annotation))

    @cached_property
    def unit(self) -> Quantity | None:
        """Unit of a plain number; None if the annotation names none."""
        named = (mark.name for mark in self.marks if isinstance(mark, Unit) and mark.name)
        return next((parse_quantity(f"1 {name}") for name in named), None)

    @cached_property
    def takes_distribution(self) -> bool:
        """Whether the function itself understands a distribution such as ``"uniform(-70 mV, -50 mV)"``."""
        if Condition() in self.marks:
            return False
        return Drawn() in self.marks or (str in self.types and complex not in self.types)

    @cached_property
    def unit_is_open(self) -> bool:
        """Whether the unit depends on something else, as that of a weight does."""
        return Unit() in self.marks


def _members(annotation: Any) -> list[Any]:
    if annotation is ArrayLike:  # a union with complex in it, or from NumPy 2.5 on an alias that does not show its members
        return [complex]
    if typing.get_origin(annotation) is Annotated:
        return _members(typing.get_args(annotation)[0])
    if typing.get_origin(annotation) in (typing.Union, types.UnionType):
        return [member for part in typing.get_args(annotation) for member in _members(part)]
    return [] if typing.get_origin(annotation) is Callable else [annotation]  # which scripts may pass, and specs cannot


def _marks(annotation: Any) -> Iterator[Any]:
    """Marks of an annotation and of the members of a union."""
    if typing.get_origin(annotation) is Annotated:
        yield from annotation.__metadata__
        yield from _marks(typing.get_args(annotation)[0])
    elif typing.get_origin(annotation) in (typing.Union, types.UnionType):
        for part in typing.get_args(annotation):
            yield from _marks(part)


@lru_cache(maxsize=512)
def settings(function: Callable[..., Any]) -> Mapping[str, Setting]:
    """Settings of a function by name, in the order of its signature.

    Parameters
    ----------
    function : callable or record
        Every keyword-only parameter is a setting; of a record, every field.

    Returns
    -------
    mapping from name to Setting

    Examples
    --------
    >>> def decay(value, *, tau: float): ...
    >>> list(settings(decay)), settings(decay)["tau"].required
    (['tau'], True)
    """
    hints = typing.get_type_hints(function, include_extras=True)
    described: dict[str, tuple[str, str]] = {}
    for owner in (
        reversed(inspect.getmro(function)) if isinstance(function, type) else [function]
    ):  # a record has what it inherits
        described |= parameter_texts(inspect.cleandoc(owner.__doc__ or ""))
    return {
        name: Setting(name, hints.get(name, Any), parameter.default, *described.get(name, ("", "")))
        for name, parameter in inspect.signature(function).parameters.items()
        if parameter.kind is inspect.Parameter.KEYWORD_ONLY or is_dataclass(function)
    }


def references(function: Callable[..., Any]) -> list[str]:
    """Paragraphs of the section "References" in the docstring of a `function`, each on one line."""
    paragraphs = "\n".join(section(inspect.getdoc(function) or "", "References")).split("\n\n")
    return [" ".join(paragraph.split()) for paragraph in paragraphs if paragraph.strip()]
