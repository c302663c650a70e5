"""The window of spike-timing dependent plasticity

Each pair of neurons spikes once on each side, at a difference of its own. Dots are final weights less the first ones, in percent of the
largest weight; lines are the exponentials of the rule. Look for dots that lie on the lines, and for the jump at 0.
"""

from collections.abc import Mapping, Sequence

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.figure import Figure

from bioworkbench.gallery.runs import FinishedRun
from bioworkbench.plots import style
from bioworkbench.plots.panels import COLORS
from bioworkbench.records.network import Projection
from bioworkbench.records.recording import Recording, Spikes

SPECS = ("stdp_window",)


def draw(results: Mapping[str, Sequence[FinishedRun]]) -> Figure:
    """Draw changes of weights over differences of spike times."""
    data = results["stdp_window"][0].record.data
    (pairs,) = [projection for projection in data.network.projections if projection.name == "pairs"]
    difference, change = changes(pairs, data.recording)
    with plt.rc_context(dict(style.RC)):
        figure, axes = plt.subplots(figsize=(style.COLUMN, 2.6), layout="constrained")
        axes.axhline(0, color="0.7", linewidth=0.7)
        for side, color in ((difference > 0, COLORS[0]), (difference < 0, COLORS[1])):
            axes.plot(difference[side] * 1e3, change[side], "o", color=color, markersize=3)
            fine = np.linspace(difference[side].min(), difference[side].max(), 200)
            axes.plot(fine * 1e3, expected(pairs, fine), color=color, linewidth=0.8)
        axes.set(xlabel="target after source (ms)", ylabel="change (% of largest weight)")
    return figure


def changes(pairs: Projection, recording: Recording) -> tuple[np.ndarray, np.ndarray]:
    """Time from the spike of the source to that of the target (n_pairs,), seconds, and change of the weight in percent of the largest."""
    source, target = (_time(recording.spikes[name], len(pairs.links)) for name in (pairs.source, pairs.target))
    change = recording.weights[pairs.name][0] - pairs.links.weights
    return target - source, 100 * change / float(np.asarray(pairs.synapse.constants["largest"]))


def expected(pairs: Projection, difference: np.ndarray) -> np.ndarray:
    """What the rule says, in percent of the largest weight."""
    constants = {name: float(np.asarray(value)) for name, value in pairs.synapse.constants.items()}
    stronger = constants["potentiation"] * np.exp(-difference / constants["tau_plus"])
    weaker = -constants["depression"] * np.exp(difference / constants["tau_minus"])
    return 100 * np.where(difference > 0, stronger, weaker)


def _time(spikes: Spikes, n: int) -> np.ndarray:
    """Time of the only spike of each neuron."""
    found = np.zeros(n)
    found[spikes.neuron] = spikes.time
    return found
