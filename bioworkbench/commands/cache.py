"""``bioworkbench cache``: the compiled programs that are kept."""

import json
from datetime import UTC, datetime
from typing import Annotated, Any

import typer

from bioworkbench.commands.terminal import output, rich_table, with_exit_codes
from bioworkbench.records.counted import counted
from bioworkbench.simulation.backends.cpp.programs import Program, cache_folder, cache_limit, clear_programs, programs

__all__ = ["cache_command"]


@with_exit_codes
def cache_command(
    clear: Annotated[bool, typer.Option("--clear")] = False,
    as_json: Annotated[bool, typer.Option("--json")] = False,
) -> None:
    """Show the compiled programs that are kept, or remove them.

    BIOWORKBENCH_CACHE names their folder, BIOWORKBENCH_CACHE_LIMIT how many gigabytes they may take together (2 by default); those
    that were not used for longest go first.

    Parameters
    ----------
    clear : bool
        Remove all programs that are not in use.
    as_json : bool
        Print the programs as JSON.
    """
    removed, kept = clear_programs() if clear else ([], programs())
    if as_json:
        answer = {"folder": str(cache_folder()), "limit": cache_limit(), "removed": len(removed)}
        output.print_json(json.dumps(answer | {"programs": [_as_json(program) for program in kept]}))
        return
    if kept:
        rows = [[str(program), _megabytes(program.size), f"{_time(program):%Y-%m-%d %H:%M}"] for program in kept]
        output.print(rich_table(["program", "MB", "last used"], rows))
    if clear:
        output.print(f"Removed {counted(len(removed), 'program')}, {_megabytes(_bytes(removed))} MB; {len(kept)} are in use.")
        output.print("Next: bioworkbench run SPEC builds what it needs again.")
    else:
        limit = f"{cache_limit() / 1e9:g} GB"
        output.print(f"{cache_folder()} holds {counted(len(kept), 'program')}: {_megabytes(_bytes(kept))} MB of {limit}.")
        output.print("Next: bioworkbench cache --clear removes them.")


def _as_json(program: Program) -> dict[str, Any]:
    about = {"key": program.folder.name, "structure": str(program), "bytes": program.size}
    return about | {"used": _time(program).isoformat(timespec="seconds")}


def _time(program: Program) -> datetime:
    return datetime.fromtimestamp(program.used, UTC).astimezone()


def _bytes(some: list[Program]) -> int:
    return sum(program.size for program in some)


def _megabytes(size: int) -> str:
    return f"{size / 1e6:.1f}"
