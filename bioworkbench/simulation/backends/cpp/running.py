"""Jobs on the engine: a plan is made once for each form of a job, and functions are compiled once for each set of texts."""

import hashlib
import json
import platform
import tempfile
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import brian2
from brian2.devices.device import all_devices, device, set_device
from brian2.units import second

from bioworkbench.records.execution import Notify
from bioworkbench.simulation.backends.backend import Outcome
from bioworkbench.simulation.backends.brian2_state import brian2_to_ourselves
from bioworkbench.simulation.backends.cpp import jobs
from bioworkbench.simulation.backends.cpp.execution import execute, floating_point, outcome_of, write_values
from bioworkbench.simulation.backends.cpp.functions import AS_WRITTEN, CONTINUOUS, program_of
from bioworkbench.simulation.backends.cpp.job_files import left_in, place_values
from bioworkbench.simulation.backends.cpp.programs import own_sources, program_in_use
from bioworkbench.simulation.backends.cpp.toolchain import flags
from bioworkbench.simulation.build import build
from bioworkbench.simulation.finite import NotFinite, synapse_place
from bioworkbench.simulation.job import Job, spike_projections
from bioworkbench.simulation.object_names import noise_name, synapses_name
from bioworkbench.simulation.values import ValueKind

__all__ = ["run_cpp"]

_LEFT = "left.json"  # types of the values that a run leaves
_FILES = {"functions": CONTINUOUS, "exact": AS_WRITTEN}


def run_cpp(job: Job, seed: int, notify: Notify, place: Path, precision: str) -> Outcome:
    """Run a job on the engine, making its plan and compiling its functions first if they are not in the cache.

    Parameters
    ----------
    job : Job
    seed : int
        Of the noise of all trials.
    notify : callable (phase, done, total)
    place : Path
        Folder of all runs with the same synapses, which are written once.
    precision : {"double", "single"}

    Returns
    -------
    Outcome

    Raises
    ------
    SimulationError
        If the plan cannot be made, the functions cannot be compiled, the program fails, or the state becomes NaN or infinite.
    """
    timing: dict[str, float] = {}

    def made(phase: str, make: Callable[[], None]) -> None:
        notify("build", 0, 1)
        started = time.perf_counter()
        make()
        timing[phase] = time.perf_counter() - started
        notify("build", 1, 1)

    def write_plan(folder: Path) -> Mapping[str, Any]:
        made("generate", lambda: _generate(job, folder, precision))
        return {"plan": job.form()}

    with program_in_use(_key(job, precision), write_plan) as folder:
        plan = (folder / "plan.txt").read_text()
        texts = {file: (folder / f"{file}.cpp").read_text() for file in _FILES}
        kinds = json.loads((folder / _LEFT).read_text())
    with (
        program_of(texts, flags(), _FILES, lambda compiling: made("compile", compiling)) as program,
        tempfile.TemporaryDirectory(prefix="run-", dir=place) as name,
    ):
        folder, started = Path(name), time.perf_counter()
        write_values(job.values, folder, {}, {}, job.start.own, place_values(job))
        (folder / "plan.txt").write_text(jobs.filled(plan, job))
        written = time.perf_counter()
        numbers = {"SEED": seed, "TRIALS": job.n_trials, "FIRST": job.first_trial, "THREADS": job.threads}
        numbers["COUNTS"] = int(job.counts)
        execute(program, folder, numbers, lambda step: notify("step", step, job.n_steps), lambda found: _place(found, job))
        outcome = outcome_of(job, folder / "results", {**timing, "load": written - started}, as_recorded=True)
        return replace(outcome, left=left_in(folder / "results", kinds, job)) if job.keeps_state else outcome


def _place(found: NotFinite, job: Job) -> str:
    """Words about the synapse that became NaN."""
    if not found.of_synapses:
        return ""
    (projection,) = [projection for projection in job.network.projections if projection.name == found.owner]
    source, target = (int(job.values[ValueKind.SYNAPSES.of(found.owner, end)][found.index]) for end in ("i", "j"))
    return synapse_place((source, target), projection.links.shape, job.first_trial)


def _key(job: Job, precision: str) -> str:
    text = json.dumps([job.form(), precision, brian2.__version__, platform.machine(), own_sources()], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def _generate(job: Job, folder: Path, precision: str) -> None:
    """Write the plan and the functions of a job."""
    with brian2_to_ourselves(), floating_point(precision):
        set_device(jobs.DEVICE, build_on_run=False)
        device.reinit()
        device.activate(build_on_run=False)
        ours: Any = all_devices[jobs.DEVICE]
        # Their functions are compiled as they are written, those of the noise that their neurons share included.
        discrete = [p.name for p in job.network.populations if p.model.update]
        ours.discrete = frozenset((*discrete, *map(noise_name, discrete)))
        ours.projections = {synapses_name(p.name): p.name for p in spike_projections(job.network)}
        built = build(job, jobs.load_value)
        built.network.run(job.n_steps * job.dt * second, namespace={}, profile=job.profile)
        (folder / "plan.txt").write_text(jobs.plan_of_job(job, built))
        (folder / _LEFT).write_text(json.dumps(jobs.left_kinds(built)))
        for file, text in jobs.functions_of_job().items():
            (folder / f"{file}.cpp").write_text(text)
