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
        path.mkdir(mode=0o700)
        with FileLock(path / _LOCK):
            yield path
    finally:
        shutil.rmtree(path, ignore_errors=True)
        _OWN.pop(path, None)


def _remove_own() -> None:
    """Remove the folders that an interruption kept from the end of their block."""
    for path in [path for path, process in _OWN.items() if process == os.getpid()]:
        shutil.rmtree(path, ignore_errors=True)


# After Python has removed its own folder in one of these, and after the block of a sweep's folder has ended.
multiprocessing.util.Finalize(None, _remove_own, exitpriority=-300)


def sweep_scratch() -> list[Path]:
    """Remove the temporary folders of processes that have ended; gives their paths."""
    found = Path(tempfile.gettempdir()).glob(f"{PREFIX}*")
    return [path for path in found if _is_stale(path) and _removed(path)]


def _is_stale(path: Path) -> bool:
    """Whether a path is a folder of this user, and of no living process."""
    try:
        about = path.lstat()
        if about.st_uid != user_id() or not stat.S_ISDIR(about.st_mode):
            return False
        # A lock that can be had belongs to no living process. Nobody takes it between this look and the removal, since each
        # process makes a folder with a new name.
        if not (path / _LOCK).exists():
            return time.time() - about.st_mtime > _SECONDS_TO_LOCK
        with FileLock(path / _LOCK, timeout=0):
            return True
    except (OSError, Timeout):  # gone meanwhile, or locked
        return False


def _removed(path: Path) -> bool:
    shutil.rmtree(path, ignore_errors=True)
    return not path.exists()
