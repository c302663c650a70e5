"""Where the files are that specs name: below the folder in which the program runs, else below that of the data."""

import os
from pathlib import Path

from bioworkbench.records.errors import ResultError

__all__ = ["existing_file", "found_file"]


def found_file(file: str | Path) -> Path | None:
    """Path of an existing file.

    Parameters
    ----------
    file : str or path
        Relative to the folder in which the program runs, or to the one that the environment variable BIOWORKBENCH_DATA names.

    Returns
    -------
    Path or None
        None where there is no such file.
    """
    path, data = Path(file), os.environ.get("BIOWORKBENCH_DATA")
    places = [path, *([Path(data) / path] if data and not path.is_absolute() else [])]
    return next((place for place in places if place.is_file()), None)


def existing_file(file: str | Path, error: type[Exception] = ResultError) -> Path:
    """Path of a file that must be there.

    Parameters
    ----------
    file : str or path
        As in `found_file`.
    error : type of exception
        What is raised where there is none.

    Returns
    -------
    Path

    Raises
    ------
    ResultError, or `error`
        If there is no such file.
    """
    path = found_file(file)
    if path is None:
        raise error(
            f"file = '{file}' is not a file; paths are relative to the folder in which the program runs, or to BIOWORKBENCH_DATA"
        )
    return path
