"""Recordings that Neo reads: spike trains and analog signals of any block."""

from pathlib import Path
from typing import Any

import numpy as np

from bioworkbench.exchange.events import RecordedSpikes
from bioworkbench.exchange.extras import extra
from bioworkbench.exchange.signals import Signal
from bioworkbench.records.data_paths import existing_file
from bioworkbench.records.elsewhere import reason_elsewhere
from bioworkbench.records.errors import ResultError, unknown_name

__all__ = ["NEO_READERS", "block_events", "block_signal", "read_block"]

NEO_READERS = {
    ".abf": "AxonIO",
    ".edf": "EDFIO",
    ".mat": "NeoMatlabIO",
    ".nev": "BlackrockIO",
    ".plx": "PlexonIO",
    ".smr": "Spike2IO",
}
"""Classes of `neo.io` by the suffix of the file; none of them unpickles what it reads."""


def read_block(file: str | Path) -> Any:
    """First block of a recording.

    Parameters
    ----------
    file : str or path
        With a suffix of `NEO_READERS`.

    Returns
    -------
    neo.Block

    Raises
    ------
    ResultError
        If Neo is missing, or the file is of a kind that is not read, or damaged.
    """
    path = Path(file)
    if path.suffix.lower() not in NEO_READERS:
        raise ResultError(
            f"{path} has the suffix '{path.suffix}'; known are {', '.join(NEO_READERS)}. Read others with Neo, and give the block to "
            "trains_of_block or signal_of_block"
        )
    path = existing_file(path)
    neo = extra("neo")
    if path.suffix.lower() == ".mat" and (reason := reason_elsewhere("matlab", path)):
        raise ResultError(f"{path} cannot be read by Neo: {reason}")
    try:
        blocks = getattr(neo.io, NEO_READERS[path.suffix.lower()])(filename=str(path)).read()
        found = blocks[0] if isinstance(blocks, list) else blocks
        if found is None:
            raise ValueError("it holds no block")
        return found
    except Exception as error:  # readers of many formats fail in many ways on damaged files
        raise ResultError(f"{path} cannot be read by Neo: {str(error) or type(error).__name__}") from error


def block_events(block: Any) -> RecordedSpikes:
    """Spikes of a Neo block: a trial for each segment, a channel for each train.

    Parameters
    ----------
    block : neo.Block

    Returns
    -------
    RecordedSpikes
        Times count from where the segment begins.

    Raises
    ------
    ValueError
        If there are no trains, or segments differ in how many they have.
    """
    n_each = [len(segment.spiketrains) for segment in block.segments]
    if not n_each or len(set(n_each)) > 1 or not n_each[0]:
        raise ValueError(
            f"block '{block.name}' has segments with {n_each} spike trains; each needs as many as the first, since a train is a channel"
        )
    trial, channel, time = [], [], []
    for number, segment in enumerate(block.segments):
        for k, train in enumerate(segment.spiketrains):
            times = np.asarray(train.rescale("s").magnitude, dtype=float) - float(segment.t_start.rescale("s"))
            trial.append(np.full(times.size, number))
            channel.append(np.full(times.size, k))
            time.append(times)
    return RecordedSpikes(np.concatenate(trial), np.concatenate(channel), np.concatenate(time), n_each[0], len(n_each))


def block_signal(block: Any, name: str) -> list[Signal]:
    """Analog signal of each segment of a Neo block.

    Parameters
    ----------
    block : neo.Block
    name : str
        Of the signal.

    Returns
    -------
    list of Signal
        Values in the unit that the signal has; times count from where the segment begins.

    Raises
    ------
    ValueError
        If a segment has no such signal, or several, or segments have other numbers of channels or units that are not of one kind.
    """
    found: list[Signal] = []
    for number, segment in enumerate(block.segments):
        where = f"segment {number} of block '{block.name}'"
        signal = _called(segment, name, where)
        if found and found[0].unit != str(signal.units.dimensionality):  # a stimulus has one unit
            signal = _rescaled(signal, found[0].unit, where)
        times = signal.times.rescale("s").magnitude - float(segment.t_start.rescale("s"))
        unit = str(signal.units.dimensionality)
        found.append(Signal(times, np.asarray(signal.magnitude, dtype=float), f"{where}, signal '{name}'", unit))
    widths = [signal.values.shape[1] for signal in found]
    if len(set(widths)) != 1:
        raise ValueError(f"signal '{name}' of block '{block.name}' has {widths} channels in its segments; all need as many")
    return found


def _called(segment: Any, name: str, where: str) -> Any:
    """The signal of a segment that has a name."""
    names = [str(signal.name) for signal in segment.analogsignals]
    if name not in names:
        raise ValueError(unknown_name(name, f"analog signal of {where}", names))
    if names.count(name) > 1:
        raise ValueError(f"{where} has {names.count(name)} analog signals '{name}'; give each a name of its own")
    return segment.analogsignals[names.index(name)]


def _rescaled(signal: Any, unit: str, where: str) -> Any:
    """A signal in another unit of its kind."""
    try:
        return signal.rescale(unit)
    except ValueError as error:
        raise ValueError(f"{where} has signal '{signal.name}' in {signal.units.dimensionality}, the first in {unit}") from error
