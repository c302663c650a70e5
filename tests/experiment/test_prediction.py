"""Trained networks answer new data: arrays in the scale of the task, and files like the one they were trained on."""

import numpy as np
import pytest
import typer
from typer.testing import CliRunner

import bioworkbench as bw
from bioworkbench.commands.predict import predict_command
from bioworkbench.experiment.spec import read
from bioworkbench.records.errors import ResultError
from tests.documents import alone, with_task

app = typer.Typer()
app.command()(predict_command)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Files of two kinds of animals, told apart by their weight, and of a series of two waves, with a run on each."""
    folder = tmp_path_factory.mktemp("data")
    rng = np.random.default_rng(1)
    rows = [(kind, rng.normal(mean, 1), rng.normal(5, 1)) for kind, mean in (("cat", 4), ("=dog", 30)) for _ in range(40)]
    (folder / "animals.csv").write_text("kind,weight,age\n" + "\n".join(f"{k},{w:.4f},{a:.4f}" for k, w, a in rows))
    t = np.arange(240)
    waves = np.stack([10 + np.sin(t / 5), 3 * np.cos(t / 5)], axis=1)
    (folder / "waves.csv").write_text("a,b\n" + "\n".join(f"{a:.6f},{b:.6f}" for a, b in waves))
    return folder


def trained(folder, task):
    document = with_task() | {"task": {**task, "data": str(folder)}, "input": {"kind": "as_current", "frame": "10 ms"}}
    document.pop("metrics")
    document["method"] = {"kind": "ransnn", "readout": {"kind": "ridge", "penalty": 0.01}}
    return bw.run(read(document, task["kind"], "x.toml"), results=folder / "results", report=False)


@pytest.fixture(scope="module")
def animals(folder):
    return trained(folder, {"kind": "table", "file": "animals.csv", "target": "kind"})


@pytest.fixture(scope="module")
def waves(folder):
    return trained(folder, {"kind": "series", "file": "waves.csv", "history": 8, "horizon": 2, "relative": True})


def test_rows_of_a_table_are_answered_by_names_of_classes(animals, folder):
    """Columns in another order, without the target, and one more."""
    (folder / "new.csv").write_text("age,color,weight\n5,1,4\n5,1,30\n6,2,3.5\n")
    assert animals.provenance["classes"] == ["=dog", "cat"]  # which its report shows
    found = bw.predict(animals, folder / "new.csv")
    assert found.outputs == ("kind",)
    assert found.values.tolist() == ["cat", "=dog", "cat"]
    assert len(found) == 3
    assert np.asarray(found)[1] == "=dog"


def test_answers_repeat_and_follow_the_seed(waves, folder):
    one, two = (bw.predict(str(waves.folder), str(folder / "waves.csv")).values for _ in range(2))
    assert (one == two).all()


def test_a_series_is_forecast_in_its_own_units_and_beyond_its_end(waves, folder):
    found = bw.predict(waves, folder / "waves.csv")
    assert found.outputs == ("a +1", "b +1", "a +2", "b +2")
    assert found.values.shape == (240 - 8 + 1, 4)
    t = np.arange(8, 240)
    assert np.abs(found.values[:-1, 0] - (10 + np.sin(t / 5))).mean() < 0.3
    assert np.abs(found.values[:-1, 1] - 3 * np.cos(t / 5)).mean() < 0.9


def test_test_trials_given_as_an_array_score_as_in_the_run(animals, folder, tmp_path):
    """The table in the scale of the task: every row that the run was tested on is answered as there, as nothing is random."""
    rows = np.loadtxt(folder / "animals.csv", delimiter=",", skiprows=1, usecols=(1, 2))
    by_file = bw.predict(animals, folder / "animals.csv").values
    assert (by_file == np.repeat(["cat", "=dog"], 40)).mean() >= animals.metrics["test"]["accuracy"] - 0.05
    values = ((rows - rows.mean(axis=0)) / rows.std(axis=0))[:, None]
    np.save(tmp_path / "values.npy", values)
    found = bw.predict(animals, tmp_path / "values.npy")
    assert found.outputs == ("class",)
    assert (found.values == (by_file == "cat")).mean() > 0.9  # '=' sorts before letters, so "cat" is class 1


def test_the_command_writes_csv_that_no_spreadsheet_runs(animals, folder, tmp_path):
    (folder / "two.csv").write_text("weight,age\n4,5\n30,5\n")
    shown = CliRunner().invoke(app, [str(animals.folder), str(folder / "two.csv")])
    assert shown.stdout.splitlines() == ["trial,kind", "0,cat", "1,'=dog"]
    CliRunner().invoke(app, [str(animals.folder), str(folder / "two.csv"), "--output", str(tmp_path / "out.csv")])
    assert (tmp_path / "out.csv").read_text() == shown.stdout


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("weight\n4\n", "'age' is not a column of bad.csv"),
        ("weight,age\n4,\n", "the value is missing"),
        ("weight,age\n4,old\n", "old"),
        ("", "empty|no rows|is not a table"),
    ],
)
def test_tables_that_do_not_fit(animals, tmp_path, text, words):
    (tmp_path / "bad.csv").write_text(text)
    with pytest.raises(ValueError, match=words):
        bw.predict(animals, tmp_path / "bad.csv")


def test_data_that_do_not_fit(animals, waves, tmp_path):
    (tmp_path / "short.csv").write_text("a,b\n" + "1,2\n" * 5)
    with pytest.raises(ValueError, match="has 5 rows; a window of the trained network has 8"):
        bw.predict(waves, tmp_path / "short.csv")
    with pytest.raises(
        ValueError, match=r"data has shape \(2, 3\); the network was trained on trials of shape \(n_trials, 1, 2\)"
    ):
        bw.predict(animals, np.zeros((2, 3)))
    with pytest.raises(ValueError, match="must be real numbers, all of them finite"):
        bw.predict(animals, np.full((2, 1, 2), np.nan))


def test_new_rows_of_a_series_are_in_the_order_of_their_times(folder, tmp_path):
    """Rows of a file that lists the latest first, or lacks some, were taken for a series as they stood."""
    lines = [f"{k},{line}" for k, line in enumerate((folder / "waves.csv").read_text().splitlines()[1:])]
    (folder / "timed.csv").write_text("time,a,b\n" + "\n".join(lines))
    run = trained(folder, {"kind": "series", "file": "timed.csv", "history": 8, "horizon": 2})
    for name, rows, words in (
        ("back", lines[::-1], "is not after .* or train with times = 'ignore'"),
        ("gap", lines[:50] + lines[52:], "1 gap, the first between '49' and '52'"),
    ):
        (tmp_path / f"{name}.csv").write_text("time,a,b\n" + "\n".join(rows))
        with pytest.raises(ValueError, match=words):
            bw.predict(run, tmp_path / f"{name}.csv")
    assert len(bw.predict(run, folder / "timed.csv")) == 240 - 8 + 1


def test_missing_values_of_new_rows_are_those_of_training(folder, tmp_path):
    run = trained(folder, {"kind": "table", "file": "animals.csv", "target": "kind", "missing": "mean"})
    (tmp_path / "new.csv").write_text("weight,age\n4,\n30,\n")
    assert bw.predict(run, tmp_path / "new.csv").values.tolist() == ["cat", "=dog"]


def test_a_training_file_that_has_changed_is_noticed(folder, animals):
    """New data are scaled as the training part was, which another file would change in silence."""
    file = folder / "animals.csv"
    before = file.read_text()
    file.write_text(before.replace("\n=dog,", "\n=dog,1", 1))
    try:
        with pytest.raises(ResultError, match=r"animals\.csv has changed since the network was trained"):
            bw.predict(animals, folder / "new.csv")
    finally:
        file.write_text(before)
    assert len(bw.predict(animals, folder / "new.csv")) == 3


def test_runs_that_cannot_predict(tmp_path):
    alone_run = bw.run(read(alone(), "alone", "x.toml"), results=tmp_path, report=False)
    with pytest.raises(ResultError, match="has no trained network, so nothing to predict with"):
        bw.predict(alone_run, np.zeros((1, 1, 1)))
    digits = bw.run(read(with_task() | {"method": {"kind": "ransnn"}}, "digits", "x.toml"), results=tmp_path, report=False)
    with pytest.raises(ValueError, match="does not come from a file, so no file can be read as it was"):
        bw.predict(digits, "new.csv")
