"""Tables of text, as spreadsheets and scripts write them: one reader for everything that is read from CSV files.

Separator, line ends, byte order mark and decimal mark are detected, and reported in `CsvTable.found`. What can be read as two
different numbers is refused: wrong numbers look like right ones. Cells lose the spaces around them, so that ``" cat"`` and ``"cat"``
are one label.
"""

# pyright: reportArgumentType=false, reportCallIssue=false, reportInvalidTypeArguments=false, reportReturnType=false
# pandas is not typed

import csv
import io
import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path

import numpy as np
import pandas

from bioworkbench.records.arrays import Floats, Integers
from bioworkbench.records.cells import is_number, plain_cell
from bioworkbench.records.errors import unknown_name
from bioworkbench.records.text_files import read_text

__all__ = ["MAX_COLUMNS", "MISSING", "CsvTable", "read_table"]

MAX_COLUMNS = 20_000
"""Of a table; files with more are mostly transposed, or no tables."""

MISSING = frozenset({"", "NA", "N/A", "#N/A", "<NA>", "NaN", "nan", "NAN", "null", "NULL", "None", "?", "-"})
"""Cells that stand for a value that is missing."""

_SEPARATORS = {"\t": "tabs", ";": "';'", "|": "'|'", ",": "','", " ": "spaces"}  # commas come late: they are decimal marks too
_LINES_LOOKED_AT = 200
_UNNAMED = re.compile(r"Unnamed: \d+([._]\w+)*")  # what pandas calls a column without a name
_WITH_COMMA = re.compile(r"[+-]?\d*,\d+([eE][+-]?\d+)?")
_IN_THREES = re.compile(r"[+-]?[1-9]\d{0,2},\d{3}")


@dataclass(frozen=True)
class CsvTable:
    """A table as text.

    Parameters
    ----------
    path : Path
    names : tuple of str
        Of the columns; "0", "1", ... where the file has none. The first ones may be "": numbers or names of rows, as pandas and R
        write them.
    cells : data frame of text (n_rows, n_columns)
        Without spaces around them, its columns numbered.
    lines : array of int (n_rows,)
        Line of the file that each row ends in, counted from 1.
    separator : str
    found : tuple of str
        What was detected about the file, in words.
    """

    path: Path
    names: tuple[str, ...]
    cells: pandas.DataFrame
    lines: Integers
    separator: str
    found: tuple[str, ...]

    def position(self, name: str) -> int:
        """Number of the column called `name`; ValueError if there is none, or several."""
        if name not in self.names:
            raise ValueError(unknown_name(name, f"column of {self.path.name}", [known for known in self.names if known]))
        if self.names.count(name) > 1:
            raise ValueError(f"column '{name}' occurs twice in {self.path}; give every column its own name")
        return self.names.index(name)

    def texts(self, name: str) -> list[str]:
        """Cells of the column called `name`."""
        return self.cells[self.position(name)].tolist()

    def missing(self, names: Sequence[str]) -> np.ndarray:
        """Which cells (n_rows, n_names) of the columns `names` stand for a missing value."""
        return self.cells[[self.position(name) for name in names]].isin(MISSING).to_numpy()

    def where(self, row: int, name: str) -> str:
        """File, line and column of the cell in the row of number `row` and the column called `name`, for messages."""
        return f"{self.path}, line {self.lines[row]}, column '{name}'"

    def take(self, rows: np.ndarray) -> "CsvTable":
        """The table of some `rows`, given by their numbers or by a mask."""
        return replace(self, cells=self.cells.iloc[rows].reset_index(drop=True), lines=self.lines[rows])

    def numbers(self, names: Sequence[str]) -> Floats:
        """Numbers of some columns.

        Parameters
        ----------
        names : sequence of str
            Of the columns.

        Returns
        -------
        float array (n_rows, n_names)
            NaN where a value is missing.

        Raises
        ------
        ValueError
            If a cell is not a number, is infinite, or can be read as two different numbers.
        """
        cells = self.cells[[self.position(name) for name in names]]
        text = cells.to_numpy(dtype=object)
        with_comma = self._decimal_commas(names, text)
        if with_comma:
            cells = cells.apply(lambda column: column.str.replace(",", ".", regex=False))
        values = cells.where(~cells.isin(MISSING)).apply(pandas.to_numeric, errors="coerce").to_numpy(dtype=float)
        bad = np.argwhere((np.isnan(values) & ~self.missing(names)) | np.isinf(values))
        if len(bad):
            row, column = (int(k) for k in bad[0])
            rule = "is not finite" if np.isinf(values[row, column]) else "is not a number"
            raise ValueError(f"{self.where(row, names[column])}: '{text[row, column]}' {rule}{_others(len(bad))}")
        return values

    def has_decimal_commas(self, names: Sequence[str]) -> bool:
        """Whether the numbers of the columns `names` are written with decimal commas."""
        return self._decimal_commas(names, self.cells[[self.position(name) for name in names]].to_numpy(dtype=object))

    def _decimal_commas(self, names: Sequence[str], text: np.ndarray) -> bool:
        """As `has_decimal_commas`; refuses what can be read as two different numbers."""
        flat = text.ravel().tolist()
        commas = [k for k, cell in enumerate(flat) if _WITH_COMMA.fullmatch(cell)]
        if not commas:
            return False
        first = commas[0]
        place = self.where(first // len(names), names[first % len(names)])
        # 1,234 is ambiguous where nothing else tells: a cell such as 0,5 or 12,34 does, and so do semicolons between cells,
        # which programs write exactly where commas are decimal marks. Where commas also separate, one ambiguous cell is enough.
        in_threes = self.separator != ";" and all(_IN_THREES.fullmatch(flat[k]) for k in commas)
        if in_threes or (self.separator == "," and any(_IN_THREES.fullmatch(flat[k]) for k in commas)):
            raise ValueError(
                f"{place}: '{flat[first]}' can be a number with a decimal comma or one with thousands set off; write decimal points, "
                "and no thousands marks"
            )
        points = next((cell for cell in flat if "." in cell and is_number(cell)), None)
        if points is not None:
            raise ValueError(f"{place}: '{flat[first]}' has a decimal comma, '{points}' a decimal point; write all numbers alike")
        return True


def _others(n: int) -> str:
    return f" (the first of {n} such cells)" if n > 1 else ""


def read_table(path: Path, *, header: bool = True, separator: str = "") -> CsvTable:
    """Table of text from a file.

    Parameters
    ----------
    path : Path
    header : bool
        Whether the first line holds names.
    separator : str
        Between cells; detected by default.

    Returns
    -------
    CsvTable
        Empty lines are left out, unless the table has one column.

    Raises
    ------
    ValueError
        If the file is not text, has no rows, has too many columns, or rows with other numbers of cells than the first.
    """
    text, found = read_text(path)
    first = text.split("\n", 1)[0]
    if not first.strip(" "):
        raise ValueError(
            f"{path} is empty or starts with an empty line; it must be a table with a first line of names or numbers"
        )
    _check_width(path, 1 + max(map(first.count, _SEPARATORS)))
    # a line of spaces is an empty line, not a row of empty cells
    text = re.sub(r"^ +$", "", text.rstrip("\n"), flags=re.MULTILINE)
    separator = separator or _separator(text)
    found = [f"cells separated by {_SEPARATORS.get(separator, repr(separator))}", *found]
    # pandas pads short rows in silence; the csv module counts their cells first, and knows the line that each row ends in
    width, lines = _lines(path, text, separator)
    cells = pandas.read_csv(
        io.StringIO(text), sep=r"\s+" if separator == " " else separator, header=None, dtype=str, na_filter=False,
        keep_default_na=False, skipinitialspace=True, skip_blank_lines=width > 1, engine="c", low_memory=False,
    )  # fmt: skip
    cells = cells.apply(lambda column: column.str.strip().map(_read))
    names = tuple(cells.iloc[0]) if header else tuple(map(str, range(cells.shape[1])))
    if len(cells) == header:
        raise ValueError(f"{path} has no rows of data below its names {', '.join(names[:10])}")
    table = CsvTable(
        path, names, cells.iloc[int(header) :].reset_index(drop=True), np.array(lines[int(header) :]), separator, tuple(found)
    )
    return _tidied(table) if header else table


def _read(cell: str) -> str:
    """A cell as it was meant: without a guard, its letters and accents one character each, so that equal looks are equal texts."""
    return plain_cell(cell if cell.isascii() else unicodedata.normalize("NFC", cell))


def _check_width(path: Path, n_columns: int) -> None:
    if n_columns > MAX_COLUMNS:
        raise ValueError(f"{path} has about {n_columns} columns; at most {MAX_COLUMNS} are read. Is it transposed?")


def _separator(text: str) -> str:
    """The separator that gives all of the first lines the same number of cells, more than one; else the first line's.

    Tabs, semicolons and bars go before commas, which are decimal marks where those separate. Spaces separate numbers only.
    """
    # the order of _SEPARATORS decides between several that fit: "1,5;2,5" is also even when it is cut at commas
    looked_at = {separator: _first_rows(text, separator) for separator in _SEPARATORS}
    for separator, rows in looked_at.items():
        even = rows and len(set(map(len, rows))) == 1 and len(rows[0]) > 1
        if even and (separator != " " or all(is_number(cell) for row in rows[1:] for cell in row)):
            return separator
    widths = {separator: len(rows[0]) if rows else 1 for separator, rows in looked_at.items() if separator != " "}
    return max(widths, key=lambda separator: (widths[separator], separator == ","))


def _first_rows(text: str, separator: str) -> list[list[str]]:
    """Cells of the first lines that are not empty; none where quotes do not fit the separator."""
    try:
        rows = islice(_rows(text[: 2**20], separator), _LINES_LOOKED_AT)
        return [row for row, _ in rows if row]
    except csv.Error:
        return []


def _rows(text: str, separator: str) -> Iterator[tuple[list[str], int]]:
    """Cells and line of every row."""
    spaces = separator == " "
    reader = csv.reader(io.StringIO(text), delimiter=separator, strict=True, skipinitialspace=True)
    for row in reader:
        yield ([cell for cell in row if cell] if spaces else row), reader.line_num


def _lines(path: Path, text: str, separator: str) -> tuple[int, list[int]]:
    """Number of cells in every row, once all have the same, and the line of every row."""
    lines, width = [], 0
    try:
        for row, line in _rows(text, separator):
            width = width or len(row)
            if len(row) not in (0, width):
                raise ValueError(f"{path}, line {line} has {len(row)} cells, the first line {width}; all lines need as many")
            if row or width == 1:  # an empty line is a missing value where there is one column
                lines.append(line)
    except csv.Error as error:
        raise ValueError(
            f"{path} is not a table with cells separated by {_SEPARATORS.get(separator, separator)}: {error}"
        ) from error
    return width, lines


def _tidied(table: CsvTable) -> CsvTable:
    """The table without empty columns that have no name, as a separator at the end of each line makes them.

    The first columns may be without a name; pandas and R write numbers and names of rows there.
    """
    names = ["" if _UNNAMED.fullmatch(name) else name for name in table.names]
    n_first = next((k for k, name in enumerate(names) if name), len(names))
    names[n_first:] = table.names[n_first:]
    empty = [k for k in range(n_first, len(names)) if not names[k] and bool((table.cells[k] == "").all())]
    for k in range(n_first, len(names)):
        if not names[k] and k not in empty:
            raise ValueError(f"{table.path}, column {k + 1} has no name and holds '{table.cells[k].iloc[0]}'; give it a name")
    kept = [k for k in range(len(names)) if k not in empty]
    cells = table.cells[kept].set_axis(range(len(kept)), axis=1)
    return replace(table, names=tuple(names[k] for k in kept), cells=cells)
