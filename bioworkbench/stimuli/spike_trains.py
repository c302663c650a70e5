"""Spike trains from outside."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Annotated

import numpy as np

from bioworkbench.records.annotations import Drawn, Hertz, Seconds, Unit
from bioworkbench.records.arrays import Floats, as_indices, positive
from bioworkbench.records.counted import counted
from bioworkbench.records.stimulus import SpikeTrains
from bioworkbench.records.times import nearest_steps
from bioworkbench.records.units import Quantity, in_si, parse_quantity
from bioworkbench.stimuli.timeline import Timeline, in_time, within

__all__ = ["poisson", "regular", "trains"]

_HERTZ = parse_quantity("1 Hz")
_MOST_PER_STEP = 0.1


def poisson(timeline: Timeline, *, rate: Annotated[Quantity | float | str, Drawn(), Unit("hertz")]) -> SpikeTrains:
    """Spikes at random times, at a rate that may change in time.

    A channel spikes at most once in a step, as neurons do.

    Parameters
    ----------
    timeline : Timeline
        With random numbers; its channels and trials are independent.
    rate : Quantity or expression, hertz
        Of each channel; an expression of the time `t`, the channel `i`, and the number of channels `N`:
        ``"20*Hz*(1 + sin(2*pi*5*Hz*t))"``.

    Returns
    -------
    SpikeTrains

    Raises
    ------
    ValueError
        If a rate is negative, or above one spike in ten steps.

    Examples
    --------
    >>> line = Timeline(10.0, 0.001, rng=np.random.default_rng(1))
    >>> bool(poisson(line, rate="20*Hz*(t > 5*second)").time.min() > 5.0)
    True
    """
    rng = timeline.random("poisson")
    given = rate if isinstance(rate, str) else float(in_si("rate", rate, _HERTZ))
    rates = in_time(replace(timeline, frame=None), "rate", given, _HERTZ)
    most = rates.max(initial=0.0) * timeline.dt
    if rates.min(initial=0.0) < 0 or most > _MOST_PER_STEP:
        worst = rates.min() if rates.min(initial=0.0) < 0 else rates.max()
        raise ValueError(
            f"rate = {rate}: is {worst:g} Hz at a time; it must be between 0 and {_MOST_PER_STEP / timeline.dt:g} Hz, one spike in ten "
            "steps. Take several channels, or a smaller dt"
        )
    timeline.check_fits(rates.mean() * timeline.duration * timeline.n_channels * timeline.n_trials)
    shape = (timeline.n_trials, timeline.n_channels, rates.shape[1])
    found = [
        _points(timeline, rates[trial, :, channel], (trial, channel), rates.shape, rng)
        for trial in range(rates.shape[0])
        for channel in range(rates.shape[2])
    ]
    # One number for each place, and each place once: a channel spikes at most once in a step.
    places = np.sort(np.concatenate(found))
    again = np.diff(places, prepend=-1) == 0
    trial, channel, step = np.unravel_index(places[~again], shape)
    return timeline.trains(trial.astype(np.int32), channel.astype(np.int32), (step * timeline.dt).astype(np.float64))


def _points(
    timeline: Timeline, rates: Floats, place: tuple[int, int], shape: tuple[int, ...], rng: np.random.Generator
) -> np.ndarray:
    """Places of spikes at the same rates; of all trials or channels, where these do not have rates of their own.

    The place is (trial * n_channels + channel) * n_steps + step.
    """
    trials = np.arange(timeline.n_trials) if shape[0] == 1 else np.array([place[0]])
    channels = np.arange(timeline.n_channels) if shape[2] == 1 else np.array([place[1]])
    # one spike at most is left of a step, which has one with the probability rate * dt if so many are expected in it
    expected = np.concatenate([[0.0], np.cumsum(-np.log1p(-rates * timeline.dt))])
    # A Poisson number of spikes, at places where as much of the expected number lies before as a uniform number says.
    numbers = rng.poisson(expected[-1], (len(trials), len(channels)))
    step = _intervals(expected, rng.random(numbers.sum()) * expected[-1])
    first = (trials[:, None] * timeline.n_channels + channels).ravel() * len(rates)
    # Millions of spikes: one number for each, and no further arrays of their size.
    return np.minimum(step, len(rates) - 1, out=step) + np.repeat(first, numbers.ravel())


def _intervals(bounds: Floats, values: Floats) -> np.ndarray:
    """Number of the interval between ascending bounds that each value lies in, as a binary search finds it.

    Bounds of a constant rate are all but equally far apart, so that a division gives the interval or one beside it.
    """
    width = bounds[-1] / (len(bounds) - 1)
    if not width or np.abs(bounds - width * np.arange(len(bounds))).max() > width / 4:
        return np.searchsorted(bounds, values, side="right") - 1
    found = np.minimum((values / width).astype(np.int64), len(bounds) - 2)
    found -= bounds[found] > values
    found += bounds[np.minimum(found + 1, len(bounds) - 1)] <= values
    return found


def regular(timeline: Timeline, *, rate: Hertz, begin: Seconds = 0.0, end: Seconds | None = None) -> SpikeTrains:
    """Spikes at equal intervals, the same in all channels and trials.

    Parameters
    ----------
    timeline : Timeline
    rate : float, hertz
        Inverse of the interval.
    begin, end : float, seconds
        The first spike is at `begin`; the whole trial by default.

    Returns
    -------
    SpikeTrains

    Raises
    ------
    ValueError
        If the rate is not above 0, or the times do not follow each other within the trial.

    Examples
    --------
    >>> regular(Timeline(0.1, 0.001), rate=50.0, begin=0.01).time.round(3).tolist()
    [0.01, 0.03, 0.05, 0.07, 0.09]
    """
    _, _, length = within(timeline, begin, end)
    n = int(np.ceil(length * positive("rate", rate) - 1e-9))
    timeline.check_fits(n)
    return trains(timeline, times=[*(begin + np.arange(n) / rate)])


def trains(timeline: Timeline, *, times: Sequence[Seconds], channels: Sequence[int] = ()) -> SpikeTrains:
    """Spikes one by one, the same in all trials.

    Parameters
    ----------
    timeline : Timeline
    times : list of float, seconds
        In any order; rounded to the nearest step.
    channels : list of int
        Channel of each spike; without any, every channel has all of them.

    Returns
    -------
    SpikeTrains

    Raises
    ------
    ValueError
        If there are not as many channels as times, or a time or channel does not exist.

    Examples
    --------
    >>> trains(Timeline(0.1, 0.001, n_channels=2), times=[0.01, 0.03], channels=[0, 1]).channel.tolist()
    [0, 1]
    """
    if len(channels) and len(channels) != len(times):
        raise ValueError(
            f"{counted(len(times), 'time')} and {counted(len(channels), 'channel')}: give a channel for each time, or none"
        )
    moments = np.asarray([*times], dtype=float)
    if moments.size and not 0 <= moments.min() <= moments.max() < timeline.duration:
        raise ValueError(
            f"times go from {moments.min():g} to {moments.max():g} s; they must lie in the {timeline.duration:g} s of a trial"
        )
    nearest_steps("times", moments, timeline.dt)
    timeline.check_fits(float(len(times)) * (1 if len(channels) else timeline.n_channels) * timeline.n_trials)
    if len(channels):
        which = as_indices("channels", [*channels], timeline.n_channels)
    else:
        which = np.repeat(np.arange(timeline.n_channels, dtype=np.int32), moments.size)
        moments = np.tile(moments, timeline.n_channels)
    trial = np.repeat(np.arange(timeline.n_trials, dtype=np.int32), moments.size)
    return timeline.trains(trial, np.tile(which, timeline.n_trials), np.tile(moments, timeline.n_trials))
