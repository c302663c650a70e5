"""Brian2's log files of our processes."""

import os
import subprocess
import sys

from bioworkbench.records.logs import forget_brian2_log

LOGGED = """
import os, brian2
from bioworkbench.records.logs import forget_brian2_log
assert len(os.listdir(os.environ["TMPDIR"])) >= 1
forget_brian2_log()
forget_brian2_log()
brian2.get_logger("ours").debug("still there")
os.kill(os.getpid(), 9)
"""


def test_a_killed_process_leaves_no_log(tmp_path):
    environment = {**os.environ, "TMPDIR": str(tmp_path)}
    done = subprocess.run([sys.executable, "-c", LOGGED], env=environment, check=False, capture_output=True, text=True)
    assert done.returncode == -9, done.stderr
    assert list(tmp_path.iterdir()) == []


def test_without_brian2_there_is_nothing_to_do(monkeypatch):
    monkeypatch.delitem(sys.modules, "brian2.utils.logger", raising=False)
    forget_brian2_log()
