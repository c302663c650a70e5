"""From a network of records to what the gradient engine trains, and back."""

from collections.abc import Sequence

import numpy as np
from scipy import sparse

from bioworkbench.discrete.layers import chain, chain_sizes, scalar_arguments
from bioworkbench.gradients.layers import Convolution, Dense, FeedForward, Neuron
from bioworkbench.gradients.matrices import neuron_biases, projection_weights
from bioworkbench.records.network import Network

__all__ = ["chain_weights", "feed_forward", "trained_arrays"]


def feed_forward(
    network: Network,
    n_outputs: int,
    *,
    surrogate: str = "gaussian",
    width: float = 0.4,
    convolutions: Sequence[tuple[int, int, int]] = (),
    image: tuple[int, int, int] | None = None,
) -> FeedForward:
    """What the gradient engine trains for a chain of `discrete_lif` populations.

    Parameters
    ----------
    network : Network
        See `bioworkbench.discrete.layers.chain`.
    n_outputs : int
        Outputs of the linear layer on top.
    surrogate, width
        See `FeedForward`.
    convolutions : sequence of (filters, size, stride)
        Of the first populations; the others are dense.
    image : (rows, columns, channels), optional
        Of the stimulus; needed where there are convolutions.

    Returns
    -------
    FeedForward

    Raises
    ------
    ValueError
        If the network is not such a chain, or a population does not have the size that its convolution gives.
    """
    populations, sizes = chain(network), chain_sizes(network)
    if len(convolutions) > len(populations):
        raise ValueError(
            f"{len(convolutions)} convolutions are given for {len(populations)} populations; give at most one for each"
        )
    if convolutions and (image is None or int(np.prod(image)) != sizes[0]):
        raise ValueError(f"image = {image}: convolutions need rows, columns and channels that multiply to {sizes[0]} channels")
    layers: list[Dense | Convolution] = []
    for number, population in enumerate(populations):
        if number >= len(convolutions):
            layers.append(Dense(sizes[number], population.size))
            continue
        layer = Convolution(image, *convolutions[number])  # pyright: ignore[reportArgumentType]
        if layer.n_out != population.size:
            raise ValueError(f"population '{population.name}' has {population.size} neurons; its convolution gives {layer.n_out}")
        layers.append(layer)
        image = layer.image_out
    neurons = tuple(_neuron(scalar_arguments(population)) for population in populations)
    return FeedForward((*layers, Dense(sizes[-1], n_outputs)), neurons, surrogate, width)


def _neuron(given: dict) -> Neuron:
    return Neuron(given["leak"], given["threshold"], given["reset"], given["strict"], given["floor"], given["start"])


def chain_weights(network: Network) -> list[sparse.csr_array]:
    """Weights of the projections along the chain of `network`."""
    by_target = {projection.target: projection.weights for projection in network.projections}
    return [by_target[population.name] for population in chain(network)]


def trained_arrays(
    model: FeedForward, layers: Sequence[dict[str, np.ndarray]], masks: Sequence[dict[str, np.ndarray | float]]
) -> tuple[list[sparse.csr_array], list[np.ndarray]]:
    """Weights of the projections and biases of the neurons along the chain, outputs left out.

    Parameters
    ----------
    model : FeedForward
    layers : sequence of dict with "weights" and "bias"
        Trained parameters, those of the outputs last.
    masks : sequence of dict with "weights"
        Per layer 1, or an array of 0 and 1; see `bioworkbench.gradients.starting.start_state`.

    Returns
    -------
    weights : list of csr_array (n_in, n_out)
    biases : list of array (n_out,)
    """
    weights, biases = [], []
    for layer, own, mask in zip(model.layers[:-1], layers[:-1], masks[:-1], strict=True):
        links = None if np.ndim(mask["weights"]) == 0 else np.asarray(mask["weights"])
        weights.append(projection_weights(layer, own["weights"], links))
        biases.append(neuron_biases(layer, own["bias"]))
    return weights, biases
