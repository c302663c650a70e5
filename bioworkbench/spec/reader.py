"""Specs: experiments as TOML files, read into checked records before anything expensive starts.

Text of a spec is never evaluated. Every kind is looked up in a table, and its arguments are converted by the signature of the
function found there (`bioworkbench.spec.values`).
"""

import re
import tomllib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from bioworkbench.errors import unknown_name
from bioworkbench.kinds import KINDS, NESTED
from bioworkbench.schema import settings
from bioworkbench.signals import Probe
from bioworkbench.spec.changes import points, swept_values, with_value
from bioworkbench.spec.ranges import Range
from bioworkbench.spec.records import Document, ExperimentSpec, PopulationSpec, ProjectionSpec, check_whole
from bioworkbench.spec.values import Place, chosen, converted_arguments
from bioworkbench.trained import Choice

__all__ = ["load", "read", "sweep_points", "with_sweep"]

MAX_BYTES = 1_000_000
MAX_POPULATIONS = 1000
MAX_PROJECTIONS = 10_000
MAX_DEPTH = 10
MAX_RECORDED = 100_000


_TABLES = ("task", "input", "method", "populations", "projections", "record", "metrics", "sweep")
_OWN = ("name", "file", "document")
_CHOICES = {"task": ("task", "tasks"), "input": ("encoding", "encodings"), "method": ("method", "methods")}
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

    Raises
    ------
    SpecError
        Naming file and field: if the file cannot be read or is not TOML, or if a field is unknown, missing, or cannot be what
        the function that it is for says.
    """
    place = Place(str(path))
    with place.named():
        document = _document(Path(path))
    return _changed(document, changes or {}, Path(path).stem if name is None else name, place)


def _document(path: Path) -> Document:
    try:
        size = path.stat().st_size
        if not path.is_file():
            raise ValueError("is not a file; give the path of a TOML file")
        if size > MAX_BYTES:
            raise ValueError(f"has {size} bytes; a spec has at most {MAX_BYTES}, data belong in files of their own")
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ValueError(f"cannot be read ({error.strerror})") from error
    except UnicodeDecodeError as error:
        raise ValueError(f"is not UTF-8 text ({error.reason} at byte {error.start})") from error
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise ValueError(f"is not TOML: {error}") from error


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

    Raises
    ------
    SpecError
        See `load`.
    """
    place = Place(file or name)
    with place.named():
        _check_document(document, name)
    once = _Once({} if known is None else known)
    plain = {key: value for key, value in document.items() if key not in _TABLES}
    spec = ExperimentSpec(
        name=name,
        file=place.file,
        document=document,
        **once(_fields, plain, place),
        **{part: once(_choice, part, document.get(part), place / part) for part in _CHOICES},
        populations=tuple(once(_population, *item) for item in _entries(document, "populations", place, MAX_POPULATIONS)),
        projections=tuple(once(_projection, *item) for item in _entries(document, "projections", place, MAX_PROJECTIONS)),
        record=once(_probes, document.get("record", []), place / "record"),
        metrics=_metrics(document.get("metrics", []), place / "metrics"),
        sweep=_sweep(document, name, place),
    )
    check_whole(spec)
    return spec


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

    Raises
    ------
    SpecError
        If a field is unknown, or a value does not fit it.
    """
    return read({**spec.document, "sweep": {**spec.document.get("sweep", {}), **values}}, spec.name, spec.file)


def sweep_points(spec: ExperimentSpec) -> list[tuple[dict[str, Any], ExperimentSpec]]:
    """Every point of a spec's sweep: the values set, and the spec with them and without the sweep.

    Raises
    ------
    SpecError
        If the values of a point do not fit together, a range has no steps, or there are too many points.
    """
    base = {key: value for key, value in spec.document.items() if key != "sweep"}
    known: dict[str, Any] = {}
    with spec.place("sweep").named():
        return [(point, _changed(base, point, spec.name, spec.place("sweep"), known)) for point in points(spec.sweep)]


def _changed(
    document: Document, changes: Mapping[str, Any], name: str, place: Place, known: dict[str, Any] | None = None
) -> ExperimentSpec:
    for field_name, value in changes.items():
        with (place / field_name).named():
            document = with_value(document, field_name, value)
    return read(document, name, place.file, known)


def _sweep(document: Document, name: str, place: Place) -> dict[str, tuple[Any, ...] | Range]:
    """The table "sweep", the first values of every field tried on their own; `sweep_points` reads all of them."""
    with (place / "sweep").named():
        values = swept_values(document.get("sweep", {}))
    base = {key: value for key, value in document.items() if key != "sweep"}
    known: dict[str, Any] = {}
    for field_name, items in values.items():
        tried = (items.value(items.low), items.value(items.high)) if isinstance(items, Range) else items[:_TRIED]
        for item in tried:
            _changed(base, {field_name: item}, name, place / "sweep", known)
    return values


def _check_document(document: Document, name: str) -> None:
    if not document:
        raise ValueError("is empty; a spec needs seed, dt and a population ('bioworkbench new NAME' writes one to start from)")
    if not re.fullmatch(r"\w[\w.-]{0,99}", name):
        raise ValueError(f"name {name!r}: must be letters, digits, '_', '-' or '.', because a results folder is named after it")
    if _depth(document) > MAX_DEPTH:
        raise ValueError(f"has tables nested more than {MAX_DEPTH} deep")
    known = [field_name for field_name in settings(ExperimentSpec) if field_name not in _OWN]
    for key in document:
        if key not in known:
            raise ValueError(unknown_name(key, "field of a spec", known))


def _depth(value: Any) -> int:
    """Nesting of tables and lists, counted without recursion."""
    depth, level = 0, [value]
    while level and depth <= MAX_DEPTH:
        containers = [item for item in level if isinstance(item, dict | list)]
        level = [inner for item in containers for inner in (item.values() if isinstance(item, dict) else item)]
        depth += bool(containers)
    return depth


def _fields(given: Document, place: Place) -> dict[str, Any]:
    return converted_arguments(ExperimentSpec, given, "a spec", place, {}, fixed=(*_TABLES, *_OWN))


def _choice(field_name: str, given: Any, place: Place) -> Choice | None:
    what, table = _CHOICES[field_name]
    return None if given is None else chosen(given, what, KINDS[table], place, NESTED)


def _entries(document: Document, field_name: str, place: Place, most: int) -> list[tuple[str, Document, Place]]:
    """Name, table and place of every entry of "populations" or "projections"."""
    with (place / field_name).named():
        tables = document.get(field_name, {})
        if not isinstance(tables, dict):
            raise ValueError(f"{tables!r} is not a table of {field_name}; write [{field_name}.NAME]")
        if len(tables) > most:
            raise ValueError(f"{len(tables)} of them; at most {most} are accepted")
    for name, table in tables.items():
        with (place / field_name / name).named():
            if not isinstance(table, dict):
                raise ValueError(f"{table!r} is not a table; write [{field_name}.{name}]")
    return [(name, table, place / field_name / name) for name, table in tables.items()]


def _population(name: str, table: Document, place: Place) -> PopulationSpec:
    own = {key: table[key] for key in ("size", "layer") if key in table}
    model = {key: value for key, value in table.items() if key not in own}
    values = converted_arguments(PopulationSpec, own, "a population", place, {}, fixed=("name", "model"))
    return PopulationSpec(name=name, model=chosen(model, "neuron model", KINDS["neurons"], place, NESTED), **values)


def _projection(name: str, table: Document, place: Place) -> ProjectionSpec:
    with (place / "name").named():
        if "name" in table:
            raise ValueError(f"{table['name']!r}: the name of a projection is that of its table, '{name}'; leave it out")
    values = converted_arguments(ProjectionSpec, table, "a projection", place, NESTED, fixed=("name", "recurrent"))
    return ProjectionSpec(name=name, **values)


def _probe(*, variable: str, neurons: int | list[int] | None = None, every: float | None = None) -> Probe:
    """What to record.

    Parameters
    ----------
    variable : str
        ``"population.variable"``.
    neurons : int or list of int
        How many, from the first on, or which; all by default.
    every : float, seconds
    """
    population, _, name = variable.partition(".")
    if not name:
        raise ValueError(f"variable = '{variable}': must be written population.variable, such as 'exc.v'")
    if isinstance(neurons, int) and not 0 < neurons <= MAX_RECORDED:
        raise ValueError(f"neurons = {neurons}: must be between 1 and {MAX_RECORDED}; leave it out to record all")
    indices = tuple(range(neurons)) if isinstance(neurons, int) else neurons
    return Probe(population, name, None if indices is None else tuple(indices), every)


def _probes(given: Any, place: Place) -> tuple[Probe, ...]:
    tables = [given] if isinstance(given, dict) else given
    with place.named():
        if not isinstance(tables, list) or not all(isinstance(table, dict) for table in tables):
            raise ValueError(f'{given!r} is not a list of tables such as {{ variable = "exc.v", neurons = 5 }}')
        if len(tables) > MAX_POPULATIONS:
            raise ValueError(f"{len(tables)} of them; at most {MAX_POPULATIONS} are accepted")
        return tuple(_probe(**converted_arguments(_probe, table, "record", place, {})) for table in tables)


def _metrics(given: Any, place: Place) -> tuple[str, ...]:
    with place.named():
        if not isinstance(given, list):
            raise ValueError(f"{given!r} is not a list of metrics")
        for name in given:
            if not isinstance(name, str) or name not in KINDS["metrics"]:
                raise ValueError(unknown_name(str(name), "metric", KINDS["metrics"]))
    return tuple(given)
