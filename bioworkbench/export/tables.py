"""Runs as tables of text: spikes, synapses, traces."""

import csv
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from bioworkbench.export.graphml import graph_of
from bioworkbench.results import RunRecord
from bioworkbench.signals import Recording
from bioworkbench.topology.connectomes import write_graph

__all__ = ["write_tables"]


def write_tables(record: RunRecord, path: Path) -> None:
    """Write a folder of tables separated by commas; numbers read back exactly.

    ``spikes.csv``: population, trial, neuron, time (second). ``synapses.csv``: source, target (such as ``exc:12``), weight (SI
    unit), delay (second). ``neurons.csv``: population, size. ``exc.v.csv``, one for each trace: trial, time (second), and
    the value (SI unit) of every recorded neuron.
    """
    recording = record.data.recording
    path.mkdir()
    _write(path / "spikes.csv", ("population", "trial", "neuron", "time"), _spikes(recording))
    _write(path / "neurons.csv", ("population", "size"), recording.sizes.items())
    write_graph(graph_of(record.data.network), path / "synapses.csv")
    for name, trace in recording.traces.items():
        columns = [f"recorded_{k}" for k in range(trace.shape[2])]
        _write(path / f"{name}.csv", ("trial", "time", *columns), _rows(trace, recording.duration))


def _write(path: Path, header: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(header)
        writer.writerows(rows)


def _spikes(recording: Recording) -> Iterator[Sequence[Any]]:
    for name, spikes in recording.spikes.items():
        columns = (spikes.trial.tolist(), spikes.neuron.tolist(), spikes.time.tolist())
        yield from ((name, *row) for row in zip(*columns, strict=True))


def _rows(trace: np.ndarray, duration: float) -> Iterator[Sequence[float]]:
    step = duration / trace.shape[1]
    for trial, values in enumerate(trace):
        yield from ((trial, k * step, *row) for k, row in enumerate(values.tolist()))
