"""`sweep`: run every point of a sweep that has no results yet, the most expensive first."""

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any, Literal

from bioworkbench.arrays import count
from bioworkbench.results.claims import remove_leftovers
from bioworkbench.results.files import check_writable, is_complete
from bioworkbench.results.points import Point, swept_points
from bioworkbench.simulation import choose_backend
from bioworkbench.spec.plan import expected_seconds
from bioworkbench.spec.reader import read, with_sweep
from bioworkbench.spec.records import ExperimentSpec
from bioworkbench.sweeps.cluster import on_cluster
from bioworkbench.sweeps.processes import on_processes
from bioworkbench.sweeps.worker import Answer, Order

__all__ = ["Advance", "Outcome", "Runner", "n_cores", "prepared", "run_points", "sweep"]

Runner = Callable[[Sequence[Order]], Iterator[tuple[int, Answer]]]


@dataclass(frozen=True)
class Outcome:
    """What became of a point.

    Parameters
    ----------
    point : Point
        Its values, and the folder of its results.
    status : {"done", "found", "failed"}
        "found" if it had been run before, or by another process meanwhile.
    seconds : float
        That it took.
    error : str
        Why it failed.
    """

    point: Point
    status: Literal["done", "found", "failed"]
    seconds: float = 0.0
    error: str = ""


@dataclass(frozen=True)
class Advance:
    """How far a sweep is.

    Parameters
    ----------
    outcome : Outcome
        Of the point that has just been finished.
    done, total : int
        Points that were to be run; those found at the start do not count.
    share : float
        Part of the expected work that is done.
    """

    outcome: Outcome
    done: int
    total: int
    share: float


Progress = Callable[[Advance], None]


def sweep(
    spec: ExperimentSpec,
    values: Mapping[str, Any] | None = None,
    *,
    jobs: int = 1,
    scheduler: str = "",
    backend: str = "auto",
    results: str | Path = "results",
    force: bool = False,
    reports: bool = False,
    progress: Progress | None = None,
) -> tuple[Outcome, ...]:
    """Run every point of a sweep that has no results yet, the most expensive first.

    Every point is a results folder of its own, complete or absent, so that a sweep that was interrupted in any way goes on where
    it was, and several sweeps can share a store. A point that fails is an outcome; the others go on.

    Parameters
    ----------
    spec : ExperimentSpec
    values : mapping from dotted field to list of values, optional
        Swept in addition to, or in place of, what the spec says in ``[sweep]``.
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

    Returns
    -------
    tuple of Outcome
        In the order of the sweep.

    Raises
    ------
    SpecError
        If a field or value cannot be used, or there is nothing to sweep; nothing has been run then.
    SimulationError
        If the backend is missing, or the scheduler does not answer, is lost, or has other versions.
    ResultError
        If the results cannot be written.
    """
    run, spec = prepared(spec, values, jobs=jobs, scheduler=scheduler, backend=backend, results=results)
    points = swept_points(spec, results)
    with spec.place().named():
        if not points:
            raise ValueError("has nothing to sweep; add [sweep] with lists of values, or give --set FIELD=V1,V2 or --seeds 0:10")
    return run_points(spec, points, run, force=force, reports=reports, progress=progress)


def prepared(
    spec: ExperimentSpec, values: Mapping[str, Any] | None, *, jobs: int, scheduler: str, backend: str, results: str | Path
) -> tuple[Runner, ExperimentSpec]:
    """What runs points, and the spec with values and backend set; everything is checked that can be before the first point."""
    if values:
        spec = with_sweep(
            spec, {name: list(items) if isinstance(items, tuple | range) else items for name, items in values.items()}
        )
    if backend != "auto":
        spec = read({**spec.document, "backend": backend}, spec.name, spec.file)
    if count("jobs", jobs) > 1 and scheduler:
        raise ValueError(f"jobs = {jobs} and scheduler = '{scheduler}': give one of them; the scheduler has workers of its own")
    folder = Path(results) / spec.name
    check_writable(folder)
    if not scheduler:
        choose_backend(spec.backend)
    remove_leftovers(folder)
    return partial(on_cluster, address=scheduler) if scheduler else partial(on_processes, jobs=jobs, n_cores=n_cores()), spec


def n_cores() -> int:
    """Cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def run_points(
    spec: ExperimentSpec,
    points: Sequence[Point],
    run: Runner,
    *,
    force: bool = False,
    reports: bool = False,
    progress: Progress | None = None,
) -> tuple[Outcome, ...]:
    """Outcomes of points in their order, those with results found and the others run, the most expensive first."""
    outcomes = {k: Outcome(point, "found") for k, point in enumerate(points) if not force and is_complete(point.folder)}
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


def _outcome(point: Point, answer: Answer) -> Outcome:
    if answer.status == "failed":
        return Outcome(point, "failed", answer.seconds, answer.error)
    if not is_complete(point.folder):
        reason = (
            "its worker says that it is done, but its results are not here; workers must write to the same folder (--results)"
        )
        return Outcome(point, "failed", answer.seconds, reason)
    return Outcome(point, "found" if answer.status == "found" else "done", answer.seconds)
