"""Panels of a graph: degrees, adjacency by communities, measures and rich club beside random graphs, precision of predictors."""

# pyright: reportArgumentType=false
# Matplotlib takes arrays where its types say sequences

from collections.abc import Mapping

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import LogNorm
from matplotlib.ticker import LogFormatter, LogLocator

from bioworkbench.plots.panels import COLORS
from bioworkbench.records.arrays import Floats, Integers
from bioworkbench.records.counted import counted
from bioworkbench.topology.measures.degree_measures import degrees
from bioworkbench.topology.measures.power_law import degree_survival
from bioworkbench.topology.simple_graph import SimpleGraph

__all__ = [
    "adjacency_by_communities",
    "degree_distributions",
    "precision_bars",
    "precision_curves",
    "rich_club_ratio",
    "z_values",
]

_GRAY = "#7a828c"
_MOST_BINS = 500  # rows and columns of the adjacency: more are not seen in a page


def degree_distributions(axes: Axes, graph: SimpleGraph) -> None:
    """Fraction of nodes with at least a degree, on two logarithmic axes, on which a power law is a straight line.

    Parameters
    ----------
    axes : Axes
    graph : SimpleGraph
        In- and out-degrees of a directed graph are two curves.
    """
    sides = {"in-degree": "in", "out-degree": "out"} if graph.directed else {"degree": "both"}
    for k, (name, side) in enumerate(sides.items()):
        values, fractions = degree_survival(degrees(graph, side))
        seen = values > 0
        axes.step(values[seen], fractions[seen], where="pre", color=COLORS[k], label=name)
        axes.scatter(values[seen], fractions[seen], s=7, color=COLORS[k], linewidths=0)
    axes.set_xscale("log")
    axes.xaxis.set_minor_formatter(LogFormatter())  # a narrow range has no power of ten to write at its ticks
    axes.set(yscale="log", xlabel="degree k", ylabel="fraction of nodes with degree ≥ k", title="Degrees")
    axes.legend()


def adjacency_by_communities(axes: Axes, graph: SimpleGraph, labels: Integers) -> None:
    """Links from rows to columns, nodes sorted by community and, inside, by degree; lines separate the communities.

    Parameters
    ----------
    axes : Axes
    graph : SimpleGraph
        Of large graphs each cell of the picture is the number of links between groups of nodes that follow one another.
    labels : int array (n_nodes,)
        Community of each node.
    """
    order = np.lexsort((-graph.plain.degrees, labels))
    place = np.empty(graph.n_nodes, dtype=np.int64)
    place[order] = np.arange(graph.n_nodes)
    sources = np.repeat(np.arange(graph.n_nodes), graph.degrees)
    # cells of equally many nodes: of unequal ones those with more nodes would show as stripes
    n_bins = -(-graph.n_nodes // -(-graph.n_nodes // _MOST_BINS))
    width = -(-graph.n_nodes // max(n_bins, 1))
    edges = np.arange(n_bins + 1) * width
    counts, *_ = np.histogram2d(place[sources], place[graph.neighbors], bins=(edges, edges))
    shown = np.ma.masked_equal(counts, 0)
    extent = (0, edges[-1], edges[-1], 0)
    norm = LogNorm(1, max(counts.max(), 2)) if n_bins < graph.n_nodes else None
    image = axes.imshow(shown, cmap="viridis_r" if norm else "binary_r", norm=norm, extent=extent, interpolation="nearest")
    if norm:
        ticks = LogLocator(subs=(1, 2, 5))
        bar = axes.figure.colorbar(image, ax=axes, label="links per cell", shrink=0.8, ticks=ticks, format="%g")
        bar.ax.minorticks_off()
    for end in np.flatnonzero(np.diff(labels[order])) + 1:
        axes.axhline(end, color=COLORS[1], linewidth=0.5)
        axes.axvline(end, color=COLORS[1], linewidth=0.5)
    rows, columns = ("from node", "to node") if graph.directed else ("node", "node")
    ends = (0, graph.n_nodes)
    n_communities = counted(int(labels.max()) + 1, "community")
    axes.set(xlabel=columns, ylabel=rows, xlim=ends, ylim=ends[::-1], title=f"Links, nodes sorted into {n_communities}")


def z_values(axes: Axes, z: Mapping[str, float]) -> None:
    """How many standard deviations each measure lies from its mean over random graphs; large ones on a symmetric-log axis.

    Parameters
    ----------
    axes : Axes
    z : mapping from name of a measure to its z value
        From top to bottom.
    """
    values = np.array(list(z.values()))
    axes.axvspan(-2, 2, color=_GRAY, alpha=0.18, linewidth=0, zorder=0)
    axes.barh(np.arange(values.size), values, color=[COLORS[0] if abs(value) > 2 else _GRAY for value in values], height=0.7)
    axes.axvline(0, color="black", linewidth=0.6)
    largest = np.abs(values).max(initial=0)
    if largest > 30:
        axes.set_xscale("symlog", linthresh=2)
        powers = 10.0 ** np.arange(1, np.ceil(np.log10(largest)) + 1)
        axes.set_xticks([*-powers[::-1], -2, 0, 2, *powers], [f"{tick:g}" for tick in (*-powers[::-1], -2, 0, 2, *powers)])
        axes.set_xlim(min(-4, 2 * values.min()), max(4, 2 * values.max()))
        axes.minorticks_off()
    axes.set_yticks(np.arange(values.size), list(z))
    axes.set(
        xlabel="z: standard deviations of random graphs", title="Measures beside random graphs", ylim=(values.size - 0.4, -0.6)
    )


def rich_club_ratio(axes: Axes, degrees: Floats, ratio: Floats, low: Floats, high: Floats) -> None:
    """Density among nodes above a degree over that of random graphs.

    Parameters
    ----------
    axes : Axes
    degrees : array (n_degrees,)
    ratio : array (n_degrees,)
        1 where the density is that of random graphs.
    low, high : array (n_degrees,)
        Between which the ratios of 95 % of random graphs lie.
    """
    axes.fill_between(degrees, low, high, color=_GRAY, alpha=0.25, linewidth=0, label="random graphs")
    axes.plot(degrees, ratio, color=COLORS[0], label="this graph")
    axes.axhline(1, color="black", linewidth=0.6, linestyle="--")
    axes.set(xlabel="degree k", ylabel="density among nodes of degree > k,\nover that of random graphs", title="Rich club")
    axes.set_ylim(
        0, 1.15 * max(2.0, float(np.nan_to_num(ratio).max(initial=0)))
    )  # on the right few nodes are left: the band widens
    axes.legend()


def precision_curves(axes: Axes, recall: Floats, precision: Mapping[str, Floats]) -> None:
    """Precision over recall of predictors of hidden links.

    Parameters
    ----------
    axes : Axes
    recall : array (n_recalls,)
        Fraction of the hidden links that were found.
    precision : mapping from predictor to array (n_recalls,)
        Fraction of the pairs ranked so far that were hidden links.
    """
    for k, (name, values) in enumerate(precision.items()):
        axes.plot(recall, values, color=COLORS[k % len(COLORS)], linestyle="-" if k < len(COLORS) else "--", label=name)
    axes.set(
        yscale="log", xlim=(0, 1), xlabel="recall: fraction of hidden links found", ylabel="precision", title="Hidden links found"
    )
    axes.legend()


def precision_bars(axes: Axes, means: Mapping[str, float], half_widths: Mapping[str, float]) -> None:
    """Area under precision over recall of every predictor, with its interval.

    Parameters
    ----------
    axes : Axes
    means, half_widths : mapping from predictor to number
        From top to bottom: the mean and half of the 95 % interval.
    """
    places, errors = np.arange(len(means)), [half_widths[name] for name in means]
    axes.barh(places, list(means.values()), xerr=errors, color=[COLORS[k % len(COLORS)] for k in places], height=0.6, capsize=3)
    axes.set_yticks(places, list(means))
    axes.set(xlabel="area under precision over recall (AUPR)", title="How high hidden links rank", ylim=(len(means) - 0.4, -0.6))
