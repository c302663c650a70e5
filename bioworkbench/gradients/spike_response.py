"""Spike-response layers unrolled over their steps, so that sampled networks can be trained further by surrogate gradients.

The neurons are those of `bioworkbench.discrete.spike_response` with one hidden layer; the output is affine in spikes that are filtered
with an exponential and read at the end of every frame, as `bioworkbench.readout.features.filtered_spikes` gives them.
"""

from dataclasses import dataclass

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from bioworkbench.gradients.surrogate import spike
from bioworkbench.gradients.training import Batches, Loss, State, Tree, fit
from bioworkbench.records.arrays import Floats
from bioworkbench.records.optimization import Optimization

__all__ = ["ResponseLayer", "filtered_responses", "train_response_layer"]


@dataclass(frozen=True)
class ResponseLayer:
    """What is not trained of a layer: times, refractoriness and how it is read.

    Parameters
    ----------
    sigma, varsigma : array (n_neurons,), steps
    c : array (n_neurons,)
    steps_per_frame : int
    readout_tau : float, steps
        Of the exponential filter of the spikes.
    alpha : bool
        Alpha kernel; else exponential.
    tau : array (n_neurons,), steps, or 0
        Delay of the input, in whole steps.
    surrogate : str
        Key of `bioworkbench.gradients.surrogate.SURROGATES`.
    width : float
        Of the surrogate.
    """

    sigma: Floats
    varsigma: Floats
    c: Floats
    steps_per_frame: int
    readout_tau: float
    alpha: bool = True
    tau: Floats | int = 0
    surrogate: str = "fast_sigmoid"
    width: float = 0.3


def filtered_responses(layer: ResponseLayer, weights: jax.Array, bias: jax.Array, frames: jax.Array) -> jax.Array:
    """Filtered spikes at the end of every frame.

    Parameters
    ----------
    layer : ResponseLayer
    weights : array (n_channels, n_neurons)
    bias : array (n_neurons,)
    frames : array (n_trials, n_frames, n_channels)

    Returns
    -------
    array (n_trials, n_frames, n_neurons)
    """
    decay, recovery = jnp.exp(-1 / jnp.asarray(layer.sigma)), jnp.exp(-1 / jnp.asarray(layer.varsigma))
    gain = jnp.e / jnp.asarray(layer.sigma) if layer.alpha else jnp.ones(())
    forget, cost = float(np.exp(-1 / layer.readout_tau)), jnp.asarray(layer.c)

    def step(state: tuple[jax.Array, ...], drive: jax.Array) -> tuple[tuple[jax.Array, ...], None]:
        # in the order of the model: kernels take in what came one step ago, and an own spike acts from the next step on
        received, a, g, own, trace = state
        a = decay * (a + received)
        g = decay * g + a if layer.alpha else a
        own = recovery * own
        fired = spike(gain * g + cost * own + bias - 1.0, layer.surrogate, layer.width)
        return (drive, a, g, own + fired, forget * trace + fired), None

    def frame(state: tuple[jax.Array, ...], drive: jax.Array) -> tuple[tuple[jax.Array, ...], jax.Array]:
        repeated = jnp.broadcast_to(drive, (layer.steps_per_frame, *drive.shape[-2:]))
        state, _ = lax.scan(step, state, repeated, unroll=layer.steps_per_frame)
        return state, state[-1]

    drives = jnp.swapaxes(frames @ weights, 0, 1)
    start = (jnp.zeros_like(drives[0]),) * 5
    return jnp.swapaxes(lax.scan(frame, start, _delayed(layer, drives) if np.any(layer.tau) else drives)[1], 0, 1)


def _delayed(layer: ResponseLayer, drives: jax.Array) -> jax.Array:
    """Drive of every step (n_frames, steps_per_frame, n_trials, n_neurons), as many steps late as the delays say."""
    n_frames, _, n_neurons = drives.shape
    late = np.arange(n_frames * layer.steps_per_frame)[:, None] - np.broadcast_to(layer.tau, n_neurons).astype(int)
    shown = np.maximum(late, 0) // layer.steps_per_frame
    steps = jnp.where(late[:, None] < 0, 0.0, jnp.take_along_axis(drives, jnp.asarray(shown)[:, None], axis=0))
    return steps.reshape(n_frames, layer.steps_per_frame, *drives.shape[1:])


def _outputs(layer: ResponseLayer, parameters: Tree, frames: jax.Array) -> jax.Array:
    responses = filtered_responses(layer, parameters["weights"], parameters["bias"], frames)
    outputs = responses.reshape(len(frames), -1) @ parameters["coefficients"] + parameters["intercepts"]
    return outputs + frames.reshape(len(frames), -1) @ parameters["skip"] if "skip" in parameters else outputs


def _error(layer: ResponseLayer) -> Loss:
    def loss(parameters: Tree, fixed: Tree, batch: tuple[jax.Array, jax.Array], key: jax.Array) -> jax.Array:
        frames, targets = batch
        return jnp.mean((_outputs(layer, parameters, frames) - targets) ** 2)

    return loss


def train_response_layer(
    layer: ResponseLayer,
    start: dict[str, Floats],
    training: tuple[Floats, Floats],
    validation: tuple[Floats, Floats],
    settings: Optimization,
    seed: int,
) -> tuple[dict[str, Floats], dict[str, Floats]]:
    """Minimize the squared error by surrogate gradients, and keep the epoch of least validation error.

    Parameters
    ----------
    layer : ResponseLayer
    start : dict
        ``weights`` (n_channels, n_neurons), of which those that are 0 stay 0, ``bias`` (n_neurons,), ``coefficients``
        (n_frames * n_neurons, n_outputs), ``intercepts`` (n_outputs,); with a linear path around the layer also ``skip``
        (n_frames * n_channels, n_outputs).
    training, validation : (array (n_trials, n_frames, n_channels), array (n_trials, n_outputs))
    settings : Optimization
    seed : int
        Of the order of the trials.

    Returns
    -------
    trained : dict, as start
    history : dict of arrays (n_epochs,)
        "loss", "seconds" and "score", the negative validation error.
    """
    frames, targets = (jnp.asarray(part, jnp.float32) for part in validation)

    @jax.jit
    def error(parameters: Tree) -> jax.Array:
        blocks = range(0, len(frames), 1000)
        squares = [((_outputs(layer, parameters, frames[k : k + 1000]) - targets[k : k + 1000]) ** 2).sum() for k in blocks]
        return jnp.sum(jnp.stack(squares)) / targets.size

    parameters = {name: jnp.asarray(value, jnp.float32) for name, value in start.items()}
    masks = dict.fromkeys(parameters, 1.0) | {"weights": (parameters["weights"] != 0).astype(jnp.float32)}
    batches = Batches(np.asarray(training[0], np.float32), np.asarray(training[1], np.float32), seed)
    state, history = fit(
        _error(layer),
        State(parameters, {"masks": masks}),
        batches,
        settings,
        score=lambda p, fixed: -float(error(p)),
        path=settings.checkpoint,
    )
    return {name: np.asarray(value, dtype=float) for name, value in state.average.items()}, history
