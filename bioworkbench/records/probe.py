"""`Probe`: what a simulation records beside spikes."""

from dataclasses import dataclass

from bioworkbench.records.arrays import positive
from bioworkbench.records.times import seconds

__all__ = ["Probe"]


@dataclass(frozen=True)
class Probe:
    """What to record of a variable of neurons, or of synapses.

    Parameters
    ----------
    population, variable : str
        Of neurons; or the name of a projection and a variable of its synapses, ``Probe("exc_inh", "weight", every=50 * ms)``.
        Where a population and a projection have one name, the population is meant.
    neurons : tuple of int, optional
        Indices inside the population, or of synapses in the order of the links; None records all.
    every : float, seconds, or Quantity, optional
        Record step; None records every simulation step.

    Raises
    ------
    ValueError
        If the record step is not a time above 0.
    """

    population: str
    variable: str
    neurons: tuple[int, ...] | None = None
    every: float | None = None

    def __post_init__(self) -> None:
        if self.every is not None:
            name = f"every of the probe of {self.name}"
            object.__setattr__(self, "every", positive(name, seconds(name, self.every)))

    @property
    def name(self) -> str:
        """Key of the trace in a recording: ``"population.variable"`` or ``"projection.variable"``."""
        return f"{self.population}.{self.variable}"
