"""What goes into a network: a stimulus, trial by trial and frame by frame."""

from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np

from bioworkbench.records.arrays import Floats, Indices, as_indices, count, finite, positive, shaped
from bioworkbench.records.names import check_identifier
from bioworkbench.records.times import seconds
from bioworkbench.records.units import Quantity

__all__ = ["INPUT", "SpikeTrains", "Stimulus", "StimulusKind", "silence"]

INPUT = "input"
"""Name of a stimulus that is given no other."""

StimulusKind = Literal["current", "rate", "spikes"]


@dataclass(frozen=True)
class Stimulus:
    """Input of a network, trial by trial and frame by frame.

    Parameters
    ----------
    values : array (n_trials, n_frames, n_channels)
        Kind ``"current"``: what input weights multiply; the product is the ``drive`` of a neuron, held for the frame.
        Kind ``"rate"``: hertz of Poisson spikes; in each step a Poisson count, right at any rate, onto neurons with differential
        equations, and one Bernoulli draw onto neurons in discrete time, where rates above 1 / dt are refused.
        Kind ``"spikes"``: numbers of spikes, all of which arrive in the first step of the frame.
        Rates and spikes become a table of steps and neurons, which grows with the duration; for long trials at constant rates a
        population of `poisson_source` neurons needs none, and is faster.
    frame : float, seconds, or Quantity
        Duration of a frame; a whole number of simulation steps.
    kind : {"current", "rate", "spikes"}
    name : str
        What projections call it: the `source` of those that it feeds.
    unit : str
        Of the values, where the file that they are from says one; projections multiply plain numbers.

    Raises
    ------
    ValueError
        If values are not finite, or negative where they are rates or spikes.
    """

    values: Floats
    frame: float
    kind: StimulusKind = "current"
    name: str = INPUT
    unit: str = ""

    def __post_init__(self) -> None:
        values = shaped("stimulus values", finite("stimulus values", self.values), (None, None, None))
        if self.kind not in ("current", "rate", "spikes"):
            raise ValueError(f"stimulus kind = {self.kind!r}: must be 'current', 'rate' or 'spikes'")
        if values.shape[0] < 1 or values.shape[1] < 1:
            raise ValueError(f"stimulus values have shape {values.shape}; at least one trial and one frame are needed")
        if self.kind != "current" and values.size and values.min() < 0:
            raise ValueError(f"stimulus values of kind '{self.kind}' go down to {values.min()}; they cannot be negative")
        check_identifier("name of a stimulus", self.name)
        object.__setattr__(self, "frame", positive("frame", seconds("frame", self.frame)))
        object.__setattr__(self, "values", values)

    @property
    def n_trials(self) -> int:
        """Number of trials."""
        return self.values.shape[0]

    @property
    def duration(self) -> float:
        """Duration of a trial, seconds."""
        return self.values.shape[1] * self.frame


@dataclass(frozen=True)
class SpikeTrains:
    """Spikes from outside, one by one: they act in the step in which spikes of a population at the same time act.

    Parameters
    ----------
    name : str
        What projections call it: the `source` of those that it feeds.
    trial, channel : int array (n_spikes,)
        In any order; a channel may spike several times in a step.
    time : array (n_spikes,), seconds, or Quantity
        From the start of the trial; rounded to the nearest step.
    duration : float, seconds, or Quantity, optional
        Of a trial; may be left out beside a stimulus that has one.
    n_trials : int, optional
        May be left out beside a stimulus that has trials; without any, trials go up to the highest that is named.
    n_channels : int, optional
        Where it is known; the projections from it must then have as many sources.

    Raises
    ------
    ValueError
        If the columns differ in length, an index or time is negative, a time is not finite, or a channel is not below `n_channels`.
    """

    name: str
    trial: Indices
    channel: Indices
    time: Floats
    duration: float | None = None
    n_trials: int | None = None
    n_channels: int | None = None

    def __post_init__(self) -> None:
        check_identifier("name of a stimulus", self.name)
        columns: dict[str, Any] = {
            name: as_indices(f"{name} of spike trains", getattr(self, name)) for name in ("trial", "channel")
        }
        columns["time"] = np.atleast_1d(finite("time of spike trains", seconds("time of spike trains", self.time)))
        if len({column.shape for column in columns.values()}) > 1:
            told = ", ".join(f"{name} {column.size}" for name, column in columns.items())
            raise ValueError(f"spike trains '{self.name}' have columns of different lengths: {told}; a spike has one of each")
        if columns["time"].size and columns["time"].min() < 0:
            raise ValueError(f"spike trains '{self.name}' have a spike at {columns['time'].min()} s; times cannot be negative")
        if self.duration is not None:
            columns["duration"] = positive("duration", seconds("duration", self.duration))
        if self.n_trials is not None:
            count("n_trials", self.n_trials)
        if self.n_channels is not None and columns["channel"].max(initial=0) >= count("n_channels", self.n_channels):
            raise ValueError(
                f"spike trains '{self.name}' have a spike of channel {columns['channel'].max()}; it must be below n_channels = "
                f"{self.n_channels}"
            )
        for name, column in columns.items():
            object.__setattr__(self, name, column)

    def __len__(self) -> int:
        return self.time.size

    def until(self, duration: float | Quantity) -> "SpikeTrains":
        """The spikes before a time, as trains of that duration: the beginning of a long recording.

        Parameters
        ----------
        duration : float, seconds, or Quantity

        Returns
        -------
        SpikeTrains

        Raises
        ------
        ValueError
            If it is not a time above 0.
        """
        length = positive("duration", seconds("duration", duration))
        early = self.time < length
        kept = {name: getattr(self, name)[early] for name in ("trial", "channel", "time")}
        return replace(self, **kept, duration=length)


def silence(duration: float | Quantity, n_trials: int = 1) -> Stimulus:
    """Stimulus without any channel, for networks that run by themselves.

    Parameters
    ----------
    duration : float, seconds, or Quantity
        Of a trial.
    n_trials : int

    Returns
    -------
    Stimulus

    Raises
    ------
    ValueError
        If the duration is not a time above 0, or `n_trials` is below 1.
    """
    return Stimulus(np.zeros((count("n_trials", n_trials), 1, 0)), positive("duration", seconds("duration", duration)))
