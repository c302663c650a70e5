"""Sweeps: what is run, in which order, and what is found again."""

import json
import shutil
import threading
import time

import numpy as np
import pytest
from brian2 import mV, volt

import bioworkbench as bw
from bioworkbench.experiment.results import claimed, is_complete
from bioworkbench.experiment.spec import read
from bioworkbench.experiment.sweeps import SweepWarning, sweeping
from bioworkbench.experiment.sweeps.orders import Answer, Order
from bioworkbench.experiment.sweeps.worker import run_point
from bioworkbench.records.errors import SimulationError, SpecError
from bioworkbench.simulation.scratch import PREFIX
from tests.documents import alone
from tests.experiment.sweeps import stand_ins

SIZES = {"populations.exc.size": [20, 10, 30]}


@pytest.fixture(autouse=True)
def computed(monkeypatch):
    """Stands for simulations; the specs that were computed."""
    specs = []

    def compute(spec, folder, **settings):
        specs.append(spec)
        stand_ins.compute(spec, folder)

    monkeypatch.setattr("bioworkbench.experiment.sweeps.worker.compute", compute)
    return specs


def spec_of(**changes):
    return read(alone() | changes, "x", "x.toml")


def statuses(outcomes):
    return [outcome.status for outcome in outcomes]


def test_every_point_is_a_results_folder(tmp_path):
    outcomes = bw.sweep(spec_of(sweep={"seed": [1, 2]}), SIZES, results=tmp_path)
    assert statuses(outcomes) == ["done"] * 6
    assert [outcome.point.values for outcome in outcomes[:2]] == [
        {"seed": 1, "populations.exc.size": 20},
        {"seed": 1, "populations.exc.size": 10},
    ]
    for outcome in outcomes:
        assert is_complete(outcome.point.folder)
        point = bw.load(outcome.point.folder / "spec.toml")
        assert (point.seed, point.populations[0].size) == tuple(outcome.point.values.values())


def test_finished_work_is_not_repeated(tmp_path, computed):
    bw.sweep(spec_of(), SIZES, results=tmp_path)
    assert statuses(bw.sweep(spec_of(), SIZES | {"seed": [1, 2]}, results=tmp_path)) == ["found", "done"] * 3
    assert len(computed) == 6
    assert statuses(bw.sweep(spec_of(), SIZES, results=tmp_path, force=True)) == ["done"] * 3
    assert len(computed) == 9


def test_a_setting_written_twice_is_one_point(tmp_path):
    assert len(bw.sweep(spec_of(), {"dt": ["0.5 ms", "500 us"]}, results=tmp_path)) == 1


def test_the_most_expensive_first_and_told(tmp_path, computed):
    told = []
    bw.sweep(spec_of(), SIZES, results=tmp_path, progress=told.append)
    assert [spec.populations[0].size for spec in computed] == [30, 20, 10]
    assert [(advance.done, advance.total) for advance in told] == [(1, 3), (2, 3), (3, 3)]
    assert told[0].fraction == pytest.approx(35 / 75)  # 5 inhibitory neurons each
    assert told[-1].fraction == pytest.approx(1)


def test_failures_are_kept_with_their_reason(tmp_path, monkeypatch):
    told = r"1 of 2 points failed: populations.exc.size = 13 \(size = 13: brings bad luck\)\. Remove the cause; the same call"
    with pytest.warns(SweepWarning, match=told) as noticed:
        outcomes = bw.sweep(spec_of(), {"populations.exc.size": [20, 13]}, results=tmp_path)
    assert noticed[-1].filename == __file__
    assert statuses(outcomes) == ["done", "failed"]
    assert outcomes[1].error == "size = 13: brings bad luck"
    assert outcomes[1].point.name == "populations.exc.size = 13"

    def unexpected(*args, **settings):
        raise KeyError("gone")

    monkeypatch.setattr("bioworkbench.experiment.sweeps.worker.compute", unexpected)
    with pytest.warns(SweepWarning, match="1 of 1 point failed: populations.exc.size = 13 .KeyError in"):
        (outcome,) = bw.sweep(spec_of(), {"populations.exc.size": [13]}, results=tmp_path)
    assert outcome.error.startswith("KeyError in test_sweeping.py, line ")


def test_a_warning_names_the_first_failures(tmp_path, monkeypatch):
    def unlucky(*args, **settings):
        raise ValueError("bad luck")

    monkeypatch.setattr("bioworkbench.experiment.sweeps.worker.compute", unlucky)
    with pytest.warns(SweepWarning, match=r"9 of 9 points failed: seed = 0 \(bad luck\); .*seed = 4 \(bad luck\); and 4 more"):
        bw.sweep(spec_of(), {"seed": range(9)}, results=tmp_path)


@pytest.mark.parametrize(
    "sigmas", [np.array([1, 2.5]) * mV, [1 * mV, 2.5 * mV], (np.float64(1e-3) * volt, "2.5 mV"), np.array(["1 mV", "2500 uV"])]
)
def test_arrays_and_quantities_are_swept(tmp_path, sigmas):
    values = {"populations.exc.sigma": sigmas, "seed": np.array([3, 2**60 + 1])}
    outcomes = bw.sweep(spec_of(), values, results=tmp_path)
    specs = [bw.load(outcome.point.folder / "spec.toml") for outcome in outcomes]
    assert [spec.seed for spec in specs] == [3, 2**60 + 1] * 2
    wanted = [{"populations.exc.sigma": text, "seed": seed} for text in ("1 mV", "2.5 mV") for seed in (3, 2**60 + 1)]
    assert (
        statuses(bw.sweep(spec_of(), {name: [point[name] for point in wanted] for name in wanted[0]}, results=tmp_path))
        == ["found"] * 4
    )


def test_what_cannot_be_estimated_is_run_first(tmp_path, monkeypatch):
    """Of a sweep of many points not every network is made before the first runs."""
    monkeypatch.setattr("bioworkbench.experiment.spec.validation.MOST_MADE", 1)
    told = []
    values = {"populations.exc.size": [20, 30], "populations.exc.tau": ["20 ms", "normal(1 ms, 0 ms)", "0*ms + (N < 25)*ms"]}
    with pytest.warns(SweepWarning, match="1 of 6 points failed"):
        outcomes = bw.sweep(spec_of(), values, results=tmp_path, progress=told.append)
    assert told[0].outcome.point.values == {"populations.exc.size": 30, "populations.exc.tau": "0*ms + (N < 25)*ms"}
    assert "done" in statuses(outcomes)


def test_every_point_is_checked_before_the_first_runs(tmp_path, computed):
    values = {"populations.exc.tau": ["20 ms", "0 ms"], "populations.inh.sigma": ["1 mV", "-1 mV"], "seed": range(20)}
    with pytest.raises(SpecError, match="x\\.toml") as caught:
        bw.sweep(spec_of(), values, results=tmp_path)
    assert [problem.partition(": ")[2] for problem in caught.value.problems] == [
        "sigma = -1 mV: cannot be negative (where populations.inh.sigma = -1 mV)",
        "tau = 0 s: must be above 0 (where populations.exc.tau = 0 ms)",
    ]
    assert not computed


def test_values_that_cannot_be_read_are_told_at_once(tmp_path, computed):
    values = {
        "populations.exc.sigma": [*(f"{k} mV" for k in range(30)), "1 ms", "x"],
        "populations.inh.tau": [*["1 ms"] * 30, "1 mV"],
    }
    with pytest.raises(SpecError, match="'1 ms' is a time") as caught:
        bw.sweep(spec_of(), values, results=tmp_path)
    assert len(caught.value.problems) == 3
    assert not computed


def test_backend_of_the_call(tmp_path, computed):
    document = alone()
    del document["backend"]
    bw.sweep(read(document, "x"), {"seed": [1]}, backend="numpy", results=tmp_path)
    assert computed[0].backend == "numpy"


@pytest.mark.parametrize(
    ("values", "settings", "message"),
    [
        ({}, {}, r"x\.toml: has nothing to sweep; add \[sweep\]"),
        (
            {"populations.exc.sgima": [1]},
            {},
            r"populations\.exc\.sgima: 'sgima' is not a setting of noisy_lif; did you mean 'sigma'",
        ),
        ({"seed": []}, {}, r"sweep: seed = \[\]: must be a list of at least one value, or a range"),
        ({"populations.exc.size": {"from": 5, "to": 9}}, {}, "populations.exc.size is a range without steps"),
        ({"seed": [1]}, {"jobs": 2, "scheduler": "tcp://127.0.0.1:1"}, "jobs = 2 and scheduler = 'tcp://127.0.0.1:1': give one"),
    ],
)
def test_bad_sweeps(tmp_path, values, settings, message):
    with pytest.raises(ValueError, match=message):
        bw.sweep(spec_of(), values, results=tmp_path, **settings)


def test_bad_values_are_found_before_anything_runs(tmp_path, computed):
    values = {"populations.exc.sigma": [f"{k} mV" for k in range(40)] + ["1 ms"]}
    with pytest.raises(SpecError, match="'1 ms' is a time"):
        bw.sweep(spec_of(), values, results=tmp_path)
    assert not computed


def test_a_missing_backend(tmp_path, monkeypatch):
    monkeypatch.setattr("bioworkbench.simulation.backends.cpp.toolchain.compiler", lambda: None)
    with pytest.raises(SimulationError, match="backend 'cpp' needs a C\\+\\+ compiler"):
        bw.sweep(spec_of(backend="cpp"), {"seed": [1]}, results=tmp_path)


def test_points_of_other_processes_come_last(tmp_path, computed):
    outcomes = bw.sweep(spec_of(), SIZES, results=tmp_path)
    first = outcomes[2].point.folder  # the most expensive
    shutil.rmtree(first)
    held, told = threading.Event(), []

    def other():
        with claimed(first):
            held.set()
            while len(told) < 1:
                time.sleep(0.01)
            stand_ins.compute(bw.load(outcomes[1].point.folder / "spec.toml"), first)

    thread = threading.Thread(target=other)
    thread.start()
    held.wait()
    again = bw.sweep(spec_of(), SIZES | {"populations.exc.size": [30, 40]}, results=tmp_path, progress=told.append)
    thread.join()
    assert statuses(again) == ["found", "done"]
    assert [advance.outcome.point.values["populations.exc.size"] for advance in told] == [40, 30]
    assert len(computed) == 4


def test_half_copied_folders_are_run_again(tmp_path):
    (outcome,) = bw.sweep(spec_of(), {"seed": [1]}, results=tmp_path)
    path = outcome.point.folder / "run.h5"
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    assert statuses(bw.sweep(spec_of(), {"seed": [1]}, results=tmp_path)) == ["done"]
    (outcome.point.folder / "metrics.json").unlink()
    assert statuses(bw.sweep(spec_of(), {"seed": [1]}, results=tmp_path)) == ["done"]
    assert is_complete(outcome.point.folder)


def test_leftovers_of_killed_processes_are_removed(tmp_path):
    (outcome,) = bw.sweep(spec_of(), {"seed": [1]}, results=tmp_path)
    leftover = outcome.point.folder.parent / f".{outcome.point.folder.name}-half"
    leftover.mkdir()
    bw.sweep(spec_of(), {"seed": [1]}, results=tmp_path)
    assert not leftover.exists()


def test_temporary_folders_of_killed_processes_are_swept_where_all_is_found(tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    bw.sweep(spec_of(), {"seed": [1]}, results=tmp_path)
    dead = tmp_path / f"{PREFIX}dead"
    dead.mkdir()
    (dead / ".lock").touch()
    assert statuses(bw.sweep(spec_of(), {"seed": [1]}, results=tmp_path)) == ["found"]
    assert not dead.exists()


def test_results_that_do_not_arrive(tmp_path, monkeypatch):
    monkeypatch.setattr(sweeping, "on_processes", lambda orders, **_: [(k, Answer("done")) for k in range(len(orders))])
    with pytest.warns(SweepWarning, match="1 of 1 point failed: seed = 1"):
        (outcome,) = bw.sweep(spec_of(), {"seed": [1]}, results=tmp_path)
    assert outcome.status == "failed"
    assert "its results are not here; workers must write to the same folder" in outcome.error


def order_of(folder, document):
    return Order(document=document, name="x", file="x.toml", folder=folder)


def test_workers_of_another_version_refuse(tmp_path):
    answer = run_point(order_of(tmp_path / "0123456789ab", alone()))
    assert answer.status == "failed"
    assert "must run another version of bioworkbench than the sweep" in answer.error


def test_workers_without_the_folder_refuse(tmp_path):
    (outcome,) = bw.sweep(spec_of(), {"seed": [1]}, results=tmp_path)
    answer = run_point(order_of(tmp_path / "elsewhere" / "x" / outcome.point.folder.name, alone()))
    assert "all workers must see the results folder" in answer.error


def test_fingerprints_of_a_sweep_are_kept(tmp_path, monkeypatch):
    first = bw.sweep(spec_of(), SIZES, results=tmp_path)
    (kept,) = (tmp_path / "x" / ".sweeps").iterdir()
    assert json.loads(kept.read_text()) == [outcome.point.folder.name for outcome in first]
    kept.write_text(kept.read_text()[:20])  # damaged: found anew
    assert tuple(bw.sweep(spec_of(), SIZES, results=tmp_path)) == tuple(sweeping.PointOutcome(o.point, "found") for o in first)
    monkeypatch.setattr(
        "bioworkbench.experiment.results.points.sweep_points", lambda spec: pytest.fail("kept, so not read again")
    )
    bw.sweep(spec_of(), SIZES, results=tmp_path)


def test_fingerprints_are_kept_by_the_order_of_fields(tmp_path):
    fields = {"seed": [1, 2], "populations.exc.size": [20, 10]}
    for names in (list(fields), list(reversed(fields))):
        outcomes = bw.sweep(spec_of(sweep={name: fields[name] for name in names}), results=tmp_path)
        assert list(outcomes[0].point.values) == names
        for outcome in outcomes:
            found = bw.load(outcome.point.folder / "spec.toml")
            assert (found.seed, found.populations[0].size) == (
                outcome.point.values["seed"],
                outcome.point.values["populations.exc.size"],
            )
