"""Breadth-first searches, compiled: from 64 nodes at a time, one bit of a word each.

A link then carries 64 searches at the price of one. Where few nodes are at the frontiers, they tell their neighbors; where many are,
every node asks its neighbors until all searches have reached it.

M. Then et al., Proceedings of the VLDB Endowment 8, 2014, doi 10.14778/2735496.2735507.
"""

import numpy as np
from numba import njit

from bioworkbench.records.arrays import Floats, Integers

__all__ = ["WORD", "fill_distances", "local_efficiencies", "reached_pairs"]

WORD = 64
"""Nodes that one search starts from."""


@njit(cache=True, nogil=True)
def _n_bits(x):
    # sums of neighboring bits, then of pairs of bits, then of fours; the product adds up all bytes in its highest one
    x = x - ((x >> np.uint64(1)) & np.uint64(0x5555555555555555))
    x = (x & np.uint64(0x3333333333333333)) + ((x >> np.uint64(2)) & np.uint64(0x3333333333333333))
    x = (x + (x >> np.uint64(4))) & np.uint64(0x0F0F0F0F0F0F0F0F)
    return np.int64((x * np.uint64(0x0101010101010101)) >> np.uint64(56))


@njit(cache=True, nogil=True)
def _told(front, neighbors, span, known, all_bits):
    """What the neighbors number span[0] to span[1] - 1 know, as far as it is needed to know all."""
    new = np.uint64(0)
    for k in range(span[0], span[1]):
        new |= front[neighbors[k]]
        if (new | known) == all_bits:
            break
    return new


@njit(cache=True, nogil=True)
def _pull(starts, neighbors, n, bits, all_bits):
    """One step of all searches, when most nodes are at a frontier: every node asks its neighbors until it knows all."""
    seen, front, coming = bits[0], bits[1], bits[2]
    for z in range(n):
        coming[z] = np.uint64(0)
        if seen[z] != all_bits:
            # a node that all searches have reached has nothing more to learn
            coming[z] = _told(front, neighbors, (starts[z], starts[z + 1]), seen[z], all_bits) & ~seen[z]


@njit(cache=True, nogil=True)
def _push(starts, neighbors, bits, queue, size, reached):
    """One step of all searches from the `size` nodes of the queue; lists the nodes that they reach, returns how many these are."""
    seen, front, coming = bits[0], bits[1], bits[2]
    n_reached = 0
    for k in range(size):
        z = queue[k]
        for l in range(starts[z], starts[z + 1]):  # noqa: E741
            other = neighbors[l]
            new = front[z] & ~seen[other]
            if new and not coming[other]:
                reached[n_reached] = other
                n_reached += 1
            coming[other] |= new
    return n_reached


@njit(cache=True, nogil=True)
def _advance(bits, queue, reached, size):
    """Make what was reached the frontier; returns how many nodes that are and how many pairs."""
    seen, front, coming = bits[0], bits[1], bits[2]
    n_front, total = 0, 0
    for k in range(size):
        z = reached[k]
        new = coming[z]
        coming[z] = 0
        if new:
            seen[z] |= new
            front[z] = new
            total += _n_bits(new)
            queue[n_front] = z
            n_front += 1
    return n_front, total


@njit(cache=True, nogil=True)
def _search(starts, neighbors, n, sources, scratch, pairs):
    """Add the numbers of pairs at every distance from at most 64 sources to `pairs`; `scratch` is (bits, queue, reached)."""
    # three words per node: searches that have seen it, searches whose frontier it is on, searches that come to it in this step
    bits, queue, reached = scratch
    bits[:, :n] = 0
    for k in range(sources.size):
        queue[k] = sources[k]
        bits[0, sources[k]] = bits[1, sources[k]] = np.uint64(1) << np.uint64(k)
    all_bits = ~np.uint64(0) >> np.uint64(WORD - sources.size)
    size, distance = sources.size, 0
    while size:
        distance += 1
        many = 8 * size > n  # then most links lead from the frontier, and asking is cheaper than telling
        if many:
            _pull(starts, neighbors, n, bits, all_bits)
            n_reached = n
            for z in range(n):
                reached[z] = z
        else:
            n_reached = _push(starts, neighbors, bits, queue, size, reached)
        for k in range(size):
            bits[1, queue[k]] = 0  # the old frontier; what was reached becomes the new one
        size, total = _advance(bits, queue, reached, n_reached)
        if total:
            pairs[distance] += total
    return distance


@njit(cache=True, nogil=True)
def _scratch(n):
    return np.zeros((3, n), np.uint64), np.zeros(n, np.int64), np.zeros(n, np.int64)


@njit(cache=True, nogil=True)
def reached_pairs(starts: Integers, neighbors: np.ndarray, sources: Integers) -> Integers:
    """Numbers of pairs (source, node) at every distance.

    Parameters
    ----------
    starts : int array (n_nodes + 1,)
    neighbors : int array (2 * n_links,)
        Of a plain graph; see `SimpleGraph`.
    sources : int array (n_sources,)
        Nodes to search from.

    Returns
    -------
    int array (longest distance + 1,)
        Nothing is counted at distance 0.
    """
    n = starts.size - 1
    pairs, longest, scratch = np.zeros(n + 1, np.int64), 1, _scratch(n)
    for low in range(0, sources.size, WORD):
        longest = max(longest, _search(starts, neighbors, n, sources[low : low + WORD], scratch, pairs))
    return pairs[:longest].copy()


@njit(cache=True, nogil=True)
def local_efficiencies(starts: Integers, neighbors: np.ndarray, nodes: Integers) -> Floats:
    """Global efficiency among the neighbors of each of some nodes.

    Parameters
    ----------
    starts, neighbors : int arrays
        Of a plain graph; see `SimpleGraph`.
    nodes : int array (n,)

    Returns
    -------
    float array (n,)
        0 for nodes with fewer than two neighbors.
    """
    n = starts.size - 1
    place, found = np.full(n, -1), np.zeros(nodes.size)
    most = 1
    for u in nodes:
        most = max(most, starts[u + 1] - starts[u])
    # one set of scratch arrays, large enough for the node with most neighbors, serves all
    scratch, ids = _scratch(most), np.arange(most)
    for k in range(nodes.size):
        near = neighbors[starts[nodes[k]] : starts[nodes[k] + 1]]
        degree = near.size
        if degree < 2:
            continue
        inner_starts, inner = _among(starts, neighbors, near, place)
        pairs = np.zeros(degree + 1, np.int64)
        for low in range(0, degree, WORD):
            _search(inner_starts, inner, degree, ids[low : min(low + WORD, degree)], scratch, pairs)
        for distance in range(1, degree + 1):
            found[k] += pairs[distance] / distance
        found[k] /= degree * (degree - 1)
    return found


@njit(cache=True, nogil=True)
def _among(starts, neighbors, near, place):
    """Graph of the links among the nodes `near`, numbered from 0; `place` is -1 before and after."""
    for k in range(near.size):
        place[near[k]] = k
    inner_starts = np.zeros(near.size + 1, np.int64)
    for k in range(near.size):
        inner_starts[k + 1] = inner_starts[k]
        for l in range(starts[near[k]], starts[near[k] + 1]):  # noqa: E741
            inner_starts[k + 1] += place[neighbors[l]] >= 0
    inner = np.empty(inner_starts[near.size], np.int64)
    size = 0
    for k in range(near.size):
        for l in range(starts[near[k]], starts[near[k] + 1]):  # noqa: E741
            if place[neighbors[l]] >= 0:
                inner[size] = place[neighbors[l]]
                size += 1
    for k in range(near.size):
        place[near[k]] = -1
    return inner_starts, inner


@njit(cache=True, nogil=True)
def fill_distances(starts: Integers, neighbors: np.ndarray, found: Floats) -> None:
    """Write the distances of all pairs.

    Parameters
    ----------
    starts, neighbors : int arrays
        Of a plain graph; see `SimpleGraph`.
    found : float array (n_nodes, n_nodes)
        Infinite where it is not filled.
    """
    queue = np.empty(starts.size - 1, np.int64)
    for source in range(queue.size):
        _fill_row(starts, neighbors, source, queue, found[source])


@njit(cache=True, nogil=True)
def _fill_row(starts, neighbors, source, queue, row):
    row[source], queue[0] = 0, source
    done, size = 0, 1
    while done < size:
        z = queue[done]
        done += 1
        for k in range(starts[z], starts[z + 1]):
            if row[neighbors[k]] == np.inf:
                row[neighbors[k]] = row[z] + 1
                queue[size] = neighbors[k]
                size += 1
