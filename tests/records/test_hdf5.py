"""HDF5 files that reach out, go in circles or boast are refused before anything is read."""

import os
import re
import shlex
import subprocess
import sys
import tempfile
from pathlib import Path

import h5py
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bioworkbench.records import elsewhere
from bioworkbench.records.hdf5 import opened


@pytest.fixture
def path(tmp_path):
    with h5py.File(tmp_path / "other.h5", "w") as file:
        file["data"] = np.arange(3)
    with h5py.File(tmp_path / "x.h5", "w") as file:
        file["good/data"] = np.arange(3)
    return tmp_path / "x.h5"


def test_a_plain_file_is_read(path):
    with opened(path) as file:
        assert list(file["good/data"]) == [0, 1, 2]


def external_link(file):
    file["good/bad"] = h5py.ExternalLink("other.h5", "/data")


def external_data(file):
    file.create_dataset("bad", (10,), "f8", external=[("/etc/passwd", 0, 80)])


def virtual(file):
    layout = h5py.VirtualLayout((3,), "i8")
    layout[:] = h5py.VirtualSource("other.h5", "data", (3,))
    file.create_virtual_dataset("bad", layout)


def circle(file):
    file["good/bad"] = file["good"]


def huge(file):
    file.create_dataset("bad", (10**12,), "f8", chunks=(1000,))


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (external_link, "/good/bad is a link to another file"),
        (external_data, "the data of /bad are in other files"),
        (virtual, "the data of /bad are in other files"),
        (circle, "the group /good.* is linked twice"),
        (huge, r"declares 80000000000\d\d bytes of data; it cannot hold them"),
    ],
)
def test_hostile_files(path, change, words):
    with h5py.File(path, "a") as file:
        change(file)
    with pytest.raises(ValueError, match=rf"x\.h5.*{words}"), opened(path):
        pass


def test_a_soft_link_to_nowhere_is_left_alone(path):
    with h5py.File(path, "a") as file:
        file["dangling"] = h5py.SoftLink("/nowhere")
    with opened(path) as file:
        assert "good" in file


def test_texts_that_have_no_end(path, monkeypatch):
    with h5py.File(path, "a") as file:
        file["good"].attrs["words"] = ["some", "words"]
        file["good/words"] = ["more", "words"]
    with opened(path) as file:
        assert list(file["good"].attrs["words"]) == ["some", "words"]
    whole = path.read_bytes()
    heap = whole.index(b"GCOL")
    changed = whole[: heap + 24] + (3877).to_bytes(8, "little") + whole[heap + 32 :]  # sends HDF5 1.14 round for ever
    path.write_bytes(changed)
    monkeypatch.setattr("bioworkbench.records.elsewhere.__file__", str(_impatient(path)))
    with pytest.raises(ValueError, match=r"x\.h5: the texts in it cannot be read to an end \(.+\); fetch or write"), opened(path):
        pass


@pytest.mark.parametrize("size", [3877, 2**62, 2**64 - 1])
def test_a_heap_without_an_end_is_found_in_files_with_a_right_checksum_too(path, monkeypatch, size):
    """Seal a changed run again: a forged one comes with a checksum that fits."""
    with h5py.File(path, "a") as file:
        file["good"].attrs["words"] = ["some", "words"] * 300  # several heaps
        file["good/words"] = ["x" * 5000, "words"]
    read = []
    monkeypatch.setattr(elsewhere, "_reason", lambda kind, asked: read.append(asked) or "it took too long")
    with opened(path, unchanged=True) as file:
        assert list(file["good/words"].asstr()) == ["x" * 5000, "words"]
    whole = path.read_bytes()
    for heap in (found.start() for found in re.finditer(b"GCOL", whole)):
        path.write_bytes(whole[: heap + 24] + size.to_bytes(8, "little") + whole[heap + 32 :])
        words = r"x\.h5: the texts in it cannot be read to an end \(it took too long\)"
        with pytest.raises(ValueError, match=words), opened(path, unchanged=True):
            pass
    assert len(read) == 2


@given(texts=st.lists(st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=300), max_size=30))
def test_honest_heaps_are_not_read_elsewhere(texts):
    with tempfile.TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        patch.setattr(elsewhere, "_reason", lambda kind, asked: "must not be asked")
        path = Path(folder) / "texts.h5"
        with h5py.File(path, "w") as file:
            file.attrs["first"] = "some words"
            file.create_dataset("texts", data=texts, dtype=h5py.string_dtype())
            for number, text in enumerate(texts[:10]):
                file.attrs[f"text {number}"] = text
            for number in range(0, len(texts[:10]), 2):
                del file.attrs[f"text {number}"]  # leaves room in a heap
        with opened(path, unchanged=True) as file:
            assert [text.decode() for text in file["texts"]] == texts


def _impatient(path):
    """The module with a second of patience."""
    script = path.with_name("impatient.py")
    script.write_text(Path(elsewhere.__file__).read_text().replace("_SECONDS, _MEMORY = 5", "_SECONDS, _MEMORY = 1"))
    return script


def test_texts_are_read_elsewhere_once_for_each_content(path, monkeypatch):
    with h5py.File(path, "a") as file:
        file["names"] = ["one", "three"]
    read = []
    monkeypatch.setattr(elsewhere, "_SOUND", set())
    monkeypatch.setattr(elsewhere, "_reason", lambda kind, asked: read.append(asked) or "")
    for _ in range(2):
        with opened(path) as file:
            assert len(file["names"]) == 2
    with h5py.File(path, "a") as file:
        file["more"] = ["four"]
    with opened(path):
        assert read == [path, path]


@pytest.mark.parametrize("gigabytes", [2, 4])
def test_texts_are_read_under_a_limit_on_memory(tmp_path, gigabytes):
    """What reads them asks for no more than the limit that this process has itself."""
    with h5py.File(tmp_path / "texts.h5", "w") as file:
        file["texts"] = ["a", "longer"]
    path = str(tmp_path / "texts.h5")
    code = f"from bioworkbench.records.hdf5 import opened\nwith opened({path!r}) as file: print(file['texts'][1].decode())"
    command = f"ulimit -v {gigabytes * 2**20} && exec {shlex.quote(sys.executable)} -c {shlex.quote(code)}"
    environment = {**os.environ, "OPENBLAS_NUM_THREADS": "1"}
    done = subprocess.run(["bash", "-c", command], capture_output=True, text=True, check=False, env=environment)
    assert done.stdout == "longer\n", done.stderr
