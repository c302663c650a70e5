"""Help of the subcommands: the words of their docstrings."""

import inspect
from importlib import import_module
from typing import get_args

import pytest
from typer.testing import CliRunner

from bioworkbench.__main__ import COMMANDS, app_for


def command(name):
    return getattr(import_module(f"bioworkbench.commands.{name}"), f"{name}_command")


@pytest.mark.parametrize("name", COMMANDS)
def test_every_parameter_has_help(name):
    signature = inspect.signature(command(name))
    without = [key for key, each in signature.parameters.items() if not get_args(each.annotation)[1].help]
    assert not without, f"describe {', '.join(without)} in the docstring of {name}_command"


def test_help_of_its_own_goes_before_the_docstring():
    about = get_args(inspect.signature(command("export")).parameters["to"].annotation)[1]
    assert "sonata" in about.help


def test_help_ends_before_the_sections():
    (shown,) = [each.help for each in app_for(["index"]).registered_commands if each.name == "index"]
    assert shown.startswith("Write index.html")
    assert "Parameters" not in shown


def test_brackets_are_shown():
    """Names of tables stand in brackets, which are no markup."""
    shown = CliRunner().invoke(app_for(["sweep"]), ["sweep", "--help"], env={"COLUMNS": "200"}).output
    assert "its [sweep] has lists of values" in shown
