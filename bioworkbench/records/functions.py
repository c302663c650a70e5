"""Functions by the name that a spec gives them: our own, those that installed packages share, and those that the user allows.

A spec may come from anyone, so a name in it imports nothing but what somebody on this machine has chosen: an installed package that
shares a function (entry point group ``bioworkbench``), or a package that is allowed by name. A script simply passes the function itself.
"""

import hashlib
import os
import re
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import is_dataclass
from functools import cache
from importlib import import_module
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from typing import Any

from bioworkbench.records.errors import described
from bioworkbench.records.lazily import Lazily

__all__ = ["ALLOWED", "GROUP", "Functions", "allow", "by_name", "external_code", "name_of", "shared"]

ALLOWED = "BIOWORKBENCH_PACKAGES"
"""Environment variable that lists the packages from which specs may name functions, with commas between them."""

GROUP = "bioworkbench"
"""Entry point group; an entry is named by kind and name, such as ``neurons.my_cell``."""

_TARGET = re.compile(r"[A-Za-z]\w*(\.[A-Za-z]\w*)*:[A-Za-z]\w*", re.ASCII)
_found: dict[str, str] = {}  # module of every function from elsewhere that has been looked up, by the name that asked for it


class Functions(Lazily):
    """Functions of a kind by name.

    Every place that takes a name of the kind also takes ``"package.module:name"`` of an allowed package, and a function itself.

    Parameters
    ----------
    kind : str
        One of ``experiment.spec.kinds.HOMES``, such as "neurons".
    targets : mapping from name to function, or to ``"package.module:name"``
        Our own.

    Examples
    --------
    >>> table = Functions("roots", {"square": "math:sqrt"})
    >>> table["square"](9.0), table[abs](-2.0), "cubic" in table
    (3.0, 2.0, False)
    """

    def __init__(self, kind: str, targets: Mapping[str, Any]) -> None:
        self.kind = kind
        super().__init__(targets)

    def __getitem__(self, name: Any) -> Any:
        """The function of that name; KeyError if there is none, ValueError if it may not or cannot be imported."""
        if callable(name):
            return name
        if isinstance(name, str) and ":" in name:
            return _allowed_function(name)
        if name not in self.data and name in shared(self.kind):
            return _shared_function(name, shared(self.kind)[name])
        return super().__getitem__(name)

    def __contains__(self, name: object) -> bool:
        known = isinstance(name, str) and (name in self.data or ":" in name or name in shared(self.kind))
        return known or callable(name)

    def __iter__(self) -> Iterator[str]:
        yield from self.data
        yield from (name for name in shared(self.kind) if name not in self.data)

    def __len__(self) -> int:
        return len(list(iter(self)))


def by_name(given: Mapping[str, Any] | Iterable[Any]) -> dict[str, Any]:
    """Names and functions by name.

    Parameters
    ----------
    given : mapping from name to function, or iterable of names and functions
        A name of ours stands for itself, a function for the name that it was defined with.

    Returns
    -------
    dict

    Raises
    ------
    ValueError
        If two functions have the same name.

    Examples
    --------
    >>> by_name(["clustering", abs])
    {'clustering': 'clustering', 'abs': <built-in function abs>}
    """
    if isinstance(given, Mapping):
        return dict(given)
    found: dict[str, Any] = {}
    for one in given:
        name = one if isinstance(one, str) else str(getattr(one, "__name__", one))
        if callable(one) and name in found:
            raise ValueError(f"two functions have the name '{name}'; give a mapping from names of your own to functions")
        found[name] = one
    return found


def name_of(function: str | Callable[..., Any]) -> str:
    """Name of a function, or the name that stands for it.

    Parameters
    ----------
    function : str or callable

    Returns
    -------
    str

    Examples
    --------
    >>> name_of("ridge"), name_of(name_of)
    ('ridge', 'bioworkbench.records.functions:name_of')
    """
    if isinstance(function, str):
        return function
    return f"{getattr(function, '__module__', '')}:{getattr(function, '__qualname__', repr(function))}"


def allow(packages: Iterator[str] | list[str]) -> None:
    """Let specs name functions of these packages too, in this process and in those that it starts.

    Parameters
    ----------
    packages : iterable of str
    """
    os.environ[ALLOWED] = ",".join(dict.fromkeys([*_allowed_packages(), *packages]))


def _allowed_packages() -> list[str]:
    return [name.strip() for name in os.environ.get(ALLOWED, "").split(",") if name.strip()]


def _is_inside(module: str, packages: list[str]) -> bool:
    return any(module == package or module.startswith(f"{package}.") for package in packages)


def _allowed_function(target: str) -> Callable[..., Any]:
    """The function that a text names, if its package is allowed."""
    if not _TARGET.fullmatch(target):
        raise ValueError(f"{target!r}: a function of a package is written package.module:function")
    module, _, name = target.partition(":")
    if not _is_inside(module, _allowed_packages()):
        package = module.partition(".")[0]
        raise ValueError(
            f"'{target}' is not imported, because specs may come from anyone; if you trust the package, allow it: "
            f"bioworkbench --allow {package} ..., or {ALLOWED}={package}"
        )
    found = _loaded(target, lambda: getattr(import_module(module), name))
    if not _is_record(found) and not _is_inside(str(getattr(found, "__module__", "")), _allowed_packages()):
        raise ValueError(f"'{target}' is {found!r}, which another package defines; name it where it is defined")
    _found[target] = module
    return _function(target, found)


@cache
def _entries() -> Mapping[str, EntryPoint]:
    return {entry.name: entry for entry in entry_points(group=GROUP)}


def shared(kind: str) -> dict[str, EntryPoint]:
    """What installed packages share of a kind, by name.

    Parameters
    ----------
    kind : str

    Returns
    -------
    dict from name to entry point
    """
    return {name.removeprefix(f"{kind}."): entry for name, entry in _entries().items() if name.startswith(f"{kind}.")}


def _shared_function(name: str, entry: EntryPoint) -> Callable[..., Any]:
    found = _loaded(f"{name}' of '{entry.value}", entry.load)
    _found[name] = entry.module
    return _function(name, found)


def _loaded(what: str, load: Callable[[], Any]) -> Any:
    """What a load gives; whatever goes wrong in it becomes a ValueError."""
    try:
        return load()
    except AttributeError as error:
        raise ValueError(f"'{what}' does not exist: {error}") from error
    except ImportError as error:
        raise ValueError(
            f"'{what}' cannot be imported ({error}); install its package, or put its folder into PYTHONPATH"
        ) from error
    except Exception as error:
        raise ValueError(f"'{what}' cannot be imported: {described(error)}") from error


def _is_record(found: Any) -> bool:
    return is_dataclass(found) and not isinstance(found, type)


def _function(name: str, found: Any) -> Callable[..., Any]:
    """A function as it is, and a record as a function without settings that gives it."""
    if _is_record(found):
        return lambda: found
    if not callable(found):
        raise ValueError(f"'{name}' is {found!r}; it must be a function or a record")
    return found


def external_code(name: Any) -> str:
    """Checksum of the file of a function from elsewhere, which is part of what a run was; empty for our own.

    Parameters
    ----------
    name : str
        That has been looked up in this process.

    Returns
    -------
    str
        SHA-256, in hexadecimal digits.
    """
    module = sys.modules.get(_found.get(name, "")) if isinstance(name, str) else None
    file = Path(str(getattr(module, "__file__", None)))
    return hashlib.sha256(file.read_bytes()).hexdigest() if file.is_file() else ""
