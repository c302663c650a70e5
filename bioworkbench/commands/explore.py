"""``bioworkbench explore``: spikes and traces of a run, to zoom and choose in."""

from pathlib import Path
from typing import Annotated

import typer

from bioworkbench.commands.terminal import output, with_exit_codes
from bioworkbench.experiment.results.opening import open
from bioworkbench.experiment.results.result import Result
from bioworkbench.records.errors import ResultError
from bioworkbench.report.explorer import write_explorer

__all__ = ["explore_command"]


@with_exit_codes
def explore_command(
    run: Path,
    page: Annotated[Path | None, typer.Option("--output")] = None,
) -> None:
    """Write a page of the spikes and traces of a run, to zoom, hover and choose in; prints its path.

    Parameters
    ----------
    run : path
        Results folder, as 'run' prints it.
    page : path, optional
        File to write; explore.html in the results folder by default.
    """
    result = open(run)
    if not isinstance(result, Result):
        raise ResultError(f"'{run}' is not the folder of one run; name one, such as results/EXPERIMENT/0123456789ab")
    path = write_explorer(result.recording, page or result.folder / "explore.html")
    output.print("Next: open it in a browser.")
    output.print(str(path))
