"""Feed-forward chains of discrete-time populations: read from a network, and written back with trained weights.

A chain is what the gradient methods train: the stimulus drives the first population, each population drives the next, and
nothing else is connected.
"""

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from scipy import sparse

from bioworkbench.network import INPUT, Network, Population, Projection
from bioworkbench.neurons.discrete_time import arguments_of, discrete_lif
from bioworkbench.signals import Stimulus

__all__ = ["chain", "chain_sizes", "constant_input", "frame_input", "scalar_arguments", "with_weights"]


def chain(network: Network) -> tuple[Population, ...]:
    """Populations of a feed-forward chain, the first at the stimulus.

    Parameters
    ----------
    network : Network
        Populations in layers 0, 1, 2, ...; projections from the stimulus to the first and from each to the next, without delay.

    Raises
    ------
    ValueError
        If layers repeat or are left out, a projection is missing, is not part of the chain, or has a delay.
    """
    populations = tuple(sorted(network.populations, key=lambda population: population.layer))
    layers = [population.layer for population in populations]
    if layers != list(range(len(layers))):
        raise ValueError(f"populations lie in layers {layers}; a feed-forward chain has one in each of 0, 1, 2, ...")
    names = [INPUT, *(population.name for population in populations)]
    wanted = list(pairwise(names))
    found = [(projection.source, projection.target) for projection in network.projections]
    if sorted(found) != sorted(wanted):
        described = ", ".join(f"{source} -> {target}" for source, target in found)
        raise ValueError(f"projections are {described}; a chain has {', '.join(f'{s} -> {t}' for s, t in wanted)} alone")
    late = [projection.name for projection in network.projections if np.any(projection.delay)]
    if late:
        raise ValueError(f"projections {', '.join(late)} have delays; a chain in discrete time has none")
    return populations


def chain_sizes(network: Network) -> tuple[int, ...]:
    """Number of stimulus channels, then the size of each population of the chain.

    Examples
    --------
    >>> links = Projection("input", "a", sparse.csr_array(np.ones((3, 2))))
    >>> chain_sizes(Network((Population("a", 2, discrete_lif(leak=1.0)),), (links,)))
    (3, 2)
    """
    return (network.n_channels, *(population.size for population in chain(network)))


def scalar_arguments(population: Population) -> dict[str, Any]:
    """Arguments of `discrete_lif` that made the population's model; all must be one value for all neurons.

    Raises
    ------
    ValueError
        If the model is no `discrete_lif`, has noise, starts from a law, or a value differs between neurons.
    """
    arguments = arguments_of(population.model, population.name)
    for name, value in arguments.items():
        if np.ndim(value):
            raise ValueError(
                f"{name} of population '{population.name}' differs between neurons; training needs one value for all"
            )
    if isinstance(arguments["start"], str):
        raise ValueError(f"population '{population.name}' starts from the law '{arguments['start']}'; training needs one number")
    if arguments["noise_deviation"] or arguments["noise_mean"]:
        raise ValueError(f"population '{population.name}' has noise of its own; leave it out, the method adds what it needs")
    return arguments


def with_weights(
    network: Network, weights: Sequence[sparse.csr_array], biases: Sequence[ArrayLike], changes: Mapping[str, Any]
) -> Network:
    """Chain with other weights, biases and arguments of its models.

    Parameters
    ----------
    network : Network
        See `chain`.
    weights : sequence of csr_array
        Of each projection along the chain.
    biases : sequence of array (n_neurons,)
    changes : mapping from argument of `discrete_lif` to value
        For all populations; a sequence of one value per population gives each its own.
    """
    populations, source, projections, changed = chain(network), INPUT, [], []
    for number, population in enumerate(populations):
        own: dict[str, Any] = {
            name: value[number] if isinstance(value, list | tuple) else value for name, value in changes.items()
        }
        arguments: dict[str, Any] = scalar_arguments(population) | own | {"bias": np.asarray(biases[number], dtype=float)}
        changed.append(Population(population.name, population.size, discrete_lif(**arguments), population.layer))
        projections.append(Projection(source, population.name, sparse.csr_array(weights[number], dtype=float)))
        source = population.name
    return Network(tuple(changed), tuple(projections))


def frame_input(stimulus: Stimulus) -> np.ndarray:
    """Currents of a stimulus, float32 (n_trials, n_frames, n_channels).

    Raises
    ------
    ValueError
        If the stimulus is not of kind "current".
    """
    if stimulus.kind != "current":
        raise ValueError(f"stimulus kind = '{stimulus.kind}': this method trains on currents; encode with kind = 'as_current'")
    return stimulus.values.astype(np.float32)


def constant_input(stimulus: Stimulus) -> np.ndarray:
    """Currents that do not change within a trial, float32 (n_trials, n_channels).

    Raises
    ------
    ValueError
        If the stimulus is not of kind "current", or changes from frame to frame.
    """
    values = frame_input(stimulus)
    if (values != values[:, :1]).any():
        raise ValueError(f"the stimulus changes over its {values.shape[1]} frames; this method trains on constant currents")
    return values[:, 0]
