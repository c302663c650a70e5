"""``bioworkbench new``: a commented spec to start from."""

from importlib.resources import files
from pathlib import Path
from typing import Annotated

import typer

from bioworkbench.commands.terminal import output, with_exit_codes
from bioworkbench.errors import SpecError

__all__ = ["new_command"]


@with_exit_codes
def new_command(name: Annotated[str, typer.Argument(help="Name of the experiment; the file becomes NAME.toml.")]) -> None:
    """Write a commented spec that runs as it is."""
    path = Path(f"{name.removesuffix('.toml')}.toml")
    text = files("bioworkbench").joinpath("templates/new.toml").read_text(encoding="utf-8")
    try:
        with path.open("x", encoding="utf-8") as file:
            file.write(text)
    except FileExistsError as error:
        raise SpecError(f"{path} is there already; choose another name, or remove it") from error
    except OSError as error:
        raise SpecError(f"{path} cannot be written ({error.strerror})") from error
    output.print(f"Next: bioworkbench check {path}")
    output.print(str(path))
