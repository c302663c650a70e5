"""Functions that are imported when they are asked for or called, so that to know their names costs nothing."""

from collections import UserDict
from collections.abc import Callable, Mapping, Sequence
from importlib import import_module
from typing import Any

__all__ = ["Lazily", "facade", "homes_within", "later", "pointed_to"]


class Lazily(UserDict[str, Any]):
    """Things by name, each given as itself or as ``"package.module:name"`` and then imported on its first use.

    Parameters
    ----------
    targets : mapping from name to text or object

    Examples
    --------
    >>> table = Lazily({"root": "math:sqrt"})
    >>> list(table), table["root"](9.0)
    (['root'], 3.0)
    """

    def __getitem__(self, name: str) -> Any:
        """What stands for the name; KeyError if there is nothing."""
        target = self.data[name]
        if isinstance(target, str):
            target = self.data[name] = pointed_to(target)
        return target


def pointed_to(target: str) -> Any:
    """What a text names, its module imported.

    Parameters
    ----------
    target : str
        ``"package.module:name"``.

    Returns
    -------
    object
    """
    module, _, attribute = target.partition(":")
    return getattr(import_module(module), attribute)


def later(target: str) -> Callable[..., Any]:
    """A function that stands for another one, and imports it when it is called.

    Parameters
    ----------
    target : str
        ``"package.module:name"``.

    Returns
    -------
    callable

    Examples
    --------
    >>> later("math:sqrt")(9.0)
    3.0
    """

    def called(*arguments: Any, **settings: Any) -> Any:
        return pointed_to(target)(*arguments, **settings)

    return called


def homes_within(package: str, homes: Mapping[str, Sequence[str]]) -> dict[str, str]:
    """Where each name is, from the names in each module of a package.

    Parameters
    ----------
    package : str
    homes : mapping from module to sequence of str

    Returns
    -------
    dict from name to ``"package.module:name"``

    Examples
    --------
    >>> homes_within("xml", {"dom.minidom": ("parse",)})
    {'parse': 'xml.dom.minidom:parse'}
    """
    return {name: f"{package}.{module}:{name}" for module, names in homes.items() for name in names}


def facade(package: str, targets: Mapping[str, str]) -> tuple[Callable[[str], Any], Callable[[], list[str]]]:
    """``__getattr__`` and ``__dir__`` of a package whose public names are imported when they are first used.

    Parameters
    ----------
    package : str
    targets : mapping from name to ``"package.module:name"``

    Returns
    -------
    callable (name) -> object, and callable () -> list of str
    """

    def get(name: str) -> Any:
        if name in targets:
            return pointed_to(targets[name])
        raise AttributeError(f"module '{package}' has no attribute '{name}'")

    return get, lambda: sorted({*vars(import_module(package)), *targets})
