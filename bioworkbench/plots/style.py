"""Look of figures: widths of journal columns, text that stays text, colors that color-blind readers can tell apart (Okabe & Ito 2008)."""

from collections.abc import Iterable, Mapping, Sequence
from string import ascii_lowercase
from typing import Any

from matplotlib.axes import Axes

__all__ = ["BLUE", "COLUMN", "GREEN", "ORANGE", "PAGE", "PURPLE", "RC", "SKY", "YELLOW", "letter", "span", "unparsed"]

COLUMN = 3.5
"""Width of one journal column, inches."""

PAGE = 7.2
"""Width of two columns, inches."""

BLUE, ORANGE, GREEN, PURPLE, YELLOW, SKY = "#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9"

RC: Mapping[Any, Any] = {
    "font.family": "sans-serif",
    "font.sans-serif": ["DejaVu Sans"],
    "font.size": 8,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.linewidth": 0.7,
    "legend.frameon": False,
    "svg.hashsalt": "bioworkbench",
    "svg.fonttype": "none",  # text stays text, which an editor of drawings can change
    "pdf.fonttype": 42,
}
"""Matplotlib settings, for ``plt.rc_context(dict(RC))``; the fixed salt makes SVG files the same bytes each time."""


def span(groups: Iterable[Sequence[float]]) -> tuple[float, float]:
    """Least and largest of all values.

    Parameters
    ----------
    groups : iterable of sequence of float

    Returns
    -------
    float, float

    Examples
    --------
    >>> span([[2.0, 3.0], [1.0]])
    (1.0, 3.0)
    """
    values = [value for group in groups for value in group]
    return min(values), max(values)


def letter(panels: Sequence[Axes]) -> None:
    """Name panels a, b, c, ... above their top left corners.

    Parameters
    ----------
    panels : sequence of Axes
    """
    for axes, name in zip(panels, ascii_lowercase, strict=False):
        axes.text(-0.02, 1.04, name, transform=axes.transAxes, ha="right", va="bottom", fontsize=9, fontweight="bold")


def unparsed(text: str) -> str:
    r"""A text of a user, in which Matplotlib would look for mathematics, as it is.

    Parameters
    ----------
    text : str

    Returns
    -------
    str

    Examples
    --------
    >>> unparsed("below 5 $")
    'below 5 \\$'
    """
    return text.replace("$", r"\$")
