"""`optimize`: values for the fields of a sweep that score well on trials that are not the test trials, chosen by Optuna."""

import hashlib
import json
import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from bioworkbench.experiment.results.claims import claimed
from bioworkbench.experiment.results.points import named_outside, swept_points
from bioworkbench.experiment.results.seal import read_metrics
from bioworkbench.experiment.results.swept import Point, PointOutcome
from bioworkbench.experiment.spec.plan import construct
from bioworkbench.experiment.spec.ranges import Range
from bioworkbench.experiment.spec.reader import loaded, read
from bioworkbench.experiment.spec.records import ExperimentSpec
from bioworkbench.experiment.sweeps.sweeping import Runner, prepared, run_points, warn_of_failures
from bioworkbench.readout.metrics import METRICS, SMALLER_IS_BETTER
from bioworkbench.records.arrays import count
from bioworkbench.records.averages import mean_and_error
from bioworkbench.records.errors import ResultError, SimulationError, unknown_name
from bioworkbench.records.randomness import stream

__all__ = ["SearchResult", "TriedValues", "optimize"]

_AT_ONCE_ON_CLUSTER = 16  # points
_BATCH = 8  # trials whose values are chosen together, by any number of workers: so all try the same ones


@dataclass(frozen=True)
class TriedValues:
    """Values that have been tried.

    Parameters
    ----------
    number : int
    values : mapping from dotted field to value
    score : float, optional
        Mean over parts and seeds; None if one of them failed.
    error : float, optional
        Standard error of it over parts and seeds, as if none depended on another; folds share what they train on, so that it is too
        small rather than too large. None for a single part and seed, and for trials of an earlier call.
    failures : tuple of PointOutcome
        Only of trials run by this call.
    """

    number: int
    values: Mapping[str, Any]
    score: float | None
    error: float | None = None
    failures: tuple[PointOutcome, ...] = ()


@dataclass(frozen=True)
class SearchResult:
    """What an optimization found.

    Parameters
    ----------
    metric : str
    parts : tuple of str
        Trials that were scored, as in ``scored_on`` of a spec.
    tried : tuple of TriedValues
        The best first, failed ones last.
    study : Path
        Optuna's database.
    """

    metric: str
    parts: tuple[str, ...]
    tried: tuple[TriedValues, ...]
    study: Path

    @property
    def best(self) -> TriedValues | None:
        """The best values; None if all failed."""
        return next((tried for tried in self.tried if tried.score is not None), None)


@dataclass
class _Search:
    """An optimization under way."""

    spec: ExperimentSpec
    metric: str
    parts: tuple[str, ...]
    run: Runner
    results: Path
    path: Path
    study: Any = None
    told: dict[int, TriedValues] = field(default_factory=dict)

    @property
    def seeds(self) -> tuple[int, ...]:
        """Seeds that every trial is run with."""
        given = self.spec.sweep.get("seed", (self.spec.seed,))
        return given.values("seed") if isinstance(given, Range) else given

    @property
    def searched(self) -> dict[str, Any]:
        """Fields that are optimized: ranges, and lists of choices."""
        return {name: items for name, items in self.spec.sweep.items() if name != "seed"}


def optimize(
    spec: ExperimentSpec | str | Path,
    metric: str,
    values: Mapping[str, Any] | None = None,
    *,
    n_trials: int = 100,
    n_folds: int = 5,
    jobs: int = 1,
    scheduler: str = "",
    backend: str = "auto",
    results: str | Path = "results",
    progress: Callable[[TriedValues], None] | None = None,
) -> SearchResult:
    """Search the ranges and lists of a spec's sweep for the values that score best, with Optuna's TPE sampler.

    The test part is never used. Where the task has a validation part, that is scored, and methods do not see it; elsewhere the
    training trials are cut into folds, each of which is scored by a network trained on the others. Every trial is run with all seeds
    of the sweep. Its runs are ordinary results folders, and the study is kept in ``results/<experiment>/studies/``, so that an
    interrupted optimization goes on, and a larger number of trials adds to those that are there.

    Parameters
    ----------
    spec : ExperimentSpec, or path of a TOML file
        In its sweep, ``"a.b" = { from = ..., to = ..., log = true }`` is searched within, and a list is chosen from.
    metric : str
        Name in ``metrics.METRICS``.
    values : mapping, optional
        As in `sweep`.
    n_trials : int
        Values to try, those of earlier calls included.
    n_folds : int
        For tasks without a validation part.
    jobs, scheduler, backend, results
        As in `sweep`. Values of eight trials are chosen together, by any number of workers, so that all of them try the same ones.
    progress : callable (TriedValues), optional

    Returns
    -------
    SearchResult

    Raises
    ------
    SpecError
        If there is nothing to optimize, or the spec sets ``scored_on``.
    ValueError
        If the metric is unknown.
    SimulationError
        If Optuna is not installed; otherwise as in `sweep`.
    ResultError
        If the study is damaged, or another process is at it.

    Warns
    -----
    SweepWarning
        If runs failed, naming them and why.

    References
    ----------
    Akiba et al. (2019), Optuna, doi:10.1145/3292500.3330701; Watanabe (2023), Tree-structured Parzen estimator, arXiv:2304.11127.
    """
    optuna = _optuna()
    if metric not in METRICS:
        raise ValueError(unknown_name(metric, "metric that can be optimized", METRICS))
    run, spec = prepared(loaded(spec), values, jobs=jobs, scheduler=scheduler, backend=backend, results=results)
    search = _search(spec, metric, n_folds, run, Path(results))
    at_once = max(1, (_AT_ONCE_ON_CLUSTER if scheduler else jobs) // (len(search.seeds) * len(search.parts)))
    with _claimed_study(search.path), _study_errors(optuna, search.path):
        search.study = optuna.create_study(
            storage=f"sqlite:///{search.path}",
            study_name=spec.name,
            direction="minimize" if metric in SMALLER_IS_BETTER else "maximize",
            load_if_exists=True,
        )
        while (missing := count("n_trials", n_trials) - _n_finished(search, optuna)) > 0:
            for tried in _batch(search, optuna, missing, at_once):
                search.told[tried.number] = tried
                if progress:
                    progress(tried)
        failures = [one for tried in search.told.values() for one in tried.failures]
        warn_of_failures(
            failures, len(search.told) * len(search.seeds) * len(search.parts), "a larger number of trials tries others"
        )
        return SearchResult(metric, search.parts, _ranked(search), search.path)


def _optuna() -> Any:
    try:
        import optuna  # noqa: PLC0415  optional extra
    except ModuleNotFoundError as error:
        lacking = 'Optuna, which is not installed (pip install "bioworkbench[optimize]")'
        raise SimulationError(f"--optimize needs {lacking}. Nothing was run.", missing=lacking) from error
    logging.getLogger("optuna").setLevel(logging.WARNING)
    return optuna


def _search(spec: ExperimentSpec, metric: str, n_folds: int, run: Runner, results: Path) -> _Search:
    """Check that there is something to optimize, and by what; nothing is run."""
    with spec.place().named():
        if spec.task is None:
            raise ValueError("has no task, so nothing to score; add [task], or sweep without --optimize")
        if not spec.is_trained:
            raise ValueError("is fitted to a recording already ([fit]); sweep without --optimize")
        if "scored_on" in spec.document or "scored_on" in spec.sweep:
            given = spec.sweep.get("scored_on", spec.scored_on)
            raise ValueError(
                f"scored_on = {given!r} cannot be optimized on: the choice of trials to score is that of the optimization, which takes "
                "validation trials or folds of the training trials, never the test trials; leave it out"
            )
        if not set(spec.sweep) - {"seed"}:
            raise ValueError(
                'has nothing to optimize; add [sweep] with ranges such as "a.b" = { from = "0 mV", to = "5 mV" }, or give --set '
                """'a.b={from = "0 mV", to = "5 mV"}'"""
            )
    spec = read({**spec.document, "metrics": sorted({*spec.metrics, metric})}, spec.name, spec.file)
    task = construct(spec).task
    has_validation = task is not None and task.validation is not None
    parts = (
        ("validation",) if has_validation else tuple(f"{k}/{n_folds}" for k in range(1, count("n_folds", n_folds, least=2) + 1))
    )
    content = [spec.document, metric, parts, list(named_outside(spec.document))]
    key = hashlib.sha256(json.dumps(content, sort_keys=True, default=str).encode()).hexdigest()[:8]
    return _Search(spec, metric, parts, run, results, results / spec.name / "studies" / f"{metric}-{key}.sqlite")


@contextmanager
def _claimed_study(path: Path) -> Iterator[None]:
    with claimed(path, wait=False) as mine:
        if not mine:
            raise ResultError(
                f"study {path} is being continued by another process; wait for it, or use other ranges or --results"
            )
        yield


@contextmanager
def _study_errors(optuna: Any, path: Path) -> Iterator[None]:
    """What Optuna and its database say about a study that cannot be used, with its name."""
    from sqlalchemy.exc import SQLAlchemyError  # noqa: PLC0415  comes with Optuna, an optional extra

    try:
        yield
    except (optuna.exceptions.OptunaError, SQLAlchemyError) as error:
        first = str(error).strip().splitlines()[0]
        raise ResultError(
            f"study {path} cannot be used ({first}); it is damaged or of another version of Optuna. Move it away: finished runs are "
            "kept and found again"
        ) from error


def _n_finished(search: _Search, optuna: Any) -> int:
    """Trials with a score, or whose runs failed; those that a killed process had not yet given values do not count."""
    states = (optuna.trial.TrialState.COMPLETE, optuna.trial.TrialState.FAIL)
    return sum(set(trial.params) == set(search.searched) for trial in search.study.get_trials(deepcopy=False, states=states))


def _batch(search: _Search, optuna: Any, most: int, at_once: int) -> Iterator[TriedValues]:
    """Run some trials: those whose values are chosen already, or new ones."""
    # Trials that a killed process had begun come first: their runs may be on disk already, and are then found. So do those that an
    # earlier call chose and had no need for, which a longer search would have tried next.
    chosen = (_chosen(search, optuna) or _asked(search, optuna))[:most]
    for begin in range(0, len(chosen), at_once):
        yield from _run(search, optuna, chosen[begin : begin + at_once])


def _run(search: _Search, optuna: Any, chosen: Sequence[tuple[int, dict[str, Any]]]) -> list[TriedValues]:
    settings = {number: _decoded(search, params) for number, params in chosen}
    points = {number: _points(search, values) for number, values in settings.items()}
    every = [point for group in points.values() for point in group]
    outcomes = dict(zip((point.folder for point in every), run_points(search.spec, every, search.run), strict=True))
    tried = [_scored(search, n, settings[n], [outcomes[point.folder] for point in group]) for n, group in points.items()]
    for one in tried:
        if one.score is None:
            search.study.tell(one.number, state=optuna.trial.TrialState.FAIL)
        else:
            search.study.tell(one.number, one.score)
    return tried


def _chosen(search: _Search, optuna: Any) -> list[tuple[int, dict[str, Any]]]:
    """Trials that have values and no score."""
    found = []
    for trial in search.study.get_trials(deepcopy=False, states=(optuna.trial.TrialState.RUNNING,)):
        if set(trial.params) == set(search.searched):
            found.append((trial.number, trial.params))
        else:
            search.study.tell(trial.number, state=optuna.trial.TrialState.FAIL)
    return found


def _asked(search: _Search, optuna: Any) -> list[tuple[int, dict[str, Any]]]:
    """A batch of new trials; what is drawn depends on the seed and the trials so far, not on interruptions or how many are wanted."""
    distributions = {name: _distribution(optuna, items) for name, items in search.searched.items()}
    # A sampler per batch, seeded by what is finished: a search that goes on asks what one without interruption would ask.
    seed = int(stream(search.spec.seed, f"trials from {_n_finished(search, optuna)}").integers(2**31))
    search.study.sampler = optuna.samplers.TPESampler(seed=seed, constant_liar=True)
    asked = [search.study.ask(distributions) for _ in range(_BATCH)]
    return [(trial.number, trial.params) for trial in asked]


def _distribution(optuna: Any, items: Range | Sequence[Any]) -> Any:
    if not isinstance(items, Range):
        return optuna.distributions.CategoricalDistribution([json.dumps(item) for item in items])
    if items.whole:
        return optuna.distributions.IntDistribution(int(items.low), int(items.high), log=items.log)
    return optuna.distributions.FloatDistribution(items.low, items.high, log=items.log)


def _decoded(search: _Search, params: Mapping[str, Any]) -> dict[str, Any]:
    """Values as a spec has them."""
    items = search.searched
    return {
        name: items[name].value(number) if isinstance(items[name], Range) else json.loads(number)
        for name, number in params.items()
    }


def _points(search: _Search, values: Mapping[str, Any]) -> list[Point]:
    """Runs of one trial: every part with every seed."""
    table = {name: [value] for name, value in values.items()} | {"scored_on": list(search.parts), "seed": list(search.seeds)}
    spec = read({**search.spec.document, "sweep": table}, search.spec.name, search.spec.file)
    # Points of a search are asked once, so their fingerprints are not worth keeping.
    return swept_points(spec, search.results, keep=False)


def _scored(search: _Search, number: int, values: Mapping[str, Any], outcomes: list[PointOutcome]) -> TriedValues:
    failures = tuple(outcome for outcome in outcomes if outcome.status == "failed")
    found = [] if failures else [_score(search.metric, outcome.point.folder) for outcome in outcomes]
    scores = [score for score in found if score is not None]
    if failures or len(scores) < len(outcomes):
        return TriedValues(number, values, None, failures=failures)
    return TriedValues(number, values, *mean_and_error(scores))


def _score(metric: str, folder: Path) -> float | None:
    return read_metrics(folder)["test"][metric]


def _ranked(search: _Search) -> tuple[TriedValues, ...]:
    """Finished trials of the study, the best first."""
    sign = 1 if search.metric in SMALLER_IS_BETTER else -1
    every = [trial for trial in search.study.get_trials(deepcopy=False) if trial.state.is_finished()]
    trials = [trial for trial in every if set(trial.params) == set(search.searched)]
    tried = [TriedValues(trial.number, _decoded(search, trial.params), trial.value) for trial in trials]
    known = [
        replace(one, error=told.error, failures=told.failures) if (told := search.told.get(one.number)) else one for one in tried
    ]
    return tuple(sorted(known, key=lambda one: (one.score is None, sign * (one.score or 0.0), one.number)))
