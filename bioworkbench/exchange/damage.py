"""What readers raise on damaged files, as an error that names the file."""

from collections.abc import Iterator
from contextlib import contextmanager

from bioworkbench.records.errors import ResultError

__all__ = ["DAMAGE", "damage_told"]

DAMAGE = (OSError, KeyError, ValueError, TypeError, IndexError, AttributeError, RuntimeError, ArithmeticError, MemoryError)
"""What reading a file of another layout, or half of one, can end in."""


@contextmanager
def damage_told(what: str) -> Iterator[None]:
    """Turn what a damaged file raises inside into a ResultError that begins with `what`; errors that say more stay as they are."""
    try:
        yield
    except ResultError:
        raise
    except DAMAGE as error:
        raise ResultError(f"{what}: {error}") from error
