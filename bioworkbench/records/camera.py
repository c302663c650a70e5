"""Events of a camera that reports changes of brightness, in the five bytes of each that N-MNIST and N-Caltech101 have."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from bioworkbench.records.errors import ResultError

__all__ = ["CameraEvents", "camera_events"]


class CameraEvents(NamedTuple):
    """What a camera saw, in order of time.

    Parameters
    ----------
    column, row : int array (n_events,)
    brighter : int array (n_events,)
        1 where a pixel got brighter, 0 where it got darker.
    microseconds : int array (n_events,)
    """

    column: NDArray[np.integer]
    row: NDArray[np.integer]
    brighter: NDArray[np.integer]
    microseconds: NDArray[np.integer]


def camera_events(content: NDArray[np.uint8], where: str, width: int, height: int) -> CameraEvents:
    """Events of five bytes: column, row, and in the other three the polarity and 23 bits of microseconds.

    Parameters
    ----------
    content : uint8 array
        Of a file.
    where : str
        What errors call the file.
    width, height : int
        Of the camera, in pixels.

    Returns
    -------
    CameraEvents

    Raises
    ------
    ResultError
        If an event is cut off, outside the camera, or before the one in front of it.

    Examples
    --------
    >>> camera_events(np.array([3, 1, 128, 1, 2], dtype=np.uint8), "a file", 34, 34)
    CameraEvents(column=array([3]), row=array([1]), brighter=array([1]), microseconds=array([258]))
    """
    if content.size % 5:
        raise ResultError(f"{where} has {content.size} bytes; events have 5 each")
    rows = content.reshape(-1, 5).astype(np.int64)
    column, row, brighter = rows[:, 0], rows[:, 1], rows[:, 2] >> 7
    microseconds = ((rows[:, 2] & 127) << 16) | (rows[:, 3] << 8) | rows[:, 4]
    outside = np.flatnonzero((column >= width) | (row >= height))
    if outside.size:
        k = int(outside[0])
        raise ResultError(
            f"{where}: event {k} is at ({column[k]}, {row[k]}), outside {width} x {height} pixels; give width and height"
        )
    early = np.flatnonzero(np.diff(microseconds) < 0)
    if early.size:
        k = int(early[0]) + 1
        raise ResultError(
            f"{where}: event {k} is at {microseconds[k]} us, the one before at {microseconds[k - 1]} us; events are in order of time, the "
            "file is damaged or another one"
        )
    return CameraEvents(column, row, brighter, microseconds)
