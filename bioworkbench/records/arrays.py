"""Checks of arrays and numbers that many modules share; each raises ``ValueError`` naming the value and the rule."""

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

__all__ = [
    "Booleans",
    "Floats",
    "Indices",
    "Integers",
    "as_indices",
    "count",
    "extent",
    "finite",
    "fraction",
    "non_negative",
    "positive",
    "shaped",
]

Booleans = NDArray[np.bool_]
Floats = NDArray[np.float64]
Indices = NDArray[np.int32]
Integers = NDArray[np.int64]
_Number = TypeVar("_Number", float, Any)  # one, or an array of them


def extent(indices: NDArray[np.integer], known: int | None = None) -> int:
    """Places that `indices` (n,) count, from 0 to the largest of them; `known` where somebody says how many there are."""
    return 1 + int(indices.max(initial=0)) if known is None else known


def positive(name: str, value: _Number) -> _Number:
    """Return `value`, a number or an array, if it is finite and above 0; else raise a ValueError that calls it `name`."""
    return _within(name, value, lambda given: np.isfinite(given) & (given > 0), "be a finite number above 0")


def non_negative(name: str, value: _Number) -> _Number:
    """Return `value`, a number or an array, if it is finite and 0 or more; else raise a ValueError that calls it `name`."""
    return _within(name, value, lambda given: np.isfinite(given) & (given >= 0), "be a finite number, 0 or more")


def fraction(name: str, value: _Number) -> _Number:
    """Return `value`, a number or an array, if it lies in [0, 1]; else raise a ValueError that calls it `name`."""
    return _within(name, value, lambda given: (given >= 0) & (given <= 1), "lie between 0 and 1")


def _within(name: str, value: _Number, rule: Callable[[np.ndarray], Any], words: str) -> _Number:
    """The `value` if all of its numbers follow a `rule`; of an array, the message has the first that does not."""
    given = np.asarray(value)
    if given.dtype.kind not in "biuf":  # text, None and mixtures, on which NumPy has no word of the name
        raise ValueError(f"{name} = {value!r}: must {words}")
    if not np.all(good := rule(given)):
        shown = value if isinstance(value, int | float) else given[~good].ravel().tolist()[0]
        raise ValueError(f"{name} = {shown}: must {words}")
    return value


def count(name: str, value: int, least: int = 1) -> int:
    """Return `value` if it is an integer of at least `least`; else raise a ValueError that calls it `name`."""
    if isinstance(value, bool) or not isinstance(value, int | np.integer) or value < least:
        raise ValueError(f"{name} = {value!r}: must be an integer, {least} or more")
    return int(value)


def finite(name: str, values: ArrayLike) -> Floats:
    """Return the values as floats if none is NaN or infinite.

    Parameters
    ----------
    name : str
        Of the values, for messages.
    values : array of any shape

    Returns
    -------
    float array
        Of the same shape; the array itself where it holds floats already.

    Raises
    ------
    ValueError
        If a value is not a number or not finite; the message names the first one.
    """
    try:
        array = np.asarray(values, dtype=float)
    except (TypeError, ValueError) as error:
        raise ValueError(f"{name} is not a rectangular array of numbers: {error}") from error
    bad = ~np.isfinite(array)
    if bad.any():
        first = tuple(int(k) for k in np.argwhere(bad)[0])
        what = "1 value that is" if bad.sum() == 1 else f"{bad.sum()} values that are"
        raise ValueError(f"{name} has {what} not finite, the first at {first}: {array[first]}")
    return array


def shaped(name: str, array: NDArray, shape: Sequence[int | None]) -> NDArray:
    """Return the array if it has a shape.

    Parameters
    ----------
    name : str
        Of the array, for messages.
    array : array
    shape : sequence of int or None
        Length of each dimension; None stands for any length.

    Returns
    -------
    array
        The same one.

    Raises
    ------
    ValueError
        If a dimension is missing, is one too many, or has another length.
    """
    fits = array.ndim == len(shape) and all(want in (None, got) for want, got in zip(shape, array.shape, strict=True))
    if not fits:
        wanted = ", ".join("any" if want is None else str(want) for want in shape)
        raise ValueError(f"{name} has shape {array.shape}; it must be ({wanted})")
    return array


def as_indices(name: str, values: Any, below: int = 2**31 - 1) -> Indices:
    """Return the values as a list of 32-bit integers, none of them negative.

    Parameters
    ----------
    name : str
        For messages.
    values : array (n,)
    below : int
        What all must be below.

    Returns
    -------
    int32 array (n,)

    Raises
    ------
    ValueError
        If they are not integers, in more than one dimension, negative, or too large.
    """
    array = np.asarray(values)
    if array.size and array.dtype.kind not in "iu":
        raise ValueError(f"{name} have the type {array.dtype}; indices are integers")
    if array.ndim != 1:
        raise ValueError(f"{name} have shape {array.shape}; a list is needed")
    if array.size and (array.min() < 0 or array.max() >= below):
        raise ValueError(f"{name} go from {array.min()} to {array.max()}; they must lie between 0 and {below - 1}")
    return array.astype(np.int32, copy=False)
