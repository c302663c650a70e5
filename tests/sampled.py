"""Long lists of like cases: some run by default, and all of them in CI, which adds `-m thorough`."""

from collections.abc import Callable, Iterable
from typing import Any

import pytest


def every(n: int, cases: Iterable[Any], name: Callable[[Any], str] = str) -> list[Any]:
    """Parameters of a test: every n-th case (the first among them) runs by default, the others are marked thorough."""
    return [pytest.param(case, marks=pytest.mark.thorough if k % n else (), id=name(case)) for k, case in enumerate(cases)]
