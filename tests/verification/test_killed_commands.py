"""Commands that are killed at random moments: the next one gives the right results and sweeps what was left."""

import json
import os
import random
import signal
import subprocess
import sys
import time

import pytest
import tomli_w

from tests.documents import alone
from tests.kept_engine import seeded

N_KILLS = 30
COMMANDS = {  # where it is killed: the command, the backend, and the fraction of its time before which it is left alone
    "build": (["run", "x.toml"], "cpp", 0.3),
    "run": (["run", "x.toml"], "numpy", 0.3),
    "write": (["run", "x.toml"], "numpy", 0.7),
    "sweep": (["sweep", "x.toml", "--seeds", "0:3", "--jobs", "2"], "numpy", 0.3),
}


def started(folder, words, name):
    """A command with temporary folder, programs and results of its own."""
    (folder / f"tmp_{name}").mkdir(exist_ok=True)
    if (
        name.isdecimal() and int(name) % 3 and not (folder / f"programs_{name}").exists()
    ):  # in two of three, the engine is there already
        seeded(folder / f"programs_{name}")
    own = {"TMPDIR": str(folder / f"tmp_{name}"), "BIOWORKBENCH_CACHE": str(folder / f"programs_{name}")}
    command = [sys.executable, "-m", "bioworkbench", *words, "--results", name]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    return subprocess.Popen(command, cwd=folder, env={**os.environ, **own}, start_new_session=True, **pipes)


def scores(folder):
    return {path.parent.name: json.loads(path.read_text())["activity"] for path in folder.rglob("metrics.json")}


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
@pytest.mark.parametrize("where", COMMANDS)
def test_what_is_killed_at_any_moment_is_made_again(where, number, tmp_path):
    words, backend, earliest = COMMANDS[where]
    (tmp_path / "x.toml").write_text(tomli_w.dumps(alone() | {"backend": backend, "duration": "200 ms"}))
    begun = time.monotonic()
    assert started(tmp_path, words, "whole").wait() == 0
    seconds, expected, rng = time.monotonic() - begun, scores(tmp_path / "whole"), random.Random(5)
    for k in range(N_KILLS):
        process = started(tmp_path, words, str(k))
        time.sleep(rng.uniform(earliest, 1.0) * seconds)
        process.send_signal(number)
        _, errors = process.communicate()
        assert process.returncode in {0, -number, 128 + number}, errors
        assert "Traceback" not in errors
        again = started(tmp_path, words, str(k))
        _, errors = again.communicate()
        assert again.returncode == 0, errors
        assert scores(tmp_path / str(k)) == expected
        left = [path.name for path in (tmp_path / f"tmp_{k}").iterdir()]
        assert left == []
        assert [path for path in (tmp_path / str(k)).rglob(".*-*") if path.is_dir()] == []
