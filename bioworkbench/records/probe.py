"""`Probe`: what a simulation records beside spikes; and names of variables, "population.variable" or "projection.variable"."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from bioworkbench.records.arrays import positive
from bioworkbench.records.kinds import check_kind
from bioworkbench.records.times import seconds

__all__ = ["Probe", "check_distinct", "outside", "owner_and_variable", "probe_of", "variable_name"]


def variable_name(owner: str, variable: str) -> str:
    """Name of a `variable` of a population or projection, the `owner`: ``"exc.v"``."""
    return f"{owner}.{variable}"


def owner_and_variable(name: str) -> tuple[str, str]:
    """Population or projection, and the rest of a `name`: ``("exc", "v")`` of ``"exc.v"``.

    Parameters
    ----------
    name : str

    Returns
    -------
    str, str
        The second is empty where there is no dot.
    """
    owner, _, variable = name.partition(".")
    return owner, variable


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
        If the record step is not a time above 0, a name is not a text, or the neurons are no list of one or more indices.
    """

    population: str
    variable: str
    neurons: tuple[int, ...] | None = None
    every: float | None = None

    def __post_init__(self) -> None:
        for field in ("population", "variable"):
            check_kind(f"{field} of a probe", getattr(self, field), str, "be a name")
        if self.neurons is not None:
            indices = np.asarray(self.neurons)
            if indices.ndim != 1 or (indices.size and indices.dtype.kind not in "iu"):
                raise ValueError(
                    f"neurons of the probe of {self.name} = {self.neurons!r}: must be a list of indices, such as [0, 3]"
                )
            if not indices.size:
                raise ValueError(f"'{self.name}': neurons = []: name one at least, or leave it out to record all")
            object.__setattr__(self, "neurons", tuple(indices.tolist()))
        if self.every is not None:
            name = f"every of the probe of {self.name}"
            object.__setattr__(self, "every", positive(name, seconds(name, self.every)))

    @property
    def name(self) -> str:
        """Key of the trace in a recording: ``"population.variable"`` or ``"projection.variable"``."""
        return variable_name(self.population, self.variable)


def check_distinct(probes: Sequence[Probe]) -> None:
    """Check that no variable is recorded twice, since traces are known by its name.

    Parameters
    ----------
    probes : sequence of Probe

    Raises
    ------
    ValueError
        Naming the variable that is.

    Examples
    --------
    >>> check_distinct([Probe("exc", "v", neurons=(0,)), Probe("exc", "v", neurons=(7,))])
    Traceback (most recent call last):
    ...
    ValueError: 'exc.v': is recorded twice; record it once, with all the neurons that are wanted
    """
    names = [probe.name for probe in probes]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise ValueError(f"'{twice}': is recorded twice; record it once, with all the neurons that are wanted")


def outside(probe: Probe, size: int) -> str:
    """What is wrong with the neurons or synapses that a probe names.

    Parameters
    ----------
    probe : Probe
    size : int
        How many neurons or synapses there are.

    Returns
    -------
    str
        Empty if all that it names are there.

    Examples
    --------
    >>> outside(Probe("exc", "v", neurons=(0, 7)), 5)
    "'exc.v': neurons has 7; must lie between 0 and 4"
    """
    wrong = next((index for index in probe.neurons or () if not 0 <= index < size), None)
    return "" if wrong is None else f"'{probe.name}': neurons has {wrong}; must lie between 0 and {size - 1}"


def probe_of(given: Probe | str, every: float | None = None) -> Probe:
    """The probe that is given, or that of a name.

    Parameters
    ----------
    given : Probe, "population.variable" or "projection.variable"
    every : float, seconds, optional
        Record step of the probe of a name.

    Returns
    -------
    Probe

    Raises
    ------
    ValueError
        If a name lacks the variable.

    Examples
    --------
    >>> probe_of("exc.v").population
    'exc'
    """
    if isinstance(given, Probe):
        return given
    owner, variable = owner_and_variable(given)
    if not variable:
        raise ValueError(f"record '{given}': write 'population.variable', 'projection.variable', or give a Probe")
    return Probe(owner, variable, every=every)
