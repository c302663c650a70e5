"""Panels of reports and figures: one function per panel, from data to an Axes with labels and units.

Colors are those of Okabe and Ito, which readers with any form of color vision can tell apart
(https://jfly.uni-koeln.de/color/).
"""

# pyright: reportArgumentType=false
# Matplotlib takes arrays where its types say sequences

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.axes import Axes
from scipy import sparse

from bioworkbench.plots.style import unparsed
from bioworkbench.records.arrays import Floats
from bioworkbench.records.counted import counted
from bioworkbench.records.recording import Recording, Trace
from bioworkbench.records.units import Dimension, Quantity, format_quantity, parse_quantity

if TYPE_CHECKING:
    from matplotlib.typing import RcKeyType

__all__ = [
    "COLORS",
    "STYLE",
    "confusion_matrix",
    "degree_histogram",
    "error_curve",
    "forecast",
    "in_readable_unit",
    "population_rates",
    "raster",
    "score_bars",
    "suitable_unit",
    "time_scale",
    "traces",
    "weight_bins",
    "weight_histogram",
]  # fmt: skip

COLORS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000", "#F0E442")
"""Blue, vermillion, green, purple, orange, sky blue, black, yellow."""

STYLE: "dict[RcKeyType, Any]" = {
    "axes.spines.right": False,
    "axes.spines.top": False,
    "axes.titlesize": 10,
    "axes.titlelocation": "left",
    "axes.labelsize": 9,
    "xtick.labelsize": 8,
    "ytick.labelsize": 8,
    "legend.fontsize": 8,
    "legend.frameon": True,  # drawn over data: a pale ground without an edge
    "legend.framealpha": 0.85,
    "legend.edgecolor": "none",
    "font.size": 9,
    "svg.hashsalt": "bioworkbench",
}
"""Matplotlib settings that all panels are drawn with."""

_MOST_ROWS = 300  # neurons of a population in a raster
_MOST_DOTS = 60_000
_ROUND_OFF = 1e-9  # of weights: what differs by less is one value
_LONGEST_NAME = 16  # of a class beside a confusion matrix


def color(k: int) -> str:
    """Color of the `k`-th thing in a panel; colors repeat after the last."""
    return COLORS[k % len(COLORS)]


def raster(axes: Axes, recording: Recording, trial: int = 0) -> None:
    """Spikes of one trial, a row per neuron, populations from bottom to top; of large populations evenly spaced neurons.

    Parameters
    ----------
    axes : Axes
    recording : Recording
    trial : int
    """
    bottom, ticks = 0, []
    scale, unit = time_scale(recording.duration)
    for k, (name, spikes) in enumerate(recording.spikes.items()):
        shown = np.unique(np.linspace(0, recording.sizes[name] - 1, _MOST_ROWS).astype(int))
        row = np.full(recording.sizes[name], -1)
        row[shown] = np.arange(len(shown))
        begin, end = np.searchsorted(spikes.trial, (trial, trial + 1))
        keep = begin + np.flatnonzero(row[spikes.neuron[begin:end]] >= 0)
        keep = keep[:: 1 + len(keep) // _MOST_DOTS]
        size = float(np.clip(12_000 / max(len(keep), 1), 0.6, 8))
        axes.scatter(
            spikes.time[keep] * scale, bottom + row[spikes.neuron[keep]], s=size, color=color(k), linewidths=0, rasterized=True
        )
        ticks.append((bottom + len(shown) / 2, f"{name}\n{_shown(len(shown), recording.sizes[name])}"))
        bottom += len(shown) + 0.04 * _MOST_ROWS
    axes.set_yticks([place for place, _ in ticks], [label for _, label in ticks])
    axes.set(xlabel=f"time ({unit})", xlim=(0, recording.duration * scale), ylim=(-1, bottom), title=f"Spikes in trial {trial}")


def _shown(n_shown: int, n: int) -> str:
    return counted(n, "neuron") if n_shown == n else f"{n_shown} of {n}"


def time_scale(duration: float) -> tuple[float, str]:
    """Factor from seconds, and unit of time axes, for a `duration` in seconds: "s" from 2 s on, "ms" below."""
    return (1.0, "s") if duration >= 2 else (1e3, "ms")


def population_rates(axes: Axes, recording: Recording, n_bins: int = 100) -> None:
    """Mean rate of each population over the time of a trial, averaged over trials and neurons.

    Parameters
    ----------
    axes : Axes
    recording : Recording
    n_bins : int
        At most; a bin is a whole number of steps.
    """
    scale, unit = time_scale(recording.duration)
    length = max(1, int(np.ceil(recording.n_steps / n_bins)))
    edges = np.append(np.arange(0, recording.n_steps, length), recording.n_steps)
    seconds = np.diff(edges) * recording.dt
    for k, (name, spikes) in enumerate(recording.spikes.items()):
        by_step = np.bincount(np.rint(spikes.time / recording.dt).astype(np.int64), minlength=recording.n_steps)
        counts = np.add.reduceat(by_step[: recording.n_steps], edges[:-1])
        rates = counts / seconds / recording.sizes[name] / recording.n_trials
        axes.stairs(rates, edges * recording.dt * scale, color=color(k), label=name, baseline=None, linewidth=1.3)
    axes.set(xlabel=f"time ({unit})", ylabel="rate (Hz)", xlim=(0, recording.duration * scale), title="Population rates")
    axes.set_ylim(bottom=0)
    _legend(axes, len(recording.spikes))


def _legend(axes: Axes, n_entries: int) -> None:
    """Legend where there is something to tell apart: beside the title if it fits there."""
    if 1 < n_entries <= 4:
        place = {"loc": "lower right", "bbox_to_anchor": (1.0, 0.99), "borderaxespad": 0.0, "handlelength": 1.2}
        axes.legend(ncols=n_entries, columnspacing=1.0, **place)
    elif n_entries > 1:
        axes.legend(ncols=1 + (n_entries > 6))


def traces(axes: Axes, name: str, trace: Trace, duration: float, trial: int = 0) -> None:
    """A state variable of up to five recorded neurons in one trial.

    Parameters
    ----------
    axes : Axes
    name : str
        ``"population.variable"``.
    trace : Trace
    duration : float, seconds
    trial : int
    """
    scale, time_unit = time_scale(duration)
    values, label = in_readable_unit(trace[trial, :, :5], trace.unit)
    times = trace.times * scale
    for k in range(values.shape[1]):
        axes.plot(times, values[:, k], color=color(k), linewidth=0.9, label=f"neuron {trace.neurons[k]}")
    axes.set(xlabel=f"time ({time_unit})", ylabel=f"{name.split('.')[1]}{label}", xlim=(0, duration * scale))
    axes.set_title(f"{name} in trial {trial}")
    _legend(axes, values.shape[1])


def suitable_unit(size: float, dimension: Dimension) -> tuple[float, str]:
    """Unit in which a number of that size, given in SI, is easy to read: its SI value and name.

    Parameters
    ----------
    size : float, SI
    dimension : Dimension

    Returns
    -------
    float, str

    Examples
    --------
    >>> suitable_unit(0.02, parse_quantity("1 V").dim)
    (0.001, 'mV')
    """
    name = format_quantity(Quantity(size or 1.0, dim=dimension)).split(" ")[1]
    return float(np.asarray(parse_quantity(f"1 {name}"))), name


def scaled(values: Floats, dimension: Dimension) -> tuple[Floats, str]:
    """Values in a unit that suits their size, and that unit in brackets for a label; plain numbers as they are.

    Parameters
    ----------
    values : array, SI
    dimension : Dimension

    Returns
    -------
    array, str
    """
    if dimension.is_dimensionless:
        return values, ""
    unit, name = suitable_unit(float(np.abs(values).max(initial=0.0)), dimension)
    return values / unit, f" ({name.replace('**2', '²')})"


def in_readable_unit(values: Floats, unit: str) -> tuple[Floats, str]:
    """Values in a unit that suits their size, and that unit in brackets for a label; SI units that cannot be read stay.

    Parameters
    ----------
    values : array, SI
    unit : str
        Such as "volt"; "1" for plain numbers. Fractional powers, as of noise, cannot be read.

    Returns
    -------
    array, str
    """
    try:
        return scaled(values, parse_quantity(f"1 {unit}" if unit != "1" else 1).dim)
    except ValueError:
        return values, f" ({unit})"


def degree_histogram(axes: Axes, weights: Mapping[str, sparse.csr_array]) -> None:
    """In-degrees (filled) and out-degrees (outline) of the neurons, by projection.

    Parameters
    ----------
    axes : Axes
    weights : mapping from projection to csr_array (n_source, n_target)
    """
    degrees = {name: (np.bincount(m.indices, minlength=m.shape[1]), np.diff(m.indptr)) for name, m in weights.items()}
    bins = _bins_of_counts(np.concatenate([counts for pair in degrees.values() for counts in pair]))
    for k, (name, (ins, outs)) in enumerate(degrees.items()):
        axes.hist(ins, bins, weights=_percent(ins), color=color(k), alpha=0.4, histtype="stepfilled", label=f"{name}, in")
        axes.hist(outs, bins, weights=_percent(outs), color=color(k), histtype="step", linewidth=1.4, label=f"{name}, out")
    axes.set(xlabel="synapses per neuron", ylabel="% of neurons", title="In- and out-degrees")
    axes.legend(ncols=1 + (len(weights) > 2))


def _percent(values: np.ndarray) -> np.ndarray:
    """Weights that make a histogram of the values sum to 100."""
    return np.full(len(values), 100 / max(len(values), 1))


def _bins_of_counts(counts: np.ndarray) -> np.ndarray:
    """Edges between whole numbers, at most 40 bins, with one to spare at each end."""
    low, high = int(counts.min()), int(counts.max())
    step = 1 + (high - low) // 40
    return np.arange(low - step, high + 3 * step, step) - 0.5


def weight_histogram(axes: Axes, weights: Mapping[str, Floats], dimension: Dimension) -> None:
    """Distribution of the weights of projections that share a unit.

    Parameters
    ----------
    axes : Axes
    weights : mapping from projection to array (n_synapses,), SI units
    dimension : Dimension
        Of the weights.
    """
    factor, label, edges, uneven = weight_bins(list(weights.values()), dimension)
    for k, (name, values) in enumerate(weights.items()):
        axes.hist(values * factor, edges, color=color(k), alpha=0.6, histtype="stepfilled", label=f"{name} ({len(values):,})")
    axes.set(xlabel=f"weight{label}", ylabel="synapses", title="Weights")
    if uneven:
        axes.set(yscale="log", ylim=(0.7, None))
    axes.legend()


def weight_bins(weights: Sequence[Floats], dimension: Dimension) -> tuple[float, str, Floats, bool]:
    """What several histograms of weights share, so that they can be compared.

    Parameters
    ----------
    weights : sequence of arrays, SI
    dimension : Dimension

    Returns
    -------
    factor, unit, edges, log
        Factor to a unit that suits the weights; that unit in brackets, for a label; edges of the bins in it; whether heights
        differ so much that their axis should be logarithmic.
    """
    joined = np.concatenate(weights)
    factor = _factor(joined, dimension)
    scale = factor * np.abs(joined).max(initial=0.0)
    alike = joined.size > 0 and factor * np.ptp(joined) <= _ROUND_OFF * scale
    edges = np.histogram_bin_edges((joined[:1] if alike else joined) * factor, bins=60)
    heights = [np.histogram(values * factor, edges)[0].max(initial=1) for values in weights]
    return factor, scaled(joined, dimension)[1], edges, max(heights) > 20 * min(heights)


def _factor(values: Floats, dimension: Dimension) -> float:
    """What to multiply SI values with to have them in the unit that `scaled` picks."""
    largest = np.array([np.abs(values).max(initial=0.0) or 1.0])
    return float(scaled(largest, dimension)[0][0] / largest[0])


def confusion_matrix(axes: Axes, targets: np.ndarray, predictions: np.ndarray, names: Sequence[str] = ()) -> None:
    """How often each class (row) was taken for each class (column), percent of the row.

    Parameters
    ----------
    axes : Axes
    targets, predictions : int array (n_trials,) or (n_trials, n_frames)
    names : sequence of str
        Of the classes; their numbers are shown where they have none.
    """
    n_classes = max(len(names), int(max(targets.max(), predictions.max())) + 1)
    counts = np.zeros((n_classes, n_classes))
    np.add.at(counts, (targets.ravel(), predictions.ravel()), 1)
    percent = 100 * counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    image = axes.imshow(percent, cmap="cividis", vmin=0, vmax=100)
    if n_classes <= 12:
        for row, column in np.argwhere(counts > 0):
            value = percent[row, column]
            axes.text(column, row, f"{value:.0f}", ha="center", va="center", fontsize=7, color="black" if value > 55 else "white")
        labels = [unparsed(name if len(name) <= _LONGEST_NAME else f"{name[: _LONGEST_NAME - 1]}…") for name in names] or None
        axes.set_xticks(
            range(n_classes), labels, **({"rotation": 45, "ha": "right"} if max(map(len, labels or [""])) > 3 else {})
        )
        axes.set_yticks(range(n_classes), labels)
    axes.spines[:].set_visible(False)
    what = "trials" if targets.ndim == 1 else "frames"
    axes.set(xlabel="predicted class", ylabel="true class", title=f"Confusion matrix ({targets.size} test {what})")
    axes.figure.colorbar(image, ax=axes, label="% of true class", fraction=0.046, pad=0.04)


def score_bars(axes: Axes, scores: Mapping[str, float], label: str) -> None:
    """Scores side by side as bars with their values, the first set off by its color.

    Parameters
    ----------
    axes : Axes
    scores : mapping from name to number
    label : str
        Of the axis, with unit.
    """
    names, values = list(scores), np.array(list(scores.values()))
    bars = axes.barh(names, values, color=[COLORS[0], *["#b0b7bf"] * (len(names) - 1)], height=0.6)
    axes.bar_label(bars, fmt="%.3g", padding=3, fontsize=8)
    axes.invert_yaxis()
    axes.set(xlabel=label, title="Beside the baselines")
    axes.margins(x=0.12)


def forecast(axes: Axes, targets: Floats, predictions: Floats, frame: float | None = None, ordered: bool = True) -> None:
    """True and predicted values: over the frames of the first trial, or over the trials where there is one value per trial.

    Parameters
    ----------
    axes : Axes
    targets, predictions : array (n_trials, n_frames, n_outputs) or (n_trials, n_outputs)
        Of several outputs the first is shown.
    frame : float, seconds, optional
        Duration of a frame; without it frames are counted.
    ordered : bool
        Whether trials follow each other in time; where they do not, dots stand for lines.
    """
    per_frame = targets.ndim == 3
    true, predicted = (values[0, :, 0] if per_frame else values[:, 0] for values in (targets, predictions))
    start = max(0, len(true) - 500)
    places = np.arange(start, len(true)) * (frame or 1.0)
    lines = ordered or per_frame
    styles = (
        ({"linewidth": 1.2}, {"linewidth": 1.0, "linestyle": "--"})
        if lines
        else ({"ls": "", "marker": "o"}, {"ls": "", "marker": "x"})
    )
    axes.plot(places, true[start:], color=COLORS[6], label="true", **styles[0])
    axes.plot(places, predicted[start:], color=COLORS[1], label="predicted", **styles[1])
    unit = "time (s)" if per_frame and frame else "frame" if per_frame else "test trial"
    axes.set(xlabel=unit, ylabel="output 0", title="Forecast on test data" if ordered else "Output on test data")
    axes.set_xlim((places[0], places[-1]) if lines and len(places) > 1 else (places[0] - 1, places[-1] + 1))
    axes.legend(ncols=2)


def error_curve(axes: Axes, curves: Mapping[str, tuple[Floats, Floats, Floats]], xlabel: str, ylabel: str, n: int) -> None:
    """Mean and standard error of a score over a swept value.

    Parameters
    ----------
    axes : Axes
    curves : mapping from label to (x, mean, standard error), arrays (n_points,)
        An error of NaN, of a single run, has no bar.
    xlabel, ylabel : str
    n : int
        Number of runs behind each mean, for the title; the fewest where they differ.
    """
    for k, (name, (x, mean, error)) in enumerate(curves.items()):
        axes.errorbar(x, mean, error, color=color(k), marker="o", markersize=4, capsize=3, linewidth=1.3, label=name)
    title = f"{ylabel}, mean ± standard error of {n} seeds" if n > 1 else ylabel
    axes.set(xlabel=xlabel, ylabel=ylabel, title=title)
    _legend(axes, len(curves))
