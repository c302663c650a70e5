"""What training leaves: a network, how its spikes are read, and the readout."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from bioworkbench.records.choice import Choice
from bioworkbench.records.linear_readout import LinearReadout

if TYPE_CHECKING:
    from bioworkbench.records.network import Network

__all__ = ["TrainedNetwork"]


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
    skip : bool
        The readout also sees the encoded input, after the features of the spikes: a linear path around the network.
    """

    network: "Network"
    feature: Choice
    readout: LinearReadout
    history: Mapping[str, np.ndarray] = field(default_factory=dict)
    skip: bool = False
