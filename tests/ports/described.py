"""A port is a model as data; two builders make it, one of plain Brian2 objects, one of our records, and the spikes must be the same."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from brian2 import Network as Brian2Network
from brian2 import NeuronGroup, Quantity, SpikeGeneratorGroup, SpikeMonitor, Synapses, second
from brian2.devices.device import device
from brian2.units.fundamentalunits import get_dimensions

from bioworkbench import simulate
from bioworkbench.records.links import Links
from bioworkbench.records.network import Network, Population, Projection
from bioworkbench.records.neuron import NeuronModel
from bioworkbench.records.randomness import seed_of
from bioworkbench.records.stimulus import SpikeTrains, silence
from bioworkbench.records.synapse import SynapseModel
from bioworkbench.records.units import unit_text
from tests.ports.plain import plain, spikes_in, spikes_of

SEED = 11


@dataclass(frozen=True)
class Cells:
    """Neurons: what Brian2's NeuronGroup is given. Constants are in the namespace there."""

    size: int
    equations: str
    threshold: str = ""
    reset: str = ""
    constants: dict[str, Any] = field(default_factory=dict)
    start: dict[str, Any] = field(default_factory=dict)
    refractory: Any = None
    method: str = "euler"
    receives: str = "v"


@dataclass(frozen=True)
class Joins:
    """Synapses between two kinds of cells, at all pairs where the weights are not NaN."""

    source: str
    target: str
    weights: Any  # (n_source, n_target), NaN for no synapse, with the unit of what they add to
    on_pre: Any = "{receiver}_post += weight"
    on_post: Any = ""
    equations: str = ""
    constants: dict[str, Any] = field(default_factory=dict)
    start: dict[str, Any] = field(default_factory=dict)
    delay: Any = 0.0  # of all synapses, or of each
    delays: dict[str, float] = field(default_factory=dict)
    method: str = "euler"
    receives: str = ""


@dataclass(frozen=True)
class Port:
    """A model, the example of Brian2 that has it, and how long it runs."""

    example: str
    cells: dict[str, Cells]
    joins: tuple[Joins, ...] = ()
    trains: dict[str, tuple[Any, Any]] = field(default_factory=dict)  # channel and time in seconds of spikes from outside
    duration: float = 0.1
    dt: float = 1e-4
    least: int = 5  # spikes, so that equal sets are not empty ones


def columns(joins):
    """Ends and weights of all synapses, row after row."""
    weights = np.asarray(joins.weights)
    sources, targets = np.nonzero(~np.isnan(weights))
    return sources, targets, Quantity(weights[sources, targets], dim=get_dimensions(joins.weights))


def in_plain_brian2(port):
    """Spikes by population, as sets of (neuron, step), and final weights by projection."""
    groups, made, monitors = plain_objects(port)
    seed = seed_of(SEED, "noise of chunk 0")
    device.seed(np.array([seed & 0xFFFFFFFF, seed >> 32], dtype=np.uint32))
    Brian2Network(*groups.values(), *made, *monitors.values()).run(port.duration * second, namespace={})
    return {name: spikes_of(monitor, port.dt) for name, monitor in monitors.items()}, [np.array(one.weight) for one in made]


def plain_objects(port, begin=plain):
    """Groups and monitors by population, and synapses, of plain Brian2; `begin` sets where it runs."""
    begin(port.dt)
    groups = {name: _group(name, cells) for name, cells in port.cells.items()}
    for name, (channel, time) in port.trains.items():
        groups[name] = SpikeGeneratorGroup(1 + max(channel), channel, np.asarray(time) * second)
    made = [_synapses(number, joins, groups, port) for number, joins in enumerate(port.joins)]
    return groups, made, {name: SpikeMonitor(groups[name]) for name, cells in port.cells.items() if cells.threshold}


def _group(name, cells):
    group = NeuronGroup(
        cells.size,
        cells.equations,
        threshold=cells.threshold or None,
        reset=cells.reset or None,
        refractory=False if cells.refractory is None else cells.refractory,
        method=cells.method,
        namespace={constant: value for constant, value in cells.constants.items() if not np.ndim(value)},
        name=name,
    )
    each = {constant: value for constant, value in cells.constants.items() if np.ndim(value)}  # parameters of each neuron, there
    for variable, value in {**each, **cells.start}.items():
        setattr(group, variable, value)
    return group


def _synapses(number, joins, groups, port):
    receiver = joins.receives or port.cells[joins.target].receives
    sources, targets, weights = columns(joins)
    declared = "weight :" in joins.equations or "dweight/dt" in joins.equations
    unit = "" if declared else f"\nweight : {unit_text(get_dimensions(weights))}"
    each = {name: value for name, value in joins.constants.items() if np.ndim(value)}  # parameters of each synapse, there
    ends = {end: _texts(getattr(joins, end), receiver) for end in ("on_pre", "on_post")}
    delays = {name: delay * second for name, delay in joins.delays.items()}
    if np.ndim(joins.delay) == 0 and joins.delay and isinstance(ends["on_pre"], str):
        delays["pre"] = joins.delay * second
    made = Synapses(
        groups[joins.source],
        groups[joins.target],
        joins.equations.replace("{receiver}", receiver) + unit,
        on_pre=ends["on_pre"] or None,
        on_post=ends["on_post"] or None,
        delay=delays or None,
        method=joins.method,
        namespace={name: value for name, value in joins.constants.items() if name not in each},
        name=f"joins_{number}",
    )
    made.connect(i=sources, j=targets)
    made.weight = weights
    if np.ndim(joins.delay):
        made.delay = joins.delay * second
    for name, value in {**each, **joins.start}.items():
        setattr(made, name, value)
    return made


def _texts(given, receiver):
    if isinstance(given, str):
        return given.replace("{receiver}", receiver)
    return {name: text.replace("{receiver}", receiver) for name, text in given.items()}


def in_bioworkbench(port, backend="numpy"):
    """The same from our records."""
    network, trains = records_of(port)
    made = simulate(network, trains, SEED, dt=port.dt, backend=backend)
    return {name: spikes_in(made, name) for name, one in port.cells.items() if one.threshold}, [
        made.weights[p.name][0] if p.name in made.weights else p.links.weights for p in network.projections
    ]


def records_of(port):
    """The port as a network and stimuli."""
    cells = tuple(
        Population(
            name,
            one.size,
            NeuronModel(
                one.equations,
                one.threshold,
                one.reset,
                constants=one.constants,
                start=one.start,
                refractory=one.refractory,
                method=one.method,
                receives=one.receives,
            ),
        )
        for name, one in port.cells.items()
    )
    sizes = {name: one.size for name, one in port.cells.items()} | {name: 1 + max(c) for name, (c, _) in port.trains.items()}
    projections = tuple(_projection(number, joins, sizes) for number, joins in enumerate(port.joins))
    trains = [
        SpikeTrains(name, np.zeros(len(channel), int), channel, time, port.duration, 1)
        for name, (channel, time) in port.trains.items()
    ]
    return Network(cells, projections), trains or silence(port.duration)


def _projection(number, joins, sizes):
    sources, targets, weights = columns(joins)
    links = Links(sources, targets, (sizes[joins.source], sizes[joins.target]), weights, joins.delay)
    synapse = SynapseModel(
        joins.equations,
        joins.on_pre,
        joins.on_post,
        constants=joins.constants,
        start=joins.start,
        method=joins.method,
        delays=joins.delays,
    )
    return Projection(joins.source, joins.target, links, receives=joins.receives, name=f"joins_{number}", synapse=synapse)
