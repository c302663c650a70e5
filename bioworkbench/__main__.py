"""The command ``bioworkbench``."""

import sys
from collections.abc import Callable, Sequence
from importlib import import_module
from typing import Any

import typer

__all__ = ["COMMANDS", "app_for", "main"]

COMMANDS = {
    "run": "Run an experiment; prints the results folder last.",
    "sweep": "Run every point of a sweep on many cores or a cluster, or search ranges for the best values.",
    "table": "Put the scores of many results beside each other.",
    "check": "Check specs and estimate memory and time; simulates nothing.",
    "list": "List what a spec can name, with its settings.",
    "new": "Write a commented spec that runs as it is.",
    "doctor": "Say what this machine has, lacks, and how to mend it.",
    "figures": "Draw the figures of a project from its results.",
    "cache": "Show the compiled programs that are kept, or remove them.",
    "export": "Write a run in another format: SONATA, NWB, Neo, NIR, GraphML, CSV.",
    "topology": "Measure a graph, predict its missing links, or generate one.",
}
"""Subcommands and what they are for; NAME is the function ``NAME_command`` of ``bioworkbench.commands.NAME``."""


def app_for(arguments: Sequence[str]) -> typer.Typer:
    """The command line that answers these arguments; only the subcommand they name is imported, so that help comes at once.

    Examples
    --------
    >>> app_for(["--help"]).info.name
    'bioworkbench'
    """
    app = typer.Typer(
        name="bioworkbench",
        help="Spiking networks in Brian2, from a spec to a report.",
        no_args_is_help=True,
        add_completion=False,
        pretty_exceptions_enable=False,
    )
    for name, words in COMMANDS.items():
        function = _function(name) if name in arguments[:1] else _not_imported
        app.command(name, help=function.__doc__ if name in arguments[:1] else words)(function)
    return app


def _function(name: str) -> Callable[..., Any]:
    return getattr(import_module(f"bioworkbench.commands.{name}"), f"{name}_command")


def _not_imported() -> None:
    """Stands for a subcommand in the list of all."""


def main() -> None:
    """Run the command line."""
    app_for(sys.argv[1:])()


if __name__ == "__main__":
    main()
