"""Features of many trials, simulated block by block, so that the spikes of all trials are never held at once."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from inspect import signature

import numpy as np
from numpy.typing import NDArray

from bioworkbench.readout.features import COUNTING, FEATURES
from bioworkbench.records.arrays import count
from bioworkbench.records.choice import Choice
from bioworkbench.records.errors import unknown_name
from bioworkbench.records.network import Network
from bioworkbench.records.randomness import seed_of
from bioworkbench.records.recording import Recording
from bioworkbench.records.stimulus import Stimulus
from bioworkbench.records.trained import TrainedNetwork

__all__ = [
    "Simulate",
    "beside_input",
    "blocked_features",
    "blocked_predictions",
    "blocks",
    "features_of",
    "n_steps_of",
    "read_alone",
    "step_of",
]

Simulate = Callable[[Network, Stimulus, int], Recording]
"""``simulate(network, stimulus, seed)``: everything else is bound. One that takes ``counts`` and ``record`` as well, as
`bioworkbench.simulate` does, is asked for counts alone where nothing else is read."""


def features_of(recording: Recording, feature: Choice) -> np.ndarray:
    """Features of a recording: of the populations that the arguments name, or of all.

    Parameters
    ----------
    recording : Recording
    feature : Choice
        Name in ``features.FEATURES`` and its arguments.

    Returns
    -------
    array (n_trials, ..., n_features)

    Raises
    ------
    ValueError
        If the feature is unknown, or the recording does not allow it.
    """
    if feature.kind not in FEATURES:
        raise ValueError(unknown_name(feature.kind, "feature", FEATURES))
    return FEATURES[feature.kind](recording, **{"populations": tuple(recording.spikes or recording.counts), **feature.arguments})


def read_alone(simulate: Simulate, feature: Choice) -> Simulate:
    """`simulate` without what a feature does not read: where it counts spikes, their times and traces.

    Parameters
    ----------
    simulate : callable
        As it comes back unless it takes ``counts`` and ``record``.
    feature : Choice

    Returns
    -------
    callable
    """
    run: Callable[..., Recording] = simulate
    counts = feature.kind in FEATURES and FEATURES[feature.kind] in COUNTING
    able = counts and {"counts", "record"} <= signature(run).parameters.keys()
    return partial(run, counts=True, record=()) if able else run


def beside_input(features: np.ndarray, stimulus: Stimulus) -> np.ndarray:
    """Features, and after them the input that the network saw: of the same frame, or of the whole trial.

    Parameters
    ----------
    features : array (n_trials, n_features) or (n_trials, n_frames, n_features)
    stimulus : Stimulus
        Of the same trials.

    Returns
    -------
    array (n_trials, n_features + n_frames * n_channels) or (n_trials, n_frames, n_features + n_channels)

    Raises
    ------
    ValueError
        If features are read at other times than frames.

    Examples
    --------
    >>> beside_input(np.array([[5.0]]), Stimulus(np.array([[[1.0, 2.0], [3.0, 4.0]]]), 0.001))
    array([[5., 1., 2., 3., 4.]])
    """
    values = stimulus.values
    if features.ndim == 2:
        return np.concatenate([features, values.reshape(len(values), -1)], axis=1)
    if features.shape[1] != values.shape[1]:
        raise ValueError(
            f"features are read {features.shape[1]} times per trial and the input has {values.shape[1]} frames; a readout that "
            "sees both needs one reading per frame"
        )
    return np.concatenate([features, values], axis=2)


def n_steps_of(network: Network, stimulus: Stimulus, simulate: Simulate) -> int:
    """Number of simulation steps that a trial lasts, as the simulation itself cuts it: the frame over its dt, times the frames.

    Parameters
    ----------
    network : Network
    stimulus : Stimulus
    simulate : callable
        Is called once, for the populations without synapses and without input.

    Returns
    -------
    int
    """
    silence = replace(stimulus, values=np.zeros((1, stimulus.values.shape[1], 0)), kind="current")
    return simulate(Network(network.populations), silence, 0).n_steps


def step_of(simulate: Simulate) -> float | None:
    """The simulation step that is bound to a function.

    Parameters
    ----------
    simulate : callable

    Returns
    -------
    float, seconds, or None
        None where the function does not tell.

    Examples
    --------
    >>> step_of(partial(print, dt=0.001))
    0.001
    """
    return simulate.keywords.get("dt") if isinstance(simulate, partial) else None


def blocks(values: np.ndarray, size: int) -> Iterator[np.ndarray]:
    """Cut trials into as few blocks of at most `size` trials as possible, all nearly equally large.

    Equal sizes let all blocks run in one compiled program.

    Parameters
    ----------
    values : array (n_trials, ...)
    size : int
        Trials of a block at most.

    Returns
    -------
    iterator of array (n_block, ...)

    Raises
    ------
    ValueError
        If there are no trials, or `size` is below 1.

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
    skip: bool = False,
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
    skip : bool
        Put the encoded input after the features.

    Returns
    -------
    float32 array (n_trials, n_features), or (n_trials, n_frames, n_features)

    Raises
    ------
    ValueError
        If there are no trials, `block` is below 1, or the feature is unknown.
    """
    gathered: np.ndarray | None = None
    first, run = 0, read_alone(simulate, feature)
    for number, part in enumerate(blocks(values, block)):
        stimulus = encode(part)
        recording = run(network, stimulus, seed_of(seed, f"block {number}"))
        found = features_of(recording, feature)
        found = beside_input(found, stimulus) if skip else found
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
    features = blocked_features(
        trained.network, encode, values, simulate, seed, feature=trained.feature, block=block, skip=trained.skip
    )
    return trained.readout.predictions(features)
