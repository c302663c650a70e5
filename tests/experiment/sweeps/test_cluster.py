"""Points on a Dask scheduler on loopback; its workers are threads here, and processes in `tests/verification`."""

import re
from pathlib import Path
from types import SimpleNamespace

import pytest

import bioworkbench as bw
from bioworkbench.experiment.spec import read
from bioworkbench.experiment.sweeps import cluster as module
from bioworkbench.experiment.sweeps.orders import Answer
from bioworkbench.records.errors import SimulationError
from tests.documents import alone
from tests.experiment.sweeps import stand_ins
from tests.experiment.sweeps.test_processes import orders

distributed = pytest.importorskip("distributed")
PAGE = (Path(__file__).parents[3] / "analyses" / "site" / "clusters.md").read_text()


@pytest.fixture(scope="module")
def address():
    settings = {"processes": False, "n_workers": 1, "threads_per_worker": 1, "dashboard_address": None}
    with distributed.LocalCluster(host="127.0.0.1", protocol="tcp://", **settings) as local:
        yield local.scheduler_address


@pytest.fixture
def spec(monkeypatch):
    monkeypatch.setattr("bioworkbench.experiment.sweeps.worker.compute", stand_ins.compute)
    return read(alone(), "x", "x.toml")


def test_points_are_run_by_the_workers(address, spec, tmp_path):
    values = {"populations.exc.size": [20, 13, 10]}
    outcomes = bw.sweep(spec, values, scheduler=address, results=tmp_path)
    assert [outcome.status for outcome in outcomes] == ["done", "failed", "done"]
    assert outcomes[1].error == "size = 13: brings bad luck"
    assert [outcome.status for outcome in bw.sweep(spec, values, scheduler=address, results=tmp_path)][::2] == ["found", "found"]


def broken(order):
    raise RuntimeError("the worker itself\nis broken")


def test_a_worker_that_breaks_is_a_failed_point(address, tmp_path):
    ((number, answer),) = module.on_cluster(orders(tmp_path, "a"), address, broken)
    assert (number, answer.status, answer.error) == (0, "failed", "on the cluster: the worker itself")


def unlucky(order):
    """Stands for a point in whose turn too many workers died."""
    mark = Path(order.file) / order.name
    if mark.exists():
        return Answer("done")
    mark.touch()
    raise distributed.KilledWorker(order.name, SimpleNamespace(address="tcp://127.0.0.1:9"), 3)


def test_a_point_that_dask_gave_up_gets_one_more_turn(address, tmp_path, monkeypatch):
    both = orders(tmp_path, "a", "b")
    assert dict(module.on_cluster(both, address, unlucky)) == {0: Answer("done"), 1: Answer("done")}
    monkeypatch.setattr(module, "_TURNS", 1)
    ((_, answer),) = module.on_cluster(orders(tmp_path, "c"), address, unlucky)
    assert answer.status == "failed"
    assert "workers died" in answer.error


@pytest.mark.parametrize("address", ["tcp://127.0.0.1:9", "nonsense://x", "nonsense"])
def test_a_scheduler_that_does_not_answer(address, spec, tmp_path, monkeypatch):
    monkeypatch.setattr(module, "_SECONDS_TO_CONNECT", 0.2)
    with pytest.raises(SimulationError, match=rf"scheduler '{address}' does not answer \(.+\); start one with 'dask scheduler'"):
        bw.sweep(spec, {"seed": [1]}, scheduler=address, results=tmp_path)


def test_another_version_is_refused(address, spec, tmp_path, monkeypatch):
    seen = distributed.Client.get_versions

    def versions(self, **settings):
        found = seen(self, **settings)
        for about in found["workers"].values():
            about["packages"] = about["packages"] | {"brian2": "1.0"}
        return found

    monkeypatch.setattr(distributed.Client, "get_versions", versions)
    with pytest.raises(SimulationError, match=r"has brian2 1\.0 instead of \d.*; install the same versions everywhere"):
        bw.sweep(spec, {"seed": [1]}, scheduler=address, results=tmp_path)


def test_a_lost_scheduler(address):
    class Future:
        status = "cancelled"

    with pytest.raises(SimulationError, match="was lost; finished points are kept"):
        module._answer(Future(), address)


def test_without_dask(spec, tmp_path, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "distributed", None)
    with pytest.raises(
        SimulationError, match=r'needs Dask, which is not installed \(pip install "bioworkbench\[cluster\]"\)'
    ) as caught:
        bw.sweep(spec, {"seed": [1]}, scheduler="tcp://127.0.0.1:9", results=tmp_path)
    assert caught.value.missing


def test_the_recipe_for_one_machine_runs(spec, tmp_path, monkeypatch):
    """The first example of the page on clusters, with threads for processes and a small spec."""
    code = re.findall(r"```python\n(.*?)```", PAGE, flags=re.DOTALL)[0]
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(bw, "load", lambda path: spec)
    changed = code.replace("n_workers=4", "n_workers=1, processes=False, dashboard_address=':0'")
    assert changed != code
    names = {"__name__": "__main__"}
    exec(compile(changed, "clusters.md", "exec"), names)
    assert {outcome.status for outcome in names["outcomes"]} == {"done"}
