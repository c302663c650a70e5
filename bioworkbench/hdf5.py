"""Opening HDF5 files that may come from anybody: nothing outside the file is read, and nothing that it only pretends to hold."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import h5py

__all__ = ["opened"]

_MOST_PACKED = 1100  # bytes that one byte of a file can stand for; deflate packs at most 1032 into one
_SLACK = 2**20
_MOST_OBJECTS = 1_000_000


@contextmanager
def opened(path: str | Path) -> Iterator[h5py.File]:
    """Open an HDF5 file for reading, once it is known to be harmless.

    Parameters
    ----------
    path : str or path

    Raises
    ------
    ValueError
        If it links to other files, links a group into itself, or declares more data than it can hold.
    OSError
        If it is missing, or is not HDF5.
    """
    path = Path(path)
    with h5py.File(path, "r") as file:
        room = _MOST_PACKED * path.stat().st_size + _SLACK
        declared = sum(_declared(path, file))
        if declared > room:
            raise ValueError(f"{path} has {path.stat().st_size} bytes and declares {declared} bytes of data; it cannot hold them")
        yield file


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
