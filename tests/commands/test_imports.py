"""What commands import: nothing that what they are asked for does not need."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
import tomli_w

from tests.documents import alone

SPECS = Path(__file__).parents[2] / "network_specs"
WATCHED = (
    *(
        "brian2",
        "matplotlib",
        "numpy.f2py",
        "numpy.testing",
        "scipy.special",
        "scipy.stats",
        "scipy.optimize",
        "sklearn",
        "jax",
        "optax",
        "numba",
        "networkx",
        "igraph",
        "pandas",
        "xarray",
        "h5py",
    ),
    *("optuna", "distributed", "bokeh", "setuptools", "Cython", "pytest", "bioworkbench.report"),
    *("bioworkbench.simulation.backends.runtime", "bioworkbench.simulation.backends.cpp.running", "bioworkbench.readout.fits"),
)
CODE = """
import json, sys
from contextlib import suppress
import bioworkbench.__main__ as m
for words in json.loads(sys.argv[1]):
    with suppress(SystemExit):
        m.app_for(words)(words)
    print(json.dumps([name for name in json.loads(sys.argv[2]) if name in sys.modules]), file=sys.stderr)
"""


def test_each_command_adds_what_it_needs(tmp_path):
    """One process for all of them, the lightest first: each may add the modules that stand beside it."""
    plain = tmp_path / "x.toml"
    plain.write_text(tomli_w.dumps(alone()))
    steps = [
        (["list"], []),
        (["list", "methods"], []),
        (["list", "tasks", "--json"], []),
        (["list", "neurons", "noisy_lif"], ["brian2"]),
        (["check", str(plain)], []),
        (["check", str(SPECS / "ransnn_digits.toml")], ["bioworkbench.readout.fits"]),
        (["check", str(SPECS / "noise_single_step_digits.toml"), str(SPECS / "ch_snn_digits.toml")], []),
    ]
    code = [CODE, json.dumps([words for words, _ in steps]), json.dumps(WATCHED)]
    done = subprocess.run([sys.executable, "-c", *code], capture_output=True, text=True, check=True)
    assert done.stdout.count("\nfine") == 4, done.stderr
    found = [json.loads(line) for line in done.stderr.splitlines() if line.startswith("[")]
    allowed: set[str] = set()
    for (words, more), imported in zip(steps, found, strict=True):
        allowed |= set(more)
        assert set(imported) <= allowed, " ".join(words)


def test_the_first_line_of_a_run_comes_before_brian2(tmp_path):
    code = """
import sys, bioworkbench.__main__ as m
class Said(Exception): pass
def stop(*_, **__): raise Said
sys.modules["bioworkbench.commands.run"] = sys.modules["brian2"] = None
m.imported = stop
m.import_module = stop
try:
    m.app_for(["run", "x.toml"])
except Said:
    print([name for name in ("numpy", "rich.console", "brian2.core") if name in sys.modules])
m.app_for(["--help"])
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert (done.stderr, done.stdout) == ("bioworkbench run x.toml\n", "[]\n")


def test_what_is_hidden_from_brian2_is_there_afterwards():
    code = """
import sys
from bioworkbench.commands.sparing import imported
imported("bioworkbench.commands.check")
import numpy.f2py, numpy.testing, matplotlib.pyplot, pytest
import numpy as np
assert np.f2py is sys.modules["numpy.f2py"] and np.testing.assert_allclose and "Cython" not in sys.modules
import brian2
assert brian2.f2py is None and brian2.exp is not np.exp
"""
    subprocess.run([sys.executable, "-c", code], check=True)


def test_cython_comes_with_the_backend_that_needs_it():
    """A run imports Brian2 as if there were no Cython; code of other packages, which may run Brian2 itself, finds it."""
    code = """
import sys
import bioworkbench.__main__ as m
m.app_for(["run", "x.toml"])
from brian2.codegen.runtime.cython_rt import cython_rt, extension_manager
assert extension_manager.Cython is None and not {"Cython", "setuptools"} & set(sys.modules)
from bioworkbench.simulation.backends import runtime
def stop(*_): raise SystemExit
runtime.build = stop
for target in ("numpy", "cython"):
    try:
        runtime.run_in_process(None, 1, None, None, "double", target=target)
    except SystemExit:
        print(target, extension_manager.Cython is not None)
assert type(cython_rt.cython_extension_manager).create_extension.__globals__["Cython"] is sys.modules["Cython"]
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "numpy False\ncython True\n"
    code = "import sys, bioworkbench.__main__ as m; m.app_for(['--allow', 'x', 'run', 'x.toml']); print('Cython' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "True\n"


@pytest.mark.thorough
def test_topology_draws_and_generates_only_when_it_is_asked_to(tmp_path):
    """To measure a graph it needs neither Brian2 nor what draws; a page or a generated graph brings them along."""
    (tmp_path / "g.csv").write_text("source,target\na,b\nb,c\nc,a\nc,d\n")
    words = ["topology", str(tmp_path / "g.csv"), "--seed", "1"]
    steps = [words, [*words, "--report", str(tmp_path / "g.html")]]
    watched = ["brian2", "scipy.stats", "sklearn", "matplotlib.pyplot", "bioworkbench.report.graph_page"]
    code = [CODE, json.dumps(steps), json.dumps(watched)]
    done = subprocess.run([sys.executable, "-c", *code], capture_output=True, text=True, check=True)
    bare, with_page = [json.loads(line) for line in done.stderr.splitlines() if line.startswith("[")]
    assert bare == []
    assert "bioworkbench.report.graph_page" in with_page
    assert (tmp_path / "g.html").exists()
