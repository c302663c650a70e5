"""Sweeps whose processes are killed (-9) again and again end with every point once, equal to that of an undisturbed sweep."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import tomli_w

import bioworkbench as bw
from bioworkbench.experiment.results import is_complete, load_record
from bioworkbench.experiment.spec import read
from tests.documents import alone

pytestmark = [pytest.mark.slow, pytest.mark.timeout(5400)]
ROOT = Path(__file__).parents[2]
N_KILLS = int(os.environ.get("N_KILLS", "20"))  # fewer, and fewer seeds, for a quick look
N_SEEDS = int(os.environ.get("N_SEEDS", "20"))
N_POINTS = 10 * N_SEEDS
SWEEP = {"populations.exc.sigma": {"from": "3 mV", "to": "7 mV", "steps": 10}, "seed": list(range(N_SEEDS))}


def document():
    """Twenty neurons, 200 points."""
    whole = alone() | {"backend": "cpp", "sweep": SWEEP}
    del whole["record"]
    return whole


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory):
    """Store of a sweep that nothing disturbs."""
    folder = tmp_path_factory.mktemp("undisturbed")
    outcomes = bw.sweep(read(document(), "x"), results=folder)
    assert [outcome.status for outcome in outcomes] == ["done"] * N_POINTS
    return folder / "x"


def n_complete(folder):
    return sum(is_complete(path) for path in folder.glob("[0-9a-f]*"))


def check_equal(folder, reference):
    """Every point once, with the spikes and scores of the reference."""
    names = sorted(path.name for path in folder.iterdir() if path.name != ".sweeps")
    assert names == sorted(path.name for path in reference.iterdir() if path.name != ".sweeps")
    assert len(names) == N_POINTS
    for name in names:
        own, other = load_record(folder / name), load_record(reference / name)
        assert own.metrics["activity"] == other.metrics["activity"]
        for population, spikes in other.data.recording.spikes.items():
            np.testing.assert_array_equal(own.data.recording.spikes[population].time, spikes.time)
            np.testing.assert_array_equal(own.data.recording.spikes[population].neuron, spikes.neuron)


def marked(mark):
    """Living processes that were started with a mark in their environment, and their parents."""
    found = {}
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            if f"MARK={mark}".encode() in (entry / "environ").read_bytes().split(b"\0"):
                fields = (entry / "stat").read_text().rpartition(")")[2].split()
                if fields[0] != "Z":
                    found[int(entry.name)] = int(fields[1])
        except OSError:
            continue
    return found


def workers_of(driver, mark):
    """Processes below the server that forks workers; that server is a child of the driver."""
    parents = marked(mark)
    servers = {pid for pid, parent in parents.items() if parent == driver}
    return [pid for pid, parent in parents.items() if parent in servers]


def test_workers_and_driver_killed_at_random(tmp_path, undisturbed):
    (tmp_path / "x.toml").write_text(tomli_w.dumps(document()))
    mark, rng = tmp_path.name, np.random.default_rng(7)
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "MARK": mark}
    command = [sys.executable, "-m", "bioworkbench", "sweep", "x.toml", "--jobs", "2"]
    killed = {"driver": 0, "worker": 0}
    thresholds = sorted(rng.choice(np.arange(1, N_POINTS - 5), N_KILLS, replace=False))
    started, driver = time.monotonic(), None
    log = (tmp_path / "log").open("w")
    while driver is None or driver.poll() is None or driver.returncode < 0 or thresholds:
        if driver is None or driver.poll() is not None:
            driver = subprocess.Popen(command, cwd=tmp_path, env=environment, stdout=log, stderr=log)
        time.sleep(0.01)
        if thresholds and n_complete(tmp_path / "results" / "x") >= thresholds[0]:
            time.sleep(rng.uniform(0, 0.1))
            whom = "driver" if rng.random() < 0.3 else "worker"
            victims = [driver.pid] if whom == "driver" else workers_of(driver.pid, mark)
            if not victims:
                continue
            os.kill(int(rng.choice(victims)), signal.SIGKILL)
            killed[whom] += 1
            thresholds.pop(0)
            if whom == "driver":
                driver.wait()
    assert driver.returncode == 0, (tmp_path / "log").read_text()[-2000:]
    check_equal(tmp_path / "results" / "x", undisturbed)
    time.sleep(1)
    assert marked(mark) == {}
    print(f"\nkilled {killed}; {N_POINTS} points once and equal to an undisturbed sweep; {time.monotonic() - started:.0f} s")
    assert sum(killed.values()) == N_KILLS
    assert min(killed.values()) > 0


def test_workers_of_a_dask_scheduler_killed_at_random(tmp_path, undisturbed):
    distributed = pytest.importorskip("distributed")
    rng, killed, started = np.random.default_rng(8), [], time.monotonic()
    thresholds = sorted(rng.choice(np.arange(5, N_POINTS - 5), 5, replace=False))
    settings = {"n_workers": 2, "threads_per_worker": 1, "processes": True, "dashboard_address": None, "host": "127.0.0.1"}
    with distributed.LocalCluster(**settings) as cluster:

        def kill(advance):
            if thresholds and advance.done >= thresholds[0]:
                thresholds.pop(0)
                victims = [nanny.process.pid for nanny in cluster.workers.values() if nanny.process and nanny.process.pid]
                killed.append(int(rng.choice(victims)))
                os.kill(killed[-1], signal.SIGKILL)

        outcomes = bw.sweep(read(document(), "x"), scheduler=cluster.scheduler_address, results=tmp_path, progress=kill)
    assert [outcome.status for outcome in outcomes] == ["done"] * N_POINTS
    bw.sweep(read(document(), "x"), results=tmp_path)  # removes what killed workers left half-written
    check_equal(tmp_path / "x", undisturbed)
    print(f"\nkilled {len(killed)} Dask workers; {N_POINTS} points once and equal; {time.monotonic() - started:.0f} s")
    assert len(killed) == 5
