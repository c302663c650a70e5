"""Fixtures for all tests: built programs go to one cache per test run, and real data are found or the test skips by name."""

import gc
import os
import signal
from pathlib import Path

import pytest

from bioworkbench.simulation.backends.cuda.toolkit import missing_for_cuda, missing_to_build
from tests.simulation.emulated_gpu import emulate


def pytest_configure(config):
    """Small networks of tests take longer to compile than to run; those of slow tests do not, and some of these measure times."""
    chosen = config.getoption("markexpr").replace("not slow", "")
    if "slow" not in chosen:
        os.environ.setdefault("JAX_DISABLE_MOST_OPTIMIZATIONS", "1")
    # A shell that starts pytest in the background has it and its children ignore Ctrl-C, which commands then leave so; tests send it.
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(scope="session", autouse=True)
def _programs(tmp_path_factory):
    """Programs are built afresh in every test run, shared by its workers, unless BIOWORKBENCH_CACHE says where to keep them."""
    if "BIOWORKBENCH_CACHE" not in os.environ:
        os.environ["BIOWORKBENCH_CACHE"] = str(tmp_path_factory.getbasetemp().parent / "programs")


@pytest.fixture(scope="module", autouse=True)
def _older_objects_set_aside():
    """Brian2 collects garbage before every run, which takes a second in a process that has run many tests."""
    gc.freeze()


EMULATED = "BIOWORKBENCH_EMULATED_GPU" in os.environ


def pytest_runtest_setup(item):
    """Tests that need a GPU, or the means to build its programs, are skipped by name without."""
    for marker, missing in (("cuda", missing_to_build if EMULATED else missing_for_cuda), ("nvcc", missing_to_build)):
        lacking = missing() if item.get_closest_marker(marker) else ""
        if lacking:
            pytest.skip(f"backend cuda needs {lacking}")


@pytest.fixture(autouse=True)
def _gpu(request, monkeypatch):
    """With BIOWORKBENCH_EMULATED_GPU set, tests of a GPU run the sources of its programs on the CPU."""
    if EMULATED and request.node.get_closest_marker("cuda"):
        emulate(monkeypatch)


@pytest.fixture
def data_folder() -> Path:
    """Folder of the real data sets; the test is skipped without it."""
    folder = os.environ.get("BIOWORKBENCH_DATA")
    if not folder:
        pytest.skip("BIOWORKBENCH_DATA is not set; it names the folder with mnist.npz, ETTh1.csv.gz, ...")
    return Path(folder)
