"""Stimuli from files: recorded spikes and signals, as what goes into a network.

Each function takes the name that projections call the stimulus. Recordings of spikes become `SpikeTrains`, which act spike by spike;
signals become a `Stimulus` of frames. Times count from `start` of the file, and what comes after `stop` is left out; without
`stop`, everything is taken.
"""

from pathlib import Path
from typing import Any

from bioworkbench.exchange.events import RecordedSpikes, heidelberg_events, nmnist_events
from bioworkbench.exchange.nwb_reader import nwb_events, nwb_signal
from bioworkbench.exchange.recorded import block_events, block_signal, read_block
from bioworkbench.exchange.sonata_reports import sonata_signal
from bioworkbench.exchange.sonata_spikes import read_sonata_trains
from bioworkbench.exchange.stimulus_tables import spike_table, value_table
from bioworkbench.exchange.taken import frames_of, trains_of
from bioworkbench.records.annotations import Seconds
from bioworkbench.records.arrays import as_indices, count
from bioworkbench.records.data_paths import existing_file
from bioworkbench.records.stimulus import SpikeTrains, Stimulus, StimulusKind

__all__ = [
    "aer",
    "heidelberg",
    "neo_recording",
    "nwb",
    "signal_of_block",
    "sonata_report",
    "sonata_spikes",
    "spike_table",
    "trains_of_block",
    "value_table",
]


def nwb(
    name: str,
    *,
    file: Path,
    series: str = "",
    trials: bool = False,
    frame: Seconds | None = None,
    values: StimulusKind = "current",
    start: Seconds = 0.0,
    stop: Seconds | None = None,
) -> SpikeTrains | Stimulus:
    """Spikes of the units of an NWB file, or one of its time series.

    Parameters
    ----------
    name : str
        What projections call the stimulus.
    file : path
        From the folder of the process, or below ``BIOWORKBENCH_DATA``.
    series : str
        Name of the time series, or its path in the file; without one, spikes of the units, a channel for each.
    trials : bool
        Whether spikes are cut at the trials that the file lists, each counted from its own start; all must be equally long.
    frame : float, seconds
        Of a time series, which is averaged over it; by default the time between two samples.
    values : {"current", "rate", "spikes"}
        What a time series is.
    start, stop : float, seconds
        Of the part that is taken, of each trial where these are cut.

    Returns
    -------
    SpikeTrains, or Stimulus of one trial
        A series in the unit of the file, its conversion and offset applied.

    Raises
    ------
    ResultError
        If the file is not NWB, is damaged, or has no such series.
    ValueError
        If the part is empty.
    """
    if series:
        return frames_of(name, nwb_signal(file, series), frame, values, start, stop)
    return trains_of(name, nwb_events(file, trials=trials), start, stop)


def neo_recording(
    name: str,
    *,
    file: Path,
    signal: str = "",
    frame: Seconds | None = None,
    values: StimulusKind = "current",
    start: Seconds = 0.0,
    stop: Seconds | None = None,
) -> SpikeTrains | Stimulus:
    """Spikes or a signal from a recording that Neo reads: MATLAB files of Neo objects, Axon, Blackrock, EDF, Plexon, Spike2.

    Parameters
    ----------
    name : str
        What projections call the stimulus.
    file : path
        Its first block is read.
    signal : str
        Name of the analog signal; without one, spikes, a channel for each train of a segment.
    frame : float, seconds
        Of a signal, which is averaged over it; by default the time between two samples.
    values : {"current", "rate", "spikes"}
        What a signal is.
    start, stop : float, seconds
        Of the part of each segment that is taken, counted from where the segment begins.

    Returns
    -------
    SpikeTrains or Stimulus
        A trial for each segment.

    Raises
    ------
    ResultError
        If Neo is missing, or the file is of a kind that is not read, or damaged.
    ValueError
        As `trains_of_block` and `signal_of_block`.
    """
    block = read_block(file)
    if signal:
        return signal_of_block(block, signal, name=name, frame=frame, values=values, start=start, stop=stop)
    return trains_of_block(block, name=name, start=start, stop=stop)


def trains_of_block(block: Any, *, name: str = "input", start: Seconds = 0.0, stop: Seconds | None = None) -> SpikeTrains:
    """Spike trains of any Neo block as a stimulus: a trial for each segment, a channel for each train of it.

    Parameters
    ----------
    block : neo.Block
    name : str
        What projections call the stimulus.
    start, stop : float, seconds
        Of the part of each segment that is taken, counted from where the segment begins.

    Returns
    -------
    SpikeTrains

    Raises
    ------
    ValueError
        If there are no trains, or segments differ in how many they have.
    """
    return trains_of(name, block_events(block), start, stop)


def signal_of_block(
    block: Any,
    signal: str,
    *,
    name: str = "input",
    frame: Seconds | None = None,
    values: StimulusKind = "current",
    start: Seconds = 0.0,
    stop: Seconds | None = None,
) -> Stimulus:
    """An analog signal of any Neo block as a stimulus, in the unit it has there: a trial for each segment.

    Parameters
    ----------
    block : neo.Block
    signal : str
        Its name.
    name : str
        What projections call the stimulus.
    frame : float, seconds
        Over which the signal is averaged; by default the time between two samples.
    values : {"current", "rate", "spikes"}
        What the signal is.
    start, stop : float, seconds
        Of the part of each segment that is taken.

    Returns
    -------
    Stimulus

    Raises
    ------
    ValueError
        If a segment has no such signal, or segments differ in their numbers of channels or in duration.
    """
    return frames_of(name, block_signal(block, signal), frame, values, start, stop)


def sonata_spikes(
    name: str,
    *,
    file: Path,
    population: str = "",
    n_channels: int | None = None,
    start: Seconds = 0.0,
    stop: Seconds | None = None,
) -> SpikeTrains:
    """Spikes of one population from a SONATA spike file.

    Parameters
    ----------
    name : str
        What projections call the stimulus.
    file : path
        HDF5 of either layout, or a table of them.
    population : str
        May be left out if the file has only one.
    n_channels : int, optional
        By default up to the highest node that spikes.
    start, stop : float, seconds
        Of the part that is taken.

    Returns
    -------
    SpikeTrains

    Raises
    ------
    ResultError
        If the file is not of spikes, or has no such population.
    """
    found = read_sonata_trains(existing_file(file), population, name=name)
    return trains_of(name, RecordedSpikes(found.trial, found.channel, found.time, n_channels), start, stop)


def sonata_report(
    name: str,
    *,
    file: Path,
    population: str = "",
    frame: Seconds | None = None,
    values: StimulusKind = "current",
    start: Seconds = 0.0,
    stop: Seconds | None = None,
) -> Stimulus:
    """What a SONATA report says of the nodes of a population: potentials or currents in time.

    Parameters
    ----------
    name : str
        What projections call the stimulus.
    file : path
        HDF5, with one value of each node at a time.
    population : str
        May be left out if the file has only one.
    frame : float, seconds
        The report is averaged over it; by default its step.
    values : {"current", "rate", "spikes"}
        What the values are.
    start, stop : float, seconds
        Of the part that is taken.

    Returns
    -------
    Stimulus
        Of one trial, in the unit of the file; a channel for each node that the report has, in the order of their ids.

    Raises
    ------
    ResultError
        If the file is not such a report, is damaged, or has no such population.
    ValueError
        If the part is empty.
    """
    return frames_of(name, [sonata_signal(file, population)], frame, values, start, stop)


def aer(
    name: str,
    *,
    file: Path,
    width: int = 34,
    height: int = 34,
    start: Seconds = 0.0,
    stop: Seconds | None = None,
) -> SpikeTrains:
    """Events of a camera, five bytes each, as N-MNIST and N-Caltech101 have them.

    Parameters
    ----------
    name : str
        What projections call the stimulus.
    file : path
        From the folder of the process, or below ``BIOWORKBENCH_DATA``.
    width, height : int
        Of the camera, in pixels. Channels are rows of pixels one after the other, those that get darker before those that get brighter.
    start, stop : float, seconds
        Of the part that is taken.

    Returns
    -------
    SpikeTrains
        With ``2 * width * height`` channels.

    Raises
    ------
    ResultError
        If an event is cut off, outside the camera, or before the one in front of it.

    References
    ----------
    G. Orchard et al. (2015), https://doi.org/10.3389/fnins.2015.00437
    """
    return trains_of(name, nmnist_events(existing_file(file), count("width", width), count("height", height)), start, stop)


def heidelberg(
    name: str, *, file: Path, samples: tuple[int, ...] = (0,), start: Seconds = 0.0, stop: Seconds | None = None
) -> SpikeTrains:
    """Spikes of the Heidelberg digits or commands (HDF5): 700 channels of a cochlea.

    Parameters
    ----------
    name : str
        What projections call the stimulus.
    file : path
        From the folder of the process, or below ``BIOWORKBENCH_DATA``.
    samples : tuple of int
        Which recordings of the file, a trial for each.
    start, stop : float, seconds
        Of the part that is taken.

    Returns
    -------
    SpikeTrains

    Raises
    ------
    ResultError
        If the file is another one, is damaged, or has fewer recordings.

    References
    ----------
    B. Cramer et al. (2022), https://doi.org/10.1109/TNNLS.2020.3044364
    """
    return trains_of(name, heidelberg_events(existing_file(file), as_indices("samples", samples)), start, stop)
