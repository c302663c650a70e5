"""Optimization on validation trials: what is scored, what is refused, and how it goes on."""

import json
from dataclasses import replace

import numpy as np
import pytest
import tomli_w

import bioworkbench as bw
from bioworkbench.experiment.results import claimed, save_record
from bioworkbench.experiment.spec import read
from bioworkbench.experiment.sweeps import SweepWarning
from bioworkbench.experiment.sweeps.processes import on_processes
from bioworkbench.records.errors import ResultError, SimulationError
from bioworkbench.records.units import parse_quantity
from tests.documents import alone, with_task
from tests.frozen_method import frozen  # noqa: F401  fixture
from tests.run_records import record_with_task

optuna = pytest.importorskip("optuna")
SWEEP = {
    "populations.hidden.leak": {"from": 0.5, "to": 0.99},
    "populations.hidden.size": {"from": 10, "to": 40},
    "input.frame": {"from": "5 ms", "to": "20 ms", "log": True},
    "input.kind": ["as_rate"],
    "seed": [1, 2],
}


@pytest.fixture
def computed(monkeypatch, frozen):  # noqa: F811
    """Stands for runs: the nearer the leak is to 0.8, the better; the specs that were run."""
    specs, record = [], record_with_task()

    def compute(spec, folder, **settings):
        specs.append(spec)
        if spec.populations[0].size == 13:
            raise ValueError("size = 13: brings bad luck")
        score = 1 - abs(spec.populations[0].model.arguments["leak"] - 0.8)
        save_record(replace(record, spec=spec, metrics={**record.metrics, "test": {"accuracy": score}}), folder)

    monkeypatch.setattr("bioworkbench.experiment.sweeps.worker.compute", compute)
    return specs


def spec_of(sweep=SWEEP, **changes):
    return read(with_task() | {"sweep": sweep} | changes, "x", "x.toml")


@pytest.mark.thorough
def test_folds_of_training_are_scored_never_the_test_part(tmp_path, computed):
    found = bw.optimize(spec_of(), "accuracy", n_trials=3, n_folds=2, results=tmp_path)
    assert found.parts == ("1/2", "2/2")
    assert len(computed) == 3 * 2 * 2
    assert {spec.scored_on for spec in computed} == {"1/2", "2/2"}
    assert {spec.seed for spec in computed} == {1, 2}
    assert found.study.is_file()
    scores = [tried.score for tried in found.tried]
    assert scores == sorted(scores, reverse=True)
    best = found.best
    assert best.score == pytest.approx(1 - abs(best.values["populations.hidden.leak"] - 0.8))
    assert best.error == pytest.approx(0)
    assert all(isinstance(tried.values["populations.hidden.size"], int) for tried in found.tried)
    assert all(5 <= 1e3 * float(np.asarray(parse_quantity(tried.values["input.frame"]))) <= 20.001 for tried in found.tried)


def test_a_spec_may_be_a_file(tmp_path, computed):
    file = tmp_path / "x.toml"
    file.write_text(tomli_w.dumps(spec_of().document))
    found = bw.optimize(str(file), "accuracy", n_trials=1, n_folds=2, results=tmp_path)
    assert len(found.tried) == 1
    assert len(computed) == 4


def test_an_edited_file_is_another_study(tmp_path, computed):
    file, studies = tmp_path / "given.csv", []
    for content in ("one", "two", "one"):
        file.write_text(content)
        studies.append(bw.optimize(spec_of(reference=str(file)), "accuracy", n_trials=1, n_folds=2, results=tmp_path).study)
    assert studies[0] == studies[2] != studies[1]


def test_a_validation_part_is_scored_instead(tmp_path, computed):
    task = with_task()["task"] | {"n_validation": 10}
    found = bw.optimize(spec_of(task=task, seed=4, sweep={"populations.hidden.leak": SWEEP["populations.hidden.leak"]}), "accuracy",
                        n_trials=2, results=tmp_path)  # fmt: skip
    assert found.parts == ("validation",)
    assert [(spec.scored_on, spec.seed) for spec in computed] == [("validation", 4)] * 2
    assert found.best.error is None


def test_it_goes_on_where_it_was(tmp_path, computed):
    spec = spec_of({"populations.hidden.leak": SWEEP["populations.hidden.leak"]})
    whole = bw.optimize(spec, "accuracy", n_trials=12, n_folds=2, results=tmp_path / "whole")
    bw.optimize(spec, "accuracy", n_trials=11, n_folds=2, results=tmp_path / "parts")
    n = len(computed)
    again = bw.optimize(spec, "accuracy", n_trials=12, n_folds=2, results=tmp_path / "parts")
    assert [tried.values for tried in again.tried] == [tried.values for tried in whole.tried]
    assert len(computed) == n + 2


def test_interrupted_trials_are_run_again_with_the_same_values(tmp_path, computed, monkeypatch):
    def killed(*args, **settings):
        raise KeyboardInterrupt

    with monkeypatch.context() as interrupted:
        interrupted.setattr("bioworkbench.experiment.sweeps.optimizing.run_points", killed)
        with pytest.raises(KeyboardInterrupt, match=""):
            bw.optimize(spec_of(), "accuracy", n_trials=2, n_folds=2, results=tmp_path)
    assert not computed
    (path,) = (tmp_path / "x" / "studies").glob("*.sqlite")
    begun, *others = optuna.load_study(study_name="x", storage=f"sqlite:///{path}").get_trials()
    assert {trial.state for trial in (begun, *others)} == {optuna.trial.TrialState.RUNNING}
    found = bw.optimize(spec_of(), "accuracy", n_trials=2, n_folds=2, results=tmp_path)
    (first,) = [tried for tried in found.tried if tried.number == 0]
    assert first.values["populations.hidden.leak"] == pytest.approx(begun.params["populations.hidden.leak"])
    assert len(found.tried) == 2


def test_failures_are_told_and_the_rest_kept(tmp_path, computed):
    told = []
    sweep = {"populations.hidden.size": [13, 20]}
    with pytest.warns(SweepWarning, match="of 8 points failed: .*brings bad luck.*; a larger number of trials tries others"):
        found = bw.optimize(spec_of(sweep), "accuracy", n_trials=4, n_folds=2, results=tmp_path, progress=told.append)
    assert len(told) == 4
    failed = [tried for tried in told if tried.score is None]
    assert failed
    assert all("brings bad luck" in failure.error for tried in failed for failure in tried.failures)
    assert [tried.failures for tried in found.tried if tried.score is None] == [tried.failures for tried in failed]
    assert found.best is None or found.best.values == {"populations.hidden.size": 20}


@pytest.mark.usefixtures("computed")
@pytest.mark.parametrize(
    ("document", "metric", "message"),
    [
        ({}, "acuracy", "'acuracy' is not a metric that can be optimized; did you mean 'accuracy'"),
        ({"scored_on": "test"}, "accuracy", "scored_on = 'test' cannot be optimized on: .* never the test trials; leave it out"),
        ({"sweep": {**SWEEP, "scored_on": ["test"]}}, "accuracy", r"scored_on = \('test',\) cannot be optimized on"),
        ({"sweep": {"seed": [1, 2]}}, "accuracy", r"has nothing to optimize; add \[sweep\] with ranges"),
    ],
)
def test_what_cannot_be_optimized(tmp_path, document, metric, message):
    with pytest.raises(ValueError, match=message):
        bw.optimize(spec_of(**document), metric, results=tmp_path)


def test_a_network_without_a_task(tmp_path):
    with pytest.raises(ValueError, match="has no task, so nothing to score"):
        bw.optimize(read(alone(), "x"), "accuracy", {"seed": [1]}, results=tmp_path)


@pytest.mark.usefixtures("computed")
def test_a_study_that_is_damaged_or_in_use(tmp_path):
    study = bw.optimize(spec_of(), "accuracy", n_trials=1, n_folds=2, results=tmp_path).study
    with claimed(study), pytest.raises(ResultError, match="is being continued by another process"):
        bw.optimize(spec_of(), "accuracy", n_trials=2, n_folds=2, results=tmp_path)
    study.write_bytes(b"SQLite format 4" + bytes(1000))
    with pytest.raises(ResultError, match=r"study .* cannot be used \(.*\); it is damaged or of another version of Optuna"):
        bw.optimize(spec_of(), "accuracy", n_trials=2, n_folds=2, results=tmp_path)
    assert json.loads(next((tmp_path / "x").glob("[0-9a-f]*/metrics.json")).read_text())["test"]


def test_without_optuna(tmp_path, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "optuna", None)
    with pytest.raises(SimulationError, match=r'needs Optuna, which is not installed \(pip install "bioworkbench\[optimize\]"\)'):
        bw.optimize(read(alone(), "x"), "accuracy", results=tmp_path)


def test_any_number_of_workers_tries_the_same_values(tmp_path, computed, monkeypatch):
    spec = spec_of({"populations.hidden.leak": SWEEP["populations.hidden.leak"]})

    def here(orders, *, jobs, **settings):
        return on_processes(orders, jobs=1, **settings)

    monkeypatch.setattr("bioworkbench.experiment.sweeps.sweeping.on_processes", here)
    one, six = (bw.optimize(spec, "accuracy", n_trials=12, n_folds=2, jobs=n, results=tmp_path / str(n)) for n in (1, 6))
    assert [tried.values for tried in one.tried] == [tried.values for tried in six.tried]
