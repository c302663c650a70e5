"""Workers of a sweep as jobs of a SLURM queue, through dask-jobqueue: it writes the job scripts, calls sbatch, and the jobs find us."""

import re
import shutil
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, fields, replace
from typing import Any

from bioworkbench.records.errors import SimulationError, unknown_name

__all__ = ["SlurmJobs", "parse_jobs", "slurm_cluster"]

_TIME = re.compile(r"(\d+-)?\d{1,3}:\d{2}(:\d{2})?")
_SIZE = re.compile(r"[\d.]+ ?[KMGT]i?B", re.IGNORECASE)
_WORD = re.compile(r"[\w.:@+-]+", re.ASCII)  # what may stand in a job script: nothing that a shell takes apart


@dataclass(frozen=True)
class SlurmJobs:
    """How many jobs, and what each asks the queue for.

    Parameters
    ----------
    jobs : int
        At the same time.
    cores : int
        Per job; so many points run in it at a time.
    memory : str
        Per job, such as "16GB".
    walltime : str
        Hours, minutes and seconds, after which the queue ends a job.
    queue, account : str
        The partition, and who pays; by default those of the user.

    Raises
    ------
    ValueError
        If a number is not above 0, or a text is not of its form.
    """

    jobs: int = 1
    cores: int = 1
    memory: str = "4GB"
    walltime: str = "01:00:00"
    queue: str = ""
    account: str = ""

    def __post_init__(self) -> None:
        for name in ("jobs", "cores"):
            if getattr(self, name) < 1:
                raise ValueError(f"--slurm: {name} = {getattr(self, name)}: must be 1 or more")
        for name, form, example in (("memory", _SIZE, "16GB"), ("walltime", _TIME, "04:00:00")):
            if not form.fullmatch(getattr(self, name)):
                raise ValueError(f"--slurm: {name} = '{getattr(self, name)}': must be such as {example}")
        for name in ("queue", "account"):
            if getattr(self, name) and not _WORD.fullmatch(getattr(self, name)):
                raise ValueError(f"--slurm: {name} = '{getattr(self, name)}': must be letters, digits and . _ : @ + -")


def parse_jobs(text: str) -> SlurmJobs:
    """Settings of jobs from ``"jobs=4,cores=8,memory=16GB,walltime=04:00:00,queue=normal"``.

    Parameters
    ----------
    text : str
        What is left out has its default.

    Returns
    -------
    SlurmJobs

    Raises
    ------
    ValueError
        If a setting is unknown, or a value is not of its form.

    Examples
    --------
    >>> parse_jobs("jobs=4,cores=8").cores
    8
    """
    known = {field.name: field.type for field in fields(SlurmJobs)}
    found: dict[str, Any] = {}
    for part in filter(None, (part.strip() for part in text.split(","))):
        name, _, value = (piece.strip() for piece in part.partition("="))
        if name not in known:
            raise ValueError(f"--slurm: {unknown_name(name, 'setting of jobs', known)}")
        if known[name] is int and not re.fullmatch(r"\d{1,6}", value):
            raise ValueError(f"--slurm: {name} = '{value}': must be a whole number")
        found[name] = int(value) if known[name] is int else value
    return replace(SlurmJobs(), **found)


@contextmanager
def slurm_cluster(wanted: SlurmJobs) -> Iterator[str]:
    """Submit jobs whose workers serve a scheduler here, and cancel them in the end.

    Parameters
    ----------
    wanted : SlurmJobs

    Yields
    ------
    str
        Address of the scheduler, for `bioworkbench.sweep`.

    Raises
    ------
    SimulationError
        If dask-jobqueue is not installed, or this machine has no sbatch.
    """
    if shutil.which("sbatch") is None:
        raise SimulationError(
            "--slurm needs sbatch, which this machine does not have; call it where you submit jobs. Nothing was run.",
            missing="sbatch",
        )
    cluster = _jobqueue().SLURMCluster(
        cores=wanted.cores,
        processes=wanted.cores,  # one thread each: a point is one program on one core
        memory=wanted.memory,
        walltime=wanted.walltime,
        queue=wanted.queue or None,
        account=wanted.account or None,
        python=sys.executable,
        scheduler_options={"dashboard_address": None},
    )
    try:
        cluster.scale(jobs=wanted.jobs)
        yield cluster.scheduler_address
    finally:
        cluster.close()


def _jobqueue() -> Any:
    on_interrupt = signal.getsignal(signal.SIGINT)
    try:
        import dask_jobqueue  # noqa: PLC0415  optional extra
    except ModuleNotFoundError as error:
        lacking = 'dask-jobqueue, which is not installed (pip install "bioworkbench[slurm]")'
        raise SimulationError(f"--slurm needs {lacking}. Nothing was run.", missing=lacking) from error
    finally:
        if threading.current_thread() is threading.main_thread():
            # Its import makes Ctrl-C end the process without a word.
            signal.signal(signal.SIGINT, on_interrupt)
    return dask_jobqueue
