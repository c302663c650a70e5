"""Recordings of an event camera, each of one of several classes, as frames of the pixels that changed."""

import re
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np

from bioworkbench.encoding import as_current
from bioworkbench.records.annotations import Seconds
from bioworkbench.records.arrays import count, positive
from bioworkbench.records.camera import CameraEvents, camera_events
from bioworkbench.records.counted import counted
from bioworkbench.tasks.data import data_file, member_content, opened_archive
from bioworkbench.tasks.task import Task, Trials, split_off

__all__ = ["events"]

MAX_MEMBER = 2**23  # bytes of one recording
_MOST_PIXELS = 256  # along a side
_NAME = re.compile(r"(?:[^/]+/)*([^/]+)/[^/]+\.bin")
_encode_frames = partial(as_current, frame=0.001)


def events(
    rng: np.random.Generator,
    *,
    n_frames: int = 8,
    duration: Seconds = 0.3,
    width: int = 34,
    height: int = 34,
    n_train: int | None = None,
    n_test: int | None = None,
    n_validation: int = 0,
    train: str | Path = "Train.zip",
    test: str | Path = "Test.zip",
    data: str | Path | None = None,
) -> Task:
    """Recordings of an event camera in the form of N-MNIST, cut into frames.

    A value is 1 where a pixel got darker (brighter) at least once in a frame, else 0; channels are in the order row, column,
    polarity, so that a frame is an image of two colors. By default a frame is a current of a millisecond. Trials come in random
    order, of which smaller parts are the beginning.

    Parameters
    ----------
    rng : Generator
        Draws the order of the trials and the validation trials.
    n_frames : int
        Of a trial.
    duration : float, seconds
        That the frames divide; later events are left out.
    width, height : int
        Of the camera, in pixels, 256 at most.
    n_train, n_test : int, optional
        Sizes of the parts; by default all.
    n_validation : int
        Trials taken out of the training part.
    train, test : path
        Zip archives whose folders are the classes and hold a file ``.bin`` for each recording; see `records.camera`.
    data : str or path, optional
        Folder of the files; by default that of BIOWORKBENCH_DATA.

    Returns
    -------
    Task
        Values uint8 (n_trials, n_frames, 2 * width * height). Classes are numbered as their names sort, numbers by their value.

    Raises
    ------
    ValueError, FileNotFoundError, ResultError
        If a file is missing, damaged or of another form, a size or the duration cannot be, more trials are asked for than there are, or
        a class of the test part is not one of the training part.

    References
    ----------
    Orchard et al. (2015), Converting static image datasets to spiking neuromorphic datasets using saccades,
    doi:10.3389/fnins.2015.00437.
    """
    shape = (count("n_frames", n_frames), count("height", height), count("width", width), 2)
    if max(width, height) > _MOST_PIXELS:
        raise ValueError(
            f"width = {width}, height = {height}: events of this form say places by a byte, {_MOST_PIXELS} pixels at most"
        )
    camera = _Frames(shape, 1e6 * float(positive("duration", duration)) / n_frames)
    if camera.microseconds < 1:
        raise ValueError(f"duration = {duration} s in {n_frames} frames: events come by the microsecond, which a frame must last")
    archives = [data_file(str(name), data) for name in (train, test)]
    recordings = [_recordings(path) for path in archives]
    classes = sorted({label for _, label in recordings[0]}, key=_order)
    unknown = sorted({label for _, label in recordings[1]} - set(classes))
    if unknown:
        raise ValueError(
            f"{archives[1]}: classes {', '.join(unknown)} are not in {archives[0]}; there must be training trials of each"
        )
    parts = []
    for path, found, n in zip(archives, recordings, (n_train, n_test), strict=True):
        size = len(found) if n is None else count(f"{path}: size", n)
        if size > len(found):
            raise ValueError(f"{path}: {counted(size, 'recording')} are asked for, there are {len(found)}")
        chosen = [found[k] for k in rng.permutation(len(found))[:size]]
        labels = np.array([classes.index(label) for _, label in chosen], dtype=np.int64)
        parts.append(Trials(camera.of(path, [name for name, _ in chosen]), labels))
    known, validation = split_off(parts[0], n_validation, rng)
    reference = "Orchard et al. 2015, doi:10.3389/fnins.2015.00437"
    return Task(
        archives[0].stem,
        "classification",
        known,
        parts[1],
        validation,
        len(classes),
        _encode_frames,
        reference,
        classes=tuple(classes),
    )


def _recordings(path: Path) -> list[tuple[str, str]]:
    """Members of an archive and their classes, in the order of their names."""
    with opened_archive(path) as archive:
        names = sorted(name for name in archive.namelist() if not name.endswith("/"))
    found = [(name, _NAME.fullmatch(name)) for name in names]
    for name, parts in found:
        if parts is None:
            raise ValueError(f"{path}: member '{name}' must be a file CLASS/NAME.bin")
    if not found:
        raise ValueError(f"{path} holds no recordings; it must hold files CLASS/NAME.bin")
    return [(name, parts[1]) for name, parts in found if parts is not None]


def _order(label: str) -> tuple[bool, int, str]:
    """Numbers by their value, then other names."""
    return (not label.isdigit(), int(label) if label.isdigit() else 0, label)


@dataclass(frozen=True)
class _Frames:
    """How recordings become frames."""

    shape: tuple[int, int, int, int]
    """Frames, rows, columns, polarities."""
    microseconds: float
    """Of a frame."""

    def of(self, path: Path, names: list[str]) -> np.ndarray:
        """Frames (n_trials, n_frames, n_channels) of some members of an archive."""
        values = np.zeros((len(names), *self.shape), dtype=np.uint8)
        n_frames, height, width, _ = self.shape
        with opened_archive(path) as archive:
            for own, name in zip(values, names, strict=True):
                content = member_content(archive, name, path, MAX_MEMBER)
                seen = camera_events(np.frombuffer(content, dtype=np.uint8), f"{path}: member '{name}'", width, height)
                self._mark(own, seen)
        return values.reshape(len(names), n_frames, -1)

    def _mark(self, frames: np.ndarray, seen: CameraEvents) -> None:
        number = (seen.microseconds / self.microseconds).astype(np.int64)
        early = number < len(frames)
        frames[number[early], seen.row[early], seen.column[early], seen.brighter[early]] = 1
