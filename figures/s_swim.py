"""S-SWIM: hidden neurons drawn from pairs of training samples, no gradients

A day of a transformer's load and oil temperature, forecast from the four days before (ETTh1). Left: relative squared error on the test
part for four ways to draw the hidden neurons, beside the baselines; less is better, small dots are seeds. Right: forecast and truth of
the first output. Look for whether pairs of samples draw better neurons than chance does, and how far the linear model of the raw window
already gets.
"""

from collections.abc import Mapping, Sequence

import matplotlib.pyplot as plt
from matplotlib.figure import Figure

from bioworkbench.gallery.runs import Run, baseline_scores, grouped, scores_on_test
from bioworkbench.plots.comparison import scores_of_repeats
from bioworkbench.plots.panels import forecast
from figures import style

SPECS = ("s_swim_etth1",)
NAMES = {
    "pairs": "pairs of samples",
    "uniform": "pairs, drawn uniformly",
    "isotropic": "random directions",
    "random": "random weights",
}


def draw(results: Mapping[str, Sequence[Run]]) -> Figure:
    """Draw errors by sampling beside the baselines, and a forecast."""
    runs = results["s_swim_etth1"]
    answers = runs[0].record.data.answers
    with plt.rc_context(dict(style.RC)):
        figure, (scores, curves) = plt.subplots(1, 2, figsize=(style.PAGE, 2.5), layout="constrained")
        by_sampling = grouped(runs, "method.sampling")
        errors = {NAMES[name]: scores_on_test(group, "rse") for name, group in by_sampling.items()}
        scores_of_repeats(scores, errors | baseline_scores(runs, "rse"), "relative squared error, test", len(errors))
        if answers is not None:
            forecast(curves, answers.targets, answers.predictions)
            curves.set(title="", ylabel="output 0 (standard deviations)")
        style.letter(figure.axes)
    return figure
