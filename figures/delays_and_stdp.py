"""Delays and spike-timing dependent plasticity

Top: spikes of all cells in the first and in the last second. Bottom left: power of the excitatory population in the first and the last
20 s, relative to independent spikes. Right: weights of excitation at the end, all 6 mV at first. Look for power that
moves from below 10 Hz to 25 Hz, and for weights at either end.
"""

from collections.abc import Mapping, Sequence

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.figure import Figure

from bioworkbench.gallery.runs import FinishedRun
from bioworkbench.plots import style
from bioworkbench.readout.spike_distributions import rate_in_time
from bioworkbench.records.recording import Recording

SPECS = ("delays_and_stdp",)
_PART = 20.0  # seconds


def draw(results: Mapping[str, Sequence[FinishedRun]]) -> Figure:
    """Draw spikes, spectra and weights."""
    recording = results[SPECS[0]][0].record.data.recording
    with plt.rc_context(dict(style.RC)):
        figure, ((first, last), (power, weights)) = plt.subplots(2, 2, figsize=(style.PAGE, 4.2), layout="constrained")
        for axes, begin in ((first, 0.0), (last, recording.duration - 1)):
            below = 0
            for name, color in (("exc", style.BLUE), ("inh", style.ORANGE)):
                spikes = recording.spikes[name]
                shown = (spikes.time >= begin) & (spikes.time < begin + 1)
                axes.plot(spikes.time[shown], spikes.neuron[shown] + below, ".", color=color, markersize=1)
                below += recording.sizes[name]
            axes.set(xlabel="time (s)", ylabel="cell", xlim=(begin, begin + 1), ylim=(0, below))
        for at_end, color, label in ((False, "0.5", "first 20 s"), (True, style.BLUE, "last 20 s")):
            frequencies, values = spectrum(recording, at_end)
            shown = frequencies <= 100
            power.plot(frequencies[shown], values[shown], color=color, label=label)
        power.set(xlabel="frequency (Hz)", ylabel="power", ylim=(0, None))
        power.legend()
        weights.hist(recording.weights["exc_exc"][0] * 1e3, bins=np.linspace(0, 10, 21), color=style.BLUE)
        weights.set(xlabel="weight (mV)", ylabel="synapses")
        style.letter(figure.axes)
    return figure


def spectrum(recording: Recording, at_end: bool) -> tuple[np.ndarray, np.ndarray]:
    """Frequencies, hertz, and power of excitatory spikes at one end of the run, relative to independent ones; half seconds, averaged."""
    times, rates = rate_in_time(recording, "exc", bin=1e-3)
    part = times > recording.duration - _PART if at_end else times < _PART
    counts = rates[0][part] * 1e-3 * recording.sizes["exc"]
    segments = counts[: len(counts) // 500 * 500].reshape(-1, 500)
    amplitude = np.fft.rfft((segments - counts.mean()) * np.hanning(500), axis=1)[:, 1:]
    power = (np.abs(amplitude) ** 2).mean(axis=0) / (np.hanning(500) ** 2).sum() / counts.mean()
    return np.fft.rfftfreq(500, 1e-3)[1:], power
