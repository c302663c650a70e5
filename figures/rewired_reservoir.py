"""Rewired reservoir: does CH3-L3 regrowth help a recurrent network?

A recurrent network of noisy excitatory and inhibitory neurons keeps a fading memory of its input. Between simulations it loses the fifth of
its synapses that its own spikes use least, and regrows as many by CH3-L3 scores, at random, by distance, by correlation, or none at all.
Left: memory capacity on test trials by rule of regrowth, beside a linear readout of the input; small dots are seeds. Right: validation
score over the episodes of the first seed. Look for whether the rules differ by more than the seeds do.
"""

from collections.abc import Mapping, Sequence

import matplotlib.pyplot as plt
from matplotlib.figure import Figure

from bioworkbench.gallery.runs import Run, baseline_scores, grouped, scores_on_test
from bioworkbench.plots.comparison import scores_of_repeats
from bioworkbench.plots.panels import COLORS
from figures import style

SPECS = ("rewired_reservoir_memory",)
NAMES = {
    "ch3_l3": "CH3-L3",
    "random": "random",
    "distance": "near neurons",
    "correlation": "correlated neurons",
    "none": "no rewiring",
}


def draw(results: Mapping[str, Sequence[Run]]) -> Figure:
    """Draw memory capacity by rule, and scores over the episodes."""
    runs = results["rewired_reservoir_memory"]
    by_rule = {NAMES[rule]: group for rule, group in grouped(runs, "method.regrowth").items()}
    with plt.rc_context(dict(style.RC)):
        figure, (scores, episodes) = plt.subplots(1, 2, figsize=(style.PAGE, 2.4), layout="constrained")
        capacity = {name: scores_on_test(group, "memory_capacity") for name, group in by_rule.items()}
        scores_of_repeats(scores, capacity | baseline_scores(runs, "memory_capacity"), "memory capacity, test", len(capacity))
        for k, (name, group) in enumerate(by_rule.items()):
            trained = group[0].record.data.trained
            if trained is not None and "score" in trained.history:
                episodes.plot(trained.history["score"], color=COLORS[k], label=name)
        episodes.set(xlabel="episode", ylabel="memory capacity, validation")
        episodes.legend()
        style.letter(figure.axes)
    return figure
