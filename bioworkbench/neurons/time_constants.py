"""Time constants of a model, and whether a time step is small enough for them.

The linear part of the differential equations is what is left when every product with something that changes (another variable, an
input, noise) is taken out; its eigenvalues are the rates at which small deviations decay, and at which an explicit method multiplies
them in a step. Where nothing linear is left, the constants of dimension time in the equations stand for the time constants.
"""

from collections.abc import Mapping
from functools import cache
from typing import Any

import numpy as np
from brian2.core.namespace import DEFAULT_UNITS
from brian2.equations.equations import PARAMETER, extract_constant_subexpressions
from brian2.parsing.sympytools import str_to_sympy
from brian2.units import second
from brian2.units.fundamentalunits import get_dimensions
from numpy.typing import NDArray

from bioworkbench.records.language import BRIAN2_REFUSES
from bioworkbench.records.neuron import NeuronModel

__all__ = ["LARGEST_FRACTION", "decay_rates", "is_unstable", "known_values", "linear_part", "smallest_time_constant"]

LARGEST_FRACTION = 0.2
"""Of the smallest time constant that a time step may be without a warning."""

_GROWTH: Mapping[str, tuple[float, ...]] = {  # of a mode per step, as a polynomial in rate * dt
    "euler": (1, 1),
    "milstein": (1, 1),
    "heun": (1, 1, 1 / 2),
    "rk2": (1, 1, 1 / 2),
    "rk4": (1, 1, 1 / 2, 1 / 6, 1 / 24),
}
_FUNCTIONS = {"exp", "log", "sin", "cos", "tan", "sinh", "cosh", "tanh", "sqrt", "floor", "ceil", "sign"}
_BLOCK = 10_000  # neurons whose eigenvalues are computed at once

Linear = tuple[Any, dict[str, Any]]  # constant and coefficients of the variables; numbers or arrays (n_neurons,)


def decay_rates(model: NeuronModel) -> NDArray[np.complex128 | np.float64]:
    """Eigenvalues of the linear part of the differential equations.

    Parameters
    ----------
    model : NeuronModel

    Returns
    -------
    real or complex array (n_eigenvalues,), hertz
        Of all neurons; negative real parts decay. Empty without a linear part.

    Examples
    --------
    >>> decay_rates(NeuronModel("dv/dt = -v/(20*ms) : 1", "", "")).real.tolist()
    [-50.0]
    """
    try:
        equations = extract_constant_subexpressions(model.parsed)[0]
        parts = {name: str_to_sympy(text.code) for name, text in equations.get_substituted_expressions()}
    except BRIAN2_REFUSES:  # a text that only Brian2's own check can explain
        return np.zeros(0, dtype=complex)
    states = sorted(equations.diff_eq_names)
    values = known_values(model)
    # constants may differ between neurons: every entry of the matrix is a number or an array (n_neurons,)
    with np.errstate(all="ignore"):
        rows = {state: linear_part(parts[state], frozenset(states), values)[1] for state in states}
        entries = [[np.atleast_1d(rows[i].get(j, 0.0)) for j in states] for i in states]
    n = max((entry.size for row in entries for entry in row), default=0)
    matrix = np.array([[np.broadcast_to(entry, (n,)) for entry in row] for row in entries], dtype=float)
    if not matrix.size or not np.isfinite(matrix).all():
        return np.zeros(0, dtype=complex)
    blocks = np.array_split(matrix.transpose(2, 0, 1), -(-n // _BLOCK))
    rates = np.concatenate([np.linalg.eigvals(block).ravel() for block in blocks])
    return rates[np.abs(rates) > 0]


def known_values(model: NeuronModel) -> dict[str, Any]:
    """SI values of constants, of parameters that start from numbers, and of units.

    Parameters
    ----------
    model : NeuronModel

    Returns
    -------
    dict from name to number or array (n_neurons,)
    """
    given = {
        name: value for name, value in model.start.items() if not isinstance(value, str) and model.parsed[name].type == PARAMETER
    }
    numbers = {name: np.asarray(value, dtype=float) for name, value in {**given, **model.constants}.items()}
    return _units() | numbers


@cache
def _units() -> dict[str, Any]:
    """SI values of all units that a text may name; there are many, and they never change."""
    return {name: float(unit) for name, unit in DEFAULT_UNITS.items()}


def linear_part(node: Any, states: frozenset[str], values: Mapping[str, Any]) -> Linear:
    """Linear part of an expression; what is not linear, or not known, counts as 0.

    Parameters
    ----------
    node : SymPy expression
    states : frozenset of str
        What it is linear in.
    values : mapping from name to number or array
        What is known.

    Returns
    -------
    constant and dict from state to coefficient
        Numbers or arrays.
    """
    if node.is_Number or node.is_NumberSymbol:
        return float(node), {}
    if node.is_Symbol:
        return (0.0, {node.name: 1.0}) if node.name in states else (values.get(node.name, 0.0), {})
    if node.is_Add or node.is_Mul:
        join = _sum if node.is_Add else _product
        found = linear_part(node.args[0], states, values)
        for part in node.args[1:]:
            found = join(found, linear_part(part, states, values))
        return found
    # a product of states, or a function of one, is not linear and counts as 0; what is made of constants alone is a number
    known = {symbol.name for symbol in node.free_symbols} <= values.keys() - states
    arguments = [linear_part(part, states, values)[0] for part in node.args] if known else []
    if node.is_Pow and known:
        return np.power(*map(np.asarray, arguments), dtype=float), {}
    name = type(node).__name__.lower().replace("ceiling", "ceil")
    return (getattr(np, name)(*arguments) if known and name in _FUNCTIONS else 0.0), {}


def _sum(one: Linear, other: Linear) -> Linear:
    names = {*one[1], *other[1]}
    return one[0] + other[0], {name: one[1].get(name, 0.0) + other[1].get(name, 0.0) for name in names}


def _product(one: Linear, other: Linear) -> Linear:
    """Product without the terms of second order."""
    names = {*one[1], *other[1]}
    return one[0] * other[0], {name: one[0] * other[1].get(name, 0.0) + other[0] * one[1].get(name, 0.0) for name in names}


def smallest_time_constant(model: NeuronModel) -> tuple[float, str] | None:
    """The shortest time in which something decays.

    Parameters
    ----------
    model : NeuronModel

    Returns
    -------
    (float, str) or None
        Seconds, and what it is in words; None where nothing tells.

    Examples
    --------
    >>> smallest_time_constant(NeuronModel("dv/dt = -v/(20*ms) : 1", "", ""))
    (0.02, 'of its linear equations')
    """
    rates = decay_rates(model)
    rates = rates[rates.real < 0]
    if rates.size:
        return float(1 / np.abs(rates).max()), "of its linear equations"
    used = {word for name in model.parsed.diff_eq_names for word in model.parsed[name].identifiers}
    used |= {word for name in model.parsed.subexpr_names for word in model.parsed[name].identifiers} if used else set()
    times = {
        name: float(np.min(np.abs(np.asarray(value, dtype=float))))
        for name, value in model.constants.items()
        if name in used and get_dimensions(value) is second.dim
    }
    shortest = min((name for name in times if times[name] > 0), key=lambda name: times[name], default=None)
    return None if shortest is None else (times[shortest], f"'{shortest}'")


def is_unstable(model: NeuronModel, dt: float) -> bool:
    """Whether the method of a model lets something grow from step to step that decays in its linear equations.

    Parameters
    ----------
    model : NeuronModel
    dt : float, seconds

    Returns
    -------
    bool
        False for methods that are not in explicit steps, such as "exact".

    Examples
    --------
    >>> model = NeuronModel("dv/dt = -v/(5*ms) : 1", "", "", method="euler")
    >>> is_unstable(model, 9e-3), is_unstable(model, 11e-3)
    (False, True)
    """
    if model.method not in _GROWTH:
        return False
    rates = decay_rates(model)
    decaying = rates[rates.real < -1e-9 * np.abs(rates)]
    growth = np.abs(np.polynomial.polynomial.polyval(decaying * dt, _GROWTH[model.method]))
    return bool((growth > 1 + 1e-9).any())
