"""Data files: missing, damaged, hostile."""

import gzip
import hashlib
import os
import pickle
import zipfile

import numpy as np
import pytest

from bioworkbench.records.text_files import read_text
from bioworkbench.tasks import data
from bioworkbench.tasks.data import KNOWN_FILES, data_file, read_members, read_npz

needs_data = pytest.mark.skipif("BIOWORKBENCH_DATA" not in os.environ, reason="the known files need BIOWORKBENCH_DATA")


def test_the_setting_goes_before_the_environment(tmp_path, monkeypatch):
    for folder in ("setting", "environment"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "x.csv").write_text(folder)
    monkeypatch.setenv("BIOWORKBENCH_DATA", str(tmp_path / "environment"))
    assert data_file("x.csv").read_text() == "environment"
    assert data_file("x.csv", tmp_path / "setting").read_text() == "setting"


def test_without_a_folder_the_error_says_what_to_set(monkeypatch):
    monkeypatch.delenv("BIOWORKBENCH_DATA", raising=False)
    with pytest.raises(ValueError, match=r"'mnist\.npz' is needed; set the environment variable BIOWORKBENCH_DATA"):
        data_file("mnist.npz")


def test_a_missing_folder_or_file_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"data folder .*nowhere is missing; make it and put 'mnist\.npz' there"):
        data_file("mnist.npz", tmp_path / "nowhere")
    with pytest.raises(FileNotFoundError, match=rf"'mnist\.npz' is missing; put it at {tmp_path}"):
        data_file("mnist.npz", tmp_path)


@pytest.mark.parametrize("name", ["../secret.csv", "/etc/hostname", "link.csv"])
def test_a_path_cannot_leave_the_data_folder(tmp_path, name):
    (tmp_path / "secret.csv").write_text("1")
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "link.csv").symlink_to(tmp_path / "secret.csv")
    with pytest.raises(ValueError, match="lies outside the data folder"):
        data_file(name, tmp_path / "data")


def test_a_file_that_lies_in_this_folder_is_found_by_a_setting(tmp_path, monkeypatch):
    (tmp_path / "own.csv").write_text("a")
    (tmp_path / "data").mkdir()
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("BIOWORKBENCH_DATA", str(tmp_path / "data"))
    with pytest.raises(FileNotFoundError, match=r'own\.csv, or write data = "\." for the file in this folder'):
        data_file("own.csv")
    monkeypatch.delenv("BIOWORKBENCH_DATA")
    with pytest.raises(ValueError, match=r'holds it, or write data = "\." for the file in this folder'):
        data_file("own.csv")
    assert data_file("own.csv", ".") == tmp_path / "own.csv"


def test_a_known_file_with_other_content_is_refused(tmp_path):
    (tmp_path / "mnist.npz").write_bytes(b"something else")
    with pytest.raises(ValueError, match=r"mnist\.npz \(14 bytes\) has SHA-256 [0-9a-f]{64}, not the one known"):
        data_file("mnist.npz", tmp_path)


def test_compressed_text_is_known_by_its_content(tmp_path, monkeypatch):
    digest = hashlib.sha256(b"a,b\n1,2\n").hexdigest()
    monkeypatch.setattr(data, "KNOWN_FILES", {"t.csv.gz": {digest}})
    for level in (1, 9):
        (tmp_path / "t.csv.gz").write_bytes(gzip.compress(b"a,b\n1,2\n", level))
        assert read_text(data_file("t.csv.gz", tmp_path))[0] == "a,b\n1,2\n"


@needs_data
@pytest.mark.parametrize("name", KNOWN_FILES)
def test_the_known_files_pass(name):
    assert data_file(name).name == name


def test_arrays_come_back_in_the_order_of_their_names(tmp_path):
    np.savez_compressed(tmp_path / "a.npz", a=np.arange(3), b=np.eye(2))
    b, a = read_npz(tmp_path / "a.npz", ("b", "a"))
    np.testing.assert_array_equal(a, np.arange(3))
    np.testing.assert_array_equal(b, np.eye(2))


class Bomb:
    """Would make a folder if it were unpickled."""

    def __init__(self, path: str) -> None:
        self.path = path

    def __reduce__(self):
        return os.mkdir, (self.path,)


def test_pickles_are_refused_and_not_run(tmp_path):
    trap = tmp_path / "made"
    np.savez(tmp_path / "object.npz", a=np.array([Bomb(str(trap))], dtype=object))
    (tmp_path / "plain.npz").write_bytes(pickle.dumps(Bomb(str(trap))))
    with pytest.raises(ValueError, match=r"object\.npz is not a NumPy archive with the arrays a: Object arrays"):
        read_npz(tmp_path / "object.npz", ("a",))
    with pytest.raises(ValueError, match=r"plain\.npz is not a NumPy archive"):
        read_npz(tmp_path / "plain.npz", ("a",))
    assert not trap.exists()


def test_archives_that_are_cut_incomplete_or_too_large_are_refused(tmp_path, monkeypatch):
    np.savez(tmp_path / "a.npz", a=np.arange(1000))
    content = (tmp_path / "a.npz").read_bytes()
    (tmp_path / "cut.npz").write_bytes(content[:500])
    with pytest.raises(ValueError, match=r"cut\.npz is not a NumPy archive"):
        read_npz(tmp_path / "cut.npz", ("a",))
    with pytest.raises(ValueError, match=r"a\.npz is not a NumPy archive with the arrays a, b: 'b is not a file"):
        read_npz(tmp_path / "a.npz", ("a", "b"))
    monkeypatch.setattr(data, "MAX_BYTES", 1000)
    with pytest.raises(ValueError, match="it unpacks to 8128 bytes, more than 1000"):
        read_npz(tmp_path / "a.npz", ("a",))


def write_zip(path, members) -> None:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members:
            archive.writestr(name, content)


def test_members_come_in_the_order_of_their_names(tmp_path):
    write_zip(tmp_path / "m.zip", [("b.wav", b"2"), ("a.wav", b"1")])
    assert list(read_members(tmp_path / "m.zip", ".wav", 10)) == [("a.wav", b"1"), ("b.wav", b"2")]
    assert os.listdir(tmp_path) == ["m.zip"]


@pytest.mark.parametrize("name", ["../a.wav", "/a.wav", "folder/a.wav", "a.txt", "..\\a.wav"])
def test_members_with_paths_or_another_suffix_are_refused(tmp_path, name):
    write_zip(tmp_path / "m.zip", [(name, b"1")])
    with pytest.raises(ValueError, match=r"m\.zip: member .* must be a file '\*\.wav' without a folder"):
        list(read_members(tmp_path / "m.zip", ".wav", 10))


def test_members_of_absurd_size_are_refused(tmp_path):
    write_zip(tmp_path / "m.zip", [("a.wav", bytes(10_000_000))])
    with pytest.raises(ValueError, match=r"member 'a\.wav' has 10000000 bytes, more than 1000"):
        list(read_members(tmp_path / "m.zip", ".wav", 1000))


def test_damaged_zip_archives_are_refused(tmp_path):
    write_zip(tmp_path / "m.zip", [("a.wav", bytes(range(256)) * 10)])
    content = (tmp_path / "m.zip").read_bytes()
    (tmp_path / "cut.zip").write_bytes(content[:100])
    flipped = bytearray(content)
    flipped[60] ^= 255
    (tmp_path / "flipped.zip").write_bytes(flipped)
    for name in ("cut.zip", "flipped.zip"):
        with pytest.raises(ValueError, match=rf"{name[:-4]}\.zip is not a whole, plain zip archive"):
            list(read_members(tmp_path / name, ".wav", 10_000))
