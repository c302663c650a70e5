"""The command line: what it prints, and its exit codes."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import tomli_w
from typer.testing import CliRunner

from bioworkbench.__main__ import COMMANDS, app_for
from bioworkbench.commands.doctor import probed
from bioworkbench.experiment.spec.changes import with_value
from bioworkbench.records.errors import SimulationError
from bioworkbench.simulation.backends.cpp.programs import program_in_use
from tests.documents import alone, with_task
from tests.frozen_method import frozen  # noqa: F401  fixture

ROOT = Path(__file__).parents[2]


@pytest.fixture(autouse=True)
def _plain_report(monkeypatch):
    def write(record, folder, curves=()):
        (folder / "report.html").write_text(f"{len(curves)} curves")

    monkeypatch.setattr("bioworkbench.report.display.write_report", write)


@pytest.fixture
def call(tmp_path, monkeypatch):
    """Call the command inside an empty folder."""
    monkeypatch.chdir(tmp_path)

    def invoke(*words):
        arguments = [str(word) for word in words]
        return CliRunner().invoke(app_for(arguments), arguments)

    return invoke


@pytest.fixture
def spec(tmp_path):
    """Path of a spec without a task."""
    path = tmp_path / "x.toml"
    path.write_text(tomli_w.dumps(alone()))
    return path


@pytest.mark.parametrize("name", COMMANDS)
def test_every_subcommand_is_there(call, name):
    done = call(name, "--help")
    assert done.exit_code == 0, done.output


def test_help_imports_nothing_heavy(call):
    done = call("--help")
    assert all(name in done.output for name in COMMANDS)
    code = "import sys, bioworkbench.__main__ as m; m.app_for(['--help']); print({'brian2', 'jax', 'numba'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, check=True)
    assert done.stdout == "set()\n"


def test_run_prints_the_folder_last(call, spec, tmp_path):
    done = call("run", spec)
    assert done.exit_code == 0, done.output
    lines = done.stdout.splitlines()
    assert lines[-1].startswith("results/x/")
    assert (tmp_path / lines[-1] / "report.html").is_file()
    assert lines[-2] == f"Next: open {lines[-1]}/report.html in a browser."
    assert any(line.startswith("exc") for line in lines)


def test_run_as_json(call, spec, tmp_path):
    answer = json.loads(call("run", spec, "--json", "--results", tmp_path / "other").stdout)
    assert answer["folder"].startswith(str(tmp_path / "other" / "x"))
    assert answer["found"] is False
    assert answer["metrics"]["activity"]["exc"]["mean_rate"] > 0
    assert json.loads(call("run", spec, "--json", "--results", tmp_path / "other").stdout)["found"] is True


def test_values_and_seed_are_set(call, spec, tmp_path):
    done = call("run", spec, "--set", "populations.inh.size=7", "--set", "duration=20 ms", "--seed", 5, "--backend", "numpy")
    assert done.exit_code == 0, done.output
    text = (tmp_path / done.stdout.splitlines()[-1] / "spec.toml").read_text()
    assert "size = 7" in text
    assert "seed = 5" in text
    assert 'duration = "20 ms"' in text


def test_a_known_spec_is_found_unless_forced(call, spec):
    call("run", spec)
    assert "has been run before" in call("run", spec).output
    assert "has been run before" not in call("run", spec, "--force").output


@pytest.mark.usefixtures("frozen")
def test_run_shows_scores_beside_baselines(call, tmp_path):
    (tmp_path / "y.toml").write_text(tomli_w.dumps(with_task()))
    lines = call("run", "y.toml").stdout.splitlines()
    assert any(line.startswith("this network") for line in lines)
    assert any(line.startswith("raw linear") for line in lines)


def test_a_sweep_runs_every_point_and_a_run_draws_curves(call, tmp_path):
    swept = alone() | {"sweep": {"populations.exc.sigma": ["1 mV", "5 mV"]}}
    (tmp_path / "x.toml").write_text(tomli_w.dumps(swept))
    done = call("sweep", "x.toml", "--jobs", 1)
    assert done.exit_code == 0, done.output
    done = call("run", "x.toml")
    assert (tmp_path / done.stdout.splitlines()[-1] / "report.html").read_text() == "2 curves"
    assert len(list((tmp_path / "results" / "x").glob("[0-9a-f]*"))) == 2


@pytest.mark.parametrize(
    ("field", "value", "words"),
    [
        ("populations.exc.tau", "20 mV", "populations.exc.tau: '20 mV' is a voltage"),
        ("projections.exc_inh.topology.p", 2, "p = 2.0: must lie"),
    ],
)
def test_bad_specs_exit_with_2(call, spec, field, value, words):
    spec.write_text(tomli_w.dumps(with_value(alone(), field, value)))
    done = call("run", spec)
    assert done.exit_code == 2
    assert words in done.output
    assert "Traceback" not in done.output


def test_bad_arguments_exit_with_2(call, spec):
    assert call("run", spec, "--set", "seed").exit_code == 2
    assert call("run", spec, "--backend", "cuad").exit_code == 2
    assert call("run", "missing.toml").exit_code == 2
    assert call("run", spec, "--results", spec).exit_code == 2


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (SimulationError("no compiler", missing="g++"), 3),
        (SimulationError("failed"), 1),
        (KeyboardInterrupt(), 130),
        (MemoryError("9 GB"), 1),
    ],
)
def test_exit_codes_of_simulations(call, spec, monkeypatch, error, code):
    def failing(*args, **kwargs):
        raise error

    monkeypatch.setattr("bioworkbench.experiment.running.simulate", failing)
    done = call("run", spec)
    assert done.exit_code == code
    assert "error" in done.output


def test_check(call, spec, tmp_path):
    done = call("check", spec)
    assert done.exit_code == 0
    assert "25 neurons" in done.stdout
    assert "fingerprint" in done.stdout
    assert done.stdout.splitlines()[-1] == f"Next: bioworkbench run {spec}"
    (tmp_path / "bad.toml").write_text("seed = [")
    done = call("check", "bad.toml", spec)
    assert done.exit_code == 2
    assert "bad.toml: is not TOML" in done.output
    assert "25 neurons" in done.output


def test_a_single_seed_says_nothing_of_convergence(call, spec):
    """Nothing was said to have moved."""
    done = call("check", spec, "--converge", "--seeds", 1)
    assert done.exit_code == 0, done.output
    assert "A single seed has no standard error to judge by; take more (--seeds)." in done.stderr
    assert "nan" not in done.stdout
    assert "two standard errors" in call("check", spec, "--converge", "--seeds", 2).stderr


def test_check_with_values_set(call, spec):
    done = call("check", spec, "--set", "populations.exc.tau=15 ms")
    assert done.exit_code == 0
    assert done.stdout.splitlines()[-1] == f"Next: bioworkbench run {spec} --set 'populations.exc.tau=15 ms'"
    wrong = call("check", spec, "--set", "populations.exc.tua=15 ms")
    assert wrong.exit_code == 2
    assert "did you mean 'tau'" in wrong.output


def test_list(call):
    assert "noisy_lif" in call("list").stdout
    assert "Every possible link exists with probability" in call("list", "topologies").stdout
    settings = call("list", "neurons", "noisy_lif").stdout
    assert "20 ms" in settings
    assert "Reference: Brunel" in settings
    assert "with ``receives``, not the membrane itself" in " ".join(call("list", "synapses", "gap_junction").stdout.split())
    assert call("list", "neuron").exit_code == 2
    assert "did you mean 'neurons'" in call("list", "neuron").output
    assert "did you mean 'noisy_lif'" in call("list", "neurons", "noisy_lfi").output


def test_new_writes_a_spec_that_can_be_checked(call, tmp_path):
    done = call("new", "mine")
    first, last = done.stdout.splitlines()
    assert first.startswith("Next: bioworkbench check mine.toml")
    assert last == "mine.toml"
    assert call("check", "mine.toml").exit_code == 0
    done = call("new", "mine")
    assert done.exit_code == 2
    assert "mine.toml is there already" in done.output
    assert "cannot be written" in call("new", "missing/mine").output


def test_doctor(call, monkeypatch):
    assert "fine" in call("doctor").stdout
    found = {finding["what"]: finding for finding in json.loads(call("doctor", "--json").stdout)}
    assert found["Python"]["found"]
    assert found["brian2"]["found"]
    monkeypatch.setattr("bioworkbench.commands.doctor.compiler", lambda: None)
    done = call("doctor")
    assert done.exit_code == 3
    assert "missing C++ compiler: install one" in done.stdout


def test_doctor_probes_backends(call, monkeypatch):
    """Only NumPy works where there is no compiler; the others say what they need."""
    monkeypatch.setattr("shutil.which", lambda name: None)
    monkeypatch.setenv("BIOWORKBENCH_CACHE", "mine")
    found = {finding["what"]: finding for finding in json.loads(call("doctor", "--probe", "--json").stdout)}
    assert found["backend numpy"]["found"].startswith("built and ran a network in")
    assert found["backend cpp"]["fix"] == "install a C++ compiler such as g++ (apt install g++)"
    assert found["backend cuda"]["fix"].startswith("install ")
    assert os.environ["BIOWORKBENCH_CACHE"] == "mine"


def test_doctor_shows_why_a_backend_fails(monkeypatch):
    def broken(*args, **kwargs):
        raise SimulationError("the compiler failed: no header")

    monkeypatch.setattr("bioworkbench.commands.doctor.simulate", broken)
    assert {finding.fix for finding in probed()} == {"fails: the compiler failed: no header"}


def test_a_profile_shows_the_slowest_objects(call, spec):
    lines = call("run", spec, "--backend", "numpy", "--profile").stderr.splitlines()
    (header,) = [k for k, line in enumerate(lines) if line.startswith("Brian2 object")]
    assert any(line.startswith("exc_stateupdater") for line in lines[header:])
    call("run", spec, "--backend", "numpy", "--force")
    assert "no profile of this run; --force runs it again" in call("run", spec, "--backend", "numpy", "--profile").stderr


def test_cache(call, tmp_path, monkeypatch):
    monkeypatch.setenv("BIOWORKBENCH_CACHE", str(tmp_path / "programs"))
    assert call("cache").stdout.startswith(f"{tmp_path / 'programs'} holds 0 programs: 0.0 MB of 2 GB.")
    structure = {"populations": [["exc", 20, 0]], "projections": [], "run": [4, 100, "0.001", 1]}
    with program_in_use("abc", lambda folder: structure):
        lines = call("cache").stdout.splitlines()
        assert lines[1].startswith("exc 20; 0 synapses; 4 copies, 100 steps of 1 ms")
        assert lines[-1] == "Next: bioworkbench cache --clear removes them."
        answer = json.loads(call("cache", "--json").stdout)
        assert answer["limit"] == 2e9
        assert answer["programs"][0]["key"] == "abc"
        assert "Removed 0 programs, 0.0 MB; 1 are in use." in call("cache", "--clear").stdout
    assert json.loads(call("cache", "--clear", "--json").stdout)["removed"] == 1
    monkeypatch.setenv("BIOWORKBENCH_CACHE_LIMIT", "much")
    assert call("cache").exit_code == 1


def test_a_missing_compiler_exits_with_3(call, spec, monkeypatch):
    monkeypatch.setattr("shutil.which", lambda name: None)
    done = call("run", spec, "--backend", "cpp")
    assert done.exit_code == 3
    assert "backend 'cpp' needs a C++ compiler such as g++" in done.output


def test_help_names_all_commands(call):
    text = call("--help").stdout
    assert all(name in text for name in ("run", "check", "list", "new", "doctor"))
