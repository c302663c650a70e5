"""Neurodata Without Borders: spikes as units, traces as time series, trials as a table.

Reference: O. Rübel et al. (2022), https://doi.org/10.7554/eLife.78362
"""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import tomli_w

from bioworkbench.exchange.extras import extra
from bioworkbench.experiment.results.record import RunRecord
from bioworkbench.records.recording import Recording, Spikes, Trace, common_interval
from bioworkbench.records.units import unit_text

__all__ = ["MAX_UNITS", "write_nwb"]

MAX_UNITS = 1_000_000
_UNIDENTIFIED = "http://purl.obolibrary.org/obo/NCBITaxon_32644"  # what archives call the species of what is of none
_NO_ANIMAL = "A network model, simulated; there was no animal."


def write_nwb(record: RunRecord, path: Path) -> None:
    """Write spikes, traces and final weights of a run as NWB; trials follow each other, trial k starts at k times their duration.

    Parameters
    ----------
    record : RunRecord
    path : Path
        New file.

    Raises
    ------
    ValueError
        If the network has more than `MAX_UNITS` neurons.
    ResultError
        If pynwb is not installed.
    """
    pynwb = extra("pynwb")
    recording = record.data.recording
    if sum(recording.sizes.values()) > MAX_UNITS:
        raise ValueError(
            f"{sum(recording.sizes.values())} neurons are more than {MAX_UNITS}; NWB has a row for each, use --to sonata"
        )
    file = pynwb.NWBFile(
        session_description=f"Simulation of the spiking network '{record.spec.name}' by bioworkbench.",
        experiment_description=_NO_ANIMAL,
        keywords=["simulation", "spiking neural network"],
        subject=pynwb.file.Subject(subject_id="simulation", description=_NO_ANIMAL, sex="U", age="P0D", species=_UNIDENTIFIED),
        identifier=f"{record.spec.name}/{record.provenance.get('fingerprint', '')}",
        session_start_time=_start(record),
        source_script=tomli_w.dumps(record.spec.document),
        source_script_file_name="spec.toml",
        notes=json.dumps(record.provenance, default=str),
    )
    if recording.spikes:  # a table of units without a row has no types
        words = "neurons of the network, all of them, silent ones too"
        file.units = pynwb.misc.Units(name="units", description=words, resolution=recording.dt)
        _add_units(file, recording)
    for trial in range(recording.n_trials):
        file.add_trial(start_time=trial * recording.duration, stop_time=(trial + 1) * recording.duration)
    for series in _series(pynwb, record):
        file.add_acquisition(series)
    with pynwb.NWBHDF5IO(path, "w") as target:
        target.write(file)


def _start(record: RunRecord) -> datetime:
    """When the run ended; NWB wants a time of day, and simulated time has none."""
    text = record.provenance.get("finished")
    return datetime.fromisoformat(text) if isinstance(text, str) else datetime(1970, 1, 1, tzinfo=UTC)


def _add_units(file: Any, recording: Recording) -> None:
    file.add_unit_column("population", "population of the neuron")
    file.add_unit_column("neuron", "index of the neuron in its population")
    whole = np.array([[0.0, recording.n_trials * recording.duration]])
    for name, spikes in recording.spikes.items():
        for neuron, times in enumerate(_trains(spikes, recording, recording.sizes[name])):
            file.add_unit(spike_times=times, obs_intervals=whole, population=name, neuron=neuron)


def _trains(spikes: Spikes, recording: Recording, size: int) -> list[np.ndarray]:
    """Times of the spikes of each neuron, second, trials one after the other."""
    time = spikes.trial * recording.duration + spikes.time
    order = np.lexsort((time, spikes.neuron))
    return np.split(time[order], np.searchsorted(spikes.neuron[order], np.arange(1, size)))


def _series(pynwb: Any, record: RunRecord) -> Iterator[Any]:
    recording, network = record.data.recording, record.data.network
    ends = (1.0 + np.arange(recording.n_trials)) * recording.duration
    for projection in (p for p in network.projections if p.name in recording.weights):
        yield pynwb.TimeSeries(
            name=f"{projection.name}.weights",
            description=f"weights of the synapses of {projection.name} at the end of each trial, by source, then target",
            data=np.asarray(recording.weights[projection.name]),
            unit=unit_text(network.weight_dimension(projection)),
            timestamps=ends,
        )
    for name, trace in recording.traces.items():
        n_trials, n_steps, n_recorded = trace.shape
        yield pynwb.TimeSeries(
            name=name,
            description=f"{name} of numbers {', '.join(map(str, trace.neurons))}",
            data=trace.values.reshape(n_trials * n_steps, n_recorded),
            unit=trace.unit,
            **_times(recording, trace),
        )


def _times(recording: Recording, trace: Trace) -> dict[str, Any]:
    """When the values of a trace were, trials one after the other: a rate, or every time where they are not equally far apart."""
    interval = common_interval(recording, trace)
    if interval is not None:
        return {"starting_time": 0.0, "rate": 1 / interval}
    return {"timestamps": np.concatenate([trial * recording.duration + trace.times for trial in range(len(trace))])}
