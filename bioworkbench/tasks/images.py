"""Images of handwritten digits and of things: whole, or row by row (column by column) as sequences."""

from dataclasses import replace
from functools import partial
from importlib.util import find_spec
from pathlib import Path

import numpy as np

from bioworkbench.encoding import as_rate
from bioworkbench.records.arrays import count
from bioworkbench.records.errors import unknown_name
from bioworkbench.records.lazily import later
from bioworkbench.tasks.data import data_file, read_npz
from bioworkbench.tasks.task import Task, Trials, split_off

__all__ = ["cifar10", "digits", "mnist"]

_load_digits = later("sklearn.datasets:load_digits")

_MOVES = [(down, right) for down in (-1, 0, 1) for right in (-1, 0, 1) if down or right]
FRAMES = ("whole", "rows", "columns")
_encode_pixels = partial(as_rate, frame=0.025, maximum=1000.0)


def digits(
    rng: np.random.Generator,
    *,
    n_train: int | None = None,
    n_test: int | None = None,
    n_validation: int = 0,
    frames: str = "whole",
    split_seed: int | None = None,
) -> Task:
    """The 1797 images (8 x 8 pixels, 10 classes) that come with scikit-learn, split 80/20 with equal fractions of each class.

    Values lie in [0, 1]. By default a value x becomes Poisson spikes at 1000 x Hz for 25 ms.

    Parameters
    ----------
    rng : Generator
        Draws the split and the validation trials.
    n_train, n_test : int, optional
        Sizes of the parts; by default 1437 and 360.
    n_validation : int
        Trials taken out of the training part.
    frames : {"whole", "rows", "columns"}
        One frame of 64 channels, or 8 frames of 8 channels, the top row (left column) first.
    split_seed : int, optional
        ``random_state`` of scikit-learn's ``train_test_split`` for the split, whatever `rng` is; 42 gives the split that
        published comparisons on this set often use.

    Returns
    -------
    Task

    Raises
    ------
    ValueError
        If more trials are asked for than there are, fewer than ten in a part, or `frames` is unknown.

    References
    ----------
    Alpaydin & Kaynak (1998), Optical Recognition of Handwritten Digits, doi:10.24432/C50P49.
    """
    images, labels = _digits()
    test_size = count("n_test", 360 if n_test is None else n_test, least=10)
    train_size = count("n_train", len(labels) - test_size if n_train is None else n_train, least=10)
    if train_size + test_size > len(labels):
        raise ValueError(f"n_train = {train_size} and n_test = {test_size}: there are {len(labels)} images in all")
    state = int(rng.integers(2**31)) if split_seed is None else count("split_seed", split_seed, least=0)
    chosen, held_out = stratified_split(labels, train_size, test_size, state)
    values = _framed(images.reshape(-1, 8, 8) / 16, frames)
    train, test = Trials(values[chosen], labels[chosen]), Trials(values[held_out], labels[held_out])
    return _image_task("digits", train, test, n_validation, rng, "Alpaydin & Kaynak 1998, doi:10.24432/C50P49")


def mnist(
    rng: np.random.Generator,
    *,
    n_train: int | None = None,
    n_test: int | None = None,
    n_validation: int = 0,
    frames: str = "whole",
    file: str | Path = "mnist.npz",
    data: str | Path | None = None,
    moved_copies: int = 0,
) -> Task:
    """MNIST: 60 000 training and 10 000 test images of 28 x 28 pixels in 10 classes, in the canonical split.

    Values are float32 in [0, 1]. By default a value x becomes Poisson spikes at 1000 x Hz for 25 ms. Trials come in random
    order, because some copies of the file are sorted by class; smaller parts are its beginning.

    Parameters
    ----------
    rng : Generator
        Draws the order of the trials and the validation trials.
    n_train, n_test : int, optional
        Sizes of the parts; by default all.
    n_validation : int
        Trials taken out of the training part.
    frames : {"whole", "rows", "columns"}
        One frame of 784 channels, or 28 frames of 28 channels, the top row (left column) first.
    file : path
        NumPy archive with x_train, y_train, x_test and y_test (pixels uint8); other sets of this form (Fashion-MNIST, KMNIST)
        can be named. Colors are channels of a pixel, so that an image becomes row, column, color.
    data : str or path, optional
        Folder of the file; by default that of BIOWORKBENCH_DATA.
    moved_copies : int
        Further training trials for each one: the image moved by a pixel, in a direction drawn from eight. Validation and test trials
        have none.

    Returns
    -------
    Task

    Raises
    ------
    ValueError, FileNotFoundError
        If the file is missing, damaged or of another form, more trials are asked for than there are, or `frames` is unknown.

    References
    ----------
    LeCun, Bottou, Bengio & Haffner (1998), Gradient-based learning applied to document recognition, doi:10.1109/5.726791.
    """
    sizes, reference = (n_train, n_test, n_validation), "LeCun et al. 1998, doi:10.1109/5.726791"
    task, shape = _archived(rng, sizes, frames, file, data, reference if Path(file).name == "mnist.npz" else "")
    copies = [_moved(task.train, shape, rng) for _ in range(count("moved_copies", moved_copies, least=0))]
    return replace(task, train=_joined([task.train, *copies]), copies=moved_copies) if copies else task


def cifar10(
    rng: np.random.Generator,
    *,
    n_train: int | None = None,
    n_test: int | None = None,
    n_validation: int = 0,
    file: str | Path = "cifar10_20000.npz",
    data: str | Path | None = None,
) -> Task:
    """CIFAR-10: photographs of 32 x 32 pixels in three colors and 10 classes; the file has 20 000 training and 10 000 test images.

    Values are float32 in [0, 1], one frame of 3072 channels in the order row, column, color. By default a value x becomes Poisson
    spikes at 1000 x Hz for 25 ms. Trials come in random order; smaller parts are its beginning.

    Parameters
    ----------
    rng : Generator
        Draws the order of the trials and the validation trials.
    n_train, n_test : int, optional
        Sizes of the parts; by default all.
    n_validation : int
        Trials taken out of the training part.
    file : path
        NumPy archive with x_train (n, 32, 32, 3), y_train, x_test and y_test (pixels uint8); one with all 50 000 training images
        can be named.
    data : str or path, optional
        Folder of the file; by default that of BIOWORKBENCH_DATA.

    Returns
    -------
    Task

    Raises
    ------
    ValueError, FileNotFoundError
        If the file is missing, damaged or of another form, or more trials are asked for than there are.

    References
    ----------
    Krizhevsky (2009), Learning multiple layers of features from tiny images, technical report, University of Toronto.
    """
    return _archived(rng, (n_train, n_test, n_validation), "whole", file, data, "Krizhevsky 2009")[0]


def _archived(
    rng: np.random.Generator,
    sizes: tuple[int | None, int | None, int],
    frames: str,
    file: str | Path,
    data: str | Path | None,
    reference: str,
) -> tuple[Task, tuple[int, ...]]:
    """Task of an archive, with so many training, test and validation trials, and the shape of what is framed as an image."""
    path = data_file(str(file), data)
    train_x, train_y, test_x, test_y = read_npz(path, ("x_train", "y_train", "x_test", "y_test"))
    _check_alike(path, (train_x, train_y), (test_x, test_y))
    train = _image_trials(f"{path}, train", train_x, train_y, sizes[0], frames, rng)
    test = _image_trials(f"{path}, test", test_x, test_y, sizes[1], frames, rng)
    height, width, *colors = train_x.shape[1:]
    shape = (width, height, *colors) if frames == "columns" else (height, width, *colors)
    return _image_task(path.stem, train, test, sizes[2], rng, reference or f"file {path.name}"), shape


def _moved(trials: Trials, shape: tuple[int, ...], rng: np.random.Generator) -> Trials:
    """Every image moved by a pixel; what leaves it is lost, what enters is 0."""
    images = trials.values.reshape(-1, *shape)
    found, direction = np.zeros_like(images), rng.integers(len(_MOVES), size=len(images))
    for number, (down, right) in enumerate(_MOVES):
        own = direction == number
        wider = np.pad(images[own], ((0, 0), (1, 1), (1, 1), *[(0, 0)] * (len(shape) - 2)))
        found[own] = wider[:, 1 - down : 1 - down + shape[0], 1 - right : 1 - right + shape[1]]
    return Trials(found.reshape(trials.values.shape), trials.targets)


def _joined(parts: list[Trials]) -> Trials:
    return Trials(np.concatenate([part.values for part in parts]), np.concatenate([part.targets for part in parts]))


def _digits() -> tuple[np.ndarray, np.ndarray]:
    """Pixels (1797, 64) and classes from the folder of scikit-learn, which itself takes seconds to import."""
    found = find_spec("sklearn")
    path = Path(str(found and found.origin)).parent / "datasets" / "data" / "digits.csv.gz"
    if not path.is_file():  # another version keeps it elsewhere
        images, labels = _load_digits(return_X_y=True)
        return np.asarray(images), np.asarray(labels)
    rows = np.loadtxt(path, delimiter=",")
    return rows[:, :-1], rows[:, -1].astype(np.int64)


def stratified_split(labels: np.ndarray, n_train: int, n_test: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Indices of two parts that have the classes in equal proportions: those of scikit-learn's ``train_test_split``.

    Parameters
    ----------
    labels : int array (n,)
        Classes 0, 1, 2, ...; each part has at least as many trials as there are classes.
    n_train, n_test : int
    seed : int
        Its ``random_state``.

    Returns
    -------
    train : int array (n_train,)
    test : int array (n_test,)
    """
    rng = np.random.RandomState(seed)
    members = np.split(np.argsort(labels, kind="stable"), np.cumsum(np.bincount(labels))[:-1])
    sizes = np.bincount(labels)
    in_train = _rounded(sizes, n_train, rng)
    in_test = _rounded(sizes - in_train, n_test, rng)
    shuffled = [own[rng.permutation(len(own))] for own in members]
    train = [own[:n] for own, n in zip(shuffled, in_train, strict=True)]
    test = [own[n : n + m] for own, n, m in zip(shuffled, in_train, in_test, strict=True)]
    return rng.permutation(np.concatenate(train)), rng.permutation(np.concatenate(test))


def _rounded(sizes: np.ndarray, total: int, rng: np.random.RandomState) -> np.ndarray:
    """Whole numbers in proportion to sizes, with that total: largest remainders first, ties by lot."""
    wanted = sizes / sizes.sum() * total
    numbers = np.floor(wanted)
    for remainder in np.unique(wanted - numbers)[::-1]:
        missing = int(total - numbers.sum())
        if missing == 0:
            break
        tied = np.flatnonzero(wanted - np.floor(wanted) == remainder)
        numbers[rng.choice(tied, size=min(len(tied), missing), replace=False)] += 1
    return numbers.astype(np.int64)


def _check_alike(path: Path, train: tuple[np.ndarray, np.ndarray], test: tuple[np.ndarray, np.ndarray]) -> None:
    """Raise ValueError unless both parts of an archive have images of one size, and labels that count classes."""
    for part, (images, labels) in {"train": train, "test": test}.items():
        if (
            images.ndim not in (3, 4)
            or images.dtype != np.uint8
            or labels.shape != images.shape[:1]
            or labels.dtype.kind not in "iu"
        ):
            raise ValueError(
                f"{path}, {part}: images {images.shape} {images.dtype} with labels {labels.shape} {labels.dtype}; "
                "images must be uint8 (n, height, width) or (n, height, width, colors), labels integers (n,)"
            )
        if 0 in images.shape:
            raise ValueError(f"{path}, {part}: images have shape {images.shape}; at least one image of one pixel is needed")
    if train[0].shape[1:] != test[0].shape[1:]:
        raise ValueError(
            f"{path}: images are {train[0].shape[1:]} in train and {test[0].shape[1:]} in test; both need the same rows, columns and colors"
        )
    labels = np.concatenate([train[1], test[1]])
    if labels.min() < 0 or labels.max() >= len(labels):
        raise ValueError(
            f"{path}: labels go from {labels.min()} to {labels.max()} for {len(labels)} images; classes are counted 0, 1, 2, ..."
        )


def _image_trials(
    where: str, images: np.ndarray, labels: np.ndarray, n: int | None, frames: str, rng: np.random.Generator
) -> Trials:
    size = len(images) if n is None else count(f"{where}: size", n)
    if size > len(images):
        raise ValueError(f"{where}: {size} images are asked for, there are {len(images)}")
    chosen = rng.permutation(len(images))[:size]
    return Trials(_framed(images[chosen], frames) / np.float32(255), labels[chosen].astype(np.int64))


def _framed(images: np.ndarray, frames: str) -> np.ndarray:
    """Images (n, height, width) or (n, height, width, colors) as (n, n_frames, n_channels)."""
    if frames not in FRAMES:
        raise ValueError(unknown_name(str(frames), "frames setting", FRAMES))
    if frames == "whole":
        return images.reshape(len(images), 1, -1)
    lines = images if frames == "rows" else images.swapaxes(1, 2)
    return lines.reshape(*lines.shape[:2], -1)


def _image_task(name: str, train: Trials, test: Trials, n_validation: int, rng: np.random.Generator, reference: str) -> Task:
    n_classes = int(max(train.targets.max(), test.targets.max())) + 1
    train, validation = split_off(train, n_validation, rng)
    return Task(name, "classification", train, test, validation, n_classes, _encode_pixels, reference)
