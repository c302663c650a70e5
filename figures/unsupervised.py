"""Digits without a teacher: spike-timing dependent plasticity and neurons that compete

Left: weights onto each neuron after learning, as images, neurons of one label next to each other. Right: which digits of the test are
taken for which. Look for shapes of digits among the weights, and for the pairs of digits that share them.
"""

from collections.abc import Mapping, Sequence

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.figure import Figure

from bioworkbench.gallery.runs import FinishedRun
from bioworkbench.plots import style

SPECS = ("unsupervised_digits",)


def draw(results: Mapping[str, Sequence[FinishedRun]]) -> Figure:
    """Draw weights and answers."""
    data = results[SPECS[0]][0].record.data
    trained, test = data.trained, data.answers
    assert trained is not None
    assert test is not None
    (learned,) = [projection for projection in data.network.projections if projection.name == "pixels_exc"]
    weights = learned.weights.toarray()
    order = np.argsort(trained.readout.coefficients.argmax(axis=1), kind="stable")
    with plt.rc_context(dict(style.RC)):
        figure, (fields, answers) = plt.subplots(1, 2, figsize=(style.PAGE, 3.0), layout="constrained")
        fields.imshow(_tiles(weights[:, order]), cmap="Blues", rasterized=True)
        fields.set(xticks=[], yticks=[], xlabel="weights onto each neuron, by label")
        table = np.zeros((10, 10))
        np.add.at(table, (test.targets, test.predictions), 1)
        answers.imshow(table / table.sum(axis=1, keepdims=True), cmap="Blues", vmin=0, vmax=1)
        answers.set(xlabel="answer", ylabel="digit", xticks=range(10), yticks=range(10))
        style.letter(figure.axes)
    return figure


def _tiles(weights: np.ndarray) -> np.ndarray:
    """Images side by side, with a gap between them, each as bright as its largest weight."""
    side, n = round(weights.shape[0] ** 0.5), weights.shape[1]
    columns = int(np.ceil(n**0.5))
    rows = -(-n // columns)
    board = np.zeros((rows * (side + 1), columns * (side + 1)))
    for k in range(n):
        top, left = k // columns * (side + 1), k % columns * (side + 1)
        board[top : top + side, left : left + side] = weights[:, k].reshape(side, side) / (weights[:, k].max() or 1.0)
    return board
