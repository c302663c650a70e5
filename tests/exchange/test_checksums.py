"""Checksums of exports: a turned bit is noticed where the format does not notice it, and files without them are read."""

import h5py
import numpy as np
import pytest

from bioworkbench.exchange.checksums import check_folder, seal_export
from bioworkbench.records.hdf5 import mark_content, opened

pytestmark = pytest.mark.filterwarnings("error")


@pytest.fixture
def folder(tmp_path):
    """An export of two files."""
    (tmp_path / "run" / "network").mkdir(parents=True)
    (tmp_path / "run" / "config.json").write_text('{"tau": 20}')
    with h5py.File(tmp_path / "run" / "network" / "edges.h5", "w") as file:
        file.attrs["version"] = np.array([0, 1], dtype=np.uint32)
        file["weights"] = np.arange(2000.0)
        file["one"] = 1.5
        file["texts"] = ["a", "b"]
        file["weights"].attrs["unit"] = "volt"
    seal_export(tmp_path / "run")
    return tmp_path / "run"


def change(path, name, value):
    with h5py.File(path, "r+") as file:
        if "." in name:
            dataset, attribute = name.split(".")
            (file[dataset] if dataset else file).attrs[attribute] = value
        else:
            file[name][...] = value


def test_files_as_written_are_read(folder):
    check_folder(folder)
    with opened(folder / "network" / "edges.h5") as file:
        assert file["one"][()] == 1.5
    mark_content(folder / "network" / "edges.h5")  # again: the mark itself is not part of what is marked
    with opened(folder / "network" / "edges.h5") as file:
        assert len(file["weights"]) == 2000


@pytest.mark.parametrize(
    ("name", "value"), [("one", 1.25), ("texts", "c"), ("weights.unit", "mvolt"), (".version", [0, 2]), ("weights", 1.0)]
)
def test_whatever_changed_is_noticed(folder, name, value):
    path = folder / "network" / "edges.h5"
    change(path, name, value)
    with (
        pytest.warns(RuntimeWarning, match=r"edges\.h5: its content changed since bioworkbench wrote it \(SHA-256\)"),
        opened(path),
    ):
        pass


@pytest.mark.thorough
def test_every_bit_of_the_values_counts(folder):
    path = folder / "network" / "edges.h5"
    whole = path.read_bytes()
    place = whole.index(np.arange(2000.0).tobytes())
    for bit in range(0, 8 * 16000, 7919):
        content = bytearray(whole)
        content[place + bit // 8] ^= 1 << bit % 8
        path.write_bytes(content)
        with pytest.warns(RuntimeWarning, match="its content changed since bioworkbench wrote it"), opened(path):
            pass


def test_other_files_of_a_folder(folder):
    (folder / "config.json").write_text('{"tau": 21}')
    with pytest.warns(
        RuntimeWarning, match=r"run: 'config\.json' is not as SHA256SUMS lists it; unless it was edited on purpose"
    ):
        check_folder(folder)
    (folder / "config.json").unlink()
    with pytest.warns(RuntimeWarning, match=r"'config\.json' is not as SHA256SUMS lists it"):
        check_folder(folder)
    (folder / "SHA256SUMS").write_text(f"{'0' * 64}  ../outside\n")
    with pytest.warns(RuntimeWarning, match=r"'\.\./outside' is not as"):
        check_folder(folder)
    (folder / "SHA256SUMS").unlink()
    check_folder(folder)
