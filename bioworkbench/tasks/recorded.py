"""The task of spiking as a recording does: no trials to learn from, but settings of the spec that are fitted."""

from dataclasses import dataclass

import numpy as np

from bioworkbench.records.annotations import Seconds
from bioworkbench.records.arrays import count, positive
from bioworkbench.records.choice import Choice
from bioworkbench.records.units import Quantity

__all__ = ["RecordingTask", "recording"]


@dataclass(frozen=True)
class RecordingTask:
    """Which recording is reproduced, by what, and which part of it the fit does not see; see `recording`.

    Parameters
    ----------
    population, variable, like : str
    spikes, trace : Choice, optional
    scale : Quantity, optional
    n_held_out : int
    fit_until : float, seconds, optional

    Raises
    ------
    ValueError
        If not one recording is given, or nothing is held out, or both trials and times are.
    """

    population: str = ""
    variable: str = ""
    like: str = ""
    spikes: Choice | None = None
    trace: Choice | None = None
    scale: Quantity | None = None
    n_held_out: int = 0
    fit_until: float | None = None

    def __post_init__(self) -> None:
        given = [name for name in ("like", "spikes", "trace") if getattr(self, name)]
        if len(given) != 1:
            raise ValueError(f"given are {', '.join(given) or 'none'} of like, spikes and trace; give one of them")
        if self.scale is not None and self.trace is None:
            raise ValueError(f"scale = {self.scale}: is for a trace; leave it out")
        if self.variable and self.spikes is not None:
            raise ValueError(f"variable = '{self.variable}': spikes have none; give a trace, or leave it out")
        count("n_held_out", self.n_held_out, least=0)
        if self.fit_until is not None:
            positive("fit_until", self.fit_until)
        if (self.n_held_out > 0) == (self.fit_until is not None):
            raise ValueError(
                f"n_held_out = {self.n_held_out}, fit_until = {self.fit_until}: hold out the last trials (n_held_out = 1) or the end of "
                "each (fit_until = '500 ms'), one of the two; a fit is judged by what it has not seen"
            )


def recording(
    rng: np.random.Generator,
    *,
    population: str = "",
    variable: str = "",
    like: str = "",
    spikes: Choice | None = None,
    trace: Choice | None = None,
    scale: Quantity | None = None,
    n_held_out: int = 0,
    fit_until: Seconds | None = None,
) -> RecordingTask:
    """Spike, or go, as a recording does: settings of the spec, which ``[fit]`` names, are fitted to spike trains or to a trace.

    The network has stimuli of its own, a duration and trials. Scores are those of the part that the fit has not seen.

    Parameters
    ----------
    rng : Generator
        Not used.
    population : str
        That is compared with the recording; may be left out if there is one.
    variable : str
        Of its neurons, that is compared with a trace, "v" by default; with `like`, spikes are compared if it is left out.
    like : str
        Another population of the spec, which is the recording: of a detailed model, say.
    spikes : Choice
        A kind of stimulus that holds spikes, such as ``{ kind = "spikes", file = "spikes.csv" }`` or one of "nwb", "neo", "sonata". Channel
        k is neuron k. A file of one trial is compared with every trial.
    trace : Choice
        A kind of stimulus that holds values, such as ``{ kind = "values", file = "v.csv", frame = "0.1 ms" }``; it begins with the run and
        may end earlier. Channel k is neuron k.
    scale : Quantity
        What the values of the trace are multiplied by, such as "1 mV"; by default they are in the unit that the file gives them, else in SI
        units.
    n_held_out : int
        Trials at the end that the fit does not see.
    fit_until : float, seconds
        In place of held-out trials: the fit sees every trial up to this time.

    Returns
    -------
    RecordingTask

    Raises
    ------
    ValueError
        As of `RecordingTask`.

    Examples
    --------
    >>> recording(np.random.default_rng(1), like="axon", n_held_out=2).like
    'axon'
    """
    return RecordingTask(population, variable, like, spikes, trace, scale, n_held_out, fit_until)
