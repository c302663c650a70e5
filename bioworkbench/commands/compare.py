"""``bioworkbench compare``: runs side by side."""

from pathlib import Path
from typing import Annotated

import typer

from bioworkbench.commands.terminal import output, rich_table, with_exit_codes
from bioworkbench.experiment.results.reading import is_run, result_folders
from bioworkbench.report.compare import compared, write_comparison

__all__ = ["compare_command"]


@with_exit_codes
def compare_command(
    runs: list[Path],
    page: Annotated[Path, typer.Option("--output")] = Path("compare.html"),
) -> None:
    """Show where the specs of runs differ, their scores and activity, and write a page with their figures side by side.

    Parameters
    ----------
    runs : list of path
        Two or more results folders, as 'run' prints them, or the folder of an experiment with so many.
    page : path
        Page to write, with figures side by side.
    """
    runs = [run for path in runs for run in (result_folders(path) if path.is_dir() and not is_run(path) else [path])]
    found, tables = compared(runs)
    names = [f"{run.fields['experiment']}/{run.folder.resolve().name}" for run in found]
    for title, rows in tables.items():
        output.print(f"\n{title}")
        output.print(rich_table(["", *names], rows))
    written = write_comparison(runs, page)
    output.print(f"Next: open {page} in a browser.")
    output.print(str(written))
