"""Importing for a command, without what Brian2 and igraph would bring along for interactive work.

``import brian2`` imports Matplotlib's pylab and pytest where they are installed, to offer their names, Matplotlib to ask for its version,
and what its Cython target needs; it does without where they are not there. With ``from numpy import *``, Brian2 and SciPy also import parts
of NumPy that nothing here uses. No command uses these names, and only the backend "cython" needs Cython, which it then brings itself; they
take half of the time.
``import igraph`` imports Matplotlib, to draw with, which takes as long as igraph, networkx and numba together.
"""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from types import ModuleType

__all__ = ["imported", "imported_undrawn"]

_INTERACTIVE = ("matplotlib", "pylab", "pytest")
_COMPILING = (
    "Cython",
    *(("setuptools",) if sys.version_info < (3, 12) else ()),
)  # later on, distutils are found in setuptools alone
_OF_NUMPY = ("f2py", "testing")


def imported(module: str, *, compiles: bool = False) -> ModuleType:
    """A module that needs Brian2, which is imported before it as if what Brian2 can do without were not installed.

    Parameters
    ----------
    module : str
    compiles : bool
        Whether code that is not of this package may use Brian2's Cython target.

    Returns
    -------
    module
    """
    with _hidden(_INTERACTIVE if compiles else (*_INTERACTIVE, *_COMPILING)), _left_out(_OF_NUMPY):
        import_module("brian2")
        import_module("bioworkbench.records.units")  # which undoes what Brian2 did to hooks and signals
        import_module("scipy.sparse")
    return import_module(module)


def imported_undrawn(module: str) -> ModuleType:
    """A module that draws later on, if at all, imported as if Matplotlib were not installed.

    Parameters
    ----------
    module : str

    Returns
    -------
    module
    """
    with _hidden(("matplotlib",)):
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


@contextmanager
def _left_out(names: tuple[str, ...]) -> Iterator[None]:
    """Have ``from numpy import *`` find None for some parts of NumPy, which it would import to offer them."""
    np = import_module("numpy")  # not at the top: help does without
    absent = [name for name in names if name not in vars(np)]
    for name in absent:
        setattr(np, name, None)
    try:
        yield
    finally:
        for name in absent:
            if getattr(np, name) is None:  # otherwise somebody inside has imported it
                delattr(np, name)
