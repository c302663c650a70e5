"""What the subcommands share: consoles, exit codes, progress, tables.

Paths, names and messages may hold anything: nothing in them is taken for markup or an emoji, and characters that would move the
cursor or turn the direction of writing are shown by their codes.
"""

import csv
import inspect
import os
import re
import sys
import traceback
import unicodedata
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from copy import copy
from functools import wraps
from pathlib import Path
from typing import Annotated, Any, get_args, get_origin

import typer
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, Progress, SpinnerColumn, TaskProgressColumn, TextColumn, TimeElapsedColumn
from rich.table import Table
from rich.text import Text

from bioworkbench.commands.interruption import ending
from bioworkbench.records.docstrings import parameter_texts
from bioworkbench.records.errors import ResultError, SimulationError
from bioworkbench.records.logs import forget_brian2_log

__all__ = [
    "BAD_INPUT",
    "FAILED",
    "MISSING",
    "labeled",
    "output",
    "progress_bars",
    "rich_table",
    "shortened",
    "visible",
    "warn",
    "with_exit_codes",
    "words",
]

FAILED, BAD_INPUT, MISSING = 1, 2, 3

_DEBUG = "BIOWORKBENCH_TRACEBACK"
_HIDDEN = ("Cc", "Cf", "Cs", "Zl", "Zp")  # Unicode's categories of characters that act rather than show
_NUMBER = re.compile(r"[+-]?\.?\d|[–*]?$")  # begins like one, or nothing is there
_LONGEST_WHOLE = 60  # characters in the first column of a table
_MOST = 240  # characters of a word or a quotation in a message
_LONG = re.compile(rf"'[^'\n]{{{_MOST},}}'|\S{{{_MOST},}}")


_TOLD: ContextVar[set[str]] = ContextVar("warnings that a command has printed")


class _Console(Console):
    """A console that prints texts as they are, what cannot be seen by its code."""

    def print(self, *objects: Any, **settings: Any) -> None:
        """Print texts and tables; see `rich.console.Console.print`."""
        super().print(*(visible(one) if isinstance(one, str) else one for one in objects), **settings)


_PLAIN: dict[str, Any] = {"highlight": False, "soft_wrap": True, "markup": False, "emoji": False}
output = _Console(**_PLAIN, width=None if sys.stdout.isatty() else 160)
words = _Console(**_PLAIN, stderr=True)


def visible(text: str) -> str:
    r"""A text whose invisible characters, line ends apart, are written as their codes.

    Parameters
    ----------
    text : str

    Returns
    -------
    str

    Examples
    --------
    >>> visible("a\x1b[2Jb\u202e")
    'a\\x1b[2Jb\\u202e'
    """
    return "".join(
        one if one == "\n" or unicodedata.category(one) not in _HIDDEN else one.encode("unicode_escape").decode() for one in text
    )


def shortened(text: str) -> str:
    """A message without the middle of words and quotations that are longer than a few lines.

    Parameters
    ----------
    text : str

    Returns
    -------
    str

    Examples
    --------
    >>> len(shortened("x" * 10_000)) < 300
    True
    """
    return _LONG.sub(lambda match: f"{match[0][: _MOST // 2]}...{match[0][-_MOST // 6 :]} ({len(match[0])} characters)", text)


def labeled(label: str, message: str, style: str) -> Text:
    """A message after a word in color, ready to be printed.

    Parameters
    ----------
    label, message : str
    style : str
        As rich has them: "bold red".

    Returns
    -------
    Text
    """
    return Text.assemble((label, style), " ", visible(shortened(message)))


def warn(message: str) -> None:
    """Print a warning, unless this command has printed it before: training, testing and what is kept of a run may each have it.

    Parameters
    ----------
    message : str
        With or without a full stop.
    """
    told, sentence = _TOLD.get(set()), message.removesuffix(".")
    if sentence not in told:
        told.add(sentence)
        words.print(labeled("warning", message, "yellow"))


def with_exit_codes(command: Callable[..., Any]) -> Callable[..., Any]:
    """Turn the errors of a command into one line on the error stream and an exit code.

    2: bad spec or input, 3: missing compiler, GPU or extra, 128 + n: ended by signal n (130 by Ctrl-C), 1: anything else. An error
    that nothing else caught is a fault of ours, or of a package that we use; it is told in one line as well, with its traceback if
    BIOWORKBENCH_TRACEBACK is set.

    Parameters
    ----------
    command : callable
        Its docstring describes its parameters; the command line shows that as their help.

    Returns
    -------
    callable
    """

    @wraps(command)
    def guarded(*args: Any, **kwargs: Any) -> Any:
        forget_brian2_log()
        _TOLD.set(set())
        try:
            with warnings.catch_warnings():
                warnings.showwarning = _show_warning
                return command(*args, **kwargs)
        except KeyboardInterrupt as error:
            code, message = ending(error)
        except (typer.Exit, typer.Abort):
            raise
        except Exception as error:
            code, message = _told(error)
            if os.environ.get(_DEBUG):
                words.print(traceback.format_exc())
        words.print(labeled("error", message, "bold red"))
        raise typer.Exit(code)

    guarded.__signature__ = _signature_with_help(command)  # pyright: ignore[reportAttributeAccessIssue]  what typer looks at
    return guarded


def _signature_with_help(command: Callable[..., Any]) -> inspect.Signature:
    """Signature of a command in which each parameter has the help that the docstring gives, unless it has one of its own."""
    signature = inspect.signature(command)
    texts = parameter_texts(inspect.getdoc(command) or "")
    return signature.replace(
        parameters=[_with_help(each, texts.get(name, ("", ""))[1]) for name, each in signature.parameters.items()]
    )


def _with_help(parameter: inspect.Parameter, text: str) -> inspect.Parameter:
    kind, *found = get_args(parameter.annotation) if get_origin(parameter.annotation) is Annotated else (parameter.annotation,)
    usual = typer.Argument() if parameter.default is parameter.empty else typer.Option()
    about = copy(found[0] if found else usual)
    about.help = escape(about.help or text)  # typer takes it for markup
    return parameter.replace(annotation=Annotated[kind, about])


def _show_warning(message: Warning | str, *_: Any, **__: Any) -> None:
    """A warning of Python as a line, without the code that it comes from."""
    warn(str(message))


def _told(error: Exception) -> tuple[int, str]:
    """Exit code and message of an error."""
    if isinstance(error, SimulationError | ResultError) and error.missing:
        return MISSING, str(error)
    if isinstance(error, ModuleNotFoundError):
        return MISSING, f"{error}; install what is missing (bioworkbench doctor says how)"
    if isinstance(error, SimulationError):
        return FAILED, str(error)
    if isinstance(error, MemoryError):
        return FAILED, f"out of memory ({error}); lower 'memory' or '--jobs', or take a smaller network or graph"
    if isinstance(error, OSError) and not isinstance(error, ValueError) and error.filename is not None:
        return BAD_INPUT, f"{error.filename}: {error.strerror}; check that it is there and that you may read and write it"
    if isinstance(error, (csv.Error, *_graph_errors())):
        return BAD_INPUT, f"this input cannot be used: {error}"
    if isinstance(error, OSError) and not isinstance(error, ValueError):
        return FAILED, f"a file cannot be read or written: {error.strerror or error}"
    if isinstance(error, ResultError) or (isinstance(error, ValueError) and str(error)):
        return BAD_INPUT, str(error)
    return FAILED, _unexpected(error)


def _graph_errors() -> tuple[type[Exception], ...]:
    """Errors of networkx, if anything imported it: most commands need not."""
    networkx = sys.modules.get("networkx")
    return () if networkx is None else (networkx.NetworkXException,)


def _unexpected(error: Exception) -> str:
    """An error that no part of the package puts into words: which one, where, and how to see more."""
    last = traceback.extract_tb(error.__traceback__)[-1]
    return (
        f"{type(error).__name__} in {Path(last.filename).name}, line {last.lineno}: {error}; this should have been an error in words: "
        f"report it with the input that led to it ({_DEBUG}=1 shows the traceback)"
    )


@contextmanager
def progress_bars() -> Iterator[Callable[[str, int, int], None]]:
    """Callback (phase, done, total) that keeps one bar per phase; bars appear after a second, and only on a terminal."""
    columns = (
        SpinnerColumn(),
        TextColumn("{task.description:10}", markup=False),
        BarColumn(),
        TaskProgressColumn(),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=words, transient=True, disable=not sys.stderr.isatty()) as progress:
        bars: dict[str, Any] = {}

        def notify(phase: str, done: int, total: int) -> None:
            if phase not in bars:
                bars[phase] = progress.add_task(visible(phase), total=None)
            progress.update(bars[phase], completed=done, total=total or None)

        yield notify


def rich_table(header: list[str], rows: list[list[str]]) -> Table:
    """Table for the terminal, from a `header` and `rows` of texts; columns of numbers, the first apart, are set to the right."""
    table = Table(box=None, header_style="bold", pad_edge=False)
    for number, name in enumerate(header):
        numbers = number > 0 and all(_NUMBER.match(row[number]) for row in rows)
        whole = number == 0 and all(len(row[0]) <= _LONGEST_WHOLE for row in rows)
        # what does not fit goes on below: an ellipsis would make one of names that begin alike
        table.add_column(visible(name), justify="right" if numbers else "left", no_wrap=whole, overflow="fold")
    for row in rows:
        table.add_row(*map(visible, row))
    return table
