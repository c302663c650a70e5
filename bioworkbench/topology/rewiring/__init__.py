"""Topology that changes: a step removes links and regrows as many elsewhere, over the layers of a network or in one graph."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from scipy import sparse

from bioworkbench.records.arrays import Floats, Integers, fraction
from bioworkbench.records.errors import TopologyError
from bioworkbench.topology.masks import Mask, link_arrays, link_mask, mask_shape
from bioworkbench.topology.rewiring.carried import delays_on, weights_on
from bioworkbench.topology.rewiring.percolation import Skips, percolated
from bioworkbench.topology.rewiring.regrowth import regrown_by_target, regrown_links
from bioworkbench.topology.rewiring.removal import kept_links
from bioworkbench.topology.rewiring.selection import part_of

__all__ = ["Rewired", "Rewiring", "delays_on", "rewire", "weights_on"]


@dataclass(frozen=True)
class Rewiring:
    """Rules of a remove-and-regrow step.

    Parameters
    ----------
    fraction : float
        Of the links, rounded down, that are removed.
    removal : str or function
        Name in `removal.REMOVAL_SCORES` or a function of the weights; small scores go.
    sample_removal : bool
        Draw the survivors in proportion to ``score ** exponent`` instead of keeping the largest.
    exponent : float
    regrowth : str or function
        Name in `regrowth.REGROWTH_RULES` or a function of the mask.
    sample_regrowth : bool
        Draw the new links in proportion to their score instead of taking the largest.
    percolation : bool
        Delete useless links after removal; what that costs is regrown as well.
    keep_weights : bool
        A link that is removed and regrown in the same step keeps its weight; otherwise it starts anew at 0.
    keep_in_degrees : bool
        Regrow onto every target as many links as it lost.
    """

    fraction: float
    removal: str | Callable[[sparse.csr_array], Floats] = "lrs"
    sample_removal: bool = True
    exponent: float = 1.0
    regrowth: str | Callable[[Mask], Floats] = "ch3_l3"
    sample_regrowth: bool = True
    percolation: bool = True
    keep_weights: bool = True
    keep_in_degrees: bool = False

    def __post_init__(self) -> None:
        fraction("fraction", self.fraction)


@dataclass(frozen=True)
class Rewired:
    """What a step did, layer by layer.

    Parameters
    ----------
    weights : tuple of csr_array (n_l, n_{l+1})
        As many links as before; new ones have weight 0, stored.
    regrown : tuple of csr_array of bool
        Links that were not there after removal and percolation.
    n_filled : tuple of int
        Links that had to be placed at random for want of positive scores.
    overlap : tuple of float
        Fraction of the regrown links that the same step had removed; 0 if none was regrown.
    """

    weights: tuple[sparse.csr_array, ...]
    regrown: tuple[Mask, ...]
    n_filled: tuple[int, ...]
    overlap: tuple[float, ...]


def rewire(
    weights: Sequence[sparse.csr_array],
    rules: Rewiring,
    rng: np.random.Generator,
    *,
    recurrent: bool = False,
    skips: Skips = (),
    shared: bool = False,
) -> Rewired:
    """Remove weak links, percolate, and regrow as many links as went, in each of consecutive layers.

    A layer that has all its links has no other place for one, and stays as it is.

    Parameters
    ----------
    weights : sequence of csr_array (n_l, n_{l+1})
        A stored zero is a link. The sequence is the path from input to output; give one layer to rewire it alone.
    rules : Rewiring
    rng : Generator
    recurrent : bool
        For one layer whose sources and targets are the same nodes: no self-links, no percolation.
    skips : sequence of (int, int)
        As of `percolated`.
    shared : bool
        Whether several sources of a layer may stand for one target of the layer before it; see `percolation.percolated`.

    Returns
    -------
    Rewired

    Raises
    ------
    TopologyError
        If layers do not fit together, a matrix stands in place of their list, or more links are to be regrown than there is room for.

    References
    ----------
    Y. Zhang et al. (2024), https://openreview.net/forum?id=iayEcORsGd; (2025), https://arxiv.org/abs/2501.19107
    """
    if not isinstance(weights, Sequence):
        raise TopologyError(f"weights = a {type(weights).__name__}: must be a list of layers, such as [weights] for one")
    if recurrent and len(weights) != 1:
        raise TopologyError(f"recurrent = True with {len(weights)} layers; rewire one recurrent layer at a time")
    layers = [_sorted(layer) for layer in weights]
    # a full layer has room for a link nowhere else than where it was, so it takes no part and loses nothing to percolation
    full = [_links(layer) if _is_full(layer, recurrent) else None for layer in layers]
    kept = [links if links is not None else _removed(layer, rules, rng) for layer, links in zip(layers, full, strict=True)]
    if rules.percolation and not recurrent:
        live = percolated(kept, skips, shared=shared)
        kept = [links if links is not None else rest for rest, links in zip(live, full, strict=True)]
    steps = [_regrown(layer, rest, rules, rng, recurrent) for layer, rest in zip(layers, kept, strict=True)]
    return Rewired(*(tuple(parts) for parts in zip(*steps, strict=True)))  # pyright: ignore[reportArgumentType]


def _sorted(weights: sparse.csr_array) -> sparse.csr_array:
    weights = sparse.csr_array(weights, dtype=float, copy=True)
    weights.sum_duplicates()
    return weights


def _removed(weights: sparse.csr_array, rules: Rewiring, rng: np.random.Generator) -> Mask:
    """Mask of the links that stay."""
    n_kept = weights.nnz - part_of(rules.fraction, weights.nnz)
    kept = kept_links(
        weights, n_kept, rng, score=rules.removal, sample=rules.sample_removal, exponent=rules.exponent
    )  # fmt: skip
    sources, targets = link_arrays(weights)
    return link_mask(sources[kept], targets[kept], mask_shape(weights))


def _links(weights: sparse.csr_array) -> Mask:
    return link_mask(*link_arrays(weights), mask_shape(weights))


def _is_full(weights: sparse.csr_array, recurrent: bool) -> bool:
    n_source, n_target = mask_shape(weights)
    return weights.nnz == n_source * (n_target - recurrent)  # of a recurrent layer, self-links are none of them


def _regrown(
    weights: sparse.csr_array, kept: Mask, rules: Rewiring, rng: np.random.Generator, recurrent: bool
) -> tuple[sparse.csr_array, Mask, int, float]:
    """New weights, new links, how many of these were placed at random, and which fraction of these the step had removed."""
    n_links, how = weights.nnz - kept.nnz, {"rule": rules.regrowth, "sample": rules.sample_regrowth, "recurrent": recurrent}
    if rules.keep_in_degrees:
        rows, columns, n_filled = regrown_by_target(kept, _in_degrees(weights) - _in_degrees(kept), rng, **how)
    else:
        rows, columns, n_filled = regrown_links(kept, n_links, rng, **how)
    regrown = link_mask(rows, columns, mask_shape(weights))
    # without keep_weights, links that come back are taken from the weights of those that stayed, where they are missing: 0
    before = _links(weights)
    new_weights = weights_on(sparse.csr_array(kept + regrown), weights if rules.keep_weights else weights_on(kept, weights))
    overlap = before.multiply(regrown).nnz / n_links if n_links else 0.0
    return new_weights, regrown, n_filled, overlap


def _in_degrees(links: Mask) -> Integers:
    return np.bincount(link_arrays(links)[1], minlength=mask_shape(links)[1])
