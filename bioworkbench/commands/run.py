"""``bioworkbench run``: from a spec to a results folder."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from bioworkbench.commands.terminal import output, progress_bars, rich_table, with_exit_codes, words
from bioworkbench.experiment.running import Result, run
from bioworkbench.report.text import activity_table, score_table
from bioworkbench.spec.changes import parse_change
from bioworkbench.spec.reader import load

__all__ = ["run_command"]

_SLOWEST = 12  # objects that a profile shows


@with_exit_codes
def run_command(
    spec: Annotated[Path, typer.Argument(help="TOML file of the experiment.")],
    changes: Annotated[list[str] | None, typer.Option("--set", metavar="FIELD=VALUE", help="Set a value of the spec.")] = None,
    seed: Annotated[int | None, typer.Option(help="Set the seed.")] = None,
    backend: Annotated[str, typer.Option(help="auto, numpy, cython, cpp or cuda; auto leaves it to the spec.")] = "auto",
    jobs: Annotated[int, typer.Option(min=1, help="Simulations at the same time.")] = 1,
    results: Annotated[Path, typer.Option(help="Folder of all results.")] = Path("results"),
    force: Annotated[bool, typer.Option("--force", help="Run again although the results are there.")] = False,
    profile: Annotated[bool, typer.Option("--profile", help="Show which Brian2 objects took longest.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print folder and metrics as JSON.")] = False,
) -> None:
    """Run an experiment; prints the results folder last."""
    wanted = dict(parse_change(change) for change in changes or [])
    experiment = load(spec, wanted if seed is None else wanted | {"seed": seed})
    settings: dict[str, Any] = {"backend": backend, "jobs": jobs, "results": results, "force": force, "profile": profile}
    with progress_bars() as progress:
        result = run(experiment, progress=progress, **settings)
    if as_json:
        output.print_json(json.dumps({"folder": str(result.folder), "found": result.found, "metrics": result.metrics}))
    else:
        _show(result)
        if profile:
            _show_profile(result.metrics)


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


def _show_profile(metrics: Mapping[str, Any]) -> None:
    """The slowest Brian2 objects, with their share of all."""
    seconds = metrics.get("profile", {})
    if not seconds:
        words.print("There is no profile of this run; --force runs it again with one.")
        return
    total = sum(seconds.values()) or 1.0
    slowest = sorted(seconds.items(), key=lambda item: -item[1])[:_SLOWEST]
    rows = [[name, f"{taken:.3g}", f"{100 * taken / total:.0f}"] for name, taken in slowest]
    words.print(rich_table(["Brian2 object", "s", "%"], rows))
