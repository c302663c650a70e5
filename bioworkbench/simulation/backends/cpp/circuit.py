"""Networks whose synapses are drawn in the program, and which several threads run: from a job to its outcome.

Brian2 writes the functions of each neuron model; everything else is data that ``engine/circuit.h`` reads. A function is bound to one
part of a population after another, so that it serves any number of populations, sizes and threads.
"""

import tempfile
import time
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal

import numpy as np
from brian2 import prefs
from brian2.devices.device import device, set_device
from brian2.units import second

from bioworkbench.records.execution import Notify
from bioworkbench.records.network import Network, Population
from bioworkbench.simulation.backends.backend import Outcome
from bioworkbench.simulation.backends.brian2_state import brian2_to_ourselves
from bioworkbench.simulation.backends.cpp.circuit_plan import CLOCK, Bound, BoundArray, CircuitPlan
from bioworkbench.simulation.backends.cpp.codeobject import array_slots, numbers_of, types_of
from bioworkbench.simulation.backends.cpp.device import register
from bioworkbench.simulation.backends.cpp.execution import execute
from bioworkbench.simulation.backends.cpp.functions import FAST_MATH, functions_text, name_of_text, program_of
from bioworkbench.simulation.backends.cpp.toolchain import flags
from bioworkbench.simulation.build import build
from bioworkbench.simulation.job import Job, pause_of

__all__ = ["run_circuit"]

_BEFORE = ("before_start", "start", "groups", "thresholds")  # slots of a step before spikes are delivered


def run_circuit(job: Job, notify: Notify, place: Path, precision: str) -> Outcome:
    """Run a job whose synapses are drawn in the program.

    Parameters
    ----------
    job : Job
        Its trials run one after another with the same synapses.
    notify : callable (phase, done, total)
    place : Path
        Folder in which one is made for what is written.
    precision : {"double", "single"}

    Returns
    -------
    Outcome

    Raises
    ------
    SimulationError
        If the program cannot be built, fails, or its state becomes NaN or infinite.
    """
    started, place = time.perf_counter(), Path(tempfile.mkdtemp(dir=place))
    notify("build", 0, 1)
    functions = _functions(job, precision)
    text = functions_text((function.text, function.types) for each in functions.values() for function in each)
    generated = time.perf_counter()
    with program_of({"functions": text}, flags(), {"functions": FAST_MATH}) as program:
        compiled = time.perf_counter()
        notify("build", 1, 1)
        plan = CircuitPlan(job, functions, place, job.threads, precision)
        (place / "plan.txt").write_text(plan.text())
        (place / "results").mkdir()
        written = time.perf_counter()
        execute(program, place, {}, lambda step: notify("step", step, job.n_steps))
    marks = np.loadtxt(place / "results" / "marks", ndmin=1)
    ran = time.perf_counter()
    timing = {"generate": generated - started, "compile": compiled - generated, "load": written - compiled + marks[0]}
    timing |= {"draw": marks[1] - marks[0], "simulate": marks[2] - marks[1], "processor": marks[3]}
    outcome = Outcome(*_collected(job, plan, place / "results"), timing)
    timing["collect"] = time.perf_counter() - ran
    return outcome


def _functions(job: Job, precision: str) -> Mapping[str, list[Bound]]:
    """What Brian2 writes for each population, in the order of a step; written once for populations of one structure."""
    known: dict[str, list[Bound]] = {}
    found = {}
    for population in job.network.populations:
        key = repr((population.model.equations, population.model.threshold, population.model.reset, population.model.method,
                    population.model.update, pause_of(population.model),
                    {name: np.ndim(value) > 0 for name, value in population.model.constants.items()}))  # fmt: skip
        if key not in known:
            known[key] = _written(population, job, precision)
        found[population.name] = known[key]
    return found


def _written(population: Population, job: Job, precision: str) -> list[Bound]:
    # what else there is does not change a model's functions: they are generated in a network of its own, whose run is never built
    alone = replace(job, network=Network((replace(population, background=()),)), probes=(), profile=False)
    with brian2_to_ourselves():
        before = prefs.core.default_float_dtype
        prefs.core.default_float_dtype = np.float32 if precision == "single" else np.float64
        try:
            register()
            set_device("bioworkbench", build_on_run=False)
            device.reinit()
            device.activate(build_on_run=False)
            built = build(alone, lambda owner, variable, name: None)
            built.network.run(job.dt * second, namespace={})
            group = built.groups[population.name]
            parts = {id(part) for part in (group, *group.contained_objects)}
            objects = [obj for obj in built.network.sorted_objects if id(obj) in parts]
            return [_bound(code, obj.when in _BEFORE) for obj in objects for code in obj._code_objects if _is_ours(code)]
        finally:
            prefs.core.default_float_dtype = before


def _is_ours(code: Any) -> bool:
    return code.template_name in ("stateupdate", "threshold", "reset")


def _bound(code: Any, before: bool) -> Bound:
    types = types_of(code.variables, code.owner)
    of_arrays, of_numbers = types[1:].split("-")
    slots = zip(array_slots(code.variables), of_arrays, strict=True)
    arrays = [BoundArray(variable.name, kind, _held(variable, code)) for (_, variable), kind in slots]
    constants = zip(numbers_of(code.variables), of_numbers, strict=True)
    numbers = [(kind, "N" if constant.owner is not None else constant.value) for (_, constant), kind in constants]
    text = code.code.cpp_file
    return Bound(name_of_text(text), types, text, before, tuple(arrays), tuple(numbers))


def _held(variable: Any, code: Any) -> Literal["neurons", "one", "clock", "spikes"]:
    if variable is code.template_kwds.get("eventspace_variable"):
        return "spikes"
    return "clock" if variable.name in CLOCK else "one" if variable.scalar else "neurons"


def _collected(job: Job, plan: CircuitPlan, results: Path) -> tuple[dict[str, tuple], dict[str, np.ndarray]]:
    """Spikes and traces of all trials, parts put together."""
    spikes = {}
    for population, parts in plan.recorded.items():
        size, columns = job.network.sizes[population], ([], [])
        for trial in range(job.n_trials):
            for part in range(len(parts)):
                files = (results / f"{population}.{trial}.{part}.{ending}" for ending in ("i", "steps"))
                neurons, steps = (np.fromfile(file, np.int32) for file in files)
                # neurons of a trial are those of a copy
                columns[0].append(neurons + np.int32(trial * size))
                columns[1].append(steps)
        index, steps = (np.concatenate(column) for column in columns)
        # parts are threads' and each is in order; together they are sorted as any other backend's, so that threads leave no trace
        order = np.lexsort((index, steps))
        spikes[population] = index[order], steps[order] * job.dt
    if not all(job.network.population(name).model.threshold for name in spikes):
        spikes = {name: each for name, each in spikes.items() if job.network.population(name).model.threshold}
    return spikes, {name: _trace(name, parts, job, results) for name, parts in plan.traced.items()}


def _trace(name: str, parts: list[tuple[np.ndarray, int]], job: Job, results: Path) -> np.ndarray:
    """Rows (n_recorded_steps, n_copies * n_recorded)."""
    trials = []
    for trial in range(job.n_trials):
        columns = [np.fromfile(results / f"{name}.{trial}.{k}").reshape(-1, len(inside)) for k, (inside, _) in enumerate(parts)]
        rows = np.empty((len(columns[0]), sum(len(inside) for inside, _ in parts)))
        for column, (inside, _) in zip(columns, parts, strict=True):
            rows[:, inside] = column
        trials.append(rows)
    return np.concatenate(trials, axis=1)
