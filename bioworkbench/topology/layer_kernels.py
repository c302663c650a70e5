"""Cannistraci-Hebb scores of a layer by paths of length 3, compiled.

For an absent link from row u to column v, every path is u - c - r - v with a column c and a row r. With the number U of columns
that u and r share, the internal degree of r is U, and its external degree is what is left of its d links, d - U - 1; likewise for
c with the number of rows that c and v share. So the score splits into a factor F[u, r] of the rows and a factor G[c, v] of the
columns:

    S[u, v] = sum over rows r linked to v of F[u, r] * (sum over columns c linked to both u and r of G[c, v])

`fill_blocks` writes down G[c, v] for all pairs of columns of each row r: one dense block of numbers per row, d times d. The inner
sum is then a sum of block rows, which are contiguous, and only its result is scattered to the columns of r. `add_path_scores`
does this for a few rows u at a time, for which the block of r stays in the cache.
"""

from typing import NamedTuple

import numpy as np
from numba import njit

from bioworkbench.topology.node_terms import node_term

__all__ = ["Blocks", "Factors", "Layer", "Table", "add_path_scores", "add_products", "clear_links", "factor_table", "fill_blocks"]


class Layer(NamedTuple):
    """Links of a layer with m rows and n columns, by row and by column.

    Attributes
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
    """Factor of node k with U internal links: ``table[begin[k] + U]``."""

    table: np.ndarray
    begin: np.ndarray


class Blocks(NamedTuple):
    """Column factors of the rows `first` to `last` - 1; those of row r begin at ``start[r - first]`` of `values`."""

    first: int
    last: int
    start: np.ndarray
    values: np.ndarray


@njit(nogil=True, cache=True, error_model="numpy")
def factor_table(degrees: np.ndarray, begin: np.ndarray, model: int, root: bool) -> np.ndarray:
    """Factors of nodes with ``degrees[k]`` links, of which 0, 1, ... are internal, from ``begin[k]`` on.

    The last entry of a node, all links internal, would need an external degree of -1: it occurs only where there is a link
    already, and is 0. With `root` the factors are the square roots that the geometric mean over two nodes needs.
    """
    table = np.zeros(begin[-1])
    for k in range(degrees.size):
        for inside in range(degrees[k]):
            term = node_term(model, degrees[k], inside, degrees[k] - inside - 1)
            table[begin[k] + inside] = np.sqrt(term) if root else term
    return table


@njit(nogil=True, cache=True, error_model="numpy")
def fill_blocks(layer: Layer, factors: Factors, blocks: Blocks, first: int, last: int) -> None:
    """Write the factors of the columns `first` to `last` - 1 into the blocks of their rows."""
    entry = np.empty(layer.column_start.size - 1, np.int64)
    for c in range(first, last):
        entry[:] = factors.begin[c]
        for link in range(layer.column_start[c], layer.column_start[c + 1]):
            r = layer.column_links[link]
            for k in range(layer.row_start[r], layer.row_start[r + 1]):
                entry[layer.row_links[k]] += 1
        for link in range(layer.column_start[c], layer.column_start[c + 1]):
            _fill_row(layer, factors.table, blocks, entry, link)


@njit(nogil=True, cache=True, error_model="numpy")
def _fill_row(layer, table, blocks, entry, link):
    r = layer.column_links[link]
    if r < blocks.first or r >= blocks.last:
        return
    low, high = layer.row_start[r], layer.row_start[r + 1]
    at = blocks.start[r - blocks.first] + layer.place[link] * (high - low)
    for k in range(low, high):
        blocks.values[at] = table[entry[layer.row_links[k]]]
        at += 1


@njit(nogil=True, cache=True, error_model="numpy")
def add_path_scores(layer: Layer, factors: Factors, blocks: Blocks, scores: np.ndarray, band: int) -> None:
    """Add to the scores (height, n) of one band of rows what the paths through the rows of `blocks` contribute."""
    row_start, row_links, table = layer.row_start, layer.row_links, factors.table
    height, widest = scores.shape[0], 0
    for r in range(blocks.first, blocks.last):
        widest = max(widest, row_start[r + 1] - row_start[r])
    sums = np.empty((height, widest))
    shared = np.zeros(height, np.int64)
    for r in range(blocks.first, blocks.last):
        _sum_block_rows(layer, blocks, r, band, sums, shared)
        begin = factors.begin[r]
        for u in range(height):
            factor = table[begin + shared[u]]
            if shared[u] > 0 and factor > 0.0:
                _scatter(factor, sums, scores, u, row_links, row_start[r], row_start[r + 1])
        shared[:] = 0


@njit(nogil=True, cache=True, error_model="numpy")
def _sum_block_rows(layer, blocks, r, band, sums, shared):
    """For each row u of the band: sum of the block rows of r that belong to columns of u, and how many these are."""
    row_links, rows, values = layer.row_links, layer.column_links, blocks.values
    begin, end = layer.band_start[band], layer.band_start[band + 1]
    low, high, top = layer.row_start[r], layer.row_start[r + 1], band * layer.height
    at = blocks.start[r - blocks.first]
    for k in range(low, high):
        for link in range(begin[row_links[k]], end[row_links[k]]):
            u = rows[link] - top
            _add(values, at, sums, u, high - low, shared[u] == 0)
            shared[u] += 1
        at += high - low


# Unsigned indices: numba then leaves out the test for negative ones, and the compiler can use vector instructions.


@njit(nogil=True, cache=True, error_model="numpy")
def _add(values, at, sums, u, n, first):
    u, at = np.uint64(u), np.uint64(at)
    if first:
        for k in range(np.uint64(n)):
            sums[u, k] = values[at + k]
    else:
        for k in range(np.uint64(n)):
            sums[u, k] += values[at + k]


@njit(nogil=True, cache=True, error_model="numpy")
def _scatter(factor, sums, scores, u, links, low, high):
    u, low = np.uint64(u), np.uint64(low)
    for k in range(np.uint64(high) - low):
        scores[u, np.uint64(links[low + k])] += factor * sums[u, k]


@njit(nogil=True, cache=True, error_model="numpy")
def clear_links(layer: Layer, scores: np.ndarray, first: int) -> None:
    """Set to 0 the scores (n_rows, n) of pairs that are linked; the first row of `scores` is row `first` of the layer."""
    for u in range(scores.shape[0]):
        for k in range(layer.row_start[first + u], layer.row_start[first + u + 1]):
            scores[u, layer.row_links[k]] = 0.0


class Table(NamedTuple):
    """Sparse matrix by rows: the columns and values of row k are those from ``start[k]`` to ``start[k + 1]`` - 1."""

    start: np.ndarray
    columns: np.ndarray
    values: np.ndarray


@njit(nogil=True, cache=True, error_model="numpy")
def add_products(left: Table, right: Table, scores: np.ndarray, first: int) -> None:
    """Add to `scores` (n_rows, n) the rows from `first` on of the matrix product of `left` and `right`."""
    for u in range(scores.shape[0]):
        for k in range(left.start[first + u], left.start[first + u + 1]):
            middle, factor = left.columns[k], left.values[k]
            for l in range(right.start[middle], right.start[middle + 1]):  # noqa: E741
                scores[u, right.columns[l]] += factor * right.values[l]
