"""``bioworkbench export``: a run in another format."""

from pathlib import Path
from typing import Annotated

import typer

from bioworkbench.commands.terminal import labeled, output, with_exit_codes, words
from bioworkbench.exchange.formats import FORMATS, export

__all__ = ["export_command"]


@with_exit_codes
def export_command(
    run: Path,
    to: Annotated[str, typer.Option(help=f"Format: {', '.join(FORMATS)}.")],
    path: Annotated[Path | None, typer.Option("--output")] = None,
) -> None:
    """Write a run in another format, and say what the format does not carry; prints the path last.

    Parameters
    ----------
    run : path
        Results folder, as 'run' prints it.
    to : str
        Format to write.
    path : path, optional
        File or folder to write; else in the results folder.
    """
    written = export(run, to=to, output=path)
    for lost in written.lost:
        words.print(labeled("not carried", lost, "yellow"))
    if written.note:
        words.print(labeled("note", written.note, "yellow"))
    output.print(str(written.path))
