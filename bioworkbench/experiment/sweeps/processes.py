"""Points on the processes of this machine; a process that dies is replaced, and its point is run again."""

import multiprocessing
import multiprocessing.util
import os
import signal
import sys
import tempfile
from collections import Counter, deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, closing
from functools import cache
from multiprocessing.connection import Connection, wait

from threadpoolctl import threadpool_limits

from bioworkbench.experiment.sweeps.orders import Answer, Order
from bioworkbench.records.logs import forget_brian2_log
from bioworkbench.simulation.backends.choice import announce_no_backend
from bioworkbench.simulation.scratch import scratch_folder
from bioworkbench.simulation.threads import cores_limited

__all__ = ["on_processes"]

_MOST_DEATHS = 3  # of processes at the same point
_SECONDS_TO_END = 5.0
_LONGEST_TEMPORARY_FOLDER = 48  # bytes; a folder of ours, one of Python and a file name add 54


def on_processes(
    orders: Sequence[Order], jobs: int, n_cores: int, work: Callable[[Order], Answer]
) -> Iterator[tuple[int, Answer]]:
    """Run points in their order and yield number and answer of each when it is done.

    Parameters
    ----------
    orders : sequence of Order
    jobs : int
        Processes; with one, the points are run in this process.
    n_cores : int
        Cores that the processes share; each computes linear algebra on its part of them.
    work : callable
        What is done with an order; a function of a module, for more than one process.

    Yields
    ------
    int, Answer
    """
    if jobs == 1:
        yield from ((number, work(order)) for number, order in enumerate(orders))
        return
    waiting, deaths = deque(range(len(orders))), Counter[int]()
    with closing(_Crew(work, max(1, n_cores // jobs))) as crew:
        while waiting or crew.at_work:
            while waiting and len(crew.at_work) < jobs:
                number = waiting.popleft()
                crew.give(number, orders[number])
            for number, answer in crew.answers():
                # A number is the exit code of a process that died at this point. The point is tried again, since others may
                # have filled the memory; but not for ever, since the point itself may be the reason.
                deaths[number] += isinstance(answer, int)
                if isinstance(answer, int) and deaths[number] < _MOST_DEATHS:
                    waiting.append(number)
                else:
                    yield number, Answer("failed", error=_last_words(answer)) if isinstance(answer, int) else answer


@cache
def _make_room_for_sockets() -> None:
    """Have the fork server's socket in a temporary folder of ours, which the next run sweeps if this process is killed.

    `multiprocessing` keeps the first folder that it makes, so this matters once per process. A Unix socket's path has at most 107
    bytes (103 on macOS), and batch systems nest temporary folders: where the path is too long, ``/tmp`` is taken.
    """
    before = tempfile.tempdir
    try:
        if len(os.fsencode(tempfile.gettempdir())) > _LONGEST_TEMPORARY_FOLDER:
            tempfile.tempdir = "/tmp"
        ours = ExitStack()
        tempfile.tempdir = str(ours.enter_context(scratch_folder()))
        multiprocessing.util.get_temp_dir()
        multiprocessing.util.Finalize(None, ours.close, exitpriority=-200)  # after Python has removed its own, at -100
    finally:
        tempfile.tempdir = before


def _last_words(code: int) -> str:
    how = f"was killed by signal {-code} ({signal.strsignal(-code)})" if code < 0 else f"ended with code {code}"
    return f"the process that ran it {how}, {_MOST_DEATHS} times; if memory ran out, lower --jobs, or memory in the spec"


class _Worker:
    """A process that runs the points sent to it, one after the other."""

    def __init__(self, work: Callable[[Order], Answer], n_threads: int) -> None:
        # Forking this process would copy locks that threads of BLAS and JAX hold, and spawning imports everything for each
        # worker. The fork server has imported everything once and has no threads.
        context = multiprocessing.get_context("forkserver")
        context.set_forkserver_preload(  # imports Brian2 once for all processes
            ["bioworkbench.experiment.running", "bioworkbench.experiment.sweeps.fork_server"]
        )
        _make_room_for_sockets()
        self.connection, theirs = context.Pipe()
        self.process = context.Process(target=_serve, args=(theirs, work, n_threads), daemon=True)
        self.process.start()
        # The only other copy of their end: while it is open, the death of the worker does not end the connection.
        theirs.close()
        self.number = -1

    def end(self) -> int:
        """Wait for the process to end by itself, then make it; returns its exit code."""
        self.connection.close()
        self.process.join(_SECONDS_TO_END)
        self.process.kill()
        self.process.join()
        return self.process.exitcode or 0


class _Crew:
    """Workers that are idle and at work."""

    def __init__(self, work: Callable[[Order], Answer], n_threads: int) -> None:
        self.work, self.n_threads = work, n_threads
        self.idle: list[_Worker] = []
        self.at_work: dict[Connection, _Worker] = {}

    def give(self, number: int, order: Order) -> None:
        """Have a worker run a point."""
        worker = self.idle.pop() if self.idle else _Worker(self.work, self.n_threads)
        try:
            worker.connection.send(order)
        except OSError:  # it was killed while it had nothing to do
            worker.end()
            self.give(number, order)
            return
        worker.number = number
        self.at_work[worker.connection] = worker

    def answers(self) -> Iterator[tuple[int, Answer | int]]:
        """Wait for workers; yields the number of a point and its answer, or the exit code of the process that died at it."""
        for connection in wait(list(self.at_work)):
            worker = self.at_work.pop(connection)  # pyright: ignore[reportArgumentType]  # those given are connections
            try:
                answer = worker.connection.recv()
            except (EOFError, OSError):
                answer = worker.end()
            else:
                self.idle.append(worker)
            yield worker.number, answer

    def close(self) -> None:
        """End all processes; those at work, after an interruption, without their point."""
        for worker in self.at_work.values():
            # All are asked to end before any is waited for, so that the seconds of patience do not add up.
            worker.process.terminate()
        for worker in [*self.at_work.values(), *self.idle]:
            worker.end()


def _serve(connection: Connection, work: Callable[[Order], Answer], n_threads: int) -> None:
    """Run points until there are no more, or the process that sent them is gone."""
    forget_brian2_log()
    announce_no_backend()
    for name in ("SIGINT", "SIGHUP"):  # Ctrl-C, or a terminal that closes, is for the sweep, which then ends its workers
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), signal.SIG_IGN)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit())  # as an exception, which ends a running program too
    # A thread per core in each of the processes would have all of them wait for each other.
    with threadpool_limits(n_threads), cores_limited(n_threads):
        while True:
            try:
                connection.send(work(connection.recv()))
            except (EOFError, OSError):
                return
