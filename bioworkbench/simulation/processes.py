"""Compilers and simulation programs: processes that never outlive an interruption of the one that started them."""

import contextlib
import os
import signal
import subprocess
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import IO

__all__ = ["completed", "do_meanwhile", "end_processes", "meanwhile", "started"]

_running: set[subprocess.Popen[str]] = set()
_meanwhile: list[Callable[[], object]] = []


@contextlib.contextmanager
def started(
    command: Sequence[str | Path], folder: Path, more: Mapping[str, str], errors: IO[str] | int
) -> Iterator[subprocess.Popen[str]]:
    """A process in a session of its own (Ctrl-C in a terminal is ours to handle), killed with all that it started at the end.

    Parameters
    ----------
    command : sequence of str or Path
    folder : Path
        Where it runs.
    more : mapping
        Environment variables besides those of this process.
    errors : file or int
        Where its error stream goes.

    Yields
    ------
    Popen
        Its standard output is a pipe.
    """
    settings = {"cwd": folder, "env": {**os.environ, **more}, "text": True, "start_new_session": True}
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=errors, **settings) as process:
        _running.add(process)
        try:
            yield process
        finally:
            # Before `Popen` waits for the end: after an exception nobody reads the pipe, and a process that fills it never ends.
            _end(process)
            _running.discard(process)


def completed(command: Sequence[str | Path], folder: Path, more: Mapping[str, str]) -> subprocess.CompletedProcess[str]:
    """Run a command to its end and keep what it says; see `started`.

    Parameters
    ----------
    command : sequence of str or path
    folder : Path
        In which it runs.
    more : mapping
        Environment variables to set.

    Returns
    -------
    CompletedProcess
    """
    with started(command, folder, more, subprocess.PIPE) as process:
        out, errors = process.communicate()
    return subprocess.CompletedProcess(command, process.returncode, out, errors)


def meanwhile(tasks: Sequence[Callable[[], object]]) -> None:
    """Say what is to be done later and may be done while this process only waits for a program.

    Parameters
    ----------
    tasks : sequence of callable ()
        Each is called once at most, in the order given, while a program runs; in the place of what was said before. Something that
        need not be done, such as to import what will be used: that it was not, or has failed, is told to nobody.
    """
    _meanwhile[:] = tasks


def do_meanwhile() -> None:
    """Do the next task that `meanwhile` was given, in the main thread, since imports of several threads can meet in a circle."""
    if _meanwhile and threading.current_thread() is threading.main_thread():
        with contextlib.suppress(Exception):
            _meanwhile.pop(0)()


def end_processes() -> None:
    """Kill all processes that run, in whichever thread; for an interruption, which must not wait for them."""
    for process in list(_running):
        _end(process)


def _end(process: subprocess.Popen[str]) -> None:
    if process.returncode is None:  # else its number may be another's by now
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)
