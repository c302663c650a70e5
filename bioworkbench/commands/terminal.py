"""What the subcommands share: consoles, exit codes, progress, tables."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from typing import Any

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TaskProgressColumn, TextColumn, TimeElapsedColumn
from rich.table import Table

from bioworkbench.errors import ResultError, SimulationError

__all__ = ["BAD_INPUT", "FAILED", "MISSING", "escaped", "output", "progress_bars", "rich_table", "with_exit_codes", "words"]

FAILED, BAD_INPUT, MISSING = 1, 2, 3

output = Console(highlight=False, soft_wrap=True, width=None if sys.stdout.isatty() else 160)
words = Console(stderr=True, highlight=False, soft_wrap=True)


def with_exit_codes(command: Callable[..., Any]) -> Callable[..., Any]:
    """Turn the errors of a command into one line on the error stream and an exit code.

    2: bad spec or input, 3: missing compiler, GPU or extra, 1: anything else.
    """

    @wraps(command)
    def guarded(*args: Any, **kwargs: Any) -> Any:
        try:
            return command(*args, **kwargs)
        except SimulationError as error:
            code, message = (MISSING if error.missing else FAILED), str(error)
        except (ValueError, ResultError) as error:
            code, message = (MISSING if getattr(error, "missing", "") else BAD_INPUT), str(error)
        except KeyboardInterrupt:
            code, message = FAILED, "interrupted; nothing was written"
        except MemoryError as error:
            code, message = FAILED, f"out of memory ({error}); lower 'memory' or '--jobs', or make the network smaller"
        words.print(f"[bold red]error[/] {escaped(message)}")
        raise typer.Exit(code)

    return guarded


def escaped(text: str) -> str:
    """Text whose brackets are not taken for markup."""
    return text.replace("[", r"\[")


@contextmanager
def progress_bars() -> Iterator[Callable[[str, int, int], None]]:
    """Callback (phase, done, total) that keeps one bar per phase; bars appear after a second, and only on a terminal."""
    columns = (SpinnerColumn(), TextColumn("{task.description:10}"), BarColumn(), TaskProgressColumn(), TimeElapsedColumn())
    with Progress(*columns, console=words, transient=True, disable=not sys.stderr.isatty()) as progress:
        bars: dict[str, Any] = {}

        def notify(phase: str, done: int, total: int) -> None:
            if phase not in bars:
                bars[phase] = progress.add_task(phase, total=None)
            progress.update(bars[phase], completed=done, total=total or None)

        yield notify


def rich_table(header: list[str], rows: list[list[str]]) -> Table:
    """Table for the terminal; all columns but the first are numbers."""
    table = Table(box=None, header_style="bold", pad_edge=False)
    for number, name in enumerate(header):
        table.add_column(name, justify="left" if number == 0 else "right", no_wrap=number == 0)
    for row in rows:
        table.add_row(*row)
    return table
