"""The cache of programs: built once by one process, never removed in use, kept below its limit, whatever dies meanwhile."""

import errno
import os
import resource
import subprocess
import sys
import threading
import time

import pytest

from bioworkbench.records.errors import SimulationError
from bioworkbench.simulation.backends.cpp.programs import cache_limit, clear_programs, make_room, program_in_use, programs

STRUCTURE = {"populations": [["exc", 400, 0]], "projections": [["exc", "exc", 7]], "run": [64, 200, "0.0005", 1]}


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("BIOWORKBENCH_CACHE", str(tmp_path / "programs"))
    return tmp_path / "programs"


def build(folder, size=1000):
    (folder / "main").write_bytes(b"x" * size)
    return STRUCTURE


def made(key, age=0.0):
    """Make a small program that was last used `age` seconds ago."""
    with program_in_use(key, build) as folder:
        pass
    os.utime(folder, (time.time() - age,) * 2)
    return folder


def refuse(folder):
    raise AssertionError(f"{folder} is built again")


def test_a_program_is_built_once_and_described():
    folder = made("a")
    with program_in_use("a", refuse) as again:
        assert again == folder
    (program,) = programs()
    assert str(program) == "exc 400; 7 synapses; 64 copies, 200 steps of 0.5 ms"
    assert program.size == 1000 + (folder / "program.json").stat().st_size
    assert time.time() - program.used < 60


def test_the_programs_not_used_for_longest_go_first():
    for key, age in (("old", 300), ("new", 100), ("older", 400)):
        made(key, age)
    one = programs()[0].size
    assert [program.folder.name for program in make_room(one + 10)] == ["older", "old"]
    assert [program.folder.name for program in programs()] == ["new"]
    assert make_room(one) == []


def test_a_new_program_makes_room_and_stays(monkeypatch):
    made("old", 100)
    monkeypatch.setenv("BIOWORKBENCH_CACHE_LIMIT", "1.5e-6")
    made("new")
    assert [program.folder.name for program in programs()] == ["new"]


def test_a_program_in_use_is_not_removed():
    made("old", 100)
    with program_in_use("old", refuse) as folder:
        made("new")
        os.utime(folder, (0, 0))
        assert [program.folder.name for program in make_room(0)] == ["new"]
        made("other")
        removed, kept = clear_programs()
        assert [program.folder.name for program in removed] == ["other"]
        assert [program.folder.name for program in kept] == ["old"]
        assert (folder / "main").exists()
    assert len(clear_programs()[0]) == 1


def test_clearing_removes_what_killed_and_failed_builds_left(cache):
    made("a")
    (cache / "b.xyz" / "program").mkdir(parents=True)
    (cache / "b.log").write_text("error")
    clear_programs()
    assert {path.suffix for path in cache.iterdir()} == {".lock"}


def test_a_damaged_program_is_not_listed():
    (made("a") / "program.json").write_text("{")
    assert programs() == []


@pytest.mark.parametrize("change", ["flipped", "missing", "no seal", "another's"])
def test_a_damaged_program_is_built_again(change):
    folder = made("a")
    if change == "flipped":
        (folder / "main").write_bytes(b"y" + b"x" * 999)
    elif change == "missing":
        (folder / "main").unlink()
    elif change == "no seal":
        (folder / "program.json").unlink()
    else:
        folder = made("b").replace(folder.with_name("c"))
    with program_in_use(folder.name, build) as again:
        assert (again / "main").read_bytes() == b"x" * 1000
    with program_in_use(folder.name, refuse):
        pass


@pytest.mark.parametrize("place", ["", "main", ".."])
def test_a_program_that_others_may_write_is_refused(cache, place):
    path = (made("a") / place).resolve()
    path.chmod(path.stat().st_mode | 0o002)
    with pytest.raises(SimulationError, match=r"are not run: .* can be written by everybody.* Set BIOWORKBENCH_CACHE"):
        made("a")
    if place == "..":
        with pytest.raises(SimulationError, match=r"are not run: .* can be written by everybody"):
            made("another")
    path.chmod(path.stat().st_mode & ~0o022)
    with program_in_use("a", refuse):
        pass


def test_programs_can_be_changed_by_their_owner_alone_whatever_the_umask(cache):
    before = os.umask(0)
    try:
        folder = made("a")
    finally:
        os.umask(before)
    assert [path for path in (cache, folder, *folder.rglob("*")) if path.stat().st_mode & 0o022] == []


def test_a_killed_build_is_made_again_and_its_rest_removed(cache):
    """The builder dies with SIGKILL, its lock and a half-filled folder behind it."""
    words = (
        "import os, signal\nfrom bioworkbench.simulation.backends.cpp.programs import program_in_use\n"
        "def build(folder):\n    (folder / 'main').write_bytes(b'half')\n    os.kill(os.getpid(), signal.SIGKILL)\n"
        "with program_in_use('a', build): pass\n"
    )
    assert subprocess.run([sys.executable, "-c", words], check=False).returncode == -9
    assert len(list(cache.glob("a.*"))) == 2
    assert programs() == []
    assert (made("a") / "main").stat().st_size == 1000
    assert {path.name for path in cache.iterdir()} == {"a", "a.lock"}


def test_one_thread_builds_while_others_wait():
    built, seen = [], []

    def slowly(folder):
        built.append(folder)
        time.sleep(0.2)
        return build(folder)

    def use():
        with program_in_use("a", slowly) as folder:
            seen.append((folder / "main").stat().st_size)

    threads = [threading.Thread(target=use) for _ in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(built) == 1
    assert seen == [1000] * 5


def test_a_program_in_a_cache_that_cannot_be_written_still_runs(cache):
    made("a")
    (cache / "a.lock").unlink()
    (cache / "a.lock").mkdir()
    with program_in_use("a", refuse) as folder:
        assert folder.name == "a"


def test_a_full_disk_is_named(cache):
    """A limit on the size of files stands for the end of the disk."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (500, hard))
    try:
        with (
            pytest.raises(SimulationError, match=rf"cannot write a program to {cache}: .* \(bioworkbench cache --clear\)"),
            program_in_use("a", build),
        ):
            pass
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert programs() == []
    assert made("a").is_dir()


def test_an_error_of_the_user_is_not_one_of_the_cache():
    with pytest.raises(OSError, match="No space"), program_in_use("a", build):
        raise OSError(errno.ENOSPC, "No space")


@pytest.mark.parametrize("given", ["much", "0", "-1", "nan"])
def test_a_limit_must_be_a_number(monkeypatch, given):
    monkeypatch.setenv("BIOWORKBENCH_CACHE_LIMIT", given)
    with pytest.raises(SimulationError, match=rf"BIOWORKBENCH_CACHE_LIMIT = '{given}': must be a number of gigabytes"):
        cache_limit()


def test_the_limit_is_2_gigabytes_unless_set(monkeypatch):
    monkeypatch.delenv("BIOWORKBENCH_CACHE_LIMIT", raising=False)
    assert cache_limit() == 2_000_000_000
