"""The unit in which a spec gives the weights of a projection, and its numbers in that unit."""

from collections.abc import Mapping
from typing import Any, cast

import numpy as np

from bioworkbench.experiment.spec.kinds import KINDS
from bioworkbench.experiment.spec.records import ProjectionSpec
from bioworkbench.experiment.spec.schema import settings
from bioworkbench.records.choice import Choice
from bioworkbench.records.neuron import NeuronModel
from bioworkbench.records.pathways import receiving
from bioworkbench.records.synapse import SynapseModel
from bioworkbench.records.synapse_text import weight_dimension
from bioworkbench.records.units import Quantity, si_value

__all__ = ["weight_arguments", "weight_unit"]


def weight_unit(projection: ProjectionSpec, models: Mapping[str, NeuronModel], kind: str, synapse: SynapseModel) -> Quantity:
    """What the synapse declares, else that of what the target receives: its drive from currents, the variable spikes act on.

    Parameters
    ----------
    projection : ProjectionSpec
    models : mapping from population to NeuronModel
    kind : str
        Of the stimulus that it starts from; "" where that is a population.
    synapse : SynapseModel

    Returns
    -------
    Quantity

    Raises
    ------
    ValueError
        If the target has no such variable.
    """
    model = models[projection.target]
    variable = receiving(projection.target, model, projection.receives, kind)
    return cast("Quantity", Quantity(1.0, dim=weight_dimension(synapse, model, variable)))


def weight_arguments(weights: Choice, unit: Quantity) -> dict[str, Any]:
    """Arguments of a distribution of weights as SI numbers; those that carry the unit of the weights are checked, as their annotations say.

    Parameters
    ----------
    weights : Choice
    unit : Quantity
        In which weights are numbers, from `weight_unit`.

    Returns
    -------
    dict
    """
    known = settings(KINDS["weights"][weights.kind])
    return {name: _weight(name, value, unit) if known[name].unit_is_open else value for name, value in weights.arguments.items()}


def _weight(name: str, value: Any, unit: Quantity) -> float | None:
    """SI number; zero needs no unit, and what is left out none."""
    if value is None:
        return None
    return si_value(value, unit, name) if np.any(np.asarray(value)) else 0.0
