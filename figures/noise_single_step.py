"""Noise-trained single step: trained for one noisy step, run for many

A network of soft-reset neurons is trained for a single step, in which Gaussian noise stands in for the membrane potential that earlier
steps leave over, and then runs in Brian2 without noise for T steps. Left: test accuracy on digits for T = 1, 2, 4, 8, beside the linear
model of the raw pixels. Right: validation accuracy during training. Look for a flat curve on the left: the conversion costs nothing.
"""

from collections.abc import Mapping, Sequence

import matplotlib.pyplot as plt
from matplotlib.figure import Figure

from bioworkbench.averages import mean_and_error
from bioworkbench.gallery.runs import Run, baseline_scores, grouped, scores_on_test
from bioworkbench.plots.comparison import curves_with_errors
from bioworkbench.plots.panels import COLORS
from bioworkbench.quantities import parse_quantity
from figures import style

SPECS = ("noise_single_step_digits",)


def draw(results: Mapping[str, Sequence[Run]]) -> Figure:
    """Draw accuracy by the number of steps, and the training."""
    runs = results["noise_single_step_digits"]
    dt = float(parse_quantity("1 ms"))
    by_steps = {round(float(parse_quantity(frame)) / dt): group for frame, group in grouped(runs, "input.frame").items()}
    with plt.rc_context(dict(style.RC)):
        figure, (steps, training) = plt.subplots(1, 2, figsize=(style.PAGE, 2.3), layout="constrained")
        best, values = max(baseline_scores(runs, "accuracy", 100).items(), key=lambda item: mean_and_error(item[1])[0])
        curve = {float(n): scores_on_test(group, "accuracy", 100) for n, group in by_steps.items()}
        level = (f"best baseline: {best}", mean_and_error(values)[0])
        curves_with_errors(steps, {"in Brian2, without noise": curve}, "steps T", "test accuracy (%)", level)
        steps.set_xscale("log", base=2)
        steps.set_xticks(sorted(curve), [f"{n:.0f}" for n in sorted(curve)])
        trained = runs[0].record.data.trained
        if trained is not None and "score" in trained.history:
            score = 100 * trained.history["score"]
            training.plot(range(1, len(score) + 1), score, color=COLORS[0])
        training.set(xlabel="epoch", ylabel="validation accuracy, T = 1 (%)")
        style.letter(figure.axes)
    return figure
