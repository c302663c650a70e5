"""The cache of compiled programs: where it lies, who uses what, and how it stays below its limit.

A program is a folder named by the hash of its structure; it is whole if it is as its seal says, which is written last, and is built
again otherwise. Those that run a program share its lock; one that builds or removes it holds the lock alone. Locks are the operating
system's (``flock``), so those of dead processes are gone with them.
"""

import contextlib
import hashlib
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from bioworkbench.records.counted import counted
from bioworkbench.records.errors import SimulationError
from bioworkbench.records.posix import fcntl
from bioworkbench.simulation.integrity import SEAL, check_trusted, restrict_to_owner, sealed_content, write_seal

__all__ = [
    "Program",
    "cache_folder",
    "cache_limit",
    "clear_programs",
    "folder_size",
    "make_room",
    "own_sources",
    "program_in_use",
    "programs",
]

_DEFAULT_LIMIT = 2.0  # gigabytes; a program takes about 0.2 MB

Build = Callable[[Path], Mapping[str, Any]]  # fills an empty folder, gives the structure of what it built


@dataclass(frozen=True)
class Program:
    """A whole program in the cache.

    Parameters
    ----------
    folder : Path
    structure : mapping
        What it was built from; see `Job.structure`.
    size : int, bytes
    used : float
        When it was last used, in seconds since 1970.
    """

    folder: Path
    structure: Mapping[str, Any]
    size: int
    used: float

    def __str__(self) -> str:
        """What it is in a few words: the engine, functions, the plan of a network, or a program of a network of this size."""
        if "engine" in self.structure:
            return "the engine"
        if "functions" in self.structure:
            return f"{counted(self.structure['functions'], 'function')}"
        if plan := self.structure.get("plan"):
            return f"plan for {', '.join(name for name, *_ in plan['populations'])}; {counted(len(plan['projections']), 'projection')}"
        cells = ", ".join(f"{name} {size}" for name, size, *_ in self.structure["populations"])
        n_synapses = sum(projection[2] for projection in self.structure["projections"])
        n_copies, n_steps, dt, _ = self.structure["run"]
        return (
            f"{cells}; {counted(n_synapses, 'synapse')}; {counted(n_copies, 'copy')}, {n_steps} steps of {float(dt) * 1e3:g} ms"
        )


def cache_folder() -> Path:
    """Folder of built programs: the environment variable BIOWORKBENCH_CACHE, or one in the user's cache folder."""
    given = os.environ.get("BIOWORKBENCH_CACHE")
    home = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(given) if given else Path(home) / "bioworkbench" / "programs"


def cache_limit() -> int:
    """Bytes that all programs together may take: the environment variable BIOWORKBENCH_CACHE_LIMIT in gigabytes, 2 by default.

    Returns
    -------
    int

    Raises
    ------
    SimulationError
        If the variable is not a number above 0.
    """
    given = os.environ.get("BIOWORKBENCH_CACHE_LIMIT", str(_DEFAULT_LIMIT))
    try:
        limit = float(given)
    except ValueError:
        limit = 0.0
    if not limit > 0:
        raise SimulationError(f"BIOWORKBENCH_CACHE_LIMIT = '{given}': must be a number of gigabytes above 0, such as 2")
    return int(min(limit, 1e6) * 1e9)


def programs() -> list[Program]:
    """All whole programs of the cache, the last used first."""
    folder = cache_folder()
    found = [_program(path.parent) for path in folder.glob(f"*/{SEAL}") if "." not in path.parent.name]
    return sorted((program for program in found if program), key=lambda program: -program.used)


def _program(folder: Path) -> Program | None:
    about = sealed_content(folder, files=False)
    try:
        return Program(folder, about, folder_size(folder), folder.stat().st_mtime) if about is not None else None
    except OSError:  # removed meanwhile
        return None


def folder_size(folder: Path) -> int:
    """Bytes of all files below a `folder`."""
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


@cache
def own_sources() -> str:
    """Hash of the package `simulation`: what is generated depends on it."""
    sources = [path for path in sorted(Path(__file__).parents[2].rglob("*")) if path.suffix in (".py", ".h", ".cpp")]
    return hashlib.sha256(b"".join(path.read_bytes() for path in sources)).hexdigest()


@contextlib.contextmanager
def program_in_use(key: str, build: Build) -> Iterator[Path]:
    """Folder of a program, which nobody removes meanwhile; built first if it is not in the cache, by one process alone.

    Parameters
    ----------
    key : str
        Hash of the structure.
    build : callable (folder)
        Fills an empty folder with the program and gives its structure.

    Raises
    ------
    SimulationError
        If the cache cannot be written, the program cannot be built, or the folder is one that other users could have filled.
    """
    folder = cache_folder() / key
    with contextlib.ExitStack() as stack:
        while not _taken(folder, stack):
            try:
                _build_alone(folder, build)
            except OSError as error:
                raise SimulationError(
                    f"cannot write a program to {folder.parent}: {error}; free disk space (bioworkbench cache --clear), or set "
                    "BIOWORKBENCH_CACHE to a folder that can be written"
                ) from error
        yield folder


def _taken(folder: Path, stack: contextlib.ExitStack) -> bool:
    """Whether the program is whole; its lock is shared then until the stack closes. A cache that cannot be written needs no lock."""
    lock = None
    with contextlib.suppress(OSError):
        # Shared: any number of runs use a program at the same time, and none may see it removed.
        lock = stack.enter_context(_locked(folder, fcntl.LOCK_SH))
    if not _is_whole(folder):
        # Given back, so that this process can have the lock alone and build.
        if lock is not None:
            lock.close()
        return False
    with contextlib.suppress(OSError):
        # The time of the last use, by which `make_room` chooses.
        os.utime(folder)
    return True


def _is_whole(folder: Path) -> bool:
    """Whether a program is there, and as it was written; SimulationError where it could be somebody else's."""
    if not folder.exists():
        return False
    check_trusted(folder)
    return sealed_content(folder) is not None


@contextlib.contextmanager
def _locked(folder: Path, how: int) -> Iterator[Any]:
    """Hold the lock beside a program's folder; OSError if it cannot be had."""
    with folder.with_suffix(".lock").open("a") as lock:
        fcntl.flock(lock, how)
        yield lock


def _build_alone(folder: Path, build: Build) -> None:
    if not folder.parent.exists():
        folder.parent.mkdir(parents=True, exist_ok=True)
        restrict_to_owner(folder.parent)
    # Before anything is written: in a folder that others may write to, a program could be exchanged at any time.
    check_trusted(folder.parent, inside=False)
    with _locked(folder, fcntl.LOCK_EX):
        if _is_whole(folder):  # by another process, while this one waited
            return
        _remove(folder)
        with tempfile.TemporaryDirectory(prefix=f"{folder.name}.", dir=folder.parent, ignore_cleanup_errors=True) as name:
            # Built beside its place and renamed at the end, so that a folder of this name is whole, whenever the process dies.
            work = Path(name) / "program"
            work.mkdir()
            structure = build(work)
            write_seal(work, folder.name, structure)
            restrict_to_owner(work)
            work.rename(folder)
    make_room(cache_limit(), keep=folder)


def _remove(folder: Path) -> None:
    """Remove a program and what killed builds of it left; its lock must be held."""
    # First, so that what an interruption leaves is not taken for a program.
    (folder / SEAL).unlink(missing_ok=True)
    for path in (folder, *folder.parent.glob(f"{folder.name}.*")):
        if path.is_dir():
            shutil.rmtree(path, ignore_errors=True)


def make_room(limit: int, keep: Path | None = None) -> list[Program]:
    """Remove the programs that were not used for longest until the others fit; those in use, and `keep`, stay.

    Parameters
    ----------
    limit : int, bytes
    keep : Path, optional

    Returns
    -------
    list of Program
        What was removed.
    """
    there = programs()
    surplus, removed = sum(program.size for program in there) - limit, []
    for program in reversed(there):
        if surplus <= 0:
            break
        if program.folder != keep and _removed_if_free(program.folder):
            removed.append(program)
            surplus -= program.size
    return removed


def clear_programs() -> tuple[list[Program], list[Program]]:
    """Remove all programs that are not in use, logs of failed builds, and what killed builds left; gives the removed and the others."""
    there, folder = programs(), cache_folder()
    for name in {path.name.split(".")[0] for path in folder.glob("*")}:
        _removed_if_free(folder / name)
    for log in folder.glob("*.log"):
        log.unlink(missing_ok=True)
    kept = [program for program in there if program.folder.exists()]
    return [program for program in there if program not in kept], kept


def _removed_if_free(folder: Path) -> bool:
    try:
        with _locked(folder, fcntl.LOCK_EX | fcntl.LOCK_NB):
            _remove(folder)
    except BlockingIOError:
        return False
    return True
