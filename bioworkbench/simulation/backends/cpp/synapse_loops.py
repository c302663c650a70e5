"""Loops over synapses that a compiler turns into vectors: those of one spike in lanes, those that are summed row by row.

The plain loop goes from synapse to synapse, and reads, computes and writes each. Lanes are sixteen synapses: all are read, then computed
side by side, then written in order. What synapses add to neurons is kept and added last, one by one, so two of them may have the same
target. The lanes of the last, shorter part are filled up with its last synapse: each number is computed in the same way wherever it
stands, so that neither chunks nor threads change it.
"""

from collections.abc import Sequence
from typing import Any

from brian2.codegen.generators.cpp_generator import CPPCodeGenerator, c_data_type
from brian2.core.functions import Function
from brian2.core.variables import ArrayVariable
from brian2.utils.stringtools import get_identifiers

from bioworkbench.simulation.backends.cpp.synapse_layout import is_interleaved

__all__ = ["are_independent", "consecutive_of", "lanes_of", "lies_between_others", "row_of", "streams_of"]

_OF_TARGET = "_postsynaptic_idx"


class _Parts:
    """What one statement sequence reads, computes and writes; scalars are read before the loop."""

    def __init__(self, generator: CPPCodeGenerator, statements: Sequence[Any]) -> None:
        self.generator, self.statements = generator, statements
        read, write, indices, self.conditions = generator.arrays_helper(statements)
        self.write, self.indices = sorted(write), sorted(indices)
        self.read = sorted(name for name in read if not generator.variables[name].scalar or name in write)

    def array(self, name: str) -> str:
        return self.generator.get_array_name(self.generator.variables[name])

    def kind(self, name: str) -> str:
        return c_data_type(self.generator.variables[name].dtype)

    def index(self, name: str) -> str:
        return self.generator.variable_indices[name]

    def lines(self, statements: Sequence[Any]) -> list[str]:
        return [*map(str, "\n".join(self.generator.translate_to_statements(statements, self.conditions)).splitlines())]

    @property
    def functions(self) -> list[Function]:
        named = set().union(*(get_identifiers(statement.expr) for statement in self.statements))
        return [v for name, v in self.generator.variables.items() if name in named and isinstance(v, Function)]

    @property
    def places_of_arrays(self) -> dict[Any, set[str]]:
        """By array, through which indices it is used; one array may have several names."""
        found: dict[Any, set[str]] = {}
        for name in (*self.read, *self.write):
            found.setdefault(self.generator.variables[name], set()).add(self.index(name))
        return found

    def written_through(self, *indices: str) -> bool:
        """Whether each array that is written is used through one of some indices, and through no other."""
        places = self.places_of_arrays
        alone = [{index} for index in indices]
        return all(places[self.generator.variables[name]] in alone for name in self.write)


def are_independent(generator: CPPCodeGenerator, statements: Sequence[Any]) -> bool:
    """Whether no neuron or synapse reads or writes what another one writes.

    Parameters
    ----------
    generator : CPPCodeGenerator
    statements : sequence of Statement
        Of one neuron or synapse.

    Returns
    -------
    bool
    """
    return _Parts(generator, statements).written_through("_idx")


def lanes_of(generator: CPPCodeGenerator, statements: Sequence[Any]) -> dict[str, list[str]] | None:
    """Lines of a loop over the synapses of a spike, in lanes.

    Parameters
    ----------
    generator : CPPCodeGenerator
        Of the function of a pathway.
    statements : sequence of Statement
        Of one synapse.

    Returns
    -------
    dict or None
        "declared", "read", "computed" and "written" lines. None where the plain loop is to be taken: nothing is called, which makes it
        as fast, a function draws random numbers, or neurons are set, not added to.
    """
    parts = _Parts(generator, statements)
    # numbers that are drawn must come in the order of the synapses, and lanes would draw them out of it
    if not parts.functions or not all(function.stateless for function in parts.functions):
        return None
    adding = {}
    for name in parts.write:
        setting = [statement for statement in statements if statement.var == name]
        if parts.index(name) == "_idx":
            continue
        if not _only_adds(parts, name, setting):
            return None
        adding[name] = setting[0]
    return _lines(parts, adding)


def _only_adds(parts: _Parts, name: str, setting: Sequence[Any]) -> bool:
    """Whether one statement adds to a variable of the targets, and nothing else of the statements uses its array."""
    if parts.index(name) != _OF_TARGET or len(setting) != 1 or setting[0].op not in ("+=", "-="):
        return False
    # two synapses of a lane may have one target: a sum that something else reads meanwhile would miss the first of them
    array = parts.generator.variables[name]
    names = {other for other, variable in parts.generator.variables.items() if variable is array}
    used = set().union(*(get_identifiers(statement.expr) for statement in parts.statements))
    return not (names & used) and not setting[0].used_boolean_variables


def _lines(parts: _Parts, adding: dict[str, Any]) -> dict[str, list[str]]:
    names = sorted({*parts.indices, *parts.read, *parts.write})
    kept = [name for name in names if name not in adding]
    # Read, compute, write are loops of their own: only the middle one calls functions, and is all that has to be made of vectors.
    reads = [f"const {parts.kind(n)} {n} = _lanes_{n}[_lane] = {parts.array(n)}[_idx];" for n in parts.indices]
    reads += [f"_lanes_{n}[_lane] = {parts.array(n)}[{parts.index(n)}];" for n in parts.read if n not in adding]
    computed = [f"{parts.kind(n)} {n} = _lanes_{n}[_lane];" for n in kept if n not in parts.indices]
    for statement in parts.statements:
        if statement.var in adding:
            amount = parts.generator.translate_expression(statement.expr)
            computed.append(f"_lanes_{statement.var}[_lane] = {amount};")
        else:
            computed += parts.lines([statement])
    computed += [f"_lanes_{n}[_lane] = {n};" for n in parts.write if n not in adding]
    written = [f"{parts.array(n)}[_idx] = _lanes_{n}[_lane];" for n in parts.write if n not in adding]
    for name, statement in adding.items():
        condition = f"if (_lanes_{parts.conditions[name]}[_lane]) " if name in parts.conditions else ""
        written.append(f"{condition}{parts.array(name)}[_lanes_{parts.index(name)}[_lane]] {statement.op} _lanes_{name}[_lane];")
    return {"declared": [f"{parts.kind(n)} _lanes_{n}[LANES];" for n in names], "read": reads, "computed": computed,
            "written": written}  # fmt: skip


def consecutive_of(
    generator: CPPCodeGenerator, statements: Sequence[Any], arrays: Sequence[ArrayVariable]
) -> dict[str, Any] | None:
    """Lines of a loop over the synapses of a spike whose targets are consecutive neurons, as those of dense weights are.

    Parameters
    ----------
    generator : CPPCodeGenerator
        Of the function of a pathway.
    statements : sequence of Statement
        Of one synapse.
    arrays : sequence of ArrayVariable
        That the function takes, in order.

    Returns
    -------
    dict or None
        "inside" lines, which take the target from the loop, "slot" of the array of targets, and "together": whether several spikes may go
        through their targets side by side. None where random numbers are drawn or nothing of the targets is used.
    """
    parts = _Parts(generator, statements)
    if _OF_TARGET not in parts.indices or not all(function.stateless for function in parts.functions):
        return None
    inside = [f"const {parts.kind(n)} {n} = {parts.array(n)}[_idx];" for n in parts.indices if n != _OF_TARGET]
    inside += [f"{parts.kind(n)} {n} = {parts.array(n)}[{parts.index(n)}];" for n in parts.read]
    # declared, since Brian2's own loop would do so where it reads
    inside += [f"{parts.kind(n)} {n};" for n in parts.write if n not in parts.read]
    inside += parts.lines(statements)
    inside += [f"{parts.array(n)}[{parts.index(n)}] = {n};" for n in parts.write]
    slot = list(arrays).index(generator.variables[_OF_TARGET])
    return {"inside": inside, "slot": slot, "together": parts.written_through("_idx", _OF_TARGET) and _is_exact(generator)}


def _is_exact(generator: CPPCodeGenerator) -> bool:
    """Whether sums are computed in the order in which they are written; elsewhere compilers may choose another one for each loop."""
    file_of = getattr(generator.device, "file_of", None)
    return file_of is not None and file_of(generator) == "exact"


def row_of(generator: CPPCodeGenerator, statements: Sequence[Any], arrays: Sequence[ArrayVariable]) -> dict[str, Any] | None:
    """Lines of a loop over the synapses of one target, whose sum is kept until the row ends.

    Parameters
    ----------
    generator : CPPCodeGenerator
        Of the function of a summed variable.
    statements : sequence of Statement
        Of one synapse.
    arrays : sequence of ArrayVariable
        That the function takes, in order.

    Returns
    -------
    dict or None
        "before" lines, which read what belongs to the target, and "inside" lines; "slot" of the array of targets, and "kind" of the sum.
        None where a function draws random numbers, something is read that is being summed, or sums are over the synapses of sources.
    """
    (updater,) = (one for one in generator.owner.summed_updaters.values() if one.name in generator.name)
    target, index = updater.target_var, updater.template_kwds["_index_var"]
    if index is not generator.owner.variables["_synaptic_post"]:
        return None
    parts = _Parts(generator, statements)
    # a row's sum is written once, at its end: nothing may look at the target before
    if not all(function.stateless for function in parts.functions) or target in parts.places_of_arrays or parts.write:
        return None
    reads = {n: f"const {parts.kind(n)} {n} = {parts.array(n)}[{parts.index(n)}];" for n in parts.read}
    of_target = [n for n in parts.read if parts.index(n) == _OF_TARGET]
    inside = [f"const {parts.kind(n)} {n} = {parts.array(n)}[_idx];" for n in parts.indices if n != _OF_TARGET]
    inside += [line for name, line in reads.items() if name not in of_target]
    lines = {"before": [reads[name] for name in of_target], "inside": inside + parts.lines(statements)}
    return {**lines, "slot": list(arrays).index(index), "kind": c_data_type(target.dtype)}


def lies_between_others(generator: CPPCodeGenerator, variable: ArrayVariable) -> bool:
    """Whether an array lies between others of the same synapses in the program that the code is for.

    Parameters
    ----------
    generator : CPPCodeGenerator
    variable : ArrayVariable

    Returns
    -------
    bool
    """
    return is_interleaved(variable) and getattr(generator.device, "lays_out_synapses", False)


def streams_of(generator: CPPCodeGenerator, statements: Sequence[Any]) -> list[str]:
    """Names of the arrays that the synapses of a spike go through item by item, which can be fetched before they are needed.

    Parameters
    ----------
    generator : CPPCodeGenerator
        Of the function of a pathway.
    statements : sequence of Statement
        Of one synapse.

    Returns
    -------
    list of str
    """
    parts = _Parts(generator, statements)
    names = {*parts.indices, *(name for name in (*parts.read, *parts.write) if parts.index(name) == "_idx")}
    return sorted({parts.array(n) for n in names if not lies_between_others(generator, generator.variables[n])})
