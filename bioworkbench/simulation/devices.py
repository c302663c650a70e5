"""Which backends there are on this machine, and how a job runs on Brian2's runtime targets."""

import shutil
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field

import numpy as np
from brian2 import prefs
from brian2.core.clocks import defaultclock
from brian2.devices.device import device, get_device, reset_device, set_device
from brian2.groups.group import Group
from brian2.units import second

from bioworkbench.errors import SimulationError, unknown_name
from bioworkbench.simulation.builder import build
from bioworkbench.simulation.collect import Rows
from bioworkbench.simulation.cuda import missing_for_cuda
from bioworkbench.simulation.job import Job

__all__ = [
    "BACKENDS",
    "Outcome",
    "available_backends",
    "brian2_to_ourselves",
    "check_precision",
    "choose_backend",
    "compiler",
    "run_in_process",
]

BACKENDS: Mapping[str, str] = {
    "numpy": "Brian2 with NumPy, no compiler needed; slow, for tests and tiny networks",
    "cython": "Brian2 with Cython; slow to compile the first time, no limits otherwise",
    "cpp": "Brian2's C++ standalone programs, built once per structure and run again with other values; the fastest on a CPU",
    "cuda": "brian2cuda programs on an NVIDIA GPU",
}

_ours = threading.Lock()  # Brian2's device, clock and preferences are global


@dataclass(frozen=True)
class Outcome:
    """What one job left: monitors' contents and the seconds of each phase.

    Parameters
    ----------
    spikes : mapping from population to (index, time)
        index = copy * size + neuron, in order of time.
    traces : mapping from probe name to rows (n_recorded_steps, n_copies * n_recorded)
    timing : mapping from phase to seconds
    profile : mapping from Brian2 object to seconds
        Empty unless the job asks for it.
    """

    spikes: Mapping[str, tuple[Rows, Rows]]
    traces: Mapping[str, Rows]
    timing: Mapping[str, float]
    profile: Mapping[str, float] = field(default_factory=dict)


def compiler() -> str | None:
    """Path of the C++ compiler, if there is one."""
    return shutil.which("g++") or shutil.which("c++") or shutil.which("clang++")


def missing(backend: str) -> str:
    """What this machine lacks for a backend, with the way to get it; empty if nothing."""
    if backend in ("cython", "cpp") and compiler() is None:
        return "a C++ compiler such as g++ (apt install g++)"
    return missing_for_cuda() if backend == "cuda" else ""


def available_backends() -> list[str]:
    """Backends that this machine can run."""
    return [name for name in BACKENDS if not missing(name)]


def choose_backend(backend: str) -> str:
    """Check a backend's name and needs; "auto" picks C++ where a compiler is, else NumPy, and says so.

    Raises
    ------
    SimulationError
        If the backend is unknown or lacks something; nothing falls back silently.
    """
    if backend == "auto":
        picked = "numpy" if missing("cpp") else "cpp"
        if picked not in _announced:
            _announced.add(picked)
            print(f"backend auto: {picked} ({BACKENDS[picked]})", file=sys.stderr)
        return picked
    if backend not in BACKENDS:
        raise SimulationError(unknown_name(backend, "backend", ["auto", *BACKENDS]))
    lacking = missing(backend)
    if lacking:
        raise SimulationError(f"backend '{backend}' needs {lacking}. Nothing was simulated.", missing=lacking)
    return backend


_announced: set[str] = set()


def check_precision(precision: str, backend: str) -> None:
    """Raise ValueError unless a backend ("auto" too) computes in this precision."""
    if precision not in ("double", "single"):
        raise ValueError(f"precision = '{precision}': must be 'double' or 'single'")
    if precision == "single" and backend in ("numpy", "cython"):
        raise ValueError(f"precision = 'single': must be 'double' with backend '{backend}'; single needs backend 'cpp' or 'cuda'")


@contextmanager
def brian2_to_ourselves() -> Iterator[None]:
    """Use Brian2's global state and leave it as it was: device, default clock, code generation target, NumPy's random state."""
    with _ours:
        if type(get_device()).__name__ != "RuntimeDevice":
            raise SimulationError(
                "Brian2's device is set to another than 'runtime'; call brian2.set_device('runtime') before simulate"
            )
        dt, target, state = float(defaultclock.dt), prefs.codegen.target, np.random.get_state()  # noqa: NPY002
        stops = prefs.core.stop_on_keyboard_interrupt
        prefs.core.stop_on_keyboard_interrupt = False  # else Ctrl-C ends a run early and it looks finished
        try:
            yield
        finally:
            if type(get_device()).__name__ != "RuntimeDevice":
                device.reinit()
                reset_device()
            defaultclock.dt = dt * second
            prefs.codegen.target = target
            prefs.core.stop_on_keyboard_interrupt = stops
            np.random.set_state(state)  # noqa: NPY002


def run_in_process(job: Job, seed: int, backend: str) -> Outcome:
    """Run a job on one of Brian2's runtime targets, "numpy" or "cython"."""

    def assign(owner: Group, variable: str, name: str) -> None:
        owner.variables[variable].set_value(job.values[name] if owner.variables[variable].array else job.values[name][0])

    with brian2_to_ourselves():
        set_device("runtime")
        prefs.codegen.target = backend
        started = time.perf_counter()
        built = build(job, assign)
        device.seed(seed)
        generated = time.perf_counter()
        built.network.run(job.n_steps * job.dt * second, namespace={}, profile=job.profile)
        simulated = time.perf_counter()
        spikes = {name: (np.array(m.i[:]), np.array(m.t_[:])) for name, m in built.spikes.items()}
        traces = {name: np.asarray(getattr(m, f"{name.split('.')[1]}_")).T.copy() for name, m in built.traces.items()}
        profile = {name: float(taken) for name, taken in built.network.profiling_info} if job.profile else {}
    for name, rows in traces.items():
        if not np.isfinite(rows).all():
            raise SimulationError(f"{name} became NaN or infinite; a smaller dt or another integration method may help")
    timing = {"generate": generated - started, "simulate": simulated - generated, "collect": time.perf_counter() - simulated}
    return Outcome(spikes, traces, timing, profile)
