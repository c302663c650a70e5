"""S-SWIM: hidden neurons drawn from pairs of training samples, no gradients

A day of a transformer's load and oil temperature, forecast from the four days before (ETTh1), from the spikes of the drawn neurons and a
linear path beside them. a: root relative squared error on the test part for four ways to draw the hidden neurons, beside the baselines;
less is better, small dots are seeds, baselines beyond the panel are arrows. b: the same by hours ahead, against a prediction of no
change. c: forecast and truth of the change of oil temperature in a day. d: responses of drawn neurons to a pulse of input, from the
narrowest to the widest kernel. Look for whether pairs of samples draw better neurons than chance does, and what the spikes add to the
linear model of the window ("raw linear"), which the linear path alone would be.
"""

from collections.abc import Mapping, Sequence

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from bioworkbench.experiment.results.record import Answers
from bioworkbench.gallery.runs import FinishedRun, baseline_scores, grouped, scores_on_test
from bioworkbench.plots import style
from bioworkbench.plots.comparison import curves_with_errors, scores_of_repeats
from bioworkbench.plots.panels import COLORS
from bioworkbench.readout.metrics import rse

SPECS = ("s_swim_etth1",)
NAMES = {
    "pairs": "pairs of samples",
    "uniform": "pairs, drawn uniformly",
    "isotropic": "random directions",
    "random": "random weights",
}
N_CHANNELS, OIL_TEMPERATURE = 7, 6
HOURS_PER_DAY, STEPS_PER_DAY = 24, 8  # of the data, and of the simulation (the spec's patch, and frame over dt)
ERROR = "root relative squared error, test"


def draw(results: Mapping[str, Sequence[FinishedRun]]) -> Figure:
    """Draw errors by sampling beside the baselines and by hours ahead, a forecast, and kernels."""
    runs = results["s_swim_etth1"]
    by_sampling = grouped(runs, "method.pairs.sampling")
    errors = {NAMES[name]: scores_on_test(group, "rse") for name, group in by_sampling.items()}
    of_pairs = [run.record.data for run in by_sampling["pairs"]]
    answers = [data.answers for data in of_pairs if data.answers is not None]
    with plt.rc_context(dict(style.RC)):
        figure, ((scores, horizons), (forecast, kernels)) = plt.subplots(2, 2, figsize=(style.PAGE, 4.6), layout="constrained")
        beside = baseline_scores(runs, "rse")
        limits = style.span([*errors.values(), beside["raw linear"]])
        scores_of_repeats(scores, errors | beside, ERROR, len(errors), limits)
        _errors_by_hour(horizons, answers)
        _forecast(forecast, answers[0])
        trained = of_pairs[0].trained
        if trained is not None:
            _kernels(kernels, np.asarray(trained.network.populations[0].model.constants["decay"]))
        style.letter(figure.axes)
    return figure


def _errors_by_hour(axes: Axes, answers: Sequence[Answers]) -> None:
    """Error of networks and of no change, hour by hour; the targets are changes, so that no change is 0."""
    ours: dict[float, list[float]] = {}
    same: dict[float, list[float]] = {}
    for answer in answers:
        true, predicted = (values.reshape(len(values), -1, N_CHANNELS) for values in (answer.targets, answer.predictions))
        for hour in range(true.shape[1]):
            ours.setdefault(hour + 1, []).append(rse(predicted[:, hour], true[:, hour]))
            same.setdefault(hour + 1, []).append(rse(np.zeros_like(true[:, hour]), true[:, hour]))
    label = ERROR.replace("relative ", "relative\n")
    curves_with_errors(axes, {NAMES["pairs"]: ours, "no change": same}, "hours ahead", label)
    axes.set_xticks([1, 6, 12, 18, 24])


def _forecast(axes: Axes, answers: Answers) -> None:
    output = answers.targets.shape[1] - N_CHANNELS + OIL_TEMPERATURE
    days = np.arange(len(answers.targets)) / HOURS_PER_DAY
    shown = days < 30
    axes.plot(days[shown], answers.targets[shown, output], color=COLORS[6], linewidth=1.2, label="true")
    axes.plot(days[shown], answers.predictions[shown, output], color=COLORS[1], linewidth=1.0, linestyle="--", label="predicted")
    axes.set(xlabel="time in the test part (days)", ylabel="change in a day\n(standard deviations)", xlim=(0, 30))
    axes.margins(y=0.2)
    axes.legend(ncols=2, loc="upper right")


def _kernels(axes: Axes, decays: np.ndarray) -> None:
    steps = np.linspace(0, 2 * STEPS_PER_DAY, 200)
    for k, width in enumerate(np.quantile(-1 / np.log(decays), [0, 0.5, 1])):
        response = steps / width * np.exp(1 - steps / width)
        axes.plot(steps / STEPS_PER_DAY, response, color=COLORS[k], label=f"width {width / STEPS_PER_DAY:.2f} days")
    axes.set(xlabel="time after a pulse of input (days)", ylabel="response (fraction of its peak)", xlim=(0, 2))
    axes.legend(title="narrowest, median, widest", title_fontsize=7)
