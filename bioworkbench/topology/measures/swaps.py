"""Random swaps of the ends of links, compiled: the move that all null models share.

Links a-b and c-d become a-d and c-b if neither is there yet and a constraint agrees. A hash table with 8 bytes a place,
at most a quarter of them taken, keeps which pairs are linked, so that memory grows with the links and not with the square of the nodes.
"""

from typing import NamedTuple

import numpy as np
from numba import njit

from bioworkbench.records.arrays import Floats, Integers
from bioworkbench.records.randomness import check_generator

__all__ = ["CONSTRAINTS", "Constraint", "anneal_weights", "linked_table", "swap_links"]

CONSTRAINTS = ("none", "ring", "modules", "lengths")
_RING, _MODULES, _LENGTHS = 1, 2, 3
_FREE = -1


class Constraint(NamedTuple):
    """What a swap must keep.

    Parameters
    ----------
    kind : int
        Position in `CONSTRAINTS`: nothing; the sum of ring distances must not grow; the modules of the ends; the two bins of length.
    modules : int array (n,)
    positions : array (n, n_dimensions)
    edges : array (n_bins - 1,)
        Of the bins of length.
    """

    kind: int = 0
    modules: Integers = np.zeros(0, np.int64)
    positions: Floats = np.zeros((0, 1))
    edges: Floats = np.zeros(0)


def linked_table(sources: Integers, targets: Integers, n: int, *, one_key: bool) -> Integers:
    """Hash table of the linked pairs.

    Parameters
    ----------
    sources, targets : int array (n_links,)
    n : int
        Number of targets, which makes pairs numbers.
    one_key : bool
        Whether a pair and its reverse are the same.

    Returns
    -------
    int array
        With room for four times as many.
    """
    table = np.full(max(8, 1 << int(4 * sources.size).bit_length()), _FREE, np.int64)
    _fill(table, sources, targets, n, one_key)
    return table


def swap_links(
    ends: tuple[Integers, Integers],
    table: Integers,
    shape: tuple[int, int],
    rng: np.random.Generator,
    how: tuple[bool, bool, bool],
    constraint: Constraint,
) -> int:
    """Swap the targets of random pairs of links in place.

    Parameters
    ----------
    ends : two int arrays (n_links,)
        Sources and targets; changed.
    table : int array
        From `linked_table`; changed.
    shape : (n, n_rounds)
        Number of targets, and of rounds: one ends with a swap, or after 1 try, 10 for a ring.
    rng : Generator
    how : (self-links allowed, links have no direction, a pair and its reverse are one key)
    constraint : Constraint
        What a swap must keep.

    Returns
    -------
    int
        How many swaps were done.
    """
    check_generator(rng)
    if ends[0].size < 2:
        return 0
    return int(_swap_many(*ends, table, shape, rng.integers(2**64, size=1, dtype=np.uint64), how, constraint))


@njit(cache=True, nogil=True)
def _key(i, j, n, one_key):
    return j * n + i if one_key and j < i else i * n + j


@njit(cache=True, nogil=True)
def _home(table, key):
    # the golden ratio spreads neighboring keys over the table (Fibonacci hashing); its middle bits are the best mixed ones
    return np.int64((np.uint64(key) * np.uint64(0x9E3779B97F4A7C15)) >> np.uint64(20)) & (table.size - 1)


@njit(cache=True, nogil=True)
def _place(table, key):
    """Where the key is, or the free place where it would be."""
    # linear probing: keys that fall on taken places stand behind them, in an unbroken run
    k = _home(table, key)
    while table[k] != _FREE and table[k] != key:
        k = (k + 1) & (table.size - 1)
    return k


@njit(cache=True, nogil=True)
def _remove(table, key):
    """Take a key out, and move later ones of its run up, so that no search ends too early."""
    mask = table.size - 1
    hole = _place(table, key)
    k = hole
    while True:
        k = (k + 1) & mask
        if table[k] == _FREE:
            break
        # a key may move into the hole unless its home lies between hole and key: it would stand before its home
        if (k - _home(table, table[k])) & mask >= (k - hole) & mask:
            table[hole] = table[k]
            hole = k
    table[hole] = _FREE


@njit(cache=True, nogil=True)
def _fill(table, sources, targets, n, one_key):
    for k in range(sources.size):
        key = _key(sources[k], targets[k], n, one_key)
        table[_place(table, key)] = key


@njit(cache=True, nogil=True)
def _ring_distance(i, j, n):
    return min(abs(i - j), n - abs(i - j))


@njit(cache=True, nogil=True)
def _bin(positions, edges, i, j):
    total = 0.0
    for k in range(positions.shape[1]):
        total += (positions[i, k] - positions[j, k]) ** 2
    return np.searchsorted(edges, np.sqrt(total))


@njit(cache=True, nogil=True)
def _agrees(kind, modules, positions, edges, link, other):
    """Whether modules or lengths let a-d and c-b replace the links a-b and c-d."""
    (a, b), (c, d) = link, other
    if kind == _MODULES:
        return modules[b] == modules[d] or modules[a] == modules[c]
    if kind == _LENGTHS:
        ab, cd, ad, cb = (
            _bin(positions, edges, a, b),
            _bin(positions, edges, c, d),
            _bin(positions, edges, a, d),
            _bin(positions, edges, c, b),
        )
        return (ab == ad and cd == cb) or (ab == cb and cd == ad)
    return True


@njit(cache=True, nogil=True)
def _word(state):
    """Next 64 random bits of splitmix64 (G. L. Steele, D. Lea, C. H. Flood 2014), a tenth of the time of a NumPy generator."""
    state[0] += np.uint64(0x9E3779B97F4A7C15)
    x = state[0]
    x = (x ^ (x >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    x = (x ^ (x >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return x ^ (x >> np.uint64(31))


@njit(cache=True, nogil=True)
def _uniform(word):
    return np.float64(word >> np.uint64(11)) * 2.0**-53


@njit(cache=True, nogil=True)
def _exchange(table, n, one_key, a, b, c, d):
    """Put a-d and c-b in the place of a-b and c-d, if neither is there yet; whether that was done."""
    ad, cb = _key(a, d, n, one_key), _key(c, b, n, one_key)
    if ad == cb or table[_place(table, ad)] == ad or table[_place(table, cb)] == cb:
        return False
    _remove(table, _key(a, b, n, one_key))
    _remove(table, _key(c, d, n, one_key))
    table[_place(table, ad)] = ad
    table[_place(table, cb)] = cb
    return True


@njit(cache=True, nogil=True)
def _swap_many(sources, targets, table, shape, state, how, constraint):
    n, n_rounds = shape
    loops, no_direction, one_key = how
    kind, modules, positions, edges = constraint
    left = tries = 10 if kind == _RING else 1
    done = rounds = 0
    while rounds < n_rounds:
        one, other = _word(state), _word(state)
        first, second = int(_uniform(one) * sources.size), int(_uniform(other) * sources.size)
        a, b, c, d = sources[first], targets[first], sources[second], targets[second]
        # without directions either end of the second link may be exchanged; the lowest bit is not used for the choice of the link
        if no_direction and one & np.uint64(1):
            c, d = d, c
        allowed = loops or (a != d and c != b)
        # before the table, which is far away in memory; the ring by numbers alone, as arrays given to a function take time
        if kind == _RING:
            now = _ring_distance(a, b, n) + _ring_distance(c, d, n)
            allowed &= _ring_distance(a, d, n) + _ring_distance(c, b, n) <= now
        elif allowed and kind:
            allowed = _agrees(kind, modules, positions, edges, (a, b), (c, d))
        left -= 1
        if allowed and _exchange(table, n, one_key, a, b, c, d):
            targets[first], sources[second], targets[second] = d, c, b
            done += 1
            left = 0
        if left == 0:
            rounds += 1
            left = tries
    return done


def anneal_weights(
    sources: Integers, targets: Integers, weights: Floats, gaps: Floats, n_rounds: int, rng: np.random.Generator
) -> None:
    """Exchange weights between links until the strengths fit: simulated annealing, and a last stage without any rise.

    Parameters
    ----------
    sources, targets : int array (n_links,)
        Rows of `gaps`: the node on whose strength a link's weight counts, at either end.
    weights : array (n_links,)
        Changed.
    gaps : array (n_strengths,)
        Strength less wanted strength; changed.
    n_rounds : int
        Exchanges tried, over the number of links, in each of 20 stages.
    rng : Generator
    """
    if weights.size > 1:
        _anneal(sources, targets, weights, gaps, n_rounds, rng.integers(2**64, size=1, dtype=np.uint64))


@njit(cache=True, nogil=True)
def _anneal(sources, targets, weights, gaps, n_rounds, state):
    # halved from stage to stage, from where nearly every exchange is accepted; the last two stages accept no rise
    heat = 4 * np.var(weights)
    for stage in range(20):
        temperature = heat * 0.5**stage if stage < 18 else 0.0
        for _ in range(n_rounds * weights.size):
            k, l = int(_uniform(_word(state)) * weights.size), int(_uniform(_word(state)) * weights.size)  # noqa: E741
            more = weights[l] - weights[k]
            ends = (sources[k], targets[k], sources[l], targets[l])
            rise = _shift(gaps, ends, more)
            if rise <= 0 or (temperature > 0 and _uniform(_word(state)) < np.exp(-rise / temperature)):
                weights[k], weights[l] = weights[l], weights[k]
            else:
                _shift(gaps, ends, -more)


@njit(cache=True, nogil=True)
def _shift(gaps, ends, more):
    """Give `more` to the first two ends and take it from the others; returns by how much the sum of squares rises."""
    rise = 0.0
    for side in range(4):
        step = more if side < 2 else -more
        rise += step * (2 * gaps[ends[side]] + step)
        gaps[ends[side]] += step
    return rise
