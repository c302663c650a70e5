"""Figures of a page: drawn once, and the same as Matplotlib saves."""

import base64
import io

import matplotlib
import numpy as np
import pytest
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure

from bioworkbench.plots import panels
from bioworkbench.report.drawn import drawn


def lines(axes):
    axes.loglog([1, 10, 1000], [3, 20, 1], label="power")
    axes.set(xlabel="frequency (Hz)", ylabel="power", title="A title above it")
    axes.legend()


def bars(axes):
    axes.barh(["one of a long name", "two"], [1, 2])
    axes.twiny().plot([5, 6], [0, 1])


def matrix(axes):
    axes.figure.colorbar(axes.imshow(np.arange(9).reshape(3, 3)), ax=axes, label="trials")


@pytest.mark.parametrize("draw", [lines, bars, matrix])
def test_a_panel_is_as_matplotlib_saves_the_figure(draw, monkeypatch):
    n_drawn, buffer = [], io.BytesIO()
    monkeypatch.setitem(matplotlib.rcParams, "svg.hashsalt", "salt")
    with matplotlib.rc_context(panels.STYLE):
        figure = Figure(figsize=(5.5, 3.2), layout="constrained", dpi=110)
        FigureCanvasSVG(figure)
        draw(figure.subplots())
        figure.savefig(buffer, format="svg", metadata={"Date": None})
    before = Figure.draw
    monkeypatch.setattr(Figure, "draw", lambda self, renderer: n_drawn.append(1) or before(self, renderer))
    panel = drawn(draw, "caption")
    assert base64.b64decode(panel.image.partition(",")[2]) == buffer.getvalue()
    assert len(n_drawn) == 1
