"""Noise: accuracy as membrane noise grows

Handwritten digits through 1000 random, frozen leaky integrate-and-fire neurons with white noise on the membrane; a ridge readout of their
spike counts is trained at each level. Test accuracy over the stationary standard deviation of the noise, mean and standard error of five
networks, beside the linear model of the raw pixels. Look for how much noise the readout bears before it falls behind the raw pixels.
"""

from collections.abc import Mapping, Sequence

import matplotlib.pyplot as plt
from brian2.units import mV
from matplotlib.figure import Figure

from bioworkbench.gallery.runs import Run, baseline_scores, grouped, scores_on_test
from bioworkbench.plots.comparison import curves_with_errors, mean_and_error
from bioworkbench.quantities import parse_quantity
from figures import style

SPECS = ("noise_digits",)


def draw(results: Mapping[str, Sequence[Run]]) -> Figure:
    """Draw accuracy by noise."""
    runs = results["noise_digits"]
    by_noise = grouped(runs, "populations.hidden.sigma")
    curve = {float(parse_quantity(noise) / mV): scores_on_test(group, "accuracy", 100) for noise, group in by_noise.items()}
    with plt.rc_context(dict(style.RC)):
        figure, axes = plt.subplots(figsize=(style.COLUMN, 2.4), layout="constrained")
        best, values = max(baseline_scores(runs, "accuracy", 100).items(), key=lambda item: mean_and_error(item[1])[0])
        level = (f"best baseline: {best}", mean_and_error(values)[0])
        curves_with_errors(axes, {"spiking network": curve}, "membrane noise σ (mV)", "test accuracy (%)", level)
    return figure
