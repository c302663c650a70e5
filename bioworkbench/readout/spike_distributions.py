"""Distributions behind the statistics of spike trains: intervals, their variation, rates of neurons and in time, spectra, correlations.

Where something is not defined (too few spikes) a function raises ValueError with the reason; it never returns NaN.
"""

import numpy as np

from bioworkbench.readout.spike_blocks import bins_of_trial, counts_in_bins, interval_blocks
from bioworkbench.records.arrays import Floats, count
from bioworkbench.records.counted import counted
from bioworkbench.records.recording import Recording, spikes_of

__all__ = ["count_correlations", "interval_variations", "intervals", "neuron_rates", "power_spectrum", "rate_in_time"]

_SEGMENT = 512  # bins of a segment of a spectrum


def intervals(recording: Recording, population: str) -> Floats:
    """Intervals between successive spikes of a neuron in a trial, of all neurons and trials.

    Parameters
    ----------
    recording : Recording
    population : str

    Returns
    -------
    array (n_intervals,), seconds

    Raises
    ------
    ValueError
        If the population is unknown, or no neuron spikes twice in a trial.
    """
    found = [interval for _, interval in interval_blocks(recording, population)]
    if not any(map(len, found)):
        raise ValueError(
            f"population '{population}': no neuron spikes twice in a trial of {recording.duration} s; it has no intervals"
        )
    return np.concatenate(found)


def interval_variations(recording: Recording, population: str, *, n_intervals: int = 5) -> Floats:
    """Coefficient of variation of the intervals of every neuron in every trial.

    Parameters
    ----------
    recording : Recording
    population : str
    n_intervals : int
        Trains with fewer are left out; few intervals bias the variation downwards.

    Returns
    -------
    array (n_trains,)

    Raises
    ------
    ValueError
        If the population is unknown, or no train has enough intervals.
    """
    least = count("n_intervals", n_intervals, least=2)
    found = []
    for first, interval in interval_blocks(recording, population):
        number = np.diff(first, append=len(interval))
        mean = np.add.reduceat(interval, first) / number if len(first) else np.zeros(0)
        away = (interval - np.repeat(mean, number)) ** 2
        variance = np.add.reduceat(away, first) / number if len(first) else mean
        found.append((np.sqrt(variance) / mean)[number >= least])
    together = np.concatenate([np.zeros(0), *found])
    if not together.size:
        raise ValueError(
            f"population '{population}' has no spike train with {least + 1} spikes in a trial of {recording.duration} s; "
            "the variation of its intervals is not defined"
        )
    return together


def neuron_rates(recording: Recording, population: str) -> Floats:
    """Mean rate of every neuron over all trials.

    Parameters
    ----------
    recording : Recording
    population : str

    Returns
    -------
    array (n_neurons,), hertz

    Raises
    ------
    ValueError
        If the population is unknown.
    """
    counts = np.bincount(spikes_of(recording, population).neuron, minlength=recording.sizes[population])
    return counts / (recording.n_trials * recording.duration)


def rate_in_time(recording: Recording, population: str, *, bin: float = 5e-3) -> tuple[Floats, Floats]:
    """Mean rate of a population in each trial, bin by bin.

    Parameters
    ----------
    recording : Recording
    population : str
    bin : float, seconds
        Rounded to whole steps; what does not fill a bin at the end is left out.

    Returns
    -------
    times : array (n_bins,), seconds
        Middles of the bins.
    rates : array (n_trials, n_bins), hertz

    Raises
    ------
    ValueError
        If the population is unknown, or `bin` is not above 0.
    """
    n = recording.sizes.get(population, 0)
    counts = counts_in_bins(recording, population, bin, np.zeros(n, dtype=int), 1)[:, 0]
    width = bins_of_trial(recording, bin)[0] * recording.dt
    return (np.arange(counts.shape[1]) + 0.5) * width, counts / (n * width)


def power_spectrum(recording: Recording, population: str, *, bin: float = 1e-3) -> tuple[Floats, Floats]:
    """Power of the population's spike count over frequency, relative to that of independent Poisson neurons of the same rate.

    Welch's method with Hann windows over segments of at most 512 bins, averaged over segments and trials.

    Parameters
    ----------
    recording : Recording
    population : str
    bin : float, seconds

    Returns
    -------
    frequencies : array (n_frequencies,), hertz
        Above 0.
    power : array (n_frequencies,)
        1 for independent Poisson neurons.

    Raises
    ------
    ValueError
        If the population is unknown or silent, or fewer than 16 bins fit into a trial.

    References
    ----------
    Welch, IEEE Trans. Audio Electroacoust. 15, 1967, doi 10.1109/TAU.1967.1161901.
    """
    spikes_of(recording, population)  # an unknown population is refused
    counts = counts_in_bins(recording, population, bin, np.zeros(recording.sizes[population], dtype=int), 1)[:, 0]
    width = bins_of_trial(recording, bin)[0] * recording.dt
    if counts.shape[1] < 16 or counts.sum() == 0:
        raise ValueError(
            f"population '{population}' has {int(counts.sum())} spikes in {counts.shape[1]} bins of {width} s; "
            "a spectrum needs spikes and 16 bins"
        )
    frequencies, density = _welch(counts, 1 / width, min(_SEGMENT, counts.shape[1]))
    return frequencies[1:-1], density.mean(axis=0)[1:-1] / (2 * width * counts.mean())


def _welch(values: Floats, rate: float, length: int) -> tuple[Floats, Floats]:
    """Frequencies and density (n_rows, n_frequencies) as `scipy.signal.welch` gives them, which takes longer to import than to run."""
    window = np.hanning(length + 1)[:-1]
    segments = np.lib.stride_tricks.sliding_window_view(values, length, axis=1)[:, :: length - length // 2]
    amplitudes = np.fft.rfft(window * (segments - segments.mean(axis=2, keepdims=True)))
    density = np.mean(amplitudes.real**2 + amplitudes.imag**2, axis=1) / (rate * np.square(window).sum())
    # Each frequency but 0, and the highest one where there is one, stands for itself and its negative.
    density[:, 1 : None if length % 2 else -1] *= 2
    return np.fft.rfftfreq(length, 1 / rate).astype(float), density


def count_correlations(recording: Recording, population: str, *, bin: float = 0.02, n_neurons: int = 100) -> Floats:
    """Pearson correlations of binned spike counts of all pairs among some neurons; bins of all trials together.

    Parameters
    ----------
    recording : Recording
    population : str
    bin : float, seconds
    n_neurons : int
        Evenly spaced ones are taken of larger populations; silent ones, whose correlation is not defined, are left out.

    Returns
    -------
    array (n_pairs,)

    Raises
    ------
    ValueError
        If the population is unknown, or fewer than two neurons vary.
    """
    size = recording.sizes.get(population, 0)
    chosen = np.unique(np.linspace(0, max(size - 1, 0), count("n_neurons", n_neurons, least=2)).astype(int))
    row = np.full(size, -1)
    row[chosen[:size]] = np.arange(len(chosen[:size]))
    counts = counts_in_bins(recording, population, bin, row, len(chosen)).transpose(1, 0, 2).reshape(len(chosen), -1)
    varying = counts[np.ptp(counts, axis=1) > 0] if counts.shape[1] else counts[:0]
    if len(varying) < 2:
        raise ValueError(
            f"population '{population}': {len(varying)} of {counted(len(chosen), 'neuron')} vary over bins of {bin} s; a pair needs two"
        )
    return np.corrcoef(varying, dtype=np.float64)[np.triu_indices(len(varying), 1)]
