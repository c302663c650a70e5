"""Claims: one process at a time works on a results folder, and what killed processes leave is removed."""

import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from bioworkbench.errors import ResultError

__all__ = ["claimed", "remove_leftovers"]


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
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        lock.acquire()
    except Timeout:
        yield False
        return
    except OSError as error:
        raise ResultError(f"results folder {folder} cannot be claimed ({error.strerror}); name another with --results") from error
    try:
        yield True
    finally:
        path.unlink(missing_ok=True)
        lock.release()


def remove_leftovers(experiment: Path) -> int:
    """Remove what killed processes left in ``results/<experiment>``: half-written folders and claims; returns how many.

    Those that a living process has claimed stay.
    """
    marks = {path.name[1:13] for path in experiment.glob(".*") if re.match(r"\.[0-9a-f]{12}[-.]", path.name)}
    for mark in marks:
        with claimed(experiment / mark, wait=False) as mine:
            for path in experiment.glob(f".{mark}-*") if mine else ():
                shutil.rmtree(path, ignore_errors=True)
    return len(marks)
