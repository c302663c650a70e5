"""Background input: independent Poisson spikes to each neuron of a population, which no source neuron sends."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from bioworkbench.records.arrays import count, finite, non_negative
from bioworkbench.records.errors import unknown_name
from bioworkbench.records.neuron import NeuronModel
from bioworkbench.records.units import Quantity, dimension_name, get_dimensions, in_si, parse_quantity

__all__ = ["Background"]

_FREQUENCY = parse_quantity("1 Hz")


@dataclass(frozen=True)
class Background:
    """Poisson spikes to each neuron, as from `n` sources of its own.

    In a step, a neuron gets `weight` times a Poisson number of mean ``n * rate * dt``. Brian2's ``PoissonInput`` draws a binomial
    number, which is nearly the same as long as ``rate * dt`` is small; the sum of many Poisson trains is what is meant, and any
    rate can be asked for.

    Parameters
    ----------
    receives : str
        Variable that a spike adds its weight to.
    n : int
        Sources of each neuron.
    rate : float, hertz, or Quantity
        Of each source.
    weight : float, in the SI unit of what it adds to, or Quantity
    regular : bool
        Add the mean in every step, in place of a random number.

    Raises
    ------
    ValueError
        If a number is negative or not finite, or the rate is not a frequency.
    """

    receives: str
    n: int
    rate: float | Quantity
    weight: float | Quantity
    regular: bool = False

    def __post_init__(self) -> None:
        what = f"background of '{self.receives}'"
        count(f"n of the {what}", self.n, least=0)
        rate = non_negative(f"rate of the {what}", in_si(f"rate of the {what}", self.rate, _FREQUENCY))
        object.__setattr__(self, "rate", float(rate))
        if isinstance(self.weight, Quantity):
            object.__setattr__(self, "_dimension", get_dimensions(self.weight))
        object.__setattr__(self, "weight", float(finite(f"weight of the {what}", np.asarray(self.weight))))

    def mean(self, dt: float) -> float:
        """Mean number of spikes to a neuron in a step.

        Parameters
        ----------
        dt : float, seconds

        Returns
        -------
        float
            ``n * rate * dt``.
        """
        return self.n * float(self.rate) * dt

    def check(self, population: str, model: NeuronModel) -> None:
        """Raise ValueError unless a model has the variable, something can be added to it, and the weight has its unit.

        Parameters
        ----------
        population : str
        model : NeuronModel
        """
        variables: Any = model.parsed
        if self.receives not in variables:
            raise ValueError(
                f"background of population '{population}': {unknown_name(self.receives, 'variable', variables.names)}"
            )
        equation = variables[self.receives]
        if equation.type == "subexpression" or equation.var_type != "float":
            raise ValueError(
                f"background of population '{population}': '{self.receives}' is defined as '{equation}'; weights are added to a variable "
                "or parameter of any value"
            )
        given, wanted = getattr(self, "_dimension", None), variables[self.receives].dim
        if given is not None and given is not wanted:
            raise ValueError(
                f"weight of the background of population '{population}' is a {dimension_name(given)}; '{self.receives}' is a "
                f"{dimension_name(wanted)}, so it must be one too"
            )
