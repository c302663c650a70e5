"""From a `Job` to Brian2 objects; the same objects serve every backend.

Within a step Brian2's order is kept: state update, threshold, synapses, reset. A network with several layers runs through that
order once per layer, so that spikes of a lower layer arrive before the next one is updated.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from brian2.core.clocks import Clock
from brian2.core.network import Network as Brian2Network
from brian2.core.variables import linked_var
from brian2.devices.device import RuntimeDevice, get_device
from brian2.equations.equations import Equations
from brian2.groups.group import Group
from brian2.groups.neurongroup import NeuronGroup
from brian2.input.spikegeneratorgroup import SpikeGeneratorGroup
from brian2.input.timedarray import TimedArray
from brian2.monitors.spikemonitor import SpikeMonitor
from brian2.monitors.statemonitor import StateMonitor
from brian2.synapses.synapses import StateUpdater, Synapses
from brian2.units import second
from brian2.units.fundamentalunits import Quantity, get_dimensions
from brian2.utils.logger import BrianLogger
from brian2.utils.stringtools import word_substitute

from bioworkbench.neurons import NeuronModel
from bioworkbench.records.errors import unknown_name
from bioworkbench.records.network import Population, Projection
from bioworkbench.records.neuron import refractory_time
from bioworkbench.records.probe import Probe
from bioworkbench.records.synapse import WEIGHT, SynapseModel
from bioworkbench.records.units import DIMENSIONLESS, unit_text
from bioworkbench.simulation.background import background_objects, background_operation
from bioworkbench.simulation.finite import Watched
from bioworkbench.simulation.indices import indices_used, own_indices, with_own_indices
from bioworkbench.simulation.job import Job, delay_places, has_one_weight, spike_projections, table_in
from bioworkbench.simulation.object_names import OWN_WEIGHT, noise_name, pathway_name, synapses_name, synaptic, table_name
from bioworkbench.simulation.poisson import PoissonStreams
from bioworkbench.simulation.values import ValueKind, ValueName

__all__ = ["Assign", "Built", "build", "changed_weights", "watched"]

Assign = Callable[[Group, str, ValueName], None]  # (owner, variable, name among the values of the job)

# Frames are whole numbers of steps, which `simulate` checks; Brian2 warns where the quotient is off by a rounding error.
BrianLogger.suppress_hierarchy("brian2.input.timedarray")

_SLOTS = ("groups", "thresholds", "synapses", "resets")


@dataclass(frozen=True)
class Built:
    """Brian2 objects of a job: the network, its monitors, and the clock all neurons share."""

    network: Brian2Network
    spikes: dict[str, SpikeMonitor]
    traces: dict[str, StateMonitor]
    groups: dict[str, NeuronGroup]
    trains: dict[str, SpikeGeneratorGroup]
    synapses: dict[str, Synapses]
    backgrounds: dict[str, list[PoissonStreams]]


def build(job: Job, assign: Assign) -> Built:
    """Build the Brian2 objects of a job.

    Parameters
    ----------
    job : Job
    assign : callable (owner, variable, name)
        Sets a variable to the value of that name: at once, or by code that loads it when a compiled program starts.

    Returns
    -------
    Built

    Raises
    ------
    ValueError
        If a probe names an unknown population, variable or neuron.
    """
    clock = Clock(dt=job.dt * second, name="steps")
    objects: list[object] = []
    backgrounds: dict[str, list[PoissonStreams]] = {}
    trains = {p.name: _trains(p, job, clock) for p in job.network.populations if ValueKind.TRAIN.of(p.name, "step") in job.values}
    groups = {
        p.name: _group(p, job, clock, assign, objects, backgrounds) for p in job.network.populations if p.name not in trains
    }
    synapses = {p.name: _synapses(p, job, {**groups, **trains}, assign) for p in spike_projections(job.network)}
    spikes = {name: SpikeMonitor(group, name=f"{name}_spikes") for name, group in groups.items() if "spike" in group.events}
    traces = {probe.name: _monitor(probe, job, groups, synapses) for probe in job.probes}
    network = Brian2Network(*groups.values(), *trains.values(), *synapses.values(), *objects, *spikes.values(), *traces.values())
    # Each layer runs through Brian2's order of a step, one layer after the other, so that a spike crosses all layers in one
    # step. With a single layer the order is Brian2's own.
    if job.n_layers > 1:
        network.schedule = ["start", *(_slot(slot, layer, job) for layer in range(job.n_layers) for slot in _SLOTS), "end"]
    return Built(network, spikes, traces, groups, trains, synapses, backgrounds)


def changed_weights(job: Job, built: Built) -> dict[str, Synapses]:
    """Synapses that change their weights, by projection, of the objects `built` for a `job`."""
    return {p.name: built.synapses[p.name] for p in spike_projections(job.network) if p.synapse.changes_weight}


def watched(built: Built) -> list[Watched]:
    """Everything whose state may become NaN or infinite in the objects `built` for a job."""
    neurons = [Watched(name, group=group) for name, group in built.groups.items()]
    return neurons + [Watched(name, of_synapses=True, group=synapses) for name, synapses in built.synapses.items()]


def _slot(slot: str, layer: int, job: Job) -> str:
    return slot if job.n_layers == 1 else f"{slot}_{layer}"


def _put_in_layer(group: NeuronGroup, population: Population, job: Job) -> None:
    for part in group.contained_objects:
        if part.when in _SLOTS:
            part.when = _slot(part.when, population.layer, job)


def _group(
    population: Population,
    job: Job,
    clock: Clock,
    assign: Assign,
    objects: list[object],
    backgrounds: dict[str, list[PoissonStreams]],
) -> NeuronGroup:
    model, name = population.model, population.name
    pause = model.refractory
    refractory: Any = own_indices(pause) if isinstance(pause, str) else "refractory_time" if pause is not None else False
    group = NeuronGroup(
        population.size * job.n_copies,
        _equations(model),
        threshold=own_indices(model.threshold) or None,
        reset=(own_indices(model.reset) or None) if model.threshold else None,
        refractory=refractory,
        method=model.method,
        name=name,
        clock=clock,
        namespace={},
    )
    if model.update:
        group.run_regularly(own_indices(model.update), clock=clock, when="groups", order=1, name=f"{name}_update")
    _put_in_layer(group, population, job)
    objects += _background(population, group, job, backgrounds)
    if "shared_noise" in model.parsed:
        objects.append(_shared_noise(group, population, job, clock))
    for value in (value for value in job.values if value.kind is ValueKind.NEURONS and value.owner == name):
        assign(group, value.variable, value)
    _add_inputs(group, population, job, clock)
    return group


def _equations(model: NeuronModel) -> Equations:
    """The model's equations, with constants declared as shared or per neuron, whichever their values are, and shared noise linked."""
    parsed = model.parsed
    # Constants are declared here rather than in the model, since it depends on the values whether all neurons share one; the
    # structure of a program depends on that too.
    ours = {"shared_noise", *model.constants}
    equations = Equations([equation for name, equation in parsed.items() if name not in ours])
    extra = [
        f"{name} : {unit_text(get_dimensions(value))} ({'constant' if np.ndim(value) else 'shared, constant'})"
        for name, value in model.constants.items()
    ]
    if (pause := refractory_time(model)) is not None:
        extra.append(f"refractory_time : second ({'constant' if pause.ndim else 'shared, constant'})")
    if "shared_noise" in parsed:
        extra.append("shared_noise : second**-0.5 (linked)")
    return with_own_indices(equations + Equations("\n".join(extra)), indices_used(model))


def _background(population: Population, group: NeuronGroup, job: Job, backgrounds: dict[str, list[PoissonStreams]]) -> list[Any]:
    if not population.background:
        return []
    when = _slot("synapses", population.layer, job)
    if isinstance(get_device(), RuntimeDevice):
        operation, streams = background_operation(population, group, job.keys[population.name], job.dt, when)
        backgrounds[population.name] = streams
        return [operation]
    return background_objects(population, group, group.clock, when)


def _shared_noise(group: NeuronGroup, population: Population, job: Job, clock: Clock) -> NeuronGroup:
    """One source of white noise per trial, which all neurons of the population in that trial see."""
    source = NeuronGroup(job.n_copies, "x : second**-0.5", name=noise_name(population.name), clock=clock, namespace={})
    # Before anything reads it: expressions that are constant over a step are computed before its start.
    draw = {"when": "before_start", "order": -1, "name": f"{population.name}_noise_draw"}
    source.run_regularly("x = randn() / sqrt(dt)", clock=clock, **draw)
    _put_in_layer(source, population, job)
    group.shared_noise = linked_var(source, "x", index=np.repeat(np.arange(job.n_copies), population.size))
    return source


def _add_inputs(group: NeuronGroup, population: Population, job: Job, clock: Clock) -> None:
    """Input from tables: currents are held during a frame, all that act on a variable summed; spikes are added step by step."""
    held: dict[str, list[Projection]] = {}
    # A compiled program knows itself when its tables begin: it is the same for all runs that go on from a state.
    late = job.start.step and isinstance(get_device(), RuntimeDevice)
    time = f"t - {job.start.step * job.dt!r}*second" if late else "t"
    for projection in (p for p in job.network.inputs if p.target == population.name):
        if table_in(job, projection).variable == "frames":
            held.setdefault(projection.receives or "drive", []).append(projection)
        else:
            receiver = job.network.receiver(projection)
            table = _table(group, population, projection, receiver, job)
            group.run_regularly(f"{receiver} += {table}({time}, i)", when="start", order=1, name=f"{table}_input", clock=clock)
    for receiver, projections in held.items():
        tables = [_table(group, population, projection, receiver, job) for projection in projections]
        steps = {job.frame_steps[projection.source] for projection in projections}
        # Held currents are set once per frame instead of in every step, where all that act on a variable change together.
        # nothing changes but where frames begin
        alone = len(steps) == 1 and steps != {1} and all(job.begins_frame(p.source) for p in projections)
        timing = {"dt": job.dt * steps.pop() * second} if alone else {"clock": clock}
        total = " + ".join(f"{table}({time}, i)" for table in tables)
        group.run_regularly(f"{receiver} = {total}", when="start", order=1, name=f"{tables[0]}_input", **timing)


def _table(group: NeuronGroup, population: Population, projection: Projection, receiver: str, job: Job) -> str:
    """Put the table of a projection into the namespace of its target; its name there."""
    model, found = population.model, table_in(job, projection)
    dt = job.dt * (job.frame_steps[projection.source] if found.variable == "frames" else 1) * second
    name = table_name(projection.name, found.variable)
    values = Quantity.with_dimensions(job.values[found], model.parsed[receiver].dim)
    group.namespace[name] = TimedArray(values, dt=dt, name=name)
    return name


def _trains(population: Population, job: Job, clock: Clock) -> SpikeGeneratorGroup:
    """Neurons that spike when a stimulus says."""
    neurons, steps = (job.values[ValueKind.TRAIN.of(population.name, column)] for column in ("neuron", "step"))
    when, size = _slot("thresholds", population.layer, job), population.size * job.n_copies
    times = (steps + job.start.step) * job.dt * second
    return SpikeGeneratorGroup(size, neurons, times, clock=clock, when=when, sorted=True, name=population.name)


def _synapses(projection: Projection, job: Job, groups: Mapping[str, Group], assign: Assign) -> Synapses:
    source, target = job.network.population(projection.source), job.network.population(projection.target)
    model, name, receiver = projection.synapse, projection.name, job.network.receiver(projection)
    own, places = _own_names(model), delay_places(projection)
    texts = {p: word_substitute("\n".join(p.statements(receiver)), own) for p in model.pathways}
    each = {p for p, place in places.items() if place is not None and len(job.values[place]) > 1}
    synapses = Synapses(
        groups[source.name],
        groups[target.name],
        _equations_of_synapses(projection, job),
        on_pre={pathway_name(p): text for p, text in texts.items() if p.end == "pre"} or None,
        on_post={pathway_name(p): text for p, text in texts.items() if p.end == "post"} or None,
        name=synapses_name(name),
        # A delay that all share is announced here: Brian2 then keeps one number for it, and a queue without sorting.
        delay={pathway_name(p): 0 * second for p in texts if p not in each},
        clock=groups[source.name].clock,
        method=model.method,
        namespace={},
    )
    # A synapse acts in the slot of the layer on whose spikes it waits: statements at presynaptic spikes in that of the source,
    # those at postsynaptic ones and everything else in that of the target.
    for part in synapses.contained_objects:
        if isinstance(part, StateUpdater):
            part.order = 1  # after all neurons, whatever the names are, as where Brian2 gives the names
        if part.when in _SLOTS:
            part.when = _slot(part.when, (source if getattr(part, "prepost", "post") == "pre" else target).layer, job)
    sources, targets = (job.values[ValueKind.SYNAPSES.of(name, end)] for end in ("i", "j"))
    synapses.connect(i=sources, j=targets)
    assign(synapses, OWN_WEIGHT, ValueKind.SYNAPSES.of(name, "w"))
    for place in (place for place in job.values if place.kind is ValueKind.STATE and place.owner == name):
        assign(synapses, place.variable if place.variable == "lastupdate" else synaptic(place.variable), place)
    for pathway, place in places.items():
        if place is not None:
            assign(getattr(synapses, pathway_name(pathway)), "delay", place)
    return synapses


def _equations_of_synapses(projection: Projection, job: Job) -> Equations:
    """The model's equations, with the weight and the constants declared as shared or per synapse, whichever their values are."""
    model = projection.synapse
    flags = "" if model.changes_weight else " (shared, constant)" if has_one_weight(job, projection) else " (constant)"
    ours = {WEIGHT, *model.constants} - model.parsed.diff_eq_names
    receiver, target = job.network.receiver(projection), job.network.population(projection.target).model
    given = model.equations_for(receiver, target.parsed[receiver].dim if receiver in target.parsed else DIMENSIONLESS)
    equations = Equations([equation for name, equation in given.items() if name not in ours])
    extra = [f"{WEIGHT} : {unit_text(job.network.weight_dimension(projection))}{flags}"] if WEIGHT in ours else []
    extra += [
        f"{name} : {unit_text(get_dimensions(value))} ({'constant' if np.ndim(value) else 'shared, constant'})"
        for name, value in model.constants.items()
    ]
    return (equations + Equations("\n".join(extra))).substitute(**_own_names(model))


def _own_names(model: SynapseModel) -> dict[str, str]:
    """Names of a synapse's variables and constants, with those that they have in Brian2."""
    names = {name for name, equation in model.parsed.items() if "summed" not in equation.flags}
    return {name: synaptic(name) for name in (WEIGHT, *names, *model.constants)}


def _monitor(probe: Probe, job: Job, groups: dict[str, NeuronGroup], synapses: dict[str, Synapses]) -> StateMonitor:
    of_neurons = probe.population in groups
    owner: Group = groups[probe.population] if of_neurons else synapses[probe.population]
    variable = probe.variable if of_neurons else synaptic(probe.variable)
    if of_neurons and variable not in groups[probe.population].equations.names:
        raise ValueError(f"record '{probe.name}': {unknown_name(variable, 'variable', groups[probe.population].equations.names)}")
    timing = {"clock": owner.clock} if probe.every is None else {"dt": probe.every * second}
    return StateMonitor(owner, variable, record=job.recorded(probe), name=job.trace_name(probe), **timing)
