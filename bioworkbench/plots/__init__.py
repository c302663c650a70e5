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
    training_history,
    weight_histogram,
)

__all__ = [
    "COLORS",
    "STYLE",
    "confusion_matrix",
    "degree_histogram",
    "error_curve",
    "forecast",
    "population_rates",
    "raster",
    "score_bars",
    "suitable_unit",
    "traces",
    "training_history",
    "weight_histogram",
]
