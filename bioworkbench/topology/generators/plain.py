"""The plain random topologies."""

from collections.abc import Iterator

import numpy as np
from scipy import sparse

from bioworkbench.records.arrays import Integers, count, fraction
from bioworkbench.records.counted import counted
from bioworkbench.records.errors import TopologyError
from bioworkbench.records.randomness import check_generator
from bioworkbench.records.subsets import subset_counts
from bioworkbench.topology.masks import Mask, link_mask, possible_targets

__all__ = [
    "all_to_all",
    "bernoulli",
    "fixed_in_degree",
    "fixed_out_degree",
    "fixed_total",
    "one_to_one",
    "stochastic_block",
]

_CHUNK = 1 << 20


def bernoulli(n_source: int, n_target: int, rng: np.random.Generator, *, p: float, recurrent: bool = False) -> Mask:
    """Every possible link exists with probability `p`, independently (directed Erdős-Rényi).

    Jumps from link to link by geometric gaps, so time and memory go with the number of links, not of pairs.

    Parameters
    ----------
    n_source, n_target : int
    rng : Generator
    p : float
        Probability of a link, 0 to 1.
    recurrent : bool
        Whether sources and targets are the same nodes; then none links to itself.

    Returns
    -------
    csr_array of bool (n_source, n_target)

    References
    ----------
    V. Batagelj, U. Brandes (2005), https://doi.org/10.1103/PhysRevE.71.036113
    """
    check_generator(rng)
    width = possible_targets(n_source, n_target, recurrent)
    fraction("p", p)
    if p == 0 or n_source * width == 0:
        return link_mask([], [], (n_source, n_target))
    counts, columns = np.zeros(n_source, dtype=np.int64), []
    for positions in _bernoulli_positions(n_source * width, p, rng):
        rows, in_row = np.divmod(positions, width)
        counts += np.bincount(rows, minlength=n_source)
        columns.append((in_row + (in_row >= rows) if recurrent else in_row).astype(np.int32))
    return _from_rows(counts, np.concatenate(columns), n_target)


def _bernoulli_positions(n_pairs: int, p: float, rng: np.random.Generator) -> Iterator[Integers]:
    """Yield chunks of the positions, out of `n_pairs`, of successes of a Bernoulli sequence."""
    last = -1
    while last < n_pairs - 1:
        # a few deviations more than are expected, so that one draw nearly always reaches the end
        expected = (n_pairs - last) * p
        gaps = rng.geometric(p, size=int(min(_CHUNK, expected + 4 * np.sqrt(expected) + 16)))
        positions = last + np.cumsum(np.minimum(gaps, n_pairs + 1))
        last = positions[-1]
        yield positions[positions < n_pairs]


def fixed_out_degree(n_source: int, n_target: int, rng: np.random.Generator, *, n_outputs: int, recurrent: bool = False) -> Mask:
    """Every source has exactly `n_outputs` different targets, all choices equally likely.

    Parameters
    ----------
    n_source, n_target : int
    rng : Generator
    n_outputs : int
        Targets of each source.
    recurrent : bool
        Whether sources and targets are the same nodes; then none links to itself.

    Returns
    -------
    csr_array of bool (n_source, n_target)

    Raises
    ------
    TopologyError
        If there are fewer possible targets than `n_outputs`.
    """
    width = possible_targets(n_source, n_target, recurrent)
    if count("n_outputs", n_outputs, least=0) > width:
        raise TopologyError(f"n_outputs = {n_outputs}: every source has only {width} possible targets; ask for {width} or fewer")
    return _random_rows(np.full(n_source, n_outputs), n_target, rng, recurrent)


def fixed_in_degree(n_source: int, n_target: int, rng: np.random.Generator, *, n_inputs: int, recurrent: bool = False) -> Mask:
    """Every target has exactly `n_inputs` different sources, all choices equally likely.

    Parameters
    ----------
    n_source, n_target : int
    rng : Generator
    n_inputs : int
        Sources of each target.
    recurrent : bool
        Whether sources and targets are the same nodes; then none links to itself.

    Returns
    -------
    csr_array of bool (n_source, n_target)

    Raises
    ------
    TopologyError
        If there are fewer possible sources than `n_inputs`.
    """
    possible_targets(n_source, n_target, recurrent)
    width = n_source - recurrent
    if count("n_inputs", n_inputs, least=0) > width:
        raise TopologyError(f"n_inputs = {n_inputs}: every target has only {width} possible sources; ask for {width} or fewer")
    return sparse.csr_array(_random_rows(np.full(n_target, n_inputs), n_source, rng, recurrent).T)


def fixed_total(n_source: int, n_target: int, rng: np.random.Generator, *, n_links: int, recurrent: bool = False) -> Mask:
    """Exactly `n_links` links, all choices equally likely (directed G(n, M)).

    Parameters
    ----------
    n_source, n_target : int
    rng : Generator
    n_links : int
        In all.
    recurrent : bool
        Whether sources and targets are the same nodes; then none links to itself.

    Returns
    -------
    csr_array of bool (n_source, n_target)

    Raises
    ------
    TopologyError
        If there are fewer possible links than `n_links`.
    """
    width = possible_targets(n_source, n_target, recurrent)
    if count("n_links", n_links, least=0) > n_source * width:
        raise TopologyError(
            f"n_links = {n_links}: possible are at most {counted(n_source * width, 'link')}; ask for that many or fewer"
        )
    per_row = subset_counts(np.full(n_source, width), n_links, rng)
    return _random_rows(per_row, n_target, rng, recurrent)


def all_to_all(n_source: int, n_target: int, rng: np.random.Generator, *, recurrent: bool = False) -> Mask:
    """Every possible link exists; nothing is random.

    Parameters
    ----------
    n_source, n_target : int
    rng : Generator
        Not used.
    recurrent : bool
        Whether sources and targets are the same nodes; then none links to itself.

    Returns
    -------
    csr_array of bool (n_source, n_target)
    """
    width = possible_targets(n_source, n_target, recurrent)
    return _random_rows(np.full(n_source, width), n_target, rng, recurrent)


def one_to_one(n_source: int, n_target: int, rng: np.random.Generator, *, recurrent: bool = False) -> Mask:
    """Source k is linked to target k; nothing is random.

    Parameters
    ----------
    n_source, n_target : int
        Equal.
    rng : Generator
        Not used.
    recurrent : bool
        Must be false.

    Returns
    -------
    csr_array of bool (n_source, n_target)

    Raises
    ------
    TopologyError
        If the sizes differ, or in a recurrent projection, where all its links would be self-links.
    """
    if n_source != n_target or recurrent:
        raise TopologyError(
            f"one_to_one from {n_source} to {n_target} nodes (recurrent = {recurrent}): needs two populations of equal size"
        )
    return link_mask(np.arange(n_source), np.arange(n_source), (n_source, n_target))


def stochastic_block(
    n_source: int,
    n_target: int,
    rng: np.random.Generator,
    *,
    n_blocks: int,
    p_within: float,
    p_between: float,
    recurrent: bool = False,
) -> Mask:
    """Directed stochastic block model: links inside a block with one probability, between blocks with another.

    The nodes of a population are cut into `n_blocks` consecutive blocks of nearly equal size, so that all projections of a
    population agree on its blocks.

    Parameters
    ----------
    n_source, n_target : int
    rng : Generator
    n_blocks : int
        At most the number of nodes on either side.
    p_within, p_between : float
        Probabilities of a link inside a block and between two.
    recurrent : bool
        Whether sources and targets are the same nodes; then none links to itself.

    Returns
    -------
    csr_array of bool (n_source, n_target)

    Raises
    ------
    TopologyError
        If there are more blocks than nodes.

    References
    ----------
    P. W. Holland, K. B. Laskey, S. Leinhardt (1983), https://doi.org/10.1016/0378-8733(83)90021-7
    """
    possible_targets(n_source, n_target, recurrent)
    if count("n_blocks", n_blocks) > min(n_source, n_target):
        raise TopologyError(f"n_blocks = {n_blocks}: more blocks than nodes ({min(n_source, n_target)}); ask for fewer blocks")
    rows, columns = (np.diff(np.arange(n_blocks + 1) * n // n_blocks) for n in (n_source, n_target))
    blocks = [
        [
            bernoulli(int(m), int(n), rng, p=p_within if i == j else p_between, recurrent=recurrent and i == j)
            for j, n in enumerate(columns)
        ]
        for i, m in enumerate(rows)
    ]
    return sparse.csr_array(sparse.block_array(blocks, format="csr"), dtype=bool)


def _random_rows(per_row: Integers, n_columns: int, rng: np.random.Generator, recurrent: bool) -> Mask:
    """Mask whose row i has ``per_row[i]`` links at random places, off the diagonal if recurrent."""
    check_generator(rng)
    # a row of a recurrent mask has one place fewer; numbers from the diagonal on mean the next place
    width = n_columns - recurrent
    columns = np.empty(int(per_row.sum()), dtype=np.int32)
    start = np.cumsum(per_row) - per_row
    for k in np.unique(per_row[per_row > 0]):
        rows = np.flatnonzero(per_row == k)
        for part in np.array_split(rows, -(-rows.size * int(k) // _CHUNK)):
            chosen = _distinct(part.size, int(k), width, rng)
            columns[start[part][:, None] + np.arange(k)] = chosen + (chosen >= part[:, None]) if recurrent else chosen
    return _from_rows(per_row, columns, n_columns)


def _distinct(n: int, k: int, width: int, rng: np.random.Generator) -> Integers:
    """Rows (n, k) of distinct numbers below `width`, each row in ascending order.

    Rows with a repetition are drawn again, which leaves all subsets equally likely; where most rows would have one, each is drawn by
    itself.
    """
    if k * k > width:
        return np.stack([np.sort(rng.choice(width, k, replace=False, shuffle=False)) for _ in range(n)])
    chosen, again = np.empty((n, k), dtype=np.int64), np.arange(n)
    while again.size:
        chosen[again] = np.sort(rng.integers(width, size=(again.size, k)), axis=1)
        again = again[(np.diff(chosen[again], axis=1) == 0).any(axis=1)]
    return chosen


def _from_rows(per_row: Integers, columns: np.ndarray, n_columns: int) -> Mask:
    """Mask from the number of links of each row and the sorted columns of all rows, one after another."""
    pointers = np.concatenate([[0], np.cumsum(per_row)]).astype(np.int32)
    return sparse.csr_array((np.ones(columns.size, dtype=bool), columns, pointers), shape=(per_row.size, n_columns))
