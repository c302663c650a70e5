"""Temporary folders: gone at the end, swept after a kill, those of the living untouched."""

import os
import signal
import subprocess
import sys
import time

import pytest

from bioworkbench.simulation import scratch
from bioworkbench.simulation.processes import completed, end_processes, started
from bioworkbench.simulation.scratch import PREFIX, scratch_folder, sweep_scratch


@pytest.fixture(autouse=True)
def temporary(tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    return tmp_path


KILLED = f"""
import importlib.util, os
spec = importlib.util.spec_from_file_location("scratch", {scratch.__file__!r})  # without the package, which takes long to import
scratch = importlib.util.module_from_spec(spec)
spec.loader.exec_module(scratch)
with scratch.scratch_folder() as place:
    (place / "half").write_text("x")
    os.kill(os.getpid(), 9)
"""


def killed(folder):
    """A process that has a scratch folder is killed."""
    done = subprocess.run([sys.executable, "-c", KILLED], env={**os.environ, "TMPDIR": str(folder)}, check=False)
    assert done.returncode == -signal.SIGKILL


def ours(folder):
    return sorted(folder.glob(f"{PREFIX}*"))


def test_it_is_gone_however_the_block_ends(temporary):
    with scratch_folder() as place:
        (place / "file").write_text("x")
    with pytest.raises(KeyboardInterrupt, match=r"^$"), scratch_folder():
        raise KeyboardInterrupt
    assert list(temporary.iterdir()) == []


def test_what_a_killed_process_left_is_swept_and_the_living_keep_theirs(temporary):
    with scratch_folder() as own:
        killed(temporary)
        assert len(ours(temporary)) == 2
        (swept,) = sweep_scratch()
        assert swept != own
        assert ours(temporary) == [own]
        killed(temporary)
        with scratch_folder() as other:
            assert ours(temporary) == sorted([own, other])


def test_a_folder_that_is_swept_before_it_is_locked_is_made_again(temporary, monkeypatch):
    """Another process finds the lock's file between its making and its locking, and removes the folder."""
    acquire, seen = scratch.FileLock.acquire, []

    def late(lock, *args, **settings):
        acquire(lock, *args, **settings)
        seen.append(lock.lock_file)
        if len(seen) == 1:
            scratch.shutil.rmtree(os.path.dirname(lock.lock_file))

    monkeypatch.setattr(scratch.FileLock, "acquire", late)
    with scratch_folder() as place:
        assert len(seen) == 2
        assert (place / ".lock").exists()
    assert ours(temporary) == []


ALONE = KILLED.split("with scratch")[0]
MANY = f"""{ALONE}
for _ in range(200):
    with scratch.scratch_folder() as place:
        (place / "file").write_text("x")
"""


def test_many_processes_make_and_sweep_at_once(temporary):
    """Each sweeps all the time what the others are about to lock."""
    command, environment = [sys.executable, "-c", MANY], {**os.environ, "TMPDIR": str(temporary)}
    crew = [subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, text=True) for _ in range(4)]
    errors = [process.communicate()[1] for process in crew]
    assert [process.returncode for process in crew] == [0] * 4, errors
    assert ours(temporary) == []


INTERRUPTED = (
    ALONE
    + """
class Interrupted(KeyboardInterrupt):
    pass

def interrupt(*_):
    raise Interrupted

make = scratch.Path.mkdir
scratch.Path.mkdir = lambda path, **how: (make(path, **how), interrupt())
try:
    scratch.scratch_folder().__enter__()
except Interrupted:
    pass
scratch.Path.mkdir = make
kept = scratch.scratch_folder()  # a signal between the end of `__enter__` and the block keeps its end from being called
print(kept.__enter__().exists())
import sys
sys.modules["kept"] = kept
"""
)


def test_an_interruption_between_two_lines_leaves_nothing(temporary):
    command = [sys.executable, "-c", INTERRUPTED]
    done = subprocess.run(command, env={**os.environ, "TMPDIR": str(temporary)}, capture_output=True, text=True, check=True)
    assert done.stdout == "True\n"
    assert ours(temporary) == []


def test_folders_that_are_about_to_be_locked_stay_for_an_hour(temporary):
    young, old = temporary / f"{PREFIX}young", temporary / f"{PREFIX}old"
    for folder in (young, old):
        folder.mkdir()
    os.utime(old, (time.time() - 4000,) * 2)
    assert sweep_scratch() == [old]


def test_what_is_not_a_folder_of_this_user_stays(temporary, monkeypatch):
    (temporary / "elsewhere").mkdir()
    (temporary / "elsewhere" / ".lock").write_text("")
    link = temporary / f"{PREFIX}link"
    link.symlink_to(temporary / "elsewhere")
    (temporary / f"{PREFIX}file").write_text("")
    assert sweep_scratch() == []
    killed(temporary)
    monkeypatch.setattr("os.geteuid", lambda: os.getuid() + 1)
    assert sweep_scratch() == []


def test_a_process_ends_with_all_it_started(tmp_path):
    """A shell that starts another process, as a compiler does: both are gone after the block."""
    with started(["sh", "-c", "sleep 100 & echo $!; wait"], tmp_path, {}, subprocess.DEVNULL) as process:
        child = int(process.stdout.readline())
        assert _lives(child)
    assert not _lives(child)


def test_all_processes_end_at_an_interruption(tmp_path):
    with started(["sleep", "100"], tmp_path, {}, subprocess.DEVNULL) as process:
        end_processes()
        assert process.wait() == -signal.SIGKILL


def test_a_command_says_what_it_says(tmp_path):
    done = completed(["sh", "-c", "echo $COLOR; echo no >&2; exit 3"], tmp_path, {"COLOR": "red"})
    assert (done.returncode, done.stdout, done.stderr) == (3, "red\n", "no\n")


def _lives(number):
    for _ in range(100):  # until the process that inherits it has seen that it ended
        try:
            with open(f"/proc/{number}/stat") as file:
                if file.read().rsplit(")", 1)[1].split()[0] == "Z":
                    return False
        except OSError:
            return False
        time.sleep(0.01)
    return True
