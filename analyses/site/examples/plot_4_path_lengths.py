"""
Which path length for which network
===================================

How high hidden links rank, by scores over paths of two and of three links. The numbers are those of
``python -m tests.benchmarks.bench_lengths``: three to ten repeats, a tenth of the links hidden, mean and 95 % interval.
"""

from pathlib import Path

import matplotlib.pyplot as plt
import pandas as pd

from bioworkbench.plots import COLORS

folder = next(place for place in (Path.cwd(), *Path.cwd().parents) if (place / "lengths.csv").is_file())
table = pd.read_csv(folder / "lengths.csv")
table = table[table["links are"] == "undirected"]
best = table.pivot(index=["network", "clustering"], columns="predictor", values="aupr").sort_values("clustering")
error = table.pivot(index=["network", "clustering"], columns="predictor", values="half_width").loc[best.index]

figure, axes = plt.subplots(figsize=(7, 4.5), layout="constrained")
for k, (name, marker) in enumerate({"CH3-L2": "o", "CH3-L3": "s", "CHA": "D", "preferential attachment": "x"}.items()):
    gain = best[name] / best["random"]
    axes.errorbar(gain, range(len(best)), xerr=error[name] / best["random"], fmt=marker, color=COLORS[k], label=name, capsize=2)
axes.set_yticks(range(len(best)), [f"{name} ({clustering:.2f})" for name, clustering in best.index])
axes.set(xscale="log", xlabel="AUPR, times that of a random ranking", ylabel="network (its clustering)")
axes.legend()
plt.show()

# %%
# The same for regrowth: a tenth of the links removed at random and as many regrown by a score, eight times over
# (``python -m tests.benchmarks.bench_regrowth``). Directed networks have paths of three alone.

table = pd.read_csv(folder / "regrowth.csv")
shapes = {"ch3_l2": ("CH3-L2", "o"), "ch3_l3": ("CH3-L3", "s"), "random": ("random", "x")}
figure, panels = plt.subplots(1, 2, figsize=(11, 4.5), layout="constrained", sharex=True)
for axes, kind in zip(panels, ("undirected", "directed"), strict=True):
    rows = table[table["links are"] == kind].sort_values("clustering")
    names = list(dict.fromkeys(zip(rows["network"], rows["clustering"], strict=True)))
    for k, (rule, (name, marker)) in enumerate(shapes.items()):
        found = rows[rows["rule"] == rule].set_index("network")
        places = [[network for network, _ in names].index(network) for network in found.index]
        axes.errorbar(found["kept"], places, xerr=found["half_width"], fmt=marker, color=COLORS[k], label=name, capsize=2)
    axes.set_yticks(range(len(names)), [f"{network} ({clustering:.2f})" for network, clustering in names])
    axes.set(xlabel="fraction of the links of the network", title=kind)
panels[0].legend()
plt.show()
