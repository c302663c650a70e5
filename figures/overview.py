"""Pipeline: from a spec to a report

A spec describes a network; Brian2 simulates its trials; a readout is trained on the recorded spikes; a results folder keeps it all. The
network may be rewired by its own spikes. ``python -m figures.overview`` writes the copy that the README shows.
"""

from collections.abc import Mapping
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import FancyBboxPatch

from bioworkbench.plots import style

SPECS: tuple[str, ...] = ()

STATIONS = (
    ("spec", "equations, noise,\ntopology, task", style.BLUE),
    ("network", "who connects,\nhow strongly", style.ORANGE),
    ("Brian2", "trials as copies\nin one run", style.GREEN),
    ("spikes", "counts, bins,\nfilters, latencies", style.PURPLE),
    ("readout", "ridge, logistic,\nSVM, lasso", style.YELLOW),
    ("results", "metrics, figures,\nreport", style.SKY),
)


def draw(results: Mapping[str, object]) -> Figure:
    """Draw the stations as boxes with arrows, each with a small picture of what it holds."""
    with plt.rc_context(dict(style.RC)):
        figure, axes = plt.subplots(figsize=(style.PAGE, 1.75))
        axes.set(xlim=(0, 6), ylim=(0, 1.42), aspect="equal")
        axes.axis("off")
        for place, (name, words, color) in enumerate(STATIONS):
            _station(axes, place, name, words, color)
        rewire = {"arrowstyle": "->", "color": "0.35", "lw": 1.0, "connectionstyle": "arc3,rad=0.28"}
        axes.annotate("", xy=(1.5, 1.16), xytext=(3.5, 1.16), arrowprops=rewire)
        axes.text(2.5, 1.235, "rewire by CH3-L3", ha="center", va="center", fontsize=7, color="0.25")
    return figure


def _station(axes: Axes, place: int, name: str, words: str, color: str) -> None:
    left = place + 0.08
    box = FancyBboxPatch((left, 0.08), 0.84, 1.0, boxstyle="round,pad=0,rounding_size=0.06", fc=color + "22", ec=color, lw=1.2)
    axes.add_patch(box)
    axes.text(place + 0.5, 0.96, name, ha="center", va="center", fontsize=9, fontweight="bold")
    axes.text(place + 0.5, 0.23, words, ha="center", va="center", fontsize=5.8, color="0.2")
    if place:
        axes.annotate(
            "", xy=(left, 0.58), xytext=(left - 0.16, 0.58), arrowprops={"arrowstyle": "->", "color": "0.35", "lw": 1.2}
        )
    _PICTURES[name](axes, place + 0.18, 0.40, 0.64, 0.44, color)


def _text(axes: Axes, x: float, y: float, width: float, height: float, color: str) -> None:
    for row, length in enumerate((0.5, 0.9, 0.7, 0.8, 0.4)):
        axes.plot([x, x + width * length], [y + height * (0.9 - 0.2 * row)] * 2, color=color, lw=1.6, alpha=0.8)


def _graph(axes: Axes, x: float, y: float, width: float, height: float, color: str) -> None:
    rng = np.random.default_rng(4)
    angle = np.arange(9) / 9 * 2 * np.pi
    nodes = np.stack([x + width / 2 + 0.36 * width * np.cos(angle), y + height / 2 + 0.45 * height * np.sin(angle)], axis=1)
    for i, j in rng.integers(0, 9, (16, 2)):
        axes.plot(*nodes[[i, j]].T, color=color, lw=0.6, alpha=0.7)
    axes.scatter(*nodes.T, s=9, color=color, zorder=3)


def _membrane(axes: Axes, x: float, y: float, width: float, height: float, color: str) -> None:
    rng, v, trace = np.random.default_rng(8), 0.0, []
    for _ in range(160):
        v = 0.0 if v > 1 else v + 0.03 * (1.25 - v) + 0.06 * rng.standard_normal()
        trace.append(1.5 if v > 1 else v)
    axes.plot(x + width * np.linspace(0, 1, 160), y + height * (0.12 + 0.55 * np.array(trace)), color=color, lw=0.8)


def _raster(axes: Axes, x: float, y: float, width: float, height: float, color: str) -> None:
    rng = np.random.default_rng(2)
    axes.scatter(
        x + width * rng.random(90), y + height * (0.05 + rng.integers(0, 10, 90) / 10), s=5, marker="|", color=color, lw=0.8
    )


def _matrix(axes: Axes, x: float, y: float, width: float, height: float, color: str) -> None:
    weights = np.random.default_rng(1).standard_normal((5, 7))
    for (row, column), weight in np.ndenumerate(weights):
        size = 16 * min(1.6, abs(weight))
        shade = color if weight > 0 else "0.45"
        axes.scatter(x + width * (column + 0.5) / 7, y + height * (row + 0.5) / 5, s=size, marker="s", color=shade, lw=0)


def _bars(axes: Axes, x: float, y: float, width: float, height: float, color: str) -> None:
    for place, (value, shade) in enumerate(zip((0.12, 0.72, 0.95), ("0.75", "0.55", color), strict=True)):
        axes.bar(x + width * (0.2 + 0.3 * place), height * value, width * 0.2, bottom=y, color=shade)


_PICTURES = {"spec": _text, "network": _graph, "Brian2": _membrane, "spikes": _raster, "readout": _matrix, "results": _bars}


if __name__ == "__main__":
    draw({}).savefig(Path(__file__).with_suffix(".svg"), bbox_inches="tight", metadata={"Date": None})
