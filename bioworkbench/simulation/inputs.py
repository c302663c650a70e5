"""Stimuli of a run: checked against the network and each other, and as the arrays that each run is given.

A stimulus of frames becomes one table per projection, of what it adds to each neuron of the target: by frame, for
currents, or by step, for spikes. Spike trains become a population that spikes when they say, so that no table grows
with the duration, and that acts when spikes of a population act.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from brian2.equations.equations import PARAMETER
from scipy import sparse

from bioworkbench.records.arrays import Indices, Integers, extent
from bioworkbench.records.counted import counted
from bioworkbench.records.errors import unknown_name
from bioworkbench.records.kinds import several
from bioworkbench.records.links import Links
from bioworkbench.records.network import Network, Population, Projection
from bioworkbench.records.neuron import NeuronModel
from bioworkbench.records.randomness import stream
from bioworkbench.records.stimulus import SpikeTrains, Stimulus
from bioworkbench.records.synapse import PULSE
from bioworkbench.records.synapse_text import summed
from bioworkbench.records.times import nearest_steps, whole_steps
from bioworkbench.simulation.chunk import Chunk
from bioworkbench.simulation.indices import check_shared
from bioworkbench.simulation.job import LONGEST_KEPT
from bioworkbench.simulation.rates import poisson_counts, takes_counts
from bioworkbench.simulation.values import ValueKind, ValueName

if TYPE_CHECKING:
    from bioworkbench.records.probe import Probe
    from bioworkbench.simulation.backends.backend import Backend

__all__ = ["Events", "Inputs", "check_stimulus", "inputs_of"]

_NEURON_OF_TRAINS = NeuronModel(equations="", threshold="", reset="", receives="")
_TRAINS = "_trains"  # what the population of a stimulus is called, behind its name


@dataclass(frozen=True)
class Events:
    """Spike trains as spikes of a population, sorted by (trial, step, neuron), at most one per neuron and step.

    Parameters
    ----------
    trial, step, neuron : int32 array (n_spikes,)
    """

    trial: Indices
    step: Indices
    neuron: Indices


@dataclass(frozen=True)
class Inputs:
    """What a network is given in a run.

    Parameters
    ----------
    network : Network
        With a population in the place of each stimulus of spike trains.
    tables : mapping from name to Stimulus
    events : mapping from population to Events
    n_trials, n_steps : int
    duration : float, seconds
        Of a trial.
    dt : float, seconds
    first_step : int
        Steps of the runs before, where this one goes on from a state.
    keeps_state : bool
        Whether this run goes on from a state, or another may where it ends, so that spikes that arrive after it count.
    """

    network: Network
    tables: Mapping[str, Stimulus]
    events: Mapping[str, Events]
    n_trials: int
    n_steps: int
    duration: float
    dt: float
    first_step: int = 0
    keeps_state: bool = False

    @property
    def delay_limit(self) -> int:
        """Steps that longer delays are cut to, since engines keep a place for each: those of the run, where none follows."""
        return max(self.n_steps, LONGEST_KEPT) if self.keeps_state else self.n_steps

    def drawn_by(self, backend: "Backend", probes: Sequence["Probe"]) -> bool:
        """Whether a `backend` draws the links of the network itself, with these `probes`: it leaves no state then."""
        return not self.keeps_state and backend.can_draw(self.network, probes)

    @property
    def frame_steps(self) -> dict[str, int]:
        """Simulation steps per frame of each stimulus."""
        return {name: whole_steps("stimulus frame", stimulus.frame, self.dt) for name, stimulus in self.tables.items()}

    @property
    def bytes_per_trial(self) -> int:
        """Memory that the arrays of a trial take."""
        n_events = sum(len(events.step) for events in self.events.values())
        each = 12 * n_events // self.n_trials
        for projection in self.network.inputs:
            stimulus = self.tables[projection.source]
            n_rows = stimulus.values.shape[1] if stimulus.kind == "current" else self.n_steps
            each += 8 * n_rows * projection.links.shape[1]
        return each

    def values(self, seed: int, chunk: Chunk) -> Iterator[tuple[ValueName, np.ndarray]]:
        """Arrays of a run by name: tables (rows, n_copies * n_neurons), and spikes of trains in order of time.

        Parameters
        ----------
        seed : int
            Of the simulation, from which impulses are drawn.
        chunk : Chunk

        Yields
        ------
        ValueName, array
        """
        for name in self.tables:
            yield from self._tables(name, seed, chunk)
        for name, events in self.events.items():
            first, end = np.searchsorted(events.trial, (chunk.first, chunk.first + chunk.n_trials))
            copy, step = events.trial[first:end] - np.int32(chunk.first), events.step[first:end]
            neuron = events.neuron[first:end] + copy * np.int32(self.network.sizes[name])
            # Brian2's generators want spikes in order of time over all copies; the trials lie one after the other here.
            order = np.argsort(step, kind="stable")
            yield ValueKind.TRAIN.of(name, "neuron"), neuron[order]
            yield ValueKind.TRAIN.of(name, "step"), step[order]

    def _tables(self, name: str, seed: int, chunk: Chunk) -> Iterator[tuple[ValueName, np.ndarray]]:
        """Tables of the projections from a stimulus, block by block: what is drawn and rounded does not depend on the chunk."""
        projections = [projection for projection in self.network.inputs if projection.source == name]
        matrices = [_dense_enough(projection.weights) for projection in projections]
        tables: list[np.ndarray] = []
        for block in (block for block in chunk.blocks() if block.n_trials):
            signal = self._signal(name, seed, block)
            tables = tables or [np.zeros((signal.shape[1], chunk.n_copies * matrix.shape[1])) for matrix in matrices]
            for matrix, table in zip(matrices, tables, strict=True):
                begin = (block.first - chunk.first) * matrix.shape[1]
                product = _product(signal, matrix, block.n_copies)
                table[:, begin : begin + product.shape[1]] = product
        rows = "frames" if self.tables[name].kind == "current" else "impulses"
        for projection, table in zip(projections, tables, strict=True):
            yield ValueKind.TABLE.of(projection.name, rows), table

    def _signal(self, name: str, seed: int, block: Chunk) -> np.ndarray:
        """What weights multiply, array (n_trials, n_rows, n_channels): currents, or numbers of spikes by step."""
        stimulus = self.tables[name]
        part = stimulus.values[block.first : block.first + block.n_trials]
        if stimulus.kind == "current":
            return part
        several = takes_counts(self.network, name)
        rng = stream(seed, f"{name} spikes of chunk {block.number}" + f" from step {self.first_step}" * (self.first_step > 0))
        return _impulses(replace(stimulus, values=part), rng, self.frame_steps[name], several=several)


def inputs_of(network: Network, stimuli: Stimulus | SpikeTrains | Sequence[Stimulus | SpikeTrains], dt: float) -> Inputs:
    """Check stimuli against a network and each other.

    Parameters
    ----------
    network : Network
    stimuli : Stimulus, SpikeTrains, or several of these
    dt : float, seconds

    Returns
    -------
    Inputs

    Raises
    ------
    ValueError
        If a stimulus that projections start from is missing, one is named twice or as a population, they differ in trials or duration,
        have another number of channels than their projections, or a frame or duration is not a whole number of steps; if a
        projection with delays starts from a stimulus of frames; or if a shared variable is random and there are several trials.
    """
    rule = "be a Stimulus, SpikeTrains, a list of these, or a list of Phases; silence(duration) is a Stimulus without input"
    listed = [stimuli] if isinstance(stimuli, Stimulus | SpikeTrains) else stimuli
    given = several("stimuli", listed, (Stimulus, SpikeTrains), rule)
    _check_names(network, [stimulus.name for stimulus in given])
    tables = {stimulus.name: stimulus for stimulus in given if isinstance(stimulus, Stimulus)}
    trains = {stimulus.name: stimulus for stimulus in given if isinstance(stimulus, SpikeTrains)}
    duration = _one("duration", {name: s.duration for name, s in (tables | trains).items() if s.duration is not None})
    n_trials = _n_trials(tables, trains)
    for stimulus in given:
        check_stimulus(network, stimulus, dt)
    check_shared(network, n_trials)
    n_steps = whole_steps("duration of the stimulus", duration, dt)
    changed, events = network, {}
    for name, stimulus in trains.items():
        changed, events[f"{name}{_TRAINS}"] = _as_population(changed, stimulus, (n_trials, n_steps), dt)
    return Inputs(changed, tables, events, n_trials, n_steps, duration, dt)


def check_stimulus(network: Network, stimulus: Stimulus | SpikeTrains, dt: float) -> None:
    """Refuse a stimulus that the projections from it cannot pass on.

    Parameters
    ----------
    network : Network
    stimulus : Stimulus or SpikeTrains
    dt : float, seconds

    Raises
    ------
    ValueError
        If it has another number of channels than its projections; if it has frames that are no whole number of steps, or act through
        a projection with delays or synapses of its own; or if it is a current and acts on anything but a parameter.
    """
    name, expected = stimulus.name, network.channels.get(stimulus.name, 0)
    n_channels = stimulus.values.shape[2] if isinstance(stimulus, Stimulus) else stimulus.n_channels
    if isinstance(stimulus, Stimulus):
        whole_steps("stimulus frame", stimulus.frame, dt)
    if n_channels is not None and n_channels != expected:
        raise ValueError(f"the stimulus '{name}' has {counted(n_channels, 'channel')}; the projections from it expect {expected}")
    if isinstance(stimulus, Stimulus):
        _check_synapses(network, {name: stimulus})
        if stimulus.kind == "current":
            _check_held(network, name)
        _check_delays(network, {name: stimulus})


def _check_synapses(network: Network, tables: Mapping[str, Stimulus]) -> None:
    """Frames become what is added to neurons, so that their synapses can do nothing else."""
    for projection in network.inputs:
        if projection.source in tables and projection.synapse != PULSE:
            raise ValueError(
                f"projection {projection.name} starts from frames of the stimulus '{projection.source}', whose synapses can only add "
                "their weight; give SpikeTrains, or put a population between them"
            )
    for projection in (p for p in network.inputs if p.source in tables):
        held = projection.receives or "drive" if tables[projection.source].kind == "current" else network.receiver(projection)
        for other in (p for p in network.projections if p.target == projection.target):
            if held in summed(other.synapse, network.receiver(other)):
                raise ValueError(
                    f"the stimulus '{projection.source}' acts on '{held}' of population '{projection.target}', which projection "
                    f"{other.name} sets to a sum in every step; give each a variable of its own"
                )


def _check_held(network: Network, stimulus: str) -> None:
    """A current takes the place of what it acts on, in every step: a parameter, which nothing else changes."""
    for projection in (p for p in network.inputs if p.source == stimulus):
        receiver, known = projection.receives or "drive", network.population(projection.target).model.parsed
        if receiver not in known:
            raise ValueError(
                f"population '{projection.target}' has no variable '{receiver}'; a stimulus of kind 'current' needs a model "
                "that declares 'drive : <unit>' as a parameter"
            )
        if known[receiver].type != PARAMETER:
            raise ValueError(
                f"projection '{projection.name}' receives in '{receiver}', which the equations of '{projection.target}' change; a "
                "stimulus of kind 'current' is held in a parameter, such as drive"
            )


def _check_delays(network: Network, tables: Mapping[str, Stimulus]) -> None:
    """Frames act at once on all targets; only spikes, one by one, can be on their way."""
    for projection in network.inputs:
        if projection.source in tables and np.any(projection.delay):
            raise ValueError(
                f"projection {projection.name} has a delay, and the stimulus '{projection.source}' consists of frames; shift its frames "
                "instead, or give SpikeTrains, which can have delays"
            )


def _n_trials(tables: Mapping[str, Stimulus], trains: Mapping[str, SpikeTrains]) -> int:
    """Number of trials that stimuli say, or of those that spikes are in."""
    told: dict[str, float] = {name: stimulus.n_trials for name, stimulus in tables.items()}
    told |= {name: stimulus.n_trials for name, stimulus in trains.items() if stimulus.n_trials is not None}
    found = max((extent(stimulus.trial) for stimulus in trains.values()), default=1)
    return int(_one("number of trials", told)) if told else found


def _check_names(network: Network, names: list[str]) -> None:
    for name in names:
        if names.count(name) > 1:
            raise ValueError(f"{names.count(name)} stimuli are named '{name}'; each needs a name of its own")
        if name in network.sizes:
            raise ValueError(f"the stimulus '{name}' has the name of a population; rename one of them")
    for name in network.channels:
        if name not in names:
            known = [*names, *network.sizes]
            raise ValueError(f"projections start from '{name}', which is neither given nor a population: "
                             f"{unknown_name(name, 'stimulus or population', known)}")  # fmt: skip


def _one(what: str, values: Mapping[str, float]) -> float:
    """The number that all stimuli share."""
    if not values:
        raise ValueError(f"no stimulus has a {what}; give one of them, such as SpikeTrains(..., duration=1*second)")
    first = next(iter(values.values()))
    if any(abs(value - first) > 1e-9 * first for value in values.values()):
        told = ", ".join(f"'{name}' {value:g}" for name, value in values.items())
        raise ValueError(f"stimuli differ in their {what}: {told}; all of a run must agree")
    return first


def _as_population(network: Network, trains: SpikeTrains, shape: tuple[int, int], dt: float) -> tuple[Network, Events]:
    """The network with neurons that spike as the trains say.

    Two spikes of a channel in one step are two neurons' with the same synapses, since a neuron spikes once per step.
    """
    n_channels, (n_trials, n_steps) = network.channels.get(trains.name, 0), shape
    limits = (("channel", trains.channel, n_channels), ("trial", trains.trial, n_trials), ("time", trains.time, n_steps * dt))
    for what, values, most in limits:
        if values.size and values.max() >= most:
            raise ValueError(
                f"a spike of the stimulus '{trains.name}' has the {what} {values.max():g}; it must be below {most:g}"
            )
    step = np.minimum(nearest_steps("time of a spike", trains.time, dt), n_steps - 1).astype(np.int32)
    # One number for each place, whose order is that of trials, steps and channels: sorted in a tenth of the time of three columns.
    shape_of_places = (n_trials, n_steps, max(1, n_channels))
    places = np.sort(np.ravel_multi_index((trains.trial, step, trains.channel), shape_of_places))
    trial, step, channel = (column.astype(np.int32) for column in np.unravel_index(places, shape_of_places))
    # The second spike of a channel in a step is one of a second neuron, which has the same synapses; and so on.
    again = _repeats(places)
    n_layers = 1 + int(again.max(initial=0))
    name = f"{trains.name}{_TRAINS}"
    _check_repeats(network, trains.name, n_layers)
    population = Population(name, max(1, n_channels * n_layers), _NEURON_OF_TRAINS)
    projections = tuple(_repeated(p, name, n_layers) if p.source == trains.name else p for p in network.projections)
    neuron = channel + again.astype(np.int32) * np.int32(n_channels)
    return Network((*network.populations, population), projections), Events(trial, step, neuron)


def _check_repeats(network: Network, name: str, n_layers: int) -> None:
    for projection in network.inputs if n_layers > 1 else ():
        if projection.source == name and projection.synapse.has_state:
            raise ValueError(
                f"projection {projection.name}: a channel of the stimulus '{name}' has {n_layers} spikes in one step; synapses with a "
                "state take one per step, so leave out the others or lower dt"
            )


def _repeats(places: Integers) -> Integers:
    """How often the same number has come before, in an array (n,) that is sorted."""
    new = np.diff(places, prepend=-1) != 0
    if new.all():
        return np.zeros(places.size, dtype=np.int64)
    place = np.arange(places.size)
    # The place of the last new number, carried forward, taken from the own place: 0 for new ones, 1, 2, ... for repeats.
    return place - np.maximum.accumulate(np.where(new, place, 0))


def _repeated(projection: Projection, source: str, n: int) -> Projection:
    links, (n_sources, n_targets) = projection.links, projection.links.shape
    sources = (links.sources + n_sources * np.arange(n, dtype=np.int32)[:, None]).ravel()
    delays = np.tile(links.delays, n) if np.ndim(links.delays) else links.delays
    columns = (sources, np.tile(links.targets, n), (n * n_sources, n_targets), np.tile(links.weights, n), delays)
    model = projection.synapse  # without a state here, but it may have a constant for each synapse
    each = {part: {name: _each(value, n) for name, value in getattr(model, part).items()} for part in ("constants", "delays")}
    return replace(projection, source=source, links=Links(*columns), synapse=replace(model, **each) if n > 1 else model)


def _each(value: Any, n: int) -> Any:
    return np.concatenate([value] * n) if np.ndim(value) else value


def _impulses(stimulus: Stimulus, rng: np.random.Generator, frame_steps: int, *, several: bool) -> np.ndarray:
    """Numbers of input spikes (n_trials, n_steps, n_channels), one per step at most or several."""
    if stimulus.kind == "spikes":
        n_trials, n_frames, n_channels = stimulus.values.shape
        spikes = np.zeros((n_trials, n_frames, frame_steps, n_channels))
        spikes[:, :, 0] = stimulus.values
        return spikes.reshape(n_trials, n_frames * frame_steps, n_channels)
    if several:
        return poisson_counts(stimulus, frame_steps, rng)
    chance = np.repeat(stimulus.values, frame_steps, axis=1) * (stimulus.frame / frame_steps)
    return rng.random(chance.shape, dtype=np.float32) < chance


def _dense_enough(weights: sparse.csr_array) -> Any:
    """The matrix as a dense one where that is faster: from about a tenth of all links on."""
    return weights.toarray() if weights.nnz > 0.1 * weights.shape[0] * weights.shape[1] else weights


def _product(signal: np.ndarray, matrix: Any, n_copies: int) -> np.ndarray:
    """Products (n_rows, n_copies * n_neurons) of signal (n_trials, n_rows, n_channels) and weights; surplus copies get zeros."""
    n_trials, n_rows, n_channels = signal.shape
    by_row = np.ascontiguousarray(signal.transpose(1, 0, 2), dtype=float)
    if n_trials < n_copies:  # all products of one shape, so that rounding is the same wherever a trial stands
        by_row = np.concatenate([by_row, np.zeros((n_rows, n_copies - n_trials, n_channels))], axis=1)
    return (by_row.reshape(-1, n_channels) @ matrix).reshape(n_rows, -1)
