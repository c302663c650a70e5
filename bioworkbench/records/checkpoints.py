"""Checkpoints: files from which an interrupted training goes on. They are whole whenever they exist, and know what they are of."""

import json
import os
import re
import zipfile
import zlib
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from bioworkbench.records.arrays import Floats
from bioworkbench.records.errors import ResultError
from bioworkbench.records.functions import name_of

__all__ = ["check_checkpoint", "moments_of", "read_checkpoint", "told_settings", "write_checkpoint"]

_TOLD, _START = "told", "start"
_RELATIVE, _ABSOLUTE = 1e-4, 1e-6  # another machine may round a mean otherwise; other starts and other trials are further off


def told_settings(**settings: Any) -> dict[str, str]:
    """Settings as text, those of records one by one, but for the name of the checkpoint.

    Parameters
    ----------
    **settings

    Returns
    -------
    dict of str
        By dotted name, as in specs.

    Examples
    --------
    >>> from bioworkbench.records.optimization import Images
    >>> told_settings(images=Images((8, 8, 1)), sparsity=0.5)["images.shape"]
    '(8, 8, 1)'
    """
    told: dict[str, str] = {}
    for name, value in settings.items():
        if is_dataclass(value) and not isinstance(value, type):
            own = {f"{name}.{field.name}": getattr(value, field.name) for field in fields(value) if field.name != "checkpoint"}
            told |= {dotted: _text(one) for dotted, one in own.items()}
        else:
            told[name] = _text(value)
    return told


def _text(value: Any) -> str:
    # where a function lies in memory is another place in every process
    return name_of(value) if callable(value) else re.sub(r" at 0x[0-9a-f]+", "", repr(value))


def moments_of(arrays: list[ArrayLike]) -> Floats:
    """Mean and mean size of `arrays`, one after another, (2 * n_arrays,): by these a start is known again."""
    given = [np.asarray(array) for array in arrays]
    return np.array(
        [float(f(one)) if one.size else 0.0 for one in given for f in (np.mean, lambda values: np.mean(np.abs(values)))]
    )


def check_checkpoint(path: str | os.PathLike | None) -> None:
    """Raise ValueError if the folder of a checkpoint at `path` is missing."""
    if path is not None and not (folder := Path(path).absolute().parent).is_dir():
        raise ValueError(f"checkpoint = '{path}': folder {folder} is missing; make it, or name another file")


def read_checkpoint(path: str | os.PathLike | None, told: Mapping[str, str], start: Floats) -> dict[str, np.ndarray] | None:
    """Arrays that a training saved; None where it has not begun, or saves nothing.

    Parameters
    ----------
    path : path or None
        Whose folder must exist.
    told : mapping of str
        The settings of this training; see `told_settings`.
    start : array (n,)
        Moments of what it starts from; see `moments_of`.

    Returns
    -------
    dict of arrays, or None

    Raises
    ------
    ValueError
        If the folder is missing, the file is damaged or is none of these, or it is of a training with other settings, another start or
        other trials.
    """
    if path is None:
        return None
    check_checkpoint(path)
    where = f"checkpoint = '{path}'"
    if not Path(path).exists():
        return None
    saved = _read(path, where)
    if _TOLD not in saved or _START not in saved:
        raise ValueError(f"{where} is not the file of a training; name another one")
    _check_told(where, json.loads(str(saved.pop(_TOLD))), told)
    found = saved.pop(_START)
    if found.shape != start.shape or not np.allclose(found, start, rtol=_RELATIVE, atol=_ABSOLUTE):
        raise ValueError(f"{where} holds a training of another network or other trials; remove it, or name another file")
    return saved


def _read(path: str | os.PathLike, where: str) -> dict[str, np.ndarray]:
    try:
        with np.load(path, allow_pickle=False) as file:
            return {name: file[name] for name in file.files}
    except (zipfile.BadZipFile, zlib.error, OSError, EOFError, ValueError, KeyError, TypeError) as error:
        raise ValueError(f"{where} cannot be read: {error}; remove it, or name another file") from error


def _check_told(where: str, there: Mapping[str, str], here: Mapping[str, str]) -> None:
    other = [name for name in {**here, **there} if here.get(name) != there.get(name)]
    if other:
        first = other[0]
        raise ValueError(
            f"{where} holds a training with {first} = {there.get(first)}, and {here.get(first)} is asked for; remove it, or name another "
            "file"
        )


def write_checkpoint(path: str | os.PathLike | None, arrays: Mapping[str, Any], told: Mapping[str, str], start: Floats) -> None:
    """Write a file that is complete whenever it exists; nothing without a path.

    Parameters
    ----------
    path : path or None
    arrays : mapping of arrays
        What the training needs to go on.
    told, start
        As of `read_checkpoint`.

    Raises
    ------
    ResultError
        If it cannot be written.
    """
    if path is None:
        return
    unfinished = Path(path).with_name(Path(path).name + ".unfinished")
    try:
        with unfinished.open("wb") as file:
            np.savez(file, **{**arrays, _TOLD: np.array(json.dumps(dict(told))), _START: start})
        os.replace(unfinished, path)
    except OSError as error:
        raise ResultError(f"checkpoint = '{path}' cannot be written: {error}") from error
