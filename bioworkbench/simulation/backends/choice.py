"""The backends by name, and which of them this machine can run.

What is known of a backend stands here; its code is imported when it first runs a job.
"""

import sys
from collections.abc import Callable, Mapping
from functools import partial

from bioworkbench.records.above import in_a_notebook
from bioworkbench.records.errors import SimulationError, unknown_name
from bioworkbench.records.execution import Execution
from bioworkbench.records.lazily import later
from bioworkbench.simulation.backends.backend import Backend
from bioworkbench.simulation.backends.cpp.toolchain import missing_compiler
from bioworkbench.simulation.backends.cuda.toolkit import budget, missing_for_cuda

__all__ = [
    "BACKENDS",
    "announce_no_backend",
    "available_backends",
    "backend_of",
    "check_execution",
    "choose_backend",
]

_run_in_process = later("bioworkbench.simulation.backends.runtime:run_in_process")

BACKENDS: Mapping[str, Backend] = {
    "numpy": Backend(
        "numpy",
        "Brian2 with NumPy, no compiler needed; slow, for tests and tiny networks",
        partial(_run_in_process, target="numpy"),
        keeps_state=True,
    ),
    "cython": Backend(
        "cython",
        "Brian2 with Cython; slow to compile the first time, no limits otherwise",
        partial(_run_in_process, target="cython"),
        missing_compiler,
        keeps_state=True,
    ),
    "cpp": Backend(
        "cpp",
        "C++: functions that Brian2 generates for a model, compiled once, and an engine that runs them; the fastest on a CPU",
        later("bioworkbench.simulation.backends.cpp.running:run_cpp"),
        missing_compiler,
        precisions=("double", "single"),
        concurrent=True,
        shares_synapses=True,
        keeps_segments=True,
        noise_by_trial=True,
        shares_work=True,
        keeps_state=True,
        saves_state=True,
        can_draw=later("bioworkbench.simulation.circuits:is_circuit"),
        run_drawn=later("bioworkbench.simulation.backends.cpp.circuit:run_circuit"),
    ),
    "cuda": Backend(
        "cuda",
        "brian2cuda programs on an NVIDIA GPU",
        later("bioworkbench.simulation.backends.cuda.builds:run_on_gpu"),
        missing_for_cuda,
        precisions=("double", "single"),
        shares_synapses=True,
        keeps_segments=True,
        bytes_per_queued=32,
        budget=budget,
        chunk_fraction=1,
        most_copies=4096,
        simulates_state=False,
        plays_trains=False,
    ),
}

_announced: set[str] = set()


def available_backends() -> list[str]:
    """Backends that this machine can run."""
    return [name for name, backend in BACKENDS.items() if not backend.missing()]


def backends_that(can: Callable[[Backend], bool]) -> str:
    """Names of the backends that ``can`` do something, for messages.

    Parameters
    ----------
    can : callable (Backend) -> bool

    Returns
    -------
    str

    Examples
    --------
    >>> backends_that(lambda backend: backend.shares_work)
    "'cpp'"
    """
    return " or ".join(f"'{name}'" for name, backend in BACKENDS.items() if can(backend))


def backend_of(name: str) -> Backend:
    """The backend of that name; for "auto" the one that it stands for on this machine.

    Parameters
    ----------
    name : str
        "auto", or a name in `BACKENDS`.

    Returns
    -------
    Backend

    Raises
    ------
    SimulationError
        If there is no backend of that name.
    """
    if name == "auto":
        return BACKENDS["numpy" if BACKENDS["cpp"].missing() else "cpp"]
    if name not in BACKENDS:
        raise SimulationError(unknown_name(name, "backend", ["auto", *BACKENDS]))
    return BACKENDS[name]


def choose_backend(name: str) -> Backend:
    """Check a backend's name and needs; "auto" picks C++ where a compiler is, else NumPy, and says so.

    Parameters
    ----------
    name : str
        "auto", or a name in `BACKENDS`.

    Returns
    -------
    Backend

    Raises
    ------
    SimulationError
        If the backend is unknown or lacks something; nothing falls back silently.
    """
    picked = backend_of(name)
    if name == "auto" and picked.name not in _announced:
        _announced.add(picked.name)
        # A notebook frames in red what goes to stderr, as if something were wrong.
        print(f"backend auto: {picked.name} ({picked.about})", file=sys.stdout if in_a_notebook() else sys.stderr)
    lacking = picked.missing()
    if lacking:
        raise SimulationError(f"backend '{picked.name}' needs {lacking}. Nothing was simulated.", missing=lacking)
    return picked


def announce_no_backend() -> None:
    """Say nothing about what "auto" picks in this process, for those of a sweep, whose command has said it."""
    _announced.update(BACKENDS)


def check_execution(execution: Execution, backend: str) -> None:
    """Refuse jobs, threads or a precision that a backend does not have.

    Parameters
    ----------
    execution : Execution
    backend : str
        Its name; "auto" for any that there is.

    Raises
    ------
    ValueError
        Naming the backends that do.
    """
    if backend == "auto":
        return
    picked, (jobs, threads, precision) = BACKENDS[backend], (execution.jobs, execution.threads, execution.precision)
    if jobs > 1 and not picked.concurrent:
        able = backends_that(lambda other: other.concurrent)
        raise ValueError(f"jobs = {jobs}: several jobs need backend {able}; backend is '{backend}'")
    if threads > 1 and not picked.shares_work:
        able = backends_that(lambda other: other.shares_work)
        raise ValueError(f"threads = {threads}: several threads need backend {able}; backend is '{backend}'")
    if precision not in picked.precisions:
        able = backends_that(lambda other: precision in other.precisions)
        raise ValueError(
            f"precision = '{precision}': must be 'double' with backend '{backend}'; {precision} needs backend {able}"
        )
