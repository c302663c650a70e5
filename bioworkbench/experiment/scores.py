"""Scores of a trained network, beside what needs no network, and statistics of the activity."""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from bioworkbench.experiment.results.record import Answers
from bioworkbench.readout.metrics import baselines, scores
from bioworkbench.readout.spike_statistics import STATISTICS
from bioworkbench.readout.trials import Simulate, blocked_predictions, read_alone
from bioworkbench.records.network import Network
from bioworkbench.records.randomness import seed_of
from bioworkbench.records.recording import Recording
from bioworkbench.records.stimulus import Stimulus
from bioworkbench.records.trained import TrainedNetwork
from bioworkbench.tasks import Task

__all__ = ["Scored", "activity", "block_size", "scored"]

_MOST_TRAINING_TRIALS = 1000
_SPIKES_PER_STEP = 0.2  # of a neuron, at most, to size batches
_SPIKES_PER_SECOND = 200.0
_BYTES_PER_SPIKE = 24


@dataclass(frozen=True)
class Scored:
    """How a trained network does on trials that it has not seen.

    Parameters
    ----------
    recording : Recording
        Of the test trials, or of the first of them if all do not fit into the memory budget at once.
    answers : Answers
    metrics : mapping
        ``test``, ``train``, ``baselines`` and ``trials``.
    """

    recording: Recording
    answers: Answers
    metrics: dict[str, Any]


def scored(
    trained: TrainedNetwork, task: Task, simulate: Simulate, seed: int, *, dt: float, memory: float, metrics: tuple[str, ...] = ()
) -> Scored:
    """Simulate the test trials, and as many training trials, with spikes and noise of their own, and score both.

    Parameters
    ----------
    trained : TrainedNetwork
    task : Task
    simulate : callable (network, stimulus, seed) -> Recording
    seed : int
    dt : float, seconds
    memory : float, bytes
        What the spikes of a batch of trials may take.
    metrics : tuple of str
        Names in ``metrics.METRICS``; the usual ones for the kind of task by default.

    Returns
    -------
    Scored

    Raises
    ------
    ValueError
        If feature and readout do not fit the recording, or a metric is not defined.
    """
    block = block_size(trained.network, task, dt, memory)
    kept: list[Recording] = []
    lean = read_alone(simulate, trained.feature)

    def keeping(network: Network, stimulus: Stimulus, seed: int) -> Recording:
        # Results show all that the first block recorded; of the others only what the readout sees.
        recording = (lean if kept else simulate)(network, stimulus, seed)
        kept.extend([recording] if not kept else [])
        return recording

    predictions = blocked_predictions(trained, task.encode, task.test.values, keeping, _seed(seed, "test"), block=block)
    n_train = min(task.train.n_trials, task.test.n_trials, _MOST_TRAINING_TRIALS)
    seen = replace(task, train=task.train.take(np.arange(n_train)))
    refitted = blocked_predictions(trained, task.encode, seen.train.values, simulate, _seed(seed, "train"), block=block)
    return Scored(
        kept[0],
        Answers(task.test.targets, predictions),
        {
            "test": scores(task, predictions, metrics),
            "train": scores(seen, refitted, metrics, part="train"),
            "baselines": baselines(task, metrics),
            "trials": {part: trials.n_trials for part, trials in task.parts.items()} | {"train_scored": n_train},
        },
    )


def _seed(seed: int, part: str) -> int:
    return seed_of(seed, f"simulate {part} trials")


def block_size(network: Network, task: Task, dt: float, memory: float) -> int:
    """Most trials whose spikes fit the budget at once.

    Parameters
    ----------
    network : Network
    task : Task
    dt : float, seconds
    memory : float, bytes

    Returns
    -------
    int
    """
    duration = task.encode(task.test.values[:1]).duration
    spikes = sum(network.sizes.values()) * min(duration / dt * _SPIKES_PER_STEP, duration * _SPIKES_PER_SECOND)
    return max(1, int(memory / max(1.0, _BYTES_PER_SPIKE * spikes)))


def activity(recording: Recording) -> dict[str, dict[str, float | None]]:
    """Statistics of the spikes of every population in a `recording`; None where there are too few spikes for one."""
    return {name: {statistic: _defined(statistic, recording, name) for statistic in STATISTICS} for name in recording.spikes}


def _defined(statistic: str, recording: Recording, population: str) -> float | None:
    try:
        return STATISTICS[statistic](recording, population)
    except ValueError:
        return None
