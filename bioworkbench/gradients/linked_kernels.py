"""Steps of networks with few links, compiled: what a link costs is paid for links alone.

Arrays are (n_frames, n_neurons, n_trials), trials last, so that one link is one operation on a vector of trials. A frame lasts for
all steps where there is one, or for one step. The readable twin is `bioworkbench.gradients.networks.unrolled_outputs`.
"""

from typing import NamedTuple

import numpy as np
from numba import njit

__all__ = ["Constants", "drive", "fire", "link_gradient", "pulled_back", "through_steps"]


class Constants(NamedTuple):
    """Numbers of the neurons of one layer.

    Parameters
    ----------
    leak, threshold, strict
        As of `bioworkbench.gradients.layers.Neuron`.
    taken : float
        From the potential at a spike; where `to_zero`, everything is.
    to_zero : bool
        Whether the reset is to zero.
    floor : float
        Minus infinity where there is none.
    start : float
        ``Neuron.left_at_start``.
    """

    leak: float
    threshold: float
    taken: float
    to_zero: bool
    strict: bool
    floor: float
    start: float


@njit(cache=True)
def _present(row: np.ndarray, trials: np.ndarray, values: np.ndarray) -> int:
    """Number of trials whose signal is not 0; fills which they are, and their signal."""
    n = 0
    for trial in range(row.size):
        if row[trial] != 0:
            trials[n], values[n] = trial, row[trial]
            n += 1
    return n


@njit(cache=True, fastmath=True)
def _add_at(row: np.ndarray, trials: np.ndarray, values: np.ndarray, weight: float) -> None:
    for k in range(trials.size):
        row[trials[k]] += weight * values[k]


@njit(cache=True, fastmath=True)
def _product_at(row: np.ndarray, trials: np.ndarray, values: np.ndarray) -> float:
    total = row.dtype.type(0)
    for k in range(trials.size):
        total += values[k] * row[trials[k]]
    return total


@njit(cache=True, fastmath=True)
def _add(row: np.ndarray, other: np.ndarray, weight: float) -> None:
    for k in range(row.size):
        row[k] += weight * other[k]


@njit(cache=True, fastmath=True)
def drive(starts: np.ndarray, targets: np.ndarray, weights: np.ndarray, bias: np.ndarray, signal: np.ndarray) -> np.ndarray:
    """Drive of the targets of a layer.

    Parameters
    ----------
    starts : int array (n_source + 1,)
        Links of source i are those from ``starts[i]`` to ``starts[i + 1]``.
    targets, weights : arrays (n_links,)
    bias : array (n_target,)
    signal : array
        Costs what is not 0 in it.

    Returns
    -------
    array (n_frames, n_target, n_trials)
    """
    n_frames, n_source, n_trials = signal.shape
    found = np.empty((n_frames, bias.size, n_trials), dtype=signal.dtype)
    trials, values = np.empty(n_trials, dtype=np.uint32), np.empty(n_trials, dtype=signal.dtype)
    for frame in range(n_frames):
        for target in range(bias.size):
            found[frame, target] = bias[target]
        for source in range(n_source):
            # spikes are rare: the trials in which this source spikes are listed once for all of its links
            n = _present(signal[frame, source], trials, values)
            for link in range(starts[source], starts[source + 1]):
                _add_at(found[frame, targets[link]], trials[:n], values[:n], weights[link])
    return found


@njit(cache=True, fastmath=True)
def pulled_back(starts: np.ndarray, targets: np.ndarray, weights: np.ndarray, change: np.ndarray) -> np.ndarray:
    """Change of a signal from that of the drive: the transposed step of `drive`.

    Parameters
    ----------
    starts, targets, weights
        As of `drive`.
    change : array (n_frames, n_target, n_trials)
        Derivative of the loss by the drive.

    Returns
    -------
    array (n_frames, n_source, n_trials)
        Derivative of the loss by the signal.
    """
    n_frames, _, n_trials = change.shape
    found = np.zeros((n_frames, starts.size - 1, n_trials), dtype=change.dtype)
    for frame in range(n_frames):
        for source in range(starts.size - 1):
            for link in range(starts[source], starts[source + 1]):
                _add(found[frame, source], change[frame, targets[link]], weights[link])
    return found


@njit(cache=True, fastmath=True)
def link_gradient(starts: np.ndarray, targets: np.ndarray, signal: np.ndarray, change: np.ndarray) -> np.ndarray:
    """Gradient of the weights of links.

    Parameters
    ----------
    starts, targets
        As of `drive`.
    signal : array (n_frames, n_source, n_trials)
    change : array (n_frames, n_target, n_trials)
        Derivative of the loss by the drive.

    Returns
    -------
    array (n_links,)
    """
    n_frames, n_source, n_trials = signal.shape
    found = np.zeros(targets.size, dtype=signal.dtype)
    trials, values = np.empty(n_trials, dtype=np.uint32), np.empty(n_trials, dtype=signal.dtype)
    for frame in range(n_frames):
        for source in range(n_source):
            n = _present(signal[frame, source], trials, values)
            for link in range(starts[source], starts[source + 1]):
                found[link] += _product_at(change[frame, targets[link]], trials[:n], values[:n])
    return found


@njit(cache=True)
def fire(incoming: np.ndarray, neuron: Constants, n_steps: int) -> tuple[np.ndarray, np.ndarray]:
    """Steps of one layer of neurons.

    Parameters
    ----------
    incoming : array (1 or n_steps, n_neurons, n_trials)
        The drive; one frame is held for all steps.
    neuron : Constants
    n_steps : int

    Returns
    -------
    margins : array (n_steps, n_neurons, n_trials)
        Potential before the reset, minus threshold.
    spikes : array (n_steps, n_neurons, n_trials)
        0 or 1.
    """
    n_frames, n_neurons, n_trials = incoming.shape
    # a Python float would turn all of it into double precision
    real = incoming.dtype.type
    one, leak, threshold = real(1), real(neuron.leak), real(neuron.threshold)
    taken, floor = real(neuron.taken), real(neuron.floor)
    margins = np.empty((n_steps, n_neurons, n_trials), dtype=incoming.dtype)
    spikes = np.empty_like(margins)
    left = np.empty(n_trials, dtype=incoming.dtype)
    for i in range(n_neurons):
        left[:] = neuron.start
        for step in range(n_steps):
            frame = step if n_frames > 1 else 0
            given, margin, spike = incoming[frame, i], margins[step, i], spikes[step, i]
            for trial in range(n_trials):
                before = leak * left[trial] + given[trial]
                margin[trial] = before - threshold
                fired = one * ((margin[trial] > 0) | ((margin[trial] == 0) & (not neuron.strict)))
                spike[trial] = fired
                left[trial] = max(before * (one - fired) if neuron.to_zero else before - taken * fired, floor)
    return margins, spikes


@njit(cache=True)
def through_steps(
    margins: np.ndarray, spikes: np.ndarray, slopes: np.ndarray, change: np.ndarray, neuron: Constants, n_frames: int
) -> np.ndarray:
    """Change of the drive from that of the spikes, back through the steps.

    Parameters
    ----------
    margins, spikes : arrays (n_steps, n_neurons, n_trials)
        Of `fire`.
    slopes : array, as margins
        Derivatives that stand in for the step's; a reset passes none.
    change : array (1 or n_steps, n_neurons, n_trials)
        Derivative of the loss by the spikes.
    neuron : Constants
    n_frames : int
        Of the drive.

    Returns
    -------
    array (n_frames, n_neurons, n_trials)
    """
    n_steps, n_neurons, n_trials = margins.shape
    real = margins.dtype.type
    one, leak, threshold = real(1), real(neuron.leak), real(neuron.threshold)
    taken, floor = real(neuron.taken), real(neuron.floor)
    found = np.zeros((n_frames, n_neurons, n_trials), dtype=margins.dtype)
    later = np.empty(n_trials, dtype=margins.dtype)
    for i in range(n_neurons):
        later[:] = 0
        for step in range(n_steps - 1, -1, -1):
            own, given = found[step if n_frames > 1 else 0, i], change[step if change.shape[0] > 1 else 0, i]
            margin, spike, slope = margins[step, i], spikes[step, i], slopes[step, i]
            # back in the order opposite to `fire`: floor, reset, threshold, decay; a spike's part in the reset passes nothing
            for trial in range(n_trials):
                before, fired = margin[trial] + threshold, spike[trial]
                kept = one - fired if neuron.to_zero else one
                left = before * kept if neuron.to_zero else before - taken * fired
                kept *= one * (left > floor) + real(0.5) * (left == floor)  # as the derivative of JAX's maximum
                total = slope[trial] * given[trial] + kept * later[trial]
                own[trial] += total
                later[trial] = leak * total
    return found
