"""Population bursts by short-term plasticity

Top: spikes of all cells in two seconds. Bottom left: rate of the excitatory cells around the burst with most spikes, in bins of 2 ms;
bottom right: times between bursts. Look for bursts that hold most cells within 20 ms, and for intervals that differ,
although nothing in the network is random in time.
"""

from collections.abc import Mapping, Sequence

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.figure import Figure

from bioworkbench.gallery.runs import FinishedRun
from bioworkbench.plots import style
from bioworkbench.readout.spike_distributions import rate_in_time
from bioworkbench.records.recording import Recording

SPECS = ("population_bursts",)
_START = 1.0  # seconds that are left out


def draw(results: Mapping[str, Sequence[FinishedRun]]) -> Figure:
    """Draw spikes, one burst, and intervals between bursts."""
    recording = results[SPECS[0]][0].record.data.recording
    with plt.rc_context(dict(style.RC)):
        figure = plt.figure(figsize=(style.PAGE, 4.2), layout="constrained")
        axes = figure.subplot_mosaic([["spikes", "spikes"], ["burst", "intervals"]])
        first = 0
        for name, color in (("exc", style.BLUE), ("inh", style.ORANGE)):
            spikes = recording.spikes[name]
            shown = (spikes.time >= 2 * _START) & (spikes.time < 4 * _START)
            axes["spikes"].plot(spikes.time[shown], spikes.neuron[shown] + first, ".", color=color, markersize=1.2, label=name)
            first += recording.sizes[name]
        axes["spikes"].set(xlabel="time (s)", ylabel="cell", xlim=(2 * _START, 4 * _START), ylim=(0, first))
        times, rates = rate_in_time(recording, "exc", bin=2e-3)
        peak = times[np.where(times > _START, rates[0], 0).argmax()]
        near = abs(times - peak) < 0.1
        axes["burst"].plot((times[near] - peak) * 1e3, rates[0][near], color=style.BLUE)
        axes["burst"].set(xlabel="time from the peak (ms)", ylabel="rate (Hz)")
        axes["intervals"].hist(np.diff(bursts(recording)), bins=np.arange(0, 3.01, 0.2).tolist(), color=style.BLUE)
        axes["intervals"].set(xlabel="time between bursts (s)", ylabel="number")
        style.letter(figure.axes)
    return figure


def bursts(recording: Recording) -> np.ndarray:
    """Times (n_bursts,), seconds, at which more than 15 % of the excitatory cells begin to spike within 10 ms, without the first second."""
    times, rates = rate_in_time(recording, "exc", bin=10e-3)
    high = (rates[0] * 10e-3 > 0.15) & (times > _START)
    begins = times[np.flatnonzero(high & ~np.append(False, high[:-1]))]
    return begins[np.append(True, np.diff(begins) > 0.1)]  # a burst may fall below the limit for a bin
