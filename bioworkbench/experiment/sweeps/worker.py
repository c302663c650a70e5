"""What a worker of a sweep does: one point, from its spec to its results folder."""

import platform
import time
from typing import Literal

from bioworkbench.experiment.results.claims import claimed
from bioworkbench.experiment.results.files import is_complete
from bioworkbench.experiment.results.spec_fingerprints import fingerprint
from bioworkbench.experiment.spec.reader import read
from bioworkbench.experiment.sweeps.orders import Answer, Order
from bioworkbench.records.errors import ResultError, SimulationError, described
from bioworkbench.records.lazily import later

__all__ = ["run_point"]

compute = later("bioworkbench.experiment.running:compute")  # brings all that a run needs: only where a point is run


def run_point(order: Order) -> Answer:
    """Run the point of an `order` and keep its results; an error becomes an answer, so that other points go on.

    Parameters
    ----------
    order : Order

    Returns
    -------
    Answer
    """
    started = time.perf_counter()
    try:
        status = _run(order)
    except (ValueError, SimulationError, ResultError) as error:
        return Answer("failed", time.perf_counter() - started, str(error))
    except Exception as error:
        return Answer("failed", time.perf_counter() - started, described(error))
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
