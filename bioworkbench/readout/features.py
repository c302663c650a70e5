"""What a readout sees of the spikes: counts, counts in bins, filtered spikes, latencies, the last pattern.

Every feature is ``f(recording, populations, *, ...)``, puts the neurons of the populations side by side, and returns
(n_trials, n_features), or (n_trials, n_frames, n_features) where ``per_frame`` asks for a readout at every frame.
Times are compared as whole simulation steps: a spike in step k happens at k dt and counts to the bin that starts there.
"""

from collections.abc import Iterator, Sequence

import numpy as np

from bioworkbench.readout.spike_blocks import steps_of
from bioworkbench.records.annotations import Seconds
from bioworkbench.records.arrays import Floats, Integers, count, positive
from bioworkbench.records.counted import counted
from bioworkbench.records.errors import unknown_name
from bioworkbench.records.functions import Functions
from bioworkbench.records.recording import Recording, Spikes, spikes_of
from bioworkbench.records.times import seconds, whole_steps

__all__ = ["COUNTING", "FEATURES", "binned_counts", "filtered_spikes", "first_spike_latency", "last_step_pattern", "spike_counts"]


def spike_counts(recording: Recording, populations: Sequence[str]) -> Floats:
    """Number of spikes of each neuron in each trial.

    Parameters
    ----------
    recording : Recording
    populations : sequence of str

    Returns
    -------
    array (n_trials, n_neurons)

    Raises
    ------
    ValueError
        If a population is unknown or none is named.
    """
    if recording.counts:
        return np.concatenate([_counted(recording, name) for name in _named(recording, populations)], axis=1, dtype=float)
    return np.concatenate([_totals(recording, name, spikes) for name, spikes in _chosen(recording, populations)], axis=1)


def binned_counts(recording: Recording, populations: Sequence[str], *, bin: Seconds, per_frame: bool = False) -> Floats:
    """Number of spikes of each neuron in consecutive bins.

    Parameters
    ----------
    recording : Recording
    populations : sequence of str
    bin : float, seconds
        A whole number of simulation steps that divides the duration.
    per_frame : bool
        Keep the bins on an axis of their own instead of side by side.

    Returns
    -------
    array (n_trials, n_bins * n_neurons), bin by bin, or (n_trials, n_bins, n_neurons)

    Raises
    ------
    ValueError
        If a population is unknown, none is named, or the bin does not divide the duration.
    """
    length = _whole_steps("bin", bin, recording)
    n_bins = recording.n_steps // length
    binned = [
        _weighted(recording, name, spikes, steps_of(recording, spikes) // length, n_bins, None)
        for name, spikes in _chosen(recording, populations)
    ]
    return _arranged(np.concatenate(binned, axis=2), per_frame)


def filtered_spikes(
    recording: Recording, populations: Sequence[str], *, tau: Seconds, every: Seconds | None = None, per_frame: bool = False
) -> Floats:
    """Spike trains convolved with exp(-t / tau), read at the end of the trial or at regular times.

    A spike has weight 1 in its own step, so that the value at time T is the sum of exp(-(T - t - dt) / tau) over the
    spikes at times t < T.

    Parameters
    ----------
    recording : Recording
    populations : sequence of str
    tau : float, seconds
        Time constant of the filter.
    every : float, seconds, optional
        Read at ``every``, ``2 * every``, ... up to the duration, which it must divide; by default only at the end.
    per_frame : bool
        Keep the reading times on an axis of their own instead of side by side.

    Returns
    -------
    array (n_trials, n_times * n_neurons), time by time, or (n_trials, n_times, n_neurons)

    Raises
    ------
    ValueError
        If a population is unknown, none is named, tau is not above zero, or `every` does not divide the duration.

    References
    ----------
    Maass, Natschläger & Markram (2002), Real-time computing without stable states, doi:10.1162/089976602760407955.
    """
    tau = positive("tau", seconds("tau", tau))
    length = recording.n_steps if every is None else _whole_steps("every", every, recording)
    filtered = [_filtered(recording, name, spikes, tau, length) for name, spikes in _chosen(recording, populations)]
    return _arranged(np.concatenate(filtered, axis=2), per_frame)


def first_spike_latency(recording: Recording, populations: Sequence[str], *, missing: Seconds | None = None) -> Floats:
    """Time of the first spike of each neuron in each trial, seconds.

    Parameters
    ----------
    recording : Recording
    populations : sequence of str
    missing : float, seconds, optional
        Value for neurons that stay silent; by default the duration of the trial.

    Returns
    -------
    array (n_trials, n_neurons)

    Raises
    ------
    ValueError
        If a population is unknown or none is named.
    """
    silent = recording.duration if missing is None else seconds("missing", missing)
    return np.concatenate([_first(recording, name, spikes, silent) for name, spikes in _chosen(recording, populations)], axis=1)


def last_step_pattern(recording: Recording, populations: Sequence[str], *, n_steps: int = 1) -> Floats:
    """Which neurons spike (1) or not (0) in each of the last steps.

    Parameters
    ----------
    recording : Recording
    populations : sequence of str
    n_steps : int
        How many steps, at most those of a trial.

    Returns
    -------
    array (n_trials, n_steps * n_neurons), step by step

    Raises
    ------
    ValueError
        If a population is unknown, none is named, or a trial has fewer steps.
    """
    if count("n_steps", n_steps) > recording.n_steps:
        raise ValueError(f"n_steps = {n_steps}: a trial has {counted(recording.n_steps, 'step')}")
    start = recording.n_steps - n_steps
    patterns = []
    for name, spikes in _chosen(recording, populations):
        step = steps_of(recording, spikes) - start
        late = step >= 0
        kept = Spikes(spikes.trial[late], spikes.neuron[late], spikes.time[late])
        patterns.append(_weighted(recording, name, kept, step[late], n_steps, None))
    return _arranged(np.concatenate(patterns, axis=2), per_frame=False)


def _named(recording: Recording, populations: Sequence[str]) -> list[str]:
    names = [populations] if isinstance(populations, str) else list(populations)
    if not names:
        raise ValueError(f"populations = {populations!r}: name at least one of {', '.join(recording.spikes or recording.counts)}")
    return names


def _chosen(recording: Recording, populations: Sequence[str]) -> Iterator[tuple[str, Spikes]]:
    return iter([(name, spikes_of(recording, name)) for name in _named(recording, populations)])


def _counted(recording: Recording, name: str) -> Integers:
    if name not in recording.counts:
        raise ValueError(unknown_name(name, "counted population", recording.counts))
    return recording.counts[name]


def _whole_steps(name: str, value: float, recording: Recording) -> int:
    """Simulation steps in a stretch of time that must divide the duration."""
    steps = whole_steps(name, positive(name, seconds(name, value)), recording.dt)
    if recording.n_steps % steps:
        raise ValueError(f"{name} = {value} s: must divide the duration {recording.duration} s of a trial")
    return steps


def _totals(recording: Recording, name: str, spikes: Spikes) -> Floats:
    return _weighted(recording, name, spikes, np.int64(0), 1, None)[:, 0]


def _weighted(
    recording: Recording, name: str, spikes: Spikes, slot: Integers | np.int64, n_slots: int, weights: Floats | None
) -> Floats:
    """Sum of the spikes' weights (1 by default) as (n_trials, n_slots, n_neurons); `slot` says where each spike goes."""
    shape = (recording.n_trials, n_slots, recording.sizes[name])
    cell = (spikes.trial * shape[1] + slot) * shape[2] + spikes.neuron
    return np.bincount(cell, weights, minlength=int(np.prod(shape))).reshape(shape).astype(float, copy=False)


def _filtered(recording: Recording, name: str, spikes: Spikes, tau: float, length: int) -> Floats:
    """Filtered spikes (n_trials, n_times, n_neurons): sums within each stretch, then decay from stretch to stretch."""
    step = steps_of(recording, spikes)
    to_go = length - 1 - step % length
    weights = np.exp(-to_go * recording.dt / tau)
    filtered = _weighted(recording, name, spikes, step // length, recording.n_steps // length, weights)
    decay = np.exp(-length * recording.dt / tau)
    for k in range(1, filtered.shape[1]):
        filtered[:, k] += decay * filtered[:, k - 1]
    return filtered


def _first(recording: Recording, name: str, spikes: Spikes, silent: float) -> Floats:
    shape = (recording.n_trials, recording.sizes[name])
    first = np.full(shape, np.inf)
    np.minimum.at(first, (spikes.trial, spikes.neuron), spikes.time)
    first[np.isinf(first)] = silent
    return first


def _arranged(values: Floats, per_frame: bool) -> Floats:
    return values if per_frame else values.reshape(len(values), -1)


FEATURES = Functions(
    "features",
    {
        "binned_counts": binned_counts,
        "filtered_spikes": filtered_spikes,
        "first_spike_latency": first_spike_latency,
        "last_step_pattern": last_step_pattern,
        "spike_counts": spike_counts,
    },
)
"""Features by the name that a spec uses."""

COUNTING = (spike_counts,)
"""Features for which counts are enough (`Recording.counts`)."""
