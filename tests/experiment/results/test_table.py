"""Tables over results."""

import csv
import json
import math
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

import bioworkbench as bw
from bioworkbench.experiment.results import fingerprint, load_record, save_record
from bioworkbench.experiment.results.columns import numeric, order
from bioworkbench.experiment.results.reading import Summary, differing
from bioworkbench.experiment.results.table import Table
from bioworkbench.experiment.spec import read
from bioworkbench.experiment.spec.changes import with_value
from bioworkbench.records.errors import ResultError
from tests.documents import alone
from tests.frozen_method import frozen  # noqa: F401  fixture
from tests.run_records import record_alone, record_with_task


@pytest.fixture
def results(tmp_path, frozen):  # noqa: F811
    """Six results: two penalties, three seeds."""
    record = record_with_task()
    for penalty in (10.0, 0.5):
        for seed in (1, 2, 3):
            document = with_value(record.spec.document, "method.readout.penalty", penalty) | {"seed": seed}
            spec = read(document, "x", "x.toml")
            metrics = {**record.metrics, "test": {"accuracy": 0.5 + 0.1 * seed - 0.01 * penalty}}
            save_record(replace(record, spec=spec, metrics=metrics), tmp_path / "x" / fingerprint(spec))
    return tmp_path / "x"


def test_mean_and_error_over_the_seeds_beside_baselines(results):
    found = bw.table([results], "accuracy", ["method.readout.penalty"])
    assert found.columns == ("method.readout.penalty", "accuracy", "error", "n", "chance", "raw_linear")
    assert [row[0] for row in found.rows] == [0.5, 10.0]
    assert found.rows[0][1:] == pytest.approx((0.695, 0.1 / math.sqrt(3), 3, 0.1, 0.85))
    assert found.unreadable == ()
    assert bw.table([results]) == found  # the first score, by all that differs
    assert bw.table([results.parent]) == found
    assert bw.table([*results.iterdir(), results]) == found


def test_copies_of_a_run_count_once(results, tmp_path):
    """Two stores with the same runs gave twice as many seeds, and an error that was too small."""
    copied = tmp_path / "elsewhere" / "x"
    shutil.copytree(results, copied)
    assert bw.table([results, copied]) == bw.table([results])
    one = next(run for run in copied.iterdir() if not run.name.startswith("."))
    record = load_record(one)
    save_record(replace(record, metrics={**record.metrics, "test": {"accuracy": 0.123}}), one)
    with pytest.raises(ValueError, match=f"x/{one.name} and .*x/{one.name} have the same settings and seed, but other numbers"):
        bw.table([results, copied])


def test_other_metrics(results):
    assert bw.table([results], "train.accuracy").rows[0][1] == pytest.approx(0.9)
    assert bw.table([results], "activity.hidden.mean_rate").columns[1] == "activity.hidden.mean_rate (Hz)"


def test_csv_and_frame(results, tmp_path):
    found = bw.table([results])
    found.to_csv(tmp_path / "t.csv")
    with (tmp_path / "t.csv").open() as file:
        rows = list(csv.reader(file))
    assert tuple(rows[0]) == found.columns
    assert float(rows[1][1]) == found.rows[0][1]
    pandas = pytest.importorskip("pandas")
    frame = found.to_frame()
    assert isinstance(frame, pandas.DataFrame)
    assert frame.shape == (2, 6)


def test_what_differs_is_not_averaged_over(results):
    with pytest.raises(
        ValueError, match=r"0\.95: method\.readout\.penalty differs too \(.*\); add --by method\.readout\.penalty"
    ):
        bw.table([results], by=["populations.hidden.leak"])


@pytest.mark.parametrize(
    ("metric", "by", "message"),
    [
        ("acuracy", [], "'acuracy' is not a metric of these results; did you mean 'accuracy'"),
        ("", ["method.readout.penatly"], r"'method\.readout\.penatly' is not a field of these specs; did you mean"),
    ],
)
def test_unknown_names(results, metric, by, message):
    with pytest.raises(ValueError, match=message):
        bw.table([results], metric, by)


def test_quantities_are_numbers_in_one_unit_and_sorted_by_size(tmp_path):
    for sigma in ("10 mV", "500 uV", "2 mV"):
        record = record_alone(with_value(alone(), "populations.exc.sigma", sigma))
        save_record(record, tmp_path / "x" / fingerprint(record.spec))
    found = bw.table([tmp_path / "x"], "activity.exc.mean_rate")
    assert found.columns[:2] == ("populations.exc.sigma (mV)", "activity.exc.mean_rate (Hz)")
    assert [row[0] for row in found.rows] == [0.5, 2.0, 10.0]
    assert found.rows[0][2:] == (None, 1)


@pytest.mark.parametrize(
    ("values", "column"),
    [
        (["1 mV", "2 nA"], ("x", ["1 mV", "2 nA"])),
        (["20 ms", "normal(20 ms, 2 ms)"], ("x", ["20 ms", "normal(20 ms, 2 ms)"])),
        (["1e-3 V", "1 mV", None], ("x (mV)", [1.0, 1.0, None])),
        ([1, 2.5, None], ("x", [1, 2.5, None])),
        (["1 furlong", "2 furlong"], ("x (furlong)", [1.0, 2.0])),
        ([True, False], ("x", [True, False])),
        (["1/5", "2/5"], ("x", ["1/5", "2/5"])),
        (["1.csv", "2.csv"], ("x", ["1.csv", "2.csv"])),
        (["2020-01-01", "2021-01-01"], ("x", ["2020-01-01", "2021-01-01"])),
        (["1. mV", "1.5e0 mV"], ("x (mV)", [1.0, 1.5])),
        (["2 /ms", "5 /second"], ("x (/ms)", [2.0, 0.005])),
        ([[1, 2], [3]], ("x", [[1, 2], [3]])),
        ([0, "1 mV"], ("x", [0, "1 mV"])),
    ],
)
def test_columns(values, column):
    name, found = numeric("x", values)
    assert name == column[0]
    assert found == pytest.approx(column[1]) if "(" in name else found == column[1]


def damage(folder, how):
    if how == "half copied":
        (folder / "run.h5").write_bytes((folder / "run.h5").read_bytes()[:100])
    elif how == "bit flipped":
        content = bytearray((folder / "metrics.json").read_bytes())
        content[len(content) // 2] ^= 4
        (folder / "metrics.json").write_bytes(content)
    elif how == "missing":
        (folder / "metrics.json").unlink()
    elif how == "wrong kind":
        (folder / "provenance.json").write_text("[1]")
    elif how == "recording flipped":
        content = bytearray((folder / "run.h5").read_bytes())
        content[len(content) // 2] ^= 4
        (folder / "run.h5").write_bytes(content)
    else:
        about = json.loads((folder / "provenance.json").read_text())
        (folder / "provenance.json").write_text(json.dumps(about | {"format": 99}))


@pytest.mark.parametrize(
    ("how", "reason"),
    [
        ("half copied", "is not complete, perhaps half copied"),
        ("bit flipped", "is damaged: metrics.json changed since written"),
        ("recording flipped", "is damaged: run.h5 changed since written"),
        ("missing", "cannot be read (metrics.json: No such file"),
        ("wrong kind", "cannot be read"),
        ("later version", "has results of format 99; this version of bioworkbench reads up to 2"),
    ],
)
def test_what_cannot_be_read_is_left_out_and_named(results, how, reason):
    damage(sorted(results.iterdir())[0], how)
    found = bw.table([results])
    assert sum(row[3] for row in found.rows) == 5
    assert len(found.unreadable) == 1
    assert reason in found.unreadable[0]


def test_results_of_older_versions_are_read(results):
    for folder in results.iterdir():
        about = json.loads((folder / "provenance.json").read_text())
        kept = {name: value for name, value in about.items() if name not in ("spec", "format", "seal", "code")}
        (folder / "provenance.json").write_text(json.dumps(kept))
    assert len(bw.table([results]).rows) == 2


def test_large_seeds_are_sorted_as_integers():
    """As floats the first two are equal, and there is none for the last."""
    seeds = [10**400, 2**60 + 1, 2**60, 3, 2.5, "10 mV", "x"]
    assert [seeds[k] for k in order([seeds])] == [2.5, 3, "10 mV", 2**60, 2**60 + 1, 10**400, "x"]


def test_nothing_to_read(tmp_path, results):
    (tmp_path / "empty").mkdir()
    with pytest.raises(ResultError, match="empty: there are no results to read; run a spec first"):
        bw.table([tmp_path / "empty"])
    with pytest.raises(ResultError, match="missing is not a folder; name a results folder"):
        bw.table([tmp_path / "missing"])
    for folder in results.iterdir():
        shutil.copy(folder / "spec.toml", folder / "metrics.json")
    with pytest.raises(ResultError, match=r"there are no results to read; .*is not complete"):
        bw.table([results])


def test_markdown_and_latex():
    found = Table(("a_b (%)", "n|m"), ((0.123456, None), ("x\\y^2", 3)))
    assert found.to_markdown() == "| a_b (%) | n\\|m |\n| --- | --- |\n| 0.1235 | – |\n| x\\y^2 | 3 |\n"
    lines = found.to_latex().splitlines()
    assert lines[0] == r"\begin{tabular}{rr}"
    assert lines[2] == r"a\_b (\%) & n|m \\"
    assert lines[4:6] == [r"0.1235 & -- \\", r"x\textbackslash{}y\textasciicircum{}2 & 3 \\"]
    assert lines[-1] == r"\end{tabular}"


def test_what_a_population_has_from_its_model_is_not_missing():
    shared = {"experiment": "x", "models.cell.sigma": "3 mV", "populations.exc.model": "cell"}
    runs = [
        Summary(Path(name), shared | own, {}, (), {}, {}, None)
        for name, own in (("a", {}), ("b", {"populations.exc.sigma": "5 mV"}), ("c", {"populations.exc.sigma": "3 mV"}))
    ]
    assert [run.setting("populations.exc.sigma") for run in runs] == ["3 mV", "5 mV", "3 mV"]
    assert [run.setting(name) for run in runs for name in ("populations.exc.tau", "populations.inh", "models.cell.tau")] == [
        None
    ] * 9
    assert differing(runs) == ["populations.exc.sigma"]
    assert differing([runs[0], runs[2]]) == []


def test_settings_have_digits_that_tell_them_apart_and_scores_have_four():
    rows = ((10001.0, 0.123456, 0.01, 3, 0.5), (10002.0, 0.123457, 0.01, 3, 0.5))
    found = Table(("size", "accuracy", "error", "n", "chance"), rows)
    assert found.in_words() == (
        ["size", "accuracy", "n", "chance"],
        [["10001", "0.1235 ± 0.01", "3", "0.5"], ["10002", "0.1235 ± 0.01", "3", "0.5"]],
    )
    assert Table(("size", "accuracy", "error", "n"), ()).in_words() == (["size", "accuracy", "n"], [])
