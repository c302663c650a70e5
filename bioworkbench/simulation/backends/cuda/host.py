"""What is done to the host's part of the C++ and CUDA that brian2cuda generates: values, segments, results.

Every value is loaded from a file when the program starts, so that nothing but the structure is compiled in. The run is cut into
segments, each of which writes what was recorded and checks the state. Clocks that tick together do so after long times too, where
their times differ by more than Brian2 grants them. This leans on names inside Brian2; tests/simulation guards them.
"""

import re
from typing import Any

import brian2
from brian2.devices.device import device as current_device
from brian2.groups.group import Group
from brian2.synapses.synapses import Synapses

from bioworkbench.records.errors import SimulationError
from bioworkbench.simulation.build import Built
from bioworkbench.simulation.finite import SEGMENT_STEPS, Watched, changing
from bioworkbench.simulation.job import Job
from bioworkbench.simulation.object_names import table_name
from bioworkbench.simulation.values import ValueKind, ValueName

__all__ = [
    "clock_tolerance",
    "cut_run",
    "load_value",
    "replace_creation",
    "resized_vectors",
    "state_checks",
    "static_tables",
]

device: Any = current_device  # Brian2 gives its proxy the type of a placeholder

_PREAMBLE = """
const auto _clock_now = []() { return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count(); };
const double _clock_begin = _clock_now();
const auto _fail = [](const std::string& words, int code) { std::fprintf(stderr, "%s\\n", words.c_str()); std::_Exit(code); };
const auto _load = [&](auto* to, size_t n, const char* name) {
    using number = std::decay_t<decltype(*to)>;
    using stored = std::conditional_t<std::is_same_v<number, float>, double, number>;
    std::vector<stored> wide(std::is_same_v<number, stored> ? 0 : n);
    void* place = std::is_same_v<number, stored> ? static_cast<void*>(to) : wide.data();
    FILE* file = std::fopen((std::string("values/") + name).c_str(), "rb");
    if (!file || std::fread(place, sizeof(stored), n, file) != n || std::fgetc(file) != EOF) _fail(std::string("cannot load ") + name, 5);
    std::fclose(file);
    std::copy(wide.begin(), wide.end(), to);
};
const auto _in_seconds = [](auto time) {  // Brian2 counts numbers up to 2.9, durations from 2.10
    if constexpr (std::is_arithmetic_v<decltype(time)>) return double(time);
    else return std::chrono::duration<double>(time).count();
};
const auto _append = [&](const char* name, const auto* from, size_t n) {
    if (n == 0) return;
    FILE* file = std::fopen((std::string("results/") + name).c_str(), "ab");
    if (!file || std::fwrite(from, sizeof(*from), n, file) != n || std::fclose(file)) _fail(std::string("cannot write ") + name, 6);
};
"""


def load_value(owner: Group, variable: str, name: ValueName) -> None:
    """Have the program load a variable from the file of that name; an `Assign` for `builder.build`.

    Parameters
    ----------
    owner : Group
    variable : str
    name : ValueName
    """
    target = owner.variables[variable]
    vector = device.get_array_name(target, access_data=False)
    if target in device.dynamic_arrays:
        device.insert_code("main", f'_load({vector}.data(), {vector}.size(), "{name.file}");')
    else:
        device.insert_code("main", f'_load({vector}, _num_{vector}, "{name.file}");')


def resized_vectors(synapses: Synapses) -> list[str]:
    """Names of the vectors that have an element for each of these `synapses`."""
    variables = [variable for variable in synapses._registered_variables if variable in device.dynamic_arrays]
    return sorted(device.get_array_name(variable, access_data=False) for variable in variables)


def replace_creation(owner: str, lines: list[str]) -> None:
    """Put lines in the place of the creation of synapses in the main program, and drop the endpoint arrays it reads.

    Parameters
    ----------
    owner : str
        Name of the synapses.
    lines : list of str
        C++ that loads them.

    Raises
    ------
    SimulationError
        If this version of Brian2 creates synapses in another way.
    """
    arrays = {f"_array_{owner}_{end}" for end in ("sources", "targets")}
    creation = re.compile(rf"{owner}_synapses_create_array_codeobject(_\d+)?")  # numbered while an older build's still lives
    queue, n_replaced = [], 0
    for function, arguments in device.main_queue:
        if function.startswith("set_by_") and arguments[0] in arrays:
            continue
        if function == "run_code_object" and creation.fullmatch(arguments[0].name):
            queue += [("insert_code", line) for line in lines]
            n_replaced += 1
        else:
            queue.append((function, arguments))
    if n_replaced != 1:
        raise SimulationError(f"Brian2 {brian2.__version__} creates the synapses of {owner} in a way that is not known here")
    device.main_queue[:] = queue
    for array in arrays:
        device.static_arrays.pop(f"_static_array_{array}", None)  # a single synapse has none


def static_tables(job: Job) -> dict[ValueName, str]:
    """File of each input table below ``static_arrays``, by name among the values of a `job`."""
    return {name: f"{table_name(name.owner, name.variable)}_values" for name in job.values if name.kind is ValueKind.TABLE}


def cut_run(job: Job, begin: list[str], after_segment: list[str], preamble: str = "") -> None:
    """Cut the run into segments and end without Brian2's dump of all arrays.

    Parameters
    ----------
    job : Job
    begin, after_segment : list of str
        Lines before the first segment and after each one.
    preamble : str
        Functions that these lines call, besides ours.
    """
    device.insert_code("before_start", _PREAMBLE + preamble)
    (place,) = [k for k, entry in enumerate(device.main_queue) if entry[0] == "run_network"]
    network, lines = device.main_queue[place][1]
    (run,) = [k for k, line in enumerate(lines) if f"{network.name}.run(" in line]
    keep = [line for line in lines[:run] if "set_from_command_line" not in line]
    segments = [
        *begin,
        "const double _clock_loaded = _clock_now(), _processor_loaded = std::clock();",
        f"for (long _step = 0; _step < {job.n_steps}; _step += {SEGMENT_STEPS}) {{",
        f"{network.name}.t = _step * {job.dt!r};",
        f"{network.name}.run(std::min<long>({SEGMENT_STEPS}, {job.n_steps} - _step) * {job.dt!r}, NULL, 10.0);",
        'if (Network::_globally_stopped) _fail("interrupted", 130);',
        *after_segment,
        f'std::printf("%ld\\n", std::min<long>(_step + {SEGMENT_STEPS}, {job.n_steps})); std::fflush(stdout);',
        "}",
        "const double _processor = (std::clock() - _processor_loaded) / CLOCKS_PER_SEC;",
        "const double _seconds[3] = {_clock_loaded - _clock_begin, _clock_now() - _clock_loaded, _processor};",
        '_append("seconds", _seconds, 3);',
        *_profile(job),
        "std::_Exit(0);",
    ]
    device.main_queue[place] = ("run_network", (network, keep + segments))


def _profile(job: Job) -> list[str]:
    """Write the seconds of each code object, which Brian2 counts."""
    if not job.profile:
        return []
    names = sorted(device.profiled_codeobjects)
    lines = [f'std::fprintf(_profile, "{name} %g\\n", _in_seconds({name}_profiling_info));' for name in names]
    return ['FILE* _profile = std::fopen("results/profile", "w");', *lines, "std::fclose(_profile);"]


def state_checks(built: Built) -> list[tuple[str, str]]:
    """Arrays of state variables of the objects `built`, each with the line that ends the program if a value is not finite."""
    checks = []
    for name, group in built.groups.items():
        for variable in changing(group):
            array, what = device.get_array_name(group.variables[variable]), " ".join(Watched(name).words(variable))
            line = (
                f"for (size_t _k = 0; _k < _num_{array}; _k++) if (!std::isfinite({array}[_k])) "
                f'_fail("{what} " + std::to_string(_array_steps_t[0]) + " " + std::to_string(_k), 4);'
            )
            checks.append((array, line))
    return checks


def clock_tolerance(job: Job) -> tuple[str, str]:
    """Brian2's line with the difference in time at which clocks still tick together, as a pattern, and ours.

    Its 1e-14 s is less than the rounding error of times above 64 s; ours is that of Brian2's runtime targets.

    Parameters
    ----------
    job : Job

    Returns
    -------
    str, str
    """
    return "#define Clock_epsilon 1e-14", f"#define Clock_epsilon {1e-4 * job.dt!r}"
