"""Recordings of event cameras: frames, classes, and archives that are not what they should be."""

import zipfile
from functools import partial

import numpy as np
import pytest
from scipy import sparse

from bioworkbench.discrete.lif import discrete_lif
from bioworkbench.methods.ch_snn import train
from bioworkbench.records.errors import ResultError
from bioworkbench.records.network import Network, Population, Projection
from bioworkbench.records.optimization import ConvolvedImages, Optimization
from bioworkbench.simulation import simulate
from bioworkbench.tasks.event_cameras import events


def event(column, row, brighter, microseconds):
    return bytes([column, row, brighter << 7 | microseconds >> 16, microseconds >> 8 & 255, microseconds & 255])


def archived(path, recordings):
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(f"{path.stem}/", b"")  # archives may list folders
        for name, content in recordings.items():
            archive.writestr(f"{path.stem}/{name}.bin", content)


@pytest.fixture
def folder(tmp_path):
    """Classes 2 and 10 of a camera of 3 x 2 pixels."""
    later = event(2, 1, 1, 0) + event(0, 1, 0, 99_999) + event(0, 1, 0, 100_000) + event(1, 0, 1, 2**20)
    archived(tmp_path / "Train.zip", {f"{label}/{k}": later if label == 10 else b"" for label in (2, 10) for k in range(4)})
    archived(tmp_path / "Test.zip", {"10/0": later})
    return tmp_path


def seen(folder, **more):
    settings = {"n_frames": 3, "width": 3, "height": 2} | more
    return events(np.random.default_rng(1), data=folder, **settings)


def test_frames_by_hand(folder):
    task = seen(folder)
    assert (task.train.values.shape, task.train.values.dtype, task.n_outputs) == ((8, 3, 12), np.uint8, 2)
    assert task.test.targets.tolist() == [1]  # 10 comes after 2
    frames = task.test.values.reshape(3, 2, 3, 2)
    assert np.argwhere(frames).tolist() == [[0, 1, 0, 0], [0, 1, 2, 1], [1, 1, 0, 0]]
    np.testing.assert_array_equal(task.train.values.any(axis=(1, 2)), task.train.targets == 1)
    stimulus = task.encode(task.test.values)
    assert (stimulus.kind, stimulus.duration) == ("current", pytest.approx(0.003))


def test_a_longer_recording_has_later_events(folder):
    frames = seen(folder, duration=1.2, n_frames=4).test.values.reshape(4, 2, 3, 2)
    assert np.argwhere(frames).tolist() == [[0, 1, 0, 0], [0, 1, 2, 1], [3, 0, 1, 1]]


def test_smaller_parts_are_the_beginning(folder):
    whole, fewer = seen(folder), seen(folder, n_train=5, n_validation=2)
    assert fewer.validation is not None
    assert (fewer.train.n_trials, fewer.validation.n_trials) == (3, 2)
    both = np.sort(np.concatenate([fewer.train.targets, fewer.validation.targets]))
    np.testing.assert_array_equal(both, np.sort(whole.train.targets[:5]))


@pytest.mark.parametrize(
    ("settings", "error", "words"),
    [
        ({"n_train": 9}, ValueError, r"Train\.zip: 9 recordings are asked for, there are 8"),
        ({"n_frames": 0}, ValueError, "n_frames = 0: must be an integer, 1 or more"),
        ({"duration": 0.0}, ValueError, "duration = 0"),
        (
            {"duration": 1e-320},
            ValueError,
            r"duration = .* in \d+ frames: events come by the microsecond, which a frame must last",
        ),
        ({"duration": 1e-6, "n_frames": 2}, ValueError, "duration = 1e-06 s in 2 frames"),
        ({"width": 257}, ValueError, "width = 257, height = .*: events of this form say places by a byte, 256 pixels at most"),
        (
            {"width": 2},
            ResultError,
            r"member 'T\w+/10/\d\.bin': event 0 is at \(2, 1\), outside 2 x 2 pixels; give width and height",
        ),
        ({"test": "Nothing.zip"}, FileNotFoundError, r"'Nothing\.zip' is missing; put it at"),
    ],
)
def test_bad_settings_are_refused(folder, settings, error, words):
    with pytest.raises(error, match=words):
        seen(folder, **settings)


@pytest.mark.parametrize(
    ("recordings", "error", "words"),
    [
        ({"3/0": b""}, ValueError, r"Test\.zip: classes 3 are not in .*Train\.zip"),
        ({}, ValueError, r"Test\.zip holds no recordings; it must hold files CLASS/NAME\.bin"),
        ({"2/0": b"1234"}, ResultError, r"Test\.zip: member 'Test/2/0\.bin' has 4 bytes; events have 5 each"),
        ({"2/0": event(0, 0, 0, 9) + event(0, 0, 0, 8)}, ResultError, "event 1 is at 8 us, the one before at 9 us"),
    ],
)
def test_bad_archives_are_refused(folder, recordings, error, words):
    archived(folder / "Test.zip", recordings)
    with pytest.raises(error, match=words):
        seen(folder)


def test_other_files_are_refused(folder):
    (folder / "Test.zip").write_bytes(b"PK")
    with pytest.raises(ValueError, match=r"Test\.zip is not a whole, plain zip archive"):
        seen(folder)
    with zipfile.ZipFile(folder / "Test.zip", "w") as archive:
        archive.writestr("2/readme.txt", b"")
    with pytest.raises(ValueError, match=r"member '2/readme\.txt' must be a file CLASS/NAME\.bin"):
        seen(folder)


def test_ch_snn_learns_from_events(tmp_path):
    """Made recordings: a bright edge that moves to the right or to the left, over noise; only its motion tells the classes."""
    rng = np.random.default_rng(2)

    def recording(label):
        found = []
        for k in range(4):
            column = k if label else 3 - k
            found += [event(2 * column + int(rng.integers(2)), int(row), 1, 75_000 * k + 1000) for row in range(8)]
            found += [event(*rng.integers(8, size=2).tolist(), 0, 75_000 * k + 2000) for _ in range(3)]
        return b"".join(found)

    for name, n in (("Train", 150), ("Test", 25)):
        archived(tmp_path / f"{name}.zip", {f"{label}/{k}": recording(label) for label in range(2) for k in range(n)})
    task = events(np.random.default_rng(1), n_frames=4, width=8, height=8, n_validation=50, data=tmp_path)
    model = discrete_lif(leak=0.9, reset="zero", strict=True)
    sizes, names = (128, 256, 30), ("input", "a", "b")
    links = [Projection(names[k], names[k + 1], sparse.csr_array((sizes[k], sizes[k + 1]))) for k in range(2)]
    network = Network((Population("a", 256, model, 0), Population("b", 30, model, 1)), tuple(links))
    images = ConvolvedImages((8, 8, 2), convolutions=((4, 3, 1),), pooling=(1, 2), normalized=True)
    optimization = Optimization(epochs=12, batch_size=25, learning_rate=1e-2)
    run = partial(simulate, dt=1e-3, backend="numpy")
    found = train(task, network, run, np.random.default_rng(1), sparsity=0.7, images=images, optimization=optimization)
    assert found.history["score"].max() > 0.8  # chance is .5
    assert found.history["simulated_accuracy"][0] == pytest.approx(found.history["score"].max())
