"""Runs side by side: where their specs differ, their scores, their activity, and the same figures of each."""

from collections.abc import Iterator, Sequence
from pathlib import Path

from bioworkbench.experiment.results.columns import cell_text, texts, unit_of_metric
from bioworkbench.experiment.results.files import write_text
from bioworkbench.experiment.results.reading import Summary, summary
from bioworkbench.experiment.results.recording_file import read_recording
from bioworkbench.plots import panels
from bioworkbench.records.counted import counted
from bioworkbench.records.errors import ResultError
from bioworkbench.report.drawn import Panel, drawn
from bioworkbench.report.pages import rendered

__all__ = ["MOST_RUNS", "compared", "write_comparison"]

MOST_RUNS = 8
"""Runs that a page shows beside each other; more are what tables and the index are for."""


def compared(folders: Sequence[str | Path]) -> tuple[list[Summary], dict[str, list[list[str]]]]:
    """What differs between runs.

    Parameters
    ----------
    folders : sequence of paths
        Two to `MOST_RUNS` results folders, of one experiment or of several.

    Returns
    -------
    runs : list of Summary
    tables : dict from title to rows
        A row is a name and its value in every run: fields of the specs that differ, scores, activity.

    Raises
    ------
    ResultError
        If there are fewer or more, or one cannot be read.
    """
    if not 2 <= len(folders) <= MOST_RUNS:
        raise ResultError(
            f"{counted(len(folders), 'results folder')} given; 2 to {MOST_RUNS} can be compared, 'table' and 'index' take more"
        )
    for folder in folders:
        if not Path(folder).is_dir():
            raise ResultError(f"{folder} is not a folder; name results folders, such as results/EXPERIMENT/0123456789ab")
    runs = [summary(Path(folder)) for folder in folders]
    fields = dict.fromkeys(name for run in runs for name in run.fields)
    different = [name for name in fields if len({repr(run.setting(name)) for run in runs}) > 1]
    known = list(dict.fromkeys(name for run in runs for name in run.numbers))
    scores = [name for name in known if name.startswith(("test.", "train.", "baselines."))]
    activity = [name for name in known if name.startswith("activity.")]
    tables = {"Specs: what differs": [[name, *texts([run.setting(name) for run in runs])] for name in different]}
    for title, names in (("Scores", scores), ("Activity", activity)):
        tables[title] = [[unit_of_metric(name), *(cell_text(run.numbers.get(name)) for run in runs)] for name in names]
    return runs, {title: rows for title, rows in tables.items() if rows}


def write_comparison(folders: Sequence[str | Path], path: Path) -> Path:
    """Write the page that shows runs side by side.

    Parameters
    ----------
    folders : sequence of paths
        As for `compared`.
    path : Path
        Of the file to write.

    Returns
    -------
    Path

    Raises
    ------
    ResultError
        As `compared`; or if the page cannot be written.
    """
    runs, tables = compared(folders)
    names = [f"{run.fields['experiment']} {run.folder.resolve().name}" for run in runs]
    shown = {title: [{"cells": row, "differs": len(set(row[1:])) > 1} for row in rows] for title, rows in tables.items()}
    figures = list(zip(*(list(_figures(run, name)) for run, name in zip(runs, names, strict=True)), strict=True))
    page = rendered(
        "compare.html.jinja", title=f"{counted(len(runs), 'run')} side by side", names=names, tables=shown, figures=figures
    )
    write_text(path, page)
    return path


def _figures(run: Summary, name: str) -> Iterator[Panel]:
    """The same figures of every run, one after the other."""
    recording = read_recording(run.folder / "run.h5")
    yield drawn(lambda axes: panels.raster(axes, recording), f"{name}: spikes of the first trial.", height=3.2)
    yield drawn(lambda axes: panels.population_rates(axes, recording), f"{name}: mean over neurons and trials.", height=2.6)
