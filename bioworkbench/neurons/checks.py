"""Checks of a model's text by Brian2's own parser and unit system, before anything is built."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from brian2.core.functions import DEFAULT_CONSTANTS, DEFAULT_FUNCTIONS
from brian2.core.namespace import DEFAULT_UNITS
from brian2.core.variables import Constant, Variable
from brian2.equations.codestrings import Expression
from brian2.equations.equations import (
    DIFFERENTIAL_EQUATION,
    PARAMETER,
    SUBEXPRESSION,
    Equations,
    SingleEquation,
    extract_constant_subexpressions,
)
from brian2.parsing.expressions import is_boolean_expression, parse_expression_dimensions
from brian2.parsing.statements import parse_statement
from brian2.stateupdaters.base import StateUpdateMethod, UnsupportedEquationsException
from brian2.units import second
from brian2.units.fundamentalunits import DIMENSIONLESS, Dimension, get_dimensions

from bioworkbench.errors import unknown_name
from bioworkbench.neurons.model import BRIAN2_REFUSES, NeuronModel, one_line
from bioworkbench.quantities import dimension_name, parse_law, unit_text

__all__ = ["METHODS", "check_model", "check_text"]

METHODS = ("euler", "exact", "exponential_euler", "heun", "milstein", "rk2", "rk4")
"""Integration methods that a model may name; see Brian2's documentation of each."""

_FLAGS = {
    DIFFERENTIAL_EQUATION: ("unless refractory",),
    PARAMETER: ("constant", "shared"),
    SUBEXPRESSION: ("shared", "constant over dt"),
}
_IMPLICIT = {"t": second.dim, "dt": second.dim, "i": DIMENSIONLESS, "N": DIMENSIONLESS, "lastspike": second.dim}
_LONGEST = 10_000

_EXPONENT = r"(?:[+-]?\d{1,2}(?:\.\d{1,6})?(?![\d.])|[A-Za-z_]\w*|\((?:[^()*\d]|\d{1,2}(?!\d))*\))"
_POWER = re.compile(rf"\*\*\s*{_EXPONENT}(?!\s*\*\*)")
_POWER_OF_NUMBERS = re.compile(r"\d[\s)]*\*\*[\d\s.+\-*/()]*\*\*")


def check_text(name: str, text: str) -> str:
    """Return the text if it can be parsed in short time.

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


def check_model(model: NeuronModel) -> None:
    """Check that equations, threshold, reset and update of a model can be built.

    Parameters
    ----------
    model : NeuronModel

    Raises
    ------
    ValueError
        If something does not parse, a name is neither variable, constant, function nor unit, units are inconsistent, the
        threshold is not a condition, a statement sets what is not a state variable, or the method does not fit the equations.
    """
    equations = _with_constants(model)
    _refused("equations", model.equations, lambda: equations.check_flags(_FLAGS))
    known = _known(equations)
    for equation in equations.values():
        if equation.expr is not None:
            _check_equation(equation, equation.expr.code, known)
    if model.threshold:
        _check_condition(model.threshold, known)
    states = {name for name, equation in model.parsed.items() if equation.type != SUBEXPRESSION} - set(model.constants)
    for what in ("reset", "update"):
        for line in _lines(getattr(model, what)):
            _check_statement(what, line, known, states)
    _check_start(model)
    _check_method(model, equations, known)


def _refused(what: str, text: str, check: Any) -> Any:
    """What the check returns; what Brian2 refuses becomes a ValueError that shows the text."""
    try:
        return check()
    except BRIAN2_REFUSES as error:
        raise ValueError(f"{what} '{text.strip()}': {one_line(error)}") from error


def _with_constants(model: NeuronModel) -> Equations:
    """The equations with the constants declared, as a group will have them."""
    names = model.parsed.names
    extra = [
        f"{name} : {unit_text(get_dimensions(value))} (shared, constant)"
        for name, value in model.constants.items()
        if name not in names
    ]
    for name, value in model.constants.items():
        if name in names and (model.parsed[name].type != PARAMETER or model.parsed[name].dim is not get_dimensions(value)):
            raise ValueError(
                f"constant '{name}' is a {dimension_name(get_dimensions(value))}; the equations define it as '{model.parsed[name]}'"
            )
    return _refused("constants", ", ".join(model.constants), lambda: model.parsed + Equations("\n".join(extra)))


def _known(equations: Equations) -> Mapping[str, Any]:
    """Everything that an expression may name."""
    known: dict[str, Any] = dict(DEFAULT_FUNCTIONS) | {"pi": DEFAULT_CONSTANTS["pi"], "e": DEFAULT_CONSTANTS["e"]}
    known |= {"inf": DEFAULT_CONSTANTS["inf"], "not_refractory": Variable("not_refractory", dtype=bool)}
    known |= {name: Constant(name, float(unit), dimensions=unit.dim) for name, unit in DEFAULT_UNITS.items()}
    known |= {name: Variable(name, dimensions=dimension) for name, dimension in _IMPLICIT.items()}
    known |= {name: Variable(name, dimensions=(second**-0.5).dim) for name in equations.stochastic_variables}
    for name, equation in equations.items():
        kind = bool if equation.var_type == "boolean" else int if equation.var_type == "integer" else float
        fixed = "constant" in equation.flags or "constant over dt" in equation.flags
        known[name] = Variable(name, dimensions=equation.dim, dtype=kind, constant=fixed, scalar="shared" in equation.flags)
    return known


def _expression(what: str, text: str, known: Mapping[str, Any]) -> None:
    """Raise ValueError unless the text is an expression of known names."""
    names = _refused(what, text, lambda: Expression(code=text).identifiers)
    for name in sorted(names - known.keys() - {"True", "False", "and", "or", "not"}):
        candidates = [key for key in known if key not in DEFAULT_UNITS and key not in DEFAULT_FUNCTIONS]
        raise ValueError(f"{what} '{text.strip()}': {unknown_name(name, 'variable, constant, function or unit', candidates)}")


def _check_equation(equation: SingleEquation, text: str, known: Mapping[str, Any]) -> None:
    what = f"equation of {equation.varname}"
    _expression(what, text, known)
    wanted = equation.dim / second.dim if equation.type == DIFFERENTIAL_EQUATION else equation.dim
    found = _refused(what, text, lambda: parse_expression_dimensions(text, known))
    _check_dimension(f"{what} '{text}'", found, wanted)


def _check_dimension(what: str, found: Dimension, wanted: Dimension) -> None:
    if found != wanted:
        raise ValueError(f"{what} has the unit {unit_text(found)}; it must have the unit {unit_text(wanted)}")


def _check_condition(text: str, known: Mapping[str, Any]) -> None:
    _expression("threshold", text, known)
    _refused("threshold", text, lambda: parse_expression_dimensions(text, known))
    if not _refused("threshold", text, lambda: is_boolean_expression(text, known)):
        raise ValueError(f"threshold '{text}' is not a condition; write one such as 'v > -50*mV'")


def _lines(text: str) -> Iterator[str]:
    return (line.strip() for line in re.split(r"[;\n]", text) if line.strip() and not line.strip().startswith("#"))


def _check_statement(what: str, line: str, known: Mapping[str, Any], states: set[str]) -> None:
    name, operation, right, _ = _refused(what, line, lambda: parse_statement(line))
    if name not in states:
        raise ValueError(f"{what} '{line}': {unknown_name(name, 'variable that it may set', states)}")
    _expression(what, right, known)
    text = right if operation == "=" else f"{name} {operation[:-1]} ({right})"
    found = _refused(what, line, lambda: parse_expression_dimensions(text, known))
    _check_dimension(f"{what} '{line}'", found, known[name].dim)


def _check_start(model: NeuronModel) -> None:
    for name, value in model.start.items():
        equation = model.parsed[name]
        if equation.type == SUBEXPRESSION:
            raise ValueError(f"start of '{name}': it follows from '{equation}'; start the variables in that")
        given = parse_law(value)[1] if isinstance(value, str) else value
        if get_dimensions(given) is not equation.dim:
            raise ValueError(f"start of '{name}' is a {dimension_name(given)}; the equations define it as '{equation}'")


def _check_method(model: NeuronModel, equations: Equations, known: Mapping[str, Any]) -> None:
    if model.method not in METHODS:
        raise ValueError(unknown_name(model.method, "integration method", METHODS))
    variables = {name: known[name] for name in equations.names}
    try:
        StateUpdateMethod.apply_stateupdater(extract_constant_subexpressions(equations)[0], variables, model.method)
    except (UnsupportedEquationsException, *BRIAN2_REFUSES) as error:
        raise ValueError(f"method '{model.method}' cannot integrate these equations: {one_line(error)} Try 'euler'.") from error
