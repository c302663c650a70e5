"""``bioworkbench list``: what a spec can name."""

from collections.abc import Callable
from typing import Annotated, Any

import typer

from bioworkbench.commands.terminal import output, rich_table, with_exit_codes
from bioworkbench.errors import unknown_name
from bioworkbench.kinds import KINDS
from bioworkbench.quantities import Quantity, format_quantity
from bioworkbench.schema import Setting, first_sentence, references, settings
from bioworkbench.trained import Choice

__all__ = ["list_command"]


@with_exit_codes
def list_command(
    kind: Annotated[str | None, typer.Argument(help=f"One of {', '.join(KINDS)}.")] = None,
    name: Annotated[str | None, typer.Argument(help="One of its names, for its settings.")] = None,
) -> None:
    """List what a spec can name; with a kind its names, with a name its settings."""
    if kind is None:
        output.print(rich_table(["kind", "names"], [[known, ", ".join(table)] for known, table in KINDS.items()]))
        output.print("Next: bioworkbench list neurons noisy_lif")
        return
    if kind not in KINDS:
        raise ValueError(unknown_name(kind, "kind of thing to list", KINDS))
    if name is None:
        output.print(rich_table([kind, "what it is"], [[known, first_sentence(f)] for known, f in KINDS[kind].items()]))
        return
    if name not in KINDS[kind]:
        raise ValueError(unknown_name(name, f"name among the {kind}", KINDS[kind]))
    _show(name, KINDS[kind][name])


def _show(name: str, function: Callable[..., Any]) -> None:
    output.print(f"{name}: {first_sentence(function)}")
    rows = [[setting.name, _default(setting), setting.type_text, setting.text] for setting in settings(function).values()]
    if rows:
        output.print(rich_table(["setting", "default", "type", ""], rows))
    for reference in references(function):
        output.print(f"Reference: {reference}")


def _default(setting: Setting) -> str:
    if setting.required:
        return "needed"
    if isinstance(setting.default, Quantity):
        return format_quantity(setting.default)
    return setting.default.kind if isinstance(setting.default, Choice) else str(setting.default)
