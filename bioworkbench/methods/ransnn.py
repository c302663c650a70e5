"""Random networks whose synapses stay as they were drawn; what is trained is a linear readout of their spikes.

Feed-forward networks of this kind are random-feature machines (extreme learning machines), recurrent ones liquid state machines.
As options, a part of a feed-forward chain is trained by a surrogate gradient before the readout is fitted to the spikes.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from bioworkbench.arrays import Floats
from bioworkbench.discrete.layers import chain, check_classes, frame_input
from bioworkbench.errors import unknown_name
from bioworkbench.gradients.chains import feed_forward, start_state
from bioworkbench.gradients.objectives import unrolled_loss
from bioworkbench.gradients.training import Batches, Settings, State, fit
from bioworkbench.network import Network
from bioworkbench.neurons.discrete_time import arguments_of, discrete_lif
from bioworkbench.reading import fitted_readout, read_feature
from bioworkbench.readouts import READOUTS
from bioworkbench.signals import Recording, Stimulus
from bioworkbench.tasks import Task
from bioworkbench.trained import Choice, TrainedNetwork
from bioworkbench.trials import Simulate, blocked_features, blocks

__all__ = ["train"]

_COUNTS, _RIDGE = Choice("spike_counts"), Choice("ridge")


def train(
    task: Task,
    network: Network,
    simulate: Simulate,
    rng: np.random.Generator,
    *,
    feature: Choice = _COUNTS,
    readout: Choice = _RIDGE,
    populations: Sequence[str] | None = None,
    train_more: Literal["none", "biases", "last_layer"] = "none",
    epochs: int = 10,
    batch_size: int = 128,
    learning_rate: float = 2e-3,
    surrogate_width: float = 0.4,
    block: int = 1024,
) -> TrainedNetwork:
    """Fit a linear readout to the spikes of a random network.

    Parameters
    ----------
    task : Task
        Of any kind; targets per frame need a feature that is read at every frame, which is then set up by itself.
    network : Network
        Feed-forward or recurrent, of any neuron models; with ``train_more``, a chain of `discrete_lif` populations
        (`bioworkbench.discrete.layers.chain`). It is not changed.
    simulate : callable
    rng : Generator
        Seeds the training trials' noise and input spikes, and the gradient training.
    feature : Choice
        What the readout sees: a name in ``features.FEATURES`` and its arguments.
    readout : Choice
        How it is fitted: a name in ``readouts.READOUTS`` and its arguments.
    populations : sequence of str, optional
        Whose spikes are read; by default the spiking populations of the highest layer.
    train_more : {"none", "biases", "last_layer"}
        What is trained beforehand, by backpropagation through a surrogate of the spikes: nothing; the biases of all neurons;
        or weights and biases of the last population. Needs a classification task and a stimulus of kind "current" or "rate";
        of rates the gradient sees the expected current.
    epochs, batch_size, learning_rate
        Of that training; see `bioworkbench.gradients.training.Settings`.
    surrogate_width : float
        See `bioworkbench.gradients.networks.FeedForward`.
    block : int
        Most trials whose spikes are held at once; larger is faster.

    Returns
    -------
    TrainedNetwork
        History: "loss" and "seconds" per epoch where `train_more` asks for training; once, "varying_features" (share of the
        features that differ between training trials).

    Raises
    ------
    ValueError
        If a name is unknown, no feature varies, or network, stimulus and settings do not fit each other.

    References
    ----------
    Dai & Ma (2025), Spiking neural networks with random network architecture, arXiv:2505.13622. Liquid state machines:
    Maass, Natschläger & Markram (2002), doi:10.1162/089976602760407955. Random features: Huang, Zhu & Siew (2006),
    doi:10.1016/j.neucom.2005.12.126.
    """
    if train_more not in (known := ("none", "biases", "last_layer")):
        raise ValueError(unknown_name(train_more, "part to train", known))
    if readout.kind not in READOUTS:
        raise ValueError(unknown_name(readout.kind, "readout", READOUTS))
    read = read_feature(task, network, feature, populations)
    history: Mapping[str, np.ndarray] = {}
    if train_more != "none":
        settings = Settings(epochs, batch_size, learning_rate)
        first = simulate(network, task.encode(next(blocks(task.train.values, block))), int(rng.integers(2**31)))
        network, history = _tuned(task, network, train_more, first, rng, settings, surrogate_width)
    seed = int(rng.integers(2**31))
    features = blocked_features(network, task.encode, task.train.values, simulate, seed, feature=read, block=block)
    fitted = fitted_readout(task, features, task.train.targets, readout)
    varying = np.ptp(features.reshape(-1, features.shape[-1]), axis=0) > 0
    return TrainedNetwork(network, read, fitted, {**history, "varying_features": np.array([varying.mean()])})


def _tuned(
    task: Task, network: Network, part: str, first: Recording, rng: np.random.Generator, settings: Settings, width: float
) -> tuple[Network, Mapping[str, np.ndarray]]:
    """Chain with a part of it trained; `first` tells into how many steps the stimulus is cut."""
    check_classes(task)
    given = [arguments_of(population.model, population.name) for population in chain(network)]
    unbiased = _with_biases(network, [0.0 for _ in given])
    model = feed_forward(unbiased, task.n_outputs, width=width)
    state = start_state(unbiased, model, rng)
    layers = [dict(own) for own in state.parameters["layers"]]
    for own, arguments in zip(layers, given, strict=False):  # the outputs have no neurons
        own["bias"] = np.broadcast_to(arguments["bias"], own["bias"].shape).astype(np.float32)
    masks = {"layers": _masks(state.fixed["masks"]["layers"], part)}
    start = State({"layers": tuple(layers)}, {"masks": masks})
    batches = Batches(_currents(task, first), task.train.targets, int(rng.integers(2**31)))
    end, history = fit(unrolled_loss(model, first.n_steps), start, batches, settings)
    trained = [{name: np.asarray(value, dtype=float) for name, value in own.items()} for own in end.parameters["layers"]]
    if part == "biases":
        return _with_biases(network, [own["bias"] for own in trained[:-1]]), history
    biases = [arguments["bias"] for arguments in given[:-1]] + [trained[-2]["bias"]]
    return _with_last_weights(_with_biases(network, biases), trained[-2]["weights"]), history


def _masks(masks: Sequence[Mapping[str, Any]], part: str) -> tuple[Mapping[str, Any], ...]:
    """1 for what is trained, 0 for what stays; the outputs are always trained, and then thrown away."""
    *hidden, outputs = masks
    if part == "biases":
        return (*({"weights": 0.0, "bias": 1.0} for _ in hidden), outputs)
    return (*({"weights": 0.0, "bias": 0.0} for _ in hidden[:-1]), hidden[-1], outputs)


def _currents(task: Task, first: Recording) -> NDArray[np.float32]:
    """Current (n_trials, n_channels), or (n_trials, n_steps, n_channels) where it changes; of rates the expected one."""
    stimulus = task.encode(task.train.values)
    if stimulus.kind == "rate":
        stimulus = Stimulus(stimulus.values * first.dt, stimulus.frame, "current")
    frames = frame_input(stimulus)
    if (frames == frames[:, :1]).all():
        return frames[:, 0]
    return np.repeat(frames, first.n_steps // frames.shape[1], axis=1)


def _with_biases(network: Network, biases: Sequence[float | Floats]) -> Network:
    """Chain whose populations have other biases, lowest layer first."""
    changed = {}
    for population, bias in zip(chain(network), biases, strict=True):
        model = discrete_lif(**{**arguments_of(population.model, population.name), "bias": bias})
        changed[population.name] = replace(population, model=model)
    return replace(network, populations=tuple(changed[population.name] for population in network.populations))


def _with_last_weights(network: Network, weights: Floats) -> Network:
    """Chain whose last synapses have other weights (n_source, n_target); no synapse comes or goes."""
    last = chain(network)[-1].name
    projections = []
    for projection in network.projections:
        if projection.target == last:
            links = projection.weights.tocoo()
            data = weights[links.row, links.col]
            changed = sparse.csr_array((data, projection.weights.indices, projection.weights.indptr), shape=links.shape)
            projection = replace(projection, weights=changed)
        projections.append(projection)
    return replace(network, projections=tuple(projections))
