"""How the spikes of a network are read: which feature of whose spikes, and the linear readout that is fitted to it."""

from collections.abc import Sequence
from inspect import signature
from typing import Any

import numpy as np

from bioworkbench.readout.features import FEATURES
from bioworkbench.readout.fits import READOUTS
from bioworkbench.readout.fitting import told_of_task
from bioworkbench.records.choice import Choice, Chosen, choice_of
from bioworkbench.records.errors import unknown_name
from bioworkbench.records.functions import name_of
from bioworkbench.records.linear_readout import LinearReadout
from bioworkbench.records.network import Network
from bioworkbench.tasks import Task
from bioworkbench.tasks.task import check_trained_classes

__all__ = ["fitted_readout", "read_feature"]

_READING_TIMES = {"binned_counts": "bin", "filtered_spikes": "every"}
"""Features that can be read at every frame, and the argument that says when."""


def read_feature(task: Task, network: Network, feature: Chosen, populations: Sequence[str] | None) -> Choice:
    """The feature with all its arguments: whose spikes, and for targets per frame, at every frame.

    Parameters
    ----------
    task : Task
    network : Network
    feature : Choice
        Name in ``features.FEATURES`` and its arguments, or a function.
    populations : sequence of str, optional
        By default the spiking populations of the highest layer.

    Returns
    -------
    Choice

    Raises
    ------
    ValueError
        If the feature or a population is unknown, or the feature cannot be read at every frame and has to be.
    """
    feature = choice_of(feature)
    if feature.kind not in FEATURES:
        raise ValueError(unknown_name(feature.kind, "feature", FEATURES))
    return Choice(feature.kind, _arguments(task, feature) | {"populations": _read(network, populations)})


def fitted_readout(task: Task, features: np.ndarray, targets: np.ndarray, readout: Chosen) -> LinearReadout:
    """Readout fitted to features of trials; of targets per frame, the washout does not count.

    Folds that choose a penalty share no targets with the trials that they are judged by; see `Task.shared`.

    Parameters
    ----------
    task : Task
    features : array (n_trials, n_features) or (n_trials, n_frames, n_features)
    targets : array
        Of the same trials.
    readout : Choice
        Name in ``fits.READOUTS`` and its arguments.

    Returns
    -------
    LinearReadout

    Raises
    ------
    ValueError
        If the readout is unknown, or cannot be fitted; if a class has no training trial.
    """
    readout = choice_of(readout)
    if readout.kind not in READOUTS:
        raise ValueError(unknown_name(readout.kind, "readout", READOUTS))
    check_trained_classes(task)
    skip = task.washout if task.train.per_frame else 0
    seen, wanted = (features[:, skip:], targets[:, skip:]) if skip else (features, targets)
    copies = task.copies if len(seen) == task.train.n_trials else 0  # a part of the trials has none, or others
    with told_of_task(task.shared, task.classes, copies):
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
    function = FEATURES[feature.kind]
    if "per_frame" not in signature(function).parameters:
        raise ValueError(
            f"feature '{name_of(feature.kind)}' is one per trial, and task '{task.name}' has targets per frame; "
            f"choose {' or '.join(_READING_TIMES)}"
        )
    frame = task.encode(task.train.values[:1]).duration / task.train.n_frames
    given = {name: value for name, value in feature.arguments.items() if value is not None}
    when = _READING_TIMES.get(feature.kind)
    return {**({when: frame} if when else {}), **given, "per_frame": True}
