"""Whether files that are about to be executed or loaded are those that were written, and nobody else's; plain functions over files.

Two questions, with two answers. *Damaged* files (a flipped bit, a missing table) are built again. Files that somebody else could have
put there are *untrusted*: they are refused, since a program that is run has all rights of the user who runs it. A seal is a file of sums
beside the others; it tells damage, and says nothing about trust: a user who can change a file can change its seal.
"""

import hashlib
import json
import os
import stat
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from bioworkbench.records.errors import SimulationError
from bioworkbench.records.posix import grp, pwd, user_id

__all__ = ["SEAL", "check_trusted", "restrict_to_owner", "sealed_content", "untrusted", "write_seal"]

SEAL = "program.json"
"""File of a folder with its name, what it holds in words, and the SHA-256 of every other file."""

_WRITERS = stat.S_IWGRP | stat.S_IWOTH


def write_seal(folder: Path, name: str, about: Mapping[str, Any]) -> None:
    """Seal a folder as it is; the last thing that is written.

    Parameters
    ----------
    folder : Path
    name : str
        What the folder will be called: a folder under another name is damaged.
    about : mapping
        JSON data that `sealed_content` gives back.
    """
    content = {"name": name, "about": dict(about), "files": _sums(folder)}
    (folder / SEAL).write_text(json.dumps({**content, "seal": _seal(content)}))


def sealed_content(folder: Path, *, files: bool = True) -> dict[str, Any] | None:
    """What a seal says about its folder; None if the folder or a file of it is missing, added, damaged or another's.

    Parameters
    ----------
    folder : Path
    files : bool
        Whether to read all files; without, only the seal itself is looked at.

    Returns
    -------
    dict or None
    """
    try:
        content = json.loads((folder / SEAL).read_bytes())
        seal = content.pop("seal")
        if seal != _seal(content) or content["name"] != folder.name or (files and content["files"] != _sums(folder)):
            return None
        return dict(content["about"])
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None


def _seal(content: Mapping[str, Any]) -> str:
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


def _sums(folder: Path) -> dict[str, str]:
    """SHA-256 of every file below a folder but the seal, by its place."""
    sums = {}
    for path in sorted(folder.rglob("*")):
        if path.is_file() and path != folder / SEAL:
            with path.open("rb") as file:
                sums[path.relative_to(folder).as_posix()] = hashlib.file_digest(file, "sha256").hexdigest()
    return sums


def restrict_to_owner(folder: Path) -> None:
    """Take the right to write to a `folder` and all below it from everybody but its owner, whatever the user's umask grants."""
    for path in (folder, *folder.rglob("*")):
        path.chmod(stat.S_IMODE(path.stat().st_mode) & ~_WRITERS)


def check_trusted(folder: Path, *, inside: bool = True) -> None:
    """Refuse a folder that another user could have filled, or can still change.

    The folder, all below it and all above it must belong to this user or to root, and neither others nor a group may write to them;
    a group that is this user's alone may, and above the folder so may anybody where the sticky bit keeps each from the files of others
    (as in ``/tmp``).

    Parameters
    ----------
    folder : Path
    inside : bool
        Whether to look at all that is below it too.

    Raises
    ------
    SimulationError
        Naming the file, what is wrong with it, and the remedy.
    """
    problem = untrusted(folder, inside=inside)
    if problem:
        raise SimulationError(
            f"compiled programs in {folder} are not run: {problem}. Set BIOWORKBENCH_CACHE to a folder of your own, or correct owner "
            "and rights (chown, chmod go-w) if you know who wrote it"
        )


def untrusted(folder: Path, *, inside: bool = True) -> str:
    """Why a folder is not trusted, in words; empty if it is. See `check_trusted`.

    Parameters
    ----------
    folder : Path
    inside : bool
        Whether to look at all that is below it too.

    Returns
    -------
    str
    """
    # Links on the way to the folder are followed first: what counts is who can change the place from which the program is run.
    real = folder.resolve()
    for path in (real, *(real.rglob("*") if inside else ())):
        # Not `stat`: a link inside would be judged by the file that it points to now, which can be exchanged before the run.
        if problem := _problem(path, os.lstat(path), inside=True):
            return problem
    return next((problem for path in real.parents if (problem := _problem(path, path.stat(), inside=False))), "")


def _problem(path: Path, about: os.stat_result, *, inside: bool) -> str:
    if about.st_uid not in (0, user_id()):
        return f"{path} belongs to {_user(about.st_uid)}, and must belong to {_user(user_id())} or root"
    if stat.S_ISLNK(about.st_mode):
        return f"{path} is a link, and must be a file or folder"
    # Above the folder, the sticky bit keeps others from replacing what is not theirs. Inside, it would let them add files.
    sticky = not inside and about.st_mode & stat.S_ISVTX
    writers = "" if sticky else ", ".join(_writers(about))
    return f"{path} can be written by {writers}, and must be only by its owner" if writers else ""


def _writers(about: os.stat_result) -> Iterator[str]:
    """Who else may write to a file, in words."""
    if about.st_mode & stat.S_IWGRP and not _is_private(about.st_gid):
        yield f"the group {about.st_gid}"
    if about.st_mode & stat.S_IWOTH:
        yield "everybody"


def _is_private(group: int) -> bool:
    """Whether a group is that of one user, who is this one or root: many systems give every user such a group."""
    if grp is None or pwd is None:
        return False
    try:
        entry, user = grp.getgrgid(group), pwd.getpwuid(user_id())
    except KeyError:
        return False
    return entry.gr_name in (user.pw_name, "root") and not {*entry.gr_mem} - {user.pw_name, "root"}


def _user(number: int) -> str:
    try:
        return f"user {pwd.getpwuid(number).pw_name}"
    except (KeyError, AttributeError):
        return f"user {number}"
