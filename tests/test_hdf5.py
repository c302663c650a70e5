"""HDF5 files that reach out, go in circles or boast are refused before anything is read."""

import h5py
import numpy as np
import pytest

from bioworkbench.hdf5 import opened


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


def test_a_heap_of_texts_that_has_no_end(path):
    with h5py.File(path, "a") as file:
        file.attrs["words"] = ["some", "words"]
    whole = path.read_bytes()
    heap = whole.index(b"GCOL")
    for size in (3877, 2**63, 2**64 - 16):  # the first sends HDF5 1.14 round for ever
        path.write_bytes(whole[: heap + 24] + size.to_bytes(8, "little") + whole[heap + 32 :])
        with pytest.raises(ValueError, match=rf"x\.h5: the heap of texts at byte {heap} is damaged; fetch"), opened(path):
            pass
    path.write_bytes(whole)
    with opened(path) as file:
        assert list(file.attrs["words"]) == ["some", "words"]
