"""Panels of a fit to a recording: spikes and traces beside those that were recorded, and how the search went."""

# pyright: reportArgumentType=false
# Matplotlib takes arrays where its types say sequences

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes

from bioworkbench.plots.panels import COLORS, time_scale
from bioworkbench.records.arrays import Floats

__all__ = ["best_by_set", "distance_by_value", "traces_beside", "trains_beside"]

RECORDED = "#3b4148"


def trains_beside(axes: Axes, recorded: Sequence[Floats], found: Sequence[Floats], duration: float) -> None:
    """Spike trains in rows, each recorded one above the one that was found.

    Parameters
    ----------
    axes : Axes
    recorded, found : sequence of arrays (n_spikes,), seconds
        A row each, in the same order.
    duration : float, seconds
    """
    scale, unit = time_scale(duration)
    for side, trains, color, shift in (("recorded", recorded, RECORDED, 0.2), ("fitted", found, COLORS[1], -0.2)):
        rows = np.concatenate([np.full(len(times), -row + shift) for row, times in enumerate(trains)])
        times = np.concatenate([np.asarray(times) for times in trains]) * scale
        axes.vlines(times, rows - 0.18, rows + 0.18, color=color, linewidth=0.9, label=side)
    axes.set(xlabel=f"time ({unit})", yticks=[], xlim=(0, duration * scale), ylabel=f"{len(recorded)} trains", title="Spikes")
    axes.legend(loc="upper right", bbox_to_anchor=(1, 1.16), ncols=2, frameon=False)


def traces_beside(axes: Axes, times: Floats, recorded: Floats, found: Floats, label: str) -> None:
    """A trace beside the one that was recorded.

    Parameters
    ----------
    axes : Axes
    times : array (n_steps,), seconds
    recorded, found : array (n_steps,)
    label : str
        Of the variable, with its unit.
    """
    scale, unit = time_scale(float(times[-1]) if len(times) else 1.0)
    axes.plot(times * scale, recorded, color=RECORDED, linewidth=1.0, label="recorded")
    axes.plot(times * scale, found, color=COLORS[1], linewidth=0.9, label="fitted")
    axes.set(xlabel=f"time ({unit})", ylabel=label, title="Trace")
    axes.legend(loc="upper right", bbox_to_anchor=(1, 1.16), ncols=2, frameon=False)


def best_by_set(axes: Axes, distances: Floats) -> None:
    """Distances of all sets in their order, and the least so far.

    Parameters
    ----------
    axes : Axes
    distances : array (n_sets,)
    """
    order = np.arange(1, len(distances) + 1)
    axes.plot(order, distances, ".", color="#b0b7bf", markersize=2, rasterized=True, label="a set")
    axes.plot(order, np.minimum.accumulate(distances), color=COLORS[0], label="the best so far")
    axes.set(xlabel="sets tried", ylabel="distance", title="Search")
    axes.legend(loc="upper right", frameon=False)


def distance_by_value(axes: Axes, values: Floats, distances: Floats, label: str) -> None:
    """Distance of every set over one of its settings.

    Parameters
    ----------
    axes : Axes
    values, distances : array (n_sets,)
    label : str
        Of the setting, with its unit.
    """
    best = int(np.argmin(distances))
    axes.plot(values, distances, ".", color="#b0b7bf", markersize=2, rasterized=True)
    axes.plot(values[best], distances[best], "o", color=COLORS[1])
    axes.set(xlabel=label, ylabel="distance", title=label.split(" (")[0].rpartition(".")[2])
