"""What training leaves: a network, how its spikes are read, and the readout."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np

from bioworkbench.arrays import Floats, finite, shaped
from bioworkbench.network import Network

__all__ = ["Choice", "LinearReadout", "TrainedNetwork"]


@dataclass(frozen=True)
class Choice:
    """A function chosen by name, with its arguments: what ``{ kind = "ridge" }`` means in a spec."""

    kind: str
    arguments: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class LinearReadout:
    """Affine map from features to outputs.

    Parameters
    ----------
    coefficients : array (n_features, n_outputs)
    intercepts : array (n_outputs,)
    rule : {"argmax", "value"}
        Whether the prediction is the index of the largest output (a class) or the outputs themselves.
    """

    coefficients: Floats
    intercepts: Floats
    rule: Literal["argmax", "value"]

    def __post_init__(self) -> None:
        coefficients = shaped("readout coefficients", finite("readout coefficients", self.coefficients), (None, None))
        shaped("readout intercepts", finite("readout intercepts", self.intercepts), (coefficients.shape[1],))
        if self.rule not in ("argmax", "value"):
            raise ValueError(f"readout rule = {self.rule!r}: must be 'argmax' or 'value'")

    def outputs(self, features: np.ndarray) -> np.ndarray:
        """Outputs (..., n_outputs) of features (..., n_features)."""
        return features @ self.coefficients + self.intercepts

    def predictions(self, features: np.ndarray) -> np.ndarray:
        """Class indices (...,) or values (..., n_outputs), as the rule says."""
        outputs = self.outputs(features)
        return outputs.argmax(axis=-1) if self.rule == "argmax" else outputs


@dataclass(frozen=True)
class TrainedNetwork:
    """Result of a method.

    Parameters
    ----------
    network : Network
        With the weights and links that training left.
    feature : Choice
        Name in ``features.FEATURES`` and its arguments.
    readout : LinearReadout
    history : mapping from name to array
        One entry per training step or topology step: loss, n_links, clustering, ...
    """

    network: Network
    feature: Choice
    readout: LinearReadout
    history: Mapping[str, np.ndarray] = field(default_factory=dict)
