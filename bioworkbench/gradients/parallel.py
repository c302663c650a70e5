"""Parallel threshold networks trained by surrogate gradients: the same networks as in `bioworkbench.discrete.subnetworks`."""

from collections.abc import Sequence

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from bioworkbench.arrays import Floats
from bioworkbench.discrete.subnetworks import Layer, SubNetworks
from bioworkbench.gradients.surrogate import spike
from bioworkbench.gradients.training import Batches, Loss, Settings, State, Tree, cross_entropy, fit

__all__ = ["train_parallel"]

SURROGATE, WIDTH = "arctan", 1.0


def train_parallel(
    networks: SubNetworks,
    training: tuple[np.ndarray, np.ndarray],
    settings: Settings,
    seed: int,
    *,
    n_outputs: int,
    steps: Sequence[int],
    per_frame: bool = False,
) -> tuple[SubNetworks, Floats, Floats, dict[str, Floats]]:
    """Minimize the cross-entropy (classes) or squared error (values) of an affine readout of the last layers.

    Parameters
    ----------
    networks : SubNetworks
        With one neuron in the last layer; weights, biases and recurrent weights are trained, leaks are not.
    training : (array (n_trials, n_steps, n_channels), array)
        Integer targets are classes: (n_trials,), or (n_trials, n_steps) per frame.
    settings : Settings
    seed : int
        Of the order of the trials, and the readout's start.
    n_outputs : int
    steps : sequence of int
        At which the last layers are read.
    per_frame : bool
        Whether every asked step has a target of its own and one readout serves them all; else one readout sees all steps.

    Returns
    -------
    networks : SubNetworks
    coefficients : array (n_steps * n, n_outputs) or, per frame, (n, n_outputs)
        Step by step.
    intercepts : array (n_outputs,)
    history : dict of arrays (n_epochs,)
    """
    values, targets = training
    n_features = networks.n * (1 if per_frame else len(steps))
    rng = np.random.default_rng([seed, 1])
    readout = {
        "coefficients": jnp.asarray(rng.normal(0, n_features**-0.5, (n_features, n_outputs)), jnp.float32),
        "intercepts": jnp.zeros(n_outputs, jnp.float32),
    }
    start = {"layers": [_leaves(layer) for layer in networks.layers], **readout}
    loss = _loss(networks, tuple(steps), per_frame, np.issubdtype(targets.dtype, np.integer))
    state, history = fit(loss, State(start), Batches(np.asarray(values, np.float32), targets, seed), settings)
    trained, coefficients, intercepts = state.average, state.average["coefficients"], state.average["intercepts"]
    layers = tuple(_layer(leaves, before) for leaves, before in zip(trained["layers"], networks.layers, strict=True))
    arrays = (np.asarray(coefficients, dtype=float), np.asarray(intercepts, dtype=float))
    return SubNetworks(layers, networks.reset), *arrays, history


def _leaves(layer: Layer) -> dict[str, jax.Array]:
    leaves = {"weights": jnp.asarray(layer.weights, jnp.float32), "bias": jnp.asarray(layer.bias, jnp.float32)}
    return leaves if layer.recurrent is None else leaves | {"recurrent": jnp.asarray(layer.recurrent, jnp.float32)}


def _layer(leaves: Tree, before: Layer) -> Layer:
    trained = {name: np.asarray(value, dtype=float) for name, value in leaves.items()}
    return Layer(trained["weights"], trained["bias"], before.leak, trained.get("recurrent"))


def _loss(networks: SubNetworks, steps: tuple[int, ...], per_frame: bool, classes: bool) -> Loss:
    leaks = [jnp.asarray(layer.leak, jnp.float32) for layer in networks.layers]

    def loss(parameters: Tree, fixed: Tree, batch: tuple[jax.Array, jax.Array], key: jax.Array) -> jax.Array:
        values, targets = batch
        seen = _last_spikes(parameters["layers"], leaks, networks.reset, values)[jnp.asarray(steps)]
        seen = jnp.swapaxes(seen, 0, 1)
        seen = seen if per_frame else seen.reshape(len(values), -1)
        outputs = seen @ parameters["coefficients"] + parameters["intercepts"]
        if classes:
            return cross_entropy(outputs.reshape(-1, outputs.shape[-1]), targets.reshape(-1))
        return 0.5 * jnp.mean((outputs - targets) ** 2)

    return loss


def _last_spikes(layers: list[Tree], leaks: list[jax.Array], reset: str, values: jax.Array) -> jax.Array:
    """Spikes of the last layers, (n_steps, n_trials, n)."""
    shape = [(layer["bias"].shape[0], len(values), layer["bias"].shape[1]) for layer in layers]
    first = layers[0]["weights"]
    flat = jnp.swapaxes(first, 0, 1).reshape(first.shape[1], -1)

    def step(state: list[tuple[jax.Array, jax.Array]], frame: jax.Array) -> tuple[list[tuple[jax.Array, jax.Array]], jax.Array]:
        signal, new = jnp.swapaxes((frame @ flat).reshape(len(frame), *layers[0]["bias"].shape), 0, 1), []
        for k, (layer, leak, (left, fired)) in enumerate(zip(layers, leaks, state, strict=True)):
            drive = signal if k == 0 else signal @ layer["weights"]
            if "recurrent" in layer:
                drive = drive + fired @ layer["recurrent"]
            before = leak[:, None] * left + drive + layer["bias"][:, None]
            signal = spike(before - 1.0, SURROGATE, WIDTH)
            cut = lax.stop_gradient(signal)
            new.append((before - cut if reset == "subtract" else before * (1 - cut), signal))
        return new, signal[..., 0]

    start = [(jnp.zeros(s), jnp.zeros(s)) for s in shape]
    return jnp.swapaxes(lax.scan(step, start, jnp.swapaxes(values, 0, 1))[1], 1, 2)
