"""What compiled programs run on and leave: values in files, a process, and files of results; the same for C++ and CUDA."""

import contextlib
import signal
import tempfile
from collections.abc import Callable, Collection, Iterator, Mapping
from pathlib import Path
from types import MappingProxyType

import numpy as np
from brian2 import prefs

from bioworkbench.records.errors import SimulationError
from bioworkbench.simulation.backends.backend import Outcome
from bioworkbench.simulation.collect import Stored
from bioworkbench.simulation.finite import NotFinite, not_finite_in
from bioworkbench.simulation.job import Job, recorded_kind, spike_projections
from bioworkbench.simulation.processes import do_meanwhile, started
from bioworkbench.simulation.values import ValueKind, ValueName

__all__ = ["execute", "floating_point", "outcome_of", "write_values"]

_SPACE = "free disk space, or set TMPDIR to a folder on another disk"
_ENDED = {
    "SIGKILL": "if the machine ran out of memory, lower 'memory' or 'jobs'",
    "SIGXFSZ": "a file became larger than this user may write (ulimit -f)",
}


@contextlib.contextmanager
def floating_point(precision: str) -> Iterator[None]:
    """Have Brian2 generate state variables in a `precision` of "double" or "single"; times stay double."""
    before = prefs.core.default_float_dtype
    prefs.core.default_float_dtype = np.float32 if precision == "single" else np.float64
    try:
        yield
    finally:
        prefs.core.default_float_dtype = before


def write_values(
    values: Mapping[ValueName, np.ndarray],
    folder: Path,
    places: Mapping[ValueName, str],
    links: Mapping[str, Path],
    own: Collection[ValueName] = (),
    more: Mapping[str, np.ndarray] = MappingProxyType({}),
) -> None:
    """Lay out a run folder: values to load, files of the program, room for results.

    Synapses are written once beside the folders of all runs.

    Parameters
    ----------
    values : mapping from ValueName to array
    folder : Path
    places : mapping from ValueName to file
        Values that do not lie under their name in the folder ``values``.
    links : mapping from file to Path
        What else is found in the folder.
    own : collection of ValueName
        Values of synapses that other runs do not have.
    more : mapping from file to array
        What else lies in the folder ``values``, or in the place of a value.

    Raises
    ------
    SimulationError
        If the folder cannot be written.
    """
    try:
        for name in ("values", "results", "static_arrays"):
            (folder / name).mkdir()
        for name, array in values.items():
            place = folder / places.get(name, f"values/{name.file}")
            if name.kind is ValueKind.SYNAPSES and name not in own:
                _write_once(folder.parent / name.file, array)
                place.symlink_to(folder.parent / name.file)
            elif name.file not in more:
                place.write_bytes(np.ascontiguousarray(array).data)
        # These differ from run to run of one program, even where the value of the same name does not.
        for file, array in more.items():
            (folder / "values" / file).write_bytes(np.ascontiguousarray(array).data)
        for name, path in links.items():
            (folder / name).symlink_to(path)
    except OSError as error:
        raise SimulationError(f"cannot write the inputs of a run to {folder}: {error}; {_SPACE}") from error


def _write_once(place: Path, array: np.ndarray) -> None:
    """Chunks may do so at the same time: each writes a file of its own and the last one's takes the name."""
    if not place.exists():
        with tempfile.NamedTemporaryFile(dir=place.parent, prefix=place.name, delete=False) as file:
            file.write(np.ascontiguousarray(array).data)
        Path(file.name).rename(place)


def outcome_of(job: Job, results: Path, timing: Mapping[str, float], *, as_recorded: bool = False) -> Outcome:
    """What a job left in its folder of results.

    Parameters
    ----------
    job : Job
    results : Path
    timing : mapping from phase to seconds
        Before the program began; to "load" is added what it took itself.
    as_recorded : bool
        Whether whole numbers and conditions are recorded as such; otherwise as double, as all other numbers are.

    Returns
    -------
    Outcome
    """
    load, simulated, processor = map(float, np.fromfile(results / "seconds"))
    spiking = [population.name for population in job.network.populations if population.model.threshold]
    counts = {name: Stored(results / f"{name}.count", np.int32) for name in spiking if (results / f"{name}.count").exists()}
    spikes = {
        name: (Stored(results / f"{name}.i", np.int32), Stored(results / f"{name}.t", np.float64))
        for name in spiking
        if name not in counts
    }
    kinds = {probe.name: recorded_kind(job.network, probe) if as_recorded else np.float64 for probe in job.probes}
    traces = {p.name: Stored(results / p.name, kinds[p.name], len(job.recorded(p))) for p in job.probes}
    changed = [projection.name for projection in spike_projections(job.network) if projection.synapse.changes_weight]
    weights = {name: Stored(results / f"{name}.weights", np.float64) for name in changed}
    profile = _profile(results / "profile") if job.profile else {}
    taken = {**timing, "load": timing["load"] + load, "simulate": simulated, "processor": processor}
    return Outcome(spikes, traces, taken, profile, weights, counts=counts)


def _profile(path: Path) -> dict[str, float]:
    """Seconds by object; Brian2 calls what an object does its code object."""
    rows = [line.split() for line in path.read_text().splitlines()]
    return {name.rpartition("_codeobject")[0]: float(seconds) for name, seconds in rows}


def execute(
    program: Path,
    folder: Path,
    numbers: Mapping[str, int],
    at_step: Callable[[int], None],
    where: Callable[[NotFinite], str] = lambda found: "",
) -> None:
    """Run a simulation program to its end.

    Parameters
    ----------
    program : Path
    folder : Path
        Where it runs and leaves its results.
    numbers : mapping from name to int
        What it finds in its environment, as ``BIOWORKBENCH_<name>``.
    at_step : callable (step)
        Called with each number that the program prints.
    where : callable (NotFinite)
        Words about the place of a value that became NaN.

    Raises
    ------
    SimulationError
        If it fails, with its words and what to do.
    """
    more = {f"BIOWORKBENCH_{name}": str(number) for name, number in numbers.items()}
    with (folder / "stderr").open("w+") as errors:
        with started([program], folder, more, errors) as process:
            do_meanwhile()
            for line in process.stdout or ():
                if line.strip().isdigit():
                    at_step(int(line))
            code = process.wait()
        errors.seek(0)
        words = errors.read().strip()
    if code < 0:
        name = signal.Signals(-code).name
        raise SimulationError(f"the simulation program was ended by {name}; {_ENDED.get(name, 'please report this')}")
    if code == 6:
        raise SimulationError(f"the simulation program {words}; {_SPACE}")
    if code == 4:
        # The program names what it checks as the plan does, and knows nothing of copies and trials.
        found = not_finite_in(words)
        raise SimulationError(found.words(where(found)))
    if code:
        raise SimulationError(f"the simulation program ended with code {code}: {words[-500:] or 'no message'}")
