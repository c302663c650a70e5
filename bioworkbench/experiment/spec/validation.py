"""The one pass that tells everything that is wrong with a spec, its sweep included, without simulating it."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from bioworkbench.experiment.spec.changes import points, with_value, with_values
from bioworkbench.experiment.spec.places import Place, PointProblems, Problems
from bioworkbench.experiment.spec.plan import Plan, constructible
from bioworkbench.experiment.spec.ranges import Range
from bioworkbench.experiment.spec.reader import document_of, read, readable
from bioworkbench.experiment.spec.records import Document, ExperimentSpec
from bioworkbench.tasks import Task

__all__ = ["MOST_MADE", "check_points", "examined", "examined_file"]

MOST_MADE = 200
"""Points of a sweep, up to which the network of each is made before the first runs."""
_MOST_SEEDS = 3  # of a point that are made while all of them fail


def examined_file(path: str | Path, changes: Mapping[str, Any] | None = None) -> tuple[ExperimentSpec, Plan]:
    """Spec of a file and what a run of it starts from; see `examined`.

    Parameters
    ----------
    path : str or path
    changes : mapping from dotted field to value, optional
        Values set before reading.

    Returns
    -------
    ExperimentSpec, Plan

    Raises
    ------
    SpecError
        With a line for each error of the file.
    """
    place = Place(str(path))
    with place.named():
        document = document_of(Path(path))
    return examined(with_values(document, changes or {}, place), Path(path).stem, str(path))


def examined(document: Document, name: str, file: str = "") -> tuple[ExperimentSpec, Plan]:
    """Spec, and what a run of it starts from; what is returned can be run, and so can the points of its sweep.

    Parameters
    ----------
    document : mapping
        What a TOML parser returns.
    name : str
        Of the experiment.
    file : str
        For messages; the name by default.

    Returns
    -------
    ExperimentSpec, Plan

    Raises
    ------
    SpecError
        With a line for each error.
    """
    spec, problems = readable(document, name, file)
    tasks: dict[str, Task] = {}
    plan = constructible(spec, problems, tasks)
    problems.tell()
    check_points(spec, _combinations(spec), tasks)
    return spec, plan  # pyright: ignore[reportReturnType]  there are problems where it is None


def check_points(spec: ExperimentSpec, combinations: Sequence[Mapping[str, Any]], tasks: dict[str, Task] | None = None) -> None:
    """Make what runs of the points of a sweep start from, and tell all errors at once.

    Seeds decide little about errors: of points that differ in them alone, the first is made, and the next ones where that fails, for an
    error may be that of a seed, whose run tells it. So is all of a sweep of few points; of a larger one, the points that have every
    value once, beside the first values of the other fields.

    Parameters
    ----------
    spec : ExperimentSpec
    combinations : sequence of mappings from field to value
    tasks : dict, optional
        Keeps tasks for further specs that share them.

    Raises
    ------
    SpecError
        With a line for each error, and the values at which it occurs.
    """
    base = {key: value for key, value in spec.document.items() if key != "sweep"}
    kept, known, problems = {} if tasks is None else tasks, dict[str, Any](), PointProblems()
    for seeds in _to_be_made(combinations):
        found = problems.at({name: value for name, value in seeds[0].items() if name != "seed"})
        for number, point in enumerate(seeds[:_MOST_SEEDS]):
            own = Problems()
            changed = own.tried(_with_values, base, point, spec, known)
            if changed is not None:
                constructible(changed, own, kept)
            found.found = {problem: None for problem in own.found if number == 0 or problem in found.found}
            if not found.found:
                break
    problems.tell()


def _with_values(base: Document, point: Mapping[str, Any], spec: ExperimentSpec, known: dict[str, Any]) -> ExperimentSpec:
    document = base
    for name, value in point.items():
        with spec.place("sweep").named():
            document = with_value(document, name, value)
    return read(document, spec.name, spec.file, known)


def _to_be_made(combinations: Sequence[Mapping[str, Any]]) -> Iterator[list[Mapping[str, Any]]]:
    """All points that differ in more than the seed, each with all its seeds; of many, those that differ from the first in one field."""
    distinct: dict[str, list[Mapping[str, Any]]] = {}
    for point in combinations:
        distinct.setdefault(repr([item for item in point.items() if item[0] != "seed"]), []).append(point)
    points = [*distinct.values()]
    for seeds in points:
        others = [name for name, value in seeds[0].items() if name != "seed" and value != points[0][0].get(name)]
        if len(points) <= MOST_MADE or len(others) <= 1:
            yield seeds


def _combinations(spec: ExperimentSpec) -> list[dict[str, Any]]:
    """Points of a sweep; the ends of a range without steps, of which an optimization takes values, stand for it."""
    ends = {
        name: (values.value(values.low), values.value(values.high))
        for name, values in spec.sweep.items()
        if isinstance(values, Range) and values.steps is None
    }
    with spec.place("sweep").named():
        return points({**spec.sweep, **ends})
