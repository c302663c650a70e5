"""From a network of records to what the gradient engine trains, and back."""

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from scipy import sparse

from bioworkbench.discrete.coincidences import attention_ends, waiting_name, with_coincidences
from bioworkbench.discrete.layers import chain, chain_sizes, chain_skips, scalar_arguments
from bioworkbench.gradients.layers import Attention, Convolution, Dense, FeedForward, Image, Layer, Neuron, Pooled
from bioworkbench.gradients.matrices import neuron_biases, projection_weights
from bioworkbench.records.network import INPUT, Network
from bioworkbench.records.optimization import ConvolvedImages

__all__ = ["chain_weights", "feed_forward", "output_arrays", "trained_arrays", "with_products"]

_IMAGES = ConvolvedImages()
_MOST_PRODUCTS = 20_000_000  # neurons of one trial in Brian2, with four synapses each


def feed_forward(
    network: Network,
    n_outputs: int,
    *,
    surrogate: str = "gaussian",
    width: float = 0.4,
    images: ConvolvedImages = _IMAGES,
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
    images : ConvolvedImages
        Convolutions and attention of the first populations, and averages before them; the others are dense.

    Returns
    -------
    FeedForward

    Raises
    ------
    ValueError
        If the network is not such a chain, a population does not have the size that its convolution or attention gives, or attention
        has more products than Brian2 is to run, or needs a name for them that a population has.
    """
    populations, sizes = chain(network), chain_sizes(network)
    convolutions, image = images.convolutions, images.shape
    if images.n_convolved > len(populations):
        raise ValueError(
            f"{images.n_convolved} convolutions are given for {len(populations)} populations, attention counted too; give at most one for "
            "each"
        )
    if convolutions and (image is None or int(np.prod(image)) != sizes[0]):
        raise ValueError(f"image = {image}: convolutions need rows, columns and channels that multiply to {sizes[0]} channels")
    layers: list[Layer] = []
    for number, n_out in enumerate((*(population.size for population in populations), n_outputs)):
        layer, image = _layer(images, number, image, sizes[number], n_out)
        if layer.n_out != n_out:
            kind = "attention" if isinstance(layer, Attention) else "convolution"
            raise ValueError(f"population '{populations[number].name}' has {n_out} neurons; its {kind} gives {layer.n_out}")
        if isinstance(layer, Attention):
            _check_products(network, populations[number].name, layer)
        layers.append(layer)
    neurons = tuple(_neuron(scalar_arguments(population)) for population in populations)
    return FeedForward(tuple(layers), neurons, surrogate, width, chain_skips(network))


def _check_products(network: Network, name: str, layer: Attention) -> None:
    """Raise ValueError unless the neurons that multiply spikes for the population of that `name` can be added to the network."""
    if layer.n_products > _MOST_PRODUCTS:
        raise ValueError(
            f"population '{name}' sees {layer.n_products} products of spikes, each a neuron in Brian2; at most {_MOST_PRODUCTS} are "
            "made: take fewer tokens or channels, or more heads"
        )
    if waiting_name(name) in network.sizes:
        raise ValueError(
            f"'{waiting_name(name)}' is the name of the neurons that multiply spikes for population '{name}', and of another population; "
            "rename that one"
        )


def _layer(images: ConvolvedImages, number: int, image: Image | None, n_in: int, n_out: int) -> tuple[Layer, Image | None]:
    """A layer, and the image that it makes; None from the first linear layer on."""
    side = images.side(number)
    averages = image if image is None or side == 1 else (image[0] // side, image[1] // side, image[2])
    made = None
    attending = images.attention_of(number)
    if attending is not None and averages is not None:
        layer = Attention(averages, *attending)
        return layer, layer.image_out
    if number < images.n_convolved and averages is not None:
        layer = Convolution(averages, *images.convolution_of(number), normalized=images.normalized)
        made = layer.image_out
    else:
        layer = Dense(n_in // side**2, n_out)
    return (layer if image is None or side == 1 else Pooled(image, side, layer)), made


def _neuron(given: dict) -> Neuron:
    return Neuron(given["leak"], given["threshold"], given["reset"], given["strict"], given["floor"], given["start"])


def chain_weights(network: Network) -> list[sparse.csr_array]:
    """Weights of the projections along the chain of `network`, skips left out."""
    names = [INPUT, *(population.name for population in chain(network))]
    by_ends = {(projection.source, projection.target): projection.weights for projection in network.projections}
    return [by_ends[pair] for pair in pairwise(names)]


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


def with_products(network: Network, model: FeedForward) -> Network:
    """Chain with trained weights in which attention is made of neurons: those of `discrete.coincidences` multiply spikes.

    Parameters
    ----------
    network : Network
        With a population for each layer of the model.
    model : FeedForward

    Returns
    -------
    Network
        The same where there is no attention.
    """
    for number, layer in reversed(list(enumerate(model.layers))):  # later ones first: a population more moves those behind it
        if isinstance(layer, Attention):
            rows, columns, width = layer.image_out
            network = with_coincidences(network, number, *attention_ends(rows * columns, width, layer.heads), layer.scale)
    return network


def output_arrays(model: FeedForward, own: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Weights and bias of the outputs, from every neuron of the last population.

    Parameters
    ----------
    model : FeedForward
    own : dict with "weights" and "bias"
        Trained parameters of the outputs, which may see averages.

    Returns
    -------
    dict with "weights" (n_neurons, n_outputs) and "bias" (n_outputs,)
    """
    return {"weights": projection_weights(model.layers[-1], own["weights"]).toarray(), "bias": own["bias"]}
