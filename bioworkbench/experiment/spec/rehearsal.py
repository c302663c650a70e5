"""What a method, its feature and its readout refuse, found before anything is simulated.

A method checks its settings before it simulates for the first time, and nothing is trained earlier. So it is called as a run calls
it, with a simulation that ends the call; features see a recording without spikes, and readouts are given random numbers.
"""

from collections.abc import Iterator, Mapping
from dataclasses import fields, is_dataclass
from functools import partial
from typing import Any

import numpy as np

from bioworkbench.experiment.spec.kinds import KINDS
from bioworkbench.experiment.spec.records import ExperimentSpec
from bioworkbench.readout.fitting import only_checked
from bioworkbench.readout.metrics import check_metric, scores
from bioworkbench.readout.reading import fitted_readout, read_feature
from bioworkbench.readout.trials import features_of
from bioworkbench.records.choice import Choice
from bioworkbench.records.counted import counted
from bioworkbench.records.lazily import later
from bioworkbench.records.network import Network
from bioworkbench.records.randomness import stream
from bioworkbench.records.recording import Recording, Spikes
from bioworkbench.records.stimulus import Stimulus
from bioworkbench.tasks import Task
from bioworkbench.tasks.task import check_trained_classes

__all__ = ["rehearse"]

_MOST_ROWS, _MOST_PER_CLASS = 2000, 200  # that a readout is tried on


_check_fit = later("bioworkbench.experiment.recorded_fit:check_fit")  # which reads specs itself


class _StartedError(Exception):
    """The method simulates: it has accepted its settings."""


def rehearse(spec: ExperimentSpec, network: Network, task: Task | None, stimulus: Stimulus) -> None:
    """Try the method of a spec up to its first simulation, its feature, its readout, and the metrics.

    Parameters
    ----------
    spec : ExperimentSpec
    network : Network
    task : Task, optional
        None where it is a recording, which is read, and the ends of what is fitted to it are tried.
    stimulus : Stimulus
        Of one trial.

    Raises
    ------
    SpecError
        Naming the field that is refused.
    """
    if task is None:
        _check_fit(spec, network)
        return
    with spec.place("metrics").named():
        scores(task, task.test.targets, spec.metrics)
    if spec.method is None:
        return
    arguments = spec.method.arguments
    silent = _silent(network, stimulus, spec.dt)
    for place, settings in _groups(arguments):
        if isinstance(feature := settings.get("feature"), Choice):
            with spec.place(f"{place}.feature").named():
                _check_feature(task, network, feature, settings.get("populations"), silent)
    _check_metrics(spec, task)
    if isinstance(readout := arguments.get("readout"), Choice):
        with spec.place("task").named():
            check_trained_classes(task)
        with spec.place("method.readout").named():
            _check_readout(task, readout)
    for name, group in arguments.items():
        if check := getattr(group, "check_recording", None):  # settings by which a method counts spikes itself
            with spec.place(f"method.{name}").named():
                check(silent)
    with spec.place("method").named():
        try:
            KINDS["methods"][spec.method.kind](
                task, network, partial(_start, dt=spec.dt), stream(spec.seed, "method"), **arguments
            )
        except _StartedError:
            return


def _groups(arguments: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Settings of a method by the field that they stand in: its own, and those of every group of them."""
    yield "method", arguments
    for name, value in arguments.items():
        if is_dataclass(value) and not isinstance(value, Choice):
            yield f"method.{name}", {field.name: getattr(value, field.name) for field in fields(value)}


def _check_metrics(spec: ExperimentSpec, task: Task) -> None:
    """Refuse a metric among the settings of a method, or in a group of them, that is for another kind of task."""
    for place, settings in _groups({} if spec.method is None else spec.method.arguments):
        if isinstance(metric := settings.get("metric"), str):
            with spec.place(f"{place}.metric").named():
                check_metric(task, metric)


def _start(*_: Any, **__: Any) -> Recording:
    raise _StartedError


def _silent(network: Network, stimulus: Stimulus, dt: float) -> Recording:
    """Recording of one trial without a spike."""
    none = Spikes(np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.int64), np.zeros(0))
    spiking = [population.name for population in network.populations if population.model.threshold]
    return Recording(dict.fromkeys(spiking, none), {}, network.sizes, 1, stimulus.duration, dt, 0, "none")


def _check_feature(task: Task, network: Network, feature: Choice, populations: Any, silent: Recording) -> None:
    found = features_of(silent, read_feature(task, network, feature, populations))
    if task.train.per_frame and found.shape[1:2] != (task.train.n_frames,):
        raise ValueError(
            f"feature '{feature.kind}' is read {counted(found.shape[1], 'time')} in a trial of "
            f"{counted(task.train.n_frames, 'frame')}, each of which has a "
            "target; leave its time out to read at every frame"
        )


def _check_readout(task: Task, readout: Choice) -> None:
    """Try it on two random features of training trials, as many as take no time."""
    least = max(int(readout.arguments.get(name) or 1) for name in ("n_folds", "batch_size"))  # too few would be refused
    if task.train.per_frame:
        kept = np.arange(min(task.train.n_trials, max(_MOST_ROWS // task.train.n_frames, least)))
        shape: tuple[int, ...] = (len(kept), task.train.n_frames, 2)
    else:
        # few windows of a series would share all targets
        most = task.train.n_trials if task.shared else max(_MOST_PER_CLASS, least)
        kept = _some(task.train.targets if task.train.has_classes else np.zeros(task.train.n_trials), most)
        shape = (len(kept), 2)
    features = stream(0, "rehearsed features").normal(size=shape)
    with only_checked():
        fitted_readout(task, features, task.train.targets[kept], readout)


def _some(labels: np.ndarray, most: int) -> np.ndarray:
    """Indices of the first trials of every class."""
    return np.sort(np.concatenate([np.flatnonzero(labels == label)[:most] for label in np.unique(labels)]))
