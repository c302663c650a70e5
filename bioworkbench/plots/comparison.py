"""Panels that set something beside what it is compared with, over repeated runs."""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes

from bioworkbench.plots.panels import COLORS, color
from bioworkbench.records.averages import mean_and_error

__all__ = ["curves_with_errors", "scores_of_repeats", "suit_scale"]

_LOG_SPAN = 50  # an axis that spans more than this factor, all of it above 0, is logarithmic
_GRAY = "#7a828c"


def scores_of_repeats(
    axes: Axes, scores: Mapping[str, Sequence[float]], label: str, n_ours: int = 1, limits: tuple[float, float] | None = None
) -> None:
    """One row per method: a pale dot per run, and mean and standard error with the mean's value.

    Parameters
    ----------
    axes : Axes
    scores : mapping from name to scores of its runs
        From top to bottom.
    label : str
        Of the axis of scores, with unit.
    n_ours : int
        Rows from the top that are set off by color.
    limits : (low, high), optional
        Scores that must be told apart; a row whose mean lies outside is an arrow at the edge, with its value.
    """
    low, high = limits or (-np.inf, np.inf)
    means = [mean for mean in (mean_and_error(values)[0] for values in scores.values()) if low <= mean <= high]
    digits = _digits_that_tell_apart(means)
    for row, (name, values) in enumerate(scores.items()):
        color = COLORS[0] if row < n_ours else _GRAY
        mean, error = mean_and_error(values)
        if not low <= mean <= high:
            beyond, sign = (1.0, ">") if mean > high else (0.0, "<")
            axes.plot(beyond, row, sign, color=color, markersize=5, transform=axes.get_yaxis_transform(), clip_on=False)
            axes.annotate(
                f"{mean:.3g}", (beyond, row), (-4 if beyond else 4, 5), xycoords=axes.get_yaxis_transform(),
                textcoords="offset points", ha="right" if beyond else "left", fontsize=6.5, color=color,
            )  # fmt: skip
            continue
        axes.scatter(values, np.full(len(values), row), s=9, color=color, alpha=0.35, linewidths=0, label=f"{name}, runs")
        axes.errorbar(mean, row, xerr=error, fmt="o", markersize=4.5, capsize=2.5, color=color, label=name)
        axes.annotate(
            f"{mean:.{digits}g}", (mean, row), (0, 5), textcoords="offset points", ha="center", fontsize=6.5, color=color
        )
    axes.set_yticks(range(len(scores)), list(scores))
    axes.set(xlabel=label, ylim=(len(scores) - 0.5, -0.7))
    axes.margins(x=0.16)


def _digits_that_tell_apart(means: Sequence[float]) -> int:
    """Significant digits with which means look as different as with 5: 3 where they do."""
    seen = {digits: len({f"{mean:.{digits}g}" for mean in means}) for digits in (3, 4, 5)}
    return next(digits for digits in seen if seen[digits] == seen[5])


def curves_with_errors(
    axes: Axes,
    curves: Mapping[str, Mapping[float, Sequence[float]]],
    xlabel: str,
    ylabel: str,
    level: tuple[str, float] | None = None,
) -> None:
    """Mean and standard error of repeated runs over a number, one curve per method, and a level to compare with.

    Parameters
    ----------
    axes : Axes
    curves : mapping from name to mapping from number to values of the runs
    xlabel, ylabel : str
        With units.
    level : (name, value), optional
        Drawn as a dashed line.
    """
    for k, (name, points) in enumerate(curves.items()):
        places = sorted(points)
        means, errors = zip(*(mean_and_error(points[place]) for place in places), strict=True)
        axes.errorbar(
            places,
            means,
            [error or 0.0 for error in errors],
            color=color(k),
            marker="o",
            markersize=3.5,
            capsize=2.5,
            linewidth=1.2,
            label=name,
        )
    if level is not None:
        axes.axhline(level[1], color=_GRAY, linestyle="--", linewidth=1.0, label=level[0])
    axes.set(xlabel=xlabel, ylabel=ylabel)
    if len(curves) + (level is not None) > 1:
        axes.legend()


def suit_scale(axes: Axes, which: str, places: Sequence[float]) -> None:
    """Make an axis logarithmic where places on it, all above 0, differ so much that most of them would lie at its begin.

    Parameters
    ----------
    axes : Axes
    which : {"x", "y"}
    places : sequence of float

    Examples
    --------
    >>> from matplotlib.figure import Figure
    >>> axes = Figure().subplots()
    >>> suit_scale(axes, "x", [1e-6, 1e-3, 1.0])
    >>> axes.get_xscale()
    'log'
    """
    if min(places) > 0 and max(places) / min(places) > _LOG_SPAN:
        getattr(axes, f"set_{which}scale")("log")
