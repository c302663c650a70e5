"""What a spec records."""

from typing import Any

from bioworkbench.experiment.spec.places import Place
from bioworkbench.experiment.spec.values import converted_arguments
from bioworkbench.records.annotations import Seconds
from bioworkbench.records.probe import Probe, check_distinct, owner_and_variable

__all__ = ["probe", "probes"]

MAX_PROBES = 1000
MAX_RECORDED = 100_000


def probe(*, variable: str, neurons: int | list[int] | None = None, every: Seconds | None = None) -> Probe:
    """What to record.

    Parameters
    ----------
    variable : str
        ``"population.variable"``, or ``"projection.variable"`` of synapses.
    neurons : int or list of int
        How many neurons or synapses, from the first on, or which; all by default.
    every : float, seconds
        From one value to the next; every step by default.

    Returns
    -------
    Probe

    Raises
    ------
    ValueError
        If the variable has no owner, or `neurons` is out of range.
    """
    population, name = owner_and_variable(variable)
    if not name:
        raise ValueError(f"variable = '{variable}': must be written population.variable or projection.variable, such as 'exc.v'")
    if isinstance(neurons, int) and not 0 < neurons <= MAX_RECORDED:
        raise ValueError(f"neurons = {neurons}: must be between 1 and {MAX_RECORDED}; leave it out to record all")
    indices = tuple(range(neurons)) if isinstance(neurons, int) else neurons
    return Probe(population, name, None if indices is None else tuple(indices), every)


def probes(given: Any, place: Place) -> tuple[Probe, ...]:
    """What a spec records, from one table or several.

    Parameters
    ----------
    given : mapping or list of mappings
    place : Place

    Returns
    -------
    tuple of Probe

    Raises
    ------
    SpecError
        If it is not made of such tables, one of them has a setting that does not fit, or two are of the same variable.
    """
    tables = [given] if isinstance(given, dict) else given
    with place.named():
        if not isinstance(tables, list) or not all(isinstance(table, dict) for table in tables):
            raise ValueError(f'{given!r} is not a list of tables such as {{ variable = "exc.v", neurons = 5 }}')
        if len(tables) > MAX_PROBES:
            raise ValueError(f"{len(tables)} of them; at most {MAX_PROBES} are accepted")
        found = tuple(probe(**converted_arguments(probe, table, "record", place, {})) for table in tables)
        check_distinct(found)
        return found
