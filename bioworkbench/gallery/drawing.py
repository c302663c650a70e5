"""Drawing figures from finished runs: each figure module says which specs it reads, and draws; the files are written here."""

import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from types import ModuleType

import matplotlib
from matplotlib.figure import Figure

from bioworkbench.errors import ResultError
from bioworkbench.experiment import run
from bioworkbench.gallery.plotted import write_plotted
from bioworkbench.gallery.runs import Run, finished_runs
from bioworkbench.gallery.stamps import FORMATS, Places, write_stamp
from bioworkbench.simulation.simulate import Progress
from bioworkbench.spec.reader import load
from bioworkbench.spec.records import ExperimentSpec

__all__ = ["draw_figure"]

_NO_DATES: Mapping[str, dict[str, str | None]] = {
    "svg": {"Date": None},
    "pdf": {"CreationDate": None, "ModDate": None},
    "png": {"Software": None},
}
_DOTS_PER_INCH = 300


def draw_figure(name: str, places: Places, *, run_missing: bool = False, progress: Progress | None = None) -> None:
    """Draw one figure from the results of its specs, and write it with its data and a note of what it was drawn from.

    Parameters
    ----------
    name : str
        Module ``<figures>/<name>.py`` with ``SPECS`` (names of specs), ``draw(results)``, which gets a list of `Run` for each
        spec, and a docstring whose first line is the title and whose rest says what to see.
    places : Places
    run_missing : bool
        Run what has not been run yet; otherwise a missing run is an error.
    progress : callable (phase, done, total), optional

    Raises
    ------
    ResultError
        If the module is not a figure, or runs are missing.
    SpecError
        If a spec cannot be used.
    """
    module = _module(name, places)
    results = {spec: _runs(name, spec, places, run_missing, progress) for spec in module.SPECS}
    matplotlib.use("Agg")
    with matplotlib.rc_context({"svg.hashsalt": name}):  # the same names of clip paths each time
        _write(module.draw(results), places.made, name)
    folders = [run.folder.relative_to(places.results).as_posix() for runs in results.values() for run in runs]
    write_stamp(name, places, (module.__doc__ or name).strip(), module.SPECS, folders)


def _module(name: str, places: Places) -> ModuleType:
    with _importable(places.figures.parent):
        module = import_module(f"{places.figures.name}.{name}")
    missing = [attribute for attribute in ("SPECS", "draw") if not hasattr(module, attribute)]
    if missing:
        raise ResultError(f"{places.figures / name}.py is no figure module; {' and '.join(missing)} is missing")
    return module


@contextmanager
def _importable(folder: Path) -> Iterator[None]:
    """A folder whose packages can be imported meanwhile, before others of the same name."""
    sys.path.insert(0, str(folder))
    try:
        yield
    finally:
        sys.path.remove(str(folder))


def _runs(figure: str, name: str, places: Places, run_missing: bool, progress: Progress | None) -> list[Run]:
    spec = load(places.specs / f"{name}.toml")
    found, missing = finished_runs(spec, places.results)
    if missing and not run_missing:
        raise ResultError(
            f"figure '{figure}' reads {len(found) + len(missing)} runs of {spec.file}, of which {len(missing)} are not in "
            f"{places.results}; 'bioworkbench sweep {spec.file}' runs them, or 'bioworkbench figures {figure} --run'"
        )
    return _run_all(spec, missing, places, progress) if missing else found


def _run_all(spec: ExperimentSpec, missing: Sequence[ExperimentSpec], places: Places, progress: Progress | None) -> list[Run]:
    for done, point in enumerate(missing):
        if progress:
            progress(f"runs of {spec.name}", done, len(missing))
        run(point, results=places.results)
    return finished_runs(spec, places.results)[0]


def _write(figure: Figure, folder: Path, name: str) -> None:
    """Write all formats and the plotted data, the same bytes each time."""
    try:
        folder.mkdir(exist_ok=True)
        for ending in FORMATS[:-1]:
            temporary = folder / f".{name}.{ending}"
            figure.savefig(temporary, bbox_inches="tight", dpi=_DOTS_PER_INCH, metadata=_NO_DATES[ending], format=ending)
            temporary.replace(folder / f"{name}.{ending}")
        write_plotted(figure, folder / f"{name}.csv")
    except OSError as error:
        raise ResultError(f"figure '{name}' cannot be written to {folder} ({error.strerror or error})") from error
    finally:
        figure.clear()
