"""
Random spiking neurons read digits
==================================

A spec, changed from Python, and what comes back.
"""

import tempfile

import matplotlib.pyplot as plt

import bioworkbench as bw
from bioworkbench.plots.panels import confusion_matrix, score_bars

# %%
# The main job of the README with 500 instead of 2000 neurons. `load` checks every field before anything runs.

spec = bw.load("../../../network_specs/ransnn_digits.toml", {"populations.hidden.size": 500})
result = bw.run(spec, results=tempfile.mkdtemp())

# %%
# Scores on the test images, beside models that need no network.

test = result.metrics["test"]["accuracy"]
others = {name: scores["accuracy"] for name, scores in result.metrics["baselines"].items()}
figure, axes = plt.subplots(figsize=(6, 2.5), layout="constrained")
score_bars(axes, {"500 random neurons": test} | others, "test accuracy")

# %%
# Which digit is taken for which.

answers = result.record.data.answers
figure, axes = plt.subplots(figsize=(5, 4.2), layout="constrained")
confusion_matrix(axes, answers.targets, answers.predictions)
