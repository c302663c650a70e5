"""Texts of statements, line by line."""

import re
from collections.abc import Iterator

__all__ = ["lines"]


def lines(text: str) -> Iterator[str]:
    """Statements of `text`, without empty lines and comments."""
    return (line.strip() for line in re.split(r"[;\n]", text) if line.strip() and not line.strip().startswith("#"))
