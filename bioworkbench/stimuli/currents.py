"""Currents in time; they are 0 outside the time from `begin` to `end`."""

from collections.abc import Sequence
from functools import reduce
from itertools import pairwise
from math import gcd
from typing import Annotated

import numpy as np

from bioworkbench.records.annotations import AnyUnit, Drawn, Hertz, Seconds
from bioworkbench.records.arrays import positive
from bioworkbench.records.counted import counted
from bioworkbench.records.lazily import later
from bioworkbench.records.stimulus import Stimulus
from bioworkbench.records.times import whole_steps
from bioworkbench.records.units import Quantity
from bioworkbench.stimuli.timeline import Timeline, in_time, within

__all__ = ["chirp", "formula", "noise", "ramp", "sine", "steps"]

_chirp, _lfilter = later("scipy.signal:chirp"), later("scipy.signal:lfilter")  # SciPy's filters take long to import


def steps(timeline: Timeline, *, times: Sequence[Seconds], values: Sequence[AnyUnit]) -> Stimulus:
    """Current that jumps from value to value, 0 before the first.

    Parameters
    ----------
    timeline : Timeline
    times : list of float, seconds
        When each value begins, in rising order; whole numbers of simulation steps.
    values : list of Quantity or float
        In the unit of what the stimulus acts on.

    Returns
    -------
    Stimulus

    Raises
    ------
    ValueError
        If there are not as many times as values, or times do not rise, lie outside the trial or between two steps.

    Examples
    --------
    >>> steps(Timeline(0.4, 0.1), times=[0.1, 0.3], values=[2.0, 0.0]).values[0, :, 0].tolist()
    [0.0, 2.0, 2.0, 0.0]
    """
    if len(times) != len(values) or not len(times):
        raise ValueError(
            f"{counted(len(times), 'time')} and {counted(len(values), 'value')}: give a time for each value, and at least one"
        )
    begins = [whole_steps("times", time, timeline.dt, least=0) for time in times]
    if any(later <= sooner for sooner, later in pairwise(begins)) or begins[-1] >= timeline.n_steps:
        raise ValueError(f"times = {[*times]} s: must rise, and lie below the duration of {timeline.duration:g} s")
    held = timeline.n_steps if timeline.frame == timeline.dt else whole_steps("frame", timeline.frame or 0, timeline.dt)
    per_frame = reduce(gcd, begins, held)
    place = np.searchsorted(begins, np.arange(0, timeline.n_steps, per_frame), side="right")
    numbers = np.asarray([0.0, *(timeline.value("values", value) for value in values)])
    return timeline.current(numbers[place], per_frame * timeline.dt)


def ramp(
    timeline: Timeline,
    *,
    first: AnyUnit = 0.0,
    last: AnyUnit,
    begin: Seconds = 0.0,
    end: Seconds | None = None,
    frame: Seconds | None = None,
) -> Stimulus:
    """Current that grows or falls evenly.

    Parameters
    ----------
    timeline : Timeline
    first, last : Quantity or float
        Values at `begin` and `end`, in the unit of what the stimulus acts on.
    begin, end : float, seconds
        The whole trial by default.
    frame : float, seconds
        Time for which a value is held; one step by default. Longer frames take less memory.

    Returns
    -------
    Stimulus

    Raises
    ------
    ValueError
        If the times do not follow each other within the trial.

    Examples
    --------
    >>> ramp(Timeline(0.4, 0.1), last=4.0).values[0, :, 0].round(3).tolist()
    [0.0, 1.0, 2.0, 3.0]
    """
    timeline = timeline.in_frames(frame)
    inside, since, length = within(timeline, begin, end)
    low, high = timeline.value("first", first), timeline.value("last", last)
    return timeline.current(np.where(inside, low + (high - low) * since / length, 0.0))


def sine(
    timeline: Timeline,
    *,
    amplitude: AnyUnit,
    frequency: Hertz,
    mean: AnyUnit = 0.0,
    phase: float = 0.0,
    begin: Seconds = 0.0,
    end: Seconds | None = None,
    frame: Seconds | None = None,
) -> Stimulus:
    """Current that swings as a sine.

    Parameters
    ----------
    timeline : Timeline
    amplitude, mean : Quantity or float
        In the unit of what the stimulus acts on.
    frequency : float, hertz
        Of the sine.
    phase : float, radians
        At `begin`.
    begin, end : float, seconds
        The whole trial by default.
    frame : float, seconds
        Time for which a value is held; one step by default. Longer frames take less memory.

    Returns
    -------
    Stimulus

    Raises
    ------
    ValueError
        If the frequency is not above 0, or the times do not follow each other within the trial.

    Examples
    --------
    >>> sine(Timeline(0.4, 0.1), amplitude=2.0, frequency=2.5).values[0, :, 0].round(3).tolist()
    [0.0, 2.0, 0.0, -2.0]
    """
    timeline = timeline.in_frames(frame)
    inside, since, _ = within(timeline, begin, end)
    wave = np.sin(2 * np.pi * positive("frequency", frequency) * since + phase)
    level = timeline.value("mean", mean) + timeline.value("amplitude", amplitude) * wave
    return timeline.current(np.where(inside, level, 0.0))


def chirp(
    timeline: Timeline,
    *,
    amplitude: AnyUnit,
    first: Hertz,
    last: Hertz,
    mean: AnyUnit = 0.0,
    logarithmic: bool = False,
    begin: Seconds = 0.0,
    end: Seconds | None = None,
    frame: Seconds | None = None,
) -> Stimulus:
    """Current that swings faster and faster, or slower, which shows resonance.

    Parameters
    ----------
    timeline : Timeline
    amplitude, mean : Quantity or float
        In the unit of what the stimulus acts on.
    first, last : float, hertz
        Frequencies at `begin` and `end`.
    logarithmic : bool
        Whether the frequency changes by the same factor in the same time, in place of the same difference.
    begin, end : float, seconds
        The whole trial by default.
    frame : float, seconds
        Time for which a value is held; one step by default. Longer frames take less memory.

    Returns
    -------
    Stimulus

    Raises
    ------
    ValueError
        If a frequency is not above 0, or the times do not follow each other within the trial.

    References
    ----------
    Puil, Gimbarzevsky and Miura, J. Neurophysiol. 55, 1986, doi 10.1152/jn.1986.55.5.995.

    Examples
    --------
    >>> chirp(Timeline(0.4, 0.1), amplitude=2.0, first=2.5, last=2.5).values[0, 1::2, 0].round(3).tolist()
    [2.0, -2.0]
    """
    timeline = timeline.in_frames(frame)
    inside, since, length = within(timeline, begin, end)
    ends = positive("first", first), length, positive("last", last)
    wave = _chirp(since, *ends, method="logarithmic" if logarithmic else "linear", phi=-90)
    level = timeline.value("mean", mean) + timeline.value("amplitude", amplitude) * wave
    return timeline.current(np.where(inside, level, 0.0))


def noise(
    timeline: Timeline,
    *,
    deviation: AnyUnit,
    tau: Seconds,
    mean: AnyUnit = 0.0,
    frozen: bool = False,
    frame: Seconds | None = None,
) -> Stimulus:
    """Current that fluctuates as an Ornstein-Uhlenbeck process, of its own in each channel.

    Parameters
    ----------
    timeline : Timeline
        With random numbers.
    deviation, mean : Quantity or float
        Of the values, in the unit of what the stimulus acts on.
    tau : float, seconds
        Correlation time.
    frozen : bool
        Whether all trials see the same noise.
    frame : float, seconds
        Time for which a value is held; one step by default. Longer frames take less memory.

    Returns
    -------
    Stimulus

    Raises
    ------
    ValueError
        If the correlation time is not above 0.

    References
    ----------
    Gillespie, Phys. Rev. E 54, 1996, doi 10.1103/PhysRevE.54.2084 (exact update).

    Examples
    --------
    >>> noise(Timeline(1.0, 0.1, n_channels=3, rng=np.random.default_rng(1)), deviation=1.0, tau=0.2).values.shape
    (1, 10, 3)
    """
    timeline = timeline.in_frames(frame)
    rng = timeline.random("noise")
    kept = np.exp(-(timeline.frame or timeline.dt) / positive("tau", tau))
    shape = (1 if frozen else timeline.n_trials, len(timeline.times), timeline.n_channels)
    timeline.check_fits(float(np.prod(shape, dtype=float)))
    fresh = rng.standard_normal(shape) * np.sqrt(1 - kept**2)
    fresh[:, 0] /= np.sqrt(1 - kept**2)  # stationary from the first frame on
    waves = np.asarray(_lfilter([1.0], [1.0, -kept], fresh, axis=1))
    return timeline.current(timeline.value("mean", mean) + timeline.value("deviation", deviation) * waves)


def formula(timeline: Timeline, *, value: Annotated[Quantity | float | str, Drawn()], frame: Seconds | None = None) -> Stimulus:
    """Current given by an expression of time.

    Parameters
    ----------
    timeline : Timeline
    value : Quantity or expression
        Of the time `t`, the channel `i`, and the number of channels `N`: ``"(t > 0.1*second)*i*20*pA"``. Random functions are drawn
        anew in each frame, channel and trial.
    frame : float, seconds
        Time for which a value is held; one step by default. Longer frames take less memory.

    Returns
    -------
    Stimulus

    Raises
    ------
    ValueError
        If it is not an expression of these, or has another unit than what the stimulus acts on.

    Examples
    --------
    >>> formula(Timeline(0.4, 0.1, n_channels=2), value="(t > 0.15*second)*(i + 1)").values[0].tolist()
    [[0.0, 0.0], [0.0, 0.0], [1.0, 2.0], [1.0, 2.0]]
    """
    timeline = timeline.in_frames(frame)
    given = value if isinstance(value, str) else timeline.value("value", value)
    return timeline.current(in_time(timeline, "value", given, timeline.unit))
