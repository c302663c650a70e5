"""`run`: from a spec to a results folder; `go_on`: from where a run has ended."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path
from threading import Lock
from typing import Any

from bioworkbench.experiment.comments import commented, with_report
from bioworkbench.experiment.results.claims import claimed, remove_leftovers
from bioworkbench.experiment.results.files import check_writable, is_complete
from bioworkbench.experiment.results.provenance import provenance
from bioworkbench.experiment.results.record import RunData, RunRecord
from bioworkbench.experiment.results.result import Result
from bioworkbench.experiment.results.spec_fingerprints import fingerprint
from bioworkbench.experiment.results.store import load_record, result_folder, save_comments, save_record, state_of
from bioworkbench.experiment.scores import activity, scored
from bioworkbench.experiment.spec.kinds import KINDS
from bioworkbench.experiment.spec.plan import Plan, construct
from bioworkbench.experiment.spec.reader import loaded, read
from bioworkbench.experiment.spec.records import ExperimentSpec
from bioworkbench.experiment.spec.rules import check_whole
from bioworkbench.experiment.spec.stimuli import phases_with
from bioworkbench.readout.trials import Simulate
from bioworkbench.records.above import shown_progress, view
from bioworkbench.records.errors import ResultError
from bioworkbench.records.execution import Notify
from bioworkbench.records.lazily import later
from bioworkbench.records.network import Network
from bioworkbench.records.randomness import seed_of, stream
from bioworkbench.records.recording import Recording
from bioworkbench.records.trained import TrainedNetwork
from bioworkbench.records.units import Quantity, format_quantity
from bioworkbench.simulation.backends.choice import choose_backend
from bioworkbench.simulation.processes import meanwhile
from bioworkbench.simulation.seam import simulate
from bioworkbench.tasks import Task

__all__ = ["Result", "compute", "go_on", "run", "spec_that_goes_on"]

_fitted = later("bioworkbench.experiment.recorded_fit:fitted")  # brings what a search needs

Bound = Callable[..., Recording]  # simulate with the settings of the spec


def run(
    spec: ExperimentSpec | str | Path,
    *,
    backend: str = "auto",
    jobs: int = 1,
    threads: int = 0,
    results: str | Path = "results",
    force: bool = False,
    report: bool = True,
    progress: Notify | None = None,
    profile: bool = False,
) -> Result:
    """Run an experiment and keep its results, or find them where it has been run before.

    Parameters
    ----------
    spec : ExperimentSpec, or path of a TOML file
        See `bioworkbench.load`.
    backend : str
        Where to simulate; "auto" leaves it to the spec.
    jobs : int
        Simulations that run at the same time; does not change the result.
    threads : int
        That run one network together; 0 leaves it to the spec. Does not change the result either.
    results : str or path
        Folder in which ``<experiment>/<fingerprint>/`` is written.
    force : bool
        Run again although the results are there.
    report : bool
        Whether to write ``report.html``; where it is missing, a later call writes it.
    progress : callable (phase, done, total), optional
        Phases are build, train or fit, compile, step, simulate and report. A notebook shows bars by itself.
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
    spec = loaded(spec) if backend == "auto" else _on(loaded(spec), backend)
    folder = result_folder(results, spec)
    if is_complete(folder) and not force:
        return _found(spec, folder, report)
    check_writable(folder)
    choose_backend(spec.backend)
    remove_leftovers(folder.parent)
    with claimed(folder):
        if is_complete(folder) and not force:  # by another process, while this one waited
            return _found(spec, folder, report)
        with shown_progress(progress) as notify:
            return compute(spec, folder, jobs=jobs, threads=threads, report=report, progress=notify, profile=profile)


def spec_that_goes_on(kept: Result | str | Path, duration: float | str | Quantity) -> ExperimentSpec:
    """The spec of a run that begins where another one has ended.

    Parameters
    ----------
    kept : Result, str or path
        A run whose spec says ``keep_state = true``, or its results folder.
    duration : float, seconds, str or Quantity
        Of the run that goes on.

    Returns
    -------
    ExperimentSpec
        That of the run with ``start``, ``keep_state`` and the duration; phases and a sweep are left out.

    Raises
    ------
    ResultError
        If the folder is damaged, or the run kept no state.
    """
    folder = kept.folder if isinstance(kept, Result) else Path(kept)
    record = load_record(folder)
    if record.data.recording.final is None:
        raise ResultError(f"{folder} kept no state to go on from; run its spec again with --set keep_state=true")
    length = format_quantity(duration) if isinstance(duration, Quantity) else duration
    length = f"{length!r} s" if isinstance(length, float | int) else length
    old = {key: value for key, value in record.spec.document.items() if key not in ("phases", "sweep")}
    new = {"duration": length, "keep_state": True, "start": str(folder / "run.h5")}
    return read(old | new, record.spec.name, str(folder / "spec.toml"))


def go_on(kept: Result | str | Path, duration: float | str | Quantity, **settings: Any) -> Result:
    """Run on from the state that a run has kept: the same bits as in one long run.

    Stimuli begin anew, and those that are random are drawn anew.

    Parameters
    ----------
    kept : Result, str or path
        A run whose spec says ``keep_state = true``, or its results folder.
    duration : float, seconds, str or Quantity
    **settings
        Of `bioworkbench.run`.

    Returns
    -------
    Result
        Its times begin at 0.

    Raises
    ------
    ResultError
        If the folder is damaged, or the run kept no state.

    Examples
    --------
    >>> import bioworkbench as bw
    >>> bw.go_on("results/my_network/0123456789ab", "2 s").recording  # doctest: +SKIP
    <recording of 1 trial, 2 s at 0.1 ms: exc 5123 spikes, inh 1240 spikes>
    """
    return run(spec_that_goes_on(kept, duration), **settings)


def compute(
    spec: ExperimentSpec,
    folder: Path,
    *,
    jobs: int = 1,
    threads: int = 0,
    report: bool = True,
    progress: Notify | None = None,
    profile: bool = False,
) -> Result:
    """Run an experiment into a results folder that this process has claimed; see `run`.

    Parameters
    ----------
    spec : ExperimentSpec
    folder : Path
    jobs : int
        Simulations at the same time.
    threads : int
        That run one network together; 0 leaves it to the spec.
    report : bool
        Whether to write ``report.html``.
    progress : callable, optional
        Called with a phase and the fraction of it that is done.
    profile : bool
        Whether to measure how long every Brian2 object takes.

    Returns
    -------
    Result
    """
    clock = _Clock(progress)
    with clock.phase("build"):
        plan = construct(spec)
    # What draws takes long to import; the first picture needs less than the report.
    meanwhile([partial(view, name) for name in ("recording_figure", "report_of") if report])
    execution = replace(spec.execution, jobs=jobs, threads=threads or spec.threads, progress=clock.told, profile=profile)
    bound = partial(simulate, **spec.simulation | {"execution": execution})
    if spec.fit is not None:
        with clock.phase("fit"):
            data, scores = _fitted(spec, plan, bound, jobs=jobs, threads=threads)
    else:
        data, scores = _alone(spec, plan, bound, clock) if plan.task is None else _with_task(spec, plan, plan.task, bound, clock)
    metrics = {**scores, "activity": activity(data.recording), "timing": clock.timing(data.recording)}
    if profile:
        metrics["profile"] = dict(data.recording.profile)
    about = provenance() | {
        "fingerprint": fingerprint(spec),
        "stimulus": plan.stimulus.kind,
        "task": "" if plan.task is None else plan.task.reference,
        "classes": [] if plan.task is None else list(plan.task.classes),
        "forecast": plan.task is not None and plan.task.forecast,
        "seconds": metrics["timing"],
    }
    first = RunRecord(spec, data, metrics, about)
    save_record(first, folder)
    record = commented(first)
    if record != first:
        save_comments(record, folder)
    if not report:
        return Result(folder, record)
    with clock.phase("report"):
        return _reported(Result(folder, record))


def _reported(result: Result) -> Result:
    """The result with its report, or with the warning that there is none, which is kept."""
    record = with_report(result.record, result.report)
    if record is result.record:
        return result
    save_comments(record, result.folder)
    return Result(result.folder, record, found=result.found)


def _on(spec: ExperimentSpec, backend: str) -> ExperimentSpec:
    """The spec with another backend."""
    changed = replace(spec, backend=backend, document=spec.document | {"backend": backend})
    check_whole(changed)
    return changed


def _found(spec: ExperimentSpec, folder: Path, report: bool) -> Result:
    """The results of an earlier run; a report that is missing, or has a sweep to show, is written again."""
    result = Result(folder, replace(load_record(folder), spec=spec), found=True)
    if report and (spec.sweep or not (folder / "report.html").is_file()):
        return _reported(result)
    return result


def _alone(spec: ExperimentSpec, plan: Plan, bound: Bound, clock: "_Clock") -> tuple[RunData, dict[str, Any]]:
    """A network that runs by itself."""
    with clock.phase("simulate"), spec.place().named():
        phases = phases_with(spec, plan.stimuli)
        states = {"start": state_of(spec), "keep_state": spec.keep_state}
        given = phases or (plan.stimulus, *plan.stimuli)
        recording = bound(plan.network, given, _seed(spec, "simulate"), record=spec.record, **states)
    kept = recording if spec.keep_state else replace(recording, final=None)
    return RunData(plan.network, kept), {}


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
    return seed_of(spec.seed, use)


class _Clock:
    """Seconds of each phase, for those that show progress; programs are compiled in other phases, and are one of their own."""

    def __init__(self, progress: Notify | None) -> None:
        self.progress = progress
        self.started = time.perf_counter()
        self.seconds: dict[str, float] = {}
        self._lock, self._n_compiling, self._compiling_since, self._compiled = Lock(), 0, 0.0, 0.0

    def told(self, phase: str, done: int, total: int) -> None:
        """What a simulation tells of itself; its own phase "build" is when a program is generated and compiled."""
        if phase == "build":
            phase = "compile"
            self._count(done, total)
        if self.progress:
            self.progress(phase, done, total)

    def _count(self, done: int, total: int) -> None:
        with self._lock:  # simulations that run at the same time wait for one program each
            now = time.perf_counter()
            if self._n_compiling:
                self._compiled += now - self._compiling_since
            self._n_compiling += 1 if done < total else -1
            self._compiling_since = now

    @contextmanager
    def phase(self, name: str) -> Iterator[None]:
        """Measure what happens inside, without the compilation of programs."""
        if self.progress:
            self.progress(name, 0, 1)
        begun, compiled = time.perf_counter(), self._compiled
        yield
        spent = self._compiled - compiled
        self.seconds[name] = time.perf_counter() - begun - spent
        if spent:
            self.seconds["compile"] = self.seconds.get("compile", 0.0) + spent
        if self.progress:
            self.progress(name, 1, 1)

    def timing(self, recording: Recording) -> dict[str, float]:
        """Seconds by phase, in all, and of the recording's simulation by its own phases."""
        parts = {f"simulate_{name}": seconds for name, seconds in recording.timing.items()}
        return {**self.seconds, "total": time.perf_counter() - self.started, **parts}
