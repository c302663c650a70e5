"""From what monitors hold to a `Recording`: copies back to trials, spikes sorted, surplus copies thrown away.

Everything is read and written block by block, and what grows large is kept in files without a name (in the folder that TMPDIR names),
which are mapped into memory and gone with the recording; memory does not grow with the number of spikes or steps.
"""

import mmap
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from bioworkbench.records.errors import SimulationError
from bioworkbench.records.probe import Probe
from bioworkbench.records.recording import Spikes
from bioworkbench.simulation.chunk import Chunk
from bioworkbench.simulation.finite import REMEDY

__all__ = ["GatheredCounts", "GatheredSpikes", "GatheredTrace", "Rows", "Stored"]

BLOCK = 2**19  # items that are handled at a time
IN_MEMORY = 4_000_000  # bytes from which an array is kept in a file


class Stored:
    """Array in a file, read slice by slice; the file may be removed meanwhile.

    Parameters
    ----------
    path : Path
        Missing is empty.
    dtype : data type
    width : int, optional
        Of a row, if the array has two axes.
    """

    def __init__(self, path: Path, dtype: Any, width: int | None = None) -> None:
        self.dtype, self.width = np.dtype(dtype), width or 1
        self.file = path.open("rb") if path.exists() else None
        n_rows = path.stat().st_size // (self.dtype.itemsize * self.width) if self.file else 0
        self.shape: tuple[int, ...] = (n_rows,) if width is None else (n_rows, width)

    def __len__(self) -> int:
        return self.shape[0]

    def __getitem__(self, part: slice) -> np.ndarray:
        begin, end, _ = part.indices(len(self))
        if self.file is None:
            return np.zeros((0, *self.shape[1:]), self.dtype)
        self.file.seek(begin * self.width * self.dtype.itemsize)
        return np.fromfile(self.file, self.dtype, (end - begin) * self.width).reshape(-1, *self.shape[1:])


Rows = np.ndarray | Stored


class _Spool:
    """Array that is written piece by piece, in memory while it is small."""

    def __init__(self, dtype: Any) -> None:
        self.dtype = np.dtype(dtype)
        self.file = tempfile.SpooledTemporaryFile(max_size=IN_MEMORY)  # noqa: SIM115  lives as long as the array

    def write(self, place: int, values: np.ndarray) -> None:
        self.file.seek(place * self.dtype.itemsize)
        self.file.write(np.ascontiguousarray(values, self.dtype).data)

    def array(self) -> np.ndarray:
        """All of it, read-only."""
        size = self.file.seek(0, 2)
        if size <= IN_MEMORY:
            self.file.seek(0)
            return np.frombuffer(self.file.read(), self.dtype)
        self.file.flush()
        return np.frombuffer(mmap.mmap(self.file.fileno(), 0, access=mmap.ACCESS_READ), self.dtype)


class GatheredSpikes:
    """Spikes of one population, gathered chunk by chunk in order of trials.

    Parameters
    ----------
    size : int
        Neurons of the population.
    """

    def __init__(self, size: int) -> None:
        self.size, self.n = size, 0
        self.columns = (_Spool(np.int32), _Spool(np.int32), _Spool(np.float64))

    def add(self, chunk: Chunk, index: Rows, time: Rows) -> None:
        """Add the spikes of a chunk; copies beyond its trials are surplus.

        Parameters
        ----------
        chunk : Chunk
        index : int array (n_spikes,)
            copy * size + neuron.
        time : array (n_spikes,), seconds
            Both in order of time, then index, where they are read from a file.
        """
        if isinstance(index, np.ndarray) and isinstance(time, np.ndarray) and not _sorted(index, time):
            order = np.lexsort((index, time))
            index, time = index[order], time[order]
        # First pass: numbers of spikes, which tell where each trial begins in the result before anything is written.
        counts = np.zeros(chunk.n_copies, int)
        for block in _blocks(len(index)):
            counts += np.bincount(index[block] // self.size, minlength=chunk.n_copies)
        counts = counts[: chunk.n_trials]
        places = self.n + np.cumsum(counts) - counts
        for block in _blocks(len(index)):
            # Second pass: sorting a block by copy alone, stably, keeps the order in time within each trial. Copies fit into 16
            # bits, for which NumPy's stable sort counts instead of comparing.
            copy, neuron = np.divmod(index[block], np.int32(self.size))
            order = np.argsort(copy.astype(np.uint16), kind="stable")
            bounds = np.searchsorted(copy[order], np.arange(chunk.n_trials + 1))
            columns = (copy[order] + chunk.first, neuron[order], time[block][order])
            # One block held all: the trials already lie one after the other, and a single write does.
            if len(order) == len(index):
                self._write(self.n, tuple(column[: bounds[-1]] for column in columns))
                break
            for trial in np.flatnonzero(np.diff(bounds)):
                self._write(int(places[trial]), tuple(column[bounds[trial] : bounds[trial + 1]] for column in columns))
            places += np.diff(bounds)
        self.n += int(counts.sum())

    def _write(self, place: int, columns: tuple[np.ndarray, ...]) -> None:
        for spool, column in zip(self.columns, columns, strict=True):
            spool.write(place, column)

    def spikes(self) -> Spikes:
        """All of them, sorted by (trial, time, neuron)."""
        return Spikes(*(column.array() for column in self.columns))


class GatheredCounts:
    """Numbers of spikes of the neurons of one population, gathered chunk by chunk in order of trials.

    Parameters
    ----------
    size : int
        Neurons of the population.
    """

    def __init__(self, size: int) -> None:
        self.size = size
        self.parts: list[np.ndarray] = []

    def add(self, chunk: Chunk, index: Rows, time: Rows) -> None:
        """Count the spikes of a chunk.

        Parameters
        ----------
        chunk : Chunk
        index : int array (n_spikes,)
            copy * size + neuron.
        time : array (n_spikes,), seconds
            Not looked at.
        """
        counts = np.zeros(chunk.n_copies * self.size, np.int64)
        for block in _blocks(len(index)):
            counts += np.bincount(index[block], minlength=counts.size)
        self.add_counts(chunk, counts)

    def add_counts(self, chunk: Chunk, counts: np.ndarray) -> None:
        """Add what a chunk counted itself.

        Parameters
        ----------
        chunk : Chunk
        counts : int array (n_copies * size,)
        """
        self.parts.append(counts.reshape(chunk.n_copies, self.size)[: chunk.n_trials].astype(np.int32, copy=False))

    def counts(self) -> np.ndarray:
        """All of them, int array (n_trials, n_neurons)."""
        return np.concatenate([np.zeros((0, self.size), np.int32), *self.parts])


class GatheredTrace:
    """Trace of one probe, gathered chunk by chunk in order of trials.

    Parameters
    ----------
    probe : Probe
    every : float, seconds
        Time between two rows.
    """

    def __init__(self, probe: Probe, every: float) -> None:
        self.probe, self.every = probe, every
        self.n_trials, self.shape, self.spool = 0, (0, 0), _Spool(np.float64)

    def add(self, chunk: Chunk, rows: Rows) -> None:
        """Add the rows that a chunk recorded.

        Parameters
        ----------
        chunk : Chunk
        rows : array (n_steps, n_copies * n_recorded)

        Raises
        ------
        SimulationError
            If a value is not finite.
        """
        n_steps, width = rows.shape[0], rows.shape[1] // chunk.n_copies
        self.shape = (n_steps, width)
        for block in _blocks(n_steps, max(1, BLOCK // rows.shape[1])):
            # Rows come step by step with all copies side by side, and are wanted trial by trial: each block goes to many
            # places.
            part = rows[block].reshape(-1, chunk.n_copies, width)
            if not np.isfinite(part[:, : chunk.n_trials]).all():
                raise SimulationError(self._not_finite(part[:, : chunk.n_trials], block.start))
            for trial in range(chunk.n_trials):
                self.spool.write(((self.n_trials + trial) * n_steps + block.start) * width, part[:, trial])
        self.n_trials += chunk.n_trials

    def _not_finite(self, part: np.ndarray, first: int) -> str:
        """Words about the first value of a block (n_steps, n_trials, n_recorded) that is not finite."""
        step, trial, place = np.argwhere(~np.isfinite(part))[0]
        neuron = place if self.probe.neurons is None else self.probe.neurons[place]
        return (
            f"{self.probe.name} became NaN or infinite: it is {part[step, trial, place]} in neuron {neuron} of trial "
            f"{self.n_trials + trial} at t = {(first + step) * self.every:.6f} s; {REMEDY}"
        )

    def trace(self) -> np.ndarray:
        """Array (n_trials, n_steps, n_recorded)."""
        return self.spool.array().reshape(self.n_trials, *self.shape)


def _blocks(n: int, size: int | None = None) -> Iterator[slice]:
    size = size or BLOCK
    return (slice(begin, min(begin + size, n)) for begin in range(0, n, size))


def _sorted(index: np.ndarray, time: np.ndarray) -> bool:
    later = np.diff(time)
    return bool(((later > 0) | ((later == 0) & (np.diff(index) >= 0))).all())
