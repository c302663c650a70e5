"""Opening HDF5 files that may come from anybody: nothing outside the file is read, and nothing that it only pretends to hold."""

import hashlib
import re
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from mmap import ACCESS_READ, mmap
from pathlib import Path

import h5py
import numpy as np

from bioworkbench.records.elsewhere import reason_elsewhere

__all__ = ["mark_content", "opened", "text_of"]

_MOST_PACKED = 1100  # bytes that one byte of a file can stand for; deflate packs at most 1032 into one
_SLACK = 2**20
_MOST_OBJECTS = 1_000_000
_HEAP = b"GCOL\1\0\0\0"  # begins a heap of texts of any length
_MARK = "content_sha256"  # of files that we wrote: SHA-256 of all that can be read from them
_BLOCK = 2**20  # rows that are read at a time


@contextmanager
def opened(path: str | Path, *, unchanged: bool = False, linked: bool = False) -> Iterator[h5py.File]:
    """Open an HDF5 file for reading, once it is known to be harmless.

    Parameters
    ----------
    path : str or path
    unchanged : bool
        Whether a checksum has shown that the file is as it was written; otherwise texts in it are first read by another process, and a
        checksum in it is compared. Somebody may have written both: heaps of texts that do not end are found all the same.
    linked : bool
        Whether a group may have several names, for readers that go by names and do not walk down all of them.

    Raises
    ------
    ValueError
        If it links to other files, links a group into itself, declares more data than it can hold, or has texts that cannot be read.
    OSError
        If it is missing, or is not HDF5.

    Warns
    -----
    RuntimeWarning
        If it carries a checksum (see `mark_content`) that its content does not have.
    """
    path = Path(path)
    with h5py.File(path, "r") as file:
        # a few bytes can declare a data set that fills any memory when it is read: compare with what so many bytes can hold
        room = _MOST_PACKED * path.stat().st_size + _SLACK
        declared = sum(_declared(path, file, linked=linked))
        if declared > room:
            raise ValueError(f"{path} has {path.stat().st_size} bytes and declares {declared} bytes of data; it cannot hold them")
        _check_texts(path, trusted=unchanged)
        if not unchanged:
            _check_mark(path, file)
        yield file


def mark_content(path: Path) -> None:
    """Give an HDF5 file a checksum of all that it holds, as an attribute that other programs need not know.

    HDF5 notices few damages by itself: a bit that turns in a weight gives another weight. `opened` compares.

    Parameters
    ----------
    path : Path
    """
    with h5py.File(path, "r+") as file:
        file.attrs[_MARK] = _content_mark(file)


def _check_mark(path: Path, file: h5py.File) -> None:
    if _MARK in file.attrs and text_of(file, _MARK) != _content_mark(file):
        warnings.warn(
            f"{path}: its content changed since bioworkbench wrote it (SHA-256); unless it was edited on purpose it is damaged, write or "
            "copy it again",
            RuntimeWarning,
            stacklevel=4,
        )


def _content_mark(file: h5py.File) -> str:
    """SHA-256 of names, attributes, types, shapes and values, however they are laid out in the file."""
    # sorted by name, values read back: a file that is repacked or copied by another program keeps its mark
    marks: list[tuple[str, str]] = []

    def add(name: str, item: h5py.Group | h5py.Dataset) -> None:
        digest = hashlib.sha256()
        for key in sorted(set(item.attrs) - {_MARK}):
            digest.update(key.encode() + _bytes(np.asarray(item.attrs[key])))
        for block in _blocks(item) if isinstance(item, h5py.Dataset) else ():
            digest.update(_bytes(block))
        marks.append((name, digest.hexdigest()))

    add("", file)
    file.visititems(add)
    return hashlib.sha256(repr(sorted(marks)).encode()).hexdigest()


def _bytes(values: np.ndarray) -> bytes:
    """Type, shape and values."""
    content = repr(values.tolist()).encode() if values.dtype.kind in "OU" else values.tobytes()
    return repr((values.dtype.str, values.shape)).encode() + content


def _blocks(dataset: h5py.Dataset) -> Iterator[np.ndarray]:
    """Values of a dataset, some rows at a time."""
    if not dataset.shape:
        yield np.asarray(dataset[()])
        return
    for begin in range(0, dataset.shape[0], _BLOCK):
        yield np.asarray(dataset[begin : begin + _BLOCK])


def text_of(item: h5py.Group | h5py.Dataset, name: str, default: str = "") -> str:
    """Attribute of a group or data set that is a text, of fixed length or not.

    Parameters
    ----------
    item : Group or Dataset
    name : str
        Of the attribute.
    default : str
        For an attribute that is missing.

    Returns
    -------
    str
        Bytes that are not UTF-8 become replacement characters.
    """
    value = item.attrs.get(name, default)
    return value.decode(errors="replace") if isinstance(value, bytes) else str(value)


def _check_texts(path: Path, *, trusted: bool) -> None:
    """Have another process read all texts first: where their heap is damaged, the HDF5 library goes round for ever, or dies."""
    with path.open("rb") as file, mmap(file.fileno(), 0, access=ACCESS_READ) as content:
        heaps = [found.start() for found in re.finditer(_HEAP, content)]
        if not heaps or (trusted and all(_ends(content, heap) for heap in heaps)):
            return
    if reason := reason_elsewhere("texts", path):
        raise ValueError(f"{path}: the texts in it cannot be read to an end ({reason}); fetch or write the file again")


def _ends(content: mmap, heap: int) -> bool:
    """Whether the objects of a heap follow each other to its end, so that a walk over them comes there."""
    # "Global Heap" of the HDF5 format: signature and version (8 bytes), size of the heap (8); then for each object its number (2), uses
    # (2), 4 unused bytes, its size (8), and as many bytes, up to a multiple of 8. Number 0 is the free space, whose size counts these 16.
    end, at = heap + _integer(content, heap + 8, 8), heap + 16
    if end > len(content):
        return False
    while end - at >= 16:
        number, size = _integer(content, at, 2), _integer(content, at + 8, 8)
        if not number:
            return size == end - at
        at += 16 + -(-size // 8) * 8
    return at <= end


def _integer(content: mmap, at: int, length: int) -> int:
    return int.from_bytes(content[at : at + length], "little")


def _declared(path: Path, file: h5py.File, *, linked: bool) -> Iterator[int]:
    """Bytes of every dataset, each looked at without reading it."""
    # by hand, not by `visititems`: that follows links into other files, and groups that hold themselves for ever
    met: set[int] = set()
    waiting: list[h5py.Group] = [file]
    while waiting:
        for child in _children(path, waiting.pop()):
            if isinstance(child, h5py.Dataset):
                yield _size(path, child)
                continue
            address = h5py.h5o.get_info(child.id).addr
            if linked and address in met and len(met) <= _MOST_OBJECTS:
                continue
            if address in met or len(met) > _MOST_OBJECTS:
                raise ValueError(f"{path}: the group {child.name} is linked twice, or one of more than {_MOST_OBJECTS}")
            met.add(address)
            waiting.append(child)


def _children(path: Path, group: h5py.Group) -> Iterator[h5py.Group | h5py.Dataset]:
    for name in group:
        link = group.get(name, getlink=True)
        if isinstance(link, h5py.ExternalLink):
            raise ValueError(f"{path}: {group.name}/{name} is a link to another file; only what is in this one is read")
        if isinstance(link, h5py.SoftLink):  # a second name of what is counted where it lies
            continue
        child = group.get(name)
        if isinstance(child, h5py.Group | h5py.Dataset):
            yield child


def _size(path: Path, dataset: h5py.Dataset) -> int:
    if dataset.is_virtual or dataset.external:
        raise ValueError(f"{path}: the data of {dataset.name} are in other files; only what is in this one is read")
    return dataset.nbytes
