"""Parameter reconstruction: recurrent threshold networks by a convex program

Small recurrent threshold networks are drawn at random, a convex program picks the few whose last neurons add up to the answer, and their
weights are the reconstructed network. a: test accuracy on "do the first and the last of ten bits differ?" by the number of networks to
choose from, beside the best baseline. b: on digits read row by row, beside all baselines. c: relative duality gap of the program by
iteration (largest dictionary), the proof that no other choice from the same dictionary fits better.
"""

from collections.abc import Mapping, Sequence

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from bioworkbench.convex.program import CHECKED_EVERY
from bioworkbench.gallery.runs import FinishedRun, baseline_scores, best_baseline, grouped, scores_on_test
from bioworkbench.plots import style
from bioworkbench.plots.comparison import curves_with_errors, scores_of_repeats
from bioworkbench.plots.panels import COLORS
from bioworkbench.records.history import GAP_BY_ITERATION

SPECS = ("reconstruction_xor", "reconstruction_sequential_digits")
TITLES = ("first-last XOR", "sequential digits")


def draw(results: Mapping[str, Sequence[FinishedRun]]) -> Figure:
    """Draw accuracy by size of the dictionary and beside the baselines, and the duality gap."""
    xor, digits = (results[name] for name in SPECS)
    with plt.rc_context(dict(style.RC)):
        figure, (sizes, scores, gaps) = plt.subplots(1, 3, figsize=(style.PAGE, 2.3), layout="constrained")
        by_size = {
            float(size): scores_on_test(group, "accuracy", 100)
            for size, group in grouped(xor, "method.dictionary.n_gaussian").items()
        }
        level = best_baseline(xor, "accuracy", 100)
        curves_with_errors(sizes, {"reconstructed": by_size}, "networks to choose from", "test accuracy (%)", level)
        sizes.set_xscale("log")
        sizes.legend(loc="upper left", fontsize=7)
        ours, beside = scores_on_test(digits, "accuracy", 100), baseline_scores(digits, "accuracy", 100)
        limits = style.span([ours, beside["raw linear"]])
        scores_of_repeats(scores, {"reconstructed": ours} | beside, "test accuracy (%)", 1, limits)
        for k, (runs, title) in enumerate(
            zip((grouped(xor, "method.dictionary.n_gaussian")[max(by_size)], digits), TITLES, strict=True)
        ):
            _gap(gaps, runs[0], title, COLORS[k])
        for axes, title in zip((sizes, scores), TITLES, strict=True):
            axes.set_title(title)
        gaps.set(xlabel="iteration", ylabel="relative duality gap")
        gaps.legend()
        style.letter(figure.axes)
    return figure


def _gap(axes: Axes, run: FinishedRun, label: str, color: str) -> None:
    trained = run.record.data.trained
    if trained is not None and GAP_BY_ITERATION in trained.history:
        found = trained.history[GAP_BY_ITERATION]
        axes.semilogy(CHECKED_EVERY * np.arange(1, len(found) + 1), found, color=color, label=label)
