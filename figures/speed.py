"""Speed: a second of a network by size and backend

Wall time of one simulated second (10 000 steps of 0.1 ms) of noisy leaky integrate-and-fire neurons with 100 synapses each. Solid: the
simulation alone; dashed: everything from the spec to the results folder, which includes building the program where it was not built
before. Look for where the solid line crosses one second: below it, the network runs faster than real time. The numbers are those of the
machine that made the results; ``python -m tests.benchmarks`` compares with other simulators.
"""

from collections.abc import Mapping, Sequence

import matplotlib.pyplot as plt
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from bioworkbench.gallery.runs import FinishedRun, grouped
from bioworkbench.plots import style
from bioworkbench.plots.panels import COLORS

SPECS = ("speed",)
NAMES = {"cpp": "C++", "cython": "Cython", "numpy": "NumPy"}


def draw(results: Mapping[str, Sequence[FinishedRun]]) -> Figure:
    """Draw seconds by number of neurons, one color per backend."""
    with plt.rc_context(dict(style.RC)):
        figure, axes = plt.subplots(figsize=(style.COLUMN, 3.0), layout="constrained")
        for k, (backend, runs) in enumerate(grouped(results["speed"], "backend").items()):
            sizes = [run.values["populations.exc.size"] for run in runs]
            timings = [run.metrics["timing"] for run in runs]
            alone = [timing["simulate_simulate"] for timing in timings]
            axes.loglog(sizes, alone, color=COLORS[k], marker="o", markersize=3.5, label=NAMES[backend])
            axes.loglog(sizes, [timing["total"] for timing in timings], color=COLORS[k], linestyle="--", linewidth=0.9)
            axes.set_xticks(sizes, [f"{size:,}".replace(",", " ") for size in sizes], minor=False)
        axes.axhline(1.0, color="0.6", linewidth=0.7)
        axes.set(xlabel="neurons", ylabel="wall time of 1 s of the network (s)")
        axes.minorticks_off()
        lines = {"-": "simulation alone", "--": "spec to results"}
        handles = [
            *axes.get_legend_handles_labels()[0],
            *(Line2D([], [], color="0.3", ls=ls, label=name) for ls, name in lines.items()),
        ]
        figure.legend(handles=handles, loc="outside upper center", ncols=2)
    return figure
