"""Opening HDF5 files that may come from anybody: nothing outside the file is read, and nothing that it only pretends to hold."""

import struct
from collections.abc import Iterator
from contextlib import contextmanager
from mmap import ACCESS_READ, mmap
from pathlib import Path

import h5py

__all__ = ["opened"]

_MOST_PACKED = 1100  # bytes that one byte of a file can stand for; deflate packs at most 1032 into one
_SLACK = 2**20
_MOST_OBJECTS = 1_000_000
_HEAP = b"GCOL\1\0\0\0"  # begins a heap of texts of any length: its size, then objects of 16 bytes and a text each
_HEADER = 16


@contextmanager
def opened(path: str | Path) -> Iterator[h5py.File]:
    """Open an HDF5 file for reading, once it is known to be harmless.

    Parameters
    ----------
    path : str or path

    Raises
    ------
    ValueError
        If it links to other files, links a group into itself, declares more data than it can hold, or has a damaged heap of texts,
        in which the HDF5 library would go round for ever.
    OSError
        If it is missing, or is not HDF5.
    """
    path = Path(path)
    with h5py.File(path, "r") as file:
        _check_heaps(path)
        room = _MOST_PACKED * path.stat().st_size + _SLACK
        declared = sum(_declared(path, file))
        if declared > room:
            raise ValueError(f"{path} has {path.stat().st_size} bytes and declares {declared} bytes of data; it cannot hold them")
        yield file


def _check_heaps(path: Path) -> None:
    with path.open("rb") as file, mmap(file.fileno(), 0, access=ACCESS_READ) as content:
        place = content.find(_HEAP)
        while place >= 0:
            if not _follow_each_other(content, place):
                raise ValueError(f"{path}: the heap of texts at byte {place} is damaged; fetch or write the file again")
            place = content.find(_HEAP, place + _HEADER)


def _follow_each_other(content: mmap, heap: int) -> bool:
    """Whether the objects of a heap fill it, one after the other; number 0 is what is left free."""
    place, end = heap + _HEADER, heap + int.from_bytes(content[heap + 8 : heap + _HEADER], "little")
    while place + _HEADER <= end <= len(content):
        number, size = struct.unpack_from("<H6xQ", content, place)
        step = size if number == 0 else _HEADER + -(-size // 8) * 8
        if step < _HEADER:
            return False
        place += step
    return place <= end <= len(content)


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
