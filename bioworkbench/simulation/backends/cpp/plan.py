"""The plan: a text that says which arrays there are, which functions work on them, and what to do in which order.

The engine (``engine/program.h``) reads it. A line is an order and its arguments, separated by blanks; arrays, clocks, pathways, tables,
binomial distributions and actions are numbered in the order in which they are made. Names of files and groups are words.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from brian2.codegen.generators.cpp_generator import c_data_type
from brian2.core.preferences import prefs
from brian2.core.variables import ArrayVariable, DynamicArrayVariable
from brian2.input.timedarray import TimedArray, _find_K

from bioworkbench.records.errors import SimulationError
from bioworkbench.simulation.backends.cpp.codeobject import (
    ITEM_TYPES,
    array_slots,
    binomial_of,
    binomials_of,
    namespace_slots,
    numbers_of,
    tables_of,
    types_of,
)
from bioworkbench.simulation.backends.cpp.functions import name_of_text

__all__ = ["PUSH", "Run", "Sizes", "is_function", "plan_of"]

PUSH = "synapses_push_spikes"
_AUTOMATIC = {  # what Brian2 calls objects that have no name, before their number
    *("neurongroup", "spatialneuron", "poissongroup", "poissoninput", "spikegeneratorgroup", "synapses", "coderunner")
}
_CREATION = ("synapses_create_array", "synapses_create_generator")


@dataclass(frozen=True)
class Run:
    """One run of a network: what is done in each step.

    Parameters
    ----------
    network : str
        Its name; a network's time goes on from run to run.
    duration : float, seconds
    report : str or None
        "text", "stdout" or "stderr".
    period : float, seconds
        Between reports.
    steps : tuple of (Clock, code object)
    clocks : tuple of Clock
        All that advance.
    settings : bool
        Whether variables are set from the command line before it.
    segments : (int or str, int, str, int or str), optional
        Steps, steps per segment, a step in seconds, and steps of the runs before, where recordings are written and the state is looked at
        after each segment.
    """

    network: str
    duration: float
    report: str | None
    period: float
    steps: tuple[tuple[Any, Any], ...]
    clocks: tuple[Any, ...]
    settings: bool
    segments: tuple[Any, int, str, Any] | None = None


class Sizes:
    """Numbers that a plan holds which say how large things are. A job puts names in their place."""

    def of_array(self, variable: Any, size: int) -> Any:
        """Items of an array when the program starts.

        Parameters
        ----------
        variable : ArrayVariable
        size : int
            As Brian2 knows it.

        Returns
        -------
        int or str
            A number, or the name that is filled in for a job.
        """
        return size

    def of_constant(self, constant: Any) -> Any:
        """A whole number, given as a `constant`, that a function takes."""
        return int(constant.value)

    def of_sources(self, pathway: Any) -> tuple[Any, Any]:
        """First neuron whose spikes a `pathway` takes, and the one behind the last."""
        return pathway.source.start, pathway.source.stop

    def of_table(self, table: TimedArray) -> tuple[Any, Any]:
        """Rows and columns of a `table`."""
        return table.values.shape if table.values.ndim == 2 else (len(table.values), 1)

    def begin_of_tables(self) -> Any:
        """Time of their first rows, in seconds."""
        return 0.0


def is_function(code_object: Any) -> bool:
    """Whether a `code_object` becomes a generated function; the engine does the others itself."""
    return code_object.template_name != PUSH and not _is_record(code_object) and not _is_trace(code_object)


def _is_record(code_object: Any) -> bool:
    """Whether it records the neurons and times of all spikes of a group."""
    if code_object.template_name != "spikemonitor" or set(code_object.template_kwds["record_variables"]) != {"i", "t"}:
        return False
    # all neurons of the group: a monitor of a subgroup has to look at each spike, which a generated function does
    start, stop, n = (int(code_object.owner.variables[name].value) for name in ("_source_start", "_source_stop", "_source_N"))
    events = code_object.template_kwds["eventspace_variable"]
    return start == 0 and stop == n == events.size - 1


def _is_trace(code_object: Any) -> bool:
    """Whether it records arrays as they are: values of neurons or synapses, or shared ones."""
    if code_object.template_name != "statemonitor":
        return False
    sources = [(f"_source_{name}", code_object.variables[f"_source_{name}"]) for name in code_object.owner.record_variables]
    return all(
        isinstance(variable, ArrayVariable) and code_object.variable_indices[name] in ("_idx", "0") for name, variable in sources
    )


def _place(name: str, known: list[str]) -> int:
    """Where a name is in a list, which gets it if it is new."""
    if name not in known:
        known.append(name)
    return known.index(name)


class _Plan:
    """Lines, and the numbers of what they make."""

    def __init__(self, device: Any) -> None:
        self.device, self.sizes = device, device.sizes
        self.lines = ["plan 1"]
        self.arrays: dict[Any, int] = {}  # by variable
        self.by_name: dict[str, int] = {}  # by Brian2's name of an array, a vector or a static array
        self.clocks: dict[str, int] = {}
        self.pathways: dict[str, int] = {}
        self.tables: dict[tuple[str, int], int] = {}
        self.binomials: dict[str, int] = {}
        self.actions: dict[str, int] = {}
        self.automatic: dict[str, list[str]] = {}  # names that Brian2 has made, by their beginning, in order

    def stream_of(self, code_object: str) -> str:
        """Name of the random streams of a function: that of the `code_object`, without what else the process holds.

        Brian2 numbers objects without a name, and parts of objects, among all that are alive in a process. Here they are numbered among
        those of the device, so that a script run twice in one process draws the same numbers.
        """
        name = self._own_name(code_object.rsplit("_codeobject", 1)[0])  # what follows is a number
        base, _, number = name.rpartition("_")
        part = base if number.isdecimal() else name
        parts = self.automatic.setdefault(f"part {part}", [])
        return part if _place(name, parts) == 0 else f"{part}#{_place(name, parts)}"

    def _own_name(self, name: str) -> str:
        """The name with a number of the device where Brian2 has given it to an object without one."""
        kind, *rest = name.split("_")
        if kind not in _AUTOMATIC:
            return name
        numbered = bool(rest) and rest[0].isdecimal()
        number = _place(rest[0] if numbered else "", self.automatic.setdefault(kind, []))
        return "_".join([kind, *([str(number)] if number else []), *rest[numbered:]])

    def write(self, *words: Any) -> None:
        self.lines.append(" ".join(map(str, words)))

    def number_of(self, variable: Any) -> int:
        return self.arrays[variable]


def plan_of(device: Any, runs: Iterable[Run], results: dict[Any, str]) -> str:
    """The plan of all that a device has queued.

    Parameters
    ----------
    device : WorkbenchDevice
    runs : iterable of Run
        One for each "run_network" of the queue.
    results : mapping from variable to file name
        Arrays to write at the end.

    Returns
    -------
    str
    """
    plan = _Plan(device)
    _add_arrays(plan)
    _add_static_arrays(plan)
    _add_clocks_and_pathways(plan)
    for code_object in device.code_objects.values():
        _add_action(plan, code_object)
    if results:  # else the plan is a job's, which takes no arguments
        _add_names(plan)
    if device._maximum_run_time is not None:
        plan.write("maximum_run_time", float(device._maximum_run_time))
    if prefs.core.stop_on_keyboard_interrupt:
        plan.write("interruptible")
    _add_queue(plan, iter(runs))
    for variable, file in results.items():
        plan.write("result", file, plan.number_of(variable))
    plan.write("end")
    return "\n".join(plan.lines) + "\n"


def _add_arrays(plan: _Plan) -> None:
    device = plan.device
    # Arrays that grow begin empty, unless Brian2 sets their first values by their size.
    begun = {id(variable) for variable, *_ in (*device.zero_arrays, *device.arange_arrays)}
    for variable in device.arrays:
        number = plan.arrays[variable] = len(plan.arrays)
        grows = isinstance(variable, DynamicArrayVariable)
        size = variable.size if not grows or id(variable) in begun else 0
        plan.write("array", ITEM_TYPES[c_data_type(variable.dtype)], plan.sizes.of_array(variable, int(np.prod(size))), 1)
        names = (device.arrays, device.dynamic_arrays, device.dynamic_arrays_2d)
        plan.by_name.update({table[variable]: number for table in names if variable in table})
    for variable, _, start in device.arange_arrays:
        plan.write("arange", plan.number_of(variable), start)


def _add_static_arrays(plan: _Plan) -> None:
    for number, (name, kind, size, file) in enumerate(plan.device.static_array_specs, len(plan.arrays)):
        plan.by_name[name] = number
        plan.write("static", ITEM_TYPES[kind], size, file if "/" in file else f"static_arrays/{file}")


def _add_clocks_and_pathways(plan: _Plan) -> None:
    for clock in sorted(plan.device.clocks, key=lambda clock: clock.name):
        plan.clocks[clock.name] = len(plan.clocks)
        plan.write("clock", *(plan.number_of(clock.variables[name]) for name in ("timestep", "dt", "t")))
    for synapses in sorted(plan.device.synapses, key=lambda synapses: synapses.name):
        for pathway in synapses._pathways:
            plan.pathways[pathway.name] = len(plan.pathways)
            ends = (plan.number_of(variable) for variable in (pathway.synapse_sources, synapses.variables["_synaptic_post"]))
            plan.write("pathway", *ends, *plan.sizes.of_sources(pathway))


def _add_action(plan: _Plan, code_object: Any) -> None:
    variables, owner = code_object.variables, code_object.owner
    made = code_object.template_kwds
    profiled = int(code_object.name in plan.device.profiled_codeobjects)
    if _is_record(code_object):
        recorded = (owner.variables[name] for name in ("i", "t", "N", "count"))
        arrays = [plan.number_of(v) for v in (made["eventspace_variable"], variables["_source_t"], *recorded)]
        words = ["record", code_object.name, profiled, *arrays]
    elif _is_trace(code_object):
        pairs = [(variables[f"_source_{name}"], owner.variables[name]) for name in sorted(owner.record_variables)]
        arrays = [
            plan.number_of(variables["_clock_t"]),
            *(plan.number_of(owner.variables[name]) for name in ("t", "N", "_indices")),
        ]
        words = ["trace", code_object.name, profiled, *arrays, len(pairs), *(plan.number_of(v) for pair in pairs for v in pair)]
    elif code_object.template_name == PUSH:
        arrays = [plan.number_of(v) for v in (made["eventspace_variable"], variables["delay"], variables["_source_dt"])]
        words = ["push", code_object.name, profiled, plan.pathways[owner.name], *arrays]
    else:
        tables = [_table(plan, table, owner) for _, table in tables_of(variables)]
        binomials = [_binomial(plan, binomial) for _, binomial in binomials_of(variables)]
        arrays = [plan.number_of(variable) for _, variable in array_slots(variables)]
        arrays += [plan.by_name[name] for name, _ in namespace_slots(variables, owner)]
        numbers = [word for _, constant in numbers_of(variables) for word in _number(plan, constant)]
        pathway = plan.pathways[made["pathway"].name] if "pathway" in made else -1
        registered = owner._registered_variables if code_object.template_name in _CREATION else ()
        resized = sorted(plan.number_of(variable) for variable in registered)
        name = name_of_text(code_object.code.cpp_file, plan.device.file_of(code_object))
        words = ["function", code_object.name, profiled, name, types_of(variables, owner), plan.stream_of(code_object.name)]
        words += [len(arrays), *arrays, len(numbers) // 2, *numbers, len(tables), *tables, len(binomials), *binomials]
        # counts before lists, since a line has no other marks; the engine reads in this order
        words += [len(resized), *resized, pathway]
    plan.actions[code_object.name] = len(plan.actions)
    plan.write(*words)


def _number(plan: _Plan, constant: Any) -> Iterator[Any]:
    real = c_data_type(constant.dtype) in ("double", "float")
    yield "r" if real else "w"
    yield repr(float(constant.value)) if real else plan.sizes.of_constant(constant)


def _table(plan: _Plan, table: TimedArray, owner: Any) -> int:
    """Number of a timed array for functions that run by the owner's clock."""
    # Two clocks may read one timed array; how finely times are rounded in it depends on the clock.
    upsampling = _find_K(owner.clock.dt_, table.dt)
    key = (table.name, upsampling)
    if key not in plan.tables:
        plan.tables[key] = len(plan.tables)
        shape = plan.sizes.of_table(table)
        plan.write(
            "table", plan.by_name[f"{table.name}_values"], *shape, upsampling, f"{table.dt:.18f}", plan.sizes.begin_of_tables()
        )
    return plan.tables[key]


def _binomial(plan: _Plan, binomial: Any) -> int:
    if binomial.name not in plan.binomials:
        plan.binomials[binomial.name] = len(plan.binomials)
        plan.write("binomial", *(binomial_of(binomial) or ()))
    return plan.binomials[binomial.name]


def _add_names(plan: _Plan) -> None:
    """What the command line may set: variables that are not read-only, and timed arrays."""
    for variable, number in plan.arrays.items():
        try:
            if not variable.read_only:
                plan.write("name", f"{variable.owner.name}.{variable.name}", number)
        # Brian2 keeps variables of objects that a script has dropped.
        except (ReferenceError, AttributeError):  # its owner is gone, or has no name
            continue
    for table, name in plan.device.timed_arrays.items():
        plan.write("name", f"{name}.values", plan.by_name[f"{table.name}_values"])


def _add_queue(plan: _Plan, runs: Iterator[Run]) -> None:
    for what, arguments in plan.device.main_queue:
        # in the order of the script: what is set between two runs must be set between them
        if what == "run_network":
            _add_run(plan, next(runs))
        elif what.endswith("_code_object"):
            _add_call(plan, what.removesuffix("_code_object"), arguments[0])
        elif what == "insert_code":
            plan.write("settings")
        elif what == "seed":
            plan.write("seed", "random" if arguments is None else arguments)
        elif what == "plan":  # words that a job adds, with the names of what they are about
            _add_words(plan, arguments)
        else:
            _add_assignment(plan, what, arguments)


def _add_words(plan: _Plan, arguments: tuple) -> None:
    tables = {"array": plan.by_name, "action": plan.actions, "pathway": plan.pathways}
    # jobs queue words before numbers are known: a pair is a kind and a name
    words = [tables[word[0]][word[1]] if isinstance(word, tuple) else word for word in arguments if word is not None]
    plan.write(*words)


def _add_run(plan: _Plan, run: Run) -> None:
    if run.settings:
        plan.write("settings")
    if run.segments:
        plan.write("segments", *run.segments)
    # steps name clocks by their place in this run, not in the plan: the engine advances those of the run alone
    order = {clock.name: number for number, clock in enumerate(run.clocks)}
    steps = [(order[clock.name], plan.actions[code_object.name]) for clock, code_object in run.steps]
    where = {None: 0, "stderr": 2}.get(run.report, 1)
    clocks = [plan.clocks[clock.name] for clock in run.clocks]
    words = [run.network, repr(run.duration), where, repr(run.period), len(clocks), *clocks, len(steps)]
    plan.write("run", *words, *(number for step in steps for number in step))


def _add_call(plan: _Plan, block: str, code_object: Any) -> None:
    if block == "run":
        plan.write("call", plan.actions[code_object.name])
    elif block == "before_run":
        plan.write("prepare", plan.actions[code_object.name])
    else:
        plan.write("silence", plan.number_of(code_object.template_kwds["eventspace_variable"]))


def _add_assignment(plan: _Plan, what: str, arguments: tuple) -> None:
    if what == "set_by_constant":
        name, value, _ = arguments
        plan.write("fill", plan.by_name[name], _literal(value))
    elif what == "set_by_single_value":
        name, item, value = arguments
        plan.write("item", plan.by_name[name], int(item), _literal(value))
    # Brian2 queues texts: what it does, and names of arrays in C++; a name that the plan lacks would be another array's number
    elif what.startswith("set_") and arguments[-2 if what == "set_by_array" else -1] not in plan.by_name:
        raise SimulationError(f"Brian2 sets {arguments[0]} from an array that a plan does not keep; please report this")
    elif what == "set_by_array":
        plan.write("copy", plan.by_name[arguments[0]], plan.by_name[arguments[1]])
    elif what == "set_array_by_array":
        plan.write("scatter", *(plan.by_name[name] for name in arguments))
    elif what == "resize_array":
        plan.write("resize", plan.by_name[arguments[0]], int(arguments[1]))
    else:
        raise SimulationError(f"Brian2 queued '{what}': the plan must know it; use set_device('cpp_standalone')")


def _literal(value: Any) -> str:
    """A number as the engine reads it; Brian2 gives some as C++ text."""
    if isinstance(value, str):
        value = {"true": 1, "false": 0, "INFINITY": np.inf, "NAN": np.nan}.get(value.strip("()-+ "), value)
    return value.replace(" ", "") if isinstance(value, str) else repr(int(value) if isinstance(value, bool | np.bool_) else value)
