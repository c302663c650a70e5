"""What a worker of a sweep does: one point, from its spec to its results folder."""

import platform
import time
import traceback
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from bioworkbench.errors import ResultError, SimulationError
from bioworkbench.experiment.running import compute
from bioworkbench.results.claims import claimed
from bioworkbench.results.files import is_complete
from bioworkbench.results.store import fingerprint
from bioworkbench.spec.reader import read
from bioworkbench.spec.records import Document

__all__ = ["Answer", "Order", "run_point"]


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


def run_point(order: Order) -> Answer:
    """Run a point and keep its results; an error becomes an answer, so that other points go on."""
    started = time.perf_counter()
    try:
        status = _run(order)
    except (ValueError, SimulationError, ResultError) as error:
        return Answer("failed", time.perf_counter() - started, str(error))
    except Exception as error:
        last = traceback.extract_tb(error.__traceback__)[-1]
        where = f"{Path(last.filename).name}, line {last.lineno}"
        return Answer("failed", time.perf_counter() - started, f"{type(error).__name__} in {where}: {error}")
    return Answer(status, time.perf_counter() - started)


def _run(order: Order) -> Literal["done", "found", "busy"]:
    spec = read(order.document, order.name, order.file)
    if fingerprint(spec) != order.folder.name:
        raise ResultError(
            f"the spec of {order.folder} has fingerprint {fingerprint(spec)} on this worker, which must run another version of "
            "bioworkbench than the sweep; install the same one everywhere"
        )
    if not order.folder.parent.is_dir():
        raise ResultError(
            f"{order.folder.parent} is not on {platform.node()}; all workers must see the results folder of the sweep under the same "
            "path (--results), on a shared file system"
        )
    with claimed(order.folder, wait=order.wait) as mine:
        if not mine:
            return "busy"
        if is_complete(order.folder) and not order.force:
            return "found"
        compute(spec, order.folder, report=order.report)
        return "done"
