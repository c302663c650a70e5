"""``bioworkbench index``: a page of all runs."""

from pathlib import Path
from typing import Annotated

import typer

from bioworkbench.commands.terminal import output, with_exit_codes
from bioworkbench.report.index import write_index

__all__ = ["index_command"]


@with_exit_codes
def index_command(
    folder: Annotated[Path, typer.Argument()] = Path("results"),
) -> None:
    """Write index.html, a page of all runs to sort and filter, with what differs, scores and thumbnails; prints its path.

    Parameters
    ----------
    folder : path
        Folder of an experiment, or of all results.
    """
    path = write_index(folder)
    output.print("Next: open it in a browser.")
    output.print(str(path))
