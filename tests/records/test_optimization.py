"""Settings of training that cannot be, each with its name, its value and the rule."""

import pytest

from bioworkbench.records.optimization import ConvolvedImages, Images, Optimization

SHAPE = (28, 28, 1)


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"epochs": 0}, "epochs = 0"),
        ({"epochs": 2.5}, r"epochs = 2\.5"),
        ({"batch_size": -1}, "batch_size = -1"),
        ({"learning_rate": 0.0}, r"learning_rate = 0\.0: must be a finite number above 0"),
        ({"learning_rate": float("nan")}, "learning_rate = nan"),
        ({"weight_decay": -0.1}, r"weight_decay = -0\.1"),
        ({"average": 1.5}, r"average = 1\.5"),
        ({"average": 1.0}, r"average = 1\.0: must be at least 0 and below 1; at 1 nothing that is learned comes back"),
        ({"average": float("nan")}, "average = nan"),
        ({"surrogate_width": 0}, "surrogate_width = 0"),
        ({"patience": 0}, "patience = 0"),
        ({"optimizer": "adamw"}, "'adamw' is not an optimizer; did you mean 'adam'"),
        ({"schedule": "cosin"}, "'cosin' is not a schedule; did you mean 'cosine'"),
        ({"keep": "first"}, "'first' is not a keep; known: best, last"),
        ({"surrogate": "gaussain"}, "'gaussain' is not a surrogate; did you mean 'gaussian'"),
    ],
)
def test_settings_that_cannot_be(settings, words):
    with pytest.raises(ValueError, match=words):
        Optimization(**{"epochs": 1, **settings})


def test_a_batch_is_no_larger_than_the_training_set():
    Optimization(1, batch_size=10).check_size(10)
    with pytest.raises(ValueError, match="batch_size = 10 exceeds the 9 training trials"):
        Optimization(1, batch_size=10).check_size(9)


def test_a_training_starts_with_scores_for_patience_and_a_folder_for_its_checkpoint(tmp_path):
    Optimization(1, patience=2, checkpoint=str(tmp_path / "run.npz")).check_start(200, validated=True)
    Optimization(1, checkpoint="run.npz").check_start(200, validated=False)
    with pytest.raises(ValueError, match="patience = 2: nothing is scored without validation trials"):
        Optimization(1, patience=2).check_start(200, validated=False)
    with pytest.raises(ValueError, match=r"checkpoint = '.*run.npz': folder .*nowhere is missing"):
        Optimization(1, checkpoint=str(tmp_path / "nowhere" / "run.npz")).check_start(200, validated=True)
    with pytest.raises(ValueError, match="batch_size = 128 exceeds the 100 training trials"):
        Optimization(1).check_start(100, validated=True)


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"shape": (28, 28)}, r"shape = \(28, 28\): must be rows, columns and channels"),
        ({"shape": (28, 0, 1)}, "size of an image = 0"),
        ({"shape": SHAPE, "shift": -1}, "shift = -1"),
        ({"shape": SHAPE, "shift": 1.5}, r"shift = 1\.5"),
        ({"shape": SHAPE, "rotation": -5.0}, r"rotation = -5\.0"),
        ({"shape": SHAPE, "scaling": 1.0}, r"scaling = 1\.0: must be at least 0 and below 1"),
        ({"shape": SHAPE, "scaling": float("nan")}, "scaling = nan"),
        ({"shift": 2}, "shift = 2: say how the channels form an image"),
        ({"rotation": 5.0}, r"rotation = 5\.0: say how"),
        ({"scaling": 0.1}, r"scaling = 0\.1: say how"),
    ],
)
def test_images_that_cannot_be(settings, words):
    with pytest.raises(ValueError, match=words):
        Images(**settings)


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"pooling": [2]}, r"pooling = \[2\]: 0 convolutions and the linear layer behind them take 0 at most"),
        ({"convolutions": [(8, 3, 1)], "pooling": [1, 2, 2]}, "1 convolution and the linear layer behind them take 2 at most"),
        (
            {"convolutions": [(6, 3, 1), (8, 1, 1)], "attention": [(1, 1, 0.5)], "pooling": [1] * 5},
            "2 convolutions, 1 population with attention and the linear layer behind them take 4 at most",
        ),
        ({"convolutions": [(8, 3, 1)], "pooling": [0]}, "pooling = 0"),
        ({"convolutions": [(8,)]}, r"convolutions has the entry \(8,\); each is a list of three numbers: filters, size, stride"),
        ({"convolutions": [(8, 3, 1, 1)]}, r"convolutions has the entry \(8, 3, 1, 1\)"),
        ({"convolutions": [8, 3, 1]}, "convolutions has the entry 8; each"),
        ({"convolutions": [(6, 3, 1)], "attention": [(1, 1)]}, r"attention has the entry \(1, 1\).*: population, heads, scale"),
        ({"normalized": True}, "normalized = True: batch norm is of convolutions, and there are none"),
    ],
)
def test_convolutions_that_cannot_be(settings, words):
    with pytest.raises(ValueError, match=words):
        ConvolvedImages(shape=SHAPE, **settings)


def test_an_image_has_a_value_for_each_channel():
    Images(SHAPE).check_channels(784)
    Images().check_channels(3)
    with pytest.raises(ValueError, match=r"shape = \(28, 28, 1\): an image has 784 values, and the input 785 channels"):
        Images(SHAPE).check_channels(785)
