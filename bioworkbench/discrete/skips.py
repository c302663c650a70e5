"""Skips of a feed-forward chain: its neurons also see the spikes of their like in an earlier population, in the same step."""

from dataclasses import dataclass
from itertools import combinations, pairwise

import numpy as np

from bioworkbench.records.links import Links

__all__ = ["Skip", "skip_pairs", "skip_weight"]


@dataclass(frozen=True)
class Skip:
    """One-to-one links along a chain, from a population to one behind the next; their weight is not trained.

    A spike adds the weight to the drive before the later neuron is tested, ``fire(weights @ spikes + weight * earlier_spikes)``: the
    block of Spiking ResNet (Zheng et al. 2021, arXiv:2011.05280). With a weight of one threshold a spike passes a block whose own weights
    are 0, where neurons need not exceed their threshold (``strict``).

    SEW-ResNet (Fang et al. 2021, arXiv:2102.04159), whose gradients neither vanish nor explode in deep networks, adds the spikes of both
    layers behind their neurons, MS-ResNet (Hu et al. 2021, arXiv:2112.08954) their drives. Such sums are not spikes, so that no
    population can send them.

    Parameters
    ----------
    source, target : int
        Populations by their place in the chain, from 0; the target comes at least two behind.
    weight : float
        Of all links.
    """

    source: int
    target: int
    weight: float


def skip_pairs(names: list[str]) -> set[tuple[str, str]]:
    """Pairs of populations that a skip may lead from and to.

    Parameters
    ----------
    names : list of str
        Along a chain.

    Returns
    -------
    set of (source, target)

    Examples
    --------
    >>> sorted(skip_pairs(["a", "b", "c", "d"]))
    [('a', 'c'), ('a', 'd'), ('b', 'd')]
    """
    return set(combinations(names, 2)) - set(pairwise(names))


def skip_weight(name: str, links: Links) -> float:
    """The one weight of one-to-one links.

    Parameters
    ----------
    name : str
        Of their projection.
    links : Links

    Returns
    -------
    float

    Raises
    ------
    ValueError
        If links are not one to one, or their weights differ.
    """
    n_source, n_target = links.shape
    same = all(np.array_equal(ends, np.arange(n_source)) for ends in (links.sources, links.targets))
    if n_source != n_target or not same:
        raise ValueError(
            f"projection {name} has {len(links)} links from {n_source} to {n_target} neurons and skips a population; a skip "
            "has one link from each neuron to its like: choose topology 'one_to_one' between populations of equal size"
        )
    weights = np.asarray(links.weights, dtype=float)
    if np.ptp(weights):
        raise ValueError(
            f"weights of projection {name} go from {weights.min():.6g} to {weights.max():.6g}; a skip has one weight, which "
            "is not trained: give 'constant' weights"
        )
    return float(weights[0])
