"""Values that weights may have: those that synapses which learn keep, and whole ones where they are added to whole numbers."""

import re
from typing import TYPE_CHECKING, cast

import numpy as np

from bioworkbench.records.arrays import Floats
from bioworkbench.records.synapse_text import weight_dimension
from bioworkbench.records.units import Dimension, Quantity, format_quantity, get_dimensions

if TYPE_CHECKING:
    from bioworkbench.records.neuron import NeuronModel
    from bioworkbench.records.synapse import SynapseModel

__all__ = ["check_bound", "check_weights"]

_OUTSIDE = 1e-3  # of the bound, that a step of learning may leave a weight outside
_SETS = re.compile(r"(\w+)\s*[-+*/]?=\s*weight")


def check_weights(model: "SynapseModel", weights: Floats, target: "NeuronModel", receiver: str) -> None:
    """Check that start weights lie where the synapses keep them, and are whole where they are added to a whole number.

    Parameters
    ----------
    model : SynapseModel
    weights : array (n_synapses,), SI unit
    target : NeuronModel
    receiver : str
        Variable of the target that receives spikes.

    Raises
    ------
    ValueError
        As `check_bound`, or with a weight whose fraction would be lost.
    """
    check_bound(model, weights, weight_dimension(model, target, receiver))
    variables = {f"{name}_post": equation for name, equation in target.parsed.items()} | dict(model.equations_for(receiver))
    statements = [text for pathway in model.pathways for text in pathway.statements(receiver)]
    taking = ["weight", *(match[1] for text in statements if (match := _SETS.fullmatch(text.strip())))]
    whole = [name for name in taking if name in variables and variables[name].var_type == "integer"]
    if whole and len(broken := weights[weights != np.rint(weights)]):
        raise ValueError(
            f"a weight is {broken[0]:g}, and '{whole[0]}', which takes it, is an integer: its fraction would be lost; use whole weights or "
            "declare the variable as ': 1'"
        )


def check_bound(model: "SynapseModel", weights: Floats, dimension: Dimension) -> None:
    """Check that start weights lie where the synapses keep them: others would be cut at the first spike, without a word.

    Parameters
    ----------
    model : SynapseModel
    weights : array (n_synapses,), SI unit
    dimension : Dimension
        Of the weights. Where the bound has another, nothing is said here: what checks units tells it.

    Raises
    ------
    ValueError
        If a weight is below 0 or above the bound of the model, by more than a step of learning may leave it.
    """
    if not model.bound or not len(weights) or get_dimensions(bound := model.constants[model.bound]) is not dimension:
        return
    most = np.asarray(bound, dtype=float)
    if np.all((weights >= -_OUTSIDE * most) & (weights <= (1 + _OUTSIDE) * most)):
        return
    limits = (weights.min(), weights.max(), most.min())
    low, high, allowed = (format_quantity(cast("Quantity", Quantity(float(value), dim=dimension))) for value in limits)
    raise ValueError(
        f"the weights go from {low} to {high}: must lie between 0 and {model.bound} = {allowed}, where these synapses keep them; others "
        f"would be cut. Change the weights, or {model.bound}"
    )
