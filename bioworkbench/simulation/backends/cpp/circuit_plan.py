"""The plan of a circuit: which arrays there are, who works on which part of them, and what each thread does in a step."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np

from bioworkbench.records.probe import Probe
from bioworkbench.records.quantiles import Quantiles
from bioworkbench.records.times import whole_steps
from bioworkbench.simulation.backends.cpp.circuit_layout import (
    MOST_IN_CHUNK,
    Group,
    Part,
    groups_of,
    parts_of,
    rule_of_links,
    space_of,
)
from bioworkbench.simulation.finite import Watched
from bioworkbench.simulation.job import Job
from bioworkbench.simulation.poisson import ALWAYS_ONE, BLOCK, poisson_table
from bioworkbench.simulation.values import ValueKind

__all__ = ["CLOCK", "Bound", "BoundArray", "CircuitPlan"]

CLOCK = {"t": "d", "dt": "d", "timestep": "l"}
INDEX = "i"  # variable of every group: the number of a neuron
_RULES = {"one_to_one": 2}
_FORMS = {"shared": 0, "coded": 1, "numbers": 2}
_NEVER = -1e4  # seconds: Brian2's time of the last spike before there was one
_TYPES = {"i": np.int32, "d": np.float64, "u": np.uint32, "b": np.bool_}


@dataclass(frozen=True)
class BoundArray:
    """An array that a function takes.

    Parameters
    ----------
    name : str
        Of the variable.
    type : str
        A letter, as in `codeobject.ITEM_TYPES`.
    holds : {"neurons", "one", "clock", "spikes"}
        An item for each neuron, one for all, the time of the clock, or the neurons that spike in a step.
    """

    name: str
    type: str
    holds: Literal["neurons", "one", "clock", "spikes"]


@dataclass(frozen=True)
class Bound:
    """A function that Brian2 wrote for a model, and what it works on.

    Parameters
    ----------
    name, types, text : str
    before : bool
        Whether it runs before the spikes of a step are delivered.
    arrays : tuple of BoundArray
    numbers : tuple of (type, value)
        The value is a constant, or "N" for the number of neurons.
    """

    name: str
    types: str
    text: str
    before: bool
    arrays: tuple[BoundArray, ...]
    numbers: tuple[tuple[str, Any], ...]


class _Lines:
    """Lines of a plan, and the numbers of what they make."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.lines = folder, ["plan 1"]
        self.made = {"array": 0, "job": 0, "action": 0}
        self.loaded: dict[bytes, int] = {}

    def write(self, *words: Any, makes: str = "") -> int:
        """Write a line; the number of what it makes."""
        self.lines.append(" ".join(repr(float(word)) if isinstance(word, float) else str(word) for word in words))
        if makes:
            self.made[makes] += 1
        return self.made[makes] - 1 if makes else -1

    def array(self, kind: str, size: int) -> int:
        """A new array of zeros."""
        return self.write("array", kind, size, 1, makes="array")

    def values(self, kind: str, values: Any) -> int:
        """An array that is loaded; equal ones are one."""
        data = np.ascontiguousarray(values, _TYPES[kind]).tobytes()
        # The pieces of a network share much (counts, tables of distributions): each is written once.
        key = kind.encode() + data
        if key not in self.loaded:
            file = self.folder / f"values_{len(self.loaded)}"
            file.write_bytes(data)
            self.loaded[key] = self.write("static", kind, np.size(values), file.name, makes="array")
        return self.loaded[key]

    def table(self, table: Quantiles) -> tuple[int, int, int]:
        """Constant, starts and rises of a table of quantiles."""
        return table.constant, self.values("i", table.start), self.values("i", table.rise)


class CircuitPlan:
    """Writes the plan of a job; `text` is what it says in the end.

    Parameters
    ----------
    job : Job
    functions : mapping from population to functions, in the order of a step
    folder : Path
        Where the arrays that the plan loads are written.
    threads : int
    precision : {"double", "single"}
    """

    receivers: int  # number of the array of all receivers
    clocks: list[dict[str, int]]  # arrays of the clock of each thread
    n_parts: int
    recorded: dict[str, list[tuple[int, int]]]  # of each population, arrays of neurons and steps by part
    traced: dict[str, list[tuple[np.ndarray, int]]]  # of each probe, places of its neurons and an array of rows by part
    backgrounds: list[tuple[str, int]]  # population and number of the background of each job that draws

    def __init__(self, job: Job, functions: Mapping[str, Sequence[Bound]], folder: Path, threads: int, precision: str) -> None:
        self.job, self.functions, self.threads = job, functions, threads
        sizes, self.out = job.network.sizes, _Lines(folder)
        # Also with a single thread, parts are so small that a target within one takes two bytes.
        self.parts = parts_of(sizes, max(threads, -(-sum(sizes.values()) // MOST_IN_CHUNK)))
        self.space = space_of(job.network, self.parts)
        self.jobs: dict[tuple[int, int], list[int]] = {(phase, k): [] for phase in (0, 1) for k in range(threads)}
        self.arrays: dict[tuple[str, str], int] = {}  # by population and variable
        self.events: dict[Part, int] = {}  # of each part, its neurons that spike in a step
        self.groups = list(groups_of(list(job.network.projections), job.dt, precision))
        self.real = "f" if precision == "single" else "d"
        _make_arrays(self)
        _draw(self)
        _step(self)

    def thread_of(self, number: int) -> int:
        """The thread that the parts of a `number` belong to."""
        return number * self.threads // (1 + max(part.number for part in self.parts))

    def text(self) -> str:
        """All lines: what was made, then trial after trial."""
        for trial in range(self.job.n_trials):
            _trial(self, trial)
        self.out.write("end")
        return "\n".join(self.out.lines) + "\n"


def _make_arrays(plan: CircuitPlan) -> None:
    out, sizes = plan.out, plan.job.network.sizes
    plan.receivers = out.array(plan.real, plan.space.size)
    plan.clocks = []
    for _ in range(plan.threads):
        plan.clocks.append({name: out.array(kind, 1) for name, kind in CLOCK.items()})
        out.write("fill", plan.clocks[-1]["dt"], plan.job.dt)
    for population, functions in plan.functions.items():
        own = {array for function in functions for array in function.arrays if array.holds in ("neurons", "one")}
        for array in sorted(own, key=lambda array: array.name):
            size = 1 if array.holds == "one" else sizes[population]
            plan.arrays[population, array.name] = _array(plan, population, array.name, array.type, size)


def _array(plan: CircuitPlan, population: str, name: str, kind: str, size: int) -> int:
    if name == INDEX:
        return plan.out.values("i", np.arange(size))
    if (population, name) in plan.space.places:
        return plan.out.write("view", plan.receivers, plan.space.places[population, name], size, makes="array")
    return plan.out.array(kind, size)


def _draw(plan: CircuitPlan) -> None:
    """Groups of synapses, and the lists of the last spikes that they read."""
    # the engine numbers what it makes in the order of the lines: populations, parts and chunks keep one order throughout
    names, out = list(plan.job.network.sizes), plan.out
    plan.n_parts = 1 + max(part.number for part in plan.parts)
    for _ in names:
        out.write("recent", plan.n_parts)
    borders = [begin for _, begin, _ in plan.space.chunks] + [plan.space.size]
    # Places inside a chunk take 16 bits, where no chunk is larger.
    wide = int(any(end - begin > MOST_IN_CHUNK for _, begin, end in plan.space.chunks))
    for group in plan.groups:
        numbers = [len(group.delays), *group.delays, len(borders), *borders]
        size = plan.job.network.sizes[group.source]
        _tables(plan, group)
        out.write("group", names.index(group.source), size, _FORMS[group.form], float(group.scale), wide, *numbers)
        for line in _projections(plan, group):
            out.write(*line)
    out.write("mark")
    out.write("draw", plan.threads)
    out.write("mark")


def _tables(plan: CircuitPlan, group: Group) -> None:
    """Load what the projections of a group are drawn from, before the lines that name it."""
    for projection, delays, weights in group.projections:
        plan.out.values("i", rule_of_links(projection).counts)
        plan.out.table(delays)
        plan.out.table(weights)


def _projections(plan: CircuitPlan, group: Group) -> list[tuple]:
    lines = []
    for projection, delays, weights in group.projections:
        links = rule_of_links(projection)
        rule = _RULES.get(links.rule.kind, 0 if links.rule.repeated else 1)
        base = plan.space.places[projection.target, plan.job.network.receiver(projection)]
        ends = int(links.by_target), links.key, links.shape[1], base, int(links.recurrent), plan.out.values("i", links.counts)
        tables = *plan.out.table(delays), *plan.out.table(weights)
        lines.append(("projection", rule, *ends, float(weights.unit), *tables))
    return lines


def _step(plan: CircuitPlan) -> None:
    plan.recorded = {name: [] for name in plan.job.network.sizes}
    plan.traced = {probe.name: [] for probe in plan.job.probes}
    # each thread moves a clock of its own, so that none waits for another's
    for thread, clock in enumerate(plan.clocks):
        _add(plan, 0, thread, "job_clock", clock["t"], clock["timestep"], plan.job.dt)
    for part in plan.parts:
        _trace(plan, part)
    for part in plan.parts:
        _update(plan, part)
    held = [(part, name, _hold(plan, part, name)) for part in plan.parts for name in _held_variables(plan, part.population)]
    for chunk, (number, begin, _) in enumerate(plan.space.chunks):
        _add(plan, 1, plan.thread_of(number), "job_deliver", plan.receivers, chunk, begin)
    plan.backgrounds = [_background(plan, part, *each) for part in plan.parts for each in _backgrounds(plan, part.population)]
    for part, name, kept in held:
        words = (_slice(plan, part, name), kept, _slice(plan, part, "not_refractory"))
        _add(plan, 1, plan.thread_of(part.number), "job_release", *words)
    # resets come last, when what arrived in this step has been added: Brian2's order, in which a reset erases it
    for part in plan.parts:
        _call(plan, part, before=False)


def _held_variables(plan: CircuitPlan, population: str) -> list[str]:
    """Variables to which nothing is added while a neuron is refractory."""
    network = plan.job.network
    model, equations = network.population(population).model, network.population(population).model.parsed
    received = {network.receiver(p) for p in network.projections if p.target == population}
    received |= {background.receives for background in network.population(population).background}
    return sorted(name for name in received if model.refractory is not None and "unless refractory" in equations[name].flags)


def _hold(plan: CircuitPlan, part: Part, name: str) -> int:
    """Keep the values of a variable as they are before anything is added in a step; the array of them."""
    kept = plan.out.array(plan.real, part.end - part.begin)
    _add(plan, 1, plan.thread_of(part.number), "job_hold", _slice(plan, part, name), kept)
    return kept


def _add(plan: CircuitPlan, phase: int, thread: int, *words: Any) -> None:
    plan.jobs[phase, thread].append(plan.out.write(*words, makes="job"))


def _trace(plan: CircuitPlan, part: Part) -> None:
    for probe in (probe for probe in plan.job.probes if probe.population == part.population):
        size = plan.job.network.sizes[part.population]
        neurons = np.arange(size) if probe.neurons is None else np.asarray(probe.neurons)
        inside = np.flatnonzero((neurons >= part.begin) & (neurons < part.end))
        if len(inside):
            rows, places = plan.out.array("d", 0), plan.out.values("i", neurons[inside])
            words = ("job_trace", _every(probe, plan.job.dt), plan.arrays[part.population, probe.variable], places, rows)
            _add(plan, 0, plan.thread_of(part.number), *words)
            plan.traced[probe.name].append((inside, rows))


def _update(plan: CircuitPlan, part: Part) -> None:
    """Update a part, find who spikes, and put that on the lists."""
    out, population, thread = plan.out, part.population, plan.thread_of(part.number)
    plan.events[part] = events = out.array("i", part.end - part.begin + 1)
    _call(plan, part, before=True)
    number = list(plan.job.network.sizes).index(population)
    _add(plan, 0, thread, "job_note", number, part.number, part.begin, events)
    neurons, steps = out.array("i", 0), out.array("i", 0)
    _add(plan, 0, thread, "job_record", number, part.number, neurons, steps)
    plan.recorded[population].append((neurons, steps))


def _call(plan: CircuitPlan, part: Part, *, before: bool) -> None:
    thread = plan.thread_of(part.number)
    for function in plan.functions[part.population]:
        if function.before == before:
            arrays = [_bound(plan, part, array) for array in function.arrays]
            numbers = [
                word
                for kind, value in function.numbers
                for word in (kind, part.end - part.begin if isinstance(value, str) else value)
            ]
            words = [len(arrays), *arrays, len(numbers) // 2, *numbers, 0, 0, 0, -1]
            action = plan.out.write(
                "function", function.name, 0, function.name, function.types, function.name, *words, makes="action"
            )
            _add(plan, 0 if before else 1, thread, "job_call", action)


def _bound(plan: CircuitPlan, part: Part, array: BoundArray) -> int:
    """Number of the array that a function works on for the neurons of a part."""
    if array.holds == "clock":
        return plan.clocks[plan.thread_of(part.number)][array.name]
    if array.holds == "spikes":
        return plan.events[part]
    return plan.arrays[part.population, array.name] if array.holds == "one" else _slice(plan, part, array.name)


def _slice(plan: CircuitPlan, part: Part, name: str) -> int:
    # a part counts its neurons from 0, as a copy of the function that runs it alone does
    begin = 0 if name == INDEX else part.begin
    return plan.out.write("view", plan.arrays[part.population, name], begin, part.end - part.begin, makes="array")


def _backgrounds(plan: CircuitPlan, population: str) -> list[tuple[int, Any]]:
    return list(enumerate(plan.job.network.population(population).background))


def _background(plan: CircuitPlan, part: Part, number: int, background: Any) -> tuple[str, int]:
    """Which background of which population draws in the streams that the job begins, in order."""
    mean = background.mean(plan.job.dt)
    table, weight = (ALWAYS_ONE, background.weight * mean) if background.regular else (poisson_table(mean), background.weight)
    receiver = _slice(plan, part, background.receives)
    tables = plan.out.values("u", table.below), plan.out.values("u", table.alias), table.n_draws
    words = ("job_background", receiver, *tables, float(weight), part.begin // BLOCK)
    _add(plan, 1, plan.thread_of(part.number), *words)
    return part.population, number


def _trial(plan: CircuitPlan, trial: int) -> None:
    out = plan.out
    # trials follow each other in one program: all that a step changes is set anew, synapses stay
    out.write("fill", plan.receivers, 0)
    for (population, name), array in plan.arrays.items():
        _begin(plan, population, name, array, trial)
    out.write("trial", *(plan.job.keys[population][number][trial] for population, number in plan.backgrounds))
    lists = [[len(plan.jobs[phase, k]), *plan.jobs[phase, k]] for phase in (0, 1) for k in range(plan.threads)]
    out.write("parallel", plan.threads, plan.job.n_steps, 2, *(number for jobs in lists for number in jobs))
    for (population, name), array in plan.arrays.items():
        out.write("finite", *Watched(population).words(name), f"{plan.job.n_steps * plan.job.dt:.6f}", array)
    for population, arrays in plan.recorded.items():
        for part, (neurons, steps) in enumerate(arrays):
            _result(plan, f"{population}.{trial}.{part}.i", neurons)
            _result(plan, f"{population}.{trial}.{part}.steps", steps)
    for name, parts in plan.traced.items():
        for part, (_, rows) in enumerate(parts):
            _result(plan, f"{name}.{trial}.{part}", rows)


def _begin(plan: CircuitPlan, population: str, name: str, array: int, trial: int) -> None:
    """Value of a variable at the start of a trial."""
    values = plan.job.values.get(ValueKind.NEURONS.of(population, name))
    if name == INDEX:
        return
    if values is None:
        plan.out.write("fill", array, {"lastspike": _NEVER, "not_refractory": 1}.get(name, 0))
    elif len(values) == 1:
        plan.out.write("fill", array, float(values[0]))
    else:
        size = plan.job.network.sizes[population]
        plan.out.write("copy", array, plan.out.values("d", values[trial * size : (trial + 1) * size]))


def _result(plan: CircuitPlan, file: str, array: int) -> None:
    # emptied when it is written, for the next trial to begin with
    plan.out.write("result", file, array)
    plan.out.write("resize", array, 0)


def _every(probe: Probe, dt: float) -> int:
    return 1 if probe.every is None else whole_steps(f"record step of '{probe.name}'", probe.every, dt)
