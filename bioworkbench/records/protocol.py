"""`Phase`: a part of a protocol; `RunState`: what a run leaves, from which another goes on."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bioworkbench.records.arrays import Integers, positive
from bioworkbench.records.counted import counted
from bioworkbench.records.kinds import check_kind, several
from bioworkbench.records.stimulus import SpikeTrains, Stimulus
from bioworkbench.records.times import seconds
from bioworkbench.records.units import Quantity

__all__ = ["InFlight", "Phase", "RunState"]


@dataclass(frozen=True)
class Phase:
    """Part of a protocol, at the end of which the next one begins where it stops.

    Parameters
    ----------
    duration : float, seconds, or Quantity
    stimuli : tuple of Stimulus or SpikeTrains
        As long as the phase; stimuli that are missing are silent.
    constants : mapping from "population.name" or "projection.name" to Quantity, number or array
        Constants during this phase, and values that parameters are set to as it begins; the next phase does not keep constants.
    learning : bool
        Whether synapses change their weights; the rest of their state goes on.
    recorded : bool
        False for what is left out of the recording, such as a burn-in.
    name : str
        For `Recording.phases`; by default its number.

    Raises
    ------
    ValueError
        If the duration is no time above 0, or something is of another kind.
    """

    duration: float
    stimuli: tuple[Stimulus | SpikeTrains, ...] = ()
    constants: Mapping[str, Quantity | float | np.ndarray] = field(default_factory=dict)
    learning: bool = True
    recorded: bool = True
    name: str = ""

    def __post_init__(self) -> None:
        object.__setattr__(self, "duration", positive("duration of a phase", seconds("duration of a phase", self.duration)))
        given = (self.stimuli,) if isinstance(self.stimuli, Stimulus | SpikeTrains) else self.stimuli
        rule = "be a tuple of Stimulus and SpikeTrains; stimuli that are missing are silent"
        object.__setattr__(self, "stimuli", several("stimuli of a phase", given, (Stimulus, SpikeTrains), rule))
        for name in check_kind("constants of a phase", self.constants, Mapping, "be a mapping, such as {'exc.tau': 20 * ms}"):
            check_kind("a name in the constants of a phase", name, str, "be a text, such as 'exc.tau'")
        check_kind("name of a phase", self.name, str, "be a text")


@dataclass(frozen=True, eq=False)
class InFlight:
    """Spikes on their way through the synapses of a pathway, in the order in which they arrive.

    Parameters
    ----------
    trial, synapse : int array (n_spikes,)
        The synapse's place in the order of the links.
    steps : int array (n_spikes,)
        Until they arrive, 1 for the first step of the next run.
    """

    trial: Integers
    synapse: Integers
    steps: Integers

    def __len__(self) -> int:
        return len(self.steps)


@dataclass(frozen=True, eq=False)
class RunState:
    """Everything that a simulation goes on from.

    Parameters
    ----------
    values : mapping from "population.variable" or "projection.variable" to array (n_trials, n)
        Neurons, or synapses in the order of the links; one value where all share it.
    in_flight : mapping from "projection.pathway" to InFlight
    step : int
        Steps from the start of the first run.
    dt : float, seconds
    backend : str
    n_trials, n_copies : int
        Trials, and how many of them ran side by side.
    random : tuple
        States of the backend's random numbers, one for each run of copies.
    """

    values: Mapping[str, NDArray[Any]]
    in_flight: Mapping[str, InFlight]
    step: int
    dt: float
    backend: str
    n_trials: int
    n_copies: int
    random: tuple[Any, ...] = field(default=(), repr=False)

    def __repr__(self) -> str:
        n_spikes = sum(map(len, self.in_flight.values()))
        after = f"{counted(self.n_trials, 'trial')} after {self.step * self.dt:g} s"
        return f"<state of {after}: {counted(len(self.values), 'variable')}, {counted(n_spikes, 'spike')} on their way>"
