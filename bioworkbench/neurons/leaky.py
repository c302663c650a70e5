"""Which models are leaky integrate-and-fire neurons, whatever their equations call things."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import sympy
from brian2.parsing.statements import parse_statement
from brian2.parsing.sympytools import str_to_sympy
from sympy.core.function import AppliedUndef

from bioworkbench.neurons.time_constants import known_values, linear_part
from bioworkbench.records.neuron import NeuronModel
from bioworkbench.records.statements import lines

__all__ = ["LeakyNeuron", "leaky_neuron"]

_NOISE = "shared_noise"


@dataclass(frozen=True)
class LeakyNeuron:
    """``tau dv/dt = rest - v + gain * drive``, a spike where v exceeds the threshold, and a reset to a number.

    Parameters
    ----------
    tau : float or array (n_neurons,), seconds
    rest, threshold, reset : float or array (n_neurons,)
        In the SI unit of the variable.
    gain : float or array (n_neurons,)
        0 without a drive.
    variable : str
        What the model calls v; spikes add their weight to it.
    """

    tau: Any
    rest: Any
    threshold: Any
    reset: Any
    gain: Any
    variable: str


def leaky_neuron(model: NeuronModel) -> LeakyNeuron | None:
    """The model as a leaky integrate-and-fire neuron, without its noise and its refractory period; None if it is another.

    Parameters
    ----------
    model : NeuronModel

    Returns
    -------
    LeakyNeuron or None

    Examples
    --------
    >>> model = NeuronModel("du/dt = (rest - u)/(20*ms) : 1", "u > 1", "u = rest", {"rest": 0.5}, {"u": 0.5}, receives="u")
    >>> leaky_neuron(model)
    LeakyNeuron(tau=0.02, rest=0.5, threshold=1.0, reset=0.5, gain=0.0, variable='u')
    """
    variable, parsed = model.receives, model.parsed
    if model.update or not model.threshold or variable not in parsed.diff_eq_names:
        return None
    parts = {name: str_to_sympy(text.code) for name, text in parsed.get_substituted_expressions(include_subexpressions=True)}
    noises = parsed.diff_eq_names - {variable}
    if not all(_is_noise(parts[name], {variable, "drive"}) for name in noises):
        return None
    numbers = _numbers(model, variable, _without_noise(parts[variable], {*noises, *parsed.stochastic_variables, _NOISE}))
    return None if numbers is None else LeakyNeuron(*numbers, variable)


def _is_noise(part: Any, others: set[str]) -> bool:
    """Whether a variable is driven by random numbers and by none of the others."""
    names = {symbol.name for symbol in part.free_symbols}
    return bool(part.atoms(AppliedUndef) or any(name.startswith("xi") for name in names)) and not names & others


def _without_noise(part: Any, noises: set[str]) -> Any:
    """An expression with nothing in the place of random numbers and of what they drive."""
    zero = {symbol: 0 for symbol in part.free_symbols if symbol.name in noises}
    return part.subs({**zero, **dict.fromkeys(part.atoms(AppliedUndef), 0)})


def _numbers(model: NeuronModel, variable: str, part: Any) -> tuple[Any, Any, Any, Any, Any] | None:
    """Time constant, resting value, threshold, reset and gain; None where they are not numbers."""
    symbols = {symbol.name: symbol for symbol in part.free_symbols}
    v, drive = (symbols.get(name, sympy.Symbol(name, real=True)) for name in (variable, "drive"))
    slope = sympy.diff(part, v)
    condition, statements = str_to_sympy(model.threshold), list(lines(model.reset))
    if slope == 0 or len(statements) != 1 or not isinstance(condition, sympy.StrictGreaterThan) or condition.lhs != v:
        return None
    name, operation, reset, _ = parse_statement(statements[0])
    if name != variable or operation != "=":
        return None
    wanted = [
        -1 / slope,
        -part.subs({v: 0, drive: 0}) / slope,
        condition.rhs,
        str_to_sympy(reset),
        -sympy.diff(part, drive) / slope,
    ]
    known = known_values(model)
    simple = [sympy.simplify(each) for each in wanted]
    if any(symbol.name not in known for each in simple for symbol in each.free_symbols):
        return None
    tau, rest, threshold, start, gain = (linear_part(each, frozenset(), known)[0] for each in simple)
    return _plain(tau), _plain(rest), _plain(threshold), _plain(start), _plain(gain)


def _plain(value: Any) -> Any:
    """A number where there is one for all neurons."""
    return value if np.ndim(value) else float(value)
