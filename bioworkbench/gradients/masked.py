"""Layers whose links change during training: dense weights with a mask for the gradient, sparse weights for topology."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from scipy import sparse

from bioworkbench.gradients.training import Batches, Loss, State, Tree

__all__ = ["dense_gradients", "links_of", "masked_state", "relinked"]


def masked_state(weights: Sequence[sparse.csr_array], fixed: dict[str, Tree] | None = None) -> State:
    """State of dense layers with the given weights, masks where links are absent, and zero biases.

    Parameters
    ----------
    weights : sequence of csr_array (n_source, n_target)
        A stored zero is a link.
    fixed : dict of trees, optional
        What else the state carries.
    """
    layers, masks = [], []
    for layer in weights:
        mask = _pattern(layer)
        layers.append({"weights": jnp.asarray(layer.toarray(), jnp.float32), "bias": jnp.zeros(layer.shape[1], jnp.float32)})
        masks.append({"weights": 1.0 if mask.all() else mask, "bias": 1.0})
    return State({"layers": tuple(layers)}, {**(fixed or {}), "masks": {"layers": tuple(masks)}})


def links_of(state: State) -> list[sparse.csr_array]:
    """Weights of each layer with its links, stored zeros included."""
    found = []
    for own, mask in zip(state.parameters["layers"], state.fixed["masks"]["layers"], strict=True):
        values = np.asarray(own["weights"], dtype=float)
        rows, columns = np.nonzero(np.broadcast_to(np.asarray(mask["weights"]), values.shape))
        found.append(sparse.csr_array((values[rows, columns], (rows, columns)), shape=values.shape))
    return found


def relinked(state: State, weights: Sequence[sparse.csr_array], newborn: Sequence[Any]) -> State:
    """State after a change of links: new masks and weights; moments and averages of new links start at 0.

    Parameters
    ----------
    state : State
        Of layers with masks; see `masked_state`.
    weights : sequence of csr_array
        As `links_of`, with other links.
    newborn : sequence of arrays or csr_arrays of bool, as weights
        Links that forget what their place in the optimizer knew.
    """
    kept, masks, layers = [], [], []
    old = zip(state.parameters["layers"], state.fixed["masks"]["layers"], weights, newborn, strict=True)
    for own, mask, layer, new in old:
        pattern = _pattern(layer)
        fresh = new.toarray() if sparse.issparse(new) else np.asarray(new)
        stays = pattern * np.asarray(mask["weights"]) * ~fresh.astype(bool)
        kept.append({"weights": jnp.asarray(stays, jnp.float32), "bias": 1.0})
        masks.append({"weights": jnp.asarray(pattern), "bias": mask["bias"]})
        layers.append({"weights": jnp.asarray(layer.toarray(), jnp.float32), "bias": own["bias"]})
    structure = jax.tree.structure(state.parameters)
    keep = {"layers": tuple(kept)}

    def remember(tree: Tree) -> Tree:
        is_moment = jax.tree.structure(tree) == structure
        return jax.tree.map(lambda leaf, share: leaf * share, tree, keep) if is_moment else tree

    optimizer = jax.tree.map(remember, state.optimizer, is_leaf=lambda tree: jax.tree.structure(tree) == structure)
    fixed = state.fixed | {"masks": {"layers": tuple(masks)}}
    return replace(state, parameters={"layers": tuple(layers)}, fixed=fixed, optimizer=optimizer, average=remember(state.average))


def _pattern(layer: sparse.csr_array) -> np.ndarray:
    """1 where there is a link, float32."""
    links = sparse.csr_array((np.ones(layer.nnz, dtype=np.float32), layer.indices, layer.indptr), shape=layer.shape)
    return links.toarray()


def dense_gradients(loss: Loss, batches: Batches, n_trials: int) -> Callable[[State, int], list[np.ndarray]]:
    """Function ``(state, epoch)`` that gives the gradient of all weights, absent links included, from the first trials."""
    gradient, prepare = jax.jit(jax.grad(loss)), jax.jit(batches.prepare or (lambda inputs, key: inputs))

    def of(state: State, epoch: int) -> list[np.ndarray]:
        key = jax.random.fold_in(jax.random.key(batches.seed), epoch)
        inputs = prepare(batches.inputs[:n_trials], jax.random.fold_in(key, 1))
        found = gradient(state.parameters, state.fixed, (inputs, batches.targets[:n_trials]), key)
        return [np.asarray(own["weights"], dtype=float) for own in found["layers"]]

    return of
