"""Classes that are made of parts, such as the digit and the carry of a sum, with a head of outputs for each part.

The first part of a class counts fastest: with sizes (3, 2) class 4 has the parts 1 and 1. Adding up the outputs of its parts gives the
output of a class; the softmax of these sums is the product of the softmaxes of the heads, and its cross-entropy the sum of theirs. So
heads are a linear readout of classes whose coefficients share what the parts share.
"""

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike

from bioworkbench.records.arrays import Floats, Integers

__all__ = ["class_outputs", "class_parts"]


def class_parts(classes: ArrayLike, sizes: Sequence[int]) -> tuple[Integers, ...]:
    """Parts of classes.

    Parameters
    ----------
    classes : int array (...)
        From 0 to the product of the sizes, less one.
    sizes : sequence of int
        Number of values of each part.

    Returns
    -------
    tuple of int arrays (...)
        One for each part.

    Raises
    ------
    ValueError
        If a class is out of range.

    Examples
    --------
    >>> [part.tolist() for part in class_parts([0, 4, 5], (3, 2))]
    [[0, 1, 2], [0, 1, 1]]
    """
    given = np.asarray(classes)
    if given.size and not 0 <= given.min() <= given.max() < math.prod(sizes):
        raise ValueError(
            f"classes go from {given.min()} to {given.max()}; with parts of {tuple(sizes)} values there are {math.prod(sizes)}, from 0 on"
        )
    return np.unravel_index(given, tuple(sizes), order="F")


def class_outputs(sizes: Sequence[int]) -> Floats:
    """What outputs of the heads are multiplied by to give outputs of classes.

    Parameters
    ----------
    sizes : sequence of int
        Of the heads, the outputs of which stand side by side.

    Returns
    -------
    array (sum of the sizes, product of the sizes)
        1 where a class has a part, 0 elsewhere.

    Examples
    --------
    >>> class_outputs((2, 2))
    array([[1., 0., 1., 0.],
           [0., 1., 0., 1.],
           [1., 1., 0., 0.],
           [0., 0., 1., 1.]])
    """
    parts = class_parts(np.arange(math.prod(sizes)), sizes)
    return np.concatenate([np.eye(size)[:, part] for size, part in zip(sizes, parts, strict=True)])
