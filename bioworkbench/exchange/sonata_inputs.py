"""What drives a SONATA circuit: the spikes of its virtual nodes, and which nodes a node set names."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from bioworkbench.exchange.sonata_config import SonataConfig, read_json
from bioworkbench.exchange.sonata_nodes import SonataNodes
from bioworkbench.exchange.sonata_spikes import read_sonata_trains
from bioworkbench.records.errors import ResultError, unknown_name
from bioworkbench.records.stimulus import SpikeTrains

__all__ = ["circuit_stimuli", "nodes_of_set", "simulated_times"]

_ID = "node_id"


def simulated_times(parts: Sequence[SonataConfig]) -> tuple[float | None, float | None]:
    """Duration and step of the simulation that the `parts` of a configuration name, seconds; None where they do not say."""
    run = next((part.content["run"] for part in parts if isinstance(part.content.get("run"), dict)), {})
    for key in ("tstop", "dt"):
        if key in run and not (isinstance(run[key], int | float) and 0 < run[key] < np.inf):
            raise ResultError(f"{parts[0].path}: run.{key} = {run[key]!r:.60}; it is a time above 0, in ms")
    duration, dt = (float(run[key]) * 1e-3 if key in run else None for key in ("tstop", "dt"))
    return duration, dt


def circuit_stimuli(
    parts: Sequence[SonataConfig], nodes: Mapping[str, SonataNodes], names: Mapping[str, str], duration: float | None
) -> tuple[list[SpikeTrains], list[str]]:
    """Spike trains of virtual nodes, and inputs that are not carried.

    Parameters
    ----------
    parts : sequence of SonataConfig
    nodes : mapping from node population to SonataNodes
    names : mapping from node population to its name in the network
    duration : float, seconds, optional

    Returns
    -------
    stimuli : list of SpikeTrains
    lost : list of str

    Raises
    ------
    ResultError
        If a file is missing or damaged, or a node set is unknown or names several populations.
    """
    stimuli: dict[str, SpikeTrains] = {}
    lost = []
    for part in parts:
        for name, given in part.content.get("inputs", {}).items():
            if given.get("module") == "IClamp" or given.get("input_type") == "current_clamp":
                continue  # see sonata_clamps
            if given.get("input_type") != "spikes":
                lost.append(f"input '{name}' of type {given.get('input_type')}")
                continue
            population, chosen = nodes_of_set(part, name, given.get("node_set"), nodes)
            trains = read_sonata_trains(part.file(given["input_file"]), population, name=names[population], duration=duration)
            inside = np.ones(len(trains), dtype=bool) if duration is None else trains.time < duration
            if not inside.all():
                lost.append(f"{int((~inside).sum())} spikes of input '{name}' after the end of the simulation at {duration:g} s")
            meant = np.isin(trains.channel, np.flatnonzero(chosen))
            if not meant.all():
                lost.append(f"{int((~meant).sum())} spikes of input '{name}' of nodes that its node set does not hold")
            kept = inside & meant
            trains = SpikeTrains(trains.name, trains.trial[kept], trains.channel[kept], trains.time[kept], duration, 1)
            stimuli[population] = _joined(stimuli.get(population), trains)
    lost += [f"spikes of '{name}': no input file" for name, one in nodes.items() if one.virtual and name not in stimuli]
    return list(stimuli.values()), lost


def _joined(first: SpikeTrains | None, second: SpikeTrains) -> SpikeTrains:
    """Spikes of two inputs to one population."""
    if first is None:
        return second
    trial, channel, time = (
        np.concatenate([getattr(one, key) for one in (first, second)]) for key in ("trial", "channel", "time")
    )
    return SpikeTrains(first.name, trial, channel, time, first.duration, 1)


def nodes_of_set(config: SonataConfig, name: str, given: Any, nodes: Mapping[str, SonataNodes]) -> tuple[str, np.ndarray]:
    """Population that an input goes to, and which of its nodes.

    Parameters
    ----------
    config : SonataConfig
    name : str
        Of the input, for messages.
    given : str or mapping
        The name of a node set or of a population; or what attributes nodes have, each a value or a list of them.
    nodes : mapping from node population to SonataNodes

    Returns
    -------
    population : str
    chosen : bool array (n_nodes,)

    Raises
    ------
    ResultError
        If there is no such set or population, or nodes of no population, or of several, are in it.
    """
    where = f"{config.path}: input '{name}'"
    sets = config.content.get("node_sets_file")
    known = read_json(config.file(sets)) if sets else {}
    if isinstance(given, str) and given not in known:
        if given not in nodes:
            raise ResultError(f"{where}: {unknown_name(given, 'node set or population', [*known, *nodes])}")
        return given, np.ones(nodes[given].size, dtype=bool)
    chosen = {one.population: _members(where, given, known, one, 0) for one in nodes.values()}
    filled = [population for population, members in chosen.items() if members.any()]
    if len(filled) != 1:
        raise ResultError(
            f"{where}: the node set {given!r} holds nodes of {', '.join(filled) or 'no population'}; it must be one"
        )
    return filled[0], chosen[filled[0]]


def _members(where: str, given: Any, known: Mapping[str, Any], nodes: SonataNodes, depth: int) -> np.ndarray:
    """Nodes (n,) of a population that a node set holds; a list of names is all of these sets together."""
    if depth > len(known) + 1:
        raise ResultError(f"{where}: node sets {', '.join(known)} name each other in a circle")
    if isinstance(given, list):
        found = [_members(where, one, known, nodes, depth + 1) for one in given]
        return np.any(found, axis=0) if found else np.zeros(nodes.size, dtype=bool)
    if isinstance(given, str):
        if given not in known:
            raise ResultError(f"{where}: {unknown_name(given, 'node set', known)}")
        return _members(where, known[given], known, nodes, depth + 1)
    if not isinstance(given, Mapping):
        raise ResultError(f"{where}: the node set {given!r} is not a table of attributes, nor a list of node sets")
    inside = np.ones(nodes.size, dtype=bool)
    for attribute, values in given.items():
        inside &= np.isin(_attribute(nodes, attribute), np.asarray(values if isinstance(values, list) else [values]))
    return inside


def _attribute(nodes: SonataNodes, name: str) -> np.ndarray:
    if name == "population":
        return np.full(nodes.size, nodes.population)
    if name == _ID:
        return np.arange(nodes.size)
    found = nodes.table.get(name)
    return np.full(nodes.size, "\0") if found is None else np.asarray(found.tolist())
