"""What README promises: its examples run, its spec is one, and the commands it prints are the ones that are meant."""

import re
import tomllib
from pathlib import Path

import pytest

from bioworkbench.kinds import KINDS
from bioworkbench.spec import read

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text()


def block(label, language):
    """The code block behind a comment such as ``<!-- example: spec -->``."""
    (text,) = re.findall(rf"<!-- {label} -->\n```{language}\n(.*?)```", README, flags=re.DOTALL)
    return text


@pytest.mark.parametrize("example", ["spec", "script"])
def test_examples_run(example, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "network_specs").symlink_to(ROOT / "network_specs")
    code = block(f"example: {example}", "python").replace('ransnn_digits.toml")', 'ransnn_digits.toml", SMALL)')
    exec(compile(code, example, "exec"), {"SMALL": {"populations.hidden.size": 100}})
    assert capsys.readouterr().out


def test_the_spec_shown_is_one():
    text = re.findall(r"```toml\n(.*?)```", README, flags=re.DOTALL)[0]
    assert read(tomllib.loads(text), "readme").seed == 1


def test_commands():
    assert "bioworkbench run network_specs/ransnn_digits.toml" in block("run command", "bash")
    assert "pytest" in block("test command", "bash")


def test_methods_are_all_listed():
    for name in KINDS["methods"]:
        assert f"`{name}`" in README
