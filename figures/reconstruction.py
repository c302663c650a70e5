"""Parameter reconstruction: recurrent threshold networks by a convex program

Small recurrent threshold networks are drawn at random, a convex program picks the few whose last neurons add up to the answer, and their
weights are the reconstructed network. Left and middle: test accuracy on "do the first and the last of ten bits differ?" and on digits
read row by row, beside the baselines. Right: relative duality gap of the program by iteration, the proof that no other choice from the
same dictionary fits better.
"""

from collections.abc import Mapping, Sequence

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.figure import Figure

from bioworkbench.convex import CHECKED_EVERY
from bioworkbench.gallery.runs import Run, baseline_scores, scores_on_test
from bioworkbench.plots.comparison import scores_of_repeats
from bioworkbench.plots.panels import COLORS
from figures import style

SPECS = ("reconstruction_xor", "reconstruction_sequential_digits")


def draw(results: Mapping[str, Sequence[Run]]) -> Figure:
    """Draw accuracy of both tasks beside the baselines, and the duality gap."""
    with plt.rc_context(dict(style.RC)):
        figure, panels = plt.subplots(1, 3, figsize=(style.PAGE, 2.3), layout="constrained")
        for axes, (name, runs), title in zip(panels, results.items(), ("first-last XOR", "sequential digits"), strict=False):
            accuracies = {"reconstructed": scores_on_test(runs, "accuracy", 100)} | baseline_scores(runs, "accuracy", 100)
            scores_of_repeats(axes, accuracies, "test accuracy (%)")
            axes.set_title(title)
            trained = runs[0].record.data.trained
            if trained is not None and "gap_by_iteration" in trained.history:
                gaps = trained.history["gap_by_iteration"]
                iterations = CHECKED_EVERY * np.arange(1, len(gaps) + 1)
                panels[2].semilogy(iterations, gaps, color=COLORS[name != SPECS[0]], label=title)
        panels[2].set(xlabel="iteration", ylabel="relative duality gap")
        panels[2].legend()
        style.letter(figure.axes)
    return figure
