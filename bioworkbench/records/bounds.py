"""Ranges that synapses which learn keep their weights in."""

from typing import TYPE_CHECKING, cast

import numpy as np

from bioworkbench.records.arrays import Floats
from bioworkbench.records.units import Dimension, Quantity, format_quantity, get_dimensions

if TYPE_CHECKING:
    from bioworkbench.records.synapse import SynapseModel

__all__ = ["check_bound"]

_OUTSIDE = 1e-3  # of the bound, that a step of learning may leave a weight outside


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
