"""Runs as tables of text: spikes, synapses, traces."""

import csv
import json
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from bioworkbench.exchange.graphml import Ends, joined_synapses, synapses_of
from bioworkbench.exchange.plain_models import plain_synapses, synapse_of
from bioworkbench.experiment.results.record import RunRecord
from bioworkbench.records.cells import safe_cell
from bioworkbench.records.errors import ResultError
from bioworkbench.records.network import Network, Projection
from bioworkbench.records.recording import Recording, Trace

__all__ = ["read_synapses", "write_tables"]

_SYNAPSE = ("source", "target", "weight", "delay", "projection", "receives")
_TIME = "time (s)"  # as readers of tables take it for
_MODELS = "synapse_models.json"


def write_tables(record: RunRecord, path: Path) -> None:
    """Write a folder of tables separated by commas; numbers read back exactly.

    ``spikes.csv``: population, trial, neuron, time (s). ``synapses.csv``: source, target (such as ``exc:12``),
    weight (SI unit), delay (second), projection, receives. ``neurons.csv``: population or stimulus, size. ``exc.v.csv``, one for
    each trace: trial, time (s), and the value (SI unit) of every recorded neuron. ``synapse_models.json``: by projection, what
    synapses are that do more than add their weight. ``final_weights.csv``, where synapses learn: projection, trial, synapse (its place
    in the projection), weight (SI unit).

    Parameters
    ----------
    record : RunRecord
    path : Path
        New folder.
    """
    recording = record.data.recording
    path.mkdir()
    _write(path / "spikes.csv", ("population", "trial", "neuron", _TIME), _spikes(recording))
    _write(path / "neurons.csv", ("population", "size"), _sizes(record.data.network).items())
    _write(path / "synapses.csv", _SYNAPSE, _synapses(record.data.network))
    if models := plain_synapses(record.data.network):
        (path / _MODELS).write_text(json.dumps(models, indent=2) + "\n", encoding="utf-8")
    if recording.weights:
        _write(path / "final_weights.csv", ("projection", "trial", "synapse", "weight"), _final_weights(recording))
    for name, trace in recording.traces.items():
        columns = [f"neuron_{neuron}" for neuron in trace.neurons]
        _write(path / f"{name}.csv", ("trial", _TIME, *columns), _rows(trace))


def read_synapses(path: str | Path) -> tuple[Projection, ...]:
    """Projections of a folder that `write_tables` wrote, parallel synapses included.

    Parameters
    ----------
    path : str or path
        Of the folder; ``neurons.csv``, ``synapses.csv`` and ``synapse_models.json`` are read.

    Returns
    -------
    tuple of Projection

    Raises
    ------
    ResultError
        If a table is missing, or a row of it cannot be read.
    """
    folder = Path(path)
    try:
        sizes = {row["population"]: int(row["size"]) for row in _rows_of(folder / "neurons.csv")}
        found: dict[Ends, list[tuple[int, int, float, float]]] = {}
        for row in _rows_of(folder / "synapses.csv"):
            (source, _, i), (target, _, j) = (row[end].rpartition(":") for end in ("source", "target"))
            ends = (row["projection"], source, target, row["receives"])
            found.setdefault(ends, []).append((int(i), int(j), float(row["weight"]), float(row["delay"])))
        models = json.loads((folder / _MODELS).read_text(encoding="utf-8")) if (folder / _MODELS).is_file() else {}
        return joined_synapses(found, sizes, {name: synapse_of(model) for name, model in models.items()})
    except (OSError, AttributeError, KeyError, ValueError, TypeError, csv.Error) as error:
        raise ResultError(f"{folder} has no synapses that can be read: {error!r}; export the run to csv again") from error


def _rows_of(path: Path) -> Iterator[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        yield from csv.DictReader(file, strict=True)


def _sizes(network: Network) -> dict[str, int]:
    return {**network.sizes, **network.channels}


def _synapses(network: Network) -> Iterator[Sequence[Any]]:
    for projection in network.projections:
        for source, target, data in synapses_of(projection):
            yield (source, target, *(data.get(name, "") for name in _SYNAPSE[2:]))


def _write(path: Path, header: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(header)
        writer.writerows(map(safe_cell, row) for row in rows)


def _spikes(recording: Recording) -> Iterator[Sequence[Any]]:
    for name, spikes in recording.spikes.items():
        columns = (spikes.trial.tolist(), spikes.neuron.tolist(), spikes.time.tolist())
        yield from ((name, *row) for row in zip(*columns, strict=True))


def _final_weights(recording: Recording) -> Iterator[Sequence[Any]]:
    for name, weights in recording.weights.items():
        for trial, values in enumerate(weights):
            yield from ((name, trial, number, weight) for number, weight in enumerate(values.tolist()))


def _rows(trace: Trace) -> Iterator[Sequence[float]]:
    times = trace.times.tolist()
    for trial, values in enumerate(trace.values):
        yield from ((trial, time, *row) for time, row in zip(times, values.tolist(), strict=True))
