"""Products of spikes in Brian2: a neuron without memory whose threshold is the number of its inputs spikes where all of them do."""

from dataclasses import replace

import numpy as np
from scipy import sparse

from bioworkbench.discrete.lif import discrete_lif
from bioworkbench.records.network import Network, Population, Projection

__all__ = ["attention_ends", "waiting_name", "with_coincidences"]


def attention_ends(n_tokens: int, width: int, heads: int) -> tuple[np.ndarray, np.ndarray]:
    """Whose spikes the terms of a product of queries, keys and values need, and which neuron they count for.

    Parameters
    ----------
    n_tokens, width, heads : int
        Tokens, channels of the queries, and heads, which divide the channels.

    Returns
    -------
    sources : int array (n_terms, 3)
        Query, key and value of each term, as neurons in the order token, channel: queries, then keys, then values.
    targets : int array (n_terms,)
        Neurons in the order token, channel.

    Examples
    --------
    >>> sources, targets = attention_ends(2, 1, 1)
    >>> sources.tolist(), targets.tolist()
    ([[0, 1, 2], [0, 4, 5], [3, 1, 2], [3, 4, 5]], [0, 0, 1, 1])
    """
    size = width // heads
    # head, token that asks, token that is asked, channel of query and key, channel of the value
    head, asking, asked, channel, value = np.indices((heads, n_tokens, n_tokens, size, size), dtype=np.int32).reshape(5, -1)
    query, key = asking * 3 * width + head * size + channel, asked * 3 * width + width + head * size + channel
    sources = np.stack([query, key, asked * 3 * width + 2 * width + head * size + value], axis=1)
    return sources, asking * width + head * size + value


def waiting_name(name: str) -> str:
    """Name of the neurons that wait for coincidences before the population of that `name`."""
    return f"{name}_coincidences"


def with_coincidences(network: Network, number: int, sources: np.ndarray, targets: np.ndarray, weight: float) -> Network:
    """Chain in which a population sees products of spikes of the one before it.

    Neurons that wait for coincidences lie between the two: each spikes in the step in which all of its sources do, and adds the weight to
    the drive of its target in that step.

    Parameters
    ----------
    network : Network
        A chain (`bioworkbench.discrete.layers.chain`).
    number : int
        Of the population that sees products, from 1.
    sources : int array (n_products, n_factors)
        Neurons of the population before.
    targets : int array (n_products,)
        Neurons of the population.
    weight : float
        What a product adds to the drive.

    Returns
    -------
    Network
        A chain with one population more; see `waiting_name`.
    """
    populations = sorted(network.populations, key=lambda population: population.layer)
    before, after = populations[number - 1 : number + 1]
    n_products, n_factors = sources.shape
    waiting = Population(waiting_name(after.name), n_products, discrete_lif(leak=0.0, threshold=float(n_factors)), number)
    later = [replace(population, layer=population.layer + 1) for population in populations[number:]]
    products = np.arange(n_products)
    into = (np.ones(sources.size), (sources.ravel(), products.repeat(n_factors)))
    onto = (np.full(n_products, weight), (products, targets))
    joined = {
        (before.name, waiting.name): sparse.csr_array(into, shape=(before.size, n_products)),
        (waiting.name, after.name): sparse.csr_array(onto, shape=(n_products, after.size)),
    }
    others = [p for p in network.projections if (p.source, p.target) != (before.name, after.name)]
    projections = [*others, *(Projection(*ends, links) for ends, links in joined.items())]
    return Network((*populations[:number], waiting, *later), tuple(projections))
