"""Texts of statements, line by line."""

import re
from collections.abc import Container, Iterator

__all__ = ["lines", "unused_names"]

_WORD = re.compile(r"[A-Za-z_]\w*")
_ASSIGNMENT = re.compile(r"([A-Za-z_]\w*)\s*(?:\*\*|//|[-+*/%])?=(?!=)(.*)")


def lines(text: str) -> Iterator[str]:
    """Statements of `text`, without empty lines and comments."""
    return (line.strip() for line in re.split(r"[;\n]", text) if line.strip() and not line.strip().startswith("#"))


def unused_names(text: str, variables: Container[str]) -> dict[str, str]:
    """Names that statements set and that are neither variables nor read by a statement: to set them does nothing.

    Parameters
    ----------
    text : str
    variables : container of str
        Names that keep what they are set to.

    Returns
    -------
    dict from name to statement

    Examples
    --------
    >>> unused_names("half = v/2; v = half; w = 2*mV", {"v"})
    {'w': 'w = 2*mV'}
    """
    found = [match for line in lines(text) if (match := _ASSIGNMENT.match(line.partition("#")[0].strip()))]
    read = {word for match in found for word in _WORD.findall(match[2])}
    return {match[1]: match[0] for match in found if match[1] not in read and match[1] not in variables}
