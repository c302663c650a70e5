"""Figures inside pages: drawn, packed as SVG, with the sentence under them."""

import base64
import io
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import matplotlib
from matplotlib.axes import Axes
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine

from bioworkbench.plots import panels

__all__ = ["Panel", "drawn"]


@dataclass(frozen=True)
class Panel:
    """A figure as a data URI, and the sentence under it."""

    image: str
    caption: str
    wide: bool = False


class _DrawnOnce(Figure):
    """A figure that is not drawn only to be laid out, as Matplotlib does before it saves one: the layout asks for all that it needs."""

    def draw(self, renderer: Any) -> None:
        engine = self.get_layout_engine()
        if isinstance(engine, ConstrainedLayoutEngine):  # another one takes its place while the figure is saved
            engine.execute(self)
        else:
            super().draw(renderer)


def drawn(draw: Callable[[Axes], Any], caption: str, *, wide: bool = False, height: float = 3.2) -> Panel:
    """Draw on a new figure and pack it as SVG, dense point clouds as pixels inside.

    Parameters
    ----------
    draw : callable (Axes)
    caption : str
        What to look for.
    wide : bool
        Whether it takes the whole width of a page.
    height : float, inches

    Returns
    -------
    Panel
    """
    buffer = io.BytesIO()
    with matplotlib.rc_context(panels.STYLE):
        figure = _DrawnOnce(figsize=(11.0 if wide else 5.5, height), layout="constrained", dpi=110)
        FigureCanvasSVG(figure)
        draw(figure.subplots())
        figure.savefig(buffer, format="svg", metadata={"Date": None})
    return Panel(f"data:image/svg+xml;base64,{base64.b64encode(buffer.getvalue()).decode()}", caption, wide)
