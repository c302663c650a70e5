"""Brian2's language: names, units and statements of a model's text, checked before anything is built."""

import functools
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from brian2.core.functions import DEFAULT_CONSTANTS, DEFAULT_FUNCTIONS
from brian2.core.namespace import DEFAULT_UNITS
from brian2.core.variables import Constant, Variable
from brian2.equations.codestrings import Expression
from brian2.equations.equations import EquationError, Equations, SingleEquation, extract_constant_subexpressions
from brian2.parsing.expressions import parse_expression_dimensions
from brian2.parsing.statements import parse_statement
from brian2.stateupdaters.base import StateUpdateMethod, UnsupportedEquationsException
from brian2.units import second
from brian2.units.fundamentalunits import Dimension, DimensionMismatchError
from brian2.utils.stringtools import get_identifiers

from bioworkbench.records.errors import unknown_name
from bioworkbench.records.names import check_identifier
from bioworkbench.records.units import KIND_OF_DIMENSION, unit_text

__all__ = [
    "BRIAN2_REFUSES",
    "check_dimension",
    "check_expression",
    "check_name",
    "check_statements",
    "check_text",
    "check_whole_numbers",
    "known_names",
    "one_line",
    "refused",
    "unfit",
]

BRIAN2_REFUSES = (
    *(EquationError, DimensionMismatchError, SyntaxError, ValueError, TypeError),
    *(KeyError, AttributeError, RecursionError, ArithmeticError),
)
"""What Brian2 raises for text that it cannot read."""

_LONGEST = 10_000

# Brian2 and SymPy multiply powers of numbers out while they parse: 9**9**9 would take all memory. These find powers that stay small.
_EXPONENT = r"(?:[+-]?(?:\d{1,2}(?:\.\d{0,6})?|\.\d{1,6})(?![\d.])|[A-Za-z_]\w*|\((?:[^()*\d]|\d{1,2}(?!\d))*\))"
_POWER = re.compile(rf"\*\*\s*{_EXPONENT}(?!\s*\*\*)")
_NOISE = re.compile(r"xi(_\w*)?")
_POWER_OF_NUMBERS = re.compile(r"\d[\s)]*\*\*[\d\s.+\-*/()]*\*\*")


def check_text(name: str, text: str) -> str:
    """Return a text if it can be parsed in a short time.

    Parameters
    ----------
    name : str
        Of the text, for messages.
    text : str
        Equations, statements or an expression.

    Returns
    -------
    str
        The same text.

    Raises
    ------
    ValueError
        If it has more than 10 000 characters, or powers that are multiplied out while it is read: exponents of more than two
        digits, and powers of powers.
    """
    if len(text) > _LONGEST:
        raise ValueError(f"{name} has {len(text)} characters; {_LONGEST} are allowed")
    if len(_POWER.findall(text)) != text.count("**") or _POWER_OF_NUMBERS.search(text):
        raise ValueError(f"{name} = '{text[:200]}': exponents must be names or numbers below 100, without powers of powers")
    return text


def check_name(what: str, name: str) -> str:
    """Return the name of a constant or variable if no backend and nothing in Brian2's language means something else by it.

    Parameters
    ----------
    what : str
        For messages: "variable".
    name : str

    Returns
    -------
    str
        The same name.

    Raises
    ------
    ValueError
        As `check_identifier`, and for the names of Brian2's functions, numbers, units and noise: texts would go on to mean these.

    Examples
    --------
    >>> check_name("constant", "e")
    Traceback (most recent call last):
    ValueError: constant 'e': Brian2 uses this name for one of its numbers; choose another name, such as 'e_'
    """
    check_identifier(what, name)
    tables = (("functions", DEFAULT_FUNCTIONS), ("numbers", DEFAULT_CONSTANTS), ("units", DEFAULT_UNITS))
    kinds = [f"one of its {kind}" for kind, table in tables if name in table] + ["white noise"] * bool(_NOISE.fullmatch(name))
    if kinds:
        other = f"own_{name}" if _NOISE.fullmatch(name) else f"{name}_"
        raise ValueError(f"{what} '{name}': Brian2 uses this name for {kinds[0]}; choose another name, such as '{other}'")
    return name


def known_names(equations: Equations) -> dict[str, Any]:
    """Names that any expression may use, each as Brian2 describes it: functions, units, noise, and the variables of `equations`."""
    known = dict(_always_known())
    known |= {name: Variable(name, dimensions=(second**-0.5).dim) for name in equations.stochastic_variables}
    for name, equation in equations.items():
        kind = bool if equation.var_type == "boolean" else int if equation.var_type == "integer" else float
        fixed = "constant" in equation.flags or "constant over dt" in equation.flags
        known[name] = Variable(name, dimensions=equation.dim, dtype=kind, constant=fixed, scalar="shared" in equation.flags)
    return known


@functools.cache
def _always_known() -> dict[str, Any]:
    """Functions, numbers and units, which are many."""
    known: dict[str, Any] = dict(DEFAULT_FUNCTIONS) | {name: DEFAULT_CONSTANTS[name] for name in ("pi", "e", "inf")}
    return known | {name: Constant(name, float(unit), dimensions=unit.dim) for name, unit in DEFAULT_UNITS.items()}


def refused(what: str, text: str, check: Any) -> Any:
    """Result of a check; what Brian2 refuses becomes a ValueError that shows the text.

    Parameters
    ----------
    what : str
        Kind of text, for messages: "threshold".
    text : str
        What is checked.
    check : callable ()
        Asks Brian2.

    Returns
    -------
    object
        What `check` returns.

    Raises
    ------
    ValueError
        If Brian2 cannot read the text.
    """
    try:
        return check()
    except BRIAN2_REFUSES as error:
        raise ValueError(f"{what} '{text.strip()}': {one_line(error)}") from error


def check_expression(what: str, text: str, known: Mapping[str, Any]) -> None:
    """Check that a text is an expression of known names.

    Parameters
    ----------
    what : str
        Kind of text, for messages.
    text : str
        The expression.
    known : mapping from name to object
        Names that it may use; see `known_names`.

    Raises
    ------
    ValueError
        If it does not parse or uses another name.
    """
    names = refused(what, text, lambda: Expression(code=text).identifiers)
    for name in sorted(names - known.keys() - {"True", "False", "and", "or", "not"}):
        if name in ("lastspike", "not_refractory"):
            raise ValueError(f"{what} '{text.strip()}': only neurons with a refractory period have '{name}'; give refractory")
        candidates = [key for key in known if key not in DEFAULT_UNITS and key not in DEFAULT_FUNCTIONS]
        raise ValueError(f"{what} '{text.strip()}': {unknown_name(name, 'variable, constant, function or unit', candidates)}")


def check_dimension(what: str, text: str, known: Mapping[str, Any], wanted: Dimension, shown: str = "") -> None:
    """Check that an expression has a dimension; the message names a constant whose own dimension explains why it has another.

    Parameters
    ----------
    what : str
        Kind of text, for messages.
    text : str
        The expression.
    known : mapping from name to object
        Names that it may use, with their dimensions; see `known_names`.
    wanted : Dimension
    shown : str
        Text for messages, where it is another.

    Raises
    ------
    ValueError
        If the dimension is another one, or the parts of the expression do not fit together.
    """
    shown = shown or text
    try:
        found = refused(what, shown, lambda: parse_expression_dimensions(text, known))
    except ValueError as error:
        raise ValueError(f"{error}{_remedy(text, known, wanted)}") from error
    if found != wanted:
        raise ValueError(
            f"{what} '{shown}' has the unit {unit_text(found)}; it must have the unit {unit_text(wanted)}"
            f"{_remedy(text, known, wanted)}"
        )


def _remedy(text: str, known: Mapping[str, Any], wanted: Dimension) -> str:
    """Which one of the constants would make the expression fit, in which unit of the field; empty if none would."""
    fits = []
    for name in sorted(get_identifiers(text)):
        variable = known.get(name)
        if not isinstance(variable, Variable) or isinstance(variable, Constant) or not variable.constant:
            continue
        for dimension in KIND_OF_DIMENSION:
            other = {**known, name: Variable(name, dimensions=dimension)}
            if dimension is not variable.dim and _dimension_or_none(text, other) == wanted:
                fits.append(f"it does if '{name}' is in {unit_text(dimension)}, not {unit_text(variable.dim)}")
    return f" ({', or '.join(fits[:3])})" if fits else ""


def _dimension_or_none(text: str, known: Mapping[str, Any]) -> Dimension | None:
    try:
        return parse_expression_dimensions(text, known)
    except BRIAN2_REFUSES:
        return None


def check_statements(what: str, lines: list[str], known: Mapping[str, Any], states: set[str]) -> None:
    """Check statements one after the other; a new name that a later one uses is a variable of these statements alone.

    Parameters
    ----------
    what : str
        Kind of text, for messages: "on_pre".
    lines : list of str
        Statements.
    known : mapping from name to object
        Names that they may use, with their dimensions.
    states : set of str
        Names among these that they may set.

    Raises
    ------
    ValueError
        If one does not parse, uses an unknown name, sets what it may not, or has the wrong unit.
    """
    own: dict[str, Any] = dict(known)
    for number, line in enumerate(lines):
        name, operation, right, _ = refused(what, line, functools.partial(parse_statement, line))
        # a name that no statement after it uses would be a typo of a variable, not a new one
        later = {word for following in lines[number + 1 :] for word in get_identifiers(following.partition("=")[2])}
        if name not in known and name in later and operation == "=":
            check_name("variable", name)
            check_expression(what, right, own)
            found = refused(what, line, functools.partial(parse_expression_dimensions, right, own))
            own[name] = Variable(name, dimensions=found)
            continue
        if name not in states and (name in known or name not in own):
            raise ValueError(f"{what} '{line}': {unknown_name(name, 'variable that it may set', states)}")
        check_expression(what, right, own)
        text = right if operation == "=" else f"{name} {operation[:-1]} ({right})"
        check_dimension(what, text, own, own[name].dim, shown=line)


def unfit(method: str, equations: Equations, variables: dict[str, Any]) -> str:
    """Why a method of integration cannot take equations.

    Parameters
    ----------
    method : str
        One of Brian2's, such as "exact".
    equations : Equations
    variables : mapping from name to Variable
        What the equations name, as Brian2 describes it.

    Returns
    -------
    str
        Reason that Brian2 gives; empty if it can.
    """
    told = sorted((name, str(v.dim), v.constant, v.scalar) for name, v in variables.items())
    return _reason(_Integration(method, str(equations), repr(told), equations, variables))


@dataclass(frozen=True)
class _Integration:
    """Equations that a method is asked to integrate; two are the same if they read the same."""

    method: str
    text: str
    names: str
    equations: Equations = field(compare=False)
    variables: dict[str, Any] = field(compare=False)


@functools.lru_cache(maxsize=1000)
def _reason(asked: _Integration) -> str:
    """Brian2 takes a tenth of a second to answer, and a network is checked each time that something is added to it."""
    try:
        equations, _ = extract_constant_subexpressions(asked.equations)
        StateUpdateMethod.apply_stateupdater(equations, asked.variables, asked.method)
    except (UnsupportedEquationsException, *BRIAN2_REFUSES) as error:
        return one_line(error) or type(error).__name__
    return ""


def one_line(error: Exception) -> str:
    """Message of `error`, which Brian2 raised, on one line with the messages of its causes."""
    words: list[str] = []
    cause: BaseException | None = error
    while cause is not None and len(words) < 5:  # newer Brian2 keeps the detail in the causes
        words += [] if any(str(cause) in known for known in words) else [str(cause)]
        cause = cause.__cause__
    return " ".join(": ".join(words).split())


def check_whole_numbers(what: str, value: Any, equation: SingleEquation) -> None:
    """Refuse a value that a variable of whole numbers cannot hold: Brian2 cuts it without a word.

    Parameters
    ----------
    what : str
        What the value is of, for the message.
    value : number or array
    equation : SingleEquation
        That defines the variable.

    Raises
    ------
    ValueError
        If the variable is an integer and a value is none.
    """
    if equation.var_type == "integer" and np.any(np.mod(np.asarray(value, dtype=float), 1)):
        raise ValueError(f"{what} = {value}: the equations define it as '{equation}', which holds whole numbers")
