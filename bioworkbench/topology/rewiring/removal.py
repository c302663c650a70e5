"""Which links of a weighted layer to remove: scores of their importance, and the choice of those that stay."""

from collections.abc import Callable, Mapping

import numpy as np
from scipy import sparse

from bioworkbench.records.arrays import Floats, Integers, count, finite
from bioworkbench.records.counted import counted
from bioworkbench.records.errors import TopologyError, unknown_name
from bioworkbench.topology.masks import link_arrays, mask_shape
from bioworkbench.topology.rewiring.selection import sampled, strongest

__all__ = [
    "REMOVAL_SCORES",
    "kept_links",
    "link_removal_scores",
    "magnitudes",
    "relative_importances",
    "signed_ranks",
    "unified_scores",
]

_GOLDEN_RATIO = (5**0.5 - 1) / 2


def link_removal_scores(weights: sparse.csr_array) -> Floats:
    """Link removal scores (LRS): ``|w| / (1 + column sum of |w|) + |w| / (1 + row sum of |w|)``; the smallest goes first.

    Small sums make it twice the magnitude, large sums the relative importance.

    Parameters
    ----------
    weights : csr_array (n_source, n_target)
        A stored zero is a link.

    Returns
    -------
    array (n_links,)
        In the order of ``weights.data``.

    References
    ----------
    Cannistraci-Hebb training of spiking networks (2025), https://arxiv.org/abs/2511.05581
    """
    return unified_scores(weights, 0.5) / 2


def unified_scores(weights: sparse.csr_array, alpha: float) -> Floats:
    """``|w| / (a + (1 - a) column sum) + |w| / (a + (1 - a) row sum)``: 1 gives twice the magnitude, 0 the relative importance.

    ``0 / 0`` counts as 0: a link of weight 0 without company is as weak as can be.

    Parameters
    ----------
    weights : csr_array (n_source, n_target)
    alpha : float
        The ``a`` of the formula, 0 to 1.

    Returns
    -------
    float array (n_links,)
        In the order of ``weights.data``.

    References
    ----------
    Y. Zhang et al. (2025), https://arxiv.org/abs/2501.19107
    """
    sources, targets = link_arrays(weights)
    size, (n_source, n_target) = np.abs(weights.data), mask_shape(weights)
    columns = np.bincount(targets, size, minlength=n_target).astype(float)[targets]
    rows = np.bincount(sources, size, minlength=n_source).astype(float)[sources]
    return _relative(size, columns, alpha) + _relative(size, rows, alpha)


def relative_importances(weights: sparse.csr_array) -> Floats:
    """``|w| / column sum of |w| + |w| / row sum of |w|`` (RI).

    Parameters
    ----------
    weights : csr_array (n_source, n_target)

    Returns
    -------
    float array (n_links,)
        In the order of ``weights.data``.

    References
    ----------
    Y. Zhang et al. (2023), "Plug-and-play: an efficient post-training pruning method", https://openreview.net/forum?id=Tr0lPx9woF
    """
    return unified_scores(weights, 0.0)


def magnitudes(weights: sparse.csr_array) -> Floats:
    """``|w|`` of every link of `weights`."""
    return np.abs(weights.data)


def signed_ranks(weights: sparse.csr_array) -> Floats:
    """Rank of ``|w|`` among the weights of the same sign, from 0 to 1: removes equal fractions of positive and negative weights.

    Weights of equal size are ranked in an order that is spread evenly over the layer, so that no neuron loses more of them than others.

    Parameters
    ----------
    weights : csr_array (n_source, n_target)

    Returns
    -------
    float array (n_links,)
        In the order of ``weights.data``.

    References
    ----------
    D. C. Mocanu et al. (2018), sparse evolutionary training (SET), https://doi.org/10.1038/s41467-018-04316-3
    """
    scores = np.zeros(weights.nnz)
    for group in (weights.data > 0, weights.data < 0):
        places = np.arange(np.count_nonzero(group))
        # multiples of the golden ratio: places that follow each other lie far apart in this order, as do those of any stride
        order = np.lexsort((places * _GOLDEN_RATIO % 1, np.abs(weights.data[group])))
        ranks = np.empty(order.size)
        ranks[order] = np.arange(1, order.size + 1) / max(order.size, 1)
        scores[group] = ranks
    return scores


def _equal_scores(weights: sparse.csr_array) -> Floats:
    return np.ones(weights.nnz)


def _relative(part: Floats, whole: Floats, alpha: float) -> Floats:
    denominator = alpha + (1 - alpha) * whole
    return np.divide(part, denominator, out=np.zeros(part.size), where=denominator > 0)


REMOVAL_SCORES: Mapping[str, Callable[[sparse.csr_array], Floats]] = {
    "lrs": link_removal_scores,
    "magnitude": magnitudes,
    "random": _equal_scores,
    "relative_importance": relative_importances,
    "signed_rank": signed_ranks,
}
"""Scores that settings can name; a link with a small score is removed."""


def kept_links(
    weights: sparse.csr_array,
    n_kept: int,
    rng: np.random.Generator,
    *,
    score: str | Callable[[sparse.csr_array], Floats] = "lrs",
    sample: bool = False,
    exponent: float = 1.0,
) -> Integers:
    """Positions in ``weights.data`` of the links that stay.

    Parameters
    ----------
    weights : csr_array (n_source, n_target)
        A stored zero is a link.
    n_kept : int
        Links that stay.
    rng : Generator
    score : str or function
        A name in `REMOVAL_SCORES`, or a function of the weights.
    sample : bool
        Draw the survivors without replacement in proportion to ``score ** exponent`` instead of keeping the largest. Links of
        score 0 survive only if there are not enough others.
    exponent : float
        Acts as an inverse temperature.

    Returns
    -------
    int array (n_kept,)
        Sorted.

    Raises
    ------
    TopologyError
        If the name is unknown, a weight is not finite, or more links are to stay than there are.
    """
    if isinstance(score, str) and score not in REMOVAL_SCORES:
        raise TopologyError(unknown_name(score, "removal score", REMOVAL_SCORES))
    if count("n_kept", n_kept, least=0) > weights.nnz:
        raise TopologyError(f"n_kept = {n_kept}: the layer has only {counted(weights.nnz, 'link')}; keep fewer")
    finite("weights", weights.data)
    scores = REMOVAL_SCORES[score](weights) if isinstance(score, str) else score(weights)
    # a sample needs as many positive scores as links that stay; with fewer, zeros have to be among them
    n_positive = int(np.count_nonzero(scores))
    if not sample or n_positive <= n_kept:
        return strongest(scores, n_kept, rng)
    return sampled(scores, n_kept, rng, exponent=exponent)
