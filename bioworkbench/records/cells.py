"""Cells of tables that are written as text: a program that opens the table must not take them for formulas."""

import re
from typing import Any

__all__ = ["is_number", "plain_cell", "safe_cell"]

_FORMULA = re.compile(r"'*[=+\-@\t\r]")
_GUARDED = re.compile(r"'+[=+\-@\t\r]")


def safe_cell(value: Any) -> Any:
    """A cell that no spreadsheet runs: a text that begins as formulas do gets an apostrophe in front, which spreadsheets do not show.

    Parameters
    ----------
    value : object
        Numbers, as numbers or as text, stay what they are.

    Returns
    -------
    object

    Examples
    --------
    >>> safe_cell("=1+1"), safe_cell("-70 mV"), safe_cell("-70"), safe_cell(-70)
    ("'=1+1", "'-70 mV", '-70', -70)
    """
    return f"'{value}" if isinstance(value, str) and _FORMULA.match(value) and not is_number(value) else value


def plain_cell(text: str) -> str:
    """A cell as it was before `safe_cell`.

    Parameters
    ----------
    text : str

    Returns
    -------
    str

    Examples
    --------
    >>> plain_cell("'=1+1"), plain_cell("'tis")
    ('=1+1', "'tis")
    """
    return text[1:] if _GUARDED.match(text) else text


def is_number(text: str) -> bool:
    """Whether `text` is a number, with a decimal point; also "nan" and "inf"."""
    try:
        float(text)
    except ValueError:
        return False
    return True
