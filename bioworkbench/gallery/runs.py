"""Finished runs of the specs that a figure reads."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bioworkbench.experiment.results.files import is_complete
from bioworkbench.experiment.results.record import RunRecord
from bioworkbench.experiment.results.seal import read_metrics
from bioworkbench.experiment.results.store import load_record, result_folder
from bioworkbench.experiment.spec.reader import sweep_points
from bioworkbench.experiment.spec.records import ExperimentSpec
from bioworkbench.readout.direction import SMALLER_IS_BETTER
from bioworkbench.records.averages import mean_and_error
from bioworkbench.records.counted import counted

__all__ = ["FinishedRun", "baseline_scores", "best_baseline", "finished_runs", "grouped", "scores_on_test"]


@dataclass(frozen=True)
class FinishedRun:
    """One finished point of a spec.

    Parameters
    ----------
    folder : Path
    values : mapping
        Dotted field and value, of what the sweep of the spec sets; empty without a sweep.
    metrics : mapping
        As in ``metrics.json``.
    """

    folder: Path
    values: Mapping[str, Any]
    metrics: Mapping[str, Any]

    @property
    def record(self) -> RunRecord:
        """Everything that was kept, read from disk."""
        return load_record(self.folder)


def finished_runs(spec: ExperimentSpec, results: Path) -> tuple[list[FinishedRun], list[ExperimentSpec]]:
    """Finished runs of every point of a spec (of the spec itself without a sweep), and the specs of those still to run.

    Parameters
    ----------
    spec : ExperimentSpec
    results : Path
        Folder of all results.

    Returns
    -------
    list of FinishedRun, list of ExperimentSpec

    Raises
    ------
    SpecError
        If the sweep has a range without steps: only an optimization searches it, so that no runs can be named beforehand.
    """
    found, missing = [], []
    for values, point in sweep_points(spec) or [({}, spec)]:
        folder = result_folder(results, point)
        if is_complete(folder):
            found.append(FinishedRun(folder, values, read_metrics(folder)))
        else:
            missing.append(point)
    return found, missing


def scores_on_test(runs: Sequence[FinishedRun], metric: str, scale: float = 1.0) -> list[float]:
    """Test scores of runs, those that are defined.

    Parameters
    ----------
    runs : sequence of FinishedRun
    metric : str
    scale : float
        Factor, such as 100 for percent.

    Returns
    -------
    list of float
    """
    return [scale * run.metrics["test"][metric] for run in runs if run.metrics["test"].get(metric) is not None]


def baseline_scores(runs: Sequence[FinishedRun], metric: str, scale: float = 1.0) -> dict[str, list[float]]:
    """Scores of the baselines, which need no network, by name.

    Parameters
    ----------
    runs : sequence of FinishedRun
    metric : str
    scale : float
        Factor, such as 100 for percent.

    Returns
    -------
    dict
        A score per run, by the baseline's name with spaces.
    """
    names = dict.fromkeys(name for run in runs for name in run.metrics["baselines"])
    found = {
        name.replace("_", " "): [
            scale * run.metrics["baselines"][name][metric]
            for run in runs
            if run.metrics["baselines"].get(name, {}).get(metric) is not None
        ]
        for name in names
    }
    return {name: values for name, values in found.items() if values}


def best_baseline(runs: Sequence[FinishedRun], metric: str, scale: float = 1.0) -> tuple[str, float]:
    """Label and mean score of the best baseline, as a level to compare with.

    Parameters
    ----------
    runs : sequence of FinishedRun
    metric : str
    scale : float
        Factor, such as 100 for percent.

    Returns
    -------
    str, float

    Raises
    ------
    ValueError
        If no run has a baseline with that metric.
    """
    means = {name: mean_and_error(values)[0] for name, values in baseline_scores(runs, metric, scale).items()}
    if not means:
        raise ValueError(
            f"none of {counted(len(runs), 'run')} has a baseline with the metric '{metric}'; run the specs, or name another metric"
        )
    best = min(means, key=means.__getitem__) if metric in SMALLER_IS_BETTER else max(means, key=means.__getitem__)
    return f"best baseline: {best}", means[best]


def grouped(runs: Sequence[FinishedRun], field: str) -> dict[Any, list[FinishedRun]]:
    """Runs by the value that their sweep gave a field, in the order of the sweep.

    Parameters
    ----------
    runs : sequence of FinishedRun
    field : str
        Dotted field of the sweep.

    Returns
    -------
    dict
    """
    groups: dict[Any, list[FinishedRun]] = {}
    for run in runs:
        groups.setdefault(run.values[field], []).append(run)
    return groups
