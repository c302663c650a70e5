"""Curves over a sweep, gathered from the results that lie beside each other."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from bioworkbench.experiment.results.columns import numeric, texts
from bioworkbench.experiment.results.files import is_complete
from bioworkbench.experiment.results.points import swept_points
from bioworkbench.experiment.results.seal import read_metrics
from bioworkbench.experiment.spec.ranges import Range
from bioworkbench.experiment.spec.records import ExperimentSpec
from bioworkbench.records.averages import mean_and_error
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
    label, given = numeric(field, [value for value, _ in found])
    written = texts(given)
    names = tuple(dict.fromkeys(written))
    if all(isinstance(value, int | float) and not isinstance(value, bool) for value in given):
        values, names = np.array(given, dtype=float), ()
    else:  # what are not numbers have places, and names
        values = np.array([names.index(text) for text in written], dtype=float)
    places = np.unique(values)
    if len(places) < 2:
        return None
    samples = [[score for x, (_, score) in zip(values, found, strict=True) if x == place] for place in places]
    means, errors = zip(*map(mean_and_error, samples), strict=True)
    return SweepCurve(label, score, places, np.array(means), np.array(errors, dtype=float), min(map(len, samples)), names)
