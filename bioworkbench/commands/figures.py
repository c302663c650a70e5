"""``bioworkbench figures``: draw the figures of a project from its results."""

from importlib import import_module
from pathlib import Path
from typing import Annotated

import typer

from bioworkbench.commands.terminal import BAD_INPUT, output, progress_bars, with_exit_codes, words
from bioworkbench.errors import ResultError, SpecError
from bioworkbench.gallery.page import write_gallery
from bioworkbench.gallery.stamps import Places, figure_names, is_current

__all__ = ["figures_command"]


@with_exit_codes
def figures_command(
    names: Annotated[list[str] | None, typer.Argument(help="Figures to draw; all by default.")] = None,
    run: Annotated[bool, typer.Option("--run", help="Run the specs that have not been run.")] = False,
    force: Annotated[bool, typer.Option("--force", help="Draw also what is up to date.")] = False,
    folder: Annotated[Path, typer.Option(help="Folder of the figure modules.")] = Path("figures"),
    specs: Annotated[Path, typer.Option(help="Folder of the specs.")] = Path("network_specs"),
    results: Annotated[Path, typer.Option(help="Folder of all results.")] = Path("results"),
) -> None:
    """Draw the figures whose code, specs or results changed, as SVG, PDF and PNG with their data as CSV, and a page of all."""
    places = Places(folder, specs, results)
    chosen = figure_names(places, names or [])
    stale = [name for name in chosen if force or not is_current(name, places)]
    missing = [] if not stale else _draw(stale, places, run)
    write_gallery(places)
    output.print(f"{len(stale) - len(missing)} drawn, {len(chosen) - len(stale)} up to date, {len(missing)} left out.")
    for message in missing:
        words.print(f"[yellow]left out[/] {message}")
    output.print(f"Next: open {places.page} in a browser.")
    if missing:
        raise typer.Exit(BAD_INPUT)


def _draw(names: list[str], places: Places, run: bool) -> list[str]:
    """Draw figures; why some could not be."""
    drawing = import_module("bioworkbench.gallery.drawing")  # brings Brian2 and JAX: only when there is something to draw
    left_out = []
    with progress_bars() as progress:
        for done, name in enumerate(names):
            progress("figures", done, len(names))
            try:
                drawing.draw_figure(name, places, run_missing=run, progress=progress)
            except (ResultError, SpecError) as error:
                left_out.append(str(error))
    return left_out
