"""Temporary folders of runs: gone at the end of a run however it ends, and where a process was killed, swept by the next one.

A process holds the lock of its folder as long as it lives; a folder whose lock is free was left by a killed process.
"""

import contextlib
import multiprocessing.util
import os
import secrets
import shutil
import stat
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from filelock import FileLock, Timeout

from bioworkbench.records.posix import user_id

__all__ = ["PREFIX", "scratch_folder", "sweep_scratch"]

PREFIX = "bioworkbench-"
_LOCK = ".lock"
_SECONDS_TO_LOCK = 3600.0  # a younger folder without a lock may belong to a process that is about to take it
_OWN: dict[Path, int] = {}
"""Folders in use, and the process that made each; those that it forks know them too, and leave them."""


@contextlib.contextmanager
def scratch_folder() -> Iterator[Path]:
    """Temporary folder, in the one that TMPDIR names; those that killed processes left there are removed first.

    Yields
    ------
    Path
    """
    sweep_scratch()
    # The name comes before the folder. Signals raise between any two lines, so a name that is only known after the folder is made,
    # as from `mkdtemp`, can be lost with the folder already there; so can the end of this block, before the caller's has begun.
    path = Path(tempfile.gettempdir()) / f"{PREFIX}{secrets.token_urlsafe(6)}"
    _OWN[path] = os.getpid()
    try:
        with _locked(path):
            yield path
    finally:
        shutil.rmtree(path, ignore_errors=True)
        _OWN.pop(path, None)


@contextlib.contextmanager
def _locked(path: Path) -> Iterator[None]:
    """Make a folder and hold its lock."""
    lock, is_held = FileLock(path / _LOCK), False
    while not is_held:
        path.mkdir(mode=0o700, exist_ok=True)
        # Between the file's making and its locking, the sweep of another process can take the lock, and the folder for one that was
        # left. It removes the folder before it frees the lock, so a lock whose file is still there is safe.
        with contextlib.suppress(FileNotFoundError):
            lock.acquire()
            is_held = (path / _LOCK).exists()
            if not is_held:
                lock.release()
    try:
        yield
    finally:
        lock.release()


def _remove_own() -> None:
    """Remove the folders that an interruption kept from the end of their block."""
    for path in [path for path, process in _OWN.items() if process == os.getpid()]:
        shutil.rmtree(path, ignore_errors=True)


# After Python has removed its own folder in one of these, and after the block of a sweep's folder has ended.
multiprocessing.util.Finalize(None, _remove_own, exitpriority=-300)


def sweep_scratch() -> list[Path]:
    """Remove the temporary folders of processes that have ended; gives their paths."""
    return [path for path in Path(tempfile.gettempdir()).glob(f"{PREFIX}*") if _swept(path)]


def _swept(path: Path) -> bool:
    """Remove a path if it is a folder of this user, and of no living process; gives whether it was removed."""
    try:
        about = path.lstat()
        if about.st_uid != user_id() or not stat.S_ISDIR(about.st_mode):
            return False
        if (path / _LOCK).exists():
            with FileLock(path / _LOCK, timeout=0):
                return _removed(path)
        return time.time() - about.st_mtime > _SECONDS_TO_LOCK and _removed(path)
    except (OSError, Timeout):  # gone meanwhile, or locked
        return False


def _removed(path: Path) -> bool:
    shutil.rmtree(path, ignore_errors=True)
    return not path.exists()
