"""``[[phases]]``: parts of a run that follow each other, as a spec writes them."""

from collections.abc import Mapping
from typing import Any

from bioworkbench.experiment.spec.places import Place, Problems
from bioworkbench.experiment.spec.values import PerNeuron, converted_arguments
from bioworkbench.records.annotations import Seconds
from bioworkbench.records.protocol import Phase
from bioworkbench.records.units import Quantity

__all__ = ["phases_of"]

_MOST = 1000


def phase(
    *,
    duration: Seconds,
    constants: Mapping[str, Quantity | float] | None = None,
    learning: bool = True,
    recorded: bool = True,
    name: str = "",
) -> Phase:
    """Part of a run, which goes on where the one before ends.

    Parameters
    ----------
    duration : float, seconds
        From the end of the phase before.
    constants : mapping from "population.name" or "projection.name" to Quantity or number
        Constants during the phase, and values of parameters from its beginning on.
    learning : bool
        Whether synapses change their weights.
    recorded : bool
        False for what is left out of spikes, traces and statistics, such as a burn-in.
    name : str
        What results and reports call it.

    Returns
    -------
    Phase

    Raises
    ------
    ValueError
        If the duration is not above 0, or a constant is a distribution.
    """
    given = constants or {}
    for key, value in given.items():
        if isinstance(value, PerNeuron):
            raise ValueError(
                f"constants.{key} = '{value.text}': phases change values for all neurons alike; give a quantity or number"
            )
    return Phase(duration, (), given, learning, recorded, name)


def phases_of(given: Any, place: Place) -> tuple[Phase, ...]:
    """Phases of a spec.

    Parameters
    ----------
    given : list of tables
    place : Place

    Returns
    -------
    tuple of Phase

    Raises
    ------
    SpecError
        Naming the phase and field that cannot be used.
    """
    with place.named():
        if not isinstance(given, list) or not all(isinstance(table, Mapping) for table in given):
            raise ValueError(f"{given!r} is not a list of tables; write [[phases]] before each")
        if len(given) > _MOST:
            raise ValueError(f"{len(given)} of them; at most {_MOST} are accepted")
    problems = Problems()
    made = [problems.tried(_phase, table, place / str(number)) for number, table in enumerate(given)]
    problems.tell()
    return tuple(made)


def _phase(table: Mapping[str, Any], place: Place) -> Phase:
    constants = table.get("constants")
    flat = {**table, "constants": _flat(constants)} if isinstance(constants, Mapping) else table
    values = converted_arguments(phase, flat, "a phase", place, {})
    with place.named():
        return phase(**values)


def _flat(table: Mapping[str, Any]) -> dict[str, Any]:
    """``exc.tau = "10 ms"`` in TOML is a table in a table; both ways of writing mean the same."""
    return {
        f"{owner}.{name}" if name else owner: value
        for owner, inner in table.items()
        for name, value in (inner.items() if isinstance(inner, Mapping) else [("", inner)])
    }
