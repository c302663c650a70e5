"""CH-SNN: sparse spiking networks whose links move

Handwritten digits through a spiking network with few links, which are removed and regrown after each epoch. Left: test accuracy by
sparsity for regrowth by CH3-L3 scores and at random, beside the linear model of the raw pixels. Right: fraction of neurons that are still
connected during training at the highest sparsity (first seed, colors as on the left). Look for the sparsity at which the curves part.
"""

from collections.abc import Mapping, Sequence

import matplotlib.pyplot as plt
from matplotlib.figure import Figure

from bioworkbench.gallery.runs import FinishedRun, best_baseline, grouped, scores_on_test
from bioworkbench.plots import style
from bioworkbench.plots.comparison import curves_with_errors
from bioworkbench.plots.panels import COLORS

SPECS = ("ch_snn_digits",)
NAMES = {"ch3_l3": "CH3-L3", "random": "random"}


def draw(results: Mapping[str, Sequence[FinishedRun]]) -> Figure:
    """Draw accuracy by sparsity, and active neurons during training."""
    runs = results["ch_snn_digits"]
    by_rule = {NAMES.get(name, name): group for name, group in grouped(runs, "method.rewiring.regrowth").items()}
    with plt.rc_context(dict(style.RC)):
        figure, (sparsity, training) = plt.subplots(1, 2, figsize=(style.PAGE, 2.4), layout="constrained")
        curves = {
            f"regrown {'by ' if name == 'CH3-L3' else 'at '}{name}": {
                100 * share: scores_on_test(some, "accuracy", 100) for share, some in grouped(group, "method.sparsity").items()
            }
            for name, group in by_rule.items()
        }
        curves_with_errors(sparsity, curves, "absent links (%)", "test accuracy (%)", best_baseline(runs, "accuracy", 100))
        for k, (name, group) in enumerate(by_rule.items()):
            sparsest = max(grouped(group, "method.sparsity").items())[1][0].record.data.trained
            if sparsest is not None and "active_nodes" in sparsest.history:
                training.plot(100 * sparsest.history["active_nodes"], color=COLORS[k], label=name)
        training.set(xlabel="epoch", ylabel="connected neurons (%)")
        style.letter(figure.axes)
    return figure
