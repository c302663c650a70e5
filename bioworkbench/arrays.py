"""Checks of arrays and numbers that many modules share; each raises ``ValueError`` naming the value and the rule."""

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

__all__ = ["Floats", "Integers", "count", "finite", "fraction", "non_negative", "positive", "shaped"]

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]


def positive(name: str, value: float) -> float:
    """Return the number if it is finite and above zero."""
    if not (math.isfinite(value) and value > 0):
        raise ValueError(f"{name} = {value}: must be a finite number above 0")
    return value


def non_negative(name: str, value: float) -> float:
    """Return the number if it is finite and not below zero."""
    if not (math.isfinite(value) and value >= 0):
        raise ValueError(f"{name} = {value}: must be a finite number, 0 or more")
    return value


def fraction(name: str, value: float) -> float:
    """Return the number if it lies in [0, 1]."""
    if not 0 <= value <= 1:
        raise ValueError(f"{name} = {value}: must lie between 0 and 1")
    return value


def count(name: str, value: int, least: int = 1) -> int:
    """Return the number if it is an integer of at least `least`."""
    if isinstance(value, bool) or not isinstance(value, int | np.integer) or value < least:
        raise ValueError(f"{name} = {value!r}: must be an integer, {least} or more")
    return int(value)


def finite(name: str, values: ArrayLike) -> Floats:
    """Return the values as a float array if none is NaN or infinite; the message names the first that is."""
    try:
        array = np.asarray(values, dtype=float)
    except (TypeError, ValueError) as error:
        raise ValueError(f"{name} is not a rectangular array of numbers: {error}") from error
    bad = ~np.isfinite(array)
    if bad.any():
        first = tuple(int(k) for k in np.argwhere(bad)[0])
        raise ValueError(f"{name} has {int(bad.sum())} values that are not finite, the first at {first}: {array[first]}")
    return array


def shaped(name: str, array: NDArray, shape: Sequence[int | None]) -> NDArray:
    """Return the array if its shape is `shape`, where ``None`` stands for any length."""
    fits = array.ndim == len(shape) and all(want in (None, got) for want, got in zip(shape, array.shape, strict=True))
    if not fits:
        wanted = ", ".join("any" if want is None else str(want) for want in shape)
        raise ValueError(f"{name} has shape {array.shape}; it must be ({wanted})")
    return array
