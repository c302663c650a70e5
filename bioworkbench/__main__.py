"""The command ``bioworkbench``."""

import gc
import inspect
import os
import sys
from collections.abc import Callable, Sequence
from importlib import import_module
from typing import Annotated, Any

import typer

from bioworkbench.commands.interruption import ending, interruptible
from bioworkbench.commands.sparing import imported, imported_undrawn
from bioworkbench.records.docstrings import summary_section

__all__ = ["COMMANDS", "app_for", "main"]

COMMANDS = {
    "run": "Run an experiment; prints the results folder last.",
    "sweep": "Run every point of a sweep on many cores or a cluster, or search ranges for the best values.",
    "continue": "Go on from the state that a run has kept.",
    "predict": "Ask a trained network about new data.",
    "table": "Put the scores of many results beside each other.",
    "index": "Write a page of all runs, to sort and filter.",
    "compare": "Show runs side by side: specs, scores, activity, figures.",
    "explore": "Write a page of the spikes and traces of a run, to zoom and choose in.",
    "check": "Check specs and estimate memory and time; simulates nothing.",
    "list": "List what a spec can name, with its settings.",
    "schema": "Write the JSON Schema of a spec, for editors.",
    "new": "Write a commented spec that runs as it is.",
    "demo": "Run one small example of each kind, and write a page of all of them.",
    "doctor": "Say what this machine has, lacks, and how to fix it.",
    "figures": "Draw the figures of a project from its results.",
    "cache": "Show the compiled programs that are kept, or remove them.",
    "export": "Write a run in another format: SONATA, NWB, Neo, NIR, GraphML, CSV.",
    "topology": "Measure a graph, predict its missing links, or generate one.",
}
"""Subcommands and what they are for; NAME is the function ``NAME_command`` of ``bioworkbench.commands.NAME``."""


_OBJECTS = 100_000  # made between two collections
_SLOW = ("continue", "demo", "run", "sweep")  # say at once that they have begun: what they import takes more than a second
_DRAW_LATER = ("topology",)
_WITHOUT_BRIAN2 = ("cache", "figures", "index", "list", "new", "table")


def app_for(arguments: Sequence[str]) -> typer.Typer:
    """The command line that answers these arguments; only the subcommand they name is imported, so that help comes at once.

    Parameters
    ----------
    arguments : sequence of str
        Words after the program's name.

    Returns
    -------
    Typer

    Examples
    --------
    >>> app_for(["--help"]).info.name
    'bioworkbench'
    """
    app = typer.Typer(
        name="bioworkbench",
        help="Spiking networks in Brian2, from a spec to a report.",
        no_args_is_help=True,
        pretty_exceptions_enable=False,
        context_settings={"help_option_names": ["-h", "--help"]},
    )
    app.callback()(_root)
    for name, words in COMMANDS.items():
        function = _function(name, arguments) if name == _asked(arguments) else _not_imported
        app.command(name, help=summary_section(inspect.getdoc(function) or "") if name == _asked(arguments) else words)(function)
    return app


def _asked(arguments: Sequence[str]) -> str:
    """The subcommand, which options of all may stand before."""
    rest = list(arguments)
    while rest[:1] == ["--allow"]:
        rest = rest[2:]
    return next((word for word in rest[:1] if word in COMMANDS), "")


def _function(name: str, arguments: Sequence[str]) -> Callable[..., Any]:
    if name in _SLOW and not {"-h", "--help"} & set(arguments) and "_BIOWORKBENCH_COMPLETE" not in os.environ:
        spec = next((word for word in arguments if word.endswith(".toml") and word.isprintable()), "")
        print(f"bioworkbench {name} {spec}".rstrip(), file=sys.stderr, flush=True)
    # Functions of other packages may run Brian2 themselves.
    module, compiles = f"bioworkbench.commands.{name}", "--allow" in arguments or "BIOWORKBENCH_PACKAGES" in os.environ
    if name in _DRAW_LATER:
        found = imported_undrawn(module)
    else:
        found = import_module(module) if name in _WITHOUT_BRIAN2 else imported(module, compiles=compiles)
    return getattr(found, f"{name}_command")


def _root(
    version: Annotated[
        bool, typer.Option("--version", callback=lambda wanted: _version(wanted), is_eager=True, help="Print it.")
    ] = False,
    packages: Annotated[
        list[str] | None, typer.Option("--allow", metavar="PACKAGE", help="Let specs name functions of this package.")
    ] = None,
) -> None:
    """Spiking networks in Brian2, from a spec to a report."""
    if packages:
        import_module("bioworkbench.records.functions").allow(packages)


def _version(wanted: bool) -> None:
    if wanted:
        metadata = import_module("importlib.metadata")  # not at the top: help does without
        typer.echo(f"bioworkbench {metadata.version('bioworkbench')}")
        raise typer.Exit()


def _arguments() -> list[str]:
    """Words of the command line; while a shell completes one, those typed so far."""
    typed = os.environ.get("_TYPER_COMPLETE_ARGS") or (
        os.environ.get("COMP_WORDS") if "_BIOWORKBENCH_COMPLETE" in os.environ else ""
    )
    return typed.split()[1:] if typed else sys.argv[1:]


def _not_imported() -> None:
    """Stands for a subcommand in the list of all."""


def main() -> None:
    """Run the command line."""
    # Nearly all of the million objects that imports make stay until the end; the collector would look through them again and again.
    gc.set_threshold(_OBJECTS)
    gc.disable()
    with interruptible():
        try:
            app = app_for(_arguments())
            gc.freeze()
            gc.enable()
            app(prog_name="bioworkbench")
            return
        except KeyboardInterrupt as error:  # outside of a command: while its modules are imported
            code, message = ending(error)
        print(message, file=sys.stderr)
    sys.exit(code)


if __name__ == "__main__":
    main()
