"""Importing for a command, without what Brian2 would bring along for interactive work.

``import brian2`` imports Matplotlib's pylab and pytest where they are installed, to offer their names, and what its Cython target needs; it
does without where they are not. No command uses these names, and most compile nothing; they take half of the time.
"""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from types import ModuleType

__all__ = ["imported"]

_INTERACTIVE = ("pylab", "pytest")
_COMPILING = (
    "Cython",
    *(("setuptools",) if sys.version_info < (3, 12) else ()),
)  # later on, distutils are found in setuptools alone


def imported(module: str, *, compiles: bool = False) -> ModuleType:
    """A module, imported as if what Brian2 can do without were not installed.

    Parameters
    ----------
    module : str
    compiles : bool
        Whether Brian2's Cython target may be used.

    Returns
    -------
    module
    """
    with _hidden(_INTERACTIVE if compiles else (*_INTERACTIVE, *_COMPILING)):
        return import_module(module)


@contextmanager
def _hidden(names: tuple[str, ...]) -> Iterator[None]:
    """Have imports of some modules fail inside; those that are there already stay."""
    absent = [name for name in names if name not in sys.modules]
    for name in absent:
        sys.modules[name] = None  # pyright: ignore[reportArgumentType]  which stands for "not to be found"
    try:
        yield
    finally:
        for name in absent:
            del sys.modules[name]
