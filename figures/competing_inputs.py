"""Inputs that compete by spike-timing dependent plasticity

Left: weights of a thousand alike inputs at the beginning and at the end, in parts of the largest weight. Middle: the same in time, dark
where weights are many. Right: rate of the cell. Look for the gap that opens between weak and strong inputs, and for the rate that falls.
"""

from collections.abc import Mapping, Sequence

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.figure import Figure

from bioworkbench.gallery.runs import FinishedRun
from bioworkbench.plots import style
from bioworkbench.readout.spike_distributions import rate_in_time

SPECS = ("competing_inputs",)
_EDGES = np.linspace(0, 1, 21)


def draw(results: Mapping[str, Sequence[FinishedRun]]) -> Figure:
    """Draw weights and rates."""
    data = results[SPECS[0]][0].record.data
    (inputs,) = [projection for projection in data.network.projections if projection.name == "inputs"]
    trace = data.recording.traces["inputs.weight"]
    weights = trace.values[0] / float(np.asarray(inputs.synapse.constants["largest"]))
    with plt.rc_context(dict(style.RC)):
        figure, (ends, course, rates) = plt.subplots(1, 3, figsize=(style.PAGE, 2.4), layout="constrained")
        ends.hist(weights[0], bins=_EDGES, histtype="step", color="0.5", label="beginning")
        ends.hist(weights[-1], bins=_EDGES, color=style.BLUE, label="end")
        ends.set(xlabel="weight (of the largest)", ylabel="inputs")
        ends.legend(loc="upper center")
        numbers = np.stack([np.histogram(row, bins=_EDGES)[0] for row in weights])
        times = np.append(trace.times, data.recording.duration)
        course.pcolormesh(times, _EDGES, numbers.T, cmap="Blues", vmax=200, rasterized=True)
        course.set(xlabel="time (s)", ylabel="weight (of the largest)")
        middles, values = rate_in_time(data.recording, "cell", bin=data.recording.duration / 80)
        rates.plot(middles, values[0], color=style.BLUE)
        rates.set(xlabel="time (s)", ylabel="rate (Hz)", ylim=(0, None))
        style.letter(figure.axes)
    return figure
