"""Worker processes, and what happens when they die."""

import os
from pathlib import Path

import pytest

from bioworkbench.sweeps.processes import on_processes
from bioworkbench.sweeps.worker import Order
from tests.sweeps.stand_ins import marked


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


def test_an_interruption_ends_the_workers(tmp_path):
    running = on_processes(orders(tmp_path, "a", "slow"), 2, 2, marked)
    assert next(running)[0] == 0
    running.close()  # as an exception in the loop over the answers does
    process = int((tmp_path / "slow").read_text()) if (tmp_path / "slow").exists() else None
    if process:
        with pytest.raises(ProcessLookupError, match="No such process"):
            os.kill(process, 0)
