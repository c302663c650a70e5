"""Signals that were sampled in time, and their means over frames."""

from dataclasses import dataclass

import numpy as np

from bioworkbench.records.arrays import Floats, finite
from bioworkbench.records.counted import counted
from bioworkbench.records.units import Quantity, parse_quantity

__all__ = ["MAX_FRAMES", "Signal", "framed", "unit_of_file"]

_FULL_NAMES = {
    "a": "amp", "ampere": "amp", "amperes": "amp", "amps": "amp", "volts": "volt", "v": "volt", "millivolts": "mV", "millivolt": "mV",
    "picoamperes": "pA", "nanoamperes": "nA", "seconds": "second", "dimensionless": "1", "n/a": "1", "si": "1",
}  # fmt: skip

MAX_FRAMES = 100_000_000
"""Of all channels; more are not made."""


@dataclass(frozen=True)
class Signal:
    """Samples of some channels; each holds until the next, the last as long as the one before it.

    Parameters
    ----------
    times : array (n_samples,), seconds
        From the start of the trial.
    values : array (n_samples, n_channels)
    where : str
        File and place, for messages.
    unit : str
        Of the values, as the file has it; "" where it says none.

    Raises
    ------
    ValueError
        If there are fewer than two samples, times do not increase, or something is not finite.
    """

    times: Floats
    values: Floats
    where: str
    unit: str = ""

    def __post_init__(self) -> None:
        times = finite(f"{self.where}: times", self.times)
        values = finite(f"{self.where}: values", self.values)
        values = values[:, None] if values.ndim == 1 else values
        if values.ndim != 2 or times.shape != values.shape[:1] or times.size < 2:
            raise ValueError(
                f"{self.where} has values of shape {values.shape} at {counted(times.size, 'time')}; a signal has "
                f"(n_samples, n_channels), 2 samples "
                "at least, and a time for each"
            )
        late = np.flatnonzero(np.diff(times) <= 0)
        if late.size:
            k = int(late[0])
            raise ValueError(
                f"{self.where}: sample {k + 1} is at {times[k + 1]:g} s, the one before at {times[k]:g} s; sort them"
            )
        object.__setattr__(self, "times", times)
        object.__setattr__(self, "values", values)

    @property
    def interval(self) -> float:
        """Seconds between two samples, of most of them."""
        return float(np.median(np.diff(self.times)))

    @property
    def end(self) -> float:
        """When the last sample ends, seconds."""
        return float(2 * self.times[-1] - self.times[-2])


def unit_of_file(unit: str, where: str) -> Quantity:
    """The unit that a file names, in its words or ours.

    Parameters
    ----------
    unit : str
        Such as "mV" or "amperes".
    where : str
        What has it, for messages.

    Returns
    -------
    Quantity

    Raises
    ------
    ValueError
        If it is not a unit that is known.

    Examples
    --------
    >>> float(unit_of_file("amperes", "here")), float(unit_of_file("mV", "here"))
    (1.0, 0.001)
    """
    text = _FULL_NAMES.get(unit.strip().lower(), unit.strip())
    try:
        return parse_quantity("1" if text == "1" else f"1 {text}")
    except ValueError as error:
        raise ValueError(f"{where} has the unit '{unit}', which is not known: {error}") from error


def framed(signal: Signal, frame: float, begin: float, end: float) -> Floats:
    """Mean of a signal over each frame.

    Parameters
    ----------
    signal : Signal
    frame : float, seconds
    begin, end : float, seconds
        As many whole frames as fit between them; where the signal has not begun it is 0.

    Returns
    -------
    array (n_frames, n_channels)

    Raises
    ------
    ValueError
        If not one frame fits, or there are more than `MAX_FRAMES`.
    """
    n_frames = int(np.floor((end - begin) / frame * (1 + 1e-9) + 1e-9))
    if n_frames < 1:
        raise ValueError(
            f"{signal.where}: from {begin:g} s to {end:g} s there is not one frame of {frame:g} s; take another part"
        )
    if n_frames * signal.values.shape[1] > MAX_FRAMES:
        raise ValueError(
            f"{signal.where}: {n_frames} frames of {counted(signal.values.shape[1], 'channel')} are more than {MAX_FRAMES}; take "
            "longer frames"
        )
    # the integral of samples that hold until the next is a line through these points: exact for any frames
    knots = np.append(signal.times, signal.end)
    sums = np.cumsum(signal.values * np.diff(knots)[:, None], axis=0)
    edges = begin + frame * np.arange(n_frames + 1)
    integral = [np.interp(edges, knots, np.append(0.0, column), left=0.0) for column in sums.T]
    return np.diff(np.array(integral), axis=1).T / frame
