"""What a report shows of a fit to a recording."""

# pyright: reportArgumentType=false
# Brian2 does not type its quantities

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from bioworkbench.experiment.results.record import Fitted, RunRecord
from bioworkbench.plots import fitting
from bioworkbench.records.arrays import Floats
from bioworkbench.records.recording import Spikes
from bioworkbench.records.units import Quantity, format_quantity, parse_quantity
from bioworkbench.report.drawn import Panel, drawn
from bioworkbench.report.text import ReportTable

__all__ = ["fit_panels", "fit_table"]

_MOST_ROWS = 12
_GOOD = 0.05  # of the sets, whose spread is told


def fit_table(record: RunRecord) -> ReportTable | None:
    """Settings as they began and as they were fitted; None without a fit.

    Parameters
    ----------
    record : RunRecord

    Returns
    -------
    ReportTable or None
    """
    fit = record.data.fit
    if fit is None:
        return None
    n = max(2, round(_GOOD * len(fit.tried["distance"])))
    best = np.argsort(fit.tried["distance"], kind="stable")[:n]
    rows = []
    for name, value in fit.values.items():
        unit: Any = Quantity(parse_quantity(value))
        spread = " to ".join(_rounded(end(fit.tried[name][best]), unit, 3) for end in (np.min, np.max))
        rows.append([name, _began(record.spec.document, name), _rounded(float(np.asarray(unit)), unit, 4), spread])
    return ReportTable(["setting", "start", "fitted", f"best {n} sets"], rows)


def _rounded(number: float, like: Any, digits: int) -> str:
    return format_quantity(Quantity(float(f"{number:.{digits}g}"), dim=like.dim))


def _began(document: Mapping[str, Any], name: str) -> str:
    """What the spec has for a dotted field."""
    value: Any = document
    for part in name.split("."):
        value = value.get(part) if isinstance(value, Mapping) else None
    return "default" if value is None else str(value)


def fit_panels(record: RunRecord) -> Iterator[Panel]:
    """Spikes and trace beside the recording in the part that was held out, and the search.

    Parameters
    ----------
    record : RunRecord

    Yields
    ------
    Panel
    """
    fit, recording = record.data.fit, record.data.recording
    if fit is None:
        return
    if fit.spikes is not None and fit.population in recording.spikes:
        recorded, found = (_rows(spikes, fit, record) for spikes in (fit.spikes, recording.spikes[fit.population]))
        length = recording.duration - fit.unseen_from
        caption = "Spikes that the fit has not seen, and those of the fitted network."
        yield drawn(lambda axes: fitting.trains_beside(axes, recorded, found, length), caption, wide=True, height=3.2)
    if fit.trace is not None:
        ours, theirs = recording.traces[f"{fit.population}.{fit.variable}"], fit.trace
        n = min(len(ours.times), len(theirs.times))
        seen = slice(int(np.searchsorted(theirs.times[:n], fit.unseen_from)), n)
        recorded, found = (trace.values[fit.first_held_out, seen, 0] for trace in (theirs, ours))
        label = f"{fit.variable} ({theirs.unit})"
        caption = "The first neuron in the first trial that the fit has not seen, or after the part that it has."
        yield drawn(
            lambda axes: fitting.traces_beside(axes, theirs.times[seen], recorded, found, label), caption, wide=True, height=3.2
        )
    distances = fit.tried["distance"]
    yield drawn(lambda axes: fitting.best_by_set(axes, distances), "The line has long been flat where the search has ended well.")
    for number, name in enumerate(fit.values):
        like: Any = Quantity(parse_quantity(fit.values[name]))
        unit = format_quantity(Quantity(1.0, dim=like.dim)).partition(" ")[2]
        label = f"{name} ({unit})" if unit else name
        meaning = "" if number else " A narrow valley says that the recording tells the value, a flat one that it does not."
        caption = f"Distance of every set over {name}.{meaning}"
        yield drawn(lambda axes, n=name, x=label: fitting.distance_by_value(axes, fit.tried[n], distances, x), caption)


def _rows(spikes: Spikes, fit: Fitted, record: RunRecord) -> list[Floats]:
    """Trains of the held-out part, as many as can be told apart, the first trial first."""
    recording = record.data.recording
    size = recording.sizes[fit.population]
    pairs = [(trial, neuron) for trial in range(fit.first_held_out, recording.n_trials) for neuron in range(size)]
    found = []
    for trial, neuron in pairs[:_MOST_ROWS]:
        times = spikes.time[(spikes.trial == trial) & (spikes.neuron == neuron)] - fit.unseen_from
        found.append(times[times >= 0])
    return found
