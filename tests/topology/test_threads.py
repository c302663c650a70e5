"""Work on stretches of rows in threads."""

import pytest

from bioworkbench.topology.threads import for_stretches


@pytest.mark.parametrize("threads", [1, 3])
@pytest.mark.parametrize(("n", "step"), [(0, 4), (3, 4), (4, 4), (9, 4)])
def test_every_stretch_is_worked_on_once(monkeypatch, threads, n, step):
    monkeypatch.setattr("bioworkbench.topology.threads.config.NUMBA_NUM_THREADS", threads)
    done = []
    for_stretches(lambda first, last: done.append((first, last)), n, step)
    assert sorted(done) == [(first, min(first + step, n)) for first in range(0, n, step)]


@pytest.mark.parametrize("threads", [1, 2])
def test_an_error_in_a_thread_is_raised(monkeypatch, threads):
    monkeypatch.setattr("bioworkbench.topology.threads.config.NUMBA_NUM_THREADS", threads)
    with pytest.raises(ZeroDivisionError, match="division by zero"):
        for_stretches(lambda first, last: 1 / (first - 2), 4, 1)
