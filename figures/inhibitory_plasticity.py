"""Inhibition that learns to balance excitation

Top: spikes of 100 excitatory cells in the first and the last 200 ms. Bottom: rates of both populations, and the mean weight of
inhibition with the range of the middle 80 %. Look for the rate that falls to the one aimed at (dashed) and stays near it, and for
spikes that become irregular.
"""

from collections.abc import Mapping, Sequence

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from bioworkbench.gallery.runs import FinishedRun
from bioworkbench.plots import style
from bioworkbench.readout.spike_distributions import rate_in_time
from bioworkbench.records.recording import Recording

SPECS = ("inhibitory_plasticity",)
TARGET = 5.0  # Hz


def draw(results: Mapping[str, Sequence[FinishedRun]]) -> Figure:
    """Draw spikes before and after, rates, and weights."""
    recording = results[SPECS[0]][0].record.data.recording
    with plt.rc_context(dict(style.RC)):
        figure, ((before, after), (rates, weights)) = plt.subplots(2, 2, figsize=(style.PAGE, 4.2), layout="constrained")
        window = min(0.2, recording.duration / 2)
        _dots(before, recording, 0.0, window)
        _dots(after, recording, recording.duration - window, recording.duration)
        for name, color in (("exc", style.BLUE), ("inh", style.ORANGE)):
            times, values = rate_in_time(recording, name, bin=recording.duration / 150)
            rates.plot(times, values[0], color=color, label=name, linewidth=0.9)
        rates.axhline(TARGET, color="0.4", linestyle="--", linewidth=0.7)
        rates.set(xlabel="time (s)", ylabel="rate (Hz)", yscale="log")
        rates.legend()
        trace = recording.traces["learning.weight"]
        low, high = np.percentile(trace.values[0], [10, 90], axis=1)
        weights.fill_between(trace.times, low, high, color=style.BLUE, alpha=0.25, linewidth=0)
        weights.plot(trace.times, trace.values[0].mean(axis=1), color=style.BLUE)
        weights.set(xlabel="time (s)", ylabel="weight (leak conductances)")
        style.letter(figure.axes)
    return figure


def _dots(axes: Axes, recording: Recording, begin: float, end: float, n: int = 100) -> None:
    """Spikes of the first excitatory cells in a window of time."""
    spikes = recording.spikes["exc"]
    shown = (spikes.neuron < n) & (spikes.time >= begin) & (spikes.time < end)
    axes.plot(spikes.time[shown] * 1e3, spikes.neuron[shown], ".", color=style.BLUE, markersize=2)
    axes.set(xlabel="time (ms)", ylabel="excitatory cell", xlim=(begin * 1e3, end * 1e3), ylim=(-1, n))
