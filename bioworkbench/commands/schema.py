"""``bioworkbench schema``: the JSON Schema of a spec, for editors."""

from pathlib import Path
from typing import Annotated

import typer

from bioworkbench.commands.terminal import output, with_exit_codes
from bioworkbench.experiment.results.files import write_text
from bioworkbench.experiment.spec.manual import markdown, schema_text

__all__ = ["schema_command"]


@with_exit_codes
def schema_command(
    path: Annotated[Path | None, typer.Argument()] = None,
    as_markdown: Annotated[bool, typer.Option("--markdown")] = False,
) -> None:
    """Write the JSON Schema of a spec, with which editors complete and check TOML files.

    Parameters
    ----------
    path : path, optional
        File to write, such as spec.schema.json; printed by default.
    as_markdown : bool
        The spec field by field, as a Markdown page.
    """
    text = markdown() if as_markdown else schema_text()
    if path is None:
        typer.echo(text, nl=False)
        return
    write_text(path, text)
    output.print(f"Next: write '#:schema {path}' into the first line of a spec; editors with Taplo read it.")
    output.print(str(path))
