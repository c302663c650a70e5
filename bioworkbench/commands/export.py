"""``bioworkbench export``: a run in another format."""

from pathlib import Path
from typing import Annotated

import typer

from bioworkbench.commands.terminal import output, with_exit_codes, words
from bioworkbench.export import FORMATS, export

__all__ = ["export_command"]


@with_exit_codes
def export_command(
    run: Annotated[Path, typer.Argument(help="Results folder, as 'run' prints it.")],
    to: Annotated[str, typer.Option(help=f"Format: {', '.join(FORMATS)}.")],
    path: Annotated[Path | None, typer.Option("--output", help="File or folder to write; else in the results folder.")] = None,
) -> None:
    """Write a run in another format, and say what the format does not carry; prints the path last."""
    written = export(run, to=to, output=path)
    for lost in written.lost:
        words.print(f"[yellow]not carried[/] {lost}")
    if written.note:
        words.print(f"[yellow]note[/] {written.note}")
    output.print(str(written.path))
