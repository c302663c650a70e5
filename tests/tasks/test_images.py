"""Digits and MNIST: splits, shapes, frames and the files they come from."""

import os

import numpy as np
import pytest
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

from bioworkbench.tasks import images as module
from bioworkbench.tasks.images import cifar10, digits, mnist

needs_data = pytest.mark.skipif("BIOWORKBENCH_DATA" not in os.environ, reason="mnist.npz needs BIOWORKBENCH_DATA")


def generator(seed: int = 1) -> np.random.Generator:
    return np.random.default_rng(seed)


@pytest.fixture
def small_archive(tmp_path):
    """A set in the form of MNIST: 40 images of 3 x 4 pixels."""
    images = generator().integers(0, 256, (40, 3, 4), dtype=np.uint8)
    labels = np.arange(40) % 5
    np.savez(tmp_path / "small.npz", x_train=images[:30], y_train=labels[:30], x_test=images[30:], y_test=labels[30:])
    return tmp_path


def test_digits_are_split_80_to_20_with_equal_shares_of_each_class():
    task = digits(generator())
    assert task.train.values.shape == (1437, 1, 64)
    assert task.test.values.shape == (360, 1, 64)
    assert task.validation is None
    assert task.n_outputs == 10
    assert (task.train.values.min(), task.train.values.max()) == (0.0, 1.0)
    fractions = np.bincount(task.train.targets) / np.bincount(np.r_[task.train.targets, task.test.targets])
    assert np.abs(fractions - 0.8).max() < 0.01


def test_digits_split_follows_the_generator_or_the_fixed_seed():
    first, again, other = digits(generator(1)), digits(generator(1)), digits(generator(2))
    np.testing.assert_array_equal(first.test.values, again.test.values)
    assert not np.array_equal(first.test.values, other.test.values)
    fixed, fixed_again = digits(generator(1), split_seed=42), digits(generator(2), split_seed=42)
    np.testing.assert_array_equal(fixed.test.values, fixed_again.test.values)
    assert fixed.test.targets[:10].tolist() == [5, 2, 8, 1, 7, 2, 6, 2, 6, 5]


def test_digits_parts_can_be_smaller_and_do_not_overlap():
    task = digits(generator(), n_train=100, n_test=50, n_validation=20)
    assert task.validation is not None
    parts = [trials.values.reshape(trials.n_trials, -1) for trials in task.parts.values()]
    assert [len(part) for part in parts] == [80, 50, 20]
    assert len(np.unique(np.concatenate(parts), axis=0)) == 150


def test_rows_and_columns_are_sequences_of_the_same_pixels():
    whole, rows, columns = (digits(generator(), frames=frames).test.values for frames in ("whole", "rows", "columns"))
    assert rows.shape == columns.shape == (360, 8, 8)
    np.testing.assert_array_equal(rows.reshape(360, 1, 64), whole)
    np.testing.assert_array_equal(columns.transpose(0, 2, 1), rows)


def test_digits_become_bernoulli_probabilities_at_one_millisecond():
    task = digits(generator(), n_train=20, n_test=10)
    stimulus = task.encode(task.test.values)
    assert stimulus.kind == "rate"
    assert stimulus.duration == pytest.approx(0.025)
    np.testing.assert_allclose(stimulus.values * 0.001, task.test.values)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"n_train": 5}, "n_train = 5"),
        ({"n_test": 0}, "n_test = 0"),
        ({"n_train": 1500, "n_test": 400}, "n_train = 1500 and n_test = 400: there are 1797"),
        ({"n_validation": 1437}, "n_validation = 1437 leaves nothing of 1437"),
        ({"n_validation": -1}, "n_validation = -1"),
        ({"split_seed": -1}, "split_seed = -1"),
        ({"frames": "row"}, "'row' is not a frames setting; did you mean 'rows'"),
    ],
)
def test_digits_refuse(settings, message):
    with pytest.raises(ValueError, match=message):
        digits(generator(), **settings)


def test_any_archive_in_the_form_of_mnist_can_be_named(small_archive):
    task = mnist(generator(), file="small.npz", data=small_archive, frames="rows", n_train=20, n_test=4, n_validation=5)
    assert task.name == "small"
    assert task.n_outputs == 5
    assert task.train.values.shape == (15, 3, 4)
    assert task.test.values.shape == (4, 3, 4)
    assert task.train.values.dtype == np.float32
    assert task.train.values.max() <= 1.0


def test_trials_are_shuffled_with_their_labels(small_archive):
    task = mnist(generator(), file="small.npz", data=small_archive)
    fewer = mnist(generator(), file="small.npz", data=small_archive, n_train=7)
    np.testing.assert_array_equal(fewer.train.values, task.train.values[:7])
    with np.load(small_archive / "small.npz") as arrays:
        expected = {image.tobytes(): label for image, label in zip(arrays["x_train"], arrays["y_train"], strict=True)}
    pixels = np.rint(task.train.values.reshape(30, 3, 4) * 255).astype(np.uint8)
    assert [expected[image.tobytes()] for image in pixels] == task.train.targets.tolist()
    assert (np.diff(task.train.targets) < 0).any()


@pytest.mark.parametrize("frames", ["whole", "rows", "columns"])
def test_copies_are_moved_by_a_pixel(small_archive, frames):
    settings = {"file": "small.npz", "data": small_archive, "frames": frames, "n_validation": 5}
    plain, more = (mnist(generator(), **settings, moved_copies=n) for n in (0, 2))
    assert (plain.copies, more.copies) == (0, 2)
    for part in ("test", "validation"):
        np.testing.assert_array_equal(more.parts[part].values, plain.parts[part].values)
    np.testing.assert_array_equal(more.train.values[:25], plain.train.values)
    np.testing.assert_array_equal(more.train.targets, np.tile(plain.train.targets, 3))
    shape, seen = {"whole": (3, 4), "rows": (3, 4), "columns": (4, 3)}[frames], set()
    for image, moved in zip(np.tile(plain.train.values, (3, 1, 1))[25:], more.train.values[25:], strict=True):
        image, moved = image.reshape(shape), moved.reshape(shape)
        fits = []
        for down in (-1, 0, 1):
            for right in (-1, 0, 1):
                expected = np.zeros(shape, dtype=np.float32)
                for row in range(max(0, down), shape[0] + min(0, down)):
                    for column in range(max(0, right), shape[1] + min(0, right)):
                        expected[row, column] = image[row - down, column - right]
                fits += [(down, right)] * bool((expected == moved).all())
        assert len(fits) == 1
        seen.add(fits[0])
    assert (0, 0) not in seen
    assert len(seen) > 4


def test_mnist_refuses_more_trials_than_there_are(small_archive):
    with pytest.raises(ValueError, match=r"small\.npz, train: 31 images are asked for, there are 30"):
        mnist(generator(), file="small.npz", data=small_archive, n_train=31)


@pytest.mark.parametrize(
    ("images", "labels"),
    [
        (np.zeros((4, 3)), np.zeros(4, int)),
        (np.zeros((4, 3, 3)), np.zeros(4, int)),
        (np.zeros((4, 3, 3), np.uint8), np.zeros(5, int)),
        (np.zeros((4, 3, 3), np.uint8), np.zeros(4)),
    ],
)
def test_mnist_refuses_arrays_of_another_form(tmp_path, images, labels):
    np.savez(tmp_path / "odd.npz", x_train=images, y_train=labels, x_test=images, y_test=labels)
    with pytest.raises(ValueError, match=r"odd\.npz, train: images .* images must be uint8"):
        mnist(generator(), file="odd.npz", data=tmp_path)


IMAGES, LABELS = np.zeros((4, 6, 6), np.uint8), np.array([0, 1, 0, 1])


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        (
            {"x_test": np.zeros((4, 4, 9), np.uint8)},
            r"images are \(6, 6\) in train and \(4, 9\) in test; both need the same rows",
        ),
        ({"x_test": np.zeros((4, 12, 6), np.uint8)}, r"images are \(6, 6\) in train and \(12, 6\) in test"),
        ({"x_test": np.zeros((4, 6, 6, 3), np.uint8)}, r"images are \(6, 6\) in train and \(6, 6, 3\) in test"),
        ({"x_train": IMAGES[:0], "y_train": LABELS[:0]}, r"train: images have shape \(0, 6, 6\); at least one image"),
        ({"x_test": IMAGES[:, :0], "x_train": IMAGES[:, :0]}, r"train: images have shape \(4, 0, 6\)"),
        ({"y_train": LABELS - 1}, "labels go from -1 to 1 for 8 images; classes are counted 0, 1, 2, ..."),
        ({"y_test": LABELS + 10**9}, "labels go from 0 to 1000000001 for 8 images"),
    ],
)
@pytest.mark.parametrize("frames", ["whole", "rows", "columns"])
def test_images_of_two_sizes_and_labels_that_count_nothing_are_refused(tmp_path, changes, words, frames):
    """As many pixels in another shape would be taken for the same image."""
    given = {"x_train": IMAGES, "y_train": LABELS, "x_test": IMAGES, "y_test": LABELS} | changes
    np.savez(tmp_path / "odd.npz", **given)
    with pytest.raises(ValueError, match=rf"odd\.npz.*{words}"):
        mnist(generator(), file="odd.npz", data=tmp_path, frames=frames)


def test_colors_are_channels_of_a_pixel(tmp_path):
    images, labels = generator().integers(0, 256, (12, 3, 4, 3), dtype=np.uint8), np.arange(12) % 3
    np.savez(tmp_path / "color.npz", x_train=images, y_train=labels, x_test=images, y_test=labels)
    task = cifar10(generator(), file="color.npz", data=tmp_path, n_validation=2)
    assert (task.train.values.shape, task.test.values.shape, task.n_outputs) == ((10, 1, 36), (12, 1, 36), 3)
    assert task.reference == "Krizhevsky 2009"
    known = {image.tobytes(): label for image, label in zip(images, labels, strict=True)}
    pixels = np.rint(task.test.values.reshape(12, 3, 4, 3) * 255).astype(np.uint8)
    assert [known[image.tobytes()] for image in pixels] == task.test.targets.tolist()
    whole, rows, columns = (
        mnist(generator(), file="color.npz", data=tmp_path, frames=frames).test.values.reshape(12, *shape)
        for frames, shape in (("whole", (3, 4, 3)), ("rows", (3, 4, 3)), ("columns", (4, 3, 3)))
    )
    np.testing.assert_array_equal(rows, whole)
    np.testing.assert_array_equal(columns.swapaxes(1, 2), whole)
    moved = mnist(generator(), file="color.npz", data=tmp_path, moved_copies=1).train.values.reshape(24, 3, 4, 3)
    inner = [
        max(np.array_equal(copy[max(0, d) : 3 + min(0, d), max(0, r) : 4 + min(0, r)],
                           image[max(0, -d) : 3 + min(0, -d), max(0, -r) : 4 + min(0, -r)])
            for d in (-1, 0, 1) for r in (-1, 0, 1))
        for image, copy in zip(moved[:12], moved[12:], strict=True)
    ]  # fmt: skip
    assert all(inner)


def test_missing_photographs_are_named(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"'cifar10_20000\.npz' is missing; put it at"):
        cifar10(generator(), data=tmp_path)


@needs_data
def test_cifar10_has_its_test_images():
    task = cifar10(generator())
    assert (task.train.values.shape, task.test.values.shape) == ((20_000, 1, 3072), (10_000, 1, 3072))
    assert np.bincount(task.test.targets).tolist() == [1000] * 10


@needs_data
def test_mnist_has_its_canonical_split():
    task = mnist(generator())
    assert task.train.values.shape == (60_000, 1, 784)
    assert task.test.values.shape == (10_000, 1, 784)
    assert np.bincount(task.train.targets).tolist() == [5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949]
    assert np.bincount(task.test.targets).tolist() == [980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009]


@pytest.mark.parametrize(("n_train", "n_test", "seed"), [(1437, 360, 42), (100, 37, 1), (11, 10, 2), (1700, 97, 3)])
def test_splits_are_those_of_scikit_learn(n_train, n_test, seed):
    labels = load_digits(return_X_y=True)[1]
    theirs = train_test_split(np.arange(len(labels)), train_size=n_train, test_size=n_test, stratify=labels, random_state=seed)
    for ours, wanted in zip(module.stratified_split(labels, n_train, n_test, seed), theirs, strict=True):
        np.testing.assert_array_equal(ours, wanted)


@pytest.mark.parametrize("there", [True, False])
def test_digits_are_those_of_scikit_learn(there, monkeypatch):
    if not there:  # as if another version kept its data elsewhere
        monkeypatch.setattr(module, "find_spec", lambda name: None)
    for ours, wanted in zip(module._digits(), load_digits(return_X_y=True), strict=True):
        np.testing.assert_array_equal(ours, wanted)
