"""Programs of brian2cuda: built once per structure, kept in the cache, and run again with other values."""

import shutil
import tempfile
import time
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from brian2.devices.device import device, set_device
from brian2.units import second

from bioworkbench.records.errors import SimulationError
from bioworkbench.records.execution import Notify
from bioworkbench.simulation.backends.backend import Outcome
from bioworkbench.simulation.backends.brian2_state import brian2_to_ourselves
from bioworkbench.simulation.backends.cpp.execution import execute, outcome_of, write_values
from bioworkbench.simulation.backends.cpp.programs import cache_folder, cache_limit, folder_size, program_in_use
from bioworkbench.simulation.backends.cpp.toolchain import compile_in
from bioworkbench.simulation.backends.cuda.host import static_tables
from bioworkbench.simulation.build import build
from bioworkbench.simulation.job import Job

__all__ = ["Toolchain", "program_built", "run_program"]


@dataclass(frozen=True)
class Toolchain:
    """How programs are generated and compiled; tests have another one, for the CPU.

    Parameters
    ----------
    device : str
        Brian2's name for it.
    source : module
        With `load_value`, `load_indices`, `insert_segments` and `unite`; see `source`.
    command : callable (job)
        Command that compiles the united source to a program named ``main``, in the folder it lies in.
    surroundings : callable ()
        Versions that a built program depends on, besides its structure.
    set_up : callable (job)
        Context in which Brian2 generates.
    """

    device: str
    source: Any
    command: Callable[[Job], list[str]]
    surroundings: Callable[[], tuple[str, ...]]
    set_up: Callable[[Job], AbstractContextManager[None]]

    def key(self, job: Job) -> str:
        """Name of the program of a `job` in the cache."""
        return job.key(self.device, *self.surroundings(), *self.command(job))

    def compile(self, job: Job, folder: Path, log: Path) -> None:
        """Compile what was generated in a folder.

        Parameters
        ----------
        job : Job
        folder : Path
        log : Path
            Gets the compiler's words.
        """
        self.source.unite(folder, job)
        compile_in(folder, self.command(job), log)


def run_program(job: Job, seed: int, notify: Notify, place: Path, toolchain: Toolchain) -> Outcome:
    """Run a job with its compiled program, building that first if it is not in the cache.

    Parameters
    ----------
    job : Job
    seed : int
        Of the noise.
    notify : callable (phase, done, total)
    place : Path
        Folder of all runs with the same synapses, which are written once.
    toolchain : Toolchain

    Returns
    -------
    Outcome

    Raises
    ------
    SimulationError
        If the program cannot be built, fails, or its state becomes NaN or infinite.
    """
    build = _Build(job, notify, toolchain)
    with program_in_use(build.key, build) as program, tempfile.TemporaryDirectory(prefix="run-", dir=place) as name:
        folder, started = Path(name), time.perf_counter()
        tables = {name: f"static_arrays/{file}" for name, file in static_tables(job).items()}
        write_values(job.values, folder, tables, {f"static_arrays/{p.name}": p for p in (program / "static_arrays").iterdir()})
        written = time.perf_counter()
        execute(program / "main", folder, {"SEED": seed, "TRIALS": job.n_trials}, lambda step: notify("step", step, job.n_steps))
        return outcome_of(job, folder / "results", {**build.timing, "load": written - started})


def program_built(job: Job, toolchain: Toolchain) -> Path:
    """Build the program of a `job` with a `toolchain` if it is not in the cache, without running it; its folder."""
    build = _Build(job, lambda phase, done, total: None, toolchain)
    with program_in_use(build.key, build) as program:
        return program


class _Build:
    """Builds the program of a job in a folder, keeping the seconds it took (none if nobody asks for it)."""

    def __init__(self, job: Job, notify: Notify, toolchain: Toolchain) -> None:
        self.job, self.notify, self.toolchain = job, notify, toolchain
        self.key = toolchain.key(job)
        self.timing: dict[str, float] = {}

    def __call__(self, folder: Path) -> Mapping[str, Any]:
        """Generate, compile, and throw away the sources."""
        self.notify("build", 0, 1)
        started = time.perf_counter()
        _generate(self.job, folder, self.toolchain)
        generated = time.perf_counter()
        _check_size(folder / "static_arrays")
        self.toolchain.compile(self.job, folder, cache_folder() / f"{self.key}.log")
        for waste in [path for path in folder.iterdir() if path.name not in ("main", "static_arrays")]:
            shutil.rmtree(waste) if waste.is_dir() else waste.unlink()
        self.timing = {"generate": generated - started, "compile": time.perf_counter() - generated}
        self.notify("build", 1, 1)
        return self.job.structure()


def _check_size(tables: Path) -> None:
    """Refuse a program whose tables alone are larger than the whole cache may be."""
    size, limit = folder_size(tables), cache_limit()
    if size > limit:
        raise SimulationError(
            f"the program takes {size / 1e9:.3g} GB, and BIOWORKBENCH_CACHE_LIMIT = {limit / 1e9:.3g} GB; raise it, or record fewer "
            "neurons or smaller chunks (memory)"
        )


def _generate(job: Job, work: Path, toolchain: Toolchain) -> None:
    """Write the sources and static arrays of a job's program."""
    source = toolchain.source
    with brian2_to_ourselves(), toolchain.set_up(job):
        set_device(toolchain.device, build_on_run=False)
        device.reinit()
        device.activate(build_on_run=False)
        built = build(job, source.load_value)
        built.network.run(job.n_steps * job.dt * second, namespace={}, profile=job.profile)
        source.load_indices(job)
        source.insert_segments(job, built)
        device.build(directory=str(work), compile=False, run=False)
    for file in static_tables(job).values():
        (work / "static_arrays" / file).unlink()
