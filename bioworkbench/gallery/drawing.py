"""Drawing figures from finished runs: each figure module says which specs it reads, and draws; the files are written here."""

import sys
import traceback
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from importlib import import_module, invalidate_caches
from pathlib import Path
from types import ModuleType
from typing import Any

import matplotlib
from matplotlib.figure import Figure

from bioworkbench.experiment import run
from bioworkbench.experiment.spec.reader import load
from bioworkbench.experiment.spec.records import ExperimentSpec
from bioworkbench.experiment.sweeps import Advance, SweepWarning, sweep
from bioworkbench.gallery.plotted import write_plotted
from bioworkbench.gallery.runs import FinishedRun, finished_runs
from bioworkbench.gallery.stamps import Places, write_stamp
from bioworkbench.plots import style
from bioworkbench.records.counted import counted
from bioworkbench.records.errors import ResultError
from bioworkbench.records.execution import Notify
from bioworkbench.simulation.threads import n_cores

__all__ = ["draw_figure"]

_NO_DATES: Mapping[str, dict[str, str | None]] = {
    "svg": {"Date": None},
    "pdf": {"CreationDate": None, "ModDate": None},
    "png": {"Software": None},
}
_DOTS_PER_INCH = 300


def draw_figure(name: str, places: Places, *, run_missing: bool = False, progress: Notify | None = None) -> None:
    """Draw one figure from the results of its specs, and write it with its data and a note of what it was drawn from.

    Parameters
    ----------
    name : str
        Module ``<figures>/<name>.py`` with ``SPECS`` (names of specs), ``draw(results)``, which gets a list of `FinishedRun` for each
        spec, and a docstring whose first line is the title and whose rest says what to see.
    places : Places
    run_missing : bool
        Run what has not been run yet; otherwise a missing run is an error.
    progress : callable (phase, done, total), optional

    Raises
    ------
    ResultError
        If the module is not a figure, fails, or runs are missing.
    SpecError
        If a spec cannot be used.
    """
    module = _module(name, places)
    results = {spec: _runs(name, spec, places, run_missing, progress) for spec in module.SPECS}
    matplotlib.use("Agg")
    # The same names of clip paths each time; text as text is decided when a file is written, after a module's own style has ended.
    written: Any = {"svg.hashsalt": name, **{key: style.RC[key] for key in ("svg.fonttype", "pdf.fonttype")}}
    with matplotlib.rc_context(written):
        _write(_drawn(module, results, name), places, name)
    folders = [run.folder.relative_to(places.results).as_posix() for runs in results.values() for run in runs]
    write_stamp(name, places, (module.__doc__ or name).strip(), module.SPECS, folders)


def _module(name: str, places: Places) -> ModuleType:
    package = places.figures.name
    for loaded in [other for other in sys.modules if other == package or other.startswith(f"{package}.")]:
        del sys.modules[loaded]  # of another folder of that name, or of a file that has changed
    if not (places.figures / "__init__.py").is_file():
        sys.modules[package] = made = ModuleType(package)  # else a package of that name elsewhere would be taken
        made.__path__ = [str(places.figures)]
    with _importable(places.figures.parent), _named(name, places.figures):
        invalidate_caches()
        module = import_module(f"{package}.{name}")
    missing = [attribute for attribute in ("SPECS", "draw") if not hasattr(module, attribute)]
    if missing:
        raise ResultError(f"{places.figures / name}.py is not a figure module; {' and '.join(missing)} is missing")
    if isinstance(module.SPECS, str) or not all(isinstance(spec, str) for spec in module.SPECS):
        raise ResultError(f"{places.figures / name}.py: SPECS = {module.SPECS!r}; it must be a tuple of names of specs")
    return module


def _drawn(module: ModuleType, results: Mapping[str, list[FinishedRun]], name: str) -> Figure:
    """The figure that a module draws."""
    file = Path(str(module.__file__))
    with _named(name, file.parent):
        figure = module.draw(results)
    if not isinstance(figure, Figure):
        raise ResultError(
            f"figure '{name}': draw of {file} returned a {type(figure).__name__}; it must return a Matplotlib figure"
        )
    return figure


@contextmanager
def _named(figure: str, folder: Path) -> Iterator[None]:
    """Name figure, file and line in what its code raises; the line is the last one in the folder of figures."""
    try:
        yield
    except SyntaxError as error:
        raise ResultError(f"figure '{figure}': {error.filename}, line {error.lineno}: {error.msg}") from error
    except Exception as error:
        frames = traceback.extract_tb(error.__traceback__)
        last = next((frame for frame in reversed(frames) if Path(frame.filename).parent == folder), frames[-1])
        reason = f"{type(error).__name__}: {error}"
        raise ResultError(f"figure '{figure}': {last.filename}, line {last.lineno}: {reason}") from error


@contextmanager
def _importable(folder: Path) -> Iterator[None]:
    """A folder whose packages can be imported meanwhile, before others of the same name."""
    sys.path.insert(0, str(folder))
    try:
        yield
    finally:
        sys.path.remove(str(folder))


def _runs(figure: str, name: str, places: Places, run_missing: bool, progress: Notify | None) -> list[FinishedRun]:
    spec = load(places.spec_file(name))
    found, missing = finished_runs(spec, places.results)
    if missing and not run_missing:
        raise ResultError(
            f"figure '{figure}' reads {counted(len(found) + len(missing), 'run')} of {spec.file}, of which {len(missing)} are not in "
            f"{places.results}; 'bioworkbench sweep {spec.file}' runs them, or 'bioworkbench figures {figure} --run'"
        )
    return _run_all(figure, spec, len(missing), places, progress) if missing else found


def _run_all(figure: str, spec: ExperimentSpec, n_missing: int, places: Places, progress: Notify | None) -> list[FinishedRun]:
    """All runs, after those that were missing; a sweep goes over the cores, and leaves the reports of its points to later."""
    if not spec.sweep:
        run(spec, results=places.results, progress=progress)
        return finished_runs(spec, places.results)[0]

    def advance(step: Advance) -> None:
        if progress:
            progress(f"runs of {spec.name}", step.done, step.total)

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", SweepWarning)  # which says what the error below says
        done = sweep(spec, jobs=min(n_cores(), n_missing), results=places.results, progress=advance)
    if done.failures:
        first = done.failures[0]
        raise ResultError(
            f"figure '{figure}': {len(done.failures)} of {counted(len(done), 'run')} of {spec.file} failed, the first where "
            f"{first.point.name}: {first.error}"
        )
    return finished_runs(spec, places.results)[0]


def _write(figure: Figure, places: Places, name: str) -> None:
    """Write all formats and the plotted data, the same bytes each time."""
    cut = "tight" if places.width is None else None  # a width that was asked for is kept, margins included
    try:
        if places.width is not None:
            width, height = figure.get_size_inches()
            figure.set_size_inches(places.width, height * places.width / width)
        places.made.mkdir(exist_ok=True)
        for ending in places.formats[:-1]:
            temporary = places.made / f".{name}.{ending}"
            metadata = _NO_DATES.get(ending)
            figure.savefig(temporary, bbox_inches=cut, dpi=_DOTS_PER_INCH, metadata=metadata, format=ending)
            temporary.replace(places.made / f"{name}.{ending}")
        write_plotted(figure, places.made / f"{name}.csv")
    except OSError as error:
        raise ResultError(f"figure '{name}' cannot be written to {places.made} ({error.strerror or error})") from error
    finally:
        figure.clear()
