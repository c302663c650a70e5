"""Claims: one process at a time works on a results folder, and what killed processes leave is removed."""

import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from filelock import FileLock, Timeout

from bioworkbench.records.errors import ResultError

__all__ = ["claimed", "remove_leftovers"]

_ATTEMPTS = 5


@contextmanager
def claimed(folder: Path, *, wait: bool = True) -> Iterator[bool]:
    """Be the only process that works on a results folder; the claim ends with the process, however that ends.

    Parameters
    ----------
    folder : Path
    wait : bool
        Whether to wait for another process that has it.

    Yields
    ------
    bool
        False if another process has it and `wait` is false.

    Raises
    ------
    ResultError
        If the claim cannot be written.
    """
    path = folder.parent / f".{folder.name}.lock"
    lock = FileLock(path, timeout=-1 if wait else 0)
    # Folders that exist for this claim alone are removed with it, so that a run that is refused leaves no trace.
    made = [parent for parent in (folder.parent, *folder.parent.parents) if not parent.exists()]
    try:
        _acquire(lock, path)
    except Timeout:
        yield False
        return
    except OSError as error:
        _remove_empty(made)
        raise ResultError(f"results folder {folder} cannot be claimed ({error.strerror}); name another with --results") from error
    try:
        yield True
    finally:
        # Removed while the lock is held: after the release, a file of this name may be the claim of another process.
        path.unlink(missing_ok=True)
        lock.release()
        _remove_empty(made)


def _acquire(lock: FileLock, path: Path) -> None:
    """Take the lock, in a folder that is made, and made again where another process has just found it empty and removed it."""
    for attempt in range(_ATTEMPTS):
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            lock.acquire()
            return
        except FileNotFoundError:
            if attempt == _ATTEMPTS - 1:
                raise


def _remove_empty(folders: list[Path]) -> None:
    """Remove the folders, the innermost first, up to the first that holds something."""
    with suppress(OSError):
        for folder in folders:
            folder.rmdir()


def remove_leftovers(experiment: Path) -> int:
    """Remove what killed processes left in the folder of an experiment: half-written folders and claims.

    Those that a living process has claimed stay.

    Parameters
    ----------
    experiment : Path
        Folder ``results/<experiment>``.

    Returns
    -------
    int
        How many results folders they belonged to.
    """
    marks = {path.name[1:13] for path in experiment.glob(".*") if re.match(r"\.[0-9a-f]{12}[-.]", path.name)}
    for mark in marks:
        # A claim that cannot be had at once belongs to a living process, and so do the half-written folders of that name.
        with claimed(experiment / mark, wait=False) as mine:
            for path in experiment.glob(f".{mark}-*") if mine else ():
                shutil.rmtree(path, ignore_errors=True)
    return len(marks)
