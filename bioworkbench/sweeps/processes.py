"""Points on the processes of this machine; a process that dies is replaced, and its point is run again."""

import multiprocessing
import signal
import sys
from collections import Counter, deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from multiprocessing.connection import Connection, wait

from threadpoolctl import threadpool_limits

from bioworkbench.sweeps.worker import Answer, Order, run_point

__all__ = ["on_processes"]

_MOST_DEATHS = 3  # of processes at the same point
_SECONDS_TO_END = 5.0


def on_processes(
    orders: Sequence[Order], jobs: int, n_cores: int, work: Callable[[Order], Answer] = run_point
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
                deaths[number] += isinstance(answer, int)
                if isinstance(answer, int) and deaths[number] < _MOST_DEATHS:
                    waiting.append(number)
                else:
                    yield number, Answer("failed", error=_last_words(answer)) if isinstance(answer, int) else answer


def _last_words(code: int) -> str:
    how = f"was killed by signal {-code} ({signal.strsignal(-code)})" if code < 0 else f"ended with code {code}"
    return f"the process that ran it {how}, {_MOST_DEATHS} times; if memory ran out, lower --jobs, or memory in the spec"


class _Worker:
    """A process that runs the points sent to it, one after the other."""

    def __init__(self, work: Callable[[Order], Answer], n_threads: int) -> None:
        context = multiprocessing.get_context("forkserver")
        context.set_forkserver_preload(["bioworkbench.sweeps.worker"])  # imports Brian2 and JAX once for all processes
        self.connection, theirs = context.Pipe()
        self.process = context.Process(target=_serve, args=(theirs, work, n_threads), daemon=True)
        self.process.start()
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
            worker.process.terminate()
        for worker in [*self.at_work.values(), *self.idle]:
            worker.end()


def _serve(connection: Connection, work: Callable[[Order], Answer], n_threads: int) -> None:
    """Run points until there are no more, or the process that sent them is gone."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the sweep, which then ends its workers
    signal.signal(signal.SIGTERM, lambda *_: sys.exit())  # as an exception, which ends a running program too
    with threadpool_limits(n_threads):
        while True:
            try:
                connection.send(work(connection.recv()))
            except (EOFError, OSError):
                return
