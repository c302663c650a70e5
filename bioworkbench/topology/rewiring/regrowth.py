"""Where new links of a layer go: exactly n absent pairs, by Cannistraci-Hebb scores, by a score of one's own, or at random."""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from bioworkbench.records.arrays import Floats, Integers, count, finite
from bioworkbench.records.counted import counted
from bioworkbench.records.errors import TopologyError, unknown_name
from bioworkbench.records.lazily import later
from bioworkbench.topology.masks import Mask, checked_mask, link_arrays, link_mask, mask_shape
from bioworkbench.topology.rewiring.selection import sampled, strongest

__all__ = ["REGROWTH_RULES", "absent_links", "regrown_links"]

Links = tuple[Integers, Integers]

top_links = later(
    "bioworkbench.topology.prediction.layer_links:top_links"
)  # its kernels bring numba, which rules by name do without

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


def _best_by(
    rule: Callable[[Mask], Floats], mask: Mask, n: int, rng: np.random.Generator, *, sample: bool, recurrent: bool
) -> Links:
    """At most `n` absent pairs with a positive score."""
    scores = finite("regrowth scores", rule(mask))
    if scores.shape != mask_shape(mask):
        raise TopologyError(f"regrowth scores have shape {scores.shape}; the mask has {mask_shape(mask)}")
    scores = np.where(mask.toarray(), 0.0, scores)
    if recurrent:
        np.fill_diagonal(scores, 0.0)
    n = min(n, int(np.count_nonzero(scores > 0)))
    chosen = (sampled if sample else strongest)(scores.ravel(), n, rng)
    rows, columns = np.divmod(chosen, mask_shape(mask)[1])
    return rows, columns


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
