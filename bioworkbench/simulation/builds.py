"""C++ programs of jobs: built once per structure, kept in a cache folder, and run again with other values."""

import hashlib
import json
import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable
from functools import cache
from pathlib import Path

import brian2
import numpy as np
from brian2.devices.device import device, set_device
from brian2.units import second
from filelock import FileLock

from bioworkbench.errors import SimulationError
from bioworkbench.simulation import cpp_source
from bioworkbench.simulation.builder import build
from bioworkbench.simulation.devices import Outcome, brian2_to_ourselves, compiler
from bioworkbench.simulation.job import Job

__all__ = ["cache_folder", "program_of", "run_program"]

_FLAGS = ("-w", "-O3", "-march=native", "-std=c++17")
_CONTINUOUS = ("-ffast-math", "-fno-finite-math-only")  # as Brian2 compiles
_DISCRETE = ("-ffp-contract=off",)  # laws in discrete time are computed as they are written
_DONE = "program.json"  # written last: a folder with it is complete


def cache_folder() -> Path:
    """Folder of built programs: the environment variable BIOWORKBENCH_CACHE, or one in the user's cache folder."""
    given = os.environ.get("BIOWORKBENCH_CACHE")
    home = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(given) if given else Path(home) / "bioworkbench" / "programs"


def run_program(job: Job, seed: int, notify: Callable[[str, int, int], None]) -> Outcome:
    """Run a job with its compiled program, building that first if it is not in the cache.

    Raises
    ------
    SimulationError
        If the program cannot be built, fails, or its state becomes NaN or infinite.
    """
    program, timing = program_of(job, notify)
    with tempfile.TemporaryDirectory(prefix="bioworkbench-") as name:
        folder, started = Path(name), time.perf_counter()
        _write_inputs(job, program, folder)
        written = time.perf_counter()
        _execute(program / "main", folder, seed, lambda step: notify("step", step, job.n_steps))
        load, simulated, processor = map(float, np.fromfile(folder / "results" / "seconds"))
        finished = time.perf_counter()
        spikes = {p.name: _spikes(folder, p.name) for p in job.network.populations if p.model.threshold}
        traces = {probe.name: _rows(job, folder, probe.name) for probe in job.probes}
    timing |= {"load": written - started + load, "simulate": simulated, "collect": time.perf_counter() - finished}
    timing["processor"] = processor
    return Outcome(spikes, traces, timing)


def program_of(job: Job, notify: Callable[[str, int, int], None]) -> tuple[Path, dict[str, float]]:
    """Folder of the program of a job's structure, and the seconds it took to make it (none if it was there)."""
    key = job.key(*_surroundings(), *_flags(job))
    folder = cache_folder() / key
    if (folder / _DONE).exists():
        os.utime(folder)
        return folder, {}
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(folder.with_suffix(".lock")):
            if (folder / _DONE).exists():
                return folder, {}
            notify("build", 0, 1)
            timing = _build(job, folder)
            notify("build", 1, 1)
            return folder, timing
    except OSError as error:
        raise SimulationError(
            f"cannot write a program to {folder.parent}: {error}; set BIOWORKBENCH_CACHE to a folder that can be written"
        ) from error


def _flags(job: Job) -> tuple[str, ...]:
    discrete = any(population.model.update for population in job.network.populations)
    return (*_FLAGS, *(_DISCRETE if discrete else _CONTINUOUS))


@cache
def _surroundings() -> tuple[str, ...]:
    """Versions that a built program depends on, besides its structure."""
    version = subprocess.run([str(compiler()), "--version"], capture_output=True, text=True, check=False).stdout
    cpuinfo = Path("/proc/cpuinfo")
    flags = next((line for line in cpuinfo.read_text().splitlines() if line.startswith("flags")), "") if cpuinfo.exists() else ""
    sources = [path for path in sorted(Path(__file__).parent.rglob("*")) if path.suffix in (".py", ".h")]
    own = b"".join(path.read_bytes() for path in sources)
    return brian2.__version__, version, flags, hashlib.sha256(own).hexdigest()


def _build(job: Job, folder: Path) -> dict[str, float]:
    started = time.perf_counter()
    with tempfile.TemporaryDirectory(prefix=f"{folder.name}.", dir=folder.parent, ignore_cleanup_errors=True) as name:
        work = Path(name) / "program"
        _generate(job, work)
        generated = time.perf_counter()
        _compile(cpp_source.unite(work), _flags(job), folder.with_suffix(".log"))
        for waste in ("code_objects", "brianlib", "results"):
            shutil.rmtree(work / waste)
        for waste in [*work.glob("*.cpp"), *work.glob("*.h"), work / "makefile"]:
            waste.unlink()
        (work / _DONE).write_text(json.dumps(job.structure()))
        shutil.rmtree(folder, ignore_errors=True)
        work.rename(folder)
    return {"generate": generated - started, "compile": time.perf_counter() - generated}


def _generate(job: Job, work: Path) -> None:
    """Write the sources and static arrays of a job's program."""
    with brian2_to_ourselves():
        set_device("cpp_standalone", build_on_run=False)
        device.reinit()
        device.activate(build_on_run=False)
        built = build(job, cpp_source.load_value)
        built.network.run(job.n_steps * job.dt * second, namespace={})
        cpp_source.load_indices(job)
        cpp_source.insert_segments(job, built)
        device.build(directory=str(work), compile=False, run=False)
    for file in cpp_source.static_tables(job).values():
        (work / "static_arrays" / file).unlink()


def _compile(source: Path, flags: tuple[str, ...], log: Path) -> None:
    command = [str(compiler()), *flags, "-I.", "-Ibrianlib", source.name, "-o", "main"]
    done = subprocess.run(command, cwd=source.parent, capture_output=True, text=True, check=False)
    if done.returncode:
        log.write_text(f"{' '.join(command)}\n{done.stdout}{done.stderr}")
        first = next((line for line in done.stderr.splitlines() if "error" in line), done.stderr[-300:])
        raise SimulationError(f"the compiler failed: {first}\nThe whole log is in {log}")


def _write_inputs(job: Job, program: Path, folder: Path) -> None:
    """Lay out a run folder: values to load, static arrays (the program's own, and the input tables), room for results."""
    for name in ("values", "results", "static_arrays"):
        (folder / name).mkdir()
    tables = cpp_source.static_tables(job)
    try:
        for name, array in job.values.items():
            place = folder / "static_arrays" / tables[name] if name in tables else folder / "values" / name
            np.ascontiguousarray(array).tofile(place)
    except OSError as error:
        raise SimulationError(f"cannot write the inputs of a run to {folder}: {error}") from error
    for array in (program / "static_arrays").iterdir():
        (folder / "static_arrays" / array.name).symlink_to(array)


def _execute(program: Path, folder: Path, seed: int, at_step: Callable[[int], None]) -> None:
    environment = {**os.environ, "BIOWORKBENCH_SEED": str(seed)}
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
    if code == 4:
        raise SimulationError(f"{words}; a smaller dt or another integration method may help")
    if code:
        raise SimulationError(f"the simulation program ended with code {code}: {words[-500:] or 'no message'}")


def _spikes(folder: Path, population: str) -> tuple[np.ndarray, np.ndarray]:
    return _read(folder, f"{population}.i", np.int32), _read(folder, f"{population}.t", np.float64)


def _rows(job: Job, folder: Path, name: str) -> np.ndarray:
    (probe,) = [probe for probe in job.probes if probe.name == name]
    n_recorded = job.n_copies * (job.network.sizes[probe.population] if probe.neurons is None else len(probe.neurons))
    return _read(folder, name, np.float64).reshape(-1, n_recorded)


def _read(folder: Path, name: str, dtype: type) -> np.ndarray:
    path = folder / "results" / name
    return np.fromfile(path, dtype=dtype) if path.exists() else np.zeros(0, dtype)
