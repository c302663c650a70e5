"""How a job becomes a plan: what its run loads, records and checks, in words that the engine reads.

A plan holds names in place of sizes, so that jobs that differ in numbers only share it: neurons, copies, synapses, steps and recorded
neurons are filled in, and every value is loaded from a file when the program starts. The run is cut into segments, after each of which
what was recorded is written and the state looked at. Copies of a network share the synapses of the first where these have no state.
"""

from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Any

import numpy as np
from brian2.codegen.generators.cpp_generator import c_data_type
from brian2.core.variables import DynamicArrayVariable
from brian2.devices.device import all_devices
from brian2.groups.group import Group

from bioworkbench.records.errors import SimulationError
from bioworkbench.simulation.backends.cpp.codeobject import ITEM_TYPES, types_of
from bioworkbench.simulation.backends.cpp.device import WorkbenchDevice
from bioworkbench.simulation.backends.cpp.functions import functions_text
from bioworkbench.simulation.backends.cpp.job_files import STREAMS, index_files, left_file
from bioworkbench.simulation.backends.cpp.plan import Sizes, is_function, plan_of
from bioworkbench.simulation.backends.cpp.sharing import can_be_shared, modes_of, size_slot
from bioworkbench.simulation.backends.cpp.synapse_layout import layout_words
from bioworkbench.simulation.build import Built, changed_weights, watched
from bioworkbench.simulation.finite import SEGMENT_STEPS, changing
from bioworkbench.simulation.job import Job, n_values, spike_projections
from bioworkbench.simulation.object_names import OWN_WEIGHT, noise_name, synapses_name, table_name
from bioworkbench.simulation.state import left_by_name, queue_name
from bioworkbench.simulation.values import ValueKind, ValueName

__all__ = [
    "DEVICE",
    "filled",
    "functions_of_job",
    "left_kinds",
    "load_value",
    "numbers_of_job",
    "plan_of_job",
]

DEVICE = "bioworkbench_jobs"  # another than that of a user's script, whose results stay as they are


class _JobDevice(WorkbenchDevice):
    """The device with synapses that are loaded, not made, and functions that are computed as they are written."""

    discrete: frozenset[str] = frozenset()  # groups in discrete time
    projections: Mapping[str, str] = MappingProxyType({})  # by the names of their synapses
    lays_out_synapses = True

    def file_of(self, code_object: Any) -> str:
        """Functions of neurons in discrete time, and of synapses between them, are compiled apart."""
        owner = code_object.owner
        ends = (getattr(owner, end, None) for end in ("source", "target"))
        names = {owner.name, *(end.name for end in ends if end is not None)}
        return "exact" if names & self.discrete else "functions"

    def synapses_connect(self, synapses: Any, **ends: Any) -> None:
        """Load endpoints; called in place of Brian2's `Synapses.connect`, which would copy them."""
        # In place of Brian2's own creation, which copies the ends: they are loaded where they belong when the program starts.
        synapses._connect_called = True
        name, number = synapses.name, f"<{synapses.name}>"
        for variable in synapses._registered_variables:
            if variable in self.dynamic_arrays:
                _word("resize", "array", self.get_array_name(variable, access_data=False), number)
        _word("fill", "array", self.get_array_name(synapses.variables["N"], access_data=False), number)
        # Monitors hold the synapses that they are to record against how many there are.
        self.array_cache[synapses.variables["N"]] = np.array([len(ends["i"])], dtype=np.int32)
        for end, variable in (("i", "_synaptic_pre"), ("j", "_synaptic_post")):
            array = self.get_array_name(synapses.variables[variable], access_data=False)
            _word("load", "array", array, "i", f"values/{ValueKind.SYNAPSES.of(self.projections[name], end).file}")
        for pathway in synapses._pathways:
            _word("copies", "pathway", pathway.name, f"<{synapses.target.name}>", f"<{name}.sharing>", f"<{name}.own>")


def _device() -> Any:
    return all_devices[DEVICE]


def _word(order: str, kind: str, name: str, *words: Any) -> None:
    """Queue an order of the plan about an array, action or pathway."""
    _device().main_queue.append(("plan", (order, (kind, name), *words)))


def _stored(variable: Any) -> str:
    """Type in which values of a variable lie in files: floating point numbers are always double."""
    kind = c_data_type(variable.dtype)
    return "d" if kind in ("double", "float") else ITEM_TYPES[kind]


def load_value(owner: Group, variable: str, name: ValueName) -> None:
    """Have the program load a variable from the file of that name; an `Assign` for `build`.

    Parameters
    ----------
    owner : Group
    variable : str
    name : ValueName
    """
    target = owner.variables[variable]
    _word("load", "array", _device().get_array_name(target, access_data=False), _stored(target), f"values/{name.file}")
    # Unknown to Brian2 from here on; it would go on with the value that it had before.
    _device().array_cache[target] = None


def numbers_of_job(job: Job) -> dict[str, Any]:
    """What stands for each name in a plan.

    Parameters
    ----------
    job : Job

    Returns
    -------
    dict
    """
    numbers: dict[str, Any] = {"<.steps>": job.n_steps, "<.copies>": job.n_copies, "<.first>": job.start.step}
    numbers["<.begin>"] = repr(job.start.step * job.dt)
    for population in job.network.populations:
        n = population.size * job.n_copies
        numbers |= {f"<{population.name}>": n, f"<{population.name}+1>": n + 1, f"<{population.name}.one>": population.size}
    for projection in spike_projections(job.network):
        name, shared = synapses_name(projection.name), job.shares(projection)
        numbers[f"<{name}>"] = n_values(job, projection, "i")
        numbers |= {f"<{name}.sharing>": job.n_copies if shared else 1, f"<{name}.own>": 1 if shared else job.n_copies}
    for probe in job.probes:
        numbers[f"<{job.trace_name(probe)}>"] = len(job.recorded(probe))
    for name, values in job.values.items():
        if name.kind is ValueKind.TABLE:
            table = table_name(name.owner, name.variable)
            numbers |= {f"<{table}.items>": values.size, f"<{table}.rows>": len(values), f"<{table}.columns>": values.shape[1]}
    return numbers


def filled(plan: str, job: Job) -> str:
    """A `plan` with the numbers of a `job` in place of names."""
    numbers = {name: str(number) for name, number in numbers_of_job(job).items()}
    # Whole words alone are replaced, so that a name in a file's name stays.
    lines = ([numbers.get(word, word) for word in line.split(" ")] for line in plan.splitlines())
    return "\n".join(" ".join(line) for line in lines) + "\n"


class _Names(Sizes):
    """Names in place of sizes, each held against the size that it stands for in the job that the plan is made from."""

    def __init__(self, job: Job, built: Built) -> None:
        self.numbers = numbers_of_job(job)
        self.of_owner = {name: f"<{name}>" for name in (*built.groups, *built.trains)}
        self.of_owner |= {monitor.name: f"<{name}>" for name, monitor in built.spikes.items()}
        self.of_owner |= {monitor.name: f"<{monitor.name}>" for monitor in built.traces.values()}
        self.of_owner |= {noise_name(name): "<.copies>" for name in built.groups}

    def _checked(self, word: str, number: int) -> str:
        # A plan is shared by all jobs of its form: a size that stood there as a number would be right for the first alone.
        if self.numbers.get(word) != number:
            raise SimulationError(
                f"Brian2 has a size of {number} where {word} = {self.numbers.get(word)} is due; please report this"
            )
        return word

    def of_array(self, variable: Any, size: int) -> Any:
        if variable.scalar or isinstance(variable, DynamicArrayVariable):
            return size if variable.scalar else 0
        # Spikes of a step are kept with how many there are.
        more = "+1" if variable.name in {f"_{event}space" for event in getattr(variable.owner, "events", ())} else ""
        return self._checked(self.of_owner.get(variable.owner.name, "")[:-1] + more + ">", size)

    def of_constant(self, constant: Any) -> Any:
        value = int(constant.value)
        return self._checked(self.of_owner.get(constant.owner.name, ""), value) if value else 0

    def of_sources(self, pathway: Any) -> tuple[Any, Any]:
        return pathway.source.start, self._checked(self.of_owner.get(pathway.source.name, ""), pathway.source.stop)

    def begin_of_tables(self) -> Any:
        return "<.begin>"

    def of_table(self, table: Any) -> tuple[Any, Any]:
        words = zip((f"<{table.name}.rows>", f"<{table.name}.columns>"), table.values.shape, strict=True)
        rows, columns = (self._checked(word, number) for word, number in words)
        return rows, columns


def plan_of_job(job: Job, built: Built) -> str:
    """The plan of a job whose objects Brian2 has prepared, with names in place of sizes.

    Parameters
    ----------
    job : Job
    built : Built

    Returns
    -------
    str

    Raises
    ------
    SimulationError
        If a size is not the one that it is taken for.
    """
    device = _device()
    device.sizes = _Names(job, built)
    # The duration is one of the numbers that differ between jobs; the engine goes by steps and segments.
    device.runs[-1] = replace(device.runs[-1], duration=0.0, segments=("<.steps>", SEGMENT_STEPS, repr(job.dt), "<.first>"))
    tables = {table.name: table for table in device.timed_arrays}
    files = {table_name(name.owner, name.variable): name.file for name in job.values if name.kind is ValueKind.TABLE}
    device.static_array_specs = [
        (f"{name}_values", "double", f"<{name}.items>", f"values/{files[name]}") for name in sorted(tables)
    ]
    queue, device.main_queue = _settled(device, built), []
    _say_what_is_shared(built)
    _say_what_is_kept(job, built)
    _say_what_is_left(job, built)
    device.main_queue += queue
    text = plan_of(device, device.runs, {})
    return text.replace("plan 1\n", "plan 1\njob\n", 1)


def _settled(device: Any, built: Built) -> list[tuple[str, Any]]:
    """What Brian2 has queued, with loads in the place of arrays that it would keep beside the program."""
    names = {device.get_array_name(variable, access_data=False): variable for variable in device.arrays}
    queue, chosen = list[tuple[str, Any]](), index_files(built)
    for what, arguments in device.main_queue:
        variable = names.get(arguments[0]) if what.startswith("set_by_") else None
        if what == "run_network":
            # After all that Brian2 sets: spikes of this job take the place of those with which the plan was made.
            queue += _loads_of_trains(device, built) + _layouts(device, built)
        if variable is not None and variable in chosen:
            queue.append(("plan", ("load", ("array", arguments[0]), _stored(variable), f"values/{chosen[variable]}")))
        elif variable is None or variable.owner.name not in built.trains or not isinstance(variable, DynamicArrayVariable):
            queue.append((what, arguments))
    return queue


def _loads_of_trains(device: Any, built: Built) -> list[tuple[str, Any]]:
    """Load the spikes of stimuli, as many as there are."""
    loads: list[tuple[str, Any]] = []
    for name, group in built.trains.items():
        for variable, column in (("neuron_index", "neuron"), ("_timebins", "step")):
            train = group.variables[variable]
            array = device.get_array_name(train, access_data=False)
            loads.append(
                ("plan", ("load_all", ("array", array), _stored(train), f"values/{ValueKind.TRAIN.of(name, column).file}"))
            )
    return loads


def _layouts(device: Any, built: Built) -> list[tuple[str, Any]]:
    """Have loaded synapses moved to where they are fast."""
    words: list[tuple[str, Any]] = []
    for synapses in built.synapses.values():
        order, arrays = layout_words(synapses) or ("", [])
        numbers = [("array", device.get_array_name(variable, access_data=False)) for variable in arrays]
        if order == "interleave":
            words.append(("plan", (order, None, len(numbers), *numbers)))
        elif order:
            target = f"<{synapses.target.name}>"
            words.append(("plan", (order, numbers[0], target, len(numbers) - 1, *numbers[1:])))
    return words


def _say_what_is_shared(built: Built) -> None:
    """Whose neurons the threads share, and which functions with them."""
    device = _device()
    functions = [code_object for code_object in device.code_objects.values() if is_function(code_object)]
    # Threshold and reset go through one list of spikes: if one cannot be shared by threads, the other must not be.
    alone = {f.owner.name for f in functions if f.template_name in ("threshold", "reset") and not can_be_shared(f)}
    for name in built.groups:
        device.main_queue.append(("plan", ("neurons", None, f"<{name}>", "<.copies>")))
    groups = {name: number for number, name in enumerate(built.groups)}
    of_trials = {noise_name(name) for name in groups}
    for function in functions:
        of_synapses = function.template_name == "synapses"
        name = function.owner.target.name if of_synapses else function.owner.name
        shared = can_be_shared(function) and not (function.template_name in ("threshold", "reset") and name in alone)
        slot = size_slot(function) if name in groups else -1
        of_copy = f"<{name}.one>" if name in groups else int(name in of_trials)
        numbers = groups.get(name, -1) if shared else -1, groups[name] if slot >= 0 else -1, slot
        _word("share", "action", function.name, *numbers, of_copy, modes_of(function))


def _say_what_is_kept(job: Job, built: Built) -> None:
    """What is looked at and written after each segment, and after the last."""
    device = _device()
    for one in watched(built):
        for variable in changing(one.group):
            array = device.get_array_name(one.group.variables[variable], access_data=False)
            _word("check", "array", array, *one.words(variable))
    for name, monitor in built.spikes.items():
        for order, field in (("flush", "i"), ("flush", "t"), ("counts", "count")):
            _word(order, "array", device.get_array_name(monitor.variables[field], access_data=False), f"{name}.{field}")
    for name, monitor in built.traces.items():
        for field, file in ((monitor.record_variables[0], name), ("t", "-")):
            _word("flush", "array", device.get_array_name(monitor.variables[field], access_data=False), file)
    for name, synapses in changed_weights(job, built).items():
        _word("last", "array", device.get_array_name(synapses.variables[OWN_WEIGHT], access_data=False), f"{name}.weights")


def _say_what_is_left(job: Job, built: Built) -> None:
    """What the run before has left besides values, and what this one leaves."""
    device = _device()
    pathways = {queue_name(name, p): p.name for name, synapses in built.synapses.items() for p in synapses._pathways}
    if job.start.step:
        device.main_queue.append(("plan", ("streams_left", None, f"values/{STREAMS}")))
        for name, pathway in pathways.items():
            _word("spikes_left", "pathway", pathway, f"values/{left_file(name)}")
    if not job.keeps_state:
        return
    device.main_queue.append(("plan", ("leave_streams", None, STREAMS)))
    for name, pathway in pathways.items():
        _word("leave_spikes", "pathway", pathway, left_file(name))
    for name, variable in left_by_name(built):
        _word("last", "array", device.get_array_name(variable, access_data=False), left_file(name))


def left_kinds(built: Built) -> dict[str, str]:
    """Types of the values that a run of `built` objects leaves, by their names in a state."""
    # All floating point numbers are double in files.
    return {name: np.dtype("d" if _stored(one) == "d" else one.dtype).str for name, one in left_by_name(built)}


def functions_of_job() -> dict[str, str]:
    """Sources of the functions of the job whose objects Brian2 has prepared, by name of their file."""
    device = _device()
    functions: dict[str, list[tuple[str, str]]] = {"functions": [], "exact": []}
    for code_object in device.code_objects.values():
        if is_function(code_object):
            types = types_of(code_object.variables, code_object.owner)
            functions[device.file_of(code_object)].append((code_object.code.cpp_file, types))
    return {file: functions_text(found, file) for file, found in functions.items()}


if DEVICE not in all_devices:
    all_devices[DEVICE] = _JobDevice()
