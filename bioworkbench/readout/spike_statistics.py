"""Numbers that describe spike trains without a task: rate, irregularity, silence, variability, synchrony.

Every statistic is ``f(recording, population, ...) -> float``. Where it is not defined (too few spikes) it raises ValueError
with the reason; it never returns NaN.
"""

from collections.abc import Callable, Mapping

import numpy as np
from numpy.typing import ArrayLike

from bioworkbench.readout.spike_blocks import bins_of_trial, counts_in_bins, spike_blocks, steps_of
from bioworkbench.readout.spike_distributions import interval_variations
from bioworkbench.records.arrays import Floats, Integers, finite
from bioworkbench.records.counted import counted
from bioworkbench.records.recording import Recording, spikes_of

__all__ = ["STATISTICS", "cv_isi", "effective_rank", "fano_factor", "mean_rate", "silent_fraction", "synchrony"]

_SPARSE = 8  # cells per spike, up to which it is faster to count them all


def mean_rate(recording: Recording, population: str) -> float:
    """Mean firing rate over neurons, trials and time, hertz.

    Parameters
    ----------
    recording : Recording
    population : str

    Returns
    -------
    float

    Raises
    ------
    ValueError
        If the population is unknown.
    """
    spikes = spikes_of(recording, population)
    return len(spikes) / (recording.sizes[population] * recording.n_trials * recording.duration)


def silent_fraction(recording: Recording, population: str) -> float:
    """Fraction of the neurons that spike in no trial.

    Parameters
    ----------
    recording : Recording
    population : str

    Returns
    -------
    float

    Raises
    ------
    ValueError
        If the population is unknown.
    """
    counts = np.bincount(spikes_of(recording, population).neuron)
    return 1.0 - int((counts > 0).sum()) / recording.sizes[population]


def cv_isi(recording: Recording, population: str, *, n_intervals: int = 2) -> float:
    """Coefficient of variation of interspike intervals: deviation over mean, for each neuron in each trial, then averaged.

    It is 0 for a clock and 1 for long Poisson trains; trains of few intervals bias it downward.

    Parameters
    ----------
    recording : Recording
    population : str
    n_intervals : int
        Trains with fewer intervals are left out; two or more.

    Returns
    -------
    float

    Raises
    ------
    ValueError
        If the population is unknown, or no train has enough spikes.

    References
    ----------
    Softky & Koch (1993), The highly irregular firing of cortical cells, doi:10.1523/JNEUROSCI.13-01-00334.1993.
    """
    return float(interval_variations(recording, population, n_intervals=n_intervals).mean())


def fano_factor(recording: Recording, population: str, *, bin: float = 0.005) -> float:
    """Variance over mean of the population's spike count in a bin, over bins and trials: 1 for independent Poisson neurons.

    Parameters
    ----------
    recording : Recording
    population : str
    bin : float, seconds
        The rest of a trial that fills no bin is left out.

    Returns
    -------
    float

    Raises
    ------
    ValueError
        If the population is unknown or silent, or fewer than two bins fit into a trial.
    """
    counts = _totals(recording, population, bin)
    if counts.sum() == 0:
        raise ValueError(
            f"population '{population}' has no spike in {counted(recording.n_trials, 'trial')}; its Fano factor is not defined"
        )
    return float(counts.var() / counts.mean())


def synchrony(recording: Recording, population: str, *, bin: float = 0.005) -> float:
    """Golomb's chi of binned spikes: deviation over time of the mean over neurons, relative to that of single neurons.

    It is 1 when all neurons do the same and about 1 / sqrt(n) when n neurons are independent. Variances are over the bins
    of a trial and are averaged over neurons and trials before the ratio is taken.

    Parameters
    ----------
    recording : Recording
    population : str
    bin : float, seconds
        The rest of a trial that fills no bin is left out.

    Returns
    -------
    float

    Raises
    ------
    ValueError
        If the population is unknown, no neuron's count varies over time, or fewer than two bins fit into a trial.

    References
    ----------
    Golomb (2007), Neuronal synchrony measures, doi:10.4249/scholarpedia.1347.
    """
    totals = _totals(recording, population, bin)
    (n_trials, n_bins), size, length = totals.shape, recording.sizes[population], bins_of_trial(recording, bin)[0]
    together, squares = (totals / size).var(axis=1).mean(), 0.0
    for spikes in spike_blocks(recording, population):
        place = steps_of(recording, spikes) // length
        whole = place < n_bins
        train = (spikes.trial[whole] - spikes.trial[0]) * np.int64(size) + spikes.neuron[whole]
        cell, counts = _counted(train * n_bins + place[whole])
        sums = np.bincount(cell // n_bins, counts)
        squares += (counts**2).sum() / n_bins - ((sums / n_bins) ** 2).sum()
    alone = squares / (n_trials * size)
    if alone <= 0:
        raise ValueError(
            f"population '{population}': no neuron's spike count varies over the {n_bins} bins of a trial; synchrony is not defined"
        )
    return float(np.sqrt(together / alone))


def effective_rank(features: ArrayLike) -> float:
    """Number of dimensions in which features vary: squared sum of the eigenvalues of their covariance over the sum of squares.

    It is 1 where all features rise and fall together, and their number where they vary independently and alike.

    Parameters
    ----------
    features : array (n_trials, n_features) or (n_trials, n_frames, n_features)
        Frames count as trials.

    Returns
    -------
    float
        Participation ratio.

    Raises
    ------
    ValueError
        If a value is not finite, there are fewer than two trials, or no feature varies.

    References
    ----------
    L. F. Abbott, K. Rajan & H. Sompolinsky (2011), in "The dynamic brain", Oxford University Press; P. Gao et al. (2017),
    doi 10.1101/214262.

    Examples
    --------
    >>> round(effective_rank([[0, 0, 1], [1, 2, 1], [2, 4, 1]]), 6), round(effective_rank([[0, 1], [1, 0], [0, 0], [1, 1]]), 6)
    (1.0, 2.0)
    """
    values = finite("features", features)
    rows = values.reshape(-1, values.shape[-1]) if values.ndim > 1 else values[:, None]
    if len(rows) < 2:
        raise ValueError(f"features of shape {values.shape} are of {counted(len(rows), 'trial')}; a rank needs two or more")
    if not np.ptp(rows, axis=0).any():
        raise ValueError(
            f"none of the {counted(rows.shape[1], 'feature')} varies over {counted(len(rows), 'trial')}; a rank needs one that does"
        )
    centered = rows - rows.mean(axis=0)
    # the product with the fewer rows has the same eigenvalues but for zeros; of those only sums are needed
    spread = centered @ centered.T if len(rows) < rows.shape[1] else centered.T @ centered
    return float(np.trace(spread) ** 2 / np.square(spread).sum())


STATISTICS: Mapping[str, Callable[..., float]] = {
    "cv_isi": cv_isi,
    "fano_factor": fano_factor,
    "mean_rate": mean_rate,
    "silent_fraction": silent_fraction,
    "synchrony": synchrony,
}
"""Statistics by the name that a spec uses."""


def _counted(cells: Integers) -> tuple[Integers, Integers]:
    """Cells with a spike, in order, and how many each has; sorted only where there are many more cells than spikes."""
    if cells.size == 0 or cells.max() > _SPARSE * cells.size:
        return np.unique(cells, return_counts=True)
    counts = np.bincount(cells)
    cell = np.flatnonzero(counts)
    return cell, counts[cell]


def _totals(recording: Recording, population: str, bin: float) -> Floats:
    """Spike counts of the population (n_trials, n_bins)."""
    totals = counts_in_bins(recording, population, bin, np.zeros(recording.sizes.get(population, 0), int), 1)[:, 0]
    if totals.shape[1] < 2:
        raise ValueError(f"bin = {bin} s: at least two bins must fit into a trial of {recording.duration} s")
    return totals
