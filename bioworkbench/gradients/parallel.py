"""Parallel threshold networks trained by surrogate gradients: the same networks as in `bioworkbench.discrete.subnetworks`."""

from collections.abc import Callable, Sequence
from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from bioworkbench.discrete.subnetworks import Layer, SubNetworks
from bioworkbench.gradients.surrogate import spike
from bioworkbench.gradients.training import Batches, Loss, State, Tree, cross_entropy, fit
from bioworkbench.records.arrays import Floats
from bioworkbench.records.heads import class_outputs
from bioworkbench.records.history import SCORE
from bioworkbench.records.linear_readout import LinearReadout
from bioworkbench.records.optimization import Optimization

__all__ = ["train_parallel"]

Spike = Callable[[jax.Array], jax.Array]
"""0 or 1 from potential minus threshold, with a derivative that stands in for the step's."""


def train_parallel(
    networks: SubNetworks,
    data: Sequence[tuple[np.ndarray, np.ndarray]],
    settings: Optimization,
    seed: int,
    *,
    n_outputs: int,
    steps: Sequence[int],
    per_frame: bool = False,
    readout: LinearReadout | None = None,
    heads: Sequence[int] = (),
    half_spaces: bool = False,
) -> tuple[SubNetworks, Floats, Floats, dict[str, Floats]]:
    """Minimize the cross-entropy (classes) or squared error (values) of an affine readout of the last layers.

    Parameters
    ----------
    networks : SubNetworks
        Weights, biases and recurrent weights are trained, leaks are not.
    data : sequence of (array (n_trials, n_steps, n_channels), array)
        Training trials and, if the epoch of least loss on others is to be kept, validation trials. Integer targets are classes:
        (n_trials,), or (n_trials, n_steps) per frame.
    settings : Optimization
        Its surrogate included; with large weights a wide one, since potentials then lie far from the threshold.
    seed : int
        Of the order of the trials, and the readout's start.
    n_outputs : int
    steps : sequence of int
        At which the last layers are read.
    per_frame : bool
        Whether every asked step has a target of its own and one readout serves them all; else one readout sees all steps.
    readout : LinearReadout, optional
        Where the output weights start; by default they are drawn. It is returned, with the networks as they were, where no epoch has
        less validation loss.
    heads : sequence of int
        Of classes that are made of parts (`bioworkbench.records.heads`): each part has outputs of its own, side by side, and the loss
        is the sum of their cross-entropies.
    half_spaces : bool
        Read whether the potentials of the last layers are at least 0, in place of their spikes.

    Returns
    -------
    networks : SubNetworks
    coefficients : array (n_steps * n * m, n_outputs) or, per frame, (n * m, n_outputs)
        Step by step, for m neurons in a last layer; with heads, as many columns as these have outputs together.
    intercepts : array (n_outputs,)
    history : dict of arrays (n_epochs,)
    """
    values, targets = data[0]
    n_features = networks.n * networks.shape[-1] * (1 if per_frame else len(steps))
    given = readout
    if readout is None:
        n_columns = sum(heads) or n_outputs
        drawn = np.random.default_rng([seed, 1]).normal(0, n_features**-0.5, (n_features, n_columns))
        readout = LinearReadout(drawn, np.zeros(n_columns), "value")
    start = {
        "layers": [_leaves(layer) for layer in networks.layers],
        "coefficients": jnp.asarray(readout.coefficients, jnp.float32),
        "intercepts": jnp.asarray(readout.intercepts, jnp.float32),
    }
    surrogate = partial(spike, shape=settings.surrogate, width=settings.surrogate_width)
    read = partial(_last_patterns, reset=networks.reset, fires=surrogate, level=0.0 if half_spaces else 1.0)
    loss = _loss(networks, tuple(steps), per_frame, np.issubdtype(targets.dtype, np.integer), read, tuple(heads))
    batches = Batches(np.asarray(values, np.float32), targets, seed)
    score = _score(loss, data[1]) if len(data) > 1 else None
    state, history = fit(loss, State(start), batches, settings, score=score)
    # A start that was given may be better than all that follows.
    stays = given is not None and score is not None and score(start, {}) >= history[SCORE].max()
    trained = start if stays else state.average
    coefficients, intercepts = trained["coefficients"], trained["intercepts"]
    layers = tuple(_layer(leaves, before) for leaves, before in zip(trained["layers"], networks.layers, strict=True))
    arrays = (np.asarray(coefficients, dtype=float), np.asarray(intercepts, dtype=float))
    return SubNetworks(layers, networks.reset), *arrays, history


def _score(loss: Loss, validation: tuple[np.ndarray, np.ndarray]) -> Callable[[Tree, Tree], float]:
    """Negative loss of validation trials."""
    batch = (jnp.asarray(validation[0], jnp.float32), jnp.asarray(validation[1]))
    value = jax.jit(lambda parameters: loss(parameters, {}, batch, jax.random.key(0)))
    return lambda parameters, fixed: -float(value(parameters))


def _leaves(layer: Layer) -> dict[str, jax.Array]:
    leaves = {"weights": jnp.asarray(layer.weights, jnp.float32), "bias": jnp.asarray(layer.bias, jnp.float32)}
    return leaves if layer.recurrent is None else leaves | {"recurrent": jnp.asarray(layer.recurrent, jnp.float32)}


def _layer(leaves: Tree, before: Layer) -> Layer:
    trained = {name: np.asarray(value, dtype=float) for name, value in leaves.items()}
    return Layer(trained["weights"], trained["bias"], before.leak, trained.get("recurrent"))


def _loss(
    networks: SubNetworks, steps: tuple[int, ...], per_frame: bool, classes: bool, read: Callable, heads: tuple[int, ...]
) -> Loss:
    leaks = [jnp.asarray(layer.leak, jnp.float32) for layer in networks.layers]
    to_classes = jnp.asarray(class_outputs(heads), jnp.float32) if heads else None

    def loss(parameters: Tree, fixed: Tree, batch: tuple[jax.Array, jax.Array], key: jax.Array) -> jax.Array:
        values, targets = batch
        seen = read(parameters["layers"], leaks, values)[jnp.asarray(steps)]
        seen = jnp.swapaxes(seen, 0, 1)  # (n_trials, n_steps, n * m_L)
        seen = seen if per_frame else seen.reshape(len(values), -1)
        outputs = seen @ parameters["coefficients"] + parameters["intercepts"]
        outputs = outputs if to_classes is None else outputs @ to_classes
        if classes:
            return cross_entropy(outputs.reshape(-1, outputs.shape[-1]), targets.reshape(-1))
        return 0.5 * jnp.mean((outputs - targets) ** 2)

    return loss


def _last_patterns(
    layers: list[Tree], leaks: list[jax.Array], values: jax.Array, *, reset: str, fires: Spike, level: float
) -> jax.Array:
    """Where potentials of the last layers reach a level, (n_steps, n_trials, n * m_L), sub-network after sub-network."""
    shape = [(layer["bias"].shape[0], len(values), layer["bias"].shape[1]) for layer in layers]
    first = layers[0]["weights"]
    # all networks see the same input: one product for the first layers of all of them
    flat = jnp.swapaxes(first, 0, 1).reshape(first.shape[1], -1)

    def step(state: list[tuple[jax.Array, jax.Array]], frame: jax.Array) -> tuple[list[tuple[jax.Array, jax.Array]], jax.Array]:
        before, signal, new = jnp.zeros(0), jnp.swapaxes((frame @ flat).reshape(len(frame), *layers[0]["bias"].shape), 0, 1), []
        for k, (layer, leak, (left, fired)) in enumerate(zip(layers, leaks, state, strict=True)):
            drive = signal if k == 0 else signal @ layer["weights"]
            if "recurrent" in layer:
                drive = drive + fired @ layer["recurrent"]
            before = leak[:, None] * left + drive + layer["bias"][:, None]
            signal = fires(before - 1.0)
            cut = lax.stop_gradient(signal)
            new.append((before - cut if reset == "subtract" else before * (1 - cut), signal))
        return new, jnp.swapaxes(fires(before - level), 0, 1).reshape(len(frame), -1)

    start = [(jnp.zeros(s), jnp.zeros(s)) for s in shape]
    return lax.scan(step, start, jnp.swapaxes(values, 0, 1))[1]
