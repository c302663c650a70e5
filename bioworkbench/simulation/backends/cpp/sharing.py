"""How a generated function uses its arrays, and whether threads may share its work: what ``engine/schedule.h`` goes by.

A function whose every result belongs to one neuron, or to the synapses of one target, can be called for a range of them. One that
draws random numbers in synapses, sets what all neurons share, or writes an array that it also reads elsewhere, cannot.
"""

from collections.abc import Iterable
from typing import Any

from brian2.core.clocks import Clock
from brian2.core.functions import Function
from brian2.core.variables import ArrayVariable
from brian2.parsing.statements import parse_statement

from bioworkbench.simulation.backends.cpp.codeobject import array_slots, namespace_slots, numbers_of

__all__ = ["can_be_shared", "modes_of", "size_slot"]

_OF_NEURONS = {"_idx": "n"}
_OF_SYNAPSES = {"_idx": "s", "_postsynaptic_idx": "n"}
_CLASSES = {"stateupdate": _OF_NEURONS, "threshold": _OF_NEURONS, "reset": _OF_NEURONS, "synapses": _OF_SYNAPSES}
_SETS = {"threshold": ("not_refractory", "lastspike")}


def modes_of(code_object: Any) -> str:
    """How a function uses each of its arrays, one letter each.

    Parameters
    ----------
    code_object : WorkbenchCodeObject

    Returns
    -------
    str
        ``w`` as a whole, ``n`` by neuron, ``s`` by synapse, ``e`` a list of spikes, capitals where it is written; ``c`` of a clock.
    """
    written = _written(code_object)
    modes = [_mode(code_object, variable, variable in written) for _, variable in array_slots(code_object.variables)]
    return "".join([*modes, *("w" for _ in namespace_slots(code_object.variables, code_object.owner))]) or "-"


def _mode(code_object: Any, variable: Any, written: bool) -> str:
    template = code_object.template_name
    if isinstance(variable.owner, Clock):
        return "c"
    # what we have no class for may do anything to any array: as a whole, and writing, is the safe answer
    if template not in _CLASSES:
        return "W"
    if variable is code_object.template_kwds.get("eventspace_variable"):
        return "E" if template == "threshold" else "e"
    names = [name for name, other in code_object.variables.items() if other is variable]
    # one array under two names with two indices is read in one place and written in another: no range is anybody's own
    indices = {"0" if variable.scalar else code_object.variable_indices[name] for name in names}
    mode = _CLASSES[template].get(indices.pop(), "w") if len(indices) == 1 else "w"
    return mode.upper() if written else mode


def _written(code_object: Any) -> set[Any]:
    """Arrays that statements or the template set."""
    # from statements as they were written: the generated text has names of its own
    code = code_object.again[0]
    blocks: Iterable[str | None] = code.values() if isinstance(code, dict) else [code]
    lines = [line.partition("#")[0].strip() for block in blocks for line in (block or "").splitlines()]
    names = {parse_statement(line)[0] for line in lines if line}
    names |= {name for name in _SETS.get(code_object.template_name, ()) if name in code_object.variables}
    return {variable for name in names if isinstance(variable := code_object.variables.get(name), ArrayVariable)}


def can_be_shared(code_object: Any) -> bool:
    """Whether threads may share the work of a function.

    Parameters
    ----------
    code_object : WorkbenchCodeObject

    Returns
    -------
    bool
    """
    if code_object.template_name not in _CLASSES or "W" in modes_of(code_object):
        return False
    # synapses of one copy draw from one stream, in the order of spikes, which threads would mix up
    random = any(isinstance(variable, Function) and not variable.stateless for variable in code_object.variables.values())
    return not (random and code_object.template_name == "synapses")


def size_slot(code_object: Any) -> int:
    """Which of the numbers that a `code_object` takes says how many neurons it goes over; -1 if none."""
    names = [name for name, _ in numbers_of(code_object.variables)]
    return names.index("N") if code_object.template_name in ("stateupdate", "threshold") and "N" in names else -1
