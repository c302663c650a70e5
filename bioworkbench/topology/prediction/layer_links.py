"""Cannistraci-Hebb scores of a layer, given as a mask (n_source, n_target): all of them, or the best absent links alone."""

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import numpy as np
from scipy import sparse

from bioworkbench.records.arrays import Floats, Integers, count
from bioworkbench.records.counted import counted
from bioworkbench.records.errors import TopologyError
from bioworkbench.topology.masks import Mask, checked_mask, mask_shape
from bioworkbench.topology.prediction import layer_kernels
from bioworkbench.topology.prediction.layer_kernels import Blocks, Factors, LayerLinks, SparseRows
from bioworkbench.topology.prediction.node_terms import checked_rule
from bioworkbench.topology.prediction.running_best import largest, sample_in_proportion
from bioworkbench.topology.threads import for_stretches

__all__ = ["layer_scores", "score_stretches", "top_links"]

_HEIGHT = 120  # rows scored together; 15 cache lines of scores, an odd number, so that they spread over the whole cache
_BLOCK_NUMBERS = 2**26  # at most so many 4-byte counts of shared rows in memory at a time, except for a single row
_SCORE_NUMBERS = 2**25  # about so many 8-byte scores in memory at a time, when they are streamed

ScoreRows = Callable[[int, int], Floats]
AddScores = Callable[[Floats, int], None]


def layer_scores(mask: Any, *, model: str = "CH3", form: str = "path") -> Floats:
    """Cannistraci-Hebb scores of the absent links of a layer by paths of length 3; 0 where there is a link.

    The mask is taken as a bipartite graph of sources and targets, in which the three conventions for internal and external
    links agree (see `bioworkbench.topology.prediction.definition`).

    Parameters
    ----------
    mask : array or csr_array (n_source, n_target)
        What is not zero is a link.
    model : "RA", "CH1", "CH2", "CH3", "CH3.1a", "CH3.1b" or "iLCL"
    form : "path" or "node"
        Sum over the paths, or over the nodes that lie on a path, each once. The node form is another predictor, and cheaper
        in dense layers.

    Returns
    -------
    array (n_source, n_target)

    Raises
    ------
    TopologyError
        If the mask is not two-dimensional or has NaN.
    ValueError
        If the model or form is unknown.

    Examples
    --------
    A source and a target that three links connect in a row:

    >>> layer_scores([[1, 0], [1, 1]])
    array([[0., 1.],
           [0., 0.]])

    References
    ----------
    Y. Zhang et al. (2025), https://arxiv.org/abs/2501.19107
    """
    mask = checked_mask("mask", mask)
    return _score_rows(mask, model, form)(0, mask_shape(mask)[0])


def score_stretches(mask: Mask, *, model: str = "CH3", form: str = "path") -> Iterator[tuple[int, Floats]]:
    """Scores of a layer, some rows at a time.

    Parameters
    ----------
    mask : csr_array of bool (n_source, n_target)
    model, form : str
        As in `layer_scores`.

    Yields
    ------
    (int, float array (n_rows, n_target))
        First row and the scores from there on, about 256 MB.
    """
    score = _score_rows(mask, model, form)
    n_source, n_target = mask_shape(mask)
    step = max(1, _SCORE_NUMBERS // max(1, n_target) // _HEIGHT) * _HEIGHT
    for first in range(0, n_source, step):
        yield first, score(first, min(first + step, n_source))


def top_links(
    mask: Any,
    k: int,
    rng: np.random.Generator,
    *,
    model: str = "CH3",
    form: str = "path",
    sample: bool = False,
    forbid_diagonal: bool = False,
    allow_fewer: bool = False,
) -> tuple[Integers, Integers]:
    """Exactly `k` absent links: those with the largest Cannistraci-Hebb scores, or a sample in proportion to the score.

    The scores are never held all at once: a layer of 10 000 x 10 000 neurons with 0.5 % of the links needs about 1 GB.

    Parameters
    ----------
    mask : array or csr_array (n_source, n_target)
        What is not zero is a link.
    k : int
        How many.
    rng : Generator
        Decides which of several equal scores are taken, and draws the sample. Scores count as equal if they agree to 12
        significant digits, so that round-off decides nothing.
    model, form : str
        As in `layer_scores`.
    sample : bool
        Draw one after another without replacement, each time with a probability in proportion to the score, instead of taking
        the largest.
    forbid_diagonal : bool
        For the links of a population with itself (sources and targets are the same neurons): no self-links.
    allow_fewer : bool
        Links with score 0 are never returned. Where fewer than `k` are above 0: return those alone instead of refusing. What to
        do about the rest is then up to the caller.

    Returns
    -------
    rows, cols : int array (k,)
        Best first, or first drawn first.

    Raises
    ------
    TopologyError
        If fewer than `k` absent links have a score above 0 and `allow_fewer` is not set, if the mask is not two-dimensional or
        has NaN, or if it is not square or has self-links and `forbid_diagonal` is set.
    ValueError
        If the model or form is unknown or `k` is negative.

    Examples
    --------
    >>> top_links([[1, 0], [1, 1]], 1, np.random.default_rng(1))
    (array([0]), array([1]))

    References
    ----------
    Y. Zhang et al. (2025), https://arxiv.org/abs/2501.19107
    """
    mask = checked_mask("mask", mask, recurrent=forbid_diagonal)
    count("k", k, least=0)
    stretches = score_stretches(mask, model=model, form=form)
    if forbid_diagonal:
        stretches = _without_diagonal(stretches)
    found = (sample_in_proportion if sample else largest)(stretches, k, rng)
    if found.size < k and not allow_fewer:
        raise TopologyError(
            f"k = {k} asked for, and only {counted(found.size, 'absent link')} with a {model} score above 0; "
            "ask for fewer, or set allow_fewer and fill the rest by a rule of your own"
        )
    rows, cols = np.divmod(found, max(1, mask_shape(mask)[1]))
    return rows, cols


def _without_diagonal(stretches: Iterator[tuple[int, Floats]]) -> Iterator[tuple[int, Floats]]:
    for first, scores in stretches:
        np.fill_diagonal(scores[:, first:], 0.0)
        yield first, scores


def _score_rows(mask: Mask, model: str, form: str) -> ScoreRows:
    """Function (first, last) -> scores (last - first, n_target) of these rows; `first` must begin a band of rows."""
    code = int(checked_rule(model, form=form)[0])
    layer = _layer(mask)
    add_scores = _adding_nodes(mask, code) if form == "node" else _adding_paths(layer, code)

    def score(first: int, last: int) -> Floats:
        scores = np.zeros((last - first, mask_shape(mask)[1]))
        if mask.nnz:
            add_scores(scores, first)
        layer_kernels.clear_links(layer, scores, first)
        return scores

    return score


def _adding_paths(layer: LayerLinks, code: int) -> AddScores:
    """Function that adds the sums over paths to the scores of the rows from a given one on."""
    rows, columns = _factors(layer.row_start, code, root=True), _factors(layer.column_start, code, root=True)

    def add(scores: Floats, first: int) -> None:
        # blocks of as many rows as memory admits: filled by threads column by column, then read by threads band by band
        for blocks in _empty_blocks(layer):
            for_stretches(partial(layer_kernels.fill_blocks, layer, blocks), layer.column_start.size - 1, _HEIGHT)
            for_stretches(partial(add_band, blocks, scores, first), scores.shape[0], _HEIGHT)

    def add_band(blocks: Blocks, scores: Floats, first: int, top: int, bottom: int) -> None:
        sums = np.zeros((scores.shape[1], _HEIGHT))
        layer_kernels.add_path_scores(layer, rows, columns, blocks, sums, (first + top) // _HEIGHT)
        scores[top:bottom] += sums[:, : bottom - top].T

    return add


def _adding_nodes(mask: Mask, code: int) -> AddScores:
    """Function that adds the sums over nodes: two matrix products, terms (source, source) x mask + mask x terms (target, target)."""
    links = sparse.csr_array(mask, dtype=np.float64)
    columns = sparse.csr_array(links.T)
    products = [(_table(_terms(links, code)), _table(links)), (_table(links), _table(sparse.csr_array(_terms(columns, code).T)))]

    def add(scores: Floats, first: int) -> None:
        for left, right in products:
            for_stretches(partial(add_rows, left, right, scores, first), scores.shape[0], _HEIGHT)

    def add_rows(left: SparseRows, right: SparseRows, scores: Floats, first: int, top: int, bottom: int) -> None:
        layer_kernels.add_products(left, right, scores[top:bottom], first + top)

    return add


def _terms(links: Mask, code: int) -> Mask:
    """Term of row r as a community node of row u: matrix (u, r), for the pairs that share columns."""
    shared = sparse.csr_array(links @ links.T)
    factors = _factors(links.indptr.astype(np.int64), code, root=False)
    shared.data = factors.table[factors.begin[shared.indices] + shared.data.astype(np.int64)]
    return shared


def _table(matrix: Mask) -> SparseRows:
    return SparseRows(matrix.indptr.astype(np.int64), matrix.indices.astype(np.int32), matrix.data.astype(np.float64))


def _layer(mask: Mask) -> LayerLinks:
    """The links of a mask by rows and by columns."""
    n_source, n_target = mask_shape(mask)
    row_start, row_links = mask.indptr.astype(np.int64), mask.indices.astype(np.int32)
    by_column = np.argsort(row_links, kind="stable")
    rows = np.repeat(np.arange(n_source, dtype=np.int64), np.diff(row_start))[by_column]
    column_start = np.concatenate([[0], np.cumsum(np.bincount(row_links, minlength=n_target))])
    # of every column, where in it the rows of each band begin: counts per band and column, summed up band by band
    n_bands = -(-n_source // _HEIGHT)
    per_band = np.bincount(rows // _HEIGHT * n_target + row_links[by_column], minlength=n_bands * n_target)
    band_start = np.concatenate([column_start[None, :-1], per_band.reshape(n_bands, n_target)]).cumsum(axis=0)
    place = (by_column - row_start[rows]).astype(np.int32)
    return LayerLinks(row_start, row_links, column_start, rows.astype(np.int32), place, _HEIGHT, band_start)


def _factors(start: Integers, code: int, *, root: bool) -> Factors:
    """Table of factors for all degrees that occur, and where in it each node's degree begins."""
    degrees, which = np.unique(np.diff(start), return_inverse=True)
    begin = np.concatenate([[0], np.cumsum(degrees + 1)])
    return Factors(layer_kernels.factor_table(degrees, begin, code, root), begin[which])


def _empty_blocks(layer: LayerLinks) -> Iterator[Blocks]:
    """Room for the blocks of successive rows, as many rows at a time as the memory limit admits."""
    sizes = np.diff(layer.row_start) ** 2
    ends = np.cumsum(sizes)
    first = 0
    while first < sizes.size:
        before = ends[first] - sizes[first]
        last = max(first + 1, int(np.searchsorted(ends, before + _BLOCK_NUMBERS, side="right")))
        yield Blocks(first, last, ends[first:last] - sizes[first:last] - before, np.empty(ends[last - 1] - before, np.int32))
        first = last
