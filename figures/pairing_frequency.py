"""Plasticity by the membrane depends on the frequency of pairs

Change of the weight by 60 pairs of spikes, over the frequency at which they come, for sources that spike 10 ms before and 10 ms after
the target. Look for the order that weakens at low frequencies and strengthens at high ones.
"""

from collections.abc import Mapping, Sequence

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.figure import Figure

from bioworkbench.gallery.runs import FinishedRun
from bioworkbench.plots import style
from bioworkbench.plots.panels import COLORS
from bioworkbench.records.network import Network
from bioworkbench.records.recording import Recording

SPECS = ("pairing_frequency",)


def draw(results: Mapping[str, Sequence[FinishedRun]]) -> Figure:
    """Draw changes of weights over frequencies."""
    data = results[SPECS[0]][0].record.data
    frequencies, changed = changes(data.network, data.recording)
    with plt.rc_context(dict(style.RC)):
        figure, axes = plt.subplots(figsize=(style.COLUMN, 2.6), layout="constrained")
        axes.axhline(0, color="0.7", linewidth=0.7)
        for values, label, color in zip(changed, ("source first", "target first"), COLORS, strict=False):
            axes.plot(frequencies, values, "o-", color=color, markersize=3, label=label)
        axes.set(xlabel="pairs per second (Hz)", ylabel="change of the weight (%)")
        axes.legend()
    return figure


def changes(network: Network, recording: Recording) -> tuple[np.ndarray, np.ndarray]:
    """Frequencies (n,), hertz, and changes (2, n) of weights in percent of the first ones: source first, target first."""
    rates = np.asarray(network.population("source").model.constants["rate"], dtype=float)
    (pairs,) = network.projections
    changed = 100 * (recording.weights["pairs"][0] / pairs.links.weights - 1)
    return rates[: len(rates) // 2], changed.reshape(2, -1)
