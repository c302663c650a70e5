"""Starting: new specs, the schema, lists as JSON, version, help and completion of the command line."""

import json
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
import tomli_w
from typer.testing import CliRunner

from bioworkbench.__main__ import app_for
from bioworkbench.commands.new import starts
from bioworkbench.experiment.spec.kinds import KINDS
from bioworkbench.experiment.spec.manual import entry, json_schema, markdown, spec_fields
from bioworkbench.experiment.spec.reader import read
from bioworkbench.records.functions import ALLOWED
from tests.documents import alone

ROOT = Path(__file__).parents[2]


@pytest.fixture
def call(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return lambda *words: CliRunner().invoke(app_for(words), list(words), prog_name="bioworkbench")


@pytest.mark.parametrize("start", ["task", "ei", "conductance", "custom", "plasticity", "sweep", "ransnn_digits"])
def test_specs_to_start_from_are_fine(call, tmp_path, start):
    done = call("new", "mine", "--from", start)
    assert done.exit_code == 0, done.output
    text = (tmp_path / "mine.toml").read_text()
    assert text.startswith("#:schema spec.schema.json\n")
    assert tomllib.loads(text)["seed"] == 1
    assert call("check", "mine.toml").exit_code == 0


@pytest.mark.parametrize("name", ["my net", "-a", "", "a/b c"])
def test_names_that_no_spec_may_have_are_refused_at_once(call, tmp_path, name):
    done = call("new", "--", name)
    assert done.exit_code == 2
    assert "must be letters, digits, '_', '-' or '.'" in done.output
    assert not list(tmp_path.iterdir())


def test_the_next_step_can_be_copied_where_a_folder_has_a_space(call, tmp_path):
    (tmp_path / "my nets").mkdir()
    assert "Next: bioworkbench check 'my nets/a.toml'" in call("new", "my nets/a").output


def test_every_shipped_spec_can_be_started_from():
    assert {path.stem for path in (ROOT / "network_specs").glob("*.toml")} <= set(starts())


@pytest.mark.thorough
@pytest.mark.parametrize("words", [("--figure",), ("--from", "figure")])
def test_a_figure_to_start_from_draws_a_sweep_of_its_name(call, tmp_path, monkeypatch, words):
    assert call("new", "noise", *words).exit_code == 0
    assert call("new", "noise", "--from", "sweep").exit_code == 0
    path = tmp_path / "noise.toml"
    text = path.read_text().replace('"1 s"', '"20 ms"').replace("seed = 1\n", 'seed = 1\nbackend = "numpy"\n')
    path.write_text(re.sub(r"(?s)\[1, 2.*", '[1]\n"populations.cells.sigma" = ["4 mV", "6 mV"]\n', text))
    monkeypatch.setattr("bioworkbench.report.display.write_report", lambda *_: None)
    done = call("figures", "noise", "--run")
    assert done.exit_code == 0, done.output
    assert (tmp_path / "figures" / "made" / "noise.svg").is_file()
    assert call("new", "no-name", "--figure").exit_code == 2


def test_a_notebook_to_start_from_runs(call, tmp_path):
    assert call("new", "mine", "--from", "notebook").exit_code == 0
    cells = json.loads((tmp_path / "mine.ipynb").read_text())["cells"]
    code = "\n".join("".join(cell["source"]) for cell in cells if cell["cell_type"] == "code")
    exec(
        compile(code.replace("dt=0.1 * ms", 'dt=0.5 * ms, backend="numpy"').replace("0.5 * second", "20 * ms"), "mine", "exec"),
        {},
    )


def test_unknown_starts(call):
    done = call("new", "mine", "--from", "conductanse")
    assert done.exit_code == 2
    assert "'conductanse' is not a spec to start from; did you mean 'conductance'" in done.stderr


def test_the_schema_is_written(call, tmp_path):
    done = call("schema", "spec.schema.json")
    assert done.stdout.splitlines()[-1] == "spec.schema.json"
    assert json.loads((tmp_path / "spec.schema.json").read_text()) == json.loads(json.dumps(json_schema()))
    assert json.loads(call("schema").stdout)["title"] == "bioworkbench spec"
    assert call("schema", "--markdown").stdout.startswith("# The spec, field by field")


def test_the_spec_that_the_manual_shows_is_one(tmp_path):
    text = re.search(r"```toml\n(.*?)```", markdown(), re.S)
    assert text
    assert read(tomllib.loads(text[1]), "manual").duration == 0.5


def test_every_field_and_every_setting_is_described():
    assert [field["name"] for field in spec_fields() if not field["text"]] == []
    found = [
        (kind, name, setting["name"])
        for kind, table in KINDS.items()
        for name, function in table.items()
        for setting in entry(function, name)["settings"]
        if not setting["text"]
    ]
    assert found == []


def test_lists_as_json(call):
    assert "ransnn" in json.loads(call("list", "--json").stdout)["methods"]
    assert json.loads(call("list", "neurons", "--json").stdout)["noisy_lif"].startswith("Leaky")
    about = json.loads(call("list", "neurons", "noisy_lif", "--json").stdout)
    assert {setting["name"] for setting in about["settings"]} >= {"tau", "sigma"}
    assert {"name", "default", "type", "text"} == set(json.loads(call("list", "spec", "--json").stdout)[0])
    assert "populations.NAME.size" in call("list", "spec").stdout


def test_version_and_short_help(call):
    assert call("--version").stdout.startswith("bioworkbench ")
    for words in (("-h",), ("list", "-h"), ("run", "--help")):
        assert "Usage: bioworkbench" in call(*words).stdout


@pytest.mark.parametrize(("typed", "found"), [("bioworkbench ru", "run"), ("bioworkbench table --met", "--metric")])
@pytest.mark.parametrize("shell", ["zsh", "bash"])
def test_a_shell_completes_commands_and_options(typed, found, shell):
    given = (
        {"_TYPER_COMPLETE_ARGS": typed} if shell == "zsh" else {"COMP_WORDS": typed, "COMP_CWORD": str(len(typed.split()) - 1)}
    )
    environment = {"PATH": "", "PYTHONPATH": str(ROOT), "_BIOWORKBENCH_COMPLETE": f"complete_{shell}", **given}
    done = subprocess.run([sys.executable, "-m", "bioworkbench"], capture_output=True, text=True, env=environment, check=False)
    assert found in done.stdout, done.stderr


def test_a_package_is_allowed_before_any_command(call, tmp_path, monkeypatch):
    monkeypatch.setenv(ALLOWED, "")
    monkeypatch.syspath_prepend(tmp_path)
    (tmp_path / "cells_of_mine.py").write_text("from bioworkbench.neurons import noisy_lif\n\nCELL = noisy_lif()\n")
    document = alone() | {"populations": {"exc": {"size": 2, "kind": "cells_of_mine:CELL"}}, "projections": {}}
    document.pop("record", None)
    Path("mine.toml").write_text(tomli_w.dumps(document))
    refused = call("check", "mine.toml")
    assert refused.exit_code == 2
    assert "bioworkbench --allow cells_of_mine" in refused.stderr
    assert call("--allow", "cells_of_mine", "check", "mine.toml").stdout.startswith("fine")
