"""Witnesses: hidden weights of sub-networks, drawn at random or from pairs of training samples.

A witness is worth as much as the pattern that its last neuron shows over the training trials, so thresholds matter as much as
directions: with ``balanced`` the bias of the last neuron is set so that its potential, without resets, just reaches the threshold in
one trial drawn at random.
"""

from dataclasses import dataclass, replace

import numpy as np

from bioworkbench.arrays import Floats, non_negative, positive
from bioworkbench.discrete.subnetworks import Layer, SubNetworks, last_layer_spikes
from bioworkbench.network import INPUT, Network, Projection
from bioworkbench.neurons.discrete_time import arguments_of
from bioworkbench.weights.from_pairs import PairLaw, sampled_neurons

__all__ = ["WitnessLaw", "gaussian_witnesses", "pair_witnesses", "template"]

N_SEEN = 500  # trials that balanced thresholds and pairs are taken from


@dataclass(frozen=True)
class WitnessLaw:
    """Laws of witnesses.

    Parameters
    ----------
    input_gain : float
        Weights between layers are N(0, input_gain / fan_in).
    recurrent_gain : float
        Recurrent weights are N(0, recurrent_gain^2 / size); above 1 the state of a layer of threshold units can last.
    bias : (float, float)
        Mean and deviation of the biases, relative to the threshold: mean 0 puts the threshold at no input.
    leak : (float, float) or None
        Range of the leak of each sub-network, uniform; None takes that of the start network.
    spread : float
        Standard deviation of the potential of a neuron made from a pair.
    balanced : bool
        Set the bias of the last neuron from the data, as the module says.

    Raises
    ------
    ValueError
        If a number is out of range.
    """

    input_gain: float = 2.0
    recurrent_gain: float = 2.0
    bias: tuple[float, float] = (0.0, 0.5)
    leak: tuple[float, float] | None = None
    spread: float = 3.0
    balanced: bool = True

    def __post_init__(self) -> None:
        positive("input_gain", self.input_gain)
        non_negative("recurrent_gain", self.recurrent_gain)
        positive("spread", self.spread)
        if self.leak is not None and not 0 <= self.leak[0] <= self.leak[1] <= 1:
            raise ValueError(f"leak = {self.leak}: must be a range between 0 and 1, the lower end first")


def template(network: Network, self_links: bool = False) -> SubNetworks:
    """One sub-network, with ones for weights, as a network of `discrete_lif` populations describes it.

    Parameters
    ----------
    network : Network
        Populations in layers 0, 1, ..., one each, of one reset, threshold 1 and leaks that are numbers; the stimulus projects to the
        first, each population to the next, and some to themselves. The last has one neuron.
    self_links : bool
        Link every neuron of a recurrent population to itself as well, which topologies leave out.

    Raises
    ------
    ValueError
        If it is anything else.
    """
    populations = sorted(network.populations, key=lambda p: p.layer)
    names = [p.name for p in populations]
    if [p.layer for p in populations] != list(range(len(names))):
        raise ValueError(f"populations {', '.join(names)} must lie in layers 0, 1, ..., one each")
    if populations[-1].size != 1:
        raise ValueError(f"population '{names[-1]}' has {populations[-1].size} neurons; the last layer of a sub-network has one")
    below, found = [INPUT, *names[:-1]], {(p.source, p.target): p for p in network.projections}
    wanted = set(zip(below, names, strict=True))
    extra = set(found) - wanted - {(name, name) for name in names}
    if extra or wanted - set(found):
        raise ValueError(
            f"projections must be {', '.join(f'{a} -> {b}' for a, b in sorted(wanted))}, and to itself; found {sorted(found)}"
        )
    arguments = [arguments_of(p.model, p.name) for p in populations]
    for name, given in zip(names, arguments, strict=True):
        if given["threshold"] != 1.0 or np.ndim(given["leak"]) or given["reset"] not in ("subtract", "zero") or given["strict"]:
            raise ValueError(f"population '{name}' must have threshold 1, one leak, not strict, and reset 'subtract' or 'zero'")
    if len({given["reset"] for given in arguments}) > 1:
        raise ValueError(f"populations {', '.join(names)} have different resets; a sub-network has one")
    layers = [
        _ones(found[source, name], found.get((name, name)), float(given["leak"]), self_links)
        for source, name, given in zip(below, names, arguments, strict=True)
    ]
    return SubNetworks(tuple(layers), arguments[0]["reset"])


def _ones(projection: Projection, recurrent: Projection | None, leak: float, self_links: bool) -> Layer:
    """A layer whose weights are 1 where there is a synapse."""
    weights = _links(projection)
    size = weights.shape[1]
    own = np.eye(size) if self_links else np.zeros((size, size))
    loops = None if recurrent is None else np.maximum(_links(recurrent), own)[None]
    return Layer(weights[None], np.zeros((1, size)), np.full((1, size), leak), loops)


def _links(projection: Projection) -> Floats:
    pattern = projection.weights.copy()
    pattern.data = np.ones_like(pattern.data)
    return pattern.toarray()


def gaussian_witnesses(
    start: SubNetworks, values: Floats, asked: list[int], n: int, law: WitnessLaw, rng: np.random.Generator
) -> SubNetworks:
    """Sub-networks with Gaussian weights and biases.

    Parameters
    ----------
    start : SubNetworks
        One, from `template`.
    values : array (n_trials, n_steps, n_channels)
        Training trials, for balanced thresholds.
    asked : list of int
        Steps at which the last neuron is read.
    n : int
    law : WitnessLaw
    rng : Generator
    """
    networks = SubNetworks(tuple(_gaussian(layer, n, law, rng) for layer in start.layers), start.reset)
    networks = _with_leaks(networks, law, rng)
    return _balanced(networks, values, asked, rng) if law.balanced else networks


def _gaussian(like: Layer, n: int, law: WitnessLaw, rng: np.random.Generator) -> Layer:
    _, fan_in, size = like.weights.shape
    weights = like.weights * rng.normal(0, (law.input_gain / fan_in) ** 0.5, (n, fan_in, size))
    bias = 1 + law.bias[0] + law.bias[1] * rng.standard_normal((n, size))
    recurrent = None
    if like.recurrent is not None:
        recurrent = like.recurrent * rng.normal(0, law.recurrent_gain / size**0.5, (n, size, size))
    return Layer(weights, bias, np.broadcast_to(like.leak, (n, size)), recurrent)


def _with_leaks(networks: SubNetworks, law: WitnessLaw, rng: np.random.Generator) -> SubNetworks:
    """Leaks drawn for each sub-network, and biases scaled so that a constant input reaches the threshold with any leak."""
    leaks = None if law.leak is None else rng.uniform(*law.leak, networks.n)
    layers = []
    for layer in networks.layers:
        leak = layer.leak if leaks is None else np.broadcast_to(leaks[:, None], layer.leak.shape)
        layers.append(replace(layer, leak=leak, bias=layer.bias * np.maximum(1 - leak, 0.0)))
    return replace(networks, layers=tuple(layers))


def _balanced(networks: SubNetworks, values: Floats, asked: list[int], rng: np.random.Generator) -> SubNetworks:
    """Biases of the last neurons set so that the potential without resets reaches 1 in a random trial at a random asked step."""
    chosen = values[rng.permutation(len(values))[:N_SEEN]]
    last = networks.layers[-1]
    if len(networks.layers) == 1:
        fed = np.einsum("ntc,pcm->ntpm", chosen, last.weights)
    else:
        below = replace(networks, layers=networks.layers[:-1])
        spikes = last_layer_spikes(below, chosen).reshape(*chosen.shape[:2], networks.n, -1).astype(float)
        fed = np.einsum("ntpi,pim->ntpm", spikes, last.weights)
    bias = last.bias.copy()
    for p in range(networks.n):
        step = int(rng.choice(asked))
        powers = last.leak[p, 0] ** (step - np.arange(step + 1))
        bias[p] = (1 - _cut(fed[:, : step + 1, p, 0] @ powers, rng)) / powers.sum()
    return replace(networks, layers=(*networks.layers[:-1], replace(last, bias=bias)))


def _cut(levels: Floats, rng: np.random.Generator) -> float:
    """Threshold halfway between the level of a random trial and the next lower one, so that none lies on it."""
    level = levels[rng.integers(len(levels))]
    lower = levels[levels < level - 1e-9 * np.abs(levels).max()]
    return float((level + lower.max()) / 2 if lower.size else level - 0.5)


def pair_witnesses(
    start: SubNetworks, values: Floats, wanted: Floats, asked: list[int], n: int, law: WitnessLaw, rng: np.random.Generator
) -> SubNetworks:
    """Sub-networks whose first layer comes from pairs of trials with different targets; the rest is Gaussian.

    The state of a trial is its input, summed with the leak up to one asked step, drawn for each of up to 20 groups.

    Parameters
    ----------
    start, values, asked, n, law, rng
        As in `gaussian_witnesses`.
    wanted : array (n_trials, n_outputs)
    """
    networks = gaussian_witnesses(start, values, asked, n, replace(law, balanced=False), rng)
    first, size = networks.layers[0], networks.shape[0]
    weights, bias = np.zeros(first.weights.shape), np.zeros(first.bias.shape)
    pairs = PairLaw(metric="l2", contrast="largest", sharpness=1.0, n_candidates=2000, spread=law.spread, offset=0.5)
    for group in np.array_split(np.arange(n), min(n, 20)):
        leak, step = float(first.leak[group[0], 0]), int(rng.choice(asked))
        powers = leak ** (step - np.arange(step + 1))
        chosen = rng.permutation(len(values))[: 4 * N_SEEN]
        states = np.tensordot(values[chosen, : step + 1], powers / powers.sum(), (1, 0))
        found, offsets, _ = sampled_neurons(states, wanted[chosen], len(group) * size, rng, pairs)
        weights[group] = (found / powers.sum()).T.reshape(len(group), size, -1).transpose(0, 2, 1) * start.layers[0].weights
        bias[group] = (offsets / powers.sum()).reshape(len(group), size)
        first = replace(first, leak=np.where(np.isin(np.arange(n), group)[:, None], leak, first.leak))
    networks = replace(networks, layers=(replace(first, weights=weights, bias=bias), *networks.layers[1:]))
    return _balanced(networks, values, asked, rng) if law.balanced and len(networks.layers) > 1 else networks
