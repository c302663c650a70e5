"""Brian2 asks for a report of its own errors alone."""

import subprocess
import sys

import pytest

ASKS = "encountered an unexpected error"


@pytest.mark.parametrize(
    ("code", "asks"),
    [
        ("raise KeyError('mine')", False),
        pytest.param("bw.load('missing.toml')", False, marks=pytest.mark.thorough),
        pytest.param("import brian2; brian2.mV + brian2.ms", True, marks=pytest.mark.thorough),
        ("import brian2; brian2.NeuronGroup(1, 'dv/dt = x : 1').x_", True),
    ],
)
def test_the_banner_appears_for_errors_of_brian2(code, asks):
    script = f"import bioworkbench as bw, bioworkbench.records.units\n{code}"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "Traceback" in done.stderr
    assert (ASKS in done.stderr) == asks


@pytest.mark.thorough
def test_a_hook_of_another_program_stays():
    script = "import sys, brian2; hook = sys.excepthook = lambda *_: None\nimport bioworkbench.records.units; print(sys.excepthook is hook)"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout == "True\n"
