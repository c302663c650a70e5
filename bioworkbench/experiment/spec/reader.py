"""Specs: experiments as TOML files, read into checked records before anything expensive starts.

Text of a spec is never evaluated. Every kind is looked up in a table, and its arguments are converted by the signature of the
function found there (`bioworkbench.experiment.spec.values`).
"""

import tomllib
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from bioworkbench.experiment.spec.blocks import written_out
from bioworkbench.experiment.spec.changes import points, swept_values, with_values
from bioworkbench.experiment.spec.drawn import backgrounds, downscaling, drawn_settings, in_words, weights_from_words
from bioworkbench.experiment.spec.fitted import fit_of
from bioworkbench.experiment.spec.kinds import KINDS, NESTED
from bioworkbench.experiment.spec.places import Place, PointProblems, Problems
from bioworkbench.experiment.spec.probes import probes
from bioworkbench.experiment.spec.protocols import phases_of
from bioworkbench.experiment.spec.ranges import Range
from bioworkbench.experiment.spec.records import Document, ExperimentSpec, PopulationSpec, ProjectionSpec
from bioworkbench.experiment.spec.rules import check_whole
from bioworkbench.experiment.spec.schema import settings
from bioworkbench.experiment.spec.stimuli import stimuli_of
from bioworkbench.experiment.spec.values import chosen, readable_arguments
from bioworkbench.records.choice import Choice
from bioworkbench.records.errors import unknown_name
from bioworkbench.records.names import check_experiment

__all__ = ["document_of", "load", "loaded", "read", "readable", "sweep_points", "with_sweep"]

MAX_BYTES = 1_000_000
MAX_POPULATIONS = 1000
MAX_PROJECTIONS = 10_000
MAX_DEPTH = 10


_TABLES = (
    "task",
    "input",
    "method",
    "network",
    "populations",
    "projections",
    "record",
    "metrics",
    "sweep",
    "downscaling",
    "fit",
    "phases",
    "stimuli",
)
_OWN = ("name", "file", "document")
_WORDS = {"task": "task", "input": "encoding", "method": "method", "network": "network"}
_CHOICES = {field_name: (word, f"{word}s") for field_name, word in _WORDS.items()}
_TRIED = 20


def load(path: str | Path, changes: Mapping[str, Any] | None = None, *, name: str | None = None) -> ExperimentSpec:
    """Read and check a spec file.

    Parameters
    ----------
    path : str or path
        TOML, at most 1 MB.
    changes : mapping from dotted field to value, optional
        Values set before reading, such as ``{"populations.exc.tau": "10 ms"}``.
    name : str, optional
        Of the experiment; by default the file's name without its ending.

    Returns
    -------
    ExperimentSpec

    Raises
    ------
    SpecError
        Naming file and field: if the file cannot be read or is not TOML, or if a field is unknown, missing, or cannot be what
        the function that it is for says.
    """
    place = Place(str(path))
    with place.named():
        document = document_of(Path(path))
    return _changed(document, changes or {}, Path(path).stem if name is None else name, place)


def loaded(spec: ExperimentSpec | str | Path) -> ExperimentSpec:
    """A spec that may be given as the path of its file; see `load`.

    Parameters
    ----------
    spec : ExperimentSpec, or path of a TOML file

    Returns
    -------
    ExperimentSpec
    """
    return spec if isinstance(spec, ExperimentSpec) else load(spec)


def document_of(path: Path) -> Document:
    """Tables of a spec file, as a TOML parser returns them.

    Parameters
    ----------
    path : Path

    Returns
    -------
    mapping

    Raises
    ------
    ValueError
        If the file cannot be read, is larger than 1 MB, or is not TOML.
    """
    try:
        size = path.stat().st_size
        if not path.is_file():
            raise ValueError("is not a file; give the path of a TOML file")
        if size > MAX_BYTES:
            raise ValueError(f"has {size} bytes; a spec has at most {MAX_BYTES}, data belong in files of their own")
        return tomllib.loads(path.read_text(encoding="utf-8-sig"))  # editors on Windows write a byte order mark
    except OSError as error:
        raise ValueError(f"cannot be read ({error.strerror})") from error
    except UnicodeDecodeError as error:
        raise ValueError(f"is not UTF-8 text ({error.reason} at byte {error.start})") from error
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise ValueError(f'is not TOML: {error}; quantities and names stand in quotes, such as "20 ms"') from error


def read(document: Document, name: str, file: str = "", known: dict[str, Any] | None = None) -> ExperimentSpec:
    """Check the tables of a spec and make the record.

    Parameters
    ----------
    document : mapping
        What a TOML parser returns.
    name : str
        Of the experiment.
    file : str
        For messages; the name by default.
    known : dict, optional
        Where parts that have been read are kept, for further specs that share them.

    Returns
    -------
    ExperimentSpec

    Raises
    ------
    SpecError
        See `load`.
    """
    spec, problems = readable(document, name, file, known)
    problems.tell()
    return spec


def readable(
    document: Document, name: str, file: str = "", known: dict[str, Any] | None = None
) -> tuple[ExperimentSpec, Problems]:
    """As much of a spec as can be read, and all errors of the rest.

    Parameters
    ----------
    document, name, file, known
        See `read`.

    Returns
    -------
    spec : ExperimentSpec
        Without the parts that have errors; where seed or dt have, with 0 and NaN in their place.
    problems : Problems
        Empty if the whole spec could be read.

    Raises
    ------
    SpecError
        If the document is empty or nested too deeply, or the name cannot be that of a folder.
    """
    place, problems = Place(file or name), Problems()
    with place.named():
        _check_document(document, name)
        given, document = document, written_out(document)
        place = replace(place, document=given)
    once = _Once({} if known is None else known)
    parts = {part: problems.tried(once, _choice, part, document.get(part), place / part) for part in _CHOICES}
    entries = {
        field_name: [problems.tried(once, make, *item) for item in _entries(document, field_name, place, most, problems)]
        for field_name, make, most in (
            ("populations", _population, MAX_POPULATIONS),
            ("projections", _projection, MAX_PROJECTIONS),
        )
    }
    tables: dict[str, Any] = {
        field_name: tuple(entry for entry in made if entry is not None) for field_name, made in entries.items()
    }
    phases = (problems.tried(phases_of, document["phases"], place / "phases") or ()) if "phases" in document else ()
    timing = {"phases": phases, "duration": sum(phase.duration for phase in phases)} if phases else {}
    spec = ExperimentSpec(
        name=name,
        file=place.file,
        document=given,
        **{**_fields(document, place, problems), **timing},
        **parts,
        **tables,
        record=problems.tried(once, probes, document.get("record", []), place / "record") or (),
        stimuli=problems.tried(once, stimuli_of, document.get("stimuli", {}), place / "stimuli", "network" in document) or {},
        metrics=problems.tried(_metrics, document.get("metrics", []), place / "metrics") or (),
        downscaling=problems.tried(downscaling, document.get("downscaling"), place / "downscaling"),
        fit=problems.tried(fit_of, document.get("fit"), place / "fit"),
        sweep=problems.tried(_sweep, given, name, place) or {},
    )
    check_whole(spec, problems)
    return spec, problems


class _Once:
    """Calls a function once for arguments that read the same."""

    def __init__(self, known: dict[str, Any]) -> None:
        self.known = known

    def __call__(self, make: Callable[..., Any], *arguments: Any) -> Any:
        key = f"{make.__name__}{arguments!r}"
        if key not in self.known:
            self.known[key] = make(*arguments)
        return self.known[key]


def with_sweep(spec: ExperimentSpec, values: Mapping[str, Any]) -> ExperimentSpec:
    """The spec with further fields in its sweep, in place of those that it sweeps already.

    Parameters
    ----------
    spec : ExperimentSpec
    values : mapping from dotted field to list of values, or table of a range

    Returns
    -------
    ExperimentSpec

    Raises
    ------
    SpecError
        If a field is unknown, or a value does not fit it.
    """
    return read({**spec.document, "sweep": {**spec.document.get("sweep", {}), **values}}, spec.name, spec.file)


def sweep_points(spec: ExperimentSpec) -> list[tuple[dict[str, Any], ExperimentSpec]]:
    """Every point of a spec's sweep: the values set, and the spec with them and without the sweep.

    Parameters
    ----------
    spec : ExperimentSpec

    Returns
    -------
    list of (dict, ExperimentSpec)

    Raises
    ------
    SpecError
        If the values of points do not fit together, with a line for each error; if a range has no steps, or there are too many points.
    """
    base = {key: value for key, value in spec.document.items() if key != "sweep"}
    known: dict[str, Any] = {}
    with spec.place("sweep").named():
        combinations = points(spec.sweep)
    problems, found = PointProblems(), []
    for point in combinations:
        with problems.at(point).kept():
            found.append((point, _changed(base, point, spec.name, spec.place("sweep"), known)))
    problems.tell()
    return found


def _changed(
    document: Document, changes: Mapping[str, Any], name: str, place: Place, known: dict[str, Any] | None = None
) -> ExperimentSpec:
    return read(with_values(document, changes, place), name, place.file, known)


def _sweep(document: Document, name: str, place: Place) -> dict[str, tuple[Any, ...] | Range]:
    """The table "sweep", the first values of every field tried on their own; `sweep_points` reads all of them."""
    with (place / "sweep").named():
        values = swept_values(document.get("sweep", {}))
    base = {key: value for key, value in document.items() if key != "sweep"}
    known: dict[str, Any] = {}
    problems = Problems()
    for field_name, items in values.items():
        tried = (items.value(items.low), items.value(items.high)) if isinstance(items, Range) else items[:_TRIED]
        for item in tried:
            problems.tried(_changed, base, {field_name: item}, name, place / "sweep", known)
    problems.tell()
    return values


def _check_document(document: Document, name: str) -> None:
    if not document:
        raise ValueError("is empty; a spec needs seed, dt and a population ('bioworkbench new NAME' writes one to start from)")
    check_experiment(name)
    if _depth(document) > MAX_DEPTH:
        raise ValueError(f"has tables nested more than {MAX_DEPTH} deep")


def _depth(value: Any) -> int:
    """Nesting of tables and lists, counted without recursion."""
    depth, level = 0, [value]
    while level and depth <= MAX_DEPTH:
        containers = [item for item in level if isinstance(item, dict | list)]
        level = [inner for item in containers for inner in (item.values() if isinstance(item, dict) else item)]
        depth += bool(containers)
    return depth


def _fields(document: Document, place: Place, problems: Problems) -> dict[str, Any]:
    """The plain fields; 0 and NaN stand for a seed and a dt that cannot be read."""
    known = [field_name for field_name in settings(ExperimentSpec) if field_name not in _OWN]
    for key in document:
        with problems.kept(), place.named():
            if key not in known:
                raise ValueError(unknown_name(key, "field of a spec", known))
    given = {key: value for key, value in document.items() if key in known and key not in _TABLES}
    found = readable_arguments(ExperimentSpec, given, "a spec", place, {}, problems, fixed=(*_TABLES, *_OWN))
    return {"seed": 0, "dt": float("nan"), **found}


def _choice(field_name: str, given: Any, place: Place) -> Choice | None:
    what, table = _CHOICES[field_name]
    return None if given is None else chosen(given, what, KINDS[table], place, NESTED)


def _entries(
    document: Document, field_name: str, place: Place, most: int, problems: Problems
) -> list[tuple[str, Document, Place]]:
    """Name, table and place of every entry of "populations" or "projections" that is a table."""
    tables: Any = {}
    with problems.kept(), (place / field_name).named():
        tables = document.get(field_name, {})
        if not isinstance(tables, dict):
            raise ValueError(f"{tables!r} is not a table of {field_name}; write [{field_name}.NAME]")
        if len(tables) > most:
            raise ValueError(f"{len(tables)} of them; at most {most} are accepted")
        for name, table in tables.items():
            with problems.kept(), (place / field_name / name).named():
                if not isinstance(table, dict):
                    raise ValueError(f"{table!r} is not a table; write [{field_name}.{name}]")
        return [(name, table, place / field_name / name) for name, table in tables.items() if isinstance(table, dict)]
    return []


def _population(name: str, table: Document, place: Place) -> PopulationSpec:
    own = {key: table[key] for key in ("size", "layer") if key in table}
    model = {key: value for key, value in table.items() if key not in (*own, "background")}
    problems = Problems()
    inputs = problems.tried(backgrounds, table.get("background", []), place / "background") or ()
    values = readable_arguments(PopulationSpec, own, "a population", place, {}, problems, fixed=("name", "model", "background"))
    choice = problems.tried(chosen, model, "neuron model", KINDS["neurons"], place, NESTED)
    problems.tell()
    return PopulationSpec(name=name, model=choice, background=inputs, **values)


def _projection(name: str, table: Document, place: Place) -> ProjectionSpec:
    problems = Problems()
    with problems.kept(), (place / "name").named():
        if "name" in table:
            raise ValueError(f"{table['name']!r}: the name of a projection is that of its table, '{name}'; leave it out")
    own = ("name", "links", "weight", "delay") if "links" in table else ("name", "weight")
    given = {key: value for key, value in table.items() if key not in own}
    drawn: Document = problems.tried(drawn_settings, table, place) or {}
    if in_words(given.get("weights")):
        with problems.kept(), (place / "weights").named():
            drawn["weights"] = weights_from_words(given["weights"])
        del given["weights"]
    fixed = ("name", "recurrent", "weight", *drawn)
    values = readable_arguments(ProjectionSpec, given, "a projection", place, NESTED, problems, fixed=fixed)
    problems.tell()
    return ProjectionSpec(name=name, **values, **drawn)


def _metrics(given: Any, place: Place) -> tuple[str, ...]:
    problems = Problems()
    with place.named():
        if not isinstance(given, list):
            raise ValueError(f"{given!r} is not a list of metrics")
    for name in given:
        with problems.kept(), place.named():
            if not isinstance(name, str) or name not in KINDS["metrics"]:
                raise ValueError(unknown_name(str(name), "metric", KINDS["metrics"]))
    problems.tell()
    return tuple(given)
