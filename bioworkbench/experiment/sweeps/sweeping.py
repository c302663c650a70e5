"""`sweep`: run every point of a sweep that has no results yet, the most expensive first."""

import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

from bioworkbench.experiment.results.claims import remove_leftovers
from bioworkbench.experiment.results.files import check_writable, is_complete
from bioworkbench.experiment.results.points import swept_points
from bioworkbench.experiment.results.swept import Point, PointOutcome, Sweep, write_sweep
from bioworkbench.experiment.spec.changes import as_written
from bioworkbench.experiment.spec.plan import expected_seconds
from bioworkbench.experiment.spec.reader import loaded, read, with_sweep
from bioworkbench.experiment.spec.records import ExperimentSpec
from bioworkbench.experiment.spec.validation import check_points
from bioworkbench.experiment.sweeps.cluster import on_cluster
from bioworkbench.experiment.sweeps.orders import Answer, Order
from bioworkbench.experiment.sweeps.processes import on_processes
from bioworkbench.experiment.sweeps.worker import run_point
from bioworkbench.records.above import shown_progress
from bioworkbench.records.arrays import count
from bioworkbench.records.counted import counted
from bioworkbench.simulation.backends.choice import choose_backend
from bioworkbench.simulation.scratch import sweep_scratch
from bioworkbench.simulation.threads import n_cores

__all__ = ["Advance", "Runner", "SweepWarning", "prepared", "run_points", "sweep", "warn_of_failures"]

Runner = Callable[[Sequence[Order]], Iterator[tuple[int, Answer]]]


@dataclass(frozen=True)
class Advance:
    """How far a sweep is.

    Parameters
    ----------
    outcome : PointOutcome
        Of the point that has just been finished.
    done, total : int
        Points that were to be run; those found at the start do not count.
    fraction : float
        Part of the expected work that is done.
    """

    outcome: PointOutcome
    done: int
    total: int
    fraction: float


Progress = Callable[[Advance], None]

_MOST_NAMED = 5  # points that a warning names


class SweepWarning(RuntimeWarning):
    """Points of a sweep failed; what they have in common with the others is in the outcomes."""


def sweep(
    spec: ExperimentSpec | str | Path,
    values: Mapping[str, Any] | None = None,
    *,
    jobs: int = 1,
    scheduler: str = "",
    backend: str = "auto",
    results: str | Path = "results",
    force: bool = False,
    reports: bool = False,
    progress: Progress | None = None,
) -> Sweep:
    """Run every point of a sweep that has no results yet, the most expensive first.

    Every point is a results folder of its own, complete or absent, so that a sweep that was interrupted in any way goes on where
    it was, and several sweeps can share a store. A point that fails is an outcome, and a warning at the end; the others go on.

    Parameters
    ----------
    spec : ExperimentSpec, or path of a TOML file
    values : mapping from dotted field to list of values, optional
        Swept in addition to, or in place of, what the spec says in ``[sweep]``. Lists, ranges, arrays, arrays with units.
    jobs : int
        Processes on this machine. With more than one, a script must call this below ``if __name__ == "__main__":``, as
        `multiprocessing` asks.
    scheduler : str
        Address of a Dask scheduler whose workers see the same results folder; they are used instead of processes here.
    backend : str
        Where to simulate; "auto" leaves it to the spec.
    results : str or path
    force : bool
        Run again what is there.
    reports : bool
        Write the ``report.html`` of every point too, which takes longer than many a simulation; `run` writes it later.
    progress : callable (Advance), optional
        A notebook shows a bar by itself.

    Returns
    -------
    Sweep
        The outcomes in the order of the sweep; ``sweep-….json`` beside the results keeps them.

    Warns
    -----
    SweepWarning
        If points failed, naming them and why.

    Raises
    ------
    SpecError
        If a field or value cannot be used, with a line for each error of each point, or there is nothing to sweep; nothing has been
        run then.
    SimulationError
        If the backend is missing, or the scheduler does not answer, is lost, or has other versions.
    ResultError
        If the results cannot be written.
    """
    run, spec = prepared(loaded(spec), values, jobs=jobs, scheduler=scheduler, backend=backend, results=results)
    points = swept_points(spec, results)
    with spec.place().named():
        if not points:
            raise ValueError("has nothing to sweep; add [sweep] with lists of values, or give --set FIELD=V1,V2 or --seeds 0:10")
    with shown_progress(progress) as notify:
        show = None if notify is None else progress or (lambda advance: notify("points", advance.done, advance.total))
        outcomes = run_points(spec, points, run, force=force, reports=reports, progress=show, check=True)
    found = Sweep(spec.name, points[0].folder.parent, outcomes)
    write_sweep(found)
    warn_of_failures(outcomes, len(outcomes), "the same call runs them again")
    return found


def warn_of_failures(outcomes: Sequence[PointOutcome], n_points: int, remedy: str) -> None:
    """Warn if points failed.

    Parameters
    ----------
    outcomes : sequence of PointOutcome
    n_points : int
        That were asked for.
    remedy : str
        What to do.
    """
    failed = [outcome for outcome in outcomes if outcome.status == "failed"]
    if failed:
        named = "; ".join(f"{outcome.point.name} ({outcome.error})" for outcome in failed[:_MOST_NAMED])
        more = f"; and {len(failed) - _MOST_NAMED} more" if len(failed) > _MOST_NAMED else ""
        warnings.warn(
            f"{len(failed)} of {counted(n_points, 'point')} failed: {named}{more}. Remove the cause; {remedy}", SweepWarning, 3
        )


def prepared(
    spec: ExperimentSpec, values: Mapping[str, Any] | None, *, jobs: int, scheduler: str, backend: str, results: str | Path
) -> tuple[Runner, ExperimentSpec]:
    """What runs points, and the spec with values and backend set.

    Parameters
    ----------
    spec : ExperimentSpec
    values : mapping, optional
        Fields of the sweep, as of `sweep`.
    jobs : int
        Processes.
    scheduler : str
        Address of a Dask scheduler, in place of processes.
    backend : str
        "auto" leaves that of the spec.
    results : str or path
        Folder of all results.

    Returns
    -------
    callable, ExperimentSpec

    Raises
    ------
    ValueError
        If both jobs and a scheduler are given, or something is known before the first point to make it fail.
    """
    if values:
        spec = with_sweep(spec, {name: as_written(items) for name, items in values.items()})
    if backend != "auto":
        spec = read({**spec.document, "backend": backend}, spec.name, spec.file)
    if count("jobs", jobs) > 1 and scheduler:
        raise ValueError(f"jobs = {jobs} and scheduler = '{scheduler}': give one of them; the scheduler has workers of its own")
    folder = Path(results) / spec.name
    check_writable(folder)
    if not scheduler:
        choose_backend(spec.backend)
    remove_leftovers(folder)
    sweep_scratch()  # here too, because a sweep whose points are all there starts nothing that would
    if scheduler:
        return partial(on_cluster, address=scheduler, work=run_point), spec
    return partial(on_processes, jobs=jobs, n_cores=n_cores(), work=run_point), spec


def run_points(
    spec: ExperimentSpec,
    points: Sequence[Point],
    run: Runner,
    *,
    force: bool = False,
    reports: bool = False,
    progress: Progress | None = None,
    check: bool = False,
) -> tuple[PointOutcome, ...]:
    """Outcomes of points: those with results are found, the others are run, the most expensive first.

    Parameters
    ----------
    spec : ExperimentSpec
    points : sequence of Point
    run : callable
        From `prepared`.
    force : bool
        Whether to run again what has results.
    reports : bool
        Whether to write the report of every point.
    progress : callable (Advance), optional
    check : bool
        Whether to tell the errors of all points that are to be run before the first runs, as a `SpecError`.

    Returns
    -------
    tuple of PointOutcome
        In the order of the points.
    """
    outcomes = {k: PointOutcome(point, "found") for k, point in enumerate(points) if not force and is_complete(point.folder)}
    if check:
        check_points(spec, [point.values for k, point in enumerate(points) if k not in outcomes])
    costs = _costs(spec, {k: point for k, point in enumerate(points) if k not in outcomes})
    numbers = sorted(costs, key=lambda k: -costs[k])
    finite = [cost for cost in costs.values() if cost < float("inf")]
    work, total = 0.0, sum(finite) or 1.0
    orders = [_order(spec, points[k], force, reports) for k in numbers]
    for done, (number, answer) in enumerate(_patiently(orders, run), 1):
        k = numbers[number]
        outcomes[k] = _outcome(points[k], answer)
        work += costs[k] if costs[k] < float("inf") else 0.0
        if progress:
            progress(Advance(outcomes[k], done, len(numbers), work / total))
    return tuple(outcomes[k] for k in range(len(points)))


def _costs(spec: ExperimentSpec, points: Mapping[int, Point]) -> dict[int, float]:
    """Seconds that every point is expected to take."""
    parts: dict[str, Any] = {}
    sizes: dict[str, Any] = {}
    return {k: expected_seconds(read(point.document, spec.name, spec.file, parts), sizes) for k, point in points.items()}


def _order(spec: ExperimentSpec, point: Point, force: bool, report: bool) -> Order:
    folder = point.folder.absolute()
    return Order(document=point.document, name=spec.name, file=spec.file, folder=folder, force=force, report=report)


def _patiently(orders: Sequence[Order], run: Runner) -> Iterator[tuple[int, Answer]]:
    """Answers to all orders; points that other processes are at come last, and are waited for."""
    busy = []
    for number, answer in run(orders):
        if answer.status == "busy":
            busy.append(number)
        else:
            yield number, answer
    if busy:
        for position, answer in run([replace(orders[number], wait=True) for number in busy]):
            yield busy[position], answer


def _outcome(point: Point, answer: Answer) -> PointOutcome:
    if answer.status == "failed":
        return PointOutcome(point, "failed", answer.seconds, answer.error)
    if not is_complete(point.folder):
        reason = (
            "its worker says that it is done, but its results are not here; workers must write to the same folder (--results)"
        )
        return PointOutcome(point, "failed", answer.seconds, reason)
    return PointOutcome(point, "found" if answer.status == "found" else "done", answer.seconds)
