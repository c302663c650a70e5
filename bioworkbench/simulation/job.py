"""One Brian2 run as plain data: the structure that decides the generated program, and the values that do not."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from bioworkbench.records.probe import Probe
from bioworkbench.simulation.values import KINDS, ValueKind, ValueName

if TYPE_CHECKING:
    from bioworkbench.records.network import Network, Population, Projection
    from bioworkbench.records.neuron import NeuronModel
    from bioworkbench.records.pathways import Pathway

__all__ = [
    "LONGEST_KEPT",
    "Continued",
    "Job",
    "Left",
    "delay_places",
    "has_one_weight",
    "n_values",
    "pause_of",
    "recorded_kind",
    "size_of",
    "spike_projections",
    "table_in",
]

LONGEST_KEPT = 1_000_000  # steps of delays that outlast a run from which another goes on


@dataclass(frozen=True)
class Left:
    """What a job leaves, copies side by side and synapses in the order in which they are simulated.

    Parameters
    ----------
    values : mapping from "population.variable" or "projection.variable" to array
    queues : mapping from "projection.pathway" to (steps, synapse), int arrays
    random : object
        State of the random numbers.
    """

    values: Mapping[str, np.ndarray]
    queues: Mapping[str, tuple[np.ndarray, np.ndarray]]
    random: Any


@dataclass(frozen=True)
class Continued:
    """What a job begins with beside its values.

    Parameters
    ----------
    step : int
        Steps before the first one.
    queues, random
        As in `Left`; empty and None at the beginning.
    own : frozenset of ValueName
        Values of the job that are of this state, which no other job shares.
    """

    step: int = 0
    queues: Mapping[str, tuple[np.ndarray, np.ndarray]] = field(default_factory=dict)
    random: Any = None
    own: frozenset[ValueName] = frozenset()


@dataclass(frozen=True)
class Job:
    """Copies of a network, side by side in one run.

    Parameters
    ----------
    network : Network
    values : mapping from ValueName to array
        Everything that may differ between two runs of one program.
    n_copies, n_trials, n_steps : int
        Copies in this run, how many of them hold a trial (the first ones), and simulation steps.
    dt : float, seconds
    frame_steps : mapping from stimulus to int
        Simulation steps per frame.
    probes : tuple of Probe
    profile : bool
        Whether to measure how long each Brian2 object takes.
    keys : mapping from population to int lists
        For each background, keys of 64 bits of the streams of every trial.
    threads : int
        That run one network together.
    first_trial : int
        Number of the first trial among all of a simulation.
    start : Continued
        What it goes on from, beside its values.
    keeps_state : bool
        Whether it gives the state that it leaves.
    counts : bool
        Whether only the number of spikes of each neuron is wanted; a backend may give all spikes even so.
    """

    network: "Network"
    values: Mapping[ValueName, np.ndarray]
    n_copies: int
    n_trials: int
    n_steps: int
    dt: float
    frame_steps: Mapping[str, int]
    probes: tuple[Probe, ...]
    profile: bool = False
    keys: Mapping[str, list[list[int]]] = field(default_factory=dict)
    threads: int = 1
    first_trial: int = 0
    start: Continued = field(default_factory=Continued)
    keeps_state: bool = False
    counts: bool = False

    @property
    def n_layers(self) -> int:
        """Highest layer plus one."""
        return 1 + max(population.layer for population in self.network.populations)

    def shares(self, projection: "Projection") -> bool:
        """Whether the copies have the synapses of the first in a `projection`, or there is just one copy."""
        return n_values(self, projection, "i") == projection.n_synapses

    def begins_frame(self, stimulus: str) -> bool:
        """Whether the first step is also the first one of a frame of a `stimulus`, counted from the first run."""
        return self.start.step % self.frame_steps.get(stimulus, 1) == 0

    def recorded(self, probe: Probe) -> np.ndarray:
        """Places of what a `probe` records, of all copies, which lie side by side in one group."""
        size = size_of(self.network, probe.population)
        chosen = np.arange(size) if probe.neurons is None else np.asarray(probe.neurons)
        return (np.arange(self.n_copies)[:, None] * size + chosen[None, :]).ravel()

    def trace_name(self, probe: Probe) -> str:
        """What the object that records a `probe` is called: by number, since two names joined may be those of another probe."""
        return f"_trace_{self.probes.index(probe)}"

    def structure(self) -> dict[str, Any]:
        """All that a built program depends on, as JSON data."""
        return {
            "populations": [_population(population) for population in self.network.populations],
            "projections": [_projection(projection) for projection in spike_projections(self.network)],
            "inputs": [[p.name, p.source, p.target, p.receives] for p in self.network.inputs],
            "values": {name.file: [array.dtype.str, _shape(name, array)] for name, array in self.values.items()},
            "run": [self.n_copies, self.n_steps, repr(self.dt), dict(self.frame_steps)],
            "probes": [[p.population, p.variable, p.neurons, p.every] for p in self.probes],
            "profile": self.profile,
        }

    def form(self) -> dict[str, Any]:
        """All that an engine's plan depends on, as JSON data: the structure without how many there are of anything.

        Brian2 has other words where there is just one neuron or synapse, so that one is told from several.

        Returns
        -------
        dict
        """
        return {
            "populations": [[*_form_of_population(p), p.size * self.n_copies == 1] for p in self.network.populations],
            "projections": [_form_of_projection(p, self) for p in spike_projections(self.network)],
            "inputs": [[p.name, p.source, p.target, p.receives] for p in self.network.inputs],
            "values": {name.file: array.dtype.str for name, array in self.values.items()},
            "run": [repr(self.dt), {p.source: self.frame_steps.get(p.source) for p in self.network.inputs}],
            "probes": [[p.population, p.variable, p.every] for p in self.probes],
            "profile": self.profile,
            "state": [bool(self.start.step), self.keeps_state, [self.begins_frame(p.source) for p in self.network.inputs]],
        }

    def key(self, *more: str) -> str:
        """Hash of the structure and of what else a program depends on.

        Parameters
        ----------
        *more : str
            Versions, compiler, processor.

        Returns
        -------
        str
        """
        text = json.dumps([self.structure(), more], sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()[:32]


def n_values(job: Job, projection: "Projection", column: str) -> int:
    """How many values of a `column` of `ValueKind.SYNAPSES` a `job` has for a `projection`."""
    return len(job.values[ValueKind.SYNAPSES.of(projection.name, column)])


def has_one_weight(job: Job, projection: "Projection") -> bool:
    """Whether one number stands for the weights of all synapses of a projection.

    Parameters
    ----------
    job : Job
    projection : Projection
        Synapses of all copies are meant.

    Returns
    -------
    bool
    """
    return n_values(job, projection, "w") < n_values(job, projection, "i")


def table_in(job: Job, projection: "Projection") -> ValueName:
    """Which value of a `job` is the table of a `projection` from a stimulus."""
    frames, impulses = (ValueKind.TABLE.of(projection.name, rows) for rows in ("frames", "impulses"))
    return frames if frames in job.values else impulses


def spike_projections(network: "Network") -> "list[Projection]":
    """Projections of a `network` that become Brian2 synapses: not from the stimulus, and with at least one synapse."""
    sizes = network.sizes
    return [projection for projection in network.projections if projection.source in sizes and projection.n_synapses]


def delay_places(projection: "Projection") -> "dict[Pathway, ValueName | None]":
    """Where the delays of each pathway lie among the values of a job; None for those that act at once.

    Parameters
    ----------
    projection : Projection

    Returns
    -------
    dict from Pathway to ValueName or None
    """
    name, model = projection.name, projection.synapse
    places = {p: ValueKind.SYNAPSES.of(name, "delay") if p.end == "pre" else None for p in model.pathways}
    return {p: ValueKind.PATHWAY.of(name, p.name) if p.name in model.delays else place for p, place in places.items()}


def _shape(name: ValueName, array: np.ndarray) -> list[int]:
    """Shape that is compiled in; the number of spikes of a stimulus is not."""
    return [] if name.kind is ValueKind.TRAIN else list(array.shape)


def _population(population: "Population") -> list[Any]:
    model = population.model
    texts = [model.equations, model.threshold, model.reset, model.receives, model.method, model.update]
    background = [[b.receives, b.n, repr(b.rate), repr(b.weight), b.regular] for b in population.background]
    return [population.name, population.size, population.layer, *texts, pause_of(model), *background]


def recorded_kind(network: "Network", probe: Probe) -> Any:
    """Type of the numbers that are recorded for a `probe` of a `network`, where all floating point numbers are double."""
    if probe.variable == "not_refractory":  # Brian2 adds it to the equations
        return KINDS["boolean"]
    if probe.population in network.sizes:
        equations: Any = network.population(probe.population).model.parsed
    else:
        equations = next(p.synapse.parsed for p in spike_projections(network) if p.name == probe.population)
    return KINDS[equations[probe.variable].var_type] if probe.variable in equations else KINDS["float"]


def pause_of(model: "NeuronModel") -> str | int | None:
    """Text that says how long neurons of a `model` are refractory, or how many axes their periods have; None without any."""
    return model.refractory if model.refractory is None or isinstance(model.refractory, str) else np.ndim(model.refractory)


def _projection(projection: "Projection") -> list[Any]:
    ends = [projection.name, projection.source, projection.n_synapses, projection.target]
    synapse = projection.synapse
    paths = [
        [p.name, p.end, p.text, np.ndim(synapse.delays.get(p.name, 0.0)), "" if place is None else place.file]
        for p, place in delay_places(projection).items()
    ]
    return [*ends, np.ndim(projection.delay), projection.receives, synapse.equations, synapse.method, *paths]


def _form_of_population(population: "Population") -> list[Any]:
    dimensions = {name: np.ndim(value) for name, value in population.model.constants.items()}
    return [entry for place, entry in enumerate(_population(population)) if place != 1] + [dimensions]


def _form_of_projection(projection: "Projection", job: Job) -> list[Any]:
    dimensions = {name: np.ndim(value) for name, value in projection.synapse.constants.items()}
    more = [dimensions, n_values(job, projection, "i") == 1, has_one_weight(job, projection)]
    return [entry for place, entry in enumerate(_projection(projection)) if place != 2] + more


def size_of(network: "Network", name: str) -> int:
    """Neurons of the population called `name` in a `network`, or synapses of that projection; 0 for neither."""
    counts = {projection.name: projection.n_synapses for projection in network.projections}
    return network.sizes.get(name, counts.get(name, 0))
