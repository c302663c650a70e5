"""Checkpoints are whole or refused, and belong to the training that wrote them."""

from dataclasses import dataclass

import numpy as np
import pytest

from bioworkbench.records.checkpoints import moments_of, read_checkpoint, told_settings, write_checkpoint
from bioworkbench.records.errors import ResultError

TOLD, START = {"rate": "0.1"}, np.array([0.5, 1.0])


@dataclass(frozen=True)
class Settings:
    rate: float = 0.1
    rule: object = "smallest"
    checkpoint: str | None = None


def smallest(values):
    return values


def test_what_was_written_is_read(tmp_path):
    path = tmp_path / "run.npz"
    assert read_checkpoint(None, TOLD, START) is None
    assert read_checkpoint(path, TOLD, START) is None
    write_checkpoint(None, {"a": np.arange(3)}, TOLD, START)
    write_checkpoint(path, {"a": np.arange(3)}, TOLD, START)
    assert {name: values.tolist() for name, values in (read_checkpoint(path, TOLD, START) or {}).items()} == {"a": [0, 1, 2]}
    assert read_checkpoint(path, TOLD, START * (1 + 1e-6)) is not None  # as another machine may round it
    assert [own.name for own in tmp_path.iterdir()] == ["run.npz"]


def test_a_missing_folder_is_named_before_anything_is_trained(tmp_path):
    with pytest.raises(ValueError, match=r"checkpoint = '.*run.npz': folder .*nowhere is missing; make it, or name another"):
        read_checkpoint(tmp_path / "nowhere" / "run.npz", TOLD, START)


def written(path):
    write_checkpoint(path, {"a": np.arange(1000)}, TOLD, START)
    return path.read_bytes()


@pytest.mark.parametrize(
    "damage",
    [
        lambda path: path.write_bytes(b""),
        lambda path: path.write_bytes(b"a text"),
        lambda path: path.write_bytes(written(path)[:-200]),
        lambda path: path.write_bytes(written(path)[:700] + b"x" + written(path)[701:]),
        lambda path: path.mkdir(),
        lambda path: np.save(path.open("wb"), np.arange(3)),
        lambda path: np.savez(path, a=np.array([None])),
    ],
)
def test_a_damaged_file_is_refused(tmp_path, damage):
    path = tmp_path / "run.npz"
    damage(path)
    with pytest.raises(ValueError, match=r"checkpoint = '.*run.npz' cannot be read: .*; remove it, or name another file"):
        read_checkpoint(path, TOLD, START)


def test_another_archive_is_refused(tmp_path):
    np.savez(tmp_path / "run.npz", x_train=np.zeros(3))
    with pytest.raises(ValueError, match=r"checkpoint = '.*run.npz' is not the file of a training; name another one"):
        read_checkpoint(tmp_path / "run.npz", TOLD, START)


@pytest.mark.parametrize(
    ("told", "start", "words"),
    [
        ({"rate": "0.2"}, START, "holds a training with rate = 0.1, and 0.2 is asked for"),
        ({}, START, "holds a training with rate = 0.1, and None is asked for"),
        (TOLD, START * 1.01, "holds a training of another network or other trials"),
        (TOLD, START[:1], "holds a training of another network or other trials"),
        (TOLD, START * np.nan, "holds a training of another network or other trials"),
    ],
)
def test_another_training_is_refused(tmp_path, told, start, words):
    written(tmp_path / "run.npz")
    with pytest.raises(ValueError, match=words):
        read_checkpoint(tmp_path / "run.npz", told, start)


def test_a_file_that_cannot_be_written_is_named(tmp_path):
    with pytest.raises(ResultError, match=r"checkpoint = '.*run.npz' cannot be written: "):
        write_checkpoint(tmp_path / "nowhere" / "run.npz", {}, TOLD, START)


def test_settings_are_told_one_by_one_without_the_name_of_the_file():
    told = told_settings(settings=Settings(0.3, smallest, "run.npz"), sparsity=0.5)
    assert told == {"settings.rate": "0.3", "settings.rule": "tests.records.test_checkpoints:smallest", "sparsity": "0.5"}


def test_a_function_inside_a_setting_is_the_same_in_every_process():
    told = told_settings(settings=Settings(rule=(object(),)))
    assert told["settings.rule"] == "(<object object>,)"


def test_moments():
    assert moments_of([np.array([1.0, -3.0]), np.zeros((0, 2)), np.array([True, False])]).tolist() == [
        -1.0,
        2.0,
        0.0,
        0.0,
        0.5,
        0.5,
    ]
