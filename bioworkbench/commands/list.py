"""``bioworkbench list``: what a spec can say and name. Names are read from the source; only the settings of one import it."""

import json
from typing import Annotated, Any

import typer

from bioworkbench.commands.sparing import imported
from bioworkbench.commands.terminal import output, rich_table, with_exit_codes
from bioworkbench.experiment.spec.kinds import HOMES, KINDS
from bioworkbench.experiment.spec.sources import names_in_sentences, names_of_kind
from bioworkbench.records.errors import unknown_name

__all__ = ["list_command"]

_SPEC = "spec"


@with_exit_codes
def list_command(
    kind: Annotated[str | None, typer.Argument(help=f"One of {', '.join(HOMES)}; or spec, for the fields of a spec.")] = None,
    name: Annotated[str | None, typer.Argument()] = None,
    as_json: Annotated[bool, typer.Option("--json")] = False,
) -> None:
    """List what a spec can name; with a kind its names, with a name its settings; 'list spec' lists the fields of a spec.

    Parameters
    ----------
    kind : str, optional
        Kind of thing to list, or spec for the fields of a spec.
    name : str, optional
        One of its names, for its settings.
    as_json : bool
        Print as JSON.
    """
    if kind is not None and kind not in (*HOMES, _SPEC):
        raise ValueError(unknown_name(kind, "kind of thing to list", (*HOMES, _SPEC)))
    if kind is None:
        names = {known: names_of_kind(known) for known in HOMES}
        _show(names, as_json, ["kind", "names"], [[known, ", ".join(found)] for known, found in names.items()])
        if not as_json:
            output.print("Next: bioworkbench list neurons noisy_lif")
    elif kind == _SPEC:
        fields = _manual().spec_fields()
        _show(fields, as_json, ["field", "default", "type", ""], [list(field.values()) for field in fields])
    elif name is None:
        words = names_in_sentences(kind)
        _show(words, as_json, [kind, "what it is"], [[known, text] for known, text in words.items()])
    elif ":" not in name and name not in names_of_kind(kind):
        raise ValueError(unknown_name(name, f"name among the {kind}", names_of_kind(kind)))
    else:
        about = _manual().entry(KINDS[kind][name], name)
        if as_json:
            output.print_json(json.dumps(about))
        else:
            _show_entry(about)


def _manual() -> Any:
    return imported("bioworkbench.experiment.spec.manual")  # brings Brian2: only for units and defaults


def _show(content: Any, as_json: bool, header: list[str], rows: list[list[str]]) -> None:
    if as_json:
        output.print_json(json.dumps(content))
    else:
        output.print(rich_table(header, rows))


def _show_entry(about: dict[str, Any]) -> None:
    output.print(f"{about['name']}: {about['what']}")
    if about["more"]:
        output.print(about["more"])
    if about["settings"]:
        rows = [list(setting.values()) for setting in about["settings"]]
        output.print(rich_table(["setting", "default", "type", ""], rows))
    for reference in about["references"]:
        output.print(f"Reference: {reference}")
