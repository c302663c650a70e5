"""What works where a system lacks what POSIX has, as Windows does."""

import subprocess
import sys
from pathlib import Path

import h5py
import pytest

from bioworkbench.records import elsewhere, hdf5, posix
from bioworkbench.simulation import integrity
from bioworkbench.simulation.backends.cpp import toolchain
from tests import house

POSIX = {"fcntl", "grp", "pty", "pwd", "resource", "syslog", "termios", "tty"}
WITHOUT = f"""
import sys
class Missing:
    def find_spec(self, name, path=None, target=None):
        if name in {sorted(POSIX)!r}:
            raise ModuleNotFoundError(f"No module named '{{name}}'", name=name)
sys.meta_path.insert(0, Missing())
for name in {sorted(POSIX)!r}:
    sys.modules.pop(name, None)
"""
RUN = """
import bioworkbench as bw
from bioworkbench.exchange.sonata_spikes import read_sonata_trains
from bioworkbench.neurons import noisy_lif
network = bw.Network((bw.Population("cells", 3, noisy_lif()),))
recording = bw.simulate(network, bw.silence(0.002), 1, dt=1e-3)
print(recording.backend, "fcntl" in sys.modules)
"""
ALL = """
import importlib, pkgutil, bioworkbench
for module in pkgutil.walk_packages(bioworkbench.__path__, "bioworkbench."):
    if not module.name.endswith("__main__"):
        importlib.import_module(module.name)
"""


def without_posix(code):
    return subprocess.run([sys.executable, "-c", WITHOUT + code], capture_output=True, text=True, check=False)


@pytest.mark.thorough
def test_a_network_runs_without_posix():
    done = without_posix(RUN)
    assert done.stdout.split() == ["numpy", "False"], done.stderr


@pytest.mark.slow
def test_every_module_imports_without_posix():
    done = without_posix(ALL)
    assert done.returncode == 0, done.stderr


def test_posix_modules_are_imported_behind_one_fence():
    """Elsewhere an import of them would end the import of the package on Windows."""
    found = {house.place(path) for path, tree in house.trees().items() if POSIX & set(house.imports(tree))}
    assert found == {"records/elsewhere.py"}  # a program of its own, which looks first


def test_compiled_programs_need_posix(monkeypatch):
    monkeypatch.setattr(toolchain, "fcntl", None)
    assert "a POSIX system" in toolchain.missing_compiler()
    monkeypatch.setattr(integrity, "pwd", None)
    assert integrity.untrusted(Path(__file__).parent, inside=False) is not None
    monkeypatch.delattr("os.geteuid")
    assert posix.user_id() == 0


def test_texts_without_limits_have_the_clock(tmp_path, monkeypatch):
    with h5py.File(tmp_path / "x.h5", "w") as file:
        file["words"] = ["a", "b"]
    monkeypatch.setattr(elsewhere, "resource", None)
    monkeypatch.setattr(elsewhere, "_PATIENCE", 1e-3)
    with (
        pytest.raises(ValueError, match=r"cannot be read to an end \(it took more than 0\.001 s\)"),
        hdf5.opened(tmp_path / "x.h5"),
    ):
        pass
    monkeypatch.setattr(elsewhere, "_PATIENCE", 60)
    with hdf5.opened(tmp_path / "x.h5") as file:
        assert len(file["words"]) == 2


@pytest.mark.parametrize(
    ("refused", "expected"),
    [((), "-march=native"), (("-march=native",), "-mcpu=native"), (("-march=native", "-mcpu=native"), None)],
)
def test_flags_are_those_that_the_compiler_takes(tmp_path, monkeypatch, refused, expected):
    """Clang on some Macs knows no -march=native."""
    script = tmp_path / "g++"
    tests = "".join(f'[ "$1" = "{flag}" ] && exit 1\n' for flag in refused)
    script.write_text(f"#!/bin/sh\n{tests}exit 0\n")
    script.chmod(0o755)
    monkeypatch.setattr(toolchain, "compiler", lambda: str(script))
    toolchain.flags.cache_clear()
    try:
        found = toolchain.flags()
    finally:
        toolchain.flags.cache_clear()
    assert [flag for flag in found if flag.endswith("=native")] == ([expected] if expected else [])
    assert {"-O3", "-std=c++17", "-pthread"} < set(found)
