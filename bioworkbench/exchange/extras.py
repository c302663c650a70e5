"""Packages that only some formats need."""

from importlib import import_module
from typing import Any

from bioworkbench.records.errors import ResultError

__all__ = ["extra"]


def extra(package: str) -> Any:
    """The package, imported.

    Parameters
    ----------
    package : str
        Its name, such as "neo".

    Returns
    -------
    module

    Raises
    ------
    ResultError
        If it is not installed.
    """
    try:
        return import_module(package)
    except ModuleNotFoundError as error:
        message = f'{package} is needed here and is not installed ({error}); pip install "bioworkbench[exchange]"'
        raise ResultError(message, missing=package) from error
