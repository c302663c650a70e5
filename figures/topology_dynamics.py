"""Topology and dynamics: the same neurons, wired in five ways

500 excitatory and 125 inhibitory noisy leaky integrate-and-fire neurons. Only the graph of the 10 000 excitatory synapses differs: random
(Erdős-Rényi), random with equal in-degrees, small world (Watts-Strogatz), scale-free (Barabási-Albert), hyperbolic with communities
(nPSO). Mean rate, irregularity (coefficient of variation of inter-spike intervals) and synchrony of the excitatory neurons over 2 s; small
dots are five draws of the network. Look for what a heavy tail of degrees and what communities do.
"""

from collections.abc import Mapping, Sequence

import matplotlib.pyplot as plt
from matplotlib.figure import Figure

from bioworkbench.gallery.runs import FinishedRun
from bioworkbench.plots import style
from bioworkbench.plots.comparison import scores_of_repeats

SPECS = ("topology_dynamics",)
NAMES = {
    "fixed_total": "Erdős-Rényi",
    "fixed_in_degree": "equal in-degrees",
    "watts_strogatz": "Watts-Strogatz",
    "barabasi_albert": "Barabási-Albert",
    "nonuniform_pso": "nPSO",
}
STATISTICS = {"mean_rate": "mean rate (Hz)", "cv_isi": "CV of inter-spike intervals", "synchrony": "synchrony"}


def draw(results: Mapping[str, Sequence[FinishedRun]]) -> Figure:
    """Draw rate, irregularity and synchrony by topology."""
    by_topology: dict[str, list[FinishedRun]] = {name: [] for name in NAMES.values()}
    for run in results["topology_dynamics"]:
        by_topology[NAMES[run.values["projections.exc_exc.topology"]["kind"]]].append(run)
    with plt.rc_context(dict(style.RC)):
        figure, panels = plt.subplots(1, 3, figsize=(style.PAGE, 2.1), layout="constrained", sharey=True)
        for axes, (statistic, label) in zip(panels, STATISTICS.items(), strict=True):
            values = {name: [run.metrics["activity"]["exc"][statistic] for run in runs] for name, runs in by_topology.items()}
            scores_of_repeats(axes, values, label, len(values))
        style.letter(panels)
    return figure
