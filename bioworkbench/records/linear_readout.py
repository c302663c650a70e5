"""`LinearReadout`: what spikes are read with."""

from dataclasses import dataclass
from typing import Literal

import numpy as np

from bioworkbench.records.arrays import Floats, finite, shaped

__all__ = ["LinearReadout"]


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
        """Outputs (..., n_outputs) of `features` (..., n_features)."""
        return features @ self.coefficients + self.intercepts

    def predictions(self, features: np.ndarray) -> np.ndarray:
        """Class indices (...,) or values (..., n_outputs), as the rule says, of `features` (..., n_features)."""
        outputs = self.outputs(features)
        return outputs.argmax(axis=-1) if self.rule == "argmax" else outputs
