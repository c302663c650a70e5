"""What a worker of a sweep is given, and what it answers."""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from bioworkbench.experiment.spec.records import Document

__all__ = ["Answer", "Order"]


@dataclass(frozen=True, kw_only=True)
class Order:
    """A point to run; plain data, so that any process can be given it.

    Parameters
    ----------
    document : mapping
        Tables of its spec.
    name, file : str
        Of the experiment and, for messages, its spec.
    folder : Path
        Where its results go.
    force : bool
        Run again although the results are there.
    report : bool
        Write ``report.html`` too.
    wait : bool
        Wait for another process that runs the same point, rather than answer "busy".
    """

    document: Document
    name: str
    file: str
    folder: Path
    force: bool = False
    report: bool = False
    wait: bool = False


@dataclass(frozen=True)
class Answer:
    """What became of a point.

    Parameters
    ----------
    status : {"done", "found", "failed", "busy"}
        "found" if another process ran it meanwhile, "busy" if one is at it.
    seconds : float
    error : str
    """

    status: Literal["done", "found", "failed", "busy"]
    seconds: float = 0.0
    error: str = ""
