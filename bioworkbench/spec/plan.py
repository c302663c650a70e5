"""From a checked spec to what it describes: neuron models, the start network, the task; and an estimate of what a run takes."""

# pyright: reportArgumentType=false, reportReturnType=false
# Brian2 does not type its quantities

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np

from bioworkbench.errors import SpecError, unknown_name
from bioworkbench.kinds import KINDS
from bioworkbench.network import INPUT, Network, Population, Projection
from bioworkbench.neurons import NeuronModel
from bioworkbench.quantities import Quantity, draw_start, parse_law, si_value
from bioworkbench.randomness import stream
from bioworkbench.schema import settings
from bioworkbench.signals import Stimulus, silence
from bioworkbench.simulation.job import n_steps_between
from bioworkbench.simulation.trials import chunks, memory_need
from bioworkbench.spec.records import ExperimentSpec, PopulationSpec, ProjectionSpec
from bioworkbench.spec.values import PerNeuron
from bioworkbench.tasks import Task, held_out
from bioworkbench.trained import Choice

__all__ = ["Estimate", "Plan", "construct", "estimate", "expected_seconds"]

_BYTES_PER_NEURON = 200
_BYTES_PER_SYNAPSE = 24
_SECONDS_PER_UPDATE = 15e-9  # one neuron, one step, one differential equation; C++ on one core
_SECONDS_PER_BUILD = 8.0


@dataclass(frozen=True)
class Plan:
    """What a run starts from.

    Parameters
    ----------
    network : Network
    task : Task, optional
    stimulus : Stimulus
        Of one test trial, or the silence of a network without a task.
    """

    network: Network
    task: Task | None
    stimulus: Stimulus


@dataclass(frozen=True)
class Estimate:
    """What a run takes, roughly.

    Parameters
    ----------
    n_neurons, n_synapses, n_steps, n_trials : int
        Steps of one trial; trials that are simulated at least once.
    bytes_per_trial : int
    seconds : float
        Of simulation in C++ on one core, a first build included.
    """

    n_neurons: int
    n_synapses: int
    n_steps: int
    n_trials: int
    bytes_per_trial: int
    seconds: float


def construct(spec: ExperimentSpec) -> Plan:
    """Make neuron models, task and start network, cheapest first; refuse what does not fit the memory budget.

    Nothing is simulated or compiled here.

    Raises
    ------
    SpecError
        Naming the field whose values the model, task, encoding, topology or weight law refuses, or the memory needed.
    """
    _check_neurons(spec)
    populations = tuple(_population(population, spec) for population in spec.populations)
    with spec.place("populations").named():
        network = Network(populations)
    _check_record(spec, network)
    task = None if spec.task is None else _task(spec, spec.task)
    stimulus = _one_trial(spec, task)
    sizes = {INPUT: stimulus.values.shape[2], **network.sizes}
    _check_synapses(spec, sizes)
    models = {population.name: population.model for population in populations}
    projections = tuple(_projection(projection, spec, sizes, models, stimulus.kind) for projection in spec.projections)
    with spec.place("projections").named():
        network = Network(populations, projections)
    with spec.place("memory").named():
        chunks(1, memory_need(network, stimulus, spec.dt, spec.record, spec.backend), int(spec.memory * 1e9))
    return Plan(network, task, stimulus)


def estimate(spec: ExperimentSpec, plan: Plan) -> Estimate:
    """Sizes of a run, and roughly the seconds that its simulations take."""
    n_steps = round(plan.stimulus.duration / spec.dt)
    n_trials = spec.n_trials if plan.task is None else sum(part.n_trials for part in plan.task.parts.values())
    return Estimate(
        n_neurons=sum(plan.network.sizes.values()),
        n_synapses=sum(projection.n_synapses for projection in plan.network.projections),
        n_steps=n_steps,
        n_trials=n_trials,
        seconds=_SECONDS_PER_BUILD + _SECONDS_PER_UPDATE * _n_equations(plan.network.populations) * n_steps * n_trials,
        bytes_per_trial=memory_need(plan.network, plan.stimulus, spec.dt, spec.record, spec.backend).of(1),
    )


def _n_equations(populations: Sequence[Population]) -> int:
    return sum(max(1, len(p.model.parsed.diff_eq_names)) * p.size for p in populations)


def expected_seconds(spec: ExperimentSpec, known: dict[str, Any]) -> float:
    """Seconds that the simulations of a run take, roughly, without a build; no synapse is drawn for it.

    Parameters
    ----------
    spec : ExperimentSpec
    known : dict
        Keeps what further specs of a sweep may share: numbers of equations, numbers and durations of trials.

    Returns
    -------
    float
        Infinite for a spec that cannot be run: it comes first in a sweep, so that its error is known early.
    """
    tables = ("task", "input", "scored_on", "duration", "n_trials", "dt")
    trials, neurons = repr([spec.document.get(name) for name in tables]), repr(spec.document.get("populations"))
    try:
        if trials not in known:
            task = None if spec.task is None else _task(spec, spec.task)
            n_trials = spec.n_trials if task is None else sum(part.n_trials for part in task.parts.values())
            known[trials] = n_trials * _one_trial(spec, task).duration / spec.dt
        if neurons not in known:
            known[neurons] = _n_equations([_population(population, spec) for population in spec.populations])
    except SpecError:
        return float("inf")
    return _SECONDS_PER_UPDATE * known[trials] * known[neurons]


def _check_record(spec: ExperimentSpec, network: Network) -> None:
    for probe in spec.record:
        model = network.population(probe.population).model
        with spec.place("record").named():
            if probe.variable not in model.parsed:
                raise ValueError(unknown_name(probe.variable, f"variable of '{probe.population}'", model.parsed))
            if probe.every is not None:
                n_steps_between("every", probe.every, spec.dt)


def _population(population: PopulationSpec, spec: ExperimentSpec) -> Population:
    place = spec.place(f"populations.{population.name}")
    drawn = {name: _drawn(value, population, spec, name) for name, value in population.model.arguments.items()}
    with place.named():
        return Population(population.name, population.size, KINDS["neurons"][population.model.kind](**drawn), population.layer)


def _drawn(value: Any, population: PopulationSpec, spec: ExperimentSpec, name: str) -> Any:
    """A law as one value per neuron, from a random stream of its own; anything else as it is."""
    if isinstance(value, Mapping):
        return {inner: _drawn(item, population, spec, inner) for inner, item in value.items()}
    if not isinstance(value, PerNeuron):
        return value
    values = draw_start(value.text, (1, population.size), stream(spec.seed, f"parameter {population.name}.{name}"))[0]
    dimension = parse_law(value.text)[1].dim
    return values if dimension.is_dimensionless else Quantity(values, dim=dimension)


def _task(spec: ExperimentSpec, choice: Choice) -> Task:
    with spec.place("task").named():
        task = KINDS["tasks"][choice.kind](stream(spec.seed, "task"), **choice.arguments)
    with spec.place("scored_on").named():
        task = held_out(task, spec.scored_on)
    if spec.input is None:
        return task
    return replace(task, encode=partial(KINDS["encodings"][spec.input.kind], **_plain(spec.input.arguments)))


def _plain(arguments: Mapping[str, Any]) -> dict[str, Any]:
    """Arguments with quantities as SI numbers."""
    return {name: float(np.asarray(value)) if isinstance(value, Quantity) else value for name, value in arguments.items()}


def _one_trial(spec: ExperimentSpec, task: Task | None) -> Stimulus:
    if task is None:
        return silence(spec.duration or spec.dt, spec.n_trials)
    with spec.place("input").named():
        stimulus = task.encode(task.test.values[:1])
        n_steps_between("frame", stimulus.frame, spec.dt)
    return stimulus


def _check_neurons(spec: ExperimentSpec) -> None:
    """Refuse more neurons than the memory budget holds, before any value is drawn."""
    total = sum(population.size for population in spec.populations)
    with spec.place("populations").named():
        if total * _BYTES_PER_NEURON > spec.memory * 1e9:
            raise ValueError(
                f"{total:,} neurons take {total * _BYTES_PER_NEURON / 1e9:.3g} GB; memory = {spec.memory:g} allows less. "
                "Raise memory, or make populations smaller"
            )


def _check_synapses(spec: ExperimentSpec, sizes: Mapping[str, int]) -> None:
    """Refuse more synapses than the memory budget holds, before any is drawn."""
    total = 0
    for projection in spec.projections:
        total += _n_expected(projection.topology, sizes[projection.source], sizes[projection.target])
        with spec.place(f"projections.{projection.name}").named():
            if total * _BYTES_PER_SYNAPSE > spec.memory * 1e9:
                raise ValueError(
                    f"about {total:.3g} synapses up to this projection take {total * _BYTES_PER_SYNAPSE / 1e9:.3g} GB; "
                    f"memory = {spec.memory:g} allows less. Raise memory, or make populations smaller or links rarer"
                )


def _n_expected(topology: Choice, n_source: int, n_target: int) -> float:
    """Expected number of links, as far as a topology's settings tell; all possible ones otherwise."""
    factors = {"p": n_source * n_target, "n_inputs": n_target, "n_outputs": n_source, "n_links": 1}
    told = {name: topology.arguments.get(name) for name in factors}
    counts = [value * factors[name] for name, value in told.items() if isinstance(value, int | float)]
    return max(0.0, float(min(counts, default=n_source * n_target)))


def _projection(
    projection: ProjectionSpec, spec: ExperimentSpec, sizes: Mapping[str, int], models: Mapping[str, NeuronModel], kind: str
) -> Projection:
    place = spec.place(f"projections.{projection.name}")
    n_source, n_target = sizes[projection.source], sizes[projection.target]
    rngs = [stream(spec.seed, f"{use} {projection.name}") for use in ("topology", "weights", "delay")]
    with (place / "topology").named():
        make = KINDS["topologies"][projection.topology.kind]
        filled = {"recurrent": projection.source == projection.target} if "recurrent" in settings(make) else {}
        mask = make(n_source, n_target, rngs[0], **{**filled, **_plain(projection.topology.arguments)})
    with (place / "weights").named():
        law = KINDS["weights"][projection.weights.kind]
        weights = law(mask, rngs[1], **_weight_arguments(projection, _weight_unit(projection, models, kind)))
    with (place / "delay").named():
        delay = projection.delay if isinstance(projection.delay, float) else _delays(projection.delay, weights.nnz, rngs[2])
        return Projection(projection.source, projection.target, weights, delay, projection.receives)


def _delays(law: str, n_synapses: int, rng: np.random.Generator) -> np.ndarray:
    return draw_start(law, (1, n_synapses), rng)[0]


def _weight_unit(projection: ProjectionSpec, models: Mapping[str, NeuronModel], kind: str) -> Quantity:
    """Unit of what the target receives: its drive from a stimulus of currents, else the variable that spikes are added to."""
    model = models[projection.target]
    by_current = projection.source == INPUT and kind == "current"
    variable = "drive" if by_current else projection.receives or model.receives
    if variable not in model.parsed:
        raise ValueError(unknown_name(variable, f"variable of '{projection.target}' that could receive it", model.parsed))
    return Quantity(1.0, dim=model.parsed[variable].dim)


def _weight_arguments(projection: ProjectionSpec, unit: Quantity) -> dict[str, Any]:
    """Arguments of a weight law as SI numbers; those that carry the unit of the weights, by its docstring, are checked."""
    known = settings(KINDS["weights"][projection.weights.kind])
    return {
        name: _weight(name, value, unit) if known[name].unit_is_open else value
        for name, value in projection.weights.arguments.items()
    }


def _weight(name: str, value: Any, unit: Quantity) -> float:
    """SI number; zero needs no unit."""
    return si_value(value, unit, name) if np.any(np.asarray(value)) else 0.0
