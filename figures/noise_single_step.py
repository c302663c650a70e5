"""Noise-trained single step: trained for one noisy step, run for many

A network of soft-reset neurons is trained for a single step, in which Gaussian noise stands in for the membrane potential that earlier
steps leave over, and then runs in Brian2 without noise for T steps. Left: test accuracy on digits for T = 1, 2, 4, 8, beside surrogate
gradients through eight steps, a converted ReLU network (scaled to the 99.9 % quantile, started at half the threshold), and
the best baseline without a network. Right: validation accuracy during training, of the first seed. Look for a flat curve of the method
on the left: the conversion costs nothing.
"""

from collections.abc import Mapping, Sequence

import matplotlib.pyplot as plt
from matplotlib.figure import Figure

from bioworkbench.gallery.runs import FinishedRun, best_baseline, grouped, scores_on_test
from bioworkbench.plots import style
from bioworkbench.plots.comparison import curves_with_errors
from bioworkbench.plots.panels import COLORS
from bioworkbench.records.history import SCORE
from bioworkbench.records.units import parse_quantity

SPECS = ("noise_single_step_digits",)
NAMES = {"single_step": "one noisy step", "multi_step": "eight steps", "conversion": "converted"}


def draw(results: Mapping[str, Sequence[FinishedRun]]) -> Figure:
    """Draw accuracy by the number of steps, and the training."""
    runs = results["noise_single_step_digits"]
    by_training = {NAMES[name]: group for name, group in grouped(runs, "method.training").items()}
    with plt.rc_context(dict(style.RC)):
        figure, (steps, training) = plt.subplots(1, 2, figsize=(style.PAGE, 2.6), layout="constrained")
        curves = {name: _by_steps(group) for name, group in by_training.items()}
        curves_with_errors(steps, curves, "steps T", "test accuracy (%)", best_baseline(runs, "accuracy", 100))
        steps.set_xscale("log", base=2)
        places = sorted(curves[NAMES["single_step"]])
        steps.set_xticks(places, [f"{n:.0f}" for n in places])
        for k, (name, group) in enumerate(by_training.items()):
            trained = group[0].record.data.trained
            if trained is not None and SCORE in trained.history:
                score = 100 * trained.history[SCORE]
                training.plot(range(1, len(score) + 1), score, color=COLORS[k], label=name)
        training.set(xlabel="epoch", ylabel="validation accuracy (%)")
        training.legend(loc="lower right")
        style.letter(figure.axes)
    return figure


def _by_steps(runs: Sequence[FinishedRun]) -> dict[float, list[float]]:
    """Test accuracies by number of steps of a millisecond."""
    dt = float(parse_quantity("1 ms"))
    frames = grouped(runs, "input.frame")
    return {
        float(round(float(parse_quantity(frame)) / dt)): scores_on_test(group, "accuracy", 100) for frame, group in frames.items()
    }
