"""``bioworkbench figures``: draw the figures of a project from its results."""

import re
import time
from importlib import import_module
from pathlib import Path
from typing import Annotated

import typer

from bioworkbench.commands.terminal import BAD_INPUT, labeled, output, progress_bars, with_exit_codes, words
from bioworkbench.gallery.page import write_gallery
from bioworkbench.gallery.stamps import Places, figure_names, is_current, state
from bioworkbench.records.errors import ResultError, SpecError

__all__ = ["figures_command"]

_SECONDS_BETWEEN_LOOKS = 0.5
_LENGTH = re.compile(r"(\d+(?:\.\d*)?|\.\d+)\s*(mm|cm|in)", re.ASCII)
_PER_INCH = {"mm": 25.4, "cm": 2.54, "in": 1.0}
_LEAST_INCHES, _MOST_INCHES = 0.5, 40.0


@with_exit_codes
def figures_command(
    names: Annotated[list[str] | None, typer.Argument()] = None,
    run: Annotated[bool, typer.Option("--run")] = False,
    force: Annotated[bool, typer.Option("--force")] = False,
    watch: Annotated[bool, typer.Option("--watch")] = False,
    width: str = "",
    formats: Annotated[str, typer.Option("--format", metavar="FORMATS")] = "pdf,png",
    folder: Path = Path("figures"),
    specs: Path | None = None,
    results: Path = Path("results"),
) -> None:
    """Draw the figures whose code, specs or results changed, with their data as CSV, and a page of all.

    Parameters
    ----------
    names : list of str, optional
        Figures to draw; all by default.
    run : bool
        Run the specs that have not been run.
    force : bool
        Draw also what is up to date.
    watch : bool
        Go on, and draw what changes; Ctrl-C ends it.
    width : str
        Width of every figure: column, page, or a length such as '85 mm'.
    formats : str
        Formats beside SVG and CSV, as a,b: pdf, png, eps, jpg, tif, webp.
    folder : path
        Folder of the figure modules.
    specs : path, optional
        Folder of the specs; by default network_specs, or this folder without one; a spec that is not there may lie beside it.
    results : path
        Folder of all results.
    """
    further = [name.strip() for name in formats.split(",") if name.strip()]
    places = Places(folder, specs or _specs(), results, further, _inches(width))
    left_out = _update(places, names or [], run, force)
    output.print(f"Next: open {places.page} in a browser.")
    seen = state(places)
    while watch:
        time.sleep(_SECONDS_BETWEEN_LOOKS)
        if (now := state(places)) != seen:
            _update(places, names or [], run, False)
            seen = now
    if left_out:
        raise typer.Exit(BAD_INPUT)


def _update(places: Places, names: list[str], run: bool, force: bool) -> bool:
    """Draw what is stale, write the page, and say what happened; whether something was left out."""
    chosen = figure_names(places, names)
    stale = [name for name in chosen if force or not is_current(name, places)]
    missing = [] if not stale else _draw(stale, places, run)
    write_gallery(places)
    output.print(f"{len(stale) - len(missing)} drawn, {len(chosen) - len(stale)} up to date, {len(missing)} left out.")
    for message in missing:
        words.print(labeled("left out", message, "yellow"))
    return bool(missing)


def _specs() -> Path:
    """Folder of the specs where none is given."""
    usual = Path("network_specs")
    return usual if usual.is_dir() else Path()


def _inches(width: str) -> float | None:
    """Width of figures in inches; None without one."""
    if not width:
        return None
    if width in ("column", "page"):
        return getattr(import_module("bioworkbench.plots.style"), width.upper())  # brings Matplotlib: only where it is asked for
    found = _LENGTH.fullmatch(width.strip())
    inches = float(found[1]) / _PER_INCH[found[2]] if found else 0.0
    if not _LEAST_INCHES <= inches <= _MOST_INCHES:
        raise ValueError(
            f"--width = '{width}': must be column, page, or a length such as '85 mm', '8.5 cm' or '3.5 in', up to a meter"
        )
    return inches


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
