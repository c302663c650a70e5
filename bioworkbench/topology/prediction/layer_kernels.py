"""Cannistraci-Hebb scores of a layer by paths of length 3, compiled.

For an absent link from row u to column v, every path is u - c - r - v with a column c and a row r. With the number U of columns
that u and r share, the internal degree of r is U, and its external degree is what is left of its d links, d - U - 1; likewise for
c with the number of rows that c and v share. So the score splits into a factor F[u, r] of the rows and a factor G[c, v] of the
columns:

    S[u, v] = sum over rows r linked to v of F[u, r] * (sum over columns c linked to both u and r of G[c, v])

`fill_blocks` counts the shared rows of all pairs of columns of each row r: one dense block of counts per row, d times d.
`add_path_scores` looks up the factors G of a block once for a band of rows u; the inner sum is then a sum of rows of numbers
that lie side by side in the cache. The scores of a band are kept with u as the last index, so that what neighboring rows u
scatter to a column of r falls into the same cache line.
"""

from typing import NamedTuple

import numpy as np
from numba import njit

from bioworkbench.topology.prediction.node_terms import node_term

__all__ = [
    "Blocks",
    "Factors",
    "LayerLinks",
    "SparseRows",
    "add_path_scores",
    "add_products",
    "clear_links",
    "factor_table",
    "fill_blocks",
]


class LayerLinks(NamedTuple):
    """Links of a layer with m rows and n columns, by row and by column.

    Parameters
    ----------
    row_start, row_links : int64 array (m + 1,), int32 array (n_links,)
        The columns of row r, ascending, are ``row_links[row_start[r]:row_start[r + 1]]``.
    column_start, column_links : int64 array (n + 1,), int32 array (n_links,)
        The rows of each column, likewise.
    place : int32 array (n_links,)
        Of each link in the order of `column_links`: its place among the links of its row.
    height : int
        Rows are scored in bands of this many.
    band_start : int64 array (n_bands + 1, n)
        Where in `column_links` the rows of each band begin, for each column.
    """

    row_start: np.ndarray
    row_links: np.ndarray
    column_start: np.ndarray
    column_links: np.ndarray
    place: np.ndarray
    height: int
    band_start: np.ndarray


class Factors(NamedTuple):
    """Factors of nodes by the number of their internal links.

    Parameters
    ----------
    table : float array
        That of node k with U internal links is ``table[begin[k] + U]``.
    begin : int array (n,)
    """

    table: np.ndarray
    begin: np.ndarray


class Blocks(NamedTuple):
    """Rows that pairs of columns share, a block of counts for each of some rows.

    Parameters
    ----------
    first, last : int
        Blocks of the rows `first` to `last` - 1.
    start : int array (last - first,)
        Where in `counts` the block of each row begins.
    counts : int32 array
        Of a row with d links, d times d numbers.
    """

    first: int
    last: int
    start: np.ndarray
    counts: np.ndarray


@njit(nogil=True, cache=True, error_model="numpy")
def factor_table(degrees: np.ndarray, begin: np.ndarray, model: int, root: bool) -> np.ndarray:
    """Factors of nodes by the number of their links that are internal.

    The last entry of a node, all links internal, would need an external degree of -1: it occurs only where there is a link
    already, and is 0. With `root` the factors are the square roots that the geometric mean over two nodes needs.

    Parameters
    ----------
    degrees : int array (n,)
        Links of each node.
    begin : int array (n + 1,)
        Where the factors of each node begin in the table; after them is room for one more.
    model : int
        Position in ``MODELS``.
    root : bool
        Whether factors are the square roots that the geometric mean over two nodes needs.

    Returns
    -------
    float array (begin[n],)
        ``table[begin[k] + U]`` for U internal links.
    """
    table = np.zeros(begin[-1])
    # one link of a community node leads to u or v, and is neither internal nor external
    for k in range(degrees.size):
        for inside in range(degrees[k]):
            term = node_term(model, degrees[k], inside, degrees[k] - inside - 1)
            table[begin[k] + inside] = np.sqrt(term) if root else term
    return table


@njit(nogil=True, cache=True, error_model="numpy")
def fill_blocks(layer: LayerLinks, blocks: Blocks, first: int, last: int) -> None:
    """Count the rows that pairs of columns share, and write the counts into blocks.

    Parameters
    ----------
    layer : LayerLinks
    blocks : Blocks
        Filled.
    first, last : int
        Columns `first` to `last` - 1 are counted, against all others.
    """
    shared = np.empty(layer.column_start.size - 1, np.int32)
    for c in range(first, last):
        # two links on: from column c to its rows, and from these to all of their columns
        shared[:] = 0
        for link in range(layer.column_start[c], layer.column_start[c + 1]):
            r = layer.column_links[link]
            for k in range(layer.row_start[r], layer.row_start[r + 1]):
                shared[layer.row_links[k]] += 1
        for link in range(layer.column_start[c], layer.column_start[c + 1]):
            _fill_row(layer, blocks, shared, link)


@njit(nogil=True, cache=True, error_model="numpy")
def _fill_row(layer, blocks, shared, link):
    # column c is row number `place` of the block of r, whose rows and columns are the columns that r is linked to
    r = layer.column_links[link]
    if r < blocks.first or r >= blocks.last:
        return
    low, high = layer.row_start[r], layer.row_start[r + 1]
    at = blocks.start[r - blocks.first] + layer.place[link] * (high - low)
    for k in range(low, high):
        blocks.counts[at] = shared[layer.row_links[k]]
        at += 1


@njit(nogil=True, cache=True, error_model="numpy")
def add_path_scores(layer: LayerLinks, rows: Factors, columns: Factors, blocks: Blocks, scores: np.ndarray, band: int) -> None:
    """Add to the scores of one band of rows what the paths through the rows of `blocks` contribute.

    Parameters
    ----------
    layer : LayerLinks
    rows, columns : Factors
        Of the rows and the columns as community nodes.
    blocks : Blocks
        Filled by `fill_blocks`.
    scores : float array (n, height)
        Added to.
    band : int
        Number of the band.
    """
    row_start, row_links, height = layer.row_start, layer.row_links, scores.shape[1]
    widest = 0
    for r in range(blocks.first, blocks.last):
        widest = max(widest, row_start[r + 1] - row_start[r])
    block, total = np.empty((widest, widest)), np.empty(widest)
    places, shared = np.empty((height, widest), np.int64), np.zeros(height, np.int64)
    for r in range(blocks.first, blocks.last):
        low, high = row_start[r], row_start[r + 1]
        # the block of factors G is looked up once and serves all rows u of the band: it stays in the cache meanwhile
        _look_up(layer, columns, blocks, r, block)
        _find_places(layer, band, r, places, shared)
        for u in range(height):
            factor = rows.table[rows.begin[r] + shared[u]]
            if shared[u] > 0 and factor > 0.0:
                # inner sum of the module's formula for all v at once, then times F[u, r] to where the v are
                _sum_block_rows(block, places[u, : shared[u]], total, high - low)
                _scatter(factor, total, scores, u, row_links, low, high)
        # lists of places are overwritten; how long they are must be 0 again for the next row
        shared[:] = 0


@njit(nogil=True, cache=True, error_model="numpy")
def _find_places(layer, band, r, places, shared):
    """For each row u of the band: which columns of r it is linked to, as places among the links of r, and how many these are."""
    begin, end, top = layer.band_start[band], layer.band_start[band + 1], band * layer.height
    low = layer.row_start[r]
    for k in range(low, layer.row_start[r + 1]):
        c = layer.row_links[k]
        for link in range(begin[c], end[c]):
            # rows of the band that have column c; each gets the place of c into a list of its own
            u = layer.column_links[link] - top
            places[u, shared[u]] = k - low
            shared[u] += 1


# Unsigned indices: numba then leaves out the test for negative ones, and the compiler can use vector instructions.


@njit(nogil=True, cache=True, error_model="numpy")
def _look_up(layer, columns, blocks, r, block):
    """Write the column factors of row r, all pairs of its columns, into `block`."""
    low, n = layer.row_start[r], np.uint64(layer.row_start[r + 1] - layer.row_start[r])
    at = np.uint64(blocks.start[r - blocks.first])
    for k in range(n):
        begin = np.uint64(columns.begin[layer.row_links[np.uint64(low) + k]])
        for l in range(n):  # noqa: E741
            block[k, l] = columns.table[begin + np.uint64(blocks.counts[at + l])]
        at += n


@njit(nogil=True, cache=True, error_model="numpy")
def _sum_block_rows(block, places, total, n):
    """Sum of the rows `places` of the block, two at a time."""
    # two at a time halve the reads and writes of `total`, which bound this loop
    # the order of additions is that of the places, whatever the band: scores do not depend on its height
    n_rows = np.uint64(places.size)
    a = np.uint64(places[0])
    for k in range(np.uint64(n)):
        total[k] = block[a, k]
    for i in range(np.uint64(1), n_rows - np.uint64(1), np.uint64(2)):
        a, b = np.uint64(places[i]), np.uint64(places[i + np.uint64(1)])
        for k in range(np.uint64(n)):
            total[k] += block[a, k] + block[b, k]
    # after the first one, pairs leave one over where the number is even
    if n_rows % np.uint64(2) == 0:
        a = np.uint64(places[n_rows - np.uint64(1)])
        for k in range(np.uint64(n)):
            total[k] += block[a, k]


@njit(nogil=True, cache=True, error_model="numpy")
def _scatter(factor, total, scores, u, links, low, high):
    u, low = np.uint64(u), np.uint64(low)
    for k in range(np.uint64(high) - low):
        scores[np.uint64(links[low + k]), u] += factor * total[k]


@njit(nogil=True, cache=True, error_model="numpy")
def clear_links(layer: LayerLinks, scores: np.ndarray, first: int) -> None:
    """Set the scores of linked pairs to 0.

    Parameters
    ----------
    layer : LayerLinks
    scores : float array (n_rows, n)
    first : int
        Row of the layer that the first row of `scores` stands for.
    """
    for u in range(scores.shape[0]):
        for k in range(layer.row_start[first + u], layer.row_start[first + u + 1]):
            scores[u, layer.row_links[k]] = 0.0


class SparseRows(NamedTuple):
    """Sparse matrix by rows.

    Parameters
    ----------
    start : int array (n_rows + 1,)
        Where in the other arrays each row begins.
    columns : int array (n_entries,)
    values : float array (n_entries,)
    """

    start: np.ndarray
    columns: np.ndarray
    values: np.ndarray


@njit(nogil=True, cache=True, error_model="numpy")
def add_products(left: SparseRows, right: SparseRows, scores: np.ndarray, first: int) -> None:
    """Add some rows of a matrix product to scores.

    Parameters
    ----------
    left, right : SparseRows
        The factors.
    scores : float array (n_rows, n)
    first : int
        Row of `left` that the first row of `scores` stands for.
    """
    for u in range(scores.shape[0]):
        for k in range(left.start[first + u], left.start[first + u + 1]):
            middle, factor = left.columns[k], left.values[k]
            for l in range(right.start[middle], right.start[middle + 1]):  # noqa: E741
                scores[u, right.columns[l]] += factor * right.values[l]
