"""What is done while a program runs."""

import subprocess
import sys
import threading

import numpy as np
import pytest

from bioworkbench.simulation import processes, simulate
from bioworkbench.simulation.processes import do_meanwhile, meanwhile
from tests.simulation.backends.cpp.engine import compiled
from tests.simulation.networks import discrete_network, random_stimulus

needs_compiler = pytest.mark.skipif(compiled.compiler() is None, reason="needs a C++ compiler")


@pytest.fixture(autouse=True)
def nothing_left():
    yield
    meanwhile([])


def test_each_task_is_done_once_in_order_and_by_the_main_thread_alone():
    done = []
    meanwhile([lambda: done.append(1), lambda: 1 / 0, lambda: done.append(2)])
    other = threading.Thread(target=do_meanwhile)
    other.start()
    other.join()
    assert done == []
    for _ in range(4):
        do_meanwhile()
    assert done == [1, 2]
    meanwhile([lambda: done.append(3)])
    meanwhile([])
    do_meanwhile()
    assert done == [1, 2]


def test_an_interruption_in_a_task_is_one():
    def interrupted():
        raise KeyboardInterrupt

    meanwhile([interrupted])
    with pytest.raises(KeyboardInterrupt, match=r"^$"):
        do_meanwhile()


@needs_compiler
def test_a_task_is_done_while_a_program_runs_and_changes_nothing():
    running = []
    network, stimulus = discrete_network(np.random.default_rng(1)), random_stimulus(np.random.default_rng(2), 3, 5)
    alone = simulate(network, stimulus, 1, dt=1e-3, backend="cpp")
    meanwhile([lambda: running.append(len(processes._running)), lambda: 1 / 0])
    first, second = (simulate(network, stimulus, 1, dt=1e-3, backend="cpp") for _ in range(2))
    assert running == [1]
    for recording in (first, second):
        np.testing.assert_array_equal(recording.raster("second"), alone.raster("second"))


def test_what_draws_is_imported_while_a_program_runs():
    code = """
import sys
from bioworkbench.commands.sparing import imported
running = imported("bioworkbench.experiment.running")
from bioworkbench.simulation import processes
running.construct = lambda spec: sys.exit
class Spec: simulation, threads, fit, task = {}, 0, None, None
try:
    running.compute(Spec, None)
except AttributeError:
    pass
for name in ("matplotlib.figure", "bioworkbench.report.page"):
    before = name in sys.modules
    processes.do_meanwhile()
    print(before, name in sys.modules)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "False True\nFalse True\n"
