"""Summaries that are kept beside the runs: used while their files are as they were, and never believed otherwise."""

import json
from dataclasses import asdict

import pytest

from bioworkbench.experiment.results import fingerprint, reading, save_record
from bioworkbench.experiment.results.kept_summaries import as_noted, keep, kept, stamp
from bioworkbench.experiment.results.reading import summaries
from bioworkbench.experiment.results.seal import checked_provenance
from tests.documents import alone
from tests.run_records import record_alone


@pytest.fixture
def experiment(tmp_path, monkeypatch):
    """Folder of an experiment with two runs, of which summaries are kept."""
    monkeypatch.setattr(reading, "LEAST", 2)
    for seed in (1, 2):
        record = record_alone(alone() | {"seed": seed})
        save_record(record, tmp_path / "x" / fingerprint(record.spec))
    summaries(tmp_path / "x")
    return tmp_path / "x"


def runs(experiment):
    return [asdict(run) for run in summaries(experiment)[0]]


def test_kept_summaries_are_those_that_are_read(experiment, monkeypatch):
    assert len(kept(experiment)) == 2
    again = runs(experiment)
    (experiment / ".summaries.json").unlink()
    assert runs(experiment) == again
    monkeypatch.setattr(reading, "summary", lambda folder: pytest.fail(f"{folder} was read"))
    assert runs(experiment) == again


def test_a_run_that_changed_is_read_anew(experiment):
    folder = next(path for path in experiment.iterdir() if path.is_dir())
    path = folder / "metrics.json"
    path.write_text(path.read_text().replace("exc", "exC"))
    found, unreadable = summaries(experiment)
    assert len(found) == 1
    assert "metrics.json changed since written" in unreadable[0]


@pytest.mark.parametrize("damage", ["", "1 0\n{}", "[]", "no", '1 e3\n{"x": 1}'])
def test_damage_is_not_believed(experiment, damage):
    good = runs(experiment)
    (experiment / ".summaries.json").write_text(damage)
    assert kept(experiment) == {}
    assert runs(experiment) == good


@pytest.mark.parametrize("entry", [None, 1, [], ["x", []], [None, [1, 2]], [[], [1, 2, 3, 4, 5, 6]]])
def test_entries_of_another_form_are_read_anew(experiment, entry):
    good = runs(experiment)
    keep(experiment, dict.fromkeys(kept(experiment), entry))
    assert runs(experiment) == good


def test_entries_with_the_right_stamp_and_another_form(experiment):
    good = runs(experiment)
    keep(experiment, {name: [stamp(str(experiment / name)), content[1][:-1]] for name, content in kept(experiment).items()})
    assert runs(experiment) == good


def test_what_cannot_be_kept_is_not(experiment, tmp_path):
    keep(tmp_path / "missing", {"a": 1})
    keep(experiment, {"a": object()})
    assert len(kept(experiment)) == 2
    assert stamp(str(tmp_path / "none")) is None
    assert json.loads((experiment / ".summaries.json").read_text().partition("\n")[2])


def test_few_runs_leave_nothing(tmp_path):
    record = record_alone()
    save_record(record, tmp_path / "x" / fingerprint(record.spec))
    assert len(runs(tmp_path / "x")) == 1
    assert not (tmp_path / "x" / ".summaries.json").exists()


def test_times_that_were_noted_spare_the_hashing(experiment, monkeypatch):
    folder = next(path for path in experiment.iterdir() if path.is_dir())
    mark, files = stamp(str(folder)), checked_provenance(folder)["files"]
    assert as_noted(mark, files)
    monkeypatch.setattr(reading, "check_files", lambda *_, **__: pytest.fail("files were asked for again"))
    assert reading.summary(folder, mark) == reading.summary(folder, stamp(str(folder)))
    (folder / "run.h5").touch()
    assert not as_noted(stamp(str(folder)), files)
    assert not as_noted(mark, {name: {**file, "bytes": 0} for name, file in files.items()})
