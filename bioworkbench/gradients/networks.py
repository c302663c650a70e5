"""Feed-forward networks of discrete-time neurons, unrolled over their steps so that gradients flow through them.

Neurons follow `bioworkbench.discrete.lif`; what is trained here runs in Brian2 with the same spikes.
Arrays are flat per neuron: (n_trials, n_neurons); images in the order row, column, channel.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from bioworkbench.discrete.lif import Reset
from bioworkbench.gradients.surrogate import draw, expected_spike, spike
from bioworkbench.records.arrays import count

__all__ = [
    "Convolution",
    "Dense",
    "FeedForward",
    "Neuron",
    "Parameters",
    "StepNoise",
    "drawn_noise",
    "initial_parameters",
    "noisy_outputs",
    "rectified_outputs",
    "unrolled_outputs",
]

Parameters = tuple[dict[str, jax.Array], ...]
"""Weights and bias of each layer; the last layer gives the outputs and has no neurons."""


@dataclass(frozen=True)
class Neuron:
    """Constants of `bioworkbench.neurons.discrete_lif`, one value for all neurons of a layer.

    Parameters
    ----------
    leak, threshold, reset, strict, floor, start
        As of `bioworkbench.neurons.discrete_lif`.
    """

    leak: float = 1.0
    threshold: float = 1.0
    reset: Reset = "subtract"
    strict: bool = False
    floor: float | None = None
    start: float = 0.0


@dataclass(frozen=True)
class Dense:
    """Every input reaches every neuron; a mask may thin it out.

    Parameters
    ----------
    n_in, n_out : int
    """

    n_in: int
    n_out: int

    @property
    def weight_shape(self) -> tuple[int, ...]:
        """Shape of the weights: (n_in, n_out)."""
        return (self.n_in, self.n_out)

    @property
    def fan_in(self) -> int:
        """Inputs per neuron."""
        return self.n_in

    def apply(self, weights: jax.Array, bias: jax.Array, inputs: jax.Array) -> jax.Array:
        """Drive (n, n_out) of `inputs` (n, n_in) through `weights` (n_in, n_out), with `bias` (n_out,) added."""
        return inputs @ weights + bias


@dataclass(frozen=True)
class Convolution:
    """Square filters over an image, padded with zeros so that an output lies on every `stride`-th pixel.

    Parameters
    ----------
    image : (rows, columns, channels)
        Of the input.
    filters, size, stride : int
    """

    image: tuple[int, int, int]
    filters: int
    size: int
    stride: int = 1

    def __post_init__(self) -> None:
        for name in ("filters", "size", "stride"):
            count(name, getattr(self, name))

    @property
    def n_in(self) -> int:
        """Number of inputs."""
        return int(np.prod(self.image))

    @property
    def image_out(self) -> tuple[int, int, int]:
        """Rows, columns and channels of the output."""
        rows, columns, _ = self.image
        return -(-rows // self.stride), -(-columns // self.stride), self.filters

    @property
    def n_out(self) -> int:
        """Number of neurons."""
        return int(np.prod(self.image_out))

    @property
    def weight_shape(self) -> tuple[int, ...]:
        """Shape of the weights: (size, size, channels, filters)."""
        return (self.size, self.size, self.image[2], self.filters)

    @property
    def fan_in(self) -> int:
        """Inputs per neuron away from the border."""
        return self.size**2 * self.image[2]

    def apply(self, weights: jax.Array, bias: jax.Array, inputs: jax.Array) -> jax.Array:
        """Drive (n, n_out) of `inputs` (n, n_in) through `weights` of `weight_shape`, with `bias` (filters,) added."""
        images = inputs.reshape((-1, *self.image))
        layout = ("NHWC", "HWIO", "NHWC")
        drive = lax.conv_general_dilated(images, weights, (self.stride, self.stride), "SAME", dimension_numbers=layout)
        return (drive + bias).reshape(len(inputs), -1)


@dataclass(frozen=True)
class FeedForward:
    """Layers of neurons and a linear output layer.

    Parameters
    ----------
    layers : sequence of `Dense` or `Convolution`
        One more than `neurons`: the last is the output.
    neurons : sequence of `Neuron`
    surrogate : str
        Key of `bioworkbench.gradients.surrogate.SURROGATES`.
    width : float
        Of the surrogate.

    Raises
    ------
    ValueError
        If sizes of consecutive layers, or the numbers of layers and neurons, do not fit.
    """

    layers: tuple[Dense | Convolution, ...]
    neurons: tuple[Neuron, ...]
    surrogate: str = "gaussian"
    width: float = 0.4

    def __post_init__(self) -> None:
        if len(self.layers) != len(self.neurons) + 1:
            raise ValueError(f"{len(self.layers)} layers and {len(self.neurons)} neurons: the last layer, the output, has none")
        for before, after in zip(self.layers[:-1], self.layers[1:], strict=True):
            if before.n_out != after.n_in:
                raise ValueError(f"a layer of {before.n_out} neurons is followed by one that expects {after.n_in} inputs")

    def fire(self, neuron: Neuron, margin: jax.Array) -> jax.Array:
        """Spikes of a `neuron` where its potential exceeds the threshold by `margin`, with the surrogate's derivative."""
        return spike(margin, self.surrogate, self.width, neuron.strict)


def initial_parameters(layers: Sequence[Dense | Convolution], rng: np.random.Generator, gain: float = 2.0) -> Parameters:
    """Gaussian weights and zero biases (He et al. 2015, arXiv:1502.01852).

    Parameters
    ----------
    layers : sequence of Dense or Convolution
    rng : Generator
    gain : float
        Variance of the weights times the number of inputs of a neuron.

    Returns
    -------
    tuple of dict with "weights" and "bias", float32 arrays
    """
    parameters = []
    for layer in layers:
        weights = rng.normal(0.0, (gain / layer.fan_in) ** 0.5, layer.weight_shape).astype(np.float32)
        parameters.append({"weights": jnp.asarray(weights), "bias": jnp.zeros(layer.weight_shape[-1], jnp.float32)})
    return tuple(parameters)


def _drive(layer: Dense | Convolution, parameters: dict[str, jax.Array], inputs: jax.Array) -> jax.Array:
    """Drive (n_steps, n_trials, n_out) of inputs (n_steps, n_trials, n_in)."""
    flat = layer.apply(parameters["weights"], parameters["bias"], inputs.reshape(-1, inputs.shape[-1]))
    return flat.reshape(*inputs.shape[:2], -1)


def _unroll(network: FeedForward, neuron: Neuron, drive: jax.Array, n_steps: int) -> tuple[jax.Array, jax.Array]:
    """Spikes and potentials left after each step, both (n_steps, n_trials, n_neurons)."""
    constant = drive.shape[0] == 1
    taken = neuron.threshold / (neuron.leak if neuron.reset == "delayed_subtract" else 1.0)

    def step(left: jax.Array, incoming: jax.Array | None) -> tuple[jax.Array, tuple[jax.Array, jax.Array]]:
        before = neuron.leak * left + (drive[0] if incoming is None else incoming)
        fired = network.fire(neuron, before - neuron.threshold)
        cut = lax.stop_gradient(fired)  # no gradient through the reset, as most publications do
        left = before * (1 - cut) if neuron.reset == "zero" else before - taken * cut
        left = left if neuron.floor is None else jnp.maximum(left, neuron.floor)
        return left, (fired, left)

    start = jnp.full(drive.shape[1:], neuron.start, drive.dtype)
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
    for layer, neuron, own in zip(network.layers[:-1], network.neurons, parameters[:-1], strict=True):
        signal, potential = _unroll(network, neuron, _drive(layer, own, signal), n_steps)
        spikes.append(signal)
        left.append(potential)
    last = parameters[-1]
    return network.layers[-1].apply(last["weights"], last["bias"], signal.mean(axis=0)), spikes, left


@dataclass(frozen=True)
class StepNoise:
    """Noise that stands in for the potential left by the step before.

    Parameters
    ----------
    kind : {"gauss", "uniform"}
    backward : {"surrogate", "expected"}
        Derivative of a spike: a bump around the threshold, or that of the firing probability.
    """

    kind: str = "gauss"
    backward: str = "surrogate"


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
    signal = inputs
    for number, (layer, neuron, own) in enumerate(zip(network.layers[:-1], network.neurons, parameters[:-1], strict=True)):
        drive = layer.apply(own["weights"], own["bias"], signal)
        margin = drive + neuron.leak * noise["mean"][number] - neuron.threshold
        deviation = neuron.leak * noise["deviation"][number]
        if step_noise.backward == "expected":
            signal = expected_spike(step_noise.kind, margin, deviation, drawn[number])
        else:
            signal = network.fire(neuron, margin + deviation * drawn[number])
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
    for layer, own in zip(network.layers[:-1], parameters[:-1], strict=True):
        signal = jax.nn.relu(layer.apply(own["weights"], own["bias"], signal))
        activations.append(signal)
    return network.layers[-1].apply(parameters[-1]["weights"], parameters[-1]["bias"], signal), activations
