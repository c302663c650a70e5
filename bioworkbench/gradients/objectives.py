"""What training minimizes, and how its result is judged: losses, accuracy, rasters, left-over potentials, activations."""

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax
from jax.scipy.ndimage import map_coordinates

from bioworkbench.gradients.layers import FeedForward, StepNoise
from bioworkbench.gradients.networks import (
    Parameters,
    drawn_noise,
    folded_parameters,
    noisy_outputs,
    rectified_outputs,
    unrolled_outputs,
)
from bioworkbench.gradients.training import Loss, Tree, cross_entropy
from bioworkbench.records.arrays import Floats
from bioworkbench.records.optimization import Images

__all__ = [
    "Shift",
    "accuracy",
    "activation_scales",
    "arrays_of",
    "folding",
    "left_over_moments",
    "no_shift",
    "noisy_inputs",
    "random_shift",
    "rectified_loss",
    "single_step_loss",
    "spike_rasters",
    "unrolled_loss",
]

Shift = Callable[[jax.Array, jax.Array], jax.Array]
"""``shift(inputs, key)``: the inputs of a batch, changed at random."""

_BATCH = 500  # trials that are judged together


def no_shift(inputs: jax.Array, key: jax.Array) -> jax.Array:
    """The `inputs` themselves; `key` is not used."""
    return inputs


def random_shift(images: Images) -> Shift:
    """Function that mirrors, moves, turns and scales the images of every trial at random; zeros come in at the border.

    The frames of a trial are changed alike.

    Whole pixels are moved where images are neither turned nor scaled; else values between pixels are interpolated linearly, and the
    move need not be of whole pixels.

    Parameters
    ----------
    images : Images
        Their shape, and by how much they change.

    Returns
    -------
    callable (inputs, key) -> inputs
    """
    if images.shape is None or not (images.shift or images.rotation or images.scaling or images.mirrored):
        return no_shift
    image, change = images.shape, _affine(images) if images.rotation or images.scaling else _moved(images)

    def shift(inputs: jax.Array, key: jax.Array) -> jax.Array:
        frames = jnp.moveaxis(inputs.reshape((len(inputs), -1, *image)), 1, 3)
        given = frames.reshape(*frames.shape[:3], -1)  # frames as if they were further channels
        given = _mirrored(given, jax.random.fold_in(key, 1)) if images.mirrored else given
        return jnp.moveaxis(change(given, key).reshape(frames.shape), 3, 1).reshape(inputs.shape)

    return shift


def _mirrored(given: jax.Array, key: jax.Array) -> jax.Array:
    """Images (n, rows, columns, channels), about half of them mirrored."""
    chosen = jax.random.bernoulli(key, 0.5, (len(given), 1, 1, 1))
    return jnp.where(chosen, given[:, :, ::-1], given)


def _moved(images: Images) -> Shift:
    """Images (n, rows, columns, channels), moved by whole pixels."""
    pixels = images.shift

    def change(given: jax.Array, key: jax.Array) -> jax.Array:
        padded = jnp.pad(given, ((0, 0), (pixels, pixels), (pixels, pixels), (0, 0)))
        corners = jax.random.randint(key, (len(given), 2), 0, 2 * pixels + 1)
        return jax.vmap(lambda one, corner: lax.dynamic_slice(one, (*corner, 0), given.shape[1:]))(padded, corners)

    return change


def _affine(images: Images) -> Shift:
    """Images (n, rows, columns, channels), turned and scaled about their center and moved."""
    most = np.array([np.deg2rad(images.rotation), images.scaling, images.shift, images.shift])

    def one(pixels: jax.Array, change: jax.Array) -> jax.Array:
        angle, scaling, move = change[0], change[1], change[2:]
        center = (jnp.array(pixels.shape[:2]) - 1) / 2
        back = jnp.array([[jnp.cos(angle), jnp.sin(angle)], [-jnp.sin(angle), jnp.cos(angle)]]) / (1 + scaling)
        places = jnp.stack(jnp.meshgrid(*(jnp.arange(n) for n in pixels.shape[:2]), indexing="ij"), axis=-1)
        found = (places - center - move) @ back.T + center  # where the value of each place comes from
        at = [found[..., 0], found[..., 1]]
        return jax.vmap(lambda channel: map_coordinates(channel, at, order=1), in_axes=-1, out_axes=-1)(pixels)

    def change(given: jax.Array, key: jax.Array) -> jax.Array:
        return jax.vmap(one)(given, jax.random.uniform(key, (len(given), 4), minval=-most, maxval=most).astype(given.dtype))

    return change


def noisy_inputs(network: FeedForward, step_noise: StepNoise, shift: Shift = no_shift) -> Callable[[jax.Array, jax.Array], Tree]:
    """Function that prepares a batch for `single_step_loss`.

    Parameters
    ----------
    network : FeedForward
    step_noise : StepNoise
    shift : callable (inputs, key) -> inputs
        How images are moved.

    Returns
    -------
    callable (inputs, key) -> (moved inputs, noise of each layer)
    """

    def prepare(inputs: jax.Array, key: jax.Array) -> Tree:
        for_noise, for_shift = jax.random.split(key)
        return shift(inputs, for_shift), drawn_noise(network, step_noise, len(inputs), for_noise)

    return prepare


def single_step_loss(network: FeedForward, step_noise: StepNoise) -> Loss:
    """Cross-entropy after one noisy step; inputs as `noisy_inputs` prepares them, labels (n_trials,).

    The moments of the noise are ``fixed["noise"]``; where the parameters have ``"log_deviation"``, that is trained instead.

    Parameters
    ----------
    network : FeedForward
    step_noise : StepNoise

    Returns
    -------
    callable (parameters, fixed, batch, key) -> scalar
    """

    def loss(parameters: Tree, fixed: Tree, batch: Tree, key: jax.Array) -> jax.Array:
        (inputs, drawn), noise = batch[0], fixed["noise"]
        if "log_deviation" in parameters:
            noise = {"mean": noise["mean"], "deviation": jnp.exp(parameters["log_deviation"])}
        return cross_entropy(noisy_outputs(network, step_noise, parameters["layers"], inputs, noise, drawn), batch[1])

    return loss


def unrolled_loss(network: FeedForward, n_steps: int) -> Loss:
    """Cross-entropy of the mean output over some steps; inputs (n_trials, n_inputs) or (n_trials, n_steps, n_inputs).

    Parameters
    ----------
    network : FeedForward
    n_steps : int

    Returns
    -------
    callable (parameters, fixed, batch, key) -> scalar
    """

    def loss(parameters: Tree, fixed: Tree, batch: Tree, key: jax.Array) -> jax.Array:
        outputs, _, _ = unrolled_outputs(network, parameters["layers"], _frames(batch[0]), n_steps)
        return cross_entropy(outputs, batch[1])

    return loss


def rectified_loss(network: FeedForward) -> Loss:
    """Cross-entropy of the layers of `network` with rectified linear units; inputs (n_trials, n_inputs)."""

    def loss(parameters: Tree, fixed: Tree, batch: Tree, key: jax.Array) -> jax.Array:
        return cross_entropy(rectified_outputs(network, parameters["layers"], batch[0])[0], batch[1])

    return loss


def _frames(inputs: jax.Array) -> jax.Array:
    """Inputs as (n_frames, n_trials, n_inputs)."""
    inputs = inputs.astype(jnp.float32) if inputs.dtype == bool else inputs
    return inputs[None] if inputs.ndim == 2 else inputs.swapaxes(0, 1)


def accuracy(network: FeedForward, inputs: np.ndarray, labels: np.ndarray, n_steps: int | None) -> Callable[[Parameters], float]:
    """Function from the parameters of all layers to the fraction of trials whose largest output is their label.

    Parameters
    ----------
    network : FeedForward
    inputs : array (n_trials, n_inputs) or (n_trials, n_steps, n_inputs)
    labels : int array (n_trials,)
    n_steps : int, optional
        None judges rectified linear units instead of spiking neurons.

    Returns
    -------
    callable (parameters) -> float
    """

    @jax.jit
    def classes(parameters: Parameters, batch: jax.Array) -> jax.Array:
        if n_steps is None:
            return rectified_outputs(network, parameters, batch)[0].argmax(axis=-1)
        return unrolled_outputs(network, parameters, _frames(batch), n_steps)[0].argmax(axis=-1)

    def score(parameters: Parameters) -> float:
        found = [np.asarray(classes(parameters, inputs[k : k + _BATCH])) for k in range(0, len(inputs), _BATCH)]
        return float(np.mean(np.concatenate(found) == labels))

    return score


def folding(network: FeedForward, inputs: np.ndarray, n_steps: int | None) -> Callable[[Parameters], Parameters]:
    """Function from parameters trained with batch norm to those with which the network runs; see `folded_parameters`.

    Parameters
    ----------
    network : FeedForward
        Where nothing is normalized, parameters stay as they are.
    inputs : array (n_trials, n_inputs) or (n_trials, n_steps, n_inputs)
        Training trials, not moved; at most the first 500 are used.
    n_steps : int or None
        Of a trial; None is for rectified linear units.

    Returns
    -------
    callable (parameters) -> parameters
    """
    if not any(layer.normalized for layer in network.layers):
        return lambda parameters: parameters
    given = jnp.asarray(inputs[:_BATCH])
    folded = jax.jit(lambda parameters, trials: folded_parameters(network, parameters, _frames(trials), n_steps))
    return lambda parameters: folded(parameters, given)


def spike_rasters(network: FeedForward, parameters: Any, inputs: np.ndarray, n_steps: int) -> list[np.ndarray]:
    """Spikes of each layer in double precision, as Brian2 computes them.

    Parameters
    ----------
    network : FeedForward
    parameters : Parameters
        Arrays of JAX or NumPy.
    inputs : array (n_trials, n_inputs) or (n_trials, n_steps, n_inputs)
    n_steps : int
        Of a trial.

    Returns
    -------
    list of bool array (n_trials, n_steps, n_neurons)
    """
    with jax.enable_x64(True):
        exact = jax.tree.map(lambda leaf: jnp.asarray(np.asarray(leaf, dtype=float)), parameters)
        _, spikes, _ = unrolled_outputs(network, exact, _frames(jnp.asarray(np.asarray(inputs, dtype=float))), n_steps)
        return [np.asarray(raster).swapaxes(0, 1).astype(bool) for raster in spikes]


def left_over_moments(network: FeedForward, n_steps: int) -> Callable[[Parameters, np.ndarray], tuple[Floats, Floats]]:
    """Function that measures the potential that each layer carries into a step while the network runs.

    Potentials beyond the threshold count as the threshold: such neurons fire whatever comes.

    Parameters
    ----------
    network : FeedForward
    n_steps : int
        The potential before the first of them is the neurons' start value.

    Returns
    -------
    callable ``(parameters, inputs (n_trials, n_inputs)) -> (means, deviations)``, arrays (n_layers,)
        Over neurons, trials and steps.
    """

    @jax.jit
    def moments(parameters: Parameters, inputs: jax.Array) -> list[tuple[jax.Array, jax.Array]]:
        _, _, left = unrolled_outputs(network, parameters, inputs[None], n_steps)
        found = []
        for neuron, potential in zip(network.neurons, left, strict=True):
            start = jnp.full((1, *potential.shape[1:]), neuron.left_at_start, potential.dtype)
            carried = jnp.minimum(jnp.concatenate([start, potential[:-1]]), neuron.threshold)
            found.append((carried.mean(), carried.std()))
        return found

    def measure(parameters: Parameters, inputs: np.ndarray) -> tuple[Floats, Floats]:
        found = np.array(moments(parameters, jnp.asarray(inputs)), dtype=float)
        return found[:, 0], found[:, 1]

    return measure


def activation_scales(network: FeedForward, parameters: Parameters, inputs: np.ndarray, fraction: float) -> Floats:
    """Activation that a fraction of the rectified linear units of each layer does not exceed.

    Parameters
    ----------
    network : FeedForward
    parameters : Parameters
    inputs : array (n_trials, n_inputs)
    fraction : float
        0 to 1; 1 gives the maximum.

    Returns
    -------
    array (n_layers - 1,)
    """
    _, activations = rectified_outputs(network, parameters, jnp.asarray(inputs))
    return np.array([float(np.quantile(np.asarray(activation, dtype=float), fraction)) for activation in activations])


def arrays_of(parameters: Parameters) -> tuple[dict[str, np.ndarray], ...]:
    """`parameters` of all layers as NumPy arrays in double precision."""
    return tuple({name: np.asarray(value, dtype=float) for name, value in own.items()} for own in parameters)
