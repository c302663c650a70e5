"""The notebooks run from beginning to end in their small version, and are stored without outputs."""

import os
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

FOLDER = Path(__file__).parents[2] / "analyses"
NOTEBOOKS = sorted(FOLDER.glob("*.ipynb"))
NEED_DATA = {"celegans_connectome", "connectome_reservoirs"}


def test_there_are_seven():
    assert len(NOTEBOOKS) == 7


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_outputs_are_stripped(path):
    notebook = nbformat.read(path, as_version=4)
    nbformat.validate(notebook)
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    assert not any(cell.outputs or cell.execution_count for cell in code)


@pytest.mark.thorough
@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_it_runs_small(path, monkeypatch):
    if path.stem in NEED_DATA and "BIOWORKBENCH_DATA" not in os.environ:
        pytest.skip("BIOWORKBENCH_DATA is not set; it names the folder of connectomes")
    monkeypatch.setenv("BIOWORKBENCH_SMALL", "1")
    monkeypatch.delenv("MPLBACKEND", raising=False)  # a kernel draws into the notebook unless it is told otherwise
    monkeypatch.setenv("PYTHONPATH", str(FOLDER.parent))
    notebook = nbformat.read(path, as_version=4)
    NotebookClient(notebook, timeout=200, resources={"metadata": {"path": str(FOLDER)}}).execute()
    pictures = [out for cell in notebook.cells for out in cell.get("outputs", []) if "image/png" in out.get("data", {})]
    assert len(pictures) >= 3
