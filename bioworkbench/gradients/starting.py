"""What training starts from: the weights and biases of a network, and what is drawn."""

import jax.numpy as jnp
import numpy as np

from bioworkbench.discrete.layers import chain, scalar_arguments
from bioworkbench.gradients.chains import chain_weights
from bioworkbench.gradients.layers import Dense, FeedForward
from bioworkbench.gradients.networks import initial_parameters
from bioworkbench.gradients.training import State
from bioworkbench.records.network import Network

__all__ = ["start_state"]


def start_state(network: Network, model: FeedForward, rng: np.random.Generator) -> State:
    """Parameters to start from, and masks where the network does not have all links.

    Dense layers start from the weights of the network's projections and the biases of its populations; convolutions, layers behind
    averages and the outputs are drawn (`initial_parameters`).

    Parameters
    ----------
    network : Network
        A chain.
    model : FeedForward
        From `feed_forward`.
    rng : Generator
        For what is drawn.

    Returns
    -------
    State
        ``parameters["layers"]``, and ``fixed["masks"]["layers"]``: per layer 1, or an array of 0 and 1.
    """
    parameters = initial_parameters(model.layers, rng)
    own, masks = [], []
    weights, populations = chain_weights(network), chain(network)
    for number, (layer, drawn) in enumerate(zip(model.layers, parameters, strict=True)):
        mask: float | np.ndarray = 1.0
        if isinstance(layer, Dense) and number < len(weights):
            dense, links = weights[number].toarray(), weights[number].copy()
            links.data = np.ones(links.nnz)
            mask = 1.0 if links.nnz == dense.size else links.toarray().astype(np.float32)
            bias = np.broadcast_to(scalar_arguments(populations[number])["bias"], dense.shape[1])
            drawn = {"weights": jnp.asarray(dense, jnp.float32), "bias": jnp.asarray(bias, jnp.float32)}
        own.append(drawn)
        masks.append(dict.fromkeys(drawn, 1.0) | {"weights": mask})
    return State({"layers": tuple(own)}, {"masks": {"layers": tuple(masks)}})
