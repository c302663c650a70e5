"""``bioworkbench sweep``: every point of a sweep, or the best of its ranges."""

import shlex
import time
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

from bioworkbench.commands.terminal import FAILED, labeled, output, rich_table, with_exit_codes, words
from bioworkbench.experiment.results.swept import PointOutcome
from bioworkbench.experiment.spec.changes import parse_seeds, parse_values, written_change
from bioworkbench.experiment.spec.reader import load
from bioworkbench.experiment.spec.records import ExperimentSpec
from bioworkbench.experiment.sweeps import Advance, SearchResult, SweepWarning, TriedValues, optimize, sweep
from bioworkbench.experiment.sweeps.slurm import parse_jobs, slurm_cluster
from bioworkbench.records.counted import counted
from bioworkbench.report.index import write_index
from bioworkbench.report.text import shown
from bioworkbench.simulation.threads import n_cores

__all__ = ["sweep_command"]

_SECONDS_BETWEEN_LINES = 10.0  # where there is no terminal to draw on
_MOST_TRIED_SHOWN = 10


@with_exit_codes
def sweep_command(
    spec: Path,
    sets: Annotated[list[str] | None, typer.Option("--set", metavar="FIELD=V1,V2")] = None,
    seeds: str = "",
    jobs: Annotated[int, typer.Option(min=0)] = 0,
    scheduler: Annotated[str, typer.Option(metavar="ADDRESS")] = "",
    slurm: Annotated[str, typer.Option(metavar="SETTINGS")] = "",
    backend: str = "auto",
    results: Path = Path("results"),
    force: Annotated[bool, typer.Option("--force")] = False,
    reports: Annotated[bool, typer.Option("--reports")] = False,
    metric: Annotated[str, typer.Option("--optimize", metavar="METRIC")] = "",
    trials: Annotated[int, typer.Option(min=1)] = 100,
    folds: Annotated[int, typer.Option(min=2)] = 5,
) -> None:
    """Run every point of a sweep that has no results yet, or optimize; go on after an interruption with the same command.

    Parameters
    ----------
    spec : path
        TOML file of the experiment; its [sweep] has lists of values, or ranges.
    sets : list of str, optional
        Values to sweep over.
    seeds : str
        Seeds to sweep over: 0:10 (0 to 9), or 1,5,7.
    jobs : int
        Processes; 0 for one per core.
    scheduler : str
        Dask scheduler to use instead of processes here.
    slurm : str
        Jobs of a SLURM queue to use instead: jobs=4,cores=8,memory=16GB,walltime=04:00:00,queue=NAME.
    backend : str
        auto, numpy, cython, cpp or cuda; auto leaves it to the spec.
    results : path
        Folder of all results.
    force : bool
        Run again what is there.
    reports : bool
        Write the report of every point too.
    metric : str
        Search for the values of the best score.
    trials : int
        Values to try when optimizing.
    folds : int
        Folds, for tasks without validation trials.
    """
    values = parse_values(sets or [])
    if seeds and "seed" in values:
        raise ValueError(f"--seeds {seeds} and --set seed: both say which seeds are run; give one of them")
    if seeds:
        values["seed"] = parse_seeds(seeds)
    if slurm and scheduler:
        raise ValueError(f"--slurm and --scheduler = {scheduler}: both say where points are run; give one of them")
    experiment = load(spec)
    with warnings.catch_warnings(), slurm_cluster(parse_jobs(slurm)) if slurm else nullcontext(scheduler) as address:
        workers = 1 if address else jobs or n_cores()
        settings: dict[str, Any] = {"jobs": workers, "scheduler": address, "backend": backend, "results": results}
        warnings.simplefilter("ignore", SweepWarning)  # failures are listed below, each on its line
        if metric:
            _optimize(experiment, spec, metric, values, {"n_trials": trials, "n_folds": folds, **settings})
        else:
            _sweep(experiment, values, {"force": force, "reports": reports, **settings})


def _sweep(experiment: ExperimentSpec, values: dict[str, Any], settings: dict[str, Any]) -> None:
    started = time.monotonic()
    with _progress() as progress:
        outcomes = sweep(experiment, values, progress=progress, **settings)
    counts = {status: sum(outcome.status == status for outcome in outcomes) for status in ("done", "found", "failed")}
    parts = ", ".join(f"{n} {status}" for status, n in counts.items() if n)
    output.print(f"{counted(len(outcomes), 'point')}: {parts}; {_duration(time.monotonic() - started)}")
    page = outcomes.page()
    if counts["failed"] < len(outcomes):
        write_index(outcomes.folder)
    _end(outcomes, f"open {page} in a browser, or bioworkbench table {outcomes.folder}")


def _end(outcomes: Sequence[PointOutcome], following: str) -> None:
    """List the failures, and say what comes next."""
    failures = [outcome for outcome in outcomes if outcome.status == "failed"]
    for failure in failures:
        words.print(labeled("failed", f"{failure.point.name} ({failure.point.folder.name}): {failure.error}", "bold red"))
    output.print(f"Next: {following}")
    if failures:
        raise typer.Exit(FAILED)


@contextmanager
def _progress() -> Iterator[Callable[[Advance], None]]:
    """Callback that shows points done, failures, rate and time left: a bar on a terminal, else a line now and then."""
    started, failed, last = time.monotonic(), 0, time.monotonic()
    columns = (BarColumn(), MofNCompleteColumn(), TextColumn("{task.description}", markup=False))
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
    fraction = advance.fraction or advance.done / advance.total
    left = elapsed * (1 - fraction) / fraction
    failures = f", {failed} failed" if failed else ""
    return f"{advance.done / elapsed * 60:.3g} points/min, {_duration(left)} left{failures}"


def _duration(seconds: float) -> str:
    return f"{seconds:.1f} s" if seconds < 60 else str(timedelta(seconds=round(seconds)))


def _optimize(experiment: ExperimentSpec, path: Path, metric: str, values: dict[str, Any], settings: dict[str, Any]) -> None:
    failures: list[PointOutcome] = []

    def notify(tried: TriedValues) -> None:
        failures.extend(tried.failures)
        words.print(f"trial {tried.number}: {_score(metric, tried)}  {_values(tried)}")

    found = optimize(experiment, metric, values, progress=notify, **settings)
    rows = [[str(tried.number), _values(tried), _score(metric, tried)] for tried in found.tried[:_MOST_TRIED_SHOWN]]
    output.print(rich_table(["trial", "values", f"{metric} on {_parts(found)}"], rows))
    output.print(f"Study: {found.study}")
    best = {} if found.best is None else found.best.values
    changes = [word for name, value in best.items() for word in ("--set", written_change(name, value))]
    command = shlex.join(["run", str(path), *changes])
    _end(failures, f"bioworkbench {command}    # once: this scores the test part, which was not used so far")


def _parts(found: SearchResult) -> str:
    return "validation" if found.parts == ("validation",) else f"{len(found.parts)} folds of training"


def _values(tried: TriedValues) -> str:
    return ", ".join(f"{name} = {value}" for name, value in tried.values.items())


def _score(metric: str, tried: TriedValues) -> str:
    if tried.score is None:
        return "failed"
    return shown(metric, tried.score) + ("" if tried.error is None else f" ± {shown(metric, tried.error)}")
