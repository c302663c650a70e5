"""What is done to the CUDA that brian2cuda generates before it is compiled.

Values are loaded from files when the program starts, and the run is cut into segments that write what was recorded (see `host`). All
copies of a network share the synapses of the first, and all sources become one translation unit. Changed besides: delays are counted
by the clock of the network, clocks that tick together do so after long times too, recorded rows are one array, and connectivity goes to
the GPU in one piece. This leans on names inside brian2cuda 1.0b1; tests/simulation guards them.
"""

import re
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np
from brian2.devices.device import device as current_device
from brian2.groups.group import Group

from bioworkbench.records.errors import SimulationError
from bioworkbench.simulation.backends.cuda import host
from bioworkbench.simulation.build import Built
from bioworkbench.simulation.job import Job, n_values, spike_projections
from bioworkbench.simulation.object_names import synapses_name
from bioworkbench.simulation.values import ValueKind, ValueName

__all__ = ["heap_megabytes", "insert_segments", "load_indices", "load_value", "unite"]

device: Any = current_device

_BLOCKS = 256  # that deliver spikes with delays of their own
_PREAMBLE = """
const auto _sort_spikes = [](auto& times, auto& neurons) {  // those of one step come in any order
    std::vector<std::pair<double, int32_t>> both(times.size());
    for (size_t k = 0; k < both.size(); k++) both[k] = {times[k], neurons[k]};
    std::sort(both.begin(), both.end());
    for (size_t k = 0; k < both.size(); k++) { times[k] = both[k].first; neurons[k] = both[k].second; }
};
"""


def heap_megabytes(job: Job) -> int:
    """Megabytes for the queues of spikes with delays of their own, which grow on the GPU while the program of a `job` runs."""
    own = sum(projection.n_synapses for projection in spike_projections(job.network) if np.ndim(projection.delay))
    return 128 + 32 * own * job.n_copies // 2**20


def load_value(owner: Group, variable: str, name: ValueName) -> None:
    """Have the program load a variable from the file of that name and copy it to the GPU; an `Assign` for `builder.build`.

    Parameters
    ----------
    owner : Group
    variable : str
    name : ValueName
    """
    host.load_value(owner, variable, name)
    target = owner.variables[variable]
    vector = device.get_array_name(target, access_data=False)
    device.insert_code("main", f"dev{vector} = {vector};" if target in device.dynamic_arrays else _copied("to", vector))


def _copied(direction: str, array: str) -> str:
    """Line that copies an array to or from the GPU."""
    ends, kind = (f"dev{array}, {array}", "HostToDevice") if direction == "to" else (f"{array}, dev{array}", "DeviceToHost")
    return f"CUDA_SAFE_CALL(cudaMemcpy({ends}, sizeof(*{array}) * _num_{array}, cudaMemcpy{kind}));"


def load_indices(job: Job) -> None:
    """Replace the making of synapses from endpoint arrays by loading them in place, for every projection of a `job`."""
    for projection in spike_projections(job.network):
        owner, n = synapses_name(projection.name), n_values(job, projection, "i")
        (synapses,) = [item for item in device.synapses if item.name == owner]
        ends = {"i": f"_dynamic_array_{owner}__synaptic_pre", "j": f"_dynamic_array_{owner}__synaptic_post"}
        files = {end: ValueKind.SYNAPSES.of(projection.name, end).file for end in ends}
        loads = [f"{name}.resize({n}); dev{name}.resize({n});" for name in host.resized_vectors(synapses)]
        loads += [f'_load({v}.data(), {v}.size(), "{files[end]}"); dev{v} = {v};' for end, v in ends.items()]
        loads += [f"_array_{owner}_N[0] = {n};", _copied("to", f"_array_{owner}_N")]
        host.replace_creation(owner, loads)
    # Nothing reads the arrays of endpoints any more; the program would still make them and fill them with zeros.
    unread = {f"_array_{synapses_name(p.name)}_{end}" for p in spike_projections(job.network) for end in ("sources", "targets")}
    device.zero_arrays[:] = [variable for variable in device.zero_arrays if device.arrays.get(variable) not in unread]


def insert_segments(job: Job, built: Built) -> None:
    """Cut the run into segments, seed the generators, and have each segment copy what it recorded from the GPU and write it.

    Parameters
    ----------
    job : Job
    built : Built
        Its Brian2 objects.
    """
    seed = 'random_number_buffer.set_seed(std::strtoull(std::getenv("BIOWORKBENCH_SEED"), nullptr, 10));'
    checks = chain.from_iterable((_copied("from", array), check) for array, check in host.state_checks(built))
    # Kernels go on while the host does: nothing may be read before the device is waited for.
    wait = "CUDA_SAFE_CALL(cudaDeviceSynchronize());"
    host.cut_run(job, [seed, wait], [wait, *checks, *_flushes(built)], _PREAMBLE)


def _flushes(built: Built) -> list[str]:
    lines = []
    for name, monitor in built.spikes.items():
        neurons, times = (device.get_array_name(monitor.variables[field], access_data=False) for field in ("i", "t"))
        lines += [f"{array} = dev{array}; dev{array}.clear();" for array in (neurons, times)]
        lines += [f"_sort_spikes({times}, {neurons});"]
        lines += [f'_append("{name}.{field}", {a}.data(), {a}.size());' for field, a in (("i", neurons), ("t", times))]
    for name, monitor in built.traces.items():
        rows = device.get_array_name(monitor.variables[monitor.record_variables[0]], access_data=False)
        times = device.get_array_name(monitor.variables["t"], access_data=False)
        n = f"{times}.size() * _num__array_{monitor.name}__indices"
        copied = f"const auto& _all = {rows}[0]; const thrust::host_vector<double> _rows(_all.begin(), _all.begin() + {n});"
        lines.append(f'{{ {copied} _append("{name}", _rows.data(), _rows.size()); {times}.clear(); }}')
    return lines


def unite(folder: Path, job: Job) -> None:
    """Write all generated sources of a folder as ``program.cu``, with each code object in a namespace of its own.

    Parameters
    ----------
    folder : Path
        Of the generated sources.
    job : Job
    """
    _fix(folder, job)
    includes: dict[str, None] = dict.fromkeys(
        ("#include <chrono>", "#include <cstdio>", "#include <cmath>", "#include <algorithm>")
    )

    def body(path: Path) -> str:
        text = path.read_text()
        found = re.findall(r'^\s*#\s*include\s*[<"].*$', text, re.MULTILINE)
        includes.update(dict.fromkeys(line.strip() for line in found if '"code_objects/' not in line))
        return re.sub(r'^\s*#\s*include\s*[<"].*$', "", text, flags=re.MULTILINE)

    objects = sorted(
        (folder / "code_objects").glob("*.cu"), key=lambda path: (path.name.startswith(("before_", "after_")), path.name)
    )
    parts = [body(folder / f"{name}.cu") for name in ("objects", "network", "run")]
    parts += [_enclosed(body(path), path.with_suffix(".h").read_text(), number) for number, path in enumerate(objects)]
    parts += [body(folder / f"{name}.cu") for name in ("main", "rand")]
    (folder / "program.cu").write_text("\n".join([*includes, *parts]))


def _enclosed(text: str, header: str, number: int) -> str:
    """A source in its own namespace, with what its header declares brought out of it, and without its macros afterwards."""
    names = re.findall(r"(\w+)\([^)]*\);", header)
    macros = sorted(set(re.findall(r"^\s*#\s*define\s+(\w+)", text, re.MULTILINE)))
    outside = [*(f"using unit_{number}::{name};" for name in names), *(f"#undef {macro}" for macro in macros)]
    return "\n".join([f"namespace unit_{number} {{", text, "}", *outside])


def _fix(folder: Path, job: Job) -> None:
    """Change the generated sources in place."""
    objects = folder / "code_objects"
    _rewrite(folder / "objects.h", (r"^extern __device__", "__device__", None))  # one unit: defined where they are declared
    _rewrite(folder / "objects.cu", (r"^__device__ [^;=()]*brian::\w+;$", "", None))
    _rewrite(folder / "main.cu", (r"size_t limit = (\d+) \*", r"size_t limit = \1ULL *", 1))
    _rewrite(folder / "network.cu", (*host.clock_tolerance(job), 1))
    _rewrite(folder / "brianlib" / "spikequeue.h", *_QUEUE)
    for probe in job.probes:
        _rewrite_all(objects, f"{job.trace_name(probe)}_codeobject*.cu", *_TRACE)
    for projection in spike_projections(job.network):
        n_source, n_target = job.network.sizes[projection.source], job.network.sizes[projection.target]
        pathway = f"{synapses_name(projection.name)}_pre"
        _rewrite_all(objects, f"{pathway}_codeobject*.cu", *_delivery(pathway, n_source, n_target))
        bundles = _BUNDLES if np.ndim(projection.delay) else ()
        _rewrite_all(objects, f"before_run_{pathway}_push_spikes*.cu", *_connectivity(n_source, n_target), *bundles)


Change = tuple[str, str, int | None]  # pattern, replacement, number of places (any if None)


def _rewrite_all(folder: Path, names: str, *changes: Change) -> None:
    paths = list(folder.glob(names))
    if not paths:  # the program would run without the changes, and be wrong
        raise SimulationError(f"brian2cuda writes no {names} where it is looked for")
    for path in paths:
        _rewrite(path, *changes)


def _rewrite(path: Path, *changes: Change) -> None:
    text = path.read_text()
    for pattern, replacement, expected in changes:
        # A pattern that is not found as often as is known would leave a program that runs and is wrong.
        text, n = re.subn(pattern, replacement, text, flags=re.MULTILINE)
        if n == 0 or n != (expected or n):
            raise SimulationError(f"brian2cuda writes {path.name} in a way that is not known here ({n} times '{pattern}')")
    path.write_text(text)


_TRACE: tuple[Change, ...] = (  # rows of all recorded neurons one after the other, from the first of the segment on
    (
        r"monitor_(\w+)\[_vectorisation_idx\]\[current_iteration\] =",
        r"monitor_\1[0][(size_t)current_iteration * _N + _vectorisation_idx] =",
        1,
    ),
    (r"for\(int i = 0; i < _num__array_\w+__indices; i\+\+\)", "for(int i = 0; i < 1; i++)", 2),
    (
        r"resize\(_numt_host \+ num_iterations - current_iteration\)",
        "resize((size_t)_num_indices * (num_iterations - current_iteration))",
        1,
    ),
    (r"current_iteration - start_offset,", "_numt_host,", 1),
)

_QUEUE: tuple[Change, ...] = (  # a queue entry holds the copy of the network too; locks order what they guard
    (r"^typedef cudaVector<DTYPE_int> cuda_vector;", "typedef cudaVector<int64_t> cuda_vector;", 1),
    (
        r"int pre_post_block_id = spiking_neuron_id \* num_blocks",
        "const int64_t copy = spiking_neuron_id / neuron_N;\n        spiking_neuron_id %= neuron_N;\n"
        "        int pre_post_block_id = spiking_neuron_id * num_blocks",
        2,
    ),
    (r"\.push\(global_bundle_id\)", ".push((copy << 32) | global_bundle_id)", 1),
    (r"(while \(atomicCAS\(\(int \*\)lock, 0, 1\) != 0\);)", r"\1 __threadfence();", 1),
    (r"\*lock = 0;\n\s*__threadfence\(\);", "__threadfence();\n        *lock = 0;", 1),
)

_BUNDLES: tuple[Change, ...] = (
    (
        r"CUDA_SAFE_CALL\(\s*cudaMemcpy\(d_this_bundle, h_this_bundle, memory_size, cudaMemcpyHostToDevice\)\s*\);",
        "_all_ids.insert(_all_ids.end(), h_this_bundle, h_this_bundle + num_synapses);",
        1,
    ),
    (
        r"CUDA_SAFE_CALL\(\s*cudaMemcpy\(d_ptr_unique_delays\s*\+ sum_num_unique_elements,[^;]*\);",
        "_all_delays.insert(_all_delays.end(), h_vec_unique_delays_by_pre[i].begin(), h_vec_unique_delays_by_pre[i].end());",
        1,
    ),
    (
        r"assert\(sum_num_unique_elements_bak == sum_num_unique_elements\);",
        "CUDA_SAFE_CALL(cudaMemcpy(d_ptr_unique_delays, _all_delays.data(), sizeof(int) * _all_delays.size(), cudaMemcpyHostToDevice));",
        1,
    ),
    (r"assert\(std::floor\(mean_bundle_sizes\).*\);", "", 1),  # a mean of 3 may be 2.9999999
)


def _connectivity(n_source: int, n_target: int) -> tuple[Change, ...]:
    """Synapses of one copy of the network, sent to the GPU at once."""
    return (
        (r"int source_N = [^;]*;", f"int source_N = {n_source};", 1),
        (
            r"int target_N = [^;]*;",
            f"int target_N = {n_target};\n    std::vector<int32_t> _all_ids;\n    std::vector<int> _all_delays;",
            1,
        ),
        (
            r"CUDA_SAFE_CALL\(\s*cudaMemcpy\(h_ptr_d_ptr_synapse_ids_by_pre\[i\],[^;]*\);",
            "_all_ids.insert(_all_ids.end(), h_vec_synapse_ids_by_pre[i].begin(), h_vec_synapse_ids_by_pre[i].end());",
            1,
        ),
        (
            r'^    printf\("INFO connectivity matrix',
            "    const size_t _bytes = sizeof(int32_t) * _all_ids.size();\n"
            "    CUDA_SAFE_CALL(cudaMemcpy(d_ptr_synapse_ids, _all_ids.data(), _bytes, cudaMemcpyHostToDevice));\n"
            r"\g<0>",
            1,
        ),
    )


def _delivery(pathway: str, n_source: int, n_target: int) -> tuple[Change, ...]:
    """Spikes reach the targets of their own copy; those with delays of their own are delivered by many blocks."""
    return (
        (r"defaultclock\.timestep\[0\]", "steps.timestep[0]", 1),
        (
            r"int pre_post_block_id = \(spiking_neuron - spikes_start\) \*",
            f"const int32_t _shift = spiking_neuron / {n_source} * {n_target};\n"
            f"                        int pre_post_block_id = spiking_neuron % {n_source} *",
            1,
        ),
        (r"cudaVector<int32_t>\* synapses_queue;", "cudaVector<int64_t>* synapses_queue;", 1),
        (r"synapses_queue\[bid\]\.size\(\)", "synapses_queue[0].size()", 1),
        (
            r"for \(int i = tid; i < queue_size\*threads_per_bundle; i\+=_threads_per_block\)",
            "for (int i = blockIdx.x * _threads_per_block + tid; i < queue_size*threads_per_bundle; i += gridDim.x * _threads_per_block)",
            1,
        ),
        (
            r"int bundle_id = synapses_queue\[bid\]\.at\(bundle_idx\);",
            "const int64_t _entry = synapses_queue[0].at(bundle_idx);\n"
            f"                const int32_t _shift = (int32_t)(_entry >> 32) * {n_target};\n"
            "                int bundle_id = (int32_t)_entry;",
            1,
        ),
        (r"(const int32_t _postsynaptic_idx = \w+__synaptic_post\[_idx\]);", r"\1 + _shift;", 2),
        (r"^num_blocks = num_parallel_blocks;", f"num_blocks = {pathway}_scalar_delay ? num_parallel_blocks : {_BLOCKS};", 1),
    )
