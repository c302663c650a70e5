"""Work that stands for simulations in the tests of sweeps."""

import os
import signal
import time
from pathlib import Path

from bioworkbench.experiment.results import save_record
from bioworkbench.experiment.sweeps.orders import Answer
from tests.run_records import record_alone


def compute(spec, folder, **settings):
    """In place of `experiment.compute`: results of random spikes; a population 'exc' of 13 neurons brings bad luck."""
    if spec.populations[0].size == 13:
        raise ValueError("size = 13: brings bad luck")
    save_record(record_alone(spec.document), folder)


def marked(order):
    """Work for a worker: leaves a file, and is killed the first time at the point 'killed', every time at 'doomed'."""
    mark = Path(order.file) / order.name
    kills = order.name == "doomed" or (order.name == "killed" and not mark.exists())
    mark.write_text(str(os.getpid()))
    if kills:
        os.kill(os.getpid(), signal.SIGKILL)
    if order.name == "slow":
        time.sleep(600)
    return Answer("done", error=str(os.environ.get("OMP_NUM_THREADS", "")))
