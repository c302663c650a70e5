"""State that became NaN or infinite: which variables are looked at, when, and what is said; the same for every backend.

The state of all neurons is looked at after every segment of a run and at its end, recorded or not; between two looks a value may pass
through infinity, as the membrane of an exponential neuron does in the step in which it spikes.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
from brian2.core.clocks import Clock
from brian2.core.operations import NetworkOperation
from brian2.equations.equations import DIFFERENTIAL_EQUATION, PARAMETER
from brian2.units import second

from bioworkbench.records.errors import SimulationError

__all__ = ["REMEDY", "SEGMENT_STEPS", "all_equations", "changing", "check_finite", "finite_watch", "not_finite", "synapse_place"]

SEGMENT_STEPS = 2000
REMEDY = "a smaller dt or another integration method may help"


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


def not_finite(population: str, variable: str) -> str:
    """Words of the error, up to the time in seconds with six digits.

    Parameters
    ----------
    population : str
    variable : str

    Returns
    -------
    str
    """
    return f"{population}.{variable.removeprefix('synaptic_')} became NaN or infinite before t = "


def check_finite(groups: Mapping[str, Any], n_copies: int, n_trials: int, time: float) -> None:
    """Look at the state of all groups.

    Parameters
    ----------
    groups : mapping from name to NeuronGroup or Synapses
    n_copies, n_trials : int
        Copies of the network, and how many of them, the first ones, have a trial.
    time : float, seconds
        Of the look, for the message.

    Raises
    ------
    SimulationError
        Naming population, variable and time, and the first synapse where it is one of these.
    """
    for population, group in groups.items():
        for variable in changing(group):
            values = np.asarray(group.variables[variable].get_value())
            seen = values if values.size < len(group) else values[: len(group) * n_trials // n_copies]
            if not np.isfinite(seen).all():
                place = _synapse(group, int(np.argmin(np.isfinite(seen))), n_copies) if hasattr(group, "source") else ""
                raise SimulationError(f"{not_finite(population, variable)}{time:.6f} s{place}; {REMEDY}")


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


def finite_watch(groups: Mapping[str, Any], n_copies: int, n_trials: int, dt: float) -> NetworkOperation:
    """Brian2 object that looks at the state after every segment; see `check_finite`.

    Parameters
    ----------
    groups : mapping from str to Group
    n_copies, n_trials : int
        Copies of the network, and how many of them, the first ones, have a trial.
    dt : float, seconds

    Returns
    -------
    NetworkOperation
    """
    clock = Clock(dt=SEGMENT_STEPS * dt * second, name="segments")

    def look() -> None:
        check_finite(groups, n_copies, n_trials, np.asarray(clock.variables["t"].get_value()).item())

    return NetworkOperation(look, clock=clock, when="start", order=-1)
