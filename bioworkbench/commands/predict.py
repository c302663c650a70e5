"""``bioworkbench predict``: a trained network on new data."""

import csv
import io
from pathlib import Path
from typing import Annotated

import numpy as np
import typer

from bioworkbench.commands.terminal import output, with_exit_codes
from bioworkbench.experiment.prediction import Predictions, predict
from bioworkbench.experiment.results.files import write_text
from bioworkbench.records.cells import safe_cell

__all__ = ["predict_command"]


@with_exit_codes
def predict_command(
    run: Path,
    data: Path,
    to: Annotated[Path | None, typer.Option("--output")] = None,
    seed: Annotated[int | None, typer.Option(min=0)] = None,
    backend: str = "auto",
    jobs: Annotated[int, typer.Option(min=1)] = 1,
) -> None:
    """Ask a trained network about new data; prints its answers as CSV.

    Parameters
    ----------
    run : path
        Results folder, as 'run' prints it.
    data : path
        Table with the columns of the training file, or a .npy array (n_trials, n_frames, n_channels) in the scale of the task.
    to : path, optional
        File to write the answers to.
    seed : int, optional
        Of noise and random input spikes; by default another stream of the run's seed.
    backend : str
        Where to simulate; 'auto' leaves it to the spec.
    jobs : int
        Simulations at the same time.
    """
    answers = _csv(predict(run, data, seed=seed, backend=backend, jobs=jobs))
    if to is None:
        output.print(answers, end="", soft_wrap=True)
        return
    write_text(to, answers)
    output.print(str(to))


def _csv(found: Predictions) -> str:
    """A row for every trial, and for every frame where each has answers of its own."""
    values = found.values if found.values.ndim > 1 else found.values[:, None]
    text = io.StringIO()
    rows = csv.writer(text, lineterminator="\n")
    frames = ["frame"] * (values.ndim == 3 or (found.outputs == ("class",) and found.values.ndim == 2))
    rows.writerow(["trial", *frames, *map(safe_cell, found.outputs)])
    for index in np.ndindex(values.shape[: 1 + len(frames)]):
        answer = np.atleast_1d(values[index])
        rows.writerow([*index, *(safe_cell(str(one)) if answer.dtype.kind == "U" else one for one in answer.tolist())])
    return text.getvalue()
