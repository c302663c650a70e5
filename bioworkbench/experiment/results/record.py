"""What is kept of a run, as records."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:  # these records hold them and ask nothing of them
    from bioworkbench.experiment.spec.records import ExperimentSpec
    from bioworkbench.records.network import Network
    from bioworkbench.records.recording import Recording, Spikes, Trace
    from bioworkbench.records.trained import TrainedNetwork

__all__ = ["Answers", "Fitted", "RunData", "RunRecord"]


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
class Fitted:
    """What a fit to a recording found.

    Parameters
    ----------
    values : mapping from dotted field to text
        Of the best set, as a spec has them.
    tried : mapping from dotted field, and "distance", to array (n_sets,)
        All sets in SI units, in their order, and their distances.
    population, variable : str
        What was compared; the variable is empty for spikes alone.
    spikes, trace : Spikes and Trace, optional
        The recording.
    first_held_out : int
        Trial from which on the fit has not seen the recording.
    unseen_from : float, seconds
        Time from which on it has not, in all trials.
    """

    values: Mapping[str, str]
    tried: Mapping[str, np.ndarray]
    population: str
    variable: str
    spikes: "Spikes | None"
    trace: "Trace | None"
    first_held_out: int
    unseen_from: float


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
    fit : Fitted, optional
        Of settings to a recording.
    """

    network: "Network"
    recording: "Recording"
    trained: "TrainedNetwork | None" = None
    answers: Answers | None = None
    start: "Network | None" = None
    fit: Fitted | None = None


@dataclass(frozen=True)
class RunRecord:
    """Everything that is kept of a run.

    Parameters
    ----------
    spec : ExperimentSpec
    data : RunData
    metrics : mapping
        ``test``, ``train``, ``baselines``, ``activity``, ``timing``, ``fit``: names and numbers.
    provenance : mapping
    warnings : tuple of str
        What is legal but suspicious.
    """

    spec: "ExperimentSpec"
    data: RunData
    metrics: Mapping[str, Any]
    provenance: Mapping[str, Any]
    warnings: tuple[str, ...] = ()
