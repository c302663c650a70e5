"""Rewired reservoir: does CH3-L3 regrowth help a recurrent network?

A recurrent network of noisy excitatory and inhibitory neurons keeps a fading memory of its input. Between simulations it loses the fifth of
its synapses that its own spikes use least, and regrows as many by CH3-L3 scores, at random, by distance, by correlation, or none at all.
Left: memory capacity of the best validated episode on test trials by rule of regrowth, beside a linear readout of the input; small dots
are seeds, baselines beyond the panel are arrows. Right: mean and standard error of the validation score over the episodes. Look for
whether the rules differ by more than the seeds do.
"""

from collections.abc import Mapping, Sequence

import matplotlib.pyplot as plt
from matplotlib.figure import Figure

from bioworkbench.gallery.runs import FinishedRun, baseline_scores, grouped, scores_on_test
from bioworkbench.plots import style
from bioworkbench.plots.comparison import curves_with_errors, scores_of_repeats
from bioworkbench.records.history import SCORE

SPECS = ("rewired_reservoir_memory",)
NAMES = {
    "ch3_l3": "CH3-L3",
    "random": "random",
    "distance": "near neurons",
    "correlation": "correlated neurons",
    "none": "no rewiring",
}


def draw(results: Mapping[str, Sequence[FinishedRun]]) -> Figure:
    """Draw memory capacity by rule, and scores over the episodes."""
    runs = results["rewired_reservoir_memory"]
    by_rule = {NAMES[rule]: group for rule, group in grouped(runs, "method.rewiring.regrowth").items()}
    capacity = {name: scores_on_test(group, "memory_capacity") for name, group in by_rule.items()}
    with plt.rc_context(dict(style.RC)):
        figure, (scores, episodes) = plt.subplots(1, 2, figsize=(style.PAGE, 2.4), layout="constrained")
        beside = baseline_scores(runs, "memory_capacity")
        scores_of_repeats(scores, capacity | beside, "memory capacity, test", len(capacity), style.span(capacity.values()))
        curves = {name: _by_episode(group) for name, group in by_rule.items()}
        curves_with_errors(episodes, curves, "episode", "memory capacity, validation")
        episodes.legend(loc="upper left", bbox_to_anchor=(1.0, 1.0))
        style.letter(figure.axes)
    return figure


def _by_episode(runs: Sequence[FinishedRun]) -> dict[float, list[float]]:
    """Validation scores of all seeds by episode."""
    histories = [run.record.data.trained.history[SCORE] for run in runs if run.record.data.trained is not None]
    return {float(episode): list(scores) for episode, scores in enumerate(zip(*histories, strict=True))}
