"""Many small recurrent threshold networks side by side: their weights, their spikes, and the `Network` they form.

A sub-network has layers of sizes (m_1, ..., m_L); the last layer usually has one neuron. In step t, layer after layer::

    u[t] = leak * u'[t-1] + x[t] W + s[t-1] R + b,    s[t] = 1 where u[t] >= 1,    u' = u - s ("subtract") or u (1 - s) ("zero")

x is the input, or the spikes of the layer below in the same step. Leaky integrate-and-fire neurons have R = 0; plain recurrent
threshold units have leak 0. A pattern is the spikes of a last-layer neuron over the trials, at one step; or its half-space, whether
``u[t] >= 0`` there, which a reset by subtraction does not change: it takes potentials from above 1 to above 0.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import cast

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from bioworkbench.discrete.lif import Reset, discrete_lif, lif_step
from bioworkbench.records.arrays import Booleans, Floats, Integers, shaped
from bioworkbench.records.network import INPUT, Network, Population, Projection

__all__ = ["Layer", "SubNetworks", "as_network", "joined", "last_layer_spikes", "noisy_copies"]

BLOCK_BYTES = 2**27


@dataclass(frozen=True)
class Layer:
    """One layer of all sub-networks.

    Parameters
    ----------
    weights : array (n, fan_in, size)
    bias : array (n, size)
    leak : array (n, size)
    recurrent : array (n, size, size) or None
        From i to j; spikes arrive in the next step.

    Raises
    ------
    ValueError
        If shapes do not fit each other.
    """

    weights: Floats
    bias: Floats
    leak: Floats
    recurrent: Floats | None = None

    def __post_init__(self) -> None:
        n, _, size = shaped("weights of a layer", self.weights, (None, None, None)).shape
        shaped("bias of a layer", self.bias, (n, size))
        shaped("leak of a layer", self.leak, (n, size))
        if self.recurrent is not None:
            shaped("recurrent weights of a layer", self.recurrent, (n, size, size))

    @property
    def size(self) -> int:
        """Neurons per sub-network."""
        return self.weights.shape[2]

    def take(self, indices: Integers) -> "Layer":
        """The layer of the sub-networks with these `indices`."""
        recurrent = None if self.recurrent is None else self.recurrent[indices]
        return Layer(self.weights[indices], self.bias[indices], self.leak[indices], recurrent)


@dataclass(frozen=True)
class SubNetworks:
    """Sub-networks of one shape.

    Parameters
    ----------
    layers : tuple of `Layer`
        With the same number of sub-networks each; the fan-in of the first is the number of input channels.
    reset : {"subtract", "zero"}
    """

    layers: tuple[Layer, ...]
    reset: str = "subtract"

    @property
    def n(self) -> int:
        """Number of sub-networks."""
        return len(self.layers[0].weights)

    @property
    def shape(self) -> tuple[int, ...]:
        """Neurons per layer of a sub-network."""
        return tuple(layer.size for layer in self.layers)

    @property
    def n_channels(self) -> int:
        """Input channels."""
        return self.layers[0].weights.shape[1]

    def take(self, indices: Integers) -> "SubNetworks":
        """The sub-networks with these `indices`, in their order."""
        return replace(self, layers=tuple(layer.take(indices) for layer in self.layers))


def joined(*parts: SubNetworks) -> SubNetworks:
    """All sub-networks of several records in one.

    Parameters
    ----------
    *parts : SubNetworks
        Of one shape and reset.

    Returns
    -------
    SubNetworks
        In the order of the parts.

    Raises
    ------
    ValueError
        If they differ, or only some have recurrent weights.
    """
    first = parts[0]
    for part in parts[1:]:
        kinds = [[layer.recurrent is None for layer in p.layers] for p in (first, part)]
        if (part.shape, part.n_channels, part.reset) != (first.shape, first.n_channels, first.reset) or kinds[0] != kinds[1]:
            raise ValueError(
                f"sub-networks of shape {part.shape}, {part.n_channels} channels and reset '{part.reset}' cannot join "
                f"{first.shape}, {first.n_channels} and '{first.reset}'; all must be alike"
            )
    layers = tuple(_stacked([part.layers[k] for part in parts]) for k in range(len(first.layers)))
    return SubNetworks(layers, first.reset)


def _stacked(layers: Sequence[Layer]) -> Layer:
    recurrent = None if layers[0].recurrent is None else np.concatenate([cast(Floats, layer.recurrent) for layer in layers])
    return Layer(
        np.concatenate([layer.weights for layer in layers]),
        np.concatenate([layer.bias for layer in layers]),
        np.concatenate([layer.leak for layer in layers]),
        recurrent,
    )


def noisy_copies(networks: SubNetworks, n_copies: int, deviation: float, rng: np.random.Generator) -> SubNetworks:
    """Copies whose weights and biases have Gaussian noise added. Weights of 0 stay 0. The originals are not among them.

    Parameters
    ----------
    networks : SubNetworks
    n_copies : int
        Of each sub-network.
    deviation : float
        Of the noise, in units of the root mean square of each array.
    rng : Generator

    Returns
    -------
    SubNetworks
        ``n_copies * networks.n`` of them: first one copy of each, then the next.
    """
    chosen = networks.take(np.tile(np.arange(networks.n), n_copies))

    def noisy(values: Floats) -> Floats:
        scale = deviation * np.sqrt(np.mean(values**2))
        return np.where(values == 0, 0.0, values + scale * rng.standard_normal(values.shape))

    layers = [
        Layer(noisy(part.weights), noisy(part.bias), part.leak, None if part.recurrent is None else noisy(part.recurrent))
        for part in chosen.layers
    ]
    return replace(networks, layers=tuple(layers))


def last_layer_spikes(
    networks: SubNetworks, values: NDArray, steps: Sequence[int] | None = None, *, half_spaces: bool = False
) -> Booleans:
    """Spikes of the last layers, or the half-spaces of their potentials.

    Parameters
    ----------
    networks : SubNetworks
    values : array (n_trials, n_steps, n_channels)
    steps : sequence of int, optional
        At which steps, counted from 0; by default all.
    half_spaces : bool
        Whether the potential is at least 0, in place of whether the neuron spikes.

    Returns
    -------
    bool array (n_trials, n_asked_steps, n * m_L)
        Sub-network after sub-network.

    Raises
    ------
    ValueError
        If the number of channels is another, or a step is outside the trial.
    """
    shaped("values", values, (None, None, networks.n_channels))
    n_trials, n_steps, _ = values.shape
    asked = list(range(n_steps) if steps is None else steps)
    if not asked or min(asked) < 0 or max(asked) >= n_steps:
        raise ValueError(f"steps = {asked}: must name steps from 0 to {n_steps - 1}")
    spikes = np.zeros((n_trials, len(asked), networks.n * networks.shape[-1]), dtype=bool)
    # potentials and spikes of all layers, of which a step holds a few copies, stay within a block of memory
    block = max(1, BLOCK_BYTES // (8 * networks.n * (sum(networks.shape) * 4)))
    for first in range(0, n_trials, block):
        part = slice(first, first + block)
        for step, potential in enumerate(_steps(networks, values[part], max(asked) + 1)):
            pattern = potential >= (0.0 if half_spaces else 1.0)
            for place in (k for k, wanted in enumerate(asked) if wanted == step):
                spikes[part, place] = pattern.transpose(1, 0, 2).reshape(pattern.shape[1], -1)
    return spikes


def _steps(networks: SubNetworks, values: NDArray, n_steps: int) -> Iterator[Floats]:
    """Potentials before the reset (n, n_trials, m_L) of the last layers, step by step."""
    n, n_trials = networks.n, len(values)
    left = [np.zeros((n, n_trials, size)) for size in networks.shape]
    fired, potential = [np.zeros((n, n_trials, size)) for size in networks.shape], np.zeros(0)
    for step in range(n_steps):
        signal = _fed(networks.layers[0], values[:, step].astype(float))
        for k, layer in enumerate(networks.layers):
            drive = signal if k == 0 else fired[k - 1] @ layer.weights
            if layer.recurrent is not None:
                drive = drive + fired[k] @ layer.recurrent
            total = drive + layer.bias[:, None]
            potential, spiked, left[k] = lif_step(left[k], total, layer.leak[:, None], 1.0, networks.reset)
            fired[k] = spiked.astype(float)
        yield potential


def _fed(layer: Layer, values: Floats) -> Floats:
    """Input (n_trials, n_channels) times the weights of a layer: (n, n_trials, size), as one matrix product."""
    n, n_channels, size = layer.weights.shape
    # all sub-networks see the same input: one wide product is faster than n narrow ones
    flat = layer.weights.transpose(1, 0, 2).reshape(n_channels, n * size)
    return (values @ flat).reshape(len(values), n, size).transpose(1, 0, 2)


def as_network(networks: SubNetworks, names: Sequence[str] | None = None, *, half_spaces: bool = False) -> Network:
    """The sub-networks as disjoint parts of one network of `discrete_lif` neurons, run at one step per frame.

    Parameters
    ----------
    networks : SubNetworks
    names : sequence of str, optional
        Of the populations, one per layer; by default "layer_1", "layer_2", ...
    half_spaces : bool
        Whether a last population "half_spaces" shows whether the potentials of the last layer are at least 0.

    Returns
    -------
    Network
        Neuron j of sub-network p has the index ``p * m + j`` in its population. Where a weight is exactly 0 there is no synapse.

    Raises
    ------
    ValueError
        If half-spaces are asked of neurons that reset to 0.
    """
    names = [f"layer_{k + 1}" for k in range(len(networks.layers))] if names is None else list(names)
    populations, projections, below = [], [], INPUT
    for k, (name, layer) in enumerate(zip(names, networks.layers, strict=True)):
        model = discrete_lif(leak=layer.leak.ravel(), bias=layer.bias.ravel(), reset=cast(Reset, networks.reset))
        populations.append(Population(name, networks.n * layer.size, model, layer=k))
        weights = np.concatenate(layer.weights, axis=1) if k == 0 else sparse.block_diag(layer.weights)
        projections.append(Projection(below, name, sparse.csr_array(weights)))
        if layer.recurrent is not None:
            projections.append(Projection(name, name, sparse.csr_array(sparse.block_diag(layer.recurrent))))
        below = name
    if half_spaces:
        population, more = _half_spaces(networks, populations[-1], projections)
        return Network((*populations, population), (*projections, *more))
    return Network(tuple(populations), tuple(projections))


def _half_spaces(
    networks: SubNetworks, last: Population, projections: Sequence[Projection]
) -> tuple[Population, list[Projection]]:
    """Neurons that follow the potentials of the last layer, and spike wherever these are at least 0.

    They get the same input. A neuron of the last layer tells its follower that it was reset, which counts in the next step, with what
    the leak left of it. Their own reset takes off the threshold, which is 0.
    """
    if networks.reset != "subtract":
        raise ValueError(
            f"reset = '{networks.reset}': half-spaces need 'subtract', which leaves the sign of a potential as it is"
        )
    layer = networks.layers[-1]
    follower = discrete_lif(leak=layer.leak.ravel(), threshold=0.0, bias=layer.bias.ravel())
    to_last = {p.source: p.weights for p in projections if p.target == last.name}
    resets = -sparse.dia_array((layer.leak.reshape(1, -1), [0]), shape=(last.size, last.size))
    to_last[last.name] = sparse.csr_array(to_last[last.name] + resets if last.name in to_last else resets)
    links = [Projection(source, "half_spaces", weights) for source, weights in to_last.items()]
    return Population("half_spaces", last.size, follower, layer=last.layer), links
