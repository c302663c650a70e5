"""The part of a recording that is taken, as a stimulus."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from bioworkbench.exchange.events import RecordedSpikes
from bioworkbench.exchange.signals import Signal, framed
from bioworkbench.records.arrays import extent, finite, positive
from bioworkbench.records.stimulus import SpikeTrains, Stimulus, StimulusKind
from bioworkbench.records.times import seconds

__all__ = ["frames_of", "trains_of"]


def _part(start: float, stop: float | None) -> tuple[float, float]:
    """Begin and end of the part that is taken, seconds."""
    begin = float(finite("start", seconds("start", start)))
    end = np.inf if stop is None else positive("stop", seconds("stop", stop))
    if not 0 <= begin < end:
        raise ValueError(f"start = {begin:g} s, stop = {end:g} s: start must be 0 or more, and stop come after it")
    return begin, end


def trains_of(name: str, events: RecordedSpikes, start: float, stop: float | None) -> SpikeTrains:
    """Recorded spikes as a stimulus.

    Parameters
    ----------
    name : str
        What projections call it.
    events : RecordedSpikes
    start, stop : float, seconds
        Of the part that is taken; without `stop`, the duration is left open.

    Returns
    -------
    SpikeTrains
        Its numbers of channels and trials are those of the file, or the least that hold all spikes.

    Raises
    ------
    ValueError
        If the part is empty, or a channel is too high.
    """
    begin, end = _part(start, stop)
    inside = (events.time >= begin) & (events.time < end)
    n_channels, n_trials = extent(events.channel, events.n_channels), extent(events.trial, events.n_trials)
    length = None if stop is None else end - begin
    trial: Any = events.trial[inside]
    channel: Any = events.channel[inside]
    return SpikeTrains(name, trial, channel, events.time[inside] - begin, length, n_trials, n_channels)


def frames_of(
    name: str, signals: Sequence[Signal], frame: float | None, values: StimulusKind, start: float, stop: float | None
) -> Stimulus:
    """Recorded signals as a stimulus.

    Parameters
    ----------
    name : str
        What projections call it.
    signals : sequence of Signal
        A trial each.
    frame : float, seconds, optional
        By default the time between two samples.
    values : {"current", "rate", "spikes"}
    start, stop : float, seconds
        Of the part that is taken, which ends with the shortest signal at the latest.

    Returns
    -------
    Stimulus

    Raises
    ------
    ValueError
        If the part holds no frame, or too many.
    """
    begin, end = _part(start, stop)
    end = min(end, *(signal.end for signal in signals))
    step = signals[0].interval if frame is None else positive("frame", seconds("frame", frame))
    return Stimulus(np.stack([framed(signal, step, begin, end) for signal in signals]), step, values, name, signals[0].unit)
