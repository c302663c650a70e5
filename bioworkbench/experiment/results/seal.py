"""Whether a results folder holds what its name and its provenance say.

``provenance.json`` lists size and SHA-256 of every other file, and ends with a SHA-256 of all that comes before, its *seal*. The folder is
named by the fingerprint in it. So a file that was changed, an entry that was edited and a folder that was filled from another one are all
found out, no matter who reads the folder.

To hash the recordings of ten thousand runs takes minutes. A file whose size and times of change are still those that were noted
when it was written has not been written to since: the operating system sets the time of change (``st_ctime``), no program can.
Tables and sweeps therefore hash only files whose times differ, which those of a copied folder do; `load_record` hashes all.
"""

import hashlib
import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from bioworkbench.experiment.results.files import FILES, check_format
from bioworkbench.records.errors import ResultError

__all__ = ["check_files", "checked_provenance", "marks_of_files", "read_metrics", "sealed", "sealed_text", "with_times"]

_SEAL = "seal"
_BEFORE, _AFTER = f',\n  "{_SEAL}": "', '"\n}\n'
_UNSEALED = 1  # last format whose provenance had no seal
_AGAIN = "copy it again, or run its spec again with --force"


def sealed(provenance: Mapping[str, Any]) -> dict[str, Any]:
    """JSON data with a seal of what they hold, however they are written; folders had this one before that of `sealed_text`.

    Parameters
    ----------
    provenance : mapping
        An older seal in it is replaced.

    Returns
    -------
    dict

    Examples
    --------
    >>> sealed({"seed": 1})["seal"][:8]
    'a4bbadc1'
    """
    content = {name: value for name, value in provenance.items() if name != _SEAL}
    return content | {_SEAL: hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()}


def sealed_text(provenance: Mapping[str, Any]) -> str:
    """JSON data as the text of a file that ends with a seal of what comes before; to check it takes a tenth of what `sealed` takes.

    Parameters
    ----------
    provenance : mapping
        Not empty; an older seal in it is replaced.

    Returns
    -------
    str

    Raises
    ------
    ValueError
        If a number is not finite.

    Examples
    --------
    >>> print(sealed_text({"seed": 1})[:36])
    {
      "seed": 1,
      "seal": "9243ceb155
    """
    content = {name: value for name, value in provenance.items() if name != _SEAL}
    text = json.dumps(content, indent=2, allow_nan=False).removesuffix("\n}")
    return f"{text}{_BEFORE}{hashlib.sha256(text.encode()).hexdigest()}{_AFTER}"


def _is_sealed(text: bytes, about: Mapping[str, Any]) -> bool:
    """Whether a file is as it was written: its text, or, where an older version wrote it, what it holds."""
    # No text of the data looks like `_BEFORE`: in JSON, the end of a line within a text is written as \\n.
    before, mark, seal = text.rpartition(_BEFORE.encode())
    if mark and seal == f"{hashlib.sha256(before).hexdigest()}{_AFTER}".encode():
        return True
    return about.get("format", _UNSEALED) == _UNSEALED or about.get(_SEAL) == sealed(about)[_SEAL]


def marks_of_files(folder: Path) -> dict[str, dict[str, Any]]:
    """Size, SHA-256 and times of every file of a results folder but its provenance.

    Parameters
    ----------
    folder : Path

    Returns
    -------
    dict
        From file name to ``bytes``, ``sha256`` and ``times``, the nanoseconds of the last writing and of the last change.
    """
    paths = [folder / name for name in FILES if name != "provenance.json" and (folder / name).is_file()]
    return {path.name: {"bytes": path.stat().st_size, "sha256": _sha256(path), "times": _times(path.stat())} for path in paths}


def with_times(folder: Path, files: Mapping[str, Mapping[str, Any]]) -> dict[str, dict[str, Any]]:
    """What `marks_of_files` returned, with the times of change that files have now, where nobody has written to them since.

    A new name for a file, and one that is removed, change its time as well.

    Parameters
    ----------
    folder : Path
    files : mapping

    Returns
    -------
    dict
    """
    found = {name: _times((folder / name).stat()) for name in files}
    return {
        name: {**files[name], "times": times} if times[0] == files[name]["times"][0] else dict(files[name])
        for name, times in found.items()
    }


def _times(status: os.stat_result) -> list[int]:
    return [status.st_mtime_ns, status.st_ctime_ns]


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def checked_provenance(folder: Path) -> dict[str, Any]:
    """Provenance of a results folder, once it is known to be as it was written and to belong to this folder.

    Parameters
    ----------
    folder : Path

    Returns
    -------
    dict

    Raises
    ------
    ResultError
        If it cannot be read, is of a later version, was edited, lacks the list of files, or has another fingerprint than the folder.
    """
    try:
        with open(f"{folder}/provenance.json", "rb") as file:
            text = file.read()
        about = json.loads(text)
    except (OSError, ValueError, RecursionError) as error:
        raise ResultError(f"{folder} cannot be read ({error}); {_AGAIN}") from error
    if not isinstance(about, dict):
        raise ResultError(f"{folder} cannot be read (provenance.json holds a {type(about).__name__}, not a table); {_AGAIN}")
    check_format(folder, about)
    if not _is_sealed(text, about):
        raise ResultError(f"{folder} is damaged: provenance.json changed since written; {_AGAIN}")
    # Only what the seal covers is believed from here on: a list that was edited would vouch for files that were edited too.
    _check_list(folder, about.get("files"))
    mark = about.get("fingerprint")
    if folder.name != mark and (name := folder.resolve().name) != mark:  # to resolve a name takes longer than all else here
        raise ResultError(
            f"{folder} is named '{name}' and holds results with fingerprint '{mark}'; name a folder by the fingerprint of what is in "
            f"it: {mark}"
        )
    return about


def _check_list(folder: Path, files: Any) -> None:
    """Refuse a list of files that lacks one, or its size or checksum."""
    wanted = [name for name in FILES if name != "provenance.json"]
    known = files if isinstance(files, dict) else {}
    lacking = [name for name in wanted if not (isinstance(known.get(name), dict) and {"bytes", "sha256"} <= known[name].keys())]
    if lacking:
        raise ResultError(f"{folder} is damaged: its provenance lists no size and SHA-256 of {', '.join(lacking)}; {_AGAIN}")


def check_files(folder: Path, about: Mapping[str, Any], *, every: bool = True) -> None:
    """Compare the files of a results folder with the sizes and checksums in its provenance.

    Parameters
    ----------
    folder : Path
    about : mapping
        As `checked_provenance` returns it.
    every : bool
        Whether every file is hashed; otherwise those alone whose times differ from the ones noted when they were written.

    Raises
    ------
    ResultError
        If a file is missing, has another size, or another content.
    """
    for name in FILES:
        if name == "provenance.json":
            continue
        path, written = f"{folder}/{name}", about["files"][name]
        try:
            status = os.stat(path)
            if status.st_size != written["bytes"]:
                raise ResultError(
                    f"{folder} is not complete, perhaps half copied: {name} has {status.st_size} of {written['bytes']} bytes; {_AGAIN}"
                )
            # Sizes are compared first, since that costs nothing, and content last, since it reads the whole file.
            same = (not every and _times(status) == written.get("times")) or _sha256(Path(path)) == written["sha256"]
        except OSError as error:
            raise ResultError(f"{folder} cannot be read ({name}: {error.strerror or error}); {_AGAIN}") from error
        if not same:
            raise ResultError(f"{folder} is damaged: {name} changed since written (SHA-256); {_AGAIN}")


def read_metrics(folder: Path) -> dict[str, Any]:
    """Metrics of a results folder, once its provenance and all its files are known to be as they were written.

    Parameters
    ----------
    folder : Path

    Returns
    -------
    dict
        As in ``metrics.json``.

    Raises
    ------
    ResultError
        If the folder is damaged, incomplete, of a later version or another one's; see `checked_provenance` and `check_files`.
    """
    check_files(folder, checked_provenance(folder), every=False)
    return json.loads((folder / "metrics.json").read_bytes())
