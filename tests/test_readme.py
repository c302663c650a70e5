"""What README promises: its examples run, its spec is one, and the commands it prints are the ones that are meant."""

import csv
import os
import re
import shlex
import tomllib
from collections import Counter
from pathlib import Path

import pytest
from typer.testing import CliRunner

from bioworkbench.__main__ import app_for
from bioworkbench.experiment.spec import read
from bioworkbench.experiment.spec.kinds import KINDS

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text()


def block(label, language):
    """The code block behind a comment such as ``<!-- example: spec -->``."""
    (text,) = re.findall(rf"<!-- {label} -->\n```{language}\n(.*?)```", README, flags=re.DOTALL)
    return text


@pytest.mark.parametrize("example", ["spec", "script", "brian2"])
def test_examples_run(example, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "network_specs").symlink_to(ROOT / "network_specs")
    code = block(f"example: {example}", "python").replace('ransnn_digits.toml")', 'ransnn_digits.toml", SMALL)')
    exec(compile(code, example, "exec"), {"SMALL": {"populations.hidden.size": 100}})
    assert capsys.readouterr().out


def test_the_specs_shown_are_some():
    for text in re.findall(r"```toml\n(.*?)```", README, flags=re.DOTALL):
        assert read(tomllib.loads(text), "readme").seed == 1


def test_commands():
    assert "bioworkbench run network_specs/ransnn_digits.toml" in block("run command", "bash")
    assert "pytest" in block("test command", "bash")


def test_methods_are_all_listed():
    for name in KINDS["methods"]:
        assert f"`{name}`" in README


def larva():
    """Header and links of the connectome of a fruit fly's larva."""
    if "BIOWORKBENCH_DATA" not in os.environ:
        pytest.skip("drosophila_larva_subset.csv needs BIOWORKBENCH_DATA")
    path = Path(os.environ["BIOWORKBENCH_DATA"]) / "connectomes" / "drosophila_larva_subset.csv"
    with path.open(encoding="utf-8") as file:
        header, *links = csv.reader(file)
    return header, links


def run_the_topology_section(folder, header, links, n_nulls="10"):
    with (folder / "larva.csv").open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([header, *links])
    commands = block("topology commands", "bash").splitlines()
    for command in commands:
        program, *arguments = shlex.split(command.replace("--nulls 10", f"--nulls {n_nulls}"), comments=True)
        assert program == "bioworkbench"
        done = CliRunner().invoke(app_for(arguments), arguments)
        assert done.exit_code == 0, done.output
    assert (folder / "larva.html").exists()
    exec(compile(block("example: topology", "python"), "topology", "exec"), {})


@pytest.mark.thorough
def test_topology_runs_on_some_of_the_larva(tmp_path, monkeypatch, capsys):
    """The links among the forty neurons with the most of them."""
    header, links = larva()
    n_links = Counter(node for source, target, *_ in links for node in (source, target))
    chosen = {node for node, _ in n_links.most_common(40)}
    monkeypatch.chdir(tmp_path)
    run_the_topology_section(tmp_path, header, [row for row in links if chosen >= set(row[:2])], n_nulls="1")
    assert "clique" in capsys.readouterr().out


@pytest.mark.slow
def test_topology_runs_on_the_larva(tmp_path, monkeypatch, capsys):
    header, links = larva()
    monkeypatch.chdir(tmp_path)
    run_the_topology_section(tmp_path, header, links)
    assert "clique" in capsys.readouterr().out
