"""Neo objects, which Elephant and other analysis tools take: a segment per trial, a spike train per neuron.

Reference: S. Garcia et al. (2014), https://doi.org/10.3389/fninf.2014.00010
"""

from pathlib import Path
from typing import Any

import numpy as np

from bioworkbench.exchange.extras import extra
from bioworkbench.experiment.results.record import RunRecord
from bioworkbench.records.recording import Recording, Spikes

__all__ = ["MAX_TRAINS", "neo_block", "recording_of", "write_neo"]

MAX_TRAINS = 100_000


def write_neo(record: RunRecord, path: Path) -> None:
    """Write spikes and traces of a run as a MATLAB file of Neo objects; ``neo.NeoMatlabIO`` reads it back.

    Parameters
    ----------
    record : RunRecord
    path : Path
        New file.

    Raises
    ------
    ValueError
        As `neo_block`.
    ResultError
        If neo is not installed.
    """
    neo = extra("neo")
    neo.NeoMatlabIO(filename=str(path)).write_block(neo_block(record.data.recording))


def neo_block(recording: Recording) -> Any:
    """Neo block of a recording.

    Spike trains are named ``"exc 12"`` and annotated with population, neuron, and the step of the simulation. Traces are analog
    signals in SI units, annotated with the indices of their neurons.

    Parameters
    ----------
    recording : Recording

    Returns
    -------
    neo.Block
        A segment per trial.

    Raises
    ------
    ValueError
        If there are more than `MAX_TRAINS` pairs of neuron and trial.
    ResultError
        If neo is not installed.
    """
    neo, hertz = extra("neo"), extra("quantities").Hz
    n_trains = recording.n_trials * sum(recording.sizes.values())
    if n_trains > MAX_TRAINS:
        raise ValueError(f"{n_trains} spike trains are more than {MAX_TRAINS}; Neo has an object for each, use --to nwb")
    block = neo.Block(name="bioworkbench", n_trials=recording.n_trials, duration=recording.duration, dt=recording.dt)
    for trial in range(recording.n_trials):
        segment = neo.Segment(name=f"trial {trial}", index=trial)
        for name, spikes in recording.spikes.items():
            for neuron, times in enumerate(_trains(spikes, trial, recording.sizes[name])):
                label = {"name": f"{name} {neuron}", "population": name, "neuron": neuron}
                segment.spiketrains.append(neo.SpikeTrain(times, units="s", t_stop=recording.duration, **label))
        for name, trace in recording.traces.items():
            rate = 1 / (trace.interval or recording.duration)
            unit = "dimensionless" if trace.unit == "1" else trace.unit
            signal = neo.AnalogSignal(trace[trial], units=unit, sampling_rate=rate * hertz, name=name, neurons=trace.neurons)
            segment.analogsignals.append(signal)
        block.segments.append(segment)
    return block


def _trains(spikes: Spikes, trial: int, size: int) -> list[np.ndarray]:
    """Times of the spikes of each neuron in a trial, second."""
    first, last = np.searchsorted(spikes.trial, [trial, trial + 1])
    neuron, time = spikes.neuron[first:last], spikes.time[first:last]
    order = np.lexsort((time, neuron))
    return np.split(time[order], np.searchsorted(neuron[order], np.arange(1, size)))


def recording_of(block: Any, dt: float) -> Recording:
    """Recording of a Neo block whose spike trains are annotated with population and neuron, as `neo_block` does.

    Parameters
    ----------
    block : neo.Block
        A segment per trial, all equally long.
    dt : float, seconds
        Simulation step; spike times are multiples of it.

    Returns
    -------
    Recording

    Raises
    ------
    ValueError
        If a spike train has no population or neuron, or there are no spike trains.
    """
    columns: dict[str, list[tuple[int, int, np.ndarray]]] = {}
    for trial, segment in enumerate(block.segments):
        for train in segment.spiketrains:
            if not {"population", "neuron"} <= set(train.annotations):
                raise ValueError(f"spike train '{train.name}' of trial {trial} is not annotated with population and neuron")
            place = (trial, int(train.annotations["neuron"]), np.asarray(train.rescale("s").magnitude, dtype=float))
            columns.setdefault(str(train.annotations["population"]), []).append(place)
    if not columns:
        raise ValueError(f"block '{block.name}' holds no spike train; a recording needs one at least")
    duration = float(block.segments[0].spiketrains[0].t_stop.rescale("s"))
    sizes = {name: 1 + max(neuron for _, neuron, _ in trains) for name, trains in columns.items()}
    spikes = {name: _sorted(trains, dt) for name, trains in columns.items()}
    return Recording(spikes, {}, sizes, len(block.segments), duration, dt, 0, "neo")


def _sorted(trains: list[tuple[int, int, np.ndarray]], dt: float) -> Spikes:
    counts = [len(times) for *_, times in trains]
    trial = np.repeat([trial for trial, _, _ in trains], counts)
    neuron = np.repeat([neuron for _, neuron, _ in trains], counts)
    time = np.rint(np.concatenate([times for *_, times in trains]) / dt) * dt
    order = np.lexsort((neuron, time, trial))
    return Spikes(trial[order], neuron[order], time[order])
