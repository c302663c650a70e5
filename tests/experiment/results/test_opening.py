"""The way back from a results folder."""

import json
import shutil
import subprocess
import sys
from contextlib import suppress
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import bioworkbench as bw
from bioworkbench.experiment.results import fingerprint, load_record, save_record
from bioworkbench.experiment.results.swept import Point, PointOutcome, Sweep, read_sweep, write_sweep
from bioworkbench.experiment.spec import read
from bioworkbench.experiment.spec.changes import with_value
from bioworkbench.records.errors import ResultError
from tests.documents import alone
from tests.run_records import record_alone


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    """A store with an experiment of four runs: two noises, two seeds."""
    root = tmp_path_factory.mktemp("store")
    for sigma in ("2 mV", "500 uV"):
        for seed in (1, 2):
            record = record_alone(with_value(alone(), "populations.exc.sigma", sigma) | {"seed": seed})
            about = {**record.provenance, "fingerprint": fingerprint(record.spec)}
            save_record(replace(record, provenance=about), root / "x" / fingerprint(record.spec))
    return root


@pytest.fixture(scope="module")
def swept(store):
    outcomes = []
    for folder in sorted((store / "x").glob("[0-9a-f]*")):
        document = bw.open(folder).provenance["spec"]
        values = {"populations.exc.sigma": document["populations"]["exc"]["sigma"], "seed": document["seed"]}
        outcomes.append(PointOutcome(Point(values, {}, folder), "done", 0.5))
    lost = PointOutcome(
        Point({"populations.exc.sigma": "9 mV", "seed": 1}, {}, store / "x" / ("0" * 12)), "failed", 0.1, "no <room>"
    )
    return Sweep("x", store / "x", (*outcomes, lost))


def test_a_run_opens_with_recording_metrics_and_spec(store):
    folder = next((store / "x").glob("[0-9a-f]*"))
    for path in (folder, str(folder)):
        result = bw.open(path)
        assert isinstance(result, bw.Result)
        assert result.found
        assert result.metrics["activity"]["exc"]["mean_rate"] > 0
        light = result.recording
        np.testing.assert_array_equal(light.spikes["exc"].time, result.record.data.recording.spikes["exc"].time)
        assert light.traces["exc.v"].unit == "volt"
        assert result.spec.name == "x"
        assert result.network.sizes == light.sizes


def test_an_experiment_opens_and_so_do_all_of_them(store, swept):
    for path in (store / "x", str(store), store):
        found = bw.open(path)
        assert isinstance(found, bw.ResultSet)
        assert len(found) == 4
        assert [result.folder for result in found] == list(found.folders)
        assert len(found[1:3]) == 2
    table = bw.open(store).table()
    assert table.columns[0] == "populations.exc.sigma (mV)"
    assert [row[0] for row in table.rows] == [0.5, 2.0]


def test_a_sweep_opens(store, swept):
    path = write_sweep(swept)
    for found in (bw.open(path), bw.open(store / "x").sweeps[0], bw.open(store).sweeps[0]):
        assert isinstance(found, bw.Sweep)
        assert found.fields == ("populations.exc.sigma", "seed")
        assert [outcome.error for outcome in found.failures] == ["no <room>"]
        assert [outcome.point.values for outcome in found] == [outcome.point.values for outcome in swept]
        assert found.table("activity.exc.mean_rate").columns[0] == "populations.exc.sigma (mV)"
    path.unlink()


def test_networks_without_a_task_show_their_activity(store):
    table = bw.table(str(store / "x"), by=["populations.exc.sigma"])
    assert table.columns[:3] == (
        "populations.exc.sigma (mV)",
        "activity.exc.mean_rate (Hz)",
        "error of activity.exc.mean_rate (Hz)",
    )
    assert table.columns[-1] == "n"
    assert all(row[-1] == 2 for row in table.rows)
    assert all(kind in "iuf" for kind in (table.to_frame()[name].dtype.kind for name in table.columns))


def test_what_holds_no_results(store, tmp_path):
    with pytest.raises(ResultError, match="nothing' is not a folder; name a results folder, such as"):
        bw.open(tmp_path / "nothing")
    with pytest.raises(ResultError, match="holds no results; name a results folder"):
        bw.open(tmp_path)
    with pytest.raises(IndexError, match=r"99: .*x holds 4 runs, counted from 0"):
        bw.open(store / "x")[99]
    with pytest.raises(ResultError, match=r"run\.h5 are missing; it holds 4 runs: name one, such as .*x/[0-9a-f]{12}$"):
        load_record(store / "x")
    half = tmp_path / "x" / next((store / "x").glob("[0-9a-f]*")).name
    shutil.copytree(store / "x" / half.name, half)
    (half / "run.h5").write_bytes(b"half")
    with pytest.raises(ResultError, match=r"not complete, perhaps half copied: run\.h5 has 4 of"):
        bw.open(half).recording  # noqa: B018
    (half / "provenance.json").unlink()
    with pytest.raises(ResultError, match="cannot be read"):
        bw.open(half)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ("{", "JSONDecodeError"),
        ("[]", "TypeError"),
        ('{"format": 1}', "KeyError: 'experiment'"),
        ('{"format": 99}', "has format 99; this version of bioworkbench reads up to 1"),
    ],
)
def test_files_that_are_not_of_a_sweep(tmp_path, content, reason):
    path = tmp_path / "sweep-1.json"
    path.write_text(content)
    with pytest.raises(ResultError, match=reason):
        bw.open(path)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"fingerprint": "../../../etc"}, "must be 12 hexadecimal digits"),
        ({"status": "fine"}, "status = 'fine': must be one of done"),
    ],
)
def test_points_of_a_sweep_stay_inside_its_folder(tmp_path, change, reason):
    point = {"values": {}, "fingerprint": "0" * 12, "status": "done", "seconds": 1, "error": ""} | change
    path = tmp_path / "sweep-1.json"
    path.write_text(json.dumps({"format": 1, "experiment": "x", "points": [point]}))
    with pytest.raises(ResultError, match=reason):
        read_sweep(path)


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)


@pytest.mark.thorough
@given(st.fixed_dictionaries({"format": _JSON, "experiment": _JSON, "points": _JSON | st.lists(_JSON, max_size=2)}) | _JSON)
def test_any_json_is_a_sweep_or_refused(tmp_path_factory, content):
    path = tmp_path_factory.getbasetemp() / "sweep-any.json"
    path.write_text(json.dumps(content))
    with suppress(ResultError):
        assert isinstance(read_sweep(path), Sweep)


def test_opening_imports_numpy_and_h5py_alone(store):
    folder = next((store / "x").glob("[0-9a-f]*"))
    code = (
        "import sys, bioworkbench as bw; r = bw.open(sys.argv[1]); r.metrics, r.recording.traces['exc.v'].unit; "
        "bw.open(sys.argv[2]).table('activity.exc.mean_rate', ['seed', 'populations.exc.sigma']); "
        "print({'brian2', 'scipy', 'jax', 'sklearn', 'numba', 'networkx', 'matplotlib', 'pandas'} & set(sys.modules))"
    )
    one = folder.parent.parent / "one" / "x"
    shutil.copytree(folder, one / folder.name)
    done = subprocess.run([sys.executable, "-c", code, str(folder), str(one)], capture_output=True, text=True, check=False)
    shutil.rmtree(one.parent)
    assert done.stdout == "set()\n", done.stderr


def test_representations_are_short(store, swept):
    folder = next((store / "x").glob("[0-9a-f]*"))
    result = bw.open(folder)
    for thing in (result, result.spec, result.network, result.recording, bw.open(store), swept, bw.open(store).table()):
        assert len(repr(thing)) < 400
        assert repr(thing).startswith("<")


def test_a_spec_may_be_a_path(tmp_path):
    spec = read(alone(), "x")
    (tmp_path / "x.toml").write_text((tmp_path / "x.toml").name)
    with pytest.raises(ValueError, match=r"x\.toml: is not TOML"):
        bw.run(tmp_path / "x.toml")
    with pytest.raises(ValueError, match=r"x\.toml: is not TOML"):
        bw.sweep(str(tmp_path / "x.toml"))
    assert spec.name == "x"
