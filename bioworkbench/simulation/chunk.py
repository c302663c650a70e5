"""Which trials one run simulates, and how many fit into it."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

__all__ = ["Chunk", "Need", "chunks", "chunks_of", "joined_chunks"]


@dataclass(frozen=True)
class Chunk:
    """Trials of one run, as copies of the network; in C++ programs surplus copies are not updated.

    Parameters
    ----------
    number : int
    first, n_trials : int
        Trials `first` ... `first + n_trials - 1`.
    n_copies : int
    block : int
        Copies whose input spikes come from one stream, and whose inputs are multiplied together; 0: all of them.
    """

    number: int
    first: int
    n_trials: int
    n_copies: int
    block: int = 0

    def blocks(self) -> "Iterator[Chunk]":
        """Its blocks as chunks of their own, numbered through all trials."""
        size = self.block or self.n_copies
        for first in range(self.first, self.first + self.n_copies, size):
            n_trials = min(size, max(0, self.first + self.n_trials - first))
            yield Chunk(first // size, first, n_trials, size)


@dataclass(frozen=True)
class Need:
    """Estimated memory of a run, bytes: what all copies of the network share, and what each takes."""

    shared: int
    each: int

    def of(self, n_copies: int) -> int:
        """Bytes of a run with `n_copies` copies of the network."""
        return self.shared + self.each * n_copies


def chunks(n_trials: int, need: Need, memory: int, fraction: int = 8, most: int = 256) -> list[Chunk]:
    """Cut trials into runs of equal size, each within one part in `fraction` of the memory budget.

    The size is a power of two, `most` at most (or all trials, if fewer), so that runs with different numbers of trials share one
    program; it depends on the network, the stimulus and the budget, never on the number of workers.

    Parameters
    ----------
    n_trials : int
    need : Need
        Memory that a run takes.
    memory : int, bytes
        The budget.
    fraction : int
        How many runs of that size fit into the budget.
    most : int
        Copies of the network in a run.

    Returns
    -------
    list of Chunk

    Raises
    ------
    ValueError
        If a single trial needs more than the budget.
    """
    if need.of(1) > memory:
        raise ValueError(
            f"memory = {memory / 1e9:.3g} GB: one trial needs about {need.of(1) / 1e9:.3g} GB; "
            "raise memory, record less, or simulate fewer neurons or a shorter time"
        )
    # Only a part of the budget for one run, so that several can go on at the same time.
    fitting = max(1, (memory // fraction - need.shared) // need.each)
    return chunks_of(n_trials, min(2 ** int(np.log2(fitting)), most, n_trials))


def chunks_of(n_trials: int, size: int, block: int = 0) -> list[Chunk]:
    """Cut trials into runs of so many.

    Parameters
    ----------
    n_trials, size : int
    block : int
        Of each chunk; see `Chunk`.

    Returns
    -------
    list of Chunk
    """
    firsts = range(0, n_trials, size)
    return [Chunk(number, first, min(size, n_trials - first), size, block) for number, first in enumerate(firsts)]


def joined_chunks(parts: list[Chunk], need: Need, memory: int, jobs: int, most: int) -> list[Chunk]:
    """As few runs as half of the memory budget allows, but one for each job; each is several of the `parts`, which are its blocks.

    Nothing that belongs to a trial or a part depends on how many there are in a run.

    Parameters
    ----------
    parts : list of Chunk
        All of one size.
    need : Need
        Memory that a run takes.
    memory : int, bytes
        The budget.
    jobs : int
        Runs at the same time.
    most : int
        Copies of the network in a run.

    Returns
    -------
    list of Chunk

    Examples
    --------
    >>> [chunk.n_copies for chunk in joined_chunks(chunks_of(1000, 256), Need(0, 1000), 10**9, 2, 4096)]
    [512, 512]
    """
    block = parts[0].n_copies
    fitting = min(most, (memory // (2 * jobs) - need.shared) // need.each) // block
    n_chunks = max(-(-len(parts) // max(1, fitting)), min(jobs, len(parts)))
    last = parts[-1]
    return chunks_of(last.first + last.n_trials, -(-len(parts) // n_chunks) * block, block)
