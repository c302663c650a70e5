"""``bioworkbench table``: scores of many results beside each other."""

from pathlib import Path
from typing import Annotated, Any

import typer

from bioworkbench.commands.terminal import FAILED, escaped, output, rich_table, with_exit_codes, words
from bioworkbench.results.table import table

__all__ = ["table_command"]


@with_exit_codes
def table_command(
    results: Annotated[list[Path], typer.Argument(help="Results folders, or folders of experiments such as results/NAME.")],
    metric: Annotated[str, typer.Option(help="Test score, or entry of metrics.json such as activity.exc.mean_rate.")] = "",
    by: Annotated[list[str] | None, typer.Option(metavar="FIELD", help="Field of the specs; by default all that differ.")] = None,
    csv: Annotated[Path | None, typer.Option(metavar="FILE", help="Write the table as CSV too.")] = None,
) -> None:
    """Mean and standard error over the seeds, one row per setting, beside the baselines."""
    found = table(results, metric, by or ())
    output.print(rich_table(list(found.columns), [[_cell(value) for value in row] for row in found.rows]))
    for reason in found.unreadable:
        words.print(f"[yellow]left out[/] {escaped(reason)}")
    if csv is not None:
        found.to_csv(csv)
        output.print(str(csv))
    if found.unreadable:
        raise typer.Exit(FAILED)


def _cell(value: Any) -> str:
    if value is None:
        return "–"
    return f"{value:.4g}" if isinstance(value, float) else str(value)
