"""Gradients and accuracy of networks whose links are few and change during training: they cost what the links cost.

Convolutions may come before the linear layers. They take nearly all of the time then, so that JAX computes the whole, with zeros where
a link is absent.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import jax
import numpy as np
from scipy import sparse

from bioworkbench.gradients import linked_kernels as kernels
from bioworkbench.gradients.layers import Dense, FeedForward, Neuron
from bioworkbench.gradients.linked_states import dense_parameters
from bioworkbench.gradients.networks import Parameters
from bioworkbench.gradients.objectives import accuracy, unrolled_loss
from bioworkbench.gradients.surrogate import SURROGATES
from bioworkbench.gradients.training import Batches, Gradient, State, Tree

__all__ = ["dense_gradients", "linked_accuracy", "linked_gradient"]

_DENSE = 0.3  # fraction of links above which a matrix product is faster
_BATCH = 500  # trials that are judged together


def dense_gradients(
    network: FeedForward, n_steps: int, batches: Batches, n_trials: int
) -> Callable[[State, int], list[np.ndarray]]:
    """Function ``(state, epoch)`` that gives the gradient of all weights of layers with links, absent ones included, from the first trials.

    Parameters
    ----------
    network : FeedForward
    n_steps : int
        Of a trial.
    batches : Batches
        Training trials.
    n_trials : int
        That the gradient is computed from.

    Returns
    -------
    callable (State, int) -> list of array (n_source, n_target)
        Of a kernel (size * size * channels, filters).
    """
    gradient = jax.jit(jax.grad(unrolled_loss(network, n_steps)))
    prepare = jax.jit(batches.prepare or (lambda inputs, key: inputs))

    def of(state: State, epoch: int) -> list[np.ndarray]:
        key = jax.random.fold_in(jax.random.key(batches.seed), epoch)
        inputs = prepare(batches.inputs[:n_trials], jax.random.fold_in(key, 1))
        dense = dense_parameters(network, state.parameters["layers"], state.fixed["links"])
        found = gradient({"layers": dense}, {}, (inputs, batches.targets[:n_trials]), key)
        every = [np.asarray(own["weights"], dtype=float) for own in found["layers"]]
        return [own.reshape(-1, own.shape[-1]) for own, links in zip(every, state.fixed["links"], strict=True) if links]

    return of


@dataclass(frozen=True)
class _Layer:
    """Links and weights of a layer; products go through its matrix where links are many."""

    starts: np.ndarray
    targets: np.ndarray
    weights: np.ndarray
    bias: np.ndarray

    @cached_property
    def matrix(self) -> np.ndarray | None:
        """Weights (n_source, n_target); None where links are few."""
        shape = (self.starts.size - 1, self.bias.size)
        if self.weights.size < _DENSE * shape[0] * shape[1]:
            return None
        if self.weights.size == shape[0] * shape[1]:
            return self.weights.reshape(shape)
        return sparse.csr_array((self.weights, self.targets, self.starts), shape=shape).toarray()

    def drive(self, signal: np.ndarray) -> np.ndarray:
        if self.matrix is not None:
            return self.matrix.T @ signal + self.bias[:, None]
        return kernels.drive(self.starts, self.targets, self.weights, self.bias, signal)

    def pulled_back(self, change: np.ndarray) -> np.ndarray:
        if self.matrix is not None:
            return self.matrix @ change
        return kernels.pulled_back(self.starts, self.targets, self.weights, change)

    def gradient(self, signal: np.ndarray, change: np.ndarray) -> dict[str, np.ndarray]:
        bias = change.sum(axis=0).sum(axis=-1)
        if self.matrix is None:
            return {"weights": kernels.link_gradient(self.starts, self.targets, signal, change), "bias": bias}
        every = np.zeros_like(self.matrix)
        for one, other in zip(signal, change, strict=True):
            every += one @ other.T
        if self.weights.size == every.size:
            return {"weights": every.ravel(), "bias": bias}
        sources = np.repeat(np.arange(self.starts.size - 1), np.diff(self.starts))
        return {"weights": every[sources, self.targets], "bias": bias}


def _layers(parameters: Tree, links: Tree) -> list[_Layer]:
    return [
        _Layer(*(np.asarray(array) for array in (where["starts"], where["targets"], own["weights"], own["bias"])))
        for own, where in zip(parameters["layers"], links, strict=True)
    ]


def _constants(neuron: Neuron) -> kernels.Constants:
    taken = neuron.threshold / (neuron.leak if neuron.reset == "delayed_subtract" else 1.0)
    floor = -np.inf if neuron.floor is None else neuron.floor
    return kernels.Constants(
        neuron.leak, neuron.threshold, taken, neuron.reset == "zero", neuron.strict, floor, neuron.left_at_start
    )


def _trials_last(inputs: Any) -> np.ndarray:
    """Inputs (n_trials, n_channels) or (n_trials, n_frames, n_channels) as float32 (n_frames, n_channels, n_trials)."""
    values = np.asarray(inputs, dtype=np.float32)
    return np.ascontiguousarray(np.moveaxis(values[:, None] if values.ndim == 2 else values, 0, -1))


def _run(network: FeedForward, layers: list[_Layer], inputs: Any, n_steps: int) -> tuple[list[np.ndarray], ...]:
    """Signals that each layer receives, the last one their mean over steps; and margins of each layer of neurons."""
    signals, margins = [_trials_last(inputs)], []
    for number, (layer, neuron) in enumerate(zip(layers[:-1], network.neurons, strict=True)):
        drive = network.with_skips(number, layer.drive(signals[-1]), signals[1:])
        margin, spikes = kernels.fire(drive, _constants(neuron), n_steps)
        signals.append(spikes)
        margins.append(margin)
    return signals, margins


def linked_gradient(network: FeedForward, n_steps: int) -> Gradient:
    """Function for `fit` that gives cross-entropy and gradient of `unrolled_loss`, of networks whose state is `linked_state`.

    Parameters
    ----------
    network : FeedForward
    n_steps : int
        Of a trial.

    Returns
    -------
    callable (parameters, fixed, batch, key) -> (loss, gradient)
    """
    if _convolved(network):
        return _derived(network, n_steps)
    surrogate = jax.jit(lambda margins: SURROGATES[network.surrogate](margins, network.width))

    def gradient(parameters: Tree, fixed: Tree, batch: Any, key: jax.Array) -> tuple[float, Tree]:
        layers = _layers(parameters, fixed["links"])
        signals, margins = _run(network, layers, batch[0], n_steps)
        # outputs are linear, so their mean over the steps is the output of the mean
        mean = signals[-1].mean(axis=0, keepdims=True)
        loss, change = _cross_entropy(layers[-1].drive(mean)[0], np.asarray(batch[1]))
        found = [layers[-1].gradient(mean, change)]
        change = layers[-1].pulled_back(change) / np.float32(n_steps)
        through: dict[int, np.ndarray] = {}
        for k in range(len(margins) - 1, -1, -1):
            for skip in network.skips:
                if skip.source == k:
                    change = change + np.float32(skip.weight) * through[skip.target]
            slopes, constants = np.asarray(surrogate(margins[k])), _constants(network.neurons[k])
            through[k] = change = kernels.through_steps(margins[k], signals[k + 1], slopes, change, constants, len(signals[k]))
            found.insert(0, layers[k].gradient(signals[k], change))
            change = layers[k].pulled_back(change) if k else change
        return loss, {"layers": tuple(found)}

    return gradient


def _convolved(network: FeedForward) -> bool:
    return not all(isinstance(layer, Dense) for layer in network.layers)


def _derived(network: FeedForward, n_steps: int) -> Gradient:
    """Loss and gradient by JAX: of matrices with zeros in place of absent links, whose gradient goes nowhere."""
    loss = unrolled_loss(network, n_steps)

    def linked(parameters: Tree, fixed: Tree, batch: Any, key: jax.Array) -> jax.Array:
        return loss({"layers": dense_parameters(network, parameters["layers"], fixed["links"])}, fixed, batch, key)

    return jax.jit(jax.value_and_grad(linked))


def _cross_entropy(outputs: np.ndarray, labels: np.ndarray) -> tuple[float, np.ndarray]:
    """Mean cross-entropy of softmax(outputs) (n_outputs, n_trials), and its gradient (1, n_outputs, n_trials)."""
    trials = np.arange(labels.size)
    shifted = outputs - outputs.max(axis=0)
    normal = np.log(np.exp(shifted).sum(axis=0))
    change = np.exp(shifted - normal)
    change[labels, trials] -= 1
    return float((normal - shifted[labels, trials]).mean()), change[None] / np.float32(labels.size)


def linked_accuracy(
    network: FeedForward,
    inputs: np.ndarray,
    labels: np.ndarray,
    n_steps: int,
    fold: Callable[[Parameters], Parameters] = lambda parameters: parameters,
) -> Callable[[Tree, Tree], float]:
    """Function that gives the fraction of trials whose largest output is their label.

    Parameters
    ----------
    network : FeedForward
    inputs : array (n_trials, n_inputs) or (n_trials, n_steps, n_inputs)
    labels : int array (n_trials,)
    n_steps : int
        Of a trial.
    fold : callable (parameters) -> parameters, optional
        Ends batch norm, where convolutions have it; see `bioworkbench.gradients.objectives.folding`.

    Returns
    -------
    callable (parameters, fixed) -> float
    """
    if _convolved(network):
        judge = accuracy(network, inputs, labels, n_steps)
        return lambda parameters, fixed: judge(fold(dense_parameters(network, parameters["layers"], fixed["links"])))

    def score(parameters: Tree, fixed: Tree) -> float:
        layers, found = _layers(parameters, fixed["links"]), []
        for k in range(0, len(inputs), _BATCH):
            signals, _ = _run(network, layers, inputs[k : k + _BATCH], n_steps)
            found.append(layers[-1].drive(signals[-1].mean(axis=0, keepdims=True))[0].argmax(axis=0))
        return float(np.mean(np.concatenate(found) == labels))

    return score
