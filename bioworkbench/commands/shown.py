"""What a run says when it has ended."""

from bioworkbench.commands.terminal import output, rich_table, warn, words
from bioworkbench.experiment.results.result import Result
from bioworkbench.report.text import activity_table, score_table

__all__ = ["show"]


def show(result: Result) -> None:
    """Print the scores, activity and warnings of a `result`, and its folder last."""
    if result.found:
        words.print("This spec has been run before; --force runs it again.")
    for table in (score_table(result.metrics), activity_table(result.metrics)):
        if table is not None:
            output.print(rich_table(table.header, table.rows))
    for warning in result.record.warnings:
        warn(warning)
    output.print(f"Next: open {result.folder / 'report.html'} in a browser.")
    output.print(str(result.folder))
