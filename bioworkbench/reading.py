"""How the spikes of a network are read: which feature of whose spikes, and the linear readout that is fitted to it."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from bioworkbench.errors import unknown_name
from bioworkbench.features import FEATURES
from bioworkbench.network import Network
from bioworkbench.readouts import READOUTS
from bioworkbench.tasks import Task
from bioworkbench.trained import Choice, LinearReadout

__all__ = ["fitted_readout", "read_feature"]

_READING_TIMES = {"binned_counts": "bin", "filtered_spikes": "every"}
"""Features that can be read at every frame, and the argument that says when."""


def read_feature(task: Task, network: Network, feature: Choice, populations: Sequence[str] | None) -> Choice:
    """The feature with all its arguments: whose spikes, and for targets per frame, at every frame.

    Parameters
    ----------
    task : Task
    network : Network
    feature : Choice
        Name in ``features.FEATURES`` and its arguments.
    populations : sequence of str, optional
        By default the spiking populations of the highest layer.

    Raises
    ------
    ValueError
        If the feature or a population is unknown, or the feature cannot be read at every frame and has to be.
    """
    if feature.kind not in FEATURES:
        raise ValueError(unknown_name(feature.kind, "feature", FEATURES))
    return Choice(feature.kind, _arguments(task, feature) | {"populations": _read(network, populations)})


def fitted_readout(task: Task, features: np.ndarray, targets: np.ndarray, readout: Choice) -> LinearReadout:
    """Readout fitted to features of trials; of targets per frame, the washout does not count.

    Parameters
    ----------
    task : Task
    features : array (n_trials, n_features) or (n_trials, n_frames, n_features)
    targets : array
        Of the same trials.
    readout : Choice
        Name in ``readouts.READOUTS`` and its arguments.

    Raises
    ------
    ValueError
        If the readout is unknown, or cannot be fitted.
    """
    if readout.kind not in READOUTS:
        raise ValueError(unknown_name(readout.kind, "readout", READOUTS))
    skip = task.washout if task.train.per_frame else 0
    seen, wanted = (features[:, skip:], targets[:, skip:]) if skip else (features, targets)
    return READOUTS[readout.kind](seen, wanted, **readout.arguments)


def _read(network: Network, populations: Sequence[str] | None) -> tuple[str, ...]:
    """Names of the populations whose spikes are read."""
    spiking = [population for population in network.populations if population.model.threshold]
    if populations is not None:
        for name in populations:
            if name not in [population.name for population in spiking]:
                raise ValueError(unknown_name(name, "spiking population", [population.name for population in spiking]))
        return tuple(populations)
    highest = max((population.layer for population in spiking), default=0)
    return tuple(population.name for population in spiking if population.layer == highest)


def _arguments(task: Task, feature: Choice) -> dict[str, Any]:
    """Arguments of the feature; read at every frame where the task has targets per frame."""
    if not task.train.per_frame:
        return dict(feature.arguments)
    if feature.kind not in _READING_TIMES:
        raise ValueError(
            f"feature '{feature.kind}' is one per trial, and task '{task.name}' has targets per frame; "
            f"choose {' or '.join(_READING_TIMES)}"
        )
    frame = task.encode(task.train.values[:1]).duration / task.train.n_frames
    when = _READING_TIMES[feature.kind]
    given = {name: value for name, value in feature.arguments.items() if value is not None}
    return {when: frame, **given, "per_frame": True}
