"""How many threads a run takes by itself: the cores that other runs and other processes leave, where it is worth it."""

import pytest

from bioworkbench.records.execution import Execution
from bioworkbench.simulation import threads
from bioworkbench.simulation.backends.choice import check_execution
from bioworkbench.simulation.threads import cores_limited, n_threads


@pytest.fixture(autouse=True)
def _eight_cores(monkeypatch):
    monkeypatch.setattr(threads, "n_cores", lambda: 8)
    monkeypatch.setattr(threads.os, "getloadavg", lambda: (0.4, 0.0, 0.0))


@pytest.mark.parametrize(
    ("workers", "n_neurons", "expected"), [(1, 9_999, 1), (1, 10_000, 8), (2, 10_000, 4), (3, 10_000, 2), (20, 10_000, 1)]
)
def test_runs_share_the_cores(workers, n_neurons, expected):
    assert n_threads(0, workers, n_neurons) == expected


def test_processes_share_the_cores():
    with cores_limited(2):
        assert n_threads(0, 1, 10**5) == 2
        assert n_threads(3, 1, 10**5) == 3
    assert n_threads(0, 1, 10**5) == 8


@pytest.mark.parametrize(("load", "expected"), [(0.9, 8), (3.2, 5), (20.0, 1)])
def test_a_busy_machine_has_fewer_cores(monkeypatch, load, expected):
    monkeypatch.setattr(threads.os, "getloadavg", lambda: (load, 0.0, 0.0))
    assert n_threads(0, 1, 10**5) == expected
    assert n_threads(8, 1, 10**5) == 8


def test_what_is_asked_for_is_taken():
    assert n_threads(2, 8, 10) == 2
    with pytest.warns(RuntimeWarning, match="threads = 9: this machine has 8 cores; more threads are slower"):
        assert n_threads(9, 1, 10) == 9


@pytest.mark.parametrize(
    ("asked", "backend", "words"),
    [
        (-1, "cpp", "threads = -1: must be an integer, 0 or more"),
        (1.5, "cpp", "threads = 1.5: must be an integer, 0 or more"),
        (2, "numpy", "threads = 2: several threads need backend 'cpp'; backend is 'numpy'"),
    ],
)
def test_threads_that_cannot_be_are_refused(asked, backend, words):
    with pytest.raises(ValueError, match=words):
        check_execution(Execution(threads=asked), backend)


def test_threads_that_can_be_are_not():
    for asked, backend in ((0, "numpy"), (1, "cuda"), (4, "cpp"), (4, "auto")):
        check_execution(Execution(threads=asked), backend)
