"""`ValueName`: which array of a job it is; the one place that knows in what files programs find them."""

from dataclasses import dataclass
from enum import Enum

import numpy as np

__all__ = ["KINDS", "ValueKind", "ValueName"]

KINDS = {"float": np.float64, "integer": np.int32, "boolean": np.bool_}
"""Types of arrays by Brian2's words for what a variable holds."""


class ValueKind(Enum):
    """What arrays of a job are of; the text is what stands in the name of a file between owner and variable."""

    NEURONS = "."
    """Start values, constants and indices of a population."""
    TRAIN = ".event_"
    """Spikes that a stimulus gives: "neuron" and "step"."""
    SYNAPSES = "_synapses."
    """What all runs of a simulation have alike of a projection: sources "i", targets "j", weights "w" and "delay"."""
    STATE = "_synapses_state."
    """Start values and constants of synapses."""
    PATHWAY = "_synapses_delay."
    """Delays of a pathway that has its own, by its name."""
    TABLE = "_stimulus."
    """What a stimulus adds to the target of a projection: by "frames", for currents, or by step, "impulses"."""

    def of(self, owner: str, variable: str) -> "ValueName":
        """Name of a `variable` of this kind, of the population or projection `owner`."""
        return ValueName(self, owner, variable)


@dataclass(frozen=True)
class ValueName:
    """Which array of a job it is.

    Parameters
    ----------
    kind : ValueKind
    owner : str
        Population or projection.
    variable : str

    Examples
    --------
    >>> ValueKind.SYNAPSES.of("exc_inh", "w").file
    'exc_inh_synapses.w'
    """

    kind: ValueKind
    owner: str
    variable: str

    @property
    def file(self) -> str:
        """Name of the file in which a program finds the array."""
        return f"{self.owner}{self.kind.value}{self.variable}"
