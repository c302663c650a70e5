"""Current steps: voltage responses and f-I curve

Adapting neurons (adaptive exponential integrate-and-fire) get steps of current, each neuron one of its own. Left: membrane potentials
at four strengths. Right: spikes per second of the step, and the inverse of the first interval. Look for intervals that grow during a
step, and for the gap between the two curves, which is the adaptation.
"""

from collections.abc import Mapping, Sequence

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.figure import Figure

from bioworkbench.gallery.runs import FinishedRun
from bioworkbench.plots import style
from bioworkbench.plots.panels import COLORS

SPECS = ("current_steps",)
SHOWN = (0, 13, 16, 22)  # neurons


def draw(results: Mapping[str, Sequence[FinishedRun]]) -> Figure:
    """Draw the responses, and the curve."""
    recording = results["current_steps"][0].record.data.recording
    voltage, drive = recording.traces["cells.v"], recording.traces["cells.drive"]
    currents = drive.values[0, drive.values.shape[1] // 2] * 1e12
    length = np.ptp(drive.times[drive.values[0, :, -1] != 0]) + drive.times[1]
    with plt.rc_context(dict(style.RC)):
        figure, (responses, curve) = plt.subplots(1, 2, figsize=(style.PAGE, 2.6), layout="constrained")
        for k, neuron in enumerate(n for n in SHOWN if n < len(currents)):
            label = f"{currents[neuron]:+.0f} pA"
            responses.plot(voltage.times * 1e3, voltage.values[0, :, neuron] * 1e3, color=COLORS[k], label=label, linewidth=0.7)
        responses.set(xlabel="time (ms)", ylabel="membrane potential (mV)", ylim=(-90, 15))  # room for the legend
        responses.legend(loc="upper right", ncols=2)
        spikes = recording.spikes["cells"]
        times = [np.sort(spikes.time[spikes.neuron == neuron]) for neuron in range(len(currents))]
        curve.plot(currents, [len(each) / length for each in times], "o-", color=COLORS[0], markersize=3, label="whole step")
        first = [1 / (each[1] - each[0]) if len(each) > 1 else np.nan for each in times]
        curve.plot(currents, first, "s-", color=COLORS[1], markersize=3, label="first interval")
        curve.set(xlabel="current (pA)", ylabel="rate (Hz)")
        curve.legend(loc="upper left")
        style.letter(figure.axes)
    return figure
