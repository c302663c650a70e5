"""A function's signature is its schema: its settings with type, default, unit and description.

Settings are the keyword-only parameters. Types and defaults come from the signature; units and descriptions from the
numpydoc section "Parameters", where a type slot such as ``float, seconds`` names the unit of a plain number.
"""

import inspect
import re
import types
import typing
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Any

from numpy.typing import ArrayLike

from bioworkbench.quantities import Quantity, parse_quantity

__all__ = ["Setting", "first_sentence", "references", "settings"]

_ENTRY = re.compile(r"^(\*{0,2}\w+(?:, *\*{0,2}\w+)*)(?: *: *(.+))?$")


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
    def unit(self) -> Quantity | None:
        """Unit of a plain number as the docstring names it (``float, seconds``); None if it names none."""
        for words in re.findall(r"[A-Za-z]+(?: per [A-Za-z]+)?", self.type_text)[::-1]:
            unit = _unit_in_words(words)
            if unit is not None:
                return unit
        return None

    @property
    def takes_law(self) -> bool:
        """Whether the function itself understands a law such as ``"uniform(-70 mV, -50 mV)"``."""
        return "law" in f"{self.type_text} {self.text}" or (str in self.types and complex not in self.types)

    @property
    def unit_is_open(self) -> bool:
        """Whether the docstring says that the unit depends on something else, as that of a weight does."""
        return self.unit is None and "unit" in f"{self.type_text} {self.text}".lower()


def _members(annotation: Any) -> list[Any]:
    if annotation is ArrayLike:  # a union with complex in it, or from NumPy 2.5 on an alias that does not show its members
        return [complex]
    if typing.get_origin(annotation) in (typing.Union, types.UnionType):
        return [member for part in typing.get_args(annotation) for member in _members(part)]
    return [annotation]


def _unit_in_words(words: str) -> Quantity | None:
    """Unit of "seconds", "hertz" or "volts per second"; None for other words."""
    factors = []
    for word in words.split(" per "):
        factor = next((name for name in (word, word.removesuffix("s")) if len(name) > 2 and _is_unit(name)), None)
        if factor is None:
            return None
        factors.append(factor)
    return parse_quantity(f"1 {'/'.join(factors)}")


def _is_unit(name: str) -> bool:
    try:
        parse_quantity(f"1 {name}")
    except ValueError:
        return False
    return True


@lru_cache(maxsize=512)
def settings(function: Callable[..., Any]) -> Mapping[str, Setting]:
    """Settings of a function by name, in the order of its signature.

    Parameters
    ----------
    function : callable
        Every keyword-only parameter is a setting.

    Examples
    --------
    >>> def decay(value, *, tau: float): ...
    >>> list(settings(decay)), settings(decay)["tau"].required
    (['tau'], True)
    """
    hints = typing.get_type_hints(function)
    described = _described(function)
    return {
        name: Setting(name, hints.get(name, Any), parameter.default, *described.get(name, ("", "")))
        for name, parameter in inspect.signature(function).parameters.items()
        if parameter.kind is inspect.Parameter.KEYWORD_ONLY
    }


def _described(function: Callable[..., Any]) -> dict[str, tuple[str, str]]:
    """Type slot and description of every parameter in a numpydoc docstring."""
    found: dict[str, tuple[str, str]] = {}
    names: list[str] = []
    for line in _section(inspect.getdoc(function) or "", "Parameters"):
        entry = _ENTRY.match(line)
        if entry:
            names = [name.strip().lstrip("*") for name in entry[1].split(",")]
            found |= dict.fromkeys(names, ((entry[2] or "").strip(), ""))
        elif line.startswith("    "):
            found |= {name: (found[name][0], f"{found[name][1]} {line.strip()}".strip()) for name in names}
    return found


def _section(text: str, title: str) -> list[str]:
    """Lines of a numpydoc section, without its title."""
    lines = text.splitlines()
    starts = [k for k in range(len(lines) - 1) if lines[k] == title and lines[k + 1].startswith("---")]
    if not starts:
        return []
    body = lines[starts[0] + 2 :]
    end = next((k for k in range(len(body) - 1) if body[k] and body[k + 1].startswith("---")), len(body))
    return body[:end]


def first_sentence(function: Callable[..., Any]) -> str:
    """First paragraph of a docstring up to its first full stop, on one line."""
    paragraph = (inspect.getdoc(function) or "").split("\n\n")[0].replace("\n", " ")
    return re.split(r"(?<=[.;])\s", paragraph)[0].rstrip(".;")


def references(function: Callable[..., Any]) -> list[str]:
    """Paragraphs of the section "References" in a docstring, each on one line."""
    paragraphs = "\n".join(_section(inspect.getdoc(function) or "", "References")).split("\n\n")
    return [" ".join(paragraph.split()) for paragraph in paragraphs if paragraph.strip()]
