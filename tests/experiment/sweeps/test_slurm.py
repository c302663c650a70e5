"""Sweeps as jobs of SLURM, with an sbatch that runs the job script here instead of queueing it."""

import os
import re
import shutil
import signal
import sys
import time
from contextlib import contextmanager, suppress
from importlib.util import find_spec

import pytest
import tomli_w
from typer.testing import CliRunner

from bioworkbench.__main__ import app_for
from bioworkbench.experiment.sweeps import slurm
from bioworkbench.experiment.sweeps.slurm import SlurmJobs, parse_jobs, slurm_cluster
from bioworkbench.records.errors import SimulationError
from tests.documents import alone

SBATCH = """#!/bin/sh
cp "$1" "$SCRIPTS/"
setsid sh "$SCRIPTS/$(basename "$1")" > "$SCRIPTS/log" 2>&1 &
echo $! > "$SCRIPTS/pid"
echo "Submitted batch job 7"
"""
SCANCEL = """#!/bin/sh
echo "$@" > "$SCRIPTS/cancelled"
"""


@contextmanager
def on_loopback():
    """Schedulers and workers talk by the loopback interface, where there is something that starts them."""
    if find_spec("dask_jobqueue") is None:
        yield
        return
    slurm._jobqueue()  # adds its own settings when it is imported, which would go with ours
    with pytest.importorskip("dask.config").set({"jobqueue.slurm.interface": "lo"}):
        yield


@pytest.fixture
def queue(tmp_path, monkeypatch):
    """A folder of programs that stand for SLURM's, and the folder where they keep the scripts, of which the caller removes its own."""
    scripts, programs = tmp_path / "scripts", tmp_path / "programs"
    for folder in (scripts, programs):
        folder.mkdir()
    for name, text in (("sbatch", SBATCH), ("scancel", SCANCEL)):
        (programs / name).write_text(text)
        (programs / name).chmod(0o755)
    monkeypatch.setenv("PATH", f"{programs}:{os.environ['PATH']}")
    monkeypatch.setenv("SCRIPTS", str(scripts))
    with on_loopback():
        yield scripts
    if (scripts / "pid").exists():
        with suppress(ProcessLookupError):
            os.killpg(int((scripts / "pid").read_text()), signal.SIGKILL)


def test_settings_of_jobs():
    assert parse_jobs("") == SlurmJobs()
    found = parse_jobs("jobs=4, cores=8,memory=16GB,walltime=04:00:00,queue=normal,account=lab-1")
    assert found == SlurmJobs(4, 8, "16GB", "04:00:00", "normal", "lab-1")


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("job=4", "'job' is not a setting of jobs; did you mean 'jobs'"),
        ("jobs=four", "jobs = 'four': must be a whole number"),
        ("jobs=0", "jobs = 0: must be 1 or more"),
        ("memory=16", "memory = '16': must be such as 16GB"),
        ("walltime=soon", "walltime = 'soon': must be such as 04:00:00"),
        ("queue=a;rm", "queue = 'a;rm': must be letters, digits"),
    ],
)
def test_settings_that_are_none(text, reason):
    with pytest.raises(ValueError, match=re.escape(reason)):
        parse_jobs(text)


def test_a_machine_without_slurm(monkeypatch):
    monkeypatch.setattr(slurm.shutil, "which", lambda name: None)
    with (
        pytest.raises(SimulationError, match="--slurm needs sbatch, which this machine does not have"),
        slurm_cluster(SlurmJobs()),
    ):
        pass


def test_without_the_extra(queue, monkeypatch):
    monkeypatch.setitem(sys.modules, "dask_jobqueue", None)
    with pytest.raises(SimulationError, match="--slurm needs dask-jobqueue, which is not installed"), slurm_cluster(SlurmJobs()):
        pass


def test_the_job_script_asks_for_what_was_given(queue):
    pytest.importorskip("dask_jobqueue")
    (queue.parent / "programs" / "sbatch").write_text('#!/bin/sh\ncp "$1" "$SCRIPTS/script"\necho "Submitted batch job 7"\n')
    with slurm_cluster(parse_jobs("cores=2,memory=3GB,walltime=00:05:00,queue=short,account=lab")) as address:
        assert address.startswith("tcp://")
        for _ in range(100):
            if (queue / "script").is_file():
                break
            time.sleep(0.05)
    script = (queue / "script").read_text()
    for line in ("-p short", "-A lab", "--cpus-per-task=2", "--mem=3G", "-t 00:05:00"):
        assert f"#SBATCH {line}" in script
    assert sys.executable in script
    assert "--nworkers 2" in script
    assert (queue / "cancelled").read_text().strip() == "7"


@pytest.mark.thorough
def test_a_sweep_by_jobs(queue, tmp_path, monkeypatch):
    pytest.importorskip("dask_jobqueue")
    monkeypatch.chdir(tmp_path)
    shutil.rmtree(tmp_path / "results", ignore_errors=True)
    (tmp_path / "x.toml").write_text(tomli_w.dumps(alone() | {"sweep": {"seed": [1, 2]}}))
    words = ["sweep", "x.toml", "--slurm", "jobs=1,cores=1,memory=1GB,walltime=00:05:00"]
    done = CliRunner().invoke(app_for(words), words)
    assert done.exit_code == 0, done.output
    assert "2 points: 2 done" in done.output


def test_ctrl_c_goes_on_interrupting(monkeypatch):
    """What starts jobs makes Ctrl-C end the process without a word when it is imported."""
    pytest.importorskip("dask_jobqueue")
    for name in [name for name in sys.modules if name.startswith("dask_jobqueue")]:
        monkeypatch.delitem(sys.modules, name)
    before = signal.getsignal(signal.SIGINT)
    slurm._jobqueue()
    assert signal.getsignal(signal.SIGINT) is before
