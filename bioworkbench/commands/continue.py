# ruff: noqa: N999  named as the command; nobody imports it by a statement
"""``bioworkbench continue``: a run goes on where another one has ended."""

from pathlib import Path
from typing import Annotated

import typer

from bioworkbench.commands.shown import show
from bioworkbench.commands.terminal import progress_bars, with_exit_codes
from bioworkbench.experiment.running import go_on

__all__ = ["continue_command"]


@with_exit_codes
def continue_command(
    run: Path,
    duration: str,
    jobs: Annotated[int, typer.Option(min=1)] = 1,
    threads: Annotated[int, typer.Option(min=0)] = 0,
    results: Path = Path("results"),
    force: Annotated[bool, typer.Option("--force")] = False,
) -> None:
    """Go on from the state that a run has kept, into a results folder of its own; stimuli begin anew.

    Parameters
    ----------
    run : path
        Results folder of a run whose spec says keep_state = true.
    duration : str
        How long to go on, such as '2 s'.
    jobs : int
        Simulations at the same time.
    threads : int
        Threads of one simulation; 0 leaves it to the spec.
    results : path
        Folder of all results.
    force : bool
        Run again although the results are there.
    """
    with progress_bars() as progress:
        result = go_on(run, duration, progress=progress, jobs=jobs, threads=threads, results=results, force=force)
    show(result)
