"""Worker processes, and what happens when they die."""

import multiprocessing.process
import multiprocessing.util
import os
import tempfile
from pathlib import Path

import pytest

from bioworkbench.experiment.sweeps.orders import Order
from bioworkbench.experiment.sweeps.processes import _make_room_for_sockets, on_processes
from bioworkbench.simulation.scratch import PREFIX, sweep_scratch
from tests.experiment.sweeps.stand_ins import marked


def orders(folder, *names):
    return [Order(document={}, name=name, file=str(folder), folder=Path("x")) for name in names]


def test_one_job_needs_no_process(tmp_path):
    answers = dict(on_processes(orders(tmp_path, "a", "b"), 1, 2, marked))
    assert sorted(answers) == [0, 1]
    assert (tmp_path / "a").read_text() == str(os.getpid())


def test_points_are_spread_and_killed_ones_run_again(tmp_path):
    names = ["a", "killed", "b", "doomed", "c"]
    answers = dict(on_processes(orders(tmp_path, *names), 2, 2, marked))
    assert sorted(answers) == list(range(5))
    assert [answers[k].status for k in range(5)] == ["done", "done", "done", "failed", "done"]
    assert "killed by signal 9 (Killed), 3 times; if memory ran out" in answers[3].error
    assert str(os.getpid()) not in {(tmp_path / name).read_text() for name in names}


def test_what_python_needs_for_workers_lies_in_a_folder_of_ours(monkeypatch):
    """So that the next run sweeps what a killed sweep left."""
    monkeypatch.delitem(multiprocessing.process.current_process()._config, "tempdir", raising=False)
    known = set(multiprocessing.util._finalizer_registry)
    with tempfile.TemporaryDirectory(dir="/tmp") as short:
        monkeypatch.setattr("tempfile.tempdir", short)
        _make_room_for_sockets.__wrapped__()
        place = Path(multiprocessing.util.get_temp_dir())
        assert place.parent.name.startswith(PREFIX)
        assert place.parent.parent == Path(short)
        assert tempfile.tempdir == short
        assert sweep_scratch() == []  # of a process that lives
        for key in sorted(set(multiprocessing.util._finalizer_registry) - known, reverse=True):
            multiprocessing.util._finalizer_registry[key]()
        assert list(Path(short).iterdir()) == []


def test_an_interruption_ends_the_workers(tmp_path):
    running = on_processes(orders(tmp_path, "a", "slow"), 2, 2, marked)
    assert next(running)[0] == 0
    running.close()  # as an exception in the loop over the answers does
    process = int((tmp_path / "slow").read_text()) if (tmp_path / "slow").exists() else None
    if process:
        with pytest.raises(ProcessLookupError, match="No such process"):
            os.kill(process, 0)
