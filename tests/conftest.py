"""Fixtures for all tests: built programs go to one cache per test run, and real data are found or the test skips by name."""

import os
from pathlib import Path

import pytest


@pytest.fixture(scope="session", autouse=True)
def _programs(tmp_path_factory):
    """Programs are built afresh in every test run, shared by its workers, unless BIOWORKBENCH_CACHE says where to keep them."""
    if "BIOWORKBENCH_CACHE" not in os.environ:
        os.environ["BIOWORKBENCH_CACHE"] = str(tmp_path_factory.getbasetemp().parent / "programs")


@pytest.fixture
def data_folder() -> Path:
    """Folder of the real data sets; the test is skipped without it."""
    folder = os.environ.get("BIOWORKBENCH_DATA")
    if not folder:
        pytest.skip("BIOWORKBENCH_DATA is not set; it names the folder with mnist.npz, ETTh1.csv.gz, ...")
    return Path(folder)
