"""Curves over a sweep, gathered from the results that lie beside each other."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from bioworkbench.experiment.results.columns import cell_text
from bioworkbench.experiment.results.files import is_complete
from bioworkbench.experiment.results.points import swept_points
from bioworkbench.experiment.results.seal import read_metrics
from bioworkbench.experiment.spec.ranges import Range
from bioworkbench.experiment.spec.records import ExperimentSpec
from bioworkbench.plots.panels import suitable_unit
from bioworkbench.records.units import parse_quantity
from bioworkbench.report.page import SweepCurve

__all__ = ["sweep_curves"]


def sweep_curves(spec: ExperimentSpec, folder: Path) -> tuple[SweepCurve, ...]:
    """Scores over every swept number, mean and standard error over the seeds, from the points that have been run.

    Parameters
    ----------
    spec : ExperimentSpec
        Its sweep has at most one field beside the seed for a curve to be drawn.
    folder : Path
        ``results/<experiment>``.

    Returns
    -------
    tuple of Curve
        Empty where there is nothing to draw.
    """
    fields = [name for name in spec.sweep if name != "seed"]
    is_grid = all(not isinstance(values, Range) or values.steps for values in spec.sweep.values())
    if len(fields) != 1 or not is_grid or not folder.is_dir():
        return ()
    found = list(_scores(spec, folder, fields[0]))
    names = dict.fromkeys(name for _, scores in found for name in scores)
    curves = (
        _curve(fields[0], name, [(x, scores[name]) for x, scores in found if scores.get(name) is not None]) for name in names
    )
    return tuple(curve for curve in curves if curve is not None)


def _scores(spec: ExperimentSpec, folder: Path, field: str) -> Iterator[tuple[Any, dict[str, float]]]:
    """Swept value and test scores (without a task: mean rates) of every point that has been run."""
    for point in swept_points(replace(spec, name=folder.name), folder.parent):
        if is_complete(point.folder):
            metrics = read_metrics(point.folder)
            rates = {f"rate of {name} (Hz)": numbers["mean_rate"] for name, numbers in metrics["activity"].items()}
            yield point.values[field], metrics.get("test") or rates


def _curve(field: str, score: str, found: list[tuple[Any, float]]) -> SweepCurve | None:
    values, label, names = _numbers([value for value, _ in found])
    places = np.unique(values)
    if len(places) < 2:
        return None
    samples = [np.array([score for x, (_, score) in zip(values, found, strict=True) if x == place]) for place in places]
    n = min(len(sample) for sample in samples)
    errors = [sample.std(ddof=1) / np.sqrt(len(sample)) if len(sample) > 1 else np.nan for sample in samples]
    means = np.array([sample.mean() for sample in samples])
    return SweepCurve(field + label, score, places, means, np.array(errors), n, names)


def _numbers(values: list[Any]) -> tuple[np.ndarray, str, tuple[str, ...]]:
    """Swept values as numbers in one unit, and that unit for the label; what are not numbers have places and names."""
    try:
        quantities = [parse_quantity(value) for value in values]
    except ValueError:
        names = tuple(dict.fromkeys(map(cell_text, values)))
        return np.array([names.index(cell_text(value)) for value in values], dtype=float), "", names
    dimension, values_si = quantities[0].dim, np.array([float(np.asarray(quantity)) for quantity in quantities])
    if dimension.is_dimensionless:
        return values_si, "", ()
    unit, name = suitable_unit(np.abs(values_si).max(), dimension)
    return values_si / unit, f" ({name})", ()
