"""Opening HDF5 files that may come from anybody: nothing outside the file is read, and nothing that it only pretends to hold."""

import hashlib
import os
import resource
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from mmap import ACCESS_READ, mmap
from pathlib import Path

import h5py

__all__ = ["opened", "text_of"]

_MOST_PACKED = 1100  # bytes that one byte of a file can stand for; deflate packs at most 1032 into one
_SLACK = 2**20
_MOST_OBJECTS = 1_000_000
_HEAP = b"GCOL"  # begins a heap of texts of any length
_SOUND: set[str] = set()  # SHA-256 of the files whose texts have been read; the projections of a network share one file
_SECONDS, _MEMORY = 5, 8 * 2**30  # of the processor, to read texts; bytes


@contextmanager
def opened(path: str | Path, *, unchanged: bool = False) -> Iterator[h5py.File]:
    """Open an HDF5 file for reading, once it is known to be harmless.

    Parameters
    ----------
    path : str or path
    unchanged : bool
        Whether a checksum has shown that the file is as it was written; otherwise texts in it are first read by another process.

    Raises
    ------
    ValueError
        If it links to other files, links a group into itself, declares more data than it can hold, or has texts that cannot be read.
    OSError
        If it is missing, or is not HDF5.
    """
    path = Path(path)
    with h5py.File(path, "r") as file:
        room = _MOST_PACKED * path.stat().st_size + _SLACK
        declared = sum(_declared(path, file))
        if declared > room:
            raise ValueError(f"{path} has {path.stat().st_size} bytes and declares {declared} bytes of data; it cannot hold them")
        if not unchanged:
            _check_texts(path)
        yield file


def text_of(item: h5py.Group | h5py.Dataset, name: str, default: str = "") -> str:
    """An attribute that is a text, of fixed length or not."""
    value = item.attrs.get(name, default)
    return value.decode(errors="replace") if isinstance(value, bytes) else str(value)


def _check_texts(path: Path) -> None:
    """Have another process read all texts first: where their heap is damaged, the HDF5 library goes round for ever, or dies."""
    with path.open("rb") as file, mmap(file.fileno(), 0, access=ACCESS_READ) as content:
        if content.find(_HEAP) < 0:
            return
        content_mark = hashlib.sha256(content).hexdigest()
    if content_mark not in _SOUND:
        _read_elsewhere(path)
        _SOUND.add(content_mark)


def _read_elsewhere(path: Path) -> None:
    environment = {**os.environ, "OPENBLAS_NUM_THREADS": "1"}
    command = [sys.executable, "-P", __file__, str(path)]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        reason = done.stderr.strip().rpartition("\n")[2] or f"signal {-done.returncode}"
        raise ValueError(f"{path}: the texts in it cannot be read to an end ({reason}); fetch or write the file again")


def _read_texts(path: Path) -> None:
    """Read everything whose length is not known beforehand, with limits on time and memory."""
    size = path.stat().st_size
    for limit, most in ((resource.RLIMIT_CPU, _SECONDS + size // 10**7), (resource.RLIMIT_AS, _MEMORY + 10 * size)):
        resource.setrlimit(limit, (most, most))

    def look(_: str, item: h5py.Group | h5py.Dataset) -> None:
        for name in item.attrs:
            if item.attrs.get_id(name).dtype.hasobject:
                item.attrs[name]
        if isinstance(item, h5py.Dataset) and item.dtype.hasobject:
            item[()]

    with h5py.File(path, "r") as file:
        look("", file)
        file.visititems(look)


def _declared(path: Path, file: h5py.File) -> Iterator[int]:
    """Bytes of every dataset, each looked at without reading it."""
    met: set[int] = set()
    waiting: list[h5py.Group] = [file]
    while waiting:
        for child in _children(path, waiting.pop()):
            if isinstance(child, h5py.Dataset):
                yield _size(path, child)
                continue
            address = h5py.h5o.get_info(child.id).addr
            if address in met or len(met) > _MOST_OBJECTS:
                raise ValueError(f"{path}: the group {child.name} is linked twice, or one of more than {_MOST_OBJECTS}")
            met.add(address)
            waiting.append(child)


def _children(path: Path, group: h5py.Group) -> Iterator[h5py.Group | h5py.Dataset]:
    for name in group:
        if isinstance(group.get(name, getlink=True), h5py.ExternalLink):
            raise ValueError(f"{path}: {group.name}/{name} is a link to another file; only what is in this one is read")
        child = group.get(name)
        if isinstance(child, h5py.Group | h5py.Dataset):
            yield child


def _size(path: Path, dataset: h5py.Dataset) -> int:
    if dataset.is_virtual or dataset.external:
        raise ValueError(f"{path}: the data of {dataset.name} are in other files; only what is in this one is read")
    return dataset.nbytes


if __name__ == "__main__":
    _read_texts(Path(sys.argv[1]))
