"""Signals end a command with a message and an exit code that say so, and leave nothing behind."""

import os
import signal
import subprocess
import sys
import threading
import time

import pytest
import tomli_w

from bioworkbench.commands.interruption import Ended, ending, interruptible
from tests.documents import alone
from tests.kept_engine import seeded

WHERE = {"run": ["run", "x.toml"], "sweep": ["sweep", "x.toml", "--seeds", "0:4", "--jobs", "2"]}

IGNORED = signal.getsignal(signal.SIGHUP) is signal.SIG_IGN  # as below nohup, which commands then leave so
WITHOUT_NOHUP = pytest.mark.skipif(IGNORED, reason="SIGHUP is ignored here")


@pytest.mark.parametrize(
    ("error", "code", "words"),
    [
        (KeyboardInterrupt(), 130, "interrupted; finished runs are kept"),
        (Ended(signal.SIGINT), 130, "interrupted; finished runs are kept"),
        (Ended(signal.SIGTERM), 143, "ended by SIGTERM; finished"),
        (Ended(signal.SIGHUP), 129, "ended by SIGHUP; finished"),
    ],
)
def test_codes_are_128_and_the_signal(error, code, words):
    found, message = ending(error)
    assert found == code
    assert message.startswith(words)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, pytest.param(signal.SIGHUP, marks=WITHOUT_NOHUP)])
def test_a_signal_is_an_interruption_inside_and_itself_again_afterward(number):
    before = signal.getsignal(number)

    def ask():
        os.kill(os.getpid(), number)
        time.sleep(1)

    with pytest.raises(Ended, match=r"^$"), interruptible():
        ask()
    assert signal.getsignal(number) is before


def test_a_signal_that_is_ignored_stays_so():
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with interruptible():
            os.kill(os.getpid(), signal.SIGHUP)
    finally:
        signal.signal(signal.SIGHUP, before)


@pytest.mark.parametrize(
    "importing",
    [
        "from bioworkbench.commands.sparing import imported; imported('bioworkbench.records.units')",
        "import bioworkbench.gallery.runs",  # as a figure does that is drawn while somebody watches
    ],
)
def test_an_interruption_that_is_ignored_stays_so_when_brian2_has_been_imported(importing):
    """As below ``nohup ... &``; Brian2 hands the signal on to what was set before, as to a function."""
    code = f"""
import os, signal
signal.signal(signal.SIGINT, signal.SIG_IGN)
{importing}
os.kill(os.getpid(), signal.SIGINT)
print(signal.getsignal(signal.SIGINT) is signal.SIG_IGN)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "True\n"), done.stderr


def test_other_threads_leave_signals_alone():
    seen = []

    def work():
        with interruptible():
            seen.append(signal.getsignal(signal.SIGTERM))

    before = signal.getsignal(signal.SIGTERM)
    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert seen == [before]


SEND = "import os, signal; os.kill(os.getpid(), signal.SIG{name})"
SWALLOWED = """
class Kept:
    def __del__(self):
        {send}
        sum(range(100))

Kept()
while True:
    pass
"""
HALF_MADE = """
class Whole:
    def __init__(self):
        self.itself = self
        {send}
        self.rest = 1

    def __del__(self):
        self.rest

Whole()
"""
PLACES = {"text": "exec({send!r})", "destructor": SWALLOWED, "constructor": HALF_MADE}
"""Where a signal can come: in a text that runs (its KeyboardInterrupt makes Python kill itself), where nothing can be raised, and
where an object is left half made, whose end then fails."""


@pytest.mark.parametrize("name", ["INT", "TERM"])
@pytest.mark.parametrize("place", PLACES)
def test_signals_end_a_command_wherever_it_is(place, name, tmp_path):
    body = PLACES[place].format(send=SEND.format(name=name))
    (tmp_path / "command.py").write_text(
        "import sys\nfrom bioworkbench import __main__\n"
        f"def body(*_, **__):\n    exec({body!r}, {{}})\n"
        "__main__.app_for = lambda words: body\n__main__.main()\n"
    )
    done = subprocess.run([sys.executable, "command.py"], cwd=tmp_path, capture_output=True, text=True, timeout=60)
    assert done.returncode == 128 + signal.Signals[f"SIG{name}"], done.stderr
    assert "finished runs are kept" in done.stderr
    assert "Traceback" not in done.stderr


def command(tmp_path, words, **spec):
    """Start a command on a long run, with temporary folders of its own, and wait until it simulates."""
    (tmp_path / "tmp").mkdir(exist_ok=True)
    (tmp_path / "x.toml").write_text(tomli_w.dumps(alone() | {"duration": "200 s"} | spec))
    environment = {**os.environ, "TMPDIR": str(tmp_path / "tmp"), "BIOWORKBENCH_CACHE": str(seeded(tmp_path / "programs"))}
    process = subprocess.Popen(
        [sys.executable, "-m", "bioworkbench", *words], cwd=tmp_path, env=environment, stderr=subprocess.PIPE, text=True
    )
    until = time.monotonic() + 120
    while not list((tmp_path / "tmp").glob("bioworkbench-*")):
        assert process.poll() is None and time.monotonic() < until, process.stderr.read()  # noqa: PT018
        time.sleep(0.02)
    return process


@pytest.mark.parametrize(
    ("where", "number"),
    [
        ("run", signal.SIGTERM),
        *(
            pytest.param(*case, marks=pytest.mark.thorough)
            for case in (("run", signal.SIGINT), ("sweep", signal.SIGTERM), ("sweep", signal.SIGINT))
        ),
        *(pytest.param(where, signal.SIGHUP, marks=[pytest.mark.thorough, WITHOUT_NOHUP]) for where in WHERE),
    ],
)
def test_commands_end_at_once_and_leave_nothing(where, number, tmp_path):
    process = command(tmp_path, WHERE[where])
    process.send_signal(number)
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 128 + number, errors
    assert "finished runs are kept" in errors
    assert "Traceback" not in errors
    assert list((tmp_path / "tmp").iterdir()) == []
    folders = [tmp_path / "results", *(path for path in (tmp_path / "results").rglob("*") if path.is_dir())]
    assert [path for path in folders if path.exists() and not any(path.iterdir())] == []
    assert where == "sweep" or not (tmp_path / "results").exists()


@pytest.mark.thorough
def test_sweeps_run_where_temporary_folders_have_long_paths(tmp_path):
    """A Unix socket's path is at most 107 bytes long, and batch systems nest temporary folders."""
    folder = tmp_path.joinpath(*["nested-temporary-folder"] * 5)
    folder.mkdir(parents=True)
    (tmp_path / "x.toml").write_text(tomli_w.dumps(alone()))
    command = [sys.executable, "-m", "bioworkbench", "sweep", "x.toml", "--seeds", "0:2", "--jobs", "2"]
    done = subprocess.run(command, cwd=tmp_path, env={**os.environ, "TMPDIR": str(folder)}, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert list(folder.iterdir()) == []


@pytest.mark.thorough
def test_programs_end_with_the_command(tmp_path):
    """Backend cpp, in two jobs: no program goes on, and none is waited for."""
    process = command(tmp_path, ["run", "x.toml", "--jobs", "2"], backend="cpp", n_trials=4, duration="3000 s")
    until = time.monotonic() + 120
    while not (running := _programs(tmp_path)):
        assert time.monotonic() < until
        time.sleep(0.05)
    process.terminate()
    process.communicate(timeout=120)
    assert process.returncode == 143
    assert running
    assert _programs(tmp_path) == []


def _programs(folder):
    """Processes whose working folder lies in a folder."""
    found = []
    for number in filter(str.isdigit, os.listdir("/proc")):
        try:
            name = os.readlink(f"/proc/{number}/cwd")
        except OSError:
            continue
        found += [int(number)] if name.startswith(f"{folder}/tmp/") else []
    return found
