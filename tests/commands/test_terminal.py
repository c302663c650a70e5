"""The border of the command line: errors in words, and texts that are printed as they are."""

import csv
import re
import unicodedata
import warnings

import networkx as nx
import pytest
import typer
from hypothesis import given
from hypothesis import strategies as st
from sklearn.exceptions import NotFittedError
from typer.testing import CliRunner

from bioworkbench.commands.terminal import (
    labeled,
    output,
    progress_bars,
    rich_table,
    shortened,
    visible,
    warn,
    with_exit_codes,
    words,
)
from bioworkbench.records.errors import ResultError, SimulationError, SpecError, TopologyError


def outcome(error):
    """Exit code and words of a command that fails."""

    def failing() -> None:
        raise error

    app = typer.Typer(pretty_exceptions_enable=False)
    app.command()(with_exit_codes(failing))
    done = CliRunner().invoke(app, [])
    assert isinstance(done.exception, SystemExit)
    return done.exit_code, done.stderr


@pytest.mark.parametrize(
    ("error", "code", "message"),
    [
        (SpecError("x.toml, seed: bad"), 2, "error x.toml, seed: bad\n"),
        (ResultError("damaged"), 2, "error damaged\n"),
        (ResultError("pynwb", missing="pynwb"), 3, "error pynwb\n"),
        (TopologyError("loops"), 2, "error loops\n"),
        (SimulationError("failed"), 1, "error failed\n"),
        (SimulationError("no compiler", missing="g++"), 3, "error no compiler\n"),
        (
            ModuleNotFoundError("No module named 'nir'"),
            3,
            "error No module named 'nir'; install what is missing (bioworkbench doctor",
        ),
        (MemoryError("9 GB"), 1, "error out of memory (9 GB); lower 'memory' or '--jobs'"),
        (nx.NetworkXNotImplemented("not for multigraphs"), 2, "error this input cannot be used: not for multigraphs\n"),
        (nx.NetworkXUnfeasible("no way"), 2, "error this input cannot be used: no way\n"),
        (csv.Error("new-line character seen"), 2, "error this input cannot be used: new-line character seen\n"),
        (
            PermissionError(13, "Permission denied", "a.toml"),
            2,
            "error a.toml: Permission denied; check that it is there and that you",
        ),
        (
            OSError("Unable to open file (file signature not found)"),
            1,
            "error a file cannot be read or written: Unable to open file",
        ),
        (OSError(28, "No space left on device"), 1, "error a file cannot be read or written: No space left on device\n"),
        (NotFittedError("call fit first"), 2, "error call fit first\n"),
        (UnicodeDecodeError("utf-8", b"\xff", 0, 1, "invalid start byte"), 2, "error 'utf-8' codec can't decode"),
        (KeyError("gone"), 1, "error KeyError in test_terminal.py, line "),
        (ValueError(), 1, "error ValueError in test_terminal.py"),
        (
            RecursionError("too deep"),
            1,
            "too deep; this should have been an error in words: report it with the input that led to it",
        ),
        (ZeroDivisionError("division by zero"), 1, "BIOWORKBENCH_TRACEBACK=1 shows the traceback"),
    ],
)
def test_every_error_is_one_line_and_a_code(error, code, message):
    found, said = outcome(error)
    assert found == code
    assert message in said
    assert said.count("\n") == 1


def test_the_traceback_can_be_seen(monkeypatch):
    monkeypatch.setenv("BIOWORKBENCH_TRACEBACK", "1")
    code, said = outcome(KeyError("[gone]"))
    assert code == 1
    assert "Traceback (most recent call last)" in said
    assert "KeyError: '[gone]'" in said


def test_exit_codes_of_commands_pass():
    assert outcome(typer.Exit(5))[0] == 5


def test_warnings_are_lines_each_told_once():
    def command() -> None:
        warnings.warn("delays of [x] are rounded", RuntimeWarning, stacklevel=1)  # in training
        warnings.warn("delays of [x] are rounded", RuntimeWarning, stacklevel=1)  # in testing
        warn("delays of [x] are rounded.")  # in what is kept of the run

    app = typer.Typer()
    app.command()(with_exit_codes(command))
    for _ in range(2):  # each time that the command is called
        assert CliRunner().invoke(app, []).stderr == "warning delays of [x] are rounded\n"


ODD = [
    "[x]",
    "[/]",
    "[bold]a[/bold]",
    r"\[x]",
    ":warning:",
    "a\x1b[2Jb",
    "a\u202eb",
    "caf\udce9",
    "[link=http://x]y[/link]",
    "ü 中 µ",
]


@pytest.mark.parametrize("text", ODD)
def test_texts_are_printed_as_they_are(text):
    shown = visible(text)
    for console in (output, words):
        with console.capture() as captured:
            console.print(text)
            console.print(labeled("note", text, "yellow"))
            console.print(rich_table([text, "n"], [[text, text]]))
        lines = captured.get().splitlines()
        assert lines[0] == shown
        assert re.sub(r"\x1b\[\d*m", "", lines[1]) == f"note {shown}"
        assert re.sub(r"\x1b\[\d*m", "", lines[2]).startswith(shown)
        assert lines[3].count(shown) == 2


def test_nothing_of_a_wide_table_is_lost():
    """Names that begin alike became one, with an ellipsis."""
    names = [f"populations.excitatory.{name}" for name in ("tau", "sigma", "rest", "reset", "threshold", "size", "refractory")]
    cells = ["x" * 200, *names[1:]]
    with output.capture() as captured:
        output.print(rich_table(names, [cells]))
    letters = re.sub(r"\x1b\[\d*m|\s", "", captured.get())
    assert "…" not in letters
    assert sorted(letters) == sorted("".join([*names, *cells]))


def test_columns_of_numbers_are_set_to_the_right_and_words_to_the_left():
    with output.capture() as captured:
        output.print(rich_table(["of", "hertz", "words"], [["a", "1.5 ± 0.1", "few"], ["b", "–", "2 and more"]]))
    _, first, second = (line.rstrip() for line in captured.get().splitlines())
    assert first.index("few") == second.index("2 and more")
    assert first.index("0.1") + 2 == second.index("–")


@given(st.text())
def test_what_is_printed_moves_no_cursor(text):
    shown = visible(text)
    assert not {unicodedata.category(one) for one in shown if one != "\n"} & {"Cc", "Cf", "Cs", "Zl", "Zp"}
    shown.encode()
    with output.capture() as captured:
        output.print(text)
    assert captured.get() == f"{shown}\n"


def test_codes_of_what_cannot_be_seen():
    assert visible("a\x1b[31mb\tc\r\u202e\x00\ud800\nd") == "a\\x1b[31mb\\tc\\r\\u202e\\x00\\ud800\nd"


def test_long_values_are_shortened():
    assert shortened("tau = '20 ms' is not a number; " * 50) == "tau = '20 ms' is not a number; " * 50
    long = shortened(f"'{'x' * 10_000}' is not a metric; '{'many words ' * 1000}' neither")
    assert len(long) < 500
    assert long.startswith("'xxx")
    assert "xxx' (10002 characters) is not a metric; 'many words" in long
    assert len(labeled("error", "y" * 10**6, "red").plain) < 300


def test_phases_are_no_markup():
    with progress_bars() as progress:
        progress("runs of [x", 0, 1)
        progress("runs of [x", 1, 1)
