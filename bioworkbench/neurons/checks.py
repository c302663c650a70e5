"""Checks of a model's text by Brian2's own parser and unit system, before anything is built."""

from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import Any

from brian2.core.variables import Variable
from brian2.equations.equations import DIFFERENTIAL_EQUATION, PARAMETER, SUBEXPRESSION, Equations, SingleEquation
from brian2.parsing.expressions import is_boolean_expression, parse_expression_dimensions
from brian2.units import second
from brian2.units.fundamentalunits import DIMENSIONLESS, get_dimensions

from bioworkbench.records.errors import check_all, unknown_name
from bioworkbench.records.language import (
    check_dimension,
    check_expression,
    check_statements,
    known_names,
    refused,
    unfit,
)
from bioworkbench.records.neuron import NeuronModel
from bioworkbench.records.statements import lines
from bioworkbench.records.units import dimension_name, unit_text

__all__ = ["INTEGRATION_METHODS", "check_model"]

INTEGRATION_METHODS = ("euler", "exact", "exponential_euler", "heun", "milstein", "rk2", "rk4")
"""Integration methods that a model may name; see Brian2's documentation of each."""

_FLAGS = {
    DIFFERENTIAL_EQUATION: ("unless refractory",),
    PARAMETER: ("constant", "shared"),
    SUBEXPRESSION: ("shared", "constant over dt"),
}
_IMPLICIT = {"t": second.dim, "dt": second.dim, "i": DIMENSIONLESS, "N": DIMENSIONLESS}


def check_model(model: NeuronModel) -> None:
    """Check that equations, threshold, reset and update of a model can be built.

    Parameters
    ----------
    model : NeuronModel

    Raises
    ------
    ValueError
        If there is a reset or refractoriness without a threshold, something does not parse, a name is neither variable, constant,
        function nor unit, units are inconsistent, the threshold is not a condition, a statement sets what is not a state variable,
        or the method does not fit the equations.
    """
    equations = _with_constants(model)
    refused("equations", model.equations, lambda: equations.check_flags(_FLAGS))
    known = _known(equations, model.refractory is not None)
    check_all(_checks(model, equations, known))
    _check_method(model, equations, known)


def _checks(model: NeuronModel, equations: Equations, known: Mapping[str, Any]) -> Iterator[Callable[[], object]]:
    """Each part of a model by itself."""
    for equation in equations.values():
        if equation.expr is not None:
            yield partial(_check_equation, equation, equation.expr.code, known)
    if model.threshold:
        yield partial(_check_condition, "threshold", model.threshold, known, "write one such as 'v > -50*mV'")
    yield partial(_check_spikes, model)
    if isinstance(model.refractory, str):
        yield partial(_check_refractory, model.refractory, known)
    states = {name for name, equation in model.parsed.items() if equation.type != SUBEXPRESSION} - set(model.constants)
    for what, text in (("reset", model.reset), ("update", model.update)):
        yield partial(check_statements, what, list(lines(text)), known, states)
    for name in model.start:
        yield partial(_check_start, model, name)


def _check_spikes(model: NeuronModel) -> None:
    """Refuse what happens after spikes where there are none."""
    given = {"reset": model.reset.strip(), "refractory": "" if model.refractory is None else str(model.refractory)}
    for name, value in given.items():
        if value and not model.threshold.strip():
            raise ValueError(
                f"{name} = '{value}' is never used: without a threshold the neurons do not spike. Give a threshold, or leave {name} out"
            )


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
    return refused("constants", ", ".join(model.constants), lambda: model.parsed + Equations("\n".join(extra)))


def _known(equations: Equations, refractory: bool) -> Mapping[str, Any]:
    """Everything that an expression may name; neurons that know no refractoriness do not note when they spiked."""
    known = {name: Variable(name, dimensions=dimension) for name, dimension in _IMPLICIT.items()} | known_names(equations)
    if refractory:
        known["not_refractory"] = Variable("not_refractory", dtype=bool)
        known["lastspike"] = Variable("lastspike", dimensions=second.dim)
    return known


def _check_equation(equation: SingleEquation, text: str, known: Mapping[str, Any]) -> None:
    what = f"equation of {equation.varname}"
    check_expression(what, text, known)
    wanted = equation.dim / second.dim if equation.type == DIFFERENTIAL_EQUATION else equation.dim
    check_dimension(what, text, known, wanted)


def _check_condition(what: str, text: str, known: Mapping[str, Any], remedy: str) -> None:
    check_expression(what, text, known)
    refused(what, text, lambda: parse_expression_dimensions(text, known))
    if not refused(what, text, lambda: is_boolean_expression(text, known)):
        raise ValueError(f"{what} '{text}' is not a condition; {remedy}")


def _check_refractory(text: str, known: Mapping[str, Any]) -> None:
    check_expression("refractory", text, known)
    if refused("refractory", text, lambda: parse_expression_dimensions(text, known)) is not second.dim:
        _check_condition("refractory", text, known, "write one such as 'v > -40*mV', or a time such as '2 ms'")


def _check_start(model: NeuronModel, name: str) -> None:
    value, equation = model.start[name], model.parsed[name]
    if equation.type == SUBEXPRESSION:
        raise ValueError(f"start of '{name}': it follows from '{equation}'; start the variables in that")
    if not isinstance(value, str) and get_dimensions(value) is not equation.dim:  # the model has checked text
        raise ValueError(f"start of '{name}' is a {dimension_name(value)}; the equations define it as '{equation}'")


def _check_method(model: NeuronModel, equations: Equations, known: Mapping[str, Any]) -> None:
    if model.method not in INTEGRATION_METHODS:
        raise ValueError(unknown_name(model.method, "integration method", INTEGRATION_METHODS))
    variables = {name: known[name] for name in equations.names}
    reason = unfit(model.method, equations, variables)
    if reason:
        others = (method for method in ("euler", "heun", "milstein") if method != model.method)
        fitting = next((method for method in others if not unfit(method, equations, variables)), "")
        remedy = f"Try '{fitting}'." if fitting else "No other method can; change the equations."
        raise ValueError(f"method '{model.method}' cannot integrate these equations: {reason} {remedy}")
