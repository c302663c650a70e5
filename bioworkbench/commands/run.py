"""``bioworkbench run``: from a spec to a results folder."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from bioworkbench.commands.shown import show
from bioworkbench.commands.terminal import output, progress_bars, rich_table, with_exit_codes, words
from bioworkbench.experiment.running import run
from bioworkbench.experiment.spec.changes import parse_changes
from bioworkbench.experiment.spec.reader import load

__all__ = ["run_command"]

_SLOWEST = 12  # objects that a profile shows


@with_exit_codes
def run_command(
    spec: Path,
    changes: Annotated[list[str] | None, typer.Option("--set", metavar="FIELD=VALUE")] = None,
    seed: int | None = None,
    backend: str = "auto",
    jobs: Annotated[int, typer.Option(min=1)] = 1,
    threads: Annotated[int, typer.Option(min=0)] = 0,
    results: Path = Path("results"),
    force: Annotated[bool, typer.Option("--force")] = False,
    profile: Annotated[bool, typer.Option("--profile")] = False,
    as_json: Annotated[bool, typer.Option("--json")] = False,
) -> None:
    """Run an experiment; prints the results folder last.

    Parameters
    ----------
    spec : path
        TOML file of the experiment.
    changes : list of str, optional
        Set a value of the spec.
    seed : int, optional
        Set the seed.
    backend : str
        auto, numpy, cython, cpp or cuda; auto leaves it to the spec.
    jobs : int
        Simulations at the same time.
    threads : int
        Threads of one simulation; 0 leaves it to the spec.
    results : path
        Folder of all results.
    force : bool
        Run again although the results are there.
    profile : bool
        Show which Brian2 objects took longest.
    as_json : bool
        Print folder and metrics as JSON.
    """
    wanted = parse_changes(changes or [])
    experiment = load(spec, wanted if seed is None else wanted | {"seed": seed})
    settings: dict[str, Any] = {
        "backend": backend,
        "jobs": jobs,
        "threads": threads,
        "results": results,
        "force": force,
        "profile": profile,
    }
    with progress_bars() as progress:
        result = run(experiment, progress=progress, **settings)
    if as_json:
        output.print_json(json.dumps({"folder": str(result.folder), "found": result.found, "metrics": result.metrics}))
    else:
        show(result)
        if profile:
            _show_profile(result.metrics)


def _show_profile(metrics: Mapping[str, Any]) -> None:
    """The slowest Brian2 objects, with their fraction of all."""
    seconds = metrics.get("profile", {})
    if not seconds:
        words.print("There is no profile of this run; --force runs it again with one.")
        return
    total = sum(seconds.values()) or 1.0
    slowest = sorted(seconds.items(), key=lambda item: -item[1])[:_SLOWEST]
    rows = [[name, f"{taken:.3g}", f"{100 * taken / total:.0f}"] for name, taken in slowest]
    words.print(rich_table(["Brian2 object", "s", "%"], rows))
