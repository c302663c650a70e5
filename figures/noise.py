"""Noise: what membrane noise costs on six tasks

Random, frozen networks of leaky integrate-and-fire neurons with white noise on the membrane; a linear readout of their spikes is trained
at each level. Test scores over the stationary standard deviation of the noise, mean and standard error of five networks, beside the
linear model of the raw input. Look for how much noise a readout bears before it falls behind the raw input: classifiers of many neurons
bear more than the spread of a threshold, while memory goes first. For the two forecasts, below, smaller is better.
"""

from collections.abc import Mapping, Sequence

import matplotlib.pyplot as plt
from brian2.units import mV
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from bioworkbench.gallery.runs import FinishedRun, baseline_scores, grouped, scores_on_test
from bioworkbench.plots import style
from bioworkbench.plots.comparison import curves_with_errors
from bioworkbench.records.averages import mean_and_error
from bioworkbench.records.units import parse_quantity

SPECS = (
    "noise_digits",
    "noise_spoken_digits",
    "noise_delayed_xor",
    "noise_memory_capacity",
    "noise_narma10",
    "noise_mackey_glass",
)
_TITLES = {"noise_delayed_xor": "delayed XOR", "noise_narma10": "NARMA-10", "noise_mackey_glass": "Mackey-Glass"}
_SCORES = {  # by metric: name on the axis, and factor
    "accuracy": ("test accuracy (%)", 100),
    "rse": ("test RSE", 1),
    "memory_capacity": ("memory capacity", 1),
}


def draw(results: Mapping[str, Sequence[FinishedRun]]) -> Figure:
    """Draw the score by noise, a panel per task."""
    with plt.rc_context(dict(style.RC)):
        figure, panels = plt.subplots(2, 3, figsize=(style.PAGE, 3.8), layout="constrained")
        for axes, name in zip(panels.flat, SPECS, strict=True):
            _panel(axes, name, results[name])
        panels.flat[0].legend(loc="lower left")
        style.letter(list(panels.flat))
    return figure


def _panel(axes: Axes, name: str, runs: Sequence[FinishedRun]) -> None:
    (metric,) = (metric for metric in _SCORES if metric in runs[0].metrics["test"])
    (field,) = (field for field in runs[0].values if field.endswith("sigma"))
    label, factor = _SCORES[metric]
    by_noise = grouped(runs, field)
    curve = {float(parse_quantity(noise) / mV): scores_on_test(group, metric, factor) for noise, group in by_noise.items()}
    raw = mean_and_error(baseline_scores(runs, metric, factor)["raw linear"])[0]
    curves_with_errors(axes, {"spiking network": curve}, "membrane noise σ (mV)", label, ("raw linear", raw))
    if legend := axes.get_legend():
        legend.remove()
    axes.set_title(_TITLES.get(name, name.removeprefix("noise_").replace("_", " ")), fontsize=8)
