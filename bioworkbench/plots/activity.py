"""Panels of what lies behind the statistics of a recording: distributions over neurons, intervals and pairs, and spectra."""

# pyright: reportArgumentType=false
# Matplotlib takes arrays where its types say sequences

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np
from matplotlib.axes import Axes

from bioworkbench.plots.panels import color, in_readable_unit, time_scale, traces
from bioworkbench.readout.spike_distributions import (
    count_correlations,
    interval_variations,
    intervals,
    neuron_rates,
    power_spectrum,
)
from bioworkbench.records.arrays import Floats
from bioworkbench.records.counted import counted
from bioworkbench.records.probe import owner_and_variable
from bioworkbench.records.recording import Recording, Trace

__all__ = ["correlations", "interval_histogram", "rates_of_neurons", "spectra", "synapses_in_time", "traced", "variations"]

_N_BINS = 40
_ROUND_OFF = 1e-9
_QUANTILES = (0.05, 0.25, 0.75, 0.95)
_BANDS = ("nine tenths", "half")


def rates_of_neurons(axes: Axes, recording: Recording) -> bool:
    """Histogram of the mean rates of the neurons, by population.

    Parameters
    ----------
    axes : Axes
    recording : Recording

    Returns
    -------
    bool
        Whether there was anything to draw, as of all panels here.
    """
    one_spike = 1 / (recording.n_trials * recording.duration)
    words = {"xlabel": "mean rate of a neuron (Hz)", "ylabel": "% of neurons", "title": "Rates of neurons"}
    return _histograms(axes, recording, neuron_rates, words, one_spike)


def interval_histogram(axes: Axes, recording: Recording) -> bool:
    """Histogram of interspike intervals, by population; the longest hundredth is left out.

    Parameters
    ----------
    axes : Axes
    recording : Recording

    Returns
    -------
    bool
        Whether there was anything to draw.
    """

    step = 1e3 * recording.dt

    def shown(recording: Recording, population: str) -> Floats:
        steps = np.rint(intervals(recording, population) / recording.dt)
        return step * steps[steps <= np.quantile(steps, 0.99)]

    words = {"xlabel": "interspike interval (ms)", "ylabel": "% of intervals", "title": "Interspike intervals"}
    return _histograms(axes, recording, shown, words, step)


def variations(axes: Axes, recording: Recording) -> bool:
    """Histogram of the coefficients of variation of intervals, by population, with that of a Poisson process.

    Parameters
    ----------
    axes : Axes
    recording : Recording

    Returns
    -------
    bool
        Whether there was anything to draw.
    """
    words = {"xlabel": "CV of the intervals of a neuron", "ylabel": "% of spike trains", "title": "Irregularity"}
    drawn = _histograms(axes, recording, interval_variations, words)
    if drawn:
        axes.axvline(1.0, color="#888888", linewidth=0.8, linestyle="--")
    return drawn


def correlations(axes: Axes, recording: Recording) -> bool:
    """Histogram of the correlations between spike counts of pairs of neurons, by population.

    Parameters
    ----------
    axes : Axes
    recording : Recording

    Returns
    -------
    bool
        Whether there was anything to draw.
    """
    words = {"xlabel": "correlation of counts in 20 ms", "ylabel": "% of pairs", "title": "Pairs of neurons"}
    return _histograms(axes, recording, count_correlations, words)


def spectra(axes: Axes, recording: Recording) -> bool:
    """Power spectra of the population counts, relative to independent Poisson neurons.

    Parameters
    ----------
    axes : Axes
    recording : Recording

    Returns
    -------
    bool
        Whether there was anything to draw.
    """
    found = list(_found(recording, power_spectrum))
    for k, name, (frequencies, power) in found:
        axes.loglog(frequencies, np.maximum(power, 1e-12), color=color(k), linewidth=1.1, label=name)
    if found:
        axes.axhline(1.0, color="#888888", linewidth=0.8, linestyle="--")
        axes.set(xlabel="frequency (Hz)", ylabel="power / Poisson", title="Spectrum of population activity")
        axes.legend()
    return bool(found)


def traced(axes: Axes, recording: Recording, name: str, trial: int = 0) -> None:
    """A trace: lines of some neurons, or how the values of synapses are distributed as time goes on.

    Parameters
    ----------
    axes : Axes
    recording : Recording
    name : str
        ``"population.variable"`` or ``"projection.variable"``.
    trial : int
    """
    if owner_and_variable(name)[0] in recording.sizes:
        traces(axes, name, recording.traces[name], recording.duration, trial)
    else:
        synapses_in_time(axes, name, recording.traces[name], recording.duration, trial)


def synapses_in_time(axes: Axes, name: str, trace: Trace, duration: float, trial: int = 0) -> None:
    """Mean of a variable of synapses in time, and between what bounds half and nine tenths of them lie.

    Parameters
    ----------
    axes : Axes
    name : str
        ``"projection.variable"``.
    trace : Trace
    duration : float, seconds
    trial : int
    """
    scale, time_unit = time_scale(duration)
    values, label = in_readable_unit(trace[trial], trace.unit)
    times, quantiles = trace.times * scale, np.quantile(values, _QUANTILES, axis=1)
    for k, band in enumerate(_BANDS):
        axes.fill_between(times, quantiles[k], quantiles[-1 - k], color=color(0), alpha=0.15 + 0.15 * k, linewidth=0, label=band)
    axes.plot(times, values.mean(axis=1), color=color(0), linewidth=1.3, label="mean")
    axes.set(xlabel=f"time ({time_unit})", ylabel=f"{owner_and_variable(name)[1]}{label}", xlim=(0, duration * scale))
    axes.set_title(f"{name} of {counted(len(trace.neurons), 'synapse')} in trial {trial}")
    axes.legend()


def _histograms(
    axes: Axes, recording: Recording, values: Callable[[Recording, str], Floats], words: Mapping[str, str], apart: float = 0.0
) -> bool:
    """Histograms of all populations on common bins, in percent; `apart` is how far values are apart that can occur, where they are."""
    found = list(_found(recording, values))
    if not found:
        return False
    everything = np.concatenate([numbers for _, _, numbers in found])
    n_bins, bounds = _bins(float(everything.min()), float(everything.max()), apart)
    edges = np.linspace(*bounds, n_bins + 1)
    for k, name, numbers in found:
        # Given as edges, bins would be searched one by one for every number.
        heights = 100 * np.histogram(numbers, n_bins, bounds)[0] / len(numbers)
        axes.stairs(heights, edges, color=color(k), fill=True, alpha=0.25)
        axes.stairs(heights, edges, color=color(k), linewidth=1.3, label=name)
    axes.set(**words)
    axes.legend()
    return True


def _bins(low: float, high: float, apart: float) -> tuple[int, tuple[float, float]]:
    """Number of bins, and where they begin and end: of values that are counts of something, each bin holds as many that can occur."""
    if not apart:
        return _N_BINS, (low, high if high - low > _ROUND_OFF else low + 1)
    first, n_values = round(low / apart), round(high / apart) - round(low / apart) + 1
    width = -(-n_values // _N_BINS)
    n_bins = -(-n_values // width)
    begin = (first - 0.5) * apart
    return n_bins, (begin, begin + n_bins * width * apart)


def _found(recording: Recording, values: Callable[[Recording, str], Any]) -> Iterator[tuple[int, str, Any]]:
    """Number, name and values of the populations that have any."""
    for k, name in enumerate(recording.spikes):
        try:
            yield k, name, values(recording, name)
        except ValueError:
            continue
