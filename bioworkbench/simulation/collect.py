"""From what monitors hold to a `Recording`: copies back to trials, spikes sorted, surplus copies thrown away."""

from collections.abc import Mapping, Sequence

import numpy as np

from bioworkbench.signals import Spikes

__all__ = ["joined_spikes", "spikes_of_copies", "trace_of_copies"]


def spikes_of_copies(index: np.ndarray, time: np.ndarray, size: int, first_trial: int, n_trials: int) -> Spikes:
    """Spikes of one chunk, sorted by (trial, time, neuron).

    Parameters
    ----------
    index : int array (n_spikes,)
        copy * size + neuron.
    time : array (n_spikes,), seconds
    size : int
        Neurons of the population.
    first_trial, n_trials : int
        Copies from `n_trials` on are surplus.
    """
    if not _sorted(time, index):
        order = np.lexsort((index, time))
        index, time = index[order], time[order]
    copy, neuron = np.divmod(index.astype(np.int64), size)
    order = np.argsort(copy.astype(np.uint16) if copy.max(initial=0) < 2**16 else copy, kind="stable")  # short keys: by radix
    order = order[: np.count_nonzero(copy < n_trials)]
    return Spikes(copy[order] + first_trial, neuron[order], time[order])


def _sorted(time: np.ndarray, index: np.ndarray) -> bool:
    later = np.diff(time)
    return bool(((later > 0) | ((later == 0) & (np.diff(index) >= 0))).all())


def trace_of_copies(rows: np.ndarray, n_copies: int, n_trials: int) -> np.ndarray:
    """Trace (n_trials, n_steps, n_recorded) from rows (n_steps, n_copies * n_recorded)."""
    return np.ascontiguousarray(rows.reshape(len(rows), n_copies, -1)[:, :n_trials].transpose(1, 0, 2))


def joined_spikes(parts: Sequence[Mapping[str, Spikes]]) -> dict[str, Spikes]:
    """Spikes of all chunks, one after the other."""
    return {
        name: Spikes(*(np.concatenate([getattr(part[name], field) for part in parts]) for field in ("trial", "neuron", "time")))
        for name in parts[0]
    }
