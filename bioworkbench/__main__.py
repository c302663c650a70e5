"""The command ``bioworkbench``."""

import typer

from bioworkbench.commands.check import check_command
from bioworkbench.commands.doctor import doctor_command
from bioworkbench.commands.list import list_command
from bioworkbench.commands.new import new_command
from bioworkbench.commands.run import run_command
from bioworkbench.commands.topology import topology_command

__all__ = ["app", "main"]

app = typer.Typer(
    name="bioworkbench",
    help="Spiking networks in Brian2, from a spec to a report.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
for name, command in {
    "run": run_command,
    "check": check_command,
    "list": list_command,
    "new": new_command,
    "doctor": doctor_command,
    "topology": topology_command,
}.items():
    app.command(name)(command)


def main() -> None:
    """Run the command line."""
    app()


if __name__ == "__main__":
    main()
