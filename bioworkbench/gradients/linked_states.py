"""State of networks whose links are few and change during training: one weight per link.

A kernel is seen as a layer, too: its links lead from each of its inputs (row, column, channel) to its filters, (size * size * channels,
filters), and all neurons of a filter share them. Layers that are kept whole have their weights as arrays and no links.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from scipy import sparse

from bioworkbench.gradients.layers import FeedForward
from bioworkbench.gradients.networks import Parameters
from bioworkbench.gradients.training import State, Tree
from bioworkbench.topology.rewiring import weights_on

__all__ = ["dense_parameters", "link_masks", "linked_chain", "linked_state", "links_of", "relinked"]


def linked_state(
    weights: Sequence[sparse.csr_array],
    fixed: dict[str, Tree] | None = None,
    convolutions: Sequence[Mapping[str, Any]] = (),
) -> State:
    """State of layers with the given links and zero biases.

    Parameters
    ----------
    weights : sequence of csr_array (n_source, n_target)
        A stored zero is a link.
    fixed : dict of trees, optional
        What else the state carries.
    convolutions : sequence of mappings, as of `Parameters`
        Of the layers before those. A kernel with links has its weights as csr_array (size * size * channels, filters).

    Returns
    -------
    State
        ``fixed["links"]``: of each layer; empty where it is kept whole.
    """
    linear = [{"weights": layer, "bias": jnp.zeros(layer.shape[1], jnp.float32)} for layer in weights]
    layers, links = [], []
    for own in (*convolutions, *linear):
        given = own["weights"]
        layers.append(dict(own) | ({"weights": _values(given)} if sparse.issparse(given) else {}))
        links.append(_links(given) if sparse.issparse(given) else {})
    return State({"layers": tuple(layers)}, {**(fixed or {}), "links": tuple(links)})


def _values(weights: sparse.csr_array) -> jax.Array:
    return jnp.asarray(weights.data, jnp.float32)


def _links(weights: sparse.csr_array) -> dict[str, jax.Array]:
    return {"starts": jnp.asarray(weights.indptr), "targets": jnp.asarray(weights.indices)}


def _matrix(values: Any, links: Tree, n_target: int) -> sparse.csr_array:
    starts, targets = np.asarray(links["starts"]), np.asarray(links["targets"])
    return sparse.csr_array((np.asarray(values, dtype=float), targets, starts), shape=(starts.size - 1, n_target))


def links_of(state: State, tree: Tree = None) -> list[sparse.csr_array]:
    """Weights of each layer that has links, with these, stored zeros included.

    Parameters
    ----------
    state : State
        From `linked_state`.
    tree : tree like the parameters, optional
        Whose numbers take the place of the weights: moments, averages.

    Returns
    -------
    list of csr_array (n_source, n_target)
    """
    layers = (state.parameters if tree is None else tree)["layers"]
    return [
        _matrix(own["weights"], links, own["bias"].shape[0])
        for own, links in zip(layers, state.fixed["links"], strict=True)
        if links
    ]


def linked_chain(state: State) -> tuple[list[sparse.csr_array], list[bool]]:
    """Weights of all layers from the first that has links, to follow paths through them, and which of them have links.

    Parameters
    ----------
    state : State
        From `linked_state`.

    Returns
    -------
    weights : list of csr_array (n_source, n_target)
        Of a kernel that is kept whole, ones: it links everything. So does attention, which has no weights, its channels.
    linked : list of bool
    """
    linked = [bool(links) for links in state.fixed["links"]]
    found, first = iter(links_of(state)), linked.index(True)
    shapes = [own["weights"].shape for own in state.parameters["layers"]]
    chain = [next(found) if own else _every(shape) for shape, own in zip(shapes, linked, strict=True)]
    return chain[first:], linked[first:]


def _every(shape: tuple[int, ...]) -> sparse.csr_array:
    """All links of a kernel, with weights of 1."""
    return sparse.csr_array(np.ones((int(np.prod([size for size in shape[:-1] if size])), shape[-1])))


def link_masks(network: FeedForward, state: State) -> list[np.ndarray | None]:
    """Where the weights of each layer have links.

    Parameters
    ----------
    network : FeedForward
    state : State
        From `linked_state`.

    Returns
    -------
    list of bool array ``layer.weight_shape``, or None where a layer is kept whole
    """
    masks: list[np.ndarray | None] = []
    for layer, links in zip(network.layers, state.fixed["links"], strict=True):
        pattern = _matrix(np.ones(links["targets"].size), links, layer.weight_shape[-1]) if links else None
        masks.append(None if pattern is None else (pattern.toarray() != 0).reshape(layer.weight_shape))
    return masks


def dense_parameters(network: FeedForward, layers: Parameters, links: Sequence[Tree]) -> Parameters:
    """Parameters of all layers, with weights that are 0 where there is no link.

    Parameters
    ----------
    network : FeedForward
    layers : Parameters
        Of a state made by `linked_state`.
    links : sequence of trees
        ``fixed["links"]`` of that state.

    Returns
    -------
    Parameters
        As `initial_parameters` makes them.
    """
    dense = []
    for layer, own, where in zip(network.layers, layers, links, strict=True):
        dense.append(own | {"weights": _scattered(own["weights"], where, layer.weight_shape)} if where else own)
    return tuple(dense)


def _scattered(values: jax.Array, links: Tree, shape: tuple[int, ...]) -> jax.Array:
    n_source = links["starts"].size - 1
    sources = jnp.repeat(jnp.arange(n_source), jnp.diff(links["starts"]), total_repeat_length=values.size)
    return jnp.zeros((n_source, shape[-1]), values.dtype).at[sources, links["targets"]].set(values).reshape(shape)


def relinked(state: State, weights: Sequence[sparse.csr_array], regrown: Sequence[sparse.csr_array]) -> State:
    """State after a change of links: moments and averages of new links start at 0.

    Parameters
    ----------
    state : State
    weights : sequence of csr_array
        As `links_of`, with as many other links.
    regrown : sequence of csr_arrays of bool, as weights
        Links that forget what their place in the optimizer knew.

    Returns
    -------
    State
    """
    structure = jax.tree.structure(state.parameters)

    def remember(tree: Tree) -> Tree:
        if jax.tree.structure(tree) != structure:
            return tree
        kept = []
        for old, layer, new in zip(links_of(state, tree), weights, regrown, strict=True):
            # what the optimizer knew of a link moves with the link; where a link is new, its place may have known another one
            moved = weights_on(layer, old) if old.nnz else layer.astype(float)
            forgotten = weights_on(layer, sparse.csr_array(new, dtype=float)).data != 0
            kept.append(jnp.asarray(np.where(forgotten, 0.0, moved.data), jnp.float32))
        return {"layers": _replaced(tree["layers"], state.fixed["links"], kept)}

    optimizer = jax.tree.map(remember, state.optimizer, is_leaf=lambda tree: jax.tree.structure(tree) == structure)
    parameters = _replaced(state.parameters["layers"], state.fixed["links"], [_values(layer) for layer in weights])
    new_links = iter(weights)
    links = tuple(_links(next(new_links)) if own else {} for own in state.fixed["links"])
    return replace(
        state,
        parameters={"layers": parameters},
        fixed=state.fixed | {"links": links},
        optimizer=optimizer,
        average=remember(state.average),
    )


def _replaced(layers: Sequence[Any], links: Sequence[Tree], values: Sequence[jax.Array]) -> Parameters:
    """Layers whose weights, where they have links, are these values."""
    new = iter(values)
    return tuple(own | {"weights": next(new)} if where else own for own, where in zip(layers, links, strict=True))
