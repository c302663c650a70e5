"""The numbers that a figure shows, read back from what Matplotlib drew."""

import csv
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.category import StrCategoryFormatter
from matplotlib.collections import PathCollection
from matplotlib.container import BarContainer, ErrorbarContainer
from matplotlib.dates import AutoDateFormatter, ConciseDateFormatter, DateFormatter, num2date
from matplotlib.figure import Figure
from matplotlib.image import AxesImage
from matplotlib.lines import Line2D
from matplotlib.patches import StepPatch
from matplotlib.ticker import FixedFormatter, FuncFormatter

from bioworkbench.records.cells import safe_cell

__all__ = ["COLUMNS", "plotted_rows", "write_plotted"]

COLUMNS: tuple[str, ...] = ("panel", "title", "x_label", "y_label", "drawn_as", "series", "x", "y", "x_error", "y_error", "value")
_MOST_CELLS = 40_000


def plotted_rows(figure: Figure) -> Iterator[dict[str, Any]]:
    """Rows of a tidy table: one per point, bar, step or cell of every panel.

    Parameters
    ----------
    figure : Figure
        Lines, error bars, bars, scatters, stairs and images are read; text and shapes are not data. Errors are half of their bars.

    Yields
    ------
    dict
        With the keys of `COLUMNS`; the panel is counted from 0. Positions on an axis with words are given as those words.
    """
    for panel, axes in enumerate(figure.axes):
        about = {"panel": panel, "title": _title(axes), "x_label": axes.get_xlabel(), "y_label": axes.get_ylabel()}
        for kind, series, points in _drawn(axes):
            for point in points:
                place = {"x": _worded(axes.xaxis, point["x"]), "y": _worded(axes.yaxis, point["y"])}
                yield about | {"drawn_as": kind, "series": series} | point | place


def write_plotted(figure: Figure, path: Path) -> None:
    """Write `plotted_rows` as a CSV file.

    Parameters
    ----------
    figure : Figure
    path : Path
        Of the file to write.
    """
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, COLUMNS)
        writer.writeheader()
        writer.writerows({name: _text(value) for name, value in row.items()} for row in plotted_rows(figure))


def _text(value: Any) -> str:
    return f"{value:.6g}" if isinstance(value, float | np.floating) else "" if value is None else safe_cell(str(value))


def _title(axes: Axes) -> str:
    return axes.get_title("left") or axes.get_title() or axes.get_title("right")


Points = Iterator[dict[str, Any]]


def _drawn(axes: Axes) -> Iterator[tuple[str, str, Points]]:
    """Kind, name and points of all that was drawn in a panel."""
    of_error_bars = {id(part) for container in axes.containers for part in container.get_children()}
    for container in axes.containers:
        if isinstance(container, ErrorbarContainer):
            yield "error bar", _name(container), _error_bars(container)
        elif isinstance(container, BarContainer):
            yield "bar", _name(container), _bars(container)
    for line in axes.get_lines():
        if id(line) not in of_error_bars:
            yield "line", _name(line), _line(axes, line)
    for artist in axes.collections:
        if isinstance(artist, PathCollection):
            yield "scatter", _name(artist), _points(*np.asarray(artist.get_offsets()).T)
    for patch in axes.patches:
        if isinstance(patch, StepPatch):
            values, edges, _ = patch.get_data()
            yield "step", _name(patch), _points(edges[:-1], values)
    for image in axes.get_images():
        cells = np.ma.asarray(image.get_array())
        if cells.ndim == 2 and cells.size <= _MOST_CELLS:
            yield "cell", _name(image), _cells(image, cells)


def _points(x: Any, y: Any) -> Points:
    return ({"x": a, "y": b} for a, b in zip(x, y, strict=True))


def _line(axes: Axes, line: Line2D) -> Points:
    """Points of a line; where it goes across the whole panel, as `axhline` draws it, its one place."""
    x, y = np.asarray(line.get_xdata(orig=False)), np.asarray(line.get_ydata(orig=False))
    along_x, along_y = line.get_transform().contains_branch_seperately(axes.transData)
    if along_x and along_y:
        yield from _points(x, y)
    elif along_x or along_y:
        yield from ({"x": a if along_x else None, "y": b if along_y else None} for a, b in zip(x[:1], y[:1], strict=True))


def _cells(image: AxesImage, cells: np.ma.MaskedArray) -> Points:
    """Middles and values of the cells of an image, but for masked ones."""
    left, right, bottom, top = image.get_extent()
    begin, end = (top, bottom) if image.origin == "upper" else (bottom, top)
    n_rows, n_columns = cells.shape
    x, y = (
        left + (np.arange(n_columns) + 0.5) * (right - left) / n_columns,
        begin + (np.arange(n_rows) + 0.5) * (end - begin) / n_rows,
    )
    shown = ~np.ma.getmaskarray(cells)
    for row, column in np.argwhere(shown):
        yield {"x": float(x[column]), "y": float(y[row]), "value": float(cells[row, column])}


def _name(artist: Any) -> str:
    label = str(artist.get_label() or "")
    return "" if label.startswith("_") else label


def _error_bars(container: ErrorbarContainer) -> Points:
    line, _, segments = container.lines
    bars = [np.array([path.vertices for path in part.get_paths()]) for part in segments]
    errors: dict[str, np.ndarray] = {}
    for has, name, axis in ((container.has_xerr, "x", 0), (container.has_yerr, "y", 1)):
        if has and bars:
            part = bars.pop(0)
            errors[name] = (part[:, 1, axis] - part[:, 0, axis]) / 2
    for k, point in enumerate(_points(line.get_xdata(orig=False), line.get_ydata(orig=False))):
        yield point | {f"{name}_error": float(values[k]) for name, values in errors.items() if np.isfinite(values[k])}


def _bars(container: BarContainer) -> Points:
    for patch in container.patches:
        x, y, width, height = patch.get_x(), patch.get_y(), patch.get_width(), patch.get_height()
        if container.orientation == "horizontal":
            yield {"x": x + width, "y": y + height / 2}
        else:
            yield {"x": x + width / 2, "y": y + height}


def _worded(axis: Any, value: Any) -> Any:
    """The word, category or date at a place on an axis that has such, otherwise the number."""
    form = axis.get_major_formatter()
    if value is None:
        return None
    if isinstance(form, StrCategoryFormatter):
        nearest = round(float(value)) if np.isfinite(float(value)) else 0
        return (form(nearest) or value) if np.isclose(float(value), nearest, atol=1e-9) else value
    if isinstance(form, DateFormatter | AutoDateFormatter | ConciseDateFormatter):
        return num2date(value).replace(tzinfo=None).isoformat() if np.isfinite(float(value)) else value
    if not isinstance(form, FixedFormatter | FuncFormatter):  # others write numbers, on a logarithmic axis as powers in TeX
        return value
    labels = [label.get_text() for label in axis.get_majorticklabels()]
    if any(any(character.isalpha() for character in label) for label in labels):
        places = np.asarray(axis.get_majorticklocs(), dtype=float)
        hit = np.flatnonzero(np.isclose(places, float(value), atol=1e-9))
        return labels[hit[0]] if len(hit) and hit[0] < len(labels) else value
    return value
