"""How a job runs on Brian2's runtime targets, in this process."""

import gc
import importlib
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from brian2 import prefs
from brian2.codegen.runtime.cython_rt import extension_manager
from brian2.devices.device import device, set_device
from brian2.groups.group import Group
from brian2.monitors.spikemonitor import SpikeMonitor
from brian2.units import second

from bioworkbench.records.execution import Notify
from bioworkbench.simulation.backends.backend import Outcome
from bioworkbench.simulation.backends.brian2_state import brian2_to_ourselves
from bioworkbench.simulation.backends.numpy_copies import copies_of_variables
from bioworkbench.simulation.build import build, changed_weights, watched
from bioworkbench.simulation.finite import SEGMENT_STEPS, check_finite, finite_watch
from bioworkbench.simulation.job import Job
from bioworkbench.simulation.object_names import OWN_WEIGHT
from bioworkbench.simulation.state import left_by, set_random, start_queues
from bioworkbench.simulation.values import ValueName

__all__ = ["run_in_process"]


@contextmanager
def _older_objects_set_aside() -> Iterator[None]:
    """Keep garbage collection to the objects that are made inside.

    Brian2 collects garbage before every run, to warn of objects outside its network. That looks at every object of the process, for half
    a second once the usual libraries are imported: longer than most small networks run.
    """
    if gc.get_freeze_count():  # the caller's, who would lose it by the end of ours
        yield
        return
    gc.freeze()
    try:
        yield
    finally:
        gc.unfreeze()


def run_in_process(job: Job, seed: int, notify: Notify, folder: Path, precision: str, *, target: str) -> Outcome:
    """Run a job on one of Brian2's runtime targets.

    Parameters
    ----------
    job : Job
    seed : int
        Of the noise, 64 bits.
    notify : callable (phase, done, total)
        Not called.
    folder : Path
        Nothing is written to it.
    precision : str
        Always "double"; see `Backend.precisions`.
    target : {"numpy", "cython"}

    Returns
    -------
    Outcome
    """

    def assign(owner: Group, variable: str, name: ValueName) -> None:
        owner.variables[variable].set_value(job.values[name] if owner.variables[variable].array else job.values[name][0])

    # Commands import Brian2 as if Cython were not installed, which most of them never need.
    if target == "cython" and extension_manager.Cython is None:
        importlib.reload(extension_manager)
    with brian2_to_ourselves(), copies_of_variables(), _older_objects_set_aside():
        set_device("runtime")
        prefs.codegen.target = target
        started = time.perf_counter()
        built = build(job, assign)
        device.seed(np.array([seed & 0xFFFFFFFF, seed >> 32], dtype=np.uint32))  # all 64 bits
        if job.start.step:
            built.network.t_ = job.start.step * job.dt
            start_queues(built, job.start)
            set_random(built, device, job.start.random)
        if job.n_steps > SEGMENT_STEPS:
            built.network.add(finite_watch(watched(built), job.n_copies, job.n_trials, job.dt))
        generated = time.perf_counter()
        built.network.run(job.n_steps * job.dt * second, namespace={}, profile=job.profile)
        simulated = time.perf_counter()
        check_finite(watched(built), job.n_copies, job.n_trials, (job.start.step + job.n_steps) * job.dt)
        spikes = {name: (np.array(m.i[:]), _times(m, job)) for name, m in built.spikes.items()}
        left = left_by(built, device.get_random_state()) if job.keeps_state else None
        traces = {name: np.asarray(getattr(m, f"{m.record_variables[0]}_")).T.copy() for name, m in built.traces.items()}
        weights = {name: np.array(s.variables[OWN_WEIGHT].get_value()) for name, s in changed_weights(job, built).items()}
        profile = {name: float(taken) for name, taken in built.network.profiling_info} if job.profile else {}
    timing = {"generate": generated - started, "simulate": simulated - generated, "collect": time.perf_counter() - simulated}
    return Outcome(spikes, traces, timing, profile, weights, left)


def _times(monitor: SpikeMonitor, job: Job) -> np.ndarray:
    """Times of spikes from the start of the run."""
    times = np.array(monitor.t_[:])
    return (np.rint(times / job.dt) - job.start.step) * job.dt if job.start.step else times
