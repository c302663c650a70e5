"""Panels of reports and figures: one function per panel, from data to an Axes with labels and units."""

from bioworkbench.plots.panels import (
    COLORS,
    STYLE,
    confusion_matrix,
    degree_histogram,
    error_curve,
    forecast,
    population_rates,
    raster,
    score_bars,
    suitable_unit,
    traces,
    weight_histogram,
)
from bioworkbench.plots.training import (
    adjacency_change,
    degrees_before_and_after,
    history_groups,
    training_history,
    trajectory,
    weights_before_and_after,
)

__all__ = [
    "COLORS",
    "STYLE",
    "adjacency_change",
    "confusion_matrix",
    "degree_histogram",
    "degrees_before_and_after",
    "error_curve",
    "forecast",
    "history_groups",
    "population_rates",
    "raster",
    "score_bars",
    "suitable_unit",
    "traces",
    "training_history",
    "trajectory",
    "weight_histogram",
    "weights_before_and_after",
]
