"""Files that are run are those that were written: damage is found, and what others could have written is refused."""

import os
from dataclasses import dataclass
from types import SimpleNamespace

import numpy as np
import pytest

from bioworkbench.records.errors import SimulationError
from bioworkbench.simulation import integrity
from bioworkbench.simulation.integrity import SEAL, check_trusted, sealed_content, untrusted, write_seal

ABOUT = {"populations": [["exc", 3]]}


@pytest.fixture
def program(tmp_path):
    folder = tmp_path / "cache" / "abc"
    (folder / "static_arrays").mkdir(parents=True)
    rng = np.random.default_rng(1)
    (folder / "main").write_bytes(rng.bytes(3000))
    (folder / "static_arrays" / "index").write_bytes(rng.bytes(800))
    (folder / "static_arrays" / "empty").write_bytes(b"")
    write_seal(folder, "abc", ABOUT)
    return folder


def flipped(path, rng):
    """Flip one bit of a file."""
    content = bytearray(path.read_bytes())
    content[rng.integers(len(content))] ^= 1 << int(rng.integers(8))
    path.write_bytes(content)


def test_a_whole_folder_says_what_it_holds(program):
    assert sealed_content(program) == ABOUT
    assert sealed_content(program, files=False) == ABOUT


@pytest.mark.parametrize("name", ["main", "static_arrays/index", SEAL])
@pytest.mark.parametrize("seed", range(100))
def test_every_flipped_bit_is_found(program, name, seed):
    """One bit of a program, a table or the seal; in the seal, white space may change without a change of what it says."""
    flipped(program / name, np.random.default_rng(seed))
    assert sealed_content(program) is None


@pytest.mark.parametrize("change", ["missing", "longer", "more", "renamed", "no seal", "a number", "other name"])
def test_every_other_change_is_found(program, change):
    match change:
        case "missing":
            (program / "static_arrays" / "empty").unlink()
        case "longer":
            (program / "main").write_bytes((program / "main").read_bytes() + b"\0")
        case "more":
            (program / "static_arrays" / "more").write_bytes(b"")
        case "renamed":
            (program / "static_arrays" / "index").rename(program / "static_arrays" / "indices")
        case "no seal":
            (program / SEAL).unlink()
        case "a number":
            (program / SEAL).write_text("3")
        case "other name":
            program = program.rename(program.with_name("abd"))
    assert sealed_content(program) is None


def test_a_folder_of_ones_own_is_trusted(program):
    assert untrusted(program) == ""
    check_trusted(program)


@pytest.mark.parametrize("place", ["", "main", "static_arrays", "static_arrays/index", ".."])
@pytest.mark.parametrize(("mode", "who"), [(0o002, "everybody"), (0o020, "the group")])
def test_what_others_may_write_is_refused(program, place, mode, who, monkeypatch):
    monkeypatch.setattr(integrity, "_is_private", lambda _: False)
    path = (program / place).resolve()
    path.chmod(path.stat().st_mode | mode)
    with pytest.raises(SimulationError, match=rf"are not run: {path} can be written by {who}.*chmod go-w"):
        check_trusted(program)


def test_a_group_of_ones_own_may_write(program, monkeypatch):
    """As on systems where every user has a group, and new files can be written by it."""
    me = integrity.pwd.getpwuid(os.geteuid())
    for group, trusted in [
        (SimpleNamespace(gr_name=me.pw_name, gr_mem=[]), True),
        (SimpleNamespace(gr_name=me.pw_name, gr_mem=["eve"]), False),
        (SimpleNamespace(gr_name="lab", gr_mem=[]), False),
    ]:
        monkeypatch.setattr(integrity, "grp", SimpleNamespace(getgrgid=lambda _, group=group: group))
        program.chmod(0o775)
        assert (untrusted(program) == "") == trusted


def test_the_sticky_bit_keeps_others_off_above_the_folder_only(program):
    program.parent.chmod(0o1777)
    assert untrusted(program) == ""
    program.chmod(0o1777)
    assert "can be written by everybody" in untrusted(program)


def test_what_a_umask_grants_is_taken_back(program, monkeypatch):
    monkeypatch.setattr(integrity, "_is_private", lambda _: False)
    for path in (program, *program.rglob("*")):
        path.chmod(path.stat().st_mode | 0o022)
    assert "can be written by the group" in untrusted(program)
    integrity.restrict_to_owner(program)
    assert untrusted(program) == ""
    (program / "main").chmod(0o777)
    assert untrusted(program, inside=False) == ""


def test_links_are_refused(program):
    (program / "static_arrays" / "index").unlink()
    (program / "static_arrays" / "index").symlink_to("/etc/hostname")
    with pytest.raises(SimulationError, match="index is a link"):
        check_trusted(program)


@dataclass
class Stat:
    """What `os.lstat` says of a file of another user."""

    st_uid: int
    st_mode: int = 0o100755
    st_gid: int = 0


def test_files_of_another_user_are_refused(program, monkeypatch):
    assert integrity._problem(program, Stat(0), inside=True) == ""
    monkeypatch.setattr(
        integrity, "untrusted", lambda folder, inside: integrity._problem(folder, Stat(os.geteuid() + 4711), inside=True)
    )
    with pytest.raises(SimulationError, match=r"abc belongs to user \d+, and must belong to user .* or root"):
        check_trusted(program)
