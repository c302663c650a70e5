"""A method for tests: the network stays as it is, a readout is fitted to one feature."""

from collections.abc import Callable

import numpy as np
import pytest

from bioworkbench.methods import METHODS
from bioworkbench.readout.features import FEATURES
from bioworkbench.readout.fits import READOUTS
from bioworkbench.records.choice import Choice
from bioworkbench.records.network import Network
from bioworkbench.records.recording import Recording
from bioworkbench.records.stimulus import Stimulus
from bioworkbench.records.trained import TrainedNetwork
from bioworkbench.tasks import Task

COUNTS, RIDGE = Choice("spike_counts"), Choice("ridge")


def train(
    task: Task,
    network: Network,
    simulate: Callable[[Network, Stimulus, int], Recording],
    rng: np.random.Generator,
    *,
    feature: Choice = COUNTS,
    readout: Choice = RIDGE,
) -> TrainedNetwork:
    """Fit a readout.

    References
    ----------
    Nobody, 2000.
    """
    recording = simulate(network, task.encode(task.train.values), int(rng.integers(2**31)))
    arguments = {"populations": list(network.sizes), **feature.arguments}
    found = READOUTS[readout.kind](FEATURES[feature.kind](recording, **arguments), task.train.targets, **readout.arguments)
    return TrainedNetwork(network, Choice(feature.kind, arguments), found, {"score": np.array([0.5, 0.7, 0.8])})


@pytest.fixture
def frozen(monkeypatch):
    """Method "frozen" in the table that specs name methods from."""
    monkeypatch.setitem(METHODS, "frozen", train)
