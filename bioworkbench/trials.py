"""Features of many trials, simulated block by block, so that the spikes of all trials are never held at once."""

from collections.abc import Callable, Iterator

import numpy as np
from numpy.typing import NDArray

from bioworkbench.arrays import count
from bioworkbench.errors import unknown_name
from bioworkbench.features import FEATURES
from bioworkbench.network import Network
from bioworkbench.randomness import stream
from bioworkbench.signals import Recording, Stimulus
from bioworkbench.trained import Choice, TrainedNetwork

__all__ = ["Simulate", "blocked_features", "blocked_predictions", "blocks", "features_of"]

Simulate = Callable[[Network, Stimulus, int], Recording]
"""``simulate(network, stimulus, seed)``: everything else is bound."""


def features_of(recording: Recording, feature: Choice) -> np.ndarray:
    """Features (n_trials, ..., n_features) of a recording: of the populations that the arguments name, or of all.

    Raises
    ------
    ValueError
        If there is no feature of that name, or the recording does not allow it.
    """
    if feature.kind not in FEATURES:
        raise ValueError(unknown_name(feature.kind, "feature", FEATURES))
    return FEATURES[feature.kind](recording, **{"populations": tuple(recording.spikes), **feature.arguments})


def blocks(values: np.ndarray, size: int) -> Iterator[np.ndarray]:
    """Cut trials into as few blocks of at most `size` trials as possible, all nearly equally large.

    Equal sizes let all blocks run in one compiled program.

    Parameters
    ----------
    values : array (n_trials, ...)
    size : int

    Raises
    ------
    ValueError
        If there is no trial, or `size` is below 1.

    Examples
    --------
    >>> [len(block) for block in blocks(np.arange(10), 4)]
    [4, 3, 3]
    """
    n_trials = count("number of trials", len(values))
    return iter(np.array_split(values, -(-n_trials // count("block", size))))


def blocked_features(
    network: Network,
    encode: Callable[[np.ndarray], Stimulus],
    values: np.ndarray,
    simulate: Simulate,
    seed: int,
    *,
    feature: Choice,
    block: int = 1024,
) -> NDArray[np.float32]:
    """Features of trials that are simulated some at a time.

    Parameters
    ----------
    network : Network
    encode : callable
        ``task.encode``.
    values : array (n_trials, n_frames, n_channels)
    simulate : callable
    seed : int
        Noise and input spikes of every block follow from it and the number of the block.
    feature : Choice
        Name in ``features.FEATURES`` and its arguments.
    block : int
        Most trials whose spikes are held at once.

    Returns
    -------
    float32 array (n_trials, n_features), or (n_trials, n_frames, n_features)

    Raises
    ------
    ValueError
        If there is no trial, `block` is below 1, or the feature is unknown.
    """
    gathered: np.ndarray | None = None
    first = 0
    for number, part in enumerate(blocks(values, block)):
        recording = simulate(network, encode(part), int(stream(seed, f"block {number}").integers(2**31)))
        found = features_of(recording, feature)
        if gathered is None:
            gathered = np.empty((len(values), *found.shape[1:]), dtype=np.float32)
        gathered[first : first + len(found)] = found
        first += len(found)
    return np.asarray(gathered)


def blocked_predictions(
    trained: TrainedNetwork,
    encode: Callable[[np.ndarray], Stimulus],
    values: np.ndarray,
    simulate: Simulate,
    seed: int,
    *,
    block: int = 1024,
) -> np.ndarray:
    """What a trained network answers to trials that are simulated some at a time.

    Parameters
    ----------
    trained : TrainedNetwork
    encode, values, simulate, seed, block
        See `blocked_features`.

    Returns
    -------
    array (n_trials, ...)
        Classes or values, as the readout's rule says.
    """
    features = blocked_features(trained.network, encode, values, simulate, seed, feature=trained.feature, block=block)
    return trained.readout.predictions(features)
