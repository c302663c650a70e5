"""Whole pictures of a recording, a network or a result, for notebooks and thumbnails; `panels` draws what is in them."""

import io
from collections.abc import Callable, Sequence
from typing import Any

import matplotlib
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from bioworkbench.plots import activity, panels
from bioworkbench.plots.network import network_diagram
from bioworkbench.records.counted import counted
from bioworkbench.records.network import Network
from bioworkbench.records.recording import Recording

__all__ = ["Picture", "network_figure", "recording_figure", "result_figure", "thumbnail"]

_WIDTH, _DOTS_PER_INCH = 9.0, 110
_MOST_TRACES = 3

Draw = Callable[[Axes], Any]


class Picture(Figure):
    """A Matplotlib figure that notebooks show without pyplot, which keeps every figure in memory."""

    def _repr_png_(self) -> bytes:
        return png(self)


def png(figure: Figure) -> bytes:
    """A figure as the bytes of a PNG file.

    Parameters
    ----------
    figure : Figure

    Returns
    -------
    bytes
    """
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png")
    return buffer.getvalue()


def recording_figure(recording: Recording, trial: int = 0) -> Picture:
    """Spikes and traces of a trial, and the rates of the populations over all trials, one below the other.

    Parameters
    ----------
    recording : Recording
    trial : int
        Counted from 0.

    Returns
    -------
    Picture

    Raises
    ------
    ValueError
        If there is no such trial.
    """
    if not 0 <= trial < recording.n_trials:
        raise ValueError(f"trial = {trial}: this recording has {counted(recording.n_trials, 'trial')}, the first of which is 0")
    return _stacked(_of_recording(recording, trial))


def _of_recording(recording: Recording, trial: int = 0) -> list[tuple[float, Draw]]:
    """Height and drawing of the panels of a recording."""
    found: list[tuple[float, Draw]] = []
    if recording.spikes:
        found += [
            (2.6, lambda axes: panels.raster(axes, recording, trial)),
            (1.4, lambda axes: panels.population_rates(axes, recording)),
        ]
    for name in list(recording.traces)[:_MOST_TRACES]:
        found.append((1.6, lambda axes, n=name: activity.traced(axes, recording, n, trial)))
    return found


def network_figure(network: Network) -> Picture:
    """Populations as boxes, projections as arrows.

    Parameters
    ----------
    network : Network

    Returns
    -------
    Picture
    """
    return _stacked([(2.2, lambda axes: network_diagram(axes, network))])


def result_figure(result: Any) -> Picture:
    """The network of a result, and its spikes, rates and traces.

    Parameters
    ----------
    result : Result

    Returns
    -------
    Picture
    """
    return _stacked([(2.2, lambda axes: network_diagram(axes, result.network)), *_of_recording(result.recording)])


def thumbnail(recording: Recording) -> bytes:
    """A small raster of the first trial, as a PNG file.

    Parameters
    ----------
    recording : Recording

    Returns
    -------
    bytes
    """
    with matplotlib.rc_context(panels.STYLE):
        figure = Figure(figsize=(2.4, 1.2), dpi=100)
        FigureCanvasAgg(figure)
        axes = figure.add_axes((0, 0, 1, 1))
        panels.raster(axes, recording)
        axes.set_axis_off()
        axes.set_title("")
        return png(figure)


def _stacked(drawings: Sequence[tuple[float, Draw]]) -> Picture:
    """Panels below each other, of given heights in inches."""
    heights = [height for height, _ in drawings] or [1.0]
    with matplotlib.rc_context(panels.STYLE):
        figure = Picture(figsize=(_WIDTH, sum(heights) + 0.5 * len(heights)), dpi=_DOTS_PER_INCH, layout="constrained")
        FigureCanvasAgg(figure)
        axes = figure.subplots(len(heights), 1, squeeze=False, height_ratios=heights)[:, 0]
        for one, (_, draw) in zip(axes, drawings, strict=False):
            draw(one)
        if not drawings:
            axes[0].set_axis_off()
            axes[0].text(0.5, 0.5, "nothing was recorded", ha="center", va="center")
        return figure
