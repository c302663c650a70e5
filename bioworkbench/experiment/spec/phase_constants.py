"""Constants of phases obey the rules of the models that they belong to: each model is made again with them."""

# pyright: reportArgumentType=false
# Brian2 does not type its quantities

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from bioworkbench.experiment.spec.kinds import KINDS
from bioworkbench.experiment.spec.made import drawn_value
from bioworkbench.experiment.spec.records import ExperimentSpec
from bioworkbench.experiment.spec.schema import settings
from bioworkbench.experiment.spec.values import FromTable, PerNeuron
from bioworkbench.records.choice import Choice
from bioworkbench.records.expressions import neuron_indices
from bioworkbench.records.network import Network
from bioworkbench.records.probe import owner_and_variable
from bioworkbench.records.times import SECOND
from bioworkbench.records.units import format_quantity

__all__ = ["check_constants"]

_DRAWN = (PerNeuron, FromTable)


def check_constants(spec: ExperimentSpec, network: Network) -> None:
    """Refuse constants of phases that the functions which make the models refuse, or with which they make other equations.

    Parameters
    ----------
    spec : ExperimentSpec
        Whose phases name what the network has; populations and projections of a file bring no function that could make them again.
    network : Network

    Raises
    ------
    SpecError
        Naming the phase, and the population or projection.
    """
    made: dict[str, tuple[str, Choice] | None] = {}
    for number, phase in enumerate(spec.phases):
        for owner, values in _by_owner(phase.constants).items():
            if owner not in made:
                made[owner] = _model_of(owner, spec, network)
            if (model := made[owner]) is not None:
                with spec.place(f"phases.{number}.constants.{owner}").named():
                    _check(*model, values)


def _model_of(owner: str, spec: ExperimentSpec, network: Network) -> tuple[str, Choice] | None:
    """Table and function of a model, with what was drawn for it; None where no function of a spec made it."""
    for population in (one for one in spec.populations if one.name == owner):
        given, n, indices = population.model.arguments.items(), population.size, neuron_indices(population.size)
        drawn = {name: drawn_value(value, n, spec, f"{owner}.{name}", indices) for name, value in given}
        return "neurons", replace(population.model, arguments=drawn)
    for projection in (one for one in spec.projections if one.name == owner):
        known = next(one.synapse.constants for one in network.projections if one.name == owner)
        given = {
            name: known.get(name, value) if isinstance(value, _DRAWN) else value
            for name, value in projection.synapse.arguments.items()
        }
        if not any(isinstance(value, _DRAWN) for value in given.values()):
            return "synapses", replace(projection.synapse, arguments=given)
    return None


def _by_owner(constants: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """Values by name, of each population and projection."""
    found: dict[str, dict[str, Any]] = {}
    for key, value in constants.items():
        owner, name = owner_and_variable(key)
        found.setdefault(owner, {})[name] = value
    return found


def _check(table: str, model: Choice, values: Mapping[str, Any]) -> None:
    """Make a model again with the values that are settings of it."""
    make = KINDS[table][model.kind]
    constants = make(**model.arguments).constants
    wanted = {name: value for name, value in values.items() if name in settings(make) and name in constants}
    made = make(**{**model.arguments, **wanted})
    for name, value in wanted.items():
        # a noise of deviation 0 is left out too, and is none in the equations with it; these divide by their time constants
        if name not in made.constants and getattr(value, "dim", None) is SECOND and np.any(np.asarray(value) <= 0):
            raise ValueError(f"{name} = {format_quantity(value)}: must be above 0 in a phase, whose equations divide by it")
