"""`run`: from a spec to a results folder."""

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

from bioworkbench.experiment.scores import activity, scored
from bioworkbench.experiment.theory import expected_activity
from bioworkbench.experiment.warnings import suspicions
from bioworkbench.kinds import KINDS
from bioworkbench.network import Network
from bioworkbench.randomness import stream
from bioworkbench.report.page import write_report
from bioworkbench.report.sweep import sweep_curves
from bioworkbench.results.claims import claimed
from bioworkbench.results.files import check_writable, is_complete
from bioworkbench.results.provenance import provenance
from bioworkbench.results.run_file import RunData
from bioworkbench.results.store import RunRecord, fingerprint, load_record, result_folder, save_record
from bioworkbench.signals import Recording
from bioworkbench.simulation import choose_backend, simulate
from bioworkbench.simulation.simulate import Progress
from bioworkbench.spec.plan import Plan, construct
from bioworkbench.spec.records import ExperimentSpec, check_whole
from bioworkbench.tasks import Task
from bioworkbench.trained import TrainedNetwork
from bioworkbench.trials import Simulate

__all__ = ["Result", "compute", "run"]

Bound = Callable[..., Recording]  # simulate with the settings of the spec


@dataclass(frozen=True)
class Result:
    """A finished run and where it is kept.

    Parameters
    ----------
    folder : Path
    record : RunRecord
    found : bool
        Whether it had been run before.
    """

    folder: Path
    record: RunRecord
    found: bool = False

    @property
    def recording(self) -> Recording:
        """Spikes and traces of the test trials, or of the network without a task."""
        return self.record.data.recording

    @property
    def metrics(self) -> Mapping[str, Any]:
        """Test and training scores, baselines, activity, timing."""
        return self.record.metrics

    def report(self) -> Path:
        """Path of ``report.html``, which is written anew."""
        return write_report(self.record, self.folder, sweep_curves(self.record.spec, self.folder.parent))


def run(
    spec: ExperimentSpec,
    *,
    backend: str = "auto",
    jobs: int = 1,
    results: str | Path = "results",
    force: bool = False,
    report: bool = True,
    progress: Progress | None = None,
    profile: bool = False,
) -> Result:
    """Run an experiment and keep its results, or find them where it has been run before.

    Parameters
    ----------
    spec : ExperimentSpec
        See `bioworkbench.load`.
    backend : str
        Where to simulate; "auto" leaves it to the spec.
    jobs : int
        Simulations that run at the same time; does not change the result.
    results : str or path
        Folder in which ``<experiment>/<fingerprint>/`` is written.
    force : bool
        Run again although the results are there.
    report : bool
        Whether to write ``report.html``; where it is missing, a later call writes it.
    progress : callable (phase, done, total), optional
        Phases are build, train, compile, simulate and report.
    profile : bool
        Also keep, as the metric ``profile``, the seconds that each Brian2 object took in the last simulation.

    Returns
    -------
    Result

    Raises
    ------
    SpecError
        If a value of the spec cannot be used; nothing has been simulated then.
    SimulationError
        If the backend is missing or fails.
    ResultError
        If the results cannot be written.
    """
    spec = spec if backend == "auto" else _on(spec, backend)
    folder = result_folder(results, spec)
    if is_complete(folder) and not force:
        return _found(spec, folder, report)
    check_writable(folder)
    choose_backend(spec.backend)
    with claimed(folder):
        if is_complete(folder) and not force:  # by another process, while this one waited
            return _found(spec, folder, report)
        return compute(spec, folder, jobs=jobs, report=report, progress=progress, profile=profile)


def compute(
    spec: ExperimentSpec,
    folder: Path,
    *,
    jobs: int = 1,
    report: bool = True,
    progress: Progress | None = None,
    profile: bool = False,
) -> Result:
    """Run an experiment into a results folder that this process has claimed; see `run`."""
    clock = _Clock(progress)
    with clock.phase("build"):
        plan = construct(spec)
    settings = {"dt": spec.dt, "backend": spec.backend, "memory": spec.memory * 1e9, "precision": spec.precision}
    bound = partial(simulate, **settings, jobs=jobs, progress=progress, profile=profile)
    data, scores = _alone(spec, plan, bound, clock) if plan.task is None else _with_task(spec, plan, plan.task, bound, clock)
    metrics = {**scores, "activity": activity(data.recording), "timing": clock.timing(data.recording)}
    if profile:
        metrics["profile"] = dict(data.recording.profile)
    about = provenance() | {
        "fingerprint": fingerprint(spec),
        "seed": spec.seed,
        "backend": data.recording.backend,
        "stimulus": plan.stimulus.kind,
        "seconds": metrics["timing"],
    }
    record = RunRecord(spec, data, metrics, about, suspicions(spec, data.network, metrics))
    save_record(record, folder)
    result = Result(folder, record)
    if report:
        with clock.phase("report"):
            result.report()
    return result


def _on(spec: ExperimentSpec, backend: str) -> ExperimentSpec:
    """The spec with another backend."""
    changed = replace(spec, backend=backend, document=spec.document | {"backend": backend})
    check_whole(changed)
    return changed


def _found(spec: ExperimentSpec, folder: Path, report: bool) -> Result:
    """The results of an earlier run; a report that is missing, or has a sweep to show, is written anew."""
    result = Result(folder, replace(load_record(folder), spec=spec), found=True)
    if report and (spec.sweep or not (folder / "report.html").is_file()):
        result.report()
    return result


def _alone(spec: ExperimentSpec, plan: Plan, bound: Bound, clock: "_Clock") -> tuple[RunData, dict[str, Any]]:
    """A network that runs by itself."""
    with clock.phase("simulate"), spec.place().named():
        recording = bound(plan.network, plan.stimulus, _seed(spec, "simulate"), record=spec.record)
    theory = expected_activity(spec, plan.network)
    return RunData(plan.network, recording), {"theory": theory} if theory else {}


def _with_task(spec: ExperimentSpec, plan: Plan, task: Task, bound: Bound, clock: "_Clock") -> tuple[RunData, dict[str, Any]]:
    """A network that is trained on a task and tested."""
    with clock.phase("train"), spec.place("method").named():
        trained = _trained(spec, plan, task, bound)
    with clock.phase("simulate"), spec.place("metrics").named():
        recorded = partial(bound, record=spec.record)
        test = scored(trained, task, recorded, spec.seed, dt=spec.dt, memory=spec.memory * 1e9, metrics=spec.metrics)
    return RunData(trained.network, test.recording, trained, test.answers, _start(plan.network, trained.network)), test.metrics


def _start(before: Network, after: Network) -> Network | None:
    """The network before training, where training changed synapses and nothing else that has a name or a size."""
    names = [([p.name for p in network.projections], network.sizes) for network in (before, after)]
    if names[0] != names[1] or all(one is other for one, other in zip(before.projections, after.projections, strict=True)):
        return None
    return replace(before, populations=after.populations)


def _trained(spec: ExperimentSpec, plan: Plan, task: Task, bound: Simulate) -> TrainedNetwork:
    if spec.method is None:
        raise ValueError(f"task '{task.name}' needs a method")
    return KINDS["methods"][spec.method.kind](task, plan.network, bound, stream(spec.seed, "method"), **spec.method.arguments)


def _seed(spec: ExperimentSpec, use: str) -> int:
    return int(stream(spec.seed, use).integers(2**31))


class _Clock:
    """Seconds of each phase, told to whoever shows progress."""

    def __init__(self, progress: Progress | None) -> None:
        self.progress = progress
        self.started = time.perf_counter()
        self.seconds: dict[str, float] = {}

    @contextmanager
    def phase(self, name: str) -> Iterator[None]:
        """Measure what happens inside."""
        if self.progress:
            self.progress(name, 0, 1)
        begun = time.perf_counter()
        yield
        self.seconds[name] = time.perf_counter() - begun
        if self.progress:
            self.progress(name, 1, 1)

    def timing(self, recording: Recording) -> dict[str, float]:
        """Seconds by phase, in all, and of the recording's simulation by its own phases."""
        parts = {f"simulate_{name}": seconds for name, seconds in recording.timing.items()}
        return {**self.seconds, "total": time.perf_counter() - self.started, **parts}
