"""Checks of a synapse's text by Brian2's own parser and unit system, before anything is built."""

from collections.abc import Callable, Iterator, Mapping
from difflib import get_close_matches
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
from brian2.core.variables import Variable
from brian2.equations.equations import DIFFERENTIAL_EQUATION, PARAMETER, SUBEXPRESSION, Equations, SingleEquation
from brian2.parsing.statements import parse_statement
from brian2.units.fundamentalunits import Dimension, get_dimensions
from brian2.utils.stringtools import get_identifiers

from bioworkbench.records.errors import check_all, unknown_name
from bioworkbench.records.language import (
    check_dimension,
    check_expression,
    check_name,
    check_statements,
    check_whole_numbers,
    known_names,
    refused,
    unfit,
)
from bioworkbench.records.lazily import later
from bioworkbench.records.names import SYNAPSE_INDICES
from bioworkbench.records.pathways import (
    RECEIVER,
    STAND_IN,
    WEIGHT,
    Pathway,
    check_delays,
    check_receiver,
    delay_of,
    free_parameters,
)
from bioworkbench.records.statements import unused_names
from bioworkbench.records.times import SECOND
from bioworkbench.records.units import DIMENSIONLESS, dimension_name, plain_values, unit_text

if TYPE_CHECKING:
    from bioworkbench.records.neuron import NeuronModel
    from bioworkbench.records.synapse import SynapseModel

__all__ = [
    "RECEIVER",
    "STAND_IN",
    "WEIGHT",
    "check_between",
    "check_synapse",
    "summed",
    "uses_receiver",
    "weight_dimension",
]

check_drawn = later("bioworkbench.records.expressions:check_drawn")  # only for models whose start values are texts

_FLAGS = {
    DIFFERENTIAL_EQUATION: ("event-driven", "clock-driven"),
    PARAMETER: ("constant", "shared"),
    SUBEXPRESSION: ("summed", "constant over dt"),
}
_ENDS = ("_pre", "_post")


def uses_receiver(model: "SynapseModel") -> bool:
    """Whether `model` needs a variable of the target that the projection names."""
    return any(RECEIVER in text for text in (model.equations, *(pathway.text for pathway in model.pathways)))


def summed(model: "SynapseModel", receiver: str) -> list[str]:
    """Parameters of the target that the synapses of `model` set to a sum, where `receiver` receives spikes."""
    equations = model.equations_for(receiver).values()
    return [equation.varname.removesuffix("_post") for equation in equations if "summed" in equation.flags]


def weight_dimension(model: "SynapseModel", target: "NeuronModel", receiver: str) -> Dimension:
    """Dimension of the weights: what the equations declare, else that of the variable that receives spikes.

    Parameters
    ----------
    model : SynapseModel
    target : NeuronModel
    receiver : str
        Variable of the target that receives spikes; empty if there is none.

    Returns
    -------
    Dimension
    """
    received = target.parsed[receiver].dim if receiver in target.parsed else DIMENSIONLESS
    return model.equations_for(receiver, received)[WEIGHT].dim if WEIGHT in model.parsed else received


def check_synapse(model: "SynapseModel") -> None:
    """Check all that does not depend on the neurons at both ends.

    Parameters
    ----------
    model : SynapseModel

    Raises
    ------
    ValueError
        As `SynapseModel` says.
    """
    refused("equations", model.equations, lambda: model.parsed.check_flags(_FLAGS))
    check_all(partial(plain_values, f"constant '{name}'", value) for name, value in model.constants.items())
    check_all(_checks(model))
    _check_order(model)
    check_delays(model)


def _checks(model: "SynapseModel") -> Iterator[Callable[[], object]]:
    """Each name, equation and pathway by itself: every name is known, and statements parse and set what they may."""
    for name in (*model.parsed.names, *model.constants):
        yield partial(_check_name, model, name)
    # neurons are not known yet: any name with the ending of an end may be one of their variables, of any dimension
    known = _known(model) | {name: None for name in model.named if name.endswith(_ENDS)}
    for equation in model.parsed.values():
        yield partial(_check_flags, equation)
        yield partial(_check_set, model, equation)
        if equation.expr is not None:
            yield partial(check_expression, f"equation of {equation.varname}", equation.expr.code, known)
    for name in model.constants:
        yield partial(_check_constant, model, name)
    for name in model.start:
        yield partial(_check_start, model, name)
    yield partial(_check_name_of_bound, model)
    for pathway in model.pathways:
        yield partial(_check_pathway, model, pathway, known)


def _check_name(model: "SynapseModel", name: str) -> None:
    own = name.removesuffix("_post") if name in model.parsed and "summed" in model.parsed[name].flags else name
    if f"_{own}".endswith(_ENDS):  # Brian2 refuses what our prefix makes of "pre" and "post" too
        raise ValueError(f"'{name}': names of synapses do not end in _pre or _post, which mean the neurons; rename it")
    check_name("constant" if name in model.constants else "variable", own)


def _check_flags(equation: SingleEquation) -> None:
    name = equation.varname
    if name == WEIGHT and equation.type == SUBEXPRESSION:
        raise ValueError(
            f"equation of weight '{equation}': it can be declared, as 'weight : {unit_text(equation.dim)}', or have a differential equation"
        )
    if equation.type == DIFFERENTIAL_EQUATION and not {"event-driven", "clock-driven"} & set(equation.flags):
        raise ValueError(
            f"equation of {name}: mark it (event-driven), computed when a spike arrives, or (clock-driven), computed in every step"
        )
    if "summed" in equation.flags and not name.endswith("_post"):
        raise ValueError(f"'{name}' is summed over the synapses of a target; its name must be that of the target's with '_post'")


def _check_constant(model: "SynapseModel", name: str) -> None:
    value = model.constants[name]
    if name == WEIGHT:
        raise ValueError("constant 'weight': weights are given by the links of a projection; leave it out")
    if name in model.parsed and (model.parsed[name].type != PARAMETER or model.parsed[name].dim is not get_dimensions(value)):
        raise ValueError(
            f"constant '{name}' is a {dimension_name(get_dimensions(value))}; the equations define it as '{model.parsed[name]}'"
        )
    if name not in model.named:
        free = sorted(model.named - known_names(Equations("")).keys() - model.constants.keys() - {f"{STAND_IN}_post"})
        near = get_close_matches(name, free, n=1)
        hint = f"; did you mean '{near[0]}'?" if near else "; leave it out, or use it."
        raise ValueError(f"constant '{name}' is used by nothing{hint} Other names that the model uses: {', '.join(free)}")


def _check_start(model: "SynapseModel", name: str) -> None:
    value, names = model.start[name], model.parsed.names - {WEIGHT}
    if name not in names:
        raise ValueError(f"start: {unknown_name(name, 'variable of the synapse', names)}")
    equation = model.parsed[name]
    if name in model.constants:
        raise ValueError(f"'{name}' is given among the constants and among the start values; leave one of them out")
    if equation.type == SUBEXPRESSION:
        raise ValueError(f"start of '{name}': it follows from '{equation}'; start the variables in that")
    if isinstance(value, str):
        shared = "shared" in equation.flags
        constants = {other: given for other, given in model.constants.items() if not (shared and np.ndim(given))}
        check_drawn(f"start of '{name}'", value, ("N_pre", "N_post") if shared else SYNAPSE_INDICES, constants, equation.dim)
    elif get_dimensions(value) is not equation.dim:
        raise ValueError(f"start of '{name}' is a {dimension_name(value)}; the equations define it as '{equation}'")
    else:
        check_whole_numbers(f"start of '{name}'", value, equation)


def _check_pathway(model: "SynapseModel", pathway: Pathway, known: Mapping[str, Any]) -> None:
    what, own = pathway.words, dict(known)
    for line in pathway.statements(STAND_IN):
        shown = line.replace(STAND_IN, RECEIVER)
        name, operation, right, _ = refused(what, shown, lambda line=line: parse_statement(line))
        check_expression(what, right, own)
        if name not in own and operation == "=":
            own[check_name("variable", name)] = None  # of these statements alone
        elif name in known or operation != "=":
            _check_target(model, f"{what} '{shown}'", name, operation)
    for name, line in unused_names("\n".join(pathway.statements(STAND_IN)), known).items():
        raise ValueError(f"{what} '{line}': {unknown_name(name, 'variable that it may set', _own_states(model))}")


def _check_target(model: "SynapseModel", what: str, name: str, operation: str) -> None:
    """A statement sets a variable of the synapse, or adds to one of a neuron."""
    if name.endswith(_ENDS):
        if operation == "=":
            raise ValueError(
                f"{what}: the value of {name} would be what the last of several synapses gives it; change variables of neurons with "
                "+=, -= or *="
            )
    elif name not in _own_states(model):
        raise ValueError(f"{what}: {unknown_name(name, 'variable that it may set', _own_states(model))}")


def _own_states(model: "SynapseModel") -> set[str]:
    return {name for name, equation in model.parsed.items() if equation.type != SUBEXPRESSION} - model.constants.keys() | {WEIGHT}


def _check_set(model: "SynapseModel", equation: SingleEquation) -> None:
    name = equation.varname
    if equation.type == PARAMETER and name not in {*model.constants, *model.start, *model.assigned, WEIGHT}:
        near = get_close_matches(name, [*model.constants, *model.start], n=1)
        hint = f"did you mean '{near[0]}'? " if near else ""
        raise ValueError(f"parameter '{name}' of the synapse is set by nothing; {hint}give it in constants or start")


def _check_name_of_bound(model: "SynapseModel") -> None:
    if model.bound and model.bound not in model.constants:
        raise ValueError(f"bound: {unknown_name(model.bound, 'constant', model.constants)}")


def _check_order(model: "SynapseModel") -> None:
    """Refuse parameters without a start value that are read before a statement sets them."""
    given = {*model.constants, *model.start, WEIGHT}
    unset = {name for name, equation in model.parsed.items() if equation.type == PARAMETER} - given
    for name, where in _reads(model, unset):
        near = get_close_matches(name, [*model.constants, *model.start], n=1)
        hint = f"did you mean '{near[0]}'? " if near else ""
        raise ValueError(
            f"parameter '{name}' of the synapse is read by {where} before anything sets it; {hint}give it in constants or start"
        )


def _reads(model: "SynapseModel", unset: set[str]) -> Iterator[tuple[str, str]]:
    """Names of `unset` that are read before they are set, and where: in equations, or in a pathway, which may be the first to run."""
    for equation in model.parsed.values():
        if equation.expr is not None:
            yield from (
                (name, f"the equation of {equation.varname}") for name in sorted(unset & get_identifiers(equation.expr.code))
            )
    for pathway in model.pathways:
        missing = set(unset)
        for line in pathway.statements(RECEIVER):
            left, _, right = line.partition("=")
            name = left.rstrip("+-*/% ").strip()
            read = get_identifiers(right) | ({name} if left.rstrip() != name else set())
            yield from ((other, f"{pathway.words} '{line}'") for other in sorted(missing & read))
            missing.discard(name)


def _known(model: "SynapseModel") -> dict[str, Any]:
    """What a synapse may name besides variables of neurons; the weight's unit may be unknown yet."""
    known = known_names(model.parsed) | {name: Variable(name, dimensions=SECOND) for name in ("t", "dt")}
    known |= {
        name: Variable(name, dimensions=get_dimensions(value), constant=True, scalar=not np.ndim(value))
        for name, value in model.constants.items()
    }
    return {WEIGHT: None} | known


def check_between(model: "SynapseModel", source: "NeuronModel", target: "NeuronModel", receiver: str, n_synapses: int) -> None:
    """Check what depends on the neurons at both ends.

    Parameters
    ----------
    model : SynapseModel
    source, target : NeuronModel
    receiver : str
        Variable of the target that the projection names; empty if there is none.
    n_synapses : int

    Raises
    ------
    ValueError
        If a variable of a neuron is unknown or not to be set, units do not fit, the method cannot integrate the equations, or an array has
        not one entry per synapse.
    """
    check_receiver(model, target, receiver)
    known = _known(model) | {WEIGHT: Variable(WEIGHT, dimensions=weight_dimension(model, target, receiver))}
    states = _own_states(model)
    for neuron, end in ((source, "_pre"), (target, "_post")):
        known |= dict(_of_neuron(neuron, end))
        free = {name for name, equation in neuron.parsed.items() if equation.type != SUBEXPRESSION} - set(neuron.constants)
        states |= {name + end for name in free}
    equations = model.equations_for(receiver, target.parsed[receiver].dim if receiver in target.parsed else DIMENSIONLESS)
    check_all(
        [
            *(partial(_check_equation, e, e.expr.code, known, target) for e in equations.values() if e.expr is not None),
            *(partial(check_statements, p.words, p.statements(receiver), known, states) for p in model.pathways),
        ]
    )
    for flag, method in (("clock-driven", model.method), ("event-driven", "exact")):
        _check_method(equations, flag, method, known)
    delays = {f"delay of pathway '{p.name}'": delay_of(model, p) for p in model.pathways if p.name in model.delays}
    for name, value in [*model.constants.items(), *model.start.items(), *delays.items()]:
        shape = () if isinstance(value, str) else np.shape(value)
        if shape not in ((), (n_synapses,)):
            raise ValueError(f"{name} of the synapses has shape {shape}; it must be a scalar or ({n_synapses},)")


def _of_neuron(model: "NeuronModel", end: str) -> Iterator[tuple[str, Any]]:
    """Variables and constants of a neuron as statements of synapses name them."""
    for name, equation in model.parsed.items():
        yield name + end, Variable(name + end, dimensions=equation.dim)
    for name, value in model.constants.items():
        yield name + end, Variable(name + end, dimensions=get_dimensions(value))
    if model.refractory is not None:
        yield f"not_refractory{end}", Variable(f"not_refractory{end}", dtype=bool)
        yield f"lastspike{end}", Variable(f"lastspike{end}", dimensions=SECOND)


def _check_equation(equation: SingleEquation, text: str, known: Mapping[str, Any], target: "NeuronModel") -> None:
    what = f"equation of {equation.varname}"
    check_expression(what, text, known)
    check_dimension(what, text, known, equation.dim / SECOND if equation.type == DIFFERENTIAL_EQUATION else equation.dim)
    if "summed" not in equation.flags:
        return
    own = equation.varname.removesuffix("_post")
    if own not in (free := free_parameters(target)):
        raise ValueError(f"{what}: {unknown_name(own, 'parameter of the target', free)}")
    if target.parsed[own].dim is not equation.dim:
        raise ValueError(f"{what} is a {dimension_name(equation.dim)}; the target defines it as '{target.parsed[own]}'")


def _check_method(equations: Equations, flag: str, method: str, known: Mapping[str, Any]) -> None:
    """Whether equations of one of the two kinds can be integrated; between events this needs the exact solution."""
    driven = [equation for equation in equations.values() if flag in equation.flags]
    if not driven:
        return
    # subexpressions belong to both kinds of equations; sums over synapses are computed apart
    between = [e for e in equations.values() if e.type == SUBEXPRESSION and "summed" not in e.flags]
    variables = {name: variable for name, variable in known.items() if isinstance(variable, Variable) and name not in ("t", "dt")}
    reason = unfit(method, Equations([*driven, *between]), variables)
    if reason:
        remedy = "mark them (clock-driven)" if flag == "event-driven" else "try 'euler' or 'rk2'"
        raise ValueError(f"method '{method}' cannot integrate the {flag} equations of the synapse ({reason}); {remedy}")
