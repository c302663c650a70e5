"""How high a ranking puts the hits: areas under precision, recall and receiver operating curves, with ties treated exactly."""

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from bioworkbench.records.arrays import Floats, finite, shaped

__all__ = [
    "MEASURES",
    "auc",
    "auc_mroc",
    "average_precision",
    "precision_recall_area",
    "ranking_curve",
    "ranking_quality",
    "top_precision",
]


class Curve(NamedTuple):
    """Hits and misses among the candidates that score at least as high as each distinct score, from the highest on.

    Parameters
    ----------
    hits, misses : float array (n_distinct_scores,)
    """

    hits: Floats
    misses: Floats


def ranking_curve(scores: ArrayLike, is_hit: ArrayLike) -> Curve:
    """Cumulated hits and misses at every distinct score, so that equal scores count together.

    Parameters
    ----------
    scores : array (n_candidates,)
        Larger means more likely a hit.
    is_hit : bool array (n_candidates,)

    Returns
    -------
    Curve

    Raises
    ------
    ValueError
        If a score is NaN or infinite, if the lengths differ, or if all or none of the candidates are hits.

    Examples
    --------
    >>> ranking_curve([2.0, 1.0, 2.0], [True, False, False])
    Curve(hits=array([1., 1.]), misses=array([1., 2.]))
    """
    scores = finite("scores", scores)
    is_hit = shaped("is_hit", np.asarray(is_hit, dtype=bool), scores.shape)
    if is_hit.all() or not is_hit.any():
        raise ValueError(f"{int(is_hit.sum())} of {is_hit.size} candidates are hits; a ranking is measured on some of each kind")
    distinct, group = np.unique(-scores, return_inverse=True)
    return Curve(*(np.cumsum(np.bincount(group[kind], minlength=distinct.size)).astype(float) for kind in (is_hit, ~is_hit)))


def precision_recall_area(curve: Curve) -> float:
    """Area under precision over recall by trapezoids between the distinct scores, divided by the range of recall (AUPR).

    It is the precision itself if the highest score finds all hits.

    Parameters
    ----------
    curve : Curve

    Returns
    -------
    float

    References
    ----------
    A. Muscoloni, U. Michieli, C. V. Cannistraci (2020), https://doi.org/10.20944/preprints202012.0808.v1
    """
    recall = curve.hits / curve.hits[-1]
    precision = curve.hits / (curve.hits + curve.misses)
    if recall[0] == 1:
        return float(precision[0])
    return float(np.trapezoid(precision, recall) / (1 - recall[0]))


def average_precision(curve: Curve) -> float:
    """Precision at every distinct score of `curve`, weighted by the fraction of the hits that this score adds."""
    gained = np.diff(curve.hits, prepend=0) / curve.hits[-1]
    return float(gained @ (curve.hits / (curve.hits + curve.misses)))


def top_precision(curve: Curve) -> float:
    """Fraction of hits among as many top candidates of `curve` as there are hits, in expectation over orders of equal scores."""
    n_hits = curve.hits[-1]
    found = np.concatenate([[0.0], curve.hits])
    return float(np.interp(n_hits, np.concatenate([[0.0], curve.hits + curve.misses]), found) / n_hits)


def auc(curve: Curve) -> float:
    """Probability that a random hit of `curve` scores higher than a random miss, equal scores counting one half."""
    area = np.trapezoid(np.concatenate([[0.0], curve.hits]), np.concatenate([[0.0], curve.misses]))
    return float(area / (curve.hits[-1] * curve.misses[-1]))


def auc_mroc(curve: Curve) -> float:
    """Area under the magnified receiver operating curve: early hits count most, and the worst ranking has 0.

    Hits and misses are put on logarithmic scales, t = ln(1 + hits) / ln(1 + all hits) and f likewise. Where hits and misses grow in
    proportion, t is called r; it is mapped to the diagonal, so that such a ranking has 0.5: t becomes
    1 - (1 - f) (1 - t) / (1 - r) where it is at least r, and f t / r below. A random ranking of few hits has less than 0.5, for it
    waits for its first hit; compare with the predictor ``random``.

    Parameters
    ----------
    curve : Curve

    Returns
    -------
    float

    References
    ----------
    A. Muscoloni, C. V. Cannistraci (2022), https://doi.org/10.20944/preprints202209.0277.v1; the case below random:
    J. Chen et al. (2024), https://doi.org/10.20944/preprints202209.0277.v2
    """
    n_hits, n_misses = curve.hits[-1], curve.misses[-1]
    t = np.log1p(curve.hits) / np.log1p(n_hits)
    f = np.log1p(curve.misses) / np.log1p(n_misses)
    r = np.log1p(curve.misses * n_hits / n_misses) / np.log1p(n_hits)
    room = np.where(r < 1, 1 - r, 1.0)
    above = 1 - (1 - f) * (1 - t) / room
    below = f * t / np.where(r > 0, r, 1.0)
    height = np.concatenate([[0.0], np.where(t >= r, above, below)])
    return float(np.trapezoid(height, np.concatenate([[0.0], f])))


MEASURES = {
    "aupr": precision_recall_area,
    "average_precision": average_precision,
    "precision": top_precision,
    "auc": auc,
    "auc_mroc": auc_mroc,
}


def ranking_quality(scores: ArrayLike, is_hit: ArrayLike) -> dict[str, float]:
    """All measures of how high a ranking puts the hits.

    Parameters
    ----------
    scores : array (n_candidates,)
        Larger means more likely a hit.
    is_hit : bool array (n_candidates,)

    Returns
    -------
    dict
        ``aupr``, ``average_precision``, ``precision`` (among as many top candidates as there are hits), ``auc`` and
        ``auc_mroc``, each 1 for a perfect ranking. Equal scores for all candidates give the fraction of hits in the first three and
        0.5 in the others.

    Raises
    ------
    ValueError
        If a score is NaN or infinite, if the lengths differ, or if all or none of the candidates are hits.

    Examples
    --------
    >>> ranking_quality([3.0, 2.0, 1.0], [True, False, True])["auc"]
    0.5
    """
    curve = ranking_curve(scores, is_hit)
    return {name: measure(curve) for name, measure in MEASURES.items()}
