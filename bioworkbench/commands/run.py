"""``bioworkbench run``: from a spec to a results folder."""

import json
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.table import Table

from bioworkbench.commands.terminal import output, progress_bars, with_exit_codes, words
from bioworkbench.experiment.running import Result, run
from bioworkbench.report.text import activity_table, score_table
from bioworkbench.spec.changes import parse_change
from bioworkbench.spec.reader import load, sweep_points
from bioworkbench.spec.records import ExperimentSpec

__all__ = ["run_command"]


@with_exit_codes
def run_command(
    spec: Annotated[Path, typer.Argument(help="TOML file of the experiment.")],
    changes: Annotated[list[str] | None, typer.Option("--set", metavar="FIELD=VALUE", help="Set a value of the spec.")] = None,
    seed: Annotated[int | None, typer.Option(help="Set the seed.")] = None,
    backend: Annotated[str, typer.Option(help="auto, numpy, cython, cpp or cuda; auto leaves it to the spec.")] = "auto",
    jobs: Annotated[int, typer.Option(min=1, help="Simulations at the same time.")] = 1,
    results: Annotated[Path, typer.Option(help="Folder of all results.")] = Path("results"),
    force: Annotated[bool, typer.Option("--force", help="Run again although the results are there.")] = False,
    sweep: Annotated[bool, typer.Option("--sweep", help="Run every point of [sweep] first, one after the other.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print folder and metrics as JSON.")] = False,
) -> None:
    """Run an experiment; prints the results folder last."""
    wanted = dict(parse_change(change) for change in changes or [])
    experiment = load(spec, wanted if seed is None else wanted | {"seed": seed})
    settings: dict[str, Any] = {"backend": backend, "jobs": jobs, "results": results, "force": force}
    if sweep:
        _run_points(experiment, settings)
    with progress_bars() as progress:
        result = run(experiment, progress=progress, **settings)
    if as_json:
        output.print_json(json.dumps({"folder": str(result.folder), "found": result.found, "metrics": result.metrics}))
    else:
        _show(result)


def _run_points(experiment: ExperimentSpec, settings: dict[str, Any]) -> None:
    points = sweep_points(experiment)
    for number, (values, point) in enumerate(points, 1):
        with progress_bars() as progress:
            result = run(point, progress=progress, **settings)
        setting = ", ".join(f"{name} = {value}" for name, value in values.items())
        words.print(f"{number}/{len(points)}  {setting}: {'found' if result.found else 'done'}")


def _show(result: Result) -> None:
    if result.found:
        words.print("This spec has been run before; --force runs it again.")
    for table in (score_table(result.metrics), activity_table(result.metrics)):
        if table is not None:
            output.print(rich_table(table.header, table.rows))
    for warning in result.record.warnings:
        words.print(f"[yellow]warning[/] {warning}")
    output.print(f"Next: open {result.folder / 'report.html'} in a browser.")
    output.print(str(result.folder))


def rich_table(header: list[str], rows: list[list[str]]) -> Table:
    """Table for the terminal; all columns but the first are numbers."""
    table = Table(box=None, header_style="bold", pad_edge=False)
    for number, name in enumerate(header):
        table.add_column(name, justify="left" if number == 0 else "right", no_wrap=number == 0)
    for row in rows:
        table.add_row(*row)
    return table
