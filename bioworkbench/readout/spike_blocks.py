"""Spikes of some trials at a time: the intervals and counts of millions of spikes are found without sorting or copying them all."""

from collections.abc import Iterator

import numpy as np

from bioworkbench.records.arrays import Floats, Integers, positive
from bioworkbench.records.recording import Recording, Spikes, spikes_of

__all__ = ["bins_of_trial", "counts_in_bins", "interval_blocks", "spike_blocks", "steps_of"]

_BLOCK = 1 << 18  # spikes
_FEW = 1 << 16


def spike_blocks(recording: Recording, population: str) -> Iterator[Spikes]:
    """Spikes of whole trials, block by block.

    Parameters
    ----------
    recording : Recording
    population : str

    Yields
    ------
    Spikes
        Not empty.

    Raises
    ------
    ValueError
        If the population is unknown.
    """
    spikes = spikes_of(recording, population)
    ends = np.searchsorted(spikes.trial, np.arange(recording.n_trials), side="right")
    wanted = np.searchsorted(ends, np.arange(_BLOCK, len(spikes) + _BLOCK, _BLOCK)).clip(max=len(ends) - 1)
    begin = 0
    for end in np.unique(ends[wanted]):
        part = slice(begin, end)
        yield Spikes(spikes.trial[part], spikes.neuron[part], spikes.time[part])
        begin = end


def bins_of_trial(recording: Recording, bin: float) -> tuple[int, int]:
    """Steps of a bin, and how many bins fit whole into a trial.

    Parameters
    ----------
    recording : Recording
    bin : float, seconds
        Rounded to whole steps.

    Returns
    -------
    (int, int)

    Raises
    ------
    ValueError
        If the bin is not positive.
    """
    length = max(1, round(positive("bin", bin) / recording.dt))
    return length, recording.n_steps // length


def steps_of(recording: Recording, spikes: Spikes) -> Integers:
    """Step of each spike: a spike in step k happens at k dt.

    Parameters
    ----------
    recording : Recording
    spikes : Spikes

    Returns
    -------
    int array (n_spikes,)
    """
    return np.rint(spikes.time / recording.dt).astype(np.int64)


def counts_in_bins(recording: Recording, population: str, bin: float, row: Integers, n_rows: int) -> Floats:
    """Spike counts in whole bins.

    Parameters
    ----------
    recording : Recording
    population : str
    bin : float, seconds
        Rounded to whole steps.
    row : int array (n_neurons,)
        In which row a neuron is counted; negative: in none.
    n_rows : int

    Returns
    -------
    array (n_trials, n_rows, n_bins)

    Raises
    ------
    ValueError
        If the population is unknown or the bin not positive.
    """
    length, n_bins = bins_of_trial(recording, bin)
    counts = np.zeros((recording.n_trials, n_rows, n_bins))
    for spikes in spike_blocks(recording, population):
        place, rows = steps_of(recording, spikes) // length, row[spikes.neuron]
        keep = (place < n_bins) & (rows >= 0)
        first, last = int(spikes.trial[0]), int(spikes.trial[-1]) + 1
        cell = ((spikes.trial[keep] - first) * np.int64(n_rows) + rows[keep]) * n_bins + place[keep]
        size = (last - first) * n_rows * n_bins
        counts[first:last] = np.bincount(cell, minlength=size).reshape(last - first, n_rows, n_bins)
    return counts


def interval_blocks(recording: Recording, population: str) -> Iterator[tuple[Integers, Floats]]:
    """Intervals between successive spikes, of whole trials, block by block.

    Parameters
    ----------
    recording : Recording
    population : str

    Yields
    ------
    (int array (n_trains,), array (n_intervals,) in seconds)
        Where the intervals of each train begin, a train being a neuron in a trial that spikes at least twice; and all intervals,
        train by train.

    Raises
    ------
    ValueError
        If the population is unknown.
    """
    for spikes in spike_blocks(recording, population):
        size, first, last = recording.sizes[population], spikes.trial[0], spikes.trial[-1]
        # For 16 bits NumPy's stable sort counts instead of comparing.
        fitting = np.uint16 if (int(last) - int(first) + 1) * size < _FEW else np.int64
        train = (spikes.trial - first).astype(fitting) * fitting(size) + spikes.neuron.astype(fitting)
        order = np.argsort(train, kind="stable")  # by train; in a train spikes stay in the order of time
        train, time = train[order], spikes.time[order]
        same = train[1:] == train[:-1]
        train = train[1:][same]
        begins = np.ones(len(train), dtype=bool)
        begins[1:] = train[1:] != train[:-1]
        yield np.flatnonzero(begins), np.diff(time)[same]
