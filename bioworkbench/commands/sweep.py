"""``bioworkbench sweep``: every point of a sweep, or the best of its ranges."""

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

from bioworkbench.commands.terminal import FAILED, escaped, output, rich_table, with_exit_codes, words
from bioworkbench.report.text import shown
from bioworkbench.spec.changes import parse_seeds, parse_values
from bioworkbench.spec.reader import load
from bioworkbench.spec.records import ExperimentSpec
from bioworkbench.sweeps.optimizing import Optimization, TriedValues, optimize
from bioworkbench.sweeps.sweeping import Advance, Outcome, n_cores, sweep

__all__ = ["sweep_command"]

_SECONDS_BETWEEN_LINES = 10.0  # where there is no terminal to draw on
_MOST_TRIED_SHOWN = 10


@with_exit_codes
def sweep_command(
    spec: Annotated[Path, typer.Argument(help="TOML file of the experiment; its [sweep] has lists of values, or ranges.")],
    sets: Annotated[list[str] | None, typer.Option("--set", metavar="FIELD=V1,V2", help="Values to sweep over.")] = None,
    seeds: Annotated[str, typer.Option(help="Seeds to sweep over: 0:10 (0 to 9), or 1,5,7.")] = "",
    jobs: Annotated[int, typer.Option(min=0, help="Processes; 0 for one per core.")] = 0,
    scheduler: Annotated[str, typer.Option(metavar="ADDRESS", help="Dask scheduler to use instead of processes here.")] = "",
    backend: Annotated[str, typer.Option(help="auto, numpy, cython, cpp or cuda; auto leaves it to the spec.")] = "auto",
    results: Annotated[Path, typer.Option(help="Folder of all results.")] = Path("results"),
    force: Annotated[bool, typer.Option("--force", help="Run again what is there.")] = False,
    reports: Annotated[bool, typer.Option("--reports", help="Write the report of every point too.")] = False,
    metric: Annotated[str, typer.Option("--optimize", metavar="METRIC", help="Search for the values of the best score.")] = "",
    trials: Annotated[int, typer.Option(min=1, help="Values to try when optimizing.")] = 100,
    folds: Annotated[int, typer.Option(min=2, help="Folds, for tasks without validation trials.")] = 5,
) -> None:
    """Run every point of a sweep that has no results yet, or optimize; go on after an interruption with the same command."""
    values: dict[str, Any] = dict(parse_values(text) for text in sets or [])
    if seeds:
        values["seed"] = parse_seeds(seeds)
    workers = 1 if scheduler else jobs or n_cores()
    settings: dict[str, Any] = {"jobs": workers, "scheduler": scheduler, "backend": backend, "results": results}
    experiment = load(spec)
    try:
        if metric:
            _optimize(experiment, spec, metric, values, {"trials": trials, "folds": folds, **settings})
        else:
            _sweep(experiment, values, {"force": force, "reports": reports, **settings})
    except KeyboardInterrupt as interruption:
        words.print("interrupted; finished points are kept, and the same command goes on with the rest")
        raise typer.Exit(FAILED) from interruption


def _sweep(experiment: ExperimentSpec, values: dict[str, Any], settings: dict[str, Any]) -> None:
    started = time.monotonic()
    with _progress() as progress:
        outcomes = sweep(experiment, values, progress=progress, **settings)
    counts = {status: sum(outcome.status == status for outcome in outcomes) for status in ("done", "found", "failed")}
    parts = ", ".join(f"{n} {status}" for status, n in counts.items() if n)
    output.print(f"{len(outcomes)} points: {parts}; {_duration(time.monotonic() - started)}")
    _end(outcomes, f"bioworkbench table {outcomes[0].point.folder.parent}")


def _end(outcomes: Sequence[Outcome], following: str) -> None:
    """List the failures, and say what comes next."""
    failures = [outcome for outcome in outcomes if outcome.status == "failed"]
    for failure in failures:
        words.print(f"[bold red]failed[/] {escaped(failure.point.name)} ({failure.point.folder.name}): {escaped(failure.error)}")
    output.print(f"Next: {following}")
    if failures:
        raise typer.Exit(FAILED)


@contextmanager
def _progress() -> Iterator[Callable[[Advance], None]]:
    """Callback that shows points done, failures, rate and time left: a bar on a terminal, else a line now and then."""
    started, failed, last = time.monotonic(), 0, time.monotonic()
    columns = (BarColumn(), MofNCompleteColumn(), TextColumn("{task.description}"))
    with Progress(*columns, console=words, transient=True, disable=not words.is_terminal) as bar:
        task = bar.add_task("", total=None)

        def notify(advance: Advance) -> None:
            nonlocal failed, last
            failed += advance.outcome.status == "failed"
            now = time.monotonic()
            text = _pace(advance, failed, now - started)
            bar.update(task, total=advance.total, completed=advance.done, description=text)
            if not words.is_terminal and (now - last > _SECONDS_BETWEEN_LINES or advance.done == advance.total):
                words.print(f"{advance.done}/{advance.total}  {text}")
                last = now

        yield notify


def _pace(advance: Advance, failed: int, elapsed: float) -> str:
    """Rate and time left, the latter by the work that is expected rather than by the number of points."""
    share = advance.share or advance.done / advance.total
    left = elapsed * (1 - share) / share
    failures = f", {failed} failed" if failed else ""
    return f"{advance.done / elapsed * 60:.3g} points/min, {_duration(left)} left{failures}"


def _duration(seconds: float) -> str:
    return f"{seconds:.1f} s" if seconds < 60 else str(timedelta(seconds=round(seconds)))


def _optimize(experiment: ExperimentSpec, path: Path, metric: str, values: dict[str, Any], settings: dict[str, Any]) -> None:
    failures: list[Outcome] = []

    def notify(tried: TriedValues) -> None:
        failures.extend(tried.failures)
        words.print(f"trial {tried.number}: {_score(metric, tried)}  {escaped(_values(tried))}")

    found = optimize(experiment, metric, values, progress=notify, **settings)
    rows = [[str(tried.number), _values(tried), _score(metric, tried)] for tried in found.tried[:_MOST_TRIED_SHOWN]]
    output.print(rich_table(["trial", "values", f"{metric} on {_parts(found)}"], rows))
    output.print(f"Study: {found.study}")
    best = {} if found.best is None else found.best.values
    changes = " ".join(f"--set '{name}={value}'" for name, value in best.items())
    _end(failures, f"bioworkbench run {path} {changes}    # once: this scores the test part, which was not used so far")


def _parts(found: Optimization) -> str:
    return "validation" if found.parts == ("validation",) else f"{len(found.parts)} folds of training"


def _values(tried: TriedValues) -> str:
    return ", ".join(f"{name} = {value}" for name, value in tried.values.items())


def _score(metric: str, tried: TriedValues) -> str:
    if tried.score is None:
        return "failed"
    return shown(metric, tried.score) + ("" if tried.error is None else f" ± {shown(metric, tried.error)}")
