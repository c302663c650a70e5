"""From a `Job` to Brian2 objects; the same objects serve every backend.

Within a step Brian2's order is kept: state update, threshold, synapses, reset. A network with several layers runs through that
order once per layer, so that spikes of a lower layer arrive before the next one is updated.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from brian2.core.clocks import Clock
from brian2.core.network import Network as Brian2Network
from brian2.core.variables import linked_var
from brian2.equations.equations import Equations
from brian2.groups.group import Group
from brian2.groups.neurongroup import NeuronGroup
from brian2.input.timedarray import TimedArray
from brian2.monitors.spikemonitor import SpikeMonitor
from brian2.monitors.statemonitor import StateMonitor
from brian2.synapses.synapses import Synapses
from brian2.units import second
from brian2.units.fundamentalunits import Quantity, get_dimensions
from brian2.utils.logger import BrianLogger

from bioworkbench.errors import unknown_name
from bioworkbench.network import INPUT, Population, Projection
from bioworkbench.neurons import NeuronModel
from bioworkbench.quantities import unit_text
from bioworkbench.signals import Probe
from bioworkbench.simulation.job import Job, spike_projections

__all__ = ["Assign", "Built", "build"]

Assign = Callable[[Group, str, str], None]  # (owner, variable, name among the values of the job)

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


def build(job: Job, assign: Assign) -> Built:
    """Build the Brian2 objects of a job.

    Parameters
    ----------
    job : Job
    assign : callable (owner, variable, name)
        Sets a variable to the value of that name: at once, or by code that loads it when a compiled program starts.

    Raises
    ------
    ValueError
        If a probe names an unknown population, variable or neuron.
    """
    clock = Clock(dt=job.dt * second, name="steps")
    objects: list[object] = []
    groups = {p.name: _group(p, job, clock, assign, objects) for p in job.network.populations}
    objects += [_synapses(p, job, groups, assign) for p in spike_projections(job.network)]
    spikes = {name: SpikeMonitor(group, name=f"{name}_spikes") for name, group in groups.items() if "spike" in group.events}
    traces = {probe.name: _monitor(probe, job, groups) for probe in job.probes}
    network = Brian2Network(*groups.values(), *objects, *spikes.values(), *traces.values())
    if job.n_layers > 1:
        network.schedule = ["start", *(_slot(slot, layer, job) for layer in range(job.n_layers) for slot in _SLOTS), "end"]
    return Built(network, spikes, traces, groups)


def _slot(slot: str, layer: int, job: Job) -> str:
    return slot if job.n_layers == 1 else f"{slot}_{layer}"


def _put_in_layer(group: NeuronGroup, population: Population, job: Job) -> None:
    for part in group.contained_objects:
        if part.when in _SLOTS:
            part.when = _slot(part.when, population.layer, job)


def _group(population: Population, job: Job, clock: Clock, assign: Assign, objects: list[object]) -> NeuronGroup:
    model, name = population.model, population.name
    refractory: Any = "refractory_time" if model.refractory is not None else False
    group = NeuronGroup(
        population.size * job.n_copies,
        _equations(model),
        threshold=model.threshold or None,
        reset=(model.reset or None) if model.threshold else None,
        refractory=refractory,
        method=model.method,
        name=name,
        clock=clock,
        namespace={},
    )
    if model.update:
        group.run_regularly(model.update, clock=clock, when="groups", order=1, name=f"{name}_update")
    _put_in_layer(group, population, job)
    if "shared_noise" in model.parsed:
        objects.append(_shared_noise(group, population, job, clock))
    for value in (value for value in job.values if value.startswith(f"{name}.")):
        variable = value.removeprefix(f"{name}.")
        if variable in ("frames", "kicks"):
            _add_input(group, population, variable, job, clock)
        else:
            assign(group, variable, value)
    return group


def _equations(model: NeuronModel) -> Equations:
    """The model's equations, with constants declared as shared or per neuron, whichever their values are, and shared noise linked."""
    parsed = model.parsed
    ours = {"shared_noise", *model.constants}
    equations = Equations([equation for name, equation in parsed.items() if name not in ours])
    extra = [
        f"{name} : {unit_text(get_dimensions(value))} ({'constant' if np.ndim(value) else 'shared, constant'})"
        for name, value in model.constants.items()
    ]
    if model.refractory is not None:
        extra.append("refractory_time : second (shared, constant)")
    if "shared_noise" in parsed:
        extra.append("shared_noise : second**-0.5 (linked)")
    return equations + Equations("\n".join(extra))


def _shared_noise(group: NeuronGroup, population: Population, job: Job, clock: Clock) -> NeuronGroup:
    """One source of white noise per trial, which all neurons of the population in that trial see."""
    source = NeuronGroup(job.n_copies, "x : second**-0.5", name=f"{population.name}_noise", clock=clock, namespace={})
    source.run_regularly("x = randn() / sqrt(dt)", clock=clock, when="start", name=f"{population.name}_noise_draw")
    _put_in_layer(source, population, job)
    group.shared_noise = linked_var(source, "x", index=np.repeat(np.arange(job.n_copies), population.size))
    return source


def _add_input(group: NeuronGroup, population: Population, ending: str, job: Job, clock: Clock) -> None:
    """Input from a table: `frames` holds the drive during a frame, `kicks` adds what input spikes add, step by step."""
    model = population.model
    target = "drive" if ending == "frames" else job.network.receiver(_input_of(population, job))
    if target not in model.parsed:
        raise ValueError(
            f"population '{population.name}' has no variable '{target}'; a stimulus of kind 'current' needs a model "
            "that declares 'drive : <unit>' as a parameter"
        )
    dt = job.dt * (job.frame_steps if ending == "frames" else 1) * second
    values = Quantity.with_dimensions(job.values[f"{population.name}.{ending}"], model.parsed[target].dim)
    table = TimedArray(values, dt=dt, name=f"{population.name}_{ending}")
    group.namespace[table.name] = table
    timing = {"dt": dt} if ending == "frames" and job.frame_steps > 1 else {"clock": clock}
    sign = "=" if ending == "frames" else "+="
    group.run_regularly(f"{target} {sign} {table.name}(t, i)", when="start", order=1, name=f"{table.name}_input", **timing)


def _input_of(population: Population, job: Job) -> Projection:
    return next(p for p in job.network.projections if p.source == INPUT and p.target == population.name)


def _synapses(projection: Projection, job: Job, groups: dict[str, NeuronGroup], assign: Assign) -> Synapses:
    source, target = job.network.population(projection.source), job.network.population(projection.target)
    same_weights = len(job.values[f"{projection.name}_synapses.w"]) < projection.n_synapses
    scalar_delay, receiver = not np.ndim(projection.delay), job.network.receiver(projection)
    synapses = Synapses(
        groups[source.name],
        groups[target.name],
        f"synaptic_weight : {target.model.unit(receiver)} ({'shared, constant' if same_weights else 'constant'})",
        on_pre=f"{receiver}_post += synaptic_weight",  # unlike w, no variable of a neuron
        name=f"{projection.name}_synapses",
        delay=0 * second if scalar_delay else None,
        clock=groups[source.name].clock,
        namespace={},
    )
    synapses.pre.when = _slot("synapses", source.layer, job)
    synapses.connect(i=job.values[f"{projection.name}_synapses.i"], j=job.values[f"{projection.name}_synapses.j"])
    assign(synapses, "synaptic_weight", f"{projection.name}_synapses.w")
    assign(synapses.pre, "delay", f"{projection.name}_synapses.delay")
    return synapses


def _monitor(probe: Probe, job: Job, groups: dict[str, NeuronGroup]) -> StateMonitor:
    if probe.population not in groups:
        raise ValueError(f"record '{probe.name}': {unknown_name(probe.population, 'population', groups)}")
    group, size = groups[probe.population], job.network.sizes[probe.population]
    if probe.variable not in group.equations.names:
        raise ValueError(f"record '{probe.name}': {unknown_name(probe.variable, 'variable', group.equations.names)}")
    neurons = np.arange(size) if probe.neurons is None else np.asarray(probe.neurons)
    if neurons.size == 0 or neurons.min() < 0 or neurons.max() >= size:
        raise ValueError(f"record '{probe.name}': neurons {probe.neurons} must be among 0 ... {size - 1}")
    record = (np.arange(job.n_copies)[:, None] * size + neurons[None, :]).ravel()
    timing = {"clock": group.clock} if probe.every is None else {"dt": probe.every * second}
    return StateMonitor(group, probe.variable, record=record, name=f"{probe.population}_{probe.variable}_trace", **timing)
