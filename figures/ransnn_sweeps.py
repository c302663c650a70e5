"""RanSNN: how many neurons, how many steps, how much memory

Handwritten digits (8 x 8 pixels), as Poisson spikes, through random, frozen neurons; a ridge readout of their spike counts is trained. Test
accuracy, mean and standard error of five networks, beside the linear model of the pixels. a: over the number of neurons. b: over the
number of steps that an image is shown. c: over the leak, the fraction of the potential that survives a step. Look for where the curves
level off: beyond that, neurons or steps cost time and give nothing.
"""

from collections.abc import Mapping, Sequence

import matplotlib.pyplot as plt
from brian2.units import ms
from matplotlib.figure import Figure

from bioworkbench.gallery.runs import FinishedRun, baseline_scores, grouped, scores_on_test
from bioworkbench.plots import style
from bioworkbench.plots.comparison import curves_with_errors
from bioworkbench.records.averages import mean_and_error
from bioworkbench.records.units import parse_quantity

SPECS = ("ransnn_size", "ransnn_steps", "ransnn_leak")
AXES = {  # by spec: the field that is swept, its name on the axis, and whether the axis is logarithmic
    "ransnn_size": ("populations.hidden.size", "neurons", True),
    "ransnn_steps": ("input.frame", "steps of 1 ms", True),
    "ransnn_leak": ("populations.hidden.leak", "leak per step", False),
}


def draw(results: Mapping[str, Sequence[FinishedRun]]) -> Figure:
    """Draw accuracy over each of the three, a panel per spec."""
    with plt.rc_context(dict(style.RC)):
        figure, panels = plt.subplots(1, 3, figsize=(style.PAGE, 2.3), sharey=True, layout="constrained")
        for axes, name in zip(panels, SPECS, strict=True):
            field, label, logarithmic = AXES[name]
            curve = {
                _number(value): scores_on_test(runs, "accuracy", 100) for value, runs in grouped(results[name], field).items()
            }
            raw = mean_and_error(baseline_scores(results[name], "accuracy", 100)["raw linear"])[0]
            curves_with_errors(axes, {"random spiking network": curve}, label, "test accuracy (%)", ("raw linear", raw))
            if logarithmic:
                axes.set_xscale("log")
            if axes is not panels[0]:
                axes.set_ylabel("")
                axes.get_legend().remove()
        style.letter(list(panels))
    return figure


def _number(value: object) -> float:
    """Of a size or leak; a duration in milliseconds, which are its steps."""
    return float(parse_quantity(value) / ms) if isinstance(value, str) else float(value)  # pyright: ignore[reportArgumentType]
