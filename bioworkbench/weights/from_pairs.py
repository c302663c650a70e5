"""Hidden neurons drawn from pairs of training samples: inputs that are close while their targets are far apart.

A pair (a, b) of states (filtered inputs) gives a neuron the direction from a to b and a threshold halfway between the two. Pairs
are drawn with a probability proportional to (distance of the targets / distance of the states)^sharpness. Where states have many
noisy channels the direction of one pair is mostly noise; the mean of a few that point the same way is less so.
Source of the idea: Bolager, Burak, Datar, Sun & Dietrich 2023 (SWIM), arXiv:2306.16830; for spiking neurons Gollwitzer & Dietrich
2025, arXiv:2510.01012, whose formulas are not public: the distributions below are ours.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bioworkbench.records.arrays import Floats, Integers, count, finite, non_negative, positive, shaped
from bioworkbench.records.errors import unknown_name

__all__ = [
    "CONTRASTS",
    "DISTANCES",
    "SAMPLINGS",
    "PairSampling",
    "candidate_pairs",
    "effective_number",
    "pair_probabilities",
    "sampled_neurons",
]

SAMPLINGS = ("pairs", "uniform", "isotropic", "random")
CONTRASTS = ("principal", "largest")

DISTANCES: Mapping[str, Callable[[Floats], Floats]] = {
    "l1": lambda difference: np.abs(difference).sum(axis=1),
    "l2": lambda difference: np.sqrt((difference**2).sum(axis=1)),
    "linf": lambda difference: np.abs(difference).max(axis=1),
    "whitened": lambda difference: np.sqrt((difference**2).sum(axis=1)),
}
"""Length of differences (n_pairs, n_channels) by name; "whitened" is applied to differences in decorrelated coordinates."""


@dataclass(frozen=True)
class PairSampling:
    """How pairs become neurons.

    Parameters
    ----------
    sampling : {"pairs", "uniform", "isotropic", "random"}
        Pairs weighted by their targets; pairs at random; directions at random but thresholds and scales as for pairs; or weights
        N(0, 1/n_channels) and biases threshold + U(-1, 1), which look at no data.
    metric : key of `DISTANCES`, or "least_entropy"
        Distance of states. "whitened" divides by the covariance of the states plus its mean eigenvalue, so that the direction is
        that of Fisher's discriminant. "least_entropy" takes the metric whose probabilities have the least entropy
        among those that leave at least as many effective pairs as there are neurons.
    contrast : {"principal", "largest"}
        Distance of targets: along a principal component of the targets, drawn for each neuron in proportion to its variance; or the
        largest difference of any output.
    sharpness : float
        Exponent; 1 is that of SWIM, 0 is uniform.
    n_candidates : int
        Pairs to choose from.
    spread : float or None
        Standard deviation of a neuron's potential over the states, before own spikes. None scales every pair to
        `margin` below and above the threshold instead, as SWIM does.
    margin : float
        Distance of the two potentials of a pair from the threshold, where `spread` is None.
    offset : float
        Potential above the threshold at the middle of a pair.
    bundle : int
        Pairs per neuron, turned alike, of which the mean difference is the direction and the first gives the threshold.
    n_samples : int
        Training trials that neurons are sampled from, drawn at random if there are more.

    Raises
    ------
    ValueError
        If a name is unknown or a number out of range.
    """

    sampling: str = "pairs"
    metric: str = "whitened"
    contrast: str = "principal"
    sharpness: float = 4.0
    n_candidates: int = 20_000
    spread: float | None = 1.5
    margin: float = 0.5
    offset: float = 0.7
    bundle: int = 1
    n_samples: int = 4000

    def __post_init__(self) -> None:
        for what, known in (("sampling", SAMPLINGS), ("metric", (*DISTANCES, "least_entropy")), ("contrast", CONTRASTS)):
            if getattr(self, what) not in known:
                raise ValueError(unknown_name(getattr(self, what), what, known))
        non_negative("sharpness", self.sharpness)
        count("n_candidates", self.n_candidates)
        count("bundle", self.bundle)
        count("n_samples", self.n_samples, least=2)
        positive("margin", self.margin)
        finite("offset", self.offset)
        if self.spread is not None:
            positive("spread", self.spread)


def candidate_pairs(n_samples: int, n_pairs: int, rng: np.random.Generator) -> tuple[Integers, Integers]:
    """Indices of two different samples each, uniform over all ordered pairs.

    Parameters
    ----------
    n_samples, n_pairs : int
    rng : Generator

    Returns
    -------
    two int arrays (n_pairs,)

    Raises
    ------
    ValueError
        If there are fewer than two samples.
    """
    count("n_samples", n_samples, least=2)
    first = rng.integers(0, n_samples, n_pairs)
    return first, (first + rng.integers(1, n_samples, n_pairs)) % n_samples


def pair_probabilities(target_distance: Floats, distance: Floats, sharpness: float = 1.0) -> Floats:
    """Probabilities proportional to (target_distance / distance)^sharpness; uniform where all targets agree.

    Parameters
    ----------
    target_distance : array (n_pairs, ...)
    distance : array (n_pairs,)
    sharpness : float

    Returns
    -------
    array, as target_distance
        Sums to 1 over the first axis.

    Raises
    ------
    ValueError
        If all samples are the same.

    Examples
    --------
    >>> pair_probabilities(np.array([1.0, 1.0, 0.0]), np.array([1.0, 3.0, 1.0])).round(6).tolist()
    [0.75, 0.25, 0.0]
    """
    typical = float(distance.mean())
    if typical == 0:
        raise ValueError(f"all {len(distance)} candidate pairs have equal states; is the input constant?")
    # A little is added to each distance: two states may be equal while others differ.
    closeness = 1 / (distance + 1e-6 * typical)
    ratio = target_distance * closeness.reshape(-1, *[1] * (target_distance.ndim - 1))
    largest = ratio.max(axis=0)
    # Divided by the largest before the power is taken, which could overflow otherwise.
    weights = np.where(largest > 0, (ratio / np.where(largest > 0, largest, 1.0)), 1.0) ** sharpness
    return weights / weights.sum(axis=0)


def effective_number(probabilities: Floats) -> float:
    """Exponential of the entropy: between 1 and the number of entries.

    Parameters
    ----------
    probabilities : array (n,)
        Sum 1.

    Returns
    -------
    float

    Examples
    --------
    >>> effective_number(np.array([0.5, 0.5, 0.0]))
    2.0
    """
    held = probabilities[probabilities > 0]
    return float(np.exp(-(held * np.log(held)).sum()))


def sampled_neurons(
    states: Floats,
    targets: Floats,
    n_neurons: int,
    rng: np.random.Generator,
    settings: PairSampling,
    links: NDArray[np.bool_] | None = None,
) -> tuple[Floats, Floats, float]:
    """Weights and biases of neurons with threshold 1, by a `PairSampling`.

    Parameters
    ----------
    states : array (n_samples, n_channels)
        Filtered inputs at one moment.
    targets : array (n_samples, n_outputs)
    n_neurons : int
    rng : Generator
    settings : PairSampling
    links : bool array (n_channels, n_neurons), optional
        Which weights there are; all by default.

    Returns
    -------
    weights : array (n_channels, n_neurons)
    biases : array (n_neurons,)
    n_effective : float
        Effective number of candidate pairs (mean over the neurons); 0 where none are drawn.

    Raises
    ------
    ValueError
        If there are fewer than two samples, the shapes differ, or the states do not vary.
    """
    states = shaped("states", finite("states", states), (None, None))
    shaped("targets", finite("targets", targets), (len(states), None))
    if not np.ptp(states, axis=0).any():
        raise ValueError(f"the {len(states)} states do not vary; is the input constant, or the layer below silent?")
    n_channels = states.shape[1]
    if settings.sampling == "random":
        weights = rng.normal(0, n_channels**-0.5, (n_channels, n_neurons))
        return weights if links is None else weights * links, 1 + rng.uniform(-1, 1, n_neurons), 0.0
    low, high, whitening, n_effective = _chosen(states, targets, n_neurons, rng, settings)
    # Directions are averaged in decorrelated coordinates, where pairs that differ much count no more than others, and come back
    # by the second product with the whitening matrix.
    steps = (high - low) @ whitening
    direction = (steps / _nonzero(np.linalg.norm(steps, axis=2, keepdims=True))).mean(axis=1) @ whitening
    a, b = low[:, 0], high[:, 0]
    if settings.sampling == "isotropic":
        # Thresholds and scales stay those of the pairs, so that a comparison is about the directions alone.
        direction = rng.normal(size=direction.shape)
    if links is not None:
        direction = direction * links.T
    if settings.spread is None:
        weights = (2 * settings.margin * direction / _nonzero(((b - a) * direction).sum(axis=1))[:, None]).T
    else:
        weights = settings.spread * direction.T / _nonzero((states @ direction.T).std(axis=0))
    return weights, 1 + settings.offset - 0.5 * ((a + b) * weights.T).sum(axis=1), n_effective


def _nonzero(values: Floats) -> Floats:
    """The values, and 1 for those that are 0: a neuron whose inputs never vary keeps a weight of 0."""
    return np.where(values == 0, 1.0, values)


def _chosen(
    states: Floats, targets: Floats, n_neurons: int, rng: np.random.Generator, settings: PairSampling
) -> tuple[Floats, Floats, Floats, float]:
    """Lower and higher states of the pairs, (n_neurons, bundle, n_channels), the whitening matrix of the metric, effective number.

    Higher is what has the higher target for one half of the neurons, drawn at random, and the lower one for the others.
    """
    pairs = candidate_pairs(len(states), settings.n_candidates, rng)
    metric, whitening, shape = settings.metric, _whitening(states), (n_neurons, settings.bundle)
    turned = np.zeros(shape, dtype=bool)
    if settings.sampling == "pairs":
        distances = _distances(states, states @ whitening, *pairs, metric)
        if metric == "least_entropy":
            metric = _least_entropy(distances, targets[pairs[1]] - targets[pairs[0]], n_neurons, settings.sharpness)
        contrast = _contrast(targets, *pairs, n_neurons, rng, settings.contrast)
        probabilities = pair_probabilities(np.abs(contrast), distances[metric], settings.sharpness)
        # Drawn by inversion, a column per neuron: each may look at another component of the targets.
        cumulated = np.cumsum(probabilities, axis=0)
        draws = rng.random(shape) * cumulated[-1][:, None]
        chosen = np.array([np.searchsorted(column, draw) for column, draw in zip(cumulated.T, draws, strict=True)])
        # The pairs of a bundle must point the same way; which way that is, is drawn for the neuron.
        turned = (np.take_along_axis(contrast, chosen.T, axis=0).T < 0) ^ (rng.random((n_neurons, 1)) < 0.5)
        number = float(np.mean([effective_number(column) for column in probabilities.T]))
    else:
        chosen, number = rng.integers(0, settings.n_candidates, shape), float(settings.n_candidates)
    one, other = (states[index[chosen]] for index in pairs)
    matrix = whitening if metric == "whitened" else np.eye(states.shape[1])
    return np.where(turned[:, :, None], other, one), np.where(turned[:, :, None], one, other), matrix, number


def _distances(states: Floats, decorrelated: Floats, first: Integers, second: Integers, metric: str) -> dict[str, Floats]:
    """Distances of the pairs by the metric, or by all."""
    found = {}
    for name in DISTANCES if metric == "least_entropy" else (metric,):
        points = decorrelated if name == "whitened" else states
        found[name] = DISTANCES[name](points[second] - points[first])
    return found


def _whitening(states: Floats) -> Floats:
    """Symmetric matrix that takes the covariance C to C / (C + mean eigenvalue)."""
    values, vectors = np.linalg.eigh(np.atleast_2d(np.cov(states.T)))
    values = np.maximum(values, 0)
    return (vectors / np.sqrt(values + values.mean())) @ vectors.T


def _least_entropy(distances: Mapping[str, Floats], difference: Floats, n_neurons: int, sharpness: float) -> str:
    """Metric with the fewest effective pairs that still has one per neuron; the one with most where none has."""
    largest = np.abs(difference).max(axis=1)
    numbers = {name: effective_number(pair_probabilities(largest, d, sharpness)) for name, d in distances.items()}
    enough = {name: number for name, number in numbers.items() if number >= n_neurons}
    return min(enough, key=enough.__getitem__) if enough else max(numbers, key=numbers.__getitem__)


def _contrast(
    targets: Floats, first: Integers, second: Integers, n_neurons: int, rng: np.random.Generator, contrast: str
) -> Floats:
    """Difference of the targets of each pair, for each neuron: (n_pairs, n_neurons); without sign where it is the largest."""
    if contrast == "largest":
        largest = np.abs(targets[second] - targets[first]).max(axis=1)
        return np.broadcast_to(largest[:, None], (len(first), n_neurons))
    centered = targets - targets.mean(axis=0)
    values, vectors = np.linalg.eigh(centered.T @ centered)
    values = np.maximum(values, 0)
    if not values.any():
        return np.zeros((len(first), n_neurons))
    components = centered @ vectors[:, rng.choice(len(values), n_neurons, p=values / values.sum())]
    return components[second] - components[first]
