"""The state of a run as plain arrays: what is read from Brian2 objects at the end, and put into them where another run goes on.

It becomes values of a job, so that a backend sets a state as it sets everything else; only spikes on their way, the time and random
numbers need more.
"""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

import numpy as np
from brian2.equations.equations import DIFFERENTIAL_EQUATION, PARAMETER

from bioworkbench.records.network import Network, Projection
from bioworkbench.records.probe import owner_and_variable, variable_name
from bioworkbench.records.protocol import InFlight, RunState
from bioworkbench.records.synapse import WEIGHT
from bioworkbench.simulation.chunk import Chunk
from bioworkbench.simulation.finite import all_equations
from bioworkbench.simulation.job import Continued, Job, Left, spike_projections
from bioworkbench.simulation.object_names import our_name, our_pathway
from bioworkbench.simulation.poisson import PoissonStreams
from bioworkbench.simulation.trials import synapse_order
from bioworkbench.simulation.values import ValueKind, ValueName

__all__ = [
    "HIDDEN",
    "continued",
    "gathered_state",
    "left_by",
    "left_by_name",
    "queue_name",
    "set_random",
    "start_queues",
]

HIDDEN = ("lastspike", "not_refractory", "lastupdate")  # variables of Brian2's own that a run changes


def _left_variables(group: Any) -> list[str]:
    """Variables of a Brian2 `group` that a run may change."""
    names = [
        name
        for name, equation in all_equations(group).items()
        if equation.type in (DIFFERENTIAL_EQUATION, PARAMETER) and not {"constant", "linked"} & set(equation.flags)
    ]
    hidden = (name for name in HIDDEN if name in group.variables and group.variables[name].owner.name == group.name)
    return list(dict.fromkeys((*names, *hidden)))  # the equations of neurons list some of them


def left_by_name(built: Any) -> Iterator[tuple[str, Any]]:
    """Names in a state, and the variables of the objects `built` that they are of."""
    for groups, of_synapses in ((built.groups, False), (built.synapses, True)):
        for owner, group in groups.items():
            for variable in _left_variables(group):
                yield variable_name(owner, our_name(variable, of_synapses=of_synapses)), group.variables[variable]


def left_by(built: Any, random: Any) -> Left:
    """State of Brian2 objects after a run in this process.

    Parameters
    ----------
    built : Built
    random : object
        State of the device's random numbers.

    Returns
    -------
    Left
    """
    values = {name: np.array(variable.get_value()) for name, variable in left_by_name(built)}
    queues = {}
    for name, synapses in built.synapses.items():
        for pathway in synapses._pathways:
            queues[queue_name(name, pathway)] = _waiting(pathway.queue)
    backgrounds = {name: [_lanes(stream) for stream in streams] for name, streams in built.backgrounds.items()}
    return Left(values, queues, (random, backgrounds))


def _lanes(stream: PoissonStreams) -> list[list[np.ndarray]]:
    return [list(lanes.state) for lanes, _ in stream.parts]


def set_random(built: Any, device: Any, random: Any) -> None:
    """Put random numbers where a run left them.

    Parameters
    ----------
    built : Built
    device : RuntimeDevice
    random : object
        From `Left`.
    """
    numbers, backgrounds = random
    device.set_random_state(numbers)
    for name, streams in backgrounds.items():
        for stream, states in zip(built.backgrounds[name], streams, strict=True):
            for (lanes, _), state in zip(stream.parts, states, strict=True):
                lanes.state = list(state)


def queue_name(projection: str, pathway: Any) -> str:
    """Name in a state of the spikes on their way through a `pathway`, an object of Brian2, of a `projection`."""
    return variable_name(projection, our_pathway(pathway.objname))


def _waiting(queue: Any) -> tuple[np.ndarray, np.ndarray]:
    """Steps until they arrive, 1 for the next, and synapses of spikes on their way."""
    offset, places = queue._full_state()
    ahead = [np.asarray(places[(offset + k) % len(places)], dtype=np.int64) for k in range(len(places))]
    steps = np.repeat(1 + np.arange(len(places)), [len(spikes) for spikes in ahead])
    return steps, np.concatenate([np.zeros(0, np.int64), *ahead])


def start_queues(built: Any, start: Continued) -> None:
    """Put spikes on their way into the queues of Brian2 objects, before a run.

    Parameters
    ----------
    built : Built
    start : Continued
    """
    for name, synapses in built.synapses.items():
        for pathway in synapses._pathways:
            steps, spikes = start.queues.get(queue_name(name, pathway), (np.zeros(0, int), np.zeros(0, int)))
            places = [spikes[steps == k].tolist() for k in range(1, int(steps.max(initial=1)) + 1)]
            pathway.queue._restore_from_full_state((0, places))


def gathered_state(network: Network, lefts: list[tuple[Chunk, Left]], about: Mapping[str, Any], limit: int) -> RunState:
    """State of all trials.

    Parameters
    ----------
    network : Network
    lefts : list of (Chunk, Left)
        In order of trials.
    about : mapping
        Further fields of the `RunState`.
    limit : int
        `Inputs.delay_limit` of the run.

    Returns
    -------
    RunState
    """
    dt = about["dt"]
    orders = {p.name: synapse_order(p, dt, limit) for p in spike_projections(network)}
    places = {name: None if order is None else np.argsort(order) for name, order in orders.items()}
    values = {}
    for name in lefts[0][1].values:
        parts = [_by_trial(left.values[name], chunk) for chunk, left in lefts]
        place = places.get(owner_and_variable(name)[0])
        joined = np.concatenate(parts)
        values[name] = joined if place is None or joined.shape[1] == 1 else joined[:, place]
    projections = {p.name: p for p in spike_projections(network)}
    in_flight = {}
    for name in lefts[0][1].queues:
        owner, _ = owner_and_variable(name)
        in_flight[name] = _in_flight(projections[owner], orders[owner], name, lefts)
    return RunState(values, in_flight, random=tuple(left.random for _, left in lefts), n_copies=lefts[0][0].n_copies, **about)


def _by_trial(values: np.ndarray, chunk: Chunk) -> np.ndarray:
    """Values (n_trials, n); what all copies share is given to each."""
    if values.size < chunk.n_copies:
        return np.broadcast_to(values.reshape(1, -1), (chunk.n_trials, values.size)).copy()
    return values.reshape(chunk.n_copies, -1)[: chunk.n_trials]


def _in_flight(projection: Projection, order: Any, name: str, lefts: list[tuple[Chunk, Left]]) -> InFlight:
    columns = []
    for chunk, left in lefts:
        steps, spikes = left.queues[name]
        copy, place = np.divmod(spikes, projection.n_synapses)
        kept = copy < chunk.n_trials
        columns.append((copy[kept] + chunk.first, (place if order is None else order[place])[kept], steps[kept]))
    return InFlight(*(np.concatenate(column) for column in zip(*columns, strict=True)))


def continued(job: Job, state: RunState, chunk: Chunk, limit: int) -> Job:
    """A job of a chunk of trials that goes on from a state.

    Parameters
    ----------
    job : Job
    state : RunState
    chunk : Chunk
    limit : int
        `Inputs.delay_limit` of the run.

    Returns
    -------
    Job

    Raises
    ------
    ValueError
        If the network has other variables than that which left the state.
    """
    trials = np.minimum(np.arange(chunk.first, chunk.first + chunk.n_copies), state.n_trials - 1)  # surplus copies hold anything
    projections = {p.name: p for p in spike_projections(job.network)}
    orders = {name: synapse_order(p, state.dt, limit) for name, p in projections.items()}
    values, queues = dict[ValueName, np.ndarray](), {}
    for name, array in state.values.items():
        owner, variable = owner_and_variable(name)
        model = projections[owner].synapse if owner in projections else job.network.population(owner).model
        shared = variable in model.parsed and "shared" in model.parsed[variable].flags
        rows = array[trials[:1] if shared else trials]
        place = ValueKind.NEURONS.of(owner, variable)
        if owner in projections:
            place = ValueKind.SYNAPSES.of(owner, "w") if variable == WEIGHT else ValueKind.STATE.of(owner, variable)
            rows = rows if shared or orders[owner] is None else rows[:, orders[owner]]
        values[place] = rows.ravel()
    for name, spikes in state.in_flight.items():
        owner, _ = owner_and_variable(name)
        if owner in projections:
            queues[name] = _simulated(spikes, chunk, projections[owner], orders[owner])
        elif len(spikes):
            raise ValueError(
                f"{len(spikes)} spikes are on their way through '{name}' of the state, which this network does not have"
            )
    start = Continued(state.step, queues, state.random[chunk.number] if state.random else None, frozenset(values))
    return replace(job, values={**job.values, **values}, start=start)


def _simulated(spikes: InFlight, chunk: Chunk, projection: Projection, order: Any) -> tuple[np.ndarray, np.ndarray]:
    """Steps and synapses of the spikes of a chunk, as they are simulated."""
    of_chunk = (spikes.trial >= chunk.first) & (spikes.trial < chunk.first + chunk.n_trials)
    link = spikes.synapse % projection.n_synapses  # of repeated channels of a stimulus
    place = link if order is None else np.argsort(order)[link]
    simulated = place + (spikes.trial - chunk.first) * projection.n_synapses
    return spikes.steps[of_chunk], simulated[of_chunk]
