"""Synapse models, and the values of models, as JSON data: for formats that keep them as text."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from bioworkbench.records.network import Network
from bioworkbench.records.synapse import PULSE, SynapseModel
from bioworkbench.records.units import Quantity, parse_quantity, unit_text

__all__ = ["plain_synapse", "plain_synapses", "plain_value", "synapse_of", "value_of"]

_TEXTS, _VALUES = ("equations", "method", "reference"), ("constants", "start", "delays")


def plain_value(value: Any) -> dict[str, Any] | str:
    """A distribution as text; anything else as number or list with its unit.

    Parameters
    ----------
    value : Quantity, number, array or str

    Returns
    -------
    dict or str
    """
    if isinstance(value, str):
        return value
    unit = unit_text(value.dim) if isinstance(value, Quantity) else ""
    return {"value": np.asarray(value, dtype=float).tolist(), "unit": unit}


def value_of(given: Any) -> Any:
    """What `plain_value` was given.

    Parameters
    ----------
    given : mapping or str

    Returns
    -------
    Quantity, number, array or str

    Raises
    ------
    ValueError
        If the unit is unknown.
    """
    if isinstance(given, str):
        return given
    value = np.asarray(given["value"], dtype=float)
    if given["unit"]:
        unit = parse_quantity(f"1 {given['unit']}") if given["unit"] != "1" else Quantity(1.0)
        return Quantity(value, dim=unit.dim)
    return value if value.ndim else float(value)


def plain_synapse(model: SynapseModel) -> dict[str, Any]:
    """A synapse model.

    Parameters
    ----------
    model : SynapseModel

    Returns
    -------
    dict
    """
    texts = {name: getattr(model, name) for name in _TEXTS}
    values = {part: {name: plain_value(value) for name, value in getattr(model, part).items()} for part in _VALUES}
    paths = {
        end: value if isinstance(value, str) else dict(value)
        for end, value in (("on_pre", model.on_pre), ("on_post", model.on_post))
    }
    return {**texts, **paths, **values}


def synapse_of(content: Mapping[str, Any]) -> SynapseModel:
    """What `plain_synapse` was given.

    Parameters
    ----------
    content : mapping

    Returns
    -------
    SynapseModel

    Raises
    ------
    KeyError, TypeError, ValueError
        If it is not such data, or the model is not sound.
    """
    values: dict[str, Any] = {part: {name: value_of(value) for name, value in content[part].items()} for part in _VALUES}
    texts: dict[str, Any] = {name: str(content[name]) for name in _TEXTS}
    return SynapseModel(**texts, on_pre=content["on_pre"], on_post=content["on_post"], **values)


def plain_synapses(network: Network) -> dict[str, dict[str, Any]]:
    """Models of synapses that do more than add their weight, by projection.

    Parameters
    ----------
    network : Network

    Returns
    -------
    dict from projection to dict
    """
    return {p.name: plain_synapse(p.synapse) for p in network.projections if p.synapse != PULSE}
