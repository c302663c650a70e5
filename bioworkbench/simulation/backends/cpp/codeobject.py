"""What Brian2 generates for our device: functions that take their arrays as arguments and name them by role.

A function's text holds no size, no value of a floating point constant and no name of a group, so that every object that does the
same shares it. `array_slots` and its siblings say in which order a function takes what it works on; the plan binds by the same order.
"""

from collections.abc import Mapping
from typing import Any

from brian2.codegen.generators.cpp_generator import c_data_type
from brian2.core.functions import DEFAULT_FUNCTIONS, Function
from brian2.core.variables import ArrayVariable, Constant, DynamicArrayVariable
from brian2.devices.cpp_standalone.codeobject import CPPStandaloneCodeObject
from brian2.input.binomial import BinomialFunction
from brian2.input.timedarray import TimedArray
from jinja2 import pass_context

from bioworkbench.simulation.backends.cpp.drawing import DrawingGenerator
from bioworkbench.simulation.backends.cpp.synapse_loops import (
    are_independent,
    consecutive_of,
    lanes_of,
    lies_between_others,
    row_of,
    streams_of,
)

__all__ = [
    "ITEM_TYPES",
    "WorkbenchCodeObject",
    "array_slots",
    "binomial_of",
    "binomials_of",
    "namespace_slots",
    "numbers_of",
    "tables_of",
    "types_of",
]

Variables = Mapping[str, Any]

ITEM_TYPES = {
    "double": "d",
    "float": "f",
    "int64_t": "l",
    "uint64_t": "v",
    "int32_t": "i",
    "uint32_t": "u",
    "int16_t": "s",
    "uint16_t": "h",
    "int8_t": "c",
    "char": "b",
}


def _role(variable: ArrayVariable, variables: Variables) -> str:
    """Name of an array in the statements of one code object, the same for whichever group it belongs to."""
    # one array may have several names in a code object; the first in the alphabet is the same in every object that does the same
    return min(name for name, other in variables.items() if other is variable)


def array_slots(variables: Variables) -> list[tuple[str, Any]]:
    """Roles and arrays among its `variables` that a function takes, in order."""
    return sorted(
        {_role(variable, variables): variable for variable in variables.values() if isinstance(variable, ArrayVariable)}.items()
    )


def _is_number(variable: Any) -> bool:
    """Sizes (constants of a group) and floating point constants are arguments; other whole numbers may be exponents: part of the text."""
    return isinstance(variable, Constant) and (variable.owner is not None or c_data_type(variable.dtype) in ("double", "float"))


def numbers_of(variables: Variables) -> list[tuple[str, Any]]:
    """Names and constants among its `variables` that a function takes as numbers, in order."""
    return sorted((name, variable) for name, variable in variables.items() if _is_number(variable))


def tables_of(variables: Variables) -> list[tuple[str, TimedArray]]:
    """Names and timed arrays among its `variables` that a function reads, in order."""
    return sorted((name, variable) for name, variable in variables.items() if isinstance(variable, TimedArray))


def binomials_of(variables: Variables) -> list[tuple[str, BinomialFunction]]:
    """Names and binomial distributions among its `variables` that a function draws from; older ones are functions in C++."""
    return sorted((name, variable) for name, variable in variables.items() if binomial_of(variable))


class _Binomial(dict):
    """What stands in place of the code of a binomial distribution: its numbers."""


def binomial_of(variable: Any) -> tuple[int, float, int] | None:
    """Number of trials, probability and whether a normal distribution is to be used; None for other variables.

    Parameters
    ----------
    variable : Variable or Function
        Of Brian2.

    Returns
    -------
    (int, float, bool) or None
    """
    if not isinstance(variable, BinomialFunction):
        return None
    implementations: Any = variable.implementations  # which has no types
    code = implementations[WorkbenchCodeObject].get_code(None)
    return (code["n"], code["p"], code["normal"]) if isinstance(code, _Binomial) else None


def _in_engine(variable: Any) -> bool:
    """Whether the engine has this function, so that no text is written for it."""
    return isinstance(variable, TimedArray) or binomial_of(variable) is not None


def namespace_slots(variables: Variables, owner: Any) -> list[tuple[str, Any]]:
    """Names and arrays that a user's own C++ functions read, in order.

    Parameters
    ----------
    variables : mapping from str to Variable
        Of the function that calls them.
    owner : Group
        Of the function.

    Returns
    -------
    list of (str, array)
    """
    found: dict[str, Any] = {}
    for variable in variables.values():
        if isinstance(variable, Function) and not _in_engine(variable):
            found.update(variable.implementations[WorkbenchCodeObject].get_namespace(owner) or {})
    return sorted(found.items())


def types_of(variables: Variables, owner: Any) -> str:
    """Types of the arrays and numbers that a function takes, one letter each.

    Parameters
    ----------
    variables : mapping from str to Variable
    owner : Group
        Of the function.

    Returns
    -------
    str
    """
    arrays = "".join(ITEM_TYPES[c_data_type(variable.dtype)] for _, variable in array_slots(variables))
    names = "".join(ITEM_TYPES[c_data_type(values.dtype)] for _, values in namespace_slots(variables, owner))
    numbers = "".join("r" if c_data_type(variable.dtype) in ("double", "float") else "w" for _, variable in numbers_of(variables))
    return f"-{arrays}{names}-{numbers}"


class WorkbenchGenerator(DrawingGenerator):
    """Brian2's generator of C++, with arrays named by role and everything else but the statements as arguments."""

    class_name = "bioworkbench"
    universal_support_code = ""  # written once per program

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        for kind, found in (("_frames", tables_of(self.variables)), ("_binomial", binomials_of(self.variables))):
            for number, (name, _) in enumerate(found):
                self.func_name_replacements[name] = f"{kind}_{number}"
                # Called with the number of the neuron, as rand() is, and so once for each.
                if kind == "_binomial":
                    self.auto_vectorise.add(f"{kind}_{number}")

    def get_array_name(  # pyright: ignore[reportIncompatibleMethodOverride]  a static method that Brian2 calls on the instance
        self, var: ArrayVariable, access_data: bool = True
    ) -> str:
        """Name of an array's data, or of the array that can grow.

        Parameters
        ----------
        var : ArrayVariable
        access_data : bool
            Whether the data are meant, not the array that can grow.

        Returns
        -------
        str
        """
        return f"{'_at' if access_data else '_growing'}_{_role(var, self.variables)}"

    def _add_user_function(self, varname: str, variable: Function, added: set) -> Any:
        return None if _in_engine(variable) else super()._add_user_function(varname, variable, added)

    def determine_keywords(self) -> dict[str, Any]:
        """Lines that bind names to arguments, and whether the function draws random numbers."""
        keywords = super().determine_keywords()
        lines = [*self._arrays(), *self._numbers(), *self._functions()]
        random = any(isinstance(variable, Function) and not variable.stateless for variable in self.variables.values())
        return {**keywords, "pointers_lines": lines, "uses_random": random, "target_arrays": self._target_arrays()}

    def translate_statement_sequence(self, sc_statements: Any, ve_statements: Any) -> Any:
        """Brian2's loops, and faster ones over synapses.

        Parameters
        ----------
        sc_statements, ve_statements : dict
            By block: statements done once, and those done for each neuron or synapse.

        Returns
        -------
        (dict, dict, dict)
            Code of both by block, and what else the template gets.
        """
        scalar, vector, given = super().translate_statement_sequence(sc_statements, ve_statements)
        keywords: dict[str, Any] = dict(given)
        arrays = [variable for _, variable in array_slots(self.variables)]
        if self.template_name == "synapses":
            keywords["lanes"] = lanes_of(self, ve_statements[None])
            keywords["consecutive"] = consecutive_of(self, ve_statements[None], arrays)
            keywords["streams"] = streams_of(self, ve_statements[None])
        elif self.template_name == "stateupdate":
            keywords["independent"] = are_independent(self, ve_statements[None])
        elif self.template_name == "summed_variable":
            keywords["row"] = row_of(self, ve_statements[None], arrays)
        return scalar, vector, keywords

    def _target_arrays(self) -> list[tuple[str, str]]:
        """Types and names of the arrays of target neurons that synapses work on."""
        targets = {
            _role(variable, self.variables): variable
            for name, variable in self.variables.items()
            if isinstance(variable, ArrayVariable) and not variable.scalar and self.variable_indices[name] == "_postsynaptic_idx"
        }
        return [(c_data_type(variable.dtype), f"_at_{role}") for role, variable in sorted(targets.items())]

    def _arrays(self) -> list[str]:
        lines = []
        slots = array_slots(self.variables)
        for slot, (role, variable) in enumerate(slots):
            kind = c_data_type(variable.dtype)
            if getattr(variable, "ndim", 1) > 1:
                lines.append(f"Matrix<{kind}> _growing_{role}(*_a.arrays[{slot}]);")
                continue
            if lies_between_others(self, variable):
                lines.append(f"const Strided<{kind}> _at_{role}(*_a.arrays[{slot}]);")
                continue
            # Arrays of a function never overlap, which lets the compiler work on many items at once.
            restrict = "" if variable.scalar else "__restrict "
            lines.append(f"{kind}* {restrict}const _at_{role} = _a.at<{kind}>({slot});")
            if isinstance(variable, DynamicArrayVariable):
                lines.append(f"Vector<{kind}> _growing_{role}(*_a.arrays[{slot}]);")
            # Brian2's templates name sizes by variable, and two variables may be one array.
            names = sorted(name for name, other in self.variables.items() if other is variable)
            lines += [f"const size_t _num{name} = _a.arrays[{slot}]->size;" for name in names]
        for number, (name, values) in enumerate(namespace_slots(self.variables, self.owner)):
            lines.append(f"_namespace{name} = _a.at<{c_data_type(values.dtype)}>({len(slots) + number});")
        return lines

    def _numbers(self) -> list[str]:
        lines = []
        taken = dict(numbers_of(self.variables))
        for name, variable in sorted((n, v) for n, v in self.variables.items() if isinstance(v, Constant)):
            kind = c_data_type(variable.dtype)
            member = "real" if kind in ("double", "float") else "whole"
            # Whole numbers that statements name may be exponents, which must be in the text to be compiled well.
            given = f"_a.numbers[{list(taken).index(name)}].{member}" if name in taken else str(int(variable.value.real))
            lines.append(f"const {kind} {name} = {given};")
        return lines

    def _functions(self) -> list[str]:
        lines = []
        for number, (_, table) in enumerate(tables_of(self.variables)):
            parameters = "double t, int i" if table.values.ndim == 2 else "double t"
            arguments = "t, i" if table.values.ndim == 2 else "t"
            lines.append(f"const auto _frames_{number} = [&]({parameters}) {{ return _a.tables[{number}]->at({arguments}); }};")
        draws = range(len(binomials_of(self.variables)))
        lines += [f"const auto _binomial_{k} = [&](int) {{ return _a.binomials[{k}]->draw(*current_stream); }};" for k in draws]
        return lines


@pass_context
def _constant_or_scalar(context: Any, name: str, variable: Any) -> str:
    """Brian2's function of this name, with the array named by role."""
    return f"_at_{_role(variable, context['variables'])}[0]" if variable.array else name


class WorkbenchCodeObject(CPPStandaloneCodeObject):
    """A generated function, bound to what it works on by the plan."""

    template_kwds: Mapping[str, Any]  # what the template was given, and what it takes to generate the code with Brian2's
    again: tuple[Any, Any, Any]

    templater = CPPStandaloneCodeObject.templater.derive(
        "bioworkbench.simulation.backends.cpp", env_globals={"constant_or_scalar": _constant_or_scalar}
    )
    generator_class = WorkbenchGenerator


# Arrays with an item per synapse are resized together, whatever their names
WorkbenchCodeObject.templater.env.filters["variables_to_array_names"] = lambda variables, access_data=True: ["Registered{_a}"]

BinomialFunction.implementations[WorkbenchGenerator.class_name] = lambda n, p, use_normal, name: (
    _Binomial(n=int(n), p=float(p), normal=int(use_normal)),
    {},
)
for _function in ("rand", "randn", "timestep", "clip"):  # the engine has them
    DEFAULT_FUNCTIONS[_function].implementations.add_implementation(WorkbenchCodeObject, code=None, name=f"_{_function}")
# By the generator's name: where there is none for NumPy, Brian2 names all there are before it takes the Python function
DEFAULT_FUNCTIONS["exprel"].implementations.add_implementation(WorkbenchGenerator, code=None, name="_exprel")
