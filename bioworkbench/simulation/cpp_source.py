"""What is done to the C++ that Brian2 generates before it is compiled.

Every value is loaded from a file when the program starts, so that nothing but the structure is compiled in. The run is cut into
segments, each of which writes what was recorded and checks the state. Clocks that tick together do so after long times too, where
their times differ by more than Brian2 grants them. Spike delivery, random numbers and loops over neurons are replaced by faster
ones (``cpp/synapses.h``, ``cpp/random.h``, `cpp_loops`); all copies of a network share the synapses of the first. All sources become one
translation unit, which the compiler needs a seventh of the time for. This leans on names inside Brian2; tests/simulation guards them.
"""

import re
from pathlib import Path
from typing import Any

import numpy as np
from brian2.devices.device import device as current_device
from brian2.groups.group import Group
from brian2.synapses.synapses import Synapses

from bioworkbench.simulation.builder import Built
from bioworkbench.simulation.cpp_loops import VECTOR_FUNCTIONS, fast_loops, unknown_source
from bioworkbench.simulation.job import Job, spike_projections

__all__ = [
    "SEGMENT_STEPS",
    "clock_tolerance",
    "cut_run",
    "insert_segments",
    "load_indices",
    "load_value",
    "replace_creation",
    "resized_vectors",
    "state_checks",
    "static_tables",
    "unite",
]

SEGMENT_STEPS = 2000

# Brian2's dump of all arrays and its setting of values by name: never called here, and a third of the compiler's time
_UNUSED = re.compile(r"^(void (?:_write_arrays|set_variable_by_name)\([^)]*\)\s*\{).*?^\}", flags=re.DOTALL | re.MULTILINE)

device: Any = current_device  # Brian2 gives its proxy the type of a placeholder

# Copies of the network that hold a trial; those beyond stand still
_N_TRIALS = 'static const int _n_trials = std::atoi(std::getenv("BIOWORKBENCH_TRIALS"));'
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


def load_value(owner: Group, variable: str, name: str) -> None:
    """Have the program load a variable from the file of that name; an `Assign` for `builder.build`."""
    target = owner.variables[variable]
    if not np.issubdtype(target.dtype, np.floating):
        raise ValueError(f"{name} is a variable of type {target.dtype}; only floating point variables can be given values")
    vector = device.get_array_name(target, access_data=False)
    if target in device.dynamic_arrays:
        device.insert_code("main", f'_load({vector}.data(), {vector}.size(), "{name}");')
    else:
        device.insert_code("main", f'_load({vector}, _num_{vector}, "{name}");')


def load_indices(job: Job) -> None:
    """Replace Brian2's making of synapses from endpoint arrays by loading them in place; sources are needed only to sort queues."""
    for projection in spike_projections(job.network):
        owner = f"{projection.name}_synapses"
        (synapses,) = [item for item in device.synapses if item.name == owner]
        sources, targets = (f"_dynamic_array_{owner}__synaptic_{end}" for end in ("pre", "post"))
        loads = [f"{name}.resize({len(job.values[f'{owner}.i'])});" for name in resized_vectors(synapses)]
        loads += [
            f'_load({sources}.data(), {sources}.size(), "{owner}.i");',
            f'_load({targets}.data(), {targets}.size(), "{owner}.j");',
            f"{synapses.pre.name}.n_copies = {job.n_copies};",
        ]
        replace_creation(owner, loads)


def resized_vectors(synapses: Synapses) -> list[str]:
    """Names of the vectors that have an element per synapse."""
    variables = [variable for variable in synapses._registered_variables if variable in device.dynamic_arrays]
    return sorted(device.get_array_name(variable, access_data=False) for variable in variables)


def replace_creation(owner: str, lines: list[str]) -> None:
    """Put lines in the place of the creation of synapses in the main program, and drop the endpoint arrays it reads."""
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
        raise unknown_source(f"creates the synapses of {owner}")
    device.main_queue[:] = queue
    for array in arrays:
        device.static_arrays.pop(f"_static_array_{array}", None)  # a single synapse has none


def static_tables(job: Job) -> dict[str, str]:
    """File of each input table below ``static_arrays``, by name among the job's values."""
    return {name: f"{name.replace('.', '_')}_values" for name in job.values if name.endswith((".frames", ".kicks"))}


def insert_segments(job: Job, built: Built) -> None:
    """Cut the run into segments, seed the generator, and free what is needed only to sort queues."""
    freed = [f"_dynamic_array_{p.name}_synapses__synaptic_pre" for p in spike_projections(job.network)]
    seed = 'brian::_random_generators[0].seed(std::strtoul(std::getenv("BIOWORKBENCH_SEED"), nullptr, 10));'
    begin = [*(f"{array}.clear(); {array}.shrink_to_fit();" for array in freed), seed]
    cut_run(job, begin, [*(check for _, check in state_checks(built)), *_flushes(built)])


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
    """Arrays of state variables, each with the line that ends the program if one of its values is not finite."""
    checks = []
    for name, group in built.groups.items():
        for variable in sorted(group.equations.diff_eq_names):
            array = device.get_array_name(group.variables[variable])
            line = (
                f"for (size_t _k = 0; _k < _num_{array}; _k++) if (!std::isfinite({array}[_k])) "
                f'_fail("{name}.{variable} became NaN or infinite before t = " + std::to_string(_array_steps_t[0]) + " s", 4);'
            )
            checks.append((array, line))
    return checks


def _flushes(built: Built) -> list[str]:
    lines = []
    for name, monitor in built.spikes.items():
        for field in ("i", "t"):
            array = device.get_array_name(monitor.variables[field], access_data=False)
            lines.append(f'_append("{name}.{field}", {array}.data(), {array}.size()); {array}.clear();')
    for name, monitor in built.traces.items():
        rows = device.get_array_name(monitor.variables[name.split(".")[1]], access_data=False)
        times = device.get_array_name(monitor.variables["t"], access_data=False)
        row = f"for (size_t _j = 0; _j < _row.size(); _j++) _row[_j] = {rows}(_k, _j);"
        lines.append(f"{{ std::vector<double> _row({rows}.m); for (size_t _k = 0; _k < (size_t){rows}.n; _k++) {{ {row}")
        lines.append(f'_append("{name}", _row.data(), _row.size()); }} }}')
        lines.append(f"{rows}.resize((size_t)0, (size_t){rows}.m); {times}.clear();")
    return lines


def unite(folder: Path, job: Job) -> None:
    """Write all generated sources of a folder as ``program.cpp``, with the support code of each in a namespace of its own."""
    _replace_headers(folder)
    _let_clocks_meet(folder / "network.cpp", job)
    sources = sorted(folder.rglob("*.cpp"))
    parts = [*(f"#include <{name}>" for name in ("chrono", "cstdio", "cstdlib", "cmath", "ctime")), VECTOR_FUNCTIONS, _N_TRIALS]
    for number, source in enumerate(sources):
        text = re.sub(r"^namespace \{", f"namespace support_{number} {{", source.read_text(), count=1, flags=re.MULTILINE)
        text = _UNUSED.sub(r"\1\n}", text)
        if source.parent.name == "code_objects":
            text = re.sub(r"^(void _\w+\(\)\s*\{)", rf"\1 using namespace support_{number};", text, flags=re.MULTILINE)
            text = fast_loops(text, job.n_copies)
        parts.append(text)
    (folder / "program.cpp").write_text("\n".join(parts))


def clock_tolerance(job: Job) -> tuple[str, str]:
    """Brian2's line with the difference in time at which clocks still tick together, as a pattern, and ours.

    Its 1e-14 s is less than the rounding error of times above 64 s; ours is that of Brian2's runtime targets.
    """
    return "#define Clock_epsilon 1e-14", f"#define Clock_epsilon {1e-4 * job.dt!r}"


def _let_clocks_meet(source: Path, job: Job) -> None:
    text, n = re.subn(*clock_tolerance(job), source.read_text())
    if n != 1:
        raise unknown_source("compares clocks")
    source.write_text(text)


def _replace_headers(folder: Path) -> None:
    ours = Path(__file__).parent / "cpp"
    (folder / "synapses_classes.h").write_text((ours / "synapses.h").read_text())
    objects = folder / "objects.h"
    generator = (ours / "random.h").read_text()
    text, n = re.subn(r"class RandomGenerator \{.*?\n\};", lambda _: generator, objects.read_text(), flags=re.DOTALL)
    if n != 1:
        raise unknown_source("writes its random generator")
    objects.write_text("#include <cmath>\n#include <cstdint>\n#include <iostream>\n" + text)
