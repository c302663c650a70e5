"""Models in discrete time and the records that make them: the text of a model says what its record says, always."""

from collections.abc import Mapping
from dataclasses import fields
from typing import Any

import numpy as np

from bioworkbench.records.neuron import NeuronModel

__all__ = ["check_generated", "fields_of"]


def fields_of(record: Any) -> dict[str, Any]:
    """Fields of a `record` by name, arrays as they are."""
    return {field.name: getattr(record, field.name) for field in fields(record)}


def check_generated(model: NeuronModel, parts: Mapping[str, Any]) -> None:
    """Raise ValueError if a model has other parts than those that its record generates.

    Parameters
    ----------
    model : NeuronModel
    parts : mapping from field of the model to what the record generates
    """
    for name, wanted in parts.items():
        if not _same(getattr(model, name), wanted):
            raise ValueError(
                f"{name} = {getattr(model, name)!r}: a model in discrete time is made by its record; "
                "change that, as in dataclasses.replace(model.discrete, ...).model()"
            )


def _same(one: Any, other: Any) -> bool:
    """Whether two parts are equal, whatever they are."""
    if isinstance(one, Mapping) and isinstance(other, Mapping):
        return one.keys() == other.keys() and all(_same(one[name], other[name]) for name in one)
    pair: list[Any] = [one, other]
    return bool(np.array_equal(*pair))
