"""``bioworkbench table``: scores of many results beside each other."""

from pathlib import Path
from typing import Annotated

import typer

from bioworkbench.commands.terminal import FAILED, labeled, output, rich_table, with_exit_codes, words
from bioworkbench.experiment.results.table import table

__all__ = ["table_command"]


@with_exit_codes
def table_command(
    results: list[Path],
    metric: str = "",
    by: Annotated[list[str] | None, typer.Option(metavar="FIELD")] = None,
    latex: Annotated[bool, typer.Option("--latex")] = False,
    markdown: Annotated[bool, typer.Option("--markdown")] = False,
    csv: Annotated[Path | None, typer.Option(metavar="FILE")] = None,
) -> None:
    """Mean and standard error over the seeds, one row per setting, beside the baselines.

    Parameters
    ----------
    results : list of path
        Results folders, or folders of experiments such as results/NAME.
    metric : str
        Test score, or entry of metrics.json such as activity.exc.mean_rate.
    by : list of str, optional
        Field of the specs; by default all that differ.
    latex : bool
        Print LaTeX, with booktabs.
    markdown : bool
        Print Markdown.
    csv : path, optional
        Write the table as CSV too.
    """
    if latex and markdown:
        raise ValueError("--latex and --markdown: both say what is printed; give one of them")
    found = table(results, metric, by or ())
    if latex or markdown:
        typer.echo(found.to_latex() if latex else found.to_markdown(), nl=False)
    else:
        output.print(rich_table(*found.in_words()))
    for reason in found.unreadable:
        words.print(labeled("left out", reason, "yellow"))
    if csv is not None:
        found.to_csv(csv)
        output.print(str(csv))
    if found.unreadable:
        raise typer.Exit(FAILED)
