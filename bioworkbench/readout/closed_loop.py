"""Networks whose input depends on what they answered: what is predicted in a frame is shown in the next."""

from collections.abc import Callable
from typing import Protocol

import numpy as np

from bioworkbench.readout.trials import features_of
from bioworkbench.records.arrays import finite, shaped
from bioworkbench.records.network import Network
from bioworkbench.records.protocol import RunState
from bioworkbench.records.recording import Recording
from bioworkbench.records.stimulus import Stimulus
from bioworkbench.records.trained import TrainedNetwork

__all__ = ["SimulateOn", "closed_loop"]


class SimulateOn(Protocol):
    """What simulates a frame and goes on from it: `bioworkbench.simulation.simulate` with `dt` bound."""

    def __call__(
        self, network: Network, stimuli: Stimulus, seed: int, /, *, start: RunState | None, keep_state: bool
    ) -> Recording: ...


def closed_loop(
    trained: TrainedNetwork,
    encode: Callable[[np.ndarray], Stimulus],
    values: np.ndarray,
    simulate: SimulateOn,
    *,
    channel: int,
    feedback: Callable[[np.ndarray], np.ndarray],
    seed: int,
) -> np.ndarray:
    """Predictions frame by frame, of a network that sees its own in place of a channel from the second frame on.

    Parameters
    ----------
    trained : TrainedNetwork
        With a feature per frame, and without a linear path around the network.
    encode : callable
        ``task.encode``, which encodes each frame for itself.
    values : array (n_trials, n_frames, n_channels)
        What is shown; of the fed channel the first frame alone is used.
    simulate : callable
        ``simulate(network, stimulus, seed, start=, keep_state=)``, as of Brian2.
    channel : int
        Which one is fed.
    feedback : callable
        From the predictions of a frame (n_trials, ...) to what the channel shows in the next (n_trials,).
    seed : int

    Returns
    -------
    array (n_trials, n_frames, ...)

    Raises
    ------
    ValueError
        If there is no such channel, the network has a linear path around it, its feature is not one per frame, or values or what is
        fed back are not finite or of another shape.
    """
    shown = shaped("values", finite("values", values), (None, None, None)).copy()
    n_trials, n_frames, n_channels = shown.shape
    if 0 in shown.shape:
        raise ValueError(f"values have shape {shown.shape}; at least one trial, frame and channel are needed")
    if not 0 <= channel < n_channels:
        raise ValueError(f"channel = {channel}: the values have the channels 0 to {n_channels - 1}; name one of them")
    if trained.skip:
        raise ValueError("skip = True: the readout also sees the input; train without the linear path to feed predictions back")
    state, found = None, []
    for frame in range(n_frames):
        recording = simulate(trained.network, encode(shown[:, frame : frame + 1]), seed, start=state, keep_state=True)
        features = features_of(recording, trained.feature)
        if features.ndim != 3:
            raise ValueError(
                f"feature '{trained.feature.kind}' gives one answer per trial; train on a task with a target per frame"
            )
        found.append(trained.readout.predictions(features)[:, 0])
        state = recording.final
        if frame + 1 < n_frames:
            shown[:, frame + 1, channel] = _fed(feedback(found[-1]), n_trials, frame)
    return np.stack(found, axis=1)


def _fed(values: np.ndarray, n_trials: int, frame: int) -> np.ndarray:
    """What is fed back, if it is a number for each trial."""
    name = f"what feedback gives after frame {frame}"
    return shaped(name, finite(name, values), (n_trials,))
