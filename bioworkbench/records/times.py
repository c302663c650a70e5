"""Times and the steps they stand for: the one place where a time becomes a number of steps.

The rule. A time t lasts n = t / dt steps, and n is a whole number or it is not:

* Frames, record steps and durations must be whole numbers of steps: n may be off by 1e-6 of a step, which is more than adding up times
  in binary numbers costs, and less than anybody means. `whole_steps` refuses others.
* Delays and refractory periods are rounded to the **nearest step, ties up**: 0.05, 0.15 and 0.25 ms are 1, 2 and 3 steps of 0.1 ms.
  Half a step counts as half a step although 0.15 / 0.1 is 1.4999999999999998 in binary: n is first raised by 1e-12 of itself
  (`nearest_steps`). Every backend is given the rounded time, so none of them rounds again by a rule of its own. A refractory period that
  is a text is left to Brian2, which counts the whole steps that fit.
* No time may be longer than 2**31 - 1 steps, on any backend: engines count steps in 32 bits.
"""

from collections.abc import Iterator
from typing import Any, cast

import numpy as np

from bioworkbench.records.arrays import Floats, Integers, positive
from bioworkbench.records.units import Quantity, format_quantity, in_si, parse_quantity

__all__ = [
    "MOST_STEPS",
    "ROUGH",
    "SECOND",
    "SECONDS_PER",
    "nearest_steps",
    "rough_delays",
    "rough_times",
    "seconds",
    "whole_steps",
]

MOST_STEPS = 2**31 - 1
"""Steps of the longest time."""

ROUGH = 0.1
"""Fraction of itself by which a time may be rounded before `rough_times` says so."""

SECOND = parse_quantity("1 s").dim
"""Dimension of time."""

SECONDS_PER = {"s": 1.0, "ms": 1e-3, "us": 1e-6}
"""Seconds of the units of time that tables are written in."""

_TIME = parse_quantity("1 ms")
_WHOLE, _TIE = 1e-6, 1e-12


def seconds(name: str, value: Any) -> Any:
    """Time in seconds.

    Parameters
    ----------
    name : str
        Of the field, for messages.
    value : float or array, seconds, or Quantity

    Returns
    -------
    float or array
        As many as there were.

    Raises
    ------
    ValueError
        If it is not a number, or a quantity that is not a time.

    Examples
    --------
    >>> seconds("delay", parse_quantity("1.5 ms")), seconds("delay", 0.0015)
    (0.0015, 0.0015)
    """
    return in_si(name, value, _TIME)


def whole_steps(name: str, time: float, dt: float, least: int = 1) -> int:
    """Number of steps of a time that must be a whole number of them.

    Parameters
    ----------
    name : str
        Of the time, for messages.
    time, dt : float, seconds
    least : int
        The smallest number of steps that makes sense.

    Returns
    -------
    int

    Raises
    ------
    ValueError
        If the time is not a whole number of steps, too short, or longer than 2**31 - 1 steps.

    Examples
    --------
    >>> whole_steps("frame", 0.025, 0.0001)
    250
    """
    steps = _not_too_long(name, time / positive("dt", dt), dt)
    n = round(steps)
    if n < least or abs(steps - n) > _WHOLE:
        raise ValueError(f"{name} = {time:g} s is not a whole number of steps of dt = {dt:g} s; take a multiple of dt")
    return n


def nearest_steps(name: str, times: float | Floats, dt: float) -> Integers:
    """Numbers of steps of times, each rounded to the nearest one, ties up.

    Parameters
    ----------
    name : str
        Of the times, for messages.
    times : float or array, seconds
        Not negative.
    dt : float, seconds

    Returns
    -------
    int64 array
        Of the shape of `times`.

    Raises
    ------
    ValueError
        If a time is longer than 2**31 - 1 steps.

    Examples
    --------
    >>> nearest_steps("delay", np.array([0.05e-3, 0.15e-3, 0.25e-3]), 0.1e-3)
    array([1, 2, 3])
    """
    steps = np.asarray(times, dtype=float) / positive("dt", dt)
    _not_too_long(name, float(steps.max(initial=0.0)), dt)
    return np.floor(steps * (1 + _TIE) + 0.5).astype(np.int64)


def _not_too_long(name: str, steps: float, dt: float) -> float:
    if not steps <= MOST_STEPS:
        raise ValueError(
            f"{name} = {steps * dt:g} s is {steps:.6g} steps of dt = {dt:g} s; there may be 2**31 - 1 = {MOST_STEPS} at most. "
            "Take a shorter time or a larger dt"
        )
    return steps


def rough_delays(name: str, delays: float | Floats, dt: float, duration: float) -> Iterator[str]:
    """What a user should know of delays that are not simulated as they are written.

    Parameters
    ----------
    name : str
        Of the projection.
    delays : float or array, seconds
    dt, duration : float, seconds
        Of the simulation and of a trial.

    Yields
    ------
    str
        A sentence for delays that are rounded by more than a tenth of themselves, to nothing, or outlast the trial.
    """
    times, owner = np.atleast_1d(np.asarray(delays, dtype=float)), f"projection '{name}'"
    steps = nearest_steps(f"delay of {owner}", times, dt)
    yield from _rough("delay", owner, times, steps, dt)
    late = steps * dt >= duration * (1 - _WHOLE)
    if late.any():
        of, longest = f"of {times.size} delays of {owner}", _ms(times.max())
        yield f"{late.sum()} {of} are longer than a trial of {_ms(duration)}, up to {longest}: their spikes never arrive"


def rough_times(what: str, owner: str, times: float | Floats, dt: float) -> Iterator[str]:
    """What a user should know of times that are rounded to steps.

    Parameters
    ----------
    what, owner : str
        For messages, such as "delay" and "projection 'a_b'".
    times : float or array, seconds
    dt : float, seconds

    Yields
    ------
    str
        A sentence for times that are rounded by more than a tenth of themselves, or to nothing.
    """
    times = np.atleast_1d(np.asarray(times, dtype=float))
    yield from _rough(what, owner, times, nearest_steps(f"{what} of {owner}", times, dt), dt)


def _rough(what: str, owner: str, times: Floats, steps: Integers, dt: float) -> Iterator[str]:
    rounded = steps * dt
    gone = (times > 0) & (rounded == 0)
    rough = ~gone & (abs(rounded - times) > ROUGH * times * (1 + _WHOLE))
    for which, how in ((gone, "rounded to 0 steps"), (rough, f"rounded by more than {100 * ROUGH:.0f} %")):
        if which.any():
            first = int(np.flatnonzero(which)[0])
            change = f"{_ms(times[first])} becomes {_ms(rounded[first])}"
            yield f"{which.sum()} of {times.size} {what}s of {owner} are {how} at dt = {_ms(dt)} ({change}); take a smaller dt"


def _ms(time: float) -> str:
    return format_quantity(cast(Quantity, Quantity(float(f"{time:.4g}"), dim=SECOND)))
