"""RanSNN: a linear readout of random, frozen neurons

Handwritten digits (8 x 8 pixels) through 2000 random, frozen leaky integrate-and-fire neurons; only a ridge readout of their spike
counts is trained. Left: test accuracy of five networks drawn with other seeds, beside what needs no network; small dots are runs, large
ones their mean with its standard error. Right: which digits are taken for which, of the first network. Look for the distance between the
network and the linear model of the raw pixels: that is what random spiking features add.
"""

from collections.abc import Mapping, Sequence

import matplotlib.pyplot as plt
from matplotlib.figure import Figure

from bioworkbench.gallery.runs import FinishedRun, baseline_scores, scores_on_test
from bioworkbench.plots import style
from bioworkbench.plots.comparison import scores_of_repeats
from bioworkbench.plots.panels import confusion_matrix

SPECS = ("ransnn_digits",)


def draw(results: Mapping[str, Sequence[FinishedRun]]) -> Figure:
    """Draw accuracy beside the baselines, and the confusion matrix of the first run."""
    runs = results["ransnn_digits"]
    answers = runs[0].record.data.answers
    with plt.rc_context(dict(style.RC)):
        figure, (scores, confusion) = plt.subplots(1, 2, figsize=(style.PAGE, 2.7), layout="constrained", width_ratios=(1.15, 1))
        ours, beside = scores_on_test(runs, "accuracy", 100), baseline_scores(runs, "accuracy", 100)
        limits = style.span([ours, beside["raw linear"]])
        scores_of_repeats(scores, {"random spiking network": ours} | beside, "test accuracy (%)", 1, limits)
        if answers is not None:
            confusion_matrix(confusion, answers.targets, answers.predictions)
            confusion.set_title("")
        style.letter(figure.axes[:2])
    return figure
