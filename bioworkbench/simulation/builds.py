"""Compiled programs of jobs: built once per structure, kept in a cache folder, and run again with other values."""

import contextlib
import hashlib
import os
import re
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import brian2
import numpy as np
from brian2 import prefs
from brian2.devices.device import device, set_device
from brian2.units import second

from bioworkbench.errors import SimulationError
from bioworkbench.signals import Probe
from bioworkbench.simulation import cpp_source
from bioworkbench.simulation.builder import build
from bioworkbench.simulation.collect import Stored
from bioworkbench.simulation.devices import Outcome, brian2_to_ourselves, compiler
from bioworkbench.simulation.job import Job
from bioworkbench.simulation.programs import cache_folder, cache_limit, program_in_use, size_of

__all__ = ["CPP", "Toolchain", "cpp_toolchain", "floating_point", "own_sources", "program_built", "run_program"]

_FLAGS = (
    "-w",
    "-O3",
    "-march=native",
    "-std=c++17",
    "-fwhole-program",
    "-fno-exceptions",
)  # the last two halve the time to compile
_CONTINUOUS = ("-ffast-math", "-fno-finite-math-only")  # as Brian2 compiles
_DISCRETE = ("-ffp-contract=off",)  # laws in discrete time are computed as they are written
_SPACE = "free disk space, or set TMPDIR to a folder on another disk"
_ENDED = {
    "SIGKILL": "if the machine ran out of memory, lower 'memory' or 'jobs'",
    "SIGXFSZ": "a file became larger than this user may write (ulimit -f)",
}


@dataclass(frozen=True)
class Toolchain:
    """How programs are generated and compiled; everything else is the same for C++ and CUDA.

    Parameters
    ----------
    device : str
        Brian2's name for it.
    source : module
        With `load_value`, `load_indices`, `insert_segments` and `unite`.
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
        """Name of a job's program in the cache."""
        return job.key(self.device, *self.surroundings(), *self.command(job))


def run_program(
    job: Job, seed: int, notify: Callable[[str, int, int], None], place: Path, toolchain: Toolchain | None = None
) -> Outcome:
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
        C++ if not given.

    Raises
    ------
    SimulationError
        If the program cannot be built, fails, or its state becomes NaN or infinite.
    """
    build = _Build(job, notify, toolchain or CPP)
    with program_in_use(build.key, build) as program, tempfile.TemporaryDirectory(prefix="run-", dir=place) as name:
        folder, started = Path(name), time.perf_counter()
        _write_inputs(job, program, folder)
        written = time.perf_counter()
        _execute(program / "main", folder, {"SEED": seed, "TRIALS": job.n_trials}, lambda step: notify("step", step, job.n_steps))
        load, simulated, processor = map(float, np.fromfile(folder / "results" / "seconds"))
        results = folder / "results"
        spikes = {
            p.name: (Stored(results / f"{p.name}.i", np.int32), Stored(results / f"{p.name}.t", np.float64))
            for p in job.network.populations
            if p.model.threshold
        }
        traces = {probe.name: Stored(results / probe.name, np.float64, _width(job, probe)) for probe in job.probes}
        profile = _profile(results / "profile") if job.profile else {}
    timing = {"load": written - started + load, "simulate": simulated, "processor": processor}
    return Outcome(spikes, traces, {**build.timing, **timing}, profile)


def _width(job: Job, probe: Probe) -> int:
    return job.n_copies * (job.network.sizes[probe.population] if probe.neurons is None else len(probe.neurons))


def _profile(path: Path) -> dict[str, float]:
    """Seconds by object; Brian2 calls what an object does its code object."""
    rows = [line.split() for line in path.read_text().splitlines()]
    return {re.sub(r"_codeobject(_\d+)?$", "", name): float(seconds) for name, seconds in rows}


def program_built(job: Job, toolchain: Toolchain) -> Path:
    """Build the program of a job if it is not in the cache, without running it; its folder."""
    build = _Build(job, lambda phase, done, total: None, toolchain)
    with program_in_use(build.key, build) as program:
        return program


def _command(job: Job) -> list[str]:
    discrete = any(population.model.update for population in job.network.populations)
    flags = (*_FLAGS, *(_DISCRETE if discrete else _CONTINUOUS))
    return [str(compiler()), *flags, "-I.", "-Ibrianlib", "program.cpp", "-o", "main"]


@cache
def _surroundings() -> tuple[str, ...]:
    """Versions that a built program depends on, besides its structure."""
    version = subprocess.run([str(compiler()), "--version"], capture_output=True, text=True, check=False).stdout
    cpuinfo = Path("/proc/cpuinfo")
    flags = next((line for line in cpuinfo.read_text().splitlines() if line.startswith("flags")), "") if cpuinfo.exists() else ""
    return brian2.__version__, version, flags, own_sources()


@cache
def own_sources() -> str:
    """Hash of what lies beside this file: what it generates depends on it."""
    sources = [path for path in sorted(Path(__file__).parent.rglob("*")) if path.suffix in (".py", ".h")]
    return hashlib.sha256(b"".join(path.read_bytes() for path in sources)).hexdigest()


@contextlib.contextmanager
def floating_point(precision: str) -> Iterator[None]:
    """Have Brian2 generate state variables in a precision of "double" or "single"; times stay double."""
    before = prefs.core.default_float_dtype
    prefs.core.default_float_dtype = np.float32 if precision == "single" else np.float64
    try:
        yield
    finally:
        prefs.core.default_float_dtype = before


def cpp_toolchain(precision: str = "double") -> Toolchain:
    """How C++ programs are built, in a precision of "double" or "single"."""

    def surroundings() -> tuple[str, ...]:
        return *_surroundings(), precision

    return Toolchain("cpp_standalone", cpp_source, _command, surroundings, lambda job: floating_point(precision))


CPP = cpp_toolchain()


class _Build:
    """Builds the program of a job in a folder, keeping the seconds it took (none if nobody asks for it)."""

    def __init__(self, job: Job, notify: Callable[[str, int, int], None], toolchain: Toolchain) -> None:
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
        self.toolchain.source.unite(folder, self.job)
        _compile(self.toolchain.command(self.job), folder, cache_folder() / f"{self.key}.log")
        for waste in [path for path in folder.iterdir() if path.name not in ("main", "static_arrays")]:
            shutil.rmtree(waste) if waste.is_dir() else waste.unlink()
        self.timing = {"generate": generated - started, "compile": time.perf_counter() - generated}
        self.notify("build", 1, 1)
        return self.job.structure()


def _check_size(tables: Path) -> None:
    """Refuse a program whose tables alone are larger than the whole cache may be."""
    size, limit = size_of(tables), cache_limit()
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
    for file in cpp_source.static_tables(job).values():
        (work / "static_arrays" / file).unlink()


def _compile(command: list[str], folder: Path, log: Path) -> None:
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    if done.returncode:
        with contextlib.suppress(OSError):  # a full disk is in the compiler's own words
            log.write_text(f"{' '.join(command)}\n{done.stdout}{done.stderr}")
        first = next((line for line in done.stderr.splitlines() if "error" in line), done.stderr[-300:])
        raise SimulationError(f"the compiler failed: {first}\nThe whole log is in {log}")


def _write_inputs(job: Job, program: Path, folder: Path) -> None:
    """Lay out a run folder: values to load, static arrays (the program's own, and the input tables), room for results.

    Synapses are written once beside the folders of all runs.
    """
    tables = cpp_source.static_tables(job)
    try:
        for name in ("values", "results", "static_arrays"):
            (folder / name).mkdir()
        for name, array in job.values.items():
            place = folder / "static_arrays" / tables[name] if name in tables else folder / "values" / name
            if "_synapses." in name:
                _write_once(folder.parent / name, array)
                place.symlink_to(folder.parent / name)
            else:
                place.write_bytes(np.ascontiguousarray(array).data)
        for array in (program / "static_arrays").iterdir():
            (folder / "static_arrays" / array.name).symlink_to(array)
    except OSError as error:
        raise SimulationError(f"cannot write the inputs of a run to {folder}: {error}; {_SPACE}") from error


def _write_once(place: Path, array: np.ndarray) -> None:
    """Chunks may do so at the same time: each writes a file of its own and the last one's takes the name."""
    if not place.exists():
        with tempfile.NamedTemporaryFile(dir=place.parent, prefix=place.name, delete=False) as file:
            file.write(np.ascontiguousarray(array).data)
        Path(file.name).rename(place)


def _execute(program: Path, folder: Path, numbers: Mapping[str, int], at_step: Callable[[int], None]) -> None:
    environment = {**os.environ, **{f"BIOWORKBENCH_{name}": str(number) for name, number in numbers.items()}}
    with (folder / "stderr").open("w+") as errors:
        process = subprocess.Popen([program], cwd=folder, env=environment, stdout=subprocess.PIPE, stderr=errors, text=True)
        try:
            for line in process.stdout or ():
                if line.strip().isdigit():
                    at_step(int(line))
            code = process.wait()
        finally:
            process.kill()
            process.wait()
        errors.seek(0)
        words = errors.read().strip()
    if code < 0:
        name = signal.Signals(-code).name
        raise SimulationError(f"the simulation program was ended by {name}; {_ENDED.get(name, 'please report this')}")
    if code == 6:
        raise SimulationError(f"the simulation program {words}; {_SPACE}")
    if code == 4:
        raise SimulationError(f"{words}; a smaller dt or another integration method may help")
    if code:
        raise SimulationError(f"the simulation program ended with code {code}: {words[-500:] or 'no message'}")
