"""Current clamps of SONATA simulations as stimuli."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import gcd
from typing import Any

import numpy as np

from bioworkbench.exchange.signals import framed
from bioworkbench.exchange.sonata_config import SonataConfig
from bioworkbench.exchange.sonata_currents import HDF5, amperes, recorded_current
from bioworkbench.exchange.sonata_inputs import nodes_of_set
from bioworkbench.exchange.sonata_nodes import SonataNodes
from bioworkbench.records.errors import ResultError
from bioworkbench.records.links import Links
from bioworkbench.records.names import as_identifier
from bioworkbench.records.network import Network, Projection
from bioworkbench.records.stimulus import Stimulus
from bioworkbench.records.tables import read_table
from bioworkbench.records.units import Quantity, parse_quantity

__all__ = ["Clamps", "circuit_clamps", "is_clamp"]

_TICK = 1e-6  # seconds; times of clamps are whole ones
_NO_UNIT = "its currents have no unit, give current_unit"
_MOST_FRAMES = 10_000_000


@dataclass(frozen=True)
class Clamps:
    """Currents, what they act on, and what is not carried.

    Parameters
    ----------
    stimuli : tuple of Stimulus
    projections : tuple of Projection
    lost : tuple of str
    """

    stimuli: tuple[Stimulus, ...] = ()
    projections: tuple[Projection, ...] = ()
    lost: tuple[str, ...] = ()


def is_clamp(given: Mapping[str, Any]) -> bool:
    """Whether an entry that is `given` among the inputs of a simulation is a current clamp."""
    return given.get("module") == "IClamp" or given.get("input_type") == "current_clamp"


def circuit_clamps(
    parts: Sequence[SonataConfig],
    nodes: Mapping[str, SonataNodes],
    names: Mapping[str, str],
    network: Network,
    unit: str,
    duration: float | None,
    frame: float | None,
) -> Clamps:
    """Current clamps of a simulation: steps, a table of times and currents, or a recorded current.

    Parameters
    ----------
    parts : sequence of SonataConfig
    nodes : mapping from node population to SonataNodes
    names : mapping from node population to its name in the network
    network : Network
    unit : str
        Of currents: the format says nA, NEST and BMTK's point neurons take pA. Without it they are listed as lost, where the file of a
        current has no unit of its own.
    duration : float, seconds, optional
    frame : float, seconds, optional
        Of recorded currents, whose mean over each frame is taken; by default their own interval.

    Returns
    -------
    Clamps

    Raises
    ------
    ResultError
        If amplitudes, delays and durations do not go together, a file is missing or damaged, or a node set is unknown.
    """
    found, lost = list[tuple[Stimulus, Projection]](), list[str]()
    for part in parts:
        for name, given in part.content.get("inputs", {}).items():
            if not is_clamp(given):
                continue
            what = f"input '{name}' of type {given.get('input_type')}"
            if duration is None:
                lost.append(f"{what}: the run has no duration")
                continue
            if given.get("input_type") not in _KINDS:
                lost.append(what)
                continue
            if not unit and given["input_type"] in ("current_clamp", "csv"):
                lost.append(f"{what}: {_NO_UNIT}")
                continue
            population, chosen = nodes_of_set(part, name, given.get("node_set"), nodes)
            target = names[population]
            if target not in network.sizes or not _takes_current(network, target):
                lost.append(f"{what}: '{population}' has no variable 'drive' that is a current")
                continue
            if given["input_type"] in _RECORDED and (missing := _missing(part, given)):
                lost.append(f"{what}: {missing}")  # recordings are seldom passed on with a circuit, which is whole without them
                continue
            stimulus = _KINDS[given["input_type"]](part, name, given, unit, duration, frame)
            if stimulus is None:
                lost.append(f"{what}: {_NO_UNIT}")
                continue
            indices = np.flatnonzero(chosen).astype(np.int32)
            ends = np.zeros(indices.size, dtype=np.int32), indices
            one = Quantity(1.0, dim=parse_quantity("1 amp").dim)
            links = Links(*ends, (1, network.sizes[target]), one)
            found.append((stimulus, Projection(stimulus.name, target, links, receives="drive", name=f"{stimulus.name}_{target}")))
    return Clamps(tuple(one for one, _ in found), tuple(one for _, one in found), tuple(lost))


def _takes_current(network: Network, name: str) -> bool:
    known: Any = network.population(name).model.parsed
    return "drive" in known and known["drive"].dim is parse_quantity("1 amp").dim


def _steps(
    part: SonataConfig, name: str, given: Mapping[str, Any], unit: str, duration: float, frame: float | None
) -> Stimulus | None:
    """Steps that the configuration gives."""
    columns = [np.atleast_1d(np.asarray(given.get(key, ()), dtype=float)) for key in ("delay", "duration", "amp")]
    if len({column.size for column in columns}) != 1 or columns[0].size == 0:
        told = ", ".join(f"{key} {column.size}" for key, column in zip(("delay", "duration", "amp"), columns, strict=True))
        raise ResultError(f"{part.path}: input '{name}' has {told} values; a step has one of each")
    if min(column.min() for column in columns[:2]) < 0:
        raise ResultError(f"{part.path}: input '{name}' has a delay or duration below 0")
    table = np.column_stack([columns[0], columns[0] + columns[1], columns[2]])
    return _of_steps(part, name, table, unit, duration)


def _listed(
    part: SonataConfig, name: str, given: Mapping[str, Any], unit: str, duration: float, frame: float | None
) -> Stimulus | None:
    """Steps of a table, each of which ends where the next one begins."""
    path = part.file(given["file"])
    if path.suffix.lower() in HDF5:
        return _recorded(part, name, given, unit, duration, frame)
    columns = given.get("timestamps_column", "timestamps"), given.get("amplitudes_column", "amps")
    try:
        numbers = read_table(path).numbers(columns)
    except ValueError as error:
        raise ResultError(f"{path}: {error}") from error
    if np.isnan(numbers).any() or (np.diff(numbers[:, 0]) <= 0).any() or numbers[:, 0].min(initial=0.0) < 0:
        raise ResultError(
            f"{path}: input '{name}' has times that do not grow, or a value is missing; times begin at 0 ms or later"
        )
    ends = np.append(numbers[1:, 0], max(duration * 1e3, numbers[-1:, 0].max(initial=0.0)))
    return _of_steps(part, name, np.column_stack([numbers[:, 0], ends, numbers[:, 1]]), unit, duration)


def _of_steps(part: SonataConfig, name: str, table: np.ndarray, unit: str, duration: float) -> Stimulus | None:
    """Currents of steps, which add up where they overlap, in frames that all times are whole numbers of; None without a unit."""
    if not unit:
        return None
    end = round(duration / _TICK)
    times = np.rint(np.clip(table[:, :2] * 1e-3, 0, duration) / _TICK)
    frame = gcd(end, *(int(one) for one in times.ravel().tolist()))
    if end // frame > _MOST_FRAMES:
        raise ResultError(f"{part.path}: input '{name}' has times that need {end // frame:.3g} frames; give times in whole steps")
    values = np.zeros((1, end // frame, 1))
    for (first, last), current in zip(times.astype(np.int64) // frame, table[:, 2], strict=True):
        values[0, first:last] += current
    return Stimulus(values * amperes(unit, "current_unit"), frame * _TICK, "current", as_identifier("stimulus", name))


def _recorded(
    part: SonataConfig, name: str, given: Mapping[str, Any], unit: str, duration: float, frame: float | None
) -> Stimulus | None:
    """A current that was recorded; None where neither the file nor `unit` says its unit."""
    where = f"{part.path}: input '{name}'"
    signal = recorded_current(part.file(given["file"]), given, where)
    if not (signal.unit or unit):
        return None
    scale = amperes(signal.unit, signal.where) if signal.unit else amperes(unit, "current_unit")
    n_frames = max(1, round(duration / (frame or signal.interval)))
    if n_frames > _MOST_FRAMES:
        raise ResultError(f"{where} needs {n_frames} frames of {frame or signal.interval:g} s; give a longer frame")
    length = duration / n_frames  # the whole run in frames as long as is wanted, or nearly so
    values = framed(signal, length, 0.0, duration)
    return Stimulus(values[None] * scale, length, "current", as_identifier("stimulus", name))


def _missing(part: SonataConfig, given: Mapping[str, Any]) -> str:
    """Why the file of an input is not there; "" if it is."""
    try:
        part.file(given.get("file", ""))
    except ResultError as error:
        return str(error)
    return ""


_RECORDED = ("nwb", "allen", "h5", "hdf5")
_KINDS = {"current_clamp": _steps, "csv": _listed, "file": _listed, **dict.fromkeys(_RECORDED, _recorded)}
"""By the type of the input: functions that make the stimulus."""
