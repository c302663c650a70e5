"""State that became NaN or infinite: which variables are looked at, when, and what is said; the same for every backend.

The state of all neurons is looked at after every segment of a run and at its end, recorded or not; between two looks a value may pass
through infinity, as the membrane of an exponential neuron does in the step in which it spikes.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from brian2.core.clocks import Clock
from brian2.core.operations import NetworkOperation
from brian2.equations.equations import DIFFERENTIAL_EQUATION, PARAMETER
from brian2.units import second

from bioworkbench.records.errors import SimulationError
from bioworkbench.records.probe import variable_name
from bioworkbench.simulation.object_names import our_name

__all__ = [
    "REMEDY",
    "SEGMENT_STEPS",
    "NotFinite",
    "Watched",
    "all_equations",
    "changing",
    "check_finite",
    "finite_watch",
    "not_finite_in",
    "synapse_place",
]

SEGMENT_STEPS = 2000
REMEDY = "a smaller dt or another integration method may help"
_OF = {False: "neurons", True: "synapses"}


@dataclass(frozen=True)
class Watched:
    """Variables that may become NaN or infinite, all of one owner.

    Parameters
    ----------
    owner : str
        Population or projection.
    of_synapses : bool
    group : NeuronGroup or Synapses, optional
    """

    owner: str
    of_synapses: bool = False
    group: Any = None

    def words(self, variable: str) -> tuple[str, str, str]:
        """What stands for a `variable` of the owner, by Brian2's name, in a program: kind, owner, variable."""
        return _OF[self.of_synapses], self.owner, our_name(variable, of_synapses=self.of_synapses)


@dataclass(frozen=True)
class NotFinite:
    """A value that became NaN or infinite.

    Parameters
    ----------
    owner : str
        Population or projection.
    variable : str
    of_synapses : bool
    time : float, seconds
        At which it was looked at.
    index : int
        Neuron or synapse, counted over all copies of the network.
    """

    owner: str
    variable: str
    of_synapses: bool
    time: float
    index: int

    def words(self, place: str = "") -> str:
        """Words of the error, with those of a `place` behind the time."""
        name = "synapses of " * self.of_synapses + variable_name(self.owner, self.variable)
        return f"{name} became NaN or infinite before t = {self.time:.6f} s{place}; {REMEDY}"


def not_finite_in(text: str) -> NotFinite:
    """What a program has written as it ended: the words of `Watched`, the time in seconds and the index.

    Lines before it are those of libraries that warn.

    Parameters
    ----------
    text : str

    Returns
    -------
    NotFinite

    Examples
    --------
    >>> not_finite_in("synapses exc_inh x 0.02 5").words()
    'synapses of exc_inh.x became NaN or infinite before t = 0.020000 s; a smaller dt or another integration method may help'
    """
    kind, owner, variable, time, index = text.split()[-5:]
    return NotFinite(owner, variable, kind == _OF[True], float(time), int(index))


def changing(group: Any) -> list[str]:
    """Variables of a `group` of neurons or synapses that a run may change and that hold floating point numbers, sorted."""
    return sorted(
        name
        for name, equation in all_equations(group).items()
        if equation.type in (DIFFERENTIAL_EQUATION, PARAMETER) and equation.var_type == "float" and "constant" not in equation.flags
        and "linked" not in equation.flags
    )  # fmt: skip


def all_equations(group: Any) -> Mapping[str, Any]:
    """Equations of a NeuronGroup or Synapses, those that are computed at events included.

    Parameters
    ----------
    group : NeuronGroup or Synapses

    Returns
    -------
    mapping from variable to SingleEquation
    """
    return {**(getattr(group, "event_driven", None) or {}), **group.equations}


def check_finite(watched: Iterable[Watched], n_copies: int, n_trials: int, time: float) -> None:
    """Look at the state of all groups.

    Parameters
    ----------
    watched : iterable of Watched
    n_copies, n_trials : int
        Copies of the network, and how many of them, the first ones, have a trial.
    time : float, seconds
        Of the look, for the message.

    Raises
    ------
    SimulationError
        Naming population, variable and time, and the first synapse where it is one of these.
    """
    for one in watched:
        group = one.group
        for variable in changing(group):
            values = np.asarray(group.variables[variable].get_value())
            seen = values if values.size < len(group) else values[: len(group) * n_trials // n_copies]
            if not np.isfinite(seen).all():
                index = int(np.argmin(np.isfinite(seen)))
                name = our_name(variable, of_synapses=one.of_synapses)
                found = NotFinite(one.owner, name, one.of_synapses, time, index)
                raise SimulationError(found.words(_synapse(group, index, n_copies) if one.of_synapses else ""))


def _synapse(group: Any, index: int, n_copies: int) -> str:
    """Which synapse the index is of."""
    ends = [int(group.variables[name].get_value()[index]) for name in ("_synaptic_pre", "_synaptic_post")]
    sizes = [len(end) // n_copies for end in (group.source, group.target)]
    return synapse_place((ends[0], ends[1]), (sizes[0], sizes[1]))


def synapse_place(ends: tuple[int, int], sizes: tuple[int, int], first_trial: int = 0) -> str:
    """Words for a synapse.

    Parameters
    ----------
    ends : (int, int)
        Source and target, counted over all copies of the network.
    sizes : (int, int)
        Neurons of source and target in one copy.
    first_trial : int
        Trial of the first copy.

    Returns
    -------
    str
    """
    (source, target), (n_source, n_target) = ends, sizes
    return f", in the synapse from neuron {source % n_source} to {target % n_target} of trial {first_trial + target // n_target}"


def finite_watch(watched: Iterable[Watched], n_copies: int, n_trials: int, dt: float) -> NetworkOperation:
    """Brian2 object that looks at the state after every segment; see `check_finite`.

    Parameters
    ----------
    watched : iterable of Watched
    n_copies, n_trials : int
        Copies of the network, and how many of them, the first ones, have a trial.
    dt : float, seconds

    Returns
    -------
    NetworkOperation
    """
    clock = Clock(dt=SEGMENT_STEPS * dt * second, name="segments")

    def look() -> None:
        check_finite(watched, n_copies, n_trials, np.asarray(clock.variables["t"].get_value()).item())

    return NetworkOperation(look, clock=clock, when="start", order=-1)
