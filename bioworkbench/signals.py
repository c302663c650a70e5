"""What goes into a network and what comes out: stimulus, probes, spikes, recording."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

import numpy as np

from bioworkbench.arrays import Floats, Integers, count, finite, positive, shaped

__all__ = ["Probe", "Recording", "Spikes", "Stimulus", "silence"]

StimulusKind = Literal["current", "rate", "spikes"]


@dataclass(frozen=True)
class Stimulus:
    """Input of a network, trial by trial and frame by frame.

    Parameters
    ----------
    values : array (n_trials, n_frames, n_channels)
        Kind ``"current"``: what input weights multiply; the product is the ``drive`` of a neuron, held for the frame.
        Kind ``"rate"``: hertz of Poisson spikes, one Bernoulli draw per step. Kind ``"spikes"``: numbers of spikes, all of
        which arrive in the first step of the frame. Both become a table of steps and neurons, which grows with the duration; for
        long trials at constant rates a population of `poisson_source` neurons needs none, and is faster (a thousand channels of
        20 Hz onto a thousand neurons, 5 s at 0.1 ms: 1.0 s in place of 8.7 s and 1.4 GB).
    frame : float, seconds
        Duration of a frame; a whole number of simulation steps.
    kind : {"current", "rate", "spikes"}

    Raises
    ------
    ValueError
        If values are not finite, or negative where they are rates or spikes.
    """

    values: Floats
    frame: float
    kind: StimulusKind = "current"

    def __post_init__(self) -> None:
        values = shaped("stimulus values", finite("stimulus values", self.values), (None, None, None))
        if self.kind not in ("current", "rate", "spikes"):
            raise ValueError(f"stimulus kind = {self.kind!r}: must be 'current', 'rate' or 'spikes'")
        if values.shape[0] < 1 or values.shape[1] < 1:
            raise ValueError(f"stimulus values have shape {values.shape}; at least one trial and one frame are needed")
        if self.kind != "current" and values.size and values.min() < 0:
            raise ValueError(f"stimulus values of kind '{self.kind}' go down to {values.min()}; they cannot be negative")
        positive("frame", self.frame)
        object.__setattr__(self, "values", values)

    @property
    def n_trials(self) -> int:
        """Number of trials."""
        return self.values.shape[0]

    @property
    def duration(self) -> float:
        """Duration of a trial, seconds."""
        return self.values.shape[1] * self.frame


def silence(duration: float, n_trials: int = 1) -> Stimulus:
    """Stimulus without any channel, for networks that run by themselves; duration in seconds."""
    return Stimulus(np.zeros((count("n_trials", n_trials), 1, 0)), positive("duration", duration))


@dataclass(frozen=True)
class Probe:
    """What to record of a state variable.

    Parameters
    ----------
    population, variable : str
    neurons : tuple of int, optional
        Indices inside the population; None records all.
    every : float, seconds, optional
        Record step; None records every simulation step.
    """

    population: str
    variable: str
    neurons: tuple[int, ...] | None = None
    every: float | None = None

    @property
    def name(self) -> str:
        """Key of the trace in a recording: ``"population.variable"``."""
        return f"{self.population}.{self.variable}"


@dataclass(frozen=True)
class Spikes:
    """Spikes of one population, sorted by (trial, time, neuron).

    Parameters
    ----------
    trial, neuron : int array (n_spikes,)
    time : float array (n_spikes,), seconds
        Counted from the start of the trial.
    """

    trial: Integers
    neuron: Integers
    time: Floats

    def __post_init__(self) -> None:
        lengths = {len(self.trial), len(self.neuron), len(self.time)}
        if len(lengths) > 1:
            raise ValueError(f"trial, neuron and time of spikes have {sorted(lengths)} entries; they must be equally long")

    def __len__(self) -> int:
        return len(self.time)


@dataclass(frozen=True)
class Recording:
    """Everything a simulation recorded.

    Parameters
    ----------
    spikes : mapping from population to `Spikes`
    traces : mapping from "population.variable" to array (n_trials, n_steps, n_recorded), SI units
    sizes : mapping from population to its number of neurons
    n_trials : int
    duration, dt : float, seconds
    seed : int
    backend : str
    timing : mapping from phase (generate, compile, load, simulate, collect) to seconds
        "processor" is the processor time of "simulate".
    profile : mapping from Brian2 object to seconds
        Empty unless it was asked for.
    """

    spikes: Mapping[str, Spikes]
    traces: Mapping[str, Floats]
    sizes: Mapping[str, int]
    n_trials: int
    duration: float
    dt: float
    seed: int
    backend: str
    timing: Mapping[str, float] = field(default_factory=dict)
    profile: Mapping[str, float] = field(default_factory=dict)

    @property
    def n_steps(self) -> int:
        """Simulation steps per trial."""
        return round(self.duration / self.dt)

    def raster(self, population: str) -> np.ndarray:
        """Spikes as booleans (n_trials, n_steps, n_neurons); meant for small recordings and tests."""
        spikes = self.spikes[population]
        raster = np.zeros((self.n_trials, self.n_steps, self.sizes[population]), dtype=bool)
        raster[spikes.trial, np.rint(spikes.time / self.dt).astype(int), spikes.neuron] = True
        return raster
