"""What is kept of a run, as records."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:  # these records hold them and ask nothing of them
    from bioworkbench.experiment.spec.records import ExperimentSpec
    from bioworkbench.records.network import Network
    from bioworkbench.records.recording import Recording
    from bioworkbench.records.trained import TrainedNetwork

__all__ = ["Answers", "RunData", "RunRecord"]


@dataclass(frozen=True)
class Answers:
    """What was wanted and what came out, on the test trials.

    Parameters
    ----------
    targets, predictions : array (n_trials,), (n_trials, n_outputs) or (n_trials, n_frames, n_outputs)
    """

    targets: np.ndarray
    predictions: np.ndarray


@dataclass(frozen=True)
class RunData:
    """Arrays of a run: the network, what it did, and what training left.

    Parameters
    ----------
    network : Network
    recording : Recording
    trained : TrainedNetwork, optional
    answers : Answers, optional
    start : Network, optional
        Before training; left out where training has not changed it.
    """

    network: "Network"
    recording: "Recording"
    trained: "TrainedNetwork | None" = None
    answers: Answers | None = None
    start: "Network | None" = None


@dataclass(frozen=True)
class RunRecord:
    """Everything that is kept of a run.

    Parameters
    ----------
    spec : ExperimentSpec
    data : RunData
    metrics : mapping
        ``test``, ``train``, ``baselines``, ``activity``, ``timing``: names and numbers.
    provenance : mapping
    warnings : tuple of str
        What is legal but suspicious.
    """

    spec: "ExperimentSpec"
    data: RunData
    metrics: Mapping[str, Any]
    provenance: Mapping[str, Any]
    warnings: tuple[str, ...] = ()
