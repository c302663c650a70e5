"""From a spec to a results folder."""

import json
import time
from dataclasses import replace

import h5py
import numpy as np
import pytest

import bioworkbench as bw
from bioworkbench.experiment.results import fingerprint
from bioworkbench.experiment.spec import read
from bioworkbench.experiment.spec.changes import with_value
from bioworkbench.records.errors import ResultError, SimulationError, SpecError
from bioworkbench.report.text import cards
from bioworkbench.simulation import simulate
from tests.documents import alone, with_task
from tests.frozen_method import frozen  # noqa: F401  fixture


def spec_of(document):
    return read(document, "x", "x.toml")


@pytest.fixture(autouse=True)
def _plain_report(monkeypatch):
    """Reports are tested elsewhere; here a line stands for them."""

    def write(record, folder, curves=()):
        (folder / "report.html").write_text(record.spec.name)

    monkeypatch.setattr("bioworkbench.report.display.write_report", write)


@pytest.fixture(scope="module")
def alone_result(tmp_path_factory):
    return bw.run(spec_of(alone()), results=tmp_path_factory.mktemp("alone"))


@pytest.fixture
def task_result(tmp_path, frozen):  # noqa: F811
    return bw.run(spec_of(with_task()), results=tmp_path)


def test_a_folder_holds_everything(alone_result):
    assert alone_result.folder.name == fingerprint(spec_of(alone()))
    assert alone_result.folder.parent.name == "x"
    names = {path.name for path in alone_result.folder.iterdir()}
    assert names == {"spec.toml", "provenance.json", "metrics.json", "run.h5", "report.html", "thumbnail.png"}
    assert [path.name for path in alone_result.folder.parent.iterdir()] == [alone_result.folder.name]


def test_spec_as_run_has_the_same_fingerprint(alone_result):
    assert fingerprint(bw.load(alone_result.folder / "spec.toml")) == alone_result.folder.name


def test_recording_and_activity(alone_result):
    recording = alone_result.recording
    assert recording.sizes == {"exc": 20, "inh": 5}
    assert recording.traces["exc.v"].shape == (1, 50, 2)
    rate = len(recording.spikes["exc"]) / 20 / 0.05
    assert alone_result.metrics["activity"]["exc"]["mean_rate"] == pytest.approx(rate)
    assert rate > 0


def test_provenance(alone_result):
    about = json.loads((alone_result.folder / "provenance.json").read_text())
    assert about["fingerprint"] == alone_result.folder.name
    assert about["versions"]["brian2"]
    assert (about["seed"], about["backend"]) == (1, "numpy")
    assert about["seconds"]["simulate"] > 0
    assert about["warnings"] == list(alone_result.record.warnings)
    timing = json.loads((alone_result.folder / "metrics.json").read_text())["timing"]
    assert timing["total"] >= timing["build"] + timing["simulate"]


def test_an_unchanged_spec_is_found(alone_result):
    root = alone_result.folder.parent.parent
    before = (alone_result.folder / "run.h5").stat().st_mtime_ns
    again = bw.run(spec_of(alone()), results=root)
    assert again.found
    assert (again.folder / "run.h5").stat().st_mtime_ns == before
    np.testing.assert_array_equal(again.recording.spikes["exc"].time, alone_result.recording.spikes["exc"].time)
    assert again.metrics == json.loads((again.folder / "metrics.json").read_text())


def test_force_runs_again_with_the_same_spikes(alone_result):
    again = bw.run(spec_of(alone()), results=alone_result.folder.parent.parent, force=True)
    assert not again.found
    np.testing.assert_array_equal(again.recording.spikes["exc"].time, alone_result.recording.spikes["exc"].time)
    assert [path.name for path in again.folder.parent.iterdir()] == [again.folder.name]


def test_a_task_is_scored_beside_baselines(task_result):
    metrics = task_result.metrics
    assert set(metrics["baselines"]) == {"chance", "raw_linear"}
    assert metrics["baselines"]["chance"]["accuracy"] < metrics["test"]["accuracy"] <= 1
    assert metrics["trials"] == {"train": 60, "test": 30, "train_scored": 30}
    assert task_result.recording.n_trials == 30
    answers = task_result.record.data.answers
    assert (answers.predictions == answers.targets).mean() == pytest.approx(metrics["test"]["accuracy"])


def test_readout_and_history_are_kept(task_result):
    with h5py.File(task_result.folder / "run.h5") as file:
        assert file["readout/coefficients"].shape == (30, 10)
        np.testing.assert_array_equal(file["history/score"], [0.5, 0.7, 0.8])


@pytest.mark.usefixtures("frozen")
def test_trials_that_do_not_fit_are_simulated_in_turn(tmp_path, monkeypatch):
    monkeypatch.setattr("bioworkbench.experiment.scores._BYTES_PER_SPIKE", 1e6)
    result = bw.run(spec_of(with_task()), results=tmp_path)
    assert 1 <= result.recording.n_trials < 30
    assert len(result.record.data.answers.predictions) == 30


def test_phases_are_told(tmp_path):
    told = []
    bw.run(spec_of(alone()), results=tmp_path, progress=lambda *step: told.append(step))
    phases = list(dict.fromkeys(phase for phase, _, _ in told))
    assert [phase for phase in phases if phase in ("build", "simulate", "report")] == ["build", "simulate", "report"]
    assert ("report", 1, 1) in told


def test_programs_are_compiled_in_a_phase_of_their_own(tmp_path, monkeypatch):
    told = []

    def compiled(*given, execution, **settings):
        execution.progress("build", 0, 1)
        time.sleep(0.3)
        execution.progress("build", 1, 1)
        return simulate(*given, execution=execution, **settings)

    monkeypatch.setattr("bioworkbench.experiment.running.simulate", compiled)
    result = bw.run(spec_of(alone()), results=tmp_path, progress=lambda *step: told.append(step))
    timing = result.metrics["timing"]
    assert timing["compile"] >= 0.3
    assert timing["build"] + timing["compile"] + timing["simulate"] <= timing["total"]
    assert ("compile", 0, 1) in told
    assert "compile 0." in next(card.note for card in cards(result.record) if card.name == "time")


def test_backend_of_the_call_is_part_of_the_spec(tmp_path):
    document = alone()
    del document["backend"]
    result = bw.run(spec_of(document), results=tmp_path, backend="numpy")
    assert result.folder.name == fingerprint(spec_of(alone()))
    assert bw.load(result.folder / "spec.toml").backend == "numpy"


def nothing_left(folder):
    return not list(folder.rglob("*.*"))


def test_an_interruption_leaves_nothing(tmp_path, monkeypatch):
    def interrupted(*args, **kwargs):
        raise KeyboardInterrupt

    monkeypatch.setattr("bioworkbench.experiment.results.store.write_run", interrupted)
    with pytest.raises(KeyboardInterrupt, match=""):
        bw.run(spec_of(alone()), results=tmp_path)
    assert nothing_left(tmp_path)


@pytest.mark.usefixtures("frozen")
def test_errors_of_a_method_name_its_table(tmp_path):
    document = with_value(with_task(), "method.readout.penalty", -1.0)
    with pytest.raises(SpecError, match=r"x\.toml, method\.readout: penalty = -1\.0"):
        bw.run(spec_of(document), results=tmp_path)
    assert nothing_left(tmp_path)


def test_a_folder_that_cannot_be_written(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(ResultError, match=r"cannot be written: .*file is not a folder"):
        bw.run(spec_of(alone()), results=tmp_path / "file")


def test_a_missing_backend(tmp_path, monkeypatch):
    monkeypatch.setattr("bioworkbench.simulation.backends.cpp.toolchain.compiler", lambda: None)
    with pytest.raises(SimulationError, match="backend 'cpp' needs a C\\+\\+ compiler"):
        bw.run(spec_of(alone() | {"backend": "cpp"}), results=tmp_path)
    assert nothing_left(tmp_path)


def test_public_names():
    assert "run" in dir(bw)
    with pytest.raises(AttributeError, match="module 'bioworkbench' has no attribute 'rum'"):
        bw.rum  # noqa: B018


def test_threads_reach_the_simulation_and_change_no_fingerprint(tmp_path, monkeypatch):
    seen = []

    def noted(*arguments, execution, **settings):
        seen.append(execution.threads)
        return simulate(*arguments, execution=replace(execution, threads=0), **settings)

    monkeypatch.setattr("bioworkbench.experiment.running.simulate", noted)
    spec = spec_of(alone() | {"threads": 1})
    assert fingerprint(spec) == fingerprint(spec_of(alone()))
    bw.run(spec, results=tmp_path, report=False)
    bw.run(spec, results=tmp_path, report=False, force=True, threads=3)
    assert seen == [1, 3]
