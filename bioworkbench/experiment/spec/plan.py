"""From a checked spec to what it describes: neuron models, the start network, the task; and an estimate of what a run takes."""

# pyright: reportArgumentType=false, reportReturnType=false
# Brian2 does not type its quantities

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from scipy import sparse

from bioworkbench.experiment.spec.drawn import drawn_links
from bioworkbench.experiment.spec.given import Given, check_names, given_network
from bioworkbench.experiment.spec.kinds import KINDS
from bioworkbench.experiment.spec.made import drawn_delays, drawn_mask, drawn_value, ends, made_population
from bioworkbench.experiment.spec.memory_limits import check_neurons, check_synapse_memory
from bioworkbench.experiment.spec.places import Problems
from bioworkbench.experiment.spec.records import ExperimentSpec, ProjectionSpec
from bioworkbench.experiment.spec.rules import MAX_TRIALS
from bioworkbench.experiment.spec.stimuli import channels_and_kinds, direct_projections, made_stimuli
from bioworkbench.experiment.spec.trials import known_task, one_trial, task_of
from bioworkbench.experiment.spec.units_of_weights import weight_arguments, weight_unit
from bioworkbench.neurons.time_constants import is_unstable, smallest_time_constant
from bioworkbench.records.bounds import check_bound
from bioworkbench.records.downscaling import downscaled
from bioworkbench.records.errors import SpecError, unknown_name
from bioworkbench.records.expressions import synapse_indices
from bioworkbench.records.lazily import later
from bioworkbench.records.network import Network, Population, Projection
from bioworkbench.records.neuron import NeuronModel, refractory_time
from bioworkbench.records.pathways import check_receiver, receiving
from bioworkbench.records.probe import Probe, outside
from bioworkbench.records.randomness import seed_of, stream
from bioworkbench.records.stimulus import SpikeTrains, Stimulus
from bioworkbench.records.synapse import PULSE, check_synaptic
from bioworkbench.records.times import nearest_steps, whole_steps
from bioworkbench.records.units import get_dimensions
from bioworkbench.simulation.backends.choice import BACKENDS, backend_of, backends_that
from bioworkbench.simulation.chunk import chunks
from bioworkbench.simulation.indices import check_shared
from bioworkbench.simulation.inputs import check_stimulus, inputs_of
from bioworkbench.simulation.phases import check_phases
from bioworkbench.simulation.rates import check_rates
from bioworkbench.simulation.trials import memory_need
from bioworkbench.tasks import Task

__all__ = ["CostEstimate", "Plan", "construct", "constructible", "estimate", "expected_seconds"]

_check_constants = later("bioworkbench.experiment.spec.phase_constants:check_constants")  # only with phases
_check_start_of = later("bioworkbench.experiment.spec.states:check_start_of")  # brings h5py: only with a state of another run
_rehearse = later("bioworkbench.experiment.spec.rehearsal:rehearse")  # brings what a readout needs: only with a task
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
    stimuli : tuple of Stimulus or SpikeTrains
        What else acts on a network without a task.
    n_steps, bytes_per_trial : int
        Of one trial.
    """

    network: Network
    task: Task | None
    stimulus: Stimulus
    stimuli: tuple[Stimulus | SpikeTrains, ...]
    n_steps: int
    bytes_per_trial: int


@dataclass(frozen=True)
class CostEstimate:
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

    Parameters
    ----------
    spec : ExperimentSpec

    Returns
    -------
    Plan

    Raises
    ------
    SpecError
        Naming the field whose values the model, task, encoding, topology or distribution of weights refuses, or the memory needed.
    """
    problems = Problems()
    plan = constructible(spec, problems)
    problems.tell()
    return plan  # pyright: ignore[reportReturnType]  there are problems where it is None


def constructible(spec: ExperimentSpec, problems: Problems, tasks: dict[str, Task] | None = None) -> Plan | None:
    """What `construct` makes, and all errors on the way; None if there are any, now or before.

    Parameters
    ----------
    spec : ExperimentSpec
        May lack parts that could not be read; what depends on them is left out.
    problems : Problems
        Gets the errors.
    tasks : dict, optional
        Keeps tasks for further specs that share them.

    Returns
    -------
    Plan or None
    """
    spec = replace(spec, seed=max(0, spec.seed), n_trials=min(max(1, spec.n_trials), MAX_TRIALS))  # others have their errors
    with problems.kept():
        check_neurons(spec)
        made = [problems.tried(made_population, population, spec) for population in spec.populations]
        populations = tuple(population for population in made if population is not None)
        task = problems.tried(known_task, spec, {} if tasks is None else tasks) if spec.is_trained and spec.task else None
        stimulus = None if spec.is_trained and task is None else problems.tried(one_trial, spec, task)
        given = problems.tried(given_network, spec, populations)
        if given is None:
            return None
        ready = _without_lost_stimuli(spec, given.populations) if problems.found else spec
        recorded = problems.tried(made_stimuli, ready, given.populations) if spec.stimuli and spec.dt > 0 else ()  # else an error
        models = {population.name: population.model for population in given.populations}
        for probe in spec.record:
            problems.tried(_check_record, spec, probe, models)
        if stimulus is None or recorded is None or (not populations and problems.found):  # those have errors
            return None
        return _wired(spec, given, task, (stimulus, *recorded, *given.stimuli), problems)
    return None


def _without_lost_stimuli(spec: ExperimentSpec, populations: Sequence[Population]) -> ExperimentSpec:
    """The spec without stimuli for which it lacks the duration, or a population that no file may bring: these have errors of their own."""
    if not (spec.duration or spec.phases):
        return replace(spec, stimuli={})
    made = {population.name for population in populations}
    tables = spec.document.get("populations", {})
    named = tables if isinstance(tables, Mapping) else {}
    lost = {target for given in spec.stimuli.values() for target in given.targets if target not in made}
    lost = lost.intersection(named) if "network" in spec.document else lost
    return replace(spec, stimuli={name: given for name, given in spec.stimuli.items() if lost.isdisjoint(given.targets)})


def _wired(
    spec: ExperimentSpec,
    given: Given,
    task: Task | None,
    stimuli: tuple[Stimulus, *tuple[Stimulus | SpikeTrains, ...]],
    problems: Problems,
) -> Plan | None:
    """The plan with all projections, if there are no problems."""
    stimulus, *recorded = stimuli
    with spec.place("populations").named():
        network = Network(given.populations)
    channels, kinds = channels_and_kinds(stimuli)
    sizes = {**channels, **network.sizes}
    ready = [p for p in spec.projections if p.source in sizes and p.target in network.sizes]
    check_synapse_memory(spec, ready, sizes)
    models = {population.name: population.model for population in network.populations}
    projections = [
        problems.tried(_projection, projection, spec, sizes, models, kinds.get(projection.source, "")) for projection in ready
    ]
    if problems.found:
        return None
    with spec.place("projections").named():
        direct = direct_projections(spec, [one for one in recorded if one.name in spec.stimuli], network.populations)
        network = Network(network.populations, (*projections, *direct, *given.projections))
    check_names(spec, network, list(channels))
    if spec.downscaling:
        with spec.place("downscaling").named():
            network = downscaled(network, **spec.downscaling)
    for probe in spec.record:
        problems.tried(_check_in_network, spec, probe, network)
    with spec.place("populations").named():
        check_shared(network, spec.n_trials if task is None else sum(part.n_trials for part in task.parts.values()))
    if spec.backend not in ("auto", *BACKENDS):
        return None  # which has its error
    for one in (one for one in recorded if one.name in spec.stimuli):
        with spec.place(f"stimuli.{one.name}").named():
            check_stimulus(network, one, spec.dt)
    with spec.place("stimuli" if task is None else "input").named():
        inputs = inputs_of(network, stimuli, spec.dt)
    with spec.place("memory").named():
        need = memory_need(inputs, spec.record, backend_of(spec.backend), spec.precision)
        chunks(1, need, int(spec.memory * 1e9))
    _check_times(spec, network)
    if spec.start is not None:
        _check_start_of(spec, network)
    if spec.phases:
        _check_phases(spec, network)
    _check_rates(spec, network, task, stimulus)
    for one in (one for one in recorded if isinstance(one, Stimulus)):
        with spec.place(f"stimuli.{one.name}").named():
            check_rates(network, one, spec.dt)
    if spec.task is not None:
        _rehearse(spec, network, task, stimulus)
    return Plan(network, task, stimulus, tuple(recorded), inputs.n_steps, need.of(1))


def _check_rates(spec: ExperimentSpec, network: Network, task: Task | None, stimulus: Stimulus) -> None:
    """Refuse rates above one spike per step, of any trial: encodings of rates grow with the value, so the largest values are encoded."""
    with spec.place("populations" if task is None or stimulus.kind != "rate" else "input").named():
        if task is not None and stimulus.kind == "rate":
            largest = [part.values.max(axis=0, keepdims=True) for part in task.parts.values()]
            stimulus = task.encode(np.max(largest, axis=0))
        check_rates(network, stimulus, spec.dt)


def _check_times(spec: ExperimentSpec, network: Network) -> None:
    for population in network.populations:
        with spec.place(f"populations.{population.name}.model").named():
            if is_unstable(population.model, spec.dt):
                raise ValueError(
                    f"method '{population.model.method}' is unstable with dt = {spec.dt:g} s: what decays with a time constant of "
                    f"{(smallest_time_constant(population.model) or (0,))[0]:.3g} s grows from step to step; take a smaller dt, or method "
                    "'exact' or 'exponential_euler' where the equations allow it"
                )
            if (pause := refractory_time(population.model)) is not None:
                nearest_steps("refractory", pause, spec.dt)
    for projection, given in zip(network.projections, spec.projections, strict=False):  # those of stimuli come last
        with spec.place(f"projections.{given.name}.source").named():
            if (
                projection.source in network.sizes
                and (projection.n_synapses and projection.synapse.on_pre)  # synapses that act all the time need no spikes
                and not network.population(projection.source).model.threshold
            ):
                raise ValueError(f"'{projection.source}': its neurons have no threshold and never spike; give them one")
        if projection.is_drawn:
            continue
        with spec.place(f"projections.{given.name}.delay").named():
            nearest_steps("delay", projection.delay, spec.dt)


def _check_phases(spec: ExperimentSpec, network: Network) -> None:
    with spec.place("phases").named():
        check_phases(network, spec.phases, spec.dt, spec.record)
        _check_constants(spec, network)
        backend = backend_of(spec.backend)
        if spec.backend != "auto" and not backend.keeps_state:
            able = backends_that(lambda other: other.keeps_state)
            raise ValueError(f"backend = '{backend.name}' does not keep the state between phases; use {able}")


def estimate(spec: ExperimentSpec, plan: Plan) -> CostEstimate:
    """Sizes of a run, and roughly the seconds that its simulations take.

    Parameters
    ----------
    spec : ExperimentSpec
    plan : Plan
        As `construct` makes it.

    Returns
    -------
    CostEstimate
    """
    n_trials = spec.n_simulated if plan.task is None else sum(part.n_trials for part in plan.task.parts.values())
    return CostEstimate(
        n_neurons=sum(plan.network.sizes.values()),
        n_synapses=sum(projection.n_synapses for projection in plan.network.projections),
        n_steps=plan.n_steps,
        n_trials=n_trials,
        seconds=_SECONDS_PER_BUILD + _SECONDS_PER_UPDATE * _n_equations(plan.network.populations) * plan.n_steps * n_trials,
        bytes_per_trial=plan.bytes_per_trial,
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
            task = task_of(spec)
            n_trials = spec.n_simulated if task is None else sum(part.n_trials for part in task.parts.values())
            known[trials] = n_trials * one_trial(spec, task).duration / spec.dt
        if neurons not in known:
            known[neurons] = _n_equations([made_population(population, spec) for population in spec.populations])
    except SpecError:
        return float("inf")
    return _SECONDS_PER_UPDATE * known[trials] * known[neurons]


def _check_record(spec: ExperimentSpec, probe: Probe, models: Mapping[str, NeuronModel]) -> None:
    with spec.place("record").named():
        if probe.population in models and probe.variable not in (known := models[probe.population].parsed):
            raise ValueError(unknown_name(probe.variable, f"variable of '{probe.population}'", known))
        if probe.every is not None and not np.isnan(spec.dt):
            whole_steps("every", probe.every, spec.dt)


def _check_in_network(spec: ExperimentSpec, probe: Probe, network: Network) -> None:
    with spec.place("record").named():
        if probe.population in network.sizes:
            if wrong := outside(probe, network.sizes[probe.population]):
                raise ValueError(wrong)
            return
        for projection in (p for p in network.projections if p.name == probe.population):
            check_synaptic(probe, projection.synapse)
            if wrong := outside(probe, projection.n_synapses):
                raise ValueError(f"{wrong}, the synapses of '{probe.population}'")


def _projection(
    projection: ProjectionSpec, spec: ExperimentSpec, sizes: Mapping[str, int], models: Mapping[str, NeuronModel], kind: str
) -> Projection:
    place, target = spec.place(f"projections.{projection.name}"), models[projection.target]
    with (place / "receives").named():
        receiver = receiving(projection.target, target, projection.receives, kind)
    n_source, n_target = sizes[projection.source], sizes[projection.target]
    if projection.weight is not None:
        with place.named():
            synapse = KINDS["synapses"][projection.synapse.kind](**projection.synapse.arguments)
            if synapse != PULSE:
                raise ValueError(
                    f"synapse = '{projection.synapse.kind}': links drawn where they are used only add their weight; give weights in place "
                    "of weight"
                )
            unit, key = weight_unit(projection, models, kind, synapse), seed_of(spec.seed, f"links {projection.name}")
            links = drawn_links(projection.topology, projection.weight, projection.delay, (n_source, n_target), key, unit)
            return Projection(projection.source, projection.target, links, None, projection.receives, projection.name)
    rngs = [stream(spec.seed, f"{use} {projection.name}") for use in ("topology", "weights", "delay")]
    with (place / "topology").named():
        mask = drawn_mask(projection, n_source, n_target, rngs[0])
    with (place / "synapse").named():
        given, indices = projection.synapse.arguments.items(), synapse_indices(*ends(mask), mask.shape)
        drawn = {name: drawn_value(value, mask.nnz, spec, f"{projection.name}.{name}", indices) for name, value in given}
        synapse = KINDS["synapses"][projection.synapse.kind](**drawn)
    with (place / "receives").named():
        check_receiver(synapse, target, receiver)
    with (place / "weights").named():
        unit = weight_unit(projection, models, kind, synapse)
        weights = sparse.csr_array(mask, dtype=float)  # to be drawn by the method
        if projection.weights is not None:
            distribution = KINDS["weights"][projection.weights.kind]
            weights = distribution(mask, rngs[1], **weight_arguments(projection.weights, unit))
            check_bound(synapse, weights.data, get_dimensions(unit))
    with (place / "delay").named():
        delay = drawn_delays(projection.delay, weights, rngs[2])
        return Projection(projection.source, projection.target, weights, delay, projection.receives, projection.name, synapse)
