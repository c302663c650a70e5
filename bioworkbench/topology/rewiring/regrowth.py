"""Where new links of a layer go: exactly n absent pairs, by Cannistraci-Hebb scores, by a score of one's own, or at random."""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from bioworkbench.records.arrays import Floats, Integers, count, finite
from bioworkbench.records.counted import counted
from bioworkbench.records.errors import TopologyError, unknown_name
from bioworkbench.records.lazily import later
from bioworkbench.records.randomness import check_generator
from bioworkbench.topology.masks import Mask, checked_mask, link_arrays, link_mask, mask_shape
from bioworkbench.topology.rewiring.selection import sampled, strongest

__all__ = ["REGROWTH_RULES", "absent_links", "regrown_by_target", "regrown_links"]

Links = tuple[Integers, Integers]

# their kernels bring numba, which rules by name do without
top_links, layer_scores = (
    later(f"bioworkbench.topology.prediction.layer_links:{name}") for name in ("top_links", "layer_scores")
)

REGROWTH_RULES: Mapping[str, Mapping[str, str] | Callable[[Mask], Floats]] = {
    "ra_l3": {"model": "RA", "form": "path"},
    "ch1_l3": {"model": "CH1", "form": "path"},
    "ch2_l3": {"model": "CH2", "form": "path"},
    "ch3_l3": {"model": "CH3", "form": "path"},
    "ch2_l3n": {"model": "CH2", "form": "node"},
    "ch3_l3n": {"model": "CH3", "form": "node"},
    "random": {},
}
"""Rules that settings can name: the arguments of `layer_links.top_links`, or a function from the mask to scores, 0 or more."""


def regrown_links(
    mask: Any,
    n_links: int,
    rng: np.random.Generator,
    *,
    rule: str | Callable[[Mask], Floats] = "ch3_l3",
    sample: bool = False,
    recurrent: bool = False,
) -> tuple[Integers, Integers, int]:
    """Exactly `n_links` absent pairs that become links.

    Parameters
    ----------
    mask : array or csr_array (n_source, n_target)
        What is not zero is a link.
    n_links : int
        To regrow.
    rng : Generator
    rule : str or function
        A name in `REGROWTH_RULES`, or a function from the mask to scores (n_source, n_target), 0 or more.
    sample : bool
        Draw without replacement in proportion to the score instead of taking the largest (ties at random).
    recurrent : bool
        Source and target are the same nodes: no self-links.

    Returns
    -------
    sources, targets : int array (n_links,)
    n_filled : int
        How many had to be drawn at random because too few pairs have a positive score: among absent links between nodes that
        have links, and where these are linked all to all, among all absent links.

    Raises
    ------
    TopologyError
        If the rule is unknown or there are fewer candidates than links asked for.
    """
    mask = checked_mask("mask", mask, recurrent=recurrent)
    if isinstance(rule, str) and rule not in REGROWTH_RULES:
        raise TopologyError(unknown_name(rule, "regrowth rule", REGROWTH_RULES))
    if rule == "random":
        return *absent_links(mask, n_links, rng, recurrent=recurrent), 0
    named = REGROWTH_RULES[rule] if isinstance(rule, str) else rule
    if isinstance(named, Mapping):
        rows, columns = top_links(mask, n_links, rng, **named, sample=sample, forbid_diagonal=recurrent, allow_fewer=True)
    else:
        rows, columns = _best_by(named, mask, n_links, rng, sample=sample, recurrent=recurrent)
    n_filled = n_links - rows.size
    if n_filled == 0:
        return rows, columns, 0
    more = _filled(_with(mask, (rows, columns)), _living(mask, recurrent), n_filled, rng, recurrent=recurrent)
    return np.concatenate([rows, more[0]]), np.concatenate([columns, more[1]]), n_filled


def regrown_by_target(
    mask: Any,
    n_links: Integers,
    rng: np.random.Generator,
    *,
    rule: str | Callable[[Mask], Floats] = "ch3_l3",
    sample: bool = False,
    recurrent: bool = False,
) -> tuple[Integers, Integers, int]:
    """Absent pairs that become links, a given number onto every target: in-degrees are then what one wants them to be.

    Parameters
    ----------
    mask, rng, rule, sample, recurrent
        As of `regrown_links`.
    n_links : int array (n_target,)
        To regrow onto each target.

    Returns
    -------
    sources, targets : int array (n,)
    n_filled : int
        How many had to be drawn at random among the absent links of their target, because too few have a positive score.

    Raises
    ------
    TopologyError
        If the rule is unknown or a target has fewer absent links than are asked for.

    Examples
    --------
    >>> new = regrown_by_target(np.eye(3), np.array([0, 2, 1]), np.random.default_rng(1), rule="random")
    >>> [values.tolist() for values in new[:2]], new[2]
    ([[0, 2, 1], [1, 1, 2]], 0)
    """
    mask = checked_mask("mask", mask, recurrent=recurrent)
    scores = _scores(rule, mask)
    free = ~mask.toarray().astype(bool)
    if recurrent:
        np.fill_diagonal(free, False)
    sources, targets, n_filled = [], [], 0
    for target in np.flatnonzero(n_links):
        candidates = np.flatnonzero(free[:, target])
        chosen, random = _chosen_of(scores[candidates, target], int(n_links[target]), rng, sample)
        sources.append(candidates[chosen])
        targets.append(np.full(chosen.size, target))
        n_filled += random
    none = np.zeros(0, dtype=np.int64)
    return np.concatenate([none, *sources]), np.concatenate([none, *targets]), n_filled


def _scores(rule: str | Callable[[Mask], Floats], mask: Mask) -> Floats:
    """Scores of all pairs (n_source, n_target)."""
    if isinstance(rule, str) and rule not in REGROWTH_RULES:
        raise TopologyError(unknown_name(rule, "regrowth rule", REGROWTH_RULES))
    if rule == "random":
        return np.ones(mask_shape(mask))
    named = REGROWTH_RULES[rule] if isinstance(rule, str) else rule
    if isinstance(named, Mapping):
        return layer_scores(mask, **named)
    return _of_rule(named, mask)


def _chosen_of(scores: Floats, n: int, rng: np.random.Generator, sample: bool) -> tuple[Integers, int]:
    """Places of n of some scores, and how many of them were drawn because too few scores are positive."""
    if n > scores.size:
        raise TopologyError(
            f"{counted(n, 'link')} asked for onto a target with {counted(scores.size, 'free source')}; ask for fewer"
        )
    n_scored = min(n, int(np.count_nonzero(scores > 0)))
    chosen = (sampled if sample else strongest)(scores, n_scored, rng)
    rest = np.setdiff1d(np.arange(scores.size), chosen)
    return np.concatenate([chosen, rng.choice(rest, n - n_scored, replace=False)]), n - n_scored


def _best_by(
    rule: Callable[[Mask], Floats], mask: Mask, n: int, rng: np.random.Generator, *, sample: bool, recurrent: bool
) -> Links:
    """At most `n` absent pairs with a positive score."""
    scores = _of_rule(rule, mask)
    scores = np.where(mask.toarray(), 0.0, scores)
    if recurrent:
        np.fill_diagonal(scores, 0.0)
    n = min(n, int(np.count_nonzero(scores > 0)))
    chosen = (sampled if sample else strongest)(scores.ravel(), n, rng)
    rows, columns = np.divmod(chosen, mask_shape(mask)[1])
    return rows, columns


def _of_rule(rule: Callable[[Mask], Floats], mask: Mask) -> Floats:
    scores = finite("regrowth scores", rule(mask))
    if scores.shape != mask_shape(mask):
        raise TopologyError(f"regrowth scores have shape {scores.shape}; the mask has {mask_shape(mask)}")
    return scores


def _with(mask: Mask, more: Links) -> Mask:
    """The mask with further links."""
    rows, columns = link_arrays(mask)
    return link_mask(np.concatenate([rows, more[0]]), np.concatenate([columns, more[1]]), mask_shape(mask))


def _living(mask: Mask, recurrent: bool) -> Links:
    """Sources and targets that have a link."""
    rows, columns = link_arrays(mask)
    sources, targets = np.unique(rows), np.unique(columns)
    if recurrent:
        sources = targets = np.union1d(sources, targets)
    return sources, targets


def _filled(used: Mask, living: Links, n: int, rng: np.random.Generator, *, recurrent: bool) -> Links:
    """`n` random absent links: between living nodes while there is room, then anywhere."""
    sources, targets = living
    inside = used[sources][:, targets]
    n_self = sources.size if recurrent else 0
    n_inside = min(n, sources.size * targets.size - n_self - inside.nnz)
    rows, columns = absent_links(inside, n_inside, rng, recurrent=recurrent)
    rows, columns = sources[rows], targets[columns]
    if n_inside < n:
        more = absent_links(_with(used, (rows, columns)), n - n_inside, rng, recurrent=recurrent)
        rows, columns = np.concatenate([rows, more[0]]), np.concatenate([columns, more[1]])
    return rows, columns


def absent_links(mask: Any, n_links: int, rng: np.random.Generator, *, recurrent: bool = False) -> Links:
    """`n_links` different absent pairs, all choices equally likely; time and memory go with the number of links.

    Parameters
    ----------
    mask : array or csr_array (n_source, n_target)
    n_links : int
        To draw.
    rng : Generator
    recurrent : bool
        Whether sources and targets are the same nodes; then no self-link is drawn.

    Returns
    -------
    sources, targets : int array (n_links,)

    Raises
    ------
    TopologyError
        If fewer pairs are absent.
    """
    check_generator(rng)
    mask = checked_mask("mask", mask, recurrent=recurrent)
    n_source, n_target = mask_shape(mask)
    rows, columns = link_arrays(mask)
    # pairs as numbers in ascending order; the k-th absent one is k plus the number of taken ones before it, found by bisection
    taken = rows * n_target + columns
    if recurrent:
        taken = np.union1d(taken, np.arange(n_source) * (n_target + 1))
    n_absent = n_source * n_target - taken.size
    if count("n_links", n_links, least=0) > n_absent:
        raise TopologyError(
            f"{counted(n_links, 'link')} asked for, and only {counted(n_absent, 'free pair')} in a mask {n_source} x {n_target}"
        )
    ranks = rng.choice(n_absent, n_links, replace=False, shuffle=False)
    positions = ranks + np.searchsorted(taken - np.arange(taken.size), ranks, side="right")
    sources, targets = np.divmod(positions, n_target)
    return sources, targets
