"""Witnesses: hidden weights of sub-networks, drawn at random or from pairs of training samples.

A witness is worth as much as the pattern that its last neuron shows over the training trials, so thresholds matter as much as
directions: with ``balanced`` the bias of the last neuron is set so that its potential, without resets, just reaches the threshold in
one trial drawn at random.
"""

from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from bioworkbench.discrete.lif import arguments_of
from bioworkbench.discrete.simulate import check_inputs
from bioworkbench.discrete.subnetworks import Layer, SubNetworks, last_layer_spikes
from bioworkbench.records.arrays import Floats, finite, non_negative, positive
from bioworkbench.records.errors import unknown_name
from bioworkbench.records.network import INPUT, Network, Projection
from bioworkbench.weights.from_pairs import PairSampling, sampled_neurons

__all__ = ["WitnessDistribution", "gaussian_witnesses", "pair_witnesses", "template"]

COLUMNS = ("scaled", "unscaled", "normalized", "orthogonal")
_PLAIN = {"threshold": 1.0, "strict": False, "floor": None, "start": 0.0, "noise_mean": 0.0, "noise_deviation": 0.0}
N_SEEN = 500  # trials that balanced thresholds and pairs are taken from


@dataclass(frozen=True)
class WitnessDistribution:
    """How witnesses are drawn.

    Parameters
    ----------
    input_gain : float
        Weights between layers are N(0, input_gain / fan_in); see `columns`.
    recurrent_gain : float
        Recurrent weights are N(0, recurrent_gain^2 / size); above 1 the state of a layer of threshold units can last.
    bias : (float, float)
        Mean and deviation of the biases, relative to the threshold: mean 0 puts the threshold at no input.
    leak : (float, float) or None
        Range of the leak of each sub-network, uniform; None takes that of the start network.
    spread : float
        Standard deviation of the potential of a neuron made from a pair.
    balanced : bool
        Set the bias of the last neurons from the data, as the module says.
    columns : {"scaled", "unscaled", "normalized", "orthogonal"}
        How the weights of a neuron are drawn: as `input_gain` says; N(0, input_gain), whatever the fan-in; of one length,
        sqrt(input_gain); or of that length and at right angles to those of the other neurons of its layer, as far as there are
        as many directions.

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
    columns: Literal["scaled", "unscaled", "normalized", "orthogonal"] = "scaled"

    def __post_init__(self) -> None:
        positive("input_gain", self.input_gain)
        non_negative("recurrent_gain", self.recurrent_gain)
        positive("spread", self.spread)
        mean, deviation = self.bias
        finite("mean of bias", mean)
        non_negative("deviation of bias", deviation)
        if self.columns not in COLUMNS:
            raise ValueError(unknown_name(self.columns, "way to draw columns", COLUMNS))
        if self.leak is not None and not 0 <= self.leak[0] <= self.leak[1] <= 1:
            raise ValueError(f"leak = {self.leak}: must be a range between 0 and 1, the lower end first")


def template(network: Network, self_links: bool = False) -> SubNetworks:
    """One sub-network, with ones for weights, as a network of `discrete_lif` populations describes it.

    Parameters
    ----------
    network : Network
        Populations in layers 0, 1, ..., one each, of one reset, threshold 1 and leaks that are numbers, without floor, start, noise or
        background; the stimulus projects to the first, each population to the next, and some to themselves, all without delay.
    self_links : bool
        Link every neuron of a recurrent population to itself as well, which topologies leave out.

    Returns
    -------
    SubNetworks

    Raises
    ------
    ValueError
        If it is anything else.
    """
    populations = sorted(network.populations, key=lambda p: p.layer)
    names = [p.name for p in populations]
    if [p.layer for p in populations] != list(range(len(names))):
        raise ValueError(f"populations {', '.join(names)} must lie in layers 0, 1, ..., one each")
    below, found = [INPUT, *names[:-1]], {(p.source, p.target): p for p in network.projections}
    wanted = set(zip(below, names, strict=True))
    extra = set(found) - wanted - {(name, name) for name in names}
    if extra or wanted - set(found):
        raise ValueError(
            f"projections must be {', '.join(f'{a} -> {b}' for a, b in sorted(wanted))}, and to itself; found {sorted(found)}"
        )
    arguments = [arguments_of(p.model, p.name) for p in populations]
    for name, given in zip(names, arguments, strict=True):
        others = [key for key, value in _PLAIN.items() if not np.array_equal(given[key], value)]  # pyright: ignore[reportArgumentType]
        if others or np.ndim(given["leak"]) or given["reset"] not in ("subtract", "zero"):
            raise ValueError(
                f"population '{name}' has {', '.join(f'{key} = {given[key]}' for key in (*others, 'leak', 'reset'))}; it must have "
                "threshold 1, one leak, reset 'subtract' or 'zero', and nothing else but a bias"
            )
    if len({given["reset"] for given in arguments}) > 1:
        raise ValueError(f"populations {', '.join(names)} have different resets; a sub-network has one")
    late = [p.name for p in network.projections if np.any(p.delay)]
    if late:
        raise ValueError(f"projections {', '.join(late)} have delays; those of a sub-network have none")
    check_inputs(network)
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
    start: SubNetworks, values: Floats, asked: list[int], n: int, settings: WitnessDistribution, rng: np.random.Generator
) -> SubNetworks:
    """Sub-networks with Gaussian weights and biases.

    Parameters
    ----------
    start : SubNetworks
        One, from `template`.
    values : array (n_trials, n_steps, n_channels)
        Training trials, for balanced thresholds.
    asked : list of int
        Steps at which the last neurons are read.
    n : int
        Sub-networks to draw.
    settings : WitnessDistribution
    rng : Generator

    Returns
    -------
    SubNetworks
    """
    networks = SubNetworks(tuple(_gaussian(layer, n, settings, rng) for layer in start.layers), start.reset)
    networks = _with_leaks(networks, settings, rng)
    return _balanced(networks, values, asked, rng) if settings.balanced else networks


def _drawn_columns(shape: tuple[int, int, int], settings: WitnessDistribution, rng: np.random.Generator) -> Floats:
    """Weights (n, fan_in, size) of one layer of all sub-networks."""
    _, fan_in, size = shape
    length = settings.input_gain**0.5
    drawn = rng.normal(0, length if settings.columns == "unscaled" else length / fan_in**0.5, shape)
    if settings.columns == "normalized":
        drawn *= length / np.linalg.norm(drawn, axis=1, keepdims=True)
    if settings.columns == "orthogonal":
        # beyond as many neurons as there are inputs the directions of the next ones are drawn anew
        parts = [np.linalg.qr(drawn[:, :, k : k + fan_in])[0] for k in range(0, size, fan_in)]
        drawn = length * np.concatenate(parts, axis=2)
    return drawn


def _gaussian(like: Layer, n: int, settings: WitnessDistribution, rng: np.random.Generator) -> Layer:
    _, fan_in, size = like.weights.shape
    weights = like.weights * _drawn_columns((n, fan_in, size), settings, rng)
    bias = 1 + settings.bias[0] + settings.bias[1] * rng.standard_normal((n, size))
    recurrent = None
    if like.recurrent is not None:
        recurrent = like.recurrent * rng.normal(0, settings.recurrent_gain / size**0.5, (n, size, size))
    return Layer(weights, bias, np.broadcast_to(like.leak, (n, size)), recurrent)


def _with_leaks(networks: SubNetworks, settings: WitnessDistribution, rng: np.random.Generator) -> SubNetworks:
    """Leaks drawn for each sub-network, and biases scaled so that a constant input reaches the threshold with any leak."""
    leaks = None if settings.leak is None else rng.uniform(*settings.leak, networks.n)
    layers = []
    for layer in networks.layers:
        leak = layer.leak if leaks is None else np.broadcast_to(leaks[:, None], layer.leak.shape)
        # A constant input adds up to 1 / (1 - leak) of itself; the bias is scaled down by as much.
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
    for p, j in np.ndindex(bias.shape):
        step = int(rng.choice(asked))
        # The potential at the asked step, as long as nothing is reset: inputs summed with the leak.
        powers = last.leak[p, j] ** (step - np.arange(step + 1))
        bias[p, j] = (1 - _cut(fed[:, : step + 1, p, j] @ powers, rng)) / powers.sum()
    return replace(networks, layers=(*networks.layers[:-1], replace(last, bias=bias)))


def _cut(levels: Floats, rng: np.random.Generator) -> float:
    """Threshold halfway between the level of a random trial and the next lower one, so that none lies on it."""
    level = levels[rng.integers(len(levels))]
    lower = levels[levels < level - 1e-9 * np.abs(levels).max()]
    return float((level + lower.max()) / 2 if lower.size else level - 0.5)


def pair_witnesses(
    start: SubNetworks,
    values: Floats,
    wanted: Floats,
    asked: list[int],
    n: int,
    settings: WitnessDistribution,
    rng: np.random.Generator,
) -> SubNetworks:
    """Sub-networks whose first layer comes from pairs of trials with different targets; the rest is Gaussian.

    The state of a trial is its input, summed with the leak up to one asked step, drawn for each of up to 20 groups.

    Parameters
    ----------
    start, values, asked, n, settings, rng
        As in `gaussian_witnesses`.
    wanted : array (n_trials, n_outputs)

    Returns
    -------
    SubNetworks
    """
    networks = gaussian_witnesses(start, values, asked, n, replace(settings, balanced=False), rng)
    first, size = networks.layers[0], networks.shape[0]
    weights, bias = np.zeros(first.weights.shape), np.zeros(first.bias.shape)
    pairs = PairSampling(metric="l2", contrast="largest", sharpness=1.0, n_candidates=2000, spread=settings.spread, offset=0.5)
    for group in np.array_split(np.arange(n), min(n, 20)):
        leak, step = float(first.leak[group[0], 0]), int(rng.choice(asked))
        powers = leak ** (step - np.arange(step + 1))
        chosen = rng.permutation(len(values))[: 4 * N_SEEN]
        states = np.tensordot(values[chosen, : step + 1], powers / powers.sum(), (1, 0))
        links = np.tile(start.layers[0].weights[0] > 0, len(group))  # of all neurons of the group, side by side
        found, offsets, _ = sampled_neurons(states, wanted[chosen], len(group) * size, rng, pairs, links)
        weights[group] = (found / powers.sum()).T.reshape(len(group), size, -1).transpose(0, 2, 1)
        bias[group] = (offsets / powers.sum()).reshape(len(group), size)
        first = replace(first, leak=np.where(np.isin(np.arange(n), group)[:, None], leak, first.leak))
    networks = replace(networks, layers=(replace(first, weights=weights, bias=bias), *networks.layers[1:]))
    return _balanced(networks, values, asked, rng) if settings.balanced and len(networks.layers) > 1 else networks
