"""Training of a part of a random network by a surrogate gradient, before its readout is fitted."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bioworkbench.discrete.layers import chain, check_classes, frame_input
from bioworkbench.discrete.lif import arguments_of, discrete_lif
from bioworkbench.gradients.chains import feed_forward
from bioworkbench.gradients.objectives import unrolled_loss
from bioworkbench.gradients.starting import start_state
from bioworkbench.gradients.training import Batches, State, fit
from bioworkbench.records.arrays import Floats
from bioworkbench.records.checkpoints import told_settings
from bioworkbench.records.network import INPUT, Network
from bioworkbench.records.optimization import Optimization
from bioworkbench.records.recording import Recording
from bioworkbench.records.stimulus import Stimulus
from bioworkbench.tasks import Task

__all__ = ["check_chain", "tuned"]


def check_chain(task: Task, network: Network, optimization: Optimization) -> None:
    """Raise ValueError unless gradients can train the network.

    Parameters
    ----------
    task : Task
    network : Network
    optimization : Optimization
    """
    feed_forward(_with_biases(network, [0.0 for _ in chain(network)]), task.n_outputs, width=optimization.surrogate_width)


def tuned(
    task: Task, network: Network, part: str, first: Recording, rng: np.random.Generator, optimization: Optimization
) -> tuple[Network, Mapping[str, np.ndarray]]:
    """Chain with a part of it trained.

    Parameters
    ----------
    task : Task
    network : Network
    part : {"biases", "last_layer"}
    first : Recording
        Tells into how many steps the stimulus is cut.
    rng : Generator
    optimization : Optimization

    Returns
    -------
    network : Network
    history : mapping from name to array
    """
    check_classes(task)
    given = [arguments_of(population.model, population.name) for population in chain(network)]
    unbiased = _with_biases(network, [0.0 for _ in given])
    model = feed_forward(unbiased, task.n_outputs, surrogate=optimization.surrogate, width=optimization.surrogate_width)
    state = start_state(unbiased, model, rng)
    layers = [dict(own) for own in state.parameters["layers"]]
    for own, arguments in zip(layers, given, strict=False):  # the outputs have no neurons
        own["bias"] = np.broadcast_to(arguments["bias"], own["bias"].shape).astype(np.float32)
    masks = {"layers": _masks(state.fixed["masks"]["layers"], part)}
    start = State({"layers": tuple(layers)}, {"masks": masks})
    batches = Batches(_currents(task, first), task.train.targets, int(rng.integers(2**31)))
    told = told_settings(train_more=part, n_steps=first.n_steps)
    loss = unrolled_loss(model, first.n_steps)
    end, history = fit(loss, start, batches, optimization, path=optimization.checkpoint, told=told)
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
    ends = [INPUT, *(population.name for population in chain(network))][-2:]
    projections = []
    for projection in network.projections:
        if [projection.source, projection.target] == ends:  # skips stay as they are
            links = projection.links
            projection = replace(projection, links=links.with_values(weights[links.sources, links.targets]))
        projections.append(projection)
    return replace(network, projections=tuple(projections))
