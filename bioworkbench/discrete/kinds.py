"""Records of neurons in discrete time by the name that files give them."""

from collections.abc import Callable, Mapping
from typing import Any

from bioworkbench.discrete.generated import fields_of
from bioworkbench.discrete.lif import DiscreteLIF
from bioworkbench.discrete.spike_response import DiscreteSpikeResponse
from bioworkbench.records.errors import unknown_name
from bioworkbench.records.neuron import NeuronModel

__all__ = ["DISCRETE", "discrete_model", "kind_and_fields"]

DISCRETE: Mapping[str, Callable[..., DiscreteLIF | DiscreteSpikeResponse]] = {
    "lif": DiscreteLIF,
    "spike_response": DiscreteSpikeResponse,
}
"""Records by name."""


def kind_and_fields(model: NeuronModel) -> tuple[str, dict[str, Any]] | None:
    """Name and fields of the record of `model`, those that are None left out; None for a model without one."""
    for name, record in DISCRETE.items():
        if type(model.discrete) is record:
            return name, {key: value for key, value in fields_of(model.discrete).items() if value is not None}
    return None


def discrete_model(kind: str, fields: Mapping[str, Any]) -> NeuronModel:
    """Model of a record that was read from a file.

    Parameters
    ----------
    kind : str
        A name in `DISCRETE`.
    fields : mapping from name to number, array, truth value or text
        Fields that were left out are None where they may be.

    Returns
    -------
    NeuronModel

    Raises
    ------
    ValueError
        If the kind is unknown, or a field is missing, unknown, or has another value than it may have.
    """
    if kind not in DISCRETE:
        raise ValueError(unknown_name(kind, "neuron in discrete time", DISCRETE))
    given: dict[str, Any] = {name: None for name in ("threshold",) if kind == "spike_response"} | dict(fields)
    try:
        return DISCRETE[kind](**given).model()
    except TypeError as error:
        raise ValueError(f"fields {sorted(given)} of a neuron of kind '{kind}': {error}") from error
