"""`NeuronModel`: what a neuron is, as Brian2 equations with units."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from brian2.equations.equations import EquationError, Equations
from brian2.units.fundamentalunits import DimensionMismatchError, Quantity, get_dimensions

from bioworkbench.errors import unknown_name
from bioworkbench.quantities import dimension_name, unit_text

__all__ = ["BRIAN2_REFUSES", "NeuronModel", "Start", "one_line"]

BRIAN2_REFUSES = (
    *(EquationError, DimensionMismatchError, SyntaxError, ValueError, TypeError),
    *(KeyError, AttributeError, RecursionError),
)
"""What Brian2 raises for text that it cannot read."""

Start = Quantity | float | str


@dataclass(frozen=True)
class NeuronModel:
    """Equations, threshold and reset of a neuron, in Brian2's language.

    Three parameters have a meaning when the equations declare them:

    * ``drive : <unit>``: input from a stimulus of kind "current", constant during a frame; zero without a stimulus;
    * ``shared_noise : second**-0.5``: white noise that all neurons of the population, in one trial, have in common;
    * a name in `constants`: set from there. Every other parameter starts at 0, or as `start` says.

    Parameters
    ----------
    equations : str
        Differential equations, subexpressions and parameters; may be only parameters for models in discrete time.
    threshold, reset : str
        Condition and statements; an empty threshold means a neuron that never spikes.
    constants : mapping from name to Quantity, number or array
        Scalars, or one value per neuron. Changing a value needs no rebuild.
    start : mapping from variable to Quantity, number, array or law
        Laws are text: ``"uniform(-70 mV, -50 mV)"`` or ``"normal(0 mV, 1 mV)"``; drawn in NumPy.
    receives : str
        Variable that an incoming spike adds its weight to; empty for a source that receives none.
    refractory : Quantity, optional
    method : str
        Brian2's integration method; "exact" where the equations allow it.
    update : str
        Statements run once per step before the threshold is tested: the law of motion in discrete time.
    reference : str
        Where the model comes from, with DOI where there is one.

    Raises
    ------
    ValueError
        If the equations do not parse, or `receives` or a name in `start` is not a variable of them.
    """

    equations: str
    threshold: str
    reset: str
    constants: Mapping[str, Quantity | float | np.ndarray] = field(default_factory=dict)
    start: Mapping[str, Start] = field(default_factory=dict)
    receives: str = "v"
    refractory: Quantity | None = None
    method: str = "euler"
    update: str = ""
    reference: str = ""

    def __post_init__(self) -> None:
        names = self.parsed.names
        if self.receives and self.receives not in names:
            raise ValueError(f"receives: {unknown_name(self.receives, 'variable', names)}")
        for name in self.start:
            if name not in names:
                raise ValueError(f"start: {unknown_name(name, 'variable', names)}")

    @cached_property
    def parsed(self) -> Equations:
        """The equations as Brian2 reads them."""
        try:
            return Equations(self.equations)
        except BRIAN2_REFUSES as error:
            raise ValueError(f"equations do not parse: {one_line(error)}") from error

    def check_size(self, population: str, size: int) -> None:
        """Raise ValueError unless every array among constants and start values has one entry per neuron."""
        for name, value in [*self.constants.items(), *self.start.items()]:
            shape = () if isinstance(value, str) else np.shape(value)
            if shape not in ((), (size,)):
                raise ValueError(f"{name} of population '{population}' has shape {shape}; it must be a scalar or ({size},)")

    def unit(self, variable: str) -> str:
        """SI unit of a variable of the equations, as Brian2 code; KeyError if there is none of that name."""
        return unit_text(self.parsed[variable].dim)

    def describe_constant(self, name: str) -> str:
        """Constant with its kind, for reports: ``"tau (time)"``."""
        return f"{name} ({dimension_name(get_dimensions(self.constants[name]))})"


def one_line(error: Exception) -> str:
    """Message of an error of Brian2 on one line."""
    words: list[str] = []
    cause: BaseException | None = error
    while cause is not None and len(words) < 5:  # newer Brian2 keeps the detail in the causes
        words += [] if any(str(cause) in known for known in words) else [str(cause)]
        cause = cause.__cause__
    return " ".join(": ".join(words).split())
