"""Panels of what training did: quantities over its steps, and synapses before and after."""

# pyright: reportArgumentType=false
# Matplotlib takes arrays where its types say sequences

from collections.abc import Mapping

import numpy as np
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator
from scipy import sparse

from bioworkbench.plots.panels import COLORS, color, weight_bins
from bioworkbench.records.arrays import Floats
from bioworkbench.records.history import kind_and_member
from bioworkbench.records.network import INPUT, Network
from bioworkbench.records.units import Dimension

__all__ = [
    "adjacency_change",
    "degrees_before_and_after",
    "history_groups",
    "training_history",
    "trajectory",
    "weights_before_and_after",
]

_MOST_NEURONS = 400  # of all populations together in an adjacency matrix
_BEFORE = "#8a939d"


def history_groups(history: Mapping[str, np.ndarray], members: tuple[str, ...] = ()) -> dict[str, dict[str, np.ndarray]]:
    """Quantities that change during training, those of one kind together.

    Names that end in a number or in one of `members` ("deviation_0", "rate_exc") form a group, as do the columns of a matrix.
    What has fewer than two finite values, or never changes, is left out.

    Parameters
    ----------
    history : mapping from name to array (n_steps,) or (n_steps, n_lines)
    members : tuple of str
        Such as the names of populations.

    Returns
    -------
    dict from kind to dict from label to array (n_steps,)

    Examples
    --------
    >>> list(history_groups({"rate_exc": np.arange(3.0), "rate_inh": np.arange(3.0), "loss": np.ones(3)}, ("exc", "inh")))
    ['rate']
    """
    groups: dict[str, dict[str, np.ndarray]] = {}
    for name, values in history.items():
        columns = {str(k): column for k, column in enumerate(values.T)} if values.ndim == 2 else {"": values}
        for label, line in columns.items():
            kind, ending = kind_and_member(name, members) if values.ndim == 1 else (name, label)
            finite = line[np.isfinite(line)]
            if len(finite) > 1 and np.ptp(finite) > 0:
                groups.setdefault(kind, {})[ending] = line
    return groups


def training_history(axes: Axes, name: str, lines: Mapping[str, Floats], steps: str = "training step") -> None:
    """A quantity followed during training, a line per label.

    Parameters
    ----------
    axes : Axes
    name : str
    lines : mapping from label to array (n_steps,)
        A single one needs no label.
    steps : str
        What is counted.
    """
    for k, (label, values) in enumerate(lines.items()):
        style = {"linewidth": 1.2, "marker": "." if len(values) < 40 else None}
        axes.plot(np.arange(1, len(values) + 1), values, color=color(k), label=label, **style)
    words = name.replace("_", " ")
    axes.set(xlabel=steps, ylabel=words, title=words.capitalize())
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    together = np.concatenate([values[np.isfinite(values)] for values in lines.values()])
    if np.all(together > 0) and together.max() > 100 * together.min():
        axes.set_yscale("log")
    if len(lines) > 1:
        axes.legend(ncols=1 + (len(lines) > 6))


def trajectory(axes: Axes, x: Floats, y: Floats, xlabel: str, ylabel: str) -> None:
    """One quantity against another, step after step from light to dark.

    Parameters
    ----------
    axes : Axes
    x, y : array (n_steps,)
    xlabel, ylabel : str
    """
    axes.plot(x, y, color=_BEFORE, linewidth=0.6, zorder=1)
    dots = axes.scatter(x, y, c=np.arange(1, len(x) + 1), s=16, cmap="cividis_r", zorder=2)
    axes.set(xlabel=xlabel, ylabel=ylabel, title=f"{ylabel.capitalize()} against {xlabel}")
    axes.figure.colorbar(dots, ax=axes, label="training step")


def degrees_before_and_after(axes: Axes, before: Mapping[str, sparse.csr_array], after: Mapping[str, sparse.csr_array]) -> None:
    """Degrees of the neurons at both ends of each projection, sorted from the largest: dashed before, solid after training.

    Parameters
    ----------
    axes : Axes
    before, after : mapping from projection to csr_array (n_source, n_target)
    """
    for k, (name, weights) in enumerate(after.items()):
        for matrix, style in ((before[name], "--"), (weights, "-")):
            ins, outs = np.bincount(matrix.indices, minlength=matrix.shape[1]), np.diff(matrix.indptr)
            for degrees, width in ((ins, 1.8), (outs, 0.9)):
                share = np.arange(1, len(degrees) + 1) / len(degrees) * 100
                axes.plot(share, np.sort(degrees)[::-1], color=color(k), linestyle=style, linewidth=width)
    names = [Line2D([], [], color=color(k), label=name) for k, name in enumerate(after)]
    kinds = [("in", 1.8, "-"), ("out", 0.9, "-"), ("before", 1.2, "--")]
    names += [Line2D([], [], color="#444444", linewidth=width, linestyle=style, label=label) for label, width, style in kinds]
    axes.legend(handles=names, ncols=2)
    axes.set(xlabel="% of neurons with at least", ylabel="synapses", title="Degrees before and after training")


def weights_before_and_after(axes: Axes, before: Mapping[str, Floats], after: Mapping[str, Floats], dimension: Dimension) -> None:
    """Distribution of the weights of projections that share a unit: outlines before, filled after training.

    Parameters
    ----------
    axes : Axes
    before, after : mapping from projection to array (n_synapses,), SI units
    dimension : Dimension
    """
    factor, label, edges, uneven = weight_bins([*before.values(), *after.values()], dimension)
    first, last = 0.0, 0.0  # tallest bars
    for k, name in enumerate(after):
        axes.hist(after[name] * factor, edges, color=color(k), alpha=0.5, histtype="stepfilled", label=name)
        axes.hist(before[name] * factor, edges, color=color(k), histtype="step", linewidth=1.3)
        last = max(last, np.histogram(after[name] * factor, edges)[0].max())
        first = max(first, np.histogram(before[name] * factor, edges)[0].max())
    # Weights that were all equal would leave nothing to see of what became of them.
    if uneven or first > 5 * last:
        axes.set(yscale="log", ylim=(0.7, None))
    axes.set(xlabel=f"weight{label}", ylabel="synapses", title="Weights before (outline) and after")
    axes.legend()


def adjacency_change(axes: Axes, before: Network, after: Network) -> None:
    """Which neurons project to which: synapses that stayed, went and came; of large networks evenly spaced neurons.

    Parameters
    ----------
    axes : Axes
    before, after : Network
        Of the same populations.
    """
    sizes = before.sizes
    share = min(1.0, _MOST_NEURONS / sum(sizes.values()))
    shown = {name: np.unique(np.linspace(0, size - 1, max(1, int(share * size))).astype(int)) for name, size in sizes.items()}
    first = dict(zip(sizes, np.cumsum([0, *map(len, shown.values())]), strict=False))
    old, new = (_dots(network, shown, first) for network in (before, after))
    n = sum(map(len, shown.values()))
    size = float(np.clip(6e4 / n**2, 0.4, 6))
    for dots, label, shade in ((old & new, "stayed", "#b0b7bf"), (old - new, "went", COLORS[1]), (new - old, "came", COLORS[0])):
        rows, columns = np.array(sorted(dots), dtype=int).reshape(-1, 2).T
        axes.scatter(columns, rows, s=size, color=shade, linewidths=0, rasterized=True, label=f"{label} ({len(dots):,})")
    middle = [first[name] + len(shown[name]) / 2 for name in sizes]
    axes.set_xticks(middle, list(sizes))
    axes.set_yticks(middle, list(sizes))
    axes.tick_params(length=0)
    for border in list(first.values())[1:]:
        axes.axhline(border - 0.5, color="#444444", linewidth=0.5)
        axes.axvline(border - 0.5, color="#444444", linewidth=0.5)
    axes.set(xlim=(-1, n), ylim=(n, -1), xlabel="target", ylabel="source", aspect="equal", title="Synapses among neurons")
    axes.legend(loc="upper left", bbox_to_anchor=(1.0, 1.0), markerscale=max(1.0, 4 / size**0.5), handletextpad=0.2)


def _dots(network: Network, shown: Mapping[str, np.ndarray], first: Mapping[str, int]) -> set[tuple[int, int]]:
    """Source and target of every synapse between neurons that are shown, counted through all populations."""
    found: set[tuple[int, int]] = set()
    for projection in network.projections:
        if projection.source != INPUT:
            part = projection.weights[shown[projection.source]][:, shown[projection.target]].tocoo()
            rows, columns = part.row + first[projection.source], part.col + first[projection.target]
            found |= set(zip(rows.tolist(), columns.tolist(), strict=True))
    return found
