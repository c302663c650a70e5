"""Feed-forward networks of discrete-time neurons, unrolled over their steps so that gradients flow through them.

Neurons follow `bioworkbench.discrete.lif`; what is trained here runs in Brian2 with the same spikes.
Arrays are flat per neuron: (n_trials, n_neurons); images in the order row, column, channel.
"""

from collections.abc import Mapping, Sequence

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from bioworkbench.gradients.layers import FeedForward, Layer, Neuron, StepNoise
from bioworkbench.gradients.normalization import folded_layer, layer_drive
from bioworkbench.gradients.surrogate import draw, expected_spike

__all__ = [
    "Parameters",
    "drawn_noise",
    "folded_parameters",
    "initial_parameters",
    "noisy_outputs",
    "rectified_outputs",
    "unrolled_layer",
    "unrolled_outputs",
]

Parameters = tuple[dict[str, jax.Array], ...]
"""Weights and bias of each layer, and the scale of one that is trained with batch norm; the last gives the outputs, without neurons."""


def initial_parameters(layers: Sequence[Layer], rng: np.random.Generator, gain: float = 2.0) -> Parameters:
    """Gaussian weights, zero biases (He et al. 2015, arXiv:1502.01852), and scales of 1 where there is batch norm.

    Parameters
    ----------
    layers : sequence of Dense, Convolution, Pooled or Attention
    rng : Generator
    gain : float
        Variance of the weights times the number of inputs of a neuron.

    Returns
    -------
    tuple of dict with "weights", "bias" and, of normalized layers, "scale"; float32 arrays
    """
    parameters = []
    for layer in layers:
        weights = rng.normal(0.0, (gain / layer.fan_in) ** 0.5, layer.weight_shape).astype(np.float32)
        n_biases = layer.weight_shape[-1]
        own = {"weights": jnp.asarray(weights), "bias": jnp.zeros(n_biases, jnp.float32)}
        parameters.append(own | ({"scale": jnp.ones(n_biases, jnp.float32)} if layer.normalized else {}))
    return tuple(parameters)


def unrolled_layer(network: FeedForward, neuron: Neuron, drive: jax.Array, n_steps: int) -> tuple[jax.Array, jax.Array]:
    """Spikes and potentials of one layer of neurons, which are driven alike in all steps or differently in each.

    Parameters
    ----------
    network : FeedForward
        For its surrogate.
    neuron : Neuron
    drive : array (1 or n_steps, n_trials, n_neurons)
    n_steps : int

    Returns
    -------
    spikes, left : arrays (n_steps, n_trials, n_neurons)
        Spikes, and potential after the reset.
    """
    constant = drive.shape[0] == 1
    taken = neuron.threshold / (neuron.leak if neuron.reset == "delayed_subtract" else 1.0)

    def step(left: jax.Array, incoming: jax.Array | None) -> tuple[jax.Array, tuple[jax.Array, jax.Array]]:
        before = neuron.leak * left + (drive[0] if incoming is None else incoming)
        fired = network.fire(neuron, before - neuron.threshold)
        cut = lax.stop_gradient(fired)  # no gradient through the reset, as most publications do
        left = before * (1 - cut) if neuron.reset == "zero" else before - taken * cut
        left = left if neuron.floor is None else jnp.maximum(left, neuron.floor)
        return left, (fired, left)

    start = jnp.full(drive.shape[1:], neuron.left_at_start, drive.dtype)
    return lax.scan(step, start, None if constant else drive, length=n_steps, unroll=min(n_steps, 8))[1]


def unrolled_outputs(
    network: FeedForward, parameters: Parameters, inputs: jax.Array, n_steps: int
) -> tuple[jax.Array, list[jax.Array], list[jax.Array]]:
    """Run the network for some steps.

    Parameters
    ----------
    network : FeedForward
    parameters : Parameters
    inputs : array (n_frames, n_trials, n_inputs)
        One frame that is held for all steps, or one frame per step.
    n_steps : int

    Returns
    -------
    outputs : array (n_trials, n_outputs)
        Mean over the steps.
    spikes, left : list of arrays (n_steps, n_trials, n_neurons)
        Of each layer: spikes, and potential after the reset.
    """
    signal, spikes, left = inputs, [], []
    for number, (layer, neuron, own) in enumerate(zip(network.layers[:-1], network.neurons, parameters[:-1], strict=True)):
        drive = network.with_skips(number, layer_drive(layer, own, signal), spikes)
        signal, potential = unrolled_layer(network, neuron, drive, n_steps)
        spikes.append(signal)
        left.append(potential)
    last = parameters[-1]
    return network.layers[-1].apply(last["weights"], last["bias"], signal.mean(axis=0)), spikes, left


def folded_parameters(network: FeedForward, parameters: Parameters, inputs: jax.Array, n_steps: int | None) -> Parameters:
    """Weights and biases with which a network trained with batch norm runs, layer after layer of the network that runs with them.

    Parameters
    ----------
    network : FeedForward
    parameters : Parameters
    inputs : array (n_frames, n_trials, n_inputs)
        Whose means and deviations in each layer become part of the parameters.
    n_steps : int or None
        None is for rectified linear units instead of spiking neurons.

    Returns
    -------
    Parameters
        Without scales. For these inputs the network does what it did in training.
    """
    signal, found, signals = inputs, [], []
    for number, (layer, neuron, own) in enumerate(zip(network.layers[:-1], network.neurons, parameters[:-1], strict=True)):
        found.append(folded_layer(layer, own, signal))
        drive = network.with_skips(number, layer_drive(layer, found[-1], signal), signals)
        signal = jax.nn.relu(drive) if n_steps is None else unrolled_layer(network, neuron, drive, n_steps)[0]
        signals.append(signal)
    return (*found, parameters[-1])


def drawn_noise(network: FeedForward, step_noise: StepNoise, n_trials: int, key: jax.Array) -> list[jax.Array]:
    """Noise with mean 0 and deviation 1 for the neurons of each layer.

    Draw it in a compiled function of its own: inside that of a gradient, XLA draws the same numbers several times.

    Parameters
    ----------
    network : FeedForward
    step_noise : StepNoise
    n_trials : int
    key : JAX random key

    Returns
    -------
    list of array (n_trials, n_neurons)
    """
    keys = jax.random.split(key, len(network.neurons))
    return [draw(step_noise.kind, own, (n_trials, layer.n_out)) for own, layer in zip(keys, network.layers[:-1], strict=True)]


def noisy_outputs(
    network: FeedForward,
    step_noise: StepNoise,
    parameters: Parameters,
    inputs: jax.Array,
    noise: Mapping[str, jax.Array],
    drawn: Sequence[jax.Array],
) -> jax.Array:
    """Run one step in which noise takes the place of the potential left by the step before.

    Parameters
    ----------
    network : FeedForward
    step_noise : StepNoise
    parameters : Parameters
    inputs : array (n_trials, n_inputs)
    noise : mapping with "mean" and "deviation", arrays (n_layers,)
        Moments of the noise in each layer of neurons.
    drawn : sequence of array (n_trials, n_neurons)
        Noise of each layer with mean 0 and deviation 1; see `drawn_noise`.

    Returns
    -------
    array (n_trials, n_outputs)
    """
    signal, spikes = inputs, []
    for number, (layer, neuron, own) in enumerate(zip(network.layers[:-1], network.neurons, parameters[:-1], strict=True)):
        drive = network.with_skips(number, layer_drive(layer, own, signal[None])[0], spikes)
        margin = drive + neuron.leak * noise["mean"][number] - neuron.threshold
        deviation = neuron.leak * noise["deviation"][number]
        if step_noise.backward == "expected":
            signal = expected_spike(step_noise.kind, margin, deviation, drawn[number])
        else:
            signal = network.fire(neuron, margin + deviation * drawn[number])
        spikes.append(signal)
    return network.layers[-1].apply(parameters[-1]["weights"], parameters[-1]["bias"], signal)


def rectified_outputs(network: FeedForward, parameters: Parameters, inputs: jax.Array) -> tuple[jax.Array, list[jax.Array]]:
    """The same layers with rectified linear units in place of neurons.

    Parameters
    ----------
    network : FeedForward
    parameters : Parameters
    inputs : array (n_trials, n_inputs)

    Returns
    -------
    outputs : array (n_trials, n_outputs)
    activations : list of array (n_trials, n_neurons)
    """
    signal, activations = inputs, []
    for number, (layer, own) in enumerate(zip(network.layers[:-1], parameters[:-1], strict=True)):
        signal = jax.nn.relu(network.with_skips(number, layer_drive(layer, own, signal[None])[0], activations))
        activations.append(signal)
    return network.layers[-1].apply(parameters[-1]["weights"], parameters[-1]["bias"], signal), activations
