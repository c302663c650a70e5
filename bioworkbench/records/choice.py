"""`Choice`: a function that a spec or a script names, with its arguments."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

__all__ = ["Choice", "Chosen", "choice_of"]


@dataclass(frozen=True)
class Choice:
    """A function chosen by name, with its arguments: what ``{ kind = "ridge" }`` means in a spec.

    Parameters
    ----------
    kind : str or callable
        A name in the table of what is chosen, or the function itself.
    arguments : mapping from parameter to value
    """

    kind: Any
    arguments: Mapping[str, Any] = field(default_factory=dict)


Chosen = Choice | str | Callable[..., Any]
"""What a setting that names a function takes."""


def choice_of(given: Chosen) -> Choice:
    """A choice as it is; a name or a function as a choice without arguments.

    Parameters
    ----------
    given : Choice, str or callable

    Returns
    -------
    Choice

    Examples
    --------
    >>> choice_of("ridge")
    Choice(kind='ridge', arguments={})
    """
    return given if isinstance(given, Choice) else Choice(given)
